//! Where in a template a body breaks that should be JSON: asked when somebody wants to know, never in passing.

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use super::json::{byte_of, json_fault_text};
use super::mask::{Masks, mask_text};
use super::pen::Hole;
use super::{Body, Facts, Text, Webhook};
use crate::template::{Blame, Mapped};

/// Most characters of a value, or of a line, that are shown.
const SHOWN: usize = 80;

/// Where a body stops being JSON once it is filled in, and what made it so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TemplateFault {
    /// `json` or `body`.
    pub field: String,
    /// What is wrong, as the reader of JSON says it.
    pub reason: String,
    /// Where in the filled-in text, in lines and columns from 1.
    pub rendered: Spot,
    /// The line of the filled-in text, around the spot.
    pub excerpt: String,
    /// Where in the template.
    pub template: Spot,
    /// The variables that broke it: with a number in their place it would be JSON. None when the template's
    /// own text is at fault.
    pub variables: Vec<String>,
    /// What the first of them gave.
    pub value: Option<String>,
    /// In what way.
    pub kind: FaultKind,
}

/// A place in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Spot {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
}

/// In what way a body is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FaultKind {
    /// A variable had no value, and left a hole.
    Missing,
    /// HTML escaping changed a value: `&quot;` where `"` was meant.
    Escaped,
    /// A value holds a quote, backslash or line break that ends the text it stands in.
    Quote,
    /// A text stands where only a number, a list, an object, true, false or null may.
    BareText,
    /// A value breaks it in another way.
    Value,
    /// The template's own text is no JSON, whatever the values.
    Text,
}

impl Webhook {
    /// Where the body for this event stops being JSON, when it is meant to be: `json` given as text, or a
    /// `body` that begins as JSON does.
    pub fn json_fault(&self, facts: &Facts<'_>) -> Option<TemplateFault> {
        let bound = self.needs.bind(facts).ok()?;
        let (hole, json_meant) = match &self.body {
            Body::JsonText(hole, _) => (hole, true),
            Body::Plain(Text::Hole(hole)) => (hole, false),
            _ => return None,
        };
        let mapped = hole.template.render_mapped(&bound.values()).ok()?;
        if !json_meant && !mapped.text.trim_start().starts_with(['{', '[']) {
            return None;
        }
        let fault = serde_json::from_str::<IgnoredAny>(&mapped.text).err()?;
        let mut masks = Masks::default();
        for value in self.needs.secrets().filter_map(|name| facts.secrets.get(name)) {
            masks.secret(value);
        }
        Some(explain(hole, &mapped, &fault, &masks.into_vec()))
    }
}

fn explain(hole: &Hole, mapped: &Mapped, fault: &serde_json::Error, masks: &[String]) -> TemplateFault {
    let source = hole.template.source();
    let variables = match mapped.blame(|text| serde_json::from_str::<IgnoredAny>(text).is_ok()) {
        Blame::Variables(names) => names,
        Blame::Text => Vec::new(),
    };
    let byte = byte_of(&mapped.text, fault.line(), fault.column());
    let first = variables.first().map(String::as_str);
    let position = match first {
        Some(name) => mapped.place_of_name(name, source),
        None => mapped.place_of(byte, source),
    };
    let given = first.and_then(|name| mapped.given_by(name));
    let rendered = spot(&mapped.text, byte);
    let excerpt = mapped.text.lines().nth(rendered.line - 1).unwrap_or_default();
    TemplateFault {
        field: hole.field.clone(),
        reason: json_fault_text(fault),
        rendered,
        excerpt: mask_text(&around(excerpt, rendered.column), masks),
        template: position
            .map_or(Spot { line: 1, column: 1 }, |at| Spot { line: at.line, column: at.column }),
        kind: first.zip(given).map_or(FaultKind::Text, |(name, given)| kind(mapped, name, given)),
        value: given.map(|given| mask_text(given, masks).chars().take(SHOWN).collect()),
        variables,
    }
}

fn kind(mapped: &Mapped, name: &str, given: &str) -> FaultKind {
    let span = mapped.spans.iter().find(|span| span.name.as_deref() == Some(name));
    let quoted = span.is_some_and(|span| mapped.text[..span.rendered.start].trim_end().ends_with('"'));
    if given.is_empty() {
        FaultKind::Missing
    } else if ["&quot;", "&#39;", "&amp;", "&lt;", "&gt;"].iter().any(|entity| given.contains(entity))
        && !quoted
    {
        FaultKind::Escaped
    } else if quoted {
        FaultKind::Quote
    } else if serde_json::from_str::<IgnoredAny>(given).is_err() {
        FaultKind::BareText
    } else {
        FaultKind::Value
    }
}

fn spot(text: &str, byte: usize) -> Spot {
    let byte = (0..=byte.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    let at = crate::template::Position::of(text, byte);
    Spot { line: at.line, column: at.column }
}

/// The part of a line around a column.
fn around(line: &str, column: usize) -> String {
    let skipped = column.saturating_sub(SHOWN / 2);
    line.chars().skip(skipped).take(SHOWN).collect()
}
