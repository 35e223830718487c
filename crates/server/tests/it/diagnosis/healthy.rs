//! A healthy integration has no card, and nobody sees another's.

use serde_json::{Value, json};

use super::{DEVICE, cards, hook, tester};
use crate::world::{World, reply, secs};

#[tokio::test]
async fn traffic_that_gets_through_gives_no_card() {
    let world = World::start().await;
    let url = tester(&world, json!({"body": "{\"ok\": true}"})).await;
    let device = world.device(DEVICE).await;
    let _listening = device.stream("/v1/devices/events/hook-response").await;
    let mut hooks = vec![hook(&world, &url, json!({"json": {"t": "{{{t}}}"}})).await];
    hooks
        .push(hook(&world, &format!("{url}/second"), json!({"event": "temp/k", "requestType": "PUT"})).await);
    for n in 0..30 {
        let data = json!({"t": 20.0 + f64::from(n) / 10.0}).to_string();
        device.post("/v1/devices/events", json!({"name": "temp/kitchen", "data": data})).await.expect(200);
        world.publish("humidity", "40").await;
        world.advance(secs(10)).await;
    }
    for id in hooks {
        assert_eq!(cards(&world, &id).await, [] as [Value; 0]);
    }
}

#[tokio::test]
async fn a_failure_that_is_long_over_gives_no_card() {
    let world = World::start().await;
    let endpoint = world.endpoint([reply(500), reply(200)]).await;
    let id = hook(&world, &endpoint.url, json!({})).await;
    for n in 0..25 {
        world.publish("temp", &n.to_string()).await;
        world.advance(secs(40)).await;
    }
    assert_eq!(cards(&world, &id).await, [] as [Value; 0]);
}

#[tokio::test]
async fn what_belongs_to_somebody_else_is_not_found() {
    let world = World::start().await;
    let endpoint = world.endpoint([reply(401)]).await;
    let id = hook(&world, &endpoint.url, json!({})).await;
    world.publish("temp", "1").await;
    world.settled().await;
    let issue = world.admin().get("/fieldhook/v1/issues").await.expect(200)["items"][0]["id"].clone();
    let issue = issue.as_str().unwrap();
    let stranger = world.person("stranger@example.com").await;
    for path in [
        format!("integrations/{id}/diagnosis"),
        format!("integrations/{id}/funnel"),
        "integrations/not-an-id/diagnosis".to_owned(),
        format!("issues/{issue}"),
        format!("compare?issue={issue}"),
    ] {
        stranger.get(&format!("/fieldhook/v1/{path}")).await.expect(404);
        world.nobody().get(&format!("/fieldhook/v1/{path}")).await.expect(401);
    }
    let patch = stranger.request(reqwest::Method::PATCH, &format!("/fieldhook/v1/issues/{issue}"));
    stranger.send(patch.json(&json!({"state": "ignored"}))).await.expect(404);
    assert_eq!(stranger.get("/fieldhook/v1/issues").await.expect(200)["items"], json!([]));
}
