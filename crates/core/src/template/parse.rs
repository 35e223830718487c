//! From a text to a flat list of nodes, in one pass.

use std::collections::HashMap;
use std::ops::Range;

use super::error::{Fault, Position, TemplateError};
use super::{DEPTH_LIMIT, NAME_LIMIT};

/// Bytes of a key that are hashed in about the time of a step.
const KEY_BYTES_PER_STEP: u32 = 32;

/// A compiled template.
pub(super) struct Program {
    pub source: Box<str>,
    pub nodes: Box<[Node]>,
    /// Every name, each once; nodes refer to them by index.
    pub names: Box<[Name]>,
    /// How many tags the source has, comments included.
    pub tags: usize,
}

/// One thing to do when rendering; ranges are of bytes of the source.
pub(super) enum Node {
    Text(Range<usize>),
    Variable {
        name: usize,
        raw: bool,
        tag: Range<usize>,
    },
    /// Its body is the nodes that follow, up to `end`.
    Section {
        name: usize,
        inverted: bool,
        end: usize,
    },
}

/// A name, split once into what it looks for.
pub(super) struct Name {
    pub text: Box<str>,
    /// Empty for `.`, the value at hand.
    pub path: Box<[Part]>,
}

/// One step of a dotted name.
pub(super) struct Part {
    pub key: Box<str>,
    /// The same as the index of a list item, when it is a number.
    pub index: Option<usize>,
    /// Steps that looking for it takes: hashing a long key costs more than a short one.
    pub steps: u32,
}

impl Name {
    fn new(text: &str) -> Self {
        let part = |key: &str| {
            let digits = key.bytes().all(|byte| byte.is_ascii_digit());
            let index = digits.then(|| key.parse().ok()).flatten();
            Part { key: key.into(), index, steps: 1 + key.len() as u32 / KEY_BYTES_PER_STEP }
        };
        let path = if text == "." { Box::default() } else { text.split('.').map(part).collect() };
        Self { text: text.into(), path }
    }
}

/// Compiles a text.
pub(super) fn program(source: &str) -> Result<Program, TemplateError> {
    let mut parser = Parser { source, nodes: vec![], names: vec![], known: HashMap::new(), open: vec![] };
    let tags = parser.run()?;
    Ok(Program { source: source.into(), nodes: parser.nodes.into(), names: parser.names.into(), tags })
}

struct Parser<'s> {
    source: &'s str,
    nodes: Vec<Node>,
    names: Vec<Name>,
    known: HashMap<&'s str, usize>,
    open: Vec<OpenSection<'s>>,
}

struct OpenSection<'s> {
    node: usize,
    name: &'s str,
    at: usize,
}

struct Tag<'s> {
    kind: Kind,
    name: &'s str,
    span: Range<usize>,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Variable { raw: bool },
    Section { inverted: bool },
    Close,
    Comment,
}

impl<'s> Parser<'s> {
    /// Fills the nodes and gives the number of tags.
    fn run(&mut self) -> Result<usize, TemplateError> {
        let mut tags = 0;
        let mut from = 0;
        while let Some(found) = self.source[from..].find("{{") {
            let tag = self.tag(from + found)?;
            let taken = self.taken(&tag);
            self.text(from..taken.start);
            self.node(&tag)?;
            from = taken.end;
            tags += 1;
        }
        self.text(from..self.source.len());
        match self.open.pop() {
            Some(OpenSection { name, at, .. }) => {
                Err(self.fault(at, Fault::SectionUnclosed { name: name.to_owned() }))
            }
            None => Ok(tags),
        }
    }

    /// Reads the tag that begins at byte `start`.
    fn tag(&self, start: usize) -> Result<Tag<'s>, TemplateError> {
        let triple = self.source[start..].starts_with("{{{");
        let (open, close) = if triple { ("{{{", "}}}") } else { ("{{", "}}") };
        let inside_at = start + open.len();
        let unclosed = || self.fault(start, Fault::TagUnclosed { open, close });
        let length = self.source[inside_at..].find(close).ok_or_else(unclosed)?;
        let span = start..inside_at + length + close.len();
        let inside = self.source[inside_at..inside_at + length].trim();

