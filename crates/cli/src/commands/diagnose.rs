//! What is wrong with an integration: its cards, as text.

use clap::Args;
use fieldhook_core::diagnosis::{Action, Card, Extent, Fact, Source, Step};
use fieldhook_core::wire::diagnosis::Diagnosis;

use crate::Context;
use crate::output::{Output, printable};
use crate::path::Path;

/// Columns of text, the label beside it not counted.
const WIDTH: usize = 88;
/// Columns of a label.
const LABEL: usize = 10;

/// Tell what is wrong with an integration, with the proof and the remedy
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  fieldhook diagnose ID
  fieldhook diagnose ID --json | jq '.cards[].cause.words'")]
pub(crate) struct Diagnose {
    /// The integration's id
    integration: String,
}

impl Diagnose {
    pub(crate) async fn run(self, context: &Context) -> anyhow::Result<()> {
        let answer = context.client()?.get(&of(&self.integration)).await?;
        let diagnosis: Diagnosis = serde_json::from_value(answer.clone())?;
        context.output.answer(&answer, |out| {
            if diagnosis.cards.is_empty() {
                out.line("Nothing is wrong: no issue is open, and events get through.");
            }
            for card in &diagnosis.cards {
                print(out, card);
            }
        });
        Ok(())
    }
}

/// Where the diagnosis of an integration is.
pub(super) fn of(integration: &str) -> Path {
    Path::of(&["fieldhook", "v1", "integrations", integration, "diagnosis"])
}

/// Prints a card as text.
pub(super) fn print(out: Output, card: &Card) {
    out.line(format!("■ {}", printable(&card.title)));
    let mut rows = vec![
        ("What", card.happened.clone()),
        ("How much", extent(&card.extent)),
        ("Why", card.cause.words.clone()),
        ("Proof", proof(&card.cause.fact)),
    ];
    rows.extend(card.also.iter().map(|fact| ("Also", fact.words.clone())));
    let steps = card.steps.iter().enumerate();
    rows.extend(
        steps.map(|(at, step)| (if at == 0 { "Do" } else { "" }, format!("{}. {}", at + 1, todo(step)))),
    );
    rows.push(("Events", card.fate.words.clone()));
    rows.extend(card.issue.iter().map(|issue| ("Issue", issue.clone())));
    rows.push(("More", format!("docs/{}", card.page)));
    for (label, text) in rows.iter().filter(|(_, text)| !text.is_empty()) {
        row(out, label, text);
    }
    out.line("");
}

/// A label, and the text beside it, wrapped.
fn row(out: Output, label: &str, text: &str) {
    let mut label = label;
    for line in wrapped(&printable(text), WIDTH) {
        out.line(format!("  {label:LABEL$}{line}"));
        label = "";
    }
}

fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let line = lines.last_mut().expect("there is always a line");
        if line.is_empty() {
            line.push_str(word);
        } else if line.chars().count() + 1 + word.chars().count() <= width {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}

fn extent(extent: &Extent) -> String {
    let mut parts = Vec::new();
    if extent.of > 0 {
        let percent = extent.percent().unwrap_or(0);
        parts.push(format!("{} of {} {} ({percent} %)", extent.count, extent.of, extent.unit));
    }
    match extent.devices {
        0 => {}
        1 => parts.push("1 device".to_owned()),
        more => parts.push(format!("{more} devices")),
    }
    parts.extend(extent.since.map(|at| format!("since {at}")));
    parts.extend(extent.last.filter(|last| Some(*last) != extent.since).map(|at| format!("last {at}")));
    parts.extend(extent.last_good.map(|at| format!("last success {at}")));
    parts.join(" · ")
}

/// The fact, and where to look for oneself.
fn proof(fact: &Fact) -> String {
    let places: Vec<_> = fact.sources().iter().map(place).collect();
    format!("{} [{}]", fact.words, places.join(", "))
}

fn place(source: &Source) -> String {
    match source {
        Source::Attempt { id } => format!("attempt {id}"),
        Source::Event { id } => format!("event {id}"),
        Source::Revision { revision, .. } => format!("revision {revision}"),
        Source::Integration { .. } => "the integration".to_owned(),
        Source::Gate { origin } => format!("the gate of {origin}"),
        Source::Counters { .. } => "what is counted".to_owned(),
        Source::Secret { name } => format!("secret {name}"),
        Source::Health => "the server's health".to_owned(),
    }
}

/// The step, with the field and value that it names.
fn todo(step: &Step) -> String {
    match &step.action {
        Some(Action::EditField { field, value: Some(value), .. }) => {
            format!("{} ({field} = {value})", step.words)
        }
        Some(Action::EditField { field, line: Some(line), column: Some(column), .. }) => {
            format!("{} ({field}, line {line}, column {column})", step.words)
        }
        Some(Action::EditField { field, .. }) => format!("{} ({field})", step.words),
        Some(Action::Open { integration }) => format!("{} ({integration})", step.words),
        _ => step.words.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_wrapped_between_words_and_a_long_word_stands_alone() {
        assert_eq!(wrapped("one two three", 8), ["one two", "three"]);
        assert_eq!(wrapped("a verylongword b", 5), ["a", "verylongword", "b"]);
        assert_eq!(wrapped("", 5), [""]);
    }

    #[test]
    fn a_step_names_the_field_and_what_to_put_there() {
        let step = Step::click("Choose the method.", Action::put("requestType", "PUT"));
        assert_eq!(todo(&step), "Choose the method. (requestType = PUT)");
        assert_eq!(todo(&Step::by_hand("Wait.")), "Wait.");
    }
}
