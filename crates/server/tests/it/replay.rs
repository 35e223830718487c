//! Replays: one delivery, what failed, what never fired; at their pace, through the gate, and told of.

use std::sync::Arc;

use fieldhook_core::id::ReplayId;
use fieldhook_core::replay::Sending;
use fieldhook_server::store::{Entry, ReplayRow};
use serde_json::{Value, json};

use crate::world::{Endpoint, T0, Visitor, World, reply, secs};

const REPLAYS: &str = "/fieldhook/v1/replays";

async fn begun(world: &World, asked: Value) -> String {
    let made = world.admin().post(REPLAYS, asked).await.expect(201);
    made["id"].as_str().unwrap().to_owned()
}

async fn read(world: &World, id: &str) -> Value {
    world.admin().get(&format!("{REPLAYS}/{id}")).await.expect(200)
}

async fn deliveries(world: &World, query: &str) -> Vec<Value> {
    world.settled().await;
    let page = world.admin().get(&format!("/fieldhook/v1/deliveries?{query}")).await.expect(200);
    page["items"].as_array().unwrap().clone()
}

/// An integration that failed so many events for good, before its endpoint healed.
async fn failed_then_healed(world: &World, events: usize) -> (String, Endpoint) {
    let script = std::iter::repeat_n(reply(404), events).chain([reply(200)]);
    let endpoint = world.endpoint(script).await;
    let template = json!({"event": "t", "url": endpoint.url, "body": "{{{PARTICLE_EVENT_VALUE}}}"});
    let id = world.integration(template).await;
    for n in 0..events {
        world.publish("t", &n.to_string()).await;
        // Apart from one another, so that the gate stays open.
        world.advance(secs(2)).await;
    }
    world.advance(secs(60)).await;
    (id, endpoint)
}

fn numbers(replay: &Value) -> [u64; 5] {
    ["total", "sent", "succeeded", "failed", "waiting"].map(|key| replay[key].as_u64().unwrap())
}

async fn check_books(world: &World, integration: &str, expected: [u64; 5]) {
    let books = world.books(integration).await;
    let found =
        ["matched", "delivered", "failed", "dropped", "waiting"].map(|key| books[key].as_u64().unwrap());
    assert_eq!(found, expected);
    assert_eq!(found[0], found[1..].iter().sum::<u64>());
}

#[tokio::test]
async fn a_delivery_is_sent_again_as_one_of_its_own_that_says_what_it_is() {
    let world = World::start().await;
    let (hook, endpoint) = failed_then_healed(&world, 1).await;
    let [failed] = &deliveries(&world, &format!("integration={hook}")).await[..] else { panic!() };
    let published_at = world.log(&hook).await[0]["started_at"].clone();

    let id = begun(&world, json!({"intent": "resend", "delivery": failed["id"]})).await;
    world.settled().await;

    let replay = read(&world, &id).await;
    assert_eq!((&replay["state"], &replay["intent"]), (&json!("done"), &json!("resend")));
    assert_eq!(numbers(&replay), [1, 1, 1, 0, 0]);
    assert_eq!((&replay["by"]["name"], &replay["delivery"]), (&json!("admin@example.com"), &failed["id"]));
    assert_eq!((&replay["reason"], replay["ended_at"].is_string()), (&json!(null), true));
    let [first, again] = &endpoint.seen()[..] else { panic!("{} requests came", endpoint.hits()) };
    assert_eq!((again.header("webhook-replay"), first.header("webhook-replay")), (id.as_str(), ""));
    assert_ne!(again.header("webhook-id"), first.header("webhook-id"));
    let attempt = &world.log(&hook).await[0];
    let whole = format!("/fieldhook/v1/attempts/{}", attempt["id"].as_str().unwrap());
    let whole = world.admin().get(&whole).await.expect(200);
    assert_eq!((&whole["trigger"]["kind"], &whole["trigger"]["replay"]), (&json!("replay"), &json!(id)));
    assert_eq!(whole["event"]["published_at"], published_at);
    let [made] = &deliveries(&world, &format!("replay={id}")).await[..] else { panic!() };
    assert_eq!((&made["verdict"], &made["event"]), (&json!("delivered"), &failed["event"]));
    check_books(&world, &hook, [2, 1, 1, 0, 0]).await;
}

