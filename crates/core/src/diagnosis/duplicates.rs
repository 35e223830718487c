//! Duplicates: the endpoint gets the same thing more than once.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::action::{Action, Step};
use super::card::{Card, Cause, Extent, Fact, Situation, Source};
use super::evidence::{Evidence, Twin};
use super::fate::Fate;
use crate::access::Scope;
use crate::attempt::{Attempt, Code};

/// A twin that sends the same comes first; then a device that publishes twice; then a retry after an answer that never
/// came.
pub(super) fn card(evidence: &Evidence) -> Option<Card> {
    by_twin(evidence).or_else(|| by_device(evidence)).or_else(|| by_retry(evidence))
}

/// How close the same event must follow to be the same one again.
const CLOSE: Duration = Duration::from_secs(2);
/// How many times longer than that a device otherwise waits. One that says the same every second says it anew.
const APART: u32 = 5;
/// Fewest repeats that are no chance, and fewest other pauses that show the device's own rhythm.
const FEWEST: usize = 3;

/// A device publishes the same event, by name and data, twice within two seconds, and does so again and again, while
/// its other pauses are at least five times as long.
fn by_device(evidence: &Evidence) -> Option<Card> {
    let mut events: Vec<&Arc<Attempt>> = evidence.recent.successes.iter().collect();
    events.sort_by_key(|attempt| (attempt.event.published_at, attempt.event.id));
    events.dedup_by_key(|attempt| attempt.event.id);
    let mut by_source: BTreeMap<_, Vec<&Arc<Attempt>>> = BTreeMap::new();
    for attempt in events {
        if let Some(device) = attempt.event.device() {
            by_source.entry((device, attempt.event.name.as_str())).or_default().push(attempt);
        }
    }
    by_source.into_iter().find_map(|((device, name), attempts)| {
        let pause = |pair: &[&Arc<Attempt>]| pair[1].event.published_at.since(pair[0].event.published_at);
        let same = |pair: &[&Arc<Attempt>]| pause(pair) <= CLOSE && pair[0].event.data == pair[1].event.data;
        let (repeats, others): (Vec<_>, Vec<_>) = attempts.windows(2).partition(|pair| same(pair));
        let longest = repeats.iter().map(|pair| pause(pair)).max()?;
        let shortest = others.iter().map(|pair| pause(pair)).min()?;
        let telling = repeats.len() >= FEWEST && others.len() >= FEWEST && shortest >= longest * APART;
        let [first, second] = repeats.last().filter(|_| telling)? else { return None };
        let words = format!(
            "The device {device} published `{name}` with the same data as {} and, {} ms later, as {}.",
            first.event.id,
            pause(&[first, second]).as_millis(),
            second.event.id
        );
        let fact = Fact::read_in(Source::Event { id: first.event.id }, words)
            .and_in(Source::Event { id: second.event.id })
            .with("device", device);
        let steps = vec![
            Step::by_hand(
                "Look in the firmware for two calls, or a publish that is repeated although the first arrived.",
            ),
            Step::by_hand("If the repeat is wanted, have it carry the same `Idempotency-Key`: then it is one event."),
        ];
        let extent = Extent {
            since: repeats.first().map(|pair| pair[1].event.published_at),
            last: Some(second.event.published_at),
            count: repeats.len() as u64,
            of: attempts.len() as u64,
            unit: "events".to_owned(),
            devices: 1,
            ..Extent::default()
        };
        let cause = "The device publishes the same event twice: these are two events, with ids of their own.";
        Some(told("A device publishes these events twice", cause.to_owned(), fact, steps, extent))
    })
}

/// Another integration sent the same event to the same address.
fn by_twin(evidence: &Evidence) -> Option<Card> {
    let twin: &Twin = evidence.twins.first()?;
    let Twin { name, event, url, .. } = twin;
    let words = format!(
        "The event {event} was sent to `{url}` twice: by this integration, and by `{name}` ({}).",
        twin.scope
    );
    let fact = Fact::read_in(Source::Attempt { id: twin.ours }, words)
        .and_in(Source::Attempt { id: twin.theirs })
        .and_in(Source::Event { id: *event })
        .with("url", url);
    let cause = match (evidence.subject.scope, twin.scope) {
        (Scope::User(_), Scope::Product(_)) | (Scope::Product(_), Scope::User(_)) => format!(
            "A claimed device of a product fires the integrations of its owner and of its product: `{name}` does the same as this one."
        ),
        _ => format!("`{name}` fires for the same events and sends to the same address."),
    };
    let steps = vec![
        Step::click(
            "Open the other one, and keep only one of the two.",
            Action::Open { integration: twin.integration },
        ),
        Step::by_hand("If both are wanted, narrow one: a longer event name, or one device."),
    ];
    let count = evidence.twins.len() as u64;
    let extent = Extent { count, of: count, unit: "events".to_owned(), ..Extent::default() };
    Some(told("The endpoint gets these events twice", cause, fact, steps, extent))
}

