//! What was measured, beside what was hoped for.

use serde_json::{Value, json};

use crate::output::{Column, Output, column, state};

/// Everything measured in one run.
#[derive(Debug, Default)]
pub(super) struct Report {
    /// In the order measured.
    pub(super) rows: Vec<Row>,
}

/// One figure.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Row {
    name: String,
    value: f64,
    unit: String,
    target: Option<Target>,
}

/// What a figure should be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Target {
    AtLeast(f64),
    AtMost(f64),
}

/// This or more.
pub(super) fn at_least(value: f64) -> Target {
    Target::AtLeast(value)
}

/// This or less.
pub(super) fn at_most(value: f64) -> Target {
    Target::AtMost(value)
}

impl Target {
    fn met(self, value: f64) -> bool {
        match self {
            Self::AtLeast(least) => value >= least,
            Self::AtMost(most) => value <= most,
        }
    }

    fn text(self) -> String {
        match self {
            Self::AtLeast(least) => format!("≥ {}", figure(least)),
            Self::AtMost(most) => format!("≤ {}", figure(most)),
        }
    }
}

impl Row {
    /// A figure without a target.
    pub(super) fn new(name: impl Into<String>, value: f64, unit: impl Into<String>) -> Self {
        Self { name: name.into(), value, unit: unit.into(), target: None }
    }

    /// The same with one.
    pub(super) fn target(self, target: Target) -> Self {
        Self { target: Some(target), ..self }
    }

    fn json(&self) -> Value {
        let mut row = json!({ "name": self.name, "value": self.value, "unit": self.unit });
        row["text"] = format!("{} {}", figure(self.value), self.unit).trim_end().into();
        if let Some(target) = self.target {
            row["target"] = target.text().into();
            row["result"] = if target.met(self.value) { "pass" } else { "miss" }.into();
        }
        row
    }
}

const COLUMNS: [Column; 4] = [
    column("WHAT", "/name"),
    column("MEASURED", "/text"),
    column("TARGET", "/target"),
    state("RESULT", "/result"),
];

impl Report {
    /// Prints it.
    pub(super) fn print(&self, output: Output) {
        let rows: Vec<Value> = self.rows.iter().map(Row::json).collect();
        let cores = std::thread::available_parallelism().map_or(0, usize::from);
        let build = if cfg!(debug_assertions) { "debug" } else { "release" };
        let version = env!("CARGO_PKG_VERSION");
        let whole = json!({ "version": version, "build": build, "cores": cores, "rows": rows });
        output.answer(&whole, |out| {
            out.table(&COLUMNS, &rows, "Nothing was measured.");
            out.note(format!("Fieldhook {version}, {build} build, {cores} cores."));
            if cfg!(debug_assertions) {
                out.note("A debug build is several times slower: measure with a release build.");
            }
        });
    }
}

/// A number with about three digits that matter.
fn figure(value: f64) -> String {
    match value.abs() {
        size if size >= 100.0 => grouped(value),
        size if size >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

/// A whole number with commas between its thousands.
fn grouped(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_at_its_target_has_met_it() {
        let result = |row: &Row| row.json()["result"].clone();
        assert_eq!(result(&Row::new("a", 0.1, "").target(at_least(0.1))), "pass");
        assert_eq!(result(&Row::new("a", 0.09, "").target(at_least(0.1))), "miss");
        assert_eq!(result(&Row::new("a", 20.0, "ms").target(at_most(20.0))), "pass");
        assert_eq!(result(&Row::new("a", 20.1, "ms").target(at_most(20.0))), "miss");
        assert_eq!(result(&Row::new("a", 1.0, "")), Value::Null);
    }

    #[test]
    fn figures_are_as_exact_as_they_are_worth() {
        let figures = [1_234_567.0, 999.6, 100.0, 12.34, 0.123].map(figure);
        assert_eq!(figures, ["1,234,567", "1,000", "100", "12.3", "0.12"]);
    }
}
