//! The funnel: how far the events of a window came on their way through one integration.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::event::Event;
use crate::id::{DeviceId, EventId};
use crate::matching::{Candidate, Reason, judge};
use crate::time::Timestamp;

/// What became of the events of a window, step by step, and where they leak.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Funnel {
    /// The window's beginning.
    pub since: Timestamp,
    /// Its end.
    pub until: Timestamp,
    /// Events published where the reader can see them: all in the integration's scope, and those of other scopes
    /// whose names begin with its prefix.
    pub published: u64,
    /// Those of them that stand in the integration's scope.
    pub received: u64,
    /// Those that fired it.
    pub matched: u64,
    /// Those for which at least one attempt was made, refusals by the gate included.
    pub attempted: u64,
    /// Those that were accepted.
    pub succeeded: u64,
    /// Whether there were more events than were looked at: the newest ones were.
    pub more: bool,
    /// The step at which events are lost.
    pub leak: Option<Leak>,
    /// Why events did not fire it, the reason with the most telling first.
    pub reasons: Vec<Missed>,
    /// When it last fired, ever.
    pub last_fired: Option<Timestamp>,
    /// Since when the oldest delivery has waited for its first attempt, when one does.
    pub late_since: Option<Timestamp>,
    /// What is wrong with the server itself, when something is.
    pub health: Option<String>,
}

/// A step at which events are lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Leak {
    /// None was published.
    Published,
    /// None of those published stands in the integration's scope.
    Received,
    /// None of those received fired it, or one nearly did.
    Matched,
    /// Some of those that fired it were never sent.
    Attempted,
    /// Some of those sent were not accepted.
    Succeeded,
}

/// Events that did not fire the integration for one reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Missed {
    /// The reason, of the newest such event.
    #[serde(flatten)]
    pub reason: Reason,
    /// The same in a sentence with the values at hand.
    pub explanation: String,
    /// How many events.
    pub count: u64,
    /// The newest of them.
    pub event: EventId,
    /// Its name.
    pub name: String,
    /// When it was published.
    pub at: Timestamp,
    /// The device that published it.
    pub device: Option<DeviceId>,
}

/// Deliveries of the window, counted by how far they came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Reached {
    /// Begun.
    pub matched: u64,
    /// Attempted at least once.
    pub attempted: u64,
    /// Accepted.
    pub succeeded: u64,
}

impl Funnel {
    /// Counts the events of a window, newest first, against an integration.
    pub fn of(
        (since, until): (Timestamp, Timestamp),
        events: &[Event],
        candidate: &Candidate<'_>,
        reached: Reached,
    ) -> Self {
        let mut missed: BTreeMap<(u8, u8), Missed> = BTreeMap::new();
        let mut received = 0;
        for event in events {
            let row = judge(event, candidate);
            received += u64::from(!outside(&row.reason));
            if row.reason == Reason::Fired {
                continue;
            }
            let of_kind = missed.entry((rank(&row.reason), kind(&row.reason))).or_insert_with(|| Missed {
                reason: row.reason,
                explanation: row.explanation,
                count: 0,
                event: event.id,
                name: event.name.clone(),
                at: event.published_at,
                device: event.device(),
            });
            of_kind.count += 1;
        }
        let mut funnel = Self {
            since,
            until,
            published: (events.len() as u64).max(reached.matched),
            received: received.max(reached.matched),
            matched: reached.matched,
            attempted: reached.attempted,
            succeeded: reached.succeeded,
            more: false,
            leak: None,
            reasons: missed.into_values().collect(),
            last_fired: None,
            late_since: None,
            health: None,
        };
        funnel.leak = funnel.leaks_at();
        funnel
    }

    /// The first step at which events are lost that should not be. That events of other names fire other
    /// integrations is no leak.
    fn leaks_at(&self) -> Option<Leak> {
        let nearly = self.reasons.first().is_some_and(Missed::telling);
        match self {
            Self { published: 0, .. } => Some(Leak::Published),
            Self { received: 0, .. } => Some(Leak::Received),
            Self { matched: 0, .. } => Some(Leak::Matched),
            _ if nearly => Some(Leak::Matched),
            _ if self.attempted < self.matched => Some(Leak::Attempted),
            _ if self.succeeded < self.attempted => Some(Leak::Succeeded),
            _ => None,
        }
    }
}

