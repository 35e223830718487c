//! What can be learned from a rendering besides its text.

use std::ops::Range;

/// What became of a name in a rendering. Each name stands once in each list, in the order met.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Trace {
    /// Names that had a value.
    pub used: Vec<String>,
    /// Variables that had none, or null, and became the empty text. A section may ask in vain.
    pub missing: Vec<String>,
    /// Variables whose value was changed by HTML escaping.
    pub escaped: Vec<String>,
}

/// A rendered text, and where each part of it came from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Mapped {
    /// The rendered text.
    pub text: String,
    /// Its parts in order, without gaps. A variable that gave nothing has a span of no bytes.
    pub spans: Vec<Span>,
}

impl Mapped {
    /// The span that gave the byte at this offset of the rendered text.
    pub fn span_at(&self, rendered: usize) -> Option<&Span> {
        let after = self.spans.partition_point(|span| span.rendered.end <= rendered);
        self.spans.get(after)
    }
}

/// A stretch of rendered text that came from one place of the template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// Bytes of the rendered text.
    pub rendered: Range<usize>,
    /// Bytes of the template: literal text, or the whole tag of a variable.
    pub template: Range<usize>,
    /// The variable, unless it is literal text.
    pub name: Option<String>,
}

/// What became of a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Used,
    Missing,
    Escaped,
}

/// Hears what a rendering does. The one that hears nothing costs nothing.
pub(super) trait Witness {
    /// A name met its fate.
    fn met(&mut self, _name: &str, _fate: Fate) {}
    /// The template's bytes gave these rendered bytes, by way of this variable.
    fn wrote(&mut self, _rendered: Range<usize>, _template: &Range<usize>, _name: Option<&str>) {}
}

impl Witness for () {}

impl Witness for Trace {
    fn met(&mut self, name: &str, fate: Fate) {
        let list = match fate {
            Fate::Used => &mut self.used,
            Fate::Missing => &mut self.missing,
            Fate::Escaped => &mut self.escaped,
        };
        if !list.iter().any(|known| known == name) {
            list.push(name.to_owned());
        }
    }
}

impl Witness for Vec<Span> {
    fn wrote(&mut self, rendered: Range<usize>, template: &Range<usize>, name: Option<&str>) {
        self.push(Span { rendered, template: template.clone(), name: name.map(str::to_owned) });
    }
}
