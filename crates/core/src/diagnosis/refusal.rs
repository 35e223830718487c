//! Any other refusal: a status without a page of its own.

use super::action::{Action, Step};
use super::answer_fact;
use super::card::{Card, Cause, Situation};
use super::evidence::{Evidence, Problem};
use super::telling::Told;
use super::words::said_to;

/// What the endpoint says is all there is to go by.
pub(super) fn card(problem: &Problem, _: &Evidence) -> Card {
    let latest = &*problem.latest;
    let host = problem.host();
    let status = problem.status.map_or_else(|| "no status".to_owned(), |status| status.to_string());
    let cause = match (problem.status.map(meaning), said_to(latest)) {
        (Some(Some(meaning)), _) => meaning.to_owned(),
        (_, Some(_)) => format!("{host} itself says why."),
        _ => {
            format!("{host} refuses the request with a status that means nothing more, and gives no reason.")
        }
    };
    let mut steps = vec![Step::click(
        "Compare the request as sent with the endpoint's documentation.",
        Action::CopyCurl { attempt: latest.id },
    )];
    steps.extend(problem.compare());
    steps.push(problem.replay_one());
    steps.extend(problem.recover());
    problem.card(
        Situation::Refusal,
        Told {
            title: format!("{status} from {host}"),
            happened: format!("{host} answered {status}."),
            cause: Cause::new(cause, answer_fact(latest, host)),
            also: Vec::new(),
            steps,
        },
    )
}

fn meaning(status: u16) -> Option<&'static str> {
    Some(match status {
        402 => "The endpoint wants to be paid first: a plan or a quota has run out.",
        406 => "The endpoint cannot answer in the form the `Accept` header asks for.",
        408 => "The endpoint waited for the request longer than it wanted to.",
        409 => "What was sent is in conflict with what the endpoint has: often the same thing, sent before.",
        411 => "The endpoint wants to know the length of the body: a POST without a body may do that.",
        412 | 428 => "The endpoint asks for a condition that the request does not meet.",
        413 => "The body is larger than the endpoint takes.",
        414 => "The URL is longer than the endpoint takes.",
        421 => "The endpoint is not responsible for this host name.",
        425 => "The endpoint does not want to risk a repeated request this early.",
        431 => "The headers are larger than the endpoint takes.",
        451 => "The endpoint must not answer for legal reasons.",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::testing::{Story, answered, only_card};
    use super::*;

    #[test]
    fn a_status_with_a_meaning_is_told_by_it_and_any_other_by_the_endpoints_words() {
        for (status, body, cause) in [
            (413, "", "larger than the endpoint takes"),
            (418, "teapot", "itself says why"),
            (418, "", "gives no reason"),
        ] {
            let card = only_card(&Story::of(json!({})).attempt("1", answered(status, &[], body)).told());
            assert_eq!(card.situation, Situation::Refusal);
            assert!(card.cause.words.contains(cause), "{status}: {}", card.cause.words);
            assert!(card.cause.fact.words.contains(&status.to_string()));
        }
    }
}
