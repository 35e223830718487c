//! Giving back the disk of segments that few deliveries hold back.
//!
//! Segments are removed from the oldest on, so one delivery that waits for days would keep all that came after
//! it. A sealed segment of which at most a quarter is live is therefore written anew, with its living records
//! only. Nothing in memory changes its place: a record keeps the unit it was first written at as its name, and
//! the segment a table of where it stands now.
//!
//! So the work is bounded: each record written again is paid for by three that were settled, and a segment full
//! of waiting deliveries is never touched, however large the backlog and however long it hangs.
//!
//! Carried along are the marks by which deliveries of older segments are known as settled: those in records that
//! clear slots, and the one in each record that took another's place. They are few bytes each.

use std::collections::BTreeSet;
use std::io;

use fieldhook_core::id::EventId;
use tracing::{debug, warn};

use super::Shared;
use super::disk::File;
use super::opening::Opening;
use super::read::Window;
use super::record::{Batch, Body, Mark, Record, UNIT, Unreadable};
use super::segment::{Ids, Live, Packed, name};
use super::state::State;

/// How the name ends of a file that is still being written.
pub(super) const UNFINISHED: &str = ".unfinished";

/// How much is read and written at once.
const STRIDE: usize = 1 << 20;
/// Marks in one record.
const MARKS: usize = 1 << 14;

/// The segments worth compacting, the oldest first.
///
/// The newest two are left alone: a segment that has just been filled is mostly settled within seconds.
/// Small ones are not worth it.
pub(super) fn sparse(state: &State, active: u32, segment_bytes: u64) -> Vec<u32> {
    let worth = state.segments.iter().filter(|segment| {
        let old = segment.number + 2 < active;
        let large = segment.bytes > segment_bytes / 16;
        // What was compacted to marks alone has nothing more to give.
        let again = segment.moved.is_none() || segment.slots > 0;
        old && large && again && segment.live.count() <= segment.slots / 4
    });
    worth.map(|segment| segment.number).collect()
}

/// Compacts these segments, one after the other, until the queue is closed.
pub(super) fn run(shared: &Shared, numbers: &[u32]) {
    for number in numbers {
        if let Err(error) = compact(shared, *number) {
            warn!(%error, segment = number, "a segment of the queue was not compacted; trying again later");
        }
        shared.state.lock().compacting = None;
    }
}

fn compact(shared: &Shared, number: u32) -> io::Result<()> {
    let Some(job) = Job::begin(shared, number) else { return Ok(()) };
    let unfinished = format!("{}{UNFINISHED}", job.new_name());
    let written = job.write(shared, &unfinished);
    let done = match written {
        Ok(Some(done)) => done,
        other => {
            shared.disk.remove(&unfinished)?;
            return other.map(|_| ());
        }
    };
    shared.disk.rename(&unfinished, &job.new_name())?;
    shared.disk.sync_names()?;
    let saved = job.finish(shared, done);
    debug!(segment = number, bytes.saved = saved, "compacted a segment of the queue");
    shared.disk.remove(&name(job.number, job.generation))?;
    shared.disk.sync_names()
}

/// One segment, as it was when its compaction began.
struct Job {
    number: u32,
    generation: u32,
    bytes: u64,
    oldest: u32,
    live: Live,
}

/// What came out of it.
#[derive(Default)]
struct Done {
    bytes: u64,
    slots: u32,
    ids: Vec<(EventId, u32)>,
    moved: Vec<(u32, u32)>,
    marks: BTreeSet<Mark>,
}

impl Job {
    /// Notes what lives in the segment now. What dies meanwhile is carried along, and its marks come later.
    fn begin(shared: &Shared, number: u32) -> Option<Self> {
        let mut state = shared.state.lock();
        let oldest = state.segments.front()?.number;
        let segment = state.segment(number)?;
        let (generation, bytes) = (segment.generation, segment.bytes);
        let job = Self { number, generation, bytes, oldest, live: segment.live.clone() };
        state.compacting = Some(number);
        Some(job)
    }

    fn new_name(&self) -> String {
        name(self.number, self.generation + 1)
    }

