//! Whole attempts and events, read back.

use std::sync::Arc;

use fieldhook_core::attempt::Attempt;
use fieldhook_core::event::Event;
use rusqlite::{Connection, OptionalExtension as _, Params, Row};

use super::codec::{EVENT_COLUMNS, event as read_event, event_columns, get, get_option};
use super::schema::failed;
use crate::store::detail::{Columns, decode};
use crate::store::{StoreError, damaged};

/// Reads whole attempts; `rest` is the statement from `WHERE` on, with the attempt called `a`.
pub(super) fn attempts(
    connection: &Connection,
    rest: &str,
    params: impl Params,
) -> Result<Vec<Attempt>, StoreError> {
    let sql = format!(
        concat!(
            "SELECT ",
            event_columns!(),
            ", a.id, a.delivery, a.integration, a.revision, a.scope, a.number, a.started_at, a.outcome, \
             a.code, a.status, a.message, a.origin, a.detail \
             FROM attempts a CROSS JOIN events e ON e.id = a.event {}"
        ),
        rest
    );
    let mut statement = connection.prepare_cached(&sql).map_err(failed)?;
    let mut rows = statement.query(params).map_err(failed)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next().map_err(failed)? {
        let event = Arc::new(read_event(row, 0).map_err(failed)?);
        let bytes = row.get_ref(EVENT_COLUMNS + 12).map_err(failed)?.as_blob().map_err(damaged)?;
        found.push(decode(columns(row).map_err(failed)?, event, bytes)?);
    }
    Ok(found)
}

fn columns(row: &Row<'_>) -> rusqlite::Result<Columns> {
    const FIRST: usize = EVENT_COLUMNS;
    Ok(Columns {
        id: get(row, FIRST)?,
        delivery: get(row, FIRST + 1)?,
        integration: get(row, FIRST + 2)?,
        revision: row.get(FIRST + 3)?,
        scope: get(row, FIRST + 4)?,
        number: row.get(FIRST + 5)?,
        started_at: get(row, FIRST + 6)?,
        outcome: get(row, FIRST + 7)?,
        code: get_option(row, FIRST + 8)?,
        status: row.get(FIRST + 9)?,
        message: row.get(FIRST + 10)?,
        origin: row.get(FIRST + 11)?,
    })
}

/// Reads one event; `rest` is the statement from `WHERE` on, with the event called `e`.
pub(super) fn event(
    connection: &Connection,
    rest: &str,
    params: impl Params,
) -> Result<Option<Event>, StoreError> {
    let sql = format!(concat!("SELECT ", event_columns!(), " FROM events e {}"), rest);
    let mut statement = connection.prepare_cached(&sql).map_err(failed)?;
    statement.query_row(params, |row| read_event(row, 0)).optional().map_err(failed)
}
