//! EPROTO: what came back is not HTTP that is accepted here.

use super::action::{Action, Step};
use super::card::{Card, Cause, Situation};
use super::evidence::{Evidence, Problem};
use super::message_fact;
use super::telling::Told;

/// What came back instead is the fact.
pub(super) fn card(problem: &Problem, _: &Evidence) -> Card {
    let latest = &*problem.latest;
    let host = problem.host();
    let message = latest.message.as_deref().unwrap_or_default();
    let (cause, step) = if message.contains("https://") {
        (
            format!("The URL says http, and {host} speaks https on that port."),
            Step::click("Begin the URL with https://.", Action::edit("url")),
        )
    } else if message.contains("is not HTTP") {
        (
            format!("What listens at {host} is no web server."),
            Step::click("Check host and port in the URL.", Action::edit("url")),
        )
    } else {
        (
            format!("{host} answers in a way that HTTP does not allow, or beyond what is accepted here."),
            Step::by_hand(
                "Have the endpoint's owner look at what it sends: its own log or a proxy in front of it may say more.",
            ),
        )
    };
    let mut steps = vec![step, Step::click("Try it by hand.", Action::CopyCurl { attempt: latest.id })];
    steps.extend(problem.recover());
    problem.card(
        Situation::Protocol,
        Told {
            title: format!("EPROTO: what {host} sends is not HTTP as it should be"),
            happened: format!("{host} answered something that cannot be read as an answer."),
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
    fn what_came_back_instead_of_http_says_why() {
        for (message, cause) in [
            (
                "what came back is TLS: the port speaks https, so the URL should begin with https://",
                "speaks https",
            ),
            ("what came back is not HTTP; it begins with \"SSH-2.0\"", "no web server"),
            ("the answer has 120 headers, over the limit of 100", "does not allow"),
        ] {
            let card = only_card(
                &Story::of(json!({}))
                    .attempt("1", unanswered(Code::Protocol, Phase::Receive, message, 9))
                    .told(),
            );
            assert!(card.cause.words.contains(cause), "{message}: {}", card.cause.words);
            assert!(card.cause.fact.words.contains(message));
        }
    }
}
