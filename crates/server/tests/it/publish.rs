//! Publishing: what is taken in, and what is not.

use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use crate::world::{World, reply};

#[tokio::test]
async fn a_publish_is_answered_with_the_events_id() {
    let world = World::start().await;
    let answer = world.admin().post("/v1/devices/events", json!({"name": "t"})).await.expect(200);
    assert_eq!(answer["ok"], true);
    assert_eq!(answer["id"].as_str().unwrap().len(), 36);
    let id = answer["id"].as_str().unwrap();
    world.admin().get(&format!("/fieldhook/v1/events/{id}")).await.expect(200);
}

#[tokio::test]
async fn forms_are_taken_as_old_clients_send_them() {
    let world = World::start().await;
    let mut stream = world.admin().stream("/v1/devices/events").await;
    let form = [("name", "t"), ("data", "1"), ("private", "true"), ("ttl", "60"), ("unknown", "x")];
    let request = world.admin().request(Method::POST, "/v1/devices/events/").form(&form);
    world.admin().send(request).await.expect(200);
    assert_eq!(stream.next().await.json["data"], "1");
}

#[tokio::test]
async fn data_that_was_not_sent_is_null() {
    let world = World::start().await;
    let mut stream = world.admin().stream("/v1/devices/events").await;
    world.admin().post("/v1/devices/events", json!({"name": "t"})).await.expect(200);
    assert_eq!(stream.next().await.json["data"], Value::Null);
}

#[tokio::test]
async fn every_limit_holds_at_its_edge_and_is_named_beyond_it() {
    let world = World::start().await;
    let publish = async |name: &str, data: String| {
        world.admin().post("/v1/devices/events", json!({"name": name, "data": data})).await
    };
    publish(&"n".repeat(64), "d".repeat(16_384)).await.expect(200);
    let name = publish(&"n".repeat(65), String::new()).await;
    assert_eq!(name.json["field"], "name");
    assert!(name.refusal(400).contains("65 bytes long, over the limit of 64"));
    let data = publish("t", "d".repeat(16_385)).await;
    assert_eq!(data.json["field"], "data");
    assert!(data.refusal(413).contains("16385 bytes long, over the limit of 16384"));
}

#[tokio::test]
async fn a_name_that_is_missing_odd_or_reserved_is_refused() {
    let world = World::start().await;
    for body in [
        json!({}),
        json!({"name": ""}),
        json!({"name": "tür"}),
        json!({"name": "Spark/status"}),
        json!({"name": [1]}),
    ] {
        let reply = world.admin().post("/v1/devices/events", body.clone()).await;
        assert_eq!((reply.status, &reply.json["field"]), (400, &json!("name")), "{body}");
    }
}

#[tokio::test]
async fn a_product_hears_what_is_published_in_it() {
    let world = World::start().await;
    let product = world.product("Pump").await;
    let mut stream = world.admin().stream(&format!("/v1/products/{product}/events")).await;
    let path = format!("/v1/products/{product}/events");
    world.admin().post(&path, json!({"name": "t", "data": "1"})).await.expect(200);
    let event = stream.next().await.json;
    assert_eq!((&event["coreid"], &event["productID"]), (&json!("api"), &json!(product)));
}

#[tokio::test]
async fn a_publisher_that_goes_away_before_its_answer_holds_up_nobody() {
    let world = World::start_with(|config| config.delivery.lane_width = 1).await;
    let endpoint = world.endpoint([reply(200)]).await;
    let id = world.integration(json!({"event": "t", "url": endpoint.url})).await;
    let token = world.admin().token.clone().unwrap();
    let body = r#"{"name": "t", "data": "gone"}"#;
    let request = format!(
        "POST /v1/devices/events HTTP/1.1\r\nhost: test\r\nauthorization: Bearer {token}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    for _ in 0..60 {
        let mut gone = TcpStream::connect(world.url().trim_start_matches("http://")).await.unwrap();
        gone.write_all(request.as_bytes()).await.unwrap();
        drop(gone);
        world.nobody().get("/health").await;
    }

    let last = world.publish("t", "last").await;
    while !endpoint.seen().iter().any(|seen| seen.body.contains("last")) {
        endpoint.next().await;
    }
    world.settled().await;
    let books = world.books(&id).await;
    assert_eq!(books["matched"], books["delivered"], "{books}, the last being {last}");
    assert_eq!(books["matched"].as_u64(), Some(endpoint.hits() as u64), "what was taken in is logged");
}
