//! What the demo shows: how each webhook fares, the newest events, and whether the books balance.

use std::collections::HashMap;
use std::time::Duration;

use fieldhook_core::attempt::Outcome;
use fieldhook_core::id::IntegrationId;
use fieldhook_core::throttle::GateState;
use fieldhook_core::wire::Listed;
use fieldhook_core::wire::books::{Book, Books, Counters, DayTally, Destination};
use fieldhook_core::wire::history::{AttemptLine, Event};
use serde_json::{Value, json};

use super::fleet::Machine;
use super::scenarios::{Act, Stage};
use crate::client::{Client, ClientError};
use crate::output::{Size, printable};
use crate::path::Path;

/// The newest events that are kept for a tall terminal.
const EVENTS: usize = 40;
/// Attempts looked through for each webhook's last one.
const ATTEMPTS: usize = 200;
/// Widths of the table's columns but the last.
const WIDTHS: [usize; 6] = [32, 9, 7, 9, 9, 15];

/// What stands above the table.
#[derive(Debug, Clone, Copy)]
pub(super) struct Title<'a> {
    /// The server.
    pub(super) url: &'a str,
    /// Who may log in.
    pub(super) email: &'a str,
    /// Their password.
    pub(super) password: &'a str,
    /// How long it has been running.
    pub(super) running: Duration,
}

/// Everything shown, as last looked at.
#[derive(Debug, Default)]
pub(super) struct Scene {
    rows: Vec<Row>,
    total: Book,
    events: Vec<Event>,
    /// The last message of each webhook: a rare one's is soon beyond the attempts looked through.
    last: HashMap<IntegrationId, String>,
}

#[derive(Debug)]
struct Row {
    id: IntegrationId,
    name: &'static str,
    success: u64,
    error: u64,
    skipped: u64,
    waiting: u64,
    gate: String,
    last: String,
}

impl Scene {
    /// Looks at the stage anew, as anybody may through the API.
    pub(super) async fn look(&mut self, client: &Client, stage: &Stage) -> Result<(), ClientError> {
        let ours = |name: &str| Path::of(&["fieldhook", "v1", name]);
        let books: Books = client.read(&ours("books").query("limit", 1_000)).await?;
        let counters: Counters = client.read(&ours("counters").query("limit", 1_000)).await?;
        let destinations: Listed<Destination> =
            client.read(&ours("destinations").query("limit", 1_000)).await?;
        let attempts: Listed<AttemptLine> = client.read(&ours("attempts").query("limit", ATTEMPTS)).await?;
        let events: Listed<Event> = client.read(&ours("events").query("limit", EVENTS)).await?;
        for attempt in attempts.items.iter().rev() {
            self.last.insert(attempt.integration, last_of(attempt));
        }
        self.rows = stage.acts.iter().map(|act| self.row(act, &books, &counters, &destinations)).collect();
        self.total = books.total;
        self.events = events.items;
        Ok(())
    }

    fn row(&self, act: &Act, books: &Books, counters: &Counters, destinations: &Listed<Destination>) -> Row {
        let counted = counters.items.iter().find(|counters| counters.integration == act.id);
        let days = counted.map_or(&[][..], |counted| &counted.days);
        let sum = |count: fn(&DayTally) -> u64| days.iter().map(count).sum();
        let book = books.items.iter().find(|book| book.integration == act.id);
        let gate = destinations.items.iter().find(|destination| destination.scope == act.scope);
        Row {
            id: act.id,
            name: act.name,
            success: sum(|day| day.success),
            error: sum(|day| day.error),
            skipped: sum(|day| day.skipped),
            waiting: book.map_or(0, |book| book.book.waiting),
            gate: gate.map_or_else(|| "open".to_owned(), |destination| gate_in_words(&destination.gate)),
            last: self.last.get(&act.id).cloned().unwrap_or_default(),
        }
    }

    /// The whole view, line by line, within a terminal of this size.
    pub(super) fn drawn(&self, title: &Title<'_>, size: Size) -> Vec<String> {
        let mut lines = vec![
            format!("Fieldhook demo   {}   {}", title.url, in_hours(title.running)),
            format!("Log in as {} with the password {}", title.email, title.password),
            String::new(),
            cells(["WEBHOOK", "SUCCESS", "ERROR", "SKIPPED", "WAITING", "GATE"].map(str::to_owned), "LAST"),
        ];
        lines.extend(self.rows.iter().map(Row::drawn));
        lines.extend([String::new(), self.balance(), String::new(), "NEWEST EVENTS".to_owned()]);
        let room = size.height.saturating_sub(lines.len() + 2);
        lines.extend(self.events.iter().take(room).map(event_line));
        lines.extend([String::new(), "Ctrl-C ends.".to_owned()]);
        lines.into_iter().map(|line| line.chars().take(size.width).collect()).collect()
    }

