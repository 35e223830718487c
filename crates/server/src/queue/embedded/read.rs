//! Reading records back: a window that slides over one file, and deliveries by their places.

use std::collections::HashSet;
use std::io;
use std::sync::Arc;

use fieldhook_core::event::Event;
use fieldhook_core::id::EventId;
use tracing::error;

use super::Shared;
use super::disk::File;
use super::record::{Body, Head, Mark, Place, Record, UNIT, Unreadable, event_in};
use super::state::State;
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
        if !self.holds(at, size) {
            let wanted = (size.max(ahead) as u64).min(self.size - at) as usize;
            self.bytes.resize(wanted, 0);
            self.start = at;
            let read = self.file.read_at(&mut self.bytes, at);
            self.bytes.truncate(*read.as_ref().unwrap_or(&0));
            read?;
        }
        let from = (at - self.start) as usize;
        Ok(self.bytes.get(from..from + size))
    }

    fn holds(&self, at: u64, size: usize) -> bool {
        at >= self.start && at + size as u64 <= self.start + self.bytes.len() as u64
    }
}

/// A kept event with its deliveries, and where it was first written.
pub(super) struct Kept {
    segment: u32,
    unit: u32,
    head: Head,
    event: Arc<Event>,
}

/// An event that is not recorded, with its unsettled deliveries.
type Unrecorded = (Arc<Event>, Vec<Delivery>);

impl Shared {
    /// Reads deliveries back, each as it was kept.
    pub(super) fn deliveries(&self, places: &[Place]) -> Vec<Result<Delivery, QueueError>> {
        let mut order: Vec<usize> = (0..places.len()).collect();
        order.sort_unstable_by_key(|index| places[*index]);

        let mut read: Vec<_> = places.iter().map(|_| None).collect();
        for group in order.chunk_by(|one, other| places[*one].segment() == places[*other].segment()) {
            let units: Vec<u32> = group.iter().map(|index| places[*index].unit()).collect();
            let mut records = self.locate(places[group[0]].segment(), &units);
            for (nth, index) in group.iter().enumerate() {
                read[*index] = Some(match &mut records {
                    Ok(records) => records.read(nth).and_then(|kept| delivery_of(kept, places[*index])),
                    Err(error) => Err(unreachable(error)),
                });
            }
        }
        read.into_iter().map(|delivery| delivery.expect("each place is in one group")).collect()
    }

    /// The records in which the event is kept.
    pub(super) fn records_of(&self, id: EventId) -> Result<Vec<Kept>, QueueError> {
        let candidates = self.state.lock().candidates(id);
        let mut found = Vec::new();
        for (segment, unit, _) in candidates {
            let mut records = self.locate(segment, &[unit]).map_err(|error| unreachable(&error))?;
            found.extend(records.read(0)?.filter(|kept| kept.head.event == id));
        }
        Ok(found)
    }

    /// Whether the event or one of its deliveries is in flight.
    pub(super) fn is_in_flight(&self, id: EventId) -> Result<bool, QueueError> {
        let records = self.records_of(id)?;
        let state = self.state.lock();
        Ok(records.iter().any(|kept| {
            let slots = kept.unit..=kept.unit + kept.head.deliveries.len() as u32;
            state.segment(kept.segment).is_some_and(|segment| segment.live.any(slots))
        }))
    }

    /// Events of an earlier run that are not recorded, with their unsettled deliveries; empty only when there is none.
    pub(super) fn unrecorded(&self, most: usize) -> Result<Vec<Unrecorded>, QueueError> {
        loop {
            // Others may take away from the list meanwhile, so nothing is known by its place in it.
            let next: Vec<EventId> = self.state.lock().earlier.iter().take(most).copied().collect();
            let (mut found, mut over) = (Vec::new(), HashSet::new());
            for id in next {
                let records = self.records_of(id)?;
                match unsettled(&self.state.lock(), records) {
                    Some(unrecorded) => found.push(unrecorded),
                    None => drop(over.insert(id)),
                }
            }
            if !over.is_empty() {
                self.state.lock().earlier.retain(|id| !over.contains(id));
            }
            if over.is_empty() || !found.is_empty() {
                return Ok(found);
            }
        }
    }

    /// Notes as recorded events that may be kept in packed segments.
    pub(super) fn look_up_recorded(&self, events: &[EventId]) -> Result<(), QueueError> {
        for id in events {
            let records = self.records_of(*id)?;
            let mut state = self.state.lock();
            for kept in records {
                state.clear_and_note(kept.mark());
            }
        }
        self.wake.notify_one();
        Ok(())
    }

