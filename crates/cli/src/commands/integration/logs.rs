//! The log of an integration: every attempt, its evidence, and new ones as they end.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::time::Duration;

use clap::{Args, ValueEnum};
use serde_json::Value;

use super::Which;
use crate::Context;
use crate::client::Client;
use crate::output::{Column, column, printable, state, text_at};
use crate::path::Path;

/// How often `--follow` asks for news.
const EVERY: Duration = Duration::from_secs(1);
/// Rows remembered so that `--follow` prints each once.
const REMEMBERED: usize = 2_000;

/// A short log, as a single read of an integration carries it.
pub(super) const RECENT: [Column; 6] = [
    column("EVENT", "/event/name"),
    column("PUBLISHED", "/event/published_at"),
    state("OUTCOME", "/outcome"),
    column("STATUS", "/status"),
    column("MS", "/duration_ms"),
    column("MESSAGE", "/message"),
];

const LOG: [Column; 8] = [
    column("WHEN", "/started_at"),
    state("OUTCOME", "/outcome"),
    column("STATUS", "/status"),
    column("CODE", "/code"),
    column("MS", "/duration_ms"),
    column("EVENT", "/event_name"),
    column("MESSAGE", "/message"),
    column("ATTEMPT", "/id"),
];

/// Read the log: every attempt, newest first; with an attempt's id, everything known of it
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  fieldhook integration logs ID
  fieldhook integration logs ID --outcome error --since 2026-01-02T00:00:00Z --limit 200
  fieldhook integration logs ID --code ETIMEDOUT --device 0123456789abcdef01234567
  fieldhook integration logs ID --query overload          in names, messages, requests and answers
  fieldhook integration logs ID --follow
  fieldhook integration logs ID --attempt ATTEMPT_ID      the request, the answer, the timings")]
pub(crate) struct Logs {
    #[command(flatten)]
    which: Which,
    /// Only attempts that ended so
    #[arg(long, value_enum)]
    outcome: Option<Outcome>,
    /// Only this code, such as ETIMEDOUT
    #[arg(long, value_name = "CODE")]
    code: Option<String>,
    /// Only this status of the answer
    #[arg(long, value_name = "STATUS")]
    status: Option<u16>,
    /// Only events of this device, by id
    #[arg(long, value_name = "DEVICE_ID")]
    device: Option<String>,
    /// Only what contains this text
    #[arg(long, value_name = "TEXT")]
    query: Option<String>,
    /// Only from this time on, such as 2026-01-02 or 2026-01-02T03:04:05Z
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Only before this time
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// Most rows
    #[arg(long, value_name = "COUNT", default_value_t = 50)]
    limit: usize,
    /// Print new attempts as they end, until Ctrl-C
    #[arg(long, short, conflicts_with = "until")]
    follow: bool,
    /// Everything known of this one attempt
    #[arg(long, value_name = "ATTEMPT_ID")]
    attempt: Option<String>,
}

/// How an attempt ended.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Outcome {
    Success,
    Error,
    Skipped,
}

impl Logs {
    pub(super) async fn run(self, context: &Context) -> anyhow::Result<()> {
        let client = context.client()?;
        if let Some(attempt) = &self.attempt {
            let attempt = client.get(&attempts().then(attempt)).await?;
            context.output.answer(&attempt, |out| out.line(attempt_in_full(&attempt)));
            return Ok(());
        }
        if self.follow {
            return self.follow(context, &client).await;
        }
        let page = client.rows(&self.path(), self.limit.max(1)).await?;
        let rows = page["items"].as_array().map_or(&[][..], Vec::as_slice);
        context.output.answer(&page, |out| out.table(&LOG, rows, "No attempt fits."));
        Ok(())
    }

    /// Asks for the newest rows again and again, and prints those not printed before, the oldest first.
    async fn follow(&self, context: &Context, client: &Client) -> anyhow::Result<()> {
        let mut printed: VecDeque<String> = VecDeque::new();
        loop {
            let page = client.rows(&self.path(), self.limit.max(1)).await?;
            let rows = page["items"].as_array().map_or(&[][..], Vec::as_slice);
            for row in rows.iter().rev() {
                let id = text_at(row, "/id");
                if !printed.contains(&id) {
                    context.output.each(row, || line(row));
                    printed.push_back(id);
                }
            }
            while printed.len() > REMEMBERED {
                printed.pop_front();
            }
            context.nature.clock.sleep(EVERY).await;
        }
    }

    fn path(&self) -> Path {
        attempts()
            .query("integration", &self.which.id)
            .maybe("outcome", self.outcome.map(|outcome| format!("{outcome:?}").to_lowercase()))
            .maybe("code", self.code.as_deref())
            .maybe("status", self.status)
            .maybe("device", self.device.as_deref())
            .maybe("q", self.query.as_deref())
            .maybe("since", self.since.as_deref())
            .maybe("until", self.until.as_deref())
    }
}

