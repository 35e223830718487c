//! 400, 415, 422: the endpoint got the request and could not do anything with it.

use serde_json::Value;

use super::action::{Action, Step};
use super::answer_fact;
use super::broken_template;
use super::card::{Card, Fact, Situation};
use super::contrast::contrast;
use super::evidence::{Evidence, Problem};
use super::telling::{Proof, Told, listed};
use super::words::{content_type, differences, header, is_json, said_to, sent_json};
use crate::attempt::Attempt;
use crate::integration::Payload;

/// Most differences between two bodies that a sentence tells.
const TOLD: usize = 3;

/// The cause is looked for in the body first, then in how it is labelled, then in what changed.
pub(super) fn card(problem: &Problem, evidence: &Evidence) -> Card {
    let latest = &*problem.latest;
    let proof = broken_body(problem)
        .or_else(|| no_content_type(problem))
        .or_else(|| form_for_json(problem, evidence))
        .or_else(|| another_shape(problem))
        .or_else(|| edited(problem, evidence))
        .or_else(|| in_common(problem, evidence))
        .unwrap_or_else(|| only_its_words(problem));
    let status = problem.status.unwrap_or_default();
    let host = problem.host();
    let also = match said_to(latest) {
        Some(_) if !proof.cause.fact.words.contains("and says") => vec![answer_fact(latest, host)],
        _ => Vec::new(),
    };
    let mut steps = proof.steps;
    steps.extend(problem.compare());
    steps.push(problem.replay_one());
    steps.extend(problem.recover());
    problem.card(
        Situation::BadRequest,
        Told {
            title: format!("{status} from {host}: the request is not what it expects"),
            happened: format!(
                "{host} got the request, understood that it was a {}, and refused its content with {status}.",
                latest.request.as_ref().map_or("request", |request| request.method.as_str())
            ),
            cause: proof.cause,
            also,
            steps,
        },
    )
}

/// The body says or seems to be JSON, and is none.
fn broken_body(problem: &Problem) -> Option<Proof> {
    let latest = &*problem.latest;
    let error = sent_json(latest.request.as_ref()?)?.err()?;
    if let Some(fault) = &problem.fault {
        let fact = broken_template::fault_fact(latest, fault);
        return Some(Proof::new(
            broken_template::cause_words(fault),
            fact,
            broken_template::fix(problem, fault),
        ));
    }
    let words = format!("The body that was sent is not JSON: {error}.");
    let fact = Fact::read_in(latest, words).with("line", error.line()).with("column", error.column());
    Some(Proof::new("The body claims or seems to be JSON and is none.", fact, [problem.preview()]))
}

fn no_content_type(problem: &Problem) -> Option<Proof> {
    let latest = &*problem.latest;
    let request = latest.request.as_ref()?;
    let body = request.body.as_ref().filter(|body| !body.text.is_empty())?;
    if header(&request.headers, "content-type").is_some() {
        return None;
    }
    let names: Vec<_> = request.headers.iter().map(|(name, _)| name).collect();
    let words = format!(
        "The request has {} bytes of body and no Content-Type; its headers are {}.",
        body.bytes,
        listed(&names)
    );
    let json = body.text.trim_start().starts_with(['{', '[']);
    let value = if json { "application/json" } else { "text/plain" };
    let step = Step::click(
        format!("Add the header `Content-Type: {value}`."),
        Action::put("headers.Content-Type", value),
    );
    let cause = "The request does not say what its body is, and the endpoint does not guess.";
    Some(Proof::new(cause, Fact::read_in(latest, words).with("body bytes", body.bytes), [step]))
}

