//! A queue in files of its own: a log in segments, one writer, one sync for all that wait.
//!
//! What is in flight stands in a directory of numbered segments that are only ever appended to. An append is one
//! record: the event and all its deliveries. A settled delivery is a mark in a later segment; one that is to be
//! tried again is a new record in place of the old. A segment goes when nothing in it is in flight and all
//! older ones have gone; sparse ones are compacted. `docs/decisions/0001` says why it is a log of our own.
//!
//! - `record` and `opening` are the format; `disk` what is asked of a disk, `memory` a disk that fails on request;
//! - `state` is what is known in memory, with `lane` (whose turn it is), `segment` (what is still needed) and
//!   `fresh` (what need not be read back);
//! - `writer` appends, `read` reads back, `recover` starts, `compact` gives disk space back, `handover` moves all
//!   into another queue.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use async_trait::async_trait;
use fieldhook_core::event::Event;
use fieldhook_core::id::EventId;
use fieldhook_core::time::Timestamp;
use parking_lot::{Condvar, Mutex};
use tokio::sync::{Notify, Semaphore, oneshot};
use tracing::error;

use self::disk::{Directory, Disk, Guard};
use self::record::{Keep, MOST_DELIVERIES, MOST_SEGMENT_BYTES, Mark};
use self::state::{Command, State, Taken, next_try, postponed};
use self::writer::Writer;
use super::{Append, Backlog, Claim, Delivery, Due, Lane, Queue, QueueError, Settlement};

mod compact;
pub mod disk;
mod fresh;
mod handover;
mod lane;
pub mod memory;
mod opening;
mod read;
mod record;
mod recover;
mod segment;
mod state;
#[cfg(test)]
mod tests;
mod writer;

/// Bytes of appends that may be on their way to the disk at once; more wait until some have arrived.
const ROOM: usize = 16 << 20;
/// Deliveries to be tried again that may wait for a disk that takes nothing.
const MOST_MOVES: usize = 10_000;
/// How soon to ask again while the disk takes nothing.
const RETRY: Duration = Duration::from_secs(1);

/// Where the queue keeps its files, and how much.
#[derive(Debug, Clone)]
pub struct EmbeddedConfig {
    /// The directory, which must be the queue's alone.
    pub dir: PathBuf,
    /// Bytes at which a segment ends; 64 MiB at most.
    pub segment_bytes: u64,
    /// Most deliveries in flight.
    pub most_pending: u64,
    /// Most bytes on disk, if there is a limit.
    pub most_bytes: Option<u64>,
}

impl EmbeddedConfig {
    /// The usual limits, in this directory.
    pub fn in_dir(dir: impl Into<PathBuf>) -> Self {
        Self {
            dir: dir.into(),
            segment_bytes: MOST_SEGMENT_BYTES,
            most_pending: 20_000_000,
            most_bytes: None,
        }
    }
}

/// The queue in files of its own.
pub struct Embedded {
    shared: Arc<Shared>,
    running: Mutex<Option<Running>>,
}

struct Running {
    writer: Hand,
    _directory: Guard,
}

/// Who sets the writer going.
enum Hand {
    /// A thread of its own.
    Thread(JoinHandle<()>),
    /// Whoever calls [`Embedded::drive`].
    Driver(Box<Writer>),
}

/// What the callers, the writer and the compaction share.
struct Shared {
    disk: Arc<dyn Disk>,
    config: EmbeddedConfig,
    state: Mutex<State>,
    /// Wakes the writer.
    wake: Condvar,
    /// Resolves `changed`.
    changed: Notify,
    /// Bytes that appends may still bring in.
    room: Semaphore,
}

impl Embedded {
    /// Opens the queue in a directory of this machine, or begins one.
    pub fn open(config: EmbeddedConfig) -> Result<Self, QueueError> {
        let directory = Directory::at(&config.dir).map_err(|error| {
            QueueError::Unavailable(format!("{} cannot be made: {error}", config.dir.display()))
        })?;
        Self::open_on(config, Arc::new(directory))
    }

