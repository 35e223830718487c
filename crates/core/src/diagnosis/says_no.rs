//! 2xx that means no: the status is fine, and the success rule reads something else in the answer.

use super::action::{Action, Step};
use super::card::{Card, Cause, Fact, Situation};
use super::evidence::{Evidence, Problem};
use super::telling::Told;
use super::words::said_to;
use crate::integration::SuccessRule;

/// Which condition of the rule was not met, and what stood there instead.
pub(super) fn card(problem: &Problem, evidence: &Evidence) -> Card {
    let latest = &*problem.latest;
    let host = problem.host();
    let status = problem.status.unwrap_or_default();
    let rule = evidence.subject.definition.as_ref().and_then(|definition| definition.success.as_ref());
    let said = said_to(latest).map_or_else(|| "nothing".to_owned(), |said| format!("“{said}”"));
    let unmet = rule.map_or_else(
        || "the success rule of that revision is not met".to_owned(),
        |rule| unmet(rule, latest.answer.as_ref().map_or("", |answer| &answer.body.text)),
    );
    let fact = Fact::read_in(latest, format!("{host} answered {status} with {said}; {unmet}."))
        .with("status", status);
    let mut steps = vec![
        Step::by_hand("Read the answer: the endpoint took the request and did not do what was asked."),
        Step::click("If the answer is in fact a yes, correct the success rule.", Action::edit("successRule")),
    ];
    steps.extend(problem.compare());
    steps.push(problem.replay_one());
    steps.extend(problem.recover());
    problem.card(
        Situation::SaysNo,
        Told {
            title: format!("{status} from {host} that means no"),
            happened: format!("{host} answered {status}, and the success rule of this integration takes the answer for a no."),
            cause: Cause::new(format!("{host} answers {status} even when it refuses, and its answer says so."), fact),
            also: Vec::new(),
            steps,
        },
    )
}

/// The condition that the body does not meet, in words.
fn unmet(rule: &SuccessRule, body: &str) -> String {
    if let Some(text) = rule.contains.as_ref().filter(|text| !body.contains(text.as_str())) {
        return format!("the rule asks for the text `{text}`, which is not in it");
    }
    let (Some(path), Some(wanted)) = (&rule.path, &rule.equals) else {
        return "the rule is not met".to_owned();
    };
    let found = serde_json::from_str::<serde_json::Value>(body).ok();
    match found.as_ref().and_then(|json| crate::outcome::at(json, path)) {
        Some(found) => format!("the rule asks for `{path}` to be {wanted}, and it is {found}"),
        None if found.is_some() => {
            format!("the rule asks for `{path}` to be {wanted}, and there is no `{path}`")
        }
        None => format!("the rule asks for `{path}` to be {wanted}, and the answer is not JSON"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::testing::{Story, answered, only_card};
    use super::*;
    use crate::attempt::{Outcome, Phase};

    fn refused(rule: Value, body: &'static str) -> Card {
        let story = Story::of(json!({"successRule": rule})).attempt("1", move |attempt| {
            answered(200, &[], body)(attempt);
            attempt.outcome = Outcome::Error;
            attempt.stopped_in = Some(Phase::Receive);
        });
        only_card(&story.told())
    }

    #[test]
    fn the_condition_that_is_not_met_stands_beside_what_was_answered() {
        for (rule, body, fact) in [
            (json!({"contains": "ok"}), "0", "the text `ok`, which is not in it"),
            (
                json!({"path": "a.ok", "equals": true}),
                r#"{"a": {"ok": false}}"#,
                "to be true, and it is false",
            ),
            (json!({"path": "ok", "equals": 1}), "{}", "there is no `ok`"),
            (json!({"path": "ok", "equals": 1}), "<html>", "is not JSON"),
        ] {
            let card = refused(rule, body);
            assert_eq!(card.situation, Situation::SaysNo);
            assert!(card.cause.fact.words.contains(fact), "{}", card.cause.fact.words);
        }
    }
}
