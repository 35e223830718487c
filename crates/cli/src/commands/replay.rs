//! Send events to an integration once more: one, those that failed, those that never fired it.

use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};
use fieldhook_core::id::{DeliveryId, IntegrationId};
use fieldhook_core::replay::{Intent, Revision};
use fieldhook_core::time::Timestamp;
use fieldhook_core::wire::replay::ReplayRequest;
use serde_json::{Value, json};

use crate::Context;
use crate::client::Client;
use crate::output::{Column, Output, column, state, text_at};
use crate::path::Path;

/// How often `--follow` asks how far it has come.
const EVERY: Duration = Duration::from_millis(500);

const LIST: [Column; 8] = [
    column("STARTED", "/started_at"),
    column("INTENT", "/intent"),
    state("STATE", "/state"),
    column("SENT", "/sent"),
    column("OF", "/total"),
    column("FAILED", "/failed"),
    column("BY", "/by/name"),
    column("REPLAY", "/id"),
];

const ONE: [Column; 10] = [
    column("Replay", "/id"),
    column("Intent", "/intent"),
    column("Integration", "/integration"),
    column("By", "/by/name"),
    column("To", "/to"),
    column("Started", "/started_at"),
    column("Ended", "/ended_at"),
    column("State", "/state"),
    column("Reason", "/reason"),
    column("Came to", "/summary"),
];

const EXAMPLES: &str = "\
Examples:
  fieldhook replay resend DELIVERY
  fieldhook replay recover INTEGRATION --since 2026-01-02T03:00:00Z --dry-run
  fieldhook replay recover INTEGRATION --rate 50 --follow
  fieldhook replay missing INTEGRATION --since 2026-01-02 --to TESTER_ID
  fieldhook replay list INTEGRATION
  fieldhook replay cancel REPLAY";

/// Send events to an integration once more
#[derive(Debug, Subcommand)]
#[command(after_help = EXAMPLES)]
pub(crate) enum Replay {
    /// Send the event of one delivery again
    #[command(
        after_help = "Examples:\n  fieldhook replay resend DELIVERY\n  fieldhook replay resend DELIVERY --to TESTER_ID --dry-run"
    )]
    Resend {
        /// The delivery, as the log or `fieldhook explain` names it
        delivery: DeliveryId,
        #[command(flatten)]
        how: How,
        /// As which revision of the integration
        #[arg(long, value_enum, default_value_t)]
        revision: As,
    },
    /// Send every event again whose deliveries all failed or were dropped
    #[command(
        after_help = "Examples:\n  fieldhook replay recover INTEGRATION --since 2026-01-02T03:00:00Z --dry-run\n  fieldhook replay recover INTEGRATION --rate 50 --follow"
    )]
    Recover {
        #[command(flatten)]
        which: Which,
        #[command(flatten)]
        how: How,
        /// As which revision of the integration
        #[arg(long, value_enum, default_value_t)]
        revision: As,
    },
    /// Send every event that did not fire the integration when it came in, and would now
    #[command(
        after_help = "Examples:\n  fieldhook replay missing INTEGRATION --since 2026-01-02 --dry-run\n  fieldhook replay missing INTEGRATION --to https://example.com/in"
    )]
    Missing {
        #[command(flatten)]
        which: Which,
        #[command(flatten)]
        how: How,
    },
    /// List replays, newest first
    #[command(after_help = "Examples:\n  fieldhook replay list\n  fieldhook replay list INTEGRATION --json")]
    List {
        /// Only of this integration
        integration: Option<IntegrationId>,
        /// Most rows
        #[arg(long, value_name = "COUNT", default_value_t = 50)]
        limit: usize,
    },
    /// Show how far a replay has come
    #[command(
        after_help = "Examples:\n  fieldhook replay show REPLAY\n  fieldhook replay show REPLAY --follow"
    )]
    Show {
        /// The replay's id
        replay: String,
        /// Show its progress until it has ended
        #[arg(long, short)]
        follow: bool,
    },
    /// Cancel a replay; what it has handed on goes its way
    #[command(after_help = "Examples:\n  fieldhook replay cancel REPLAY")]
    Cancel {
        /// The replay's id
        replay: String,
    },
}

