//! 3xx: the endpoint says that it is elsewhere, and we do not follow.

use super::action::{Action, Step};
use super::answer_fact;
use super::card::{Card, Cause, Fact, Situation};
use super::evidence::{Evidence, Problem};
use super::telling::Told;
use super::words::header;

/// Where it points is the fact, and its kind the remedy: https, a slash, a sign-in page, or another place.
pub(super) fn card(problem: &Problem, _: &Evidence) -> Card {
    let latest = &*problem.latest;
    let host = problem.host();
    let status = problem.status.unwrap_or_default();
    let sent = latest.request.as_ref().map_or("", |request| request.url.as_str());
    let location = latest.answer.as_ref().and_then(|answer| header(&answer.headers, "location"));
    let (cause, step) = if let Some(location) = location {
        let target = absolute(sent, location);
        let (why, step) = kind(sent, &target);
        let words =
            format!("{host} answered {status} with `Location: {location}`; the request went to `{sent}`.");
        let fact = Fact::read_in(latest, words).with("location", &target).with("url", sent);
        (Cause::new(why, fact), step)
    } else {
        let cause = format!("{host} answers {status} and does not say where to go instead.");
        (Cause::new(cause, answer_fact(latest, host)), Step::click("Look at the URL.", Action::edit("url")))
    };
    let mut steps = vec![step];
    steps.extend(problem.recover());
    problem.card(
        Situation::Redirect,
        Told {
            title: format!("{status} from {host}: it sends us elsewhere"),
            happened:
                "Redirects are not followed: a body that was meant for one place is not sent to another."
                    .to_owned(),
            cause,
            also: Vec::new(),
            steps,
        },
    )
}

/// The redirect's target as an absolute URL.
fn absolute(sent: &str, location: &str) -> String {
    url::Url::parse(sent)
        .and_then(|base| base.join(location))
        .map_or_else(|_| location.to_owned(), String::from)
}

fn kind(sent: &str, target: &str) -> (String, Step) {
    let put = |words: &str| Step::click(words, Action::put("url", target));
    let plain = |url: &str| {
        url.split_once("://").map_or(url, |(_, rest)| rest).trim_end_matches('/').to_ascii_lowercase()
    };
    let lower = target.to_ascii_lowercase();
    if sent.starts_with("http://") && target.starts_with("https://") && plain(sent) == plain(target) {
        ("The endpoint wants https, and the URL says http.".to_owned(), put("Begin the URL with https://."))
    } else if plain(sent) == plain(target) {
        (
            "The endpoint wants the URL with a slash at the end, or without.".to_owned(),
            put("Take over the URL it names."),
        )
    } else if ["login", "signin", "sign-in", "sso", "oauth", "auth/"].iter().any(|word| lower.contains(word))
    {
        let step = Step::click(
            "Send the credential that the endpoint's API asks for.",
            Action::edit("headers.Authorization"),
        );
        ("The endpoint sends whoever is not signed in to its sign-in page: the request carries no credential it accepts.".to_owned(), step)
    } else {
        ("The endpoint has moved.".to_owned(), put("Take over the URL it names, if you trust it."))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::testing::{Story, answered, only_card};
    use super::*;

    fn redirected(url: &str, location: &str) -> Card {
        let story = Story::of(json!({"url": url}));
        only_card(&story.attempt("1", answered(301, &[("Location", location)], "")).told())
    }

    #[test]
    fn where_it_points_says_what_to_do() {
        for (url, location, cause, proposal) in [
            (
                "http://example.com/in",
                "https://example.com/in",
                "wants https",
                Some("https://example.com/in"),
            ),
            ("https://example.com/in", "/in/", "a slash at the end", Some("https://example.com/in/")),
            ("https://example.com/in", "https://example.com/login?next=%2Fin", "sign-in page", None),
            (
                "https://example.com/in",
                "https://new.example.com/v2",
                "has moved",
                Some("https://new.example.com/v2"),
            ),
        ] {
            let card = redirected(url, location);
            assert!(card.cause.words.contains(cause), "{location}: {}", card.cause.words);
            assert!(card.cause.fact.words.contains(location));
            if let Some(proposal) = proposal {
                assert_eq!(card.steps[0].action, Some(Action::put("url", proposal)), "{location}");
            }
        }
    }

    #[test]
    fn a_redirect_without_a_location_is_told_as_that() {
        let card = only_card(&Story::of(json!({})).attempt("1", answered(304, &[], "")).told());
        assert!(card.cause.words.contains("does not say where"));
    }
}
