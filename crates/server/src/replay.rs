//! Carries replays out: chooses their events, sends them at their pace, and says how far each has come.
//!
//! A replay to the integration's own endpoint makes deliveries of its own and hands them to the queue, where they are
//! as durable as any and pass the gate as any. One that goes elsewhere is a test: it is sent from here, past the gate,
//! and leaves nothing but lines in the log.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use fieldhook_core::attempt::Outcome;
use fieldhook_core::event::Event;
use fieldhook_core::id::{DeliveryId, EventId, IntegrationId, ReplayId, UserId};
use fieldhook_core::replay::{
    Halt, MOST_EVENTS, Pace, Plan, Progress, Revision, Selection, Sending, Surroundings, halt,
};
use futures_util::future::join_all;
use parking_lot::Mutex;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::clock::{Nature, random, sleep_until};
use crate::delivery::Engine;
use crate::directory::{Directory, DirectoryError, Live, Past, SavedIntegration};
use crate::queue::{Delivery, Queue, Replayed};
use crate::recorder::{Recorder, matched_entry};
use crate::store::{Entry, MatchedEntry, ReplayRow, ReplayWent, Store, StoreError, Tested};

mod choice;
mod under_way;

pub use choice::DryRequest;
use under_way::UnderWay;

/// Most replays at once.
const MOST_AT_ONCE: usize = 64;
/// Most events handed on in one go.
const BATCH: usize = 256;
/// Most tests on the wire at once, of one replay.
const TESTS_AT_ONCE: usize = 16;

/// Why a replay was not begun. Nothing was sent.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// There is nothing left of it to send.
    #[error("the event of delivery {0} is no longer kept, so it cannot be sent again")]
    NotKept(DeliveryId),
    /// More events than one replay may have.
    #[error(
        "more than {MOST_EVENTS} events are to be replayed, which is the limit of one replay: give a later \
         `since` or an earlier `until`"
    )]
    TooMany,
    /// The integration is switched off.
    #[error("integration {0} is switched off: switch it on, or replay to a test endpoint with `to`")]
    Disabled(IntegrationId),
    /// Another one is under way.
    #[error("replay {other} of integration {integration} is under way: wait for its end, or cancel it")]
    Busy {
        /// The integration.
        integration: IntegrationId,
        /// The one under way.
        other: ReplayId,
    },
    /// Too many are under way, or the server is stopping, or the store takes nothing. Passing; try again later.
    #[error("the replay was not begun, try again later: {0}")]
    Unavailable(String),
    /// The store could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The revisions could not be read.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
}

/// What a [`Replays`] works with.
pub struct Parts {
    /// The integrations.
    pub directory: Arc<Directory>,
    /// Where deliveries become durable.
    pub queue: Arc<dyn Queue>,
    /// The events there were, and what became of them.
    pub store: Arc<dyn Store>,
    /// What knows the gates, and sends tests.
    pub engine: Arc<Engine>,
    /// What remembers.
    pub recorder: Recorder,
    /// Time and luck.
    pub nature: Nature,
}

/// Every replay under way.
pub struct Replays {
    directory: Arc<Directory>,
    queue: Arc<dyn Queue>,
    store: Arc<dyn Store>,
    engine: Arc<Engine>,
    recorder: Recorder,
    nature: Nature,
    under_way: Mutex<HashMap<ReplayId, UnderWay>>,
    tasks: TaskTracker,
    stopping: CancellationToken,
}

/// Who asked for a replay.
#[derive(Debug, Clone)]
pub struct Asker {
    /// Their id.
    pub id: UserId,
    /// Their username.
    pub name: String,
}

/// A replay as its task holds it.
struct Work {
    row: Arc<ReplayRow>,
    left: std::vec::IntoIter<EventId>,
    pace: Pace,
    /// The revisions of then, when it sends as those.
    past: Option<Past>,
    skipped: u64,
    tested: Tested,
    cancel: CancellationToken,
}

impl Replays {
    /// Puts the parts together.
    pub fn new(parts: Parts) -> Arc<Self> {
        Arc::new(Self {
            directory: parts.directory,
            queue: parts.queue,
            store: parts.store,
            engine: parts.engine,
            recorder: parts.recorder,
            nature: parts.nature,
            under_way: Mutex::default(),
            tasks: TaskTracker::new(),
            stopping: CancellationToken::new(),
        })
    }

