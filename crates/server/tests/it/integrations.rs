//! Integrations: saved, shown, replaced, tested, deleted, in Particle's shapes.

use reqwest::Method;
use serde_json::{Value, json};

use crate::world::{World, reply};

const MASK: &str = "[[SENSITIVE]]";

#[tokio::test]
async fn a_new_integration_is_answered_with_its_record_and_listed_without_history() {
    let world = World::start().await;
    let template =
        json!({"event": "temp", "url": "https://example.com/in", "integration_type": "Webhook", "mine": 1});
    let made = world.admin().post("/v1/integrations", template).await.expect(201);
    assert_eq!(
        (&made["ok"], &made["event"], &made["integration_type"]),
        (&json!(true), &json!("temp"), &json!("Webhook"))
    );
    assert_eq!((&made["noDefaults"], &made["rejectUnauthorized"]), (&json!(false), &json!(true)));
    assert_eq!(made["mine"], 1);
    assert!(made["warnings"].to_string().contains("mine"), "{}", made["warnings"]);
    assert_eq!(made["id"].as_str().unwrap().len(), 24);
    assert!(made["created_at"].as_str().unwrap().ends_with('Z'));

    let list = world.admin().get("/v1/integrations").await.expect(200);
    assert_eq!(list[0]["id"], made["id"]);
    for key in ["ok", "warnings", "logs", "counters", "error"] {
        assert_eq!(list[0].get(key), None, "{key}");
    }
}

#[tokio::test]
async fn a_single_read_has_the_last_calls_errors_and_counts() {
    let world = World::start().await;
    let endpoint = world.endpoint([reply(200).body("thanks"), reply(500)]).await;
    let template = json!({"event": "t", "url": endpoint.url, "retryPolicy": "none"});
    let id = world.integration(template).await;
    let path = format!("/v1/integrations/{id}");
    let fresh = &world.admin().get(&path).await.expect(200)["integration"];
    assert_eq!((&fresh["logs"], &fresh["errors"], &fresh["counters"]), (&json!([]), &json!([]), &json!([])));

    world.publish("t", "1").await;
    world.settled().await;
    world.publish("t", "2").await;
    world.settled().await;

    let read = &world.admin().get(&path).await.expect(200)["integration"];
    let log = &read["logs"][0];
    assert_eq!((&log["event"]["name"], &log["event"]["coreid"]), (&json!("t"), &json!("api")));
    assert!(log["request"].as_str().unwrap().starts_with("POST /"), "{log}");
    assert!(log["response"].as_str().unwrap().starts_with("HTTP/1.1 200"), "{log}");
    assert_eq!((&log["outcome"], &log["status"]), (&json!("success"), &json!(200)));
    let error = &read["errors"][0];
    assert!(error["message"].as_str().unwrap().starts_with("error status 500"), "{error}");
    assert_eq!(
        read["counters"],
        json!([{"date": "2026-01-02", "success": "1", "error": "1", "skipped": "0"}])
    );
}

#[tokio::test]
async fn a_replacement_is_total_but_masked_secrets_keep_their_values() {
    let world = World::start().await;
    let endpoint = world.endpoint([reply(200)]).await;
    let id = world
        .integration(json!({
            "event": "t", "url": endpoint.url, "name": "old", "query": {"a": "b"},
            "auth": {"username": "u", "password": "hunter2"}, "headers": {"X-Api-Key": "k-1"}
        }))
        .await;
    let path = format!("/v1/integrations/{id}");
    let mut read = world.admin().get(&path).await.expect(200)["integration"].clone();
    assert_eq!((&read["auth"]["password"], &read["headers"]["X-Api-Key"]), (&json!(MASK), &json!(MASK)));

    read.as_object_mut().unwrap().remove("query");
    read["name"] = "new".into();
    let replaced = world.admin().put(&path, read).await.expect(200);
    assert_eq!(
        (&replaced["name"], replaced.get("query"), &replaced["revision"]),
        (&json!("new"), None, &json!(2))
    );
    assert_eq!(replaced["auth"]["password"], MASK);

    world.publish("t", "1").await;
    let request = endpoint.next().await;
    assert_eq!(request.header("authorization"), "Basic dTpodW50ZXIy");
    assert_eq!(request.header("x-api-key"), "k-1");
    let revisions = world.admin().get(&format!("{path}/revisions")).await.expect(200);
    assert_eq!(revisions["items"].as_array().unwrap().len(), 2);
    assert_eq!(revisions["items"][0]["saved_by_name"], "admin@example.com");
    assert!(!revisions.to_string().contains("hunter2"));

    let newest = world.admin().get(&format!("{path}/revisions?limit=1")).await.expect(200);
    assert_eq!((&newest["items"][0]["revision"], newest["items"].get(1)), (&json!(2), None));
    let cursor = newest["next"].as_str().unwrap();
    let rest = world.admin().get(&format!("{path}/revisions?limit=1&cursor={cursor}")).await.expect(200);
    assert_eq!((&rest["items"][0]["revision"], &rest["next"]), (&json!(1), &Value::Null));
}

