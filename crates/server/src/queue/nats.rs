//! A queue in NATS JetStream: for several nodes that take over from each other.
//!
//! Each node has a log of its own, in a stream of its own, and works on it with the embedded queue: lanes, leases
//! and due times are in memory, what gathers while the last write runs goes out as one message. `docs/decisions/0008`
//! says why deliveries are not messages.
//!
//! - `link` is the connection; `journal` a stream with one writer; `disk` files in a journal;
//! - `nodes` decides who has which log, `registry` keeps what was decided;
//! - a log whose node is gone is fenced, moved into the heir's own log, and deleted.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_nats::jetstream::ErrorCode;
use async_nats::jetstream::context::DeleteStreamErrorKind;
use async_trait::async_trait;
use bytes::Bytes;
use fieldhook_core::event::Event;
use fieldhook_core::id::EventId;
use fieldhook_core::time::Timestamp;
use parking_lot::Mutex;
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use tracing::{debug, error, info, warn};

use self::chat::Chat;
use self::disk::JetStreamDisk;
use self::journal::Journal;
use self::link::Link;
use self::nodes::{BEAT, Entry, LogState, Me, Watch};
use self::registry::Registry;
use super::embedded::disk::Disk;
use super::embedded::{Embedded, EmbeddedConfig};
use super::{Append, Backlog, Claim, Delivery, Due, Lane, Queue, QueueError, Settlement};
use crate::clock::{Nature, random};

mod chat;
mod disk;
mod journal;
mod link;
mod nodes;
mod registry;
#[cfg(test)]
mod tests;

/// Where the queue finds NATS, and how it uses it.
#[derive(Debug, Clone)]
pub struct NatsConfig {
    /// The server's address, or those of several of one cluster with commas between; a user's name and password
    /// or a token may stand in it.
    pub url: String,
    /// This node's name, which no other node may have.
    pub node: String,
    /// What the names of streams and subjects begin with; letters and digits. Installations that share a server
    /// need different ones.
    pub prefix: String,
    /// On how many servers each stream is kept; 1, 3 or 5.
    pub replicas: usize,
    /// Most deliveries in flight on this node.
    pub most_pending: u64,
    /// Bytes at which a segment of the log ends.
    pub segment_bytes: u64,
    /// How long the server may take to answer.
    pub deadline: Duration,
}

impl NatsConfig {
    /// The usual settings, for this node and this server.
    pub fn at(url: impl Into<String>, node: impl Into<String>) -> Self {
        let usual = EmbeddedConfig::in_dir("");
        Self {
            url: url.into(),
            node: node.into(),
            prefix: "fieldhook".to_owned(),
            replicas: 1,
            most_pending: usual.most_pending,
            segment_bytes: usual.segment_bytes,
            deadline: Duration::from_secs(5),
        }
    }
}

/// The queue of one node.
pub struct Nats {
    node: Arc<Node>,
    tasks: Mutex<Vec<JoinHandle<()>>>,
}

/// What the callers and the two tasks share. Its methods wait, and are for threads that may.
struct Node {
    link: Arc<Link>,
    registry: Registry,
    config: NatsConfig,
    nature: Nature,
    owner: String,
    own: watch::Sender<Option<Arc<Log>>>,
    /// The id of the log this node appends to, from before that is open.
    own_id: Mutex<String>,
    /// Logs of nodes that are gone; those that could be opened are being moved.
    inherited: Mutex<BTreeMap<String, Option<Arc<Log>>>>,
    watch: Mutex<Watch>,
    /// Held while logs are moved, so that one thread does it. Those that could not be moved when last tried.
    moving: Mutex<BTreeSet<String>>,
    /// Whether the last beat did not arrive.
    mute: AtomicBool,
    /// Whether it beats no more.
    closed: AtomicBool,
    adopted: Notify,
    /// The runs of nodes that were alive at the last beat, and their names; the first one leads.
    alive: Mutex<Vec<(String, String)>>,
    chat: Chat,
}

/// An open log.
struct Log {
    id: String,
    journal: Arc<Journal>,
    queue: Embedded,
}

