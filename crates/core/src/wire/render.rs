//! Trying templates: with one event, with many, and for once in earnest.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::access::Scope;
use crate::attempt::SentRequest;
use crate::event::Publisher;
use crate::id::{EventId, IntegrationId, ProductId};
use crate::time::Timestamp;
use crate::wire::history::{Attempt, Event};

/// A template to be filled in with an event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Render {
    /// The template of an integration, in the keys in which it is saved.
    #[schema(value_type = Object)]
    pub template: Map<String, Value>,
    /// The event to fill in; by default one that has the template's event name and no data.
    #[serde(default)]
    pub event: SampleEvent,
    /// Whose secrets to use, and whose rules apply; by default the caller's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<Scope>,
    /// The integration that is being changed: a masked secret in the template stands for what is saved there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub integration: Option<IntegrationId>,
}

/// An event written by hand, or a real one as it was read; keys that are absent get sensible values.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, ToSchema)]
pub struct SampleEvent {
    /// Its id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<EventId>,
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its data: text; any other JSON is taken as its text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<Value>,
    /// Who published it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub coreid: Option<Publisher>,
    /// When.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub published_at: Option<Timestamp>,
    /// Whether it is public.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub public: Option<bool>,
    /// The product it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none", alias = "productID")]
    pub product: Option<ProductId>,
    /// The firmware version of its product device.
    #[serde(default, skip_serializing_if = "Option::is_none", alias = "version")]
    pub product_version: Option<u32>,
}

/// What would be sent, and what is wrong or worth knowing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Rendered {
    /// The request exactly as it would be sent, secrets masked; null when there would be none.
    pub request: Option<RenderedRequest>,
    /// What was found, errors first.
    pub findings: Vec<RenderFinding>,
}

/// A request that was not sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RenderedRequest {
    /// The method.
    pub method: String,
    /// The whole URL.
    pub url: String,
    /// Header names and values, in order.
    pub headers: Vec<(String, String)>,
    /// The body; null when there would be none.
    pub body: Option<String>,
}

impl From<SentRequest> for RenderedRequest {
    fn from(request: SentRequest) -> Self {
        Self {
            method: request.method,
            url: request.url,
            headers: request.headers,
            body: request.body.map(|body| body.text),
        }
    }
}

/// Something found in a template.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RenderFinding {
    /// `error`, `warning` or `note`.
    pub level: String,
    /// A word for programs.
    pub code: String,
    /// A sentence for people.
    pub message: String,
    /// Where it stands.
    #[serde(rename = "where")]
    pub place: FindingPlace,
}

/// A place in a template; absent where the whole is meant.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
pub struct FindingPlace {
    /// The key, with the keys below it behind dots.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// The line, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// The column, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<usize>,
}

/// A template to be tried with the events that would have fired it last.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RenderCheck {
    /// The template of an integration, in the keys in which it is saved.
    #[schema(value_type = Object)]
    pub template: Map<String, Value>,
    /// Whose events and secrets to use, and whose rules apply; by default the caller's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<Scope>,
    /// The integration that is being changed: a masked secret in the template stands for what is saved there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub integration: Option<IntegrationId>,
    /// Most events to try, 1 to 1,000; 100 by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 1_000)]
    pub limit: Option<usize>,
}

/// How a template fares with the events that would have fired it last.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Checked {
    /// Events it was tried with.
    pub events: usize,
    /// Those with which a request can be made.
    pub rendered: usize,
    /// The newest events with which none can, ten at most.
    pub broken: Vec<BrokenEvent>,
    /// How many such events there are.
    pub broken_count: usize,
    /// Variables that had no value with some events, the most frequent first.
    pub missing: Vec<MissingVariable>,
}

/// An event with which no request can be made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BrokenEvent {
    /// The event.
    pub event: Event,
    /// Why.
    pub findings: Vec<RenderFinding>,
}

/// A variable that had no value with some events.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct MissingVariable {
    /// Its name.
    pub name: String,
    /// With how many events.
    pub count: usize,
    /// Their share, 0 to 1.
    pub share: f64,
}

/// A template to be sent once, as it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RenderSend {
    /// The template of an integration, in the keys in which it is saved.
    #[schema(value_type = Object)]
    pub template: Map<String, Value>,
    /// The event to fill in; by default one that has the template's event name and no data. It gets an id of its own.
    #[serde(default)]
    pub event: SampleEvent,
    /// Whose secrets to use, and whose rules apply; by default the caller's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<Scope>,
    /// The integration that is being changed: a masked secret in the template stands for what is saved there, and
    /// the attempt enters its log, marked as a test.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub integration: Option<IntegrationId>,
    /// Where to send to instead of the template's URL: a test endpoint by its id, or any URL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
}

/// What came of sending a template once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RenderSent {
    /// The attempt, whole.
    pub attempt: Attempt,
}

/// A text to be filled in with data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RenderText {
    /// The template text.
    pub template: String,
    /// Any JSON; its keys are the names.
    #[serde(default)]
    pub data: Value,
}

/// A text filled in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RenderedText {
    /// The text.
    pub text: String,
}