    /// Opens a segment's file, and finds where records stand in it now that were written at these units.
    fn locate(&self, segment: u32, units: &[u32]) -> io::Result<Located> {
        loop {
            let (name, offsets) = match self.state.lock().segment(segment) {
                Some(found) => {
                    (found.name(), units.iter().map(|unit| Some((*unit, found.byte_of(*unit)?))).collect())
                }
                None => return Ok(Located::nowhere()),
            };
            match self.disk.open(&name) {
                Ok(file) => {
                    let path = self.path(&name);
                    return Ok(Located { path, window: Some(Window::on(file, segment)?), offsets });
                }
                // It has been compacted or removed since the lock was let go.
                Err(error)
                    if error.kind() == io::ErrorKind::NotFound && self.has_moved_on(segment, &name) => {}
                Err(error) => return Err(error),
            }
        }
    }

    fn has_moved_on(&self, segment: u32, name: &str) -> bool {
        self.state.lock().segment(segment).is_none_or(|segment| segment.name() != name)
    }
}

/// A segment's file with the records that are wanted of it; sorted ones are read fastest.
struct Located {
    path: String,
    window: Option<Window>,
    /// The unit at which each was written, and the byte at which it stands.
    offsets: Vec<Option<(u32, u64)>>,
}

impl Located {
    /// Where nothing is found, since nothing in the segment was in flight.
    fn nowhere() -> Self {
        Self { path: String::new(), window: None, offsets: Vec::new() }
    }

    /// The wanted record; `None` when it is there no more.
    fn read(&mut self, nth: usize) -> Result<Option<Kept>, QueueError> {
        let (Some(window), Some(Some((unit, at)))) = (&mut self.window, self.offsets.get(nth).copied())
        else {
            return Ok(None);
        };
        let segment = window.segment;
        let ahead = if window.holds(at, UNIT) { 0 } else { reach(&self.offsets[nth..], at) };
        let record = window.record(at, ahead).map_err(|error| unreachable(&error))?;
        let kept = record.ok_or(Unreadable::Body).and_then(|record| match record.body()? {
            Body::Kept(head, rest) => Ok(Kept { segment, unit, head, event: Arc::new(event_in(rest)?) }),
            Body::Cleared(_) => Err(Unreadable::Body),
        });
        let damaged = |why| QueueError::Damaged(format!("{} cannot be read at byte {at}: {why}", self.path));
        kept.map(Some).map_err(damaged)
    }
}

impl Kept {
    /// What is to be cleared when the event is recorded.
    fn mark(&self) -> Mark {
        Mark { segment: self.segment, slot: self.unit }
    }
}

fn delivery_of(kept: Option<Kept>, place: Place) -> Result<Delivery, QueueError> {
    let delivery = kept.and_then(|mut kept| {
        let there = place.ordinal() < kept.head.deliveries.len();
        there.then(|| kept.head.deliveries.swap_remove(place.ordinal()).with(kept.event))
    });
    delivery.ok_or_else(|| {
        QueueError::Damaged(format!("no delivery stands at {place:?}, though one is in flight"))
    })
}

/// The event with its unsettled deliveries, unless it is recorded.
fn unsettled(state: &State, records: Vec<Kept>) -> Option<Unrecorded> {
    let awaiting = records.iter().find(|kept| !kept.head.recorded && state.is_live(kept.mark()))?;
    let event = Arc::clone(&awaiting.event);
    let mut deliveries = Vec::new();
    for Kept { segment, unit, head, .. } in records {
        for (ordinal, kept) in head.deliveries.into_iter().enumerate() {
            if state.is_live(Place::new(segment, unit, ordinal).mark()) {
                deliveries.push(kept.with(Arc::clone(&event)));
            }
        }
    }
    Some((event, deliveries))
}

/// How much to read from `at` so that what is wanted next is there too.
fn reach(wanted: &[Option<(u32, u64)>], at: u64) -> usize {
    let near = |offset: &&u64| (at..at + REACH).contains(*offset);
    let last =
        wanted.iter().flatten().map(|(_, offset)| offset).take_while(near).last().copied().unwrap_or(at);
    (last - at) as usize + TAIL
}

fn unreachable(error: &io::Error) -> QueueError {
    error!(%error, "the queue cannot read its files");
    QueueError::Unavailable(format!("its files cannot be read: {error}"))
}