#[tokio::test]
async fn a_mask_without_a_value_is_refused() {
    let world = World::start().await;
    let template =
        json!({"event": "t", "url": "https://example.com", "auth": {"username": "u", "password": MASK}});
    let refusal = world.admin().post("/v1/integrations", template).await.expect(400);
    assert_eq!(refusal["field"], "auth.password");
}

#[tokio::test]
async fn everything_wrong_with_a_template_is_said_at_once() {
    let world = World::start().await;
    let template = json!({"event": "", "url": "ftp://example.com", "form": {"a": "b"}, "json": {"a": "b"}});
    let refusal = world.admin().post("/v1/integrations", template).await.expect(400);
    assert_eq!((&refusal["error"], &refusal["field"]), (&json!("invalid_request"), &json!("event")));
    let errors = refusal["findings"].as_array().unwrap().iter().filter(|finding| finding["level"] == "error");
    assert!(errors.count() >= 3, "{refusal}");
    assert_eq!(world.admin().get("/v1/integrations").await.expect(200), json!([]));
}

#[tokio::test]
async fn a_flat_form_and_old_spellings_are_understood() {
    let world = World::start().await;
    let form = [
        ("integration_type", "Webhook"),
        ("eventName", "t"),
        ("url", "https://example.com"),
        ("deviceid", "0123456789abcdef01234567"),
        ("noDefaults", "true"),
        ("json[temp]", "{{{PARTICLE_EVENT_VALUE}}}"),
    ];
    let request = world.admin().request(Method::POST, "/v1/integrations").form(&form);
    let made = world.admin().send(request).await.expect(201);
    assert_eq!((&made["event"], &made["deviceID"]), (&json!("t"), &json!("0123456789abcdef01234567")));
    assert_eq!(
        (&made["noDefaults"], &made["json"]),
        (&json!(true), &json!({"temp": "{{{PARTICLE_EVENT_VALUE}}}"}))
    );
    assert_eq!(made.get("deviceid"), None);
}

#[tokio::test]
async fn an_unknown_integration_is_not_found_in_particles_words() {
    let world = World::start().await;
    let id = world.integration(json!({"event": "t", "url": "https://example.com"})).await;
    let product = world.product("Pump").await;
    for path in [
        "/v1/integrations/aaaaaaaaaaaaaaaaaaaaaaaa".to_owned(),
        "/v1/webhooks/nothing".to_owned(),
        format!("/v1/products/{product}/integrations/{id}"),
    ] {
        for reply in [world.admin().get(&path).await, world.admin().delete(&path).await] {
            let refusal = reply.expect(404);
            assert_eq!(
                (&refusal["ok"], &refusal["error"]),
                (&json!(false), &json!("Webhook not found")),
                "{path}"
            );
        }
    }
}

#[tokio::test]
async fn a_deleted_integration_answers_204_with_nothing() {
    let world = World::start().await;
    let id = world.integration(json!({"event": "t", "url": "https://example.com"})).await;
    let reply = world.admin().delete(&format!("/v1/integrations/{id}")).await;
    assert_eq!((reply.status, reply.text.as_str()), (204, ""));
    world.admin().get(&format!("/v1/integrations/{id}")).await.expect(404);
}

