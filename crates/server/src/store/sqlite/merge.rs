//! Lists that come from several places at once, such as the log of all scopes of a reader.
//!
//! Each lane is a statement that walks an index, newest first. The lanes are merged row by row, so a page
//! costs what it shows and what it passes over, however much there is.

use rusqlite::{Connection, Row, ToSql, params_from_iter};

use super::schema::failed;
use crate::store::{Paging, StoreError};

/// Most rows that a page may ask for.
const MOST_ROWS: usize = 1_000;

/// Where a row stands in its list: a newer row has a larger number, and no two rows have the same.
pub(super) type Place = u128;

/// Behind every row: where a list begins.
pub(super) const NEWEST: Place = Place::MAX;

/// The place of the row that happened then and has this number in its table.
pub(super) fn place(at: i64, seq: i64) -> Place {
    (Place::from(rising(at)) << 64) | Place::from(rising(seq))
}

/// When the row at this place happened, and its number.
pub(super) fn moment(place: Place) -> (i64, i64) {
    (falling((place >> 64) as u64), falling(place as u64))
}

/// Maps signed numbers to unsigned ones in the same order.
fn rising(number: i64) -> u64 {
    number as u64 ^ (1 << 63)
}

fn falling(number: u64) -> i64 {
    (number ^ (1 << 63)) as i64
}

/// The kinds of list, so that one's cursor is not taken for another's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum List {
    Attempts,
    Events,
    Deliveries,
    Issues,
    Replays,
}

impl List {
    fn letter(self) -> char {
        match self {
            Self::Attempts => 'a',
            Self::Events => 'e',
            Self::Deliveries => 'd',
            Self::Issues => 'i',
            Self::Replays => 'r',
        }
    }

    /// A place as text.
    pub(super) fn cursor(self, place: Place) -> String {
        format!("{}{place:032x}", self.letter())
    }

    /// Where the page begins: below the place that its cursor names.
    pub(super) fn start(self, paging: &Paging) -> Result<Place, StoreError> {
        let Some(cursor) = &paging.cursor else { return Ok(NEWEST) };
        let place = cursor
            .strip_prefix(self.letter())
            .filter(|digits| digits.len() == 32 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
            .and_then(|digits| Place::from_str_radix(digits, 16).ok());
        place.ok_or_else(|| StoreError::Cursor(cursor.chars().take(64).collect()))
    }
}

/// A value that a statement is given.
pub(super) type Param = Box<dyn ToSql>;

/// Rows of one list, newest first, by walking an index.
pub(super) struct Lane {
    pub(super) sql: String,
    pub(super) params: Vec<Param>,
}

/// How far to go.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reach {
    /// Rows wanted.
    pub(super) rows: usize,
    /// Rows looked at before stopping for breath.
    pub(super) looked_at: usize,
}

impl Reach {
    /// As far as a page goes, when looking at a row is as cheap or dear as `looked_at` says.
    pub(super) fn of(paging: &Paging, looked_at: usize) -> Self {
        Self { rows: paging.limit.clamp(1, MOST_ROWS), looked_at }
    }
}

/// Rows found, and the place below which to go on.
pub(super) struct Found<T> {
    pub(super) rows: Vec<T>,
    pub(super) next: Option<Place>,
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
    while let Some(lane) = newest(&heads) {
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

/// The lane whose head is the newest.
fn newest<T>(heads: &[Option<(Place, T)>]) -> Option<usize> {
    let places = heads.iter().enumerate().filter_map(|(lane, head)| Some((head.as_ref()?.0, lane)));
    places.max().map(|(_, lane)| lane)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_sort_as_their_moments_do_and_give_them_back() {
        let moments = [(i64::MIN, 0), (-1, 5), (0, i64::MIN), (0, 1), (7, -1), (7, 2), (i64::MAX, i64::MAX)];
        let places = moments.map(|(at, seq)| place(at, seq));
        assert!(places.is_sorted());
        assert_eq!(places.map(moment), moments);
    }

    #[test]
    fn a_cursor_is_of_its_own_list_only() {
        let cursor = Some(List::Events.cursor(place(5, 6)));
        let paging = Paging { limit: 1, cursor };
        assert_eq!(List::Events.start(&paging).unwrap(), place(5, 6));
        assert!(matches!(List::Attempts.start(&paging), Err(StoreError::Cursor(_))));
    }

    #[test]
    fn what_is_no_cursor_is_refused() {
        for text in ["", "a", "a+0000000000000000000000000000001", "é", &"a".repeat(40)] {
            let paging = Paging { limit: 1, cursor: Some(text.to_owned()) };
            assert!(matches!(List::Attempts.start(&paging), Err(StoreError::Cursor(_))), "{text}");
        }
    }
}
