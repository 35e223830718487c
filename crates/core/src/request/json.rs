//! JSON bodies: an object filled in leaf by leaf, or a text that must be JSON once it is filled in.

use std::fmt;

use serde::de::{Deserializer as _, IgnoredAny, MapAccess, Visitor};

use super::encode::json_text;
use super::fields::Defaults;
use super::pen::{Hole, Pen, culprit, within};
use super::variables::Facts;
use super::{BODY_LIMIT, RenderFault};
use crate::attempt::Code;
use crate::integration::{Leaf, Place, Shape};
use crate::template::Template;

/// `json` given as an object or list, cut into what never changes and the holes between.
///
/// Each hole is written as the inside of a JSON string, so no value can break the document around it.
#[derive(Debug, Clone)]
pub(super) struct JsonBody {
    pieces: Vec<Piece>,
    /// The defaults to add before the closing brace; absent for a list, which has no fields.
    object: Option<Object>,
}

#[derive(Debug, Clone, Copy)]
struct Object {
    defaults: Defaults,
    empty: bool,
}

#[derive(Debug, Clone)]
enum Piece {
    Fixed(String),
    Text(Hole),
    /// A key of the outermost object, which may turn out to be that of a default field.
    Key(Hole),
}

impl JsonBody {
    pub(super) fn new(shape: &Shape, mut defaults: Defaults) -> Self {
        let mut pieces = Pieces::default();
        let object = match shape {
            Shape::Object(members) => {
                for (key, _) in members.iter().filter(|(key, _)| key.text.is_static()) {
                    defaults.leave_out(key.text.source());
                }
                pieces.members(members, Piece::Key);
                Some(Object { defaults, empty: members.is_empty() })
            }
            other => {
                pieces.shape(other);
                None
            }
        };
        Self { pieces: pieces.finish(), object }
    }

    pub(super) fn write(
        &self,
        pen: &mut Pen<'_>,
        facts: &Facts<'_>,
        out: &mut String,
    ) -> Result<(), RenderFault> {
        let mut defaults = self.object.map_or(Defaults::NONE, |object| object.defaults);
        for piece in &self.pieces {
            match piece {
                Piece::Fixed(text) => out.push_str(text),
                Piece::Text(hole) => json_text(pen.fill(hole)?, out),
                Piece::Key(hole) => {
                    let key = pen.fill(hole)?;
                    defaults.leave_out(key);
                    json_text(key, out);
                }
            }
            within(out.len(), BODY_LIMIT, "json", "the JSON body")?;
        }
        if let Some(Object { empty, .. }) = self.object {
            write_defaults(defaults, facts, empty, out);
            out.push('}');
        }
        Ok(())
    }
}

/// Adds the default fields to an object whose closing brace is not written yet.
fn write_defaults(defaults: Defaults, facts: &Facts<'_>, mut first: bool, out: &mut String) {
    defaults.each(facts, |name, value| {
        if !std::mem::take(&mut first) {
            out.push(',');
        }
        out.push('"');
        out.push_str(name);
        out.push_str("\":\"");
        json_text(value, out);
        out.push('"');
    });
}

/// Gathers pieces, joining what is fixed.
#[derive(Default)]
struct Pieces {
    done: Vec<Piece>,
    fixed: String,
}

impl Pieces {
    fn shape(&mut self, shape: &Shape) {
        match shape {
            Shape::Fixed(text) => self.fixed.push_str(text),
            Shape::Text(leaf) => self.leaf(leaf, Piece::Text),
            Shape::List(items) => {
                self.fixed.push('[');
                for (at, item) in items.iter().enumerate() {
                    self.comma(at);
                    self.shape(item);
                }
                self.fixed.push(']');
            }
            Shape::Object(members) => {
                self.members(members, Piece::Text);
                self.fixed.push('}');
            }
        }
    }

    /// An object up to its closing brace.
    fn members(&mut self, members: &[(Leaf, Shape)], key_piece: fn(Hole) -> Piece) {
        self.fixed.push('{');
        for (at, (key, value)) in members.iter().enumerate() {
            self.comma(at);
            self.leaf(key, key_piece);
            self.fixed.push(':');
            self.shape(value);
        }
    }

