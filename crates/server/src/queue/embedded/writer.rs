//! The one thread that writes: all that gathered while the last sync ran goes out as one write and one sync.

use std::collections::HashSet;
use std::io;
use std::sync::Arc;
use std::thread::JoinHandle;

use tracing::{error, info, warn};

use super::Shared;
use super::compact;
use super::disk::File;
use super::opening::{Opening, Synced};
use super::record::{Batch, Keep, LAST_SEGMENT, Mark, UNIT};
use super::segment::{self, Ids, Packed, Segment};
use super::state::{Command, Work};
use crate::queue::{Claim, QueueError};

/// Most bytes of repeated tries in one batch; appends are bounded by the room they are let into.
const MOST_MOVED: usize = 8 << 20;

/// The writer and the segment it fills.
pub(super) struct Writer {
    shared: Arc<Shared>,
    batch: Batch,
    active: Option<Active>,
    /// Units of the newest segment that count, for the opening of the next.
    previous: u32,
    /// Marks written since the last sync. They are written again should that part be given up.
    unsynced: Vec<Mark>,
    /// Where the note of what is durable goes.
    note: Option<Box<dyn File>>,
    /// Files of segments that are gone already, the oldest first.
    doomed: Vec<String>,
    compaction: Option<JoinHandle<()>>,
    /// Whether it compacts by itself, rather than on a thread beside it.
    driven: bool,
}

/// The segment that is being filled.
struct Active {
    number: u32,
    file: Box<dyn File>,
    written: u64,
    synced: u64,
}

impl Writer {
    /// A writer that goes on after the newest segment of the state.
    pub(super) fn new(shared: Arc<Shared>) -> io::Result<Self> {
        let note = shared.disk.create(Synced::NAME)?;
        let newest = shared.state.lock().segments.back().map(|segment| (segment.number, segment.bytes));
        let previous = newest.map_or(0, |(_, bytes)| units(bytes));
        let mut writer = Self {
            shared,
            batch: Batch::default(),
            active: None,
            previous,
            unsynced: Vec::new(),
            note: Some(note),
            doomed: Vec::new(),
            compaction: None,
            driven: false,
        };
        if let Some((segment, bytes)) = newest {
            writer.write_note(segment, bytes);
        }
        Ok(writer)
    }

    /// The writer for a queue without threads.
    pub(super) fn driven(mut self) -> Self {
        self.driven = true;
        self.remove_dead();
        self
    }

    /// Writes what has gathered, and waits for nothing.
    pub(super) fn write_gathered(&mut self) {
        while self.shared.state.lock().intake.is_ready() {
            let (work, _) = self.next_work();
            self.write(work);
            if self.shared.state.lock().intake.stalled {
                break;
            }
        }
    }

    /// Writes until the queue is closed and all that was said is durable.
    pub(super) fn run(mut self) {
        // However this ends, nobody waits for an answer that will not come.
        let shared = Arc::clone(&self.shared);
        let _ending = Ending(&shared);
        self.remove_dead();
        loop {
            let (work, closing) = self.next_work();
            let idle = work.commands.is_empty() && work.moves.is_empty() && work.marks.is_empty();
            if !idle {
                self.write(work);
            }
            if closing && (idle || self.shared.state.lock().intake.stalled) {
                break;
            }
        }
        if let Err(refusal) = self.sync() {
            warn!(why = refusal.why, "closed without a last sync: what was just settled may be tried again");
        }
        if self.compaction.take().is_some_and(|running| running.join().is_err()) {
            error!("the compaction of the queue has panicked");
        }
    }

    /// Waits for something to write. A queue that is being closed does not wait.
    fn next_work(&self) -> (Work, bool) {
        let mut state = self.shared.state.lock();
        while !state.intake.is_ready() {
            self.shared.wake.wait(&mut state);
        }
        let mut work = state.intake.take(MOST_MOVED);
        // Marks of a segment that is gone are of no use to anybody.
        work.marks.retain(|mark| state.segment(mark.segment).is_some());
        (work, state.intake.closing)
    }

