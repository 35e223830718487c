//! Finding things by id or name, and nothing of others.

use serde_json::{Value, json};

use crate::world::{Visitor, World, reply};

const DEVICE: &str = "0123456789abcdef01234567";

async fn found(visitor: &Visitor, q: &str) -> Vec<Value> {
    let request = visitor.request(reqwest::Method::GET, "/fieldhook/v1/search").query(&[("q", q)]);
    let page = visitor.send(request).await.expect(200);
    page["items"].as_array().expect("a list has items").clone()
}

async fn kinds(visitor: &Visitor, q: &str) -> Vec<String> {
    found(visitor, q).await.iter().map(|item| item["kind"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn names_are_found_by_any_part_and_ids_by_their_beginning() {
    let world = World::start().await;
    let id = world
        .integration(json!({"event": "temp", "name": "Kitchen \"A\"", "url": "https://example.com"}))
        .await;
    let nameless =
        world.integration(json!({"event": "humidity", "url": "https://kitchen.example.com"})).await;
    world.device(DEVICE).await;
    world.admin().put(&format!("/v1/devices/{DEVICE}"), json!({"name": "kitchen_sensor"})).await.expect(200);
    let product = world.product("Big Kitchen").await;
    world.admin().post("/fieldhook/v1/organisations", json!({"name": "Kitchens"})).await.expect(201);
    let own =
        world.admin().get(&format!("/fieldhook/v1/integrations/{id}")).await.expect(200)["scope"].clone();

    assert_eq!(kinds(world.admin(), "kITCHEN").await, ["organisation", "integration", "device", "product"]);
    let integration = json!({"kind": "integration", "id": id, "name": "Kitchen \"A\"", "scope": own});
    for q in ["kitchen \"a", &id] {
        assert_eq!(found(world.admin(), q).await, std::slice::from_ref(&integration), "{q}");
    }
    let device = json!({"kind": "device", "id": DEVICE, "name": "kitchen_sensor", "scope": own});
    assert_eq!(found(world.admin(), "0123456789AB").await, [device]);
    let product_found = json!({"kind": "product", "id": product.to_string(), "name": "Big Kitchen", "scope": format!("product:{product}")});
    assert_eq!(found(world.admin(), &product.to_string()).await, [product_found]);
    let by_event = found(world.admin(), "humid").await;
    assert_eq!((&by_event[0]["id"], &by_event[0]["name"]), (&json!(nameless), &json!("humidity")));
    for nothing in ["", "  ", "cellar", "123456789abcdef0"] {
        assert_eq!(found(world.admin(), nothing).await, [Value::Null; 0], "{nothing}");
    }
}

#[tokio::test]
async fn what_happened_is_found_by_its_whole_id() {
    let world = World::start().await;
    let endpoint = world.endpoint([reply(200)]).await;
    let hook = world.integration(json!({"event": "t", "url": endpoint.url})).await;
    let event = world.publish("t/one", "1").await;
    let attempt = world.log(&hook).await.remove(0);
    let stranger = world.person("stranger@example.com").await;
    for (kind, id) in
        [("event", &json!(event)), ("delivery", &attempt["delivery"]), ("attempt", &attempt["id"])]
    {
        let id = id.as_str().unwrap();
        let items = found(world.admin(), &id.to_uppercase()).await;
        let item = json!({"kind": kind, "id": id, "name": "t/one", "scope": attempt["scope"]});
        assert_eq!(items, [item]);
        assert_eq!(found(world.admin(), &id[..30]).await, [Value::Null; 0]);
        assert_eq!(found(&stranger, id).await, [Value::Null; 0], "{kind}");
    }
}

#[tokio::test]
async fn nothing_of_others_is_found_until_they_let_one_in() {
    let world = World::start().await;
    let product = world.product("Pump").await;
    let hook = json!({"event": "pump/level", "url": "https://example.com"});
    let hook = world.integration_in(&format!("/v1/products/{product}"), hook).await;
    world.integration(json!({"event": "pump/own", "url": "https://example.com"})).await;
    world.admin().post(&format!("/v1/products/{product}/devices"), json!({"id": DEVICE})).await.expect(200);
    let stranger = world.person("stranger@example.com").await;
    for q in ["pump", &hook, DEVICE, &product.to_string()] {
        assert_eq!(found(&stranger, q).await, [Value::Null; 0], "{q}");
    }
    let viewer = json!({"username": "stranger@example.com", "role": "view-only"});
    world.admin().post(&format!("/v1/products/{product}/team"), viewer).await.expect(201);
    assert_eq!(kinds(&stranger, "pump").await, ["product", "integration"]);
    let device = found(&stranger, DEVICE).await.remove(0);
    assert_eq!(device["scope"], format!("product:{product}"));
    world.nobody().get("/fieldhook/v1/search?q=pump").await.expect(401);
}

#[tokio::test]
async fn no_more_than_twenty_things_are_found_the_best_first() {
    let world = World::start().await;
    for number in 0..25 {
        world.integration(json!({"event": format!("room/{number}"), "url": "https://example.com"})).await;
    }
    world.integration(json!({"event": "t", "name": "ROOM", "url": "https://example.com"})).await;
    let items = found(world.admin(), "room").await;
    assert_eq!((items.len(), &items[0]["name"]), (20, &json!("ROOM")));
}
