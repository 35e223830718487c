//! Filling in templates, one after another, for one request.

use crate::attempt::{Code, Rendering};
use crate::integration::Place;
use crate::request::RenderFault;
use crate::template::{Mapped, Template, TemplateError, Trace, Values};

/// A text of the request: known when the webhook is saved, or filled in for each event.
#[derive(Debug, Clone)]
pub(super) enum Text {
    /// The same in every request, already encoded for its place.
    Fixed(String),
    /// Filled in for each event.
    Hole(Hole),
}

/// A template and the place its author finds it at.
#[derive(Debug, Clone)]
pub(super) struct Hole {
    pub(super) field: String,
    pub(super) template: Template,
}

impl Text {
    /// The text of a template, encoded by `write` now if nothing is left to fill in.
    pub(super) fn new(field: &str, template: &Template, write: fn(&str, &mut String)) -> Self {
        if template.is_static() {
            let mut fixed = String::new();
            write(template.source(), &mut fixed);
            Self::Fixed(fixed)
        } else {
            Self::Hole(Hole { field: field.to_owned(), template: template.clone() })
        }
    }
}

/// Writes a text as it is.
pub(super) fn verbatim(text: &str, out: &mut String) {
    out.push_str(text);
}

/// Fills in templates with one set of values, and remembers what it met on the way.
pub(super) struct Pen<'v> {
    values: Values<'v>,
    trace: Trace,
    filled: String,
}

impl<'v> Pen<'v> {
    pub(super) fn new(values: Values<'v>) -> Self {
        Self { values, trace: Trace::default(), filled: String::new() }
    }

    /// The template filled in; valid until the next one is.
    pub(super) fn fill(&mut self, hole: &Hole) -> Result<&str, RenderFault> {
        self.filled.clear();
        hole.template
            .render_into(&self.values, &mut self.filled, Some(&mut self.trace))
            .map_err(|fault| template_fault(&hole.field, &fault))?;
        Ok(&self.filled)
    }

    /// The template filled in, with a map of which variable gave which part of it.
    pub(super) fn map(&mut self, hole: &Hole) -> Result<Mapped, RenderFault> {
        self.fill(hole)?;
        hole.template.render_mapped(&self.values).map_err(|fault| template_fault(&hole.field, &fault))
    }

    /// Writes a text, encoding what was filled in.
    pub(super) fn write(
        &mut self,
        text: &Text,
        encode: fn(&str, &mut String),
        out: &mut String,
    ) -> Result<(), RenderFault> {
        match text {
            Text::Fixed(fixed) => out.push_str(fixed),
            Text::Hole(hole) => encode(self.fill(hole)?, out),
        }
        Ok(())
    }

    /// The text by itself, filled in.
    pub(super) fn text(&mut self, text: &Text) -> Result<String, RenderFault> {
        let mut out = String::new();
        self.write(text, verbatim, &mut out)?;
        Ok(out)
    }

    pub(super) fn values(&self) -> &Values<'v> {
        &self.values
    }

    /// What was met on the way, as evidence.
    pub(super) fn into_rendering(self) -> Rendering {
        Rendering {
            used: self.trace.used,
            missing: self.trace.missing,
            escaped: self.trace.escaped,
            json_fault: None,
        }
    }
}

/// The variable that rendered this byte of a template's text, or the last one in front of it.
///
/// It renders once more, with a map, and is meant for a fault that has to be explained.
pub(super) fn culprit(template: &Template, values: &Values<'_>, byte: usize) -> Option<String> {
    let mapped = template.render_mapped(values).ok()?;
    let mut spans = mapped.spans.into_iter().rev();
    spans.find(|span| span.name.is_some() && span.rendered.start <= byte)?.name
}

/// A template that could not be filled in, as the request's fault.
fn template_fault(field: &str, fault: &TemplateError) -> RenderFault {
    let code = match fault {
        TemplateError::TooLarge { .. } => Code::TooLarge,
        TemplateError::Syntax { .. } | TemplateError::TooMuchWork { .. } => Code::Render,
    };
    let place = fault.position();
    let place = Place {
        field: Some(field.to_owned()),
        line: place.map(|place| place.line),
        column: place.map(|place| place.column),
    };
    RenderFault::new(code, place, format!("filling in `{field}`: {fault}"))
}

/// Refuses what has grown over a limit of the request.
pub(super) fn within(size: usize, limit: usize, field: &str, what: &str) -> Result<(), RenderFault> {
    if size <= limit {
        return Ok(());
    }
    let message = format!("filled in, {what} has {size} bytes or more, over the limit of {limit}: send less");
    Err(RenderFault::new(
        Code::TooLarge,
        Place { field: Some(field.to_owned()), ..Place::default() },
        message,
    ))
}
