//! An acknowledged event is never lost: the server is killed at random moments under load, and every event it said
//! yes to reaches the endpoint in the end.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;

use crate::tiny::{self, Server, Sink};
use serde_json::{Value, json};

/// How often the server is killed, unless `FIELDHOOK_KILLS` says otherwise; `make soak` does.
const KILLS: usize = 50;
const PUBLISHERS: usize = 4;

#[test]
fn no_acknowledged_event_is_lost_however_often_the_server_is_killed_under_load() {
    let kills =
        std::env::var("FIELDHOOK_KILLS").map_or(KILLS, |text| text.parse().expect("a number of kills"));
    let data = tempfile::tempdir().expect("a directory can be made");
    let sink = Sink::start();
    let mut server = Server::start(data.path());
    let token = server.log_in();
    let hook =
        json!({"event": "k", "url": sink.url(), "body": "{{{PARTICLE_EVENT_VALUE}}}", "responseTopic": ""});
    let hook = tiny::call(&server.url, "POST", "/v1/integrations", Some(&token), Some(&hook));
    let hook = hook.expect("the webhook is saved")["id"].as_str().expect("it has an id").to_owned();

    let mut acknowledged = HashSet::new();
    let counter = Arc::new(AtomicU64::new(0));
    for round in 0..kills {
        let (said_yes, yes) = mpsc::channel();
        let stop = Arc::new(AtomicBool::new(false));
        let publishers: Vec<_> = (0..PUBLISHERS)
            .map(|_| {
                publish(server.url.clone(), token.clone(), counter.clone(), stop.clone(), said_yes.clone())
            })
            .collect();
        drop(said_yes);
        // The kill comes after some number of answers, another one each round: early, late, in the middle of a batch.
        acknowledged.extend(take(&yes, 5 + round * 17 % 120));
        server.kill();
        stop.store(true, Ordering::Relaxed);
        acknowledged.extend(yes.iter());
        for publisher in publishers {
            publisher.join().expect("a publisher ends when the server is gone");
        }
        server = Server::start(data.path());
    }

    let books = server.settled_books(&token, &hook);
    let arrived: HashMap<u64, HashMap<String, usize>> = sink.arrived();
    sink.has_all(&acknowledged);
    let renamed: Vec<_> = arrived.iter().filter(|(_, ids)| ids.len() > 1).collect();
    assert!(renamed.is_empty(), "a repeat has the Webhook-Id of the first: {renamed:?}");
    assert_eq!(
        books["matched"].as_u64(),
        sum(&books, &["delivered", "failed", "dropped", "waiting"]),
        "the books balance: {books}"
    );
    assert_eq!(books["waiting"], 0);
    assert!(books["matched"].as_u64() >= Some(acknowledged.len() as u64), "{books}");
    assert!(acknowledged.len() >= kills * 5);
    let sent: usize = arrived.values().flat_map(HashMap::values).sum();
    println!(
        "{kills} kills: {} events acknowledged, 0 lost, {} sent twice with the same Webhook-Id",
        acknowledged.len(),
        sent - arrived.len()
    );
}

fn sum(books: &Value, keys: &[&str]) -> Option<u64> {
    keys.iter().map(|key| books[*key].as_u64()).sum()
}

fn take(yes: &Receiver<u64>, count: usize) -> Vec<u64> {
    yes.iter().take(count).collect()
}

/// Publishes numbered events until the server is gone, and tells which it acknowledged.
fn publish(
    url: String,
    token: String,
    counter: Arc<AtomicU64>,
    stop: Arc<AtomicBool>,
    said_yes: Sender<u64>,
) -> thread::JoinHandle<()> {
    thread::spawn(move || {
        let mut connection = tiny::Connection::open(&url);
        while !stop.load(Ordering::Relaxed) {
            let number = counter.fetch_add(1, Ordering::Relaxed);
            let event = json!({"name": "k", "data": number.to_string()});
            let answered = connection.call("POST", "/v1/devices/events", Some(&token), Some(&event));
            match answered {
                Some((200, _)) if said_yes.send(number).is_ok() => {}
                _ => return,
            }
        }
    })
}
