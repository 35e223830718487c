//! Where a row stands in its list, and how a page names that place.
//!
//! The engines walk their indexes and merge what comes; the places are the same for all of them, so that a cursor
//! outlives a move from one to another.

use fieldhook_core::time::Timestamp;

use super::{Paging, StoreError};

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

/// The lane whose head is the newest, of the places of all heads.
pub(super) fn newest(heads: impl Iterator<Item = Option<Place>>) -> Option<usize> {
    heads.enumerate().filter_map(|(lane, head)| Some((head?, lane))).max().map(|(_, lane)| lane)
}

/// The place before which everything lies that happened before `until`.
pub(super) fn before(until: Option<Timestamp>) -> Place {
    until.map_or(NEWEST, |until| place(until.as_millis(), i64::MIN))
}

/// The lowest id that what began at this moment can have: ids of version 7 begin with their milliseconds.
pub(super) fn first_id(moment: Timestamp) -> [u8; 16] {
    let millis = moment.as_millis().clamp(0, (1 << 48) - 1) as u128;
    (millis << 80).to_be_bytes()
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
    fn every_id_of_a_moment_lies_between_its_first_and_that_of_the_next() {
        let at = Timestamp::from_millis(1_790_000_000_123);
        let next = Timestamp::from_millis(1_790_000_000_124);
        let id = |rest: u64| {
            let millis = (at.as_millis() as u64) << 16 | 0x7fff;
            uuid::Uuid::from_u64_pair(millis, rest).into_bytes()
        };
        assert!(first_id(at) < id(0) && id(u64::MAX) < first_id(next));
        assert_eq!(first_id(Timestamp::from_millis(-5)), [0; 16]);
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
