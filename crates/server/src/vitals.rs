//! Whether the server is well: each part asked when somebody wants to know, and what went wrong lately.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use fieldhook_core::time::Timestamp;
use fieldhook_core::wire::health::{Incident, Part};
use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;

use crate::clock::Nature;
use crate::queue::{Backlog, Queue};
use crate::recorder::Recorder;
use crate::store::Store;

/// How long a finding is believed, so that being asked often costs little.
const FRESH: Duration = Duration::from_secs(1);
/// How long a part may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// Incidents that are remembered.
const REMEMBERED: usize = 20;
/// Free bytes below which the disk is a trouble.
const LOW_DISK: u64 = 256 * 1024 * 1024;
/// How far the time of day may stray from time measured, between two looks.
const JUMP: Duration = Duration::from_secs(5);

/// Something that is not well. Shown in public, so it says nothing about files, addresses or contents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum Trouble {
    /// The server is being stopped.
    #[error("the server is being stopped and takes no more events")]
    Draining,
    /// The queue does not say how much is in flight.
    #[error("the queue does not answer")]
    QueueSilent,
    /// The store refuses what happened.
    #[error("the store refuses what happened; publishing is halted until it takes it")]
    StoreRefuses,
    /// The store does not say how large it is.
    #[error("the store does not answer")]
    StoreSilent,
    /// The disk is nearly full.
    #[error("less than 256 MiB are free on the disk; make room, or events will be refused")]
    DiskLow,
    /// The time of day has jumped.
    #[error("the time of day jumped by more than 5 s; check the machine's clock")]
    ClockJumped,
}

impl Trouble {
    /// The part that is not well.
    pub fn part(self) -> Part {
        match self {
            Self::Draining => Part::Ingest,
            Self::QueueSilent => Part::Queue,
            Self::StoreRefuses | Self::StoreSilent => Part::Store,
            Self::DiskLow => Part::Disk,
            Self::ClockJumped => Part::Clock,
        }
    }

    /// Whether events cannot be taken in because of it.
    pub fn stops_ingest(self) -> bool {
        !matches!(self, Self::DiskLow | Self::ClockJumped)
    }
}

/// What the parts said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signs {
    /// When they were asked.
    pub at: Timestamp,
    /// What is not well.
    pub troubles: Vec<Trouble>,
    /// How much is in flight, if the queue says.
    pub backlog: Option<Backlog>,
    /// Bytes the store takes, if it says.
    pub store_bytes: Option<u64>,
    /// Bytes free on the disk of the data directory, if there is one.
    pub disk_free: Option<u64>,
}

/// What to ask.
pub struct Parts {
    /// What is in flight.
    pub queue: Arc<dyn Queue>,
    /// What is looked up.
    pub store: Arc<dyn Store>,
    /// Knows whether the store takes what happens.
    pub recorder: Recorder,
    /// The data directory, when everything is kept on this machine.
    pub data: Option<PathBuf>,
    /// Time.
    pub nature: Nature,
    /// Cancelled when the server drains.
    pub draining: CancellationToken,
}

/// The server's signs of life.
pub struct Vitals {
    parts: Parts,
    state: Mutex<State>,
}

struct State {
    last: Option<Signs>,
    ongoing: Vec<Trouble>,
    incidents: VecDeque<Incident>,
    clock: (Timestamp, Duration),
}

impl Vitals {
    /// Looks after these parts.
    pub fn new(parts: Parts) -> Self {
        let clock = (parts.nature.now(), parts.nature.clock.elapsed());
        let state =
            State { last: None, ongoing: Vec::new(), incidents: VecDeque::with_capacity(REMEMBERED), clock };
        Self { parts, state: Mutex::new(state) }
    }

    /// Asks every part, unless that was done within the last second, and notes what began or ended going wrong.
    pub async fn look(&self) -> Signs {
        let now = self.parts.nature.now();
        let last = self.state.lock().last.clone();
        let mut signs = match last.filter(|signs| now.since(signs.at) < FRESH) {
            Some(signs) => signs,
            None => self.ask(now).await,
        };
        // What can be known without asking is always told as it is now.
        for (wrong, trouble) in [
            (self.parts.draining.is_cancelled(), Trouble::Draining),
            (self.parts.recorder.stuck(), Trouble::StoreRefuses),
        ] {
            signs.troubles.retain(|other| *other != trouble);
            signs.troubles.extend(wrong.then_some(trouble));
        }
        signs.troubles.sort_unstable();
        let mut state = self.state.lock();
        state.note(&signs.troubles, now);
        state.last = Some(signs.clone());
        signs
    }

