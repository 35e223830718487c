//! The built-in endpoint tester: catching, showing and answering, well and badly.

use serde_json::{Value, json};

use crate::world::{World, secs};

const TESTER: &str = "/fieldhook/v1/tester";

/// Makes an endpoint of the administrator's; returns its id and its address.
async fn made(world: &World) -> (String, String) {
    let made = world.admin().post(TESTER, json!({})).await.expect(201);
    let text = |key: &str| made[key].as_str().expect("an endpoint has an id and an address").to_owned();
    (text("id"), text("url"))
}

async fn caught(world: &World, id: &str) -> Vec<Value> {
    let page = world.admin().get(&format!("{TESTER}/{id}/requests")).await.expect(200);
    page["items"].as_array().expect("a list has items").clone()
}

async fn told(world: &World, id: &str, answer: Value) {
    world.admin().put(&format!("{TESTER}/{id}/answer"), answer).await.expect(200);
}

#[tokio::test]
async fn any_request_to_any_path_below_an_endpoint_is_caught_without_a_token() {
    let world = World::start().await;
    let (id, url) = made(&world).await;
    let path = url.strip_prefix(world.url()).unwrap();
    let nobody = world.nobody();
    let request = nobody.request(reqwest::Method::PATCH, &format!("{path}/a%2Fb/c?x=1&y"));
    let request = request.header("X-Test", "yes").body("access_token=kept as it came");
    nobody.send(request.header("content-type", "application/x-www-form-urlencoded")).await.expect(200);
    nobody.get(path).await.expect(200);

    let requests = caught(&world, &id).await;
    assert_eq!(requests.len(), 2);
    assert_eq!((&requests[0]["method"], &requests[0]["path"]), (&json!("GET"), &json!("")));
    let patch = &requests[1];
    assert_eq!((&patch["path"], &patch["query"]), (&json!("/a%2Fb/c"), &json!("x=1&y")));
    assert_eq!(patch["body"]["text"], "access_token=kept as it came");
    assert!(patch["headers"].as_array().unwrap().contains(&json!(["x-test", "yes"])));
}

#[tokio::test]
async fn an_integration_sends_to_an_endpoint_and_hears_what_it_was_told_to_answer() {
    let world = World::start().await;
    let (id, url) = made(&world).await;
    told(&world, &id, json!({"status": 429, "headers": {"Retry-After": "30"}, "body": "slow down"})).await;
    let hook = world.integration(json!({"event": "t", "url": url})).await;
    world.publish("t", "1").await;

    let attempt = world.log(&hook).await.remove(0);
    assert_eq!(attempt["status"], 429);
    assert_eq!(caught(&world, &id).await[0]["status"], 429);
}

