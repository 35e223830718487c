//! Findings: what a reader of templates has to say, in one shape for API, console and command line.

use serde::Serialize;

/// How much a finding weighs, heaviest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// The template cannot be saved, or the request cannot be sent.
    Error,
    /// It can, and most likely will not do what its author wants.
    Warning,
    /// Worth knowing.
    Note,
}

/// One thing found in a template, for the person who wrote it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Finding {
    /// How much it weighs.
    pub level: Level,
    /// A word for programs; it does not change with the wording of the message.
    pub code: &'static str,
    /// A sentence that names the value, the limit and the remedy.
    pub message: String,
    /// Where it stands.
    #[serde(rename = "where")]
    pub place: Place,
}

/// A place in a template.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, utoipa::ToSchema)]
pub struct Place {
    /// The key, with the keys below it behind dots: `headers.X-Key`, `json.readings.0`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// The line within the field's text, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// The column within that line, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<usize>,
}

impl Finding {
    /// Something that must be put right.
    pub fn error(code: &'static str, field: &str, message: impl Into<String>) -> Self {
        Self::new(Level::Error, code, field, message.into())
    }

    /// Something that most likely is not meant.
    pub fn warning(code: &'static str, field: &str, message: impl Into<String>) -> Self {
        Self::new(Level::Warning, code, field, message.into())
    }

    /// Something worth knowing.
    pub fn note(code: &'static str, field: &str, message: impl Into<String>) -> Self {
        Self::new(Level::Note, code, field, message.into())
    }

    fn new(level: Level, code: &'static str, field: &str, message: String) -> Self {
        let place = Place { field: Some(field.to_owned()), ..Place::default() };
        Self { level, code, message, place }
    }

    /// The same finding with its line and column, where they are known.
    pub fn at(mut self, line: Option<usize>, column: Option<usize>) -> Self {
        (self.place.line, self.place.column) = (line, column);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_is_shown_with_its_place_under_where() {
        let finding = Finding::error("template-syntax", "url", "tag is never closed").at(Some(1), Some(9));
        let shown = serde_json::json!({
            "level": "error", "code": "template-syntax", "message": "tag is never closed",
            "where": {"field": "url", "line": 1, "column": 9}
        });
        assert_eq!(serde_json::to_value(finding).unwrap(), shown);
    }
}
