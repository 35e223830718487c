//! What no route can use is refused in JSON, with a sentence, and never by an accident of ours.

use reqwest::Method;
use serde_json::json;

use crate::world::World;

#[tokio::test]
async fn every_refusal_is_json_with_a_sentence_and_a_request_id() {
    let world = World::start().await;
    let admin = world.admin();
    for (method, path, status) in [
        (Method::GET, "/v1/nothing", 404),
        (Method::GET, "/v1/devices/0123456789abcdef01234567/nothing/here", 404),
        (Method::PATCH, "/v1/devices", 405),
        (Method::DELETE, "/oauth/token", 405),
        (Method::GET, "/v1/devices/%FF", 400),
        (Method::GET, "/v1/products/10001/devices?page=x", 400),
    ] {
        let reply = admin.send(admin.request(method.clone(), path)).await;
        assert_eq!(reply.status, status, "{method} {path}: {}", reply.text);
        assert!(
            reply.json["error"].is_string() && reply.json["error_description"].is_string(),
            "{}",
            reply.text
        );
        assert_eq!(reply.header("x-request-id").len(), 32);
        assert_eq!(reply.header("access-control-allow-origin"), "*");
    }
}

#[tokio::test]
async fn a_body_that_is_no_object_is_refused() {
    let world = World::start().await;
    let admin = world.admin();
    for body in [
        "[]",
        "null",
        "{",
        "\u{fffd}",
        "{\"name\":\"t\",}",
        &format!("{}1{}", "[".repeat(500), "]".repeat(500)),
    ] {
        let request =
            admin.request(Method::POST, "/v1/devices/events").header("content-type", "application/json");
        let refusal = admin.send(request.body(body.to_owned())).await.refusal(400);
        assert!(refusal.contains("JSON"), "{body}: {refusal}");
    }
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused_with_the_limit() {
    let world = World::start().await;
    let admin = world.admin();
    for kind in ["application/json", "application/x-www-form-urlencoded"] {
        let request = admin.request(Method::POST, "/v1/integrations").header("content-type", kind);
        let refusal = admin.send(request.body("x".repeat(1024 * 1024 + 1))).await.refusal(413);
        assert!(refusal.contains("1048576"), "{refusal}");
    }
}

#[tokio::test]
async fn without_a_token_or_with_a_wrong_one_the_answer_is_401() {
    let world = World::start().await;
    for visitor in [world.nobody(), world.nobody().with_token("0123456789012345678901234567890123456789")] {
        for path in ["/v1/devices", "/v1/user", "/v1/integrations", "/v1/products", "/v1/devices/events"] {
            let refusal = visitor.get(path).await.expect(401);
            assert_eq!(refusal["error"], "invalid_token", "{path}");
        }
    }
}

#[tokio::test]
async fn a_browser_may_ask_first() {
    let world = World::start().await;
    let nobody = world.nobody();
    let reply = nobody.send(nobody.request(Method::OPTIONS, "/v1/devices")).await;
    assert_eq!((reply.status, reply.text.as_str()), (204, ""));
    assert_eq!(reply.header("access-control-allow-origin"), "*");
    assert!(reply.header("access-control-allow-methods").contains("DELETE"));
    assert!(reply.header("access-control-allow-headers").contains("Authorization"));
}

#[tokio::test]
async fn slashes_too_many_are_forgiven() {
    let world = World::start().await;
    world.admin().get("//v1/devices/").await.expect(200);
    let device = json!({"id": "0123456789abcdef01234567"});
    world.admin().post("/v1/devices/", device).await.expect(200);
}
