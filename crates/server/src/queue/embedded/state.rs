//! What the queue knows in memory, under one lock that is never held across a read, a write or a wait.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use fieldhook_core::id::{DeliveryId, EventId};
use fieldhook_core::time::Timestamp;
use tokio::sync::oneshot;

use super::fresh::Fresh;
use super::lane::Lanes;
use super::record::{Keep, Mark, Place};
use super::segment::Segment;
use crate::queue::{Backlog, Claim, Delivery, Due, LEASE, Lane, QueueError};

/// Segments, lanes, claims, and what the writer has yet to write.
#[derive(Debug)]
pub(super) struct State {
    /// The segments on disk, the oldest first, their numbers without a gap.
    pub(super) segments: VecDeque<Segment>,
    /// The deliveries nobody has claimed.
    pub(super) lanes: Lanes,
    /// Events of an earlier run that the store may not have, the oldest first.
    pub(super) earlier: VecDeque<EventId>,
    /// Deliveries not settled as done.
    pub(super) pending: u64,
    /// Bytes on disk.
    pub(super) bytes: u64,
    /// The segment being compacted, which must stay until that is over.
    pub(super) compacting: Option<u32>,
    /// What the writer has yet to write.
    pub(super) intake: Intake,
    fresh: Fresh,
    claims: BTreeMap<u64, Held>,
    next_lease: u64,
}

/// A claimed delivery.
#[derive(Debug, Clone, Copy)]
pub(super) struct Held {
    /// Its id.
    pub(super) delivery: DeliveryId,
    /// Where it is kept.
    pub(super) place: Place,
    lane: Lane,
    ends: Timestamp,
}

/// A delivery that was just claimed.
#[derive(Debug)]
pub(super) enum Taken {
    /// It was still in memory.
    Whole(Claim),
    /// Its lease, and where it is to be read.
    Unread(u64, Place),
}

/// What the writer has yet to write.
#[derive(Debug, Default)]
pub(super) struct Intake {
    /// Appends whose callers wait.
    pub(super) commands: Vec<Command>,
    /// Deliveries that are to be tried again.
    pub(super) moves: VecDeque<Keep>,
    /// Those of them that the writer is writing now.
    pub(super) moving: usize,
    /// Slots that hold their segments back no longer.
    pub(super) marks: Vec<Mark>,
    /// Deliveries among the commands.
    pub(super) deliveries: u64,
    /// Whether the last write failed, so that moves and marks wait for a reason to try again.
    pub(super) stalled: bool,
    /// Whether there is such a reason.
    pub(super) nudged: bool,
    /// Whether the queue is being closed.
    pub(super) closing: bool,
}

/// An append on its way to the writer.
#[derive(Debug)]
pub(super) struct Command {
    /// What is to be kept.
    pub(super) keeps: Vec<Keep>,
    /// What it takes of the room for appends on their way.
    pub(super) weight: u32,
    /// Where the answer goes.
    pub(super) reply: oneshot::Sender<Result<Vec<Claim>, QueueError>>,
}

impl State {
    /// A state of these segments; leases begin at `first_lease`.
    pub(super) fn new(segments: VecDeque<Segment>, first_lease: u64) -> Self {
        Self {
            bytes: segments.iter().map(|segment| segment.bytes).sum(),
            segments,
            lanes: Lanes::default(),
            earlier: VecDeque::new(),
            pending: 0,
            compacting: None,
            intake: Intake::default(),
            fresh: Fresh::default(),
            claims: BTreeMap::new(),
            next_lease: first_lease,
        }
    }

    /// The segment of this number.
    pub(super) fn segment(&self, number: u32) -> Option<&Segment> {
        let front = self.segments.front()?.number;
        self.segments.get(number.checked_sub(front)? as usize)
    }

    /// The segment of this number, to change.
    pub(super) fn segment_mut(&mut self, number: u32) -> Option<&mut Segment> {
        let front = self.segments.front()?.number;
        self.segments.get_mut(number.checked_sub(front)? as usize)
    }

    /// Whether the slot holds its segment back.
    pub(super) fn is_live(&self, mark: Mark) -> bool {
        self.segment(mark.segment).is_some_and(|segment| segment.live.contains(mark.slot))
    }

