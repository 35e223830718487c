//! Sends deliveries: claim what is due, one lane per destination, ask the gate, fill in, send, tell, record, settle.

use std::sync::Arc;
use std::time::Duration;

use fieldhook_core::access::Scope;
use fieldhook_core::attempt::{Attempt, Next, Trigger, Verdict};
use fieldhook_core::event::Event;
use fieldhook_core::id::{DeliveryId, IntegrationId, ReplayId, UserId};
use fieldhook_core::integration::RetryKind;
use fieldhook_core::origin::Origin;
use fieldhook_core::rate::Bucket;
use fieldhook_core::throttle::GateState;
use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::clock::{Nature, random, sleep_until};
use crate::directory::{Directory, DirectoryError, Live as LiveIntegration};
use crate::live::Live;
use crate::outbound::Outbound;
use crate::queue::{Claim, LEASE, Lane, Queue, Settlement};
use crate::recorder::Recorder;
use crate::store::{EndedEntry, Entry, UsedEntry};

mod gates;
mod lag;
mod lanes;
mod replies;
mod trial;

pub use gates::DestinationState;
use gates::Gates;
use lag::Lag;
use lanes::Lanes;

/// How long to rest after the queue refused.
const REST: Duration = Duration::from_secs(1);

/// What the operator set for sending.
#[derive(Debug, Clone, Copy)]
pub struct EngineSettings {
    /// Requests at once to one destination.
    pub lane_width: usize,
    /// Requests at once to all destinations.
    pub most_in_flight: usize,
    /// What integrations without a `retryPolicy` do.
    pub retry: RetryKind,
    /// Most bytes of data of an unchunked reply.
    pub data_limit: usize,
}

/// What an [`Engine`] works with.
pub struct Parts {
    /// What to send where.
    pub directory: Arc<Directory>,
    /// What is due.
    pub queue: Arc<dyn Queue>,
    /// The HTTP client.
    pub outbound: Arc<Outbound>,
    /// Who hears replies.
    pub live: Arc<Live>,
    /// What remembers.
    pub recorder: Recorder,
    /// Time and luck.
    pub nature: Nature,
    /// What the operator set.
    pub settings: EngineSettings,
}

/// The delivery engine.
pub struct Engine {
    directory: Arc<Directory>,
    queue: Arc<dyn Queue>,
    outbound: Arc<Outbound>,
    live: Arc<Live>,
    recorder: Recorder,
    nature: Nature,
    settings: EngineSettings,
    lanes: Lanes,
    gates: Gates,
    lag: Lag,
    caps: Mutex<std::collections::HashMap<IntegrationId, Bucket>>,
    workers: TaskTracker,
    stopping: CancellationToken,
}

impl Engine {
    /// Puts the parts together; `run` sets it going.
    pub fn new(parts: Parts) -> Arc<Self> {
        Arc::new(Self {
            lanes: Lanes::new(parts.settings.lane_width, parts.settings.most_in_flight),
            gates: Gates::default(),
            lag: Lag::default(),
            caps: Mutex::default(),
            workers: TaskTracker::new(),
            stopping: CancellationToken::new(),
            directory: parts.directory,
            queue: parts.queue,
            outbound: parts.outbound,
            live: parts.live,
            recorder: parts.recorder,
            nature: parts.nature,
            settings: parts.settings,
        })
    }

    /// Takes up what waits in the queue, whenever it falls due, until [`Engine::stop`].
    pub async fn run(self: Arc<Self>) {
        while !self.stopping.is_cancelled() {
            let until = match self.queue.due(self.nature.now()).await {
                Ok(due) => {
                    for lane in due.lanes {
                        self.feed(lane).await;
                    }
                    // Leases end without a sign.
                    let leases = self.nature.now() + LEASE;
                    due.next.map_or(leases, |next| next.min(leases))
                }
                Err(error) => {
                    tracing::error!(%error, "the queue does not say what is due; asking again");
                    self.nature.now() + REST
                }
            };
            tokio::select! {
                () = self.queue.changed() => {}
                () = sleep_until(&*self.nature.clock, until) => {}
                () = self.stopping.cancelled() => {}
            }
        }
    }

    /// Claims nothing more, and waits for what is on the wire.
    pub async fn stop(&self) {
        self.stopping.cancel();
        self.workers.close();
        self.workers.wait().await;
    }

    /// Requests and refusals under way.
    pub fn in_flight(&self) -> usize {
        self.lanes.taken()
    }

    /// The longest that a delivery of the last minute waited beyond its due time; none when nothing was sent.
    pub fn lag(&self) -> Option<Duration> {
        self.lag.worst(self.nature.now())
    }

    /// Takes a slot for a delivery that is about to be appended; refuses while its lane has no room.
    pub fn reserve(&self, lane: Lane) -> bool {
        !self.stopping.is_cancelled() && self.lanes.reserve(lane)
    }

