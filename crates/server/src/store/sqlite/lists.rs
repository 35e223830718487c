//! What is looked up: the log, events, deliveries.

use fieldhook_core::access::Scope;
use fieldhook_core::attempt::{Attempt, Outcome, Verdict};
use fieldhook_core::event::Event;
use fieldhook_core::id::{AttemptId, DeliveryId, DeviceId, EventId, IntegrationId};
use fieldhook_core::needle::Needle;
use fieldhook_core::time::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row, ToSql, params};

use super::codec::{Db, EVENT_COLUMNS, event as read_event, event_columns, get, get_count, get_option};
use super::merge::{Lane, Param, newest_first};
use super::schema::failed;
use super::{deliveries, whole};
use crate::store::numbers::KeySlot;
use crate::store::place::{List, Place, Reach, before, moment, place};
use crate::store::{
    AttemptQuery, AttemptRow, DeliveryQuery, DeliveryRow, EventQuery, GLANCES, OUTCOMES, Page, Paging,
    SEARCHES, StoreError, VERDICTS, damaged, detail,
};

/// The log.
pub(super) fn attempts(
    connection: &Connection,
    query: &AttemptQuery,
    paging: &Paging,
) -> Result<Page<AttemptRow>, StoreError> {
    let start = List::Attempts.start(paging)?.min(before(query.until));
    let lanes = attempt_lanes(query, start);
    let needle = query.text.as_deref().map(Needle::new);
    let wanted = |place: Place, row: &AttemptRow| {
        if !query.fits(row) {
            return Ok(false);
        }
        needle.as_ref().map_or(Ok(true), |needle| attempt_holds(connection, place, row, needle))
    };
    let reach = Reach::of(paging, if needle.is_some() { SEARCHES } else { GLANCES });
    let found = newest_first(connection, &lanes, attempt_row, wanted, reach)?;
    Ok(Page { items: found.rows, next: found.next.map(|place| List::Attempts.cursor(place)) })
}

/// The narrowest indexes that have what the query asks for.
fn attempt_lanes(query: &AttemptQuery, start: Place) -> Vec<Lane> {
    let (at, seq) = moment(start);
    let since = query.since.map_or(i64::MIN, Timestamp::as_millis);
    let lane = |condition: &str, keys: Vec<Param>| Lane {
        sql: attempt_sql(condition),
        params: [param(at), param(seq), param(since)].into_iter().chain(keys).collect(),
    };
    if let Some(delivery) = query.delivery {
        let key = || vec![param(Db(delivery))];
        let of_its_event = lane("a.event = (SELECT event FROM deliveries WHERE id = ?4)", key());
        return vec![of_its_event, lane("a.delivery = ?4 AND a.trigger = 'test'", key())];
    }
    if let Some(event) = query.event {
        return vec![lane("a.event = ?4", vec![param(Db(event))])];
    }
    let outcomes = query.outcome.map_or(OUTCOMES.to_vec(), |outcome| vec![outcome]);
    if let Some(integration) = query.integration {
        let condition = "a.integration = ?4 AND a.outcome = ?5";
        let keys = |outcome: &Outcome| vec![param(Db(integration)), param(Db(*outcome))];
        return outcomes.iter().map(|outcome| lane(condition, keys(outcome))).collect();
    }
    let condition = "a.scope = ?4 AND a.outcome = ?5";
    let keys = |scope: &Scope, outcome: &Outcome| vec![param(Db(*scope)), param(Db(*outcome))];
    let of_scope = |scope| outcomes.iter().map(move |outcome| keys(scope, outcome));
    query.scopes.iter().flat_map(of_scope).map(|keys| lane(condition, keys)).collect()
}

fn attempt_sql(condition: &str) -> String {
    format!(
        "SELECT a.started_at, a.seq, a.id, a.delivery, a.event, e.name, a.integration, a.revision, a.scope, \
         a.device, a.trigger, a.number, a.duration_ms, a.outcome, a.code, a.status, a.message, a.origin \
         FROM attempts a CROSS JOIN events e ON e.id = a.event \
         WHERE {condition} AND (a.started_at, a.seq) < (?1, ?2) AND a.started_at >= ?3 \
         ORDER BY a.started_at DESC, a.seq DESC"
    )
}

