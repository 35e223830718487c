//! Lists that come from several places at once, such as the log of all scopes of a reader.
//!
//! Each lane is a statement that walks an index, newest first. The lanes are merged row by row, so a page
//! costs what it shows and what it passes over, however much there is.

use rusqlite::{Connection, Row, ToSql, params_from_iter};

use super::schema::failed;
use crate::store::StoreError;
use crate::store::place::{Found, Place, Reach, newest};

/// A value that a statement is given.
pub(super) type Param = Box<dyn ToSql>;

/// Rows of one list, newest first, by walking an index.
pub(super) struct Lane {
    pub(super) sql: String,
    pub(super) params: Vec<Param>,
}

/// Merges the lanes, newest first; a row that comes by two lanes comes once.
pub(super) fn newest_first<T>(
    connection: &Connection,
    lanes: &[Lane],
    read: impl Fn(&Row<'_>) -> rusqlite::Result<(Place, T)>,
    mut wanted: impl FnMut(Place, &T) -> Result<bool, StoreError>,
    reach: Reach,
) -> Result<Found<T>, StoreError> {
    let mut statements = Vec::with_capacity(lanes.len());
    for lane in lanes {
        statements.push(connection.prepare_cached(&lane.sql).map_err(failed)?);
    }
    let mut walks = Vec::with_capacity(lanes.len());
    let mut heads = Vec::with_capacity(lanes.len());
    for (statement, lane) in statements.iter_mut().zip(lanes) {
        let mut walk = statement.query(params_from_iter(&lane.params)).map_err(failed)?;
        heads.push(walk.next().map_err(failed)?.map(&read).transpose().map_err(failed)?);
        walks.push(walk);
    }

    let mut rows = Vec::new();
    let mut last = None;
    let mut looked_at = 0;
    while let Some(lane) = newest(heads.iter().map(|head| head.as_ref().map(|(place, _)| *place))) {
        if rows.len() == reach.rows || looked_at == reach.looked_at {
            return Ok(Found { rows, next: last });
        }
        let next = walks[lane].next().map_err(failed)?.map(&read).transpose().map_err(failed)?;
        let Some((place, row)) = std::mem::replace(&mut heads[lane], next) else { break };
        if last == Some(place) {
            continue;
        }
        last = Some(place);
        looked_at += 1;
        if wanted(place, &row)? {
            rows.push(row);
        }
    }
    Ok(Found { rows, next: None })
}
