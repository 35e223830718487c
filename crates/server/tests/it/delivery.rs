//! What becomes of events: sent, answered, retried, skipped, given up; and that the books say so.

use serde_json::json;

use crate::world::{World, reply, secs};

#[tokio::test]
async fn an_event_becomes_a_request_and_its_answer_an_event() {
    let world = World::start().await;
    let endpoint = world.endpoint([reply(200).body("thank you")]).await;
    world.integration(json!({"event": "temperature", "url": endpoint.url})).await;
    let mut stream = world.admin().stream("/v1/devices/events").await;

    world.publish("temperature/kitchen", "21.5").await;

    let request = endpoint.next().await;
    assert_eq!(request.method, "POST");
    assert_eq!(request.header("content-type"), "application/x-www-form-urlencoded");
    assert!(request.body.starts_with("event=temperature%2Fkitchen&data=21.5&"), "{}", request.body);
    assert_eq!(request.header("webhook-id").len(), 36);

    let event = stream.next().await;
    assert_eq!((event.name.as_str(), &event.json["data"]), ("temperature/kitchen", &json!("21.5")));
    assert_eq!(stream.next().await.name, "hook-sent/temperature/kitchen");
    let answer = stream.next().await;
    assert_eq!(answer.name, "hook-response/temperature/kitchen/0");
    assert_eq!(answer.json["data"], "thank you");
}

#[tokio::test]
async fn a_failure_that_may_pass_is_tried_again_after_30_and_60_seconds_and_then_given_up() {
    let world = World::start().await;
    let endpoint = world.endpoint([reply(500)]).await;
    let id = world.integration(json!({"event": "t", "url": endpoint.url})).await;

    world.publish("t", "1").await;
    world.advance(secs(29)).await;
    assert_eq!(endpoint.hits(), 1);
    assert_eq!(world.books(&id).await["waiting"], 1);
    world.advance(secs(1)).await;
    assert_eq!(endpoint.hits(), 2);
    world.advance(secs(30)).await;
    assert_eq!(endpoint.hits(), 3);
    world.advance(secs(3600)).await;
    assert_eq!(endpoint.hits(), 3);

    let books = world.books(&id).await;
    assert_eq!((&books["matched"], &books["failed"], &books["waiting"]), (&json!(1), &json!(1), &json!(0)));
    let seen = endpoint.seen();
    assert!(seen.iter().all(|request| request.header("webhook-id") == seen[0].header("webhook-id")));
    assert_eq!(world.log(&id).await.len(), 3);
}

#[tokio::test]
async fn a_retry_that_succeeds_delivers() {
    let world = World::start().await;
    let endpoint = world.endpoint([reply(503), reply(200)]).await;
    let id = world.integration(json!({"event": "t", "url": endpoint.url})).await;

    world.publish("t", "1").await;
    world.advance(secs(30)).await;

    let books = world.books(&id).await;
    assert_eq!((&books["delivered"], &books["failed"]), (&json!(1), &json!(0)));
    let log = world.log(&id).await;
    assert_eq!((&log[0]["outcome"], &log[1]["outcome"]), (&json!("success"), &json!("error")));
}

#[tokio::test]
async fn a_failure_that_will_not_pass_is_not_tried_again() {
    let world = World::start().await;
    let endpoint = world.endpoint([reply(401)]).await;
    let id = world.integration(json!({"event": "t", "url": endpoint.url})).await;

    world.publish("t", "1").await;
    world.advance(secs(600)).await;

    assert_eq!(endpoint.hits(), 1);
    assert_eq!(world.books(&id).await["failed"], 1);
}

#[tokio::test]
async fn when_failures_outnumber_successes_events_are_skipped_announced_and_dropped() {
    let world = World::start().await;
    let endpoint = world.endpoint([reply(500)]).await;
    let id = world.integration(json!({"event": "t", "url": endpoint.url, "retryPolicy": "skipped"})).await;
    for n in 0..60 {
        world.publish("t", &n.to_string()).await;
        world.settled().await;
    }
    let sent = endpoint.hits();
    assert!((10..60).contains(&sent), "{sent} of 60 were sent");

    let errors = world.log(&id).await;
    let skipped = errors.iter().find(|attempt| attempt["outcome"] == "skipped").unwrap();
    assert_eq!(skipped["message"], "Sleeping, too many errors, please wait and try again");
    assert_eq!(world.books(&id).await["waiting"], 60 - sent);

    // The window has emptied by the first retry, so all pass; they fail, and their policy gives them up.
    world.advance(secs(30)).await;
    world.advance(secs(30)).await;
    let books = world.books(&id).await;
    assert_eq!(books["matched"], 60);
    assert_eq!(books["waiting"], 0);
    assert_eq!(books["failed"].as_u64().unwrap() + books["dropped"].as_u64().unwrap(), 60);
}

