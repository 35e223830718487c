//! Access tokens of people. Devices' own tokens are under `device token`.

use anyhow::Context as _;
use clap::{Args, Subcommand};

use super::login::{LIFE, Who};
use crate::Context;
use crate::client::{Client, Login};
use crate::failure::usage;
use crate::output::column;
use crate::path::Path;

/// Access tokens for people and programs
#[derive(Debug, Subcommand)]
#[command(after_help = "\
Examples:
  fieldhook token create --username me@example.com
  fieldhook token list
  fieldhook token revoke --all")]
pub(crate) enum Token {
    Create(Create),
    /// List your tokens; the tokens themselves are shown only when they are made
    #[command(after_help = "Examples:\n  fieldhook token list")]
    List,
    /// Show until when the token in use is good
    #[command(after_help = "Examples:\n  fieldhook token show")]
    Show,
    Revoke(Revoke),
}

/// Make a token for a program; shown once
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  fieldhook token create --username me@example.com --expires-in 3600
  export FIELDHOOK_TOKEN=$(fieldhook token create --never-expires --json | jq -r .access_token)")]
pub(crate) struct Create {
    #[command(flatten)]
    who: Who,
    /// Seconds it lives
    #[arg(long, value_name = "SECONDS", default_value_t = LIFE)]
    expires_in: u64,
    /// Let it live until it is revoked
    #[arg(long, conflicts_with = "expires_in")]
    never_expires: bool,
}

/// Revoke a token, the one in use, or all of yours
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  fieldhook token revoke 0123456789abcdef0123456789abcdef01234567
  fieldhook token revoke --current
  fieldhook token revoke --all")]
pub(crate) struct Revoke {
    /// The token, or its handle from `token list`
    #[arg(required_unless_present_any = ["current", "all"])]
    revoked: Option<String>,
    /// The one in use
    #[arg(long, conflicts_with_all = ["revoked", "all"])]
    current: bool,
    /// All of yours
    #[arg(long, conflicts_with = "revoked")]
    all: bool,
}

impl Token {
    pub(crate) async fn run(self, context: &Context) -> anyhow::Result<()> {
        match self {
            Self::Create(command) => command.run(context).await,
            Self::List => {
                let answer = context.client()?.get(&tokens()).await?;
                let rows = answer.as_array().map_or(&[][..], Vec::as_slice);
                let columns = [
                    column("HANDLE", "/token"),
                    column("CLIENT", "/client"),
                    column("MADE", "/created_at"),
                    column("ENDS", "/expires_at"),
                ];
                context.output.answer(&answer, |out| out.table(&columns, rows, "No tokens."));
                Ok(())
            }
            Self::Show => {
                let answer = context.client()?.get(&tokens().then("current")).await?;
                context.output.answer(&answer, |out| match answer["expires_at"].as_str() {
                    Some(end) => out.line(format!("Good until {end}.")),
                    None => out.line("Good until it is revoked."),
                });
                Ok(())
            }
            Self::Revoke(command) => command.run(context).await,
        }
    }
}

impl Create {
    async fn run(self, context: &Context) -> anyhow::Result<()> {
        let client = Client::new(&context.url()?, None)?;
        let (username, password) = self.who.ask()?;
        let expires_in = if self.never_expires { 0 } else { self.expires_in };
        let answer = client.log_in(&Login { username, password, expires_in }).await?;
        let token = answer["access_token"].as_str().context("the server gave no token")?;
        context.output.answer(&answer, |out| {
            out.line(token);
            match answer["expires_in"].as_u64() {
                None | Some(0) => out.note("Shown once. It lives until it is revoked."),
                Some(seconds) => out.note(format!("Shown once. It lives for {seconds} seconds.")),
            }
        });
        Ok(())
    }
}

impl Revoke {
    async fn run(self, context: &Context) -> anyhow::Result<()> {
        let path = match (&self.revoked, self.current, self.all) {
            (Some(token), ..) => tokens().then(token),
            (None, true, _) => tokens().then("current"),
            (None, false, true) => tokens(),
            (None, false, false) => usage!("which? name a token, or pass --current or --all"),
        };
        let answer = context.client()?.delete(&path).await?;
        let what = if self.all { "all of your tokens" } else { "the token" };
        context.output.answer(&answer, |out| out.line(format!("Revoked {what}.")));
        Ok(())
    }
}

fn tokens() -> Path {
    Path::of(&["v1", "access_tokens"])
}
