//! Nodes that share a queue and a store.

use serde_json::json;

use crate::world::{Visitor, World, reply, secs};

/// Asks until it is answered so: what one node changes reaches another in a moment.
async fn until(visitor: &Visitor, path: &str, status: u16) {
    while visitor.get(path).await.status != status {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn an_integration_saved_on_one_node_fires_on_another_and_both_tell_the_same_of_it() {
    let (world, _engines) = World::of_nodes().await;
    let other = world.join("b").await;
    let endpoint = world.endpoint([reply(200)]).await;
    let id = world.integration(json!({"event": "t", "url": endpoint.url})).await;
    until(other.admin(), &format!("/v1/integrations/{id}"), 200).await;

    let event = json!({"name": "t", "data": "1"});
    other.admin().post("/v1/devices/events", event).await.expect(200);
    endpoint.next().await;
    other.settled().await;
    world.publish("t", "2").await;
    assert_eq!(world.books(&id).await["delivered"], 2);
    for node in [world.admin(), other.admin()] {
        let books = node.get(&format!("/fieldhook/v1/integrations/{id}/books")).await.expect(200);
        assert_eq!((&books["matched"], &books["delivered"]), (&2.into(), &2.into()));
        let log = node.get(&format!("/fieldhook/v1/attempts?integration={id}")).await.expect(200);
        assert_eq!(log["items"].as_array().unwrap().len(), 2);
    }
    other.stop().await;
}

#[tokio::test]
async fn what_is_changed_or_removed_on_one_node_is_so_on_another() {
    let (world, _engines) = World::of_nodes().await;
    let other = world.join("b").await;
    let endpoint = world.endpoint([reply(200)]).await;
    let id = world.integration(json!({"event": "t", "url": endpoint.url, "name": "first"})).await;
    let path = format!("/v1/integrations/{id}");
    until(other.admin(), &path, 200).await;

    let changed = json!({"event": "t", "url": endpoint.url, "name": "second"});
    other.admin().put(&path, changed).await.expect(200);
    while world.admin().get(&path).await.expect(200)["integration"]["name"] != "second" {
        tokio::task::yield_now().await;
    }
    world.admin().delete(&path).await.expect(204);
    until(other.admin(), &path, 404).await;

    let person = world.person("ann@example.com").await;
    let there = other.admin().with_token(person.token.as_deref().unwrap());
    until(&there, "/v1/devices", 200).await;
    world.admin().delete("/v1/users/ann@example.com").await;
    person.delete("/v1/access_tokens/current").await;
    until(&there, "/v1/devices", 401).await;
    other.stop().await;
}

#[tokio::test]
async fn products_made_on_two_nodes_at_once_are_two() {
    let (world, _engines) = World::of_nodes().await;
    let other = world.join("b").await;
    let make = async |node: &Visitor, name: &str| {
        let made = node.post("/v1/user/products", json!({"product": {"name": name}})).await.expect(201);
        made["product"]["id"].as_u64().unwrap()
    };
    let (one, two) = tokio::join!(make(world.admin(), "one"), make(other.admin(), "two"));
    assert_ne!(one, two);
    for node in [world.admin(), other.admin()] {
        for (id, name) in [(one, "one"), (two, "two")] {
            until(node, &format!("/v1/products/{id}"), 200).await;
            let product = node.get(&format!("/v1/products/{id}")).await.expect(200);
            assert_eq!(product["product"]["name"], name);
        }
    }
    other.stop().await;
}

#[tokio::test]
async fn a_listener_on_one_node_hears_what_another_took_in_and_the_answer_to_it_once() {
    let (world, _engines) = World::of_nodes().await;
    let other = world.join("b").await;
    let endpoint = world.endpoint([reply(200).body("pong")]).await;
    let id = world.integration(json!({"event": "t", "url": endpoint.url})).await;
    let mut here = world.admin().stream("/v1/devices/events").await;
    let mut there = other.admin().stream("/v1/devices/events").await;

    for data in ["1", "2"] {
        world.publish("t", data).await;
        for stream in [&mut here, &mut there] {
            let heard = stream.next().await;
            assert_eq!((heard.name.as_str(), &heard.json["data"]), ("t", &data.into()));
            let heard = stream.next().await;
            assert_eq!(heard.name, "hook-sent/t");
            let heard = stream.next().await;
            assert_eq!((heard.name.as_str(), &heard.json["data"]), ("hook-response/t/0", &"pong".into()));
        }
    }
    assert_eq!(world.books(&id).await["delivered"], 2);
    other.stop().await;
}

#[tokio::test]
async fn a_console_that_watches_one_node_is_told_what_another_changes() {
    let (world, _engines) = World::of_nodes().await;
    let other = world.join("b").await;
    let endpoint = world.endpoint([reply(200)]).await;
    let id = world.integration(json!({"event": "t", "url": endpoint.url})).await;
    until(other.admin(), &format!("/v1/integrations/{id}"), 200).await;
    let mut watch = other.admin().stream("/fieldhook/v1/live").await;
    world.publish("t", "1").await;
    world.settled().await;

    // Changes are told a second apart.
    world.tick(secs(1));
    let (mut happened, mut changed) = (false, false);
    while !(happened && changed) {
        let message = watch.next().await;
        happened |= message.name == "events";
        changed |= message.name == "changed" && message.json["integrations"] == json!([id]);
    }
    other.stop().await;
}

#[tokio::test]
async fn a_node_that_drains_leaves_what_waits_to_another_with_the_same_id() {
    let (world, _engines) = World::of_nodes().await;
    let other = world.join("b").await;
    let endpoint = world.endpoint([reply(500), reply(200)]).await;
    let id = world.integration(json!({"event": "t", "url": endpoint.url})).await;
    until(other.admin(), &format!("/v1/integrations/{id}"), 200).await;
    other.admin().post("/v1/devices/events", json!({"name": "t"})).await.expect(200);
    endpoint.next().await;
    other.settled().await;
    other.stop().await;
    assert_eq!(world.books(&id).await["waiting"], 1);

    while endpoint.hits() < 2 {
        world.advance(secs(1)).await;
    }
    assert_eq!(world.books(&id).await["delivered"], 1);
    assert_eq!(endpoint.seen()[0].header("webhook-id"), endpoint.seen()[1].header("webhook-id"));
}

#[tokio::test]
async fn a_replay_that_one_node_sends_is_seen_and_cancelled_on_another() {
    let (world, _engines) = World::of_nodes().await;
    let other = world.join("b").await;
    let endpoint = world.endpoint([reply(404), reply(404), reply(404), reply(200)]).await;
    let id = world.integration(json!({"event": "t", "url": endpoint.url})).await;
    for data in ["1", "2", "3"] {
        world.publish("t", data).await;
        // Apart from one another, so that the gate stays open.
        world.advance(secs(1)).await;
        world.advance(secs(1)).await;
    }
    let ask = json!({"intent": "recover", "integration": id, "rate": 1});
    let replay = world.admin().post("/fieldhook/v1/replays", ask).await.expect(201);
    let path = format!("/fieldhook/v1/replays/{}", replay["id"].as_str().unwrap());

    assert_eq!(other.admin().get(&path).await.expect(200)["state"], "running");
    assert_eq!(other.admin().delete(&path).await.expect(200)["state"], "cancelled");
    world.advance(secs(3)).await;
    world.advance(secs(3)).await;
    let seen = world.admin().get(&path).await.expect(200);
    assert_eq!(seen["state"], "cancelled");
    assert!(endpoint.hits() < 6, "{seen}");
    other.stop().await;
}

#[tokio::test]
async fn publishes_are_refused_while_nats_is_away_and_taken_in_again_when_it_is_back() {
    let (world, mut engines) = World::of_nodes_on_engines_of_its_own().await;
    let endpoint = world.endpoint([reply(200)]).await;
    let id = world.integration(json!({"event": "t", "url": endpoint.url})).await;
    world.publish("t", "1").await;
    world.settled().await;

    engines.kill_nats();
    let refused = world.admin().post("/v1/devices/events", json!({"name": "t"})).await;
    assert!(refused.header("retry-after").parse::<u32>().unwrap() > 0);
    let why = refused.refusal(503);
    assert!(why.contains("NATS") || why.contains("queue"), "{why}");
    // What was found well is believed for a second.
    world.tick(secs(1));
    let health = world.nobody().get("/health").await.expect(503);
    assert_eq!(health["reasons"][0], "the queue does not answer");

    engines.start_nats();
    while world.admin().post("/v1/devices/events", json!({"name": "t"})).await.status != 200 {
        world.tick(secs(1));
    }
    while world.nobody().get("/health").await.status != 200 {
        world.tick(secs(1));
    }
    let books = world.books(&id).await;
    assert_eq!((&books["waiting"], &books["matched"]), (&0.into(), &books["delivered"]));
    assert!(books["delivered"].as_u64().unwrap() >= 2);
}

#[tokio::test]
async fn nothing_acknowledged_is_lost_while_postgresql_is_away_and_all_is_logged_when_it_is_back() {
    let (world, mut engines) = World::of_nodes_on_engines_of_its_own().await;
    let endpoint = world.endpoint([reply(200)]).await;
    let id = world.integration(json!({"event": "t", "url": endpoint.url})).await;
    world.publish("t", "1").await;
    world.settled().await;

    engines.kill_postgres();
    let mut acknowledged = 1;
    loop {
        let published = world.admin().post("/v1/devices/events", json!({"name": "t"})).await;
        if published.status != 200 {
            assert!(published.header("retry-after").parse::<u32>().unwrap() > 0);
            assert!(published.refusal(503).contains("store"));
            break;
        }
        acknowledged += 1;
    }
    world.nobody().get("/health").await.expect(503);

    engines.start_postgres();
    while world.nobody().get("/health").await.status != 200 {
        world.tick(secs(1));
    }
    world.publish("t", "last").await;
    let books = world.books(&id).await;
    assert_eq!(
        (&books["matched"], &books["delivered"]),
        (&(acknowledged + 1).into(), &(acknowledged + 1).into())
    );
    assert_eq!(world.log(&id).await.len(), acknowledged + 1);
}

#[tokio::test]
async fn a_node_with_another_key_does_not_start_and_leaves_no_key_behind() {
    let (world, _engines) = World::of_nodes().await;
    let refusal = world.refused(|config| config.key_file = None).await;
    assert!(refusal.contains("another key") && refusal.contains("--key-file"), "{refusal}");

    let other = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(other.path(), [7; 32]).unwrap();
    let refusal = world.refused(|config| config.key_file = Some(other.path().to_owned())).await;
    assert!(refusal.contains("another key"), "{refusal}");
}

#[tokio::test]
async fn a_wrong_or_unreachable_address_is_named_at_the_start() {
    let (world, _engines) = World::of_nodes().await;
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = nobody.local_addr().unwrap().port();
    drop(nobody);

    let queue = format!("nats://me:secret@127.0.0.1:{port}");
    let refusal = world.refused(|config| config.queue = Some(queue)).await;
    assert!(refusal.contains(&format!("127.0.0.1:{port}")) && !refusal.contains("secret"), "{refusal}");
    let store = format!("postgres://me:secret@127.0.0.1:{port}/fleet");
    let refusal = world.refused(|config| config.store = Some(store)).await;
    assert!(refusal.contains(&format!("127.0.0.1:{port}")) && !refusal.contains("secret"), "{refusal}");
    let refusal = world.refused(|config| config.store = None).await;
    assert!(refusal.contains("`--queue` needs `--store`"), "{refusal}");
}
