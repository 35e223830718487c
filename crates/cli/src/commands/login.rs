//! Logging in and out.

use std::io::{self, IsTerminal, Read, Write};

use anyhow::Context as _;
use clap::Args;
use serde_json::{Value, json};

use crate::Context;
use crate::client::{Client, Login as Credentials};
use crate::failure::usage;
use crate::path::Path;
use crate::profile::Profile;

/// Seconds a token lives unless told otherwise: 90 days.
pub(crate) const LIFE: u64 = 90 * 24 * 60 * 60;

/// Log in, and remember it for the commands to come
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  fieldhook login --url http://fieldhook.local:8080 --username me@example.com
  echo \"$PASSWORD\" | fieldhook login --username me@example.com --password-stdin
  fieldhook login --token 0123456789abcdef0123456789abcdef01234567
  fieldhook login --set-up TOKEN --username me@example.com      the first account, with the token of the set-up link

The password may also come from FIELDHOOK_PASSWORD. The token is kept in
$XDG_CONFIG_HOME/fieldhook/profile.json (else ~/.config/…), readable by you alone.")]
pub(crate) struct Login {
    #[command(flatten)]
    who: Who,
    /// Seconds the token lives; 0 for ever
    #[arg(long, value_name = "SECONDS", default_value_t = LIFE)]
    expires_in: u64,
    /// Create the first account with this token, taken from the set-up link that the server printed
    #[arg(long, value_name = "TOKEN", conflicts_with = "expires_in")]
    set_up: Option<String>,
}

/// An e-mail address and a password.
#[derive(Debug, Args)]
pub(crate) struct Who {
    /// The account's e-mail address; asked for when it is missing
    #[arg(long, short, value_name = "EMAIL", env = "FIELDHOOK_USERNAME")]
    username: Option<String>,
    /// Read the password from standard input
    #[arg(long)]
    password_stdin: bool,
    #[arg(long, env = "FIELDHOOK_PASSWORD", hide = true, hide_env_values = true)]
    password: Option<String>,
}

impl Login {
    pub(crate) async fn run(self, context: &Context) -> anyhow::Result<()> {
        let client = Client::new(&context.url()?, None)?;
        if let (Some(token), None) = (&context.token, &self.set_up) {
            return remember(context, &client.with_token(token), token).await;
        }
        let (username, password) = self.who.ask()?;
        let answer = match &self.set_up {
            Some(token) => {
                let body = json!({ "token": token, "username": username, "password": password });
                client.post(&Path::of(&["fieldhook", "v1", "setup"]), &body).await?
            }
            None => client.log_in(&Credentials { username, password, expires_in: self.expires_in }).await?,
        };
        let token = answer["access_token"].as_str().context("the server gave no token")?;
        remember(context, &client.with_token(token), token).await
    }
}

impl Who {
    /// Both, asked for on the terminal where they were not given.
    pub(crate) fn ask(self) -> anyhow::Result<(String, String)> {
        let username = match self.username {
            Some(username) => username,
            None if io::stdin().is_terminal() => ask("E-mail: ")?,
            None => usage!("whose account? pass --username EMAIL"),
        };
        let password = match self.password {
            Some(password) => password,
            None => secret("Password: ", self.password_stdin)?,
        };
        Ok((username, password))
    }
}

/// A password or the like: from standard input when said so, else asked for without showing it.
pub(crate) fn secret(prompt: &str, from_stdin: bool) -> anyhow::Result<String> {
    if from_stdin {
        let mut text = String::new();
        io::stdin().read_to_string(&mut text).context("standard input is not UTF-8 text")?;
        return Ok(text.trim_end_matches(['\r', '\n']).to_owned());
    }
    if !io::stdin().is_terminal() {
        usage!("there is no terminal to ask on: hand it in on standard input, see --help");
    }
    rpassword::prompt_password(prompt).context("cannot read from the terminal")
}

/// Asks a question on the terminal.
pub(crate) fn ask(question: &str) -> anyhow::Result<String> {
    let mut answer = String::new();
    io::stderr().write_all(question.as_bytes())?;
    io::stdin().read_line(&mut answer).context("cannot read the answer")?;
    Ok(answer.trim().to_owned())
}

/// Forgets the login, and has the server revoke its token.
pub(crate) async fn logout(context: &Context) -> anyhow::Result<()> {
    let Some(profile) = Profile::load()? else {
        context.output.answer(&json!({ "ok": true }), |out| out.line("Nobody was logged in."));
        return Ok(());
    };
    let client = Client::new(&profile.url, Some(profile.token))?;
    let revoked = client.delete(&Path::of(&["v1", "access_tokens", "current"])).await;
    Profile::forget()?;
    revoked.context("the login is forgotten here, but its token was not revoked")?;
    context.output.answer(&json!({ "ok": true }), |out| {
        out.line(format!("Logged {} out of {}.", profile.username, profile.url));
    });
    Ok(())
}

async fn remember(context: &Context, client: &Client, token: &str) -> anyhow::Result<()> {
    let user: Value = client.get(&Path::of(&["v1", "user"])).await?;
    let username = user["username"].as_str().context("the server does not say whose token this is")?;
    let profile =
        Profile { url: client.url().to_owned(), username: username.to_owned(), token: token.to_owned() };
    let file = profile.save()?;
    context.output.answer(&user, |out| {
        out.line(format!("Logged in to {} as {username}.", client.url()));
        out.note(format!("The token is kept in {}.", file.display()));
    });
    Ok(())
}