    /// Gives back slots that were reserved in vain.
    pub fn release(&self, lanes: &[Lane]) {
        for lane in lanes {
            self.lanes.release(*lane, 1);
        }
    }

    /// Starts on claims for which slots were reserved; gives back the slots of those that did not come.
    pub fn start(self: &Arc<Self>, mut reserved: Vec<Lane>, claims: Vec<Claim>) {
        for claim in claims {
            if let Some(at) = reserved.iter().position(|lane| *lane == claim.delivery.lane) {
                reserved.swap_remove(at);
            }
            self.spawn(claim);
        }
        self.release(&reserved);
    }

    /// Makes one attempt for a test: past the gate, and in no count. None when the integration is gone.
    pub async fn test(&self, integration: IntegrationId, event: Event, by: UserId) -> Option<Attempt> {
        let live = self.directory.live(integration)?;
        Some(self.test_changed(&live, event, by).await)
    }

    /// The same for an integration as somebody is about to save it.
    pub async fn test_changed(&self, live: &LiveIntegration, event: Event, by: UserId) -> Attempt {
        let (attempt, mut entries) = self.try_out(live, Arc::new(event), by, None).await;
        entries.push(Entry::Attempted(Arc::new(attempt.clone())));
        self.recorder.note(entries).await;
        attempt
    }

    /// Makes one attempt at a template that nobody has saved. It enters no log, and what devices are charged for
    /// its replies is put to no integration.
    pub async fn test_draft(&self, draft: &LiveIntegration, event: Event, by: UserId) -> Attempt {
        let (attempt, entries) = self.try_out(draft, Arc::new(event), by, None).await;
        let of_none = |entry| match entry {
            Entry::Used(used) => Entry::Used(UsedEntry { integration: None, ..used }),
            other => other,
        };
        self.recorder.note(entries.into_iter().map(of_none).collect()).await;
        attempt
    }

    /// The same for an event of earlier, as part of a replay that goes elsewhere than the integration would.
    pub async fn test_replayed(
        &self,
        live: &LiveIntegration,
        event: Arc<Event>,
        by: UserId,
        replay: ReplayId,
    ) -> Attempt {
        let (attempt, mut entries) = self.try_out(live, event, by, Some(&replay.to_string())).await;
        entries.push(Entry::Attempted(Arc::new(attempt.clone())));
        self.recorder.note(entries).await;
        attempt
    }

    async fn try_out(
        &self,
        live: &LiveIntegration,
        event: Arc<Event>,
        by: UserId,
        replay: Option<&str>,
    ) -> (Attempt, Vec<Entry>) {
        let now = self.nature.now();
        let trial = trial::Trial {
            live,
            event: &event,
            delivery: DeliveryId::new(now, random(&*self.nature.luck)),
            trigger: Trigger::Test { by },
            replay,
            number: 1,
            due: now,
            first_tried_at: now,
        };
        self.attempt(trial).await
    }

    /// Whether the address guard would let a request to this URL pass, as far as can be told before sending.
    pub fn may_reach(&self, url: &str) -> bool {
        self.outbound.may_reach(url)
    }

    /// The destinations of these scopes, with their gates.
    pub fn destinations(&self, scopes: &[Scope]) -> Vec<DestinationState> {
        self.gates.states(scopes, self.lanes.width(), self.nature.now())
    }

    /// The gate of one destination; none when it was not tried lately.
    pub fn gate(&self, scope: Scope, origin: &Origin) -> Option<GateState> {
        self.gates.state(scope, origin, self.nature.now())
    }

    /// The scope's destinations whose gates let not everything pass.
    pub fn asleep(&self, scope: Scope) -> Vec<Origin> {
        self.gates.asleep(scope, self.nature.now())
    }

    /// The destinations whose gates skip attempts or come near to it, whoever owns them.
    pub fn troubled(&self) -> Vec<(Scope, String, GateState)> {
        self.gates.troubled(self.nature.now())
    }

    /// Wakes the destination with this id; says whether there is one in these scopes.
    pub fn wake(&self, id: &str, scopes: &[Scope]) -> bool {
        self.gates.wake(id, scopes)
    }

    /// Takes this node's share of the width of each lane, of which so many nodes have one.
    pub fn share_lanes(&self, nodes: usize) {
        self.lanes.share(nodes);
    }

    /// Forgets what has long been idle.
    pub fn forget_idle(&self) {
        let now = self.nature.now();
        self.gates.forget_idle(now);
        let mut caps = self.caps.lock();
        caps.retain(|id, bucket| {
            let rate = self.directory.live(*id).and_then(|live| live.webhook.rate_limit);
            rate.is_some_and(|rate| !bucket.is_full(rate, now))
        });
    }

    async fn feed(self: &Arc<Self>, lane: Lane) {
        let room = self.lanes.reserve_all(lane);
        if room == 0 {
            return;
        }
        let claims = self.claim(lane, room).await;
        if claims.len() < room {
            self.lanes.drained(lane);
        }
        self.lanes.release(lane, room - claims.len());
        for claim in claims {
            self.spawn(claim);
        }
    }

