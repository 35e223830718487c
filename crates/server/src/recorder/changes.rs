//! Which integrations' logs, counters or books have changed, for whoever watches them.

use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock, Weak};

use fieldhook_core::id::IntegrationId;
use parking_lot::Mutex;
use tokio::sync::{Notify, mpsc};

use crate::store::Entry;

/// Most ids that are gathered for one watcher; beyond it, any may have changed.
const MOST_GATHERED: usize = 4_096;

/// Everybody who watches.
#[derive(Default)]
pub(super) struct Changes {
    watchers: Mutex<Vec<Weak<Watcher>>>,
    /// Where they go besides, for those who watch elsewhere.
    outlet: OnceLock<mpsc::Sender<BTreeSet<IntegrationId>>>,
}

#[derive(Default)]
struct Watcher {
    gathered: Mutex<Gathered>,
    came: Notify,
}

/// What has changed since it was last taken.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Gathered {
    /// The integrations.
    pub integrations: BTreeSet<IntegrationId>,
    /// Whether there were more than are gathered.
    pub more: bool,
}

/// A watcher's end: it gathers until it is dropped.
pub struct ChangeWatch(Arc<Watcher>);

impl Changes {
    pub(super) fn watch(&self) -> ChangeWatch {
        let watcher = Arc::new(Watcher::default());
        self.watchers.lock().push(Arc::downgrade(&watcher));
        ChangeWatch(watcher)
    }

    /// Tells those who watch elsewhere too, from now on.
    pub(super) fn tell_elsewhere(&self, outlet: mpsc::Sender<BTreeSet<IntegrationId>>) {
        // There is one elsewhere.
        let _ = self.outlet.set(outlet);
    }

    /// The integrations that these entries change; none while nobody watches.
    pub(super) fn among(&self, entries: &[Entry]) -> BTreeSet<IntegrationId> {
        let mut watchers = self.watchers.lock();
        watchers.retain(|watcher| watcher.strong_count() > 0);
        if watchers.is_empty() && self.outlet.get().is_none() {
            BTreeSet::new()
        } else {
            entries.iter().filter_map(integration_of).collect()
        }
    }

    /// Tells whoever watches, here and elsewhere.
    pub(super) fn tell(&self, changed: &BTreeSet<IntegrationId>) {
        if changed.is_empty() {
            return;
        }
        if let Some(outlet) = self.outlet.get()
            && outlet.try_send(changed.clone()).is_err()
        {
            metrics::counter!("fieldhook_node_messages_missed_total").increment(1);
        }
        self.hear(changed);
    }

    /// Tells whoever watches here.
    pub(super) fn hear(&self, changed: &BTreeSet<IntegrationId>) {
        for watcher in self.watchers.lock().iter().filter_map(Weak::upgrade) {
            watcher.gathered.lock().add(changed);
            watcher.came.notify_one();
        }
    }
}

fn integration_of(entry: &Entry) -> Option<IntegrationId> {
    match entry {
        Entry::Event(_) => None,
        Entry::Matched(matched) => Some(matched.integration),
        Entry::Attempted(attempt) => Some(attempt.integration),
        Entry::Ended(ended) => Some(ended.integration),
        Entry::Used(used) => used.integration,
        Entry::ReplayBegan(replay) => Some(replay.integration),
        Entry::ReplayWent(went) => Some(went.integration),
    }
}

impl Gathered {
    fn is_empty(&self) -> bool {
        self.integrations.is_empty() && !self.more
    }

    fn add(&mut self, changed: &BTreeSet<IntegrationId>) {
        for id in changed {
            if self.integrations.len() >= MOST_GATHERED && !self.integrations.contains(id) {
                self.more = true;
                return;
            }
            self.integrations.insert(*id);
        }
    }
}

impl ChangeWatch {
    /// Returns when there is something to take.
    pub async fn something(&self) {
        while self.0.gathered.lock().is_empty() {
            self.0.came.notified().await;
        }
    }

    /// Takes what has changed since it was last taken.
    pub fn take(&self) -> Gathered {
        std::mem::take(&mut *self.0.gathered.lock())
    }
}

#[cfg(test)]
mod tests {
    use fieldhook_core::attempt::Verdict;
    use fieldhook_core::id::DeliveryId;
    use fieldhook_core::time::Timestamp;

    use super::*;
    use crate::store::EndedEntry;

    fn id(n: usize) -> IntegrationId {
        let mut bytes = [0; 12];
        bytes[..8].copy_from_slice(&(n as u64).to_be_bytes());
        IntegrationId(bytes)
    }

    fn ended(integration: IntegrationId) -> Entry {
        Entry::Ended(EndedEntry {
            delivery: DeliveryId::new(Timestamp::from_millis(0), [0; 10]),
            integration,
            verdict: Verdict::Dropped,
            reason: String::new(),
            at: Timestamp::from_millis(0),
        })
    }

    #[test]
    fn what_is_said_twice_is_told_once_and_only_until_it_is_taken() {
        let changes = Changes::default();
        let watch = changes.watch();
        for _ in 0..2 {
            changes.tell(&changes.among(&[ended(id(1)), ended(id(2)), ended(id(1))]));
        }
        assert_eq!(watch.take(), Gathered { integrations: BTreeSet::from([id(1), id(2)]), more: false });
        assert_eq!(watch.take(), Gathered::default());
    }

    #[test]
    fn while_nobody_watches_nothing_is_looked_at() {
        let changes = Changes::default();
        assert!(changes.among(&[ended(id(1))]).is_empty());
        drop(changes.watch());
        assert!(changes.among(&[ended(id(1))]).is_empty());
        assert!(changes.watchers.lock().is_empty());
    }

    #[test]
    fn a_watcher_who_never_looks_costs_no_more_than_so_much() {
        let changes = Changes::default();
        let watch = changes.watch();
        changes.tell(&(0..MOST_GATHERED).map(id).collect());
        assert!(!watch.0.gathered.lock().more);
        changes.tell(&(MOST_GATHERED - 1..2 * MOST_GATHERED).map(id).collect());
        let taken = watch.take();
        assert_eq!((taken.integrations.len(), taken.more), (MOST_GATHERED, true));
    }
}
