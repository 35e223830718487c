//! What a batch adds to the counts, summed in memory. Decides only: the engines write it, once for each batch.

use std::collections::BTreeMap;

use fieldhook_core::access::Scope;
use fieldhook_core::attempt::{Attempt, Outcome, Verdict};
use fieldhook_core::id::{DeviceId, IntegrationId, ReplayId};
use fieldhook_core::time::{Day, Timestamp};
use fieldhook_core::trouble::Last;

use super::UsedEntry;

/// What a batch adds to the counts, each kind in the order of its keys: two that write at once then lock in the same
/// order.
#[derive(Default)]
pub(super) struct Tally {
    pub(super) days: BTreeMap<(IntegrationId, Day), DayDelta>,
    pub(super) books: BTreeMap<IntegrationId, BookDelta>,
    pub(super) usage: BTreeMap<Payer, Operations>,
    pub(super) replays: BTreeMap<ReplayId, ReplayDelta>,
}

/// One integration's attempts and matches of one day.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct DayDelta {
    pub(super) success: i64,
    pub(super) error: i64,
    pub(super) skipped: i64,
    pub(super) matched: i64,
}

/// One integration's deliveries by verdict, and its last attempts.
#[derive(Debug, Clone, Copy)]
pub(super) struct BookDelta {
    pub(super) scope: Scope,
    pub(super) matched: i64,
    pub(super) delivered: i64,
    pub(super) failed: i64,
    pub(super) dropped: i64,
    pub(super) waiting: i64,
    pub(super) last: Last,
}

/// One replay's deliveries.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct ReplayDelta {
    pub(super) sent: i64,
    pub(super) succeeded: i64,
    pub(super) failed: i64,
    pub(super) at: Timestamp,
}

/// Who used operations, when and by what.
pub(super) type Payer = (Scope, Day, Option<DeviceId>, Option<IntegrationId>);

/// Operations.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Operations {
    pub(super) publishes: i64,
    pub(super) received: i64,
}

impl Tally {
    /// A delivery began.
    pub(super) fn matched(&mut self, integration: IntegrationId, day: Day) {
        self.days.entry((integration, day)).or_default().matched += 1;
    }

    /// An attempt ended.
    pub(super) fn attempted(&mut self, integration: IntegrationId, day: Day, outcome: Outcome) {
        let delta = self.days.entry((integration, day)).or_default();
        match outcome {
            Outcome::Success => delta.success += 1,
            Outcome::Error => delta.error += 1,
            Outcome::Skipped => delta.skipped += 1,
        }
    }

    /// An attempt began and ended, whether or not it is one more for the day.
    pub(super) fn saw(&mut self, attempt: &Attempt) {
        let delta = self.books.entry(attempt.integration).or_insert_with(|| BookDelta::new(attempt.scope));
        delta.last.saw(attempt.outcome, attempt.started_at);
    }

    /// A delivery went from one verdict to another; a new one comes from none.
    pub(super) fn moved(
        &mut self,
        integration: IntegrationId,
        scope: Scope,
        from: Option<Verdict>,
        to: Verdict,
    ) {
        let delta = self.books.entry(integration).or_insert_with(|| BookDelta::new(scope));
        match from {
            Some(verdict) => *delta.of(verdict) -= 1,
            None => delta.matched += 1,
        }
        *delta.of(to) += 1;
    }

    /// A delivery of a replay went from one verdict to another; a new one comes from none.
    pub(super) fn replayed(&mut self, replay: ReplayId, from: Option<Verdict>, to: Verdict, at: Timestamp) {
        let delta = self.replays.entry(replay).or_default();
        delta.at = delta.at.max(at);
        match from {
            Some(verdict) => delta.add(verdict, -1),
            None => delta.sent += 1,
        }
        delta.add(to, 1);
    }

    /// Operations were used.
    pub(super) fn used(&mut self, entry: &UsedEntry) {
        let payer = (entry.scope, entry.day, entry.device, entry.integration);
        let operations = self.usage.entry(payer).or_default();
        operations.publishes += entry.publishes as i64;
        operations.received += entry.received as i64;
    }
}

impl BookDelta {
    fn new(scope: Scope) -> Self {
        let last = Last::default();
        Self { scope, matched: 0, delivered: 0, failed: 0, dropped: 0, waiting: 0, last }
    }

    fn of(&mut self, verdict: Verdict) -> &mut i64 {
        match verdict {
            Verdict::Delivered => &mut self.delivered,
            Verdict::Failed => &mut self.failed,
            Verdict::Dropped => &mut self.dropped,
            Verdict::Waiting => &mut self.waiting,
        }
    }
}

impl ReplayDelta {
    fn add(&mut self, verdict: Verdict, count: i64) {
        match verdict {
            Verdict::Delivered => self.succeeded += count,
            Verdict::Failed | Verdict::Dropped => self.failed += count,
            Verdict::Waiting => {}
        }
    }
}
