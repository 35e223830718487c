//! The built-in endpoint tester: throw-away addresses that catch requests and answer as told.

use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

use crate::Context;
use crate::client::{Client, ClientError};
use crate::failure::usage;
use crate::output::{Column, column, printable, text_at};
use crate::path::Path;

/// The built-in endpoint tester: throw-away addresses that catch requests and answer as told
#[derive(Debug, Subcommand)]
#[command(after_help = "\
Examples:
  fieldhook tester create
  fieldhook tester requests ID --follow
  fieldhook tester answer ID --status 503 --header 'Retry-After: 30'")]
pub(crate) enum Tester {
    /// Make an address
    #[command(after_help = "Examples:
  fieldhook tester create
  fieldhook integration create --event temp --to \"$(fieldhook tester create --json | jq -r .url)\"")]
    Create,
    /// List your addresses
    #[command(after_help = "Examples:\n  fieldhook tester list")]
    List,
    Requests(Requests),
    Answer(Answer),
    /// Forget an address
    #[command(after_help = "Examples:\n  fieldhook tester delete ID")]
    Delete {
        /// The address's id
        id: String,
    },
}

/// Show the requests that an address caught, newest first
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  fieldhook tester requests ID
  fieldhook tester requests ID --follow
  fieldhook tester requests ID --limit 1 --json | jq '.items[0].headers'")]
pub(crate) struct Requests {
    /// The address's id
    id: String,
    /// Print new requests as they come, until Ctrl-C
    #[arg(long, short)]
    follow: bool,
    /// Most rows
    #[arg(long, value_name = "COUNT", default_value_t = 20)]
    limit: usize,
}

/// Tell an address how to answer; what is not said is as at first: an empty 200
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  fieldhook tester answer ID --status 500
  fieldhook tester answer ID --status 503 --header 'Retry-After: 30'
  fieldhook tester answer ID --body '{\"ok\":true}' --header 'Content-Type: application/json' --delay-ms 1500
  fieldhook tester answer ID --fault hang
  fieldhook tester answer ID answer.json              rules and all, as the API takes it")]
pub(crate) struct Answer {
    /// The address's id
    id: String,
    /// A JSON file with the whole answer; `-` reads standard input
    #[arg(conflicts_with_all = ["status", "header", "body", "body_bytes", "delay_ms", "drip", "fault"])]
    file: Option<String>,
    /// The status
    #[arg(long, value_name = "STATUS")]
    status: Option<u16>,
    /// A header, `Name: value`; may be given again
    #[arg(long, value_name = "HEADER")]
    header: Vec<String>,
    /// The body
    #[arg(long, value_name = "TEXT")]
    body: Option<String>,
    /// Instead of a body, so many bytes of filler
    #[arg(long, value_name = "BYTES", conflicts_with = "body")]
    body_bytes: Option<u64>,
    /// How long to wait first
    #[arg(long, value_name = "MS")]
    delay_ms: Option<u32>,
    /// Send the body this many bytes a second
    #[arg(long, value_name = "BYTES")]
    drip: Option<u32>,
    /// What to do wrong: reset_before, reset_after, hang, cut_body, endless_body or gzip_bomb
    #[arg(long, value_name = "FAULT")]
    fault: Option<String>,
}

const LIST: [Column; 5] = [
    column("ID", "/id"),
    column("URL", "/url"),
    column("CAUGHT", "/caught"),
    column("ANSWERS", "/answer/status"),
    column("MADE", "/created_at"),
];
const REQUESTS: [Column; 7] = [
    column("NO", "/number"),
    column("WHEN", "/at"),
    column("METHOD", "/method"),
    column("PATH", "/path"),
    column("BYTES", "/body/bytes"),
    column("BODY", "/body/text"),
    column("ANSWERED", "/status"),
];

