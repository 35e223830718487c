//! Trying templates: what would be sent, and what is wrong with it.

use serde_json::json;

use crate::world::World;

#[tokio::test]
async fn a_template_and_an_event_show_the_request_and_nothing_is_sent() {
    let world = World::start().await;
    let endpoint = world.endpoint([crate::world::reply(200)]).await;
    let asked = json!({
        "template": {
            "event": "temp", "url": endpoint.url, "requestType": "PUT",
            "headers": {"Authorization": "Bearer very secret"}, "noDefaults": true,
            "json": {"value": "{{{PARTICLE_EVENT_VALUE}}}", "from": "{{{PARTICLE_DEVICE_ID}}}"},
        },
        "event": {"name": "temp/kitchen", "data": "21 \"warm\"", "coreid": "0123456789abcdef01234567"},
    });
    let shown = world.admin().post("/fieldhook/v1/render", asked).await.expect(200);
    let request = &shown["request"];
    assert_eq!(request["method"], "PUT");
    assert_eq!(request["body"], r#"{"value":"21 \"warm\"","from":"0123456789abcdef01234567"}"#);
    assert!(!shown.to_string().contains("very secret"));
    assert_eq!(endpoint.hits(), 0);
}

#[tokio::test]
async fn a_broken_template_is_answered_with_what_is_wrong() {
    let world = World::start().await;
    let asked = json!({"template": {"event": "t", "url": "https://example.com", "json": {}, "form": {}}});
    let shown = world.admin().post("/fieldhook/v1/render", asked).await.expect(200);
    assert!(shown["request"].is_null());
    assert_eq!(shown["findings"][0]["level"], "error");
    assert!(shown["findings"][0]["message"].as_str().unwrap().contains("form"));
}

#[tokio::test]
async fn a_masked_secret_stands_for_what_is_saved() {
    let world = World::start().await;
    let saved = json!({
        "event": "t", "url": "https://example.com", "headers": {"Authorization": "Bearer very secret"},
    });
    let id = world.integration(saved).await;
    let mut asked = json!({
        "integration": id,
        "template": {"event": "t", "url": "https://example.com", "headers": {"Authorization": "[[SENSITIVE]]"}},
    });
    let shown = world.admin().post("/fieldhook/v1/render", asked.clone()).await.expect(200);
    assert!(shown["request"].is_object(), "{shown}");
    assert!(!shown.to_string().contains("very secret"));
    let stranger = world.person("stranger@example.com").await;
    stranger.post("/fieldhook/v1/render", asked.take()).await.expect(404);
}

#[tokio::test]
async fn a_text_is_filled_in_or_refused_with_a_finding() {
    let world = World::start().await;
    let render = async |template: &str, data: serde_json::Value| {
        let asked = json!({"template": template, "data": data});
        world.admin().post("/fieldhook/v1/render/text", asked).await
    };
    let filled = render("{{a.0}} & {{{b}}}", json!({"a": ["<1>"], "b": "<2>"})).await.expect(200);
    assert_eq!(filled["text"], "&lt;1&gt; & <2>");
    assert_eq!(render("{{.}}", json!(7)).await.expect(200)["text"], "7");

    let refused = render("line\n{{open", json!({})).await.expect(422);
    assert_eq!(refused["findings"][0]["where"]["line"], 2);
    let long = "x".repeat(60_000);
    render("{{{long}}}{{{long}}}", json!({"long": long})).await.expect(422);
}
