//! Remembers what happened, a batch at a time.
//!
//! Events and attempts are inserted as they come, and whether each is new decides what it counts for.
//! Deliveries, counts and books are gathered in memory and written at the end, so a delivery that begins and
//! ends within a batch is one insert, and a thousand attempts of one integration are one upsert.

use std::collections::btree_map::Entry as Slot;
use std::collections::{BTreeMap, HashMap};

use fieldhook_core::access::Scope;
use fieldhook_core::attempt::{Attempt, Outcome, Trigger, Verdict};
use fieldhook_core::event::{Event, Publisher};
use fieldhook_core::id::{DeliveryId, DeviceId, EventId, IntegrationId, ProductId, UserId};
use fieldhook_core::time::Day;
use rusqlite::{
    CachedStatement, Connection, OptionalExtension as _, Result, Row, ToSql, TransactionBehavior, params,
};

use super::codec::{Db, get, get_option, publisher_number};
use super::detail;
use crate::store::course::Course;
use crate::store::{EndedEntry, Entry, MatchedEntry, UsedEntry};

/// Remembers all entries or none.
pub(super) fn record(connection: &mut Connection, entries: &[Entry]) -> Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut batch = Batch::begin(&transaction)?;
    for entry in entries {
        match entry {
            Entry::Event(event) => batch.event(event)?,
            Entry::Matched(matched) => batch.matched(matched)?,
            Entry::Attempted(attempt) => batch.attempted(attempt)?,
            Entry::Ended(ended) => batch.ended(ended)?,
            Entry::Used(used) => batch.used(used),
        }
    }
    batch.finish()?;
    transaction.commit()
}

/// A batch under way.
struct Batch<'a> {
    connection: &'a Connection,
    statements: Statements<'a>,
    /// Whether ends wait for deliveries that nobody has begun.
    ends_wait: bool,
    events: HashMap<EventId, Brought>,
    deliveries: Deliveries<'a>,
    days: HashMap<(IntegrationId, Day), DayDelta>,
    usage: HashMap<Payer, Operations>,
    detail: Vec<u8>,
}

/// An event that the table has, and whether this batch was the first to take it in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Brought {
    First,
    Again,
    ByAttempt,
}

#[derive(Debug, Default)]
struct DayDelta {
    success: i64,
    error: i64,
    skipped: i64,
    matched: i64,
}

type Payer = (Scope, Day, Option<DeviceId>, Option<IntegrationId>);

#[derive(Debug, Default)]
struct Operations {
    publishes: i64,
    received: i64,
}

/// What every event and attempt needs, prepared once per batch.
struct Statements<'a> {
    insert_event: CachedStatement<'a>,
    insert_attempt: CachedStatement<'a>,
}

