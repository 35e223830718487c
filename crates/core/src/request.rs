//! Requests: what a webhook sends for an event, built from what its author saved.
//!
//! [`Webhook::compile`] does once, when the integration is saved, whatever does not depend on the event;
//! [`Webhook::request`] fills in the rest. Where a request goes, which body and which headers it has is
//! decided by method and payload:
//!
//! | method | nothing | `json` | `form` | `body` |
//! | --- | --- | --- | --- | --- |
//! | GET | defaults in the query | not sent | form in the query | not sent |
//! | POST, PUT, PATCH | defaults as a form | JSON | form | as it is |
//! | DELETE | no body | JSON | form | as it is |
//!
//! The default data joins JSON objects, forms and the query of a GET, unless `noDefaults`; a field that the
//! template names itself is the template's. The template's own fields come first.

mod check;
mod encode;
mod fault;
mod fields;
mod headers;
mod json;
mod mask;
mod pen;
mod preview;
mod sign;
mod target;
#[cfg(test)]
mod tests;
mod variables;

use std::fmt;

use self::fields::{Defaults, Fields};
use self::headers::Headers;
use self::json::JsonBody;
use self::mask::Masks;
use self::pen::{Hole, Pen, Text, verbatim, within};
use self::target::Address;
use self::variables::Needs;
use crate::attempt::{Code, KeptBody, Rendering, SentRequest};
use crate::id::{DeviceId, ProductId};
use crate::integration::{Definition, Method, Payload, Place, RetryKind, Shape, SuccessRule};
use crate::origin::Origin;
use crate::rate::Rate;
use crate::reply::{Replies, ResponseTemplate};
use crate::template::Template;

pub use self::check::{Check, check};
pub(crate) use self::encode::component;
pub use self::fault::{FaultKind, Spot, TemplateFault};
pub use self::headers::{is_header_name, is_managed_header};
pub(crate) use self::json::json_fault_text;
pub use self::mask::mask_text;
pub(crate) use self::mask::{behind_schemes, spellings};
pub use self::preview::{Preview, preview};
pub use self::sign::{InvalidSigningKey, KEY_SIZES, SigningKey};
pub use self::target::fixed_origin;
pub use self::variables::{Bound, EventData, Facts, Variable};

/// Most bytes of path and query. Servers commonly take 8 KiB and sometimes 16.
pub const TARGET_LIMIT: usize = 16_384;
/// Most bytes of one header's value.
pub const HEADER_LIMIT: usize = 16_384;
/// Most bytes of all the author's headers, names and values together.
pub const HEADERS_LIMIT: usize = 65_536;
/// Most bytes of a body: many times the largest event, for templates that repeat it.
pub const BODY_LIMIT: usize = 1_048_576;

/// A webhook made ready: what the engine sends with, waits for and publishes after.
#[derive(Debug, Clone)]
pub struct Webhook {
    /// The event name prefix that fires it.
    pub event_prefix: String,
    /// The only device that fires it, when it is narrowed to one.
    pub device: Option<DeviceId>,
    /// The products that fire it, in an organisation.
    pub products: Vec<ProductId>,
    /// What is published after an attempt.
    pub replies: Replies,
    /// Whether the endpoint's certificate is verified.
    pub verify_tls: bool,
    /// Whether a connection is kept for the next request.
    pub keep_alive: bool,
    /// Which failures are tried again; absent means the server's default.
    pub retry: Option<RetryKind>,
    /// What counts as success.
    pub success: Option<SuccessRule>,
    /// How fast it may send.
    pub rate_limit: Option<Rate>,
    /// Names of the secrets it may use.
    pub secrets: Vec<String>,
    method: Method,
    address: Address,
    query: Fields,
    headers: Headers,
    body: Body,
    signing_key: Option<SigningKey>,
    needs: Needs,
    reply_needs: Needs,
}

/// The body of a webhook's requests.
#[derive(Debug, Clone)]
enum Body {
    None,
    Form(Fields),
    Json(JsonBody),
    JsonText(Hole, Defaults),
    Plain(Text),
}

/// A request, ready for the wire.
#[derive(Clone, PartialEq, Eq)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// Where it goes.
    pub origin: Origin,
    /// Path and query, beginning with `/`.
    pub target: String,
    /// Headers in the order they are sent. `Host` and the framing of the body are the client's.
    pub headers: Vec<(String, String)>,
    /// The body, if there is one; a POST, PUT or PATCH without one has an empty body.
    pub body: Option<Vec<u8>>,
}

impl fmt::Debug for Request {
    /// Leaves out headers and body, which may hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Request({} {})", self.method.as_str(), self.origin)
    }
}

/// A request and what became known while it was filled in.
#[derive(Debug, Clone)]
pub struct Rendered {
    /// The request.
    pub request: Request,
    /// Which variables it used, missed and changed.
    pub rendering: Rendering,
    /// Texts that must not be seen, in this request's log or in that of its answer.
    pub masks: Vec<String>,
}

