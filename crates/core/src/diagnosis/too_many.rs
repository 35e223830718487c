//! 429: the endpoint is asked more often than it allows.

use super::action::{Action, Step};
use super::answer_fact;
use super::card::{Card, Cause, Fact, Situation, Source};
use super::evidence::{Evidence, Problem};
use super::pace::{busiest, most_accepted, within};
use super::telling::{Told, listed};
use super::words::{header, said_to};
use crate::attempt::Attempt;

/// A share of the burst above which one device is named as its source, in percent.
const MOST_OF_IT: u64 = 80;
/// Headers in which endpoints say what their limit is.
const LIMIT: [&str; 3] = ["ratelimit-limit", "x-ratelimit-limit", "x-rate-limit-limit"];
/// Headers about limits worth showing.
const SHOWN: [&str; 8] = [
    "retry-after",
    "ratelimit-limit",
    "ratelimit-remaining",
    "ratelimit-reset",
    "ratelimit-policy",
    "x-ratelimit-limit",
    "x-ratelimit-remaining",
    "x-ratelimit-reset",
];

const SECOND: i64 = 1_000;
const MINUTE: i64 = 60_000;

/// What the endpoint says of its limit comes first; the rate at the refusal is always told.
pub(super) fn card(problem: &Problem, evidence: &Evidence) -> Card {
    let latest = &*problem.latest;
    let host = problem.host();
    let pace = Pace::of(latest, evidence);
    let mut also: Vec<Fact> =
        headers_fact(latest).into_iter().chain(source_of_burst(problem, evidence)).collect();
    if said_to(latest).is_some() {
        also.push(answer_fact(latest, host));
    }
    let fact = pace.fact(latest, evidence);
    let cause = match (pace.others, stated_limit(latest)) {
        (_, Some(limit)) => format!("{host} allows {limit} requests in its window, and more were sent."),
        (others, None) if others > pace.minute => {
            format!("Other integrations send to {host} too, and together with them it is too much.")
        }
        _ if pace.minute <= 1 => {
            format!(
                "{host} counts more than this integration sends: its limit is shared with others, or already used up."
            )
        }
        _ => format!("More requests reach {host} than it allows."),
    };
    let mut steps = vec![cap(&pace)];
    steps.push(Step::by_hand("Have the devices publish less often, or several readings in one event."));
    steps.extend(problem.recover());
    problem.card(
        Situation::TooMany,
        Told {
            title: format!("429 from {host}: too many requests"),
            happened: format!("{host} refused requests because too many came."),
            cause: Cause::new(cause, fact),
            also,
            steps,
        },
    )
}

/// How fast requests went out when one was refused.
struct Pace {
    second: u64,
    minute: u64,
    others: u64,
    accepted_second: u64,
    accepted_minute: u64,
}

impl Pace {
    fn of(refused: &Attempt, evidence: &Evidence) -> Self {
        let lines = &evidence.recent.lines;
        Self {
            second: within(lines, refused.started_at, SECOND),
            minute: within(lines, refused.started_at, MINUTE),
            others: evidence.neighbours.iter().map(|neighbour| neighbour.last_minute).sum(),
            accepted_second: most_accepted(lines, SECOND),
            accepted_minute: most_accepted(lines, MINUTE),
        }
    }

    fn fact(&self, refused: &Attempt, evidence: &Evidence) -> Fact {
        let Self { second, minute, others, accepted_second, accepted_minute } = *self;
        let beside = if others > 0 {
            let sending = evidence.neighbours.iter().filter(|one| one.last_minute > 0);
            let names: Vec<_> = sending.map(|one| &one.name).collect();
            format!(" In that minute {} sent {others} more to the same host.", listed(&names))
        } else {
            String::new()
        };
        let words = format!(
            "When it was refused, this integration had sent {second} within a second and {minute} within a minute; \
             at most {accepted_second} within a second and {accepted_minute} within a minute have gone through \
             without a refusal.{beside}"
        );
        Fact::read_in(refused, words)
            .with("in a second", second)
            .with("in a minute", minute)
            .with("accepted in a second", accepted_second)
            .with("accepted in a minute", accepted_minute)
            .and_in(Source::Counters { integration: evidence.subject.integration })
    }
}