impl<'a> Batch<'a> {
    fn begin(connection: &'a Connection) -> Result<Self> {
        let statements = Statements {
            insert_event: connection.prepare_cached(INSERT_EVENT)?,
            insert_attempt: connection.prepare_cached(INSERT_ATTEMPT)?,
        };
        let ends_wait = connection
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM early_ends)")?
            .query_row([], |row| row.get(0))?;
        Ok(Self {
            connection,
            statements,
            ends_wait,
            events: HashMap::new(),
            deliveries: Deliveries::begin(connection)?,
            days: HashMap::new(),
            usage: HashMap::new(),
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
        self.events.insert(event.id, if first { Brought::First } else { Brought::Again });
        Ok(())
    }

    /// Returns whether the event was not there before, or only for its attempts' sake.
    fn insert_event(&mut self, event: &Event, taken: bool) -> Result<bool> {
        let changed = self.statements.insert_event.execute(params![
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

    fn begin_delivery(&mut self, id: DeliveryId, mut course: Course) -> Result<()> {
        self.days.entry((course.integration, course.matched_at.day())).or_default().matched += 1;
        if self.ends_wait
            && let Some(ended) = take_early_end(self.connection, id)?
        {
            course.ended(&ended);
        }
        self.deliveries.add(id, course);
        Ok(())
    }

    fn attempted(&mut self, attempt: &Attempt) -> Result<()> {
        if !self.events.contains_key(&attempt.event.id) {
            self.insert_event(&attempt.event, false)?;
            self.events.insert(attempt.event.id, Brought::ByAttempt);
        }
        if !self.insert_attempt(attempt)? || !attempt.counts() {
            return Ok(());
        }
        if self.deliveries.find(attempt.delivery)?.is_none() {
            self.begin_delivery(attempt.delivery, Course::of_attempt(attempt))?;
        }
        let Some(known) = self.deliveries.find(attempt.delivery)? else { return Ok(()) };
        known.changed = true;
        if let Some(outcome) = known.course.attempted(attempt) {
            let day = self.days.entry((attempt.integration, attempt.started_at.day())).or_default();
            match outcome {
                Outcome::Success => day.success += 1,
                Outcome::Error => day.error += 1,
                Outcome::Skipped => day.skipped += 1,
            }
        }
        Ok(())
    }

    /// Returns whether the attempt was new.
    fn insert_attempt(&mut self, attempt: &Attempt) -> Result<bool> {
        self.detail.clear();
        detail::encode(attempt, &mut self.detail);
        let inserted = self.statements.insert_attempt.execute(params![
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
        if let Some(known) = self.deliveries.find(entry.delivery)? {
            known.changed |= known.course.ended(entry);
            return Ok(());
        }
        let EndedEntry { delivery, integration, verdict, reason, at } = entry;
        self.connection.prepare_cached(INSERT_EARLY_END)?.execute(params![
            Db(*delivery),
            Db(*integration),
            Db(*verdict),
            reason,
            Db(*at)
        ])?;
        self.ends_wait = true;
        Ok(())
    }

    fn used(&mut self, entry: &UsedEntry) {
        if let Some(event) = entry.event {
            match self.events.get(&event) {
                Some(Brought::Again) => return,
                // Were the two brought again in this very batch, they would not be the first.
                Some(Brought::First) => drop(self.events.insert(event, Brought::Again)),
                Some(Brought::ByAttempt) | None => {}
            }
        }
        let payer = (entry.scope, entry.day, entry.device, entry.integration);
        let operations = self.usage.entry(payer).or_default();
        operations.publishes += entry.publishes as i64;
        operations.received += entry.received as i64;
    }

    fn finish(mut self) -> Result<()> {
        let books = self.deliveries.write(self.connection)?;
        write_books(self.connection, &books)?;
        write_days(self.connection, &self.days)?;
        write_usage(self.connection, &self.usage)
    }
}

/// The deliveries that a batch is about.
struct Deliveries<'a> {
    select: CachedStatement<'a>,
    /// The newest id there is: a newer one need not be looked for, and most are newer, for ids sort by age.
    newest: Option<DeliveryId>,
    /// By id, so that they are written in the order of the table.
    known: BTreeMap<DeliveryId, Known>,
}

struct Known {
    course: Course,
    /// Its verdict in the table; absent when the table does not have it.
    stored: Option<Verdict>,
    changed: bool,
}

impl<'a> Deliveries<'a> {
    fn begin(connection: &'a Connection) -> Result<Self> {
        let newest = connection
            .prepare_cached("SELECT id FROM deliveries ORDER BY id DESC LIMIT 1")?
            .query_row([], |row| get(row, 0))
            .optional()?;
        Ok(Self { select: connection.prepare_cached(&select_delivery())?, newest, known: BTreeMap::new() })
    }

    fn find(&mut self, id: DeliveryId) -> Result<Option<&mut Known>> {
        match self.known.entry(id) {
            Slot::Occupied(known) => Ok(Some(known.into_mut())),
            Slot::Vacant(_) if self.newest.is_none_or(|newest| id > newest) => Ok(None),
            Slot::Vacant(slot) => {
                let found = self.select.query_row([Db(id)], course).optional()?;
                Ok(found.map(|course| {
                    let stored = Some(course.verdict);
                    slot.insert(Known { course, stored, changed: false })
                }))
            }
        }
    }

    fn add(&mut self, id: DeliveryId, course: Course) {
        self.known.insert(id, Known { course, stored: None, changed: true });
    }

    /// Writes what changed, and returns what it means for the books.
    fn write(&mut self, connection: &Connection) -> Result<HashMap<IntegrationId, BookDelta>> {
        let mut insert = connection.prepare_cached(INSERT_DELIVERY)?;
        let mut update = connection.prepare_cached(UPDATE_DELIVERY)?;
        let mut books: HashMap<IntegrationId, BookDelta> = HashMap::new();
        for (id, known) in self.known.iter().filter(|(_, known)| known.changed) {
            let course = &known.course;
            match known.stored {
                None => insert_delivery(&mut insert, *id, course)?,
                Some(_) => update_delivery(&mut update, *id, course)?,
            }
            if known.stored != Some(course.verdict) {
                books
                    .entry(course.integration)
                    .or_insert_with(|| BookDelta::new(course.scope))
                    .moves(known.stored, course.verdict);
            }
        }
        Ok(books)
    }
}

/// What a batch adds to an integration's books.
struct BookDelta {
    scope: Scope,
    matched: i64,
    delivered: i64,
    failed: i64,
    dropped: i64,
    waiting: i64,
}

impl BookDelta {
    fn new(scope: Scope) -> Self {
        Self { scope, matched: 0, delivered: 0, failed: 0, dropped: 0, waiting: 0 }
    }

    fn moves(&mut self, from: Option<Verdict>, to: Verdict) {
        match from {
            Some(verdict) => *self.of(verdict) -= 1,
            None => self.matched += 1,
        }
        *self.of(to) += 1;
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

fn trigger_name(trigger: &Trigger) -> &'static str {
    match trigger {
        Trigger::Event => "event",
        Trigger::Retry => "retry",
        Trigger::Test { .. } => "test",
        Trigger::Replay { .. } => "replay",
    }
}

/// Whose an idempotency key is, as the table has it.
pub(super) fn key_slot(
    publisher: Publisher,
    owner: Option<UserId>,
    product: Option<ProductId>,
) -> (Vec<u8>, Vec<u8>, i64) {
    let who = match publisher {
        Publisher::Device(id) => id.0.to_vec(),
        Publisher::Api => vec![1],
        Publisher::Internal => vec![2],
    };
    let owner = owner.map_or_else(Vec::new, |id| id.0.to_vec());
    (who, owner, product.map_or(-1, |id| id.0.into()))
}

fn take_early_end(connection: &Connection, id: DeliveryId) -> Result<Option<EndedEntry>> {
    connection
        .prepare_cached(
            "DELETE FROM early_ends WHERE delivery = ?1 RETURNING integration, verdict, reason, at",
        )?
        .query_row([Db(id)], |row| {
            Ok(EndedEntry {
                delivery: id,
                integration: get(row, 0)?,
                verdict: get(row, 1)?,
                reason: row.get(2)?,
                at: get(row, 3)?,
            })
        })
        .optional()
}

/// One delivery.
pub(super) fn delivery(connection: &Connection, id: DeliveryId) -> Result<Option<Course>> {
    connection.prepare_cached(&select_delivery())?.query_row([Db(id)], course).optional()
}

/// The columns of a delivery, in the order in which [`course`] reads them.
pub(super) const DELIVERY_COLUMNS: &str = "event, event_name, integration, scope, device, verdict, attempts, \
    refused, matched_at, changed_at, next_at, reason";
/// How many columns [`course`] reads.
pub(super) const DELIVERY_WIDTH: usize = 12;

fn select_delivery() -> String {
    format!("SELECT {DELIVERY_COLUMNS} FROM deliveries WHERE id = ?1")
}

/// Reads a delivery from its columns.
pub(super) fn course(row: &Row<'_>) -> Result<Course> {
    Ok(Course {
        event: get(row, 0)?,
        event_name: row.get(1)?,
        integration: get(row, 2)?,
        scope: get(row, 3)?,
        device: get_option(row, 4)?,
        verdict: get(row, 5)?,
        attempts: row.get(6)?,
        refused: row.get(7)?,
        matched_at: get(row, 8)?,
        changed_at: get(row, 9)?,
        next_at: get_option(row, 10)?,
        reason: row.get(11)?,
    })
}

fn insert_delivery(insert: &mut CachedStatement<'_>, id: DeliveryId, course: &Course) -> Result<()> {
    insert.execute(params![
        Db(id),
        Db(course.event),
        course.event_name,
        Db(course.integration),
        Db(course.scope),
        course.device.map(Db),
        Db(course.verdict),
        course.attempts,
        course.refused,
        Db(course.matched_at),
        Db(course.changed_at),
        course.next_at.map(Db),
        course.reason,
    ])?;
    Ok(())
}

fn update_delivery(update: &mut CachedStatement<'_>, id: DeliveryId, course: &Course) -> Result<()> {
    update.execute(params![
        Db(id),
        Db(course.verdict),
        course.attempts,
        course.refused,
        Db(course.matched_at),
        Db(course.changed_at),
        course.next_at.map(Db),
        course.reason,
    ])?;
    Ok(())
}

fn write_books(connection: &Connection, books: &HashMap<IntegrationId, BookDelta>) -> Result<()> {
    let mut upsert = connection.prepare_cached(UPSERT_BOOK)?;
    for (integration, delta) in books {
        let BookDelta { scope, matched, delivered, failed, dropped, waiting } = delta;
        upsert.execute(params![
            Db(*integration),
            Db(*scope),
            matched,
            delivered,
            failed,
            dropped,
            waiting
        ])?;
    }
    Ok(())
}

fn write_days(connection: &Connection, days: &HashMap<(IntegrationId, Day), DayDelta>) -> Result<()> {
    let mut upsert = connection.prepare_cached(UPSERT_DAY)?;
    for ((integration, day), delta) in days {
        let DayDelta { success, error, skipped, matched } = delta;
        upsert.execute(params![Db(*integration), Db(*day), success, error, skipped, matched])?;
    }
    Ok(())
}

fn write_usage(connection: &Connection, usage: &HashMap<Payer, Operations>) -> Result<()> {
    let mut upsert = connection.prepare_cached(UPSERT_USAGE)?;
    for ((scope, day, device, integration), operations) in usage {
        let (device, integration) = (device.map(Db), integration.map(Db));
        upsert.execute(params![
            Db(*scope),
            Db(*day),
            or_empty(device.as_ref()),
            or_empty(integration.as_ref()),
            operations.publishes,
            operations.received,
        ])?;
    }
    Ok(())
}

/// The id, or no bytes at all: a key has no room for NULL.
fn or_empty<T: ToSql>(id: Option<&T>) -> &dyn ToSql {
    const NONE: &[u8; 0] = &[];
    id.map_or(&NONE as &dyn ToSql, |id| id)
}

const INSERT_EVENT: &str = "\
    INSERT INTO events (id, published_at, taken, publisher, device, owner, product, product_version, ttl, \
    private, source, idempotency_key, name, data) \
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14) \
    ON CONFLICT (id) DO UPDATE SET taken = 1 WHERE taken = 0 AND excluded.taken = 1";

const INSERT_KEY: &str = "\
    INSERT INTO event_keys (key, publisher, owner, product, event, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6) \
    ON CONFLICT DO UPDATE SET event = excluded.event, at = excluded.at WHERE excluded.at > at";

const INSERT_ATTEMPT: &str = "\
    INSERT INTO attempts (id, delivery, event, integration, scope, device, revision, number, trigger, \
    started_at, duration_ms, outcome, code, status, message, origin, detail) \
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17) \
    ON CONFLICT (id) DO NOTHING";

const INSERT_EARLY_END: &str = "\
    INSERT INTO early_ends (delivery, integration, verdict, reason, at) VALUES (?1, ?2, ?3, ?4, ?5) \
    ON CONFLICT DO NOTHING";

const INSERT_DELIVERY: &str = "\
    INSERT INTO deliveries (id, event, event_name, integration, scope, device, verdict, attempts, refused, \
    matched_at, changed_at, next_at, reason) \
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)";

const UPDATE_DELIVERY: &str = "\
    UPDATE deliveries SET verdict = ?2, attempts = ?3, refused = ?4, matched_at = ?5, changed_at = ?6, \
    next_at = ?7, reason = ?8 WHERE id = ?1";

const UPSERT_BOOK: &str = "\
    INSERT INTO books (integration, scope, matched, delivered, failed, dropped, waiting) \
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO UPDATE SET matched = matched + excluded.matched, \
    delivered = delivered + excluded.delivered, failed = failed + excluded.failed, \
    dropped = dropped + excluded.dropped, waiting = waiting + excluded.waiting";

const UPSERT_DAY: &str = "\
    INSERT INTO day_counts (integration, day, success, error, skipped, matched) \
    VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO UPDATE SET success = success + excluded.success, \
    error = error + excluded.error, skipped = skipped + excluded.skipped, \
    matched = matched + excluded.matched";

const UPSERT_USAGE: &str = "\
    INSERT INTO usage (scope, day, device, integration, publishes, received) \
    VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO UPDATE SET publishes = publishes + excluded.publishes, \
    received = received + excluded.received";
