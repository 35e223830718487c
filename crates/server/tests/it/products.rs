//! Products, their fleets and teams, and organisations above them.

use reqwest::Method;
use reqwest::header::CONTENT_TYPE;
use serde_json::{Value, json};

use crate::world::{Visitor, World};

const ID: &str = "0123456789abcdef01234567";
const OTHER: &str = "89abcdef0123456701234567";

async fn upload(visitor: &Visitor, product: u64, file: &str) -> Value {
    let body = format!(
        "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"devices.txt\"\r\n\r\n{file}\r\n--x--\r\n"
    );
    let request = visitor.request(Method::POST, &format!("/v1/products/{product}/devices"));
    let request = request.header(CONTENT_TYPE, "multipart/form-data; boundary=x").body(body);
    visitor.send(request).await.expect(200)
}

#[tokio::test]
async fn a_product_is_found_by_number_and_by_slug() {
    let world = World::start().await;
    let id = world.product("My Product v1").await;
    let by_number = world.admin().get(&format!("/v1/products/{id}")).await.expect(200);
    let by_slug = world.admin().get("/v1/products/my-product-v1").await.expect(200);
    assert_eq!(by_number, by_slug);
    assert_eq!(by_number["product"]["name"], "My Product v1");
    for path in ["/v1/products", "/v1/user/products"] {
        assert_eq!(world.admin().get(path).await.expect(200)["products"][0]["id"], id);
    }
}

#[tokio::test]
async fn somebody_elses_product_is_not_found() {
    let world = World::start().await;
    let id = world.product("Pump").await;
    let other = world.person("ada@example.com").await;
    for path in ["", "/devices", "/integrations", "/events", "/team"] {
        let refusal = other.get(&format!("/v1/products/{id}{path}")).await.expect(404);
        assert_eq!(
            (&refusal["ok"], &refusal["error"]),
            (&json!(false), &json!("Product not found.")),
            "{path}"
        );
    }
}

#[tokio::test]
async fn devices_come_by_file_or_one_by_one_and_pages_say_where_they_stand() {
    let world = World::start().await;
    let id = world.product("Pump").await;
    let imported = upload(world.admin(), id, &format!("{ID}\r\nnot-an-id\r\n")).await;
    assert_eq!(
        imported,
        json!({"updated": 1, "nonmemberDeviceIds": [], "invalidDeviceIds": ["not-an-id"], "protectedDeviceIds": []})
    );
    let path = format!("/v1/products/{id}/devices");
    assert_eq!(world.admin().post(&path, json!({"id": OTHER})).await.expect(200)["updated"], 1);

    let page = world.admin().get(&format!("{path}?page=2&per_page=1&sortAttr=deviceId")).await.expect(200);
    assert_eq!(page["devices"][0]["id"], OTHER);
    assert_eq!(page["devices"][0]["product_id"], id);
    assert_eq!(page["customers"], json!([]));
    assert_eq!(
        page["meta"],
        json!({"page": 2, "per_page": 1, "total_pages": 2, "total": 2, "total_records": 2})
    );
    assert_eq!(
        world.admin().get(&format!("{path}?perPage=20000")).await.expect(200)["meta"]["per_page"],
        20_000
    );
    world.admin().get(&format!("{path}?per_page=20001")).await.expect(400);
    let found = world.admin().get(&format!("{path}?deviceId=0123")).await.expect(200);
    assert_eq!(found["meta"]["total"], 1);
}

#[tokio::test]
async fn a_device_cannot_be_taken_from_another_product_or_from_an_owner_outside_the_team() {
    let world = World::start().await;
    let (one, two) = (world.product("One").await, world.product("Two").await);
    upload(world.admin(), one, ID).await;
    let stranger = world.person("ada@example.com").await;
    stranger.post("/v1/devices", json!({"id": OTHER})).await.expect(200);

    let imported = upload(world.admin(), two, &format!("{ID}\n{OTHER}\n")).await;
    assert_eq!((&imported["updated"], &imported["nonmemberDeviceIds"]), (&json!(0), &json!([ID, OTHER])));
}