    /// Clears a slot; says whether it was set.
    pub(super) fn clear(&mut self, mark: Mark) -> bool {
        self.segment_mut(mark.segment).is_some_and(|segment| segment.live.clear(mark.slot))
    }

    /// Clears a slot and lets the writer note it.
    pub(super) fn clear_and_note(&mut self, mark: Mark) {
        if self.clear(mark) {
            self.intake.marks.push(mark);
        }
    }

    /// Segments and units at which the event may be kept, with whether it surely is.
    pub(super) fn candidates(&self, id: EventId) -> Vec<(u32, u32, bool)> {
        let mut found = Vec::new();
        for segment in self.segments.iter().rev() {
            let (units, exact) = segment.ids.units(id);
            found.extend(units.into_iter().map(|unit| (segment.number, unit, exact)));
        }
        found
    }

    /// Which lanes have something due by `now`, and when to ask again.
    pub(super) fn due(&mut self, now: Timestamp) -> Due {
        self.end_leases(now);
        let lanes = self.lanes.due(now);
        let lease_ends = self.claims.first_key_value().map(|(_, held)| held.ends);
        let next = [self.lanes.next(), lease_ends].into_iter().flatten().min();
        Due { lanes, next }
    }

    /// Claims deliveries of a lane, and says whether `due` has something new to say.
    ///
    /// Which delivery stands at a place is known once it has been read, and then told by [`State::name_held`].
    pub(super) fn claim(&mut self, lane: Lane, most: usize, now: Timestamp) -> (Vec<Taken>, bool) {
        self.end_leases(now);
        let (places, more) = self.lanes.take(lane, most, now);
        let taken = places.into_iter().map(|place| {
            if let Some(delivery) = self.fresh.take(place) {
                let lease = self.hold(delivery.id, place, lane, now);
                return Taken::Whole(Claim { delivery, lease, lease_ends: now + LEASE });
            }
            let unnamed = DeliveryId(uuid::Uuid::nil());
            Taken::Unread(self.hold(unnamed, place, lane, now), place)
        });
        (taken.collect(), more)
    }

    /// Says which delivery a lease is of. `None` when the lease has ended meanwhile.
    pub(super) fn name_held(&mut self, lease: u64, delivery: DeliveryId) -> Option<Timestamp> {
        let held = self.claims.get_mut(&lease)?;
        held.delivery = delivery;
        Some(held.ends)
    }

    /// Ends the claim, if it is still its holder's.
    pub(super) fn release(&mut self, claim: &Claim, now: Timestamp) -> Result<Held, QueueError> {
        self.end_leases(now);
        let held = self.claims.get(&claim.lease).filter(|held| held.delivery == claim.delivery.id).copied();
        let held = held.ok_or(QueueError::LeaseEnded(claim.delivery.id))?;
        self.claims.remove(&claim.lease);
        Ok(held)
    }

    /// Puts claimed deliveries back to the heads of their lanes: nobody has them.
    pub(super) fn put_back(&mut self, leases: impl DoubleEndedIterator<Item = u64>) {
        for lease in leases.rev() {
            if let Some(held) = self.claims.remove(&lease) {
                self.lanes.put_back(held.lane, held.place);
            }
        }
    }

    /// Takes in what is durable now at `unit` of a segment: lanes get their deliveries, the claims asked for
    /// are made, and the place where the delivery was kept before is let go. Says also whether `due` has
    /// something new to say.
    pub(super) fn kept(&mut self, keep: Keep, segment: u32, unit: u32) -> (Vec<Claim>, bool) {
        if let Some(written) = self.segment_mut(segment) {
            written.add(keep.event.id, unit, keep.recorded, keep.deliveries.len());
        }
        self.pending += keep.deliveries.len() as u64;
        if keep.replaces.is_some_and(|mark| self.clear(mark)) {
            self.pending -= 1;
        }
        let mut claims = Vec::new();
        let mut news = false;
        for (ordinal, (delivery, claim)) in keep.deliveries.into_iter().enumerate() {
            let place = Place::new(segment, unit, ordinal);
            // One that would overtake its lane waits its turn, whatever was asked.
            if claim && delivery.due <= keep.at && !self.lanes.has_due(delivery.lane, keep.at) {
                let lease = self.hold(delivery.id, place, delivery.lane, keep.at);
                claims.push(Claim { delivery, lease, lease_ends: keep.at + LEASE });
            } else {
                news |= self.lanes.push(delivery.lane, place, delivery.due.max(keep.at), keep.at);
                if delivery.due <= keep.at {
                    self.fresh.keep(place, delivery);
                }
            }
        }
        (claims, news)
    }

