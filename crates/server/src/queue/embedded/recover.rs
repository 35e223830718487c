//! The start: what the files say is in flight.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::io;
use std::path::Path;

use fieldhook_core::id::EventId;
use fieldhook_core::time::Timestamp;
use tracing::warn;

use super::disk::Disk;
use super::opening::{Opening, Synced};
use super::read::Window;
use super::record::{Body, Mark, Place, Record, UNIT, Unreadable};
use super::segment::{Ids, Packed, Segment, name, read_name};
use super::state::State;
use crate::queue::{Lane, QueueError};

/// How much of a file is read at once.
const STRIDE: usize = 1 << 20;

/// Reads all segments and says what is in flight.
///
/// A crash can leave, of the last segment alone, an opening that was never finished or records that were never
/// acknowledged; these are dropped, with a warning. Anything else that does not read is damage, and is refused:
/// a person must decide, since going on would lose what was acknowledged.
pub(super) fn recover(disk: &dyn Disk, dir: &Path) -> Result<State, QueueError> {
    let start =
        Start { disk, dir, found: Found::default(), note: read_note(disk).map_err(|e| io_error(dir, &e))? };
    let files = start.files().map_err(|error| io_error(dir, &error))?;
    start.read(&files)
}

/// One segment's file, and what its first unit says.
struct SegmentFile {
    number: u32,
    generation: u32,
    opening: Opening,
}

struct Start<'a> {
    disk: &'a dyn Disk,
    dir: &'a Path,
    found: Found,
    note: Option<Synced>,
}

/// What the records said.
#[derive(Default)]
struct Found {
    segments: VecDeque<Segment>,
    waiting: HashMap<Lane, Vec<(Timestamp, Place)>>,
    unrecorded: Vec<(EventId, Mark)>,
    latest: Timestamp,
}

