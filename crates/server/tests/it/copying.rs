//! Integrations copied, and moved from scope to scope, with their secrets.

use serde_json::{Value, json};

use crate::world::{World, reply};

const DEVICE: &str = "0123456789abcdef01234567";

fn path(id: &str, act: &str) -> String {
    format!("/fieldhook/v1/integrations/{id}/{act}")
}

fn hook(url: &str) -> Value {
    json!({"event": "t", "name": "Pump", "url": url, "headers": {"X-Api-Key": "k-1"}, "deviceID": DEVICE})
}

#[tokio::test]
async fn a_copy_is_switched_off_and_has_the_secrets_of_its_original() {
    let world = World::start().await;
    let endpoint = world.endpoint([reply(200)]).await;
    let id = world.integration(hook(&endpoint.url)).await;
    let copy = world.admin().post(&path(&id, "copy"), json!({})).await.expect(201);
    assert_ne!(copy["id"], json!(id));
    assert_eq!(
        (&copy["name"], &copy["disabled"], &copy["revision"]),
        (&json!("Pump (copy)"), &json!(true), &json!(1))
    );
    assert_eq!((&copy["headers"]["X-Api-Key"], &copy["deviceID"]), (&json!("[[SENSITIVE]]"), &json!(DEVICE)));
    assert!(copy["disabled_since"].is_string());

    let test = format!("/v1/integrations/{}/test", copy["id"].as_str().unwrap());
    world.admin().post(&test, json!({})).await.expect(200);
    assert_eq!(endpoint.next().await.header("x-api-key"), "k-1");
    let named = world.admin().post(&path(&id, "copy"), json!({"name": "Valve"})).await.expect(201);
    assert_eq!(named["name"], "Valve");
    assert_eq!(world.admin().get("/v1/integrations").await.expect(200).as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn a_copy_for_a_product_keeps_its_name_and_leaves_the_device_out_with_a_warning() {
    let world = World::start().await;
    let product = world.product("Pump").await;
    let id = world.integration(hook("https://example.com")).await;
    let scope = format!("product:{product}");
    let copy = world.admin().post(&path(&id, "copy"), json!({"scope": scope})).await.expect(201);
    assert_eq!((&copy["scope"], &copy["name"], copy.get("deviceID")), (&json!(scope), &json!("Pump"), None));
    assert!(copy["warnings"].to_string().contains("device-filter-dropped"), "{}", copy["warnings"]);
}

#[tokio::test]
async fn a_move_takes_an_integration_from_one_scope_to_another_as_it_was() {
    let world = World::start().await;
    let endpoint = world.endpoint([reply(200)]).await;
    let product = world.product("Pump").await;
    let scope = format!("product:{product}");
    let id = world.integration(hook(&endpoint.url)).await;
    let moved = world.admin().post(&path(&id, "move"), json!({"scope": scope})).await.expect(201);
    assert_eq!(
        (&moved["scope"], &moved["name"], moved.get("disabled_since")),
        (&json!(scope), &json!("Pump"), None)
    );
    assert!(moved["warnings"].to_string().contains("device-filter-dropped"), "{}", moved["warnings"]);
    world.admin().get(&format!("/v1/integrations/{id}")).await.expect(404);
    assert_eq!(world.admin().get("/v1/integrations").await.expect(200), json!([]));

    world.publish("t", "of a person").await;
    let publish = format!("/v1/products/{product}/events");
    world.admin().post(&publish, json!({"name": "t", "data": "of the product"})).await.expect(200);
    let request = endpoint.next().await;
    assert!(
        request.body.contains("of+the+product") || request.body.contains("of%20the%20product"),
        "{}",
        request.body
    );
    assert_eq!(request.header("x-api-key"), "k-1");
    world.settled().await;
    assert_eq!(endpoint.hits(), 1);
}

#[tokio::test]
async fn what_was_switched_off_stays_so_wherever_it_is_moved_and_survives_a_restart() {
    let mut world = World::start().await;
    let product = world.product("Pump").await;
    let mut template = hook("https://example.com");
    template["disabled"] = true.into();
    let id = world.integration(template).await;
    world.tick(crate::world::secs(60));
    let scope = json!({"scope": format!("product:{product}")});
    let moved = world.admin().post(&path(&id, "move"), scope).await.expect(201);
    assert_eq!(moved["disabled_since"], "2026-01-02T03:04:05.678Z");
    world.restart().await;
    world.admin().get(&format!("/v1/integrations/{id}")).await.expect(404);
    let list = world.admin().get(&format!("/v1/products/{product}/integrations")).await.expect(200);
    assert_eq!((list.as_array().unwrap().len(), &list[0]["id"]), (1, &moved["id"]));
}

#[tokio::test]
async fn nowhere_to_move_to_is_refused_by_name() {
    let world = World::start().await;
    let id = world.integration(hook("https://example.com")).await;
    let own = world.admin().get(&format!("/v1/integrations/{id}")).await.expect(200)["integration"]["scope"]
        .clone();
    let refused = world.admin().post(&path(&id, "move"), json!({"scope": own})).await.expect(400);
    assert_eq!(refused["field"], "scope");
    world.admin().post(&path(&id, "move"), json!({})).await.expect(400);
    world.admin().post(&path(&id, "move"), json!({"scope": "product:4711"})).await.expect(404);
    let long = json!({"name": "x".repeat(300)});
    assert_eq!(world.admin().post(&path(&id, "copy"), long).await.expect(400)["field"], "name");
}

#[tokio::test]
async fn copying_and_moving_take_the_right_to_change_both_scopes() {
    let world = World::start().await;
    let product = world.product("Pump").await;
    let scope = format!("product:{product}");
    let hook = hook("https://example.com");
    let mut of_product = hook.clone();
    of_product.as_object_mut().unwrap().remove("deviceID");
    let of_product = world.integration_in(&format!("/v1/products/{product}"), of_product).await;
    let ada = world.person("ada@example.com").await;
    let own = ada.post("/v1/integrations", hook).await.expect(201);
    let (own, own_scope) = (own["id"].as_str().unwrap(), &own["scope"]);
    let statuses = async || {
        let carry_off = ada.post(&path(&of_product, "copy"), json!({"scope": own_scope})).await.status;
        let bring_in = ada.post(&path(own, "copy"), json!({"scope": scope})).await.status;
        let take = ada.post(&path(&of_product, "move"), json!({"scope": own_scope})).await.status;
        (carry_off, bring_in, take)
    };
    assert_eq!(statuses().await, (404, 404, 404));
    let team = format!("/v1/products/{product}/team");
    let member = |role: &str| json!({"username": "ada@example.com", "role": role});
    world.admin().post(&team, member("view-only")).await.expect(201);
    assert_eq!(statuses().await, (403, 403, 403));
    world.admin().put(&format!("{team}/ada@example.com"), member("developer")).await.expect(200);
    assert_eq!(statuses().await, (201, 201, 201));
}