impl Missed {
    /// Whether such an event was probably meant to fire the integration.
    pub fn telling(&self) -> bool {
        rank(&self.reason) < OTHER_NAME && !matches!(self.reason, Reason::Test | Reason::NotThen { .. })
    }
}

/// The rank of an event whose name has nothing to do with the prefix.
const OTHER_NAME: u8 = 8;

/// The order in which reasons are told: what fits but for one rule first, in the order in which people look.
fn rank(reason: &Reason) -> u8 {
    match reason {
        Reason::Prefix { nearest: Some(_) } => 0,
        Reason::Scope => 1,
        Reason::Claim { .. } => 2,
        Reason::DeviceFilter => 3,
        Reason::Disabled { .. } => 4,
        Reason::Reserved | Reason::LoopGuard => 5,
        Reason::NotListed => 6,
        Reason::NotThen { .. } | Reason::Test => 7,
        Reason::Prefix { nearest: None } => OTHER_NAME,
        Reason::Fired => u8::MAX,
    }
}

/// Tells apart reasons of one rank.
fn kind(reason: &Reason) -> u8 {
    use crate::matching::NearMiss::{Case, Edits, Reversed, Slash, Space};
    match reason {
        Reason::Prefix { nearest: Some(miss) } => match miss {
            Case => 0,
            Space => 1,
            Slash => 2,
            Reversed => 3,
            Edits { .. } => 4,
        },
        Reason::Claim { by_another } => u8::from(*by_another),
        Reason::LoopGuard | Reason::Test => 1,
        _ => 0,
    }
}

/// Whether the event does not stand in the integration's scope at all.
fn outside(reason: &Reason) -> bool {
    matches!(reason, Reason::Scope | Reason::Claim { .. })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::Scope;
    use crate::diagnosis::testing::{DEVICE, HOOK, OWNER, T0, event};
    use crate::matching::NearMiss;

    fn candidate(prefix: &str) -> Candidate<'_> {
        Candidate {
            integration: HOOK,
            scope: Scope::User(OWNER),
            prefix,
            device_filter: None,
            disabled: None,
            products: &[],
            updated_at: T0,
        }
    }

    fn of(names: &[&str], prefix: &str, reached: Reached) -> Funnel {
        let events: Vec<_> = (0..).zip(names).map(|(n, name)| event(n, name, "1")).collect();
        Funnel::of((T0, T0), &events, &candidate(prefix), reached)
    }

    fn reached(matched: u64, attempted: u64, succeeded: u64) -> Reached {
        Reached { matched, attempted, succeeded }
    }

    #[test]
    fn events_leak_at_the_first_step_that_loses_them() {
        for (names, prefix, done, leak) in [
            (&[][..], "temp", reached(0, 0, 0), Some(Leak::Published)),
            (&["humidity"], "temp", reached(0, 0, 0), Some(Leak::Matched)),
            (&["temp", "Temp"], "temp", reached(1, 1, 1), Some(Leak::Matched)),
            (&["temp", "temp"], "temp", reached(2, 1, 1), Some(Leak::Attempted)),
            (&["temp", "temp"], "temp", reached(2, 2, 1), Some(Leak::Succeeded)),
            (&["temp", "humidity"], "temp", reached(1, 1, 1), None),
        ] {
            assert_eq!(of(names, prefix, done).leak, leak, "{names:?} {done:?}");
        }
    }

    #[test]
    fn a_near_miss_is_told_before_what_has_nothing_to_do_with_it() {
        let funnel = of(&["humidity", "Temp", "pressure", "Temp/2"], "temp", reached(0, 0, 0));
        let told: Vec<_> = funnel.reasons.iter().map(|missed| (missed.name.as_str(), missed.count)).collect();
        assert_eq!(told, [("Temp", 2), ("humidity", 2)]);
        assert_eq!(funnel.reasons[0].reason, Reason::Prefix { nearest: Some(NearMiss::Case) });
        assert_eq!(funnel.reasons[0].device, Some(DEVICE));
        assert!(funnel.reasons[0].telling() && !funnel.reasons[1].telling());
    }

    #[test]
    fn an_event_of_another_owner_is_published_and_not_received() {
        let foreign = Event { owner: None, ..event(1, "temp", "1") };
        let funnel = Funnel::of((T0, T0), &[foreign], &candidate("temp"), reached(0, 0, 0));
        assert_eq!((funnel.published, funnel.received, funnel.leak), (1, 0, Some(Leak::Received)));
    }
}
