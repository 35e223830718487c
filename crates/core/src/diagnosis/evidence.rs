//! What the rules look at: plain data, gathered by the server and bounded by whoever gathers it.

use std::sync::Arc;

use super::card::{Action, Card, Cause, Extent, Fact, Fate, FateCounts, Situation, Source, Step};
use super::funnel::Funnel;
use crate::access::Scope;
use crate::attempt::{Attempt, Code, Outcome, Phase};
use crate::id::{AttemptId, DeviceId, EventId, IntegrationId};
use crate::integration::{Definition, Disabled};
use crate::request::TemplateFault;
use crate::throttle::GateState;
use crate::time::Timestamp;

/// Everything that is known of one integration when somebody asks what is wrong with it.
#[derive(Debug, Clone)]
pub struct Evidence {
    /// When it was gathered.
    pub now: Timestamp,
    /// The integration.
    pub subject: Subject,
    /// Its open issues, each with its samples.
    pub problems: Vec<Problem>,
    /// Its last attempts.
    pub recent: Recent,
    /// When the secrets it uses were last changed.
    pub secrets: Vec<SecretMark>,
    /// The gate of the destination it last sent to.
    pub gate: Option<GateNow>,
    /// Other integrations that send to the same origin.
    pub neighbours: Vec<Neighbour>,
    /// What came of the events of the window, when someone counted.
    pub funnel: Option<Funnel>,
    /// Other integrations that sent the same event to the same address.
    pub twins: Vec<Twin>,
}

/// The integration.
#[derive(Debug, Clone)]
pub struct Subject {
    /// Its id.
    pub integration: IntegrationId,
    /// Who owns it.
    pub scope: Scope,
    /// The event-name prefix it fires on.
    pub prefix: String,
    /// The one device it fires for, if it is narrowed to one.
    pub device: Option<DeviceId>,
    /// Its current revision.
    pub revision: u32,
    /// When that was saved.
    pub updated_at: Timestamp,
    /// Since when and by whom it is switched off, if it is.
    pub disabled: Option<Disabled>,
    /// What its template means; absent when it can no longer be read.
    pub definition: Option<Arc<Definition>>,
}

impl Subject {
    /// The place a fact about the saved template was read in.
    pub(super) fn source(&self) -> Source {
        Source::Integration { id: self.integration }
    }
}

/// One cause of failures: the attempts of one integration that failed the same way.
#[derive(Debug, Clone)]
pub struct Problem {
    /// The issue's id.
    pub issue: Option<String>,
    /// Why there was no usable answer.
    pub code: Option<Code>,
    /// The status answered.
    pub status: Option<u16>,
    /// Where the requests went: `https://host:port`; absent when they were never made.
    pub origin: Option<String>,
    /// The phase in which they stopped.
    pub phase: Option<Phase>,
    /// How many failed so.
    pub count: u64,
    /// How many attempts of the integration there were since the first of them.
    pub of: u64,
    /// The first time.
    pub since: Timestamp,
    /// The last time so far.
    pub last: Timestamp,
    /// How many devices' events were concerned, as far as they were counted.
    pub devices: u64,
    /// The first attempt that failed so.
    pub first: Arc<Attempt>,
    /// The last one.
    pub latest: Arc<Attempt>,
    /// The last success in front of the first failure.
    pub last_good: Option<Arc<Attempt>>,
    /// Revisions saved between that success and the first failure.
    pub edits: Vec<Edit>,
    /// What became of the deliveries begun since.
    pub fate: FateCounts,
    /// Where in the template the rendered text breaks, when it does.
    pub fault: Option<TemplateFault>,
}

/// A revision, as far as rules look at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// Which, from 1.
    pub revision: u32,
    /// When it was saved.
    pub at: Timestamp,
    /// By whom, by name; absent when the server did, or they are gone.
    pub by: Option<String>,
    /// The top-level keys that changed.
    pub changed: Vec<String>,
}

/// When a secret was last changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretMark {
    /// Its name.
    pub name: String,
    /// When it was last set; absent when that was not kept or it is not there.
    pub changed_at: Option<Timestamp>,
    /// By whom, by name.
    pub by: Option<String>,
    /// Whether it is there at all.
    pub exists: bool,
}

