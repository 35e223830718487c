//! Remembers what happened, a batch at a time.
//!
//! Events and attempts are inserted as they come, and whether each is new decides what it counts for.
//! Deliveries, issues, counts and books are gathered in memory and written at the end, so a delivery that begins and
//! ends within a batch is one insert, and a thousand attempts of one integration are one upsert.

use std::collections::HashMap;

use fieldhook_core::attempt::Attempt;
use fieldhook_core::event::{Event, Source};
use fieldhook_core::id::{DeliveryId, DeviceId, EventId};
use fieldhook_core::issue::Issue;
use fieldhook_core::time::Timestamp;
use rusqlite::{CachedStatement, Connection, Result, TransactionBehavior, params};

use super::codec::Db;
use super::deliveries::Deliveries;
use super::issues::{Issues, Seen, Watched};
use super::{replays, tally};
use crate::store::course::Course;
use crate::store::numbers::{key_slot, publisher_number, trigger_name};
use crate::store::tally::Tally;
use crate::store::{EndedEntry, Entry, MatchedEntry, UsedEntry, detail};

/// Remembers all entries or none. Returns the issues that turned.
pub(super) fn record(
    connection: &mut Connection,
    entries: &[Entry],
    watched: &Watched,
) -> Result<Vec<Issue>> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut batch = Batch::begin(&transaction, watched)?;
    for entry in entries {
        match entry {
            Entry::Event(event) => batch.event(event)?,
            Entry::Matched(matched) => batch.matched(matched)?,
            Entry::Attempted(attempt) => batch.attempted(attempt)?,
            Entry::Ended(ended) => batch.ended(ended)?,
            Entry::Used(used) => batch.used(used),
            Entry::ReplayBegan(replay) => replays::begin(&transaction, replay)?,
            Entry::ReplayWent(went) => replays::go_on(&transaction, went)?,
        }
    }
    let (seen, turned) = batch.finish()?;
    transaction.commit()?;
    watched.update(seen);
    Ok(turned)
}

/// A batch under way.
struct Batch<'a> {
    connection: &'a Connection,
    insert_event: CachedStatement<'a>,
    insert_attempt: CachedStatement<'a>,
    events: HashMap<EventId, Brought>,
    deliveries: Deliveries<'a>,
    issues: Issues<'a>,
    tally: Tally,
    heard: HashMap<DeviceId, Timestamp>,
    detail: Vec<u8>,
}

/// How an event of this batch came to the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Brought {
    /// This batch took it in.
    First,
    /// It had been taken in before.
    Again,
    /// An attempt brought it; whether it had been taken in before is not known.
    ByAttempt,
}

impl<'a> Batch<'a> {
    fn begin(connection: &'a Connection, watched: &'a Watched) -> Result<Self> {
        Ok(Self {
            connection,
            insert_event: connection.prepare_cached(INSERT_EVENT)?,
            insert_attempt: connection.prepare_cached(INSERT_ATTEMPT)?,
            events: HashMap::new(),
            deliveries: Deliveries::begin(connection)?,
            issues: Issues::begin(connection, watched),
            tally: Tally::default(),
            heard: HashMap::new(),
            detail: Vec::new(),
        })
    }

    fn event(&mut self, event: &Event) -> Result<()> {
        if matches!(self.events.get(&event.id), Some(Brought::First | Brought::Again)) {
            return Ok(());
        }
        let first = self.insert_event(event, true)?;
        if first && let Some(key) = &event.idempotency_key {
            self.remember_key(event, key)?;
        }
        if event.source != Source::Test
            && let Some(device) = event.device()
        {
            let at = self.heard.entry(device).or_insert(event.published_at);
            *at = event.published_at.max(*at);
        }
        self.events.insert(event.id, if first { Brought::First } else { Brought::Again });
        Ok(())
    }

    /// Returns whether the event was not there before, or only for its attempts' sake.
    fn insert_event(&mut self, event: &Event, taken: bool) -> Result<bool> {
        let changed = self.insert_event.execute(params![
            Db(event.id),
            Db(event.published_at),
            taken,
            publisher_number(event.publisher),
            event.device().map(Db),
            event.owner.map(Db),
            event.product.map(Db),
            event.product_version,
            event.ttl,
            event.private,
            Db(event.source),
            event.idempotency_key,
            event.name,
            event.data,
        ])?;
        Ok(changed == 1)
    }

    fn remember_key(&self, event: &Event, key: &str) -> Result<()> {
        let (publisher, owner, product) = key_slot(event.publisher, event.owner, event.product);
        self.connection.prepare_cached(INSERT_KEY)?.execute(params![
            key,
            publisher,
            owner,
            product,
            Db(event.id),
            Db(event.published_at),
        ])?;
        Ok(())
    }

