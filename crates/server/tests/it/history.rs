//! What happened, read back: the log, events with their match trace, and deliveries.

use serde_json::{Value, json};

use crate::world::{World, reply};

fn items(page: &Value) -> &Vec<Value> {
    page["items"].as_array().unwrap()
}

#[tokio::test]
async fn an_attempt_is_read_back_whole() {
    let world = World::start().await;
    let endpoint = world.endpoint([reply(404).body("no such thing")]).await;
    let hook = json!({"event": "temp", "url": endpoint.url, "body": "{{{PARTICLE_EVENT_VALUE}}} degrees"});
    let id = world.integration(hook).await;
    let event = world.publish("temp/kitchen", "21.5").await;

    let line = world.log(&id).await.remove(0);
    assert_eq!(
        (&line["outcome"], &line["status"], &line["event"]),
        (&json!("error"), &json!(404), &json!(event))
    );
    let path = format!("/fieldhook/v1/attempts/{}", line["id"].as_str().unwrap());
    let whole = world.admin().get(&path).await.expect(200);
    assert_eq!(whole["event"]["data"], "21.5");
    assert_eq!(whole["request"]["method"], "POST");
    assert_eq!(whole["request"]["body"]["text"], "21.5 degrees");
    assert_eq!(whole["response"]["body"]["text"], "no such thing");
    assert_eq!(whole["next"]["verdict"], "failed");
    assert!(whole["timings"]["total_us"].is_u64());
}

#[tokio::test]
async fn the_log_is_filtered_by_every_condition_that_is_given() {
    let world = World::start().await;
    let endpoint = world.endpoint([reply(200), reply(404)]).await;
    let id = world.integration(json!({"event": "t", "url": endpoint.url})).await;
    world.publish("t/first", "needle").await;
    world.settled().await;
    world.publish("t/second", "hay").await;
    world.settled().await;

    for (filter, expected) in [
        ("outcome=success", 1),
        ("outcome=error&status=404", 1),
        ("outcome=success&status=404", 0),
        ("q=NEEDLE", 1),
        ("code=ETIMEDOUT", 0),
        ("until=2020-01-01", 0),
        ("since=2020-01-01", 2),
        ("outcome=", 2),
    ] {
        let path = format!("/fieldhook/v1/attempts?integration={id}&{filter}");
        let page = world.admin().get(&path).await.expect(200);
        assert_eq!(items(&page).len(), expected, "{filter}");
    }
}

#[tokio::test]
async fn a_filter_that_makes_no_sense_is_refused_by_name() {
    let world = World::start().await;
    for (filter, field) in [
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("cursor=elsewhere", "cursor"),
        ("outcome=maybe", "outcome"),
        ("code=EWHATEVER", "code"),
        ("status=many", "status"),
        ("since=yesterday", "since"),
        ("integration=x", "integration"),
        ("scope=team:1", "scope"),
    ] {
        let refused = world.admin().get(&format!("/fieldhook/v1/attempts?{filter}")).await.expect(400);
        assert_eq!(refused["field"], field, "{filter}");
    }
}

#[tokio::test]
async fn events_come_newest_first_and_page_by_page() {
    let world = World::start().await;
    for number in 0..5 {
        world.publish(&format!("e/{number}"), "").await;
        world.tick(std::time::Duration::from_millis(1));
    }
    let mut names = Vec::new();
    let mut cursor = String::new();
    loop {
        let path = format!("/fieldhook/v1/events?name=e/&limit=2&cursor={cursor}");
        let page = world.admin().get(&path).await.expect(200);
        names.extend(items(&page).iter().map(|event| event["name"].as_str().unwrap().to_owned()));
        match page["next"].as_str() {
            Some(next) => next.clone_into(&mut cursor),
            None => break,
        }
    }
    assert_eq!(names, ["e/4", "e/3", "e/2", "e/1", "e/0"]);
}

