//! No answer comes, for one reason or another.

use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::{TESTER, card, cause, fact, hook, id_of, offers, says, tester};
use crate::world::{World, reply, secs};

#[tokio::test]
async fn an_endpoint_that_stays_silent_is_told_with_the_bytes_sent_and_the_warning() {
    let world = World::start().await;
    let endpoint = world.endpoint([reply(200).hangs()]).await;
    let id = hook(&world, &endpoint.url, json!({})).await;
    world.publish("temp", "1").await;
    endpoint.next().await;
    world.tick(secs(20));

    let card = card(&world, &id, "silent").await;
    says(fact(&card), "ESOCKETTIMEDOUT");
    says(fact(&card), "not one byte back within 20 s");
    says(card["also"][0]["words"].as_str().unwrap(), "and 0 came back");
    assert!(offers(&card, "test-to-tester"));
}

#[tokio::test]
async fn a_port_that_never_begins_tls_is_a_timeout_with_its_phase() {
    let world = World::start().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    let id = hook(&world, &url, json!({})).await;
    world.publish("temp", "1").await;
    let (mut socket, _) = listener.accept().await.unwrap();
    // Once the handshake has been asked for, it is only to be waited for.
    socket.read_u8().await.unwrap();
    world.tick(secs(20));

    let card = card(&world, &id, "timed-out").await;
    says(cause(&card), "does not begin TLS");
    says(fact(&card), "ETIMEDOUT while in the TLS handshake");
    says(card["happened"].as_str().unwrap(), "After 20 s");
}

#[tokio::test]
async fn a_reset_says_when_the_connection_was_closed() {
    let world = World::start().await;
    for (fault, when) in [("reset_before", "without a word"), ("reset_after", "in the middle of its answer")]
    {
        let url = tester(&world, json!({"fault": fault, "body_bytes": 100_000})).await;
        let id = hook(&world, &url, json!({"event": fault})).await;
        world.publish(fault, "1").await;
        let card = card(&world, &id, "reset").await;
        says(cause(&card), when);
        says(fact(&card), "ECONNRESET");
        says(card["also"][0]["words"].as_str().unwrap(), "may have acted on the request");
    }
}

#[tokio::test]
async fn a_port_where_nobody_listens_is_named() {
    let world = World::start().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let id = hook(&world, &format!("http://{address}/in"), json!({})).await;
    world.publish("temp", "1").await;
    let card = card(&world, &id, "unreachable").await;
    says(fact(&card), &format!("nobody listens at {address}"));
    assert!(offers(&card, "edit-field"));
}

#[tokio::test]
async fn a_name_that_does_not_exist_is_told_as_that() {
    let world = World::start().await;
    let id = hook(&world, "http://no-such-host.invalid/in", json!({})).await;
    world.publish("temp", "1").await;
    let card = card(&world, &id, "dns").await;
    says(cause(&card), "There is no host `no-such-host.invalid`");
    says(fact(&card), "ENOTFOUND");
}

#[tokio::test]
async fn https_to_a_port_that_speaks_http_is_told_by_what_came_back() {
    let world = World::start().await;
    let endpoint = world.endpoint([reply(200)]).await;
    let id = hook(&world, &endpoint.url.replace("http://", "https://"), json!({})).await;
    world.publish("temp", "1").await;
    let card = card(&world, &id, "tls").await;
    says(cause(&card), "speaks plain http");
    says(fact(&card), "TLS_ERROR");
}

#[tokio::test]
async fn what_is_no_web_server_is_told_by_how_it_greets() {
    let world = World::start().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let id = hook(&world, &url, json!({})).await;
    world.publish("temp", "1").await;
    let (mut socket, _) = listener.accept().await.unwrap();
    socket.write_all(b"SSH-2.0-OpenSSH_9.6\r\n").await.unwrap();
    let card = card(&world, &id, "protocol").await;
    says(cause(&card), "is no web server");
    says(fact(&card), "SSH-2.0");
}

#[tokio::test]
async fn an_address_that_is_not_allowed_names_the_switch() {
    let world = World::start().await;
    let id = hook(&world, "http://10.1.2.3/in", json!({})).await;
    world.publish("temp", "1").await;
    let card = card(&world, &id, "blocked").await;
    says(cause(&card), "unless it is told to");
    says(fact(&card), "--allow-destinations 10.1.2.3/32");
}

