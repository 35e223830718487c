//! Accounts: one's own, and new ones.

use clap::{Args, Subcommand};
use serde_json::json;

use super::login::{Who, secret};
use crate::Context;
use crate::failure::usage;
use crate::output::column;
use crate::path::Path;

/// Accounts: yours, and (for administrators) new ones
#[derive(Debug, Subcommand)]
#[command(after_help = "\
Examples:
  fieldhook user show
  fieldhook user create --username a@example.com
  fieldhook user password")]
pub(crate) enum User {
    /// Show whose token this is
    #[command(after_help = "Examples:\n  fieldhook user show --json | jq -r .username")]
    Show,
    Create(Create),
    Password(Password),
    Delete(Delete),
}

/// Create an account; for administrators, unless registration is open
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  fieldhook user create --username a@example.com
  echo \"$PASSWORD\" | fieldhook user create --username a@example.com --password-stdin")]
pub(crate) struct Create {
    #[command(flatten)]
    who: Who,
}

/// Change your password
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  fieldhook user password
  fieldhook user password --invalidate-tokens       and end every login
  printf '%s\\n%s\\n' \"$OLD\" \"$NEW\" | fieldhook user password --password-stdin")]
pub(crate) struct Password {
    /// End every token of yours, this one too
    #[arg(long)]
    invalidate_tokens: bool,
    /// Read the old and the new password, a line each, from standard input
    #[arg(long)]
    password_stdin: bool,
}

/// Delete your account, with all that is yours alone
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  echo \"$PASSWORD\" | fieldhook user delete --password-stdin")]
pub(crate) struct Delete {
    /// Read the password from standard input
    #[arg(long)]
    password_stdin: bool,
}

impl User {
    pub(crate) async fn run(self, context: &Context) -> anyhow::Result<()> {
        let client = context.client()?;
        let out = &context.output;
        let own = Path::of(&["v1", "user"]);
        match self {
            Self::Show => {
                let user = client.get(&own).await?;
                let columns = [
                    column("User", "/username"),
                    column("Id", "/id"),
                    column("Administrator", "/administrator"),
                ];
                out.answer(&user, |out| out.fields(&columns, &user));
            }
            Self::Create(Create { who }) => {
                let (username, password) = who.ask()?;
                let body = json!({ "username": username, "password": password });
                let answer = client.post(&Path::of(&["v1", "users"]), &body).await?;
                out.answer(&answer, |out| out.line(format!("Created the account of {username}.")));
            }
            Self::Password(command) => {
                let (old, new) = command.ask()?;
                let body = json!({
                    "current_password": old,
                    "password": new,
                    "invalidate_tokens": command.invalidate_tokens,
                });
                let answer = client.put(&own, &body).await?;
                out.answer(&answer, |out| out.line("Changed your password."));
            }
            Self::Delete(Delete { password_stdin }) => {
                let password = secret("Password: ", password_stdin)?;
                let answer = client.delete_with(&own, &json!({ "password": password })).await?;
                out.answer(&answer, |out| out.line("Deleted your account."));
            }
        }
        Ok(())
    }
}

impl Password {
    fn ask(&self) -> anyhow::Result<(String, String)> {
        if self.password_stdin {
            let both = secret("", true)?;
            return match both.split_once('\n') {
                Some((old, new)) => Ok((old.trim_end_matches('\r').to_owned(), new.to_owned())),
                None => usage!("standard input must hold two lines: the old password, then the new"),
            };
        }
        let old = secret("Old password: ", false)?;
        let new = secret("New password: ", false)?;
        if secret("New password again: ", false)? != new {
            usage!("the two new passwords differ, so nothing was changed");
        }
        Ok((old, new))
    }
}
