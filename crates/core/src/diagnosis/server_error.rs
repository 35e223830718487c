//! 5xx: the endpoint got the request and failed at it.

use super::action::{Action, Step};
use super::answer_fact;
use super::card::{Card, Fact, Situation, Source};
use super::contrast::{About, contrast};
use super::evidence::{Evidence, Problem};
use super::pace::median;
use super::telling::{Proof, Span, Told, listed};
use super::words::{header, said_to};

/// Below this an answer is fast: nothing was tried behind it.
const FAST_MS: u64 = 1_000;

/// What failures have in common is told first, then whom else it concerns, then what the answer shows.
pub(super) fn card(problem: &Problem, evidence: &Evidence) -> Card {
    let latest = &*problem.latest;
    let host = problem.host();
    let status = problem.status.unwrap_or_default();
    let proof = in_common(problem, evidence)
        .or_else(|| everyone(problem, evidence))
        .or_else(|| edited(problem, evidence))
        .or_else(|| in_front(problem))
        .unwrap_or_else(|| its_own(problem));
    let mut also = Vec::new();
    if said_to(latest).is_some() && !proof.cause.fact.words.contains("and says") {
        also.push(answer_fact(latest, host));
    }
    also.extend(speed(problem, evidence));
    let mut steps = proof.steps;
    steps.push(problem.replay_one());
    steps.extend(problem.recover());
    problem.card(
        Situation::ServerError,
        Told {
            title: format!("{status} from {host}: {}", meaning(status)),
            happened: format!("{host} took the request and answered {status}: {}.", meaning(status)),
            cause: proof.cause,
            also,
            steps,
        },
    )
}

/// What the status means, in words.
fn meaning(status: u16) -> &'static str {
    match status {
        501 => "it cannot do what is asked",
        502 => "what stands behind it gave no valid answer",
        503 => "it is overloaded or closed for maintenance",
        504 => "what stands behind it gave no answer in time",
        505 => "it does not speak this version of HTTP",
        507 => "it has no room left",
        520..=527 => "the server behind its protection gave no good answer",
        _ => "it failed at the request",
    }
}

fn in_common(problem: &Problem, evidence: &Evidence) -> Option<Proof> {
    let same: Vec<_> =
        evidence.recent.failures.iter().filter(|attempt| attempt.status == problem.status).cloned().collect();
    let found = contrast(&same, &evidence.recent.successes)?;
    let fact = found.fact(&problem.latest, evidence.recent.successes.first()?);
    let host = problem.host();
    let (cause, step) = match &found.about {
        About::Key(_) | About::Size => (
            format!("{host} fails at those events of which it is true that {}.", found.what),
            problem.preview(),
        ),
        About::Firmware | About::Device => (
            format!(
                "{host} fails at events of which it is true that {}; those of others go through.",
                found.what
            ),
            Step::by_hand("Compare what that device sends with what the others send."),
        ),
    };
    Some(Proof::new(cause, fact, [step, problem.to_tester()]))
}

/// Other integrations that send to the same host fail there too.
fn everyone(problem: &Problem, evidence: &Evidence) -> Option<Proof> {
    let failing: Vec<_> = evidence.neighbours.iter().filter(|one| one.error > one.success).collect();
    let one = failing.first()?;
    let (errors, of) =
        failing.iter().fold((0, 0), |(errors, of), one| (errors + one.error, of + one.error + one.success));
    let names: Vec<_> = failing.iter().map(|one| &one.name).collect();
    let host = problem.host();
    let verb = if failing.len() == 1 { "fails" } else { "fail" };
    let words = format!("{} {verb} at {host} too: {errors} of {of} attempts since then.", listed(&names));
    let fact = failing.iter().fold(Fact::read_in(&*problem.latest, words), |fact, one| {
        fact.and_in(Source::Counters { integration: one.integration })
    });
    let steps = [
        Step::by_hand(format!(
            "Look at the status page of {host}, or ask its owner: nothing here will mend it."
        )),
        Step::click("Open the other integration.", Action::Open { integration: one.integration }),
    ];
    Some(Proof::new(format!("{host} as a whole is in trouble, not this integration."), fact, steps))
}

fn edited(problem: &Problem, evidence: &Evidence) -> Option<Proof> {
    let edit = problem.edit_of(&["json", "form", "body", "headers", "query", "requestType", "url"])?;
    let fact = problem.edit_fact(edit, &evidence.subject);
    let step =
        Step::click("Look at what that revision changed, and take it back if need be.", Action::Revisions);
    Some(Proof::new("It began with an edit of this integration.", fact, [step]))
}

