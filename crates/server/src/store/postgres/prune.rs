//! Removes what need not be kept, in steps between which others write.
//!
//! Events are walked from the oldest on, each with the attempts and deliveries that hang on it, so that nothing is
//! ever left without its event. A step locks what it looks at as a batch that is recorded does, and passes over
//! events that a batch has locked.
//!
//! PostgreSQL gives room back to itself and not to the disk, and does so when it vacuums. So what is measured when
//! room runs out is what the rows say they take.

use std::collections::{HashMap, HashSet};

use deadpool_postgres::{Object, Transaction};
use fieldhook_core::attempt::{Outcome, Verdict};
use fieldhook_core::id::{AttemptId, EventId, IntegrationId};
use fieldhook_core::time::Timestamp;
use tokio_postgres::Row;

use super::codec::{Db, column, count, get, get_option, raw};
use super::failure::Failure;
use super::pool::{Pool, within};
use super::record::lock;
use crate::store::{Retention, StoreError};

/// The last so many attempts of each outcome that an integration keeps whatever happens.
const PINNED: i64 = 10;
/// Events in a step.
const STEP: i64 = 200;
/// Rows of a smaller kind in a step.
const SMALL_STEP: u64 = 2_000;

/// Removes what `keep` does not ask to keep; returns how many rows went.
pub(super) async fn prune(pool: &Pool, keep: &Retention) -> Result<u64, StoreError> {
    let mut gone = 0;
    for kind in SMALL {
        gone += forget(pool, kind, keep).await?;
    }
    gone += walk(pool, Reason::Age(keep.attempts_since), 0).await?.0;
    let most = i64::try_from(keep.most_bytes).unwrap_or(i64::MAX);
    let used = used_bytes(pool).await?;
    if used > most {
        let enough = most - most / 20;
        let (removed, freed) = walk(pool, Reason::SizeOfSuccesses, used - enough).await?;
        gone += removed;
        gone += walk(pool, Reason::Size, used - enough - freed).await?.0;
    }
    Ok(gone)
}

