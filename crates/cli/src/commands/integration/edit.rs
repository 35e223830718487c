//! Changing an integration: by flags, by a file, or in an editor.

use std::ffi::OsString;
use std::process::Command;

use anyhow::Context as _;
use clap::Args;
use serde_json::{Map, Value};

use super::template::{self, TemplateArgs};
use super::{Which, pretty, tell_warnings};
use crate::Context;
use crate::failure::usage;
use crate::output::text_at;

/// Change an integration: with flags, with a file that replaces it, or in your editor
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  fieldhook integration edit ID                                       in $EDITOR
  fieldhook integration edit ID --set url=https://example.com/v2 --unset headers.X-Old
  fieldhook integration edit ID --header 'Authorization: Bearer {{API_KEY}}'
  fieldhook integration edit ID webhook.json                          replaced by the file

Values shown as [[SENSITIVE]] stay as they are when they are sent back so.")]
pub(crate) struct Edit {
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    template: TemplateArgs,
}

impl Edit {
    pub(super) async fn run(self, context: &Context) -> anyhow::Result<()> {
        let client = context.client()?;
        let (path, record) = self.which.find(&client).await?;
        let before = template::of_record(&record);
        let after = if self.template.is_empty() {
            in_editor(context, &before)?
        } else {
            self.template.build(before.clone())?
        };
        if after == before {
            context.output.answer(&record, |out| out.line("Nothing was changed."));
            return Ok(());
        }
        let saved = client.put(&path, &Value::Object(after)).await?;
        context.output.answer(&saved, |out| {
            let revision = text_at(&saved, "/revision");
            out.line(format!("Saved integration {} as revision {revision}.", self.which.id));
            tell_warnings(context, &saved);
        });
        Ok(())
    }
}

fn in_editor(context: &Context, template: &Map<String, Value>) -> anyhow::Result<Map<String, Value>> {
    use std::io::IsTerminal;
    if !std::io::stdin().is_terminal() || context.output.json() {
        usage!("there is no terminal for an editor: pass --set, another flag, or a file");
    }
    let file = tempfile::Builder::new().prefix("integration-").suffix(".json").tempfile()?;
    std::fs::write(file.path(), pretty(template))?;
    let editor = editor();
    let mut words = editor.to_str().unwrap_or("vi").split_whitespace();
    let program = words.next().unwrap_or("vi");
    let status = Command::new(program)
        .args(words)
        .arg(file.path())
        .status()
        .with_context(|| format!("the editor `{program}` did not start; set EDITOR to another"))?;
    anyhow::ensure!(status.success(), "the editor `{program}` failed, so nothing was changed");
    let text = std::fs::read_to_string(file.path())?;
    serde_json::from_str(&text).or_else(|error| {
        // What was written must not be lost over a missing comma.
        let (_, kept) = file.keep()?;
        anyhow::bail!(
            "what you wrote is not a JSON object: {error}; it is kept in {}: mend it, then run \
             `fieldhook integration edit ID {}`",
            kept.display(),
            kept.display()
        )
    })
}

fn editor() -> OsString {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    set("VISUAL").or_else(|| set("EDITOR")).unwrap_or_else(|| "vi".into())
}