#[tokio::test]
async fn an_endpoint_that_asks_for_silence_gets_it() {
    let world = World::start().await;
    let endpoint = world.endpoint([reply(429).retry_after(secs(120)), reply(200)]).await;
    world.integration(json!({"event": "t", "url": endpoint.url, "retryPolicy": "extended"})).await;

    world.publish("t", "1").await;
    world.settled().await;
    world.publish("t", "2").await;
    world.advance(secs(100)).await;
    assert_eq!(endpoint.hits(), 1);

    world.advance(secs(600)).await;
    assert_eq!(endpoint.hits(), 3);
}

#[tokio::test]
async fn an_endpoint_that_says_nothing_for_20_seconds_has_timed_out() {
    let world = World::start().await;
    let endpoint = world.endpoint([reply(200).hangs()]).await;
    let id = world.integration(json!({"event": "t", "url": endpoint.url, "retryPolicy": "none"})).await;

    world.publish("t", "1").await;
    endpoint.next().await;
    world.tick(secs(20));
    let log = world.log(&id).await;

    assert_eq!((&log[0]["outcome"], &log[0]["code"]), (&json!("error"), &json!("ESOCKETTIMEDOUT")));
    assert_eq!(log[0]["duration_ms"], 20_000);
}

#[tokio::test]
async fn a_template_that_breaks_when_filled_in_is_an_error_that_is_never_sent() {
    let world = World::start().await;
    let endpoint = world.endpoint([reply(200)]).await;
    let template = json!({"event": "t", "url": endpoint.url, "json": "{\"v\": {{{PARTICLE_EVENT_VALUE}}}}"});
    let id = world.integration(template).await;

    world.publish("t", "not json").await;
    let log = world.log(&id).await;

    assert_eq!((&log[0]["code"], endpoint.hits()), (&json!("ERENDER"), 0));
    assert_eq!(world.books(&id).await["failed"], 1);
}

#[tokio::test]
async fn a_test_is_logged_but_counts_nowhere() {
    let world = World::start().await;
    let endpoint = world.endpoint([reply(200)]).await;
    let id = world.integration(json!({"event": "t", "url": endpoint.url})).await;

    let test = world.admin().post(&format!("/v1/integrations/{id}/test"), json!({"data": "x"})).await;
    assert_eq!(test.expect(200)["attempt"]["outcome"], "success");

    assert_eq!(endpoint.hits(), 1);
    assert_eq!(world.books(&id).await["matched"], 0);
    assert_eq!(world.log(&id).await[0]["trigger"], "test");
    let read = world.admin().get(&format!("/v1/integrations/{id}")).await.expect(200);
    assert_eq!(read["integration"]["counters"], json!([]));
}

#[tokio::test]
async fn an_integration_with_a_rate_cap_sends_no_faster_and_loses_nothing() {
    let world = World::start().await;
    let endpoint = world.endpoint([reply(200)]).await;
    let cap = json!({"perSecond": 1, "burst": 1});
    let id = world.integration(json!({"event": "t", "url": endpoint.url, "rateLimit": cap})).await;
    for n in 0..3 {
        world.publish("t", &n.to_string()).await;
    }

    world.settled().await;
    assert_eq!(endpoint.hits(), 1);
    world.advance(secs(1)).await;
    assert_eq!(endpoint.hits(), 2);
    world.advance(secs(1)).await;
    assert_eq!(endpoint.hits(), 3);
    assert_eq!(world.books(&id).await["delivered"], 3);
}

#[tokio::test]
async fn a_repeated_idempotency_key_is_one_event_for_a_day() {
    let world = World::start().await;
    let endpoint = world.endpoint([reply(200)]).await;
    world.integration(json!({"event": "t", "url": endpoint.url})).await;
    let publish = || async {
        let request = world.admin().request(reqwest::Method::POST, "/v1/devices/events");
        let request = request.header("idempotency-key", "k-1").json(&json!({"name": "t", "data": "1"}));
        world.admin().send(request).await.expect(200)["id"].clone()
    };

    let first = publish().await;
    assert_eq!(publish().await, first);
    world.advance(secs(24 * 3600 + 1)).await;
    assert_ne!(publish().await, first);

    world.settled().await;
    assert_eq!(endpoint.hits(), 2);
}

#[tokio::test]
async fn what_waits_for_a_deleted_integration_is_dropped_with_the_reason() {
    let world = World::start().await;
    let endpoint = world.endpoint([reply(500)]).await;
    let id = world.integration(json!({"event": "t", "url": endpoint.url})).await;
    let event = world.publish("t", "1").await;
    world.settled().await;

    world.admin().delete(&format!("/v1/integrations/{id}")).await.expect(204);
    world.advance(secs(30)).await;

    assert_eq!(endpoint.hits(), 1);
    let read = world.admin().get(&format!("/fieldhook/v1/events/{event}")).await.expect(200);
    assert_eq!(read["name"], "t");
}
