//! Deliveries as they stand in their table, and those that a batch is about.

use std::collections::{BTreeMap, HashMap};

use deadpool_postgres::{Object, Transaction};
use fieldhook_core::id::{DeliveryId, IntegrationId};
use fieldhook_core::time::Timestamp;
use tokio_postgres::Row;
use uuid::Uuid;

use super::codec::{Db, Param, column, count, get, get_option, raw};
use super::failure::Failure;
use crate::store::course::{Course, Told};
use crate::store::place::first_id;
use crate::store::query::{Counted, MOST_COUNTED};
use crate::store::tally::Tally;
use crate::store::{EndedEntry, Reached, VERDICTS};

/// The deliveries that a batch is about.
#[derive(Default)]
pub(super) struct Deliveries {
    /// By id, so that they are written in the order of the table.
    known: BTreeMap<DeliveryId, Known>,
    /// Ends of deliveries that nobody has begun so far.
    early: HashMap<DeliveryId, EndedEntry>,
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

impl Deliveries {
    /// Reads those of these deliveries that are there. For each of the `begun` that is not, the end that may be
    /// waiting for it is taken out of its table, for the batch begins them all.
    pub(super) async fn read(
        transaction: &Transaction<'_>,
        ids: &[DeliveryId],
        begun: &[DeliveryId],
    ) -> Result<Self, Failure> {
        let mut deliveries = Self::default();
        if ids.is_empty() {
            return Ok(deliveries);
        }
        let sql = format!("SELECT {DELIVERY_COLUMNS}, id FROM deliveries WHERE id = ANY($1)");
        let sql = transaction.prepare_cached(&sql).await?;
        for row in transaction.query(&sql, &[&column(ids, |id| Db(*id))]).await? {
            let course = course(&row)?;
            let stored = Some(Told::of(&course));
            deliveries.known.insert(get(&row, DELIVERY_WIDTH)?, Known { course, changed: false, stored });
        }
        let missing: Vec<_> =
            begun.iter().filter(|id| !deliveries.known.contains_key(id)).map(|id| Db(*id)).collect();
        if !missing.is_empty() {
            let sql = transaction.prepare_cached(TAKE_EARLY_ENDS).await?;
            for row in transaction.query(&sql, &[&missing]).await? {
                let ended = early_end(&row)?;
                deliveries.early.insert(ended.delivery, ended);
            }
        }
        Ok(deliveries)
    }

    /// The delivery, if anybody has begun it.
    pub(super) fn find(&mut self, id: DeliveryId) -> Option<&mut Known> {
        self.known.get_mut(&id)
    }

    /// Begins a delivery that was not found; its end may be waiting for it.
    pub(super) fn add(&mut self, id: DeliveryId, mut course: Course) {
        if let Some(ended) = self.early.remove(&id) {
            course.ended(&ended);
        }
        self.known.insert(id, Known { course, changed: true, stored: None });
    }

    /// Keeps the end of a delivery that was not found until somebody begins it.
    pub(super) fn end_early(&mut self, entry: &EndedEntry) {
        self.early.entry(entry.delivery).or_insert_with(|| entry.clone());
    }