/// Why no request could be made for an event.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct RenderFault {
    /// [`Code::Render`] or [`Code::TooLarge`].
    pub code: Code,
    /// What happened, naming field, variable and limit.
    pub message: String,
    /// Where: the template's field, and the place in it; in `json`, the place in the text once filled in.
    pub place: Place,
    /// Which variables were used up to there.
    pub rendering: Box<Rendering>,
}

impl RenderFault {
    fn new(code: Code, place: Place, message: String) -> Self {
        Self { code, message, place, rendering: Box::default() }
    }
}

impl Webhook {
    /// Makes ready what was read from a template.
    pub fn compile(definition: &Definition) -> Self {
        let defaults = if definition.no_defaults { Defaults::NONE } else { Defaults::ALL };
        let body = Body::new(definition, defaults);
        Self {
            event_prefix: definition.event.clone(),
            device: definition.device,
            products: definition.products.clone(),
            replies: definition.replies.clone(),
            verify_tls: definition.verify_tls,
            keep_alive: definition.keep_alive,
            retry: definition.retry,
            success: definition.success.clone(),
            rate_limit: definition.rate_limit,
            secrets: definition.secrets.clone(),
            method: definition.method,
            address: Address::new(&definition.url),
            query: query(definition, defaults),
            headers: Headers::new(definition, body.content_type()),
            body,
            signing_key: definition.signing_key.clone(),
            needs: needs(definition),
            reply_needs: reply_needs(&definition.replies),
        }
    }

    /// Where its requests go, when no tag of the template decides it.
    pub fn static_origin(&self) -> Option<&Origin> {
        self.address.origin()
    }

    /// The values that this webhook's replies may use. No secret is among them, for replies are published.
    pub fn reply_values<'a>(&'a self, facts: &Facts<'a>) -> Bound<'a> {
        self.reply_needs.bind(facts).expect("replies were compiled without secrets")
    }

    /// Builds the request for an event.
    pub fn request(&self, facts: &Facts<'_>) -> Result<Rendered, RenderFault> {
        let bound = self.needs.bind(facts).map_err(missing_secret)?;
        let mut pen = Pen::new(bound.values());
        let filled = self.fill(&mut pen, facts);
        let mut rendering = pen.into_rendering();
        bound.correct(&mut rendering);
        match filled {
            Ok((request, masks)) => Ok(Rendered { request, rendering, masks: masks.into_vec() }),
            Err(fault) => {
                if fault.place.field.as_deref() == Some("json") && fault.place.line.is_some() {
                    rendering.json_fault = Some(fault.message.clone());
                }
                Err(RenderFault { rendering: Box::new(rendering), ..fault })
            }
        }
    }

    fn fill(&self, pen: &mut Pen<'_>, facts: &Facts<'_>) -> Result<(Request, Masks), RenderFault> {
        let (origin, mut target) = self.address.fill(pen)?;
        let separator = match target.bytes().last() {
            Some(b'?' | b'&') => "",
            _ if target.contains('?') => "&",
            _ => "?",
        };
        self.query.write(pen, facts, separator, &mut target)?;
        within(target.len(), TARGET_LIMIT, "url", "the URL with its query")?;

        let mut masks = Masks::default();
        let mut headers = self.headers.write(pen, &mut masks)?;
        for value in self.needs.secrets().filter_map(|name| facts.secrets.get(name)) {
            masks.secret(value);
        }
        let body = self.body.write(pen, facts)?;
        self.identify(facts, body.as_deref().unwrap_or_default(), &mut headers);
        let body = body.map(String::into_bytes);
        Ok((Request { method: self.method, origin, target, headers, body }, masks))
    }

    /// Adds the headers by which an endpoint knows the delivery again and knows it to be ours.
    fn identify(&self, facts: &Facts<'_>, body: &str, headers: &mut Vec<(String, String)>) {
        let id = facts.delivery.to_string();
        let second = facts.now.as_millis().div_euclid(1000).to_string();
        let signature = self.signing_key.as_ref().map(|key| key.sign(&id, &second, body.as_bytes()));
        let mut add = |name: &str, value: String| headers.push((name.to_owned(), value));
        add("Webhook-Id", id);
        add("Webhook-Timestamp", second);
        if let Some(signature) = signature {
            add("Webhook-Signature", signature);
        }
        if let Some(replay) = facts.replay {
            add("Webhook-Replay", replay.to_owned());
        }
    }
}

impl Body {
    fn new(definition: &Definition, defaults: Defaults) -> Self {
        match (&definition.payload, definition.method) {
            (_, Method::Get) | (Payload::Defaults, Method::Delete) => Self::None,
            (Payload::Defaults, _) if definition.no_defaults => Self::None,
            (Payload::Defaults, _) => Self::Form(Fields::new([], defaults)),
            (Payload::Form(pairs), _) => Self::Form(Fields::new(pairs, defaults)),
            (Payload::Json(shape), _) => Self::Json(JsonBody::new(shape, defaults)),
            (Payload::JsonText(text), _) => Self::JsonText(hole("json", text), defaults),
            (Payload::Body(text), _) => Self::Plain(Text::new("body", text, verbatim)),
        }
    }