/// A proxy answered: what stands behind it did not, or asked for a pause.
fn in_front(problem: &Problem) -> Option<Proof> {
    let latest = &*problem.latest;
    let headers = &latest.answer.as_ref()?.headers;
    let host = problem.host();
    if let (Some(503), Some(wait)) = (problem.status, header(headers, "retry-after")) {
        let words = format!("{host} answered 503 with `Retry-After: {wait}`.");
        let fact = Fact::read_in(latest, words).with("retry-after", wait);
        let cause = format!(
            "{host} asks for a pause; no request is sent until it is over, and what waits goes out then."
        );
        return Some(Proof::new(cause, fact, [Step::by_hand("Wait: nothing needs to be done here.")]));
    }
    if !matches!(problem.status, Some(502 | 504 | 520..=527)) {
        return None;
    }
    let who = ["server", "via"].iter().find_map(|name| Some((*name, header(headers, name)?)));
    let took = Span(latest.duration_ms());
    let words = match who {
        Some((name, value)) => format!(
            "The answer came after {took} from a proxy (`{name}: {value}`), not from the application."
        ),
        None => format!(
            "The answer came after {took}; {} is what a proxy says, not an application.",
            problem.status?
        ),
    };
    let cause = format!("A proxy in front of {host} answers, and the application behind it does not.");
    let step = Step::by_hand("Ask the endpoint's owner to look at the application behind the proxy.");
    Some(Proof::new(cause, Fact::read_in(latest, words).with("took ms", latest.duration_ms()), [step]))
}

fn its_own(problem: &Problem) -> Proof {
    let latest = &*problem.latest;
    let host = problem.host();
    let said = said_to(latest).is_some();
    let cause = if said {
        format!("{host} failed and says itself at what.")
    } else {
        format!(
            "{host} failed and does not say at what: its own log knows, at {}.",
            super::telling::When(latest.started_at)
        )
    };
    let mut steps = vec![Step::by_hand(format!(
        "Look for the request in the endpoint's log: its `Webhook-Id` is {}.",
        latest.delivery
    ))];
    steps.extend(problem.compare());
    steps.push(problem.to_tester());
    Proof::new(cause, answer_fact(latest, host).with("webhook-id", latest.delivery), steps)
}

/// Whether it fails fast or slowly, as a fact.
fn speed(problem: &Problem, evidence: &Evidence) -> Option<Fact> {
    let took = |status: Option<u16>| {
        let lines = evidence.recent.lines.iter().filter(|line| line.status == status);
        median(lines.map(|line| line.duration_ms).collect())
    };
    let failing = took(problem.status)?;
    let succeeding = median(evidence.recent.successes.iter().map(|attempt| attempt.duration_ms()).collect());
    let beside = succeeding.map_or_else(String::new, |took| format!("; a success takes {}", Span(took)));
    let words = if failing < FAST_MS {
        format!("It fails fast, after {}{beside}: the request is refused at the door.", Span(failing))
    } else {
        format!("It fails slowly, after {}{beside}: something behind it is waited for.", Span(failing))
    };
    Some(Fact::read_in(&*problem.latest, words).with("failure ms", failing))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::evidence::Neighbour;
    use super::super::testing::{Story, answered, only_card};
    use super::*;
    use crate::id::IntegrationId;

    fn failed(status: u16, headers: &[(&str, &str)], body: &str) -> Evidence {
        Story::of(json!({})).attempt("1", answered(status, headers, body)).told()
    }

    #[test]
    fn what_failures_have_in_common_is_named_with_its_counts() {
        let story = (0..4).fold(Story::of(json!({})), |story, _| {
            story
                .attempt(r#"{"t": 1}"#, answered(200, &[], ""))
                .attempt(r#"{"t": null}"#, answered(500, &[], ""))
        });
        let card = only_card(&story.told());
        assert!(card.cause.words.contains("`t` is null"), "{}", card.cause.words);
        assert!(card.cause.fact.words.contains("Of the last 4 failures 4"), "{}", card.cause.fact.words);
    }

    #[test]
    fn when_other_hooks_fail_at_the_host_too_it_is_the_host() {
        let mut evidence = failed(500, &[], "");
        let integration = IntegrationId([9; 12]);
        let neighbour = |name: &str, success, error| Neighbour {
            integration,
            name: name.to_owned(),
            success,
            error,
            last_minute: 0,
        };
        evidence.neighbours = vec![neighbour("humidity", 0, 9), neighbour("pressure", 9, 0)];
        let card = only_card(&evidence);
        assert!(
            card.cause.words.contains("as a whole") && card.cause.fact.words.contains("`humidity` fails"),
            "{card:#?}"
        );
        assert!(card.cause.fact.words.contains("9 of 9"));
    }

    #[test]
    fn a_proxy_a_pause_and_a_plain_failure_are_told_apart() {
        for (status, headers, body, cause) in [
            (502, &[("Server", "nginx")][..], "<html>502 Bad Gateway</html>", "A proxy in front of"),
            (504, &[], "", "A proxy in front of"),
            (503, &[("Retry-After", "120")], "", "asks for a pause"),
            (503, &[], "", "does not say at what"),
            (500, &[], r#"{"error": "division by zero"}"#, "says itself"),
        ] {
            let card = only_card(&failed(status, headers, body));
            assert!(card.cause.words.contains(cause), "{status}: {}", card.cause.words);
        }
    }

    #[test]
    fn a_failure_is_told_to_be_fast_or_slow() {
        let card = only_card(&failed(500, &[], ""));
        assert!(card.also[0].words.contains("fails fast, after 50 ms"), "{card:#?}");
        let slow = Story::of(json!({})).attempt("1", |attempt| {
            answered(500, &[], "")(attempt);
            attempt.timings.total_us = 9_000_000;
        });
        assert!(only_card(&slow.told()).also[0].words.contains("fails slowly, after 9 s"));
    }
}