    /// What went wrong lately, newest first.
    pub fn incidents(&self) -> Vec<Incident> {
        self.state.lock().incidents.iter().rev().cloned().collect()
    }

    async fn ask(&self, at: Timestamp) -> Signs {
        let (backlog, store_bytes, disk_free) = tokio::join!(
            self.in_time(self.parts.queue.backlog(at)),
            self.in_time(self.parts.store.size()),
            self.disk_free()
        );
        let jumped = self.clock_jumped();
        let wrong = [
            (backlog.is_none(), Trouble::QueueSilent),
            (store_bytes.is_none(), Trouble::StoreSilent),
            (disk_free.is_some_and(|free| free < LOW_DISK), Trouble::DiskLow),
            (jumped, Trouble::ClockJumped),
        ];
        let troubles = wrong.into_iter().filter_map(|(wrong, trouble)| wrong.then_some(trouble)).collect();
        Signs { at, troubles, backlog, store_bytes, disk_free }
    }

    /// What a part answers; nothing when it fails or takes too long.
    async fn in_time<T, E>(&self, answer: impl Future<Output = Result<T, E>>) -> Option<T> {
        tokio::select! {
            answer = answer => answer.ok(),
            () = self.parts.nature.clock.sleep(PATIENCE) => None,
        }
    }

    async fn disk_free(&self) -> Option<u64> {
        let data = self.parts.data.clone()?;
        tokio::task::spawn_blocking(move || fs4::available_space(data).ok()).await.ok().flatten()
    }

    /// Whether the time of day and time measured have gone different ways since last asked.
    fn clock_jumped(&self) -> bool {
        let nature = &self.parts.nature;
        let (now, elapsed) = (nature.now(), nature.clock.elapsed());
        let (before, elapsed_before) = std::mem::replace(&mut self.state.lock().clock, (now, elapsed));
        let expected = before + elapsed.saturating_sub(elapsed_before);
        now.since(expected) > JUMP || expected.since(now) > JUMP
    }
}

impl State {
    fn note(&mut self, troubles: &[Trouble], now: Timestamp) {
        for over in self.ongoing.iter().filter(|trouble| !troubles.contains(trouble)) {
            let what = over.to_string();
            let open = self.incidents.iter_mut().rev().find(|old| old.ended_at.is_none() && old.what == what);
            if let Some(incident) = open {
                incident.ended_at = Some(now);
            }
            tracing::info!(trouble = %over, "over");
        }
        for new in troubles.iter().filter(|trouble| !self.ongoing.contains(trouble)) {
            tracing::warn!(trouble = %new, "not well");
            if self.incidents.len() == REMEMBERED {
                self.incidents.pop_front();
            }
            let incident =
                Incident { part: new.part(), what: new.to_string(), began_at: now, ended_at: None };
            self.incidents.push_back(incident);
        }
        self.ongoing = troubles.to_vec();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state() -> State {
        let clock = (Timestamp::from_millis(0), Duration::ZERO);
        State { last: None, ongoing: Vec::new(), incidents: VecDeque::new(), clock }
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1_000)
    }

    #[test]
    fn an_incident_lasts_from_the_first_look_that_sees_it_to_the_first_that_does_not() {
        let mut state = state();
        state.note(&[Trouble::StoreRefuses], at(1));
        state.note(&[Trouble::StoreRefuses, Trouble::DiskLow], at(2));
        state.note(&[Trouble::DiskLow], at(3));

        let spans: Vec<_> =
            state.incidents.iter().map(|old| (old.part, old.began_at, old.ended_at)).collect();
        assert_eq!(spans, [(Part::Store, at(1), Some(at(3))), (Part::Disk, at(2), None)]);
    }

    #[test]
    fn only_the_last_20_incidents_are_remembered() {
        let mut state = state();
        for second in 0..50 {
            let troubles = if second % 2 == 0 { &[Trouble::QueueSilent][..] } else { &[] };
            state.note(troubles, at(second));
        }
        assert_eq!(state.incidents.len(), REMEMBERED);
        assert_eq!(state.incidents.back().unwrap().began_at, at(48));
    }

    #[test]
    fn a_full_disk_ahead_or_a_clock_that_jumped_does_not_stop_events() {
        assert!(!Trouble::DiskLow.stops_ingest());
        assert!(!Trouble::ClockJumped.stops_ingest());
        assert!(Trouble::StoreRefuses.stops_ingest());
        assert!(Trouble::Draining.stops_ingest());
    }
}
