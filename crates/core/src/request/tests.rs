//! Building requests, through [`Webhook::request`] and [`preview`].

mod faults;
mod headers;
mod payloads;
mod properties;
mod shown;
mod urls;
mod variables;

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::*;
use crate::access::Scope;
use crate::attempt::MASK;
use crate::event::{Event, Publisher, Source};
use crate::id::{DeliveryId, EventId, UserId};
use crate::integration::Level;
use crate::time::Timestamp;

const USER: Scope = Scope::User(UserId([1; 12]));

fn event(name: &str, data: Option<&str>) -> Event {
    Event {
        id: EventId(Uuid::from_u128(7)),
        name: name.to_owned(),
        data: data.map(str::to_owned),
        published_at: Timestamp::from_millis(1_767_323_045_678),
        ttl: 60,
        publisher: Publisher::Device("0123456789abcdef01234567".parse().unwrap()),
        private: true,
        owner: None,
        product: None,
        product_version: None,
        source: Source::Http,
        idempotency_key: None,
    }
}

fn map(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        other => panic!("{other} is no object"),
    }
}

fn template(keys: Value) -> Map<String, Value> {
    let mut template = map(json!({"event": "temp", "url": "https://example.com/in"}));
    template.extend(map(keys));
    template
}

fn webhook(keys: Value) -> Webhook {
    let reading = Definition::read(&template(keys), USER);
    Webhook::compile(&reading.definition.unwrap_or_else(|| panic!("{:?}", reading.findings)))
}

/// Builds the request of a template with these keys, and hands it over with the facts it was made from.
fn build_with(
    keys: Value,
    event: &Event,
    secrets: &[(&str, &str)],
    replay: Option<&str>,
) -> Result<Rendered, RenderFault> {
    let secrets = secrets.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    webhook(keys).request(&Facts {
        event,
        data: &EventData::default(),
        product_user: None,
        secrets: &secrets,
        delivery: DeliveryId(Uuid::from_u128(9)),
        now: Timestamp::from_millis(1_767_323_050_999),
        replay,
    })
}

fn build(keys: Value, data: &str) -> Request {
    build_with(keys, &event("temp/kitchen", Some(data)), &[], None).unwrap().request
}

fn fault(keys: Value, data: &str) -> RenderFault {
    build_with(keys, &event("temp/kitchen", Some(data)), &[], None).unwrap_err()
}

fn body(request: &Request) -> Option<&str> {
    request.body.as_deref().map(|body| std::str::from_utf8(body).unwrap())
}

fn header<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}

const DEFAULT_FIELDS: &str =
    "event=temp%2Fkitchen&data=21&published_at=2026-01-02T03%3A04%3A05.678Z&coreid=0123456789abcdef01234567";
const DEFAULT_JSON: &str = r#""event":"temp/kitchen","data":"21","published_at":"2026-01-02T03:04:05.678Z","coreid":"0123456789abcdef01234567""#;
const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";
