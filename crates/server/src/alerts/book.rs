//! The alerts there are, in memory.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use fieldhook_core::access::Scope;
use fieldhook_core::alert::{Alert, Cause, Sign};
use fieldhook_core::id::AlertId;
use fieldhook_core::time::Timestamp;

/// How long an alert that is over is kept.
const KEPT: Duration = Duration::from_hours(30 * 24);
/// Most alerts of a scope that are over and kept.
const MOST_OVER: usize = 500;
/// Most open alerts of a scope. Nobody reads more; issues, devices and destinations are listed without such a limit.
const MOST_OPEN: usize = 1_000;

/// The alerts there are. What was changed is remembered until it is taken.
#[derive(Default)]
pub(super) struct Book {
    alerts: BTreeMap<AlertId, Alert>,
    /// The alerts whose cause is there, those among them that somebody dismissed.
    open: HashMap<Scope, HashMap<Cause, AlertId>>,
    changed: BTreeSet<AlertId>,
    gone: BTreeSet<AlertId>,
    /// Alerts that another node raised, and looks after.
    elsewhere: BTreeSet<AlertId>,
}

impl Book {
    /// Those that were kept.
    pub(super) fn of(kept: Vec<Alert>) -> Self {
        let mut book = Self::default();
        for alert in kept {
            if alert.is_open() {
                book.open.entry(alert.scope).or_default().insert(alert.cause.clone(), alert.id);
            }
            book.alerts.insert(alert.id, alert);
        }
        book
    }

    /// Takes in an alert as another node has left it. What is still to be told of it, that node tells.
    pub(super) fn take_over(&mut self, mut alert: Alert) {
        let id = alert.id;
        // What changed here as well is about to be kept, and told to the other.
        if self.changed.contains(&id) {
            return;
        }
        (alert.unpublished, alert.unmailed) = (None, None);
        let open = self.open.entry(alert.scope).or_default();
        if alert.is_open() {
            open.insert(alert.cause.clone(), id);
        } else if open.get(&alert.cause) == Some(&id) {
            open.remove(&alert.cause);
        }
        if self.alerts.insert(id, alert).is_none() {
            self.elsewhere.insert(id);
        }
    }

    /// Lets go of an alert that another node has let go of.
    pub(super) fn forget(&mut self, id: AlertId) {
        self.elsewhere.remove(&id);
        self.changed.remove(&id);
        let Some(alert) = self.alerts.remove(&id) else { return };
        if let Some(open) = self.open.get_mut(&alert.scope)
            && open.get(&alert.cause) == Some(&id)
        {
            open.remove(&alert.cause);
        }
    }

    /// Takes in a sign: raises an alert, or sees the open one of its cause again.
    pub(super) fn see(
        &mut self,
        scope: Scope,
        sign: Sign,
        now: Timestamp,
        id: impl FnOnce() -> AlertId,
    ) -> Option<&mut Alert> {
        let open = self.open.entry(scope).or_default();
        if let Some(id) = open.get(&sign.cause) {
            let known = self.alerts.get_mut(id)?;
            let worse = known.see(sign, now);
            return worse.then(|| {
                self.changed.insert(known.id);
                known
            });
        }
        if open.len() >= MOST_OPEN {
            return None;
        }
        let id = id();
        metrics::counter!("fieldhook_alerts_total", "kind" => sign.kind.as_str()).increment(1);
        open.insert(sign.cause.clone(), id);
        self.changed.insert(id);
        Some(self.alerts.entry(id).or_insert(Alert::raise(id, scope, sign, now)))
    }

    /// Ends the open alert of the cause, if there is one.
    pub(super) fn end(&mut self, scope: Scope, cause: &Cause, by: &str, now: Timestamp) {
        if let Some(id) = self.open.get_mut(&scope).and_then(|open| open.remove(cause))
            && let Some(alert) = self.alerts.get_mut(&id)
        {
            alert.end(by, now);
            self.changed.insert(id);
        }
    }

    /// Ends an alert although its cause may still be there: what is looked at again and again is then not raised again
    /// before it was gone.
    pub(super) fn dismiss(&mut self, id: AlertId, by: &str, now: Timestamp) {
        let Some(alert) = self.alerts.get_mut(&id).filter(|alert| alert.is_open()) else { return };
        alert.end(by, now);
        self.changed.insert(id);
        let looked_at = matches!(alert.cause, Cause::Destination { .. } | Cause::Operations | Cause::Disk);
        if !looked_at && let Some(open) = self.open.get_mut(&alert.scope) {
            open.remove(&alert.cause);
        }
    }

    /// Tells each open alert of which `missing` says so that its cause was not seen; some are over by that.
    pub(super) fn miss(&mut self, now: Timestamp, missing: impl Fn(&Alert) -> bool) {
        let (alerts, changed, elsewhere) = (&mut self.alerts, &mut self.changed, &self.elsewhere);
        let mut stays_open = |id: &AlertId| {
            let Some(alert) = alerts.get_mut(id) else { return false };
            // What another node sees does not show here.
            let gone = !elsewhere.contains(id) && missing(alert) && alert.miss(now);
            if gone {
                changed.insert(*id);
            }
            !gone
        };
        for open in self.open.values_mut() {
            open.retain(|_, id| stays_open(id));
        }
    }

