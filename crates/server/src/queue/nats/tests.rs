//! The promises of `Queue` on a real NATS server, and what only several nodes can suffer.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use fieldhook_core::event::Event;
use fieldhook_core::id::{DeliveryId, EventId};
use fieldhook_core::time::Timestamp;
use futures_util::future::{BoxFuture, join_all};
use tokio::sync::Notify;

use self::server::Server;
use super::nodes::BEAT;
use super::{Nats, NatsConfig};
use crate::clock::{Clock, ManualClock, Nature, SystemLuck};
use crate::queue::contract::{Engine, T0, append, claim_all, delivery, event, promises, secs};
use crate::queue::{Append, Lane, Queue, QueueError, Settlement};

mod server;

const LANE: Lane = Lane(7);

/// A clock that tells when somebody begins to wait for it.
struct WatchedClock {
    clock: ManualClock,
    waiting: Notify,
}

impl Clock for WatchedClock {
    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn elapsed(&self) -> Duration {
        self.clock.elapsed()
    }

    fn sleep(&self, wait: Duration) -> BoxFuture<'static, ()> {
        let sleep = self.clock.sleep(wait);
        self.waiting.notify_one();
        sleep
    }

    fn linger(&self, wait: Duration) -> BoxFuture<'static, ()> {
        self.clock.linger(wait)
    }
}

/// Nodes that share a server, and a clock.
struct Installation {
    url: String,
    prefix: String,
    clock: Arc<WatchedClock>,
}

impl Installation {
    /// On the server that all tests share.
    fn new() -> Self {
        Self::on(server::shared())
    }

    fn on(server: &Server) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let prefix = format!("test{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let clock = WatchedClock { clock: ManualClock::at(T0), waiting: Notify::new() };
        Self { url: server.url(), prefix, clock: Arc::new(clock) }
    }

    /// A node whose log has small segments, so that each test fills several.
    fn config(&self, node: &str) -> NatsConfig {
        NatsConfig { prefix: self.prefix.clone(), segment_bytes: 4096, ..NatsConfig::at(&self.url, node) }
    }

    fn nature(&self) -> Nature {
        Nature { clock: self.clock.clone(), luck: Arc::new(SystemLuck) }
    }

    /// Opens a node whose name is not in use.
    async fn node(&self, name: &str) -> Nats {
        Nats::open(self.config(name), self.nature()).await.unwrap()
    }

    /// Opens the only node anew after it went without a word, and lets time pass while it waits for that.
    async fn node_again(&self, name: &str) -> Nats {
        let opening = Nats::open(self.config(name), self.nature());
        tokio::pin!(opening);
        loop {
            tokio::select! {
                opened = &mut opening => return opened.unwrap(),
                () = self.clock.waiting.notified() => self.clock.clock.advance(BEAT),
            }
        }
    }

    /// Lets `beats` pass for a node, while others say nothing.
    async fn beats(&self, node: &Nats, beats: u32) {
        for _ in 0..beats {
            self.clock.clock.advance(BEAT);
            node.tick().await.unwrap();
        }
    }
}

struct OnNats {
    nodes: Installation,
    queue: Nats,
}

impl OnNats {
    async fn new() -> Self {
        let nodes = Installation::new();
        let queue = nodes.node("one").await;
        Self { nodes, queue }
    }
}

#[async_trait]
impl Engine for OnNats {
    fn queue(&self) -> &dyn Queue {
        &self.queue
    }

    /// The old process says nothing any more, and may still believe that the log is its own.
    async fn crash(&mut self) {
        self.queue.stop_tasks();
        self.queue = self.nodes.node_again("one").await;
    }

    async fn restart(&mut self) {
        self.queue.close().await.unwrap();
        self.queue = self.nodes.node("one").await;
    }
}

mod promised {
    use super::OnNats;
    super::promises!(OnNats::new().await);
}

async fn ids(queue: &dyn Queue, now: Timestamp) -> BTreeSet<EventId> {
    claim_all(queue, LANE, now).await.into_iter().map(|claim| claim.delivery.event.id).collect()
}

/// Has what was taken over recorded, as the store does, until nothing is left to take over.
async fn record_adopted(nodes: &Installation, heir: &Nats) -> Vec<EventId> {
    let mut events = Vec::new();
    loop {
        let more = heir.unrecorded(100).await.unwrap();
        let more: Vec<_> = more.into_iter().map(|(event, _)| event.id).collect();
        if more.is_empty() {
            break;
        }
        heir.recorded(&more).await.unwrap();
        events.extend(more);
    }
    nodes.beats(heir, 1).await;
    assert!(heir.node.inherited.lock().is_empty());
    events
}