#[tokio::test]
async fn caught_requests_are_shown_as_they_come() {
    let world = World::start().await;
    let (id, url) = made(&world).await;
    let mut stream = world.admin().stream(&format!("{TESTER}/{id}/requests")).await;
    let path = url.strip_prefix(world.url()).unwrap();
    world.nobody().post(path, json!({"a": 1})).await.expect(200);

    let shown = stream.next().await;
    assert_eq!((shown.name.as_str(), &shown.json["body"]["text"]), ("request", &json!(r#"{"a":1}"#)));
    world.admin().delete(&format!("{TESTER}/{id}")).await.expect(204);
    assert!(stream.next_or_end().await.is_none());
    world.nobody().get(path).await.expect(404);
}

#[tokio::test]
async fn each_fault_shows_as_the_code_it_is_there_to_reproduce() {
    let world = World::start().await;
    for (fault, code) in
        [("reset_before", "ECONNRESET"), ("reset_after", "ECONNRESET"), ("cut_body", "ECONNRESET")]
    {
        let (id, url) = made(&world).await;
        told(&world, &id, json!({"fault": fault, "body_bytes": 100_000})).await;
        let hook = world.integration(json!({"event": fault, "url": url, "retryPolicy": "none"})).await;
        world.publish(fault, "1").await;
        assert_eq!(world.log(&hook).await[0]["code"], code, "{fault}");
    }
}

#[tokio::test]
async fn an_endpoint_that_hangs_runs_into_the_deadline() {
    let world = World::start().await;
    let (id, url) = made(&world).await;
    told(&world, &id, json!({"fault": "hang"})).await;
    let mut stream = world.admin().stream(&format!("{TESTER}/{id}/requests")).await;
    let hook = world.integration(json!({"event": "t", "url": url, "retryPolicy": "none"})).await;
    world.publish("t", "1").await;
    stream.next().await;
    world.tick(secs(20));
    assert_eq!(world.log(&hook).await[0]["code"], "ESOCKETTIMEDOUT");
}

#[tokio::test]
async fn a_bomb_and_an_endless_body_are_cut_and_their_status_still_decides() {
    let world = World::start().await;
    for fault in ["gzip_bomb", "endless_body"] {
        let (id, url) = made(&world).await;
        told(&world, &id, json!({"fault": fault})).await;
        let hook = world.integration(json!({"event": fault, "url": url})).await;
        world.publish(fault, "1").await;
        let line = world.log(&hook).await.remove(0);
        assert_eq!(line["outcome"], "success", "{fault}");
        let path = format!("/fieldhook/v1/attempts/{}", line["id"].as_str().unwrap());
        let whole = world.admin().get(&path).await.expect(200);
        assert_eq!(whole["response"]["body"]["cut"], true, "{fault}");
    }
}

#[tokio::test]
async fn settings_that_cannot_be_followed_are_refused_by_name() {
    let world = World::start().await;
    let (id, _) = made(&world).await;
    for (answer, field) in [
        (json!({"status": 99}), "answer.status"),
        (json!({"delay_ms": 30_001}), "answer.delay_ms"),
        (json!({"headers": {"Content-Length": "1"}}), "answer.headers"),
        (json!({"rules": [{"when": {}, "answer": {}}]}), "rules.0.when"),
    ] {
        let refused = world.admin().put(&format!("{TESTER}/{id}/answer"), answer).await.expect(400);
        assert_eq!(refused["field"], field);
    }
}

#[tokio::test]
async fn an_endpoint_is_its_owners_alone() {
    let world = World::start().await;
    let (id, _) = made(&world).await;
    let stranger = world.person("stranger@example.com").await;
    stranger.get(&format!("{TESTER}/{id}")).await.expect(404);
    stranger.get(&format!("{TESTER}/{id}/requests")).await.expect(404);
    stranger.put(&format!("{TESTER}/{id}/answer"), json!({})).await.expect(404);
    stranger.delete(&format!("{TESTER}/{id}")).await.expect(404);
    assert_eq!(stranger.get(TESTER).await.expect(200)["items"], json!([]));
}

/// The console's one-click answers, with what each must show in an integration's log.
const PRESETS: &str = include_str!("../../../../console/src/pages/tester/presets.json");

#[tokio::test]
async fn each_preset_of_the_console_shows_what_it_promises() {
    let world = World::start().await;
    let groups: Vec<Value> = serde_json::from_str(PRESETS).unwrap();
    let presets: Vec<Value> =
        groups.iter().flat_map(|group| group["items"].as_array().unwrap().clone()).collect();
    assert_eq!(presets.len(), 22);
    for (number, preset) in presets.iter().enumerate() {
        // All endpoints are of one host: the failures before must not have put it to sleep.
        world.advance(secs(60)).await;
        let (id, url) = made(&world).await;
        let settings = preset["settings"].to_string().replace("{url}", &url);
        told(&world, &id, serde_json::from_str(&settings).unwrap()).await;
        let event = format!("preset-{number}-");
        let hook = world.integration(json!({"event": event, "url": url, "retryPolicy": "none"})).await;
        world.publish(&event, "1").await;

        let attempt = logged(&world, &id, &hook).await;
        for (key, wanted) in preset["shows"].as_object().unwrap() {
            assert_eq!(&attempt[key], wanted, "{key} after `{}`: {attempt}", preset["label"]);
        }
    }
}

/// The attempt once it is in the log: time goes on in seconds until it is, and between two of them the endpoint has
/// its say.
async fn logged(world: &World, endpoint: &str, hook: &str) -> Value {
    for _ in 0..30 {
        for _ in 0..10 {
            let log =
                world.admin().get(&format!("/fieldhook/v1/attempts?integration={hook}")).await.expect(200);
            if let Some(attempt) = log["items"].get(0) {
                return attempt.clone();
            }
        }
        if !caught(world, endpoint).await.is_empty() {
            world.tick(secs(1));
        }
    }
    panic!("nothing is in the log after 30 seconds");
}
