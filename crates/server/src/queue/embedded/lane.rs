//! Which delivery is next: per lane, those that wait for their turn and those that wait for their time.
//!
//! What is due stands in a line of places, 8 bytes each. What is due later stands in a heap, 16 bytes each, and
//! everything in the line fell due before anything in the heap, so that a claim takes the line first and then
//! the heap. Nothing here is moved in bulk when its time comes: a million deliveries that fall due in one
//! moment cost that moment nothing.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap, HashMap, VecDeque};

use fieldhook_core::time::Timestamp;

use super::record::Place;
use crate::queue::Lane;

/// All lanes that hold something.
#[derive(Debug, Default)]
pub(super) struct Lanes {
    waiting: HashMap<Lane, Waiting>,
    /// When each lane that has nothing due will have; a lane stands here once or not at all.
    upcoming: BTreeSet<(Timestamp, Lane)>,
    /// Lanes that `due` has something new to say about. Sorted, so that the same history gives the same answer.
    news: BTreeSet<Lane>,
}

#[derive(Debug, Default)]
struct Waiting {
    line: Line,
    later: BinaryHeap<Reverse<(Timestamp, Place)>>,
    /// Its time in `upcoming`.
    upcoming: Option<Timestamp>,
}

impl Lanes {
    /// Adds a delivery that falls due, or fell, at `falls_due`. Says whether `due` has something new to say
    /// that time alone does not bring.
    pub(super) fn push(&mut self, lane: Lane, place: Place, falls_due: Timestamp, now: Timestamp) -> bool {
        let waiting = self.waiting.entry(lane).or_default();
        if falls_due <= now {
            waiting.join_line(place, now);
            return self.news.insert(lane);
        }
        let sooner = waiting.line.is_empty() && waiting.first_later().is_none_or(|first| falls_due < first);
        waiting.later.push(Reverse((falls_due, place)));
        if sooner {
            self.watch(lane, falls_due);
        }
        sooner
    }

    /// Puts a delivery back to the head of its line: it was claimed, and nobody has it any more.
    pub(super) fn put_back(&mut self, lane: Lane, place: Place) -> bool {
        self.waiting.entry(lane).or_default().line.push_front(place);
        self.news.insert(lane)
    }

    /// Fills a lane at the start with deliveries sorted by when they fall due; `now` is a moment that has passed.
    pub(super) fn fill(&mut self, lane: Lane, sorted: &[(Timestamp, Place)], now: Timestamp) {
        let (due, later) = sorted.split_at(sorted.partition_point(|(falls_due, _)| *falls_due <= now));
        let waiting = self.waiting.entry(lane).or_default();
        waiting.line.extend(due.iter().map(|(_, place)| *place));
        waiting.later = later.iter().copied().map(Reverse).collect();
        match later.first() {
            Some((first, _)) if due.is_empty() => self.watch(lane, *first),
            _ => _ = self.news.insert(lane),
        }
    }

    /// Takes up to `most` deliveries that are due by `now`, in the order they fell due. Says also whether `due`
    /// has something new to say: that there are more, or a later time that stood behind them.
    pub(super) fn take(&mut self, lane: Lane, most: usize, now: Timestamp) -> (Vec<Place>, bool) {
        let Some(waiting) = self.waiting.get_mut(&lane) else { return (Vec::new(), false) };
        let taken: Vec<_> = std::iter::from_fn(|| waiting.next(now)).take(most).collect();

        let more = waiting.has_due(now);
        let (empty, first) = (waiting.is_empty(), waiting.first_later());
        if more {
            self.news.insert(lane);
        } else if empty {
            self.forget(lane);
        } else if let Some(first) = first {
            self.watch(lane, first);
        }
        let uncovered = !more && !empty && !taken.is_empty();
        (taken, more || uncovered)
    }

    /// The lanes that have something due by `now` and have not been named since they got it.
    pub(super) fn due(&mut self, now: Timestamp) -> Vec<Lane> {
        while let Some((_, lane)) = self.upcoming.first().copied().filter(|(first, _)| *first <= now) {
            self.upcoming.pop_first();
            if let Some(waiting) = self.waiting.get_mut(&lane) {
                waiting.upcoming = None;
            }
            self.news.insert(lane);
        }
        let news = std::mem::take(&mut self.news);
        news.into_iter().filter(|lane| self.has_due(*lane, now)).collect()
    }

