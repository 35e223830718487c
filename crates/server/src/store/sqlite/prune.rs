//! Removes what need not be kept, in steps between which others write.
//!
//! Events are walked from the oldest on, each with the attempts and deliveries that hang on it, so that
//! nothing is ever left without its event.

use std::collections::HashMap;

use fieldhook_core::attempt::{Outcome, Verdict};
use fieldhook_core::id::{AttemptId, EventId, IntegrationId};
use fieldhook_core::time::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Result, TransactionBehavior, params};

use super::codec::{Db, get};
use super::connections::Writer;
use super::issues;
use super::schema::failed;
use crate::store::{Retention, StoreError};

/// The last so many attempts of each outcome that an integration keeps whatever happens.
const PINNED: i64 = 10;
/// Events in a step.
const STEP: i64 = 200;
/// Rows of a smaller kind in a step.
const SMALL_STEP: i64 = 2_000;

/// Removes what `keep` does not ask to keep; returns how many rows went.
pub(super) async fn prune(writer: &Writer, keep: Retention) -> std::result::Result<u64, StoreError> {
    let mut gone = 0;
    for kind in SMALL {
        gone += forget(writer, kind, keep).await?;
    }
    gone += walk(writer, Reason::Age(keep.attempts_since)).await?;
    let most = i64::try_from(keep.most_bytes).unwrap_or(i64::MAX);
    if writer.run(|connection| used_bytes(connection).map_err(failed)).await? > most {
        let enough = most - most / 20;
        gone += walk(writer, Reason::SizeOfSuccesses(enough)).await?;
        gone += walk(writer, Reason::Size(enough)).await?;
    }
    Ok(gone)
}