fn attempt_row(row: &Row<'_>) -> rusqlite::Result<(Place, AttemptRow)> {
    let attempt = AttemptRow {
        id: get(row, 2)?,
        delivery: get(row, 3)?,
        event: get(row, 4)?,
        event_name: row.get(5)?,
        integration: get(row, 6)?,
        revision: row.get(7)?,
        scope: get(row, 8)?,
        device: get_option(row, 9)?,
        trigger: row.get(10)?,
        number: row.get(11)?,
        started_at: get(row, 0)?,
        duration_ms: get_count(row, 12)?,
        outcome: get(row, 13)?,
        code: get_option(row, 14)?,
        status: row.get(15)?,
        message: row.get(16)?,
        origin: row.get(17)?,
    };
    Ok((place(row.get(0)?, row.get(1)?), attempt))
}

fn attempt_holds(
    connection: &Connection,
    place: Place,
    row: &AttemptRow,
    needle: &Needle,
) -> Result<bool, StoreError> {
    if row.holds(needle) {
        return Ok(true);
    }
    let (_, seq) = moment(place);
    let mut statement = connection
        .prepare_cached(
            "SELECT e.data, a.detail FROM attempts a CROSS JOIN events e ON e.id = a.event WHERE a.seq = ?1",
        )
        .map_err(failed)?;
    let mut rows = statement.query([seq]).map_err(failed)?;
    let Some(found) = rows.next().map_err(failed)? else { return Ok(false) };
    let data = found.get_ref(0).map_err(failed)?.as_str_or_null().map_err(damaged)?;
    detail::holds(data, found.get_ref(1).map_err(failed)?.as_blob().map_err(damaged)?, needle)
}

/// When each device last published.
pub(super) fn heard(connection: &Connection) -> Result<Vec<(DeviceId, Timestamp)>, StoreError> {
    let mut rows = connection.prepare("SELECT device, at FROM heard").map_err(failed)?;
    let heard = rows.query_map((), |row| Ok((get(row, 0)?, get(row, 1)?))).map_err(failed)?;
    heard.collect::<rusqlite::Result<_>>().map_err(failed)
}

/// One attempt, whole.
pub(super) fn attempt(connection: &Connection, id: AttemptId) -> Result<Option<Attempt>, StoreError> {
    Ok(whole::attempts(connection, "WHERE a.id = ?1", [Db(id)])?.pop())
}

/// An integration's last attempts of this outcome, whole, newest first.
pub(super) fn last_attempts(
    connection: &Connection,
    integration: IntegrationId,
    outcome: Outcome,
    most: usize,
) -> Result<Vec<Attempt>, StoreError> {
    let rest = "WHERE a.integration = ?1 AND a.outcome = ?2 ORDER BY a.started_at DESC, a.seq DESC LIMIT ?3";
    whole::attempts(connection, rest, params![Db(integration), Db(outcome), most as i64])
}

/// Events taken in.
pub(super) fn events(
    connection: &Connection,
    query: &EventQuery,
    paging: &Paging,
) -> Result<Page<Event>, StoreError> {
    let start = List::Events.start(paging)?.min(before(query.until));
    let lanes = event_lanes(query, start);
    let needle = query.text.as_deref().map(Needle::new);
    let wanted = |_, event: &Event| Ok(query.fits(needle.as_ref(), event));
    let reach = Reach::of(paging, if needle.is_some() { SEARCHES } else { GLANCES });
    let found = newest_first(connection, &lanes, event_row, wanted, reach)?;
    Ok(Page { items: found.rows, next: found.next.map(|place| List::Events.cursor(place)) })
}