    /// Notes that the replays which nobody sends any more were interrupted: all that are not under way here, or those
    /// of them that have long not moved where another node may be sending them.
    pub async fn note_interrupted(&self) -> Result<(), StoreError> {
        let (now, alone) = (self.nature.now(), self.is_alone());
        for replay in self.store.unfinished_replays().await? {
            let here = self.under_way.lock().contains_key(&replay.id);
            if here || !(alone || now.since(replay.changed_at) > ABANDONED) {
                continue;
            }
            tracing::warn!(replay.id = %replay.id, "a replay was interrupted: {}", replay.progress.summary());
            self.end(&replay, Sending::Interrupted, Some(INTERRUPTED.to_owned())).await;
        }
        Ok(())
    }

    fn is_alone(&self) -> bool {
        self.queue.nodes().len() < 2
    }

    /// Ends a replay that is not under way here.
    async fn end(&self, replay: &ReplayRow, sending: Sending, reason: Option<String>) {
        let went = ReplayWent {
            replay: replay.id,
            integration: replay.integration,
            skipped: replay.progress.skipped,
            tested: None,
            sending,
            reason,
            at: self.nature.now(),
        };
        self.recorder.note(vec![Entry::ReplayWent(went)]).await;
    }

    /// Begins a replay; returns once it is remembered.
    pub async fn start(
        self: &Arc<Self>,
        plan: Plan,
        saved: &SavedIntegration,
        by: Asker,
    ) -> Result<ReplayId, ReplayError> {
        if self.stopping.is_cancelled() || self.recorder.stuck() {
            return Err(ReplayError::Unavailable("the server takes nothing at the moment".to_owned()));
        }
        if saved.disabled.is_some() && !plan.is_test() {
            return Err(ReplayError::Disabled(saved.id));
        }
        let events = self.events_of(&plan, saved).await?;
        let past = self.past_for(&plan, saved).await?;
        let row = Arc::new(self.row(plan, saved, by, events.len()));
        let cancel = self.register(&row)?;
        let pace = Pace::new(row.plan.rate, self.nature.now());
        let id = row.id;
        let left = events.into_iter();
        let work = Work { row, left, pace, past, skipped: 0, tested: Tested::default(), cancel };
        // From here on the task owns it: whoever asked may go away.
        let (begun, has_begun) = oneshot::channel();
        self.tasks.spawn(self.clone().run(work, begun));
        has_begun.await.map_err(|_| ReplayError::Unavailable("it broke off".to_owned()))?;
        Ok(id)
    }

    /// Cancels a replay; says whether it was under way. One that is under way here has ended when this returns, another
    /// node sees it before it sends the next part.
    pub async fn cancel(&self, replay: &ReplayRow) -> bool {
        let ended = self.under_way.lock().get(&replay.id).map(UnderWay::cancel);
        if let Some(ended) = ended {
            ended.cancelled().await;
            return true;
        }
        let elsewhere = !self.is_alone() && replay.sending == Sending::Underway;
        if elsewhere {
            self.end(replay, Sending::Cancelled, None).await;
        }
        elsewhere
    }

    /// How another node has ended a replay that is under way here, if one has.
    async fn ended_elsewhere(&self, id: ReplayId) -> Option<(Sending, Option<String>)> {
        if self.is_alone() {
            return None;
        }
        let row = self.store.replay(id).await.ok().flatten()?;
        (row.sending != Sending::Underway).then_some((row.sending, row.reason))
    }

    /// Whether no replay has anything to do before time goes on.
    pub fn rest(&self) -> bool {
        let now = self.nature.now();
        self.under_way.lock().values().all(|replay| replay.rests_at(now))
    }

    /// Stops every replay after what it is at, and notes how far each has come.
    pub async fn stop(&self) {
        self.stopping.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }

    fn row(&self, plan: Plan, saved: &SavedIntegration, by: Asker, events: usize) -> ReplayRow {
        let now = self.nature.now();
        ReplayRow {
            id: ReplayId::new(now, random(&*self.nature.luck)),
            integration: saved.id,
            scope: saved.scope,
            by: by.id,
            by_name: by.name,
            plan,
            sending: Sending::Underway,
            reason: None,
            progress: Progress { total: events as u64, ..Progress::default() },
            ended_at: None,
            changed_at: now,
        }
    }

