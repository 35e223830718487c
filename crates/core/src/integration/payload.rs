//! What a webhook sends: `json`, `form` and `body`, of which a template may have one.

use serde_json::Value;

use super::definition::Method;
use super::finding::Finding;
use super::reader::{FIELD_COUNT_LIMIT, PART_LIMIT, Pair, Reader};
use crate::template::Template;

/// Deepest nesting of `json` given as an object or list.
pub const JSON_DEPTH_LIMIT: usize = 32;

/// What a webhook sends.
#[derive(Debug, Clone)]
pub enum Payload {
    /// Nothing of its own: the default data, in the way that fits the method.
    Defaults,
    /// `json` given as an object or list, rendered leaf by leaf.
    Json(Shape),
    /// `json` given as text, which must be JSON once it is filled in.
    JsonText(Template),
    /// `form`.
    Form(Vec<Pair>),
    /// `body`, sent as it is rendered.
    Body(Template),
}

/// A JSON value whose keys and texts are templates.
#[derive(Debug, Clone)]
pub enum Shape {
    /// A number, true, false or null, as JSON writes it.
    Fixed(String),
    /// A text, and the place it was read from.
    Text(Leaf),
    /// A list.
    List(Vec<Shape>),
    /// An object.
    Object(Vec<(Leaf, Shape)>),
}

/// A templated text within `json`.
#[derive(Debug, Clone)]
pub struct Leaf {
    /// `json.readings.0`.
    pub field: String,
    /// The text.
    pub text: Template,
}

pub(super) fn read(reader: &mut Reader<'_>, method: Method) -> Payload {
    let given: Vec<&'static str> =
        ["json", "form", "body"].into_iter().filter(|key| reader.value(key).is_some()).collect();
    if let [first, second, ..] = given[..] {
        let named = given.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(" and ");
        let message = format!("the template has {named}: a request has one kind of body, keep one of them");
        reader.error("several-payloads", second, message);
        for key in [first, second] {
            // What is wrong inside each is found all the same.
            payload(reader, key);
        }
        return Payload::Defaults;
    }
    let Some(key) = given.first() else { return Payload::Defaults };
    if method == Method::Get && *key != "form" {
        let message = format!("a GET has no body: `{key}` is not sent, use `query` or another `requestType`");
        reader.warn("get-without-body", key, message);
    }
    payload(reader, key).unwrap_or(Payload::Defaults)
}

fn payload(reader: &mut Reader<'_>, key: &'static str) -> Option<Payload> {
    match key {
        "json" => json(reader),
        "form" => Some(Payload::Form(reader.pairs("form", FIELD_COUNT_LIMIT))),
        _ => reader.template("body").map(Payload::Body),
    }
}

fn json(reader: &mut Reader<'_>) -> Option<Payload> {
    match reader.value("json")? {
        Value::String(text) => {
            let template = reader.parse("json", text)?;
            warn_of_escaping(reader, "json", text);
            never_json(reader, &template);
            Some(Payload::JsonText(template))
        }
        value @ (Value::Object(_) | Value::Array(_)) => {
            if !reader.fits("json", value.to_string().len(), PART_LIMIT) {
                return None;
            }
            shape(reader, "json", value, 0).map(Payload::Json)
        }
        value => {
            reader.wrong_type("json", value, "an object, a list, or a text that holds JSON");
            None
        }
    }
}

/// Reports a `json` text that no event can turn into JSON: one without tags that is none as it stands.
fn never_json(reader: &mut Reader<'_>, template: &Template) {
    if !template.is_static() {
        return;
    }
    if let Err(fault) = serde_json::from_str::<serde::de::IgnoredAny>(template.source()) {
        let message = format!("`json` is not JSON: {}", crate::request::json_fault_text(&fault));
        let finding = Finding::error("json-syntax", "json", message);
        reader.findings.push(finding.at(Some(fault.line()), Some(fault.column())));
    }
}

fn shape(reader: &mut Reader<'_>, field: &str, value: &Value, depth: usize) -> Option<Shape> {
    if depth > JSON_DEPTH_LIMIT {
        let message = format!("`{field}` is nested over the limit of {JSON_DEPTH_LIMIT} levels: flatten it");
        reader.error("too-deep", field, message);
        return None;
    }
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => Some(Shape::Fixed(value.to_string())),
        Value::String(text) => leaf(reader, field, text).map(Shape::Text),
        Value::Array(items) => {
            let items = items.iter().enumerate();
            // Collected before it is judged whole, so that every item's faults are found.
            let shapes: Vec<_> =
                items.map(|(at, item)| shape(reader, &format!("{field}.{at}"), item, depth + 1)).collect();
            shapes.into_iter().collect::<Option<_>>().map(Shape::List)
        }
        Value::Object(members) => {
            let mut shapes = Vec::with_capacity(members.len());
            for (key, value) in members {
                let field = format!("{field}.{key}");
                shapes.push(leaf(reader, &field, key).zip(shape(reader, &field, value, depth + 1)));
            }
            shapes.into_iter().collect::<Option<_>>().map(Shape::Object)
        }
    }
}

fn leaf(reader: &mut Reader<'_>, field: &str, text: &str) -> Option<Leaf> {
    let template = reader.parse(field, text)?;
    warn_of_escaping(reader, field, text);
    Some(Leaf { field: field.to_owned(), text: template })
}

/// Warns of a double-brace tag, whose HTML escaping changes `"` into `&quot;` where JSON wants it kept.
fn warn_of_escaping(reader: &mut Reader<'_>, field: &str, text: &str) {
    if let Some((tag, line, column)) = escaping_tag(text) {
        let message = format!(
            "`{{{{{tag}}}}}` in `{field}` escapes for HTML (`\"` becomes `&quot;`): in JSON write `{{{{{{{tag}}}}}}}`"
        );
        reader
            .findings
            .push(Finding::warning("double-braces-in-json", field, message).at(Some(line), Some(column)));
    }
}

/// The first variable in double braces, with its line and column.
fn escaping_tag(text: &str) -> Option<(&str, usize, usize)> {
    let mut at = 0;
    while let Some(open) = text[at..].find("{{").map(|found| at + found) {
        let inside = &text[open + 2..];
        let end = inside.find("}}")?;
        if !inside.trim_start().starts_with(['{', '&', '#', '^', '/', '!', '>', '=']) {
            let before = &text[..open];
            let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
            let line = before.matches('\n').count() + 1;
            return Some((inside[..end].trim(), line, before[line_start..].chars().count() + 1));
        }
        at = open + 2 + end + 2;
    }
    None
}