    fn matched(&mut self, entry: &MatchedEntry) -> Result<()> {
        match self.deliveries.find(entry.delivery)? {
            Some(known) => known.changed |= known.course.matched_again(entry),
            None => self.begin_delivery(entry.delivery, Course::matched(entry))?,
        }
        Ok(())
    }

    fn begin_delivery(&mut self, id: DeliveryId, course: Course) -> Result<()> {
        // A day's matches are the publishes that fired the integration, and a replay is none.
        if course.replay.is_none() {
            self.tally.matched(course.integration, course.matched_at.day());
        }
        self.deliveries.add(id, course)
    }

    fn attempted(&mut self, attempt: &Attempt) -> Result<()> {
        if !self.events.contains_key(&attempt.event.id) {
            self.insert_event(&attempt.event, false)?;
            self.events.insert(attempt.event.id, Brought::ByAttempt);
        }
        if !self.insert_attempt(attempt)? || !attempt.counts() {
            return Ok(());
        }
        self.tally.saw(attempt);
        self.issues.attempted(attempt)?;
        if self.deliveries.find(attempt.delivery)?.is_none() {
            self.begin_delivery(attempt.delivery, Course::of_attempt(attempt))?;
        }
        let Some(known) = self.deliveries.find(attempt.delivery)? else { return Ok(()) };
        known.changed = true;
        if let Some(outcome) = known.course.attempted(attempt) {
            self.tally.attempted(attempt.integration, attempt.started_at.day(), outcome);
        }
        Ok(())
    }

    /// Returns whether the attempt was new.
    fn insert_attempt(&mut self, attempt: &Attempt) -> Result<bool> {
        self.detail.clear();
        detail::encode(attempt, &mut self.detail);
        let inserted = self.insert_attempt.execute(params![
            Db(attempt.id),
            Db(attempt.delivery),
            Db(attempt.event.id),
            Db(attempt.integration),
            Db(attempt.scope),
            attempt.event.device().map(Db),
            attempt.revision,
            attempt.number,
            trigger_name(&attempt.trigger),
            Db(attempt.started_at),
            attempt.duration_ms() as i64,
            Db(attempt.outcome),
            attempt.code.map(Db),
            attempt.status,
            attempt.message,
            attempt.origin,
            self.detail,
        ])?;
        Ok(inserted == 1)
    }

    fn ended(&mut self, entry: &EndedEntry) -> Result<()> {
        match self.deliveries.find(entry.delivery)? {
            Some(known) => known.changed |= known.course.ended(entry),
            None => self.deliveries.end_early(entry)?,
        }
        Ok(())
    }

    fn used(&mut self, entry: &UsedEntry) {
        if let Some(event) = entry.event {
            match self.events.get(&event) {
                Some(Brought::Again) => return,
                Some(Brought::First) => {
                    // Should this very batch bring the two again, they are not the first any more.
                    self.events.insert(event, Brought::Again);
                }
                Some(Brought::ByAttempt) | None => {}
            }
        }
        self.tally.used(entry);
    }

    fn finish(mut self) -> Result<(Vec<Seen>, Vec<Issue>)> {
        self.deliveries.write(&mut self.tally)?;
        tally::write(self.tally, self.connection)?;
        let mut hear = self.connection.prepare_cached(HEAR)?;
        for (device, at) in self.heard {
            hear.execute(params![Db(device), Db(at)])?;
        }
        self.issues.write()
    }
}

const INSERT_EVENT: &str = "\
    INSERT INTO events (id, published_at, taken, publisher, device, owner, product, product_version, ttl, \
    private, source, idempotency_key, name, data) \
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14) \
    ON CONFLICT (id) DO UPDATE SET taken = 1 WHERE taken = 0 AND excluded.taken = 1";

const INSERT_KEY: &str = "\
    INSERT INTO event_keys (key, publisher, owner, product, event, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6) \
    ON CONFLICT DO UPDATE SET event = excluded.event, at = excluded.at WHERE excluded.at > at";

const HEAR: &str = "\
    INSERT INTO heard (device, at) VALUES (?1, ?2) \
    ON CONFLICT DO UPDATE SET at = excluded.at WHERE excluded.at > at";

const INSERT_ATTEMPT: &str = "\
    INSERT INTO attempts (id, delivery, event, integration, scope, device, revision, number, trigger, \
    started_at, duration_ms, outcome, code, status, message, origin, detail) \
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17) \
    ON CONFLICT (id) DO NOTHING";
