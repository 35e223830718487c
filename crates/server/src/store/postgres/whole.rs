//! Whole attempts and events, read back.

use std::sync::Arc;

use deadpool_postgres::Object;
use fieldhook_core::attempt::Attempt;
use fieldhook_core::event::Event;
use tokio_postgres::Row;

use super::codec::{
    EVENT_COLUMNS, Param, count, event as read_event, event_columns, get, get_option, raw, status,
};
use super::failure::Failure;
use crate::store::detail::{Columns, decode};

/// Reads whole attempts; `rest` is the statement from `WHERE` on, with the attempt called `a`.
pub(super) async fn attempts(
    client: &Object,
    rest: &str,
    params: &[Param<'_>],
) -> Result<Vec<Attempt>, Failure> {
    let sql = format!(
        concat!(
            "SELECT ",
            event_columns!(),
            ", a.id, a.delivery, a.integration, a.revision, a.scope, a.number, a.started_at, a.outcome, \
             a.code, a.status, a.message, a.origin, a.detail \
             FROM attempts a JOIN events e ON e.id = a.event {}"
        ),
        rest
    );
    let sql = client.prepare_cached(&sql).await?;
    client.query(&sql, params).await?.iter().map(attempt).collect()
}

fn attempt(row: &Row) -> Result<Attempt, Failure> {
    const FIRST: usize = EVENT_COLUMNS;
    let columns = Columns {
        id: get(row, FIRST)?,
        delivery: get(row, FIRST + 1)?,
        integration: get(row, FIRST + 2)?,
        revision: count(row, FIRST + 3)?,
        scope: get(row, FIRST + 4)?,
        number: count(row, FIRST + 5)?,
        started_at: get(row, FIRST + 6)?,
        outcome: get(row, FIRST + 7)?,
        code: get_option(row, FIRST + 8)?,
        status: status(row, FIRST + 9)?,
        message: get_option(row, FIRST + 10)?,
        origin: get_option(row, FIRST + 11)?,
    };
    Ok(decode(columns, Arc::new(read_event(row, 0)?), raw(row, FIRST + 12)?)?)
}

/// Reads one event; `rest` is the statement from `WHERE` on, with the event called `e`.
pub(super) async fn event(
    client: &Object,
    rest: &str,
    params: &[Param<'_>],
) -> Result<Option<Event>, Failure> {
    let sql = format!(concat!("SELECT ", event_columns!(), " FROM events e {}"), rest);
    let sql = client.prepare_cached(&sql).await?;
    client.query_opt(&sql, params).await?.map(|row| read_event(&row, 0)).transpose()
}
