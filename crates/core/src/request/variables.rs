//! The names a template may use, and where their values come from.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::OnceLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::ser::SerializeMap as _;
use serde_json::Value;
use smallvec::SmallVec;

use crate::attempt::Rendering;
use crate::event::Event;
use crate::id::DeliveryId;
use crate::template::{Template, Values};
use crate::time::Timestamp;

/// Everything a request is made from, beside the webhook itself.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// The event that fired the webhook.
    pub event: &'a Event,
    /// That event's data, parsed at most once for all the webhooks it fires.
    pub data: &'a EventData,
    /// The product's name for the user of the device, if it has one.
    pub product_user: Option<&'a str>,
    /// The secrets of the integration's scope. A webhook reads only those its template lists.
    pub secrets: &'a BTreeMap<String, String>,
    /// The delivery, whose id is the request's `Webhook-Id`.
    pub delivery: DeliveryId,
    /// When the request is made.
    pub now: Timestamp,
    /// The replay that the request is part of.
    pub replay: Option<&'a str>,
}

/// One event's data as JSON: parsed when a template first asks, and then kept.
///
/// It belongs to one event. Share it among the deliveries of that event and no others.
#[derive(Debug, Default)]
pub struct EventData {
    parsed: OnceLock<Option<Value>>,
}

impl EventData {
    /// The data, when it is a JSON object; its keys are variables then.
    pub fn object(&self, event: &Event) -> Option<&Value> {
        let parse = || serde_json::from_str(event.data.as_deref()?).ok().filter(Value::is_object);
        self.parsed.get_or_init(parse).as_ref()
    }
}

/// A variable that every event has, or may have, whatever its data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Variable {
    /// `PARTICLE_DEVICE_ID`: the publisher as clients see it.
    DeviceId,
    /// `PARTICLE_EVENT_NAME`.
    EventName,
    /// `PARTICLE_EVENT_VALUE`: the data; absent data is empty.
    EventValue,
    /// `PARTICLE_PUBLISHED_AT`: when the event was published, also in retries and replays.
    PublishedAt,
    /// `PARTICLE_EVENT_ID`.
    EventId,
    /// `PARTICLE_EVENT_JSON`: the whole event.
    EventJson,
    /// `PARTICLE_EVENT_BASE64`: the same in base64.
    EventBase64,
    /// `PARTICLE_EVENT_PUBLIC`: `true` or `false`.
    EventPublic,
    /// `PRODUCT_ID`, of a product's event.
    ProductId,
    /// `PRODUCT_USER_ID`, of a claimed product device.
    ProductUserId,
    /// `PRODUCT_VERSION`: the firmware version of a product device.
    ProductVersion,
}

impl Variable {
    /// The variable of this name, also under its old one (`SPARK_…`).
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "PRODUCT_ID" => return Some(Self::ProductId),
            "PRODUCT_USER_ID" => return Some(Self::ProductUserId),
            "PRODUCT_VERSION" => return Some(Self::ProductVersion),
            "SPARK_CORE_ID" => return Some(Self::DeviceId),
            _ => {}
        }
        match name.strip_prefix("PARTICLE_").or_else(|| name.strip_prefix("SPARK_"))? {
            "DEVICE_ID" => Some(Self::DeviceId),
            "EVENT_NAME" => Some(Self::EventName),
            "EVENT_VALUE" => Some(Self::EventValue),
            "PUBLISHED_AT" => Some(Self::PublishedAt),
            "EVENT_ID" => Some(Self::EventId),
            "EVENT_JSON" => Some(Self::EventJson),
            "EVENT_BASE64" => Some(Self::EventBase64),
            "EVENT_PUBLIC" => Some(Self::EventPublic),
            _ => None,
        }
    }

    fn value<'a>(self, facts: &Facts<'a>) -> Option<Cow<'a, str>> {
        let event = facts.event;
        match self {
            Self::DeviceId => Some(Cow::Owned(event.publisher.to_string())),
            Self::EventName => Some(Cow::Borrowed(&event.name)),
            Self::EventValue => Some(Cow::Borrowed(event.data_text())),
            Self::PublishedAt => Some(Cow::Owned(event.published_at.to_string())),
            Self::EventId => Some(Cow::Owned(event.id.to_string())),
            Self::EventJson => Some(Cow::Owned(event_json(event))),
            Self::EventBase64 => Some(Cow::Owned(STANDARD.encode(event_json(event)))),
            Self::EventPublic => Some(Cow::Borrowed(if event.private { "false" } else { "true" })),
            Self::ProductId => event.product.map(|id| Cow::Owned(id.to_string())),
            Self::ProductUserId => facts.product_user.map(Cow::Borrowed),
            Self::ProductVersion => event.product_version.map(|version| Cow::Owned(version.to_string())),
        }
    }
}