    /// The view as one line, for where there is no terminal.
    pub(super) fn line(&self, running: Duration) -> String {
        format!("{}  {}", in_hours(running), self.balance())
    }

    /// The view for programs.
    pub(super) fn json(&self) -> Value {
        let rows = self.rows.iter().map(|row| {
            json!({
                "id": row.id, "name": row.name, "success": row.success, "error": row.error, "skipped": row.skipped,
                "waiting": row.waiting, "gate": row.gate, "last": row.last,
            })
        });
        json!({ "books": self.total, "balanced": balanced(self.total), "integrations": rows.collect::<Vec<_>>() })
    }

    /// `12 matched = 10 delivered + 1 failed + 0 dropped + 1 waiting  ✔`.
    fn balance(&self) -> String {
        let Book { matched, delivered, failed, dropped, waiting } = self.total;
        let mark = if balanced(self.total) { '✔' } else { '✘' };
        format!(
            "{matched} matched = {delivered} delivered + {failed} failed + {dropped} dropped + {waiting} waiting  {mark}"
        )
    }
}

impl Row {
    fn drawn(&self) -> String {
        let counts = [self.success, self.error, self.skipped, self.waiting].map(|count| count.to_string());
        let [success, error, skipped, waiting] = counts;
        cells([self.name.to_owned(), success, error, skipped, waiting, self.gate.clone()], &self.last)
    }
}

fn balanced(book: Book) -> bool {
    book.matched == book.delivered + book.failed + book.dropped + book.waiting
}

/// Names to the left, numbers to the right, each in its column.
fn cells(texts: [String; 6], last: &str) -> String {
    let mut line = String::new();
    for (at, (text, width)) in texts.iter().zip(WIDTHS).enumerate() {
        let padded =
            if (1..5).contains(&at) { format!("{text:>width$}") } else { format!("  {text:<width$}") };
        line.push_str(&padded);
    }
    line.push_str("  ");
    line.push_str(last);
    line.trim_end().to_owned()
}

fn event_line(event: &Event) -> String {
    let at = event.published_at.to_string();
    let time = at.get(11..19).unwrap_or(&at);
    let data = event.data.as_deref().unwrap_or("");
    let by = event.coreid.to_string();
    let by = Machine::named(&by).unwrap_or(by);
    format!("  {time}  {by:14}  {:18}  {}", printable(&event.name), printable(data))
}

fn last_of(attempt: &AttemptLine) -> String {
    let text = match (&attempt.message, attempt.status) {
        (Some(message), _) => message.clone(),
        (None, Some(status)) => format!("status {status} in {} ms", attempt.duration_ms),
        (None, None) if attempt.outcome == Outcome::Skipped => "skipped".to_owned(),
        (None, None) => String::new(),
    };
    printable(&text)
}

fn gate_in_words(gate: &GateState) -> String {
    match (gate.closed_until, gate.warning) {
        (Some(_), _) => "closed".to_owned(),
        (None, _) if gate.probability > 0.0 => format!("skips {:.0} %", gate.probability * 100.0),
        (None, Some(mark)) => format!("at {mark} %"),
        (None, None) => "open".to_owned(),
    }
}

fn in_hours(time: Duration) -> String {
    let seconds = time.as_secs();
    format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scene() -> Scene {
        let row = Row {
            id: IntegrationId([1; 12]),
            name: "Readings to the dashboard",
            success: 12,
            error: 1,
            skipped: 0,
            waiting: 2,
            gate: "skips 83 %".to_owned(),
            last: "error status 500 from 127.0.0.1".to_owned(),
        };
        let total = Book { matched: 15, delivered: 12, failed: 1, dropped: 0, waiting: 2 };
        Scene { rows: vec![row], total, ..Scene::default() }
    }

    const TITLE: Title<'static> =
        Title { url: "http://x", email: "a@b.c", password: "p", running: Duration::from_secs(3_725) };

    #[test]
    fn the_view_says_where_how_and_whether_the_books_balance() {
        let text = scene().drawn(&TITLE, Size { width: 200, height: 40 }).join("\n");
        for part in ["http://x", "a@b.c", "01:02:05", "skips 83 %", "error status 500", "+ 2 waiting  ✔"] {
            assert!(text.contains(part), "{part} is missing from\n{text}");
        }
    }

    #[test]
    fn books_that_do_not_balance_are_marked() {
        let mut scene = scene();
        scene.total.matched += 1;
        assert!(scene.line(Duration::ZERO).ends_with('✘'));
        assert_eq!(scene.json()["balanced"], false);
    }

    #[test]
    fn no_line_is_wider_than_the_terminal() {
        let lines = scene().drawn(&TITLE, Size { width: 30, height: 10 });
        assert!(lines.iter().all(|line| line.chars().count() <= 30));
    }
}
