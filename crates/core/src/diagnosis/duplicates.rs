//! Duplicates: the endpoint gets the same thing more than once.

use std::sync::Arc;

use super::action::{Action, Step};
use super::card::{Card, Cause, Extent, Fact, Situation, Source};
use super::evidence::{Evidence, Twin};
use super::fate::Fate;
use crate::access::Scope;
use crate::attempt::{Attempt, Code};

/// A twin that sends the same comes first; then a retry after an answer that never came.
pub(super) fn card(evidence: &Evidence) -> Option<Card> {
    by_twin(evidence).or_else(|| by_retry(evidence))
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