impl Tester {
    pub(crate) async fn run(self, context: &Context) -> anyhow::Result<()> {
        let client = context.client()?;
        let out = &context.output;
        match self {
            Self::Create => {
                let endpoint = client.post(&tester(), &json!({})).await?;
                out.answer(&endpoint, |out| {
                    out.line(text_at(&endpoint, "/url"));
                    out.note(format!(
                        "See what it catches: fieldhook tester requests {}",
                        text_at(&endpoint, "/id")
                    ));
                });
            }
            Self::List => {
                let page = client.rows(&tester(), usize::MAX).await?;
                let rows = page["items"].as_array().map_or(&[][..], Vec::as_slice);
                out.answer(&page, |out| out.table(&LIST, rows, "None. Make one: fieldhook tester create"));
            }
            Self::Requests(command) => command.run(context, &client).await?,
            Self::Answer(command) => {
                let path = tester().then(&command.id).then("answer");
                let answer = client.put(&path, &command.read()?).await?;
                out.answer(&answer, |out| out.line("It answers so from now on."));
            }
            Self::Delete { id } => {
                let answer = client.delete(&tester().then(&id)).await?;
                out.answer(&answer, |out| out.line(format!("Deleted {id}.")));
            }
        }
        Ok(())
    }
}

impl Requests {
    async fn run(self, context: &Context, client: &Client) -> anyhow::Result<()> {
        let path = tester().then(&self.id).then("requests");
        if self.follow {
            return follow(context, client, &path).await;
        }
        let page = client.rows(&path, self.limit.max(1)).await?;
        let rows = page["items"].as_array().map_or(&[][..], Vec::as_slice);
        context.output.answer(&page, |out| out.table(&REQUESTS, rows, "It has caught nothing yet."));
        Ok(())
    }
}

async fn follow(context: &Context, client: &Client, path: &Path) -> anyhow::Result<()> {
    let mut caught = client.stream(path).await?;
    context.output.note("Listening. Ctrl-C ends.");
    while let Some(event) = caught.next(&*context.nature.clock).await? {
        let request = serde_json::from_str(&event.data).map_err(ClientError::from)?;
        context.output.each(&request, || line(&request));
    }
    anyhow::bail!("the stream ended: the server stopped, or the address was deleted")
}

fn line(request: &Value) -> String {
    let text = |at| printable(&text_at(request, at));
    format!(
        "{}  {} /{}  {}",
        text("/at"),
        text("/method"),
        text("/path").trim_start_matches('/'),
        text("/body/text")
    )
}

impl Answer {
    fn read(&self) -> anyhow::Result<Value> {
        if let Some(file) = &self.file {
            let text = if file == "-" {
                std::io::read_to_string(std::io::stdin())?
            } else {
                std::fs::read_to_string(file)
                    .map_err(|error| anyhow::anyhow!("cannot read {file}: {error}"))?
            };
            return serde_json::from_str(&text)
                .map_err(|error| anyhow::anyhow!("{file} is not JSON: {error}"));
        }
        let mut headers = Vec::new();
        for header in &self.header {
            match header.split_once(':') {
                Some((name, value)) => headers.push([name.trim(), value.trim()]),
                None => usage!("the header `{header}` has no colon: write it as `Name: value`"),
            }
        }
        let mut answer = Map::new();
        let given = [
            ("status", self.status.map(Value::from)),
            ("headers", (!headers.is_empty()).then(|| json!(headers))),
            ("body", self.body.clone().map(Value::from)),
            ("body_bytes", self.body_bytes.map(Value::from)),
            ("delay_ms", self.delay_ms.map(Value::from)),
            ("drip", self.drip.map(Value::from)),
            ("fault", self.fault.clone().map(Value::from)),
        ];
        for (key, value) in given {
            answer.extend(value.map(|value| (key.to_owned(), value)));
        }
        Ok(Value::Object(answer))
    }
}

fn tester() -> Path {
    Path::of(&["fieldhook", "v1", "tester"])
}
