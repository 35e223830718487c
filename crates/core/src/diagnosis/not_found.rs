//! 404, 405, 410: the endpoint is there and does not know the address.

use super::action::{Action, Step};
use super::answer_fact;
use super::card::{Card, Fact, Situation, Source};
use super::contrast::{About, contrast};
use super::evidence::{Evidence, Problem};
use super::telling::{Proof, Told, When, listed};
use super::words::{header, said_to};
use crate::attempt::{Attempt, SentRequest};

/// A hole in the URL comes first, then the method, then what the address was when it was last accepted.
pub(super) fn card(problem: &Problem, evidence: &Evidence) -> Card {
    let latest = &*problem.latest;
    let host = problem.host();
    let status = problem.status.unwrap_or_default();
    let proof = hole(problem, evidence)
        .or_else(|| method(problem))
        .or_else(|| moved(problem, evidence))
        .or_else(|| one_device(problem, evidence))
        .or_else(|| gone(problem))
        .unwrap_or_else(|| never(problem, evidence));
    let mut also = Vec::new();
    if said_to(latest).is_some() && !proof.cause.fact.words.contains("and says") {
        also.push(answer_fact(latest, host));
    }
    let mut steps = proof.steps;
    if status == 404 {
        let words = "If 404 only means that there is no data, count it as a success.";
        steps.push(Step::click(words, Action::put("successRule.statuses", "404")));
    }
    steps.extend(problem.recover());
    let url = latest.request.as_ref().map_or("", |request| &request.url);
    problem.card(
        Situation::NotFound,
        Told {
            title: format!("{status} from {host}: it does not know the address"),
            happened: format!("{host} answered {status} to {url}."),
            cause: proof.cause,
            also,
            steps,
        },
    )
}

/// A variable of the URL had no value.
fn hole(problem: &Problem, evidence: &Evidence) -> Option<Proof> {
    let latest = &*problem.latest;
    let request = latest.request.as_ref()?;
    let url = &evidence.subject.definition.as_ref()?.url;
    let empty: Vec<_> =
        url.names().filter(|name| latest.rendering.missing.iter().any(|missing| missing == name)).collect();
    if empty.is_empty() {
        return None;
    }
    let words =
        format!("`{}` became `{}`: {} had no value in the event.", url.source(), request.url, listed(&empty));
    let fact = empty.iter().fold(Fact::read_in(latest, words), |fact, name| fact.with("variable", name));
    let fact = fact.with("url", &request.url).and_in(Source::Event { id: latest.event.id });
    let step = Step::click(
        "Have the device send it, or take a variable that every event has, such as `PARTICLE_DEVICE_ID`.",
        Action::edit("url"),
    );
    Some(Proof::new("The URL has a hole where a variable had no value.", fact, [step, problem.preview()]))
}

/// The endpoint names the methods it takes.
fn method(problem: &Problem) -> Option<Proof> {
    let latest = &*problem.latest;
    if problem.status != Some(405) {
        return None;
    }
    let request = latest.request.as_ref()?;
    let allow = header(&latest.answer.as_ref()?.headers, "allow");
    let words = match allow {
        Some(allow) => {
            format!("The request was a {}; the endpoint says it takes {allow} here.", request.method)
        }
        None => {
            format!("The request was a {}; 405 means that this address takes another method.", request.method)
        }
    };
    let fact = Fact::read_in(latest, words).with("method", &request.method);
    let proposal = allow.and_then(|allow| {
        allow.split(',').map(str::trim).find(|method| !matches!(*method, "OPTIONS" | "HEAD"))
    });
    let action =
        proposal.map_or_else(|| Action::edit("requestType"), |method| Action::put("requestType", method));
    Some(Proof::new(
        "The address is there, for another method.",
        fact,
        [Step::click("Choose the method.", action)],
    ))
}

