//! Template keys of our own: how failures are retried, what counts as success, and how fast to send.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::reader::Reader;
use crate::access::Scope;
use crate::id::ProductId;
use crate::rate::Rate;
use crate::request::Variable;

/// Which failures are tried again, and for how long (`retryPolicy`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum RetryKind {
    /// Skipped events and failures that may pass: twice more, 30 s and 60 s after the first try.
    Standard,
    /// Only skipped events, at the same times.
    Skipped,
    /// Skipped events and failures that may pass, ever more patiently for up to 24 h.
    Extended,
    /// Nothing, skipped events included.
    None,
}

impl RetryKind {
    const ALL: [(&'static str, Self); 4] = [
        ("standard", Self::Standard),
        ("skipped", Self::Skipped),
        ("extended", Self::Extended),
        ("none", Self::None),
    ];
}

/// What more than a 2xx status makes an answer a success, or an answer without one (`successRule`).
///
/// A status must be 2xx or listed; then every condition given must hold for the body.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SuccessRule {
    /// The body contains this text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contains: Option<String>,
    /// The body is JSON, and the value at this dotted path…
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// … equals this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub equals: Option<Value>,
    /// Statuses that count as well as 2xx does.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub statuses: Vec<u16>,
}

/// Slowest and fastest `rateLimit`, in requests a second.
pub const RATE_RANGE: (f64, f64) = (0.001, 100_000.0);
/// Most names `secrets` may list.
pub const SECRET_COUNT_LIMIT: usize = 100;
/// Most bytes the name of a secret may have.
pub const SECRET_NAME_LIMIT: usize = 64;

pub(super) fn retry(reader: &mut Reader<'_>) -> Option<RetryKind> {
    let text = reader.text("retryPolicy")?;
    let kind = RetryKind::ALL.into_iter().find(|(name, _)| *name == text.trim());
    if kind.is_none() {
        let message = format!("`retryPolicy` is `{text}`: it must be standard, skipped, extended or none");
        reader.error("retry-policy", "retryPolicy", message);
    }
    kind.map(|(_, kind)| kind)
}

pub(super) fn success(reader: &mut Reader<'_>) -> Option<SuccessRule> {
    let value = reader.value("successRule")?;
    let Value::Object(members) = value else {
        reader.wrong_type("successRule", value, "an object with contains, path and equals, or statuses");
        return None;
    };
    for key in
        members.keys().filter(|key| !["contains", "path", "equals", "statuses"].contains(&key.as_str()))
    {
        let message = format!("`successRule.{key}` is not a condition: contains, path, equals, statuses are");
        reader.error("success-rule", &format!("successRule.{key}"), message);
    }
    let rule = SuccessRule {
        contains: member_text(reader, members, "contains"),
        path: member_text(reader, members, "path"),
        equals: members.get("equals").cloned(),
        statuses: statuses(reader, members.get("statuses")),
    };
    if rule.path.is_some() != rule.equals.is_some() {
        let message = "`successRule.path` and `successRule.equals` belong together: give both or neither";
        reader.error("success-rule", "successRule", message);
    }
    if rule == SuccessRule::default() {
        reader.warn("success-rule", "successRule", "`successRule` has no condition: any 2xx is a success");
        return None;
    }
    Some(rule)
}

fn member_text(reader: &mut Reader<'_>, members: &Map<String, Value>, key: &str) -> Option<String> {
    let value = members.get(key).filter(|value| !value.is_null())?;
    match value.as_str() {
        Some("") | None => {
            reader.wrong_type(&format!("successRule.{key}"), value, "a text that is not empty");
            None
        }
        Some(text) => Some(text.to_owned()),
    }
}

fn statuses(reader: &mut Reader<'_>, value: Option<&Value>) -> Vec<u16> {
    let listed = match value {
        None | Some(Value::Null) => return Vec::new(),
        Some(Value::Array(listed)) => listed.as_slice(),
        Some(single) => std::slice::from_ref(single),
    };
    let mut statuses = Vec::new();
    for item in listed {
        match whole_number(item).and_then(|n| u16::try_from(n).ok()).filter(|n| (100..600).contains(n)) {
            Some(status) => statuses.push(status),
            None => reader.wrong_type("successRule.statuses", item, "a list of statuses from 100 to 599"),
        }
    }
    statuses
}

