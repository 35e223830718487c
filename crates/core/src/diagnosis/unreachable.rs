//! ECONNREFUSED, EHOSTUNREACH: nobody listens there, or there is no way there.

use super::action::{Action, Step};
use super::card::{Card, Cause, Situation};
use super::evidence::{Evidence, Problem};
use super::message_fact;
use super::telling::{Told, When};
use crate::attempt::Code;

/// The address that refused is the fact; a former success says whether it stopped or never was.
pub(super) fn card(problem: &Problem, evidence: &Evidence) -> Card {
    let latest = &*problem.latest;
    let host = problem.host();
    let refused = problem.code == Some(Code::Refused);
    let fact = message_fact(latest);
    let fact = match &latest.network.address {
        Some(address) => fact.with("address", address),
        None => fact,
    };
    let cause = match (refused, problem.edit_of(&["url"]), &problem.last_good) {
        (_, Some(edit), _) => Cause::new(
            format!("Since an edit of the URL it names a place where nobody listens: {host}."),
            problem.edit_fact(edit, &evidence.subject).and_in(latest),
        ),
        (true, None, Some(good)) => Cause::new(
            format!(
                "{host} listened at {} and does not now: the endpoint's program has stopped.",
                When(good.started_at)
            ),
            fact.and_in(&**good),
        ),
        (true, None, None) => Cause::new(
            format!(
                "The machine is there and nobody listens on that port: the endpoint is not running, or {host} is the wrong port."
            ),
            fact,
        ),
        (false, ..) => Cause::new(
            format!(
                "There is no way from this server to {host}: its network is down or not reachable from here."
            ),
            fact,
        ),
    };
    let mut steps = vec![
        Step::by_hand(
            "Start the endpoint, and see that it listens on all addresses and not only on its own machine.",
        ),
        Step::click("Check host and port in the URL.", Action::edit("url")),
    ];
    steps.push(problem.replay_one());
    steps.extend(problem.recover());
    let what = if refused { "nobody listens" } else { "no way there" };
    problem.card(
        Situation::Unreachable,
        Told {
            title: format!("{}: {what} at {host}", problem.code.map_or("", Code::as_str)),
            happened: "No connection was opened, so nothing was sent.".to_owned(),
            cause,
            also: Vec::new(),
            steps,
        },
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::testing::{Story, answered, only_card, unanswered};
    use super::*;
    use crate::attempt::Phase;

    fn refused(story: Story, code: Code) -> Card {
        let message = "api.example.com refused: nobody listens at 192.0.2.1:443";
        only_card(&story.attempt("1", unanswered(code, Phase::Connect, message, 3)).told())
    }

    #[test]
    fn what_stopped_what_never_ran_and_what_cannot_be_reached_are_told_apart() {
        let never = refused(Story::of(json!({})), Code::Refused);
        assert!(never.cause.words.contains("not running, or"), "{}", never.cause.words);
        assert!(never.cause.fact.words.contains("192.0.2.1:443"));
        let before = Story::of(json!({})).attempt("1", answered(200, &[], ""));
        assert!(refused(before, Code::Refused).cause.words.contains("has stopped"));
        assert!(
            refused(Story::of(json!({})), Code::Unreachable).cause.words.contains("no way from this server")
        );
    }
}
