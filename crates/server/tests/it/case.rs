//! Cases: one file with everything, and without any secret.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::world::{Endpoint, World, reply, secs};

const KEPT: &str = "s3cr3t/Zebra+77";
const LITERAL: &str = "Quagga88literal";

/// An integration that sends a kept secret in path, header and body and a literal one in a header, to an endpoint that
/// refuses it and says back what it was sent, in every way.
async fn leaky(world: &World) -> (String, Endpoint) {
    let secret = json!({"value": KEPT});
    world.admin().put("/fieldhook/v1/secrets/API_KEY", secret).await.expect(200);
    let encoded = "s3cr3t%2FZebra%2B77";
    let echo = format!(
        "you sent {KEPT} or {encoded} or {} or {LITERAL}; Basic {}",
        STANDARD.encode(format!("user:{KEPT}")),
        STANDARD.encode(format!("x{LITERAL}y")),
    );
    let endpoint = world.endpoint([reply(401).header("X-Echo", KEPT).body(echo)]).await;
    let id = world
        .integration(json!({
            "event": "t", "name": "Leaky", "url": format!("{}/{{{{{{API_KEY}}}}}}/in", endpoint.url),
            "headers": {"X-Sent": "{{{API_KEY}}}", "X-Api-Key": LITERAL},
            "json": {"key": "{{{API_KEY}}}", "data": "{{{PARTICLE_EVENT_VALUE}}}"},
            "secrets": ["API_KEY"], "retryPolicy": "none",
        }))
        .await;
    (id, endpoint)
}

async fn case(world: &World, id: &str, query: &str) -> Value {
    world.settled().await;
    world.admin().get(&format!("/fieldhook/v1/integrations/{id}/case{query}")).await.expect(200)
}

fn has_no_secret(text: &str) {
    for trace in ["Zebra", "Quagga", &STANDARD.encode("Zebra+7")[..8], &STANDARD.encode("Quagga88l")[..8]] {
        assert!(!text.contains(trace), "`{trace}` is in: {text}");
    }
}

#[tokio::test]
async fn a_case_holds_what_a_helper_needs_and_no_secret() {
    let world = World::start().await;
    let (id, _endpoint) = leaky(&world).await;
    let device = world.device("0123456789abcdef01234567").await;
    device.post("/v1/devices/events", json!({"name": "t/1", "data": KEPT})).await.expect(200);
    let missing = world.publish("T", "1").await;

    let case = case(&world, &id, &format!("?missing={missing}")).await;

    assert_eq!(case["integration"]["name"], "Leaky");
    assert_eq!(case["integration"]["owner"], "admin@example.com");
    assert_eq!(case["codes"], json!([{"what": "401", "count": 1}]));
    assert_eq!(case["devices"], json!(["0123456789abcdef01234567"]));
    assert_eq!(case["event_names"], json!(["t/1"]));
    assert_eq!(case["cards"][0]["situation"], "credential");
    assert_eq!(case["issues"][0]["status"], 401);
    assert_eq!(case["attempts"][0]["status"], 401);
    assert_eq!(case["revisions"][0]["changes"][0]["before"], Value::Null);
    assert_eq!(case["traces"][0]["event"]["name"], "T");
    assert!(case["traces"][0]["lines"][0]["explanation"].as_str().unwrap().contains("case"));
    assert_eq!(case["gate_history"][0]["attempt"], case["attempts"][0]["id"]);
    assert_eq!(case["server"]["version"], env!("CARGO_PKG_VERSION"));
    has_no_secret(&case.to_string());
}

#[tokio::test]
async fn the_page_of_a_case_runs_nothing_and_holds_no_secret() {
    let world = World::start().await;
    let (id, _endpoint) = leaky(&world).await;
    world.publish("t<script>alert(1)</script>", "</pre><img src=x onerror=alert(1)>").await;
    world.settled().await;

    let path = format!("/fieldhook/v1/integrations/{id}/case?format=html");
    let answer = world.admin().get(&path).await;

    assert!(answer.header("content-security-policy").starts_with("default-src 'none'"));
    assert!(answer.header("content-disposition").contains(&id));
    let page = answer.text;
    assert!(page.contains("Leaky") && page.contains("&lt;script&gt;"), "{page}");
    assert!(!page.contains("<script") && !page.contains("<img"), "{page}");
    has_no_secret(&page);
}

#[tokio::test]
async fn a_link_shows_the_case_as_it_was_to_anybody_until_it_ends() {
    let world = World::start().await;
    let (id, _endpoint) = leaky(&world).await;
    world.publish("t", "1").await;
    world.settled().await;
    let links = format!("/fieldhook/v1/integrations/{id}/case/links");
    let made = world.admin().post(&links, json!({"expires_in": 3600})).await.expect(201);
    let path = made["url"].as_str().unwrap().strip_prefix(world.url()).unwrap().to_owned();
    world
        .admin()
        .put(
            &format!("/v1/integrations/{id}"),
            json!({"name": "Renamed", "event": "t", "url": "http://x.example"}),
        )
        .await;

    let nobody = world.nobody();
    let page = nobody.get(&path).await.text;
    assert!(page.contains("Leaky") && !page.contains("Renamed"), "{page}");
    has_no_secret(&page);
    let listed = world.admin().get(&links).await.expect(200);
    assert_eq!((&listed["items"][0]["id"], listed["items"][0].get("url")), (&made["id"], None));

    world.advance(secs(3600)).await;
    let refusal = nobody.get(&path).await.refusal(410);
    assert!(refusal.contains("ended at"), "{refusal}");
    assert_eq!(world.admin().get(&links).await.expect(200)["items"], json!([]));
}

#[tokio::test]
async fn a_link_is_revoked_and_a_stranger_makes_none() {
    let world = World::start().await;
    let (id, _endpoint) = leaky(&world).await;
    let links = format!("/fieldhook/v1/integrations/{id}/case/links");
    let made = world.admin().post(&links, json!({})).await.expect(201);
    let path = made["url"].as_str().unwrap().strip_prefix(world.url()).unwrap().to_owned();

    let stranger = world.person("stranger@example.com").await;
    stranger.post(&links, json!({})).await.expect(404);
    stranger.get(&format!("/fieldhook/v1/integrations/{id}/case")).await.expect(404);

    let link = format!("{links}/{}", made["id"].as_str().unwrap());
    stranger.delete(&link).await.expect(404);
    world.admin().delete(&link).await.expect(200);
    world.nobody().get(&path).await.expect(404);
    world.admin().delete(&link).await.expect(404);
}

#[tokio::test]
async fn what_cannot_be_a_case_is_refused_with_the_reason() {
    let world = World::start().await;
    let (id, _endpoint) = leaky(&world).await;
    let of = format!("/fieldhook/v1/integrations/{id}/case");
    for (query, field) in [
        ("?since=2026-01-02T00:00:00Z&until=2026-01-01T00:00:00Z", "since"),
        ("?missing=nonsense", "missing"),
        ("?format=pdf", "format"),
    ] {
        assert_eq!(world.admin().get(&format!("{of}{query}")).await.expect(400)["field"], field, "{query}");
    }
    let long = world.admin().post(&format!("{of}/links"), json!({"expires_in": 1})).await.expect(400);
    assert_eq!(long["field"], "expires_in");
}
