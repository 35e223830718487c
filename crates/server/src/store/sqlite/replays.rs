//! Replays: the rows themselves, and the events that one is to be about.

use fieldhook_core::attempt::Verdict;
use fieldhook_core::id::{EventId, IntegrationId, ReplayId};
use fieldhook_core::replay::{Progress, Sending};
use rusqlite::types::Type;
use rusqlite::{Connection, Row, params};

use super::codec::{Db, get, get_count, get_option};
use super::merge::{Lane, Param, newest_first};
use super::schema::failed;
use crate::store::place::{List, Place, Reach, first_id};
use crate::store::{GLANCES, Page, Paging, ReplayQuery, ReplayRow, ReplayWent, StoreError, UndeliveredQuery};

/// Remembers a replay that begins.
pub(super) fn begin(connection: &Connection, replay: &ReplayRow) -> rusqlite::Result<()> {
    let ReplayRow { progress, .. } = replay;
    connection.prepare_cached(INSERT)?.execute(params![
        Db(replay.id),
        Db(replay.integration),
        Db(replay.scope),
        Db(replay.by),
        replay.by_name,
        serde_json::to_string(&replay.plan).expect("a plan is made of strings and numbers"),
        Db(replay.sending),
        replay.reason,
        progress.total as i64,
        progress.sent as i64,
        progress.succeeded as i64,
        progress.failed as i64,
        progress.skipped as i64,
        replay.ended_at.map(Db),
        Db(replay.changed_at),
    ])?;
    Ok(())
}

/// Remembers how far a replay has come.
pub(super) fn go_on(connection: &Connection, went: &ReplayWent) -> rusqlite::Result<()> {
    let over = went.sending != Sending::Underway;
    connection.prepare_cached(GO_ON)?.execute(params![
        Db(went.replay),
        went.skipped as i64,
        Db(went.sending),
        went.reason,
        over.then_some(Db(went.at)),
        Db(went.at),
    ])?;
    if let Some(tested) = went.tested {
        let (succeeded, failed) = (tested.succeeded as i64, tested.failed as i64);
        connection.prepare_cached(TESTED)?.execute(params![Db(went.replay), succeeded, failed])?;
    }
    Ok(())
}

/// Replays, newest first.
pub(super) fn replays(
    connection: &Connection,
    query: &ReplayQuery,
    paging: &Paging,
) -> Result<Page<ReplayRow>, StoreError> {
    let start = List::Replays.start(paging)?;
    let lanes = lanes(query, start);
    let wanted = |_, replay: &ReplayRow| Ok(query.fits(replay));
    let placed = |found: &Row<'_>| row(found).map(|replay| (replay.id.0.as_u128(), replay));
    let found = newest_first(connection, &lanes, placed, wanted, Reach::of(paging, GLANCES))?;
    Ok(Page { items: found.rows, next: found.next.map(|place| List::Replays.cursor(place)) })
}

fn lanes(query: &ReplayQuery, start: Place) -> Vec<Lane> {
    let lane = |condition: &str, key: Param| Lane {
        sql: format!("SELECT {COLUMNS} FROM replays WHERE id < ?1 AND {condition} ORDER BY id DESC"),
        params: vec![Box::new(start.to_be_bytes()), key],
    };
    if let Some(integration) = query.integration {
        return vec![lane("integration = ?2", Box::new(Db(integration)))];
    }
    query.scopes.iter().map(|scope| lane("scope = ?2", Box::new(Db(*scope)))).collect()
}

/// One replay.
pub(super) fn replay(connection: &Connection, id: ReplayId) -> Result<Option<ReplayRow>, StoreError> {
    Ok(select(connection, "WHERE id = ?1", [Db(id)])?.pop())
}

/// Replays whose sending is not over, the oldest first.
pub(super) fn unfinished(connection: &Connection) -> Result<Vec<ReplayRow>, StoreError> {
    select(connection, "WHERE sending = 0 ORDER BY id", [])
}

