//! Integrations at a glance: which there are, and what is wrong with those in trouble.

use serde_json::{Value, json};

use crate::world::{Visitor, World, reply, secs};

const OVERVIEW: &str = "/fieldhook/v1/integrations";

async fn listed(visitor: &Visitor, query: &str) -> Vec<Value> {
    let page = visitor.get(&format!("{OVERVIEW}?{query}")).await.expect(200);
    page["items"].as_array().expect("a list has items").clone()
}

async fn ids(visitor: &Visitor, query: &str) -> Vec<String> {
    let id = |item: &Value| item["id"].as_str().expect("an integration has an id").to_owned();
    listed(visitor, query).await.iter().map(id).collect()
}

async fn one(world: &World, id: &str) -> Value {
    world.settled().await;
    world.admin().get(&format!("{OVERVIEW}/{id}")).await.expect(200)
}

/// Publishes, waits until all has happened, and lets a second pass.
async fn publish(world: &World, name: &str) {
    world.publish(name, "1").await;
    world.advance(secs(1)).await;
}

#[tokio::test]
async fn an_integration_is_told_at_a_glance() {
    let world = World::start().await;
    let endpoint = world.endpoint([reply(200)]).await;
    let template =
        json!({"event": "temp", "name": "Kitchen", "url": format!("{}/in?x={{{{x}}}}", endpoint.url)});
    let id = world.integration(template).await;

    let fresh = listed(world.admin(), "").await.remove(0);
    let no_count = json!({"date": "2026-01-02", "success": 0, "error": 0, "skipped": 0});
    assert_eq!((&fresh["today"], &fresh["trouble"], &fresh["gate"]), (&no_count, &Value::Null, &Value::Null));
    assert_eq!(fresh["last_attempt_at"], Value::Null);

    world.publish("temp", "1").await;
    world.settled().await;
    let glance = listed(world.admin(), "").await.remove(0);
    for (key, value) in [
        ("id", json!(id)),
        ("name", json!("Kitchen")),
        ("event", json!("temp")),
        ("url", json!(format!("{}/in?x={{{{x}}}}", endpoint.url))),
        ("host", json!("127.0.0.1")),
        ("origin", json!(endpoint.url)),
        ("scope_name", json!("admin@example.com")),
        ("disabled", json!(false)),
        ("updated_by", json!("admin@example.com")),
        ("last_attempt_at", json!("2026-01-02T03:04:05.678Z")),
        ("trouble", Value::Null),
    ] {
        assert_eq!(glance[key], value, "{key}");
    }
    assert_eq!((&glance["today"]["success"], &glance["gate"]["attempts"]), (&json!(1), &json!(1)));

    let story = one(&world, &id).await;
    assert_eq!(story["days"], json!([glance["today"]]));
    assert_eq!((&story["record"]["id"], &story["record"]["name"]), (&json!(id), &json!("Kitchen")));
    assert_eq!(story["id"], glance["id"]);
}

#[tokio::test]
async fn trouble_says_since_when_how_often_and_why_and_is_over_with_the_next_success() {
    let world = World::start().await;
    let endpoint = world.endpoint([reply(200), reply(401), reply(500), reply(401), reply(200)]).await;
    let id = world.integration(json!({"event": "t", "url": endpoint.url, "retryPolicy": "none"})).await;
    for _ in 0..4 {
        publish(&world, "t").await;
    }

    let trouble = one(&world, &id).await["trouble"].clone();
    assert_eq!((&trouble["status"], &trouble["code"]), (&json!(401), &Value::Null));
    assert!(trouble["message"].as_str().unwrap().starts_with("error status 401"), "{trouble}");
    assert_eq!(trouble["since"], "2026-01-02T03:04:06.678Z");
    assert_eq!((&trouble["count"], &trouble["share"]), (&json!(3), &json!(1.0)));
    assert_eq!(trouble["last_success_at"], "2026-01-02T03:04:05.678Z");
    assert_eq!(ids(world.admin(), "state=failing").await, [id.as_str()]);

    publish(&world, "t").await;
    assert_eq!(one(&world, &id).await["trouble"], Value::Null);
    assert_eq!(ids(world.admin(), "state=failing").await, [""; 0]);
}

#[tokio::test]
async fn a_test_neither_makes_trouble_nor_ends_it() {
    let world = World::start().await;
    let endpoint = world.endpoint([reply(500), reply(404), reply(200)]).await;
    let id = world.integration(json!({"event": "t", "url": endpoint.url, "retryPolicy": "none"})).await;
    let test = async || {
        world.admin().post(&format!("/v1/integrations/{id}/test"), json!({})).await.expect(200);
        world.advance(secs(1)).await;
    };
    test().await;
    let glance = one(&world, &id).await;
    assert_eq!((&glance["trouble"], &glance["last_attempt_at"]), (&Value::Null, &Value::Null));

    publish(&world, "t").await;
    test().await;
    let glance = one(&world, &id).await;
    assert_eq!((&glance["trouble"]["status"], &glance["trouble"]["count"]), (&json!(404), &json!(1)));
}

