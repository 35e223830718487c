//! Event streams: who hears what, and how it looks on the wire.

use serde_json::json;

use crate::world::{World, secs};

const ID: &str = "0123456789abcdef01234567";
const OTHER: &str = "89abcdef0123456701234567";

#[tokio::test]
async fn a_frame_is_two_lines_and_a_blank_one_written_in_one_piece() {
    let world = World::start().await;
    let mut stream = world.admin().stream("/v1/devices/events").await;
    world.publish("temp", "21.5 °C\nsecond line").await;

    let frame = String::from_utf8(stream.chunk().await.unwrap().to_vec()).unwrap();
    let lines: Vec<&str> = frame.split('\n').collect();
    assert_eq!((lines.len(), lines[0], lines[2], lines[3]), (4, "event: temp", "", ""));
    let data = lines[1].strip_prefix("data: ").unwrap();
    assert!(
        data.starts_with("{\"data\":\"21.5 °C\\nsecond line\",\"ttl\":60,\"published_at\":\"2026-"),
        "{data}"
    );
    assert!(data.contains("\"coreid\":\"api\""), "{data}");
}

#[tokio::test]
async fn silence_is_broken_after_nine_seconds_by_a_bare_line_break() {
    let world = World::start().await;
    let mut stream = world.admin().stream("/v1/devices/events").await;
    let mut chunk = Box::pin(stream.chunk());
    world.tick(secs(8));
    assert!(futures_util::poll!(&mut chunk).is_pending());
    // The stream may have begun to wait only now; time goes on until it has waited long enough.
    let sign = loop {
        if let std::task::Poll::Ready(sign) = futures_util::poll!(&mut chunk) {
            break sign.unwrap();
        }
        world.tick(secs(1));
        tokio::task::yield_now().await;
    };
    assert_eq!(&sign[..], b"\n");
}

#[tokio::test]
async fn a_prefix_may_hold_slashes_as_they_are_or_encoded() {
    let world = World::start().await;
    for path in [
        "/v1/devices/events/a/b",
        "/v1/devices/events/a%2Fb?nonce=520.6",
        "/v1/events/a%2Fb",
        "//v1/events/a/b",
    ] {
        let mut stream = world.admin().stream(path).await;
        world.publish("a/c", "no").await;
        world.publish("a/bc", "yes").await;
        assert_eq!(stream.next().await.name, "a/bc", "{path}");
    }
}

#[tokio::test]
async fn a_stream_of_everything_needs_a_prefix() {
    let world = World::start().await;
    assert!(world.admin().get("/v1/events").await.refusal(400).contains("/v1/events/PREFIX"));
}

#[tokio::test]
async fn one_devices_stream_has_only_what_it_publishes() {
    let world = World::start().await;
    let (one, other) = (world.device(ID).await, world.device(OTHER).await);
    world.admin().put(&format!("/v1/devices/{ID}"), json!({"name": "kitchen"})).await.expect(200);
    let mut by_id = world.admin().stream(&format!("/v1/devices/{ID}/events")).await;
    let mut by_name = world.admin().stream("/v1/devices/kitchen/events/t").await;

    other.post("/v1/devices/events", json!({"name": "t", "data": "other"})).await.expect(200);
    one.post("/v1/devices/events", json!({"name": "t", "data": "one"})).await.expect(200);

    assert_eq!(by_id.next().await.json["data"], "one");
    assert_eq!(by_name.next().await.json["data"], "one");
    world.person("ada@example.com").await.get(&format!("/v1/devices/{ID}/events")).await.expect(403);
}

#[tokio::test]
async fn a_products_stream_has_its_devices_whoever_owns_them() {
    let world = World::start().await;
    let product = world.product("Pump").await;
    world.admin().post(&format!("/v1/products/{product}/devices"), json!({"id": ID})).await.expect(200);
    let ada = world.person("ada@example.com").await;
    ada.post("/v1/devices", json!({"id": ID})).await.expect(200);
    let token = ada.post(&format!("/v1/devices/{ID}/token"), json!({})).await.expect(201);
    let device = world.nobody().with_token(token["token"].as_str().unwrap());
    let mut fleet = world.admin().stream(&format!("/v1/products/{product}/events")).await;
    let mut one = world.admin().stream(&format!("/v1/products/{product}/devices/{ID}/events/t")).await;
    let mut owner = ada.stream("/v1/devices/events").await;

    device.post("/v1/devices/events", json!({"name": "t", "data": "1"})).await.expect(200);

    for stream in [&mut fleet, &mut one, &mut owner] {
        let event = stream.next().await;
        assert_eq!((&event.json["coreid"], &event.json["productID"]), (&json!(ID), &json!(product)));
    }
}

#[tokio::test]
async fn a_revoked_token_hears_nothing_more() {
    let world = World::start().await;
    let person = world.person("ada@example.com").await;
    let mut stream = person.stream("/v1/devices/events").await;
    person.delete("/v1/access_tokens/current").await.expect(200);

    let again = world.nobody().log_in("ada@example.com", "a password of the tests").await;
    again.post("/v1/devices/events", json!({"name": "t"})).await.expect(200);
    assert_eq!(stream.next_or_end().await, None);
}

#[tokio::test]
async fn streams_end_when_the_server_drains() {
    let mut world = World::start().await;
    let mut stream = world.admin().stream("/v1/devices/events").await;
    world.restart().await;
    assert_eq!(stream.next_or_end().await, None);
}

#[tokio::test]
async fn a_stream_is_refused_in_json() {
    let world = World::start().await;
    let refusal = world.nobody().get("/v1/devices/events").await.expect(401);
    assert!(refusal["error_description"].is_string());
}