/// A form was sent, and what the endpoint says or has accepted is JSON.
fn form_for_json(problem: &Problem, evidence: &Evidence) -> Option<Proof> {
    let latest = &*problem.latest;
    let request = latest.request.as_ref()?;
    let sent = content_type(&request.headers)?;
    if sent != "application/x-www-form-urlencoded" {
        return None;
    }
    let asked = said_to(latest).filter(|said| said.to_ascii_lowercase().contains("json"));
    let answered = latest.answer.as_ref().and_then(|answer| content_type(&answer.headers));
    let words = match (&asked, problem.status, answered) {
        (Some(said), ..) => format!("A form was sent (`{sent}`), and the endpoint speaks of JSON: “{said}”"),
        (None, Some(415), _) => format!(
            "A form was sent (`{sent}`), and the endpoint answered 415, which means: not this Content-Type."
        ),
        (None, _, Some(answered)) if is_json(&answered) => {
            format!("A form was sent (`{sent}`), and the endpoint answers in JSON (`{answered}`).")
        }
        _ => return None,
    };
    let defaults = evidence
        .subject
        .definition
        .as_ref()
        .is_some_and(|definition| matches!(definition.payload, Payload::Defaults));
    let how = if defaults {
        "Nothing of your own is configured, so the default data goes out as a form: choose the request format JSON."
    } else {
        "Choose the request format JSON, with the same fields."
    };
    let fact = Fact::read_in(latest, words).with("content-type", sent);
    Some(Proof::new(
        "A form is sent where the endpoint wants JSON.",
        fact,
        [Step::click(how, Action::edit("json"))],
    ))
}

/// The JSON is in order, and differs from what was accepted.
fn another_shape(problem: &Problem) -> Option<Proof> {
    let (latest, good) = (&*problem.latest, problem.last_good.as_deref()?);
    let read = |attempt: &Attempt| -> Option<Value> { sent_json(attempt.request.as_ref()?)?.ok() };
    let told = differences(&read(good)?, &read(latest)?);
    if told.is_empty() {
        return None;
    }
    let rest = match told.len().saturating_sub(TOLD) {
        0 => String::new(),
        rest => format!("; and {rest} more"),
    };
    let first = told[..told.len().min(TOLD)].join("; ");
    let words = format!("Compared with the last body that was accepted: {first}{rest}.");
    let missing = &latest.rendering.missing;
    let cause = if missing.is_empty() {
        "The body has other keys or types than the one that was last accepted.".to_owned()
    } else {
        format!("The body is not what was last accepted: {} had no value in this event.", listed(missing))
    };
    let fact = Fact::read_in(latest, words).and_in(good).with("differences", told.len());
    Some(Proof::new(cause, fact, [problem.preview()]))
}

fn edited(problem: &Problem, evidence: &Evidence) -> Option<Proof> {
    let keys = ["json", "form", "body", "headers", "query", "requestType", "url", "noDefaults"];
    let edit = problem.edit_of(&keys)?;
    let step =
        Step::click("Look at what that revision changed, and take it back if need be.", Action::Revisions);
    let fact = problem.edit_fact(edit, &evidence.subject);
    Some(Proof::new("It began with an edit of this integration.", fact, [step]))
}

fn in_common(problem: &Problem, evidence: &Evidence) -> Option<Proof> {
    let recent = &evidence.recent;
    let same = |attempt: &&std::sync::Arc<Attempt>| attempt.status == problem.status;
    let failures: Vec<_> = recent.failures.iter().filter(same).cloned().collect();
    let found = contrast(&failures, &recent.successes)?;
    let fact = found.fact(&problem.latest, recent.successes.first()?);
    let cause = format!("The endpoint refuses those events of which it is true that {}.", found.what);
    Some(Proof::new(cause, fact, [problem.preview()]))
}

