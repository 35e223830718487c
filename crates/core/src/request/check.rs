//! How a template fares with many events: how many requests it would make, and what breaks the others.

use std::collections::{BTreeMap, HashMap};

use super::Webhook;
use super::preview::{broken_result, fill};
use crate::event::Event;
use crate::integration::Finding;

/// How many broken events are told one by one.
const MOST_TOLD: usize = 10;

/// What came of trying a webhook with some events.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Check<'a> {
    /// Events with which a request can be made.
    pub rendered: usize,
    /// Events with which none can.
    pub broken_count: usize,
    /// The first ten of those, each with what is wrong.
    pub broken: Vec<(&'a Event, Finding)>,
    /// Variables that had no value, and with how many events, the most frequent first.
    pub missing: Vec<(String, usize)>,
}

/// Tries a webhook with every event.
pub fn check<'a>(webhook: &Webhook, events: &'a [Event], secrets: &BTreeMap<String, String>) -> Check<'a> {
    let mut check = Check::default();
    let mut missing: HashMap<String, usize> = HashMap::new();
    for event in events {
        let rendering = match fill(webhook, event, secrets) {
            Ok(rendered) => {
                check.rendered += 1;
                rendered.rendering
            }
            Err(fault) => {
                check.broken_count += 1;
                if check.broken.len() < MOST_TOLD {
                    check.broken.push((event, broken_result(event, &fault)));
                }
                *fault.rendering
            }
        };
        for name in rendering.missing {
            *missing.entry(name).or_default() += 1;
        }
    }
    check.missing = missing.into_iter().collect();
    check.missing.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    check
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::access::Scope;
    use crate::event::{Publisher, Source};
    use crate::id::{EventId, UserId};
    use crate::integration::Definition;
    use crate::time::Timestamp;

    const OWNER: UserId = UserId([1; 12]);

    fn event(data: &str) -> Event {
        let now = Timestamp::from_millis(1_767_323_045_678);
        Event {
            id: EventId::new(now, [0; 10]),
            name: "temp".to_owned(),
            data: Some(data.to_owned()),
            published_at: now,
            ttl: 60,
            publisher: Publisher::Api,
            private: true,
            owner: Some(OWNER),
            product: None,
            product_version: None,
            source: Source::Http,
            idempotency_key: None,
        }
    }

    fn webhook(json: &str) -> Webhook {
        let template =
            json!({"event": "temp", "url": "https://example.com", "json": json, "noDefaults": true});
        let definition = Definition::read(template.as_object().unwrap(), Scope::User(OWNER)).definition;
        Webhook::compile(&definition.unwrap())
    }

    #[test]
    fn events_are_counted_by_whether_a_request_can_be_made_of_them() {
        let webhook = webhook(r#"{"v": {{{v}}}, "room": "{{{room}}}"}"#);
        let mut events = vec![event(r#"{"v": 1, "room": "attic"}"#), event(r#"{"v": 2}"#)];
        events.extend((0..12).map(|_| event("{}")));
        let check = check(&webhook, &events, &BTreeMap::new());
        assert_eq!((check.rendered, check.broken_count, check.broken.len()), (2, 12, 10));
        assert_eq!(check.missing, [("room".to_owned(), 13), ("v".to_owned(), 12)]);
        let (broken, finding) = &check.broken[0];
        assert_eq!((*broken, finding.code), (&events[2], "json-broken"));
        assert!(finding.message.contains('v'), "{}", finding.message);
    }

    #[test]
    fn without_events_there_is_nothing_to_say() {
        assert_eq!(check(&webhook("{}"), &[], &BTreeMap::new()), Check::default());
    }
}
