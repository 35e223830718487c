//! Integrations: make, look at, change, try, and read the log of.

use anyhow::Context as _;
use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

use super::login::ask;
use super::scope::ScopeArgs;
use crate::Context;
use crate::client::{Client, ClientError};
use crate::failure::usage;
use crate::output::{Column, column, state, text_at};
use crate::path::Path;

mod edit;
mod logs;
mod template;

use template::TemplateArgs;
pub(crate) use template::unwrapped;

const EXAMPLES: &str = "\
Examples:
  fieldhook integration create --event temperature --to https://example.com/in
  fieldhook integration list
  fieldhook integration logs ID --outcome error --follow
  fieldhook integration test ID --data 21.5";

/// Webhooks: which events become which requests
#[derive(Debug, Subcommand)]
#[command(after_help = EXAMPLES)]
pub(crate) enum Integration {
    Create(Create),
    List(List),
    Show(Show),
    Edit(edit::Edit),
    Delete(Delete),
    Enable(Enable),
    Disable(Disable),
    Test(Test),
    Logs(logs::Logs),
}

/// Create an integration, from flags or from a JSON file
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  fieldhook integration create --event temperature --to https://example.com/in
  fieldhook integration create --event climate/ --to https://example.com/in --product greenhouse \\
      --header 'Authorization: Bearer {{API_KEY}}' --set 'secrets=[\"API_KEY\"]' \\
      --set 'json.celsius={{{t}}}' --set noDefaults=true
  fieldhook integration create webhook.json
  fieldhook integration create webhook.json --to http://localhost:9000/in      the file, sent elsewhere
  cat webhook.json | fieldhook integration create -")]
pub(crate) struct Create {
    #[command(flatten)]
    template: TemplateArgs,
    #[command(flatten)]
    scope: ScopeArgs,
}

/// List integrations
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  fieldhook integration list
  fieldhook integration list --product greenhouse --json")]
pub(crate) struct List {
    #[command(flatten)]
    scope: ScopeArgs,
}

/// Show one integration: its template, what became of its events, its last attempts
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  fieldhook integration show ID\n  fieldhook integration show ID --json > webhook.json"
)]
pub(crate) struct Show {
    #[command(flatten)]
    which: Which,
}

/// Delete an integration
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  fieldhook integration delete ID\n  fieldhook integration delete ID --yes"
)]
pub(crate) struct Delete {
    #[command(flatten)]
    which: Which,
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
}

/// Switch an integration on
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  fieldhook integration enable ID")]
pub(crate) struct Enable {
    #[command(flatten)]
    which: Which,
}

/// Switch an integration off; what waits for it is dropped, and stays replayable
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  fieldhook integration disable ID")]
pub(crate) struct Disable {
    #[command(flatten)]
    which: Which,
}

/// Send one test event through an integration, and show the request and the answer
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  fieldhook integration test ID
  fieldhook integration test ID --event temperature/kitchen --data 21.5 --device kitchen

The exit code is 0 only when the endpoint's answer was a success.")]
pub(crate) struct Test {
    #[command(flatten)]
    which: Which,
    /// The event's name [default: the integration's own prefix]
    #[arg(long, value_name = "NAME")]
    event: Option<String>,
    /// The event's data
    #[arg(long, value_name = "DATA", allow_hyphen_values = true)]
    data: Option<String>,
    /// As this device
    #[arg(long, value_name = "DEVICE")]
    device: Option<String>,
}

/// One integration.
#[derive(Debug, Args)]
struct Which {
    /// The integration's id
    id: String,
    #[command(flatten)]
    scope: ScopeArgs,
}

const LIST: [Column; 5] = [
    column("ID", "/id"),
    column("EVENT", "/event"),
    column("URL", "/url"),
    column("NAME", "/name"),
    state("STATE", "/state"),
];