fn only_its_words(problem: &Problem) -> Proof {
    let latest = &*problem.latest;
    let fact = answer_fact(latest, problem.host());
    let cause = match said_to(latest) {
        Some(_) => "The endpoint itself says what it misses.",
        None => {
            "The endpoint refuses the request without saying why, and has never accepted one to compare it with."
        }
    };
    let read = "Compare the request as sent with the endpoint's documentation.";
    Proof::new(cause, fact, [Step::click(read, Action::CopyCurl { attempt: latest.id }), problem.to_tester()])
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::evidence::Edit;
    use super::super::testing::{Story, answered, at, only_card};
    use super::*;

    const REFUSED: &str = r#"{"error": "Bad Request"}"#;

    #[test]
    fn a_body_that_is_no_json_is_mapped_back_to_the_templates_line_and_variable() {
        let hook = json!({
            "body": "{\n  \"t\": {{{t}}}\n}", "headers": {"Content-Type": "application/json"}
        });
        let card = only_card(&Story::of(hook).attempt(r#"{"x": 1}"#, answered(400, &[], REFUSED)).told());
        assert_eq!(card.situation, Situation::BadRequest);
        assert!(card.cause.words.contains("`t` had no value"), "{}", card.cause.words);
        assert!(card.cause.fact.words.contains("line 2, column 8"), "{}", card.cause.fact.words);
        let Some(Action::EditField { field, line, .. }) = &card.steps[0].action else { panic!("{card:#?}") };
        assert_eq!((field.as_str(), *line), ("body", Some(2)));
        assert!(card.also[0].words.contains("Bad Request"));
    }

    #[test]
    fn a_body_without_a_content_type_is_told_so() {
        let hook = json!({"body": "{\"t\": 1}"});
        let card = only_card(&Story::of(hook).attempt("1", answered(400, &[], "")).told());
        assert!(card.cause.fact.words.contains("no Content-Type"));
        assert_eq!(card.steps[0].action, Some(Action::put("headers.Content-Type", "application/json")));
    }

    #[test]
    fn a_form_where_json_is_wanted_is_told_by_what_the_endpoint_says() {
        let said = r#"{"message": "Unexpected token e in JSON at position 0"}"#;
        let card = only_card(&Story::of(json!({})).attempt("1", answered(400, &[], said)).told());
        assert!(
            card.cause.words.contains("wants JSON") && card.cause.fact.words.contains("Unexpected token")
        );
        let silent = only_card(&Story::of(json!({})).attempt("1", answered(415, &[], "")).told());
        assert!(silent.cause.fact.words.contains("415"));
    }

    #[test]
    fn a_body_of_another_shape_is_compared_with_the_last_that_was_accepted() {
        let hook = json!({"json": {"t": "{{{t}}}", "n": 1}, "noDefaults": true});
        let story = Story::of(hook)
            .attempt(r#"{"t": "warm"}"#, answered(200, &[], ""))
            .attempt(r#"{"x": 1}"#, answered(422, &[], REFUSED));
        let card = only_card(&story.told());
        assert!(card.cause.words.contains("`t` had no value"), "{}", card.cause.words);
        assert!(card.cause.fact.words.contains("`t` is an empty text; it was a text"));
        assert_eq!(card.cause.fact.sources().len(), 2);
        assert!(card.steps.iter().any(|step| matches!(step.action, Some(Action::Compare { .. }))));
    }

    #[test]
    fn an_edit_between_the_last_success_and_the_first_failure_is_named() {
        let story = Story::of(json!({"form": {"a": "1"}}))
            .attempt("1", answered(200, &[], ""))
            .attempt("1", answered(400, &[], "no"));
        let mut evidence = story.told();
        evidence.problems[0].edits = vec![Edit {
            revision: 4,
            at: at(0),
            by: Some("ada".to_owned()),
            changed: vec!["form".to_owned()],
        }];
        let card = only_card(&evidence);
        assert!(card.cause.words.contains("began with an edit"));
        assert!(card.cause.fact.words.contains("by ada and changed `form`"), "{}", card.cause.fact.words);
    }

    #[test]
    fn without_more_to_go_by_the_endpoints_words_are_the_fact() {
        let card = only_card(
            &Story::of(json!({"form": {"a": "1"}})).attempt("1", answered(400, &[], "no `b`")).told(),
        );
        assert!(card.cause.fact.words.contains("“no `b`”") && card.also.is_empty());
        let card =
            only_card(&Story::of(json!({"form": {"a": "1"}})).attempt("1", answered(400, &[], "")).told());
        assert!(card.cause.fact.words.contains("gave no reason"));
    }
}