    /// When a lane that has nothing due falls due next.
    pub(super) fn next(&self) -> Option<Timestamp> {
        self.upcoming.first().map(|(first, _)| *first)
    }

    /// How many lanes have something due.
    pub(super) fn count_due(&self, now: Timestamp) -> u64 {
        self.waiting.values().filter(|waiting| waiting.has_due(now)).count() as u64
    }

    /// Whether a delivery of this lane would have to wait its turn.
    pub(super) fn has_due(&self, lane: Lane, now: Timestamp) -> bool {
        self.waiting.get(&lane).is_some_and(|waiting| waiting.has_due(now))
    }

    fn watch(&mut self, lane: Lane, first: Timestamp) {
        let Some(waiting) = self.waiting.get_mut(&lane) else { return };
        if let Some(before) = waiting.upcoming.replace(first) {
            self.upcoming.remove(&(before, lane));
        }
        self.upcoming.insert((first, lane));
    }

    fn forget(&mut self, lane: Lane) {
        let Some(waiting) = self.waiting.remove(&lane) else { return };
        if let Some(first) = waiting.upcoming {
            self.upcoming.remove(&(first, lane));
        }
        self.news.remove(&lane);
    }

    /// Bytes of memory all of this takes, about.
    #[cfg(test)]
    pub(super) fn memory(&self) -> usize {
        let per_lane = |waiting: &Waiting| {
            waiting.line.memory() + waiting.later.capacity() * size_of::<Reverse<(Timestamp, Place)>>()
        };
        self.waiting.capacity() * size_of::<(Lane, Waiting)>()
            + self.waiting.values().map(per_lane).sum::<usize>()
    }
}

impl Waiting {
    /// How many overdue deliveries a newcomer lets into the line before itself.
    ///
    /// More than one, so that an overdue heap empties however many newcomers there are; few, so that no one
    /// newcomer pays for a heap that fell due at once.
    const LET_IN: usize = 4;

    fn join_line(&mut self, place: Place, now: Timestamp) {
        for _ in 0..Self::LET_IN {
            match self.pop_later(now) {
                Some(overdue) => self.line.push_back(overdue),
                None => return self.line.push_back(place),
            }
        }
        if self.first_later().is_some_and(|first| first <= now) {
            self.later.push(Reverse((now, place)));
        } else {
            self.line.push_back(place);
        }
    }

    fn next(&mut self, now: Timestamp) -> Option<Place> {
        self.line.pop_front().or_else(|| self.pop_later(now))
    }

    fn pop_later(&mut self, now: Timestamp) -> Option<Place> {
        if self.first_later()? > now {
            return None;
        }
        let Reverse((_, place)) = self.later.pop()?;
        if self.later.len() < self.later.capacity() / 4 {
            self.later.shrink_to(self.later.capacity() / 2);
        }
        Some(place)
    }

    fn first_later(&self) -> Option<Timestamp> {
        self.later.peek().map(|Reverse((first, _))| *first)
    }

    fn has_due(&self, now: Timestamp) -> bool {
        !self.line.is_empty() || self.first_later().is_some_and(|first| first <= now)
    }

    fn is_empty(&self) -> bool {
        self.line.is_empty() && self.later.is_empty()
    }
}

/// Places in line, in pieces that grow with the line: a lane of one costs little, and a lane of a million is
/// never copied, nor kept twice, to make room for one more.
#[derive(Debug, Default)]
struct Line {
    pieces: VecDeque<VecDeque<Place>>,
}

impl Line {
    const LARGEST_PIECE: usize = 1024;

    fn push_back(&mut self, place: Place) {
        let full = self.pieces.back().is_none_or(|piece| piece.len() >= Self::LARGEST_PIECE);
        if full {
            self.pieces.push_back(VecDeque::new());
        }
        self.pieces.back_mut().expect("a piece was just added").push_back(place);
    }

    fn push_front(&mut self, place: Place) {
        let full = self.pieces.front().is_none_or(|piece| piece.len() >= Self::LARGEST_PIECE);
        if full {
            self.pieces.push_front(VecDeque::new());
        }
        self.pieces.front_mut().expect("a piece was just added").push_front(place);
    }

    fn pop_front(&mut self) -> Option<Place> {
        let piece = self.pieces.front_mut()?;
        let place = piece.pop_front();
        if piece.is_empty() {
            self.pieces.pop_front();
        }
        place
    }

    fn extend(&mut self, places: impl Iterator<Item = Place>) {
        places.for_each(|place| self.push_back(place));
    }

    fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    #[cfg(test)]
    fn memory(&self) -> usize {
        self.pieces.capacity() * size_of::<VecDeque<Place>>()
            + self.pieces.iter().map(|piece| piece.capacity() * size_of::<Place>()).sum::<usize>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LANE: Lane = Lane(7);

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    fn place(n: u32) -> Place {
        Place::new(1, n, 0)
    }

    #[test]
    fn what_falls_due_first_is_taken_first_however_it_came() {
        let mut lanes = Lanes::default();
        lanes.push(LANE, place(1), at(30), at(0));
        lanes.push(LANE, place(2), at(10), at(0));
        lanes.push(LANE, place(3), at(5), at(5));
        lanes.push(LANE, place(4), at(20), at(20));

        assert_eq!(lanes.take(LANE, 2, at(20)).0, [place(3), place(2)]);
        assert_eq!(lanes.take(LANE, 9, at(29)).0, [place(4)]);
        assert_eq!(lanes.next(), Some(at(30)));
        assert_eq!(lanes.take(LANE, 9, at(30)).0, [place(1)]);
        assert_eq!(lanes.next(), None);
    }

    #[test]
    fn newcomers_do_not_overtake_a_heap_that_fell_due_at_once() {
        let mut lanes = Lanes::default();
        for n in 0..100 {
            lanes.push(LANE, place(n), at(10), at(0));
        }
        for n in 100..200 {
            lanes.push(LANE, place(n), at(20), at(20));
        }
        let (taken, more) = lanes.take(LANE, 200, at(20));
        assert_eq!(taken, (0..200).map(place).collect::<Vec<_>>());
        assert!(!more);
    }

    #[test]
    fn a_lane_is_named_once_until_it_gets_more_or_a_claim_leaves_some() {
        let mut lanes = Lanes::default();
        assert!(lanes.push(LANE, place(1), at(0), at(0)));
        assert!(!lanes.push(LANE, place(2), at(0), at(0)));
        assert_eq!(lanes.due(at(0)), [LANE]);
        assert_eq!(lanes.due(at(0)), []);

        assert!(lanes.push(LANE, place(3), at(0), at(0)));
        assert_eq!(lanes.due(at(0)), [LANE]);
        assert!(lanes.take(LANE, 1, at(0)).1);
        assert_eq!(lanes.due(at(0)), [LANE]);
        assert!(!lanes.take(LANE, 2, at(0)).1);
        assert_eq!(lanes.due(at(0)), []);
    }

    #[test]
    fn time_alone_makes_a_lane_due() {
        let mut lanes = Lanes::default();
        assert!(lanes.push(LANE, place(1), at(50), at(0)));
        assert_eq!((lanes.due(at(49)), lanes.next()), (vec![], Some(at(50))));
        assert_eq!((lanes.due(at(50)), lanes.next()), (vec![LANE], None));
        assert_eq!(lanes.take(LANE, 1, at(50)).0, [place(1)]);
    }

    #[test]
    fn what_is_put_back_comes_first() {
        let mut lanes = Lanes::default();
        lanes.push(LANE, place(1), at(0), at(0));
        lanes.push(LANE, place(2), at(0), at(0));
        lanes.take(LANE, 1, at(0));
        lanes.put_back(LANE, place(1));
        assert_eq!(lanes.take(LANE, 2, at(0)).0, [place(1), place(2)]);
    }

    #[test]
    fn a_million_in_line_take_8_bytes_each_and_a_lone_one_little() {
        let mut lanes = Lanes::default();
        for n in 0..1_000_000 {
            lanes.push(LANE, place(n), at(0), at(0));
        }
        assert!(lanes.memory() < 8_200_000, "{} bytes", lanes.memory());

        let mut lanes = Lanes::default();
        for n in 0..1000 {
            lanes.push(Lane(n), place(1), at(0), at(0));
        }
        assert!(lanes.memory() < 1000 * 700, "{} bytes", lanes.memory());
    }

    #[test]
    fn a_lane_filled_at_the_start_goes_on_where_it_was() {
        let mut lanes = Lanes::default();
        lanes.fill(LANE, &[(at(1), place(1)), (at(2), place(2)), (at(9), place(3))], at(5));
        assert_eq!(lanes.due(at(5)), [LANE]);
        assert_eq!(lanes.take(LANE, 9, at(5)).0, [place(1), place(2)]);
        assert_eq!(lanes.take(LANE, 9, at(9)).0, [place(3)]);
    }
}
