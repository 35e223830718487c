//! Which node has which log: one small document that all nodes share, changed by compare-and-set.
//!
//! A holder counts its logs' beats up. Whoever sees a count stand still for [`PATIENCE`] by its own clock takes
//! the log over; clocks are never compared. Decisions only: what is read and written is `registry`'s.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How often a holder says that it is there.
pub(super) const BEAT: Duration = Duration::from_secs(1);
/// How long a holder may say nothing and keep its logs.
pub(super) const PATIENCE: Duration = Duration::from_secs(4);

/// All logs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Nodes {
    /// By their ids.
    pub(super) logs: BTreeMap<String, Log>,
}

/// One log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Log {
    /// The name of the node that has it.
    pub(super) node: String,
    /// The run of that node which has it.
    pub(super) owner: String,
    /// Counts up while it is held.
    pub(super) beat: u64,
    /// How it stands.
    pub(super) state: LogState,
}

/// How a log stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum LogState {
    /// Somebody has it.
    Held,
    /// It was closed with something in it, for anybody to take.
    Left,
    /// It cannot be read; a person must decide.
    Damaged,
}

/// A run of a node, and what it holds.
#[derive(Debug, Clone)]
pub(super) struct Me {
    /// The node's name.
    pub(super) node: String,
    /// Nobody else's, ever.
    pub(super) owner: String,
    /// The id of a new log, should one be needed.
    pub(super) spare: String,
}

/// What a node has seen of the others: for each log its owner and count, and since when they stand so.
#[derive(Debug, Default)]
pub(super) struct Watch {
    seen: BTreeMap<String, (String, u64, Duration)>,
}

/// What a start is to do.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Entry {
    /// Go on with this log.
    Take(String),
    /// Ask again after a beat: a log of this node's name may be in use.
    Wait,
}

/// What a beat has brought.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Turn {
    /// The node's own log was taken over; it goes on with the spare one.
    pub(super) lost: bool,
    /// Logs taken over from others.
    pub(super) adopt: Vec<String>,
}

impl Watch {
    /// Notes how a log stands now; says how long it has stood so.
    fn stands(&mut self, id: &str, log: &Log, now: Duration) -> Duration {
        let fresh = (log.owner.clone(), log.beat, now);
        let seen = self.seen.entry(id.to_owned()).or_insert_with(|| fresh.clone());
        if (&seen.0, seen.1) != (&log.owner, log.beat) {
            *seen = fresh;
        }
        now.saturating_sub(seen.2)
    }

    fn forget_all_but(&mut self, logs: &BTreeMap<String, Log>) {
        self.seen.retain(|id, _| logs.contains_key(id));
    }
}

impl Nodes {
    /// Finds a log for a node that starts: one that bears its name and is nobody's, else the spare one.
    ///
    /// A name that is in use elsewhere shows by its beats; until a log of this name has beaten or stood still
    /// for long enough, the start waits.
    pub(super) fn enter(
        &mut self,
        me: &Me,
        watch: &mut Watch,
        alive: &mut BTreeSet<String>,
        now: Duration,
    ) -> Entry {
        let mine = self.logs.iter().filter(|(_, log)| log.node == me.node && log.state != LogState::Damaged);
        let (mut free, mut unsure) = (None, false);
        for (id, log) in mine {
            let known = watch.seen.get(id).is_some_and(|seen| seen.1 != log.beat);
            if known {
                alive.insert(id.clone());
            }
            let silent = watch.stands(id, log, now) >= PATIENCE;
            if log.state == LogState::Left || silent {
                free = free.or(Some(id.clone()));
            } else if !alive.contains(id) {
                unsure = true;
            }
        }
        if free.is_none() && unsure {
            return Entry::Wait;
        }
        let id = free.unwrap_or_else(|| me.spare.clone());
        self.hold(&id, me);
        Entry::Take(id)
    }

    /// Beats for what `me` holds, and takes over what nobody holds any more. `own` is the log that it appends to,
    /// `lost` whether that turned out to be somebody else's, `heir_to` the logs it is moving into its own.
    pub(super) fn beat(
        &mut self,
        me: &Me,
        own: &str,
        lost: bool,
        heir_to: &BTreeSet<String>,
        watch: &mut Watch,
        now: Duration,
    ) -> Turn {
        let held = |log: &Log| log.owner == me.owner && log.state == LogState::Held;
        let lost = lost || !self.logs.get(own).is_some_and(held);
        let own = if lost { me.spare.clone() } else { own.to_owned() };
        self.hold(&own, me);
        let mut turn = Turn { lost, ..Turn::default() };
        for (id, log) in &mut self.logs {
            if *id == own || log.state == LogState::Damaged {
                continue;
            }
            let ours = held(log);
            let free = log.state == LogState::Left || (!ours && watch.stands(id, log, now) >= PATIENCE);
            if ours && heir_to.contains(id) {
                log.beat += 1;
            } else if ours || free {
                *log = Log { beat: log.beat + 1, ..Log::held_by(me) };
                turn.adopt.push(id.clone());
            }
        }
        watch.forget_all_but(&self.logs);
        turn
    }

    /// The runs of nodes that hold a log, and the nodes' names, in the order of their logs: the first one leads.
    pub(super) fn alive(&self) -> Vec<(String, String)> {
        let mut alive: Vec<(String, String)> = Vec::new();
        for log in self.logs.values().filter(|log| log.state == LogState::Held) {
            if alive.iter().all(|(owner, _)| *owner != log.owner) {
                alive.push((log.owner.clone(), log.node.clone()));
            }
        }
        alive
    }

