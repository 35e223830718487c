//! ECONNRESET: the other side closed the connection.

use std::sync::Arc;

use super::action::Step;
use super::card::{Card, Cause, Fact, Situation};
use super::contrast::contrast;
use super::evidence::{Evidence, Problem};
use super::message_fact;
use super::telling::{Proof, Told};
use crate::attempt::{Attempt, Code, Phase};

/// When it was closed says who had a reason to: before TLS, on a kept connection, after the request, mid-answer.
pub(super) fn card(problem: &Problem, evidence: &Evidence) -> Card {
    let host = problem.host();
    let latest = &*problem.latest;
    let proof = at_the_door(problem)
        .or_else(|| kept(problem, evidence))
        .or_else(|| certain_events(problem, evidence))
        .unwrap_or_else(|| by_moment(problem));
    let mut also = Vec::new();
    if latest.network.bytes_out > 0 {
        let words = format!(
            "{} bytes were sent and {} came back: {host} may have acted on the request, and a retry may do it twice.",
            latest.network.bytes_out, latest.network.bytes_in
        );
        also.push(Fact::read_in(latest, words).with("bytes sent", latest.network.bytes_out));
    }
    let mut steps = proof.steps;
    steps.push(problem.to_tester());
    steps.extend(problem.recover());
    problem.card(
        Situation::Reset,
        Told {
            title: format!("ECONNRESET: {host} closed the connection"),
            happened: format!("{host} closed the connection before the answer was complete."),
            cause: proof.cause,
            also,
            steps,
        },
    )
}

/// Closed before a request could be sent: while connecting, or in the TLS handshake.
fn at_the_door(problem: &Problem) -> Option<Proof> {
    let latest = &*problem.latest;
    let host = problem.host();
    let https = problem.origin.as_deref().is_some_and(|origin| origin.starts_with("https://"));
    let cause = match problem.phase? {
        Phase::Tls => format!(
            "{host} closes the connection when TLS begins: the port speaks something else, or a filter refuses us by name or address."
        ),
        Phase::Connect => format!(
            "{host} takes no connection from here: a firewall or an overloaded server answers with a reset."
        ),
        _ => return None,
    };
    let field = super::Action::edit("url");
    let step = if https {
        Step::click("Check the port, and whether the URL should begin with http://.", field)
    } else {
        Step::click("Check host and port in the URL.", field)
    };
    Some(Proof::new(cause, message_fact(latest), [step]))
}

fn resets<'a>(problem: &'a Problem, evidence: &'a Evidence) -> impl Iterator<Item = &'a Arc<Attempt>> {
    evidence
        .recent
        .failures
        .iter()
        .filter(|attempt| attempt.code == Some(Code::Reset) && attempt.stopped_in == problem.phase)
}

/// Every reset hit a connection that had been used before, and none a fresh one.
fn kept(problem: &Problem, evidence: &Evidence) -> Option<Proof> {
    let all = resets(problem, evidence).count();
    let reused: Vec<_> = resets(problem, evidence).filter(|attempt| attempt.network.reused).collect();
    if reused.len() < 2 || reused.len() < all {
        return None;
    }
    let idle = reused.iter().filter_map(|attempt| attempt.network.idle_ms).min();
    let for_at_least = idle
        .map_or_else(String::new, |idle| format!(", idle for {} or more before", super::telling::Span(idle)));
    let words = format!(
        "All of the last {all} resets hit a connection that had been used before{for_at_least}; none a fresh one."
    );
    let fact = Fact::read_in(&*problem.latest, words).with("resets", all);
    let host = problem.host();
    let cause = format!("{host} closes connections that we keep open for the next request.");
    let there = Step::by_hand(
        "Have the endpoint keep idle connections for a minute or more, or close them after the answer with `Connection: close`.",
    );
    let here = Step::click(
        "Or have every request open a connection of its own, which costs a handshake each time.",
        super::Action::put("keepAlive", "false"),
    );
    Some(Proof::new(cause, fact, [there, here]))
}

fn certain_events(problem: &Problem, evidence: &Evidence) -> Option<Proof> {
    let failures: Vec<_> = resets(problem, evidence).cloned().collect();
    let found = contrast(&failures, &evidence.recent.successes)?;
    let fact = found.fact(&problem.latest, evidence.recent.successes.first()?);
    let cause =
        format!("{} breaks off at those events of which it is true that {}.", problem.host(), found.what);
    Some(Proof::new(cause, fact, [problem.preview()]))
}

fn by_moment(problem: &Problem) -> Proof {
    let latest = &*problem.latest;
    let host = problem.host();
    let (cause, step) = if latest.network.bytes_in > 0 {
        (
            format!(
                "{host} broke off in the middle of its answer: its process died, or a proxy cut it short."
            ),
            "Look at the endpoint's log for a crash or a limit at that moment.",
        )
    } else if problem.phase == Some(Phase::Send) {
        (
            format!(
                "{host} broke off while it was being sent the request: it does not take so much, or does not want it."
            ),
            "Look at the endpoint's limit for the size of a request.",
        )
    } else {
        (
            format!(
                "{host} read the request and closed the connection without a word: its process died, or a filter in front of it refused."
            ),
            "Look at the endpoint's log for a crash at that moment, and at a firewall in front of it.",
        )
    };
    Proof { cause: Cause::new(cause, message_fact(latest)), steps: vec![Step::by_hand(step)] }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::testing::{Story, answered, only_card, unanswered};
    use super::*;

    fn reset(phase: Phase, bytes: (u64, u64)) -> impl FnOnce(&mut Attempt) {
        move |attempt| {
            unanswered(Code::Reset, phase, "api.example.com: the peer closed the connection", 90)(attempt);
            (attempt.network.bytes_out, attempt.network.bytes_in) = bytes;
        }
    }

    #[test]
    fn the_moment_of_the_reset_says_who_had_a_reason() {
        for (phase, bytes, cause) in [
            (Phase::Connect, (0, 0), "takes no connection from here"),
            (Phase::Tls, (0, 0), "when TLS begins"),
            (Phase::Send, (100, 0), "while it was being sent"),
            (Phase::Wait, (300, 0), "without a word"),
            (Phase::Receive, (300, 40), "in the middle of its answer"),
        ] {
            let card = only_card(&Story::of(json!({})).attempt("1", reset(phase, bytes)).told());
            assert!(card.cause.words.contains(cause), "{phase:?}: {}", card.cause.words);
            assert_eq!(card.also.is_empty(), bytes.0 == 0, "{phase:?}");
        }
    }

    #[test]
    fn resets_of_kept_connections_only_are_counted() {
        let kept = |idle| {
            move |attempt: &mut Attempt| {
                reset(Phase::Receive, (300, 10))(attempt);
                (attempt.network.reused, attempt.network.idle_ms) = (true, Some(idle));
            }
        };
        let story = Story::of(json!({})).attempt("1", kept(30_000)).attempt("1", kept(41_000));
        let card = only_card(&story.told());
        assert!(card.cause.fact.words.contains("All of the last 2 resets"), "{}", card.cause.fact.words);
        assert!(card.cause.fact.words.contains("idle for 30 s or more"));
    }

    #[test]
    fn events_it_breaks_off_at_are_told_by_what_they_have_in_common() {
        let story = (0..3).fold(Story::of(json!({})), |story, _| {
            story
                .attempt("short", answered(200, &[], ""))
                .attempt(&"x".repeat(5_000), reset(Phase::Wait, (5_300, 0)))
        });
        let card = only_card(&story.told());
        assert!(card.cause.words.contains("5000 bytes or more"), "{}", card.cause.words);
    }
}