    fn comma(&mut self, at: usize) {
        if at > 0 {
            self.fixed.push(',');
        }
    }

    fn leaf(&mut self, leaf: &Leaf, piece: fn(Hole) -> Piece) {
        self.fixed.push('"');
        if leaf.text.is_static() {
            json_text(leaf.text.source(), &mut self.fixed);
        } else {
            self.done.push(Piece::Fixed(std::mem::take(&mut self.fixed)));
            self.done.push(piece(Hole { field: leaf.field.clone(), template: leaf.text.clone() }));
        }
        self.fixed.push('"');
    }

    fn finish(mut self) -> Vec<Piece> {
        self.done.push(Piece::Fixed(self.fixed));
        self.done
    }
}

/// Writes `json` given as text, and refuses it when it is not JSON once filled in.
///
/// The text goes out as its author wrote it, numbers digit by digit: the default fields are put in front of
/// the last brace, and nothing else is touched. A list or a bare value gets no default fields.
pub(super) fn write_text(
    hole: &Hole,
    defaults: Defaults,
    pen: &mut Pen<'_>,
    facts: &Facts<'_>,
    out: &mut String,
) -> Result<(), RenderFault> {
    out.push_str(pen.fill(hole)?);
    let refuse = |pen: &Pen<'_>, fault: &serde_json::Error| not_json(&hole.template, pen, facts, fault, out);
    if !defaults.any() || !out.trim_start().starts_with('{') {
        return match serde_json::from_str::<IgnoredAny>(out) {
            Ok(_) => Ok(()),
            Err(fault) => Err(refuse(pen, &fault)),
        };
    }
    let members = match Members::of(out, defaults) {
        Ok(members) => members,
        Err(fault) => return Err(refuse(pen, &fault)),
    };
    out.truncate(out.trim_end().len() - 1);
    write_defaults(members.missing, facts, members.empty, out);
    out.push('}');
    Ok(())
}

/// What is to be known of an object's members to add the default fields to it.
struct Members {
    missing: Defaults,
    empty: bool,
}

impl Members {
    fn of(text: &str, defaults: Defaults) -> Result<Self, serde_json::Error> {
        let mut reader = serde_json::Deserializer::from_str(text);
        let members = reader.deserialize_map(Self { missing: defaults, empty: true })?;
        reader.end().map(|()| members)
    }
}

impl<'de> Visitor<'de> for Members {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<Self, A::Error> {
        while let Some((key, IgnoredAny)) = map.next_entry::<String, IgnoredAny>()? {
            self.empty = false;
            self.missing.leave_out(&key);
        }
        Ok(self)
    }
}

fn not_json(
    template: &Template,
    pen: &Pen<'_>,
    facts: &Facts<'_>,
    fault: &serde_json::Error,
    text: &str,
) -> RenderFault {
    let (line, column) = (fault.line(), fault.column());
    let byte = byte_of(text, line, column);
    let from = match culprit(template, pen.values(), byte) {
        Some(name) => format!(", at the value of `{name}`"),
        None => String::new(),
    };
    let message = format!(
        "`json` filled in with the event `{}` is not JSON: {} at line {line}, column {column}{from}",
        facts.event.name,
        json_fault_text(fault)
    );
    let place = Place { field: Some("json".to_owned()), line: Some(line), column: Some(column) };
    RenderFault::new(Code::Render, place, message)
}

/// What is wrong with a text that is not JSON, without the place, which has fields of its own.
pub(crate) fn json_fault_text(fault: &serde_json::Error) -> String {
    let text = fault.to_string();
    text.rsplit_once(" at line ").map_or(text.as_str(), |(what, _)| what).to_owned()
}

/// The byte that serde_json means by a line and a column, which it counts in bytes from 1.
pub(super) fn byte_of(text: &str, line: usize, column: usize) -> usize {
    let before: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    (before + column.saturating_sub(1)).min(text.len())
}
