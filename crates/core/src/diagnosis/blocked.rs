//! EBLOCKED: the address guard did not let the request out.

use super::action::{Action, Step};
use super::card::{Card, Cause, Situation};
use super::evidence::{Evidence, Problem};
use super::message_fact;
use super::telling::Told;

/// The address and what kind it is are the fact; whether a switch exists, the guard itself says.
pub(super) fn card(problem: &Problem, _: &Evidence) -> Card {
    let latest = &*problem.latest;
    let host = problem.host();
    let message = latest.message.as_deref().unwrap_or_default();
    let openable = message.contains("--allow-destinations");
    let cause = if openable {
        format!(
            "{host} leads to an address inside a network that this server does not send to unless it is told to."
        )
    } else {
        format!("{host} leads to an address that nothing is ever sent to.")
    };
    let mut steps = Vec::new();
    if openable {
        steps.push(Step::by_hand("If the endpoint is meant to be inside: have whoever runs this server start it with the switch that the message names."));
    }
    steps.push(Step::click("Use an address that is public.", Action::edit("url")));
    steps.push(problem.to_tester());
    steps.extend(problem.recover());
    problem.card(
        Situation::Blocked,
        Told {
            title: format!("EBLOCKED: nothing is sent to {host}"),
            happened:
                "The address was refused before anything was sent; it is not held against the destination."
                    .to_owned(),
            cause: Cause::new(cause, message_fact(latest)),
            also: Vec::new(),
            steps,
        },
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::testing::{Story, only_card, unanswered};
    use crate::attempt::{Code, Phase};

    #[test]
    fn what_a_switch_can_open_is_told_apart_from_what_none_can() {
        let blocked = |message| {
            only_card(
                &Story::of(json!({}))
                    .attempt("1", unanswered(Code::Blocked, Phase::Resolve, message, 1))
                    .told(),
            )
        };
        let private = blocked(
            "10.1.2.3 is a private address; who runs this server can open it with --allow-destinations 10.1.2.3/32",
        );
        assert!(private.cause.words.contains("unless it is told to") && private.steps[0].action.is_none());
        let never = blocked("169.254.169.254 is a link-local address, which no setting opens");
        assert!(
            never.cause.words.contains("ever sent to") && never.cause.fact.words.contains("no setting opens")
        );
    }
}
