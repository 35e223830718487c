//! Why an event fired what it fired, and why it did not fire the rest.

use clap::Args;
use serde_json::Value;

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

/// Explain what an event fired, and why it did not fire the rest
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
        let story = context.client()?.get(&path).await?;
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
            for integration in in_trouble(&story) {
                out.line(format!("What is wrong with {integration}: fieldhook diagnose {integration}"));
            }
        });
        Ok(())
    }
}

/// The integrations for which the event did not get through.
fn in_trouble(story: &Value) -> Vec<String> {
    let lost = rows(&story["deliveries"]).iter().filter(|delivery| delivery["verdict"] != "delivered");
    lost.map(|delivery| text_at(delivery, "/integration")).collect()
}

fn rows(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}