#[tokio::test]
async fn a_second_writer_of_a_log_fences_the_first_and_loses_nothing_that_was_acknowledged() {
    let nodes = Installation::new();
    let first = Arc::new(nodes.node("one").await);
    let node = Arc::clone(&first.node);
    let id = node.own_id.lock().clone();
    let second = tokio::task::spawn_blocking(move || node.open(&id).unwrap());
    let appends = join_all((0..200).map(|n| {
        let first = Arc::clone(&first);
        async move { (n, first.append(append(n), T0).await) }
    }));
    let (second, appends) = tokio::join!(second, appends);
    let second = second.unwrap();

    let acknowledged = appends.iter().filter(|(_, taken)| taken.is_ok()).map(|(n, _)| event(*n).id);
    let left = ids(&second.queue, T0).await;
    assert!(acknowledged.collect::<BTreeSet<_>>().is_subset(&left));
    let refused = first.append(append(999), T0).await.unwrap_err();
    assert!(matches!(&refused, QueueError::Unavailable(why) if why.contains("taken")), "{refused}");
    second.queue.append(append(1000), T0).await.unwrap();
}

#[tokio::test]
async fn the_log_of_a_node_that_died_is_taken_over_whole() {
    let nodes = Installation::new();
    let heir = nodes.node("heir").await;
    let dead = nodes.node("dead").await;
    for n in 0..60 {
        dead.append(append(n), T0).await.unwrap();
    }
    let claims = dead.claim(LANE, 3, T0).await.unwrap();
    dead.settle(&claims[0], Settlement::Done, T0).await.unwrap();
    dead.settle(&claims[1], Settlement::TryAt(T0 + secs(30)), T0 + secs(1)).await.unwrap();
    dead.recorded(&(0..50).map(|n| event(n).id).collect::<Vec<_>>()).await.unwrap();
    // What was settled is durable with the next append.
    dead.append(append(60), T0).await.unwrap();
    while dead.backlog(T0).await.unwrap().claimed > 1 {
        dead.changed().await;
    }
    heir.append(append(100), T0).await.unwrap();
    drop(dead);

    nodes.beats(&heir, 2).await;
    assert_eq!(heir.backlog(T0).await.unwrap().pending, 1);
    nodes.beats(&heir, 4).await;
    heir.adopted().await;
    assert_eq!(heir.backlog(T0).await.unwrap().pending, 61);
    // Only what the store has is delivered yet.
    let known: BTreeSet<_> = [0, 1, 2].into_iter().chain(3..50).map(|n| event(n).id).collect();
    let early = claim_all(&heir, LANE, T0 + secs(1)).await;
    assert!(early.iter().all(|claim| known.contains(&claim.delivery.event.id) || claim.delivery.event.id == event(100).id));

    let recorded = record_adopted(&nodes, &heir).await;
    assert_eq!(recorded, (50..=60).map(|n| event(n).id).collect::<Vec<_>>());
    let late = claim_all(&heir, LANE, T0 + secs(30)).await;
    let all: Vec<_> = early.iter().chain(&late).map(|claim| &claim.delivery).collect();
    let each: BTreeSet<DeliveryId> = all.iter().map(|delivery| delivery.id).collect();
    assert_eq!((all.len(), each.len()), (61, 61));
    let again = all.iter().find(|delivery| delivery.id == claims[1].delivery.id).unwrap();
    assert_eq!((again.attempts, again.due, again.first_tried_at), (1, T0 + secs(30), Some(T0)));
}

#[tokio::test]
async fn an_heir_that_dies_is_inherited_from_in_turn() {
    let nodes = Installation::new();
    let (heir, dead) = (nodes.node("heir").await, nodes.node("dead").await);
    for n in 0..10 {
        dead.append(append(n), T0).await.unwrap();
    }
    dead.recorded(&(0..5).map(|n| event(n).id).collect::<Vec<_>>()).await.unwrap();
    dead.append(append(10), T0).await.unwrap();
    drop(dead);
    nodes.beats(&heir, 6).await;
    let moved = heir.own().unwrap().queue.backlog(T0).await.unwrap().pending;
    assert_eq!(moved, 5);
    let last = nodes.node("last").await;
    drop(heir);

    nodes.beats(&last, 6).await;
    assert_eq!(record_adopted(&nodes, &last).await, (5..=10).map(|n| event(n).id).collect::<Vec<_>>());
    let claims = claim_all(&last, LANE, T0).await;
    let events: BTreeSet<_> = claims.iter().map(|claim| claim.delivery.event.id).collect();
    assert_eq!((claims.len(), events.len()), (11, 11));
}

#[tokio::test]
async fn a_log_that_was_left_is_taken_over_at_once() {
    let nodes = Installation::new();
    let (heir, leaving) = (nodes.node("heir").await, nodes.node("leaving").await);
    leaving.append(append(1), T0).await.unwrap();
    leaving.close().await.unwrap();

    heir.tick().await.unwrap();
    assert_eq!(record_adopted(&nodes, &heir).await, [event(1).id]);
    assert_eq!(ids(&heir, T0).await, BTreeSet::from([event(1).id]));
}