#[tokio::test]
async fn all_that_failed_is_recovered_at_its_pace_the_oldest_first_and_only_once() {
    let world = World::start().await;
    let (hook, endpoint) = failed_then_healed(&world, 5).await;
    check_books(&world, &hook, [5, 0, 5, 0, 0]).await;

    let id = begun(&world, json!({"intent": "recover", "integration": hook, "rate": 2})).await;
    world.settled().await;
    assert_eq!(endpoint.hits(), 6, "one at once");
    world.advance(secs(1)).await;
    assert_eq!(endpoint.hits(), 8, "two a second after it");
    let replay = read(&world, &id).await;
    assert_eq!((&replay["state"], numbers(&replay)), (&json!("running"), [5, 3, 3, 0, 0]));
    world.advance(secs(1)).await;

    let replay = read(&world, &id).await;
    assert_eq!((&replay["state"], numbers(&replay)), (&json!("done"), [5, 5, 5, 0, 0]));
    let sent: Vec<_> = endpoint.seen()[5..].iter().map(|request| request.body.clone()).collect();
    assert_eq!(sent, ["0", "1", "2", "3", "4"]);
    check_books(&world, &hook, [10, 5, 5, 0, 0]).await;

    let again = begun(&world, json!({"intent": "recover", "integration": hook})).await;
    assert_eq!(numbers(&read(&world, &again).await), [0, 0, 0, 0, 0]);
    world.settled().await;
    assert_eq!((endpoint.hits(), read(&world, &again).await["state"].clone()), (10, json!("done")));
}

#[tokio::test]
async fn only_events_between_since_and_until_are_recovered() {
    let world = World::start().await;
    let (hook, endpoint) = failed_then_healed(&world, 4).await;
    let (since, until) = ("2026-01-02T03:04:06Z", "2026-01-02T03:04:11Z");

    let asked = json!({"intent": "recover", "integration": hook, "since": since, "until": until});
    begun(&world, asked).await;
    world.advance(secs(1)).await;

    let sent: Vec<_> = endpoint.seen()[4..].iter().map(|request| request.body.clone()).collect();
    assert_eq!(sent, ["1", "2"]);
}

#[tokio::test]
async fn a_replayed_delivery_that_fails_is_tried_again_and_keeps_its_stamp() {
    let world = World::start().await;
    let endpoint = world.endpoint([reply(404), reply(503), reply(200)]).await;
    let hook = world.integration(json!({"event": "t", "url": endpoint.url})).await;
    world.publish("t", "1").await;
    world.settled().await;

    let id = begun(&world, json!({"intent": "recover", "integration": hook, "until": "2027-01-01"})).await;
    world.settled().await;
    assert_eq!(numbers(&read(&world, &id).await), [0; 5], "what came in this very moment is not before it");
    world.advance(secs(1)).await;
    let id = begun(&world, json!({"intent": "recover", "integration": hook})).await;
    world.settled().await;
    let replay = read(&world, &id).await;
    assert_eq!((&replay["state"], numbers(&replay)), (&json!("running"), [1, 1, 0, 0, 1]));
    check_books(&world, &hook, [2, 0, 1, 0, 1]).await;
    world.advance(secs(30)).await;

    let replay = read(&world, &id).await;
    assert_eq!((&replay["state"], numbers(&replay)), (&json!("done"), [1, 1, 1, 0, 0]));
    assert!(endpoint.seen()[1..].iter().all(|request| request.header("webhook-replay") == id));
    check_books(&world, &hook, [2, 1, 1, 0, 0]).await;
}