fn attempts() -> Path {
    Path::of(&["fieldhook", "v1", "attempts"])
}

/// A line of `--follow`.
fn line(row: &Value) -> String {
    let text = |at| text_at(row, at);
    format!(
        "{}  {:7}  {:>3}  {:>6} ms  {}  {}",
        text("/started_at"),
        text("/outcome"),
        text("/status"),
        text("/duration_ms"),
        text("/event_name"),
        text("/message")
    )
}

/// What came of an attempt, in a few words.
pub(super) fn what_happened(attempt: &Value) -> String {
    let message = text_at(attempt, "/message");
    if !message.is_empty() {
        return message;
    }
    format!("status {}", text_at(attempt, "/status"))
}

/// An attempt with its request and its answer.
///
/// A test's answer and the log's name the answer differently; either is taken.
pub(super) fn attempt_in_full(attempt: &Value) -> String {
    let mut text = String::new();
    let mut add = |line: &str| {
        text.push_str(line);
        text.push('\n');
    };
    add(&format!("{}: {}", text_at(attempt, "/outcome"), what_happened(attempt)));
    if let Some(request) = attempt.get("request").filter(|request| request.is_object()) {
        add(&format!("\n> {} {}", text_at(request, "/method"), text_at(request, "/url")));
        message(&mut add, '>', request);
    }
    let answer =
        ["answer", "response"].iter().filter_map(|key| attempt.get(*key)).find(|value| value.is_object());
    if let Some(answer) = answer {
        add(&format!("\n< {}", text_at(answer, "/status")));
        message(&mut add, '<', answer);
    }
    let timings = timings(&attempt["timings"]);
    if !timings.is_empty() {
        add(&format!("\n{timings}"));
    }
    text.trim_end().to_owned()
}

fn message(add: &mut impl FnMut(&str), mark: char, message: &Value) {
    for header in message["headers"].as_array().into_iter().flatten() {
        add(&format!("{mark} {}: {}", text_at(header, "/0"), text_at(header, "/1")));
    }
    let body = message["body"]["text"].as_str().unwrap_or("");
    if !body.is_empty() {
        add(&format!("{mark}"));
        for line in body.lines() {
            add(&format!("{mark} {}", printable(line)));
        }
    }
    if message["body"]["cut"] == true {
        add(&format!("{mark} (cut; the whole body has {} bytes)", text_at(&message["body"], "/bytes")));
    }
}

/// `resolve 0.3 ms, connect 1.2 ms, … 20.1 ms in all`.
fn timings(timings: &Value) -> String {
    let mut text = String::new();
    for phase in ["queued", "resolve", "connect", "tls", "send", "wait", "receive"] {
        if let Some(micros) = timings[format!("{phase}_us")].as_f64() {
            write!(text, "{phase} {:.1} ms, ", micros / 1e3).expect("writing to a String cannot fail");
        }
    }
    if let Some(micros) = timings["total_us"].as_f64() {
        write!(text, "{:.1} ms in all", micros / 1e3).expect("writing to a String cannot fail");
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::commands::scope::ScopeArgs;

    #[test]
    fn every_filter_reaches_the_query() {
        let logs = Logs {
            which: Which { id: "i".into(), scope: ScopeArgs::default() },
            outcome: Some(Outcome::Error),
            code: Some("ETIMEDOUT".into()),
            status: Some(500),
            device: Some("d".into()),
            query: Some("a b".into()),
            since: Some("2026-01-02".into()),
            until: None,
            limit: 5,
            follow: false,
            attempt: None,
        };
        assert_eq!(
            logs.path().to_string(),
            "/fieldhook/v1/attempts?integration=i&outcome=error&code=ETIMEDOUT&status=500&device=d&q=a%20b\
             &since=2026-01-02"
        );
    }

    #[test]
    fn an_attempt_is_told_with_its_request_its_answer_and_its_timings() {
        let attempt = json!({
            "outcome": "error", "message": "error status 500 from x",
            "request": {"method": "POST", "url": "http://x/in", "headers": [["A", "1"]],
                        "body": {"text": "one\ntwo", "bytes": 7}},
            "response": {"status": 500, "headers": [], "body": {"text": "no", "bytes": 9, "cut": true}},
            "timings": {"connect_us": 1200, "total_us": 20100}
        });
        let expected = "\
error: error status 500 from x

> POST http://x/in
> A: 1
>
> one
> two

< 500
<
< no
< (cut; the whole body has 9 bytes)

connect 1.2 ms, 20.1 ms in all";
        assert_eq!(attempt_in_full(&attempt), expected);
    }
}
