//! How many deliveries may be under way at once, lane by lane.

use std::collections::HashMap;

use parking_lot::Mutex;

use crate::queue::Lane;

/// Slots per lane, and for all lanes together.
///
/// A lane is narrow so that a hung destination holds few connections, and bounded on its own so that it costs
/// others nothing. When all slots together are taken every lane still gets one, so none is starved.
pub(super) struct Lanes {
    width: usize,
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
        Self { width: width.max(1), most: most.max(1), state: Mutex::default() }
    }

    /// The width of a lane.
    pub(super) fn width(&self) -> usize {
        self.width
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
        if state.lanes.get(&lane).is_some_and(|slots| slots.backlogged) {
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
        let own = self.width.saturating_sub(taken);
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
