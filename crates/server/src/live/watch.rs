//! Watching: a sample of what happens, for a reader who could not follow all of it.

use std::sync::Arc;

use fieldhook_core::sample::{Sample, Taken};
use parking_lot::Mutex;
use tokio::sync::Notify;

use super::{Audience, Happening, Inbox, Live, Seat};

/// A watcher's end: it gathers until it is dropped.
pub struct Watch {
    gathering: Arc<Gathering>,
    _seat: Seat,
}

/// What a watcher has not taken yet.
pub(super) struct Gathering {
    sample: Mutex<Sample<Happening>>,
    came: Notify,
}

impl Gathering {
    /// Nothing is written out here, and of what is not in the sample nothing is kept.
    pub(super) fn add(&self, happening: &Happening) {
        let mut sample = self.sample.lock();
        let first = sample.is_empty();
        sample.add(|| happening.clone());
        drop(sample);
        if first {
            self.came.notify_one();
        }
    }
}

impl Live {
    /// Watches from now on; gathers at most so many happenings at a time.
    pub fn watch(self: &Arc<Self>, audience: Audience, most: usize) -> Watch {
        let gathering = Arc::new(Gathering { sample: Mutex::new(Sample::of(most)), came: Notify::new() });
        Watch { _seat: self.seat(audience, Inbox::Watch(gathering.clone())), gathering }
    }
}

impl Watch {
    /// Returns when there is something to take.
    pub async fn something(&self) {
        while self.gathering.sample.lock().is_empty() {
            self.gathering.came.notified().await;
        }
    }

    /// Takes what has happened since it was last taken.
    pub fn take(&self) -> Taken<Happening> {
        self.gathering.sample.lock().take()
    }
}
