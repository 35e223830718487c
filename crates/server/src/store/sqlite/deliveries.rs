//! Deliveries as they stand in their table, and those that a batch is about.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry as Slot;

use fieldhook_core::id::{DeliveryId, IntegrationId};
use fieldhook_core::time::Timestamp;
use rusqlite::{CachedStatement, Connection, OptionalExtension as _, Result, Row, params};

use super::codec::{Db, get, get_count, get_option};
use crate::store::course::{Course, Told};
use crate::store::place::first_id;
use crate::store::query::{Counted, MOST_COUNTED};
use crate::store::tally::Tally;
use crate::store::{EndedEntry, Reached, VERDICTS};

/// The deliveries that a batch is about.
pub(super) struct Deliveries<'a> {
    connection: &'a Connection,
    select: CachedStatement<'a>,
    /// The newest id there is: a newer one need not be looked for, and most are newer, for ids sort by age.
    newest: Option<DeliveryId>,
    /// Whether ends wait for deliveries that nobody has begun.
    ends_wait: bool,
    /// By id, so that they are written in the order of the table.
    known: BTreeMap<DeliveryId, Known>,
}

/// A delivery that a batch is about.
pub(super) struct Known {
    /// As the batch has left it so far.
    pub(super) course: Course,
    /// Whether it is to be written.
    pub(super) changed: bool,
    /// As the table has it; absent when it does not.
    stored: Option<Told>,
}

impl<'a> Deliveries<'a> {
    /// None so far.
    pub(super) fn begin(connection: &'a Connection) -> Result<Self> {
        let newest = connection
            .prepare_cached("SELECT id FROM deliveries ORDER BY id DESC LIMIT 1")?
            .query_row([], |row| get(row, 0))
            .optional()?;
        let ends_wait = connection
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM early_ends)")?
            .query_row([], |row| row.get(0))?;
        let select = connection.prepare_cached(&select_delivery())?;
        Ok(Self { connection, select, newest, ends_wait, known: BTreeMap::new() })
    }

    /// The delivery, if anybody has begun it.
    pub(super) fn find(&mut self, id: DeliveryId) -> Result<Option<&mut Known>> {
        match self.known.entry(id) {
            Slot::Occupied(known) => Ok(Some(known.into_mut())),
            Slot::Vacant(_) if self.newest.is_none_or(|newest| id > newest) => Ok(None),
            Slot::Vacant(slot) => {
                let found = self.select.query_row([Db(id)], course).optional()?;
                Ok(found.map(|course| {
                    let stored = Some(Told::of(&course));
                    slot.insert(Known { course, changed: false, stored })
                }))
            }
        }
    }

    /// Begins a delivery that was not found; its end may be waiting for it.
    pub(super) fn add(&mut self, id: DeliveryId, mut course: Course) -> Result<()> {
        if self.ends_wait
            && let Some(ended) = take_early_end(self.connection, id)?
        {
            course.ended(&ended);
        }
        self.known.insert(id, Known { course, changed: true, stored: None });
        Ok(())
    }

    /// Keeps the end of a delivery that was not found until somebody begins it.
    pub(super) fn end_early(&mut self, entry: &EndedEntry) -> Result<()> {
        let EndedEntry { delivery, integration, verdict, reason, at } = entry;
        self.ends_wait = true;
        self.connection.prepare_cached(INSERT_EARLY_END)?.execute(params![
            Db(*delivery),
            Db(*integration),
            Db(*verdict),
            reason,
            Db(*at),
        ])?;
        Ok(())
    }

    /// Writes what changed, and tells the tally what it means for the books.
    pub(super) fn write(&self, tally: &mut Tally) -> Result<()> {
        let mut insert = self.connection.prepare_cached(INSERT_DELIVERY)?;
        let mut update = self.connection.prepare_cached(UPDATE_DELIVERY)?;
        for (id, known) in self.known.iter().filter(|(_, known)| known.changed) {
            let course = &known.course;
            match known.stored {
                None => insert_delivery(&mut insert, *id, course)?,
                Some(_) => update_delivery(&mut update, *id, course)?,
            }
            course.tell(known.stored, tally);
        }
        Ok(())
    }
}

/// One delivery.
pub(super) fn delivery(connection: &Connection, id: DeliveryId) -> Result<Option<Course>> {
    connection.prepare_cached(&select_delivery())?.query_row([Db(id)], course).optional()
}

/// What became of the integration's deliveries of a window. Ids sort by age, so the window is a stretch of the
/// index.
pub(super) fn reached(
    connection: &Connection,
    integration: IntegrationId,
    since: Timestamp,
    until: Timestamp,
) -> Result<Reached> {
    let mut statement = connection.prepare_cached(COUNT_REACHED)?;
    let mut reached = Reached::default();
    for verdict in VERDICTS {
        let key =
            params![Db(integration), Db(verdict), first_id(since), first_id(until), MOST_COUNTED as i64 + 1];
        let counted = statement.query_row(key, |row| {
            Ok(Counted {
                count: get_count(row, 0)?,
                tried: get_count(row, 1)?,
                next_at: get_option(row, 2)?,
                untried_since: get_option(row, 3)?,
            })
        })?;
        reached.add(verdict, counted);
    }
    Ok(reached)
}

const COUNT_REACHED: &str = "\
    SELECT count(*), coalesce(sum(attempts > 0), 0), min(next_at), min(CASE WHEN attempts = 0 THEN matched_at END) \
    FROM (SELECT attempts, next_at, matched_at FROM deliveries WHERE integration = ?1 AND verdict = ?2 \
    AND id >= ?3 AND id < ?4 ORDER BY id DESC LIMIT ?5)";

/// The columns of a delivery, in the order in which [`course`] reads them.
pub(super) const DELIVERY_COLUMNS: &str = "event, event_name, integration, scope, device, verdict, attempts, \
    refused, matched_at, changed_at, next_at, reason, replay";
/// How many columns [`course`] reads.
pub(super) const DELIVERY_WIDTH: usize = 13;

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
        replay: get_option(row, 12)?,
    })
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
        course.replay.map(Db),
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
        course.replay.map(Db),
    ])?;
    Ok(())
}

const INSERT_DELIVERY: &str = "\
    INSERT INTO deliveries (id, event, event_name, integration, scope, device, verdict, attempts, refused, \
    matched_at, changed_at, next_at, reason, replay) \
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)";

const UPDATE_DELIVERY: &str = "\
    UPDATE deliveries SET verdict = ?2, attempts = ?3, refused = ?4, matched_at = ?5, changed_at = ?6, \
    next_at = ?7, reason = ?8, replay = ?9 WHERE id = ?1";

const INSERT_EARLY_END: &str = "\
    INSERT INTO early_ends (delivery, integration, verdict, reason, at) VALUES (?1, ?2, ?3, ?4, ?5) \
    ON CONFLICT DO NOTHING";
