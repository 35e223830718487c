//! Watching: what the console is told as it happens.

use std::time::Duration;

use serde_json::{Value, json};

use crate::world::{Stream, World, reply, secs};

const LIVE: &str = "/fieldhook/v1/live";
const DEVICE: &str = "0123456789abcdef01234567";
const TURN: Duration = Duration::from_millis(250);

/// The next message of this name.
async fn next(stream: &mut Stream, name: &str) -> Value {
    loop {
        let message = stream.next().await;
        if message.name == name {
            return message.json;
        }
    }
}

fn names(message: &Value) -> Vec<&str> {
    message["items"].as_array().unwrap().iter().map(|event| event["name"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn an_event_is_told_at_once_in_the_shape_of_the_list_of_events() {
    let world = World::start().await;
    let mut stream = world.admin().stream(LIVE).await;
    let id = world.publish("temp/kitchen", "21.5").await;

    let told = next(&mut stream, "events").await;
    let listed = world.admin().get("/fieldhook/v1/events").await.expect(200);
    assert_eq!((&told["items"], &told["left_out"]), (&listed["items"], &json!(0)));
    assert_eq!(told["items"][0]["id"], json!(id));
}

#[tokio::test]
async fn of_many_events_an_even_sample_is_told_four_times_a_second() {
    let world = World::start().await;
    let mut stream = world.admin().stream(LIVE).await;
    world.publish("t", "first").await;
    assert_eq!(next(&mut stream, "events").await["items"][0]["data"], "first");
    for n in 0..120 {
        world.publish("t", &n.to_string()).await;
    }

    // Not one of them has come: time has not passed since the first.
    world.tick(TURN);
    let told = next(&mut stream, "events").await;
    let numbers: Vec<u32> = told["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| event["data"].as_str().unwrap().parse().unwrap())
        .collect();
    assert_eq!((numbers.len(), numbers[0], &told["left_out"]), (50, 0, &json!(70)));
    assert!(numbers.windows(2).all(|pair| (1..=4).contains(&(pair[1] - pair[0]))), "{numbers:?}");
    assert!(numbers[49] > 110, "{numbers:?}");
}

#[tokio::test]
async fn a_name_is_a_prefix_and_a_device_brings_the_replies_to_it_along() {
    let world = World::start().await;
    let device = world.device(DEVICE).await;
    let answer = "x".repeat(600);
    let endpoint = world.endpoint([reply(200).body(answer)]).await;
    world.integration(json!({"event": "t/a", "url": endpoint.url})).await;
    let mut by_name = world.admin().stream(&format!("{LIVE}?name=t%2F")).await;
    let mut by_device = world.admin().stream(&format!("{LIVE}?device={DEVICE}")).await;

    world.publish("u", "not the name").await;
    world.publish("t/b", "not the device").await;
    device.post("/v1/devices/events", json!({"name": "t/a", "data": "1"})).await.expect(200);
    world.advance(TURN).await;

    let mut heard = Vec::new();
    while heard.len() < 4 {
        heard.extend(next(&mut by_device, "events").await["items"].as_array().unwrap().clone());
        world.advance(TURN).await;
    }
    let told: Vec<&str> = heard.iter().map(|event| event["name"].as_str().unwrap()).collect();
    for name in ["t/a", "hook-sent/t/a", "hook-response/t/a/0", "hook-response/t/a/1"] {
        assert!(told.contains(&name), "{told:?}");
    }
    let part = heard.iter().find(|event| event["name"] == "hook-response/t/a/1").unwrap();
    assert_eq!((&part["part"], &part["parts"]), (&json!(1), &json!(2)));
    assert_eq!(part["coreid"], "particle-internal");

    let mut named = Vec::new();
    while named.len() < 2 {
        let message = next(&mut by_name, "events").await;
        named.extend(names(&message).into_iter().map(str::to_owned));
        world.tick(TURN);
    }
    assert_eq!(named, ["t/b", "t/a"]);
}

#[tokio::test]
async fn nobody_is_told_of_what_is_not_theirs() {
    let world = World::start().await;
    let ada = world.person("ada@example.com").await;
    let endpoint = world.endpoint([reply(200)]).await;
    let hook = json!({"event": "t", "url": endpoint.url});
    let theirs = ada.post("/v1/integrations", hook.clone()).await.expect(201)["id"].clone();
    world.integration(hook).await;
    let mut stream = ada.stream(LIVE).await;

    world.publish("t", "mine").await;
    world.settled().await;
    ada.post("/v1/devices/events", json!({"name": "t", "data": "theirs"})).await.expect(200);

    assert_eq!(next(&mut stream, "events").await["items"][0]["data"], "theirs");
    world.advance(secs(1)).await;
    assert_eq!(next(&mut stream, "changed").await["integrations"], json!([theirs]));
    let account = world.admin().get("/v1/user").await.expect(200);
    let scope = format!("{LIVE}?scope=user:{}", account["id"].as_str().unwrap());
    ada.get(&scope).await.expect(404);
    world.nobody().get(LIVE).await.expect(401);
    world.device(DEVICE).await.get(LIVE).await.expect(403);
}

#[tokio::test]
async fn an_organisation_covers_its_products() {
    let world = World::start().await;
    let org = world.admin().post("/fieldhook/v1/organisations", json!({"name": "Works"})).await.expect(201);
    let org = org["organization"]["id"].as_str().unwrap().to_owned();
    let new = json!({"product": {"name": "Pump"}});
    let made = world.admin().post(&format!("/v1/orgs/{org}/products"), new).await.expect(201);
    let product = made["product"]["id"].clone();
    let endpoint = world.endpoint([reply(200)]).await;
    let base = format!("/v1/products/{product}");
    let hook = world.integration_in(&base, json!({"event": "t", "url": endpoint.url})).await;
    let mut of_org = world.admin().stream(&format!("{LIVE}?scope=org:{org}")).await;
    let mut of_product = world.admin().stream(&format!("{LIVE}?scope=product:{product}")).await;
    let own = world.admin().get("/v1/user").await.expect(200)["id"].as_str().unwrap().to_owned();
    let mut of_own = world.admin().stream(&format!("{LIVE}?scope=user:{own}")).await;

    let event = json!({"name": "t", "data": "1"});
    world.admin().post(&format!("{base}/events"), event).await.expect(200);
    world.settled().await;
    world.publish("u", "own").await;

    for stream in [&mut of_org, &mut of_product] {
        let first = stream.next().await;
        let second = stream.next().await;
        let (events, changed) = if first.name == "events" { (first, second) } else { (second, first) };
        assert_eq!((events.name.as_str(), names(&events.json)[0]), ("events", "t"));
        assert_eq!(changed.json["integrations"], json!([hook]));
    }
    assert_eq!(names(&next(&mut of_own, "events").await), ["u"]);
}

#[tokio::test]
async fn a_change_is_told_once_the_store_has_it_and_at_most_once_a_second() {
    let world = World::start().await;
    let endpoint = world.endpoint([reply(200).hangs()]).await;
    let hook = world.integration(json!({"event": "t", "url": endpoint.url, "retryPolicy": "none"})).await;
    let mut stream = world.admin().stream(LIVE).await;
    world.publish("t", "1").await;
    assert_eq!(next(&mut stream, "changed").await, json!({"integrations": [hook]}));

    endpoint.next().await;
    world.tick(secs(20));
    assert_eq!(next(&mut stream, "changed").await, json!({"integrations": [hook]}));
    let books = world.admin().get(&format!("/fieldhook/v1/integrations/{hook}/books")).await.expect(200);
    assert_eq!((&books["failed"], &books["waiting"]), (&json!(1), &json!(0)));

    world.publish("t", "2").await;
    world.publish("t", "3").await;
    let early = {
        let mut changed = Box::pin(next(&mut stream, "changed"));
        futures_util::poll!(&mut changed)
    };
    assert!(early.is_pending(), "less than a second has passed");
    world.tick(secs(1));
    assert_eq!(next(&mut stream, "changed").await, json!({"integrations": [hook]}));
}

#[tokio::test]
async fn silence_is_broken_by_a_comment_after_nine_seconds() {
    let world = World::start().await;
    let mut stream = world.admin().stream(LIVE).await;
    let mut chunk = Box::pin(stream.chunk());
    world.tick(Duration::from_millis(8_999));
    assert!(futures_util::poll!(&mut chunk).is_pending());
    world.tick(Duration::from_millis(1));
    assert_eq!(&chunk.await.unwrap()[..], b":\n\n");
}

#[tokio::test]
async fn what_others_do_does_not_count_as_a_sign_of_life() {
    let world = World::start().await;
    let ada = world.person("ada@example.com").await;
    let endpoint = world.endpoint([reply(200)]).await;
    world.integration(json!({"event": "t", "url": endpoint.url})).await;
    let mut stream = ada.stream(LIVE).await;
    let mut chunk = Box::pin(stream.chunk());
    for _ in 0..9 {
        world.publish("t", "1").await;
        world.advance(secs(1)).await;
    }
    assert_eq!(&chunk.as_mut().await.unwrap()[..], b":\n\n");
}

#[tokio::test]
async fn watching_ends_with_the_right_to_it_and_when_the_server_drains() {
    let mut world = World::start().await;
    let ada = world.person("ada@example.com").await;
    let mut theirs = ada.stream(LIVE).await;
    let mut own = world.admin().stream(LIVE).await;
    ada.delete("/v1/access_tokens").await.expect(200);
    world.tick(secs(9));
    assert_eq!(theirs.next_or_end().await, None);

    world.restart().await;
    assert_eq!(own.next_or_end().await, None);
}

#[tokio::test]
async fn a_watcher_is_nobody_whom_a_reply_reaches() {
    let world = World::start().await;
    let endpoint = world.endpoint([reply(200).body("x")]).await;
    let hook = world.integration(json!({"event": "t", "url": endpoint.url})).await;
    let mut stream = world.admin().stream(LIVE).await;
    world.publish("t", "1").await;
    let line = world.log(&hook).await.remove(0);
    next(&mut stream, "events").await;

    let path = format!("/fieldhook/v1/attempts/{}", line["id"].as_str().unwrap());
    let followed = world.admin().get(&path).await.expect(200)["followed_by"].clone();
    assert!(followed.as_array().is_some_and(|followed| !followed.is_empty()), "{followed}");
    assert!(followed.as_array().unwrap().iter().all(|event| event["listeners"] == 0), "{followed}");
}

#[tokio::test]
async fn what_cannot_be_watched_is_refused_by_name() {
    let world = World::start().await;
    for (query, field) in [
        ("scope=team:1", "scope"),
        ("device=kitchen", "device"),
        (&format!("name={}", "x".repeat(257)), "name"),
    ] {
        let refused = world.admin().get(&format!("{LIVE}?{query}")).await.expect(400);
        assert_eq!(refused["field"], field);
    }
}
