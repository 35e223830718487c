//! Templates of integrations as people save them, and the requests they make.

use std::collections::BTreeMap;
use std::sync::Arc;

use fieldhook_core::access::Scope;
use fieldhook_core::event::{DEFAULT_TTL, Event, Publisher, Source};
use fieldhook_core::id::{DeliveryId, DeviceId, EventId, UserId};
use fieldhook_core::integration::{Definition, masked, unmasked};
use fieldhook_core::request::{
    BODY_LIMIT, EventData, Facts, HEADER_LIMIT, HEADERS_LIMIT, Request, TARGET_LIMIT, Webhook,
};
use fieldhook_core::time::Timestamp;
use serde_json::{Map, Value};

use crate::pieces;

/// A fixed moment.
pub(crate) const T0: Timestamp = Timestamp::from_millis(1_790_000_000_000);

/// An event of a device.
pub(crate) fn event(name: &str, data: &str) -> Arc<Event> {
    Arc::new(Event {
        id: EventId::new(T0, [7; 10]),
        name: name.to_owned(),
        data: Some(data.to_owned()),
        published_at: T0,
        ttl: DEFAULT_TTL,
        publisher: Publisher::Device(DeviceId([9; 12])),
        private: true,
        owner: Some(UserId([1; 12])),
        product: None,
        product_version: None,
        source: Source::Http,
        idempotency_key: None,
    })
}

/// What can be saved makes the same request each time, one that is well formed whatever the event holds. What is
/// shown without secrets and saved again has them as before.
pub(crate) fn what_can_be_saved_can_be_sent(bytes: &[u8]) {
    let [template, data] = pieces(bytes);
    let Ok(template) = serde_json::from_str::<Map<String, Value>>(&template) else { return };
    assert_eq!(unmasked(masked(&template), &template), template);

    let reading = Definition::read(&template, Scope::User(UserId([1; 12])));
    let Some(definition) = reading.definition else { return assert!(!reading.findings.is_empty()) };
    let webhook = Webhook::compile(&definition);
    let event = event("temp/kitchen", &data);
    let secrets = webhook.secrets.iter().map(|name| (name.clone(), format!("secret of {name}"))).collect();
    let first = made(&webhook, &event, &secrets);
    assert_eq!(first, made(&webhook, &event, &secrets));
}

fn made(webhook: &Webhook, event: &Event, secrets: &BTreeMap<String, String>) -> Option<Request> {
    let data = EventData::default();
    let facts = Facts {
        event,
        data: &data,
        product_user: None,
        secrets,
        delivery: DeliveryId::new(T0, [3; 10]),
        now: T0,
        replay: None,
    };
    let request = webhook.request(&facts).ok()?.request;
    assert!(request.target.starts_with('/') && request.target.len() <= TARGET_LIMIT);
    assert!(request.target.bytes().all(|byte| byte.is_ascii_graphic()), "{:?}", request.target);
    assert!(!request.target.contains('#'));
    let mut size = 0;
    for (name, value) in &request.headers {
        let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        assert!(!name.is_empty() && name.bytes().all(token), "{name:?}");
        assert!(!value.contains(['\r', '\n', '\0']) && value.len() <= HEADER_LIMIT, "{value:?}");
        size += name.len() + value.len();
    }
    assert!(size <= HEADERS_LIMIT + 4096);
    assert!(request.body.as_ref().is_none_or(|body| body.len() <= BODY_LIMIT));
    Some(request)
}