#[tokio::test]
async fn events_that_fired_nothing_of_an_integration_reach_it_once_it_fits() {
    let world = World::start().await;
    let endpoint = world.endpoint([reply(200)]).await;
    let template =
        |event: &str| json!({"event": event, "url": endpoint.url, "body": "{{{PARTICLE_EVENT_VALUE}}}"});
    world.publish("temp/kitchen", "before").await;
    world.publish("humidity", "other").await;
    world.advance(secs(1)).await;
    let hook = world.integration(template("Temp")).await;
    world.advance(secs(1)).await;
    world.publish("temp/kitchen", "misspelt").await;
    world.publish("Temp/hall", "fits").await;
    world.advance(secs(1)).await;
    world.admin().put(&format!("/v1/integrations/{hook}"), template("temp")).await.expect(200);
    world.advance(secs(1)).await;
    world.publish("temp/kitchen", "after").await;
    world.advance(secs(1)).await;
    assert_eq!(endpoint.hits(), 2);

    let asked = json!({"intent": "missing", "integration": hook});
    let id = begun(&world, asked.clone()).await;
    world.advance(secs(1)).await;

    let sent: Vec<_> = endpoint.seen()[2..].iter().map(|request| request.body.clone()).collect();
    assert_eq!(sent, ["before", "misspelt"]);
    assert_eq!(numbers(&read(&world, &id).await), [2, 2, 2, 0, 0]);
    check_books(&world, &hook, [4, 4, 0, 0, 0]).await;
    let again = begun(&world, asked).await;
    assert_eq!(read(&world, &again).await["total"], 0);
}

#[tokio::test]
async fn what_is_missing_is_judged_by_claim_and_device_filter_too() {
    let world = World::start().await;
    let endpoint = world.endpoint([reply(200)]).await;
    let (one, other) = ("0123456789abcdef01234567", "1123456789abcdef01234567");
    for id in [one, other] {
        let device = world.device(id).await;
        device.post("/v1/devices/events", json!({"name": "t", "data": id})).await.expect(200);
    }
    let stranger = world.person("stranger@example.com").await;
    stranger.post("/v1/devices/events", json!({"name": "t", "data": "theirs"})).await.expect(200);
    world.advance(secs(1)).await;
    let template =
        json!({"event": "t", "url": endpoint.url, "deviceID": one, "body": "{{{PARTICLE_EVENT_VALUE}}}"});
    let hook = world.integration(template).await;
    world.advance(secs(1)).await;

    begun(&world, json!({"intent": "missing", "integration": hook})).await;
    world.advance(secs(1)).await;

    let sent: Vec<_> = endpoint.seen().into_iter().map(|request| request.body).collect();
    assert_eq!(sent, [one]);
}

#[tokio::test]
async fn a_dry_run_counts_and_shows_the_first_three_requests_and_sends_nothing() {
    let world = World::start().await;
    let (hook, endpoint) = failed_then_healed(&world, 4).await;

    let asked = json!({"intent": "recover", "integration": hook, "dry_run": true});
    let run = world.admin().post(REPLAYS, asked).await.expect(200);
    world.advance(secs(60)).await;

    assert_eq!((&run["count"], &run["faults"]), (&json!(4), &json!([])));
    let bodies: Vec<_> = run["requests"].as_array().unwrap().iter().map(|request| &request["body"]).collect();
    assert_eq!(bodies, [&json!("0"), &json!("1"), &json!("2")]);
    assert!(run["requests"][0]["url"].as_str().unwrap().starts_with(&endpoint.url));
    assert!(run["requests"][0]["headers"].to_string().contains("Webhook-Replay"));
    assert_eq!(endpoint.hits(), 4);
    assert_eq!(world.admin().get(REPLAYS).await.expect(200)["items"], json!([]));
    check_books(&world, &hook, [4, 0, 4, 0, 0]).await;
}