impl Nats {
    /// Connects, takes this node's log or begins one, and looks after those of nodes that are gone from now on.
    ///
    /// A start right after a crash waits some seconds, until it is sure that no other node of this name runs.
    pub async fn open(config: NatsConfig, nature: Nature) -> Result<Self, QueueError> {
        let node = blocking(move || Node::enter(config, nature)).await?;
        let queue = Self { tasks: Mutex::default(), node };
        // Beats come first: reading a long log takes a while, and nobody may take it over meanwhile.
        queue.spawn(|node| {
            let beaten = node.beat();
            let was_mute = node.mute.swap(beaten.is_err(), Ordering::Relaxed);
            if let Err(error) = beaten
                && !was_mute
            {
                warn!(%error, "this node cannot tell the others that it is there; it goes on trying");
            }
        });
        let node = Arc::clone(&queue.node);
        blocking(move || node.open_own()).await?;
        queue.spawn(Node::move_inherited);
        Ok(queue)
    }

    /// Moves all that is in flight in a queue from which nobody claims into this node's log, as far as the store has
    /// its events.
    pub(crate) async fn take_in(&self, from: Arc<Embedded>) -> Result<(), QueueError> {
        let node = Arc::clone(&self.node);
        blocking(move || from.hand_over(&node.own()?.queue, node.link.handle())).await
    }

    /// Does something at every beat, on a thread that may wait.
    fn spawn(&self, work: impl Fn(&Node) + Clone + Send + 'static) {
        let node = Arc::downgrade(&self.node);
        let clock = Arc::clone(&self.node.nature.clock);
        let task = async move {
            loop {
                clock.sleep(BEAT).await;
                let Some(node) = node.upgrade() else { return };
                let work = work.clone();
                // A panic is ours to see in the log, and the next beat's to get over.
                let _ = tokio::task::spawn_blocking(move || work(&node)).await;
            }
        };
        self.tasks.lock().push(self.node.link.handle().spawn(task));
    }

    fn stop_tasks(&self) {
        for task in self.tasks.lock().drain(..) {
            task.abort();
        }
    }

    fn own(&self) -> Result<Arc<Log>, QueueError> {
        self.node.own()
    }

    /// One beat and all that follows from it, for tests that drive the time.
    #[cfg(test)]
    async fn tick(&self) -> io::Result<()> {
        let node = Arc::clone(&self.node);
        let work = move || {
            let beaten = node.beat();
            node.move_inherited();
            beaten
        };
        tokio::task::spawn_blocking(work).await.expect("a beat does not panic")
    }
}

impl Drop for Nats {
    fn drop(&mut self) {
        self.stop_tasks();
    }
}

impl Node {
    fn enter(config: NatsConfig, nature: Nature) -> Result<Arc<Self>, QueueError> {
        let legal = !config.prefix.is_empty() && config.prefix.chars().all(|c| c.is_ascii_alphanumeric());
        if !legal {
            let why =
                format!("'{}' cannot begin the names of NATS streams: use letters and digits", config.prefix);
            return Err(QueueError::Unavailable(why));
        }
        let link = Arc::new(Link::connect(&config.url, &config.node, config.deadline)?);
        let stream = format!("{}_NODES", config.prefix.to_uppercase());
        let subject = format!("{}.nodes", config.prefix);
        let registry = Registry::open(Arc::clone(&link), &stream, subject, config.replicas);
        let registry = registry.map_err(|error| unavailable("the list of nodes", &error))?;
        let owner = random_name(&nature);
        let chat = Chat::begin(&link, &config.prefix, &owner);
        let node = Self {
            link,
            registry,
            config,
            nature,
            owner,
            own: watch::channel(None).0,
            own_id: Mutex::default(),
            inherited: Mutex::default(),
            watch: Mutex::default(),
            moving: Mutex::default(),
            mute: AtomicBool::default(),
            closed: AtomicBool::default(),
            adopted: Notify::new(),
            alive: Mutex::default(),
            chat,
        };
        *node.own_id.lock() = node.find_log()?;
        Ok(Arc::new(node))
    }

