//! ETIMEDOUT: no connection, or no whole answer, within the deadline.

use super::action::Step;
use super::card::{Card, Cause, Fact, Situation};
use super::evidence::{Evidence, Problem};
use super::message_fact;
use super::pace::{crowd, trend};
use super::telling::{Proof, Span, Told};
use crate::attempt::Phase;

/// By how much a time or a crowd must have grown to be told of.
const GROWN: u64 = 2;

/// The phase says which of three things it was; trend and crowd say why now.
pub(super) fn card(problem: &Problem, evidence: &Evidence) -> Card {
    let latest = &*problem.latest;
    let host = problem.host();
    let answering = matches!(problem.phase, Some(Phase::Send | Phase::Wait | Phase::Receive));
    let proof = if answering { unfinished(problem, evidence) } else { unconnected(problem) };
    let mut also = Vec::new();
    if answering {
        also.push(Fact::read_in(
            latest,
            format!(
                "The request was sent ({} bytes) and an answer begun ({} bytes): {host} may have acted on it, and a \
                 retry may do it twice.",
                latest.network.bytes_out, latest.network.bytes_in
            ),
        ));
    }
    also.extend(slower(problem, evidence));
    let mut steps = proof.steps;
    steps.push(problem.to_tester());
    steps.extend(problem.recover());
    let what = if answering { "did not finish its answer" } else { "took no connection" };
    problem.card(
        Situation::TimedOut,
        Told {
            title: format!("ETIMEDOUT: {host} {what} in time"),
            happened: format!(
                "After {} the attempt was given up, while {}.",
                Span(latest.duration_ms()),
                problem.phase.map_or("on its way", Phase::as_str)
            ),
            cause: proof.cause,
            also,
            steps,
        },
    )
}

fn unconnected(problem: &Problem) -> Proof {
    let latest = &*problem.latest;
    let host = problem.host();
    if problem.phase == Some(Phase::Tls) {
        let cause = format!(
            "{host} takes connections on this port and does not begin TLS there: often the port speaks plain http."
        );
        let step = Step::click(
            "Check the port, and whether the URL should begin with http://.",
            super::Action::edit("url"),
        );
        return Proof { cause: Cause::new(cause, message_fact(latest)), steps: vec![step] };
    }
    let tried = match latest.network.addresses.as_slice() {
        [] => latest.network.address.clone().unwrap_or_else(|| "the address".to_owned()),
        all => all.join(", "),
    };
    let took = Span(latest.timings.connect_us.unwrap_or(latest.timings.total_us) / 1000);
    let fact = message_fact(latest).with("addresses tried", tried).with("waited for a connection", took);
    let worked = problem.last_good.is_some();
    let cause = if worked {
        format!(
            "{host} no longer takes connections: its machine is down, or a firewall now drops what we send."
        )
    } else {
        format!(
            "Nothing at {host} takes connections on this port: a firewall drops them, or host or port are wrong."
        )
    };
    let steps = vec![
        Step::click("Check host and port in the URL.", super::Action::edit("url")),
        Step::by_hand("Let the endpoint's firewall accept connections from this server."),
    ];
    Proof { cause: Cause::new(cause, fact), steps }
}

/// An answer was begun: it is slow, or too much for the time.
fn unfinished(problem: &Problem, evidence: &Evidence) -> Proof {
    let latest = &*problem.latest;
    let host = problem.host();
    let steps = vec![Step::by_hand(
        "Have the endpoint answer first and work afterwards: a webhook wants a short answer, soon.",
    )];
    if let Some(proof) = crowded(problem, evidence) {
        return Proof { steps, ..proof };
    }
    let wait = latest
        .timings
        .wait_us
        .map_or_else(|| "never".to_owned(), |wait| format!("after {}", Span(wait / 1000)));
    let fact = message_fact(latest).with("first byte", wait).with("bytes received", latest.network.bytes_in);
    Proof {
        cause: Cause::new(
            format!("{host} sends its answer too slowly, or a longer one than fits the time."),
            fact,
        ),
        steps,
    }
}