#[tokio::test]
async fn a_replay_to_a_test_endpoint_is_logged_and_counts_nowhere() {
    let world = World::start().await;
    let (hook, endpoint) = failed_then_healed(&world, 3).await;
    let tester = world.admin().post("/fieldhook/v1/tester", json!({})).await.expect(201);
    let before = world.admin().get(&format!("/v1/integrations/{hook}")).await.expect(200);

    let asked = json!({"intent": "recover", "integration": hook, "to": tester["id"], "rate": 1_000});
    let id = begun(&world, asked).await;
    world.advance(secs(1)).await;

    let replay = read(&world, &id).await;
    assert_eq!((&replay["state"], numbers(&replay)), (&json!("done"), [3, 3, 3, 0, 0]));
    assert_eq!(replay["to"], tester["url"]);
    let caught = format!("/fieldhook/v1/tester/{}/requests", tester["id"].as_str().unwrap());
    let caught = world.admin().get(&caught).await.expect(200);
    assert_eq!(caught["items"].as_array().unwrap().len(), 3);
    assert!(caught["items"][0]["headers"].to_string().contains(&id), "{caught}");
    assert_eq!(endpoint.hits(), 3);
    check_books(&world, &hook, [3, 0, 3, 0, 0]).await;
    let after = world.admin().get(&format!("/v1/integrations/{hook}")).await.expect(200);
    assert_eq!(after["integration"]["counters"], before["integration"]["counters"]);
    assert_eq!(world.log(&hook).await[0]["trigger"], "test");
    let recovered = begun(&world, json!({"intent": "recover", "integration": hook})).await;
    assert_eq!(read(&world, &recovered).await["total"], 3, "a test recovers nothing");
}

#[tokio::test]
async fn a_replay_stops_when_the_gate_closes_and_says_so() {
    let world = World::start().await;
    let endpoint = world.endpoint([reply(404)]).await;
    let hook = world.integration(json!({"event": "t", "url": endpoint.url})).await;
    for n in 0..40 {
        world.publish("t", &n.to_string()).await;
        world.advance(secs(2)).await;
    }
    world.advance(secs(60)).await;
    assert_eq!(endpoint.hits(), 40);

    let id = begun(&world, json!({"intent": "recover", "integration": hook, "rate": 10})).await;
    for _ in 0..5 {
        world.advance(secs(1)).await;
    }

    let replay = read(&world, &id).await;
    assert_eq!(replay["state"], "stopped");
    let reason = replay["reason"].as_str().unwrap();
    assert!(reason.contains("gate") && reason.contains(&endpoint.url), "{reason}");
    let [total, sent, succeeded, ..] = numbers(&replay);
    assert_eq!((total, succeeded), (40, 0));
    assert!((10..40).contains(&sent), "{sent} were sent");
    assert!(replay["ended_at"].is_string());
    world.advance(secs(120)).await;
    assert_eq!(endpoint.hits() as u64, 40 + sent);
    check_books(&world, &hook, [40 + sent, 0, 40 + sent, 0, 0]).await;
}

#[tokio::test]
async fn a_cancelled_replay_sends_no_more() {
    let world = World::start().await;
    let (hook, endpoint) = failed_then_healed(&world, 5).await;
    let id = begun(&world, json!({"intent": "recover", "integration": hook, "rate": 1})).await;
    world.advance(secs(1)).await;

    let busy =
        world.admin().post(REPLAYS, json!({"intent": "missing", "integration": hook})).await.refusal(409);
    assert!(busy.contains(&id), "{busy}");
    let cancelled = world.admin().delete(&format!("{REPLAYS}/{id}")).await.expect(200);
    world.advance(secs(60)).await;

    assert_eq!((&cancelled["state"], numbers(&cancelled)), (&json!("cancelled"), [5, 2, 2, 0, 0]));
    assert_eq!(endpoint.hits(), 7);
    let over = world.admin().delete(&format!("{REPLAYS}/{id}")).await.refusal(409);
    assert!(over.contains("2 of 5"), "{over}");
    let rest = begun(&world, json!({"intent": "recover", "integration": hook})).await;
    assert_eq!(read(&world, &rest).await["total"], 3);
}

#[tokio::test]
async fn a_replay_that_a_stop_interrupts_says_how_far_it_came() {
    let mut world = World::start().await;
    let (hook, endpoint) = failed_then_healed(&world, 4).await;
    let id = begun(&world, json!({"intent": "recover", "integration": hook, "rate": 1})).await;
    world.advance(secs(1)).await;

    world.restart().await;
    world.advance(secs(60)).await;

    let replay = read(&world, &id).await;
    assert_eq!((&replay["state"], numbers(&replay)), (&json!("interrupted"), [4, 2, 2, 0, 0]));
    assert!(replay["reason"].as_str().unwrap().contains("server stopped"));
    assert_eq!(endpoint.hits(), 6);
    check_books(&world, &hook, [6, 2, 4, 0, 0]).await;
}

