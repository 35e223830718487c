//! Typed access to a template's keys that collects every problem instead of stopping at the first.

use serde_json::{Map, Value};

use super::finding::Finding;
use crate::template::{Template, TemplateError};

/// Most bytes the text of one part of a template may have.
pub const PART_LIMIT: usize = 65_536;
/// Most entries `headers` may have.
pub const HEADER_COUNT_LIMIT: usize = 100;
/// Most entries `query` and `form` may have, each.
pub const FIELD_COUNT_LIMIT: usize = 1_000;

/// Reads one template document; what is wrong with it gathers in `findings`.
pub(super) struct Reader<'a> {
    template: &'a Map<String, Value>,
    pub(super) findings: Vec<Finding>,
}

/// A pair of templates and the place it was read from.
#[derive(Debug, Clone)]
pub struct Pair {
    /// `headers.X-Key`, `form.value`.
    pub field: String,
    /// The key.
    pub name: Template,
    /// The value.
    pub value: Template,
}

impl<'a> Reader<'a> {
    pub(super) fn new(template: &'a Map<String, Value>) -> Self {
        Self { template, findings: Vec::new() }
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.template.keys().map(String::as_str)
    }

    pub(super) fn error(&mut self, code: &'static str, field: &str, message: impl Into<String>) {
        self.findings.push(Finding::error(code, field, message));
    }

    pub(super) fn warn(&mut self, code: &'static str, field: &str, message: impl Into<String>) {
        self.findings.push(Finding::warning(code, field, message));
    }

    /// The value under the key; null is the same as absent, as clients send it for what is not set.
    pub(super) fn value(&self, key: &str) -> Option<&'a Value> {
        self.template.get(key).filter(|value| !value.is_null())
    }

    /// The value under the first of several spellings of a key, with the spelling used.
    pub(super) fn aliased(&mut self, names: &[&'static str]) -> Option<(&'static str, &'a Value)> {
        let given: Vec<_> = names.iter().filter_map(|name| Some((*name, self.value(name)?))).collect();
        let (name, value) = *given.first()?;
        for (other, ignored) in &given[1..] {
            if *ignored != value {
                let message = format!("`{other}` says something other than `{name}`: `{name}` is used");
                self.warn("alias-conflict", other, message);
            }
        }
        Some((name, value))
    }

    /// The text under the key.
    pub(super) fn text(&mut self, key: &'static str) -> Option<&'a str> {
        let value = self.value(key)?;
        self.expect_text(key, value)
    }

    pub(super) fn expect_text(&mut self, field: &str, value: &'a Value) -> Option<&'a str> {
        let text = value.as_str();
        if text.is_none() {
            self.wrong_type(field, value, "a text");
        }
        text
    }

    /// The yes or no under the key, also as a form sends it.
    pub(super) fn flag(&mut self, key: &'static str) -> Option<bool> {
        let value = self.value(key)?;
        let flag = match value {
            Value::Bool(flag) => Some(*flag),
            Value::Number(number) if number.as_u64() == Some(1) => Some(true),
            Value::Number(number) if number.as_u64() == Some(0) => Some(false),
            Value::String(text) => match text.trim().to_ascii_lowercase().as_str() {
                "true" | "1" => Some(true),
                "false" | "0" | "" => Some(false),
                _ => None,
            },
            _ => None,
        };
        if flag.is_none() {
            self.wrong_type(key, value, "true or false");
        }
        flag
    }

    pub(super) fn wrong_type(&mut self, field: &str, value: &Value, expected: &str) {
        let found: String = match value {
            Value::Null => "null".to_owned(),
            Value::Bool(flag) => flag.to_string(),
            Value::Number(number) => format!("the number {number}"),
            Value::String(text) => format!("the text `{}`", text.chars().take(40).collect::<String>()),
            Value::Array(_) => "a list".to_owned(),
            Value::Object(_) => "an object".to_owned(),
        };
        self.error("wrong-type", field, format!("`{field}` is {found}: it must be {expected}"));
    }

    /// Whether a text of this size is within its limit; if not, that is reported.
    pub(super) fn fits(&mut self, field: &str, size: usize, limit: usize) -> bool {
        if size > limit {
            let message = format!("`{field}` is {size} bytes long, over the limit of {limit}: shorten it");
            self.error("too-large", field, message);
        }
        size <= limit
    }

    /// Parses one templated text, within the limit of a part.
    pub(super) fn parse(&mut self, field: &str, text: &str) -> Option<Template> {
        if !self.fits(field, text.len(), PART_LIMIT) {
            return None;
        }
        Template::parse(text).inspect_err(|fault| self.not_a_template(field, fault)).ok()
    }

    /// Reports a text that is no template.
    pub(super) fn not_a_template(&mut self, field: &str, fault: &TemplateError) {
        let place = fault.position();
        let (line, column) = (place.map(|place| place.line), place.map(|place| place.column));
        let message = format!("`{field}` is not a valid template: {fault}");
        self.findings.push(Finding::error("template-syntax", field, message).at(line, column));
    }

    /// The templated text under the key.
    pub(super) fn template(&mut self, key: &'static str) -> Option<Template> {
        let text = self.text(key)?;
        self.parse(key, text)
    }

    /// The object of templated names and values under the key.
    pub(super) fn pairs(&mut self, key: &'static str, limit: usize) -> Vec<Pair> {
        let Some(value) = self.value(key) else { return Vec::new() };
        let Value::Object(members) = value else {
            self.wrong_type(key, value, "an object of names and values");
            return Vec::new();
        };
        if members.len() > limit {
            let count = members.len();
            self.error("too-many", key, format!("`{key}` has {count} entries, over the limit of {limit}"));
            return Vec::new();
        }
        members.iter().filter_map(|(name, value)| self.pair(key, name, value)).collect()
    }

    fn pair(&mut self, key: &str, name: &str, value: &Value) -> Option<Pair> {
        let field = format!("{key}.{name}");
        let text = match value {
            Value::Null => String::new(),
            Value::String(text) => text.clone(),
            Value::Bool(_) | Value::Number(_) => value.to_string(),
            Value::Array(_) | Value::Object(_) => {
                self.wrong_type(&field, value, "a text, a number, true or false");
                return None;
            }
        };
        let (name, value) = (self.parse(&field, name), self.parse(&field, &text));
        Some(Pair { field, name: name?, value: value? })
    }
}