    fn find_log(&self) -> Result<String, QueueError> {
        let me = self.me();
        let (mut watch, mut seen) = (Watch::default(), BTreeSet::new());
        let mut told = false;
        loop {
            let now = self.nature.clock.elapsed();
            let entry =
                self.registry.change(|nodes| (nodes.enter(&me, &mut watch, &mut seen, now), nodes.alive()));
            let (entry, alive) = entry.map_err(|error| unavailable("the list of nodes", &error))?;
            match entry {
                Entry::Take(id) => {
                    *self.alive.lock() = alive;
                    return Ok(id);
                }
                Entry::Wait if !told => info!(
                    node = self.config.node,
                    "a node of this name has not said goodbye; waiting a moment to see whether it is still there"
                ),
                Entry::Wait => {}
            }
            told = true;
            self.link.handle().block_on(self.nature.clock.sleep(BEAT));
        }
    }

    fn open_own(&self) -> Result<(), QueueError> {
        let id = self.own_id.lock().clone();
        let log = self.open(&id)?;
        self.own.send_replace(Some(Arc::new(log)));
        Ok(())
    }

    /// Opens a log and becomes its only writer.
    fn open(&self, id: &str) -> Result<Log, QueueError> {
        let stream = self.stream_name(id);
        let dir = format!("NATS stream {stream}");
        let root = format!("{}.log.{id}", self.config.prefix);
        let writer = random_name(&self.nature);
        let journal = Journal::open(Arc::clone(&self.link), &stream, root, self.config.replicas, writer);
        let journal = Arc::new(journal.map_err(|error| unavailable(&dir, &error))?);
        let config = EmbeddedConfig {
            segment_bytes: self.config.segment_bytes,
            most_pending: self.config.most_pending,
            ..EmbeddedConfig::in_dir(dir)
        };
        let disk: Arc<dyn Disk> = Arc::new(JetStreamDisk::on(Arc::clone(&journal)));
        Ok(Log { id: id.to_owned(), journal, queue: Embedded::open_on(config, disk)? })
    }

    fn own(&self) -> Result<Arc<Log>, QueueError> {
        self.own.borrow().clone().ok_or_else(|| QueueError::Unavailable("it is not open yet".to_owned()))
    }

    /// Says that this node is there, finds out whether it still has its log, and claims those of nodes that are gone.
    fn beat(&self) -> io::Result<()> {
        let me = self.me();
        let own = self.own_id.lock().clone();
        let lost = self.own.borrow().as_ref().is_some_and(|log| log.journal.is_lost());
        let mut watch = self.watch.lock();
        if self.closed.load(Ordering::Relaxed) {
            return Ok(());
        }
        let heir_to: BTreeSet<_> = self.inherited.lock().keys().cloned().collect();
        let now = self.nature.clock.elapsed();
        let (turn, alive, held) = self.registry.change(|nodes| {
            let turn = nodes.beat(&me, &own, lost, &heir_to, &mut watch, now);
            (turn, nodes.alive(), nodes.held(&me))
        })?;
        // What somebody else has taken over meanwhile is not ours to move any more.
        self.inherited.lock().retain(|id, _| held.contains(id));
        *self.alive.lock() = alive;
        for id in turn.adopt {
            info!(log = id, "taking over the log of a node that is gone");
            self.inherited.lock().insert(id, None);
        }
        if turn.lost {
            self.own_id.lock().clone_from(&me.spare);
        }
        drop(watch);
        self.keep_up(&me.spare, turn.lost)
    }

    /// Opens another log when the own one was lost, in this beat or in one that could not open the next.
    fn keep_up(&self, spare: &str, lost: bool) -> io::Result<()> {
        let Some(open) = self.own.borrow().as_ref().map(|log| log.id.clone()) else {
            let too_late = "the log was taken over while it was being read";
            return if lost { Err(io::Error::other(too_late)) } else { Ok(()) };
        };
        if lost {
            error!(
                log = open,
                new = spare,
                "this node was cut off for too long, and another one has its log now; going on with a new one. \
                 Nothing is lost; what was being delivered meanwhile may be delivered twice"
            );
        }
        if *self.own_id.lock() == open { Ok(()) } else { self.open_own().map_err(io::Error::other) }
    }

