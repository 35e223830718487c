//! What is looked up: the log, events, deliveries.

use deadpool_postgres::Object;
use fieldhook_core::access::Scope;
use fieldhook_core::attempt::{Attempt, Outcome};
use fieldhook_core::event::Event;
use fieldhook_core::id::{AttemptId, DeliveryId, DeviceId, EventId, IntegrationId};
use fieldhook_core::needle::Needle;
use fieldhook_core::time::Timestamp;
use tokio_postgres::Row;

use super::codec::{
    Db, EVENT_COLUMNS, count, event as read_event, event_columns, get, get_option, raw, status,
};
use super::failure::Failure;
use super::merge::{Lane, Walk, newest_first};
use super::{deliveries, whole};
use crate::store::numbers::KeySlot;
use crate::store::place::{List, Place, Reach, before, place};
use crate::store::{
    AttemptQuery, AttemptRow, DeliveryQuery, DeliveryRow, EventQuery, GLANCES, OUTCOMES, Page, Paging,
    SEARCHES, VERDICTS, detail,
};

/// A line of the log, and what a search for text looks through besides.
struct Line {
    row: AttemptRow,
    data: Option<String>,
    detail: Vec<u8>,
}

/// The log.
pub(super) async fn attempts(
    client: &Object,
    query: &AttemptQuery,
    paging: &Paging,
) -> Result<Page<AttemptRow>, Failure> {
    let start = List::Attempts.start(paging)?.min(before(query.until));
    let needle = query.text.as_deref().map(Needle::new);
    let wanted = |line: &Line| {
        if !query.fits(&line.row) {
            return Ok(false);
        }
        let Some(needle) = &needle else { return Ok(true) };
        Ok(line.row.holds(needle) || detail::holds(line.data.as_deref(), &line.detail, needle)?)
    };
    let searched = needle.is_some();
    let reach = Reach::of(paging, if searched { SEARCHES } else { GLANCES });
    let read = |row: &Row| attempt_line(row, searched);
    let found = newest_first(client, attempt_lanes(query), start, read, wanted, reach).await?;
    let items = found.rows.into_iter().map(|line| line.row).collect();
    Ok(Page { items, next: found.next.map(|place| List::Attempts.cursor(place)) })
}

/// The narrowest indexes that have what the query asks for.
fn attempt_lanes(query: &AttemptQuery) -> Vec<Lane> {
    let since = query.since.map_or(i64::MIN, Timestamp::as_millis);
    let text = query.text.is_some();
    let lane = |condition: &str| Lane::new(Walk::Moments, attempt_sql(condition, text)).with(since);
    if let Some(delivery) = query.delivery {
        let of_its_event = lane("a.event = (SELECT event FROM deliveries WHERE id = $4)");
        let tests = lane("a.delivery = $4 AND a.trigger = 'test'");
        return vec![of_its_event.with(Db(delivery)), tests.with(Db(delivery))];
    }
    if let Some(event) = query.event {
        return vec![lane("a.event = $4").with(Db(event))];
    }
    let outcomes = query.outcome.map_or(OUTCOMES.to_vec(), |outcome| vec![outcome]);
    if let Some(integration) = query.integration {
        let lane = |outcome: &Outcome| {
            lane("a.integration = $4 AND a.outcome = $5").with(Db(integration)).with(Db(*outcome))
        };
        return outcomes.iter().map(lane).collect();
    }
    let of = |scope: &Scope, outcome: &Outcome| {
        lane("a.scope = $4 AND a.outcome = $5").with(Db(*scope)).with(Db(*outcome))
    };
    query.scopes.iter().flat_map(|scope| outcomes.iter().map(move |outcome| of(scope, outcome))).collect()
}

fn attempt_sql(condition: &str, text: bool) -> String {
    let searched = if text { ", e.data, a.detail" } else { "" };
    format!(
        "SELECT a.started_at, a.seq, a.id, a.delivery, a.event, e.name, a.integration, a.revision, a.scope, \
         a.device, a.trigger, a.number, a.duration_ms, a.outcome, a.code, a.status, a.message, a.origin{searched} \
         FROM attempts a JOIN events e ON e.id = a.event \
         WHERE {condition} AND (a.started_at, a.seq) < ($1, $2) AND a.started_at >= $3 \
         ORDER BY a.started_at DESC, a.seq DESC"
    )
}