    fn write(&mut self, mut work: Work) {
        let weight = work.commands.iter().map(|command| command.weight as usize).sum();
        self.empty_twins(&mut work.commands);
        match self.store(&work) {
            Ok(written) => {
                self.note_trouble(None);
                self.apply(work, written);
            }
            Err(refusal) => self.refuse(work, refusal),
        }
        self.shared.room.add_permits(weight);
        self.remove_dead();
    }

    /// Empties the appends of events that are in flight already, or stand in this batch before.
    fn empty_twins(&self, commands: &mut [Command]) {
        let fresh = |keep: &Keep| !keep.recorded;
        let suspects: HashSet<_> = {
            let state = self.shared.state.lock();
            let keeps = commands.iter().flat_map(|command| &command.keeps).filter(|keep| fresh(keep));
            let ids = keeps.map(|keep| keep.event.id);
            ids.filter(|id| !state.candidates(*id).is_empty()).collect()
        };
        let mut seen = HashSet::new();
        for command in commands {
            command.keeps.retain(|keep| {
                let id = keep.event.id;
                // One that cannot be looked up is kept: twice is better than never.
                let twin = || suspects.contains(&id) && self.shared.is_in_flight(id).unwrap_or(false);
                !fresh(keep) || (seen.insert(id) && !twin())
            });
        }
    }

    /// Writes a batch, and syncs it unless it holds marks alone.
    fn store(&mut self, work: &Work) -> Result<Written, Refusal> {
        self.batch.clear();
        let keeps = work.commands.iter().flat_map(|command| &command.keeps).chain(&work.moves);
        let offsets: Vec<u32> = keeps.map(|keep| self.batch.keep(keep)).collect();
        if !work.marks.is_empty() {
            self.batch.clear_slots(&work.marks);
        }
        let mut written = Written { segment: 0, unit: 0, offsets };
        if self.batch.size() == 0 {
            return Ok(written);
        }
        let mut active = self.make_room(self.batch.size())?;
        (written.segment, written.unit) = (active.number, units(active.written));
        let bytes = self.batch.seal(active.number, units(active.written), units(active.synced));
        let size = bytes.len() as u64;
        if let Err(error) = active.file.write_at(bytes, active.written) {
            // Part of the batch may stand there, and would pass for records after the next one.
            let cut = active.file.cut(active.written);
            match cut {
                Ok(()) => self.active = Some(active),
                Err(_) => self.give_up(&active),
            }
            return Err(self.refusal(&error));
        }
        active.written += size;
        self.unsynced.extend(&work.marks);
        self.resize(active.number, active.written);
        self.active = Some(active);
        if written.offsets.is_empty() { Ok(written) } else { self.sync().map(|()| written) }
    }

    /// Makes all that was written durable. After a failure the segment is given up, back to where it was known
    /// to be durable: what a failed sync has left on disk is anybody's guess, and asking again may lie.
    fn sync(&mut self) -> Result<(), Refusal> {
        let Some(mut active) = self.active.take() else { return Ok(()) };
        if active.synced == active.written {
            self.active = Some(active);
            return Ok(());
        }
        if let Err(error) = active.file.sync() {
            self.give_up(&active);
            return Err(self.refusal(&error));
        }
        active.synced = active.written;
        self.unsynced.clear();
        self.write_note(active.number, active.synced);
        self.active = Some(active);
        Ok(())
    }

    /// The segment to write `size` bytes to: the one being filled, or a new one when it is full.
    fn make_room(&mut self, size: u64) -> Result<Active, Refusal> {
        let fits = |active: &Active| {
            active.written == UNIT as u64 || active.written + size <= self.shared.config.segment_bytes
        };
        if self.active.as_ref().is_some_and(fits) {
            return Ok(self.active.take().expect("it was just looked at"));
        }
        // The opening of the next segment says how much of this one counts, so all of it must be durable.
        if self.active.is_some() {
            // A segment that cannot be synced has been given up, and its marks are written again.
            let _ = self.sync();
        }
        if let Some(full) = self.active.take() {
            self.previous = units(full.written);
            self.pack(full.number);
        }
        let active = self.begin_segment().map_err(|error| self.refusal(&error))?;
        self.compact_sparse(active.number);
        Ok(active)
    }