#[tokio::test]
async fn an_event_says_what_it_fired_and_why_not_the_rest() {
    let world = World::start().await;
    let endpoint = world.endpoint([reply(200)]).await;
    let hook = |event: &str| json!({"event": event, "url": endpoint.url, "name": format!("on {event}")});
    let fired = world.integration(hook("temp")).await;
    let near = world.integration(hook("Temp")).await;
    world.integration(hook("humidity")).await;
    let event = world.publish("temp/kitchen", "1").await;
    world.settled().await;

    let story = world.admin().get(&format!("/fieldhook/v1/events/{event}")).await.expect(200);
    let trace = story["trace"].as_array().unwrap();
    assert_eq!(trace.len(), 3);
    assert_eq!((&trace[0]["integration"], &trace[0]["reason"]), (&json!(fired), &json!("fired")));
    assert_eq!((&trace[1]["integration"], &trace[1]["reason"]), (&json!(near), &json!("prefix")));
    assert_eq!(trace[1]["nearest"]["kind"], "case");
    assert_eq!(trace[1]["name"], "on Temp");
    assert!(trace[2]["explanation"].as_str().unwrap().contains("humidity"));
    assert_eq!(story["deliveries"][0]["integration"], json!(fired));
    assert_eq!(story["deliveries"][0]["verdict"], "delivered");
}

#[tokio::test]
async fn deliveries_are_listed_by_verdict_and_read_with_their_attempts() {
    let world = World::start().await;
    let endpoint = world.endpoint([reply(500), reply(200)]).await;
    let id = world.integration(json!({"event": "t", "url": endpoint.url})).await;
    world.publish("t", "1").await;
    world.settled().await;

    let list = async |verdict: &str| {
        let path = format!("/fieldhook/v1/deliveries?integration={id}&verdict={verdict}");
        world.admin().get(&path).await.expect(200)
    };
    let waiting = list("waiting").await;
    assert_eq!(items(&waiting).len(), 1);
    assert!(waiting["items"][0]["next_at"].is_string());
    world.advance(crate::world::secs(30)).await;
    assert_eq!(items(&list("waiting").await).len(), 0);

    let delivery = list("delivered").await["items"][0]["id"].as_str().unwrap().to_owned();
    let story = world.admin().get(&format!("/fieldhook/v1/deliveries/{delivery}")).await.expect(200);
    let outcomes: Vec<_> =
        story["attempts"].as_array().unwrap().iter().map(|line| line["outcome"].as_str().unwrap()).collect();
    assert_eq!(outcomes, ["success", "error"]);
    assert!(world.admin().get("/fieldhook/v1/deliveries").await.refusal(400).contains("integration"));
}

#[tokio::test]
async fn what_belongs_to_somebody_else_is_not_found() {
    let world = World::start().await;
    let endpoint = world.endpoint([reply(200)]).await;
    let id = world.integration(json!({"event": "t", "url": endpoint.url})).await;
    let event = world.publish("t", "1").await;
    let attempt = world.log(&id).await[0].clone();
    let stranger = world.person("stranger@example.com").await;

    for path in [
        format!("events/{event}"),
        format!("attempts/{}", attempt["id"].as_str().unwrap()),
        format!("deliveries/{}", attempt["delivery"].as_str().unwrap()),
        format!("deliveries?integration={id}"),
        format!("deliveries?event={event}"),
        format!("integrations/{id}/books"),
        "events/not-an-id".to_owned(),
    ] {
        stranger.get(&format!("/fieldhook/v1/{path}")).await.expect(404);
    }
    for path in ["events", "attempts"] {
        let page = stranger.get(&format!("/fieldhook/v1/{path}")).await.expect(200);
        assert!(items(&page).is_empty(), "{path}");
    }
}

#[tokio::test]
async fn a_device_may_not_read_the_log() {
    let world = World::start().await;
    let device = world.device("0123456789abcdef01234567").await;
    for path in ["events", "attempts", "books", "usage", "counters", "destinations", "tester"] {
        device.get(&format!("/fieldhook/v1/{path}")).await.expect(403);
        world.nobody().get(&format!("/fieldhook/v1/{path}")).await.expect(401);
    }
}
