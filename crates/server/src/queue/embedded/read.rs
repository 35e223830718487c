//! Reading records back: a window that slides over one file, and deliveries by their places.

use std::io;
use std::sync::Arc;

use fieldhook_core::event::Event;
use fieldhook_core::id::EventId;
use tracing::error;

use super::Shared;
use super::disk::File;
use super::record::{Body, Head, Mark, Place, Record, UNIT, Unreadable, event_in};
use crate::queue::{Delivery, QueueError};

/// How far apart two records may stand to be read in one go.
const REACH: u64 = 64 << 10;
/// What is read beyond the last wanted record's beginning, so that most are there whole.
const TAIL: usize = 4 << 10;

/// A part of a segment's file in memory.
pub(super) struct Window {
    file: Box<dyn File>,
    segment: u32,
    size: u64,
    start: u64,
    bytes: Vec<u8>,
}

impl Window {
    /// A window on a file of this segment.
    pub(super) fn on(file: Box<dyn File>, segment: u32) -> io::Result<Self> {
        let size = file.size()?;
        Ok(Self { file, segment, size, start: 0, bytes: Vec::new() })
    }

    /// Bytes of the file.
    pub(super) fn size(&self) -> u64 {
        self.size
    }

    /// The record at byte `at`, if a sound one stands there. When it has to read, it reads `ahead` bytes.
    pub(super) fn record(&mut self, at: u64, ahead: usize) -> io::Result<Option<Record<'_>>> {
        let Some(start) = self.bytes(at, UNIT, ahead)? else { return Ok(None) };
        let Some(size) = Record::size(start) else { return Ok(None) };
        let segment = self.segment;
        Ok(self.bytes(at, size, ahead)?.and_then(|bytes| Record::parse(bytes, segment)))
    }

    /// `size` bytes from `at`; `None` when the file ends before.
    pub(super) fn bytes(&mut self, at: u64, size: usize, ahead: usize) -> io::Result<Option<&[u8]>> {
        if at + size as u64 > self.size {
            return Ok(None);
        }
        let there = at >= self.start && at + size as u64 <= self.start + self.bytes.len() as u64;
        if !there {
            let wanted = (size.max(ahead) as u64).min(self.size - at) as usize;
            self.bytes.resize(wanted, 0);
            let read = self.file.read_at(&mut self.bytes, at)?;
            self.bytes.truncate(read);
            self.start = at;
        }
        let from = (at - self.start) as usize;
        Ok(self.bytes.get(from..from + size))
    }
}

impl Shared {
    /// Reads deliveries back, each as it was kept.
    pub(super) fn deliveries(&self, places: &[Place]) -> Vec<Result<Delivery, QueueError>> {
        let mut order: Vec<usize> = (0..places.len()).collect();
        order.sort_unstable_by_key(|index| places[*index]);

        let mut read: Vec<_> = places.iter().map(|_| None).collect();
        for group in order.chunk_by(|one, other| places[*one].segment() == places[*other].segment()) {
            let units: Vec<u32> = group.iter().map(|index| places[*index].unit()).collect();
            match self.records(places[group[0]].segment(), &units) {
                Ok(records) => {
                    for (index, record) in group.iter().zip(records) {
                        read[*index] = Some(record.and_then(|kept| kept.delivery(places[*index])));
                    }
                }
                Err(error) => group.iter().for_each(|index| read[*index] = Some(Err(unreachable(&error)))),
            }
        }
        read.into_iter().map(|delivery| delivery.expect("each place is in one group")).collect()
    }

