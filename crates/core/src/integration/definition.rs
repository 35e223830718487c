//! A template document, read: every key in its type, every text parsed, every problem found at once.

use serde_json::{Map, Value};

use super::address;
use super::finding::{Finding, Level};
use super::payload::{self, Payload};
use super::reader::{FIELD_COUNT_LIMIT, HEADER_COUNT_LIMIT, Pair, Reader};
use super::rules::{self, RetryKind, SuccessRule};
use super::secret::{for_each_secret, is_secret_header};
use super::{keys, replies};
use crate::access::Scope;
use crate::attempt::MASK;
use crate::event::{NAME_LIMIT, is_reply_name, reserved};
use crate::id::{DeviceId, ProductId};
use crate::origin::Scheme;
use crate::rate::Rate;
use crate::reply::Replies;
use crate::request::{SigningKey, is_header_name, is_managed_header};
use crate::template::Template;

/// Most bytes the name of an integration may have.
pub const LABEL_LIMIT: usize = 256;

/// The method of a webhook's requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Method {
    /// Without a body; data goes into the query.
    Get,
    /// What is used when the template names none.
    Post,
    /// As POST.
    Put,
    /// As POST.
    Patch,
    /// With a body only if the template configures one.
    Delete,
}

impl Method {
    /// Every method.
    pub const ALL: [Self; 5] = [Self::Get, Self::Post, Self::Put, Self::Patch, Self::Delete];

    /// The method as it is written on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

/// Name and password of HTTP Basic authentication.
#[derive(Debug, Clone)]
pub struct Auth {
    /// The user name.
    pub username: Template,
    /// The password.
    pub password: Template,
}

/// A webhook as its author meant it: only [`Definition::read`] makes one, so what it holds is valid.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Definition {
    /// A label for people.
    pub name: Option<String>,
    /// The event name prefix.
    pub event: String,
    /// The only device that fires it, when it is narrowed to one.
    pub device: Option<DeviceId>,
    /// Whether it is saved switched off.
    pub disabled: bool,
    /// The method.
    pub method: Method,
    /// The URL.
    pub url: Template,
    /// What is added to the URL's query.
    pub query: Vec<Pair>,
    /// Headers, in their order.
    pub headers: Vec<Pair>,
    /// Name and password.
    pub auth: Option<Auth>,
    /// What is sent.
    pub payload: Payload,
    /// Whether the default data is left out.
    pub no_defaults: bool,
    /// Whether the endpoint's certificate is verified.
    pub verify_tls: bool,
    /// Whether a connection is kept for the next request.
    pub keep_alive: bool,
    /// What is published after an attempt.
    pub replies: Replies,
    /// Which failures are tried again; absent means the server's default.
    pub retry: Option<RetryKind>,
    /// What counts as success.
    pub success: Option<SuccessRule>,
    /// How fast it may send.
    pub rate_limit: Option<Rate>,
    /// Signs every request.
    pub signing_key: Option<SigningKey>,
    /// Names of the secrets it may use.
    pub secrets: Vec<String>,
    /// The products that fire it, in an organisation.
    pub products: Vec<ProductId>,
}

/// What came of reading a template.
#[derive(Debug, Clone)]
pub struct Reading {
    /// The webhook, unless there is an error among the findings.
    pub definition: Option<Definition>,
    /// Everything found, in the order of the template's keys as they are read.
    pub findings: Vec<Finding>,
}

impl Definition {
    /// Reads the template of an integration in this scope, and finds all that is wrong with it at once.
    pub fn read(template: &Map<String, Value>, scope: Scope) -> Reading {
        let mut reader = Reader::new(template);
        keys::report_unknown(&mut reader);
        left_over_masks(&mut reader, template);
        let definition = definition(&mut reader, scope);
        let findings = reader.findings;
        let broken = findings.iter().any(|finding| finding.level == Level::Error);
        Reading { definition: definition.filter(|_| !broken), findings }
    }
}

