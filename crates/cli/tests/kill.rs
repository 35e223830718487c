//! An acknowledged event is never lost: the server is killed at random moments under load, and every event it said
//! yes to reaches the endpoint in the end.

use std::collections::{HashMap, HashSet};
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;

use serde_json::{Value, json};
use tempfile::TempDir;
use tiny::Sink;

mod tiny;

const KILLS: usize = 20;
const PUBLISHERS: usize = 4;
const EMAIL: &str = "admin@example.com";
const PASSWORD: &str = "a password of the tests";

#[test]
fn no_acknowledged_event_is_lost_over_twenty_kills_under_load() {
    let data = tempfile::tempdir().expect("a directory can be made");
    let sink = Sink::start();
    let mut server = Running::start(&data);
    let token = server.log_in();
    let hook =
        json!({"event": "k", "url": sink.url(), "body": "{{{PARTICLE_EVENT_VALUE}}}", "responseTopic": ""});
    let hook = tiny::call(&server.url, "POST", "/v1/integrations", Some(&token), Some(&hook));
    let hook = hook.expect("the webhook is saved")["id"].as_str().expect("it has an id").to_owned();

    let mut acknowledged = HashSet::new();
    let counter = Arc::new(AtomicU64::new(0));
    for round in 0..KILLS {
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
        server = Running::start(&data);
    }

    let books = server.settled_books(&token, &hook);
    let arrived: HashMap<u64, HashSet<String>> = sink.arrived();
    let lost: Vec<_> = acknowledged.iter().filter(|event| !arrived.contains_key(event)).collect();
    assert!(
        lost.is_empty(),
        "{} of {} acknowledged events are lost: {lost:?}",
        lost.len(),
        acknowledged.len()
    );
    let renamed: Vec<_> = arrived.iter().filter(|(_, ids)| ids.len() > 1).collect();
    assert!(renamed.is_empty(), "a repeat has the Webhook-Id of the first: {renamed:?}");
    assert_eq!(
        books["matched"].as_u64(),
        sum(&books, &["delivered", "failed", "dropped", "waiting"]),
        "the books balance: {books}"
    );
    assert_eq!(books["waiting"], 0);
    assert!(books["matched"].as_u64() >= Some(acknowledged.len() as u64), "{books}");
    assert!(acknowledged.len() >= KILLS * 5);
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

/// A server in a process of its own.
struct Running {
    child: Child,
    url: String,
}

impl Running {
    fn start(data: &TempDir) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_fieldhook"))
            .args(["serve", "--listen", "127.0.0.1:0", "--allow-destinations", "127.0.0.0/8", "--data"])
            .arg(data.path())
            .env("FIELDHOOK_ADMIN_EMAIL", EMAIL)
            .env("FIELDHOOK_ADMIN_PASSWORD", PASSWORD)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the server starts");
        let lines = BufReader::new(child.stdout.take().expect("its output is piped")).lines();
        let url = lines
            .map_while(Result::ok)
            .find_map(|line| {
                line.split_whitespace().find(|word| word.starts_with("http://127.")).map(str::to_owned)
            })
            .expect("the server says where it listens");
        Self { child, url: url.trim_end_matches(['/', '.', ',']).to_owned() }
    }

    fn log_in(&self) -> String {
        let asked = json!({"username": EMAIL, "password": PASSWORD, "grant_type": "password",
            "client_id": "particle", "client_secret": "particle", "expires_in": 0});
        let answer =
            tiny::call(&self.url, "POST", "/oauth/token", None, Some(&asked)).expect("the login is good");
        answer["access_token"].as_str().expect("there is a token").to_owned()
    }

    fn kill(&mut self) {
        self.child.kill().expect("it can be killed");
        self.child.wait().expect("it ends");
    }

    /// The books once nothing waits any more. Each look waits for what the server has under way.
    fn settled_books(&self, token: &str, hook: &str) -> Value {
        let path = format!("/fieldhook/v1/integrations/{hook}/books");
        loop {
            let books = tiny::call(&self.url, "GET", &path, Some(token), None).expect("there are books");
            if books["waiting"] == 0 {
                return books;
            }
            thread::yield_now();
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