fn whole_number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.trim().parse().ok())
}

fn number(value: &Value) -> Option<f64> {
    value.as_f64().or_else(|| value.as_str()?.trim().parse().ok())
}

/// Reads `rateLimit`: a number of requests a second, or that with a burst.
///
/// Without a burst of its own, a second's worth may go at once.
pub(super) fn rate_limit(reader: &mut Reader<'_>) -> Option<Rate> {
    let value = reader.value("rateLimit")?;
    let (rate, burst) = match value {
        Value::Object(members) => (members.get("perSecond"), members.get("burst")),
        rate => (Some(rate), None),
    };
    let (slowest, fastest) = RATE_RANGE;
    let per_second = rate.and_then(number).filter(|rate| (slowest..=fastest).contains(rate));
    let burst = match (burst, per_second) {
        (Some(burst), _) => whole_number(burst).and_then(|n| u32::try_from(n).ok()).filter(|n| *n > 0),
        (None, rate) => rate.map(|rate| (rate.ceil() as u32).max(1)),
    };
    let limit = per_second.zip(burst).map(|(per_second, burst)| Rate { per_second, burst });
    if limit.is_none() {
        let shape = format!(
            "requests a second from {slowest} to {fastest}, or {{\"perSecond\": …, \"burst\": a whole number from 1}}"
        );
        reader.wrong_type("rateLimit", value, &shape);
    }
    limit
}

/// Reads `secrets`: the names of the scope's secrets that this integration may use.
pub(super) fn secrets(reader: &mut Reader<'_>) -> Vec<String> {
    let Some(value) = reader.value("secrets") else { return Vec::new() };
    let names: Vec<&str> = match value {
        Value::String(text) => text.split(',').map(str::trim).filter(|name| !name.is_empty()).collect(),
        Value::Array(listed) if listed.iter().all(Value::is_string) => {
            listed.iter().filter_map(Value::as_str).collect()
        }
        _ => {
            reader.wrong_type("secrets", value, "a list of names of secrets");
            return Vec::new();
        }
    };
    if names.len() > SECRET_COUNT_LIMIT {
        let message =
            format!("`secrets` lists {} names, over the limit of {SECRET_COUNT_LIMIT}", names.len());
        reader.error("too-many", "secrets", message);
        return Vec::new();
    }
    let mut kept: Vec<String> = Vec::new();
    for name in names {
        if !is_secret_name(name) {
            let message = format!(
                "`{name}` is no name of a secret: use 1 to {SECRET_NAME_LIMIT} letters, digits, `_` or `-`"
            );
            reader.error("secret-name", "secrets", message);
        } else if Variable::named(name).is_some() {
            let message =
                format!("the secret `{name}` has the name of a built-in variable, which wins: rename it");
            reader.warn("secret-shadowed", "secrets", message);
        } else if !kept.iter().any(|known| known == name) {
            kept.push(name.to_owned());
        }
    }
    kept
}

/// Whether a secret may have this name: one that can stand in a tag.
pub fn is_secret_name(name: &str) -> bool {
    let fits = (1..=SECRET_NAME_LIMIT).contains(&name.len());
    fits && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}

/// Reads `products`: those of the organisation whose devices fire the integration.
pub(super) fn products(reader: &mut Reader<'_>, scope: Scope) -> Vec<ProductId> {
    let in_organisation = matches!(scope, Scope::Organisation(_));
    let Some(value) = reader.value("products") else {
        if in_organisation {
            let message = "`products` is missing: an organisation's integration fires for no device until it lists products";
            reader.warn("no-products", "products", message);
        }
        return Vec::new();
    };
    if !in_organisation {
        let message = "`products` means something in an organisation's integrations only: it is ignored here";
        reader.warn("products-ignored", "products", message);
        return Vec::new();
    }
    let listed = match value {
        Value::Array(listed) => listed.as_slice(),
        single => std::slice::from_ref(single),
    };
    let mut products = Vec::new();
    for item in listed {
        match whole_number(item).and_then(|id| u32::try_from(id).ok()) {
            Some(id) => products.push(ProductId(id)),
            None => reader.wrong_type("products", item, "a list of product numbers"),
        }
    }
    products.sort_unstable();
    products.dedup();
    products
}