fn event_lanes(query: &EventQuery, start: Place) -> Vec<Lane> {
    let (at, seq) = moment(start);
    let since = query.since.map_or(i64::MIN, Timestamp::as_millis);
    let lane = |condition: &str, key: Param| Lane {
        sql: event_sql(condition),
        params: vec![param(at), param(seq), param(since), key],
    };
    if let Some(device) = query.device {
        return vec![lane("e.device = ?4", param(Db(device)))];
    }
    let by_scope = |scope: &Scope| match scope {
        Scope::User(id) => Some(lane("e.owner = ?4", param(Db(*id)))),
        Scope::Product(id) => Some(lane("e.product = ?4", param(Db(*id)))),
        Scope::Organisation(_) => None,
    };
    query.scopes.iter().filter_map(by_scope).collect()
}

fn event_sql(condition: &str) -> String {
    format!(
        concat!(
            "SELECT ",
            event_columns!(),
            ", e.seq FROM events e WHERE {} AND e.taken = 1 AND (e.published_at, e.seq) < (?1, ?2) \
             AND e.published_at >= ?3 ORDER BY e.published_at DESC, e.seq DESC"
        ),
        condition
    )
}

fn event_row(row: &Row<'_>) -> rusqlite::Result<(Place, Event)> {
    let event = read_event(row, 0)?;
    Ok((place(event.published_at.as_millis(), row.get(EVENT_COLUMNS)?), event))
}

/// One event.
pub(super) fn event(connection: &Connection, id: EventId) -> Result<Option<Event>, StoreError> {
    whole::event(connection, "WHERE e.id = ?1", [Db(id)])
}

/// The event that was published under this key at `since` or later.
pub(super) fn event_by_key(
    connection: &Connection,
    slot: &KeySlot,
    key: &str,
    since: Timestamp,
) -> Result<Option<EventId>, StoreError> {
    let (publisher, owner, product) = slot;
    connection
        .prepare_cached(
            "SELECT event FROM event_keys WHERE key = ?1 AND publisher = ?2 AND owner = ?3 AND product = ?4 \
             AND at >= ?5",
        )
        .and_then(|mut statement| {
            statement
                .query_row(params![key, publisher, owner, product, Db(since)], |row| get(row, 0))
                .optional()
        })
        .map_err(failed)
}

/// Deliveries.
pub(super) fn deliveries(
    connection: &Connection,
    query: &DeliveryQuery,
    paging: &Paging,
) -> Result<Page<DeliveryRow>, StoreError> {
    let start = List::Deliveries.start(paging)?;
    let lanes = delivery_lanes(query, start);
    let wanted = |_, row: &DeliveryRow| Ok(query.fits(row));
    let found = newest_first(connection, &lanes, delivery_row, wanted, Reach::of(paging, GLANCES))?;
    Ok(Page { items: found.rows, next: found.next.map(|place| List::Deliveries.cursor(place)) })
}

fn delivery_lanes(query: &DeliveryQuery, start: Place) -> Vec<Lane> {
    let lane = |condition: &str, keys: Vec<Param>| Lane {
        sql: format!(
            "SELECT {}, id FROM deliveries WHERE id < ?1{condition} ORDER BY id DESC",
            deliveries::DELIVERY_COLUMNS
        ),
        params: [param(start.to_be_bytes())].into_iter().chain(keys).collect(),
    };
    if let Some(replay) = query.replay {
        return vec![lane(" AND replay = ?2", vec![param(Db(replay))])];
    }
    match (query.event, query.integration) {
        (Some(event), _) => vec![lane(" AND event = ?2", vec![param(Db(event))])],
        (None, Some(integration)) => {
            let verdicts = query.verdict.map_or(VERDICTS.to_vec(), |verdict| vec![verdict]);
            let keys = |verdict: &Verdict| vec![param(Db(integration)), param(Db(*verdict))];
            let condition = " AND integration = ?2 AND verdict = ?3";
            verdicts.iter().map(|verdict| lane(condition, keys(verdict))).collect()
        }
        (None, None) => vec![lane("", Vec::new())],
    }
}

