//! How a segment stands on disk.
//!
//! A segment is a file of units of 32 bytes: one unit of `Opening`, then records, each a whole number of
//! units. A record is 20 bytes of header and a body:
//!
//! ```text
//! magic u16 · version u8 · kind u8 · units u32 · unit u32 · synced u32 · checksum u32 · body, zeros
//! ```
//!
//! `unit` is where the record was first written, and stays when its segment is compacted. `synced` is how many
//! units of the segment were durable when it was written: by this, a start can tell a torn tail from damage to
//! what had been acknowledged. The checksum covers all of the record and the segment's number, so that bytes
//! of another file, another place or another time do not pass for a record.
//!
//! A *slot* numbers what holds a segment back. A kept event that stands at unit `u` has slot `u` until it is
//! recorded, its deliveries have `u + 1`, `u + 2`, … until they are settled. Slots of two records never meet,
//! since a record has at least one unit for each of its slots.

use std::sync::Arc;

use fieldhook_core::event::Event;
use fieldhook_core::id::{DeliveryId, EventId, IntegrationId};
use fieldhook_core::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::queue::{Delivery, Lane, Replayed};

/// Bytes of a unit.
pub(super) const UNIT: usize = 32;
/// Most deliveries that one record can keep.
pub(super) const MOST_DELIVERIES: usize = (1 << ORDINAL_BITS) - 1;
/// Most bytes at which a segment may be told to end; a batch goes beyond it by its own size.
pub(super) const MOST_SEGMENT_BYTES: u64 = 64 << 20;
/// The highest number a segment can have: some 18 PB after the first.
pub(super) const LAST_SEGMENT: u32 = (1 << 28) - 1;

const ORDINAL_BITS: u32 = 14;
const UNIT_BITS: u32 = 22;
const HEADER: usize = 20;
const CHECKSUM_AT: usize = 16;
const MAGIC: u16 = 0xF1E1;
const VERSION: u8 = 1;
const KEPT: u8 = 1;
const CLEARED: u8 = 2;

/// Where a delivery is kept: segment, unit of its record, and its place among the record's deliveries.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(super) struct Place(u64);

impl Place {
    /// The place of the delivery `ordinal` in the record at `unit`.
    pub(super) fn new(segment: u32, unit: u32, ordinal: usize) -> Self {
        debug_assert!(segment <= LAST_SEGMENT && unit < 1 << UNIT_BITS && ordinal <= MOST_DELIVERIES);
        Self(
            u64::from(segment) << (UNIT_BITS + ORDINAL_BITS)
                | u64::from(unit) << ORDINAL_BITS
                | ordinal as u64,
        )
    }

    /// The segment's number.
    pub(super) fn segment(self) -> u32 {
        (self.0 >> (UNIT_BITS + ORDINAL_BITS)) as u32
    }

    /// The unit at which the record stands.
    pub(super) fn unit(self) -> u32 {
        (self.0 >> ORDINAL_BITS) as u32 & ((1 << UNIT_BITS) - 1)
    }

    /// Which of the record's deliveries it is, from 0.
    pub(super) fn ordinal(self) -> usize {
        self.0 as usize & MOST_DELIVERIES
    }

    /// What is to be cleared when it is settled.
    pub(super) fn mark(self) -> Mark {
        Mark { segment: self.segment(), slot: self.unit() + 1 + self.ordinal() as u32 }
    }
}

/// A slot that holds its segment back no longer.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub(super) struct Mark {
    /// The segment's number.
    pub(super) segment: u32,
    /// The slot in it.
    pub(super) slot: u32,
}

/// What a record says of an event: all but the event itself, which follows and is read only when needed.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Head {
    /// The event.
    pub(super) event: EventId,
    /// When it was handed to the queue.
    pub(super) at: Timestamp,
    /// Whether the store had the event already.
    pub(super) recorded: bool,
    /// Its deliveries.
    pub(super) deliveries: Vec<KeptDelivery>,
    /// The delivery in whose place this record stands.
    pub(super) replaces: Option<Mark>,
}

/// A delivery, without its event.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct KeptDelivery {
    /// Its id.
    pub(super) id: DeliveryId,
    integration: IntegrationId,
    /// Its lane.
    pub(super) lane: Lane,
    due: Timestamp,
    attempts: u32,
    first_tried_at: Option<Timestamp>,
    replayed: Option<Replayed>,
    postponed: bool,
}

impl Head {
    /// When the delivery fell due, or will: not before it was in the queue.
    pub(super) fn falls_due(&self, delivery: &KeptDelivery) -> Timestamp {
        delivery.due.max(self.at)
    }
}

impl KeptDelivery {
    fn of(delivery: &Delivery) -> Self {
        Self {
            id: delivery.id,
            integration: delivery.integration,
            lane: delivery.lane,
            due: delivery.due,
            attempts: delivery.attempts,
            first_tried_at: delivery.first_tried_at,
            replayed: delivery.replayed.clone(),
            postponed: delivery.postponed,
        }
    }