#[tokio::test]
async fn a_replay_that_a_crash_left_under_way_is_found_interrupted() {
    let mut world = World::start().await;
    let (hook, endpoint) = failed_then_healed(&world, 2).await;
    let id = begun(&world, json!({"intent": "recover", "integration": hook, "rate": 1000})).await;
    world.advance(secs(1)).await;
    let app = world.server().app();
    let done = app.store.replay(id.parse().unwrap()).await.unwrap().unwrap();
    // As the store has it when the process is gone before it could say anything.
    let left = ReplayRow { id: ReplayId::new(T0, [7; 10]), sending: Sending::Underway, ..done };
    app.recorder.note(vec![Entry::ReplayBegan(Arc::new(left.clone()))]).await;

    world.restart().await;

    let replay = read(&world, &left.id.to_string()).await;
    assert_eq!((&replay["state"], numbers(&replay)), (&json!("interrupted"), [2, 2, 2, 0, 0]));
    assert!(replay["reason"].as_str().unwrap().contains("server stopped"));
    assert_eq!(read(&world, &id).await["state"], "done");
    world.advance(secs(10)).await;
    assert_eq!(endpoint.hits(), 4);
}

#[tokio::test]
async fn events_are_sent_as_the_revision_of_then_where_that_is_asked_for() {
    let world = World::start().await;
    let endpoint = world.endpoint([reply(404), reply(200)]).await;
    let template = |body: &str| json!({"event": "t", "url": endpoint.url, "body": body});
    let hook = world.integration(template("then")).await;
    world.publish("t", "1").await;
    world.advance(secs(1)).await;
    world.admin().put(&format!("/v1/integrations/{hook}"), template("now")).await.expect(200);
    world.advance(secs(1)).await;
    let delivery = deliveries(&world, &format!("integration={hook}")).await[0]["id"].clone();

    for revision in ["then", "now"] {
        let asked = json!({"intent": "resend", "delivery": delivery, "revision": revision});
        let mut dry = asked.clone();
        dry["dry_run"] = json!(true);
        let run = world.admin().post(REPLAYS, dry).await.expect(200);
        assert_eq!(run["requests"][0]["body"], revision);
        begun(&world, asked).await;
        world.advance(secs(1)).await;
    }

    let sent: Vec<_> = endpoint.seen()[1..].iter().map(|request| request.body.clone()).collect();
    assert_eq!(sent, ["then", "now"]);
    let log = world.log(&hook).await;
    assert_eq!((&log[0]["revision"], &log[1]["revision"]), (&json!(2), &json!(1)));
}

#[tokio::test]
async fn an_integration_that_is_off_or_deleted_is_sent_nothing() {
    let world = World::start().await;
    let (hook, endpoint) = failed_then_healed(&world, 3).await;
    let id = begun(&world, json!({"intent": "recover", "integration": hook, "rate": 1})).await;
    world.settled().await;
    let off = json!({"event": "t", "url": endpoint.url, "disabled": true});
    world.admin().put(&format!("/v1/integrations/{hook}"), off).await.expect(200);
    world.advance(secs(1)).await;

    let replay = read(&world, &id).await;
    assert_eq!((&replay["state"], &replay["sent"]), (&json!("stopped"), &json!(1)));
    assert!(replay["reason"].as_str().unwrap().contains("switched off"));
    let refused = world.admin().post(REPLAYS, json!({"intent": "recover", "integration": hook})).await;
    assert!(refused.refusal(409).contains("switched off"));
    world.admin().delete(&format!("/v1/integrations/{hook}")).await.expect(204);
    world.admin().post(REPLAYS, json!({"intent": "recover", "integration": hook})).await.expect(404);
    assert_eq!(endpoint.hits(), 4);
}

async fn team_member(world: &World, product: u64, email: &str, role: &str) -> Visitor {
    let member = world.person(email).await;
    let asked = json!({"username": email, "role": role});
    world.admin().post(&format!("/v1/products/{product}/team"), asked).await.expect(201);
    member
}