fn definition(reader: &mut Reader<'_>, scope: Scope) -> Option<Definition> {
    integration_type(reader);
    let event = event(reader);
    let url = url(reader);
    let method = method(reader);
    let (headers, query) = (headers(reader), reader.pairs("query", FIELD_COUNT_LIMIT));
    let auth = auth(reader);
    let signing_key = signing_key(reader);
    if let Some(url) = &url {
        in_the_clear(reader, url, &headers, auth.is_some());
    }
    let definition = Definition {
        name: label(reader),
        device: device(reader, scope),
        disabled: reader.flag("disabled").unwrap_or(false),
        payload: payload::read(reader, method),
        no_defaults: reader.flag("noDefaults").unwrap_or(false),
        verify_tls: reader.flag("rejectUnauthorized").unwrap_or(true),
        keep_alive: reader.flag("keepAlive").unwrap_or(true),
        replies: replies::read(reader, scope),
        retry: rules::retry(reader),
        success: rules::success(reader),
        rate_limit: rules::rate_limit(reader),
        secrets: rules::secrets(reader),
        products: rules::products(reader, scope),
        event: event?,
        url: url?,
        method,
        query,
        headers,
        auth,
        signing_key,
    };
    Some(definition)
}

fn left_over_masks(reader: &mut Reader<'_>, template: &Map<String, Value>) {
    for_each_secret(&mut template.clone(), &mut |field, text| {
        if text == MASK {
            let message = format!("`{field}` is {MASK} and no value is saved for it: enter the value itself");
            reader.error("mask-without-value", field, message);
        }
    });
}

fn integration_type(reader: &mut Reader<'_>) {
    if let Some(value) = reader.value("integration_type")
        && value != "Webhook"
    {
        let message = format!("`integration_type` is {value}: only \"Webhook\" is supported");
        reader.error("integration-type", "integration_type", message);
    }
}

fn event(reader: &mut Reader<'_>) -> Option<String> {
    let (field, value) = reader.aliased(&["event", "eventName"]).unwrap_or(("event", &Value::Null));
    let prefix = match value {
        Value::Null => "",
        value => reader.expect_text(field, value)?,
    };
    if prefix.is_empty() {
        let message = "a webhook needs an `event`: the beginning of the event names that fire it, at least one character";
        reader.error("event-missing", field, message);
        return None;
    }
    if prefix.len() > NAME_LIMIT {
        let size = prefix.len();
        let message = format!(
            "`{field}` is {size} bytes long, over the limit of {NAME_LIMIT} for event names: no event would match, shorten it"
        );
        reader.error("too-large", field, message);
        return None;
    }
    if is_reply_name(prefix) {
        let message = format!(
            "`{field}` is `{prefix}`: names that begin with hook-sent/, hook-response/ or hook-error/ are replies and never fire a webhook, so that webhooks cannot loop; choose another"
        );
        reader.error("reply-event", field, message);
        return None;
    }
    doubtful_prefix(reader, field, prefix);
    Some(prefix.to_owned())
}

fn doubtful_prefix(reader: &mut Reader<'_>, field: &str, prefix: &str) {
    if prefix.contains("{{") {
        let message =
            format!("`{field}` is `{prefix}`: it is compared as it stands, tags are not filled in here");
        reader.warn("event-not-templated", field, message);
    } else if prefix.starts_with(' ') || !prefix.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
        let message = format!(
            "`{field}` is {prefix:?}: event names are printable ASCII without a space in front, so none will match"
        );
        reader.warn("event-never-matches", field, message);
    } else if let Some(word) = reserved(prefix) {
        let message = format!(
            "`{field}` begins with `{word}`: only the system's own events match, devices cannot publish such names"
        );
        reader.findings.push(Finding::note("system-events", field, message));
    } else if prefix.len() <= 2 {
        let message = format!(
            "`{field}` is `{prefix}`: every event whose name begins so fires this webhook; a longer prefix is safer"
        );
        reader.warn("short-prefix", field, message);
    }
}

fn url(reader: &mut Reader<'_>) -> Option<Template> {
    let text = match reader.value("url") {
        None => "",
        Some(value) => reader.expect_text("url", value)?,
    };
    let url = reader.parse("url", text.trim())?;
    reader.findings.extend(address::judge(url.source(), url.static_prefix()));
    Some(url)
}

fn method(reader: &mut Reader<'_>) -> Method {
    let Some(text) = reader.text("requestType").map(str::trim).filter(|text| !text.is_empty()) else {
        return Method::Post;
    };
    let method = Method::ALL.into_iter().find(|method| text.eq_ignore_ascii_case(method.as_str()));
    if method.is_none() {
        let message = format!("`requestType` is `{text}`: it must be GET, POST, PUT, PATCH or DELETE");
        reader.error("method", "requestType", message);
    }
    method.unwrap_or(Method::Post)
}

