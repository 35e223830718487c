//! Three nodes under load, of which one after the other is killed, stopped, cut off, drained; and what they share is
//! killed too.

use std::collections::HashMap;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::Duration;

use fieldhook_server::clock::{Clock as _, SystemClock};
use serde_json::{Value, json};

use crate::tiny::{self, Connection, Server, Sink};
use crate::wire::{Far, Wire};

#[path = "../../../server/src/queue/nats/tests/server.rs"]
#[expect(dead_code, clippy::unwrap_used, reason = "it is written for the tests of another crate")]
mod nats;
#[path = "../../../server/src/store/postgres/tests/server.rs"]
#[expect(dead_code, clippy::unwrap_used, reason = "it is written for the tests of another crate")]
mod postgres;

/// How long a node is cut off: longer than the others wait for it. `make soak` cuts it off for a minute.
const CUT_OFF: u64 = 7;
/// Publishers of each node.
const PUBLISHERS: usize = 2;
/// How long what is left to do may take, before it is said what is missing.
const PATIENCE: Duration = Duration::from_mins(3);

#[test]
fn no_acknowledged_event_is_lost_whatever_happens_to_a_node_or_to_what_nodes_share() {
    let cut_off = std::env::var("FIELDHOOK_CUT_OFF_SECONDS");
    let cut_off = cut_off.map_or(CUT_OFF, |text| text.parse().expect("a number of seconds"));
    let mut fleet = Fleet::new();
    let sink = Sink::start();
    for name in ["a", "b", "c"] {
        fleet.start(name);
    }
    let token = fleet.nodes["a"].log_in();
    let hook =
        json!({"event": "k", "url": sink.url(), "body": "{{{PARTICLE_EVENT_VALUE}}}", "responseTopic": ""});
    let hook = tiny::call(&fleet.nodes["a"].url, "POST", "/v1/integrations", Some(&token), Some(&hook));
    let hook = hook.expect("the webhook is saved")["id"].as_str().expect("it has an id").to_owned();

    let mut load = Load::begin(token.clone());
    for name in ["a", "b", "c"] {
        // What is published on a node before it has heard of the webhook does not fire it.
        let path = format!("/v1/integrations/{hook}");
        while tiny::call(&fleet.nodes[name].url, "GET", &path, Some(&token), None).is_none() {
            thread::yield_now();
        }
        load.aim(&fleet, name);
    }
    load.take(300);

    fleet.kill("b");
    load.take(300);
    fleet.start("b");
    load.aim(&fleet, "b");
    load.take(100);

    fleet.signal("c", "STOP");
    load.take_for(Duration::from_secs(cut_off));
    fleet.signal("c", "CONT");
    load.take(300);

    fleet.cut_off_c();
    load.take(100);
    load.take_for(Duration::from_secs(cut_off));
    fleet.mend_c();
    load.take(300);

    fleet.postgres.kill();
    fleet.postgres.start_again();
    load.take(300);

    fleet.nats.kill();
    fleet.nats.start_again();
    load.take(300);

    fleet.start("d");
    load.aim(&fleet, "d");
    load.take(200);

    fleet.drain("a");
    load.take(200);
    let acknowledged = load.end();

    let books = settled(&fleet.nodes["d"].url, &token, &hook, &acknowledged, &sink);
    sink.has_all(&acknowledged.keys().copied().collect());
    let arrived: HashMap<u64, HashMap<String, usize>> = sink.arrived();
    let renamed: Vec<_> = arrived.iter().filter(|(_, ids)| ids.len() > 1).collect();
    assert!(renamed.is_empty(), "a repeat has the Webhook-Id of the first: {renamed:?}");
    for name in ["b", "c", "d"] {
        let path = format!("/fieldhook/v1/integrations/{hook}/books");
        let told = tiny::call(&fleet.nodes[name].url, "GET", &path, Some(&token), None);
        assert_eq!(told.expect("there are books"), books, "every node tells the same");
    }
    let sum = ["delivered", "failed", "dropped", "waiting"].iter().map(|key| books[*key].as_u64()).sum();
    assert_eq!(books["matched"].as_u64(), sum, "the books balance: {books}");
    let sent: usize = arrived.values().flat_map(HashMap::values).sum();
    println!(
        "{} events acknowledged, 0 lost, {} sent twice with the same Webhook-Id",
        acknowledged.len(),
        sent - arrived.len()
    );
}

/// The books once every acknowledged event has matched and nothing waits any more.
fn settled(url: &str, token: &str, hook: &str, acknowledged: &HashMap<u64, Yes>, sink: &Sink) -> Value {
    let path = format!("/fieldhook/v1/integrations/{hook}/books");
    let clock = SystemClock::new();
    let begun = clock.elapsed();
    loop {
        let books = tiny::call(url, "GET", &path, Some(token), None).expect("there are books");
        if books["waiting"] == 0 && books["matched"].as_u64() >= Some(acknowledged.len() as u64) {
            return books;
        }
        if clock.elapsed().saturating_sub(begun) > PATIENCE {
            let arrived = sink.arrived();
            let missing: Vec<_> = acknowledged
                .values()
                .filter(|yes| !arrived.contains_key(&yes.number))
                .map(|Yes { number, by, after }| format!("{number} (by {by} after {after})"))
                .collect();
            panic!("{} events did not arrive: {missing:?}; the books: {books}", missing.len());
        }
        thread::yield_now();
    }
}

/// Nodes and what they share.
struct Fleet {
    nodes: HashMap<&'static str, Server>,
    nats: nats::Server,
    postgres: postgres::Server,
    store: String,
    data: tempfile::TempDir,
    /// Between the node `c` and NATS, and between it and PostgreSQL.
    wires: [Wire; 2],
}