    /// Opens the queue on this disk; `config.dir` is then only its name in messages.
    pub fn open_on(config: EmbeddedConfig, disk: Arc<dyn Disk>) -> Result<Self, QueueError> {
        Self::open_with(config, disk, |writer| {
            let thread = std::thread::Builder::new().name("queue-writer".to_owned());
            thread.spawn(move || writer.run()).map(Hand::Thread)
        })
    }

    /// Opens the queue on this disk without threads of its own: it writes when [`Embedded::drive`] is called, and at
    /// no other time, and dropping it is like killing its process. For simulations, where nothing happens by itself.
    pub fn open_driven(config: EmbeddedConfig, disk: Arc<dyn Disk>) -> Result<Self, QueueError> {
        Self::open_with(config, disk, |writer| Ok(Hand::Driver(Box::new(writer.driven()))))
    }

    fn open_with(
        mut config: EmbeddedConfig,
        disk: Arc<dyn Disk>,
        set_going: impl FnOnce(Writer) -> io::Result<Hand>,
    ) -> Result<Self, QueueError> {
        config.segment_bytes = config.segment_bytes.min(MOST_SEGMENT_BYTES);
        let directory = disk.lock().map_err(|error| not_ours(&config, &error))?;
        let state = recover::recover(&*disk, &config.dir)?;
        let shared = Arc::new(Shared {
            disk,
            config,
            state: Mutex::new(state),
            wake: Condvar::new(),
            changed: Notify::new(),
            room: Semaphore::new(ROOM),
        });
        let writer = Writer::new(Arc::clone(&shared)).and_then(set_going).map_err(|error| {
            QueueError::Unavailable(format!("{} cannot be used: {error}", shared.config.dir.display()))
        })?;
        Ok(Self { shared, running: Mutex::new(Some(Running { writer, _directory: directory })) })
    }

    /// Has a driven queue write what has gathered since the last time; another one writes by itself.
    pub fn drive(&self) {
        if let Some(Running { writer: Hand::Driver(writer), .. }) = &mut *self.running.lock() {
            writer.write_gathered();
        }
    }

    /// Tells the writer to finish; `None` when it was told before.
    fn stop(&self) -> Option<Running> {
        let running = self.running.lock().take()?;
        self.shared.state.lock().intake.closing = true;
        self.shared.wake.notify_one();
        Some(running)
    }
}

impl Drop for Embedded {
    fn drop(&mut self) {
        if let Some(Running { writer: Hand::Thread(writer), .. }) = self.stop()
            && writer.join().is_err()
        {
            error!("the writer of the queue has panicked");
        }
    }
}

#[async_trait]
impl Queue for Embedded {
    async fn append(&self, append: Append, now: Timestamp) -> Result<Vec<Claim>, QueueError> {
        let Append { event, deliveries } = append;
        self.shared.submit(vec![Keep { event, at: now, recorded: false, deliveries, replaces: None }]).await
    }

    async fn append_replay(&self, deliveries: Vec<Delivery>, now: Timestamp) -> Result<(), QueueError> {
        let keeps = deliveries.into_iter().map(|delivery| Keep {
            event: Arc::clone(&delivery.event),
            at: now,
            recorded: true,
            deliveries: vec![(delivery, false)],
            replaces: None,
        });
        self.shared.submit(keeps.collect()).await.map(|_| ())
    }

    async fn changed(&self) {
        self.shared.changed.notified().await;
    }

    async fn due(&self, now: Timestamp) -> Result<Due, QueueError> {
        self.shared.due(now)
    }

    /// What is no longer in memory is read on a thread for blocking work: a backlog may have left the page
    /// cache, and a slow disk must not stop the deliveries of others. It costs some 10 µs for a whole claim.
    async fn claim(&self, lane: Lane, most: usize, now: Timestamp) -> Result<Vec<Claim>, QueueError> {
        let taken = self.shared.take(lane, most, now)?;
        if taken.iter().any(|taken| matches!(taken, Taken::Unread(..))) {
            let shared = Arc::clone(&self.shared);
            return blocking(move || shared.claims(taken)).await;
        }
        let whole = |taken| match taken {
            Taken::Whole(claim) => Some(claim),
            Taken::Unread(..) => None,
        };
        Ok(taken.into_iter().filter_map(whole).collect())
    }

