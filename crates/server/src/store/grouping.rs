//! What becomes of an integration's issues, attempt by attempt. Decides only: the engines read them, feed them and
//! write them back.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry as Slot;

use fieldhook_core::attempt::Attempt;
use fieldhook_core::id::{AttemptId, IntegrationId};
use fieldhook_core::issue::{Cause, Issue, State};
use fieldhook_core::time::Timestamp;

/// Issues of one integration from which on a new cause is kept without its origin: an address made from the
/// event's data must not make an issue for every event.
const MOST: usize = 100;

/// The issues that a batch is about, by integration.
#[derive(Default)]
pub(super) struct Issues(BTreeMap<IntegrationId, Vec<Known>>);

/// An issue that a batch is about.
pub(super) struct Known {
    /// As the batch has left it so far.
    pub(super) issue: Issue,
    /// Whether it is to be written.
    pub(super) changed: bool,
    /// Whether it opened, opened anew or was resolved.
    turned: bool,
    /// When the failure began by which it opened, if it opened here: the last success in front of that is still to
    /// be looked up.
    opened_by: Option<Timestamp>,
}

impl Issues {
    /// Whether the integration's issues have been read.
    pub(super) fn know(&self, integration: IntegrationId) -> bool {
        self.0.contains_key(&integration)
    }

    /// Takes in the integration's issues as they were read; those known already stay.
    pub(super) fn read(&mut self, integration: IntegrationId, issues: Vec<Issue>) {
        if let Slot::Vacant(slot) = self.0.entry(integration) {
            let known = |issue| Known { issue, changed: false, turned: false, opened_by: None };
            slot.insert(issues.into_iter().map(known).collect());
        }
    }

    /// Takes in an attempt that counts and is new. Nothing becomes of it when the integration's issues were not
    /// read, and its issues that are resolved are needed only for a failure.
    pub(super) fn attempted(&mut self, attempt: &Attempt) {
        let Some(known) = self.0.get_mut(&attempt.integration) else { return };
        let cause = Cause::of(attempt).map(|cause| kept_apart(cause, known));
        let struck = cause.as_ref().map(Cause::issue);
        for other in known.iter_mut().filter(|other| other.issue.state != State::Resolved) {
            if Some(other.issue.id) != struck {
                other.turned |= other.issue.passed(attempt);
                other.changed = true;
            }
        }
        if let Some(cause) = cause {
            strike(known, cause, attempt);
        }
    }

    /// The issues that opened: of which integration, and when the failure began that opened it.
    pub(super) fn opened(&self) -> Vec<(IntegrationId, Timestamp)> {
        self.0
            .values()
            .flatten()
            .filter_map(|known| Some((known.issue.integration, known.opened_by?)))
            .collect()
    }

    /// Hands in the last success in front of each of the [`opened`](Self::opened) issues, in their order.
    pub(super) fn fill_last_good(&mut self, found: impl IntoIterator<Item = Option<(AttemptId, Timestamp)>>) {
        let opened = self.0.values_mut().flatten().filter(|known| known.opened_by.is_some());
        for (known, good) in opened.zip(found) {
            known.issue.last_good = good.map(|(id, _)| id);
            known.issue.last_good_at = good.map(|(_, at)| at);
        }
    }

    /// The issues to be written.
    pub(super) fn changed(&self) -> impl Iterator<Item = &Issue> {
        self.0.values().flatten().filter(|known| known.changed).map(|known| &known.issue)
    }

    /// Each integration whose issues were read, and whether one of them is not resolved.
    pub(super) fn unresolved(&self) -> impl Iterator<Item = (IntegrationId, bool)> {
        let unresolved = |known: &Vec<Known>| known.iter().any(|known| known.issue.state != State::Resolved);
        self.0.iter().map(move |(integration, known)| (*integration, unresolved(known)))
    }

    /// The issues that turned.
    pub(super) fn into_turned(self) -> Vec<Issue> {
        self.0.into_values().flatten().filter(|known| known.turned).map(|known| known.issue).collect()
    }
}

/// The cause, without its origin when the integration has many issues and none of this cause.
fn kept_apart(cause: Cause, known: &[Known]) -> Cause {
    let id = cause.issue();
    if known.len() < MOST || known.iter().any(|known| known.issue.id == id) {
        cause
    } else {
        Cause { origin: None, ..cause }
    }
}

fn strike(known: &mut Vec<Known>, cause: Cause, failure: &Attempt) {
    let id = cause.issue();
    let opened_by = Some(failure.started_at);
    let Some(known) = known.iter_mut().find(|known| known.issue.id == id) else {
        let issue = Issue::open(cause, failure, None);
        known.push(Known { issue, changed: true, turned: true, opened_by });
        return;
    };
    known.changed = true;
    if known.issue.comes_back_with(failure) {
        known.issue.reopen(cause, failure, None);
        known.turned = true;
        known.opened_by = opened_by;
    } else {
        known.issue.failed(failure);
    }
}