    /// Moves logs of nodes that are gone into this node's own, as far as the store has their events.
    fn move_inherited(&self) {
        let mut troubled = self.moving.lock();
        let ids: Vec<String> = self.inherited.lock().keys().cloned().collect();
        for id in ids {
            match self.move_one(&id) {
                Ok(true) => _ = self.inherited.lock().remove(&id),
                Ok(false) => self.adopted.notify_one(),
                Err(why @ QueueError::Damaged(_)) => {
                    error!(%why, "the log of a node that is gone cannot be read");
                    let marked = self.registry.change(|nodes| {
                        nodes.let_go(&self.me(), &id, Some(LogState::Damaged));
                    });
                    if marked.is_ok() {
                        self.inherited.lock().remove(&id);
                    }
                }
                Err(why) => {
                    if troubled.insert(id.clone()) {
                        warn!(%why, log = id, "the log of a node that is gone could not be moved; trying again");
                    }
                    continue;
                }
            }
            troubled.remove(&id);
        }
    }

    /// Moves what can be moved of a log; says whether it is over.
    fn move_one(&self, id: &str) -> Result<bool, QueueError> {
        let there = self.inherited.lock().get(id).cloned().flatten();
        let log = if let Some(log) = there.filter(|log| !log.journal.is_lost()) {
            log
        } else {
            // Opening it takes it from whoever writes to it.
            let held = self.registry.change(|nodes| nodes.held(&self.me()));
            if !held.map_err(|error| unavailable("the list of nodes", &error))?.contains(id) {
                return Ok(true);
            }
            let log = Arc::new(self.open(id)?);
            self.inherited.lock().insert(id.to_owned(), Some(Arc::clone(&log)));
            log
        };
        log.queue.hand_over(&self.own()?.queue, self.link.handle())?;
        if !log.queue.is_empty() {
            return Ok(false);
        }
        self.link.handle().block_on(log.queue.close())?;
        self.delete(id)?;
        info!(log = id, "the log of a node that is gone has been moved into this one's");
        Ok(true)
    }

    /// Deletes a log in which nothing is in flight. The stream goes first: a list that names no log for a stream
    /// would leave it behind.
    fn delete(&self, id: &str) -> Result<(), QueueError> {
        let stream = self.stream_name(id);
        let deleted = self.link.wait(self.link.jetstream().delete_stream(&stream));
        let deleted = deleted.map_err(|error| unavailable(&stream, &error))?;
        let gone = |kind| matches!(kind, DeleteStreamErrorKind::JetStream(why) if why.error_code() == ErrorCode::STREAM_NOT_FOUND);
        if let Err(error) = deleted
            && !gone(error.kind())
        {
            return Err(unavailable(&stream, &io::Error::other(error)));
        }
        let forgotten = self.registry.change(|nodes| nodes.let_go(&self.me(), id, None));
        forgotten.map_err(|error| unavailable("the list of nodes", &error))
    }

    /// Leaves all logs to others, and deletes the own one if nothing is in it.
    fn leave(&self) -> Result<(), QueueError> {
        let _no_beat = self.watch.lock();
        self.closed.store(true, Ordering::Relaxed);
        let own = self.own()?;
        let ours = !own.journal.is_lost();
        if ours && own.queue.is_empty() {
            self.delete(&own.id)?;
        }
        let inherited: Vec<_> = std::mem::take(&mut *self.inherited.lock()).into_keys().collect();
        let left = self.registry.change(|nodes| {
            for id in inherited.iter().chain(ours.then_some(&own.id)) {
                nodes.let_go(&self.me(), id, Some(LogState::Left));
            }
        });
        left.map_err(|error| unavailable("the list of nodes", &error))
    }

    fn logs(&self) -> Result<Vec<Arc<Log>>, QueueError> {
        Ok(std::iter::once(self.own()?).chain(self.inherited()).collect())
    }

    fn inherited(&self) -> Vec<Arc<Log>> {
        self.inherited.lock().values().flatten().cloned().collect()
    }

    fn me(&self) -> Me {
        Me { node: self.config.node.clone(), owner: self.owner.clone(), spare: random_name(&self.nature) }
    }

    fn stream_name(&self, id: &str) -> String {
        format!("{}_LOG_{id}", self.config.prefix.to_uppercase())
    }
}