fn label(reader: &mut Reader<'_>) -> Option<String> {
    let label = reader.text("name")?;
    reader.fits("name", label.len(), LABEL_LIMIT);
    Some(label.to_owned())
}

fn device(reader: &mut Reader<'_>, scope: Scope) -> Option<DeviceId> {
    let (field, value) = reader.aliased(&["deviceID", "deviceid", "deviceId"])?;
    let text = reader.expect_text(field, value)?.trim();
    if text.is_empty() {
        return None;
    }
    if !matches!(scope, Scope::User(_)) {
        let message = format!(
            "`{field}` is set: only a person's own integrations can be narrowed to one device, every device of a product fires its integrations; remove it"
        );
        reader.error("device-filter", field, message);
        return None;
    }
    let device = text.parse::<DeviceId>();
    if let Err(fault) = &device {
        let message = format!("`{field}`: {fault}; a device's name does not work here, use its id");
        reader.error("device-id", field, message);
    }
    device.ok()
}

fn headers(reader: &mut Reader<'_>) -> Vec<Pair> {
    let headers = reader.pairs("headers", HEADER_COUNT_LIMIT);
    for header in &headers {
        header_characters(reader, header);
        let name = header.name.source().trim();
        if header.name.is_static() && is_managed_header(name) {
            let message = format!("the header `{name}` is set by the server itself: yours is left out");
            reader.warn("managed-header", &header.field, message);
        }
    }
    headers
}

fn header_characters(reader: &mut Reader<'_>, header: &Pair) {
    let (name, value) = (header.name.source(), header.value.source());
    let broken = |c: char| matches!(c, '\r' | '\n' | '\0');
    if let Some(at) = value.find(broken).or_else(|| name.find(broken)) {
        let message = format!(
            "the header `{}` has a line break or NUL at byte {at}: a header is one line, remove it",
            name.escape_debug()
        );
        reader.error("header-line-break", &header.field, message);
    } else if header.name.is_static() && !is_header_name(name.trim()) {
        let message = format!("`{name}` cannot be the name of a header: use letters, digits and -");
        reader.error("header-name", &header.field, message);
    } else if header.value.is_static() && value.chars().any(|c| c.is_control() && c != '\t') {
        let message = format!("the header `{name}` has a control character: remove it");
        reader.error("header-value", &header.field, message);
    }
}

fn auth(reader: &mut Reader<'_>) -> Option<Auth> {
    let value = reader.value("auth")?;
    let Value::Object(members) = value else {
        reader.wrong_type("auth", value, "an object with username and password");
        return None;
    };
    let mut part = |key: &str, field: &str| match members.get(key) {
        None | Some(Value::Null) => reader.parse(field, ""),
        Some(value) => {
            let text = reader.expect_text(field, value)?;
            reader.parse(field, text)
        }
    };
    let (username, password) = (part("username", "auth.username")?, part("password", "auth.password")?);
    let empty = username.source().is_empty() && password.source().is_empty();
    (!empty).then_some(Auth { username, password })
}

fn signing_key(reader: &mut Reader<'_>) -> Option<SigningKey> {
    let text = reader.text("signingSecret").filter(|text| !text.is_empty() && *text != MASK)?;
    match SigningKey::parse(text) {
        Ok(key) => Some(key),
        Err(fault) => {
            reader.error("signing-secret", "signingSecret", fault.to_string());
            None
        }
    }
}

fn in_the_clear(reader: &mut Reader<'_>, url: &Template, headers: &[Pair], auth: bool) {
    let secret =
        |header: &Pair| is_secret_header(header.name.source()) && !header.value.source().trim().is_empty();
    let exposed = headers.iter().find(|header| secret(header));
    let field = match exposed {
        Some(header) => header.field.as_str(),
        None if auth => "auth",
        None => return,
    };
    if address::known_scheme(url.static_prefix()) == Some(Scheme::Http) {
        let message =
            format!("`{field}` is sent unencrypted, for anyone on the way to read: use https:// in `url`");
        reader.warn("credentials-in-the-clear", field, message);
    }
}