impl Start<'_> {
    /// The segments' files in order. Removes what a compaction has left behind.
    fn files(&self) -> io::Result<BTreeMap<u32, u32>> {
        let mut files: BTreeMap<u32, u32> = BTreeMap::new();
        let mut leftovers = Vec::new();
        for name_there in self.disk.names()? {
            match read_name(&name_there) {
                Some((number, generation)) => {
                    let newest = files.get(&number).map_or(generation, |other| generation.max(*other));
                    if let Some(other) = files.insert(number, newest) {
                        leftovers.push(name(number, other.min(generation)));
                    }
                }
                None if name_there.ends_with(super::compact::UNFINISHED) => leftovers.push(name_there),
                None => {}
            }
        }
        for leftover in leftovers {
            self.disk.remove(&leftover)?;
        }
        Ok(files)
    }

    fn read(mut self, files: &BTreeMap<u32, u32>) -> Result<State, QueueError> {
        let mut openings = self.openings(files)?;
        let last = openings.back().map_or(0, |file| file.number);
        if let Some(note) = self.note.filter(|note| note.segment > last) {
            let path = self.path(&name(note.segment, 0));
            return Err(self.damaged(&format!("{path} is missing, though it was in use")));
        }
        while let Some(file) = openings.pop_front() {
            let counts = openings.front().map(|next| next.opening.previous);
            self.read_segment(&file, counts)?;
        }
        Ok(self.finish(last))
    }

    /// Reads the openings, which must be sound and without a gap, save for a last one that was never used.
    fn openings(&self, files: &BTreeMap<u32, u32>) -> Result<VecDeque<SegmentFile>, QueueError> {
        let mut openings: VecDeque<SegmentFile> = VecDeque::new();
        let newest = files.last_key_value().map(|(number, _)| *number);
        for (&number, &generation) in files {
            if let Some(before) = openings.back()
                && before.number + 1 != number
            {
                let path = self.path(&name(before.number + 1, 0));
                return Err(
                    self.damaged(&format!("{path} is missing, though there are earlier and later ones"))
                );
            }
            let file = name(number, generation);
            let mut window = self.window(&file, number)?;
            let opening =
                self.io(window.bytes(0, UNIT, UNIT))?.and_then(|bytes| Opening::parse(bytes, number));
            match opening {
                Some(opening) => openings.push_back(SegmentFile { number, generation, opening }),
                None if newest == Some(number) => self.drop_unused(&file, number, window)?,
                None => return Err(self.damaged(&format!("{} is damaged at byte 0", self.path(&file)))),
            }
        }
        Ok(openings)
    }

    fn drop_unused(&self, file: &str, number: u32, mut window: Window) -> Result<(), QueueError> {
        let used =
            self.note.is_some_and(|note| note.segment == number) || self.io(synced_after(&mut window, 0))?;
        if used {
            return Err(self.damaged(&format!("{} is damaged at byte 0", self.path(file))));
        }
        warn!(
            file = self.path(file),
            "dropped a segment that a crash left unfinished; nothing in it was acknowledged"
        );
        self.io(self.disk.remove(file).and_then(|()| self.disk.sync_names()))
    }

    /// Reads one segment. `counts` is how many units of it the next one says count, if there is a next one.
    fn read_segment(&mut self, file: &SegmentFile, counts: Option<u32>) -> Result<(), QueueError> {
        let path = name(file.number, file.generation);
        let mut window = self.window(&path, file.number)?;
        let counts = file.opening.compacted.or(counts);
        let end = counts.map_or(window.size(), |units| (u64::from(units) * UNIT as u64).min(window.size()));

        let mut segment = Segment::new(file.number, UNIT as u64);
        segment.generation = file.generation;
        let mut reading = Reading {
            segment,
            ids: Vec::new(),
            moved: Vec::new(),
            compacted: file.opening.compacted.is_some(),
        };
        let mut at = UNIT as u64;
        while at < end
            && let Some(record) = self.io(window.record(at, STRIDE))?
            && (reading.compacted || u64::from(record.unit) * UNIT as u64 == at)
        {
            let size = record.bytes.len() as u64;
            if let Err(why) = self.found.take(&mut reading, &record, at) {
                return Err(self.damaged(&format!("{} cannot be read at byte {at}: {why}", self.path(&path))));
            }
            at += size;
        }
        match counts {
            Some(units) if u64::from(units) * UNIT as u64 != at => {
                return Err(self.damaged(&format!("{} is damaged at byte {at}", self.path(&path))));
            }
            Some(_) => {}
            None => self.check_tail(&path, file.number, &mut window, at)?,
        }
        self.found.add(reading, at);
        Ok(())
    }

    /// Judges what stands at the end of the last segment after the last sound record.
    fn check_tail(&self, file: &str, number: u32, window: &mut Window, good: u64) -> Result<(), QueueError> {
        let noted = self.note.filter(|note| note.segment == number).map_or(0, |note| u64::from(note.units));
        if noted * UNIT as u64 > good || self.io(synced_after(window, good))? {
            return Err(self.damaged(&format!("{} is damaged at byte {good}", self.path(file))));
        }
        if window.size() > good {
            warn!(
                file = self.path(file),
                bytes = window.size() - good,
                "dropped the end of a segment that a crash left unfinished; nothing in it was acknowledged"
            );
        }
        // What a crash of the process left to the system is counted from now on, so it must be durable.
        self.io(self.disk.open(file).and_then(|open| open.sync()).and_then(|()| self.disk.sync_names()))
    }

    fn finish(self, last: u32) -> State {
        let Found { segments, waiting, mut unrecorded, latest } = self.found;
        let mut state = State::new(segments, u64::from(last + 1) << 32);
        for (lane, mut places) in waiting {
            places.retain(|(_, place)| state.is_live(place.mark()));
            if !places.is_sorted() {
                places.sort_unstable();
            }
            if !places.is_empty() {
                state.pending += places.len() as u64;
                state.lanes.fill(lane, &places, latest);
            }
        }
        unrecorded.retain(|(_, mark)| state.is_live(*mark));
        unrecorded.sort_unstable();
        unrecorded.dedup_by_key(|(id, _)| *id);
        state.earlier = unrecorded.into_iter().map(|(id, _)| id).collect();
        state
    }

    fn window(&self, file: &str, number: u32) -> Result<Window, QueueError> {
        self.io(self.disk.open(file).and_then(|open| Window::on(open, number)))
    }

    fn io<T>(&self, result: io::Result<T>) -> Result<T, QueueError> {
        result.map_err(|error| io_error(self.dir, &error))
    }

    fn path(&self, file: &str) -> String {
        self.dir.join(file).display().to_string()
    }

    fn damaged(&self, what: &str) -> QueueError {
        QueueError::Damaged(format!(
            "{what}, and what it held there was acknowledged: restore {} from a backup, or move it away to start with an empty queue",
            self.dir.display()
        ))
    }
}