    async fn settle(&self, claim: &Claim, settlement: Settlement, now: Timestamp) -> Result<(), QueueError> {
        self.shared.settle(claim, settlement, now)
    }

    async fn unrecorded(&self, most: usize) -> Result<Vec<(Arc<Event>, Vec<Delivery>)>, QueueError> {
        let shared = Arc::clone(&self.shared);
        blocking(move || shared.unrecorded(most)).await
    }

    async fn recorded(&self, events: &[EventId]) -> Result<(), QueueError> {
        let to_look_up = self.shared.recorded(events)?;
        if to_look_up.is_empty() {
            return Ok(());
        }
        let shared = Arc::clone(&self.shared);
        blocking(move || shared.look_up_recorded(&to_look_up)).await
    }

    async fn backlog(&self, now: Timestamp) -> Result<Backlog, QueueError> {
        Ok(self.shared.state.lock().backlog(now))
    }

    async fn close(&self) -> Result<(), QueueError> {
        let Some(running) = self.stop() else { return Ok(()) };
        blocking(move || match running.writer {
            Hand::Thread(writer) => {
                writer.join().map_err(|_| QueueError::Unavailable("its writer has panicked".to_owned()))
            }
            Hand::Driver(writer) => {
                writer.run();
                Ok(())
            }
        })
        .await
    }
}

impl Shared {
    /// Hands what is to be kept to the writer, and waits until it is durable.
    async fn submit(&self, keeps: Vec<Keep>) -> Result<Vec<Claim>, QueueError> {
        let most = keeps.iter().map(|keep| keep.deliveries.len()).max().unwrap_or(0);
        if most > MOST_DELIVERIES {
            let full = format!("one event causes {most} deliveries, over the limit of {MOST_DELIVERIES}");
            return Err(QueueError::Full(full));
        }
        let weight = keeps.iter().map(Keep::weight).sum::<usize>().min(ROOM) as u32;
        self.room.acquire_many(weight).await.map_err(|_| closed())?.forget();
        let (reply, answer) = oneshot::channel();
        let submitted = self.take_in(Command { keeps, weight, reply });
        submitted.inspect_err(|_| self.room.add_permits(weight as usize))?;
        self.wake.notify_one();
        answer.await.unwrap_or_else(|_| Err(closed()))
    }

    fn take_in(&self, command: Command) -> Result<(), QueueError> {
        let deliveries = command.keeps.iter().map(|keep| keep.deliveries.len() as u64).sum::<u64>();
        let mut state = self.state.lock();
        if state.intake.closing {
            return Err(closed());
        }
        let pending = state.pending + state.intake.deliveries;
        if pending + deliveries > self.config.most_pending {
            let limit = self.config.most_pending;
            return Err(QueueError::Full(format!(
                "{pending} deliveries are in flight, and the limit is {limit}"
            )));
        }
        if let Some(limit) = self.config.most_bytes.filter(|limit| state.bytes >= *limit) {
            let bytes = state.bytes;
            return Err(QueueError::Full(format!("{bytes} bytes are in use, and the limit is {limit}")));
        }
        state.intake.deliveries += deliveries;
        state.intake.commands.push(command);
        Ok(())
    }

    fn due(&self, now: Timestamp) -> Result<Due, QueueError> {
        let mut state = self.state.lock();
        if state.intake.closing {
            return Err(closed());
        }
        let mut due = state.due(now);
        if state.intake.stalled {
            // There is no clock here: whoever asks what is due lets a disk that took nothing be tried again.
            state.intake.nudged = true;
            self.wake.notify_one();
            due.next = Some(due.next.map_or(now + RETRY, |next| next.min(now + RETRY)));
        }
        Ok(due)
    }

    fn take(&self, lane: Lane, most: usize, now: Timestamp) -> Result<Vec<Taken>, QueueError> {
        let mut state = self.state.lock();
        if state.intake.closing {
            return Err(closed());
        }
        let (taken, news) = state.claim(lane, most, now);
        if news {
            self.changed.notify_one();
        }
        Ok(taken)
    }