/// Which events.
#[derive(Debug, Args)]
pub(crate) struct Which {
    /// The integration's id
    integration: IntegrationId,
    /// Only events that came in from this time on, such as 2026-01-02 or 2026-01-02T03:04:05Z
    #[arg(long, value_name = "TIME")]
    since: Option<Timestamp>,
    /// Only events that came in before this time
    #[arg(long, value_name = "TIME")]
    until: Option<Timestamp>,
}

/// How to send them.
#[derive(Debug, Args)]
pub(crate) struct How {
    /// Send nothing: say how many there are, and show the first three requests
    #[arg(long)]
    dry_run: bool,
    /// Events a second, 0.1 to 1,000 [default: 10]
    #[arg(long, value_name = "RATE")]
    rate: Option<f64>,
    /// Send to this URL or test endpoint instead, as a test that counts nowhere
    #[arg(long, value_name = "URL|TESTER_ID")]
    to: Option<String>,
    /// Show the progress until all has ended; the exit code is 0 only when all succeeded
    #[arg(long, short, conflicts_with = "dry_run")]
    follow: bool,
}

/// As which revision of the integration an event is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum As {
    /// As it is saved now.
    #[default]
    Now,
    /// As it was saved when the event came in.
    Then,
}

impl Replay {
    pub(crate) async fn run(self, context: &Context) -> anyhow::Result<()> {
        let client = context.client()?;
        let (asked, follow) = match self {
            Self::List { integration, limit } => return list(context, &client, integration, limit).await,
            Self::Show { replay, follow: true } => return follow_to_the_end(context, &client, &replay).await,
            Self::Show { replay, follow: false } => {
                let replay = client.get(&replays().then(&replay)).await?;
                context.output.answer(&replay, |out| out.fields(&ONE, &replay));
                return Ok(());
            }
            Self::Cancel { replay } => {
                let replay = client.delete(&replays().then(&replay)).await?;
                context.output.answer(&replay, |out| out.fields(&ONE, &replay));
                return Ok(());
            }
            Self::Resend { delivery, how, revision } => {
                let asked = ReplayRequest { delivery: Some(delivery), ..ReplayRequest::default() };
                how.complete(asked, revision)
            }
            Self::Recover { which, how, revision } => how.complete(which.asked(Intent::Recover), revision),
            Self::Missing { which, how } => how.complete(which.asked(Intent::Missing), As::Now),
        };
        begin(context, &client, &asked, follow).await
    }
}

impl Which {
    fn asked(self, intent: Intent) -> ReplayRequest {
        let Self { integration, since, until } = self;
        ReplayRequest { intent, integration: Some(integration), since, until, ..ReplayRequest::default() }
    }
}

impl How {
    /// The whole request, and whether to follow what comes of it.
    fn complete(self, asked: ReplayRequest, revision: As) -> (ReplayRequest, bool) {
        let revision = match revision {
            As::Now => None,
            As::Then => Some(Revision::Then),
        };
        let Self { dry_run, rate, to, follow } = self;
        (ReplayRequest { dry_run, rate, to, revision, ..asked }, follow)
    }
}

async fn begin(
    context: &Context,
    client: &Client,
    asked: &ReplayRequest,
    follow: bool,
) -> anyhow::Result<()> {
    let answer = client.post(&replays(), &json!(asked)).await?;
    if asked.dry_run {
        context.output.answer(&answer, |out| dry_run(out, &answer));
    } else if follow {
        follow_to_the_end(context, client, &text_at(&answer, "/id")).await?;
    } else {
        context.output.answer(&answer, |out| {
            out.fields(&ONE, &answer);
            out.note(format_args!(
                "`fieldhook replay show {} --follow` shows its progress.",
                text_at(&answer, "/id")
            ));
        });
    }
    Ok(())
}