/// A rate cap below what is known to go through.
fn cap(pace: &Pace) -> Step {
    let words = "Cap the rate here: what is over it waits in the queue and is not refused.";
    let action = match pace.accepted_minute {
        0 | 1 => Action::edit("rateLimit"),
        accepted => Action::put("rateLimit", format!("{:.2}", accepted as f64 * 0.9 / 60.0)),
    };
    Step::click(words, action)
}

fn stated_limit(refused: &Attempt) -> Option<&str> {
    let headers = &refused.answer.as_ref()?.headers;
    LIMIT.iter().find_map(|name| header(headers, name))
}

fn headers_fact(refused: &Attempt) -> Option<Fact> {
    let headers = &refused.answer.as_ref()?.headers;
    let said: Vec<_> = SHOWN.iter().filter_map(|name| Some((*name, header(headers, name)?))).collect();
    if said.is_empty() {
        return None;
    }
    let words = said.iter().map(|(name, value)| format!("`{name}: {value}`")).collect::<Vec<_>>().join(", ");
    let fact = Fact::read_in(refused, format!("The endpoint says of its limit: {words}."));
    Some(said.into_iter().fold(fact, |fact, (name, value)| fact.with(name, value)))
}

/// The one device that most of the last minute came from, when there is one among several.
fn source_of_burst(problem: &Problem, evidence: &Evidence) -> Option<Fact> {
    let (device, count, of) = busiest(&evidence.recent.lines, problem.latest.started_at, MINUTE)?;
    (of > 2 && count * 100 >= of * MOST_OF_IT).then(|| {
        let words =
            format!("Of the {of} requests of that minute {count} came from the events of device {device}.");
        Fact::read_in(&*problem.latest, words).with("device", device)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::evidence::Neighbour;
    use super::super::testing::{Story, answered, only_card};
    use super::*;
    use crate::id::IntegrationId;

    fn burst(headers: &[(&str, &str)]) -> Evidence {
        let story = (0..6).fold(Story::of(json!({})), |story, _| story.attempt("1", answered(200, &[], "")));
        story.attempt("1", answered(429, headers, "slow down")).told()
    }

    #[test]
    fn the_rate_at_the_refusal_stands_beside_the_most_that_went_through() {
        let card = only_card(&burst(&[("Retry-After", "30")]));
        assert!(
            card.cause.fact.words.contains("1 within a second and 7 within a minute"),
            "{}",
            card.cause.fact.words
        );
        assert!(card.cause.fact.words.contains("6 within a minute have gone through"));
        assert!(card.also[0].words.contains("`retry-after: 30`"));
        assert!(card.also[1].words.contains("came from the events of device d1d1"));
        assert_eq!(card.steps[0].action, Some(Action::put("rateLimit", "0.09")));
    }

    #[test]
    fn the_limit_that_the_endpoint_names_is_the_cause() {
        let card = only_card(&burst(&[("X-RateLimit-Limit", "5")]));
        assert!(card.cause.words.contains("allows 5 requests"), "{}", card.cause.words);
    }

    #[test]
    fn others_that_send_to_the_same_host_are_counted() {
        let mut evidence = burst(&[]);
        evidence.neighbours = vec![Neighbour {
            integration: IntegrationId([9; 12]),
            name: "humidity".to_owned(),
            success: 0,
            error: 5,
            last_minute: 40,
        }];
        let card = only_card(&evidence);
        assert!(
            card.cause.words.contains("Other integrations")
                && card.cause.fact.words.contains("`humidity` sent 40 more")
        );
    }

    #[test]
    fn a_refusal_of_the_only_request_means_that_others_used_the_limit_up() {
        let card = only_card(&Story::of(json!({})).attempt("1", answered(429, &[], "")).told());
        assert!(card.cause.words.contains("counts more than this integration sends"), "{}", card.cause.words);
        assert_eq!(card.steps[0].action, Some(Action::edit("rateLimit")));
    }
}