    fn begin_segment(&self) -> io::Result<Active> {
        let number = self.shared.state.lock().segments.back().map_or(1, |newest| newest.number + 1);
        if number > LAST_SEGMENT {
            return Err(io::Error::other(format!("segment {LAST_SEGMENT} is the last that can be numbered")));
        }
        let name = segment::name(number, 0);
        let opening = Opening { segment: number, previous: self.previous, compacted: None };
        let begin = || -> io::Result<Box<dyn File>> {
            let file = self.shared.disk.create(&name)?;
            file.write_at(&opening.to_bytes(), 0)?;
            file.sync()?;
            self.shared.disk.sync_names()?;
            Ok(file)
        };
        let file = begin().inspect_err(|_| {
            // A start drops a last segment without a sound opening, so it may as well stay.
            let _ = self.shared.disk.remove(&name);
        })?;
        let mut state = self.shared.state.lock();
        state.segments.push_back(Segment::new(number, UNIT as u64));
        state.bytes += UNIT as u64;
        Ok(Active { number, file, written: UNIT as u64, synced: UNIT as u64 })
    }

    /// Leaves a segment behind, up to where it is durable.
    fn give_up(&mut self, active: &Active) {
        self.previous = units(active.synced);
        self.resize(active.number, active.synced);
        self.pack(active.number);
        self.shared.state.lock().intake.marks.append(&mut self.unsynced);
    }

    fn resize(&self, number: u32, bytes: u64) {
        let mut state = self.shared.state.lock();
        let Some(segment) = state.segment_mut(number) else { return };
        let before = std::mem::replace(&mut segment.bytes, bytes);
        state.bytes = state.bytes - before + bytes;
    }

    /// Packs the ids of a segment that gets no more. The lock is let go meanwhile: sorting takes milliseconds.
    fn pack(&self, number: u32) {
        let open = self.shared.state.lock().segment(number).and_then(|segment| match &segment.ids {
            Ids::Open(ids) => Some(Arc::clone(ids)),
            Ids::Packed(_) => None,
        });
        let Some(open) = open else { return };
        let packed = Packed::new(open.iter().copied());
        if let Some(segment) = self.shared.state.lock().segment_mut(number) {
            segment.ids = Ids::Packed(packed);
        }
    }

    /// The note is a help against damage, and its absence none against a crash: a failure to write it is let go.
    fn write_note(&mut self, segment: u32, bytes: u64) {
        if let Some(note) = &self.note {
            let _ = note.write_at(&Synced { segment, units: units(bytes) }.to_bytes(), 0);
        }
    }

    /// Tells those who wait, and hands what is durable to its lanes.
    fn apply(&self, work: Work, written: Written) {
        let mut answers = Vec::with_capacity(work.commands.len());
        let mut offsets = written.offsets.into_iter().map(|offset| written.unit + offset);
        let mut news = false;
        {
            let mut state = self.shared.state.lock();
            let mut keep = |keep| {
                let unit = offsets.next().expect("each keep was given an offset");
                let (claims, more) = state.kept(keep, written.segment, unit);
                news |= more;
                claims
            };
            for command in work.commands {
                let claims: Vec<Claim> = command.keeps.into_iter().flat_map(&mut keep).collect();
                answers.push((command.reply, claims));
            }
            for moved in work.moves {
                keep(moved);
            }
            state.intake.moving = 0;
        }
        for (reply, claims) in answers {
            if let Err(Ok(unclaimed)) = reply.send(Ok(claims)) {
                let leases = unclaimed.iter().map(|claim| claim.lease);
                self.shared.state.lock().put_back(leases);
                news |= !unclaimed.is_empty();
            }
        }
        if news {
            self.shared.changed.notify_one();
        }
    }

