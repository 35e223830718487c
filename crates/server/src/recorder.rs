//! One writer for all that happened: it gathers while the store writes, so a batch is one transaction.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use fieldhook_core::access::Scope;
use fieldhook_core::books::operations_of;
use fieldhook_core::event::Event;
use fieldhook_core::id::{EventId, IntegrationId};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

mod changes;
mod turned;

use self::changes::Changes;
pub use self::changes::{ChangeWatch, Gathered};
pub use self::turned::{Heard, Pending, TurnedIssues};
use self::turned::{Teller, turned};

use crate::clock::Nature;
use crate::queue::{Claim, Delivery, Queue, QueueError, Settlement};
use crate::store::{Entry, MatchedEntry, Store, UsedEntry};

/// Notes that may wait for the writer; beyond it, whoever brings one waits.
const WAITING: usize = 8_192;
/// Most notes in one transaction.
const BATCH: usize = 2_048;
/// Notes that came together while the store wrote, from which on waiting for more is worth it.
const BUSY: usize = 64;
/// How long to wait for more. Far less than anybody notices, and half the work of the store at full load.
const LINGER: Duration = Duration::from_millis(20);
/// How long the writer rests after the store refused.
const REST: Duration = Duration::from_secs(1);

/// Something to remember, and what to tell the queue once it is remembered.
struct Note {
    entries: Vec<Entry>,
    taken: Option<EventId>,
    settle: Option<(Claim, Settlement)>,
}

/// Remembers what happened, and then tells the queue.
///
/// The order is the promise: the store has a line before the queue forgets what it was about, so a crash in
/// between shows as one line too many in the history, never one too few.
#[derive(Clone)]
pub struct Recorder {
    notes: mpsc::Sender<Note>,
    brought: Arc<AtomicU64>,
    written: watch::Receiver<u64>,
    stuck: Arc<AtomicBool>,
    changes: Arc<Changes>,
}

/// The recorder's writing end, to be run by its owner.
pub struct Writer {
    notes: mpsc::Receiver<Note>,
    written: watch::Sender<u64>,
    stuck: Arc<AtomicBool>,
    changes: Arc<Changes>,
    turned: Teller,
    store: Arc<dyn Store>,
    queue: Arc<dyn Queue>,
    nature: Nature,
}

/// Makes a recorder, its writer, and the end at which the issues are heard that turn.
pub fn recorder(
    store: Arc<dyn Store>,
    queue: Arc<dyn Queue>,
    nature: Nature,
) -> (Recorder, Writer, TurnedIssues) {
    let (teller, turned) = turned();
    let (sender, receiver) = mpsc::channel(WAITING);
    let (written, watch) = watch::channel(0);
    let stuck = Arc::new(AtomicBool::new(false));
    let changes = Arc::<Changes>::default();
    let writer = Writer {
        notes: receiver,
        written,
        stuck: stuck.clone(),
        changes: changes.clone(),
        turned: teller,
        store,
        queue,
        nature,
    };
    (Recorder { notes: sender, brought: Arc::default(), written: watch, stuck, changes }, writer, turned)
}

impl Recorder {
    /// Remembers an event and the deliveries it caused.
    pub async fn taken(&self, event: Arc<Event>, matched: Vec<MatchedEntry>) {
        let taken = Some(event.id);
        let mut entries = Vec::with_capacity(2 + matched.len());
        let published = published(&event);
        entries.push(Entry::Event(event));
        entries.extend(published.map(Entry::Used));
        entries.extend(matched.into_iter().map(Entry::Matched));
        self.bring(Note { entries, taken, settle: None }).await;
    }

    /// Remembers what became of a claim, then settles it.
    pub async fn settled(&self, entries: Vec<Entry>, claim: Claim, settlement: Settlement) {
        self.bring(Note { entries, taken: None, settle: Some((claim, settlement)) }).await;
    }

    /// Remembers something that no event or claim waits for.
    pub async fn note(&self, entries: Vec<Entry>) {
        if !entries.is_empty() {
            self.bring(Note { entries, taken: None, settle: None }).await;
        }
    }

    /// Waits until everything brought so far is written, and the queue has been told.
    pub async fn flushed(&self) {
        let brought = self.brought.load(Ordering::Acquire);
        let mut written = self.written.clone();
        // The writer ends only after it wrote all that was brought.
        let _ = written.wait_for(|written| *written >= brought).await;
    }

    /// The same for readers, who would rather see what there is than wait for a store that refuses.
    pub async fn caught_up(&self) {
        let brought = self.brought.load(Ordering::Acquire);
        let mut written = self.written.clone();
        let _ = written.wait_for(|written| *written >= brought || self.stuck()).await;
    }

    /// Tells those who watch on other nodes too which integrations' logs, counters or books change, from now on.
    pub fn tell_changes_elsewhere(&self, outlet: mpsc::Sender<BTreeSet<IntegrationId>>) {
        self.changes.tell_elsewhere(outlet);
    }