/// A try that may have been acted on was followed by another one that was.
fn by_retry(evidence: &Evidence) -> Option<Card> {
    let doubtful = |attempt: &&Arc<Attempt>| {
        matches!(attempt.code, Some(Code::TimedOut | Code::Silent | Code::Reset))
            && attempt.network.bytes_out > 0
    };
    let recent = &evidence.recent;
    let pairs: Vec<_> = recent
        .successes
        .iter()
        .filter(|success| success.number > 1)
        .filter_map(|success| {
            let same = |failure: &&Arc<Attempt>| failure.delivery == success.delivery;
            Some((recent.failures.iter().filter(doubtful).find(same)?, success))
        })
        .collect();
    let (failure, success) = *pairs.first()?;
    let code = failure.code.map_or("", Code::as_str);
    let words = format!(
        "Try {} of the delivery {} was sent in full ({} bytes) and ended in {code}; try {} was accepted.",
        failure.number, failure.delivery, failure.network.bytes_out, success.number
    );
    let fact = Fact::read_in(&**failure, words).and_in(&**success).with("webhook-id", failure.delivery);
    let steps = vec![
        Step::by_hand(
            "Have the endpoint remember the header `Webhook-Id`: it is the same in every try of a delivery.",
        ),
        Step::click(
            "Or have failures not tried again, if twice is worse than never.",
            Action::put("retryPolicy", "skipped"),
        ),
    ];
    let extent = Extent {
        since: pairs.last().map(|(failure, _)| failure.started_at),
        last: Some(success.started_at),
        count: pairs.len() as u64,
        of: recent.successes.len() as u64,
        unit: "deliveries".to_owned(),
        ..Extent::default()
    };
    let cause = "A try that got no answer may have been acted on, and was repeated.".to_owned();
    Some(told("The endpoint may have got some events twice", cause, fact, steps, extent))
}

fn told(title: &str, cause: String, fact: Fact, steps: Vec<Step>, extent: Extent) -> Card {
    Card {
        situation: Situation::Duplicates,
        title: title.to_owned(),
        happened: "Delivery is at least once: what cannot be told from lost is sent again.".to_owned(),
        extent,
        cause: Cause::new(cause, fact),
        also: Vec::new(),
        steps,
        fate: Fate { words: "All of them got through, some more than once.".to_owned(), ..Fate::default() },
        page: Situation::Duplicates.page(),
        issue: None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::testing::{Story, answered, unanswered};
    use super::*;
    use crate::attempt::Phase;
    use crate::id::{AttemptId, IntegrationId, ProductId};

    #[test]
    fn a_twin_in_the_products_scope_is_named_with_the_event_both_sent() {
        let mut evidence = Story::of(json!({})).attempt("1", answered(200, &[], "")).told();
        let sent = evidence.recent.successes[0].clone();
        evidence.twins = vec![Twin {
            integration: IntegrationId([9; 12]),
            name: "fleet".to_owned(),
            scope: Scope::Product(ProductId(7)),
            event: sent.event.id,
            ours: sent.id,
            theirs: AttemptId::new(sent.started_at, [9; 10]),
            url: "https://api.example.com/in".to_owned(),
        }];
        let card = card(&evidence).unwrap();
        assert!(card.cause.words.contains("claimed device of a product"), "{}", card.cause.words);
        assert_eq!(card.cause.fact.sources().len(), 3);
        assert_eq!(card.steps[0].action, Some(Action::Open { integration: IntegrationId([9; 12]) }));
    }

    /// The evidence of events of one device, after these pauses in milliseconds, each with this data.
    fn published(pauses: &[u64], data: impl Fn(usize) -> &'static str) -> Evidence {
        let mut evidence = Story::of(json!({})).attempt("1", answered(200, &[], "")).told();
        let sample = evidence.recent.successes[0].clone();
        let mut at = sample.event.published_at;
        let attempt = |(number, pause): (usize, &u64)| {
            at = at + Duration::from_millis(*pause);
            let mut attempt = (*sample).clone();
            let event = Arc::make_mut(&mut attempt.event);
            event.id = crate::id::EventId::new(at, [number as u8; 10]);
            (event.published_at, event.data) = (at, Some(data(number).to_owned()));
            Arc::new(attempt)
        };
        let attempts: Vec<_> = pauses.iter().enumerate().map(attempt).collect();
        evidence.recent.successes = attempts.into_iter().rev().collect();
        evidence
    }

    #[test]
    fn a_device_that_publishes_everything_twice_is_told_with_both_events() {
        let card = card(&published(&[0, 300], |_| "21")).map(|card| card.title);
        assert_eq!(card, None, "once is chance");
        let evidence = published(&[60_000, 300].repeat(5), |_| "21");
        let card = super::card(&evidence).unwrap();
        assert_eq!((card.extent.count, card.extent.of), (5, 10));
        assert!(card.cause.fact.words.contains("300 ms later"), "{}", card.cause.fact.words);
        assert_eq!(card.cause.fact.sources().len(), 2);
    }

    #[test]
    fn a_device_that_says_the_same_steadily_or_something_else_each_time_says_it_anew() {
        assert_eq!(card(&published(&[1_000; 20], |_| "21")), None);
        assert_eq!(card(&published(&[2_000, 1_000].repeat(8), |_| "21")), None);
        let each = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "10"];
        assert_eq!(card(&published(&[60_000, 300].repeat(5), |number| each[number])), None);
    }

    #[test]
    fn a_retry_after_an_answer_that_never_came_is_told_with_its_delivery() {
        let silent = |attempt: &mut Attempt| {
            unanswered(Code::Silent, Phase::Wait, "silence", 20_000)(attempt);
            attempt.network.bytes_out = 300;
        };
        let story = Story::of(json!({})).attempt("1", silent).attempt("1", answered(200, &[], ""));
        let mut evidence = story.told();
        assert_eq!(card(&evidence), None, "two deliveries are no repeat");

        let mut success = (*evidence.recent.successes[0]).clone();
        (success.delivery, success.number) = (evidence.recent.failures[0].delivery, 2);
        evidence.recent.successes = vec![success.into()];
        let card = card(&evidence).unwrap();
        assert!(
            card.cause.fact.words.contains("ESOCKETTIMEDOUT") && card.steps[0].words.contains("Webhook-Id")
        );
    }
}