    /// Reads back what was claimed, as far as it must be. What is damaged stays claimed until its lease ends, so
    /// that it holds up nobody else; what cannot be read for now goes back to its lane.
    fn claims(&self, taken: Vec<Taken>) -> Result<Vec<Claim>, QueueError> {
        let place = |taken: &Taken| match taken {
            Taken::Whole(_) => None,
            Taken::Unread(_, place) => Some(*place),
        };
        let places: Vec<_> = taken.iter().filter_map(place).collect();
        let mut read = self.deliveries(&places).into_iter();

        let mut state = self.state.lock();
        let (mut claims, mut trouble, mut unread) = (Vec::new(), None, Vec::new());
        for taken in taken {
            let lease = match taken {
                Taken::Whole(claim) => {
                    claims.push(claim);
                    continue;
                }
                Taken::Unread(lease, _) => lease,
            };
            match read.next().expect("each place is read") {
                Ok(delivery) => {
                    if let Some(lease_ends) = state.name_held(lease, delivery.id) {
                        claims.push(Claim { delivery, lease, lease_ends });
                    }
                }
                Err(why @ QueueError::Damaged(_)) => {
                    error!(%why, "a delivery cannot be read back");
                    trouble = Some(why);
                }
                Err(why) => {
                    unread.push(lease);
                    trouble = Some(why);
                }
            }
        }
        state.put_back(unread.into_iter());
        match trouble {
            Some(why) if claims.is_empty() => Err(why),
            _ => Ok(claims),
        }
    }

    fn settle(&self, claim: &Claim, settlement: Settlement, now: Timestamp) -> Result<(), QueueError> {
        let mut state = self.state.lock();
        if state.intake.closing {
            return Err(closed());
        }
        let waiting = state.intake.moves.len();
        if settlement != Settlement::Done && state.intake.stalled && waiting >= MOST_MOVES {
            let why =
                format!("{waiting} deliveries to be tried again wait for the disk, which takes nothing");
            return Err(QueueError::Full(why));
        }
        let held = state.release(claim, now)?;
        match settlement {
            Settlement::Done => {
                state.clear_and_note(held.place.mark());
                state.pending -= 1;
            }
            Settlement::TryAt(due) => state.intake.moves.push_back(next_try(claim, held, due, now)),
            Settlement::Postpone(due) => state.intake.moves.push_back(postponed(claim, held, due, now)),
        }
        state.intake.nudged = true;
        self.wake.notify_one();
        Ok(())
    }

    /// Notes events as recorded. Gives back those that an older segment may keep, with where: its short table
    /// does not tell them for sure, and reading is not done here.
    fn recorded(&self, events: &[EventId]) -> Result<Vec<EventId>, QueueError> {
        let mut state = self.state.lock();
        if state.intake.closing {
            return Err(closed());
        }
        let mut to_look_up = Vec::new();
        for id in events {
            for (segment, slot, exact) in state.candidates(*id) {
                let mark = Mark { segment, slot };
                if exact {
                    state.clear_and_note(mark);
                } else if state.is_live(mark) {
                    to_look_up.push(*id);
                }
            }
        }
        self.wake.notify_one();
        Ok(to_look_up)
    }

    /// The path of one of its files, for messages.
    fn path(&self, file: &str) -> String {
        self.config.dir.join(file).display().to_string()
    }
}

/// Runs what may wait for a disk where it holds up nobody.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, QueueError> + Send + 'static,
) -> Result<T, QueueError> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|_| Err(closed()))
}

fn closed() -> QueueError {
    QueueError::Unavailable("it is closed".to_owned())
}

fn not_ours(config: &EmbeddedConfig, error: &io::Error) -> QueueError {
    let dir = config.dir.display();
    QueueError::Unavailable(if error.kind() == io::ErrorKind::WouldBlock {
        format!(
            "{dir} is in use by another Fieldhook (process {error}): stop that one, or give this one a directory of its own"
        )
    } else {
        format!("{dir} cannot be locked: {error}")
    })
}