/// The address differs from the one that was last accepted.
fn moved(problem: &Problem, evidence: &Evidence) -> Option<Proof> {
    let (latest, good) = (&*problem.latest, problem.last_good.as_deref()?);
    let (now, then) = (latest.request.as_ref()?, good.request.as_ref()?);
    let difference = difference(then, now)?;
    let edit = problem.edit_of(&["url", "requestType", "query"]);
    let by_edit = edit.map_or_else(String::new, |edit| {
        let by = edit.by.as_deref().map_or_else(String::new, |by| format!(" by {by}"));
        format!(" Revision {}, saved at {}{by}, changed it.", edit.revision, When(edit.at))
    });
    let words = format!(
        "The last request that was accepted, at {}, was `{} {}`; this one was `{} {}`: {difference}.{by_edit}",
        When(good.started_at),
        then.method,
        then.url,
        now.method,
        now.url
    );
    let fact = Fact::read_in(latest, words).and_in(good).with("then", &then.url).with("now", &now.url);
    let cause = match edit {
        Some(_) => "An edit of this integration changed the address.",
        None if good.revision == latest.revision => {
            "The address that this event gives is not one the endpoint knows."
        }
        None => "The address is not the one that was last accepted.",
    };
    let step = Step::click("Put the address right.", Action::edit("url"));
    let proof = Proof::new(cause, fact, [step, Step::click("See what changed.", Action::Revisions)]);
    // An address that varies with the event proves nothing when others like it were accepted.
    (edit.is_some() || !varies(evidence)).then_some(proof)
}

fn varies(evidence: &Evidence) -> bool {
    evidence.subject.definition.as_ref().is_some_and(|definition| !definition.url.is_static())
}

/// How two requests are addressed differently, the smallest difference first.
fn difference(then: &SentRequest, now: &SentRequest) -> Option<String> {
    if then.method != now.method {
        return Some(format!("{} instead of {}", now.method, then.method));
    }
    let path = |url: &str| url.split(['?', '#']).next().unwrap_or_default().to_owned();
    let (before, after) = (path(&then.url), path(&now.url));
    if before == after {
        return None;
    }
    let scheme = |url: &str| url.split("://").next().unwrap_or_default().to_owned();
    Some(if before.trim_end_matches('/') == after.trim_end_matches('/') {
        "the slash at the end differs".to_owned()
    } else if before.replace("//", "/") == after.replace("//", "/") {
        "a slash is doubled".to_owned()
    } else if before.eq_ignore_ascii_case(&after) {
        "upper and lower case differ".to_owned()
    } else if scheme(&before) != scheme(&after) {
        format!("{} instead of {}", scheme(&after), scheme(&before))
    } else {
        "the path differs".to_owned()
    })
}

/// Only one device's events fail: what stands for it in the URL is not known there.
fn one_device(problem: &Problem, evidence: &Evidence) -> Option<Proof> {
    let url = &evidence.subject.definition.as_ref()?.url;
    if url.is_static() {
        return None;
    }
    let found = contrast(&evidence.recent.failures, &evidence.recent.successes)?;
    let sent = &problem.latest.request.as_ref()?.url;
    let fact = found.fact(&problem.latest, evidence.recent.successes.first()?).with("url", sent);
    let names: Vec<_> = url.names().collect();
    let cause = match found.about {
        About::Device => format!(
            "The endpoint knows the addresses of other devices and not this one's: the URL is made with {}.",
            listed(&names)
        ),
        _ => format!(
            "The endpoint does not know the address of those events of which it is true that {}.",
            found.what
        ),
    };
    let step =
        Step::by_hand("Make what the URL names known to the endpoint, or correct the variable in the URL.");
    Some(Proof::new(cause, fact, [step, Step::click("Look at the URL.", Action::edit("url"))]))
}

/// The very same address was accepted before.
fn gone(problem: &Problem) -> Option<Proof> {
    let (latest, good) = (&*problem.latest, problem.last_good.as_deref()?);
    let address = |attempt: &Attempt| {
        attempt.request.as_ref().map(|request| (request.method.clone(), request.url.clone()))
    };
    let (method, url) = address(latest)?;
    if address(good)? != (method.clone(), url.clone()) {
        return None;
    }
    let words = format!(
        "`{method} {url}` was answered {} at {} and {} at {}.",
        good.status.unwrap_or_default(),
        When(good.started_at),
        latest.status.unwrap_or_default(),
        When(latest.started_at)
    );
    let fact = Fact::read_in(good, words).and_in(latest).with("url", url);
    let cause = format!(
        "The address was taken away at {}: it worked before, and nothing of it was changed here.",
        problem.host()
    );
    Some(Proof::new(
        cause,
        fact,
        [Step::click(
            "Ask the endpoint's owner where it went, and enter the new address.",
            Action::edit("url"),
        )],
    ))
}