fn attempt_line(row: &Row, searched: bool) -> Result<(Place, Line), Failure> {
    let attempt = AttemptRow {
        id: get(row, 2)?,
        delivery: get(row, 3)?,
        event: get(row, 4)?,
        event_name: get(row, 5)?,
        integration: get(row, 6)?,
        revision: count(row, 7)?,
        scope: get(row, 8)?,
        device: get_option(row, 9)?,
        trigger: raw(row, 10)?,
        number: count(row, 11)?,
        started_at: get(row, 0)?,
        duration_ms: count(row, 12)?,
        outcome: get(row, 13)?,
        code: get_option(row, 14)?,
        status: status(row, 15)?,
        message: get_option(row, 16)?,
        origin: get_option(row, 17)?,
    };
    let (data, detail) = if searched { (get_option(row, 18)?, raw(row, 19)?) } else { (None, Vec::new()) };
    Ok((place(raw(row, 0)?, raw(row, 1)?), Line { row: attempt, data, detail }))
}

/// When each device last published.
pub(super) async fn heard(client: &Object) -> Result<Vec<(DeviceId, Timestamp)>, Failure> {
    let found = client.query("SELECT device, at FROM heard", &[]).await?;
    found.iter().map(|row| Ok((get(row, 0)?, get(row, 1)?))).collect()
}

/// One attempt, whole.
pub(super) async fn attempt(client: &Object, id: AttemptId) -> Result<Option<Attempt>, Failure> {
    Ok(whole::attempts(client, "WHERE a.id = $1", &[&Db(id)]).await?.pop())
}

/// An integration's last attempts of this outcome, whole, newest first.
pub(super) async fn last_attempts(
    client: &Object,
    integration: IntegrationId,
    outcome: Outcome,
    most: usize,
) -> Result<Vec<Attempt>, Failure> {
    let rest = "WHERE a.integration = $1 AND a.outcome = $2 ORDER BY a.started_at DESC, a.seq DESC LIMIT $3";
    whole::attempts(client, rest, &[&Db(integration), &Db(outcome), &(most as i64)]).await
}

/// Events taken in.
pub(super) async fn events(
    client: &Object,
    query: &EventQuery,
    paging: &Paging,
) -> Result<Page<Event>, Failure> {
    let start = List::Events.start(paging)?.min(before(query.until));
    let needle = query.text.as_deref().map(Needle::new);
    let wanted = |event: &Event| Ok(query.fits(needle.as_ref(), event));
    let reach = Reach::of(paging, if needle.is_some() { SEARCHES } else { GLANCES });
    let found = newest_first(client, event_lanes(query), start, event_row, wanted, reach).await?;
    Ok(Page { items: found.rows, next: found.next.map(|place| List::Events.cursor(place)) })
}

fn event_lanes(query: &EventQuery) -> Vec<Lane> {
    let since = query.since.map_or(i64::MIN, Timestamp::as_millis);
    let lane = |condition: &str| Lane::new(Walk::Moments, event_sql(condition)).with(since);
    if let Some(device) = query.device {
        return vec![lane("e.device = $4").with(Db(device))];
    }
    let by_scope = |scope: &Scope| match scope {
        Scope::User(id) => Some(lane("e.owner = $4").with(Db(*id))),
        Scope::Product(id) => Some(lane("e.product = $4").with(Db(*id))),
        Scope::Organisation(_) => None,
    };
    query.scopes.iter().filter_map(by_scope).collect()
}

fn event_sql(condition: &str) -> String {
    format!(
        concat!(
            "SELECT ",
            event_columns!(),
            ", e.seq FROM events e WHERE {} AND e.taken AND (e.published_at, e.seq) < ($1, $2) \
             AND e.published_at >= $3 ORDER BY e.published_at DESC, e.seq DESC"
        ),
        condition
    )
}

fn event_row(row: &Row) -> Result<(Place, Event), Failure> {
    let event = read_event(row, 0)?;
    Ok((place(event.published_at.as_millis(), raw(row, EVENT_COLUMNS)?), event))
}

/// One event.
pub(super) async fn event(client: &Object, id: EventId) -> Result<Option<Event>, Failure> {
    whole::event(client, "WHERE e.id = $1", &[&Db(id)]).await
}

/// The event that was published under this key at `since` or later.
pub(super) async fn event_by_key(
    client: &Object,
    (publisher, owner, product): &KeySlot,
    key: &str,
    since: Timestamp,
) -> Result<Option<EventId>, Failure> {
    let sql = "SELECT event FROM event_keys WHERE key = $1 AND publisher = $2 AND owner = $3 AND product = $4 \
        AND at >= $5";
    let sql = client.prepare_cached(sql).await?;
    let found = client.query_opt(&sql, &[&Db(key), publisher, owner, product, &Db(since)]).await?;
    found.map(|row| get(&row, 0)).transpose()
}