/// The last attempts, newest first.
#[derive(Debug, Clone, Default)]
pub struct Recent {
    /// Successes, whole.
    pub successes: Vec<Arc<Attempt>>,
    /// Failures, whole.
    pub failures: Vec<Arc<Attempt>>,
    /// Refusals by the gate, whole.
    pub skipped: Vec<Arc<Attempt>>,
    /// More of them, of every outcome, as lines.
    pub lines: Vec<Line>,
}

/// An attempt as a line of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The attempt.
    pub id: AttemptId,
    /// When it began.
    pub at: Timestamp,
    /// How long it took.
    pub duration_ms: u64,
    /// How it ended.
    pub outcome: Outcome,
    /// The status answered.
    pub status: Option<u16>,
    /// Why there was no usable answer.
    pub code: Option<Code>,
    /// The device that published.
    pub device: Option<DeviceId>,
    /// `event`, `retry`, `test` or `replay`.
    pub trigger: String,
}

/// The gate of a destination.
#[derive(Debug, Clone)]
pub struct GateNow {
    /// `https://host:port`.
    pub origin: String,
    /// Its state.
    pub state: GateState,
    /// The last attempt that counted against the destination, whoever of the scope made it.
    pub fed_by: Option<Arc<Attempt>>,
    /// What became of the deliveries of this integration since it was first refused.
    pub fate: FateCounts,
}

/// Another integration that sends to the same origin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Neighbour {
    /// Which.
    pub integration: IntegrationId,
    /// Its name or prefix.
    pub name: String,
    /// Successes among its last attempts since the problem began.
    pub success: u64,
    /// Errors among them.
    pub error: u64,
    /// Attempts it began in the minute of the last problem.
    pub last_minute: u64,
}

/// Another integration that sent the same event to the same address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Twin {
    /// Which.
    pub integration: IntegrationId,
    /// Its name or prefix.
    pub name: String,
    /// Who owns it.
    pub scope: Scope,
    /// The event.
    pub event: EventId,
    /// This integration's attempt for it.
    pub ours: AttemptId,
    /// The other's.
    pub theirs: AttemptId,
    /// The address both sent to.
    pub url: String,
}

impl Problem {
    /// The host, as people say it.
    pub(super) fn host(&self) -> &str {
        let origin = self.origin.as_deref().unwrap_or("the endpoint");
        let rest = origin.split_once("://").map_or(origin, |(_, rest)| rest);
        rest.rsplit_once(':').filter(|(_, port)| matches!(*port, "80" | "443")).map_or(rest, |(host, _)| host)
    }

    /// The revisions saved in between that changed one of these keys, the last one.
    pub(super) fn edit_of(&self, keys: &[&str]) -> Option<&Edit> {
        self.edits.iter().rev().find(|edit| edit.changed.iter().any(|key| keys.contains(&key.as_str())))
    }

    /// The card of this problem.
    pub(super) fn card(&self, situation: Situation, told: Told) -> Card {
        let Told { title, happened, cause, also, steps } = told;
        Card {
            situation,
            title,
            happened,
            extent: Extent {
                since: Some(self.since),
                last: Some(self.last),
                count: self.count,
                of: self.of.max(self.count),
                unit: "attempts".to_owned(),
                devices: self.devices,
                last_good: self.last_good.as_ref().map(|good| good.started_at),
            },
            cause,
            also,
            steps,
            fate: Fate::of(self.fate),
            page: situation.page(),
            issue: self.issue.clone(),
        }
    }

    /// The step that sends again what this problem has cost, once it is over.
    pub(super) fn recover(&self) -> Option<Step> {
        let lost = self.fate.failed + self.fate.dropped;
        (lost > 0).then(|| {
            let words = format!("Then replay what was lost: {lost} since {}.", When(self.since));
            Step::click(words, Action::Recover { since: self.since })
        })
    }

    /// The first step after a remedy: one delivery again, before all of them.
    pub(super) fn replay_one(&self) -> Step {
        Step::click(
            "Replay one delivery, and see that it gets through.",
            Action::ReplayOne { attempt: self.latest.id },
        )
    }

    /// The step that fills the template in with the event of the last failure.
    pub(super) fn preview(&self) -> Step {
        let action = Action::Preview { event: self.latest.event.id };
        Step::click("Fix the template, and preview it with the event that failed.", action)
    }

    /// The step that sends the same event to the endpoint tester.
    pub(super) fn to_tester(&self) -> Step {
        let action = Action::TestToTester { event: self.latest.event.id };
        Step::click("Send the same event to the endpoint tester, and look at what arrives.", action)
    }