fn never(problem: &Problem, evidence: &Evidence) -> Proof {
    let latest = &*problem.latest;
    let host = problem.host();
    let good = evidence.recent.successes.len();
    let fact = if good == 0 {
        let asked = latest.request.as_ref().map_or("", |request| &request.url);
        let words = match said_to(latest) {
            Some(said) => {
                format!("No request to `{asked}` has been accepted yet; {host} answered and says: “{said}”")
            }
            None => format!("No request to `{asked}` has been accepted yet."),
        };
        Fact::read_in(latest, words).with("url", asked)
    } else {
        answer_fact(latest, host)
    };
    let check =
        "Compare the URL with the endpoint's documentation: path, slash at the end, http or https, method.";
    Proof::new(
        format!("The address is not one that {host} knows."),
        fact,
        [
            Step::click(check, Action::edit("url")),
            Step::click("Try it by hand.", Action::CopyCurl { attempt: latest.id }),
        ],
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::evidence::Edit;
    use super::super::testing::{Story, answered, at, only_card};
    use super::*;

    #[test]
    fn a_hole_in_the_url_is_shown_with_the_variable_that_left_it() {
        let story = Story::of(json!({"url": "https://api.example.com/api/{{room}}/x"}));
        let card = only_card(&story.attempt(r#"{"floor": 1}"#, answered(404, &[], "")).told());
        assert!(card.cause.words.contains("hole"));
        assert!(
            card.cause.fact.words.contains("/api//x") && card.cause.fact.words.contains("`room`"),
            "{card:#?}"
        );
    }

    #[test]
    fn another_method_is_taken_from_what_the_endpoint_allows() {
        let card = only_card(
            &Story::of(json!({})).attempt("1", answered(405, &[("Allow", "OPTIONS, PUT")], "")).told(),
        );
        assert_eq!(card.steps[0].action, Some(Action::put("requestType", "PUT")));
        assert!(card.cause.fact.words.contains("POST"));
    }

    #[test]
    fn an_address_that_was_edited_is_compared_with_the_one_accepted() {
        let story = Story::of(json!({})).attempt("1", answered(200, &[], ""));
        let story =
            story.edited("url", json!("https://api.example.com/in/")).attempt("1", answered(404, &[], ""));
        let mut evidence = story.told();
        evidence.problems[0].edits = vec![Edit {
            revision: 4,
            at: at(1),
            by: Some("ada".to_owned()),
            changed: vec!["url".to_owned()],
        }];
        let card = only_card(&evidence);
        assert!(card.cause.words.contains("An edit"), "{}", card.cause.words);
        assert!(card.cause.fact.words.contains("the slash at the end differs"), "{}", card.cause.fact.words);
        assert!(card.cause.fact.words.contains("Revision 4") && card.cause.fact.words.contains("by ada"));
    }

    #[test]
    fn an_address_that_was_accepted_before_has_gone_on_the_other_side() {
        let story = Story::of(json!({}))
            .attempt("1", answered(200, &[], ""))
            .attempt("1", answered(404, &[], "gone"));
        let card = only_card(&story.told());
        assert!(
            card.cause.words.contains("taken away") && card.also[0].words.contains("“gone”"),
            "{card:#?}"
        );
        assert!(
            card.steps.iter().any(|step| step.action == Some(Action::put("successRule.statuses", "404")))
        );
    }

    #[test]
    fn one_device_whose_address_is_not_known_is_named() {
        let hook = json!({"url": "https://api.example.com/{{PARTICLE_DEVICE_ID}}"});
        let story = (0..3).fold(Story::of(hook), |story, _| {
            story.attempt_of(1, 1, "{}", answered(200, &[], "")).attempt_of(
                2,
                1,
                "{}",
                answered(404, &[], ""),
            )
        });
        let card = only_card(&story.told());
        assert!(card.cause.fact.words.contains("0202020202"), "{}", card.cause.fact.words);
        assert!(card.cause.words.contains("`PARTICLE_DEVICE_ID`"));
    }

    #[test]
    fn an_address_never_accepted_is_told_so() {
        let card =
            only_card(&Story::of(json!({})).attempt("1", answered(404, &[], "Cannot POST /in")).told());
        assert!(
            card.cause
                .fact
                .words
                .contains("No request to `https://api.example.com/in` has been accepted yet")
        );
        assert!(card.cause.fact.words.contains("Cannot POST"));
    }
}