#[tokio::test]
async fn the_older_routes_see_the_same_integrations() {
    let world = World::start().await;
    let template = json!({"event": "t", "url": "https://example.com"});
    let made = world.admin().post("/v1/webhooks", template).await.expect(201);
    let id = made["id"].as_str().unwrap();
    assert_eq!(made["ok"], true);
    assert_eq!(made["hookUrl"], format!("{}/v1/webhooks/{id}", world.url()));
    assert_eq!(world.admin().get("/v1/webhooks/").await.expect(200)[0]["id"], id);
    let read = world.admin().get(&format!("/v1/webhooks/{id}")).await.expect(200);
    assert_eq!(read["webhook"]["logs"], json!([]));
    world.admin().get(&format!("/v1/integrations/{id}")).await.expect(200);
    world.admin().delete(&format!("/v1/webhooks/{id}")).await.expect(204);
}

#[tokio::test]
async fn a_test_answers_how_its_attempt_ended() {
    let world = World::start().await;
    let endpoint = world.endpoint([reply(200), reply(500)]).await;
    let id = world.integration(json!({"event": "temp", "url": endpoint.url})).await;
    let path = format!("/v1/integrations/{id}/test");

    let tested = world.admin().post(&path, json!({})).await.expect(200);
    assert_eq!((&tested["ok"], &tested["attempt"]["outcome"]), (&json!(true), &json!("success")));
    assert_eq!(tested["delivery"], tested["attempt"]["delivery"]);
    assert!(endpoint.next().await.body.starts_with("event=temp&data=test-event&"));

    let tested = world.admin().post(&path, json!({"event": "temp/x", "data": {"v": 1}})).await.expect(200);
    assert_eq!(tested["attempt"]["outcome"], "error");
    assert!(endpoint.next().await.body.starts_with("event=temp%2Fx&data=%7B%22v%22%3A1%7D&"));
    let stranger = world.admin().post(&path, json!({"device": "0123456789abcdef01234567"})).await;
    stranger.expect(403);
}

#[tokio::test]
async fn secrets_go_in_and_only_their_names_come_out() {
    let world = World::start().await;
    let endpoint = world.endpoint([reply(200)]).await;
    let template = json!({
        "event": "t", "url": endpoint.url, "headers": {"Authorization": "Bearer {{API_KEY}}"}, "secrets": ["API_KEY"]
    });
    let made = world.admin().post("/v1/integrations", template).await.expect(201);
    assert!(made["warnings"].to_string().contains("API_KEY"), "{made}");

    let put = world.admin().put("/fieldhook/v1/secrets/API_KEY", json!({"value": "k-1"})).await.expect(200);
    assert_eq!(put["name"], "API_KEY");
    let list = world.admin().get("/fieldhook/v1/secrets").await.expect(200);
    assert_eq!((&list["items"][0]["name"], list["items"][0].get("value")), (&json!("API_KEY"), None));
    world.publish("t", "1").await;
    assert_eq!(endpoint.next().await.header("authorization"), "Bearer k-1");

    let other = world.person("ada@example.com").await;
    let scope = list["items"][0]["scope"].as_str().unwrap();
    other.get(&format!("/fieldhook/v1/secrets?scope={scope}")).await.expect(404);
    assert_eq!(other.get("/fieldhook/v1/secrets").await.expect(200)["items"], Value::Array(Vec::new()));
    world.admin().delete("/fieldhook/v1/secrets/API_KEY").await.expect(204);
    world.admin().delete("/fieldhook/v1/secrets/API_KEY").await.expect(404);
}

#[tokio::test]
async fn a_special_address_is_warned_of_unless_the_guard_lets_it_pass() {
    let world = World::start().await;
    let findings_at = async |url: &str| {
        let asked = json!({"template": {"event": "temp", "url": url}});
        world.admin().post("/fieldhook/v1/render", asked).await.expect(200)["findings"].to_string()
    };
    assert!(findings_at("http://10.0.0.1/in").await.contains("forbidden-address"));
    // The world's server may send to loopback.
    assert!(!findings_at("http://127.0.0.1:9/in").await.contains("forbidden-address"));
}
