//! Moving what is in flight into another queue: a log whose owner is gone is read by its heir.
//!
//! What the heir has made durable is settled here, so a move that was interrupted goes on where it stopped; a
//! crash repeats the last batch, under the same ids. Events that the store may not have stay here with their
//! deliveries, as `unrecorded`, until it has them: they are recorded before they are attempted.

use std::collections::HashSet;

use fieldhook_core::id::EventId;
use tokio::runtime::Handle;

use super::read::Window;
use super::record::{Body, Keep, Mark, Place, UNIT, event_in};
use super::{Embedded, Shared, record};
use crate::queue::QueueError;

/// About how many bytes are moved at once.
const BATCH: usize = 4 << 20;
/// How much of a segment is read at once.
const STRIDE: usize = 1 << 20;

/// A kept event on its way, and what is settled here once the heir has it.
type Moving = (Keep, Vec<Mark>);

impl Embedded {
    /// Moves all deliveries whose events the store has into `heir`, and returns when they are durable there.
    /// For a thread that may wait, and a queue from which nobody claims.
    pub(crate) fn hand_over(&self, heir: &Embedded, runtime: &Handle) -> Result<(), QueueError> {
        let shared = &self.shared;
        let (first, last) = {
            let state = shared.state.lock();
            let ends = state.segments.front().zip(state.segments.back());
            match ends {
                Some((front, back)) => (front.number, back.number),
                None => return Ok(()),
            }
        };
        let unrecorded: HashSet<EventId> = self.awaiting_record().into_iter().collect();
        for number in first..=last {
            let Some(mut walk) = Walk::begin(shared, number)? else { continue };
            loop {
                let batch = walk.next_batch(shared, &unrecorded)?;
                if batch.is_empty() {
                    break;
                }
                let (keeps, marks): (Vec<_>, Vec<_>) = batch.into_iter().unzip();
                runtime.block_on(heir.shared.submit(keeps))?;
                shared.settle_all(marks.into_iter().flatten());
            }
        }
        Ok(())
    }

    /// Events of an earlier run that the store may not have.
    pub(crate) fn awaiting_record(&self) -> Vec<EventId> {
        let mut state = self.shared.state.lock();
        let earlier = std::mem::take(&mut state.earlier);
        let awaits = |id: &EventId| {
            let mut places = state.candidates(*id).into_iter();
            places.any(|(segment, slot, _)| state.is_live(Mark { segment, slot }))
        };
        let left: Vec<_> = earlier.into_iter().filter(awaits).collect();
        state.earlier = left.iter().copied().collect();
        left
    }

    /// Whether nothing is in flight, and the store has every event.
    pub(crate) fn is_empty(&self) -> bool {
        let state = self.shared.state.lock();
        let waiting = state.intake.commands.len() + state.intake.moves.len() + state.intake.moving;
        waiting == 0 && state.segments.iter().all(super::segment::Segment::is_dead)
    }
}

impl Shared {
    fn settle_all(&self, marks: impl Iterator<Item = Mark>) {
        let mut state = self.state.lock();
        for mark in marks {
            if state.is_live(mark) {
                state.clear_and_note(mark);
                state.pending -= 1;
            }
        }
        state.intake.nudged = true;
        self.wake.notify_one();
    }
}

/// A walk through one segment, which may be compacted or removed meanwhile: the file stays readable.
struct Walk {
    path: String,
    number: u32,
    window: Window,
    at: u64,
    end: u64,
}

impl Walk {
    fn begin(shared: &Shared, number: u32) -> Result<Option<Self>, QueueError> {
        let found = shared.state.lock().segment(number).map(|segment| (segment.name(), segment.bytes));
        let Some((name, end)) = found else { return Ok(None) };
        let opened = shared.disk.open(&name).and_then(|file| Window::on(file, number));
        let path = shared.path(&name);
        let window =
            opened.map_err(|error| QueueError::Unavailable(format!("{path} cannot be read: {error}")))?;
        // Marks of this run may be on their way still; there is nothing to move in them.
        let end = end.min(window.size());
        Ok(Some(Self { path, number, window, at: UNIT as u64, end }))
    }

    fn next_batch(
        &mut self,
        shared: &Shared,
        unrecorded: &HashSet<EventId>,
    ) -> Result<Vec<Moving>, QueueError> {
        let (mut batch, mut weight) = (Vec::new(), 0);
        while self.at < self.end && weight < BATCH {
            let (at, path) = (self.at, &self.path);
            let damaged = |why| QueueError::Damaged(format!("{path} cannot be read at byte {at}: {why}"));
            let record = self.window.record(at, STRIDE);
            let record = record
                .map_err(|error| QueueError::Unavailable(format!("{path} cannot be read: {error}")))?
                .ok_or_else(|| damaged(record::Unreadable::Body))?;
            self.at += record.bytes.len() as u64;
            let Body::Kept(head, rest) = record.body().map_err(damaged)? else { continue };
            if unrecorded.contains(&head.event) {
                continue;
            }
            let place = |ordinal| Place::new(self.number, record.unit, ordinal).mark();
            let living: Vec<_> = {
                let state = shared.state.lock();
                let all = head.deliveries.into_iter().enumerate();
                all.filter(|(ordinal, _)| state.is_live(place(*ordinal))).collect()
            };
            if living.is_empty() {
                continue;
            }
            let event = std::sync::Arc::new(event_in(rest).map_err(damaged)?);
            let marks = living.iter().map(|(ordinal, _)| place(*ordinal)).collect();
            let deliveries = living.into_iter().map(|(_, kept)| (kept.with(event.clone()), false)).collect();
            let keep = Keep { event, at: head.at, recorded: true, deliveries, replaces: None };
            weight += keep.weight();
            batch.push((keep, marks));
        }
        Ok(batch)
    }
}