    /// Tells those who wait that there is no room, and keeps what nobody waits for until there is.
    fn refuse(&mut self, work: Work, refusal: Refusal) {
        {
            let mut state = self.shared.state.lock();
            state.intake.moving = 0;
            for moved in work.moves.into_iter().rev() {
                state.intake.moves.push_front(moved);
            }
            // Those that were written before a failed sync have come back already.
            let returned: HashSet<_> =
                state.intake.marks.iter().map(|mark| (mark.segment, mark.slot)).collect();
            let missing =
                work.marks.into_iter().filter(|mark| !returned.contains(&(mark.segment, mark.slot)));
            state.intake.marks.extend(missing);
        }
        self.note_trouble(Some(&refusal));
        for command in work.commands {
            let _ = command.reply.send(Err(refusal.to_error()));
        }
    }

    /// Logs trouble when it begins and when it is over, not at every append between.
    fn note_trouble(&self, refusal: Option<&Refusal>) {
        let was = std::mem::replace(&mut self.shared.state.lock().intake.stalled, refusal.is_some());
        match refusal {
            Some(refusal) if !was => {
                error!(why = refusal.why, "the queue cannot write; it takes nothing in until it can");
                // Whoever asks `due` next is told to ask again soon.
                self.shared.changed.notify_one();
            }
            None if was => info!("the queue can write again"),
            _ => {}
        }
    }

    /// Removes the files of the oldest segments that nothing holds back, in order: after a crash the segments
    /// must stand without a gap.
    fn remove_dead(&mut self) {
        while let Some(dead) = self.shared.state.lock().take_dead_front() {
            self.doomed.push(dead.name());
        }
        while let Some(name) = self.doomed.first() {
            let removed = self.shared.disk.remove(name).and_then(|()| self.shared.disk.sync_names());
            if let Err(error) = removed
                && error.kind() != io::ErrorKind::NotFound
            {
                warn!(%error, file = self.shared.path(name), "an old segment cannot be removed; trying again later");
                return;
            }
            self.doomed.remove(0);
        }
    }

    /// Begins to compact what is sparse, unless that is going on.
    fn compact_sparse(&mut self, active: u32) {
        if self.compaction.as_ref().is_some_and(|running| !running.is_finished()) {
            return;
        }
        let sparse = compact::sparse(&self.shared.state.lock(), active, self.shared.config.segment_bytes);
        if sparse.is_empty() {
            return;
        }
        if self.driven {
            return compact::run(&self.shared, &sparse);
        }
        let shared = Arc::clone(&self.shared);
        let work = move || compact::run(&shared, &sparse);
        match std::thread::Builder::new().name("queue-compaction".to_owned()).spawn(work) {
            Ok(running) => self.compaction = Some(running),
            Err(error) => warn!(%error, "no thread to compact the queue with; trying again later"),
        }
    }

    fn refusal(&self, error: &io::Error) -> Refusal {
        let full = matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded);
        let path = self.shared.config.dir.display();
        let why = if full {
            format!("the disk under {path} is full ({error}): free some space, it goes on by itself")
        } else {
            format!("{path} cannot be written: {error}")
        };
        Refusal { full, why }
    }
}

/// Where a batch came to stand.
struct Written {
    segment: u32,
    unit: u32,
    /// For each kept event, how many units into the batch it stands.
    offsets: Vec<u32>,
}

/// Why a batch was not written.
struct Refusal {
    full: bool,
    why: String,
}

impl Refusal {
    fn to_error(&self) -> QueueError {
        let why = self.why.clone();
        if self.full { QueueError::Full(why) } else { QueueError::Unavailable(why) }
    }
}

/// Turns away everybody when the writer ends, be it by a panic.
struct Ending<'a>(&'a Shared);

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        self.0.room.close();
        let mut state = self.0.state.lock();
        state.intake.closing = true;
        state.intake.commands.clear();
    }
}

fn units(bytes: u64) -> u32 {
    (bytes / UNIT as u64) as u32
}
