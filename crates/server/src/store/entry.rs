//! What happened, as it is brought to the store.

use std::sync::Arc;

use fieldhook_core::access::Scope;
use fieldhook_core::attempt::{Attempt, Verdict};
use fieldhook_core::event::Event;
use fieldhook_core::id::{DeliveryId, DeviceId, EventId, IntegrationId, ReplayId};
use fieldhook_core::replay::Sending;
use fieldhook_core::time::{Day, Timestamp};

use super::ReplayRow;

/// Something that happened, to be remembered.
#[derive(Debug, Clone)]
pub enum Entry {
    /// An event was taken in.
    Event(Arc<Event>),
    /// It matched an integration: the delivery waits.
    Matched(MatchedEntry),
    /// An attempt ended. Its `next` changes the delivery; a test changes no delivery and no count.
    Attempted(Arc<Attempt>),
    /// A waiting delivery ended without a further attempt.
    Ended(EndedEntry),
    /// Operations to add to the books.
    Used(UsedEntry),
    /// A replay began.
    ReplayBegan(Arc<ReplayRow>),
    /// A replay went on, or ended.
    ReplayWent(ReplayWent),
}

/// A delivery that begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MatchedEntry {
    /// The delivery.
    pub delivery: DeliveryId,
    /// Its event.
    pub event: EventId,
    /// The event's name.
    pub event_name: String,
    /// The integration it is for.
    pub integration: IntegrationId,
    /// Who owns the integration.
    pub scope: Scope,
    /// The publishing device, if a device published.
    pub device: Option<DeviceId>,
    /// The replay that caused it, if one did.
    pub replay: Option<ReplayId>,
    /// When.
    pub at: Timestamp,
}

/// A delivery that ends without a further attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndedEntry {
    /// The delivery.
    pub delivery: DeliveryId,
    /// Its integration.
    pub integration: IntegrationId,
    /// Never `Waiting`.
    pub verdict: Verdict,
    /// Why, in words.
    pub reason: String,
    /// When.
    pub at: Timestamp,
}

/// Operations of one day, to be added to what is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsedEntry {
    /// The publish that costs them, which stands before them in the same call: when its event had been
    /// recorded before, so had these, and they are not added again. Absent for what is recorded only once.
    pub event: Option<EventId>,
    /// The UTC day.
    pub day: Day,
    /// The user or product that pays.
    pub scope: Scope,
    /// The device that published or received.
    pub device: Option<DeviceId>,
    /// For parts received: the integration that caused them.
    pub integration: Option<IntegrationId>,
    /// Operations for publishes.
    pub publishes: u64,
    /// Operations for events and parts received by devices.
    pub received: u64,
}

/// How far a replay has come in what its deliveries do not tell. Recorded out of order it never goes back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplayWent {
    /// The replay.
    pub replay: ReplayId,
    /// Its integration.
    pub integration: IntegrationId,
    /// Events passed over so far.
    pub skipped: u64,
    /// For a test, whose attempts belong to no delivery: what became of them so far.
    pub tested: Option<Tested>,
    /// How its sending stands. Once over it stays so.
    pub sending: Sending,
    /// Why it ended before its end.
    pub reason: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// What became of the attempts of a replay that is a test.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tested {
    /// Those that succeeded.
    pub succeeded: u64,
    /// Those that did not.
    pub failed: u64,
}
