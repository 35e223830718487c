//! ENOTFOUND, EAI_AGAIN: the name gave no address.

use super::action::{Action, Step};
use super::card::{Card, Cause, Situation};
use super::evidence::{Evidence, Problem};
use super::message_fact;
use super::telling::{Told, When};
use crate::attempt::Code;

/// The name as it was looked up is the fact; an edit or a former success says whether it is a slip or an outage.
pub(super) fn card(problem: &Problem, evidence: &Evidence) -> Card {
    let latest = &*problem.latest;
    let host = problem.host();
    let known = problem.code == Some(Code::NotFound);
    let fact = message_fact(latest).with("name", host);
    let cause = match (known, problem.edit_of(&["url"]), &problem.last_good) {
        (true, Some(edit), _) => Cause::new(
            format!("Since an edit of the URL it names a host, `{host}`, that does not exist."),
            problem.edit_fact(edit, &evidence.subject).and_in(latest),
        ),
        (true, None, Some(good)) => Cause::new(
            format!(
                "`{host}` had an address at {} and has none now: its DNS record was removed or its domain has run out.",
                When(good.started_at)
            ),
            fact.and_in(&**good),
        ),
        (true, None, None) => {
            Cause::new(format!("There is no host `{host}`: the name is misspelt, or not public."), fact)
        }
        (false, ..) => Cause::new(
            format!(
                "The name server that this machine asks gave no answer about `{host}`: that is an outage of DNS, not of the endpoint."
            ),
            fact,
        ),
    };
    let mut steps = if known {
        vec![Step::click("Correct the host in the URL.", Action::edit("url"))]
    } else {
        vec![Step::by_hand(
            "Check this machine's name servers; what waits goes out by itself once they answer.",
        )]
    };
    steps.push(Step::by_hand(format!(
        "Ask for the name yourself: `dig {}`.",
        host.split(':').next().unwrap_or(host)
    )));
    steps.extend(problem.recover());
    problem.card(
        Situation::Dns,
        Told {
            title: if known {
                format!("{host} has no address")
            } else {
                format!("No name server says where {host} is")
            },
            happened: "The name in the URL could not be turned into an address, so nothing was sent."
                .to_owned(),
            cause,
            also: Vec::new(),
            steps,
        },
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::evidence::Edit;
    use super::super::testing::{Story, answered, at, only_card, unanswered};
    use super::*;
    use crate::attempt::Phase;

    fn unresolved(story: Story, code: Code) -> Evidence {
        story.attempt("1", unanswered(code, Phase::Resolve, "api.example.com has no address", 12)).told()
    }

    #[test]
    fn a_slip_an_outage_and_a_lapsed_name_are_told_apart() {
        let never = only_card(&unresolved(Story::of(json!({})), Code::NotFound));
        assert!(never.cause.words.contains("misspelt"), "{}", never.cause.words);
        let before = Story::of(json!({})).attempt("1", answered(200, &[], ""));
        assert!(only_card(&unresolved(before, Code::NotFound)).cause.words.contains("had an address at"));
        let silent = only_card(&unresolved(Story::of(json!({})), Code::ResolverSilent));
        assert!(silent.cause.words.contains("outage of DNS"));
    }

    #[test]
    fn an_edit_of_the_url_is_the_cause_when_there_is_one() {
        let mut evidence = unresolved(Story::of(json!({})), Code::NotFound);
        evidence.problems[0].edits =
            vec![Edit { revision: 2, at: at(0), by: None, changed: vec!["url".to_owned()] }];
        assert!(only_card(&evidence).cause.words.contains("Since an edit of the URL"));
    }
}