    /// Takes a place among those under way. Of an integration, one at a time may send many: two would send the same.
    fn register(&self, row: &ReplayRow) -> Result<CancellationToken, ReplayError> {
        let many = !row.plan.is_test() && !matches!(row.plan.selection, Selection::Resend { .. });
        let mut under_way = self.under_way.lock();
        if under_way.len() >= MOST_AT_ONCE {
            return Err(ReplayError::Unavailable(format!(
                "{MOST_AT_ONCE} are under way, which is the limit"
            )));
        }
        let other = under_way.iter().find(|(_, replay)| many && replay.many_of == Some(row.integration));
        if let Some((&other, _)) = other {
            return Err(ReplayError::Busy { integration: row.integration, other });
        }
        let replay = UnderWay::new(many.then_some(row.integration));
        let cancel = replay.cancel.clone();
        under_way.insert(row.id, replay);
        Ok(cancel)
    }

    async fn run(self: Arc<Self>, mut work: Work, begun: oneshot::Sender<()>) {
        self.recorder.note(vec![Entry::ReplayBegan(work.row.clone())]).await;
        self.recorder.flushed().await;
        tracing::info!(
            replay.id = %work.row.id,
            integration.id = %work.row.integration,
            events = work.left.len(),
            "a replay begins"
        );
        // Whoever asked need not wait for it.
        let _ = begun.send(());
        let (sending, reason) = self.send_all(&mut work).await;
        self.note(&work, sending, reason).await;
        if let Some(replay) = self.under_way.lock().remove(&work.row.id) {
            replay.ended.cancel();
        }
    }

    async fn send_all(&self, work: &mut Work) -> (Sending, Option<String>) {
        loop {
            if work.left.len() == 0 {
                return (Sending::Complete, None);
            }
            if work.cancel.is_cancelled() {
                return (Sending::Cancelled, None);
            }
            if self.stopping.is_cancelled() {
                return (Sending::Interrupted, Some(INTERRUPTED.to_owned()));
            }
            if let Some(ended) = self.ended_elsewhere(work.row.id).await {
                return ended;
            }
            let now = self.nature.now();
            let due = work.pace.take(now, work.left.len().min(work.batch()));
            if due == 0 {
                self.sleep(work).await;
            } else if let Err(halt) = self.turn(work, due).await {
                return (Sending::Stopped, Some(halt.to_string()));
            }
        }
    }

    async fn sleep(&self, work: &Work) {
        let until = work.pace.next();
        self.resting(work.row.id, |replay| replay.rests_until = Some(until));
        tokio::select! {
            () = sleep_until(&*self.nature.clock, until) => {}
            () = work.cancel.cancelled() => {}
            () = self.stopping.cancelled() => {}
        }
        self.resting(work.row.id, |replay| replay.rests_until = None);
    }

    fn resting(&self, id: ReplayId, change: impl FnOnce(&mut UnderWay)) {
        if let Some(replay) = self.under_way.lock().get_mut(&id) {
            change(replay);
        }
    }

    /// Sends the next so many events.
    async fn turn(&self, work: &mut Work, due: usize) -> Result<(), Halt> {
        let mut events = Vec::with_capacity(due);
        let before = work.skipped;
        for id in work.left.by_ref().take(due) {
            match self.store.event(id).await.map_err(trouble)? {
                Some(event) => events.push(Arc::new(event)),
                None => work.skipped += 1,
            }
        }
        if work.row.plan.is_test() {
            self.test(work, events).await?;
        } else {
            self.hand_on(work, events).await?;
            if work.skipped == before {
                return Ok(());
            }
        }
        self.note(work, Sending::Underway, None).await;
        Ok(())
    }