#[tokio::test]
async fn a_gate_that_holds_back_is_told_with_the_failure_behind_it() {
    let world = World::start().await;
    let endpoint = world.endpoint([reply(503).body("overloaded")]).await;
    let id = hook(&world, &endpoint.url, json!({"retryPolicy": "none"})).await;
    for n in 0..60 {
        world.publish("temp", &n.to_string()).await;
        world.settled().await;
    }
    let cards = super::cards(&world, &id).await;
    let situations: Vec<_> = cards.iter().map(|card| card["situation"].as_str().unwrap()).collect();
    assert_eq!(situations, ["skipped", "server-error"]);
    let skipped = &cards[0];
    says(cause(skipped), "it answered 503");
    says(fact(skipped), "were accepted, so");
    says(skipped["also"][0]["words"].as_str().unwrap(), "are skipped");
    assert!(offers(skipped, "wake") && offers(skipped, "recover"));
    let fate = &skipped["fate"];
    let sum = fate["failed"].as_u64().unwrap() + fate["dropped"].as_u64().unwrap();
    assert_eq!(fate["matched"], sum);
}

#[tokio::test]
async fn a_retry_after_silence_that_got_through_warns_of_duplicates() {
    let world = World::start().await;
    let endpoint = world.endpoint([reply(200).hangs(), reply(200)]).await;
    let template = json!({"event": "temp", "url": endpoint.url});
    let id = world.integration(template).await;
    world.publish("temp", "1").await;
    endpoint.next().await;
    world.tick(secs(20));
    world.advance(secs(30)).await;

    let cards = super::cards(&world, &id).await;
    let duplicates = cards.iter().find(|card| card["situation"] == "duplicates").unwrap();
    says(fact(duplicates), "ESOCKETTIMEDOUT; try 2 was accepted");
    says(duplicates["steps"][0]["words"].as_str().unwrap(), "Webhook-Id");
}

#[tokio::test]
async fn a_tester_that_hangs_shows_the_same_card_as_an_endpoint_that_does() {
    let world = World::start().await;
    let url = tester(&world, json!({"fault": "hang"})).await;
    let mut caught = world.admin().stream(&format!("{TESTER}/{}/requests", id_of(&url))).await;
    let id = hook(&world, &url, json!({})).await;
    world.publish("temp", "1").await;
    caught.next().await;
    world.tick(secs(20));
    says(fact(&card(&world, &id, "silent").await), "took the whole request");
}

#[tokio::test]
async fn a_machine_that_takes_no_connection_is_a_timeout_while_connecting() {
    let world = World::start().await;
    // Its queue of connections is full and nobody takes them out: the next one gets no answer.
    let full = tokio::net::TcpSocket::new_v4().unwrap();
    full.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = full.local_addr().unwrap();
    let _listener = full.listen(1).unwrap();
    let waiting: Vec<_> = (0..8).map(|_| tokio::spawn(tokio::net::TcpStream::connect(address))).collect();
    while waiting.iter().filter(|task| task.is_finished()).count() < 2 {
        tokio::task::yield_now().await;
    }
    let id = hook(&world, &format!("http://{address}"), json!({})).await;
    world.publish("temp", "1").await;
    while world.server().app().engine.in_flight() == 0 {
        tokio::task::yield_now().await;
    }
    world.tick(secs(20));

    let card = card(&world, &id, "timed-out").await;
    says(fact(&card), "ETIMEDOUT while connecting");
    says(card["happened"].as_str().unwrap(), "After 20 s");
    assert!(offers(&card, "test-to-tester"));
    waiting.iter().for_each(tokio::task::JoinHandle::abort);
}

#[tokio::test]
async fn a_connection_that_is_not_to_be_kept_is_not() {
    let world = World::start().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (count, mut counted) = tokio::sync::watch::channel([0, 0]);
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            count.send_modify(|[connections, _]| *connections += 1);
            let count = count.clone();
            tokio::spawn(async move {
                let mut bytes = [0; 4_096];
                while socket.read(&mut bytes).await.is_ok_and(|read| read > 0) {
                    count.send_modify(|[_, requests]| *requests += 1);
                    let _ = socket.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await;
                }
            });
        }
    });
    for (keys, connections) in [(json!({}), 1), (json!({"keepAlive": false}), 4)] {
        let id = hook(&world, &url, keys).await;
        for _ in 0..3 {
            world.publish("temp", "1").await;
            world.settled().await;
        }
        let path = format!("/v1/integrations/{id}");
        world.admin().delete(&path).await.expect(204);
        assert_eq!(counted.borrow_and_update()[0], connections);
    }
    assert_eq!(counted.borrow()[1], 6);
}
