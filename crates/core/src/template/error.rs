//! Why a template cannot be used, and where in its text.

use std::fmt;

use super::{DEPTH_LIMIT, NAME_LIMIT};

/// Why a template cannot be used. Shown, as it is, to whoever saved it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// The text is not a template.
    #[error("{position}: {fault}")]
    Syntax {
        /// Where the tag at fault begins.
        position: Position,
        /// What is wrong with it.
        fault: Fault,
    },
    /// The rendered text is too long.
    #[error(
        "the rendered text reached {size} bytes, over the limit of {limit}: shorten the template or the values it uses"
    )]
    TooLarge {
        /// Bytes it would have had when it was stopped; the whole may have been longer.
        size: usize,
        /// Bytes allowed.
        limit: usize,
    },
    /// Rendering took too many steps.
    #[error("rendering took more than {limit} steps: nest fewer lists in one another, or send shorter ones")]
    TooMuchWork {
        /// Steps allowed.
        limit: u32,
    },
}

impl TemplateError {
    /// Where in the template the fault lies, when it lies in the template's text.
    pub fn position(&self) -> Option<Position> {
        match self {
            Self::Syntax { position, .. } => Some(*position),
            Self::TooLarge { .. } | Self::TooMuchWork { .. } => None,
        }
    }
}

/// What is wrong with a tag.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// A tag is opened and never closed.
    #[error("the tag opened by `{open}` is never closed: end it with `{close}`")]
    TagUnclosed {
        /// What opens it.
        open: &'static str,
        /// What would close it.
        close: &'static str,
    },
    /// A tag without a name.
    #[error("the tag has no name: write one between the braces, or `.` for the value at hand")]
    NameMissing,
    /// The name is too long.
    #[error("the name is {size} bytes long, over the limit of {NAME_LIMIT}: shorten it")]
    NameTooLong {
        /// Bytes it has.
        size: usize,
    },
    /// The name holds a brace.
    #[error("the name `{name}` holds a brace: put a space between a tag and a brace that is meant as text")]
    NameWithBrace {
        /// The name.
        name: String,
    },
    /// A tag of Mustache that we do not have.
    #[error("`{{{{{sigil}` is {what}, which templates here do not have: {remedy}")]
    Unsupported {
        /// What the tag begins with.
        sigil: char,
        /// What it would be, in words.
        what: &'static str,
        /// What to do instead.
        remedy: &'static str,
    },
    /// A section is opened and never closed.
    #[error("the section `{name}` is never closed: end it with `{{{{/{name}}}}}`")]
    SectionUnclosed {
        /// Its name.
        name: String,
    },
    /// A closing tag where no section is open.
    #[error(
        "`{{{{/{name}}}}}` closes a section that was never opened: remove it, or open it with `{{{{#{name}}}}}`"
    )]
    SectionUnopened {
        /// The name it closes.
        name: String,
    },
    /// A closing tag of another name than the section that is open.
    #[error(
        "`{{{{/{found}}}}}` stands where the section `{open}` must be closed first: write `{{{{/{open}}}}}`"
    )]
    SectionMismatch {
        /// The section that is open.
        open: String,
        /// The name the tag closes.
        found: String,
    },
    /// Sections are nested too deep.
    #[error(
        "the section `{name}` is nested over the limit of {DEPTH_LIMIT} levels: nest fewer sections in one another"
    )]
    TooDeep {
        /// The first section too deep.
        name: String,
    },
}

/// A place in a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// The byte offset, from 0.
    pub at: usize,
}

impl Position {
    /// The place of the byte at offset `at`, which must begin a character or be the end of `text`.
    pub fn of(text: &str, at: usize) -> Self {
        let before = &text[..at];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Self {
            line: before.bytes().filter(|&byte| byte == b'\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            at,
        }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}