#[async_trait]
impl Queue for Nats {
    async fn append(&self, append: Append, now: Timestamp) -> Result<Vec<Claim>, QueueError> {
        self.own()?.queue.append(append, now).await
    }

    async fn append_replay(&self, deliveries: Vec<Delivery>, now: Timestamp) -> Result<(), QueueError> {
        self.own()?.queue.append_replay(deliveries, now).await
    }

    async fn changed(&self) {
        let mut own = self.node.own.subscribe();
        let log = own.borrow_and_update().clone();
        tokio::select! {
            () = async { match log { Some(log) => log.queue.changed().await, None => std::future::pending().await } } => {}
            _ = own.changed() => {}
        }
    }

    async fn due(&self, now: Timestamp) -> Result<Due, QueueError> {
        self.own()?.queue.due(now).await
    }

    async fn claim(&self, lane: Lane, most: usize, now: Timestamp) -> Result<Vec<Claim>, QueueError> {
        self.own()?.queue.claim(lane, most, now).await
    }

    async fn settle(&self, claim: &Claim, settlement: Settlement, now: Timestamp) -> Result<(), QueueError> {
        self.own()?.queue.settle(claim, settlement, now).await
    }

    async fn unrecorded(&self, most: usize) -> Result<Vec<(Arc<Event>, Vec<Delivery>)>, QueueError> {
        let mut found = Vec::new();
        for log in self.node.logs()? {
            if found.len() < most {
                found.extend(log.queue.unrecorded(most - found.len()).await?);
            }
        }
        Ok(found)
    }

    async fn adopted(&self) {
        self.node.adopted.notified().await;
    }

    fn nodes(&self) -> Vec<String> {
        self.node.alive.lock().iter().map(|(_, name)| name.clone()).collect()
    }

    fn leads(&self) -> bool {
        let first = self.node.alive.lock().first().is_some_and(|(owner, _)| *owner == self.node.owner);
        first && !self.node.mute.load(Ordering::Relaxed)
    }

    async fn tell(&self, told: Bytes) -> Result<(), QueueError> {
        self.node.chat.tell(told).await
    }

    async fn told(&self) -> Bytes {
        self.node.chat.told().await
    }

    async fn recorded(&self, events: &[EventId]) -> Result<(), QueueError> {
        self.own()?.queue.recorded(events).await?;
        for log in self.node.inherited() {
            if let Err(error) = log.queue.recorded(events).await {
                debug!(%error, log = log.id, "an inherited log did not hear what is recorded; it is asked for again");
            }
        }
        Ok(())
    }

    async fn backlog(&self, now: Timestamp) -> Result<Backlog, QueueError> {
        if !self.node.link.is_connected() {
            return Err(QueueError::Unavailable("there is no connection to NATS".to_owned()));
        }
        let mut sum = Backlog::default();
        for log in self.node.logs()? {
            let one = log.queue.backlog(now).await?;
            sum.pending += one.pending;
            sum.bytes += one.bytes;
            sum.claimed += one.claimed;
        }
        sum.due_lanes = self.own()?.queue.backlog(now).await?.due_lanes;
        Ok(sum)
    }

    async fn close(&self) -> Result<(), QueueError> {
        if self.tasks.lock().is_empty() {
            return Ok(());
        }
        self.stop_tasks();
        let node = Arc::clone(&self.node);
        let at_rest = move || {
            let _moved = node.moving.lock();
            Ok(())
        };
        blocking(at_rest).await?;
        for log in self.node.logs()? {
            log.queue.close().await?;
        }
        let node = Arc::clone(&self.node);
        blocking(move || node.leave()).await
    }
}

/// Runs what waits for the network where it holds up nobody.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, QueueError> + Send + 'static,
) -> Result<T, QueueError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|_| Err(QueueError::Unavailable("it is being closed".to_owned())))
}

fn unavailable(what: &str, error: &io::Error) -> QueueError {
    QueueError::Unavailable(format!("{what} cannot be used: {error}"))
}

fn random_name(nature: &Nature) -> String {
    random::<10>(&*nature.luck).iter().fold(String::new(), |mut name, byte| {
        let _ = write!(name, "{byte:02x}");
        name
    })
}
