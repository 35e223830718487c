//! ESOCKETTIMEDOUT: connected and sent, and not one byte came back within the deadline.

use super::action::Step;
use super::card::{Card, Cause, Fact, Situation};
use super::contrast::contrast;
use super::evidence::{Evidence, Problem};
use super::message_fact;
use super::telling::{Proof, Span, Told};
use super::timed_out::{crowded, slower};

/// What was sent and that nothing came back is the fact; crowd, event and port say why.
pub(super) fn card(problem: &Problem, evidence: &Evidence) -> Card {
    let latest = &*problem.latest;
    let host = problem.host();
    let proof = crowded(problem, evidence)
        .or_else(|| certain_events(problem, evidence))
        .unwrap_or_else(|| works_too_long(problem));
    let warning = Fact::read_in(
        latest,
        format!(
            "{} bytes were sent and 0 came back: {host} may have acted on the request, and a retry may do it twice. \
             Its `Webhook-Id` is the same in every try.",
            latest.network.bytes_out
        ),
    );
    let mut also = vec![warning.with("bytes sent", latest.network.bytes_out).with("bytes received", 0)];
    also.extend(slower(problem, evidence));
    let mut steps = proof.steps;
    steps.push(Step::by_hand(
        "Have the endpoint answer first and work afterwards: a webhook wants a short answer, soon.",
    ));
    steps.push(problem.to_tester());
    steps.extend(problem.recover());
    problem.card(
        Situation::Silent,
        Told {
            title: format!("ESOCKETTIMEDOUT: {host} took the request and stayed silent"),
            happened: format!(
                "{host} took the connection and the request, and sent not one byte back within {}.",
                Span(latest.duration_ms())
            ),
            cause: proof.cause,
            also,
            steps,
        },
    )
}

fn certain_events(problem: &Problem, evidence: &Evidence) -> Option<Proof> {
    let found = contrast(&evidence.recent.failures, &evidence.recent.successes)?;
    let fact = found.fact(&problem.latest, evidence.recent.successes.first()?);
    let cause = format!("{} hangs on those events of which it is true that {}.", problem.host(), found.what);
    Some(Proof::new(cause, fact, [problem.preview()]))
}

fn works_too_long(problem: &Problem) -> Proof {
    let latest = &*problem.latest;
    let host = problem.host();
    let fact = message_fact(latest)
        .with("waited", Span(latest.timings.wait_us.unwrap_or(latest.timings.total_us) / 1000));
    let cause = match &problem.last_good {
        Some(good) => format!(
            "{host} does not get to an answer within the time; the last success took {}.",
            Span(good.duration_ms())
        ),
        None => format!(
            "{host} works longer than the time allows before it answers, or what listens there is no web server."
        ),
    };
    let fact = match &problem.last_good {
        Some(good) => fact.and_in(&**good),
        None => fact,
    };
    Proof { cause: Cause::new(cause, fact), steps: Vec::new() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::testing::{Story, answered, only_card, unanswered};
    use crate::attempt::{Attempt, Code, Phase};

    fn hung(attempt: &mut Attempt) {
        let message =
            "api.example.com took the whole request (312 bytes) and sent not one byte back within 20 s";
        unanswered(Code::Silent, Phase::Wait, message, 20_000)(attempt);
        attempt.network.bytes_out = 312;
        attempt.timings.wait_us = Some(19_900_000);
    }

    #[test]
    fn what_was_sent_and_that_nothing_came_back_is_told_with_the_warning() {
        let card = only_card(&Story::of(json!({})).attempt("1", hung).told());
        assert!(card.cause.fact.words.contains("not one byte back"), "{}", card.cause.fact.words);
        assert!(card.also[0].words.starts_with("312 bytes were sent and 0 came back"));
        assert!(card.happened.contains("within 20 s"));
    }

    #[test]
    fn the_events_it_hangs_on_are_told_by_what_they_have_in_common() {
        let story = (0..3).fold(Story::of(json!({})), |story, _| {
            story.attempt(r#"{"n": 1}"#, answered(200, &[], "")).attempt(r#"{"n": []}"#, hung)
        });
        let card = only_card(&story.told());
        assert!(card.cause.words.contains("`n` is an empty list"), "{}", card.cause.words);
    }

    #[test]
    fn a_success_before_tells_how_long_it_took() {
        let card =
            only_card(&Story::of(json!({})).attempt("1", answered(200, &[], "")).attempt("1", hung).told());
        assert!(card.cause.words.contains("the last success took 50 ms"), "{}", card.cause.words);
    }
}