#[tokio::test]
async fn a_product_device_is_changed_freed_and_removed() {
    let world = World::start().await;
    let id = world.product("Pump").await;
    upload(world.admin(), id, ID).await;
    let path = format!("/v1/products/{id}/devices/{ID}");
    let change = json!({"name": "north", "notes": "by the well", "development": true, "desired_firmware_version": 3, "groups": ["a"]});
    let changed = world.admin().put(&path, change.clone()).await.expect(200);
    for key in ["name", "notes", "development", "desired_firmware_version", "groups"] {
        assert_eq!(changed[key], change[key], "{key}");
    }
    world.admin().post("/v1/devices", json!({"id": ID})).await.expect(200);
    assert_eq!(world.admin().get(&path).await.expect(200)["owner"], "admin@example.com");

    world.admin().delete(&format!("{path}/owner")).await.expect(200);
    assert_eq!(world.admin().get(&path).await.expect(200)["owner"], Value::Null);
    let remove = world.admin().request(Method::DELETE, &path).json(&json!({"deny": false}));
    world.admin().send(remove).await.expect(200);
    world.admin().get(&path).await.expect(403);
}

#[tokio::test]
async fn a_role_allows_what_it_says_and_no_more() {
    let world = World::start().await;
    let id = world.product("Pump").await;
    let ada = world.person("ada@example.com").await;
    let team = format!("/v1/products/{id}/team");
    let hook = json!({"event": "t", "url": "https://example.com"});
    let add = json!({"username": "ada@example.com", "role": "view-only"});
    world.admin().post(&team, add.clone()).await.expect(201);
    world.admin().post(&team, add).await.expect(409);

    ada.get(&format!("/v1/products/{id}")).await.expect(200);
    ada.post(&format!("/v1/products/{id}/integrations"), hook.clone()).await.expect(403);
    ada.post(&format!("/v1/products/{id}/events"), json!({"name": "t"})).await.expect(403);

    world.admin().put(&format!("{team}/ada@example.com"), json!({"role": "developer"})).await.expect(200);
    ada.post(&format!("/v1/products/{id}/integrations"), hook).await.expect(201);
    ada.post(&team, json!({"username": "admin@example.com", "role": "support"})).await.expect(403);

    world.admin().put(&format!("{team}/ada@example.com"), json!({"role": "administrator"})).await.expect(200);
    ada.put(&format!("{team}/ada@example.com"), json!({"role": "owner"})).await.expect(403);
    ada.delete(&format!("{team}/admin@example.com")).await.expect(403);
    ada.delete(&format!("/v1/products/{id}")).await.expect(403);

    ada.delete(&format!("{team}/ada@example.com")).await.expect(200);
    ada.get(&format!("/v1/products/{id}")).await.expect(404);
    let last = world.admin().delete(&format!("{team}/admin@example.com")).await;
    assert!(last.refusal(409).contains("at least one owner"));
}

#[tokio::test]
async fn a_member_taken_off_the_team_hears_nothing_more() {
    let world = World::start().await;
    let id = world.product("Pump").await;
    let ada = world.person("ada@example.com").await;
    let team = format!("/v1/products/{id}/team");
    world.admin().post(&team, json!({"username": "ada@example.com", "role": "view-only"})).await.expect(201);
    let mut stream = ada.stream(&format!("/v1/products/{id}/events")).await;

    world.admin().delete(&format!("{team}/ada@example.com")).await.expect(200);
    world.admin().post(&format!("/v1/products/{id}/events"), json!({"name": "t"})).await.expect(200);
    assert_eq!(stream.next_or_end().await, None);
}

#[tokio::test]
async fn an_organisation_has_products_events_and_integrations_of_its_own() {
    let world = World::start().await;
    let made =
        world.admin().post("/fieldhook/v1/organisations", json!({"name": "Green Farm"})).await.expect(201);
    assert_eq!(made["organization"]["slug"], "green-farm");
    assert_eq!(world.admin().get("/v1/orgs").await.expect(200)["organizations"][0]["slug"], "green-farm");
    world.admin().post("/v1/orgs/green-farm/events", json!({"name": "t"})).await.expect(409);

    let product = json!({"product": {"name": "Pump", "platform_id": 12}});
    let product = world.admin().post("/v1/orgs/green-farm/products", product).await.expect(201);
    let number = product["product"]["id"].clone();
    assert_eq!(product["product"]["org"], "green-farm");
    let mut stream = world.admin().stream("/v1/orgs/green-farm/events/t").await;
    world.admin().post("/v1/orgs/green-farm/events", json!({"name": "t", "data": "1"})).await.expect(200);
    assert_eq!(stream.next().await.json["productID"], number);

    let hook = json!({"event": "t", "url": "https://example.com", "products": [number]});
    world.admin().post("/v1/orgs/green-farm/integrations", hook).await.expect(201);
    assert_eq!(
        world.admin().get("/v1/orgs/green-farm/integrations").await.expect(200).as_array().unwrap().len(),
        1
    );
    assert_eq!(world.admin().get("/v1/integrations").await.expect(200), json!([]));
    world.person("ada@example.com").await.get("/v1/orgs/green-farm").await.expect(404);
}