    /// The records in which the event is kept, each with its segment and unit.
    pub(super) fn records_of(&self, id: EventId) -> Result<Vec<(u32, u32, Head, Arc<Event>)>, QueueError> {
        let candidates = self.state.lock().candidates(id);
        let mut found = Vec::new();
        for (segment, unit, _) in candidates {
            let records = match self.records(segment, &[unit]) {
                Ok(records) => records,
                // Its segment was removed meanwhile, as nothing in it was in flight.
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(unreachable(&error)),
            };
            for record in records {
                match record {
                    Ok(kept) if kept.head.event == id => found.push((segment, unit, kept.head, kept.event)),
                    Ok(_) => {}
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(found)
    }

    /// Whether the event or one of its deliveries is in flight.
    pub(super) fn is_in_flight(&self, id: EventId) -> Result<bool, QueueError> {
        let records = self.records_of(id)?;
        let state = self.state.lock();
        Ok(records.iter().any(|(segment, unit, head, _)| {
            let slots = *unit..=*unit + head.deliveries.len() as u32;
            state.segment(*segment).is_some_and(|segment| segment.live.any(slots))
        }))
    }

    /// Events of an earlier run that are not recorded, with their unsettled deliveries.
    pub(super) fn unrecorded(&self, most: usize) -> Result<Vec<(Arc<Event>, Vec<Delivery>)>, QueueError> {
        let mut found = Vec::new();
        let mut known = 0;
        while found.len() < most {
            let Some(id) = self.state.lock().earlier.get(known).copied() else { break };
            let records = self.records_of(id)?;
            let mut state = self.state.lock();
            let awaits = |(segment, unit, head, _): &&(u32, u32, Head, Arc<Event>)| {
                !head.recorded && state.is_live(Mark { segment: *segment, slot: *unit })
            };
            let Some((_, _, _, event)) = records.iter().find(awaits) else {
                state.earlier.remove(known);
                continue;
            };
            let event = Arc::clone(event);
            let mut deliveries = Vec::new();
            for (segment, unit, head, _) in records {
                for (ordinal, kept) in head.deliveries.into_iter().enumerate() {
                    if state.is_live(Place::new(segment, unit, ordinal).mark()) {
                        deliveries.push(kept.with(Arc::clone(&event)));
                    }
                }
            }
            found.push((event, deliveries));
            known += 1;
        }
        Ok(found)
    }

    /// The records that were written at these units of a segment, in this order; sorted units are read fastest.
    fn records(&self, segment: u32, units: &[u32]) -> io::Result<Vec<Result<Kept, QueueError>>> {
        loop {
            let (name, now) = {
                let state = self.state.lock();
                let Some(found) = state.segment(segment) else {
                    return Err(io::Error::new(io::ErrorKind::NotFound, format!("segment {segment} is gone")));
                };
                let now: Vec<_> = units.iter().map(|unit| found.unit_now(*unit)).collect();
                (found.name(), now)
            };
            let file = match self.disk.open(&name) {
                Ok(file) => file,
                // It has been compacted since the lock was let go, and has another name.
                Err(error) if error.kind() == io::ErrorKind::NotFound && self.has_moved_on(segment, &name) => continue,
                Err(error) => return Err(error),
            };
            let mut window = Window::on(file, segment)?;
            let offsets: Vec<_> = now.iter().map(|unit| unit.map(|unit| u64::from(unit) * UNIT as u64)).collect();
            let mut records: Vec<Result<Kept, QueueError>> = Vec::with_capacity(units.len());
            for (index, offset) in offsets.iter().enumerate() {
                let record = match *offset {
                    None => None,
                    Some(at) => window.record(at, reach(&offsets[index..], at))?.map(|record| Kept::of(&record)),
                };
                records.push(record.unwrap_or(Err(Unreadable::Body)).map_err(|why| {
                    let at = offset.unwrap_or_default();
                    QueueError::Damaged(format!("{} cannot be read at byte {at}: {why}", self.path(&name)))
                }));
            }
            return Ok(records);
        }
    }

    fn has_moved_on(&self, segment: u32, name: &str) -> bool {
        self.state.lock().segment(segment).is_none_or(|segment| segment.name() != name)
    }
}

/// How much to read from `at` so that what is wanted next is there too.
fn reach(wanted: &[Option<u64>], at: u64) -> usize {
    let near = |offset: &&u64| (at..at + REACH).contains(*offset);
    let last = wanted.iter().flatten().take_while(near).last().copied().unwrap_or(at);
    (last - at) as usize + TAIL
}

fn unreachable(error: &io::Error) -> QueueError {
    error!(%error, "the queue cannot read its files");
    QueueError::Unavailable(format!("its files cannot be read: {error}"))
}

/// A kept event with its deliveries, read back.
struct Kept {
    head: Head,
    event: Arc<Event>,
}

impl Kept {
    fn of(record: &Record<'_>) -> Result<Self, Unreadable> {
        match record.body()? {
            Body::Kept(head, rest) => Ok(Self { head, event: Arc::new(event_in(rest)?) }),
            Body::Cleared(_) => Err(Unreadable::Body),
        }
    }

    fn delivery(mut self, place: Place) -> Result<Delivery, QueueError> {
        if place.ordinal() >= self.head.deliveries.len() {
            return Err(QueueError::Damaged(format!("a record of event {} lacks a delivery", self.head.event)));
        }
        Ok(self.head.deliveries.swap_remove(place.ordinal()).with(self.event))
    }
}