#[tokio::test]
async fn while_the_gate_sleeps_what_it_refuses_counts_as_failed() {
    let world = World::start().await;
    let endpoint = world.endpoint([reply(200), reply(503).retry_after(secs(600))]).await;
    let hook = |event: &str| json!({"event": event, "url": endpoint.url, "retryPolicy": "none"});
    let bystander = world.integration(hook("a")).await;
    // Lists go by age.
    world.advance(secs(1)).await;
    let cause = world.integration(hook("b")).await;
    publish(&world, "a").await;
    publish(&world, "b").await;
    publish(&world, "a").await;

    let refused = one(&world, &bystander).await;
    assert!(refused["gate"]["closed_until"].is_string(), "{refused}");
    let trouble = &refused["trouble"];
    assert!(trouble["message"].as_str().unwrap().starts_with("Sleeping"), "{trouble}");
    assert_eq!((&trouble["count"], &trouble["share"]), (&json!(1), &json!(1.0)));
    assert_eq!(ids(world.admin(), "state=asleep").await, [bystander.as_str(), cause.as_str()]);
    assert_eq!(ids(world.admin(), "state=failing").await, [bystander.as_str(), cause.as_str()]);

    world.advance(secs(601)).await;
    assert_eq!(one(&world, &bystander).await["trouble"], Value::Null);
    assert_eq!(one(&world, &cause).await["trouble"]["status"], 503);
    assert_eq!(ids(world.admin(), "state=asleep").await, [""; 0]);
    assert_eq!(ids(world.admin(), "state=failing").await, [cause.as_str()]);
}

#[tokio::test]
async fn filters_look_through_the_whole_scope_and_pages_go_on_where_the_last_ended() {
    let world = World::start().await;
    let mut made = Vec::new();
    for (name, url) in [
        ("Kitchen \"A\"", "https://one.example.com/in"),
        ("Attic", "https://two.example.com/{{x}}"),
        ("", "https://{{{host}}}/kitchen"),
        ("Cellar", "https://one.example.com:8443"),
        ("Shed", "https://one.example.com"),
    ] {
        let disabled = name == "Attic";
        let template = json!({"event": "temp", "name": name, "url": url, "disabled": disabled});
        made.push(world.integration(template).await);
        world.advance(secs(1)).await;
    }
    for (query, expected) in [
        ("host=ONE.example.com", vec![0, 3, 4]),
        ("host=one.example.com&q=cellar", vec![3]),
        ("q=kITCHEN", vec![0, 2]),
        ("q=kitchen%20%22a", vec![0]),
        ("q=TEMP", vec![0, 1, 2, 3, 4]),
        ("q=nothing", vec![]),
        ("state=disabled", vec![1]),
        ("state=failing", vec![]),
    ] {
        let expected: Vec<_> = expected.into_iter().map(|number: usize| made[number].clone()).collect();
        assert_eq!(ids(world.admin(), query).await, expected, "{query}");
    }
    assert_eq!(listed(world.admin(), "q=two.ex").await[0]["disabled_by"], "admin@example.com");
    assert_eq!(listed(world.admin(), "q=host").await[0]["host"], Value::Null);

    let first = world.admin().get(&format!("{OVERVIEW}?host=one.example.com&limit=2")).await.expect(200);
    let next = first["next"].as_str().unwrap();
    world.admin().delete(&format!("/v1/integrations/{}", made[3])).await.expect(204);
    let rest = ids(world.admin(), &format!("host=one.example.com&limit=2&cursor={next}")).await;
    assert_eq!(rest, [made[4].as_str()]);
}

#[tokio::test]
async fn a_filter_of_the_overview_that_makes_no_sense_is_refused_by_name() {
    let world = World::start().await;
    for (query, field) in
        [("state=moody", "state"), ("limit=0", "limit"), ("cursor=50", "cursor"), ("scope=team:1", "scope")]
    {
        let refused = world.admin().get(&format!("{OVERVIEW}?{query}")).await.expect(400);
        assert_eq!(refused["field"], field, "{query}");
    }
}

#[tokio::test]
async fn an_overview_shows_its_scope_alone_and_says_where_there_is_more() {
    let world = World::start().await;
    let product = world.product("Pump").await;
    world.product("Valve").await;
    let mine = world.integration(json!({"event": "t", "url": "https://example.com"})).await;
    let hook = json!({"event": "t", "url": "https://example.com"});
    let of_product = world.integration_in(&format!("/v1/products/{product}"), hook).await;

    let page = world.admin().get(OVERVIEW).await.expect(200);
    assert_eq!(page["items"][0]["id"], json!(mine));
    let scope = format!("product:{product}");
    assert_eq!(
        page["elsewhere"],
        json!([{"scope": scope, "name": "Pump", "slug": "pump", "integrations": 1}])
    );
    let page = world.admin().get(&format!("{OVERVIEW}?scope={scope}")).await.expect(200);
    assert_eq!((page["items"][0]["id"].as_str(), &page["elsewhere"]), (Some(&*of_product), &json!([])));
    assert_eq!(page["items"][0]["scope_name"], "Pump");

    let stranger = world.person("stranger@example.com").await;
    let theirs = stranger.get(OVERVIEW).await.expect(200);
    assert_eq!((&theirs["items"], &theirs["elsewhere"]), (&json!([]), &json!([])));
    stranger.get(&format!("{OVERVIEW}?scope={scope}")).await.expect(404);
    stranger.get(&format!("{OVERVIEW}/{mine}")).await.expect(404);
    stranger.get(&format!("{OVERVIEW}/{of_product}")).await.expect(404);
    let team = format!("/v1/products/{product}/team");
    let viewer = json!({"username": "stranger@example.com", "role": "view-only"});
    world.admin().post(&team, viewer).await.expect(201);
    assert_eq!(ids(&stranger, &format!("scope={scope}")).await, [of_product.as_str()]);
    stranger.get(&format!("{OVERVIEW}/{of_product}")).await.expect(200);
}
