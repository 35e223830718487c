//! The endpoint answers, and not as it should.

use serde_json::{Value, json};

use super::{DEVICE, card, cards, cause, fact, hook, id_of, offers, says, tester, told};
use crate::world::{World, reply, secs};

#[tokio::test]
async fn a_body_that_is_no_json_is_a_400_with_line_and_variable() {
    let world = World::start().await;
    let url = tester(&world, json!({"status": 400, "body": "{\"error\": \"cannot parse\"}"})).await;
    let keys = json!({
        "body": "{\n  \"celsius\": {{{t}}}\n}", "headers": {"Content-Type": "application/json"}
    });
    let id = hook(&world, &url, keys).await;
    world.publish("temp/kitchen", r#"{"x": 1}"#).await;

    let card = card(&world, &id, "bad-request").await;
    says(cause(&card), "`t` had no value");
    says(fact(&card), "in the template that is line 2, column 14");
    says(card["also"][0]["words"].as_str().unwrap(), "cannot parse");
    assert_eq!(card["steps"][0]["action"]["line"], 2);
    assert_eq!((&card["extent"]["count"], &card["fate"]["failed"]), (&json!(1), &json!(1)));
    assert!(card["page"].as_str().unwrap().ends_with("#bad-request"));
}

#[tokio::test]
async fn a_400_after_an_edit_names_the_edit_and_who_made_it() {
    let world = World::start().await;
    let endpoint = world.endpoint([reply(200), reply(400).body("missing `b`")]).await;
    let id = hook(&world, &endpoint.url, json!({"form": {"b": "1"}})).await;
    world.publish("temp", "1").await;
    world.advance(secs(60)).await;
    let edited = json!({"event": "temp", "url": endpoint.url, "retryPolicy": "none", "form": {"a": "1"}});
    world.admin().put(&format!("/v1/integrations/{id}"), edited).await.expect(200);
    world.advance(secs(60)).await;
    world.publish("temp", "2").await;

    let card = card(&world, &id, "bad-request").await;
    says(cause(&card), "began with an edit");
    says(fact(&card), "by admin@example.com and changed `form`");
    assert!(offers(&card, "compare") && offers(&card, "revisions"));
}

#[tokio::test]
async fn a_401_with_an_empty_secret_says_that_it_is_not_listed() {
    let world = World::start().await;
    let url = tester(&world, json!({"status": 401, "headers": {"WWW-Authenticate": "Bearer"}})).await;
    world.admin().put("/fieldhook/v1/secrets/API_KEY", json!({"value": "s3cr3t-value"})).await.expect(200);
    let id = hook(&world, &url, json!({"headers": {"Authorization": "Bearer {{{API_KEY}}}"}})).await;
    world.publish("temp", "1").await;

    let card = card(&world, &id, "credential").await;
    says(cause(&card), "there is a secret `API_KEY`, and this integration does not list it");
    says(fact(&card), "`Authorization: Bearer `");
    assert_eq!(card["steps"][0]["action"]["field"], "secrets");
}

#[tokio::test]
async fn a_401_after_a_secret_was_replaced_names_the_secret_and_never_shows_it() {
    let world = World::start().await;
    let url = tester(&world, json!({})).await;
    let put = async |value: &str| {
        world.admin().put("/fieldhook/v1/secrets/API_KEY", json!({"value": value})).await.expect(200);
    };
    put("first-s3cr3t").await;
    let keys = json!({"headers": {"Authorization": "Bearer {{{API_KEY}}}"}, "secrets": ["API_KEY"]});
    let id = hook(&world, &url, keys).await;
    world.publish("temp", "1").await;
    world.advance(secs(60)).await;
    put("second-s3cr3t").await;
    told(&world, id_of(&url), json!({"status": 401})).await;
    world.advance(secs(60)).await;
    world.publish("temp", "2").await;

    let card = card(&world, &id, "credential").await;
    says(cause(&card), "the secret `API_KEY` was replaced");
    says(fact(&card), "by admin@example.com");
    assert!(offers(&card, "replace-secret"));
    assert!(!card.to_string().contains("s3cr3t"), "{card:#?}");
}

#[tokio::test]
async fn a_403_is_told_apart_from_a_401() {
    let world = World::start().await;
    let url = tester(&world, json!({"status": 403, "body": "{\"message\": \"no write access\"}"})).await;
    let id = hook(&world, &url, json!({"headers": {"X-Api-Key": "abcdef"}})).await;
    world.publish("temp", "1").await;
    let card = card(&world, &id, "credential").await;
    says(cause(&card), "does not allow this request");
    says(fact(&card), "no write access");
}

#[tokio::test]
async fn a_404_with_a_hole_in_its_url_names_the_variable() {
    let world = World::start().await;
    let url = tester(&world, json!({"status": 404})).await;
    let id = hook(&world, &format!("{url}/rooms/{{{{room}}}}/temp"), json!({})).await;
    world.publish("temp", r#"{"floor": 1}"#).await;

    let card = card(&world, &id, "not-found").await;
    says(cause(&card), "a hole");
    says(fact(&card), "/rooms//temp");
    says(fact(&card), "`room` had no value");
    assert!(offers(&card, "edit-field") && offers(&card, "preview"));
}

#[tokio::test]
async fn a_429_stands_beside_the_rate_and_what_the_endpoint_says() {
    let world = World::start().await;
    let url = tester(&world, json!({})).await;
    let id = hook(&world, &url, json!({})).await;
    for n in 0..5 {
        world.publish("temp", &n.to_string()).await;
        world.advance(secs(1)).await;
    }
    told(
        &world,
        id_of(&url),
        json!({"status": 429, "headers": {"Retry-After": "30", "X-RateLimit-Limit": "5"}}),
    )
    .await;
    world.publish("temp", "5").await;

    let card = card(&world, &id, "too-many").await;
    says(cause(&card), "allows 5 requests");
    says(fact(&card), "6 within a minute");
    says(card["also"][0]["words"].as_str().unwrap(), "`retry-after: 30`");
    assert_eq!(card["steps"][0]["action"]["field"], "rateLimit");
}

#[tokio::test]
async fn a_500_on_certain_data_names_what_the_failures_have_in_common() {
    let world = World::start().await;
    let url = tester(
        &world,
        json!({"rules": [{"when": {"body": "null"}, "answer": {"status": 500, "body": "NullPointerException"}}]}),
    )
    .await;
    let id = hook(&world, &url, json!({"body": "{{{PARTICLE_EVENT_VALUE}}}"})).await;
    for _ in 0..4 {
        world.publish("temp", r#"{"t": 21.5}"#).await;
        world.publish("temp", r#"{"t": null}"#).await;
        world.advance(secs(3)).await;
    }
    let card = card(&world, &id, "server-error").await;
    says(cause(&card), "`t` is null");
    says(fact(&card), "Of the last 4 failures 4");
    assert_eq!((&card["fate"]["failed"], card["extent"]["count"].as_u64()), (&json!(4), Some(4)));
    assert!(offers(&card, "replay-one") && offers(&card, "recover"));
}

#[tokio::test]
async fn a_500_that_strikes_other_hooks_of_the_host_too_is_the_hosts() {
    let world = World::start().await;
    let endpoint = world.endpoint([reply(502)]).await;
    let id = hook(&world, &endpoint.url, json!({})).await;
    let other =
        json!({"event": "humidity", "url": endpoint.url, "name": "the other one", "retryPolicy": "none"});
    world.integration(other).await;
    world.publish("temp", "1").await;
    world.settled().await;
    world.publish("humidity", "1").await;

    let card = card(&world, &id, "server-error").await;
    says(cause(&card), "as a whole is in trouble");
    says(fact(&card), "`the other one` fails");
    assert!(offers(&card, "open"));
}

#[tokio::test]
async fn a_redirect_proposes_the_address_it_names() {
    let world = World::start().await;
    let url =
        tester(&world, json!({"status": 301, "headers": {"Location": "https://example.com/new"}})).await;
    let id = hook(&world, &url, json!({})).await;
    world.publish("temp", "1").await;
    let card = card(&world, &id, "redirect").await;
    says(fact(&card), "`Location: https://example.com/new`");
    assert_eq!(card["steps"][0]["action"]["value"], "https://example.com/new");
}

#[tokio::test]
async fn a_200_that_means_no_shows_the_condition_that_is_not_met() {
    let world = World::start().await;
    let url = tester(&world, json!({"body": "{\"ok\": false, \"message\": \"quota used up\"}"})).await;
    let id = hook(&world, &url, json!({"successRule": {"path": "ok", "equals": true}})).await;
    world.publish("temp", "1").await;
    let card = card(&world, &id, "says-no").await;
    says(fact(&card), "the rule asks for `ok` to be true, and it is false");
    says(fact(&card), "quota used up");
}

#[tokio::test]
async fn a_status_without_a_page_of_its_own_is_told_by_its_meaning() {
    let world = World::start().await;
    let url = tester(&world, json!({"status": 413})).await;
    let id = hook(&world, &url, json!({})).await;
    world.publish("temp", "1").await;
    says(cause(&card(&world, &id, "refusal").await), "larger than the endpoint takes");
}

#[tokio::test]
async fn a_template_that_breaks_is_mapped_back_to_its_line_and_variable() {
    let world = World::start().await;
    let url = tester(&world, json!({})).await;
    let id = hook(&world, &url, json!({"json": "{\n  \"note\": \"{{{note}}}\"\n}"})).await;
    world.publish("temp", r#"{"note": "say \"hi\""}"#).await;

    let card = card(&world, &id, "broken-template").await;
    says(cause(&card), "`note` has a quote");
    says(fact(&card), "line 2, column 12");
    assert_eq!(card["steps"][0]["action"]["column"], 12);
    assert!(offers(&card, "preview"));
}

#[tokio::test]
async fn two_hooks_that_send_the_same_are_duplicates() {
    let world = World::start().await;
    let url = tester(&world, json!({})).await;
    let id = hook(&world, &url, json!({})).await;
    let twin = hook(&world, &url, json!({"name": "the twin"})).await;
    let event = world.publish("temp", "1").await;

    let card = card(&world, &id, "duplicates").await;
    says(fact(&card), &event);
    says(fact(&card), "`the twin`");
    assert_eq!(card["steps"][0]["action"]["integration"], twin);
}

#[tokio::test]
async fn replies_that_cost_several_operations_are_told_by_parts_and_listeners() {
    let world = World::start().await;
    let url = tester(&world, json!({"body": "x".repeat(2_000)})).await;
    let id = hook(&world, &url, json!({})).await;
    let device = world.device(DEVICE).await;
    let _listening = device.stream("/v1/devices/events/hook-response").await;
    for n in 0..3 {
        device.post("/v1/devices/events", json!({"name": "temp", "data": n.to_string()})).await.expect(200);
        world.settled().await;
    }
    let card = card(&world, &id, "operations").await;
    says(card["title"].as_str().unwrap(), "4 operations");
    says(fact(&card), "2000 bytes was published in 4 parts");
    assert_eq!(card["steps"][0]["action"]["field"], "responseTemplate");
    assert_eq!(cards(&world, &id).await.len(), 1);
}

#[tokio::test]
async fn a_device_that_publishes_twice_is_told_apart_from_one_that_says_the_same_steadily() {
    let world = World::start().await;
    let url = tester(&world, json!({})).await;
    let twice = hook(&world, &url, json!({"event": "twice"})).await;
    let steady = hook(&world, &url, json!({"event": "steady"})).await;
    let device = world.device(DEVICE).await;
    for _ in 0..5 {
        for pause in [0, 1] {
            world.advance(secs(pause)).await;
            device.post("/v1/devices/events", json!({"name": "twice", "data": "21"})).await.expect(200);
        }
        for _ in 0..5 {
            device.post("/v1/devices/events", json!({"name": "steady", "data": "21"})).await.expect(200);
            world.advance(secs(10)).await;
        }
    }
    let card = card(&world, &twice, "duplicates").await;
    says(cause(&card), "publishes the same event twice");
    says(fact(&card), "1000 ms later");
    says(card["steps"][1]["words"].as_str().unwrap(), "Idempotency-Key");
    assert_eq!(cards(&world, &steady).await, [] as [Value; 0]);
}
