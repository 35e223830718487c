//! Devices: claimed, renamed, given away, speaking with tokens of their own.

use serde_json::{Value, json};

use crate::world::{World, secs};

const ID: &str = "0123456789abcdef01234567";
const OTHER: &str = "89abcdef0123456701234567";

#[tokio::test]
async fn a_device_with_an_unused_id_is_made_and_claimed() {
    let world = World::start().await;
    let claimed = world.admin().post("/v1/devices", json!({"id": ID.to_uppercase()})).await.expect(200);
    for key in ["id", "deviceID"] {
        assert_eq!(claimed[key], ID, "{key}");
    }
    assert_eq!((&claimed["ok"], &claimed["claimed"]), (&json!(true), &json!(true)));

    let list = world.admin().get("/v1/devices").await.expect(200);
    assert_eq!(list.as_array().unwrap().len(), 1);
    let keys =
        ["id", "name", "last_heard", "product_id", "platform_id", "online", "connected", "status", "notes"];
    assert!(keys.iter().all(|key| list[0].get(*key).is_some()), "{list}");
    assert!(list[0].get("functions").is_none());
    let one = world.admin().get(&format!("/v1/devices/{ID}")).await.expect(200);
    assert_eq!((&one["functions"], &one["variables"]), (&json!([]), &json!({})));
}

#[tokio::test]
async fn a_device_is_found_by_id_and_by_name_and_only_by_its_owner() {
    let world = World::start().await;
    world.device(ID).await;
    let renamed =
        world.admin().put(&format!("/v1/devices/{ID}"), json!({"name": "kitchen"})).await.expect(200);
    assert_eq!(renamed, json!({"id": ID, "name": "kitchen"}));
    assert_eq!(world.admin().get("/v1/devices/kitchen").await.expect(200)["id"], ID);

    let other = world.person("ada@example.com").await;
    for path in [format!("/v1/devices/{ID}"), "/v1/devices/kitchen".to_owned()] {
        let refusal = other.get(&path).await.expect(403);
        assert_eq!(refusal["error"], "Permission Denied");
        assert!(refusal["info"].as_str().unwrap().contains("I didn't recognize that device name or ID"));
    }
}

#[tokio::test]
async fn somebody_elses_device_cannot_be_claimed() {
    let world = World::start().await;
    world.device(ID).await;
    let refusal =
        world.person("ada@example.com").await.post("/v1/devices", json!({"id": ID})).await.expect(403);
    assert!(refusal["errors"][0].as_str().unwrap().contains("belongs to someone else"), "{refusal}");
}

#[tokio::test]
async fn two_devices_of_one_person_have_different_names() {
    let world = World::start().await;
    world.device(ID).await;
    world.device(OTHER).await;
    world.admin().put(&format!("/v1/devices/{ID}"), json!({"name": "kitchen"})).await.expect(200);
    world.admin().put(&format!("/v1/devices/{OTHER}"), json!({"name": "Kitchen"})).await.expect(409);
}

#[tokio::test]
async fn a_device_is_online_while_it_publishes() {
    let world = World::start().await;
    let device = world.device(ID).await;
    let ping = || async { world.admin().put(&format!("/v1/devices/{ID}/ping"), json!({})).await.expect(200) };
    assert_eq!(ping().await, json!({"online": false, "ok": true}));

    device.post("/v1/devices/events", json!({"name": "t"})).await.expect(200);
    assert_eq!(ping().await["online"], true);
    world.advance(secs(15 * 60)).await;
    assert_eq!(ping().await["online"], false);
}

#[tokio::test]
async fn a_device_token_publishes_and_listens_and_does_nothing_else() {
    let world = World::start().await;
    let device = world.device(ID).await;
    let mut stream = device.stream("/v1/devices/events/t").await;
    device.post("/v1/devices/events", json!({"name": "t", "data": "1"})).await.expect(200);
    let event = stream.next().await;
    assert_eq!((event.name.as_str(), &event.json["coreid"]), ("t", &json!(ID)));

    for path in ["/v1/devices", "/v1/user", "/v1/integrations", "/v1/access_tokens/current", "/v1/products"] {
        device.get(path).await.expect(403);
    }
    let refusal = device.get("/v1/devices/events").await.refusal(400);
    assert!(refusal.contains("which events it listens for"), "{refusal}");
}

#[tokio::test]
async fn a_new_token_replaces_the_one_before_and_a_new_owner_ends_it() {
    let world = World::start().await;
    let publish = json!({"name": "t"});
    let first = world.device(ID).await;
    let second = world.device_token(ID).await;
    first.post("/v1/devices/events", publish.clone()).await.expect(401);
    second.post("/v1/devices/events", publish.clone()).await.expect(200);

    let mut stream = second.stream("/v1/devices/events/t").await;
    assert_eq!(world.admin().delete(&format!("/v1/devices/{ID}")).await.expect(200), json!({"ok": true}));
    second.post("/v1/devices/events", publish.clone()).await.expect(401);
    world.publish("t", "not for a device given away").await;
    assert_eq!(stream.next_or_end().await, None);
}

#[tokio::test]
async fn an_unclaimed_device_is_nobodys() {
    let world = World::start().await;
    world.device(ID).await;
    world.admin().delete(&format!("/v1/devices/{ID}")).await.expect(200);
    assert_eq!(world.admin().get("/v1/devices").await.expect(200), Value::Array(Vec::new()));
    world.person("ada@example.com").await.post("/v1/devices", json!({"id": ID})).await.expect(200);
}
