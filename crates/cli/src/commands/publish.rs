//! Publishing one event.

use std::io::Read;

use anyhow::Context as _;
use clap::Args;
use serde_json::json;

use super::scope::ScopeArgs;
use crate::Context;

/// Publish an event
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  fieldhook publish temperature 21.5
  fieldhook publish climate/reading '{\"t\": 21.5, \"h\": 60}' --product greenhouse
  sensors | fieldhook publish climate/reading -
  fieldhook publish temperature 21.5 --token DEVICE_TOKEN       as that device

It is answered once the event is safe on disk. Publishing twice under one --idempotency-key is one event.")]
pub(crate) struct Publish {
    /// Its name: 1 to 64 printable ASCII characters
    name: String,
    /// Its data; `-` reads standard input
    #[arg(allow_hyphen_values = true)]
    data: Option<String>,
    #[command(flatten)]
    scope: ScopeArgs,
    /// Seconds it is said to live
    #[arg(long, value_name = "SECONDS")]
    ttl: Option<u32>,
    /// Make a repeat of this call harmless
    #[arg(long, value_name = "KEY")]
    idempotency_key: Option<String>,
}

impl Publish {
    pub(crate) async fn run(self, context: &Context) -> anyhow::Result<()> {
        let data = match self.data.as_deref() {
            Some("-") => {
                let mut text = String::new();
                std::io::stdin().read_to_string(&mut text).context("standard input is not UTF-8 text")?;
                Some(text)
            }
            data => data.map(str::to_owned),
        };
        let mut body = json!({ "name": self.name, "private": true });
        if let Some(data) = data {
            body["data"] = data.into();
        }
        if let Some(ttl) = self.ttl {
            body["ttl"] = ttl.into();
        }
        let client = context.client()?;
        let answer = client.publish(&self.scope.events(), &body, self.idempotency_key.as_deref()).await?;
        context.output.answer(&answer, |out| {
            out.line(format!("Published {} as event {}.", self.name, answer["id"].as_str().unwrap_or("?")));
            out.note(format!(
                "See what came of it: fieldhook explain {}",
                answer["id"].as_str().unwrap_or("ID")
            ));
        });
        Ok(())
    }
}
