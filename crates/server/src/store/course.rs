//! What becomes of a delivery, entry by entry. Decides only: the engines read it, feed it and write it back.

use fieldhook_core::access::Scope;
use fieldhook_core::attempt::{Attempt, Next, Outcome, Trigger, Verdict};
use fieldhook_core::id::{DeliveryId, DeviceId, EventId, IntegrationId, ReplayId};
use fieldhook_core::time::Timestamp;

use super::tally::Tally;
use super::{DeliveryRow, EndedEntry, MatchedEntry};

/// A delivery as far as its entries have told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Course {
    /// The event.
    pub(super) event: EventId,
    /// The event's name.
    pub(super) event_name: String,
    /// The integration.
    pub(super) integration: IntegrationId,
    /// Who owns the integration.
    pub(super) scope: Scope,
    /// The publishing device, if a device published.
    pub(super) device: Option<DeviceId>,
    /// What has become of it.
    pub(super) verdict: Verdict,
    /// Attempts it has had.
    pub(super) attempts: u32,
    /// Whether the gate has refused it.
    pub(super) refused: bool,
    /// When it began.
    pub(super) matched_at: Timestamp,
    /// When it last changed.
    pub(super) changed_at: Timestamp,
    /// When the next try is due.
    pub(super) next_at: Option<Timestamp>,
    /// Why it ended without an attempt.
    pub(super) reason: Option<String>,
    /// The replay that caused it.
    pub(super) replay: Option<ReplayId>,
}

impl Course {
    /// A delivery that begins with its match.
    pub(super) fn matched(entry: &MatchedEntry) -> Self {
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
    pub(super) fn of_attempt(attempt: &Attempt) -> Self {
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
    pub(super) fn attempted(&mut self, attempt: &Attempt) -> Option<Outcome> {
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
    pub(super) fn ended(&mut self, entry: &EndedEntry) -> bool {
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
    pub(super) fn matched_again(&mut self, entry: &MatchedEntry) -> bool {
        let news = entry.at < self.matched_at || (self.replay.is_none() && entry.replay.is_some());
        self.matched_at = self.matched_at.min(entry.at);
        self.replay = self.replay.or(entry.replay);
        news
    }

    /// Tells the tally what has become of the delivery since the counts were last told of it.
    pub(super) fn tell(&self, before: Option<Told>, tally: &mut Tally) {
        let verdict = before.map(|told| told.verdict);
        if verdict != Some(self.verdict) {
            tally.moved(self.integration, self.scope, verdict, self.verdict);
        }
        let Some(replay) = self.replay else { return };
        let verdict = before.filter(|told| told.replay.is_some()).map(|told| told.verdict);
        if verdict != Some(self.verdict) {
            tally.replayed(replay, verdict, self.verdict, self.changed_at);
        }
    }

    /// The delivery as readers see it.
    pub(super) fn into_row(self, id: DeliveryId) -> DeliveryRow {
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

/// What the counts were told of a delivery when it was last written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Told {
    verdict: Verdict,
    replay: Option<ReplayId>,
}

impl Told {
    /// All there is to tell.
    pub(super) fn of(course: &Course) -> Self {
        Self { verdict: course.verdict, replay: course.replay }
    }
}

/// The replay that an attempt names. Its retries do not, but its first attempt was recorded before them.
fn replay_of(attempt: &Attempt) -> Option<ReplayId> {
    match &attempt.trigger {
        Trigger::Replay { replay, .. } => replay.parse().ok(),
        Trigger::Event | Trigger::Retry | Trigger::Test { .. } => None,
    }
}
