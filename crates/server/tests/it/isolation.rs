//! Nobody pays for somebody else's trouble, and nobody sees what is not theirs.

use serde_json::json;

use crate::world::{World, reply, secs};

#[tokio::test]
async fn a_hung_endpoint_delays_no_other_destination() {
    let world = World::start_with(|config| config.delivery.lane_width = 4).await;
    let hung = world.endpoint([reply(200).hangs()]).await;
    let healthy = world.endpoint([reply(200)]).await;
    world.integration(json!({"event": "t", "url": hung.url})).await;
    world.integration(json!({"event": "t", "url": healthy.url})).await;

    // The clock stands still: whatever waited for the hung endpoint's deadline would wait for ever.
    for n in 0..50 {
        world.publish("t", &n.to_string()).await;
        assert!(healthy.next().await.body.contains(&format!("data={n}&")));
    }
    assert_eq!(hung.hits(), 4, "the hung endpoint holds its lane, and no more");
}

#[tokio::test]
async fn a_hung_lane_is_worked_off_once_its_requests_time_out() {
    let world = World::start_with(|config| config.delivery.lane_width = 2).await;
    let endpoint = world.endpoint([reply(200).hangs(), reply(200).hangs(), reply(200)]).await;
    let id = world.integration(json!({"event": "t", "url": endpoint.url, "retryPolicy": "none"})).await;
    for n in 0..10 {
        world.publish("t", &n.to_string()).await;
    }
    endpoint.next().await;
    endpoint.next().await;

    world.tick(secs(20));

    let books = world.books(&id).await;
    assert_eq!((&books["failed"], &books["delivered"]), (&json!(2), &json!(8)));
}

#[tokio::test]
async fn one_persons_events_integrations_and_logs_are_not_found_by_another() {
    let world = World::start().await;
    let endpoint = world.endpoint([reply(200)]).await;
    let id = world.integration(json!({"event": "t", "url": endpoint.url})).await;
    let other = world.person("other@example.com").await;
    let mut stream = other.stream("/v1/events/t").await;

    let event = world.publish("t", "mine").await;
    let attempt = world.log(&id).await[0]["id"].as_str().unwrap().to_owned();
    other.post("/v1/devices/events", json!({"name": "t", "data": "theirs"})).await.expect(200);

    assert_eq!(stream.next().await.json["data"], "theirs");
    for path in [
        format!("/v1/integrations/{id}"),
        format!("/fieldhook/v1/events/{event}"),
        format!("/fieldhook/v1/attempts/{attempt}"),
        format!("/fieldhook/v1/integrations/{id}/books"),
    ] {
        assert_eq!(other.get(&path).await.status, 404, "{path}");
    }
    assert_eq!(other.get("/fieldhook/v1/attempts").await.expect(200)["items"], json!([]));
    assert_eq!(endpoint.hits(), 1);
}