fn delivery_row(row: &Row<'_>) -> rusqlite::Result<(Place, DeliveryRow)> {
    let id: DeliveryId = get(row, deliveries::DELIVERY_WIDTH)?;
    Ok((id.0.as_u128(), deliveries::course(row)?.into_row(id)))
}

fn param(value: impl ToSql + 'static) -> Param {
    Box::new(value)
}

#[cfg(test)]
mod tests {
    use fieldhook_core::id::{DeviceId, ProductId, ReplayId, UserId};
    use uuid::Uuid;

    use super::*;
    use crate::store::IssueQuery;
    use crate::store::place::NEWEST;
    use crate::store::sqlite::{issues, schema};

    /// Without its index a list is read to the end and sorted, which nobody sees in a small test.
    #[test]
    fn every_list_walks_an_index_and_sorts_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let connection = schema::open_writer(&directory.path().join("store.db")).unwrap();
        let attempts = AttemptQuery { scopes: vec![Scope::Product(ProductId(1))], ..AttemptQuery::default() };
        let of_integration =
            AttemptQuery { integration: Some(IntegrationId([1; 12])), ..AttemptQuery::default() };
        let events = EventQuery {
            scopes: vec![Scope::Product(ProductId(1)), Scope::User(UserId([1; 12]))],
            ..EventQuery::default()
        };
        let of_device = EventQuery { device: Some(DeviceId([1; 12])), ..EventQuery::default() };
        let of_event = DeliveryQuery { event: Some(EventId(Uuid::nil())), ..DeliveryQuery::default() };
        let issues = IssueQuery { scopes: vec![Scope::User(UserId([1; 12]))], ..IssueQuery::default() };
        let issues_of = IssueQuery { integration: Some(IntegrationId([1; 12])), ..IssueQuery::default() };
        let dropped = DeliveryQuery { integration: Some(IntegrationId([1; 12])), ..DeliveryQuery::default() };

        let of_replay = DeliveryQuery { replay: Some(ReplayId(Uuid::nil())), ..DeliveryQuery::default() };

        let lanes = [
            attempt_lanes(&attempts, NEWEST),
            attempt_lanes(&of_integration, NEWEST),
            event_lanes(&events, NEWEST),
            event_lanes(&of_device, NEWEST),
            delivery_lanes(&of_event, NEWEST),
            delivery_lanes(&dropped, NEWEST),
            issues::lanes(&issues, NEWEST),
            issues::lanes(&issues_of, NEWEST),
            delivery_lanes(&of_replay, NEWEST),
        ];
        for lane in lanes.iter().flatten() {
            let plan = plan(&connection, &lane.sql, &lane.params);
            assert!(!plan.contains("SCAN") && !plan.contains("TEMP B-TREE"), "{}\n{plan}", lane.sql);
        }
    }

    #[test]
    fn the_attempts_of_an_event_or_a_delivery_are_few_and_found_by_an_index() {
        let directory = tempfile::tempdir().unwrap();
        let connection = schema::open_writer(&directory.path().join("store.db")).unwrap();
        let delivery = Some(DeliveryId(Uuid::nil()));
        let event = Some(EventId(Uuid::nil()));
        for query in [
            AttemptQuery { delivery, ..AttemptQuery::default() },
            AttemptQuery { event, ..AttemptQuery::default() },
        ] {
            for lane in attempt_lanes(&query, NEWEST) {
                let plan = plan(&connection, &lane.sql, &lane.params);
                assert!(!plan.contains("SCAN"), "{}\n{plan}", lane.sql);
            }
        }
    }

    fn plan(connection: &Connection, sql: &str, params: &[Param]) -> String {
        let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let steps = statement
            .query_map(rusqlite::params_from_iter(params), |row| row.get::<_, String>(3))
            .unwrap()
            .collect::<Result<Vec<_>, _>>()
            .unwrap();
        steps.join("\n")
    }
}