    /// The delivery, with its event.
    pub(super) fn with(self, event: Arc<Event>) -> Delivery {
        Delivery {
            id: self.id,
            event,
            integration: self.integration,
            lane: self.lane,
            due: self.due,
            attempts: self.attempts,
            first_tried_at: self.first_tried_at,
            replayed: self.replayed,
            postponed: self.postponed,
        }
    }
}

/// An event with deliveries, to be kept.
#[derive(Debug)]
pub(super) struct Keep {
    /// The event.
    pub(super) event: Arc<Event>,
    /// When it was handed to the queue.
    pub(super) at: Timestamp,
    /// Whether the store has the event already.
    pub(super) recorded: bool,
    /// Its deliveries, with whether each is to be claimed in the same breath.
    pub(super) deliveries: Vec<(Delivery, bool)>,
    /// Where the delivery was kept until now.
    pub(super) replaces: Option<Mark>,
}

impl Keep {
    /// About how many bytes it takes.
    pub(super) fn weight(&self) -> usize {
        256 + self.event.data_text().len() + 128 * self.deliveries.len()
    }
}

/// What a record holds.
pub(super) enum Body<'a> {
    /// An event, and its own bytes.
    Kept(Head, &'a [u8]),
    /// Slots that hold their segments back no longer.
    Cleared(Vec<Mark>),
}

/// One record, its checksum found right.
#[derive(Clone, Copy)]
pub(super) struct Record<'a> {
    /// All of its bytes.
    pub(super) bytes: &'a [u8],
    /// The unit at which it was first written.
    pub(super) unit: u32,
    /// Units of its segment that were durable when it was written.
    pub(super) synced: u32,
    version: u8,
    kind: u8,
}

/// Why the bytes of a record whose checksum is right cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unreadable {
    /// A later Fieldhook wrote it.
    #[error("it was written in format {0}, and this Fieldhook reads format {VERSION} only")]
    Version(u8),
    /// It does not say what its kind should.
    #[error("its body is not what its kind says")]
    Body,
}

impl<'a> Record<'a> {
    /// How many bytes the record that begins with `start` has; `None` when no record begins so.
    pub(super) fn size(start: &[u8]) -> Option<usize> {
        let magic = u16::from_le_bytes(start.get(..2)?.try_into().ok()?);
        let size = u32_at(start, 4)? as usize * UNIT;
        (magic == MAGIC && size >= UNIT).then_some(size)
    }

    /// The record that `bytes` begins with; `None` when they do not begin with a whole, sound one.
    pub(super) fn parse(bytes: &'a [u8], segment: u32) -> Option<Self> {
        let bytes = bytes.get(..Self::size(bytes)?)?;
        (checksum(bytes, segment) == u32_at(bytes, CHECKSUM_AT)?).then_some(())?;
        Some(Self {
            bytes,
            unit: u32_at(bytes, 8)?,
            synced: u32_at(bytes, 12)?,
            version: bytes[2],
            kind: bytes[3],
        })
    }

    /// What it holds.
    pub(super) fn body(&self) -> Result<Body<'a>, Unreadable> {
        if self.version != VERSION {
            return Err(Unreadable::Version(self.version));
        }
        let body = &self.bytes[HEADER..];
        let read = match self.kind {
            KEPT => postcard::take_from_bytes(body).map(|(head, event)| Body::Kept(head, event)),
            CLEARED => postcard::take_from_bytes(body).map(|(marks, _)| Body::Cleared(marks)),
            _ => return Err(Unreadable::Body),
        };
        read.map_err(|_| Unreadable::Body)
    }
}

/// The event in the rest of a kept record.
pub(super) fn event_in(bytes: &[u8]) -> Result<Event, Unreadable> {
    postcard::take_from_bytes(bytes).map(|(event, _)| event).map_err(|_| Unreadable::Body)
}

/// Records on their way to a segment. Where they will stand is said last, by [`Batch::seal`].
#[derive(Debug, Default)]
pub(super) struct Batch {
    bytes: Vec<u8>,
    starts: Vec<usize>,
}

