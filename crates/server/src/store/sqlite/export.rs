//! The rows of a table, as they are.

use std::path::Path;

use rusqlite::types::{FromSqlError, ValueRef};
use tokio::sync::mpsc;

use super::schema::{failed, open_reader};
use crate::store::carry::{Cell, Row, Rows, Shape, Table};
use crate::store::{StoreError, damaged};

/// Rows that are given at once.
const BATCH: usize = 500;
/// Batches that may wait for whoever takes them.
const WAITING: usize = 4;

/// Reads all rows of the table, in the order of their numbers where they have such.
pub(super) fn rows(path: &Path, table: &'static Table) -> Rows {
    let (sender, batches) = mpsc::channel(WAITING);
    let path = path.to_owned();
    // Whoever takes no more wants no more.
    let read = move || read(&path, table, |batch| sender.blocking_send(batch).is_ok());
    Rows::new(batches, tokio::task::spawn_blocking(read))
}

fn read(path: &Path, table: &Table, mut give: impl FnMut(Vec<Row>) -> bool) -> Result<(), StoreError> {
    let connection = open_reader(path)?;
    let columns: Vec<_> = table.columns.iter().map(|(name, _)| format!("\"{name}\"")).collect();
    let order = if table.is_numbered() { " ORDER BY seq" } else { "" };
    let sql = format!("SELECT {} FROM {}{order}", columns.join(", "), table.name);
    let mut statement = connection.prepare(&sql).map_err(failed)?;
    let mut found = statement.query([]).map_err(failed)?;
    let mut batch = Vec::with_capacity(BATCH);
    while let Some(row) = found.next().map_err(failed)? {
        let cells = table.columns.iter().enumerate().map(|(at, (name, shape))| {
            let unreadable = |error| damaged(format_args!("column {name} of {}: {error}", table.name));
            cell(row.get_ref(at).map_err(failed)?, *shape).map_err(unreadable)
        });
        batch.push(cells.collect::<Result<_, _>>()?);
        if batch.len() == BATCH && !give(std::mem::replace(&mut batch, Vec::with_capacity(BATCH))) {
            return Ok(());
        }
    }
    give(batch);
    Ok(())
}

fn cell(value: ValueRef<'_>, shape: Shape) -> Result<Cell, FromSqlError> {
    if value == ValueRef::Null {
        return Ok(Cell::Null);
    }
    Ok(match shape {
        Shape::Id | Shape::Bytes => Cell::Bytes(value.as_blob()?.to_vec()),
        Shape::Long | Shape::Int | Shape::Short | Shape::Flag => Cell::Number(value.as_i64()?),
        Shape::Text => Cell::Text(value.as_str()?.to_owned()),
        Shape::Word => Cell::Word(value.as_str()?.to_owned()),
    })
}

/// Every table and column that there is.
#[cfg(test)]
pub(super) fn columns(connection: &rusqlite::Connection) -> rusqlite::Result<Vec<String>> {
    let sql = "SELECT t.name || '.' || c.name FROM sqlite_schema t, pragma_table_info(t.name) c WHERE t.type = 'table'";
    connection.prepare(sql)?.query_map([], |row| row.get(0))?.collect()
}
