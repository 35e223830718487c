//! The template language: Mustache, compiled when it is saved and rendered without allocating per tag.
//!
//! | written | means |
//! | --- | --- |
//! | `{{name}}` | the value, with `& < > " '` escaped for HTML |
//! | `{{{name}}}`, `{{&name}}` | the value as it is |
//! | `{{a.b}}`, `{{c.0.ca}}`, `{{.}}` | a member, an item, the value at hand |
//! | `{{#name}}…{{/name}}` | once for each item of a list, once for any other value that is not empty |
//! | `{{^name}}…{{/name}}` | once when the value is missing or empty |
//! | `{{! words }}` | nothing |
//!
//! A missing name and null become the empty text; objects and lists become compact JSON. Empty, for a section,
//! are false, null, 0, the empty text and the empty list, as for the JavaScript that Particle's cloud renders
//! with. Sections, closing tags and comments alone on their lines take those lines with them. Partials, other
//! delimiters and lambdas do not exist: a template is one text, and what it may cost has a limit.

mod bisect;
mod error;
mod parse;
mod render;
mod watch;

#[cfg(test)]
mod language_tests;
#[cfg(test)]
mod property_tests;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde_json::Value;

pub use bisect::Blame;
pub use error::{Fault, Position, TemplateError};
pub use watch::{Mapped, Span, Trace};

use parse::{Node, Program};

/// Most bytes that one rendering may give.
pub const RENDER_LIMIT: usize = 64 * 1024;
/// Deepest nesting of sections.
pub const DEPTH_LIMIT: usize = 32;
/// Most bytes a name may have. It bounds what one look-up costs.
pub const NAME_LIMIT: usize = 256;
/// Most steps that one rendering may take: a node visited, a list item entered, a context or a member looked
/// into, the last two counted more than once for a long name.
///
/// It stands for a limit of 10 ms, which code without a clock cannot count: it leaves 100 ns for a step. The
/// costliest found take 600 ns in an unoptimised build, and entering a list item 35 ns. A list that fills the
/// largest event, rendered with a few tags for each item, needs less; what needs more is lists nested in lists,
/// whose cost multiplies.
pub const STEP_LIMIT: u32 = 100_000;

/// A template, ready to render. A clone shares the compiled form.
#[derive(Clone)]
pub struct Template {
    program: Arc<Program>,
}

impl Template {
    /// Compiles a text, or says where it is not a template.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        parse::program(text).map(|program| Self { program: Arc::new(program) })
    }

    /// The text it was compiled from.
    pub fn source(&self) -> &str {
        &self.program.source
    }

    /// Whether it has no tags at all, and so renders to its source.
    pub fn is_static(&self) -> bool {
        self.program.tags == 0
    }

    /// The name, when the template is one unescaped variable and nothing else.
    pub fn single_raw_name(&self) -> Option<&str> {
        match &*self.program.nodes {
            [Node::Variable { name, raw: true, tag }] if *tag == (0..self.source().len()) => {
                Some(&self.program.names[*name].text)
            }
            _ => None,
        }
    }

    /// The text in front of the first tag: what every rendering begins with.
    pub fn static_prefix(&self) -> &str {
        match self.program.nodes.first() {
            Some(Node::Text(span)) if span.start == 0 => &self.source()[span.clone()],
            _ => "",
        }
    }

    /// Every name it asks for, each once, in the order of first use.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.program.names.iter().map(|name| &*name.text)
    }

    /// Renders to a text of its own.
    pub fn render(&self, values: &Values<'_>) -> Result<String, TemplateError> {
        let mut out = String::with_capacity(self.source().len() * 2);
        self.render_into(values, &mut out, None)?;
        Ok(out)
    }

    /// Appends the rendering to `out`, and notes in `trace` what became of each name.
    ///
    /// The limits hold for what is appended. When rendering fails, `out` is as it was before.
    pub fn render_into(
        &self,
        values: &Values<'_>,
        out: &mut String,
        trace: Option<&mut Trace>,
    ) -> Result<(), TemplateError> {
        self.render_within(&mut Budget::default(), values, out, trace)
    }

    /// Does the same on a budget shared by several templates: what one spends, the next ones lack.
    ///
    /// The limit on size still holds for each by itself.
    pub fn render_within(
        &self,
        budget: &mut Budget,
        values: &Values<'_>,
        out: &mut String,
        trace: Option<&mut Trace>,
    ) -> Result<(), TemplateError> {
        match trace {
            Some(trace) => render::render(&self.program, values, out, budget, trace),
            None => render::render(&self.program, values, out, budget, &mut ()),
        }
    }

    /// Renders, and keeps which place of the template each rendered byte came from.
    pub fn render_mapped(&self, values: &Values<'_>) -> Result<Mapped, TemplateError> {
        let mut mapped = Mapped::default();
        render::render(&self.program, values, &mut mapped.text, &mut Budget::default(), &mut mapped.spans)?;
        Ok(mapped)
    }
}

/// Steps that renderings may still take together; it begins with [`STEP_LIMIT`].
///
/// Whatever is made of many templates needs one for all, or its cost is the limit times their number.
#[derive(Debug, Clone)]
pub struct Budget {
    steps_left: u32,
}

impl Default for Budget {
    fn default() -> Self {
        Self { steps_left: STEP_LIMIT }
    }
}

impl fmt::Debug for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Template").field(&self.source()).finish()
    }
}

/// Two templates are equal when they were compiled from the same text.
impl PartialEq for Template {
    fn eq(&self, other: &Self) -> bool {
        self.source() == other.source()
    }
}

impl Eq for Template {}

/// Where names get their values: built-in names win over secrets, and secrets over the keys of the document.
///
/// Built-in names and secrets are matched whole, at any depth of sections, so that no document can take their
/// place; a dotted name such as `PRODUCT_ID.x` is looked for in the document alone.
#[derive(Debug, Clone, Copy)]
pub struct Values<'a> {
    /// Built-in names and their values.
    pub named: &'a [(&'a str, Cow<'a, str>)],
    /// Secrets by name.
    pub secrets: &'a BTreeMap<String, String>,
    /// The document whose members are names too, and which `{{.}}` stands for outside sections.
    pub json: Option<&'a Value>,
}

static NO_SECRETS: BTreeMap<String, String> = BTreeMap::new();

impl<'a> Values<'a> {
    /// Values from a document alone.
    pub fn of_json(json: &'a Value) -> Self {
        Self { named: &[], secrets: &NO_SECRETS, json: Some(json) }
    }
}
