//! What becomes of a delivery, entry by entry. Decides only: the engines read it, feed it and write it back.

use fieldhook_core::access::Scope;
use fieldhook_core::attempt::{Attempt, Next, Outcome, Trigger, Verdict};
use fieldhook_core::id::{DeliveryId, DeviceId, EventId, IntegrationId, ReplayId};
use fieldhook_core::time::Timestamp;

use super::{DeliveryRow, EndedEntry, MatchedEntry};

/// A delivery as far as its entries have told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Course {
    /// The event.
    pub(crate) event: EventId,
    /// The event's name.
    pub(crate) event_name: String,
    /// The integration.
    pub(crate) integration: IntegrationId,
    /// Who owns the integration.
    pub(crate) scope: Scope,
    /// The publishing device, if a device published.
    pub(crate) device: Option<DeviceId>,
    /// What has become of it.
    pub(crate) verdict: Verdict,
    /// Attempts it has had.
    pub(crate) attempts: u32,
    /// Whether the gate has refused it.
    pub(crate) refused: bool,
    /// When it began.
    pub(crate) matched_at: Timestamp,
    /// When it last changed.
    pub(crate) changed_at: Timestamp,
    /// When the next try is due.
    pub(crate) next_at: Option<Timestamp>,
    /// Why it ended without an attempt.
    pub(crate) reason: Option<String>,
    /// The replay that caused it.
    pub(crate) replay: Option<ReplayId>,
}

impl Course {
    /// A delivery that begins with its match.
    pub(crate) fn matched(entry: &MatchedEntry) -> Self {
        Self {
            event: entry.event,
            event_name: entry.event_name.clone(),
            integration: entry.integration,
            scope: entry.scope,
            device: entry.device,
            verdict: Verdict::Waiting,
            attempts: 0,
            refused: false,
            matched_at: entry.at,
            changed_at: entry.at,
            next_at: None,
            reason: None,
            replay: entry.replay,
        }
    }

    /// A delivery that is first heard of by an attempt, which is still to be taken in.
    pub(crate) fn of_attempt(attempt: &Attempt) -> Self {
        Self::matched(&MatchedEntry {
            delivery: attempt.delivery,
            event: attempt.event.id,
            event_name: attempt.event.name.clone(),
            integration: attempt.integration,
            scope: attempt.scope,
            device: attempt.event.device(),
            replay: replay_of(attempt),
            at: attempt.started_at,
        })
    }

    /// Takes in an attempt that was not taken in before. Returns the outcome to add to the day's counts, if
    /// there is one: a delivery counts as skipped once, however often the gate refuses it.
    pub(crate) fn attempted(&mut self, attempt: &Attempt) -> Option<Outcome> {
        self.attempts = self.attempts.saturating_add(1);
        if self.verdict == Verdict::Waiting {
            self.go_on(attempt);
        }
        self.changed_at = self.changed_at.max(attempt.ended_at);
        self.replay = self.replay.or_else(|| replay_of(attempt));

        let again = attempt.outcome == Outcome::Skipped && self.refused;
        self.refused |= attempt.outcome == Outcome::Skipped;
        (!again).then_some(attempt.outcome)
    }

    fn go_on(&mut self, attempt: &Attempt) {
        match attempt.next {
            Next::Final(verdict) => {
                self.verdict = verdict;
                self.next_at = None;
            }
            // An attempt recorded after a later one does not know better when the next is due.
            Next::TryAt(at) if attempt.ended_at >= self.changed_at => self.next_at = Some(at),
            Next::TryAt(_) => {}
        }
    }

    /// Takes in an end without an attempt; one that has ended already stays as it is. Returns whether it
    /// changed.
    pub(crate) fn ended(&mut self, entry: &EndedEntry) -> bool {
        if self.verdict != Verdict::Waiting || entry.verdict == Verdict::Waiting {
            return false;
        }
        self.verdict = entry.verdict;
        self.reason = Some(entry.reason.clone());
        self.next_at = None;
        self.changed_at = self.changed_at.max(entry.at);
        true
    }

    /// Takes in a match of a delivery that has begun already: an attempt may have begun it, which knew only
    /// its own time. Returns whether it changed.
    pub(crate) fn matched_again(&mut self, entry: &MatchedEntry) -> bool {
        let news = entry.at < self.matched_at || (self.replay.is_none() && entry.replay.is_some());
        self.matched_at = self.matched_at.min(entry.at);
        self.replay = self.replay.or(entry.replay);
        news
    }

    /// The delivery as readers see it.
    pub(crate) fn into_row(self, id: DeliveryId) -> DeliveryRow {
        DeliveryRow {
            id,
            event: self.event,
            event_name: self.event_name,
            integration: self.integration,
            scope: self.scope,
            device: self.device,
            verdict: self.verdict,
            attempts: self.attempts,
            matched_at: self.matched_at,
            changed_at: self.changed_at,
            next_at: self.next_at,
            reason: self.reason,
            replay: self.replay,
        }
    }
}

/// The replay that an attempt names. Its retries do not, but its first attempt was recorded before them.
fn replay_of(attempt: &Attempt) -> Option<ReplayId> {
    match &attempt.trigger {
        Trigger::Replay { replay, .. } => replay.parse().ok(),
        Trigger::Event | Trigger::Retry | Trigger::Test { .. } => None,
    }
}
