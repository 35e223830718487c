//! Everything about an integration in one file, to be handed to somebody else.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;
use fieldhook_core::case::page;
use fieldhook_core::id::EventId;
use fieldhook_core::time::Timestamp;
use fieldhook_core::wire::case::{CaseLink, CaseLinkRequest};
use serde_json::json;

use crate::Context;
use crate::path::Path;

/// Put everything about an integration into one file, secrets masked, for whoever is asked to help
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  fieldhook case ID                                      case-ID.html, a page that needs no server
  fieldhook case ID --since 2026-01-02T03:00:00Z --missing EVENT
  fieldhook case ID --share 604800                       a link for seven days
  fieldhook case ID --json > case.json")]
pub(crate) struct Case {
    /// The integration's id
    integration: String,
    /// From this time on; 24 hours before the end by default
    #[arg(long, value_name = "TIME")]
    since: Option<Timestamp>,
    /// Up to this time; now by default
    #[arg(long, value_name = "TIME")]
    until: Option<Timestamp>,
    /// An event that is said to be missing, by its id; may be given more than once
    #[arg(long, value_name = "EVENT")]
    missing: Vec<EventId>,
    /// Where to write the page
    #[arg(long, short, value_name = "FILE", conflicts_with = "share")]
    output: Option<PathBuf>,
    /// Instead of a file, a link that shows the case to anybody for so many seconds
    #[arg(long, value_name = "SECONDS")]
    share: Option<u64>,
}

impl Case {
    pub(crate) async fn run(self, context: &Context) -> anyhow::Result<()> {
        let of = Path::of(&["fieldhook", "v1", "integrations", &self.integration, "case"]);
        if let Some(seconds) = self.share {
            return self.hand_out(context, &of.then("links"), seconds).await;
        }
        let missing: Vec<_> = self.missing.iter().map(ToString::to_string).collect();
        let missing = (!missing.is_empty()).then(|| missing.join(","));
        let of = of.maybe("since", self.since).maybe("until", self.until).maybe("missing", missing);
        let case = context.client()?.get(&of).await?;
        if context.output.json() && self.output.is_none() {
            context.output.answer(&case, |_| {});
            return Ok(());
        }
        let file = self.output.unwrap_or_else(|| format!("case-{}.html", self.integration).into());
        std::fs::write(&file, page::of(&case))
            .with_context(|| format!("cannot write {}: choose another file with --output", file.display()))?;
        let written = json!({"file": file});
        context.output.answer(&written, |out| {
            out.line(format!("Wrote {}. Read it before you hand it on.", file.display()));
        });
        Ok(())
    }

    async fn hand_out(&self, context: &Context, links: &Path, seconds: u64) -> anyhow::Result<()> {
        let request = CaseLinkRequest {
            since: self.since,
            until: self.until,
            missing: self.missing.clone(),
            expires_in: Some(seconds),
        };
        let made = context.client()?.post(links, &serde_json::to_value(&request)?).await?;
        let link: CaseLink = serde_json::from_value(made.clone())?;
        context.output.answer(&made, |out| {
            out.line(link.url.clone().unwrap_or_default());
            out.line(format!("It shows the case to anybody until {}.", link.expires_at));
        });
        Ok(())
    }
}