impl Fleet {
    fn new() -> Self {
        let (nats, postgres) = (nats::Server::start(), postgres::Server::own());
        let store = postgres.database();
        let data = tempfile::tempdir().expect("a directory can be made");
        let queue = Wire::to(Far::Tcp(nats.url().trim_start_matches("nats://").to_owned()));
        let socket = store.split(['@', '/']).nth(3).expect("the address names a socket").replace("%2F", "/");
        let wires = [queue, Wire::to(Far::Unix(Path::new(&socket).join(".s.PGSQL.5432")))];
        Self { nodes: HashMap::new(), nats, postgres, store, data, wires }
    }

    fn start(&mut self, name: &'static str) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_fieldhook"));
        let key: &Path = &self.data.path().join("key");
        let (mut queue, mut store) = (self.nats.url(), self.store.clone());
        if name == "c" {
            let [to_queue, to_store] = self.wires.each_ref().map(Wire::address);
            let database = store.rsplit('/').next().expect("the address names a database");
            store = format!("postgres://fieldhook@{to_store}/{database}");
            queue = format!("nats://{to_queue}");
        }
        command.env("FIELDHOOK_QUEUE", queue).env("FIELDHOOK_STORE", store);
        command.env("FIELDHOOK_NODE", name).env("FIELDHOOK_KEY_FILE", key);
        let server = Server::start_as(&mut command, &self.data.path().join(name));
        self.nodes.insert(name, server);
    }

    fn kill(&mut self, name: &str) {
        self.nodes.get_mut(name).expect("it runs").kill();
    }

    fn signal(&self, name: &str, signal: &str) {
        let id = self.nodes[name].id().to_string();
        let told = Command::new("kill").args(["-s", signal, &id]).status();
        assert!(told.expect("there is a kill").success());
    }

    /// Cuts the node off from what nodes share. It runs on, and devices reach it.
    fn cut_off_c(&self) {
        self.wires.iter().for_each(Wire::cut);
    }

    fn mend_c(&self) {
        self.wires.iter().for_each(Wire::mend);
    }

    fn drain(&mut self, name: &str) {
        self.signal(name, "TERM");
        let ended = self.nodes.remove(name).expect("it runs").wait();
        assert!(ended.success(), "a drain ends well: {ended}");
    }
}

/// An event that was acknowledged.
#[derive(Debug, Clone, Copy)]
struct Yes {
    number: u64,
    /// By which node.
    by: &'static str,
    /// How many had been acknowledged before, as far as was counted: tells what was going on.
    after: usize,
}

/// Publishers, and what was said yes to.
struct Load {
    token: String,
    counter: Arc<AtomicU64>,
    stop: Arc<AtomicBool>,
    said_yes: Sender<Yes>,
    yes: Receiver<Yes>,
    acknowledged: HashMap<u64, Yes>,
    publishers: Vec<thread::JoinHandle<()>>,
}

impl Load {
    fn begin(token: String) -> Self {
        let (said_yes, yes) = mpsc::channel();
        Self {
            token,
            counter: Arc::default(),
            stop: Arc::default(),
            said_yes,
            yes,
            acknowledged: HashMap::new(),
            publishers: Vec::new(),
        }
    }

    /// Publishes to this node until it is gone for good, or all is over.
    fn aim(&mut self, fleet: &Fleet, by: &'static str) {
        let url = &fleet.nodes[by].url;
        for _ in 0..PUBLISHERS {
            let (url, token) = (url.to_owned(), self.token.clone());
            let (counter, stop, said_yes) = (self.counter.clone(), self.stop.clone(), self.said_yes.clone());
            let publisher = thread::spawn(move || {
                let mut connection = Connection::open(&url);
                while !stop.load(Ordering::Relaxed) {
                    let number = counter.fetch_add(1, Ordering::Relaxed);
                    let event = json!({"name": "k", "data": number.to_string()});
                    match connection.call("POST", "/v1/devices/events", Some(&token), Some(&event)) {
                        Some((200, _)) => {
                            said_yes.send(Yes { number, by, after: 0 }).expect("somebody counts");
                        }
                        Some((503, _)) => thread::yield_now(),
                        _ => return,
                    }
                }
            });
            self.publishers.push(publisher);
        }
    }

    /// Waits for so many more to be acknowledged.
    fn take(&mut self, count: usize) {
        for _ in 0..count {
            let yes = self.yes.recv_timeout(PATIENCE).expect("the nodes that are there take events in");
            self.count(yes);
        }
    }

    /// Counts what is acknowledged meanwhile.
    fn take_for(&mut self, time: Duration) {
        let clock = SystemClock::new();
        let begun = clock.elapsed();
        while let Some(left) = time.checked_sub(clock.elapsed().saturating_sub(begun)) {
            if let Ok(yes) = self.yes.recv_timeout(left) {
                self.count(yes);
            }
        }
    }

    fn count(&mut self, yes: Yes) {
        let after = self.acknowledged.len();
        self.acknowledged.insert(yes.number, Yes { after, ..yes });
    }

    /// Stops; returns all that was acknowledged.
    fn end(mut self) -> HashMap<u64, Yes> {
        self.stop.store(true, Ordering::Relaxed);
        for publisher in self.publishers.drain(..) {
            publisher.join().expect("a publisher ends");
        }
        while let Ok(yes) = self.yes.try_recv() {
            self.count(yes);
        }
        self.acknowledged
    }
}