    /// The logs that are `me`'s.
    pub(super) fn held(&self, me: &Me) -> BTreeSet<String> {
        let held = self.logs.iter().filter(|(_, log)| log.owner == me.owner && log.state == LogState::Held);
        held.map(|(id, _)| id.clone()).collect()
    }

    /// Lets go of a log that is `me`'s: as `state` if there is one, entirely if there is none.
    pub(super) fn let_go(&mut self, me: &Me, id: &str, state: Option<LogState>) {
        let Some(log) = self.logs.get_mut(id).filter(|log| log.owner == me.owner) else { return };
        match state {
            Some(state) => log.state = state,
            None => _ = self.logs.remove(id),
        }
    }

    fn hold(&mut self, id: &str, me: &Me) {
        let beat = self.logs.get(id).map_or(0, |log| log.beat + 1);
        self.logs.insert(id.to_owned(), Log { beat, ..Log::held_by(me) });
    }
}

impl Log {
    fn held_by(me: &Me) -> Self {
        Self { node: me.node.clone(), owner: me.owner.clone(), beat: 0, state: LogState::Held }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn me(node: &str, run: u32) -> Me {
        Me { node: node.to_owned(), owner: format!("{node}-{run}"), spare: format!("{node}-log-{run}") }
    }

    fn secs(secs: u64) -> Duration {
        Duration::from_secs(secs)
    }

    /// A node that beats and observes.
    struct Node {
        me: Me,
        watch: Watch,
    }

    impl Node {
        fn entered(nodes: &mut Nodes, name: &str) -> Self {
            let (me, mut watch) = (me(name, 1), Watch::default());
            let entry = nodes.enter(&me, &mut watch, &mut BTreeSet::new(), secs(0));
            assert_eq!(entry, Entry::Take(me.spare.clone()));
            Self { me, watch }
        }

        fn beat(&mut self, nodes: &mut Nodes, now: Duration) -> Turn {
            let own = format!("{}-log-1", self.me.node);
            nodes.beat(&self.me, &own, false, &BTreeSet::new(), &mut self.watch, now)
        }
    }

    #[test]
    fn a_log_is_taken_over_when_its_count_stood_still_for_long_enough() {
        let mut nodes = Nodes::default();
        let (mut one, mut other) = (Node::entered(&mut nodes, "one"), Node::entered(&mut nodes, "other"));
        for second in 0..10 {
            assert_eq!(one.beat(&mut nodes, secs(second)), Turn::default());
            assert_eq!(other.beat(&mut nodes, secs(second)), Turn::default());
        }
        // At 10 s the last count of the other one is seen.
        for second in 10..14 {
            assert_eq!(one.beat(&mut nodes, secs(second)), Turn::default());
        }
        assert_eq!(one.beat(&mut nodes, secs(14)).adopt, ["other-log-1"]);
        assert!(other.beat(&mut nodes, secs(14)).lost);
    }

    #[test]
    fn a_log_that_was_left_is_taken_over_at_once_and_a_damaged_one_never() {
        let mut nodes = Nodes::default();
        let (mut one, other) = (Node::entered(&mut nodes, "one"), Node::entered(&mut nodes, "other"));
        nodes.let_go(&other.me, "other-log-1", Some(LogState::Left));
        assert_eq!(one.beat(&mut nodes, secs(0)).adopt, ["other-log-1"]);

        nodes.let_go(&one.me, "other-log-1", Some(LogState::Damaged));
        assert_eq!(one.beat(&mut nodes, secs(99)), Turn::default());
    }

    #[test]
    fn whoever_holds_a_log_is_alive_and_one_of_them_leads_until_its_log_is_taken_over() {
        let mut nodes = Nodes::default();
        let (mut one, mut other) = (Node::entered(&mut nodes, "one"), Node::entered(&mut nodes, "other"));
        let names = |nodes: &Nodes| nodes.alive().into_iter().map(|(_, name)| name).collect::<Vec<_>>();
        assert_eq!(names(&nodes), ["one", "other"]);
        for second in 0..=5 {
            other.beat(&mut nodes, secs(second));
        }
        assert_eq!(names(&nodes), ["other"], "it has the other's log now, and is named once");
        one.beat(&mut nodes, secs(6));
        assert_eq!(names(&nodes), ["one", "other"], "in the order of their logs");
    }

    #[test]
    fn a_node_goes_on_with_its_log_unless_that_is_in_use() {
        let mut nodes = Nodes::default();
        Node::entered(&mut nodes, "one");
        let again = me("one", 2);
        let (mut watch, mut alive) = (Watch::default(), BTreeSet::new());
        for second in 0..4 {
            let entry = nodes.clone().enter(&again, &mut watch, &mut alive, secs(second));
            assert_eq!(entry, Entry::Wait);
        }
        let took = nodes.clone().enter(&again, &mut watch, &mut alive, secs(4));
        assert_eq!(took, Entry::Take("one-log-1".to_owned()));

        nodes.logs.get_mut("one-log-1").unwrap().beat += 1;
        let other = nodes.enter(&again, &mut watch, &mut alive, secs(4));
        assert_eq!(other, Entry::Take("one-log-2".to_owned()));
    }
}