    fn spawn(self: &Arc<Self>, claim: Claim) {
        let engine = self.clone();
        // Boxed: a task's own future is moved several times, and this one takes eight kilobytes.
        self.workers.spawn(Box::pin(async move { engine.work(claim).await }));
    }

    /// Works on a claim, and then on what else waits in its lane, until there is nothing.
    async fn work(&self, first: Claim) {
        let lane = first.delivery.lane;
        let mut next = Some(first);
        while let Some(claim) = next.take() {
            self.deliver(claim).await;
            if !self.lanes.keep(lane) {
                return;
            }
            if self.stopping.is_cancelled() {
                break;
            }
            next = self.claim(lane, 1).await.pop();
            if next.is_none() {
                self.lanes.drained(lane);
            }
        }
        self.lanes.release(lane, 1);
    }

    /// Claims from the lane, asking again until the queue answers.
    async fn claim(&self, lane: Lane, most: usize) -> Vec<Claim> {
        loop {
            match self.queue.claim(lane, most, self.nature.now()).await {
                Ok(claims) => return claims,
                Err(error) => tracing::error!(%error, "the queue hands nothing out; asking again"),
            }
            tokio::select! {
                () = self.nature.clock.sleep(REST) => {}
                () = self.stopping.cancelled() => return Vec::new(),
            }
        }
    }

    /// Makes one attempt at a claimed delivery, and has it recorded and then settled.
    async fn deliver(&self, claim: Claim) {
        let Some(live) = self.directory.live(claim.delivery.integration) else {
            return self.end(claim, "the integration was deleted").await;
        };
        if live.saved.disabled.is_some() {
            return self.end(claim, "the integration is disabled").await;
        }
        if let Some(wait) = self.capped(&live, &claim) {
            let later = Settlement::Postpone(self.nature.now() + wait);
            return self.recorder.settled(Vec::new(), claim, later).await;
        }
        let delivery = &claim.delivery;
        let replay = delivery.replayed.as_ref().map(|replayed| replayed.replay.as_str());
        let live = match self.as_replayed(live, &delivery.event, replay).await {
            Ok(live) => live,
            Err(error) => {
                tracing::error!(%error, delivery.id = %delivery.id, "the revision to replay cannot be read; trying again");
                let later = Settlement::Postpone(self.nature.now() + REST);
                return self.recorder.settled(Vec::new(), claim, later).await;
            }
        };
        let trial = trial::Trial {
            live: &live,
            event: &delivery.event,
            delivery: delivery.id,
            trigger: trigger(&claim),
            replay,
            number: delivery.attempts + 1,
            due: delivery.due,
            first_tried_at: delivery.first_tried_at.unwrap_or_else(|| self.nature.now()),
        };
        let (attempt, mut entries) = self.attempt(trial).await;
        let settlement = match attempt.next {
            Next::TryAt(due) => Settlement::TryAt(due),
            Next::Final(_) => Settlement::Done,
        };
        entries.push(Entry::Attempted(Arc::new(attempt)));
        self.recorder.settled(entries, claim, settlement).await;
    }

    /// The integration as the delivery is to be sent: as it is now, unless its replay asks for then.
    async fn as_replayed(
        &self,
        live: Arc<LiveIntegration>,
        event: &Event,
        replay: Option<&str>,
    ) -> Result<Arc<LiveIntegration>, DirectoryError> {
        let Some(replay) = replay.and_then(|replay| replay.parse::<ReplayId>().ok()) else { return Ok(live) };
        let then = self.directory.live_then(live.saved.id, event, replay).await?;
        Ok(then.unwrap_or(live))
    }

    /// How long the delivery has to wait for its integration's rate cap. Each is put off once at most: it waits for
    /// a place of its own.
    fn capped(&self, live: &LiveIntegration, claim: &Claim) -> Option<Duration> {
        let rate = live.webhook.rate_limit?;
        if claim.delivery.postponed {
            return None;
        }
        let now = self.nature.now();
        let mut caps = self.caps.lock();
        let wait = caps.entry(live.saved.id).or_insert_with(|| Bucket::full(rate, now)).book(rate, now);
        (!wait.is_zero()).then_some(wait)
    }

    async fn end(&self, claim: Claim, reason: &str) {
        let ended = EndedEntry {
            delivery: claim.delivery.id,
            integration: claim.delivery.integration,
            verdict: Verdict::Dropped,
            reason: reason.to_owned(),
            at: self.nature.now(),
        };
        self.recorder.settled(vec![Entry::Ended(ended)], claim, Settlement::Done).await;
    }
}

fn trigger(claim: &Claim) -> Trigger {
    match &claim.delivery.replayed {
        _ if claim.delivery.attempts > 0 => Trigger::Retry,
        Some(replayed) => Trigger::Replay { by: replayed.by, replay: replayed.replay.clone() },
        None => Trigger::Event,
    }
}
