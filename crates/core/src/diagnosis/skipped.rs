//! Skipped: the gate holds requests back, because of failures that are told along with it.

use super::action::{Action, Step};
use super::card::{Card, Cause, Extent, Fact, Situation, Source};
use super::evidence::{Evidence, GateNow};
use super::fate::Fate;
use super::telling::When;
use crate::attempt::{Attempt, GateEvidence, Outcome};

/// Told only with the real error behind it; without that failure there is no card.
pub(super) fn card(evidence: &Evidence) -> Option<Card> {
    let gate = evidence.gate.as_ref()?;
    let (last, first) = (evidence.recent.skipped.first()?, evidence.recent.skipped.last()?);
    if !still_felt(gate) {
        return None;
    }
    let behind = behind(evidence, gate)?;
    let host = gate.origin.split_once("://").map_or(gate.origin.as_str(), |(_, rest)| rest);
    let lines = evidence.recent.lines.iter().filter(|line| line.at >= first.started_at);
    let (skipped, of) = lines
        .fold((0, 0), |(skipped, of), line| (skipped + u64::from(line.outcome == Outcome::Skipped), of + 1));
    Some(Card {
        situation: Situation::Skipped,
        title: format!("Requests to {host} are held back"),
        happened: format!(
            "So many requests to {host} failed that most are not sent at present. That spares the endpoint and lets \
             it recover; a few go through to see whether it has."
        ),
        extent: Extent {
            since: Some(first.started_at),
            last: Some(last.started_at),
            count: skipped,
            of,
            unit: "attempts".to_owned(),
            devices: 0,
            last_good: evidence.recent.successes.first().map(|good| good.started_at),
        },
        cause: Cause::new(cause(&behind, evidence), window_fact(last, &behind)),
        also: vec![state_fact(gate)],
        steps: steps(gate, first),
        fate: Fate::of(gate.fate),
        page: Situation::Skipped.page(),
        issue: None,
    })
}

/// Whether it holds back now, or what it held back is not over.
fn still_felt(gate: &GateNow) -> bool {
    gate.state.probability > 0.0 || gate.fate.dropped > 0
}

/// The failure that closed the gate: the last one that counted.
fn behind(evidence: &Evidence, gate: &GateNow) -> Option<std::sync::Arc<Attempt>> {
    let own = || {
        let of_origin =
            |attempt: &&std::sync::Arc<Attempt>| attempt.origin.as_deref() == Some(gate.origin.as_str());
        evidence.recent.failures.iter().find(of_origin).cloned()
    };
    gate.fed_by.clone().or_else(own)
}

fn cause(behind: &Attempt, evidence: &Evidence) -> String {
    let what = match (behind.status, behind.code) {
        (Some(status), _) => format!("it answered {status}"),
        (None, Some(code)) => format!("it gave no answer ({code})"),
        (None, None) => "it failed".to_owned(),
    };
    if behind.integration == evidence.subject.integration {
        format!("The endpoint failed more often than it succeeded: {what}.")
    } else {
        format!(
            "Another integration that sends to the same host failed there, and both share its fate: {what}."
        )
    }
}

/// The window in which the last attempt was refused, with the failure that fed it.
fn window_fact(last: &Attempt, behind: &Attempt) -> Fact {
    let seen = last.gate.unwrap_or_default();
    let GateEvidence { attempts_before, accepts_before, probability_before, .. } = seen;
    let message = behind.message.as_deref().unwrap_or("no message was recorded");
    let window = if probability_before >= 1.0 && attempts_before < crate::throttle::FEWEST_ATTEMPTS {
        "The endpoint had asked for a pause with `Retry-After`".to_owned()
    } else {
        format!(
            "Of {attempts_before} attempts in the ten seconds before {accepts_before} were accepted, so {:.0} % were skipped",
            probability_before * 100.0
        )
    };
    let words = format!("{window}; the last failure, at {}: {message}.", When(behind.started_at));
    Fact::read_in(last, words)
        .and_in(behind)
        .with("attempts in the window", attempts_before)
        .with("accepted", accepts_before)
        .with("skipped %", format_args!("{:.0}", probability_before * 100.0))
}