/// Rows that go by one date alone: how to remove some of them, and the date before which they go.
type SmallKind = (&'static str, fn(&Retention) -> i64);

const SMALL: [SmallKind; 6] = [
    (
        "DELETE FROM issues WHERE seq IN (SELECT seq FROM issues WHERE last_seen < ?1 AND (state = 2 OR NOT EXISTS \
         (SELECT 1 FROM documents WHERE kind = 'integration' AND key = lower(hex(integration)))) LIMIT ?2)",
        |keep| keep.attempts_since.as_millis(),
    ),
    (
        "DELETE FROM event_keys WHERE (key, publisher, owner, product) IN \
         (SELECT key, publisher, owner, product FROM event_keys WHERE at < ?1 LIMIT ?2)",
        |keep| keep.keys_since.as_millis(),
    ),
    (
        "DELETE FROM early_ends WHERE delivery IN (SELECT delivery FROM early_ends WHERE at < ?1 LIMIT ?2)",
        |keep| keep.attempts_since.as_millis(),
    ),
    (
        "DELETE FROM day_counts WHERE (integration, day) IN \
         (SELECT integration, day FROM day_counts WHERE day < ?1 LIMIT ?2)",
        |keep| keep.counts_since.0.into(),
    ),
    (
        "DELETE FROM usage WHERE (scope, day, device, integration) IN \
         (SELECT scope, day, device, integration FROM usage WHERE day < ?1 LIMIT ?2)",
        |keep| keep.counts_since.0.into(),
    ),
    (
        "DELETE FROM replays WHERE id IN \
         (SELECT id FROM replays WHERE changed_at < ?1 AND sending <> 0 LIMIT ?2)",
        |keep| keep.attempts_since.as_millis(),
    ),
];

async fn forget(
    writer: &Writer,
    (sql, before): SmallKind,
    keep: Retention,
) -> std::result::Result<u64, StoreError> {
    let before = before(&keep);
    let mut gone = 0;
    loop {
        let removed = writer
            .run(move |connection| {
                let mut statement = connection.prepare_cached(sql).map_err(failed)?;
                statement.execute([before, SMALL_STEP]).map_err(failed)
            })
            .await?;
        gone += removed as u64;
        if (removed as i64) < SMALL_STEP {
            return Ok(gone);
        }
    }
}

/// Why an event is looked at, and when that is over.
#[derive(Debug, Clone, Copy)]
enum Reason {
    /// What is older than this goes.
    Age(Timestamp),
    /// Successes go until no more bytes than this are used.
    SizeOfSuccesses(i64),
    /// Whatever is not pinned or waiting goes until no more bytes than this are used.
    Size(i64),
}

async fn walk(writer: &Writer, reason: Reason) -> std::result::Result<u64, StoreError> {
    let mut walk = Walk { reason, after: i64::MIN, pins: Pins::default(), gone: 0 };
    loop {
        let (came_back, over) = writer
            .run(move |connection| {
                let over = walk.step(connection).map_err(failed)?;
                Ok((walk, over))
            })
            .await?;
        walk = came_back;
        if over {
            return Ok(walk.gone);
        }
    }
}

/// A walk over the events, in the order in which they were recorded.
struct Walk {
    reason: Reason,
    after: i64,
    pins: Pins,
    gone: u64,
}

impl Walk {
    /// Looks at the next few events; returns whether the walk is over.
    fn step(&mut self, connection: &mut Connection) -> Result<bool> {
        if let Reason::SizeOfSuccesses(enough) | Reason::Size(enough) = self.reason
            && used_bytes(connection)? <= enough
        {
            return Ok(true);
        }
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let events = next_events(&transaction, self.after)?;
        let Some(last) = events.last() else { return Ok(true) };
        self.after = last.seq;
        let mut any_due = false;
        for event in events {
            if matches!(self.reason, Reason::Age(since) if event.published_at >= since) {
                continue;
            }
            any_due = true;
            self.gone += self.clear(&transaction, &event)?;
        }
        transaction.commit()?;
        Ok(!any_due)
    }

    /// Removes of the event and what hangs on it whatever may go.
    fn clear(&mut self, connection: &Connection, event: &OldEvent) -> Result<u64> {
        let attempts = self.clear_attempts(connection, event.id)?;
        if matches!(self.reason, Reason::SizeOfSuccesses(_)) && attempts == 0 {
            return Ok(0);
        }
        let before = match self.reason {
            Reason::Age(since) => since.as_millis(),
            Reason::SizeOfSuccesses(_) | Reason::Size(_) => i64::MAX,
        };
        let deliveries = connection.prepare_cached(DELETE_DELIVERIES)?.execute(params![
            Db(event.id),
            Db(Verdict::Waiting),
            before
        ])?;
        let itself = connection.prepare_cached(DELETE_EVENT)?.execute(params![event.seq, Db(event.id)])?;
        Ok(attempts + deliveries as u64 + itself as u64)
    }

    fn clear_attempts(&mut self, connection: &Connection, event: EventId) -> Result<u64> {
        let mut statement = connection.prepare_cached(
            "SELECT seq, integration, outcome, started_at, id FROM attempts WHERE event = ?1",
        )?;
        let found = statement.query_map([Db(event)], |row| {
            Ok(OldAttempt {
                seq: row.get(0)?,
                integration: get(row, 1)?,
                outcome: get(row, 2)?,
                started_at: get(row, 3)?,
                id: get(row, 4)?,
            })
        })?;
        let mut gone = 0;
        for attempt in found.collect::<Result<Vec<_>>>()? {
            if self.may_go(connection, &attempt)? {
                connection.prepare_cached("DELETE FROM attempts WHERE seq = ?1")?.execute([attempt.seq])?;
                gone += 1;
            }
        }
        Ok(gone)
    }

    fn may_go(&mut self, connection: &Connection, attempt: &OldAttempt) -> Result<bool> {
        let due = match self.reason {
            Reason::Age(since) => attempt.started_at < since,
            Reason::SizeOfSuccesses(_) => attempt.outcome == Outcome::Success,
            Reason::Size(_) => true,
        };
        Ok(due
            && !self.pins.hold(connection, attempt)?
            && !issues::hold(connection, attempt.integration, attempt.id)?)
    }
}

struct OldEvent {
    seq: i64,
    id: EventId,
    published_at: Timestamp,
}

struct OldAttempt {
    seq: i64,
    integration: IntegrationId,
    outcome: Outcome,
    started_at: Timestamp,
    id: AttemptId,
}

fn next_events(connection: &Connection, after: i64) -> Result<Vec<OldEvent>> {
    connection
        .prepare_cached("SELECT seq, id, published_at FROM events WHERE seq > ?1 ORDER BY seq LIMIT ?2")?
        .query_map([after, STEP], |row| {
            Ok(OldEvent { seq: row.get(0)?, id: get(row, 1)?, published_at: get(row, 2)? })
        })?
        .collect()
}

/// The oldest attempt that each integration keeps of each outcome, as far as asked.
///
/// Attempts recorded during a walk are newer, so an answer once given stays on the safe side.
#[derive(Default)]
struct Pins(HashMap<(IntegrationId, Outcome), Option<(Timestamp, i64)>>);

impl Pins {
    /// Whether the attempt is among its integration's last successes or errors.
    fn hold(&mut self, connection: &Connection, attempt: &OldAttempt) -> Result<bool> {
        if attempt.outcome == Outcome::Skipped {
            return Ok(false);
        }
        let key = (attempt.integration, attempt.outcome);
        let oldest = match self.0.get(&key) {
            Some(oldest) => *oldest,
            None => *self.0.entry(key).or_insert(oldest_pinned(connection, attempt)?),
        };
        Ok(oldest.is_none_or(|oldest| (attempt.started_at, attempt.seq) >= oldest))
    }
}

/// The tenth newest attempt; absent when there are not so many.
fn oldest_pinned(connection: &Connection, attempt: &OldAttempt) -> Result<Option<(Timestamp, i64)>> {
    connection
        .prepare_cached(
            "SELECT started_at, seq FROM attempts WHERE integration = ?1 AND outcome = ?2 \
             ORDER BY started_at DESC, seq DESC LIMIT 1 OFFSET ?3",
        )?
        .query_row(params![Db(attempt.integration), Db(attempt.outcome), PINNED - 1], |row| {
            Ok((get(row, 0)?, row.get(1)?))
        })
        .optional()
}

/// Bytes of the pages in use; pages that were freed are used again before the file grows.
fn used_bytes(connection: &Connection) -> Result<i64> {
    let pragma = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    Ok((pragma("page_count")? - pragma("freelist_count")?) * pragma("page_size")?)
}

const DELETE_DELIVERIES: &str = "\
    DELETE FROM deliveries WHERE event = ?1 AND verdict <> ?2 AND changed_at < ?3 AND NOT EXISTS \
    (SELECT 1 FROM attempts WHERE attempts.event = ?1 AND attempts.delivery = deliveries.id)";

const DELETE_EVENT: &str = "\
    DELETE FROM events WHERE seq = ?1 AND NOT EXISTS (SELECT 1 FROM attempts WHERE event = ?2) \
    AND NOT EXISTS (SELECT 1 FROM deliveries WHERE event = ?2)";