    /// How much is in flight.
    pub(super) fn backlog(&self, now: Timestamp) -> Backlog {
        Backlog {
            pending: self.pending,
            // What is settled for another try counts as claimed until it stands in its lane again.
            claimed: (self.claims.len() + self.intake.moves.len() + self.intake.moving) as u64,
            due_lanes: self.lanes.count_due(now),
            bytes: self.bytes,
        }
    }

    /// Takes the oldest segment out when nothing holds it back, so that its file can go.
    ///
    /// The oldest only: a later one may hold the marks by which an older one's deliveries are known as settled.
    pub(super) fn take_dead_front(&mut self) -> Option<Segment> {
        let front = self.segments.front()?;
        if self.segments.len() < 2 || !front.is_dead() || self.compacting == Some(front.number) {
            return None;
        }
        self.bytes -= front.bytes;
        self.segments.pop_front()
    }

    fn hold(&mut self, delivery: DeliveryId, place: Place, lane: Lane, now: Timestamp) -> u64 {
        let lease = self.next_lease;
        self.next_lease += 1;
        self.claims.insert(lease, Held { delivery, place, lane, ends: now + LEASE });
        lease
    }

    /// Leases end in the order they began, since all are as long.
    fn end_leases(&mut self, now: Timestamp) {
        let ended = self.claims.iter().take_while(|(_, held)| held.ends <= now).map(|(lease, _)| *lease);
        let ended: Vec<_> = ended.collect();
        self.put_back(ended.into_iter());
    }
}

impl Intake {
    /// Whether the writer has a reason to wake.
    pub(super) fn is_ready(&self) -> bool {
        let kept_back = self.moves.is_empty() && self.marks.is_empty();
        self.closing || !self.commands.is_empty() || (!kept_back && (self.nudged || !self.stalled))
    }

    /// Takes what fits in one batch. Moves beyond `most_bytes` wait for the next.
    pub(super) fn take(&mut self, most_bytes: usize) -> Work {
        self.nudged = false;
        self.deliveries = 0;
        let mut weight = 0;
        let fits = |keep: &&Keep| {
            weight += keep.weight();
            weight <= most_bytes
        };
        let moves = self.moves.iter().take_while(fits).count().max(1).min(self.moves.len());
        self.moving = moves;
        Work {
            commands: std::mem::take(&mut self.commands),
            moves: self.moves.drain(..moves).collect(),
            marks: std::mem::take(&mut self.marks),
        }
    }
}

/// One batch of work for the writer.
#[derive(Debug)]
pub(super) struct Work {
    /// Appends whose callers wait.
    pub(super) commands: Vec<Command>,
    /// Deliveries that are to be tried again.
    pub(super) moves: Vec<Keep>,
    /// Slots that hold their segments back no longer.
    pub(super) marks: Vec<Mark>,
}

/// A delivery to be kept anew, for its next attempt.
pub(super) fn next_try(claim: &Claim, held: Held, due: Timestamp, now: Timestamp) -> Keep {
    let began = claim.lease_ends - LEASE;
    let mut delivery = claim.delivery.clone();
    delivery.attempts += 1;
    delivery.first_tried_at = delivery.first_tried_at.or(Some(began));
    delivery.postponed = false;
    moved(Delivery { due, ..delivery }, held, now)
}

/// The delivery as it stands in the queue after being put off without an attempt.
pub(super) fn postponed(claim: &Claim, held: Held, due: Timestamp, now: Timestamp) -> Keep {
    moved(Delivery { due, postponed: true, ..claim.delivery.clone() }, held, now)
}

fn moved(delivery: Delivery, held: Held, now: Timestamp) -> Keep {
    Keep {
        event: Arc::clone(&delivery.event),
        at: now,
        recorded: true,
        deliveries: vec![(delivery, false)],
        replaces: Some(held.place.mark()),
    }
}
