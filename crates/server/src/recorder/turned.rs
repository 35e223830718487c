//! The issues that turned, on their way to whoever raises alerts.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use fieldhook_core::issue::Issue;
use tokio::sync::mpsc;

/// Issues that may wait; of more it is only told that there were some.
const WAITING: usize = 4_096;

/// The recorder's end. Telling never waits.
pub(super) struct Teller {
    issues: mpsc::Sender<Issue>,
    state: Arc<State>,
}

/// The hearing end.
pub struct TurnedIssues {
    issues: mpsc::Receiver<Issue>,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    unheard: AtomicUsize,
    missed: AtomicBool,
}

/// What was heard.
pub struct Heard {
    /// Issues that opened, opened anew or were resolved, as they stood then, in order.
    pub issues: Vec<Issue>,
    /// Whether there were more than could wait, so that all have to be looked at.
    pub missed: bool,
    unheard: Arc<State>,
}

/// Knows whether something waits to be dealt with.
#[derive(Clone)]
pub struct Pending(Arc<State>);

pub(super) fn turned() -> (Teller, TurnedIssues) {
    let (sender, receiver) = mpsc::channel(WAITING);
    let state = Arc::<State>::default();
    (Teller { issues: sender, state: state.clone() }, TurnedIssues { issues: receiver, state })
}

impl Teller {
    pub(super) fn tell(&self, turned: Vec<Issue>) {
        for issue in turned {
            self.state.unheard.fetch_add(1, Ordering::AcqRel);
            if self.issues.try_send(issue).is_err() {
                self.state.unheard.fetch_sub(1, Ordering::AcqRel);
                self.state.missed.store(true, Ordering::Release);
            }
        }
    }
}

impl TurnedIssues {
    /// Waits for issues to turn, and takes all that did. Until what was taken is dropped, it counts as pending.
    pub async fn next(&mut self) -> Option<Heard> {
        let mut issues = Vec::new();
        if self.issues.recv_many(&mut issues, WAITING).await == 0 {
            return None;
        }
        let missed = self.state.missed.swap(false, Ordering::AcqRel);
        Some(Heard { issues, missed, unheard: self.state.clone() })
    }

    /// What tells whether something waits.
    pub fn pending(&self) -> Pending {
        Pending(self.state.clone())
    }
}

impl Drop for Heard {
    fn drop(&mut self) {
        self.unheard.unheard.fetch_sub(self.issues.len(), Ordering::AcqRel);
    }
}

impl Pending {
    /// Whether an issue was told and is not dealt with yet.
    pub fn any(&self) -> bool {
        self.0.unheard.load(Ordering::Acquire) > 0
    }
}