#[tokio::test]
async fn who_may_only_look_replays_nothing_and_who_may_test_carries_no_secret_away() {
    let world = World::start().await;
    let endpoint = world.endpoint([reply(404)]).await;
    let product = world.product("greenhouse").await;
    let base = format!("/v1/products/{product}");
    let template = json!({"event": "t", "url": endpoint.url, "headers": {"Authorization": "Bearer s3cret"}});
    let hook = world.integration_in(&base, template).await;
    let supporter = team_member(&world, product, "support@example.com", "support").await;
    let viewer = team_member(&world, product, "viewer@example.com", "view-only").await;
    let stranger = world.person("stranger@example.com").await;

    let asked = json!({"intent": "recover", "integration": hook});
    stranger.post(REPLAYS, asked.clone()).await.expect(404);
    viewer.post(REPLAYS, asked.clone()).await.expect(403);
    let made = supporter.post(REPLAYS, asked).await.expect(201);
    assert_eq!(made["by"]["name"], "support@example.com");
    let path = format!("{REPLAYS}/{}", made["id"].as_str().unwrap());
    viewer.get(&path).await.expect(200);
    viewer.delete(&path).await.expect(403);
    stranger.get(&path).await.expect(404);
    assert_eq!(stranger.get(REPLAYS).await.expect(200)["items"], json!([]));

    let elsewhere = json!({"intent": "recover", "integration": hook, "to": endpoint.url});
    supporter.post(REPLAYS, elsewhere.clone()).await.expect(403);
    world.admin().post(REPLAYS, elsewhere).await.expect(201);
}

#[tokio::test]
async fn replays_are_listed_newest_first_page_by_page() {
    let world = World::start().await;
    let (hook, _endpoint) = failed_then_healed(&world, 1).await;
    let (other, _other_endpoint) = failed_then_healed(&world, 1).await;
    let mut ids = Vec::new();
    for integration in [&hook, &other, &hook] {
        ids.push(begun(&world, json!({"intent": "recover", "integration": integration})).await);
        world.advance(secs(1)).await;
    }

    let listed = async |query: &str| {
        let page = world.admin().get(&format!("{REPLAYS}?{query}")).await.expect(200);
        let rows = page["items"].as_array().unwrap().iter();
        let found: Vec<_> = rows.map(|row| row["id"].as_str().unwrap().to_owned()).collect();
        (found, page["next"].clone())
    };
    assert_eq!(listed("").await.0, [&ids[2][..], &ids[1], &ids[0]]);
    let (first, next) = listed(&format!("integration={hook}&limit=1")).await;
    assert_eq!(first, [&ids[2][..]]);
    let next = next.as_str().unwrap();
    assert_eq!(listed(&format!("integration={hook}&limit=1&cursor={next}")).await.0, [&ids[0][..]]);
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_by_its_field() {
    let world = World::start().await;
    let hook = world.integration(json!({"event": "t", "url": "https://example.com"})).await;
    let unknown = "00000000-0000-7000-8000-000000000000";
    for (asked, status, field) in [
        (json!({"intent": "resend"}), 400, "delivery"),
        (json!({"intent": "resend", "delivery": unknown}), 404, "delivery"),
        (json!({"intent": "recover"}), 400, "integration"),
        (json!({"intent": "recover", "integration": hook, "rate": 0}), 400, "rate"),
        (json!({"intent": "recover", "integration": hook, "since": "2030-01-01"}), 400, "since"),
        (json!({"intent": "missing", "integration": hook, "revision": "then"}), 400, "revision"),
        (json!({"intent": "missing", "integration": hook, "to": "nowhere"}), 404, "to"),
    ] {
        let refusal = world.admin().post(REPLAYS, asked.clone()).await.expect(status);
        assert_eq!(refusal["field"], field, "{asked}: {refusal}");
    }
    world.admin().post(REPLAYS, json!({"intent": "again"})).await.expect(400);
    world.admin().get(&format!("{REPLAYS}/{unknown}")).await.expect(404);
}
