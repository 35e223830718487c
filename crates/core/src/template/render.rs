//! From nodes and values to text: one walk, whoever watches it.

use std::fmt::{self, Write as _};
use std::ops::Range;

use serde_json::Value;

use super::error::TemplateError;
use super::parse::{Name, Node, Part, Program};
use super::watch::{Fate, Witness};
use super::{Budget, RENDER_LIMIT, STEP_LIMIT, Values};

/// Appends the rendering to `out`, or leaves `out` as it was.
pub(super) fn render<'v, W: Witness>(
    program: &'v Program,
    values: &'v Values<'v>,
    out: &mut String,
    budget: &mut Budget,
    witness: &mut W,
) -> Result<(), TemplateError> {
    let start = out.len();
    let page = Page { text: out, start, reached: 0 };
    let mut walk = Walk { program, values, page, budget, witness };
    let done = match values.json {
        Some(json) => {
            let root = Context { value: Found::Json(json), outer: None };
            walk.nodes(0..program.nodes.len(), Some(&root))
        }
        None => walk.nodes(0..program.nodes.len(), None),
    };
    if done.is_err() {
        out.truncate(start);
    }
    done
}

/// A value that a name was found to have.
#[derive(Clone, Copy)]
enum Found<'v> {
    Text(&'v str),
    Json(&'v Value),
}

impl<'v> Found<'v> {
    /// Whether a section is rendered for it; false is what JavaScript holds to be, and the empty list.
    fn is_full(self) -> bool {
        match self {
            Self::Text(text) => !text.is_empty(),
            Self::Json(Value::Null) => false,
            Self::Json(Value::Bool(flag)) => *flag,
            Self::Json(Value::Number(number)) => number.as_f64() != Some(0.0),
            Self::Json(Value::String(text)) => !text.is_empty(),
            Self::Json(Value::Array(items)) => !items.is_empty(),
            Self::Json(Value::Object(_)) => true,
        }
    }

    fn member(self, part: &Part) -> Option<&'v Value> {
        match self {
            Self::Json(Value::Object(members)) => members.get(&*part.key),
            Self::Json(Value::Array(items)) => items.get(part.index?),
            Self::Text(_) | Self::Json(_) => None,
        }
    }
}

/// A value that a section has put on the stack, and the ones beneath it.
struct Context<'c, 'v> {
    value: Found<'v>,
    outer: Top<'c, 'v>,
}

/// The top of the stack of contexts.
type Top<'c, 'v> = Option<&'c Context<'c, 'v>>;

struct Walk<'o, 'v, W> {
    program: &'v Program,
    values: &'v Values<'v>,
    page: Page<'o>,
    budget: &'o mut Budget,
    witness: &'o mut W,
}

