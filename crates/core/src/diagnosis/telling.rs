//! How a problem is told: what is the same in every card of a failure, and how times and names read in a sentence.

use super::action::{Action, Step};
use super::card::{Card, Cause, Extent, Fact, Situation, Source};
use super::evidence::{Edit, Problem, Subject};
use super::fate::Fate;
use crate::time::Timestamp;

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
