//! ERENDER, ETOOLARGE: no request could be made for the event.

use super::action::{Action, Step};
use super::card::{Card, Cause, Fact, Situation};
use super::evidence::{Evidence, Problem};
use super::message_fact;
use super::telling::{Told, listed};
use crate::attempt::{Attempt, Code};
use crate::request::{FaultKind, TemplateFault};

/// The variable that breaks the filled-in text is found by bisection; other faults name their field themselves.
pub(super) fn card(problem: &Problem, _: &Evidence) -> Card {
    let latest = &*problem.latest;
    let (cause, mut steps) = match &problem.fault {
        Some(fault) if latest.rendering.json_fault.is_some() => {
            (Cause::new(cause_words(fault), fault_fact(latest, fault)), fix(problem, fault))
        }
        _ => otherwise(problem),
    };
    steps.extend(problem.recover());
    let what = if problem.code == Some(Code::TooLarge) {
        "The request is too large"
    } else {
        "The template gives no valid request"
    };
    problem.card(
        Situation::BrokenTemplate,
        Told {
            title: format!("{what} for the event `{}`", latest.event.name),
            happened:
                "The template could not be filled in with the event, so nothing was sent and the endpoint \
                       knows nothing of it."
                    .to_owned(),
            cause,
            also: Vec::new(),
            steps,
        },
    )
}

/// What broke a text that should be JSON, in a sentence.
pub(super) fn cause_words(fault: &TemplateFault) -> String {
    let field = &fault.field;
    let names = listed(&fault.variables);
    let (is, has) = if fault.variables.len() > 1 { ("are", "have") } else { ("is", "has") };
    match fault.kind {
        FaultKind::Missing => {
            format!(
                "{names} had no value in this event, which leaves a hole in `{field}` where JSON needs a value."
            )
        }
        FaultKind::Escaped => format!(
            "{names} {is} written in double braces, so its quotes became `&quot;` and `{field}` is no longer JSON."
        ),
        FaultKind::Quote => format!(
            "{names} {has} a quote, a backslash or a line break in its value, which ends the JSON text it stands in."
        ),
        FaultKind::BareText => {
            format!("{names} {is} a text in this event and stands in `{field}` without quotes around it.")
        }
        FaultKind::Value => format!("The value of {names} makes `{field}` something other than JSON."),
        FaultKind::Text => {
            format!("The template's own text in `{field}` is no JSON, whatever the event brings.")
        }
    }
}

/// Where it breaks, as a fact: in the filled-in text and in the template.
pub(super) fn fault_fact(attempt: &Attempt, fault: &TemplateFault) -> Fact {
    let TemplateFault { field, reason, rendered, template, excerpt, .. } = fault;
    let because = match fault.variables.as_slice() {
        [] => "no variable mends it".to_owned(),
        names => format!("with a number in place of {} it is JSON", listed(names)),
    };
    let words = format!(
        "Filled in, `{field}` breaks at line {}, column {} ({reason}): `{excerpt}`; in the template that is line {}, \
         column {}, and {because}.",
        rendered.line, rendered.column, template.line, template.column,
    );
    let fact = Fact::read_in(attempt, words)
        .with("field", field)
        .with("line", template.line)
        .with("column", template.column);
    let fact = fault.variables.iter().fold(fact, |fact, name| fact.with("variable", name));
    match &fault.value {
        Some(value) => fact.with("value", value),
        None => fact,
    }
}

/// What to do about it.
pub(super) fn fix(problem: &Problem, fault: &TemplateFault) -> Vec<Step> {
    let name = fault.variables.first().map_or("x", String::as_str);
    let words = match fault.kind {
        FaultKind::Missing => format!(
            "Give it a value when it is missing: `{{{{#{name}}}}}{{{{{{{name}}}}}}}{{{{/{name}}}}}{{{{^{name}}}}}null{{{{/{name}}}}}`; \
             or have the device always send it."
        ),
        FaultKind::Escaped => format!("Write `{{{{{{{name}}}}}}}` in triple braces."),
        FaultKind::Quote => {
            "Give `json` as an object instead of a text: then every value is quoted as JSON needs it."
                .to_owned()
        }
        FaultKind::BareText => {
            format!("Put quotes around it (`\"{{{{{{{name}}}}}}}\"`), or have the device send a number.")
        }
        FaultKind::Value => format!("Look at what the device sends as `{name}`."),
        FaultKind::Text => "Correct the text at this place.".to_owned(),
    };
    let action = Action::EditField {
        field: fault.field.clone(),
        value: None,
        line: Some(fault.template.line),
        column: Some(fault.template.column),
    };
    vec![Step::click(words, action), problem.preview()]
}