impl<'v, W: Witness> Walk<'_, 'v, W> {
    fn nodes(&mut self, range: Range<usize>, top: Top<'_, 'v>) -> Result<(), TemplateError> {
        let program = self.program;
        let mut at = range.start;
        while at < range.end {
            self.spend(1)?;
            at = match &program.nodes[at] {
                Node::Text(span) => {
                    self.literal(span)?;
                    at + 1
                }
                Node::Variable { name, raw, tag } => {
                    self.variable(&program.names[*name], *raw, tag, top)?;
                    at + 1
                }
                Node::Section { name, inverted, end } => {
                    self.section(&program.names[*name], *inverted, at + 1..*end, top)?;
                    *end
                }
            };
        }
        Ok(())
    }

    fn literal(&mut self, span: &Range<usize>) -> Result<(), TemplateError> {
        let start = self.page.size();
        let written = self.page.write_str(&self.program.source[span.clone()]);
        self.page.judge(written)?;
        self.witness.wrote(start..self.page.size(), span, None);
        Ok(())
    }

    fn variable(
        &mut self,
        name: &Name,
        raw: bool,
        tag: &Range<usize>,
        top: Top<'_, 'v>,
    ) -> Result<(), TemplateError> {
        let start = self.page.size();
        match self.find(name, top)? {
            None | Some(Found::Json(Value::Null)) => self.witness.met(&name.text, Fate::Missing),
            Some(value) => {
                self.witness.met(&name.text, Fate::Used);
                if raw {
                    let written = write_value(&mut self.page, value);
                    self.page.judge(written)?;
                } else if self.escaped(value)? {
                    self.witness.met(&name.text, Fate::Escaped);
                }
            }
        }
        self.witness.wrote(start..self.page.size(), tag, Some(&name.text));
        Ok(())
    }

    /// Writes the value escaped, and tells whether that changed it.
    fn escaped(&mut self, value: Found<'_>) -> Result<bool, TemplateError> {
        let mut escaper = Escaper { page: &mut self.page, changed: false };
        let written = write_value(&mut escaper, value);
        let changed = escaper.changed;
        self.page.judge(written)?;
        Ok(changed)
    }

    fn section(
        &mut self,
        name: &Name,
        inverted: bool,
        body: Range<usize>,
        top: Top<'_, 'v>,
    ) -> Result<(), TemplateError> {
        let found = self.find(name, top)?;
        if found.is_some() {
            self.witness.met(&name.text, Fate::Used);
        }
        match found.filter(|value| value.is_full()) {
            None if inverted => self.nodes(body, top),
            Some(Found::Json(Value::Array(items))) if !inverted => {
                for item in items {
                    self.spend(1)?;
                    let context = Context { value: Found::Json(item), outer: top };
                    self.nodes(body.clone(), Some(&context))?;
                }
                Ok(())
            }
            Some(value) if !inverted => self.nodes(body, Some(&Context { value, outer: top })),
            _ => Ok(()),
        }
    }

    /// The value of a name. The first part of a dotted one decides which context it is in; the others must be
    /// found there, even when an outer context has them all.
    fn find(&mut self, name: &Name, top: Top<'_, 'v>) -> Result<Option<Found<'v>>, TemplateError> {
        let Some((first, rest)) = name.path.split_first() else {
            return Ok(top.map(|context| context.value));
        };
        if let Some(text) = self.builtin(&name.text) {
            return Ok(Some(Found::Text(text)));
        }
        let mut next = top;
        while let Some(context) = next {
            self.spend(first.steps)?;
            if let Some(mut value) = context.value.member(first) {
                for part in rest {
                    self.spend(part.steps)?;
                    let Some(member) = Found::Json(value).member(part) else { return Ok(None) };
                    value = member;
                }
                return Ok(Some(Found::Json(value)));
            }
            next = context.outer;
        }
        Ok(None)
    }

    fn builtin(&self, name: &str) -> Option<&'v str> {
        let values = self.values;
        match values.named.iter().find(|(known, _)| *known == name) {
            Some((_, text)) => Some(text),
            None => values.secrets.get(name).map(String::as_str),
        }
    }

    fn spend(&mut self, steps: u32) -> Result<(), TemplateError> {
        match self.budget.steps_left.checked_sub(steps) {
            Some(left) => {
                self.budget.steps_left = left;
                Ok(())
            }
            None => Err(TemplateError::TooMuchWork { limit: STEP_LIMIT }),
        }
    }
}

fn write_value(out: &mut impl fmt::Write, value: Found<'_>) -> fmt::Result {
    match value {
        Found::Text(text) => out.write_str(text),
        Found::Json(Value::String(text)) => out.write_str(text),
        Found::Json(Value::Null) => Ok(()),
        Found::Json(value) => write!(out, "{value}"),
    }
}

/// What is written to, as far as the limit allows.
struct Page<'o> {
    text: &'o mut String,
    start: usize,
    /// The size at which it was stopped.
    reached: usize,
}

impl Page<'_> {
    /// Bytes written so far by this rendering.
    fn size(&self) -> usize {
        self.text.len() - self.start
    }

    /// Names the reason a write failed; there is but one.
    fn judge(&self, written: fmt::Result) -> Result<(), TemplateError> {
        written.map_err(|_| TemplateError::TooLarge { size: self.reached, limit: RENDER_LIMIT })
    }
}

impl fmt::Write for Page<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let size = self.size() + text.len();
        if size > RENDER_LIMIT {
            self.reached = size;
            return Err(fmt::Error);
        }
        self.text.push_str(text);
        Ok(())
    }
}

/// Escapes for HTML on the way to the page.
struct Escaper<'p, 'o> {
    page: &'p mut Page<'o>,
    changed: bool,
}

impl fmt::Write for Escaper<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut rest = text;
        while let Some((at, entity)) = first_special(rest) {
            self.changed = true;
            self.page.write_str(&rest[..at])?;
            self.page.write_str(entity)?;
            rest = &rest[at + 1..];
        }
        self.page.write_str(rest)
    }
}

fn first_special(text: &str) -> Option<(usize, &'static str)> {
    text.bytes().enumerate().find_map(|(at, byte)| {
        let entity = match byte {
            b'&' => "&amp;",
            b'<' => "&lt;",
            b'>' => "&gt;",
            b'"' => "&quot;",
            b'\'' => "&#39;",
            _ => return None,
        };
        Some((at, entity))
    })
}