impl Batch {
    /// Forgets what it holds, and keeps its memory unless that was unusually much.
    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.bytes.shrink_to(4 << 20);
        self.starts.clear();
    }

    /// Adds a record that keeps an event; says how many units into the batch it stands.
    pub(super) fn keep(&mut self, keep: &Keep) -> u32 {
        let head = Head {
            event: keep.event.id,
            at: keep.at,
            recorded: keep.recorded,
            deliveries: keep.deliveries.iter().map(|(delivery, _)| KeptDelivery::of(delivery)).collect(),
            replaces: keep.replaces,
        };
        let start = self.begin(KEPT);
        self.write(&head);
        self.write(&*keep.event);
        self.end(start, 1 + keep.deliveries.len())
    }

    /// Adds a record that clears slots.
    pub(super) fn clear_slots(&mut self, marks: &[Mark]) {
        let start = self.begin(CLEARED);
        self.write(&marks);
        self.end(start, 1);
    }

    /// Its bytes, fit to stand at `unit` of this segment, of which `synced` units are durable.
    pub(super) fn seal(&mut self, segment: u32, unit: u32, synced: u32) -> &[u8] {
        let ends = self.starts.iter().skip(1).copied().chain([self.bytes.len()]);
        for (start, end) in self.starts.iter().copied().zip(ends) {
            let record = &mut self.bytes[start..end];
            record[8..12].copy_from_slice(&(unit + (start / UNIT) as u32).to_le_bytes());
            record[12..16].copy_from_slice(&synced.to_le_bytes());
            let sum = checksum(record, segment);
            record[CHECKSUM_AT..HEADER].copy_from_slice(&sum.to_le_bytes());
        }
        &self.bytes
    }

    /// Bytes it has.
    pub(super) fn size(&self) -> u64 {
        self.bytes.len() as u64
    }

    fn begin(&mut self, kind: u8) -> usize {
        let start = self.bytes.len();
        self.starts.push(start);
        self.bytes.extend_from_slice(&MAGIC.to_le_bytes());
        self.bytes.extend_from_slice(&[VERSION, kind]);
        self.bytes.resize(start + HEADER, 0);
        start
    }

    fn write(&mut self, part: &impl Serialize) {
        let bytes = std::mem::take(&mut self.bytes);
        self.bytes = postcard::to_extend(part, bytes)
            .expect("memory takes what is written, and no part is of unknown length");
    }

    fn end(&mut self, start: usize, slots: usize) -> u32 {
        let units = (self.bytes.len() - start).div_ceil(UNIT).max(slots);
        self.bytes.resize(start + units * UNIT, 0);
        self.bytes[start + 4..start + 8].copy_from_slice(&(units as u32).to_le_bytes());
        (start / UNIT) as u32
    }
}

/// The number at this offset; `None` when the bytes end before.
pub(super) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

fn checksum(record: &[u8], segment: u32) -> u32 {
    let mut sum = crc32fast::Hasher::new();
    sum.update(&segment.to_le_bytes());
    sum.update(&record[..CHECKSUM_AT]);
    sum.update(&record[HEADER..]);
    sum.finalize()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::queue::contract::{delivery, event};

    fn batch_of_two() -> Batch {
        let event = event(1);
        let mut batch = Batch::default();
        let deliveries = vec![(delivery(&event, 1), false), (delivery(&event, 2), true)];
        let at = Timestamp::from_millis(5);
        batch.keep(&Keep { event, at, recorded: false, deliveries, replaces: None });
        batch.clear_slots(&[Mark { segment: 3, slot: 9 }]);
        batch
    }

    #[test]
    fn records_read_back_as_they_were_written() {
        let mut batch = batch_of_two();
        let bytes = batch.seal(4, 10, 7);

        let first = Record::parse(bytes, 4).unwrap();
        assert_eq!((first.unit, first.synced), (10, 7));
        let Ok(Body::Kept(head, rest)) = first.body() else { panic!("the first record keeps an event") };
        let event = Arc::new(event_in(rest).unwrap());
        let read: Vec<_> = head.deliveries.into_iter().map(|kept| kept.with(Arc::clone(&event))).collect();
        assert_eq!(read, [delivery(&event, 1), delivery(&event, 2)]);

        let second = Record::parse(&bytes[first.bytes.len()..], 4).unwrap();
        assert_eq!(second.unit, 10 + (first.bytes.len() / UNIT) as u32);
        let Ok(Body::Cleared(marks)) = second.body() else { panic!("the second record clears slots") };
        assert_eq!(marks, [Mark { segment: 3, slot: 9 }]);
    }

    #[test]
    fn any_flipped_bit_unmakes_a_record_and_so_does_another_segment() {
        let mut batch = batch_of_two();
        let sound = batch.seal(4, 10, 7).to_vec();
        let size = Record::parse(&sound, 4).unwrap().bytes.len();
        assert!(Record::parse(&sound, 5).is_none());

        for bit in 0..size * 8 {
            let mut flipped = sound.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(Record::parse(&flipped, 4).is_none(), "bit {bit}");
        }
    }

    #[test]
    fn the_slots_of_neighbours_never_meet() {
        let event = event(1);
        let mut batch = Batch::default();
        let keep = |deliveries: usize| Keep {
            event: Arc::clone(&event),
            at: Timestamp::default(),
            recorded: false,
            deliveries: (0..deliveries).map(|n| (delivery(&event, n as u64), false)).collect(),
            replaces: None,
        };
        let mut free = 0;
        for deliveries in [0, 1, 2, 40, 1] {
            let unit = batch.keep(&keep(deliveries));
            assert!(unit >= free);
            free = unit + 1 + deliveries as u32;
        }
    }

    #[test]
    fn a_place_reads_back_its_parts_at_their_limits() {
        let place = Place::new(LAST_SEGMENT, (1 << UNIT_BITS) - 1, MOST_DELIVERIES);
        assert_eq!(place.segment(), LAST_SEGMENT);
        assert_eq!(place.unit(), (1 << UNIT_BITS) - 1);
        assert_eq!(place.ordinal(), MOST_DELIVERIES);
    }
}
