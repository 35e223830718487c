//! Secrets that templates may name, such as `{{API_KEY}}`. Their values are never shown.

use clap::Subcommand;
use serde_json::json;

use super::login::secret;
use super::scope::Whose;
use crate::Context;
use crate::output::column;
use crate::path::Path;

/// Secrets that templates may name, such as {{API_KEY}}
#[derive(Debug, Subcommand)]
#[command(after_help = "\
Examples:
  fieldhook secret set API_KEY
  fieldhook integration create --event temp --to https://example.com/in \\
      --header 'Authorization: Bearer {{API_KEY}}' --set 'secrets=[\"API_KEY\"]'")]
pub(crate) enum Secret {
    /// List the names of secrets
    #[command(after_help = "Examples:\n  fieldhook secret list\n  fieldhook secret list --scope product:1")]
    List {
        #[command(flatten)]
        whose: Whose,
    },
    /// Set a secret; the value is asked for, or read from standard input
    #[command(after_help = "Examples:
  fieldhook secret set API_KEY
  pass show api-key | fieldhook secret set API_KEY --value-stdin --scope product:1")]
    Set {
        /// Its name, which is its variable in templates
        name: String,
        /// Read the value from standard input
        #[arg(long)]
        value_stdin: bool,
        #[command(flatten)]
        whose: Whose,
    },
    /// Delete a secret
    #[command(after_help = "Examples:\n  fieldhook secret delete API_KEY")]
    Delete {
        /// Its name
        name: String,
        #[command(flatten)]
        whose: Whose,
    },
}

impl Secret {
    pub(crate) async fn run(self, context: &Context) -> anyhow::Result<()> {
        let client = context.client()?;
        let out = &context.output;
        match self {
            Self::List { whose } => {
                let answer = client.get(&secrets().maybe("scope", whose.scope)).await?;
                let rows = answer["items"].as_array().map_or(&[][..], Vec::as_slice);
                let columns = [column("NAME", "/name"), column("SCOPE", "/scope")];
                out.answer(&answer, |out| {
                    out.table(&columns, rows, "None. Set one: fieldhook secret set NAME");
                });
            }
            Self::Set { name, value_stdin, whose } => {
                let value = secret("Value: ", value_stdin)?;
                let path = secrets().then(&name).maybe("scope", whose.scope);
                let answer = client.put(&path, &json!({ "value": value })).await?;
                out.answer(&answer, |out| out.line(format!("Set {name}.")));
            }
            Self::Delete { name, whose } => {
                let answer = client.delete(&secrets().then(&name).maybe("scope", whose.scope)).await?;
                out.answer(&answer, |out| out.line(format!("Deleted {name}.")));
            }
        }
        Ok(())
    }
}

fn secrets() -> Path {
    Path::of(&["fieldhook", "v1", "secrets"])
}
