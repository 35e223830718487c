//! What is acknowledged is kept, over a restart too.

use serde_json::json;

use crate::world::{World, reply, secs};

#[tokio::test]
async fn a_restart_keeps_integrations_logs_books_and_retries() {
    let mut world = World::start().await;
    let endpoint = world.endpoint([reply(500), reply(200)]).await;
    let id = world.integration(json!({"event": "t", "url": endpoint.url})).await;
    world.publish("t", "1").await;
    world.settled().await;

    world.restart().await;
    assert_eq!(world.log(&id).await.len(), 1);
    assert_eq!(world.books(&id).await["waiting"], 1);

    world.advance(secs(30)).await;
    assert_eq!(endpoint.hits(), 2);
    assert_eq!(world.books(&id).await["delivered"], 1);
    assert_eq!(endpoint.seen()[0].header("webhook-id"), endpoint.seen()[1].header("webhook-id"));
}

#[tokio::test]
async fn a_drain_finishes_what_is_on_the_wire_and_ends_streams() {
    let mut world = World::start().await;
    let endpoint = world.endpoint([reply(200)]).await;
    let id = world.integration(json!({"event": "t", "url": endpoint.url})).await;
    let mut stream = world.admin().stream("/v1/events/t").await;
    for n in 0..20 {
        world.publish("t", &n.to_string()).await;
    }

    world.restart().await;

    let mut heard = 0;
    while stream.next_or_end().await.is_some() {
        heard += 1;
    }
    assert_eq!(heard, 20);
    assert_eq!(world.books(&id).await["delivered"], 20);
    assert_eq!(endpoint.hits(), 20);
}

#[tokio::test]
async fn a_restart_keeps_when_a_device_was_last_heard() {
    let mut world = World::start().await;
    let device = world.device("00112233445566778899aabb").await;
    device.post("/v1/devices/events", json!({"name": "t"})).await.expect(200);
    world.settled().await;
    let before = world.admin().get("/v1/devices").await.expect(200)[0]["last_heard"].clone();

    world.restart().await;

    let after = world.admin().get("/v1/devices").await.expect(200)[0]["last_heard"].clone();
    assert!(before.is_string(), "{before}");
    assert_eq!(before, after);
}