/// The gate as it is now.
fn state_fact(gate: &GateNow) -> Fact {
    let state = &gate.state;
    let words = match (state.closed_until, state.next_pass, state.probability > 0.0) {
        (Some(until), ..) => {
            format!("The endpoint asked for silence until {}; nothing is sent before.", When(until))
        }
        (None, Some(pass), true) => format!(
            "Now {:.0} % are skipped; should nothing more fail, all pass from {} on.",
            state.probability * 100.0,
            When(pass)
        ),
        _ => "Nothing is held back any more.".to_owned(),
    };
    let fact = Fact::read_in(Source::Gate { origin: gate.origin.clone() }, words);
    fact.with("attempts in the window", state.attempts).with("accepted", state.accepts)
}

fn steps(gate: &GateNow, first: &Attempt) -> Vec<Step> {
    let mut steps = vec![Step::by_hand("Mend the failure behind it: it has a card of its own.")];
    if gate.state.probability > 0.0 {
        steps.push(Step::click(
            "Once it is mended, wake the destination: the next request goes out at once.",
            Action::Wake { origin: gate.origin.clone() },
        ));
    }
    if gate.fate.dropped > 0 {
        steps.push(Step::click(
            format!("Replay what was dropped, paced and oldest first: {} deliveries.", gate.fate.dropped),
            Action::Recover { since: first.started_at },
        ));
    }
    steps
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::fate::FateCounts;
    use super::super::testing::{ORIGIN, Story, answered, at};
    use super::*;
    use crate::attempt::Phase;
    use crate::id::IntegrationId;
    use crate::reply::SLEEPING;
    use crate::throttle::{Ended, Gate};

    fn refused(attempt: &mut Attempt) {
        attempt.outcome = Outcome::Skipped;
        attempt.stopped_in = Some(Phase::Gate);
        attempt.message = Some(SLEEPING.to_owned());
        attempt.gate = Some(GateEvidence {
            attempts_before: 12,
            accepts_before: 0,
            probability_before: 12.0 / 13.0,
            probability_after: 12.0 / 13.0,
            counted: false,
        });
    }

    fn asleep(story: Story, fate: FateCounts) -> Evidence {
        let mut evidence = story.told();
        let mut gate = Gate::new();
        for _ in 0..12 {
            gate.learn(at(10), Ended::Failed { retry_after: None });
        }
        let state = gate.state(at(11));
        evidence.gate = Some(GateNow { origin: ORIGIN.to_owned(), state, fed_by: None, fate });
        evidence
    }

    fn failing() -> Story {
        let story = Story::of(json!({}));
        story.attempt("1", answered(503, &[], "")).attempt("1", refused).attempt("1", refused)
    }

    #[test]
    fn a_closed_gate_is_told_with_the_failure_behind_it() {
        let evidence = asleep(failing(), FateCounts { dropped: 4, waiting: 1, ..FateCounts::default() });
        let card = card(&evidence).unwrap();
        assert!(card.cause.words.contains("it answered 503"), "{}", card.cause.words);
        assert!(
            card.cause.fact.words.contains("Of 12 attempts")
                && card.cause.fact.words.contains("error status 503")
        );
        assert!(card.also[0].words.contains("92 % are skipped"), "{}", card.also[0].words);
        assert_eq!(card.steps[1].action, Some(Action::Wake { origin: ORIGIN.to_owned() }));
        assert_eq!(card.steps[2].action, Some(Action::Recover { since: at(1) }));
        assert_eq!((card.extent.count, card.fate.dropped), (2, 4));
    }

    #[test]
    fn without_the_failure_behind_it_nothing_is_told() {
        let story = Story::of(json!({})).attempt("1", refused);
        assert_eq!(card(&asleep(story, FateCounts::default())), None);
    }

    #[test]
    fn another_integration_that_failed_there_is_told_as_the_cause() {
        let mut evidence = asleep(failing(), FateCounts::default());
        let mut other = (*evidence.recent.failures[0]).clone();
        other.integration = IntegrationId([9; 12]);
        evidence.gate.as_mut().unwrap().fed_by = Some(other.into());
        assert!(card(&evidence).unwrap().cause.words.starts_with("Another integration"));
    }

    #[test]
    fn what_is_over_and_cost_nothing_is_not_told() {
        let mut evidence = asleep(failing(), FateCounts { delivered: 2, ..FateCounts::default() });
        evidence.gate.as_mut().unwrap().state = Gate::new().state(at(60));
        assert_eq!(card(&evidence), None);
    }
}