    /// Writes the new file; `None` when the queue is being closed.
    fn write(&self, shared: &Shared, to: &str) -> io::Result<Option<Done>> {
        let old = shared.disk.open(&name(self.number, self.generation))?;
        let mut window = Window::on(old, self.number)?;
        let opening = window.bytes(0, UNIT, STRIDE)?.and_then(|bytes| Opening::parse(bytes, self.number));
        let opening = opening.ok_or_else(|| unreadable(Unreadable::Body, 0))?;

        let mut out = Out { file: shared.disk.create(to)?, at: UNIT as u64, bytes: Vec::new() };
        let mut done = Done::default();
        let mut at = UNIT as u64;
        while at < self.bytes {
            if shared.state.lock().intake.closing {
                return Ok(None);
            }
            let record = window.record(at, STRIDE)?.ok_or_else(|| unreadable(Unreadable::Body, at))?;
            self.carry(&record, at, &mut out, &mut done)?;
            at += record.bytes.len() as u64;
        }
        let marks: Vec<Mark> = std::mem::take(&mut done.marks).into_iter().collect();
        for marks in marks.chunks(MARKS) {
            let mut batch = Batch::default();
            batch.clear_slots(marks);
            out.write(batch.seal(self.number, out.unit(), 0))?;
        }
        done.bytes = out.finish(opening)?;
        Ok(Some(done))
    }

    /// Copies what lives; of the rest, keeps what it says of other segments.
    fn carry(&self, record: &Record<'_>, at: u64, out: &mut Out, done: &mut Done) -> io::Result<()> {
        let elsewhere = |mark: &Mark| (self.oldest..self.number).contains(&mark.segment);
        let head = match record.body().map_err(|why| unreadable(why, at))? {
            Body::Kept(head, _) => head,
            Body::Cleared(marks) => {
                done.marks.extend(marks.into_iter().filter(elsewhere));
                return Ok(());
            }
        };
        let slots = record.unit + u32::from(head.recorded)..=record.unit + head.deliveries.len() as u32;
        if !self.live.any(slots.clone()) {
            done.marks.extend(head.replaces.filter(elsewhere));
            return Ok(());
        }
        let dead = slots.clone().filter(|slot| !self.live.contains(*slot));
        done.marks.extend(dead.map(|slot| Mark { segment: self.number, slot }));
        done.slots += slots.count() as u32;
        done.ids.push((head.event, record.unit));
        done.moved.push((record.unit, out.unit()));
        out.write(record.bytes)
    }

    /// Lets readers go to the new file; says how many bytes were saved.
    fn finish(&self, shared: &Shared, done: Done) -> u64 {
        let ids = Ids::Packed(Packed::new(done.ids.into_iter()));
        let mut moved = done.moved;
        moved.sort_unstable();
        let mut state = shared.state.lock();
        let Some(segment) = state.segment_mut(self.number) else { return 0 };
        segment.generation = self.generation + 1;
        segment.bytes = done.bytes;
        segment.slots = done.slots;
        segment.live = segment.live.thinned();
        segment.ids = ids;
        segment.moved = Some(moved.into());
        let saved = self.bytes.saturating_sub(done.bytes);
        state.bytes = state.bytes - self.bytes + done.bytes;
        saved
    }
}

/// The new file, written a stride at a time.
struct Out {
    file: Box<dyn File>,
    at: u64,
    bytes: Vec<u8>,
}

impl Out {
    /// The unit that comes next.
    fn unit(&self) -> u32 {
        ((self.at + self.bytes.len() as u64) / UNIT as u64) as u32
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.bytes.extend_from_slice(bytes);
        if self.bytes.len() >= STRIDE { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.write_at(&self.bytes, self.at)?;
        self.at += self.bytes.len() as u64;
        self.bytes.clear();
        Ok(())
    }

    /// Writes the rest and the opening, and makes all of it durable; says how many bytes the file has.
    fn finish(mut self, opening: Opening) -> io::Result<u64> {
        self.flush()?;
        let opening = Opening { compacted: Some(self.unit()), ..opening };
        self.file.write_at(&opening.to_bytes(), 0)?;
        self.file.sync()?;
        Ok(self.at)
    }
}

fn unreadable(why: Unreadable, at: u64) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("unreadable at byte {at}: {why}"))
}