    /// Makes a delivery of each event, up to the first that may not go, and hands them to the queue.
    async fn hand_on(&self, work: &Work, events: Vec<Arc<Event>>) -> Result<(), Halt> {
        let mut deliveries = Vec::with_capacity(events.len());
        let mut halted = Ok(());
        for event in events {
            match self.delivery(work, event) {
                Ok(delivery) => deliveries.push(delivery),
                Err(halt) => {
                    halted = Err(halt);
                    break;
                }
            }
        }
        if !deliveries.is_empty() {
            let now = self.nature.now();
            let matched = |delivery| {
                let entry = matched_entry(delivery, work.row.scope);
                Entry::Matched(MatchedEntry { replay: Some(work.row.id), at: now, ..entry })
            };
            let matched = deliveries.iter().map(matched).collect();
            // Durable first: should the note be lost in a crash, the first attempt begins the delivery.
            self.queue.append_replay(deliveries, now).await.map_err(trouble)?;
            self.recorder.note(matched).await;
        }
        halted
    }

    fn delivery(&self, work: &Work, event: Arc<Event>) -> Result<Delivery, Halt> {
        let integration = work.row.integration;
        let live = self.directory.live(integration).ok_or(Halt::Gone)?;
        let as_then = self.then(work, &event);
        let live = as_then.as_ref().unwrap_or(&live);
        let origin = choice::origin(live, &event);
        let gate = origin.as_ref().and_then(|origin| self.engine.gate(work.row.scope, origin));
        let enabled = self.directory.integration(integration).map(|saved| saved.disabled.is_none());
        let shown = origin.map(|origin| origin.to_string());
        let around = Surroundings { enabled, origin: shown.as_deref(), gate: gate.as_ref() };
        if let Some(halt) = halt(&around) {
            return Err(halt);
        }
        let now = self.nature.now();
        Ok(Delivery {
            id: DeliveryId::new(now, random(&*self.nature.luck)),
            event,
            integration,
            lane: live.saved.lane,
            due: now,
            attempts: 0,
            first_tried_at: None,
            replayed: Some(Replayed { by: work.row.by, replay: work.row.id.to_string() }),
            postponed: false,
        })
    }

    fn then(&self, work: &Work, event: &Event) -> Option<Arc<Live>> {
        let saved = work.past.as_ref()?.of(event)?;
        self.directory.live_as(saved).map(Arc::new)
    }

    /// Sends each event elsewhere, and waits until all have ended.
    async fn test(&self, work: &mut Work, events: Vec<Arc<Event>>) -> Result<(), Halt> {
        let saved = self.directory.integration(work.row.integration).ok_or(Halt::Gone)?;
        let (by, replay) = (work.row.by, work.row.id);
        let sent = events.into_iter().map(|event| {
            let live = self.live_for(&work.row.plan, &saved, work.past.as_ref(), by, &event);
            async move {
                let Some(live) = live else { return false };
                let attempt = self.engine.test_replayed(&live, event, by, replay).await;
                attempt.outcome == Outcome::Success
            }
        });
        for succeeded in join_all(sent).await {
            let count = if succeeded { &mut work.tested.succeeded } else { &mut work.tested.failed };
            *count += 1;
        }
        Ok(())
    }

    async fn note(&self, work: &Work, sending: Sending, reason: Option<String>) {
        let went = ReplayWent {
            replay: work.row.id,
            integration: work.row.integration,
            skipped: work.skipped,
            tested: work.row.plan.is_test().then_some(work.tested),
            sending,
            reason,
            at: self.nature.now(),
        };
        self.recorder.note(vec![Entry::ReplayWent(went)]).await;
    }

    async fn past_for(&self, plan: &Plan, saved: &SavedIntegration) -> Result<Option<Past>, ReplayError> {
        match plan.revision {
            Revision::Now => Ok(None),
            Revision::Then => Ok(Some(self.directory.past(saved.id).await?)),
        }
    }
}

impl Work {
    fn batch(&self) -> usize {
        if self.row.plan.is_test() { TESTS_AT_ONCE } else { BATCH }
    }
}

/// How long a replay may stand still before another node takes it for interrupted. The slowest pace moves sooner.
const ABANDONED: Duration = Duration::from_hours(1);

/// Why a replay ended that the server did not bring to its end.
const INTERRUPTED: &str = "the server stopped while it was under way: replay the rest";

fn trouble(error: impl std::fmt::Display) -> Halt {
    Halt::Trouble(error.to_string())
}
