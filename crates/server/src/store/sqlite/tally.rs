//! What a batch adds to the counts, summed in memory and written once.

use std::collections::HashMap;

use fieldhook_core::access::Scope;
use fieldhook_core::attempt::{Attempt, Outcome, Verdict};
use fieldhook_core::id::{DeviceId, IntegrationId, ReplayId};
use fieldhook_core::time::{Day, Timestamp};
use fieldhook_core::trouble::Last;
use rusqlite::{Connection, Result, ToSql, params};

use super::codec::Db;
use crate::store::UsedEntry;

/// What a batch adds to the counts.
#[derive(Default)]
pub(super) struct Tally {
    days: HashMap<(IntegrationId, Day), DayDelta>,
    books: HashMap<IntegrationId, BookDelta>,
    usage: HashMap<Payer, Operations>,
    replays: HashMap<ReplayId, ReplayDelta>,
}

#[derive(Default)]
struct DayDelta {
    success: i64,
    error: i64,
    skipped: i64,
    matched: i64,
}

struct BookDelta {
    scope: Scope,
    matched: i64,
    delivered: i64,
    failed: i64,
    dropped: i64,
    waiting: i64,
    last: Last,
}

#[derive(Default)]
struct ReplayDelta {
    sent: i64,
    succeeded: i64,
    failed: i64,
    at: Timestamp,
}

type Payer = (Scope, Day, Option<DeviceId>, Option<IntegrationId>);

#[derive(Default)]
struct Operations {
    publishes: i64,
    received: i64,
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

    /// Adds it all to the tables.
    pub(super) fn write(self, connection: &Connection) -> Result<()> {
        let mut days = connection.prepare_cached(UPSERT_DAY)?;
        for ((integration, day), delta) in self.days {
            let DayDelta { success, error, skipped, matched } = delta;
            days.execute(params![Db(integration), Db(day), success, error, skipped, matched])?;
        }
        let mut books = connection.prepare_cached(UPSERT_BOOK)?;
        for (integration, delta) in self.books {
            let BookDelta { scope, matched, delivered, failed, dropped, waiting, last } = delta;
            books.execute(params![
                Db(integration),
                Db(scope),
                matched,
                delivered,
                failed,
                dropped,
                waiting,
                or_never(last.success),
                or_never(last.error),
                or_never(last.skipped),
            ])?;
        }
        let mut usage = connection.prepare_cached(UPSERT_USAGE)?;
        for ((scope, day, device, integration), operations) in self.usage {
            let Operations { publishes, received } = operations;
            let (device, integration) = (device.map(Db), integration.map(Db));
            let (device, integration) = (or_empty(device.as_ref()), or_empty(integration.as_ref()));
            usage.execute(params![Db(scope), Db(day), device, integration, publishes, received])?;
        }
        let mut replays = connection.prepare_cached(UPDATE_REPLAY)?;
        for (replay, delta) in self.replays {
            let ReplayDelta { sent, succeeded, failed, at } = delta;
            replays.execute(params![Db(replay), sent, succeeded, failed, Db(at)])?;
        }
        Ok(())
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

/// The id, or no bytes at all: a key has no room for NULL.
fn or_empty<T: ToSql>(id: Option<&T>) -> &dyn ToSql {
    const NONE: &[u8; 0] = &[];
    id.map_or(&NONE as &dyn ToSql, |id| id)
}

/// The moment, or the column's word for never.
fn or_never(moment: Option<Timestamp>) -> i64 {
    moment.map_or(0, Timestamp::as_millis)
}

const UPSERT_BOOK: &str = "\
    INSERT INTO books (integration, scope, matched, delivered, failed, dropped, waiting, success_at, error_at, \
    skipped_at) \
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) \
    ON CONFLICT DO UPDATE SET matched = matched + excluded.matched, \
    delivered = delivered + excluded.delivered, failed = failed + excluded.failed, \
    dropped = dropped + excluded.dropped, waiting = waiting + excluded.waiting, \
    success_at = MAX(success_at, excluded.success_at), error_at = MAX(error_at, excluded.error_at), \
    skipped_at = MAX(skipped_at, excluded.skipped_at)";

const UPDATE_REPLAY: &str = "\
    UPDATE replays SET sent = sent + ?2, succeeded = succeeded + ?3, failed = failed + ?4, \
    changed_at = MAX(changed_at, ?5) WHERE id = ?1";

const UPSERT_DAY: &str = "\
    INSERT INTO day_counts (integration, day, success, error, skipped, matched) \
    VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO UPDATE SET success = success + excluded.success, \
    error = error + excluded.error, skipped = skipped + excluded.skipped, \
    matched = matched + excluded.matched";

const UPSERT_USAGE: &str = "\
    INSERT INTO usage (scope, day, device, integration, publishes, received) \
    VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO UPDATE SET publishes = publishes + excluded.publishes, \
    received = received + excluded.received";
