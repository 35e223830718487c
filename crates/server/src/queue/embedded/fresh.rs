//! Deliveries that were kept moments ago, still in memory: a claim of one of these needs no disk.

use std::collections::HashMap;

use super::record::Place;
use crate::queue::{Delivery, Lane};

/// Most bytes of all lanes together.
const MOST: usize = 16 << 20;
/// Most bytes of one lane: a destination that hangs must not take the place of those that do not.
const MOST_OF_LANE: usize = 2 << 20;
/// What a delivery takes beside the text of its event, about.
const OVERHEAD: usize = 512;

/// Waiting deliveries by their places. It is a shortcut and no more: what is not here is read from its segment.
#[derive(Debug, Default)]
pub(super) struct Fresh {
    deliveries: HashMap<Place, Delivery>,
    lanes: HashMap<Lane, usize>,
    bytes: usize,
}

impl Fresh {
    /// Remembers a delivery, if there is room.
    pub(super) fn keep(&mut self, place: Place, delivery: Delivery) {
        let bytes = weight(&delivery);
        let of_lane = self.lanes.get(&delivery.lane).copied().unwrap_or(0);
        if self.bytes + bytes > MOST || of_lane + bytes > MOST_OF_LANE {
            return;
        }
        self.bytes += bytes;
        self.lanes.insert(delivery.lane, of_lane + bytes);
        self.deliveries.insert(place, delivery);
    }

    /// Gives out what it remembers of this place, and forgets it.
    pub(super) fn take(&mut self, place: Place) -> Option<Delivery> {
        let delivery = self.deliveries.remove(&place)?;
        let bytes = weight(&delivery);
        self.bytes -= bytes;
        if let Some(of_lane) = self.lanes.get_mut(&delivery.lane) {
            *of_lane -= bytes;
            if *of_lane == 0 {
                self.lanes.remove(&delivery.lane);
            }
        }
        Some(delivery)
    }
}

fn weight(delivery: &Delivery) -> usize {
    OVERHEAD + delivery.event.name.len() + delivery.event.data.as_ref().map_or(0, String::len)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use fieldhook_core::event::Event;

    use super::*;
    use crate::queue::contract::{delivery, event};

    fn in_lane(lane: u64, bytes: usize) -> Delivery {
        let event = Arc::new(Event { data: Some("x".repeat(bytes)), ..(*event(1)).clone() });
        Delivery { lane: Lane(lane), ..delivery(&event, 1) }
    }

    #[test]
    fn what_was_kept_is_given_out_once() {
        let mut fresh = Fresh::default();
        let place = Place::new(1, 2, 0);
        fresh.keep(place, in_lane(1, 10));
        assert_eq!(fresh.take(place), Some(in_lane(1, 10)));
        assert_eq!(fresh.take(place), None);
        assert_eq!((fresh.bytes, fresh.lanes.len()), (0, 0));
    }

    #[test]
    fn a_lane_that_stands_still_leaves_room_for_others() {
        let mut fresh = Fresh::default();
        for unit in 0..10_000 {
            fresh.keep(Place::new(1, unit, 0), in_lane(1, 1_000));
        }
        assert!(fresh.bytes <= MOST_OF_LANE, "{} bytes", fresh.bytes);
        let other = Place::new(2, 1, 0);
        fresh.keep(other, in_lane(2, 1_000));
        assert!(fresh.take(other).is_some());
    }

    #[test]
    fn many_lanes_together_stay_within_the_limit() {
        let mut fresh = Fresh::default();
        for lane in 0..20_000 {
            fresh.keep(Place::new(1, lane, 0), in_lane(lane.into(), 1_000));
        }
        assert!(fresh.bytes <= MOST, "{} bytes", fresh.bytes);
    }
}
