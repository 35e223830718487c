//! Things in flight: events just taken in, and the deliveries they caused.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use fieldhook_core::event::Event;
use fieldhook_core::id::{DeliveryId, EventId, IntegrationId, UserId};
use fieldhook_core::time::Timestamp;
use serde::{Deserialize, Serialize};

#[cfg(test)]
pub(crate) mod contract;
pub mod embedded;
pub mod nats;

/// How long a claim is its holder's alone: longer than the 20 s that an attempt may take.
pub const LEASE: Duration = Duration::from_mins(1);

/// Where a delivery queues up: deliveries of one lane share a destination, and its width.
///
/// A stable hash of the owning scope and the destination; of the integration where the destination is
/// known only after rendering.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Lane(pub u64);

/// Who asked for a delivery, when it was not the event's own publishing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replayed {
    /// The person.
    pub by: UserId,
    /// The replay it belongs to.
    pub replay: String,
}

/// One event for one integration, on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Its id.
    pub id: DeliveryId,
    /// The event.
    pub event: Arc<Event>,
    /// The integration.
    pub integration: IntegrationId,
    /// Where it queues up.
    pub lane: Lane,
    /// When its next attempt is due.
    pub due: Timestamp,
    /// Attempts it has had, refusals by the gate included.
    pub attempts: u32,
    /// When the first of them began.
    pub first_tried_at: Option<Timestamp>,
    /// Who replayed it, if somebody did.
    pub replayed: Option<Replayed>,
    /// Whether it was put off before this attempt, and so has waited for its place already.
    pub postponed: bool,
}

/// A delivery that its holder alone may attempt until `lease_ends`.
#[derive(Debug, Clone)]
pub struct Claim {
    /// The delivery.
    pub delivery: Delivery,
    /// Tells this claim from earlier ones of the same delivery.
    pub lease: u64,
    /// When somebody else may claim it.
    pub lease_ends: Timestamp,
}

/// What becomes of a claimed delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settlement {
    /// It is over, well or badly.
    Done,
    /// It is due again at this time; this attempt is added to its count.
    TryAt(Timestamp),
    /// It was not attempted, and has a place of its own at this time.
    Postpone(Timestamp),
}

/// An event to be taken in with the deliveries it causes.
#[derive(Debug, Clone)]
pub struct Append {
    /// The event.
    pub event: Arc<Event>,
    /// Its deliveries, with whether each is to be claimed in the same breath.
    pub deliveries: Vec<(Delivery, bool)>,
}

/// Which lanes have something due.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Due {
    /// Lanes that hold unclaimed deliveries due by now. A lane is named once; it is named again only after
    /// it got more, or after a claim left some behind and `due` has been asked since.
    pub lanes: Vec<Lane>,
    /// When the next delivery that is not due yet falls due.
    pub next: Option<Timestamp>,
}

/// How much is in flight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Backlog {
    /// Deliveries not settled as done, claimed ones included.
    pub pending: u64,
    /// Those of them that are claimed now, or settled for another try and not back in their lane yet.
    pub claimed: u64,
    /// Lanes in which something is due and not claimed.
    pub due_lanes: u64,
    /// Bytes the queue takes on disk.
    pub bytes: u64,
}

/// Why the queue could not do it.
#[derive(Debug, thiserror::Error)]
pub enum QueueError {
    /// No room: the disk is full, or the backlog has reached its limit. Passing; try again later.
    #[error("the queue has no room: {0}")]
    Full(String),
    /// The queue cannot be reached, or is being closed. Passing; try again later.
    #[error("the queue is unavailable: {0}")]
    Unavailable(String),
    /// The claim's lease had ended, or the delivery was settled already; nothing was changed.
    #[error("the lease of delivery {0} has ended")]
    LeaseEnded(DeliveryId),
    /// What is kept is damaged beyond what a crash can do; a person must decide.
    #[error("the queue is damaged: {0}")]
    Damaged(String),
}