/// Deliveries.
pub(super) async fn deliveries(
    client: &Object,
    query: &DeliveryQuery,
    paging: &Paging,
) -> Result<Page<DeliveryRow>, Failure> {
    let start = List::Deliveries.start(paging)?;
    let wanted = |row: &DeliveryRow| Ok(query.fits(row));
    let reach = Reach::of(paging, GLANCES);
    let found = newest_first(client, delivery_lanes(query), start, delivery_row, wanted, reach).await?;
    Ok(Page { items: found.rows, next: found.next.map(|place| List::Deliveries.cursor(place)) })
}

fn delivery_lanes(query: &DeliveryQuery) -> Vec<Lane> {
    let lane = |condition: &str| {
        let columns = deliveries::DELIVERY_COLUMNS;
        let sql = format!("SELECT {columns}, id FROM deliveries WHERE id < $1{condition} ORDER BY id DESC");
        Lane::new(Walk::Ids, sql)
    };
    if let Some(replay) = query.replay {
        return vec![lane(" AND replay = $2").with(Db(replay))];
    }
    match (query.event, query.integration) {
        (Some(event), _) => vec![lane(" AND event = $2").with(Db(event))],
        (None, Some(integration)) => {
            let verdicts = query.verdict.map_or(VERDICTS.to_vec(), |verdict| vec![verdict]);
            let of = |verdict: &_| {
                lane(" AND integration = $2 AND verdict = $3").with(Db(integration)).with(Db(*verdict))
            };
            verdicts.iter().map(of).collect()
        }
        (None, None) => vec![lane("")],
    }
}

fn delivery_row(row: &Row) -> Result<(Place, DeliveryRow), Failure> {
    let id: DeliveryId = get(row, deliveries::DELIVERY_WIDTH)?;
    Ok((id.0.as_u128(), deliveries::course(row)?.into_row(id)))
}

#[cfg(test)]
mod tests {
    use fieldhook_core::id::{DeviceId, ProductId, ReplayId, UserId};
    use uuid::Uuid;

    use super::*;
    use crate::store::IssueQuery;
    use crate::store::postgres::issues;
    use crate::store::postgres::tests::fresh;

    /// Without its index a list is read to the end and sorted, which nobody sees in a small test.
    #[tokio::test]
    async fn every_list_walks_an_index_and_sorts_nothing() {
        let (store, _keep) = fresh().await;
        let scopes = vec![Scope::Product(ProductId(1)), Scope::User(UserId([1; 12]))];
        let integration = Some(IntegrationId([1; 12]));
        let by_scope = AttemptQuery { scopes: scopes.clone(), ..AttemptQuery::default() };
        let of_integration = AttemptQuery { integration, ..AttemptQuery::default() };
        let searched = AttemptQuery { text: Some("x".to_owned()), ..by_scope.clone() };
        let events = EventQuery { scopes: scopes.clone(), ..EventQuery::default() };
        let of_device = EventQuery { device: Some(DeviceId([1; 12])), ..EventQuery::default() };
        let of_event = DeliveryQuery { event: Some(EventId(Uuid::nil())), ..DeliveryQuery::default() };
        let dropped = DeliveryQuery { integration, ..DeliveryQuery::default() };
        let of_replay = DeliveryQuery { replay: Some(ReplayId(Uuid::nil())), ..DeliveryQuery::default() };
        let lanes = [
            attempt_lanes(&by_scope),
            attempt_lanes(&of_integration),
            attempt_lanes(&searched),
            event_lanes(&events),
            event_lanes(&of_device),
            delivery_lanes(&of_event),
            delivery_lanes(&dropped),
            delivery_lanes(&of_replay),
            issues::lanes(&IssueQuery { scopes, ..IssueQuery::default() }),
            issues::lanes(&IssueQuery { integration, ..IssueQuery::default() }),
        ];
        let client = store.pool.get().await.unwrap();
        // An empty table is read whole; what is asked is whether it need not be.
        client.batch_execute("SET enable_seqscan = off; SET enable_bitmapscan = off").await.unwrap();
        for lane in lanes.iter().flatten() {
            let plan = lane.plan(&client).await;
            assert!(plan.contains("Index") && !plan.contains("Sort"), "{}\n{plan}", lane.sql);
            assert!(!plan.contains("Seq Scan") && !plan.contains("Hash"), "{}\n{plan}", lane.sql);
        }
    }
}