/// It works alone and not when many requests are on the wire.
pub(super) fn crowded(problem: &Problem, evidence: &Evidence) -> Option<Proof> {
    let lines = &evidence.recent.lines;
    let (failing, succeeding) = crowd(lines, |line| line.code == problem.code && line.code.is_some())?;
    if failing < 4 || failing < succeeding * GROWN {
        return None;
    }
    let host = problem.host();
    let words = format!(
        "In the middle case {failing} requests were on the wire at once when it failed, and {succeeding} when it succeeded."
    );
    let fact = Fact::read_in(&*problem.latest, words)
        .with("at once, failing", failing)
        .with("at once, succeeding", succeeding);
    let cause = format!("{host} copes with few requests at a time and not with many.");
    let step = super::Action::put("rateLimit", "1");
    Some(Proof::new(
        cause,
        fact,
        [Step::click("Cap the rate here: what is over it waits in the queue.", step)],
    ))
}

/// Successes have come to take longer.
pub(super) fn slower(problem: &Problem, evidence: &Evidence) -> Option<Fact> {
    let (before, lately) = trend(&evidence.recent.lines)?;
    (lately >= before.max(1) * GROWN && lately >= 1_000).then(|| {
        let words = format!(
            "Successes have become slower: in the middle case {} before and {} lately.",
            Span(before),
            Span(lately)
        );
        Fact::read_in(&*problem.latest, words).with("before ms", before).with("lately ms", lately)
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::super::testing::{Story, answered, only_card, unanswered};
    use super::*;
    use crate::attempt::{Attempt, Code};

    fn timed_out(phase: Phase, message: &'static str) -> Evidence {
        Story::of(json!({})).attempt("1", unanswered(Code::TimedOut, phase, message, 20_000)).told()
    }

    #[test]
    fn no_connection_no_tls_and_no_whole_answer_are_told_apart() {
        for (phase, message, cause) in [
            (
                Phase::Connect,
                "api.example.com did not take a connection within 20 s",
                "Nothing at api.example.com takes",
            ),
            (
                Phase::Tls,
                "api.example.com did not finish the TLS handshake within 20 s",
                "does not begin TLS",
            ),
            (Phase::Receive, "api.example.com began an answer, 12 bytes so far", "too slowly"),
        ] {
            let card = only_card(&timed_out(phase, message));
            assert!(card.cause.words.contains(cause), "{phase:?}: {}", card.cause.words);
            assert!(card.cause.fact.words.contains(message));
        }
    }

    #[test]
    fn a_begun_answer_warns_that_the_request_may_have_been_acted_on() {
        let card = only_card(&timed_out(Phase::Receive, "began"));
        assert!(card.also[0].words.contains("may have acted on it"));
        assert!(only_card(&timed_out(Phase::Connect, "no")).also.is_empty());
    }

    #[test]
    fn the_addresses_that_were_tried_are_among_the_values() {
        let story = Story::of(json!({})).attempt("1", |attempt: &mut Attempt| {
            unanswered(Code::TimedOut, Phase::Connect, "no", 20_000)(attempt);
            attempt.network.addresses = vec!["192.0.2.1".to_owned(), "192.0.2.2".to_owned()];
        });
        let card = only_card(&story.told());
        assert!(
            card.cause.fact.values.iter().any(|named| named.value == "192.0.2.1, 192.0.2.2"),
            "{card:#?}"
        );
    }

    #[test]
    fn what_works_alone_and_not_in_a_crowd_is_told_by_counts() {
        let story = (0..4).fold(Story::of(json!({})), |story, _| story.attempt("1", answered(200, &[], "")));
        let story = (0..8).fold(story, |story, _| {
            story.attempt("1", unanswered(Code::TimedOut, Phase::Receive, "began", 20_000))
        });
        let card = only_card(&story.told());
        assert!(card.cause.words.contains("not with many"), "{}", card.cause.words);
        assert!(card.cause.fact.words.contains("1 when it succeeded"));
    }

    #[test]
    fn successes_that_became_slower_are_told_beside() {
        let slow = |millis: u64| {
            move |attempt: &mut Attempt| {
                answered(200, &[], "")(attempt);
                attempt.timings.total_us = millis * 1000;
                attempt.ended_at = attempt.started_at + Duration::from_millis(millis);
            }
        };
        let story = (0..10)
            .fold(Story::of(json!({})), |story, n| story.attempt("1", slow(if n < 5 { 200 } else { 9_000 })));
        let card =
            only_card(&story.attempt("1", unanswered(Code::TimedOut, Phase::Connect, "no", 20_000)).told());
        assert!(card.also[0].words.contains("200 ms before and 9 s lately"), "{card:#?}");
    }
}
