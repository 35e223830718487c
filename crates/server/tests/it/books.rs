//! What is counted: books, counters, operations; and destinations.

use serde_json::{Value, json};

use crate::world::{World, reply, secs};

#[tokio::test]
async fn the_books_of_a_scope_are_the_sum_of_its_integrations() {
    let world = World::start().await;
    let good = world.endpoint([reply(200)]).await;
    let bad = world.endpoint([reply(404)]).await;
    let delivered = world.integration(json!({"event": "t", "url": good.url})).await;
    let failed = world.integration(json!({"event": "t", "url": bad.url})).await;
    for _ in 0..3 {
        world.publish("t", "1").await;
    }

    assert_eq!(world.books(&delivered).await["delivered"], 3);
    assert_eq!(world.books(&failed).await["failed"], 3);
    let all = world.admin().get("/fieldhook/v1/books").await.expect(200);
    let total = json!({"matched": 6, "delivered": 3, "failed": 3, "dropped": 0, "waiting": 0});
    assert_eq!(all["total"], total);
    assert_eq!(all["items"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn counters_tell_each_day_of_every_integration() {
    let world = World::start().await;
    let endpoint = world.endpoint([reply(200), reply(404)]).await;
    let id = world.integration(json!({"event": "t", "url": endpoint.url})).await;
    world.publish("t", "1").await;
    world.advance(secs(24 * 60 * 60)).await;
    world.publish("t", "1").await;
    world.settled().await;

    let counters = world.admin().get("/fieldhook/v1/counters?days=2").await.expect(200);
    assert_eq!((&counters["since"], &counters["today"]), (&json!("2026-01-02"), &json!("2026-01-03")));
    let row = &counters["items"][0];
    assert_eq!(row["integration"], json!(id));
    assert_eq!(row["days"][0], json!({"date": "2026-01-02", "success": 1, "error": 0, "skipped": 0}));
    assert_eq!(row["days"][1], json!({"date": "2026-01-03", "success": 0, "error": 1, "skipped": 0}));
    world.admin().get("/fieldhook/v1/counters?days=401").await.expect(400);
}

#[tokio::test]
async fn usage_counts_a_device_publish_once_for_each_started_kilobyte() {
    let world = World::start().await;
    let id = "0123456789abcdef01234567";
    let device = world.device(id).await;
    for data in ["x".repeat(1_024), "x".repeat(1_025)] {
        device.post("/v1/devices/events", json!({"name": "t", "data": data})).await.expect(200);
    }

    let usage = world.admin().get("/fieldhook/v1/usage?by=device").await.expect(200);
    let line = &usage["items"][0];
    assert_eq!((&line["key"], &line["publishes"], &line["operations"]), (&json!(id), &json!(3), &json!(3)));
    assert_eq!(usage["operations"], 3);
    let days = world.admin().get("/fieldhook/v1/usage?by=day").await.expect(200);
    assert_eq!(days["items"][0]["key"], "2026-01-02");
    assert!(world.admin().get("/fieldhook/v1/usage?by=moon").await.refusal(400).contains("moon"));
}

#[tokio::test]
async fn a_sleeping_destination_shows_its_window_and_can_be_woken() {
    let world = World::start().await;
    let endpoint = world.endpoint([reply(503).retry_after(secs(600))]).await;
    world.integration(json!({"event": "t", "url": endpoint.url})).await;
    world.publish("t", "1").await;
    world.settled().await;

    let destination = async || -> Value {
        let page = world.admin().get("/fieldhook/v1/destinations").await.expect(200);
        page["items"][0].clone()
    };
    let asleep = destination().await;
    assert!(asleep["gate"]["closed_until"].is_string(), "{asleep}");
    assert_eq!(asleep["gate"]["attempts"], 1);

    let wake = format!("/fieldhook/v1/destinations/{}/wake", asleep["id"].as_str().unwrap());
    let stranger = world.person("stranger@example.com").await;
    stranger.post(&wake, json!({})).await.expect(404);
    world.admin().post(&wake, json!({})).await.expect(200);
    let awake = destination().await;
    assert!(awake["gate"]["closed_until"].is_null());
    assert_eq!(awake["gate"]["attempts"], 0);
}