    /// Takes note that another node has changed these integrations' logs, counters or books.
    pub fn changed_elsewhere(&self, integrations: &BTreeSet<IntegrationId>) {
        self.changes.hear(integrations);
    }

    /// Watches which integrations' logs, counters or books change; they are told once the store has the change.
    pub fn watch_changes(&self) -> ChangeWatch {
        self.changes.watch()
    }

    /// Whether the store refuses at the moment, so that nothing more should be taken in.
    pub fn stuck(&self) -> bool {
        self.stuck.load(Ordering::Relaxed)
    }

    async fn bring(&self, note: Note) {
        self.brought.fetch_add(1, Ordering::AcqRel);
        if self.notes.send(note).await.is_err() {
            tracing::error!("something happened after the recorder had been closed; it is not in the log");
        }
    }
}

impl Writer {
    /// Writes until `stop`, and then what was brought before.
    pub async fn run(mut self, stop: CancellationToken) {
        let mut batch = Vec::with_capacity(BATCH);
        loop {
            tokio::select! {
                biased;
                count = self.notes.recv_many(&mut batch, BATCH) => {
                    if count == 0 { return; }
                }
                () = stop.cancelled() => {
                    self.notes.close();
                    continue;
                }
            }
            if batch.len() >= BUSY {
                self.gather(&mut batch).await;
            }
            self.write(&mut batch, &stop).await;
        }
    }

    /// Lets more come together: a transaction costs little more for many notes than for a few.
    async fn gather(&mut self, batch: &mut Vec<Note>) {
        if batch.len() + self.notes.len() < BATCH {
            self.nature.clock.linger(LINGER).await;
        }
        while batch.len() < BATCH
            && let Ok(note) = self.notes.try_recv()
        {
            batch.push(note);
        }
    }

    async fn write(&self, batch: &mut Vec<Note>, stop: &CancellationToken) {
        let count = batch.len() as u64;
        let mut taken = Vec::new();
        let mut settled = Vec::new();
        let mut entries = Vec::with_capacity(batch.len() * 2);
        for note in batch.drain(..) {
            entries.extend(note.entries);
            taken.extend(note.taken);
            settled.extend(note.settle);
        }
        let changed = self.changes.among(&entries);
        if self.remember(entries, stop).await {
            self.changes.tell(&changed);
            self.tell(&taken, settled).await;
        }
        self.written.send_modify(|written| *written += count);
    }

    /// Tries until the store takes it; gives up only when it refuses at the very end, when the queue still has it all.
    async fn remember(&self, entries: Vec<Entry>, stop: &CancellationToken) -> bool {
        loop {
            match self.store.record(entries.clone()).await {
                Ok(turned) => {
                    self.turned.tell(turned);
                    if self.stuck.swap(false, Ordering::Relaxed) {
                        tracing::info!("the store takes entries again");
                    }
                    return true;
                }
                Err(error) => {
                    if !self.stuck.swap(true, Ordering::Relaxed) {
                        tracing::error!(%error, "the store refuses what happened; publishing is halted until it takes it");
                        // Readers wait no longer for what is stuck.
                        self.written.send_modify(|_| {});
                    }
                }
            }
            if stop.is_cancelled() {
                tracing::error!(
                    entries = entries.len(),
                    "stopping while the store refuses; these entries are written at the next start"
                );
                return false;
            }
            tokio::select! {
                () = self.nature.clock.sleep(REST) => {}
                () = stop.cancelled() => {}
            }
        }
    }

    async fn tell(&self, taken: &[EventId], settled: Vec<(Claim, Settlement)>) {
        let now = self.nature.now();
        if !taken.is_empty()
            && let Err(error) = self.queue.recorded(taken).await
        {
            tracing::warn!(%error, "the queue did not hear that events are recorded; they are recorded again later");
        }
        for (claim, settlement) in settled {
            match self.queue.settle(&claim, settlement, now).await {
                Ok(()) => {}
                Err(QueueError::LeaseEnded(delivery)) => {
                    tracing::warn!(delivery.id = %delivery, "settled too late; the delivery is tried once more");
                }
                Err(error) => {
                    tracing::warn!(%error, delivery.id = %claim.delivery.id, "a delivery could not be settled; it is tried once more");
                }
            }
        }
    }
}

/// What a device's publish costs, on its product or its owner; people publish for nothing.
fn published(event: &Event) -> Option<UsedEntry> {
    let device = event.device()?;
    Some(UsedEntry {
        event: Some(event.id),
        day: event.published_at.day(),
        scope: event.product.map(Scope::Product).or(event.owner.map(Scope::User))?,
        device: Some(device),
        integration: None,
        publishes: u64::from(operations_of(event)),
        received: 0,
    })
}

/// What the store is to remember of a delivery that begins.
pub fn matched_entry(delivery: &Delivery, scope: Scope) -> MatchedEntry {
    MatchedEntry {
        delivery: delivery.id,
        event: delivery.event.id,
        event_name: delivery.event.name.clone(),
        integration: delivery.integration,
        scope,
        device: delivery.event.device(),
        replay: None,
        at: delivery.event.published_at,
    }
}
