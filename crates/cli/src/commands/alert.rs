//! Alerts: what somebody should hear of, and where it goes.

use clap::Subcommand;
use fieldhook_core::alert::Kind;
use fieldhook_core::wire::alerts::{AlertChannels, AlertLine, AlertList, AlertTest};
use serde_json::json;

use super::scope::Whose;
use crate::Context;
use crate::output::{Output, printable};
use crate::path::Path;

/// What somebody should hear of, and where it goes
#[derive(Debug, Subcommand)]
#[command(after_help = "Examples:
  fieldhook alert list
  fieldhook alert settings --mail ops@example.com
  fieldhook alert test
  fieldhook integration create --event fieldhook/alert/ --to https://chat.example.com/in     each alert is an event, too")]
pub(crate) enum Alert {
    /// List alerts, the newest first; without a scope, all that you may see
    #[command(
        after_help = "Examples:\n  fieldhook alert list\n  fieldhook alert list --over --scope product:1"
    )]
    List {
        /// Those that are over, instead of those that are open
        #[arg(long)]
        over: bool,
        /// Most rows
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=1000))]
        limit: u16,
        #[command(flatten)]
        whose: Whose,
    },
    /// End an alert
    #[command(after_help = "Examples:\n  fieldhook alert dismiss ID")]
    Dismiss {
        /// Its id
        id: String,
    },
    /// Show or change who is mailed, and of what
    #[command(after_help = "Examples:
  fieldhook alert settings
  fieldhook alert settings --mail ops@example.com,ada@example.com
  fieldhook alert settings --kinds opened,regressed,asleep
  fieldhook alert settings --silence false
  fieldhook alert settings --mail ''     nobody any more")]
    Settings {
        /// Addresses to mail; several with commas
        #[arg(long, value_name = "ADDRESS,…", value_delimiter = ',')]
        mail: Option<Vec<String>>,
        /// Kinds that are mailed: opened, regressed, gate-near, asleep, silent, operations, disk
        #[arg(long, value_name = "KIND,…", value_delimiter = ',')]
        kinds: Option<Vec<String>>,
        /// Whether devices and integrations that fall silent are told
        #[arg(long, value_name = "BOOL")]
        silence: Option<bool>,
        #[command(flatten)]
        whose: Whose,
    },
    /// Send a test alert everywhere, and say what came of it
    #[command(after_help = "Examples:\n  fieldhook alert test\n  fieldhook alert test --scope product:1")]
    Test {
        #[command(flatten)]
        whose: Whose,
    },
}

impl Alert {
    pub(crate) async fn run(self, context: &Context) -> anyhow::Result<()> {
        let client = context.client()?;
        let out = &context.output;
        match self {
            Self::List { over, limit, whose } => {
                let path = alerts()
                    .query("state", if over { "over" } else { "open" })
                    .query("limit", limit)
                    .maybe("scope", whose.scope);
                let answer = client.get(&path).await?;
                let list: AlertList = serde_json::from_value(answer.clone())?;
                out.answer(&answer, |out| print_list(out, &list, over));
            }
            Self::Dismiss { id } => {
                let answer = client.post(&alerts().then(&id).then("dismiss"), &json!({})).await?;
                out.answer(&answer, |out| out.line(format!("Dismissed {id}.")));
            }
            Self::Settings { mail, kinds, silence, whose } => {
                let path = alerts().then("settings").maybe("scope", whose.scope);
                let mut answer = client.get(&path).await?;
                if mail.is_some() || kinds.is_some() || silence.is_some() {
                    let now: AlertChannels = serde_json::from_value(answer)?;
                    let mut changed = json!(now.settings);
                    if let Some(mut addresses) = mail {
                        addresses.retain(|address| !address.trim().is_empty());
                        changed["recipients"] = json!(addresses);
                    }
                    if let Some(kinds) = kinds {
                        changed["mailed"] = json!(kinds);
                    }
                    if let Some(silence) = silence {
                        changed["silence"] = json!(silence);
                    }
                    answer = client.put(&path, &changed).await?;
                }
                let channels: AlertChannels = serde_json::from_value(answer.clone())?;
                out.answer(&answer, |out| print_channels(out, &channels));
            }
            Self::Test { whose } => {
                let path = alerts().then("test").maybe("scope", whose.scope);
                let answer = client.post(&path, &json!({})).await?;
                let test: AlertTest = serde_json::from_value(answer.clone())?;
                out.answer(&answer, |out| print_test(out, &test));
            }
        }
        Ok(())
    }
}

fn alerts() -> Path {
    Path::of(&["fieldhook", "v1", "alerts"])
}

fn print_list(out: Output, list: &AlertList, over: bool) {
    if list.items.is_empty() {
        out.line(if over { "None was over lately." } else { "No alert is open." });
    }
    for alert in &list.items {
        let AlertLine { id, kind, title, fact, raised_at, .. } = alert;
        out.line(format!("■ {}", printable(title)));
        out.line(format!("  {}", printable(fact)));
        match (&alert.ended_by, alert.ended_at) {
            (Some(by), Some(at)) => {
                out.line(format!(
                    "  {kind}, raised {raised_at}, over {at}: {}",
                    printable(by),
                    kind = kind.as_str()
                ));
            }
            _ => out.line(format!("  {}, raised {raised_at}", kind.as_str())),
        }
        out.line(format!("  {id}\n"));
    }
    if list.next.is_some() {
        out.note("There are more: ask for them with --limit.");
    }
}

fn print_channels(out: Output, channels: &AlertChannels) {
    let listed = |words: Vec<String>| if words.is_empty() { "none".to_owned() } else { words.join(", ") };
    out.line(format!("Mailed:    {}", listed(channels.settings.recipients.clone())));
    let kinds = Kind::ALL.into_iter().filter(|kind| channels.settings.mailed.contains(kind));
    out.line(format!("Kinds:     {}", listed(kinds.map(|kind| kind.as_str().to_owned()).collect())));
    out.line(format!("Silence:   {}", if channels.settings.silence { "is told" } else { "is not told" }));
    let hooks = channels
        .integrations
        .iter()
        .map(|hook| printable(&format!("{} ({})", hook.name.as_deref().unwrap_or(&hook.prefix), hook.id)));
    out.line(format!("Webhooks:  {}", listed(hooks.collect())));
    if !channels.can_mail {
        out.note(
            "This server cannot mail: its operator names a mail server with --smtp-url and --mail-from.",
        );
    }
    if let Some((last, error)) =
        channels.last_mail.as_ref().and_then(|last| Some((last, last.error.as_ref()?)))
    {
        out.note(format!("The last mail, at {}, was not taken: {}", last.at, printable(error)));
    }
}

fn print_test(out: Output, test: &AlertTest) {
    if test.triggered.is_empty() {
        out.line("No webhook fires on alerts.");
    }
    for hook in &test.triggered {
        let name = printable(hook.name.as_deref().unwrap_or(&hook.prefix));
        out.line(format!("Fired {name}; what came of it: fieldhook integration logs {}", hook.id));
    }
    out.line(match (test.mailed, &test.mail_error) {
        (None, _) => "Nobody is mailed.".to_owned(),
        (Some(true), _) => "The mail server took the mail.".to_owned(),
        (Some(false), error) => {
            format!("The mail was not sent: {}", printable(error.as_deref().unwrap_or_default()))
        }
    });
}