fn select(
    connection: &Connection,
    rest: &str,
    params: impl rusqlite::Params,
) -> Result<Vec<ReplayRow>, StoreError> {
    let mut statement =
        connection.prepare_cached(&format!("SELECT {COLUMNS} FROM replays {rest}")).map_err(failed)?;
    let found = statement.query_map(params, row).map_err(failed)?;
    found.collect::<rusqlite::Result<_>>().map_err(failed)
}

/// The events whose deliveries for this integration all ended badly, the oldest first.
pub(super) fn undelivered(
    connection: &Connection,
    query: &UndeliveredQuery,
) -> Result<Vec<EventId>, StoreError> {
    let mut statement = connection.prepare_cached(UNDELIVERED).map_err(failed)?;
    let since = query.since.map_or([0; 16], first_id);
    let found = statement
        .query_map(
            params![
                Db(query.integration),
                since,
                first_id(query.until),
                Db(Verdict::Failed),
                Db(Verdict::Dropped),
                Db(Verdict::Delivered),
                Db(Verdict::Waiting),
                query.most as i64
            ],
            |row| get(row, 0),
        )
        .map_err(failed)?;
    found.collect::<rusqlite::Result<_>>().map_err(failed)
}

/// Those of these events of which this integration has no delivery.
pub(super) fn unmatched(
    connection: &Connection,
    integration: IntegrationId,
    events: &[EventId],
) -> Result<Vec<EventId>, StoreError> {
    let mut statement = connection
        .prepare_cached("SELECT 1 FROM deliveries WHERE event = ?1 AND integration = ?2")
        .map_err(failed)?;
    let mut unmatched = Vec::new();
    for &event in events {
        if !statement.exists(params![Db(event), Db(integration)]).map_err(failed)? {
            unmatched.push(event);
        }
    }
    Ok(unmatched)
}

/// The columns of a replay, in the order in which [`row`] reads them.
const COLUMNS: &str = "id, integration, scope, by, by_name, plan, sending, reason, total, sent, succeeded, failed, \
    skipped, ended_at, changed_at";

fn row(row: &Row<'_>) -> rusqlite::Result<ReplayRow> {
    let plan: String = row.get(5)?;
    let plan = serde_json::from_str(&plan)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(5, Type::Text, Box::new(error)))?;
    Ok(ReplayRow {
        id: get(row, 0)?,
        integration: get(row, 1)?,
        scope: get(row, 2)?,
        by: get(row, 3)?,
        by_name: row.get(4)?,
        plan,
        sending: get(row, 6)?,
        reason: row.get(7)?,
        progress: Progress {
            total: get_count(row, 8)?,
            sent: get_count(row, 9)?,
            succeeded: get_count(row, 10)?,
            failed: get_count(row, 11)?,
            skipped: get_count(row, 12)?,
        },
        ended_at: get_option(row, 13)?,
        changed_at: get(row, 14)?,
    })
}

const INSERT: &str = "\
    INSERT INTO replays (id, integration, scope, by, by_name, plan, sending, reason, total, sent, succeeded, failed, \
    skipped, ended_at, changed_at) \
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15) ON CONFLICT DO NOTHING";

const GO_ON: &str = "\
    UPDATE replays SET skipped = MAX(skipped, ?2), reason = CASE WHEN sending = 0 THEN ?4 ELSE reason END, \
    ended_at = CASE WHEN sending = 0 THEN ?5 ELSE ended_at END, \
    sending = CASE WHEN sending = 0 THEN ?3 ELSE sending END, changed_at = MAX(changed_at, ?6) WHERE id = ?1";

const TESTED: &str = "\
    UPDATE replays SET sent = MAX(sent, ?2 + ?3), succeeded = MAX(succeeded, ?2), failed = MAX(failed, ?3) \
    WHERE id = ?1";

const UNDELIVERED: &str = "\
    SELECT DISTINCT d.event FROM deliveries d \
    WHERE d.integration = ?1 AND d.verdict IN (?4, ?5) AND d.event >= ?2 AND d.event < ?3 \
    AND NOT EXISTS (SELECT 1 FROM deliveries o WHERE o.event = d.event AND o.integration = d.integration \
    AND o.verdict IN (?6, ?7)) ORDER BY d.event LIMIT ?8";