/// A segment while it is read.
struct Reading {
    segment: Segment,
    ids: Vec<(EventId, u32)>,
    moved: Vec<(u32, u32)>,
    compacted: bool,
}

impl Found {
    fn take(&mut self, reading: &mut Reading, record: &Record<'_>, at: u64) -> Result<(), Unreadable> {
        let (head, _) = match record.body()? {
            Body::Kept(head, event) => (head, event),
            Body::Cleared(marks) => {
                for mark in marks {
                    self.clear(reading, mark);
                }
                return Ok(());
            }
        };
        let (number, unit) = (reading.segment.number, record.unit);
        reading.segment.hold(unit, head.recorded, head.deliveries.len());
        reading.ids.push((head.event, unit));
        if reading.compacted {
            reading.moved.push((unit, (at / UNIT as u64) as u32));
        }
        for (ordinal, delivery) in head.deliveries.iter().enumerate() {
            let place = Place::new(number, unit, ordinal);
            self.waiting.entry(delivery.lane).or_default().push((head.falls_due(delivery), place));
        }
        if !head.recorded {
            self.unrecorded.push((head.event, Mark { segment: number, slot: unit }));
        }
        if let Some(mark) = head.replaces {
            self.clear(reading, mark);
        }
        self.latest = self.latest.max(head.at);
        Ok(())
    }

    /// Marks of segments that are gone say nothing any more.
    fn clear(&mut self, reading: &mut Reading, mark: Mark) {
        if mark.segment == reading.segment.number {
            reading.segment.live.clear(mark.slot);
            return;
        }
        let front = self.segments.front().map_or(u32::MAX, |segment| segment.number);
        let index = mark.segment.checked_sub(front);
        if let Some(segment) = index.and_then(|index| self.segments.get_mut(index as usize)) {
            segment.live.clear(mark.slot);
        }
    }

    fn add(&mut self, reading: Reading, bytes: u64) {
        let Reading { mut segment, ids, mut moved, compacted } = reading;
        segment.bytes = bytes;
        segment.ids = Ids::Packed(Packed::new(ids.into_iter()));
        if compacted {
            moved.sort_unstable();
            segment.live = segment.live.thinned();
            segment.moved = Some(moved.into());
        }
        self.segments.push_back(segment);
    }
}

/// Whether a sound record stands somewhere after byte `good` that was written when that byte was durable.
fn synced_after(window: &mut Window, good: u64) -> io::Result<bool> {
    let mut at = good.next_multiple_of(UNIT as u64);
    while at < window.size() {
        if let Some(record) = window.record(at, STRIDE)?
            && u64::from(record.synced) * UNIT as u64 > good
            && u64::from(record.unit) * UNIT as u64 == at
        {
            return Ok(true);
        }
        at += UNIT as u64;
    }
    Ok(false)
}

fn read_note(disk: &dyn Disk) -> io::Result<Option<Synced>> {
    let mut bytes = [0; Synced::SIZE];
    match disk.open(Synced::NAME).and_then(|file| file.read_at(&mut bytes, 0)) {
        Ok(read) => Ok(Synced::parse(&bytes[..read])),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn io_error(dir: &Path, error: &io::Error) -> QueueError {
    QueueError::Unavailable(format!("{} cannot be read: {error}", dir.display()))
}