/// Events and deliveries in flight.
///
/// A back end is done when it passes `queue::contract`; the promises, in short:
///
/// - what `append` returned `Ok` for survives a crash, the event and all its deliveries or nothing of them;
/// - appending the same event id twice while the first is in flight is the same as appending it once;
/// - a claimed delivery is nobody else's until its lease ends, or the process that claimed it is gone;
/// - settling under a lease that has ended changes nothing and says so;
/// - deliveries are claimed in the order they fell due, within their lane; none falls due before it came;
/// - an event stays among the `unrecorded` ones, over a crash too, until `recorded` was told of it;
/// - memory does not grow with the size of what waits, only by a few bytes per delivery.
///
/// Not promised: exactly-once sending; that a settlement survives a crash (the delivery is then tried
/// again); that `append` claims what it was asked to claim (what it did not comes by `due` and `claim`).
#[async_trait]
pub trait Queue: Send + Sync {
    /// Takes an event in, with the deliveries it causes; returns when it is durable. Deliveries asked to be
    /// claimed may come back as claims, and are then not to be claimed otherwise.
    async fn append(&self, append: Append, now: Timestamp) -> Result<Vec<Claim>, QueueError>;

    /// Adds deliveries for an event taken in earlier: a replay.
    async fn append_replay(&self, deliveries: Vec<Delivery>, now: Timestamp) -> Result<(), QueueError>;

    /// Resolves when `due` may have something new to say that time alone does not bring: something was appended or
    /// settled, or a claim left something behind, due already or later. For one task to wait
    /// on; a change that came while it did not wait is not lost.
    async fn changed(&self);

    /// Which lanes have something due by `now`, and when to ask again.
    async fn due(&self, now: Timestamp) -> Result<Due, QueueError>;

    /// Claims up to `most` deliveries of a lane that are due by `now`, the longest due first.
    async fn claim(&self, lane: Lane, most: usize, now: Timestamp) -> Result<Vec<Claim>, QueueError>;

    /// Says what became of a claimed delivery. Returns once the queue has heard, not once it is durable.
    async fn settle(&self, claim: &Claim, settlement: Settlement, now: Timestamp) -> Result<(), QueueError>;

    /// Events, with their unsettled deliveries, that an earlier run took in and did not see recorded, the
    /// oldest first; up to `most`. Asked at the start, and whenever `adopted` resolves, until it is empty.
    async fn unrecorded(&self, most: usize) -> Result<Vec<(Arc<Event>, Vec<Delivery>)>, QueueError>;

    /// Resolves when `unrecorded` may have something that another process took in and this queue has taken over.
    /// For one task to wait on; never resolves where nothing is taken over.
    async fn adopted(&self) {
        std::future::pending::<()>().await;
    }

    /// The nodes that share the queue and are alive, this one among them, as far as this one knows; empty where there
    /// is only one.
    fn nodes(&self) -> Vec<String> {
        Vec::new()
    }

    /// Whether this node is the one that does what is to be done once, and not once on each node. For a moment after
    /// a node is gone there may be none.
    fn leads(&self) -> bool {
        true
    }

    /// Tells the other nodes something that matters only now. Whoever is away does not hear it.
    async fn tell(&self, _told: Bytes) -> Result<(), QueueError> {
        Ok(())
    }

    /// The next thing that another node told. For one task to wait on; never resolves where there is only one node.
    async fn told(&self) -> Bytes {
        std::future::pending().await
    }

    /// Says that the store has these events and their deliveries for good.
    async fn recorded(&self, events: &[EventId]) -> Result<(), QueueError>;

    /// How much is in flight, and due by `now`.
    async fn backlog(&self, now: Timestamp) -> Result<Backlog, QueueError>;

    /// Makes all that was said durable, and lets go of the files or connections.
    async fn close(&self) -> Result<(), QueueError>;
}