    fn content_type(&self) -> Option<&'static str> {
        match self {
            Self::None | Self::Plain(_) => None,
            Self::Form(_) => Some("application/x-www-form-urlencoded"),
            Self::Json(_) | Self::JsonText(..) => Some("application/json"),
        }
    }

    fn write(&self, pen: &mut Pen<'_>, facts: &Facts<'_>) -> Result<Option<String>, RenderFault> {
        let mut out = String::with_capacity(256 + facts.event.data_text().len());
        match self {
            Self::None => return Ok(None),
            Self::Form(fields) => fields.write(pen, facts, "", &mut out)?,
            Self::Json(json) => json.write(pen, facts, &mut out)?,
            Self::JsonText(text, defaults) => json::write_text(text, *defaults, pen, facts, &mut out)?,
            Self::Plain(text) => pen.write(text, verbatim, &mut out)?,
        }
        within(out.len(), BODY_LIMIT, "body", "the body")?;
        Ok(Some(out))
    }
}

/// What is added to the URL's query: for a GET, also the form and the default data.
fn query(definition: &Definition, defaults: Defaults) -> Fields {
    let form = match &definition.payload {
        Payload::Form(pairs) if definition.method == Method::Get => pairs.as_slice(),
        _ => &[],
    };
    let defaults = if definition.method == Method::Get { defaults } else { Defaults::NONE };
    Fields::new(definition.query.iter().chain(form), defaults)
}

fn hole(field: &str, template: &Template) -> Hole {
    Hole { field: field.to_owned(), template: template.clone() }
}

fn needs(definition: &Definition) -> Needs {
    let mut needs = Needs::default();
    each_template(definition, &mut |template| needs.add(template, &definition.secrets));
    needs
}

fn reply_needs(replies: &Replies) -> Needs {
    let mut needs = Needs::default();
    for topic in [&replies.response_topic, &replies.error_topic].into_iter().flatten() {
        needs.add(topic, &[]);
    }
    for template in replies.response_template.iter().flat_map(ResponseTemplate::templates) {
        needs.add(template, &[]);
    }
    needs
}

/// Visits every template that goes into a request.
fn each_template(definition: &Definition, visit: &mut impl FnMut(&Template)) {
    visit(&definition.url);
    for pair in definition.query.iter().chain(&definition.headers) {
        visit(&pair.name);
        visit(&pair.value);
    }
    if let Some(auth) = &definition.auth {
        visit(&auth.username);
        visit(&auth.password);
    }
    match &definition.payload {
        Payload::Defaults => {}
        Payload::Json(shape) => each_leaf(shape, visit),
        Payload::JsonText(text) | Payload::Body(text) => visit(text),
        Payload::Form(pairs) => pairs.iter().for_each(|pair| {
            visit(&pair.name);
            visit(&pair.value);
        }),
    }
}

fn each_leaf(shape: &Shape, visit: &mut impl FnMut(&Template)) {
    match shape {
        Shape::Fixed(_) => {}
        Shape::Text(leaf) => visit(&leaf.text),
        Shape::List(items) => items.iter().for_each(|item| each_leaf(item, visit)),
        Shape::Object(members) => {
            for (key, value) in members {
                visit(&key.text);
                each_leaf(value, visit);
            }
        }
    }
}

fn missing_secret(name: &str) -> RenderFault {
    let message = format!(
        "the secret `{name}` has no value in this scope: set it, or take it out of `secrets` and of the template"
    );
    let place = Place { field: Some("secrets".to_owned()), ..Place::default() };
    RenderFault::new(Code::Render, place, message)
}

impl Rendered {
    /// The request as it is kept and shown, with every secret in it masked.
    pub fn sent(&self) -> SentRequest {
        let request = &self.request;
        let url = format!("{}{}", request.origin.url_start(), request.target);
        let headers = request.headers.iter().map(|(name, value)| {
            let value = mask::header(name, value, &self.masks);
            (mask_text(name, &self.masks), value)
        });
        SentRequest {
            method: request.method.as_str().to_owned(),
            url: mask_text(&url, &self.masks),
            headers: headers.collect(),
            body: request.body.as_deref().map(|body| self.kept(body)),
        }
    }

    fn kept(&self, body: &[u8]) -> KeptBody {
        let text = std::str::from_utf8(body).expect("a request body is made of text");
        let bytes = body.len() as u64;
        KeptBody { text: mask_text(text, &self.masks), binary: false, bytes, cut: false }
    }
}

/// Whether a Content-Type says JSON: `application/json`, or any type with the suffix `+json`.
fn is_json_type(content_type: &str) -> bool {
    let bare = content_type.split(';').next().unwrap_or("").trim().to_ascii_lowercase();
    bare == "application/json" || bare.ends_with("+json")
}
