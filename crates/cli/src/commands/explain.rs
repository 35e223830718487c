//! Why an event fired what it fired, and why it did not fire the rest.

use std::collections::BTreeSet;

use clap::Args;
use fieldhook_core::diagnosis::Card;
use serde_json::Value;

use super::diagnose;
use crate::Context;
use crate::output::{Column, column, state, text_at};
use crate::path::Path;

const TRACE: [Column; 4] = [
    state("CAME OF IT", "/reason"),
    column("INTEGRATION", "/integration"),
    column("FIRES ON", "/prefix"),
    column("WHY", "/explanation"),
];

const DELIVERIES: [Column; 5] = [
    state("VERDICT", "/verdict"),
    column("INTEGRATION", "/integration"),
    column("ATTEMPTS", "/attempt_count"),
    column("NEXT TRY", "/next_at"),
    column("DELIVERY", "/id"),
];

/// Explain what an event fired, why it did not fire the rest, and what is wrong where it did not get through
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  fieldhook explain 0198c0de-0000-7000-8000-000000000000
  fieldhook explain EVENT --json | jq '.trace[] | select(.reason != \"fired\")'")]
pub(crate) struct Explain {
    /// The event, by the id that publishing it answered
    event: String,
}

impl Explain {
    pub(crate) async fn run(self, context: &Context) -> anyhow::Result<()> {
        let path = Path::of(&["fieldhook", "v1", "events", &self.event]);
        let client = context.client()?;
        let mut story = client.get(&path).await?;
        let mut diagnoses = Vec::new();
        for integration in in_trouble(&story) {
            diagnoses.push(client.get(&diagnose::of(&integration)).await?);
        }
        story["diagnoses"] = Value::Array(diagnoses);
        context.output.answer(&story, |out| {
            out.fields(
                &[
                    column("Event", "/name"),
                    column("Data", "/data"),
                    column("Published", "/published_at"),
                    column("By", "/coreid"),
                ],
                &story,
            );
            out.line("");
            out.table(&TRACE, rows(&story["trace"]), "There is no integration that could have seen it.");
            out.line("");
            out.table(&DELIVERIES, rows(&story["deliveries"]), "It fired nothing.");
            for diagnosis in rows(&story["diagnoses"]) {
                let integration = text_at(diagnosis, "/integration");
                out.line(format!("\nWhat is wrong with {integration}:\n"));
                let cards =
                    serde_json::from_value::<Vec<Card>>(diagnosis["cards"].clone()).unwrap_or_default();
                for card in &cards {
                    diagnose::print(out, card);
                }
                if cards.is_empty() {
                    out.line("Nothing any more: no issue is open, and events get through.");
                }
            }
        });
        Ok(())
    }
}

/// The integrations for which the event did not get through, each once. One that is gone has no diagnosis: of it the
/// trace knows nothing.
fn in_trouble(story: &Value) -> BTreeSet<String> {
    let known = |integration: &Value| {
        rows(&story["trace"]).iter().any(|traced| traced["integration"] == *integration)
    };
    let lost = rows(&story["deliveries"]).iter().filter(|delivery| delivery["verdict"] != "delivered");
    lost.filter(|delivery| known(&delivery["integration"]))
        .map(|delivery| text_at(delivery, "/integration"))
        .collect()
}

fn rows(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}
