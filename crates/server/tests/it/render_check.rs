//! Trying a template with the events that would have fired it last.

use serde_json::{Value, json};

use crate::world::{Visitor, World, reply};

const CHECK: &str = "/fieldhook/v1/render/check";
const DEVICE: &str = "0123456789abcdef01234567";
const OTHER_DEVICE: &str = "89abcdef0123456701234567";

fn template(event: &str) -> Value {
    json!({
        "event": event, "url": "https://example.com", "noDefaults": true,
        "json": "{\"v\": {{{v}}}, \"room\": \"{{{room}}}\"}",
    })
}

async fn published(visitor: &Visitor, name: &str, data: &str) {
    visitor.post("/v1/devices/events", json!({"name": name, "data": data})).await.expect(200);
}

#[tokio::test]
async fn a_template_is_tried_with_the_newest_events_that_would_fire_it() {
    let world = World::start().await;
    for (name, data) in [
        ("temp/a", r#"{"v": 1, "room": "attic"}"#),
        ("temp/b", r#"{"v": 2}"#),
        ("temp/c", r#"{"room": "attic"}"#),
        ("Temp", "{}"),
    ] {
        world.publish(name, data).await;
        world.tick(std::time::Duration::from_millis(1));
    }
    let checked = world.admin().post(CHECK, json!({"template": template("temp")})).await.expect(200);
    assert_eq!(
        (&checked["events"], &checked["rendered"], &checked["broken_count"]),
        (&json!(3), &json!(2), &json!(1))
    );
    let broken = &checked["broken"][0];
    assert_eq!(broken["event"]["name"], "temp/c");
    assert_eq!(
        (&broken["findings"][0]["code"], &broken["findings"][0]["level"]),
        (&json!("json-broken"), &json!("error"))
    );
    let third = 1.0 / 3.0;
    let missing =
        json!([{"name": "room", "count": 1, "share": third}, {"name": "v", "count": 1, "share": third}]);
    assert_eq!(checked["missing"], missing);

    let newest = json!({"template": template("temp"), "limit": 1});
    let checked = world.admin().post(CHECK, newest).await.expect(200);
    assert_eq!((&checked["events"], &checked["broken_count"]), (&json!(1), &json!(1)));
}

#[tokio::test]
async fn without_events_there_is_nothing_to_say() {
    let world = World::start().await;
    let checked = world.admin().post(CHECK, json!({"template": template("temp")})).await.expect(200);
    assert_eq!(checked, json!({"events": 0, "rendered": 0, "broken": [], "broken_count": 0, "missing": []}));
}

#[tokio::test]
async fn only_events_that_the_integration_would_hear_are_tried() {
    let world = World::start().await;
    let one = world.device(DEVICE).await;
    let other = world.device(OTHER_DEVICE).await;
    published(&one, "temp", r#"{"v": 1}"#).await;
    published(&other, "temp", r#"{"v": 2}"#).await;
    world.admin().post("/v1/devices/events", json!({"name": "temp", "data": "{\"v\": 3}"})).await.expect(200);
    let events = async |visitor: &Visitor, asked: Value| {
        visitor.post(CHECK, asked).await.expect(200)["events"].clone()
    };

    let mut narrowed = template("temp");
    narrowed["deviceID"] = DEVICE.into();
    assert_eq!(events(world.admin(), json!({"template": narrowed})).await, 1);
    assert_eq!(events(world.admin(), json!({"template": template("temp")})).await, 3);
    let product = world.product("Pump").await;
    let of_product = json!({"template": template("temp"), "scope": format!("product:{product}")});
    assert_eq!(events(world.admin(), of_product.clone()).await, 0);
    let publish = format!("/v1/products/{product}/events");
    world.admin().post(&publish, json!({"name": "temp", "data": "{\"v\": 4}"})).await.expect(200);
    assert_eq!(events(world.admin(), of_product.clone()).await, 1);

    let stranger = world.person("stranger@example.com").await;
    assert_eq!(events(&stranger, json!({"template": template("temp")})).await, 0);
    stranger.post(CHECK, of_product.clone()).await.expect(404);
    let viewer = json!({"username": "stranger@example.com", "role": "view-only"});
    world.admin().post(&format!("/v1/products/{product}/team"), viewer).await.expect(201);
    assert_eq!(events(&stranger, of_product).await, 1);
}

#[tokio::test]
async fn an_organisations_template_is_tried_with_the_events_of_the_products_it_lists() {
    let world = World::start().await;
    let made =
        world.admin().post("/fieldhook/v1/organisations", json!({"name": "Green Farm"})).await.expect(201);
    let scope = format!("org:{}", made["organization"]["id"].as_str().unwrap());
    let mut numbers = Vec::new();
    for name in ["Pump", "Valve"] {
        let product = json!({"product": {"name": name, "platform_id": 12}});
        let made = world.admin().post("/v1/orgs/green-farm/products", product).await.expect(201);
        numbers.push(made["product"]["id"].as_u64().unwrap());
    }
    for number in &numbers {
        let event = json!({"name": "temp", "data": "{\"v\": 1}"});
        world.admin().post(&format!("/v1/products/{number}/events"), event).await.expect(200);
    }
    let mut listing = template("temp");
    listing["products"] = json!([numbers[1]]);
    let checked = world.admin().post(CHECK, json!({"template": listing, "scope": scope})).await.expect(200);
    assert_eq!((&checked["events"], &checked["rendered"]), (&json!(1), &json!(1)));
}

#[tokio::test]
async fn a_template_that_no_event_can_mend_is_refused_with_what_was_found() {
    let world = World::start().await;
    let mut broken = template("temp");
    broken["url"] = "https://example.com/{{x".into();
    let refused = world.admin().post(CHECK, json!({"template": broken})).await.expect(400);
    assert_eq!(
        (&refused["field"], &refused["findings"][0]["code"]),
        (&json!("url"), &json!("template-syntax"))
    );
    for limit in [0, 1_001] {
        let asked = json!({"template": template("temp"), "limit": limit});
        assert_eq!(world.admin().post(CHECK, asked).await.expect(400)["field"], "limit");
    }
}

#[tokio::test]
async fn a_masked_secret_counts_as_what_is_saved_and_nothing_is_sent() {
    let world = World::start().await;
    let endpoint = world.endpoint([reply(200)]).await;
    let headers = json!({"Authorization": "Bearer very secret"});
    let hook = json!({"event": "t", "url": endpoint.url, "headers": headers, "disabled": true});
    let id = world.integration(hook).await;
    world.publish("t", "1").await;

    let template = json!({"event": "t", "url": endpoint.url, "headers": {"Authorization": "[[SENSITIVE]]"}});
    let masked = json!({"template": template, "integration": id});
    let checked = world.admin().post(CHECK, masked).await.expect(200);
    assert_eq!((&checked["events"], &checked["rendered"]), (&json!(1), &json!(1)));
    world.admin().post(CHECK, json!({"template": template})).await.expect(400);
    assert_eq!(endpoint.hits(), 0);
}
