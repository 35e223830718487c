//! Issues, and two attempts compared.

use serde_json::{Value, json};

use super::{cards, hook};
use crate::world::{Reply, World, reply, secs};

const ISSUES: &str = "/fieldhook/v1/issues";

async fn issues(world: &World, filter: &str) -> Vec<Value> {
    world.settled().await;
    let page = world.admin().get(&format!("{ISSUES}?{filter}")).await.expect(200);
    page["items"].as_array().unwrap().clone()
}

async fn put(world: &World, issue: &str, state: &str) -> Reply {
    let request = world.admin().request(reqwest::Method::PATCH, &format!("{ISSUES}/{issue}"));
    world.admin().send(request.json(&json!({"state": state}))).await
}

#[tokio::test]
async fn failures_are_grouped_by_cause_and_counted() {
    let world = World::start().await;
    let script = (0..9).map(|n| reply([401, 429, 404][n % 3]));
    let endpoint = world.endpoint(script).await;
    let id = hook(&world, &endpoint.url, json!({"name": "three troubles"})).await;
    for n in 0..9 {
        world.publish("temp", &n.to_string()).await;
        world.advance(secs(1)).await;
    }
    let all = issues(&world, &format!("integration={id}")).await;
    let mut told: Vec<_> = all
        .iter()
        .map(|issue| (issue["status"].as_u64().unwrap(), issue["count"].as_u64().unwrap()))
        .collect();
    told.sort_unstable();
    assert_eq!(told, [(401, 3), (404, 3), (429, 3)]);
    let oldest = all.last().unwrap();
    assert_eq!((&oldest["name"], &oldest["percent"]), (&json!("three troubles"), &json!(33)));
    assert_eq!((&oldest["state"], &oldest["attempts"]), (&json!("open"), &json!(9)));
    assert_eq!(cards(&world, &id).await.len(), 3, "one card for each");
}

#[tokio::test]
async fn an_issue_stands_where_it_is_put_and_opens_again_when_it_returns() {
    let world = World::start().await;
    let endpoint = world.endpoint([reply(401)]).await;
    let id = hook(&world, &endpoint.url, json!({})).await;
    world.publish("temp", "1").await;
    let issue = issues(&world, "state=unresolved").await[0]["id"].as_str().unwrap().to_owned();

    for state in ["acknowledged", "ignored", "resolved"] {
        let put = put(&world, &issue, state).await.expect(200);
        assert_eq!(put["state"], state);
        assert!(put["changed_by"].is_string());
        assert_eq!(issues(&world, &format!("state={state}")).await.len(), 1);
    }
    assert_eq!(cards(&world, &id).await, [] as [Value; 0], "what is resolved has no card");

    world.advance(secs(60)).await;
    world.publish("temp", "2").await;
    let again = issues(&world, "state=open").await;
    assert_eq!((&again[0]["id"], &again[0]["regressions"]), (&json!(issue), &json!(1)));
    let read = world.admin().get(&format!("{ISSUES}/{issue}")).await.expect(200);
    assert_eq!(read["state"], "open");
}

#[tokio::test]
async fn a_state_that_is_none_is_refused_by_name() {
    let world = World::start().await;
    assert_eq!(world.admin().get(&format!("{ISSUES}?state=gone")).await.expect(400)["field"], "state");
    let nobodys = "0".repeat(24);
    put(&world, &nobodys, "resolved").await.expect(404);
    put(&world, &nobodys, "gone").await.expect(400);
}

#[tokio::test]
async fn an_issue_is_resolved_by_twenty_successes_over_ten_minutes() {
    let world = World::start().await;
    let endpoint = world.endpoint([reply(500), reply(200)]).await;
    hook(&world, &endpoint.url, json!({})).await;
    for n in 0..=20 {
        world.publish("temp", &n.to_string()).await;
        world.advance(secs(31)).await;
    }
    assert_eq!(issues(&world, "state=open").await.len(), 1, "the first of the twenty is 589 s ago");
    world.publish("temp", "21").await;
    assert_eq!(issues(&world, "state=resolved").await[0]["streak"], 21);
}

#[tokio::test]
async fn the_last_success_is_compared_with_the_first_failure() {
    let world = World::start().await;
    let endpoint = world.endpoint([reply(200).body("ok"), reply(400).body("no `b`")]).await;
    let id = hook(&world, &endpoint.url, json!({"json": {"a": "{{{a}}}"}, "noDefaults": true})).await;
    world.publish("temp", r#"{"a": "1"}"#).await;
    world.settled().await;
    world.publish("temp", r#"{"b": "2"}"#).await;
    let issue = issues(&world, "").await[0]["id"].as_str().unwrap().to_owned();

    let by_issue = world.admin().get(&format!("/fieldhook/v1/compare?issue={issue}")).await.expect(200);
    let found = |part: &str, name: &str| {
        let differences = by_issue["differences"].as_array().unwrap();
        let found = differences.iter().find(|one| one["part"] == part && one["name"] == name);
        found.map(|one| (one["a"].clone(), one["b"].clone()))
    };
    assert_eq!(found("outcome", "status"), Some((json!("200"), json!("400"))));
    assert_eq!(found("request", "body.a"), Some((json!("\"1\""), json!("\"\""))));
    assert_eq!(found("rendering", "missing"), Some((Value::Null, json!("a"))));
    assert_eq!(found("response", "body"), Some((json!("ok"), json!("no `b`"))));

    let (a, b) = (by_issue["a"]["id"].as_str().unwrap(), by_issue["b"]["id"].as_str().unwrap());
    let by_hand = world.admin().get(&format!("/fieldhook/v1/compare?a={a}&b={b}")).await.expect(200);
    assert_eq!(by_hand["differences"], by_issue["differences"]);
    world.admin().get(&format!("/fieldhook/v1/compare?a={a}")).await.expect(400);
    let log = world.log(&id).await;
    assert_eq!(log.len(), 2);
}

#[tokio::test]
async fn an_issue_without_a_success_before_it_cannot_be_compared() {
    let world = World::start().await;
    let endpoint = world.endpoint([reply(400)]).await;
    hook(&world, &endpoint.url, json!({})).await;
    world.publish("temp", "1").await;
    let issue = issues(&world, "").await[0]["id"].as_str().unwrap().to_owned();
    let refused = world.admin().get(&format!("/fieldhook/v1/compare?issue={issue}")).await.refusal(404);
    assert!(refused.contains("nothing succeeded before"), "{refused}");
}