        let (kind, name) = match inside.chars().next() {
            _ if triple => (Kind::Variable { raw: true }, inside),
            Some('!') => return Ok(Tag { kind: Kind::Comment, name: "", span }),
            Some('&') => (Kind::Variable { raw: true }, &inside[1..]),
            Some('#') => (Kind::Section { inverted: false }, &inside[1..]),
            Some('^') => (Kind::Section { inverted: true }, &inside[1..]),
            Some('/') => (Kind::Close, &inside[1..]),
            Some(sigil @ ('>' | '<' | '=')) => return Err(self.fault(start, unsupported(sigil))),
            _ => (Kind::Variable { raw: false }, inside),
        };
        let name = name.trim();
        if name.contains("{{") || name.contains("}}") {
            // It ran into the next tag before it met an end of its own.
            return Err(unclosed());
        }
        check_name(name).map_err(|fault| self.fault(start, fault))?;
        Ok(Tag { kind, name, span })
    }

    /// The bytes a tag takes from the text around it: its whole line, break included, when it gives no text of
    /// its own and stands there alone; otherwise just the tag.
    fn taken(&self, tag: &Tag<'_>) -> Range<usize> {
        if matches!(tag.kind, Kind::Variable { .. }) {
            return tag.span.clone();
        }
        let blank = [' ', '\t'];
        let before = self.source[..tag.span.start].trim_end_matches(blank);
        let after = self.source[tag.span.end..].trim_start_matches(blank);
        let line_break = ["\n", "\r\n"].into_iter().find(|line_break| after.starts_with(line_break));

        let begins_line = before.is_empty() || before.ends_with('\n');
        let ends_line = after.is_empty() || line_break.is_some();
        if begins_line && ends_line {
            let rest = after.len() - line_break.map_or(0, str::len);
            before.len()..self.source.len() - rest
        } else {
            tag.span.clone()
        }
    }

    fn text(&mut self, span: Range<usize>) {
        if !span.is_empty() {
            self.nodes.push(Node::Text(span));
        }
    }

    fn node(&mut self, tag: &Tag<'s>) -> Result<(), TemplateError> {
        match tag.kind {
            Kind::Comment => {}
            Kind::Variable { raw } => {
                let name = self.name(tag.name);
                self.nodes.push(Node::Variable { name, raw, tag: tag.span.clone() });
            }
            Kind::Section { inverted } => {
                if self.open.len() == DEPTH_LIMIT {
                    return Err(self.fault(tag.span.start, Fault::TooDeep { name: tag.name.to_owned() }));
                }
                self.open.push(OpenSection { node: self.nodes.len(), name: tag.name, at: tag.span.start });
                let name = self.name(tag.name);
                // Where it ends is filled in by the closing tag.
                self.nodes.push(Node::Section { name, inverted, end: 0 });
            }
            Kind::Close => self.close(tag)?,
        }
        Ok(())
    }

    fn close(&mut self, tag: &Tag<'s>) -> Result<(), TemplateError> {
        let found = tag.name.to_owned();
        let Some(section) = self.open.pop() else {
            return Err(self.fault(tag.span.start, Fault::SectionUnopened { name: found }));
        };
        if section.name != found {
            let open = section.name.to_owned();
            return Err(self.fault(tag.span.start, Fault::SectionMismatch { open, found }));
        }
        let after = self.nodes.len();
        if let Node::Section { end, .. } = &mut self.nodes[section.node] {
            *end = after;
        }
        Ok(())
    }

    /// The index of a name, which is added when it is new.
    fn name(&mut self, text: &'s str) -> usize {
        *self.known.entry(text).or_insert_with(|| {
            self.names.push(Name::new(text));
            self.names.len() - 1
        })
    }

    fn fault(&self, at: usize, fault: Fault) -> TemplateError {
        TemplateError::Syntax { position: Position::of(self.source, at), fault }
    }
}

fn check_name(name: &str) -> Result<(), Fault> {
    if name.is_empty() {
        return Err(Fault::NameMissing);
    }
    if name.len() > NAME_LIMIT {
        return Err(Fault::NameTooLong { size: name.len() });
    }
    if name.contains(['{', '}']) {
        return Err(Fault::NameWithBrace { name: name.to_owned() });
    }
    Ok(())
}

fn unsupported(sigil: char) -> Fault {
    let (what, remedy) = match sigil {
        '=' => ("a change of delimiters", "keep to braces, and send literal ones in a value"),
        '<' => ("a parent template", "write its text out here"),
        _ => ("a partial", "write its text out here"),
    };
    Fault::Unsupported { sigil, what, remedy }
}
