//! Sending a template once, before it is saved or beside what is saved.

use serde_json::{Value, json};

use crate::world::{Visitor, World, reply};

const SEND: &str = "/fieldhook/v1/render/send";
const DEVICE: &str = "0123456789abcdef01234567";
const MASK: &str = "[[SENSITIVE]]";

async fn sent(visitor: &Visitor, asked: Value) -> Value {
    visitor.post(SEND, asked).await.expect(200)["attempt"].clone()
}

async fn attempts(world: &World) -> Vec<Value> {
    world.settled().await;
    let page = world.admin().get("/fieldhook/v1/attempts").await.expect(200);
    page["items"].as_array().expect("a list has items").clone()
}

#[tokio::test]
async fn a_draft_is_sent_once_and_leaves_no_trace_in_the_log() {
    let world = World::start().await;
    let endpoint = world.endpoint([reply(404).body("no such room")]).await;
    let template =
        json!({"event": "temp", "url": endpoint.url, "body": "{{{PARTICLE_EVENT_VALUE}}} in {{room}}"});
    let event = json!({"name": "temp/kitchen", "data": {"room": "attic"}, "published_at": "2026-01-01T00:00:00.000Z"});
    let attempt = sent(world.admin(), json!({"template": template, "event": event})).await;

    assert_eq!((&attempt["outcome"], &attempt["status"]), (&json!("error"), &json!(404)));
    assert_eq!(attempt["response"]["body"]["text"], "no such room");
    assert_eq!(
        (&attempt["trigger"]["kind"], &attempt["next"]["verdict"]),
        (&json!("test"), &json!("failed"))
    );
    assert_eq!(attempt["event"]["published_at"], "2026-01-01T00:00:00.000Z");
    assert_eq!(endpoint.next().await.body, r#"{"room":"attic"} in attic"#);
    assert_eq!(attempts(&world).await, [Value::Null; 0]);
    assert_eq!(world.admin().get("/fieldhook/v1/events").await.expect(200)["items"], json!([]));
    assert_eq!(endpoint.hits(), 1);
}

#[tokio::test]
async fn a_draft_of_an_integration_is_logged_as_a_test_and_uses_what_is_saved_for_its_masks() {
    let world = World::start().await;
    let endpoint = world.endpoint([reply(200)]).await;
    let secret = json!({"X-Api-Key": "k-1"});
    let id = world.integration(json!({"event": "t", "url": endpoint.url, "headers": secret})).await;
    let changed =
        json!({"event": "t", "url": endpoint.url, "requestType": "PUT", "headers": {"X-Api-Key": MASK}});
    let attempt = sent(world.admin(), json!({"template": changed, "integration": id})).await;

    assert_eq!((&attempt["outcome"], &attempt["integration"]), (&json!("success"), &json!(id)));
    let request = endpoint.next().await;
    assert_eq!((request.method.as_str(), request.header("x-api-key")), ("PUT", "k-1"));
    assert!(!attempt["request"].to_string().contains("k-1"));
    let log = world.log(&id).await;
    assert_eq!((&log[0]["id"], &log[0]["trigger"]), (&attempt["id"], &json!("test")));
    assert_eq!(world.books(&id).await["matched"], 0);
    let saved = world.admin().get(&format!("/v1/integrations/{id}")).await.expect(200);
    assert_eq!(saved["integration"]["revision"], 1, "nothing was saved");
}

#[tokio::test]
async fn a_draft_can_go_to_a_test_endpoint_or_to_any_url_instead() {
    let world = World::start().await;
    let real = world.endpoint([reply(200)]).await;
    let other = world.endpoint([reply(200)]).await;
    let tester = world.admin().post("/fieldhook/v1/tester", json!({})).await.expect(201);
    let template = json!({"event": "t", "url": real.url, "body": "hello"});
    for to in [&tester["id"], &tester["url"], &json!(other.url)] {
        let attempt = sent(world.admin(), json!({"template": template, "to": to})).await;
        assert_eq!(attempt["outcome"], "success", "{to}: {attempt}");
    }
    assert_eq!((real.hits(), other.hits()), (0, 1));
    let path = format!("/fieldhook/v1/tester/{}/requests", tester["id"].as_str().unwrap());
    let caught = world.admin().get(&path).await.expect(200);
    assert_eq!(caught["items"].as_array().unwrap().len(), 2);

    let refused = async |visitor: &Visitor, to: &str, status| {
        visitor.post(SEND, json!({"template": template, "to": to})).await.expect(status)["field"].clone()
    };
    assert_eq!(refused(world.admin(), "ftp://example.com", 400).await, "to");
    assert_eq!(refused(world.admin(), "https://user@example.com", 400).await, "to");
    let stranger = world.person("stranger@example.com").await;
    assert_eq!(refused(&stranger, tester["id"].as_str().unwrap(), 404).await, "to");
}

#[tokio::test]
async fn the_address_guard_holds_for_drafts_too() {
    let world = World::start_with(|config| config.allow_destinations.clear()).await;
    let endpoint = world.endpoint([reply(200)]).await;
    let template = json!({"event": "t", "url": "https://example.com"});
    let attempt = sent(world.admin(), json!({"template": template, "to": endpoint.url})).await;
    assert_eq!((&attempt["outcome"], &attempt["code"]), (&json!("error"), &json!("EBLOCKED")));
    assert_eq!(endpoint.hits(), 0);
}

#[tokio::test]
async fn the_event_of_a_draft_stands_in_the_drafts_scope_and_has_an_id_of_its_own() {
    let world = World::start().await;
    let endpoint = world.endpoint([reply(200)]).await;
    let device = world.device(DEVICE).await;
    let product = world.product("Pump").await;
    let theirs = world.publish("t", "not for everybody").await;
    let stranger = world.person("stranger@example.com").await;
    let id = stranger.post("/v1/integrations", json!({"event": "t", "url": endpoint.url})).await.expect(201);
    let send = async |event: Value| {
        let template = json!({"event": "t", "url": endpoint.url, "responseTopic": "answer"});
        stranger.post(SEND, json!({"template": template, "integration": id["id"], "event": event})).await
    };

    let mut heard = world.admin().stream(&format!("/v1/products/{product}/events")).await;
    let attempt = send(json!({"id": theirs, "data": "mine", "product": product})).await.expect(200);
    let attempt = &attempt["attempt"];
    assert_ne!(attempt["event"]["id"], json!(theirs));
    assert_eq!((&attempt["event"]["data"], &attempt["event"]["product"]), (&json!("mine"), &Value::Null));
    let path = format!("/fieldhook/v1/attempts/{}", attempt["id"].as_str().unwrap());
    assert_eq!(stranger.get(&path).await.expect(200)["event"]["data"], "mine");

    let refused = send(json!({"coreid": DEVICE})).await.expect(403);
    assert_eq!(refused["field"], "event.coreid");
    world.admin().post(&format!("/v1/products/{product}/events"), json!({"name": "end"})).await.expect(200);
    assert_eq!(heard.next().await.name, "end", "no reply came into a product of somebody else's");
    drop(device);
}

#[tokio::test]
async fn whoever_may_only_test_sends_no_secret_to_a_place_of_their_choice() {
    let world = World::start().await;
    let endpoint = world.endpoint([reply(200)]).await;
    let product = world.product("Pump").await;
    let scope = format!("product:{product}");
    let put = format!("/fieldhook/v1/secrets/API_KEY?scope={scope}");
    world.admin().put(&put, json!({"value": "k-1"})).await.expect(200);
    let hook =
        json!({"event": "t", "url": "https://example.com", "headers": {"Authorization": "Bearer k-2"}});
    let id = world.integration_in(&format!("/v1/products/{product}"), hook).await;
    let ada = world.person("ada@example.com").await;
    let team = format!("/v1/products/{product}/team");
    let plain = json!({"template": {"event": "t", "url": endpoint.url}, "scope": scope});
    let named = json!({
        "template": {"event": "t", "url": endpoint.url, "body": "{{API_KEY}}", "secrets": ["API_KEY"]}, "scope": scope
    });
    let saved = json!({
        "template": {"event": "t", "url": "https://example.com", "headers": {"Authorization": MASK}},
        "integration": id, "to": endpoint.url
    });
    ada.post(SEND, plain.clone()).await.expect(404);
    for (role, of_plain, of_secret) in
        [("view-only", 403, 403), ("support", 200, 403), ("developer", 200, 200)]
    {
        let member = json!({"username": "ada@example.com", "role": role});
        if role == "view-only" {
            world.admin().post(&team, member).await.expect(201);
        } else {
            world.admin().put(&format!("{team}/ada@example.com"), member).await.expect(200);
        }
        assert_eq!(ada.post(SEND, plain.clone()).await.status, of_plain, "{role}");
        assert_eq!(ada.post(SEND, named.clone()).await.status, of_secret, "{role}");
        assert_eq!(ada.post(SEND, saved.clone()).await.status, of_secret, "{role}");
    }
    let carried: Vec<_> =
        endpoint.seen().iter().map(|seen| seen.header("authorization").to_owned()).collect();
    assert_eq!(carried, ["", "", "", "Bearer k-2"]);
}

#[tokio::test]
async fn a_draft_that_is_broken_is_refused_and_one_that_breaks_on_its_event_is_answered() {
    let world = World::start().await;
    let refused = world.admin().post(SEND, json!({"template": {"event": "t"}})).await.expect(400);
    assert!(refused["findings"].is_array(), "{refused}");
    let template = json!({"event": "t", "url": "https://example.com", "json": "{\"v\": {{{v}}}}"});
    let attempt = sent(world.admin(), json!({"template": template})).await;
    assert_eq!((&attempt["code"], &attempt["request"]), (&json!("ERENDER"), &Value::Null));
}