/// Rows that go by one date alone: how to remove some of them, and the date before which they go.
type SmallKind = (&'static str, fn(&Retention) -> i64);

const SMALL: [SmallKind; 7] = [
    (
        "DELETE FROM batches WHERE ctid = ANY(ARRAY(SELECT ctid FROM batches WHERE at < $1 LIMIT $2))",
        |keep| keep.attempts_since.as_millis(),
    ),
    (
        "DELETE FROM issues WHERE ctid = ANY(ARRAY(SELECT ctid FROM issues WHERE last_seen < $1 AND (state = 2 \
         OR NOT EXISTS (SELECT 1 FROM documents WHERE kind = 'integration' AND key = encode(integration, 'hex'))) \
         LIMIT $2))",
        |keep| keep.attempts_since.as_millis(),
    ),
    (
        "DELETE FROM event_keys WHERE ctid = ANY(ARRAY(SELECT ctid FROM event_keys WHERE at < $1 LIMIT $2))",
        |keep| keep.keys_since.as_millis(),
    ),
    (
        "DELETE FROM early_ends WHERE ctid = ANY(ARRAY(SELECT ctid FROM early_ends WHERE at < $1 LIMIT $2))",
        |keep| keep.attempts_since.as_millis(),
    ),
    (
        "DELETE FROM day_counts WHERE ctid = ANY(ARRAY(SELECT ctid FROM day_counts WHERE day < $1::bigint LIMIT $2))",
        |keep| keep.counts_since.0.into(),
    ),
    (
        "DELETE FROM usage WHERE ctid = ANY(ARRAY(SELECT ctid FROM usage WHERE day < $1::bigint LIMIT $2))",
        |keep| keep.counts_since.0.into(),
    ),
    (
        "DELETE FROM replays WHERE ctid = ANY(ARRAY(SELECT ctid FROM replays WHERE changed_at < $1 \
         AND sending <> 0 LIMIT $2))",
        |keep| keep.attempts_since.as_millis(),
    ),
];

async fn forget(pool: &Pool, (sql, before): SmallKind, keep: &Retention) -> Result<u64, StoreError> {
    let before = before(keep);
    let mut gone = 0;
    loop {
        let client = pool.get().await?;
        let removed = within(async {
            let sql = client.prepare_cached(sql).await?;
            Ok::<_, Failure>(client.execute(&sql, &[&before, &(SMALL_STEP as i64)]).await?)
        });
        let removed = removed.await?;
        gone += removed;
        if removed < SMALL_STEP {
            return Ok(gone);
        }
    }
}

/// Why an event is looked at.
#[derive(Debug, Clone, Copy)]
enum Reason {
    /// What is older than this goes.
    Age(Timestamp),
    /// Successes go until enough bytes are free.
    SizeOfSuccesses,
    /// Whatever is not pinned or waiting goes until enough bytes are free.
    Size,
}

/// Walks over the events until as many bytes are free as are to be freed, or for a reason of age until the events are
/// young. Returns the rows and the bytes that went.
async fn walk(pool: &Pool, reason: Reason, to_free: i64) -> Result<(u64, i64), StoreError> {
    let mut walk = Walk { reason, after: i64::MIN, pins: Pins::default(), gone: 0, freed: 0 };
    loop {
        if !matches!(reason, Reason::Age(_)) && walk.freed >= to_free {
            break;
        }
        let mut client = pool.get().await?;
        if within(walk.step(&mut client)).await? {
            break;
        }
    }
    Ok((walk.gone, walk.freed))
}

/// A walk over the events, in the order in which they were recorded.
struct Walk {
    reason: Reason,
    after: i64,
    pins: Pins,
    gone: u64,
    freed: i64,
}

impl Walk {
    /// Looks at the next few events; returns whether the walk is over.
    async fn step(&mut self, client: &mut Object) -> Result<bool, Failure> {
        let transaction = client.transaction().await?;
        let sql = "SELECT seq, id, published_at FROM events WHERE seq > $1 ORDER BY seq LIMIT $2";
        let sql = transaction.prepare_cached(sql).await?;
        let found = transaction.query(&sql, &[&self.after, &STEP]).await?;
        let seen: Vec<OldEvent> = found.iter().map(old_event).collect::<Result<_, _>>()?;
        let Some(last) = seen.last().map(|event| event.seq) else { return Ok(true) };
        let due: Vec<&OldEvent> = seen
            .iter()
            .filter(|event| !matches!(self.reason, Reason::Age(since) if event.published_at >= since))
            .collect();
        if due.is_empty() {
            return Ok(true);
        }
        self.clear(&transaction, &due).await?;
        transaction.commit().await?;
        self.after = last;
        Ok(false)
    }

    /// Removes of the events and what hangs on them whatever may go.
    async fn clear(&mut self, transaction: &Transaction<'_>, events: &[&OldEvent]) -> Result<(), Failure> {
        // The order in which a batch locks: integrations, then events.
        let sql = "SELECT DISTINCT integration FROM attempts WHERE event = ANY($1)";
        let sql = transaction.prepare_cached(sql).await?;
        let found = transaction.query(&sql, &[&column(events, |event| Db(event.id))]).await?;
        lock(transaction, found.iter().map(|row| get(row, 0)).collect::<Result<Vec<_>, _>>()?).await?;
        let sql = "SELECT id FROM events WHERE seq = ANY($1) ORDER BY id FOR UPDATE SKIP LOCKED";
        let sql = transaction.prepare_cached(sql).await?;
        let found = transaction.query(&sql, &[&column(events, |event| event.seq)]).await?;
        let mut events: Vec<Db<EventId>> =
            found.iter().map(|row| get(row, 0).map(Db)).collect::<Result<_, _>>()?;

        let cleared = self.clear_attempts(transaction, &events).await?;
        if matches!(self.reason, Reason::SizeOfSuccesses) {
            events.retain(|event| cleared.contains(&event.0));
        }
        let before = match self.reason {
            Reason::Age(since) => since.as_millis(),
            Reason::SizeOfSuccesses | Reason::Size => i64::MAX,
        };
        let sql = transaction.prepare_cached(DELETE_DELIVERIES).await?;
        self.gone += transaction.execute(&sql, &[&events, &Db(Verdict::Waiting), &before]).await?;
        let sql = transaction.prepare_cached(DELETE_EVENTS).await?;
        for row in transaction.query(&sql, &[&events]).await? {
            self.gone += 1;
            self.freed += raw::<i64>(&row, 0)?;
        }
        Ok(())
    }

    /// Removes those attempts of the events that may go; returns the events that lost any.
    async fn clear_attempts(
        &mut self,
        transaction: &Transaction<'_>,
        events: &[Db<EventId>],
    ) -> Result<HashSet<EventId>, Failure> {
        let sql = "SELECT seq, integration, outcome, started_at, id FROM attempts WHERE event = ANY($1)";
        let sql = transaction.prepare_cached(sql).await?;
        let found = transaction.query(&sql, &[&events]).await?;
        let attempts: Vec<OldAttempt> = found.iter().map(old_attempt).collect::<Result<_, _>>()?;
        let mut due: Vec<&OldAttempt> = attempts.iter().filter(|attempt| self.is_due(attempt)).collect();
        self.pins.look_up(transaction, &due).await?;
        due.retain(|attempt| !self.pins.hold(attempt));
        let named = named_by_issues(transaction, &due).await?;
        due.retain(|attempt| !named.contains(&attempt.id));

        let sql = "DELETE FROM attempts WHERE seq = ANY($1) RETURNING event, bytes";
        let sql = transaction.prepare_cached(sql).await?;
        let mut cleared = HashSet::new();
        for row in transaction.query(&sql, &[&column(&due, |attempt| attempt.seq)]).await? {
            cleared.insert(get(&row, 0)?);
            self.gone += 1;
            self.freed += raw::<i64>(&row, 1)?;
        }
        Ok(cleared)
    }

    fn is_due(&self, attempt: &OldAttempt) -> bool {
        match self.reason {
            Reason::Age(since) => attempt.started_at < since,
            Reason::SizeOfSuccesses => attempt.outcome == Outcome::Success,
            Reason::Size => true,
        }
    }
}

struct OldEvent {
    seq: i64,
    id: EventId,
    published_at: Timestamp,
}

fn old_event(row: &Row) -> Result<OldEvent, Failure> {
    Ok(OldEvent { seq: raw(row, 0)?, id: get(row, 1)?, published_at: get(row, 2)? })
}

struct OldAttempt {
    seq: i64,
    integration: IntegrationId,
    outcome: Outcome,
    started_at: Timestamp,
    id: AttemptId,
}

fn old_attempt(row: &Row) -> Result<OldAttempt, Failure> {
    Ok(OldAttempt {
        seq: raw(row, 0)?,
        integration: get(row, 1)?,
        outcome: get(row, 2)?,
        started_at: get(row, 3)?,
        id: get(row, 4)?,
    })
}

/// The oldest attempt that each integration keeps of each outcome, as far as asked: the tenth newest, if there are so
/// many.
///
/// Attempts recorded during a walk are newer, so an answer once given stays on the safe side.
#[derive(Default)]
struct Pins(HashMap<(IntegrationId, Outcome), Option<(Timestamp, i64)>>);

impl Pins {
    async fn look_up(
        &mut self,
        transaction: &Transaction<'_>,
        attempts: &[&OldAttempt],
    ) -> Result<(), Failure> {
        for attempt in attempts {
            let key = (attempt.integration, attempt.outcome);
            if attempt.outcome == Outcome::Skipped || self.0.contains_key(&key) {
                continue;
            }
            let sql = "SELECT started_at, seq FROM attempts WHERE integration = $1 AND outcome = $2 \
                ORDER BY started_at DESC, seq DESC LIMIT 1 OFFSET $3";
            let sql = transaction.prepare_cached(sql).await?;
            let found = transaction.query_opt(&sql, &[&Db(key.0), &Db(key.1), &(PINNED - 1)]).await?;
            let oldest = found.map(|row| Ok::<_, Failure>((get(&row, 0)?, raw(&row, 1)?))).transpose()?;
            self.0.insert(key, oldest);
        }
        Ok(())
    }

    /// Whether the attempt is among its integration's last successes or errors, which were looked up.
    fn hold(&self, attempt: &OldAttempt) -> bool {
        let oldest = self.0.get(&(attempt.integration, attempt.outcome));
        oldest.is_some_and(|oldest| oldest.is_none_or(|oldest| (attempt.started_at, attempt.seq) >= oldest))
    }
}

/// The attempts that an issue names, among them those of these integrations.
async fn named_by_issues(
    transaction: &Transaction<'_>,
    attempts: &[&OldAttempt],
) -> Result<HashSet<AttemptId>, Failure> {
    let integrations: HashSet<_> = attempts.iter().map(|attempt| attempt.integration).collect();
    let integrations: Vec<_> = integrations.into_iter().map(Db).collect();
    let sql = "SELECT first, latest, last_good FROM issues WHERE integration = ANY($1)";
    let sql = transaction.prepare_cached(sql).await?;
    let mut named = HashSet::new();
    for row in transaction.query(&sql, &[&integrations]).await? {
        named.extend([get::<AttemptId>(&row, 0)?, get(&row, 1)?]);
        named.extend(get_option::<AttemptId>(&row, 2)?);
    }
    Ok(named)
}

/// What the rows say they take.
async fn used_bytes(pool: &Pool) -> Result<i64, StoreError> {
    let client = pool.get().await?;
    let sql = "SELECT (SELECT coalesce(sum(bytes), 0) FROM events)::bigint \
        + (SELECT coalesce(sum(bytes), 0) FROM attempts)::bigint";
    within(async { count(&client.query_one(sql, &[]).await?, 0) }).await
}

const DELETE_DELIVERIES: &str = "\
    DELETE FROM deliveries d WHERE d.event = ANY($1) AND d.verdict <> $2 AND d.changed_at < $3 AND NOT EXISTS \
    (SELECT 1 FROM attempts a WHERE a.event = d.event AND a.delivery = d.id)";

const DELETE_EVENTS: &str = "\
    DELETE FROM events e WHERE e.id = ANY($1) AND NOT EXISTS (SELECT 1 FROM attempts a WHERE a.event = e.id) \
    AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.event = e.id) RETURNING bytes";