    /// The step that puts the last success beside the first failure.
    pub(super) fn compare(&self) -> Option<Step> {
        let good = self.last_good.as_ref()?;
        let action = Action::Compare { a: good.id, b: self.first.id };
        Some(Step::click("Compare the last success with the first failure.", action))
    }

    /// An edit as a fact: what was saved, by whom, and how soon the failures began.
    pub(super) fn edit_fact(&self, edit: &Edit, subject: &Subject) -> Fact {
        let by = edit.by.as_deref().map_or_else(String::new, |by| format!(" by {by}"));
        let good = self.last_good.as_ref().map_or_else(String::new, |good| {
            format!("; the last success, at {}, was before it", When(good.started_at))
        });
        let words = format!(
            "Revision {} was saved at {}{by} and changed {}; the first failure came at {}{good}.",
            edit.revision,
            When(edit.at),
            listed(&edit.changed),
            When(self.since),
        );
        let source = Source::Revision { integration: subject.integration, revision: edit.revision };
        let fact = Fact::read_in(source, words).with("revision", edit.revision).with("saved at", edit.at);
        let fact = fact.with("first failure", self.since).and_in(&*self.first);
        match &self.last_good {
            Some(good) => fact.and_in(&**good),
            None => fact,
        }
    }
}

/// What a rule has to say of a problem.
pub(super) struct Told {
    pub(super) title: String,
    pub(super) happened: String,
    pub(super) cause: Cause,
    pub(super) also: Vec<Fact>,
    pub(super) steps: Vec<Step>,
}

/// A cause that was proven, and what to do about it.
pub(super) struct Proof {
    pub(super) cause: Cause,
    pub(super) steps: Vec<Step>,
}

impl Proof {
    pub(super) fn new(words: impl Into<String>, fact: Fact, steps: impl Into<Vec<Step>>) -> Self {
        Self { cause: Cause::new(words, fact), steps: steps.into() }
    }
}

/// A moment as a sentence has it: `2026-01-02 03:04:05 UTC`.
pub(super) struct When(pub(super) Timestamp);

impl std::fmt::Display for When {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = self.0.to_string();
        let (date, time) = text.split_once('T').unwrap_or((&text, ""));
        write!(f, "{date} {} UTC", time.get(..8).unwrap_or(time))
    }
}

/// A length of time as a sentence has it: `20 s`, `1.5 s`, `312 ms`, `4 min`, `3 h`.
pub(super) struct Span(pub(super) u64);

impl std::fmt::Display for Span {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            millis @ 0..1_000 => write!(f, "{millis} ms"),
            millis @ 1_000..120_000 if millis.is_multiple_of(1_000) => write!(f, "{} s", millis / 1_000),
            millis @ 1_000..120_000 => write!(f, "{:.1} s", millis as f64 / 1_000.0),
            millis @ 120_000..7_200_000 => write!(f, "{} min", millis / 60_000),
            millis => write!(f, "{} h", millis / 3_600_000),
        }
    }
}

/// Names in a sentence: `` `a`, `b` and `c` ``; the sixth and later ones are counted.
pub(super) fn listed<T: AsRef<str>>(names: &[T]) -> String {
    const SHOWN: usize = 5;
    let mut quoted: Vec<_> = names.iter().take(SHOWN).map(|name| format!("`{}`", name.as_ref())).collect();
    if names.len() > SHOWN {
        quoted.push(format!("{} more", names.len() - SHOWN));
    }
    match quoted.split_last() {
        None => "nothing".to_owned(),
        Some((only, [])) => only.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_lengths_and_names_read_well_in_a_sentence() {
        assert_eq!(When(Timestamp::from_millis(1_767_323_045_678)).to_string(), "2026-01-02 03:04:05 UTC");
        let spans = [312, 20_000, 1_500, 240_000, 10_800_000].map(|millis| Span(millis).to_string());
        assert_eq!(spans, ["312 ms", "20 s", "1.5 s", "4 min", "3 h"]);
        assert_eq!(listed(&["a"]), "`a`");
        assert_eq!(listed(&["a", "b", "c"]), "`a`, `b` and `c`");
        assert_eq!(listed(&["a"; 7]), "`a`, `a`, `a`, `a`, `a` and 2 more");
        assert_eq!(listed::<&str>(&[]), "nothing");
    }
}
