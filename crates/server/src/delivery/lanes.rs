//! How many deliveries may be under way at once, lane by lane.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;

use crate::queue::Lane;

/// Slots per lane, and for all lanes together.
///
/// A lane is narrow so that a hung destination holds few connections, and bounded on its own so that it costs
/// others nothing. When all slots together are taken every lane still gets one, so none is starved.
pub(super) struct Lanes {
    /// Of a lane over all nodes.
    whole_width: usize,
    /// Of a lane on this one.
    width: AtomicUsize,
    most: usize,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    lanes: HashMap<Lane, Slots>,
    taken: usize,
}

#[derive(Default)]
struct Slots {
    taken: usize,
    /// Whether the queue may hold more for this lane than has been claimed.
    backlogged: bool,
}

impl Lanes {
    /// Lanes of `width` slots each, and about `most` in all.
    pub(super) fn new(width: usize, most: usize) -> Self {
        let whole_width = width.max(1);
        Self { whole_width, width: whole_width.into(), most: most.max(1), state: Mutex::default() }
    }

    /// The width of a lane on this node.
    pub(super) fn width(&self) -> usize {
        self.width.load(Ordering::Relaxed)
    }

    /// Gives each of so many nodes its share of a lane's width; at least one slot, or that node could send nothing.
    pub(super) fn share(&self, nodes: usize) {
        self.width.store((self.whole_width / nodes.max(1)).max(1), Ordering::Relaxed);
    }

    /// Takes a slot for something new; refuses while the lane is full or has older work waiting.
    pub(super) fn reserve(&self, lane: Lane) -> bool {
        let mut state = self.state.lock();
        let room = self.room(&state, lane);
        let slots = state.lanes.entry(lane).or_default();
        if slots.backlogged || room == 0 {
            slots.backlogged = true;
            return false;
        }
        slots.taken += 1;
        state.taken += 1;
        true
    }

    /// Takes every free slot of a lane that has work waiting; says how many.
    pub(super) fn reserve_all(&self, lane: Lane) -> usize {
        let mut state = self.state.lock();
        let room = self.room(&state, lane);
        let slots = state.lanes.entry(lane).or_default();
        slots.taken += room;
        slots.backlogged = true;
        state.taken += room;
        room
    }

    /// Gives back slots.
    pub(super) fn release(&self, lane: Lane, count: usize) {
        let mut state = self.state.lock();
        state.taken -= count;
        if let Some(slots) = state.lanes.get_mut(&lane) {
            slots.taken -= count;
        }
        tidy(&mut state, lane);
    }

    /// Says that all that waited in the lane has been claimed.
    pub(super) fn drained(&self, lane: Lane) {
        let mut state = self.state.lock();
        if let Some(slots) = state.lanes.get_mut(&lane) {
            slots.backlogged = false;
        }
        tidy(&mut state, lane);
    }

    /// Whether the holder of a slot should look for more work; else its slot is given back.
    pub(super) fn keep(&self, lane: Lane) -> bool {
        let mut state = self.state.lock();
        let width = self.width();
        if state.lanes.get(&lane).is_some_and(|slots| slots.backlogged && slots.taken <= width) {
            return true;
        }
        state.taken -= 1;
        if let Some(slots) = state.lanes.get_mut(&lane) {
            slots.taken -= 1;
        }
        tidy(&mut state, lane);
        false
    }

    /// Slots taken in all lanes.
    pub(super) fn taken(&self) -> usize {
        self.state.lock().taken
    }

    fn room(&self, state: &State, lane: Lane) -> usize {
        let taken = state.lanes.get(&lane).map_or(0, |slots| slots.taken);
        let own = self.width().saturating_sub(taken);
        let shared = self.most.saturating_sub(state.taken);
        if taken == 0 { own.min(shared.max(1)) } else { own.min(shared) }
    }
}

fn tidy(state: &mut State, lane: Lane) {
    if state.lanes.get(&lane).is_some_and(|slots| slots.taken == 0 && !slots.backlogged) {
        state.lanes.remove(&lane);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: Lane = Lane(1);
    const OTHER: Lane = Lane(2);

    #[test]
    fn nodes_share_the_width_of_a_lane_and_each_has_a_slot() {
        let lanes = Lanes::new(6, 100);
        assert_eq!(lanes.reserve_all(Lane(1)), 6);
        lanes.share(3);
        assert_eq!(lanes.width(), 2);
        assert_eq!((0..4).filter(|_| lanes.keep(Lane(1))).count(), 0, "what is too many is given back");
        assert!(lanes.keep(Lane(1)), "the rest goes on");
        assert_eq!(lanes.taken(), 2);
        lanes.share(100);
        assert_eq!(lanes.width(), 1);
        lanes.share(0);
        assert_eq!(lanes.width(), 6);
    }

    #[test]
    fn a_full_lane_takes_nothing_new_and_costs_others_nothing() {
        let lanes = Lanes::new(2, 100);
        assert!(lanes.reserve(ONE) && lanes.reserve(ONE));
        assert!(!lanes.reserve(ONE));
        assert!(lanes.reserve(OTHER));
    }

    #[test]
    fn what_waited_longer_goes_first() {
        let lanes = Lanes::new(2, 100);
        assert!(lanes.reserve(ONE) && lanes.reserve(ONE));
        assert!(!lanes.reserve(ONE));
        lanes.release(ONE, 1);
        assert!(!lanes.reserve(ONE), "something waits in the queue already");
        assert!(lanes.keep(ONE), "so whoever holds a slot looks there");
        lanes.drained(ONE);
        assert!(lanes.reserve(ONE));
    }

    #[test]
    fn every_lane_gets_a_slot_even_when_all_are_taken() {
        let lanes = Lanes::new(8, 4);
        assert_eq!(lanes.reserve_all(ONE), 4);
        assert_eq!(lanes.reserve_all(OTHER), 1);
        assert_eq!(lanes.reserve_all(OTHER), 0);
        assert_eq!(lanes.taken(), 5);
    }

    #[test]
    fn a_slot_without_more_work_is_given_back() {
        let lanes = Lanes::new(1, 100);
        assert!(lanes.reserve(ONE));
        assert!(!lanes.keep(ONE));
        assert_eq!(lanes.taken(), 0);
        assert_eq!(lanes.state.lock().lanes.len(), 0);
    }
}