/// A fault that names its field and its reason itself: a header with a line break, a limit, a missing secret.
fn otherwise(problem: &Problem) -> (Cause, Vec<Step>) {
    let latest = &*problem.latest;
    let message = latest.message.as_deref().unwrap_or_default();
    let fact = message_fact(latest);
    if let Some(secret) = secret_without_value(message) {
        let step = Step::click(
            format!("Set the secret `{secret}`."),
            Action::ReplaceSecret { name: secret.to_owned() },
        );
        return (Cause::new(format!("The secret `{secret}` has no value."), fact), vec![step]);
    }
    let words = if latest.code == Some(Code::TooLarge) {
        "Filled in, a part of the request is over its limit."
    } else {
        "A part of the request cannot be what the event makes of it."
    };
    (Cause::new(words, fact), vec![problem.preview()])
}

fn secret_without_value(message: &str) -> Option<&str> {
    let (name, rest) = message.strip_prefix("the secret `")?.split_once('`')?;
    rest.starts_with(" has no value").then_some(name)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::testing::{Story, as_it_is, only_card};
    use super::*;

    fn broken(json: &str, data: &str) -> Card {
        only_card(&Story::of(json!({"json": json})).attempt(data, as_it_is).told())
    }

    #[test]
    fn each_way_of_breaking_is_told_with_variable_place_and_remedy() {
        for (json, data, cause, remedy) in [
            ("{\"a\": {{{a}}}}", "{}", "`a` had no value", "{{^a}}null{{/a}}"),
            ("{\"a\": {{a}}}", r#"{"a": [""]}"#, "double braces", "triple braces"),
            ("{\"a\": \"{{{a}}}\"}", r#"{"a": "\""}"#, "a quote", "as an object"),
            ("{\"a\": {{{a}}}}", r#"{"a": "x"}"#, "without quotes", "Put quotes"),
            ("{\"a\": {{{a}}},}", r#"{"a": 1}"#, "own text", "Correct the text"),
        ] {
            let card = broken(json, data);
            assert_eq!(card.situation, Situation::BrokenTemplate);
            assert!(card.cause.words.contains(cause), "{}", card.cause.words);
            assert!(card.steps[0].words.contains(remedy), "{}", card.steps[0].words);
            assert!(card.cause.fact.words.contains("in the template that is line 1"), "{card:#?}");
        }
    }

    #[test]
    fn two_variables_that_break_it_together_are_both_named() {
        let card = broken("{\"a\": {{{a}}}, \"b\": {{{b}}}}", "{}");
        assert!(card.cause.words.starts_with("`a` and `b` had no value"), "{}", card.cause.words);
    }

    #[test]
    fn a_secret_without_a_value_is_to_be_set() {
        let hook = json!({"headers": {"X-Key": "{{KEY}}"}, "secrets": ["KEY"]});
        let card = only_card(&Story::of(hook).attempt("1", as_it_is).told());
        assert_eq!(card.cause.words, "The secret `KEY` has no value.");
        assert_eq!(card.steps[0].action, Some(Action::ReplaceSecret { name: "KEY".to_owned() }));
    }

    #[test]
    fn a_header_with_a_line_break_says_so_in_the_words_of_the_attempt() {
        let hook = json!({"headers": {"X-Note": "{{{note}}}"}});
        let card = only_card(&Story::of(hook).attempt(r#"{"note": "a\nb"}"#, as_it_is).told());
        assert!(
            card.cause.fact.words.contains("line break") && card.cause.fact.words.contains("`note`"),
            "{card:#?}"
        );
    }
}