/// The whole event, in the words of the event streams, with the name among them.
fn event_json(event: &Event) -> String {
    let mut json = Vec::with_capacity(256 + event.data_text().len());
    let mut serializer = serde_json::Serializer::new(&mut json);
    write_event(event, &mut serializer).expect("texts and numbers always become JSON");
    String::from_utf8(json).expect("JSON is UTF-8")
}

fn write_event(
    event: &Event,
    serializer: &mut serde_json::Serializer<&mut Vec<u8>>,
) -> Result<(), serde_json::Error> {
    let mut map = serde::Serializer::serialize_map(serializer, None)?;
    map.serialize_entry("event", &event.name)?;
    map.serialize_entry("data", event.data_text())?;
    map.serialize_entry("published_at", &event.published_at)?;
    map.serialize_entry("coreid", &event.publisher)?;
    map.serialize_entry("id", &event.id)?;
    map.serialize_entry("ttl", &event.ttl)?;
    map.serialize_entry("public", &!event.private)?;
    if let Some(product) = event.product {
        map.serialize_entry("productID", &product)?;
    }
    if let Some(version) = event.product_version {
        map.serialize_entry("version", &version)?;
    }
    map.end()
}

/// The names a set of templates uses, sorted into kinds when the webhook is saved, so that a request only
/// gathers values somebody reads.
#[derive(Debug, Clone, Default)]
pub(super) struct Needs {
    variables: Vec<(Box<str>, Variable)>,
    secrets: Vec<Box<str>>,
    keys: bool,
}

impl Needs {
    /// Adds what a template uses, when it may use these secrets.
    pub(super) fn add(&mut self, template: &Template, secrets: &[String]) {
        for name in template.names() {
            if let Some(variable) = Variable::named(name) {
                if !self.variables.iter().any(|(known, _)| **known == *name) {
                    self.variables.push((name.into(), variable));
                }
            } else if secrets.iter().any(|secret| secret == name) {
                if !self.secrets.iter().any(|known| **known == *name) {
                    self.secrets.push(name.into());
                }
            } else {
                self.keys = true;
            }
        }
    }

    /// Gathers the values, or names the secret that has none.
    pub(super) fn bind<'a>(&'a self, facts: &Facts<'a>) -> Result<Bound<'a>, &'a str> {
        let mut bound = Bound { named: SmallVec::new(), absent: SmallVec::new(), keys: None };
        for (name, variable) in &self.variables {
            let value = variable.value(facts);
            if value.is_none() {
                bound.absent.push(name);
            }
            // Bound to nothing rather than left unbound: a device must not supply it in its data.
            bound.named.push((name, value.unwrap_or_default()));
        }
        for name in &self.secrets {
            let value = facts.secrets.get(&**name).ok_or(&**name)?;
            bound.named.push((name, Cow::Borrowed(value)));
        }
        if self.keys {
            bound.keys = facts.data.object(facts.event);
        }
        Ok(bound)
    }

    /// The secrets that are used, by name.
    pub(super) fn secrets(&self) -> impl Iterator<Item = &str> {
        self.secrets.iter().map(|name| &**name)
    }
}

/// Values gathered for one request or one reply.
#[derive(Debug)]
pub struct Bound<'a> {
    named: SmallVec<[(&'a str, Cow<'a, str>); 8]>,
    absent: SmallVec<[&'a str; 2]>,
    keys: Option<&'a Value>,
}

static NO_SECRETS: BTreeMap<String, String> = BTreeMap::new();

impl Bound<'_> {
    /// The values as templates take them.
    ///
    /// Secrets stand among the named ones, for only those that the webhook may use are to be found.
    pub fn values(&self) -> Values<'_> {
        Values { named: &self.named, secrets: &NO_SECRETS, json: self.keys }
    }

    /// Puts built-in names that this event has no value for where they belong in the evidence.
    pub(super) fn correct(&self, rendering: &mut Rendering) {
        for name in &self.absent {
            if let Some(at) = rendering.used.iter().position(|used| used == name) {
                rendering.missing.push(rendering.used.remove(at));
            }
        }
    }
}