    /// One alert.
    pub(super) fn get(&self, id: AlertId) -> Option<&Alert> {
        self.alerts.get(&id)
    }

    /// All alerts, the newest first.
    pub(super) fn newest_first(&self) -> impl Iterator<Item = &Alert> {
        self.alerts.values().rev()
    }

    /// Changes an alert.
    pub(super) fn change(&mut self, id: AlertId, change: impl FnOnce(&mut Alert)) {
        if let Some(alert) = self.alerts.get_mut(&id) {
            change(alert);
            self.changed.insert(id);
        }
    }

    /// Lets go of what was over long ago, and of the oldest when there is too much of it.
    pub(super) fn tidy(&mut self, now: Timestamp) {
        let mut over: HashMap<Scope, usize> = HashMap::new();
        let mut gone = Vec::new();
        for alert in self.alerts.values().rev() {
            let Some(ended_at) = alert.ended_at else { continue };
            let count = over.entry(alert.scope).or_default();
            *count += 1;
            if *count > MOST_OVER || now.since(ended_at) > KEPT {
                gone.push(alert.id);
            }
        }
        for id in gone {
            self.alerts.remove(&id);
            self.changed.remove(&id);
            self.elsewhere.remove(&id);
            self.gone.insert(id);
        }
    }

    /// What has changed since it was last taken: alerts as they are now, and those that are gone.
    pub(super) fn take_changes(&mut self) -> (Vec<Alert>, Vec<AlertId>) {
        let changed = std::mem::take(&mut self.changed);
        let changed = changed.iter().filter_map(|id| self.alerts.get(id)).cloned().collect();
        (changed, std::mem::take(&mut self.gone).into_iter().collect())
    }

    /// Gives back changes that could not be kept.
    pub(super) fn give_back(&mut self, changed: &[Alert], gone: Vec<AlertId>) {
        self.changed.extend(changed.iter().map(|alert| alert.id).filter(|id| self.alerts.contains_key(id)));
        self.gone.extend(gone);
    }
}

#[cfg(test)]
mod tests {
    use fieldhook_core::alert::disk_low;
    use fieldhook_core::id::UserId;

    use super::*;

    const MINE: Scope = Scope::User(UserId([1; 12]));

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1_000)
    }

    fn id(number: u16) -> AlertId {
        let mut bytes = [0; 12];
        bytes[..2].copy_from_slice(&number.to_be_bytes());
        AlertId(bytes)
    }

    #[test]
    fn a_cause_has_one_alert_at_a_time() {
        let mut book = Book::default();
        for number in 0..5 {
            book.see(MINE, disk_low(None), at(1), || id(number));
        }
        assert_eq!(book.newest_first().count(), 1);
        book.end(MINE, &Cause::Disk, "tests", at(2));
        book.see(MINE, disk_low(None), at(3), || id(9));
        assert_eq!(
            (book.newest_first().count(), book.newest_first().filter(|alert| alert.is_open()).count()),
            (2, 1)
        );
    }

    #[test]
    fn what_was_dismissed_is_not_raised_again_before_its_cause_was_gone() {
        let mut book = Book::default();
        book.see(MINE, disk_low(None), at(1), || id(1));
        book.dismiss(id(1), "tests", at(2));
        assert!(book.see(MINE, disk_low(None), at(3), || id(2)).is_none());
        assert_eq!(book.newest_first().filter(|alert| alert.is_open()).count(), 0);
        book.miss(at(4), |_| true);
        assert_eq!(book.get(id(1)).and_then(|alert| alert.ended_by.clone()).as_deref(), Some("tests"));
        assert!(book.see(MINE, disk_low(None), at(5), || id(2)).is_some());
    }

    #[test]
    fn what_changed_is_taken_once_and_what_could_not_be_kept_again() {
        let mut book = Book::default();
        book.see(MINE, disk_low(None), at(1), || id(1));
        let (changed, gone) = book.take_changes();
        assert_eq!((changed.len(), gone.len()), (1, 0));
        assert_eq!(book.take_changes(), (vec![], vec![]));
        book.give_back(&changed, gone);
        assert_eq!(book.take_changes().0.len(), 1);
    }

    #[test]
    fn the_newest_five_hundred_that_are_over_are_kept_for_thirty_days() {
        let mut book = Book::default();
        for number in 0..600 {
            book.see(MINE, disk_low(None), at(0), || id(number));
            book.end(MINE, &Cause::Disk, "tests", at(0));
        }
        book.tidy(at(0));
        assert_eq!(book.newest_first().count(), MOST_OVER);
        assert_eq!(book.newest_first().next().map(|alert| alert.id), Some(id(599)));
        book.tidy(at(31 * 86_400));
        assert_eq!(book.newest_first().count(), 0);
        assert_eq!(book.take_changes().1.len(), 600);
    }
}
