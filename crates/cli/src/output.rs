//! What is printed: tables and sentences for people, the API's own JSON for programs.
//!
//! Answers go to standard output, remarks and failures to standard error. What devices sent is printed without
//! control characters: a payload must not be able to steer somebody's terminal.

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};

use comfy_table::{Attribute, Cell, Color, ContentArrangement, Table, presets};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};

use crate::failure;

mod screen;

pub(crate) use screen::{Screen, Size};

/// A column of a table.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Column {
    title: &'static str,
    at: &'static str,
    /// Whether its words are states, told apart by colour too.
    state: bool,
}

/// A column: its title, and where in a row's JSON its value stands (a JSON pointer).
pub(crate) const fn column(title: &'static str, at: &'static str) -> Column {
    Column { title, at, state: false }
}

/// A column of states such as `success` or `skipped`.
pub(crate) const fn state(title: &'static str, at: &'static str) -> Column {
    Column { title, at, state: true }
}

/// Where things are printed, and for whom.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    json: bool,
    color: bool,
}

impl Output {
    /// For programs, or for people; in colour only on a terminal, and not under `NO_COLOR`.
    pub(crate) fn new(json: bool) -> Self {
        let unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self { json, color: !json && !unwanted && io::stdout().is_terminal() }
    }

    /// Whether a program reads.
    pub(crate) fn json(&self) -> bool {
        self.json
    }

    /// Whether a person looks on, on a terminal.
    pub(crate) fn live(&self) -> bool {
        !self.json && io::stdout().is_terminal()
    }

    /// The answer: as JSON for programs, as `people` prints it for people.
    pub(crate) fn answer(&self, value: &Value, people: impl FnOnce(&Self)) {
        if self.json {
            self.line(serde_json::to_string_pretty(value).expect("a JSON value prints"));
        } else {
            people(self);
        }
    }

    /// One of many answers: a line of JSON for programs, as `people` says for people.
    pub(crate) fn each(&self, value: &Value, people: impl FnOnce() -> String) {
        if self.json { self.line(value) } else { self.line(people()) }
    }

    /// A line on standard output.
    pub(crate) fn line(&self, text: impl Display) {
        print(&format!("{text}\n"));
    }

    /// A remark for people, on standard error.
    pub(crate) fn note(&self, text: impl Display) {
        if !self.json {
            remark(&format!("{text}"));
        }
    }

    /// A table of these rows; a sentence when there are none.
    pub(crate) fn table(&self, columns: &[Column], rows: &[Value], none: &str) {
        if rows.is_empty() {
            return self.line(none);
        }
        self.line(self.drawn(columns, rows));
    }

    /// Names and values, one a line; absent values are left out.
    pub(crate) fn fields(&self, columns: &[Column], row: &Value) {
        let shown =
            columns.iter().filter(|column| row.pointer(column.at).is_some_and(|value| !value.is_null()));
        let width = columns.iter().map(|column| column.title.len()).max().unwrap_or(0);
        for column in shown {
            self.line(format!("{:width$}  {}", column.title, text_at(row, column.at)));
        }
    }

    /// A failure, with its causes and its remedy.
    pub(crate) fn failure(&self, error: &anyhow::Error) {
        let remedy = failure::remedy(error);
        if self.json {
            let description = format!("{error:#}");
            return remark(&json!({ "error": description, "remedy": remedy }).to_string());
        }
        let mut text = format!("error: {error:#}");
        if let Some(remedy) = remedy {
            text.push_str("\n  try: ");
            text.push_str(&remedy);
        }
        remark(&text);
    }

    /// A progress bar on standard error; none where nobody would see it.
    pub(crate) fn progress(&self, steps: u64, what: &'static str) -> ProgressBar {
        if self.json || !io::stderr().is_terminal() {
            return ProgressBar::hidden();
        }
        let style = ProgressStyle::with_template("{msg:24} {wide_bar} {human_pos}/{human_len} {eta}")
            .expect("the template is ours");
        ProgressBar::new(steps).with_style(style).with_message(what)
    }

    fn drawn(self, columns: &[Column], rows: &[Value]) -> String {
        let mut table = Table::new();
        table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
        if self.color {
            table.enforce_styling();
        } else {
            table.force_no_tty();
        }
        table.set_header(columns.iter().map(|column| Cell::new(column.title).add_attribute(Attribute::Bold)));
        for row in rows {
            table.add_row(columns.iter().map(|column| {
                let text = text_at(row, column.at);
                match column.state.then(|| color_of(&text)).flatten() {
                    Some(color) => Cell::new(text).fg(color),
                    None => Cell::new(text),
                }
            }));
        }
        table.trim_fmt()
    }
}

/// The value at a pointer, as a person reads it.
pub(crate) fn text_at(row: &Value, pointer: &str) -> String {
    row.pointer(pointer).map_or_else(String::new, text_of)
}

/// A value, as a person reads it.
pub(crate) fn text_of(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::String(text) => printable(text),
        Value::Array(items) => items.iter().map(text_of).collect::<Vec<_>>().join(", "),
        Value::Number(_) | Value::Object(_) => value.to_string(),
    }
}

/// The text without what could steer a terminal.
pub(crate) fn printable(text: &str) -> String {
    text.chars().map(|character| if character.is_control() { '\u{b7}' } else { character }).collect()
}

fn color_of(state: &str) -> Option<Color> {
    Some(match state {
        "success" | "delivered" | "enabled" | "fired" | "pass" => Color::Green,
        "error" | "failed" | "miss" => Color::Red,
        "skipped" | "dropped" | "disabled" | "waiting" => Color::DarkGrey,
        _ => return None,
    })
}

/// A reader that went away, as `head` does, wants no more: there is nothing left to do then.
fn print(text: &str) {
    let mut out = io::stdout().lock();
    if out.write_all(text.as_bytes()).and_then(|()| out.flush()).is_err() {
        std::process::exit(0);
    }
}

fn remark(text: &str) {
    // Where standard error is closed there is nobody to tell.
    let _ = writeln!(io::stderr().lock(), "{text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Output = Output { json: false, color: false };
    const COLUMNS: [Column; 3] = [column("ID", "/id"), column("NAME", "/a/b"), state("STATE", "/state")];

    #[test]
    fn a_table_finds_its_values_and_leaves_absent_ones_empty() {
        let rows = [json!({"id": 1, "a": {"b": "x"}, "state": "error"}), json!({"id": "two"})];
        let lines: Vec<_> =
            PLAIN.drawn(&COLUMNS, &rows).lines().map(str::trim_end).map(str::to_owned).collect();
        assert_eq!(lines, [" ID   NAME  STATE", " 1    x     error", " two"]);
    }

    #[test]
    fn without_colour_nothing_steers_the_terminal_and_with_it_states_differ() {
        let rows = [json!({"state": "success"})];
        assert!(!PLAIN.drawn(&COLUMNS, &rows).contains('\u{1b}'));
        assert!(Output { color: true, ..PLAIN }.drawn(&COLUMNS, &rows).contains('\u{1b}'));
    }

    #[test]
    fn what_a_device_sent_cannot_steer_the_terminal() {
        assert_eq!(printable("a\u{1b}[2Jb\n"), "a\u{b7}[2Jb\u{b7}");
        assert_eq!(text_of(&json!(["x", true, null, {"a": 1}])), "x, yes, , {\"a\":1}");
    }
}