impl Integration {
    pub(crate) async fn run(self, context: &Context) -> anyhow::Result<()> {
        match self {
            Self::Create(command) => command.run(context).await,
            Self::List(command) => command.run(context).await,
            Self::Show(command) => command.run(context).await,
            Self::Edit(command) => command.run(context).await,
            Self::Delete(command) => command.run(context).await,
            Self::Enable(Enable { which }) => which.switch(context, false).await,
            Self::Disable(Disable { which }) => which.switch(context, true).await,
            Self::Test(command) => command.run(context).await,
            Self::Logs(command) => command.run(context).await,
        }
    }
}

impl Create {
    async fn run(self, context: &Context) -> anyhow::Result<()> {
        let template = self.template.build(Map::new())?;
        if template.is_empty() {
            usage!("nothing says what to create: pass --event and --to, or a file");
        }
        let mut body = template;
        body.entry("integration_type").or_insert_with(|| "Webhook".into());
        let client = context.client()?;
        let record = client.post(&self.scope.base().then("integrations"), &Value::Object(body)).await?;
        context.output.answer(&record, |out| {
            out.line(format!("Created integration {}.", text_at(&record, "/id")));
            tell_warnings(context, &record);
            out.note(format!("Try it: fieldhook integration test {}", text_at(&record, "/id")));
        });
        Ok(())
    }
}

impl List {
    async fn run(self, context: &Context) -> anyhow::Result<()> {
        let records = context.client()?.get(&self.scope.base().then("integrations")).await?;
        context.output.answer(&records, |out| {
            let rows: Vec<Value> = records.as_array().into_iter().flatten().map(with_state).collect();
            out.table(&LIST, &rows, "No integrations. Create one: fieldhook integration create --help");
        });
        Ok(())
    }
}

impl Show {
    async fn run(self, context: &Context) -> anyhow::Result<()> {
        let client = context.client()?;
        let (_, record) = self.which.find(&client).await?;
        let id = text_at(&record, "/id");
        let books = client.get(&Path::of(&["fieldhook", "v1", "integrations", &id, "books"])).await?;
        let mut answer = json!({ "integration": record });
        answer["books"] = books;
        context.output.answer(&answer, |out| {
            let record = with_state(&answer["integration"]);
            out.fields(&LIST, &record);
            out.line(format!("\n{}", pretty(&template::of_record(&record))));
            out.line(format!("\n{}", books_line(&answer["books"])));
            let mut last: Vec<&Value> =
                ["logs", "errors"].iter().filter_map(|key| record[*key].as_array()).flatten().collect();
            last.sort_by_key(|entry| std::cmp::Reverse(entry["time"].as_i64()));
            let last: Vec<Value> = last.into_iter().cloned().collect();
            out.line("");
            out.table(&logs::RECENT, &last, "It has not been attempted yet.");
        });
        Ok(())
    }
}

impl Delete {
    async fn run(self, context: &Context) -> anyhow::Result<()> {
        use std::io::IsTerminal;
        let client = context.client()?;
        let (path, record) = self.which.find(&client).await?;
        if !self.yes {
            if !std::io::stdin().is_terminal() {
                usage!("there is no terminal to ask on: pass --yes to delete without a question");
            }
            let what = format!("{} ({} to {})", self.which.id, record["event"], record["url"]);
            let answer = ask(&format!("Delete integration {what}? [y/N] "))?;
            if !answer.eq_ignore_ascii_case("y") {
                context.output.note("Nothing was deleted.");
                return Ok(());
            }
        }
        let answer = client.delete(&path).await?;
        context.output.answer(&answer, |out| out.line(format!("Deleted integration {}.", self.which.id)));
        Ok(())
    }
}

impl Test {
    async fn run(self, context: &Context) -> anyhow::Result<()> {
        let client = context.client()?;
        let (path, _) = self.which.find(&client).await?;
        let mut body = Map::new();
        for (key, value) in [("event", self.event), ("data", self.data), ("device", self.device)] {
            body.extend(value.map(|value| (key.to_owned(), Value::from(value))));
        }
        let answer = client.post(&path.then("test"), &Value::Object(body)).await?;
        let attempt = &answer["attempt"];
        context.output.answer(&answer, |out| out.line(logs::attempt_in_full(attempt)));
        if attempt["outcome"] != "success" {
            anyhow::bail!("the endpoint's answer was no success: {}", logs::what_happened(attempt));
        }
        Ok(())
    }
}