    /// Writes what changed, and tells the tally what it means for the books.
    pub(super) async fn write(self, transaction: &Transaction<'_>, tally: &mut Tally) -> Result<(), Failure> {
        let changed = self.known.iter().filter(|(_, known)| known.changed);
        let changed: Vec<_> = changed.inspect(|(_, known)| known.course.tell(known.stored, tally)).collect();
        put(transaction, &changed).await?;
        let early: Vec<_> = self.early.into_values().collect();
        insert_early_ends(transaction, &early).await
    }
}

async fn put(transaction: &Transaction<'_>, rows: &[(&DeliveryId, &Known)]) -> Result<(), Failure> {
    if rows.is_empty() {
        return Ok(());
    }
    let sql = transaction.prepare_cached(PUT).await?;
    transaction
        .execute(
            &sql,
            &[
                &column(rows, |(id, _)| Db(**id)),
                &column(rows, |(_, known)| Db(known.course.event)),
                &column(rows, |(_, known)| Db(&*known.course.event_name)),
                &column(rows, |(_, known)| Db(known.course.integration)),
                &column(rows, |(_, known)| Db(known.course.scope)),
                &column(rows, |(_, known)| known.course.device.map(Db)),
                &column(rows, |(_, known)| Db(known.course.verdict)),
                &column(rows, |(_, known)| i64::from(known.course.attempts)),
                &column(rows, |(_, known)| known.course.refused),
                &column(rows, |(_, known)| Db(known.course.matched_at)),
                &column(rows, |(_, known)| Db(known.course.changed_at)),
                &column(rows, |(_, known)| known.course.next_at.map(Db)),
                &column(rows, |(_, known)| known.course.reason.as_deref().map(Db)),
                &column(rows, |(_, known)| known.course.replay.map(Db)),
            ],
        )
        .await?;
    Ok(())
}

async fn insert_early_ends(transaction: &Transaction<'_>, ends: &[EndedEntry]) -> Result<(), Failure> {
    if ends.is_empty() {
        return Ok(());
    }
    let sql = transaction.prepare_cached(INSERT_EARLY_ENDS).await?;
    transaction
        .execute(
            &sql,
            &[
                &column(ends, |end| Db(end.delivery)),
                &column(ends, |end| Db(end.integration)),
                &column(ends, |end| Db(end.verdict)),
                &column(ends, |end| Db(&*end.reason)),
                &column(ends, |end| Db(end.at)),
            ],
        )
        .await?;
    Ok(())
}

fn early_end(row: &Row) -> Result<EndedEntry, Failure> {
    Ok(EndedEntry {
        delivery: get(row, 0)?,
        integration: get(row, 1)?,
        verdict: get(row, 2)?,
        reason: get(row, 3)?,
        at: get(row, 4)?,
    })
}

/// One delivery.
pub(super) async fn delivery(client: &Object, id: DeliveryId) -> Result<Option<Course>, Failure> {
    let sql = format!("SELECT {DELIVERY_COLUMNS} FROM deliveries WHERE id = $1");
    let sql = client.prepare_cached(&sql).await?;
    client.query_opt(&sql, &[&Db(id)]).await?.map(|row| course(&row)).transpose()
}

/// What became of the integration's deliveries of a window. Ids sort by age, so the window is a stretch of the
/// index.
pub(super) async fn reached(
    client: &Object,
    integration: IntegrationId,
    since: Timestamp,
    until: Timestamp,
) -> Result<Reached, Failure> {
    let sql = client.prepare_cached(COUNT_REACHED).await?;
    let edge = |at| Uuid::from_bytes(first_id(at));
    let mut reached = Reached::default();
    for verdict in VERDICTS {
        let most = MOST_COUNTED as i64 + 1;
        let key: [Param<'_>; 5] = [&Db(integration), &Db(verdict), &edge(since), &edge(until), &most];
        let row = client.query_one(&sql, &key).await?;
        let counted = Counted {
            count: count(&row, 0)?,
            tried: count(&row, 1)?,
            next_at: get_option(&row, 2)?,
            untried_since: get_option(&row, 3)?,
        };
        reached.add(verdict, counted);
    }
    Ok(reached)
}

const COUNT_REACHED: &str = "\
    SELECT count(*), count(*) FILTER (WHERE attempts > 0), min(next_at), min(matched_at) FILTER (WHERE attempts = 0) \
    FROM (SELECT attempts, next_at, matched_at FROM deliveries WHERE integration = $1 AND verdict = $2 \
    AND id >= $3 AND id < $4 ORDER BY id DESC LIMIT $5) newest";

/// The columns of a delivery, in the order in which [`course`] reads them.
pub(super) const DELIVERY_COLUMNS: &str = "event, event_name, integration, scope, device, verdict, attempts, \
    refused, matched_at, changed_at, next_at, reason, replay";
/// How many columns [`course`] reads.
pub(super) const DELIVERY_WIDTH: usize = 13;

/// Reads a delivery from its columns.
pub(super) fn course(row: &Row) -> Result<Course, Failure> {
    Ok(Course {
        event: get(row, 0)?,
        event_name: get(row, 1)?,
        integration: get(row, 2)?,
        scope: get(row, 3)?,
        device: get_option(row, 4)?,
        verdict: get(row, 5)?,
        attempts: count(row, 6)?,
        refused: raw(row, 7)?,
        matched_at: get(row, 8)?,
        changed_at: get(row, 9)?,
        next_at: get_option(row, 10)?,
        reason: get_option(row, 11)?,
        replay: get_option(row, 12)?,
    })
}

const TAKE_EARLY_ENDS: &str = "\
    DELETE FROM early_ends WHERE delivery = ANY($1) RETURNING delivery, integration, verdict, reason, at";

const INSERT_EARLY_ENDS: &str = "\
    INSERT INTO early_ends (delivery, integration, verdict, reason, at) \
    SELECT * FROM unnest($1::uuid[], $2::bytea[], $3::smallint[], $4::text[], $5::bigint[]) ON CONFLICT DO NOTHING";

const PUT: &str = "\
    INSERT INTO deliveries (id, event, event_name, integration, scope, device, verdict, attempts, refused, \
    matched_at, changed_at, next_at, reason, replay) \
    SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::bytea[], $5::bytea[], $6::bytea[], $7::smallint[], \
    $8::bigint[], $9::boolean[], $10::bigint[], $11::bigint[], $12::bigint[], $13::text[], $14::uuid[]) \
    ON CONFLICT (id) DO UPDATE SET verdict = excluded.verdict, attempts = excluded.attempts, \
    refused = excluded.refused, matched_at = excluded.matched_at, changed_at = excluded.changed_at, \
    next_at = excluded.next_at, reason = excluded.reason, replay = excluded.replay";