#[tokio::test]
async fn a_node_that_leaves_nothing_behind_leaves_no_log() {
    let nodes = Installation::new();
    let (heir, leaving) = (nodes.node("heir").await, nodes.node("leaving").await);
    leaving.append(Append { event: event(1), deliveries: Vec::new() }, T0).await.unwrap();
    leaving.recorded(&[event(1).id]).await.unwrap();
    leaving.close().await.unwrap();

    heir.tick().await.unwrap();
    assert!(heir.node.inherited.lock().is_empty());
    let node = Arc::clone(&heir.node);
    let logs = tokio::task::spawn_blocking(move || node.registry.change(|nodes| nodes.logs.len()).unwrap());
    assert_eq!(logs.await.unwrap(), 1);
}

#[tokio::test]
async fn a_node_that_was_cut_off_for_too_long_goes_on_with_a_new_log() {
    let nodes = Installation::new();
    let (heir, cut_off) = (nodes.node("heir").await, nodes.node("cut off").await);
    cut_off.append(append(1), T0).await.unwrap();
    let claim = cut_off.claim(LANE, 1, T0).await.unwrap().pop().unwrap();
    cut_off.stop_tasks();
    nodes.beats(&heir, 6).await;

    assert!(matches!(cut_off.append(append(2), T0).await, Err(QueueError::Unavailable(_))));
    cut_off.tick().await.unwrap();
    cut_off.append(append(3), T0).await.unwrap();
    let settled = cut_off.settle(&claim, Settlement::Done, T0).await;
    assert!(matches!(settled, Err(QueueError::LeaseEnded(_))));
    assert_eq!(ids(&cut_off, T0).await, BTreeSet::from([event(3).id]));
    assert_eq!(record_adopted(&nodes, &heir).await, [event(1).id]);
    assert_eq!(ids(&heir, T0).await, BTreeSet::from([event(1).id]));
}

#[tokio::test]
async fn the_queue_outlives_its_server() {
    let mut server = Server::start();
    let nodes = Installation::on(&server);
    let queue = nodes.node("one").await;
    for n in 0..40 {
        queue.append(append(n), T0).await.unwrap();
    }
    server.kill();
    let refused = queue.append(append(100), T0).await;
    assert!(matches!(refused, Err(QueueError::Unavailable(_))), "{refused:?}");

    server.start_again();
    while queue.append(append(101), T0).await.is_err() {
        tokio::task::yield_now().await;
    }
    let held = ids(&queue, T0).await;
    assert!((0..40).chain([101]).all(|n| held.contains(&event(n).id)));
    drop(queue);
    let again = nodes.node_again("one").await;
    let held = ids(&again, T0).await;
    assert!((0..40).chain([101]).all(|n| held.contains(&event(n).id)));
}

#[tokio::test]
async fn a_log_in_which_one_delivery_hangs_is_compacted_and_reads_back() {
    let nodes = Installation::new();
    let queue = nodes.node("one").await;
    for n in 0..400 {
        let event = event(n);
        let mut only = delivery(&event, n);
        only.lane = if n % 20 == 0 { Lane(0) } else { Lane(1) };
        queue.append(Append { event: event.clone(), deliveries: vec![(only, false)] }, T0).await.unwrap();
        for claim in queue.claim(Lane(1), 9, T0).await.unwrap() {
            queue.settle(&claim, Settlement::Done, T0).await.unwrap();
        }
        queue.recorded(&[event.id]).await.unwrap();
    }
    queue.close().await.unwrap();
    let again = nodes.node("one").await;
    assert!(again.backlog(T0).await.unwrap().bytes < 60_000, "{:?}", again.backlog(T0).await);
    let held = claim_all(&again, Lane(0), T0).await;
    assert_eq!(held.len(), 20);
}

#[tokio::test]
async fn an_event_larger_than_a_message_is_kept_whole() {
    let nodes = Installation::new();
    let queue = nodes.node("one").await;
    let large = Arc::new(Event { data: Some("large".repeat(500_000)), ..(*event(1)).clone() });
    let deliveries = vec![(delivery(&large, 1), false)];
    queue.append(Append { event: large.clone(), deliveries }, T0).await.unwrap();
    queue.close().await.unwrap();
    let again = nodes.node("one").await;
    assert_eq!(claim_all(&again, LANE, T0).await[0].delivery.event, large);
}

#[tokio::test]
async fn a_server_that_cannot_be_reached_is_named_without_its_password() {
    let nowhere = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let config = NatsConfig::at(format!("nats://me:secret@{nowhere}"), "one");
    let refusal = Nats::open(config, Nature::real()).await.err().unwrap().to_string();
    assert!(refusal.contains(&format!("nats://{nowhere}")), "{refusal}");
    assert!(!refusal.contains("secret"), "{refusal}");
}