impl Which {
    /// Where the integration lives, and its record with its history. Without a scope it is looked for in one's own,
    /// then in every product and organisation one sees: an id is enough to name it.
    async fn find(&self, client: &Client) -> anyhow::Result<(Path, Value)> {
        match self.read(client, &self.scope).await {
            Err(ClientError::Refused { status: 404, .. }) if self.scope.is_own() => {}
            found => return Ok(found?),
        }
        for scope in other_scopes(client).await? {
            match self.read(client, &scope).await {
                Err(ClientError::Refused { status: 403 | 404, .. }) => {}
                found => return Ok(found?),
            }
        }
        Err(ClientError::Refused {
            status: 404,
            error: "not_found".to_owned(),
            description: format!(
                "there is no integration `{}` among yours, your products' and your organisations'; \
                 see `fieldhook integration list`",
                self.id
            ),
            findings: Vec::new(),
        }
        .into())
    }

    async fn read(&self, client: &Client, scope: &ScopeArgs) -> Result<(Path, Value), ClientError> {
        let path = scope.base().then("integrations").then(&self.id);
        let mut answer = client.get(&path).await?;
        Ok((path, answer["integration"].take()))
    }

    async fn switch(&self, context: &Context, disabled: bool) -> anyhow::Result<()> {
        let client = context.client()?;
        let (path, record) = self.find(&client).await?;
        let mut template = template::of_record(&record);
        template.insert("disabled".to_owned(), disabled.into());
        let record = client.put(&path, &Value::Object(template)).await?;
        context.output.answer(&record, |out| {
            let state = if disabled { "off" } else { "on" };
            out.line(format!("Integration {} is {state}.", self.id));
        });
        Ok(())
    }
}

async fn other_scopes(client: &Client) -> anyhow::Result<Vec<ScopeArgs>> {
    let products = client.get(&Path::of(&["v1", "user", "products"])).await?;
    let orgs = client.get(&Path::of(&["v1", "orgs"])).await?;
    let ids = |list: &Value| -> Vec<String> {
        list.as_array().into_iter().flatten().map(|item| text_at(item, "/id")).collect()
    };
    let products = ids(&products["products"]).into_iter().map(|id| ScopeArgs::product(&id));
    let orgs = ids(&orgs["organizations"]).into_iter().map(|id| ScopeArgs::org(&id));
    Ok(products.chain(orgs).collect())
}

/// The record with its state as a word.
fn with_state(record: &Value) -> Value {
    let mut record = record.clone();
    let state = if record["disabled"] == true { "disabled" } else { "enabled" };
    record["state"] = state.into();
    record
}

fn tell_warnings(context: &Context, record: &Value) {
    for warning in record["warnings"].as_array().into_iter().flatten() {
        context.output.note(format!("warning: {}", text_at(warning, "/message")));
    }
}

/// `12 matched = 10 delivered + 1 failed + 0 dropped + 1 waiting`.
fn books_line(books: &Value) -> String {
    let count = |key: &str| books[key].as_u64().unwrap_or(0);
    format!(
        "{} matched = {} delivered + {} failed + {} dropped + {} waiting",
        count("matched"),
        count("delivered"),
        count("failed"),
        count("dropped"),
        count("waiting")
    )
}

fn pretty(template: &Map<String, Value>) -> String {
    serde_json::to_string_pretty(template).expect("a JSON value prints")
}

/// Reads a file as a JSON object; `-` is standard input.
pub(crate) fn read_object(file: &str) -> anyhow::Result<Map<String, Value>> {
    let text = if file == "-" {
        std::io::read_to_string(std::io::stdin()).context("cannot read standard input")?
    } else {
        std::fs::read_to_string(file).with_context(|| format!("cannot read {file}"))?
    };
    serde_json::from_str(&text).with_context(|| format!("{file} is not a JSON object"))
}