async fn list(
    context: &Context,
    client: &Client,
    integration: Option<IntegrationId>,
    limit: usize,
) -> anyhow::Result<()> {
    let page = client.rows(&replays().maybe("integration", integration), limit.max(1)).await?;
    let rows = page["items"].as_array().map_or(&[][..], Vec::as_slice);
    context.output.answer(&page, |out| out.table(&LIST, rows, "Nothing has been replayed."));
    Ok(())
}

/// Shows a replay's progress until it has ended, and fails unless everything succeeded.
async fn follow_to_the_end(context: &Context, client: &Client, id: &str) -> anyhow::Result<()> {
    let path = replays().then(id);
    let mut replay = client.get(&path).await?;
    let bar = context.output.progress(count(&replay, "total"), "replaying");
    while replay["state"] == "running" {
        bar.set_position(count(&replay, "succeeded") + count(&replay, "failed") + count(&replay, "skipped"));
        context.nature.clock.sleep(EVERY).await;
        replay = client.get(&path).await?;
    }
    bar.finish_and_clear();
    context.output.answer(&replay, |out| out.fields(&ONE, &replay));
    match shortfall(&replay) {
        Some(shortfall) => anyhow::bail!(shortfall),
        None => Ok(()),
    }
}

/// What a replay that has ended fell short of, if of anything.
fn shortfall(replay: &Value) -> Option<String> {
    let summary = text_at(replay, "/summary");
    match text_at(replay, "/state").as_str() {
        "done" if count(replay, "failed") == 0 => None,
        "done" => Some(format!("not all succeeded: {summary}")),
        state => {
            let reason = text_at(replay, "/reason");
            let because = if reason.is_empty() { String::new() } else { format!(": {reason}") };
            Some(format!("the replay was {state} after {summary}{because}"))
        }
    }
}

fn dry_run(out: Output, answer: &Value) {
    let events = if answer["count"] == 1 { "event" } else { "events" };
    out.line(format_args!("{} {events} would be sent. Nothing was.", text_at(answer, "/count")));
    for request in answer["requests"].as_array().into_iter().flatten() {
        out.line(format_args!("\n> {} {}", text_at(request, "/method"), text_at(request, "/url")));
        for header in request["headers"].as_array().into_iter().flatten() {
            out.line(format_args!("> {}: {}", text_at(header, "/0"), text_at(header, "/1")));
        }
        let body = text_at(request, "/body");
        if !body.is_empty() {
            out.line(format_args!(">\n> {body}"));
        }
    }
    for fault in answer["faults"].as_array().into_iter().flatten() {
        out.line(format_args!("\nno request can be made: {}", text_at(fault, "")));
    }
}

fn count(replay: &Value, key: &str) -> u64 {
    replay[key].as_u64().unwrap_or(0)
}

fn replays() -> Path {
    Path::of(&["fieldhook", "v1", "replays"])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_replay_that_is_done_without_a_failure_falls_short_of_nothing() {
        let replay = |state: &str, failed: u64| json!({"state": state, "failed": failed, "summary": "3 of 4 sent", "reason": "the gate is closed"});
        assert_eq!(shortfall(&replay("done", 0)), None);
        assert!(shortfall(&replay("done", 1)).unwrap().contains("3 of 4 sent"));
        let stopped = shortfall(&replay("stopped", 0)).unwrap();
        assert!(stopped.contains("stopped") && stopped.contains("the gate is closed"), "{stopped}");
    }

    #[test]
    fn what_is_not_said_is_left_to_the_server() {
        let how = How { dry_run: false, rate: None, to: None, follow: true };
        let which = Which { integration: IntegrationId([1; 12]), since: None, until: None };
        let (asked, follow) = how.complete(which.asked(Intent::Recover), As::Now);
        let integration = "010101010101010101010101";
        assert_eq!(json!(asked), json!({"intent": "recover", "integration": integration, "dry_run": false}));
        assert!(follow);
    }
}
