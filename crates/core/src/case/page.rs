//! A case as a page that is read without the server: one file, no script, nothing fetched.

use std::fmt::Write;

use serde_json::Value;

use crate::html::escaped;

/// What such a page may do, wherever it is opened: show its own styles.
pub const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

const STYLE: &str = "\
:root{color-scheme:light dark;--ink:#1b1f24;--paper:#fff;--faint:#57606a;--line:#d0d7de;--soft:#f4f6f8;--bad:#b42318}\
@media(prefers-color-scheme:dark){:root{--ink:#e6edf3;--paper:#0d1117;--faint:#9aa4af;--line:#30363d;--soft:#161b22;--bad:#ff7b72}}\
body{margin:0;background:var(--paper);color:var(--ink);font:15px/1.5 system-ui,sans-serif}\
main{max-width:60rem;margin:0 auto;padding:2rem 1rem}\
h1{font-size:1.6rem;margin:0 0 .25rem}h2{font-size:1.2rem;margin:2rem 0 .5rem}h3{font-size:1rem;margin:1rem 0 .25rem}\
.faint{color:var(--faint);margin:.25rem 0}.bad{color:var(--bad)}\
section.card{border:1px solid var(--line);border-left:4px solid var(--bad);border-radius:6px;padding:.5rem 1rem 1rem;margin:1rem 0}\
table{border-collapse:collapse;width:100%}\
th,td{border-top:1px solid var(--line);padding:.35rem .75rem .35rem 0;text-align:left;vertical-align:top;overflow-wrap:anywhere}\
th{font-weight:500;color:var(--faint);white-space:nowrap}\
pre{background:var(--soft);padding:.75rem;border-radius:6px;white-space:pre-wrap;overflow-wrap:anywhere;font-size:13px}\
details{border-top:1px solid var(--line);padding:.35rem 0}summary{cursor:pointer}";

/// The page of a case that has been redacted. It holds the whole case as JSON too, at its end.
///
/// It is made of the JSON, not of the [`Case`](crate::wire::case::Case): what was masked may have become something that a typed case
/// cannot hold.
pub fn of(case: &Value) -> String {
    let mut page = Page::default();
    page.head(case);
    page.summary(case);
    page.cards(case);
    page.issues(case);
    page.traces(case);
    page.attempts(case);
    page.revisions(case);
    page.gate(case);
    page.server(case);
    page.open("h2", "Everything as JSON");
    page.folded("The case as JSON", case);
    page.text.push_str("</main>\n</body>\n</html>\n");
    page.text
}

#[derive(Default)]
struct Page {
    text: String,
}

impl Page {
    fn head(&mut self, case: &Value) {
        let name = case.pointer("/integration/name").and_then(Value::as_str);
        let title = name.map_or_else(|| at(case, "/integration/prefix"), str::to_owned);
        let title = escaped(&title);
        let _ = write!(
            self.text,
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"referrer\" content=\"no-referrer\">\n\
             <title>Case: {title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n\
             <h1>Case: {title}</h1>\n"
        );
        let window = format!("From {} to {}.", at(case, "/since"), at(case, "/until"));
        self.faint(&window);
        self.faint(&format!(
            "Made {} by {}. Secrets are masked.",
            at(case, "/made_at"),
            at(case, "/made_by")
        ));
    }

    fn summary(&mut self, case: &Value) {
        self.open("h2", "The integration");
        let codes: Vec<_> = items(case, "codes")
            .map(|count| format!("{} × {}", at(count, "/count"), at(count, "/what")))
            .collect();
        let newest = if case["more_attempts"] == true { " (the newest attempts of the window)" } else { "" };
        let rows = [
            ("id", at(case, "/integration/id")),
            ("owner", format!("{} ({})", at(case, "/integration/owner"), at(case, "/integration/scope"))),
            ("fires on", at(case, "/integration/prefix")),
            ("revision", at(case, "/integration/revision")),
            ("switched off since", at(case, "/integration/disabled_since")),
            ("outcomes", format!("{}{newest}", codes.join(", "))),
            ("devices concerned", joined(case, "devices")),
            ("event names", joined(case, "event_names")),
        ];
        self.table(rows);
        self.folded("Its template", &case["integration"]["template"]);
    }

    fn cards(&mut self, case: &Value) {
        self.open("h2", "What is wrong");
        if items(case, "cards").next().is_none() {
            self.faint("No problem was found.");
        }
        for card in items(case, "cards") {
            self.text.push_str("<section class=\"card\">\n");
            self.open("h3", &at(card, "/title"));
            self.paragraph(&at(card, "/happened"));
            let extent = &card["extent"];
            let mut rows = vec![
                (
                    "how much",
                    format!("{} of {} {}", at(extent, "/count"), at(extent, "/of"), at(extent, "/unit")),
                ),
                ("since", at(extent, "/since")),
                ("last", at(extent, "/last")),
                ("last success", at(extent, "/last_good")),
                ("why", at(card, "/cause/words")),
                ("proof", at(card, "/cause/fact/words")),
            ];
            rows.extend(items(card, "also").map(|fact| ("also", at(fact, "/words"))));
            rows.extend(items(card, "steps").map(|step| ("to do", at(step, "/words"))));
            rows.push(("the events", at(card, "/fate/words")));
            self.table(rows);
            self.text.push_str("</section>\n");
        }
    }

    fn issues(&mut self, case: &Value) {
        if items(case, "issues").next().is_none() {
            return;
        }
        self.open("h2", "Issues");
        for issue in items(case, "issues") {
            let what = match at(issue, "/code") {
                code if code.is_empty() => at(issue, "/status"),
                code => code,
            };
            let says = format!(
                "{what} from {}: {}, {} of {} attempts, first {}, last {}",
                at(issue, "/origin"),
                at(issue, "/state"),
                at(issue, "/count"),
                at(issue, "/attempts"),
                at(issue, "/first_seen"),
                at(issue, "/last_seen"),
            );
            self.folded(&says, issue);
        }
    }

    fn traces(&mut self, case: &Value) {
        if items(case, "traces").next().is_none() {
            return;
        }
        self.open("h2", "Events said to be missing");
        for trace in items(case, "traces") {
            self.open("h3", &at(trace, "/id"));
            let Some(event) = trace.get("event").filter(|event| !event.is_null()) else {
                self.paragraph("No event of this id is stored.");
                continue;
            };
            let said = format!("{}, published {}", at(event, "/name"), at(event, "/published_at"));
            self.paragraph(&said);
            let lines: Vec<_> = items(trace, "lines")
                .map(|line| {
                    let name = match at(line, "/name") {
                        name if name.is_empty() => at(line, "/prefix"),
                        name => name,
                    };
                    (name, at(line, "/explanation"))
                })
                .collect();
            self.table(lines.iter().map(|(name, says)| (name.as_str(), says.clone())));
        }
    }

    fn attempts(&mut self, case: &Value) {
        self.open("h2", "Attempts in full");
        for attempt in items(case, "attempts") {
            let outcome: Vec<_> = ["/outcome", "/status", "/code"]
                .into_iter()
                .map(|place| at(attempt, place))
                .filter(|text| !text.is_empty())
                .collect();
            let head = format!(
                "{} {} · {} · {} ms",
                at(attempt, "/started_at"),
                outcome.join(" "),
                at(attempt, "/event/name"),
                at(attempt, "/duration_ms")
            );
            let _ = writeln!(self.text, "<details><summary>{}</summary>", escaped(&head));
            self.table([
                ("attempt", at(attempt, "/id")),
                ("delivery", at(attempt, "/delivery")),
                ("event", at(attempt, "/event/id")),
                ("device", at(attempt, "/event/coreid")),
                ("message", at(attempt, "/message")),
                ("url", at(attempt, "/request/url")),
            ]);
            for (name, part) in [
                ("Event", "event"),
                ("Request as sent", "request"),
                ("Answer", "response"),
                ("Timings", "timings"),
                ("Network", "network"),
            ] {
                if !attempt[part].is_null() {
                    self.open("h3", name);
                    self.json(&attempt[part]);
                }
            }
            self.text.push_str("</details>\n");
        }
    }

    fn revisions(&mut self, case: &Value) {
        self.open("h2", "Revisions");
        for revision in items(case, "revisions") {
            let head = format!(
                "{}: saved {} by {}",
                at(revision, "/revision"),
                at(revision, "/saved_at"),
                at(revision, "/saved_by")
            );
            self.folded(&head, &revision["changes"]);
        }
    }

    fn gate(&mut self, case: &Value) {
        self.open("h2", "The gate");
        if case["gate"].is_null() {
            self.faint("Nothing was sent to the destination lately, so its gate is open.");
        } else {
            self.folded("As it stands", &case["gate"]);
        }
        self.table(
            items(case, "gate_history")
                .map(|point| {
                    let says = format!(
                        "{} of {} accepted in the window before; skipped {} before, {} after",
                        at(point, "/accepts"),
                        at(point, "/attempts"),
                        at(point, "/skipped_before"),
                        at(point, "/skipped_after"),
                    );
                    (at(point, "/at"), says)
                })
                .collect::<Vec<_>>()
                .iter()
                .map(|(when, says)| (when.as_str(), says.clone())),
        );
    }

    fn server(&mut self, case: &Value) {
        self.open("h2", "The server");
        let server = &case["server"];
        let mut rows = vec![
            ("version".to_owned(), at(server, "/version")),
            ("started".to_owned(), at(server, "/started_at")),
        ];
        rows.extend(items(server, "parts").map(|part| (at(part, "/part"), at(part, "/says"))));
        rows.extend(
            items(server, "incidents")
                .map(|incident| (format!("incident {}", at(incident, "/began_at")), at(incident, "/what"))),
        );
        self.table(rows.iter().map(|(name, says)| (name.as_str(), says.clone())));
    }

    fn open(&mut self, tag: &str, text: &str) {
        let _ = writeln!(self.text, "<{tag}>{}</{tag}>", escaped(text));
    }

    fn paragraph(&mut self, text: &str) {
        self.open("p", text);
    }

    fn faint(&mut self, text: &str) {
        let _ = writeln!(self.text, "<p class=\"faint\">{}</p>", escaped(text));
    }

    /// Names and values; those without a value are left out.
    fn table<'n>(&mut self, rows: impl IntoIterator<Item = (&'n str, String)>) {
        self.text.push_str("<table>\n");
        for (name, value) in rows.into_iter().filter(|(_, value)| !value.is_empty()) {
            let _ = writeln!(self.text, "<tr><th>{}</th><td>{}</td></tr>", escaped(name), escaped(&value));
        }
        self.text.push_str("</table>\n");
    }

    fn folded(&mut self, summary: &str, value: &Value) {
        let _ = writeln!(self.text, "<details><summary>{}</summary>", escaped(summary));
        self.json(value);
        self.text.push_str("</details>\n");
    }

    fn json(&mut self, value: &Value) {
        let text = serde_json::to_string_pretty(value).unwrap_or_default();
        let _ = writeln!(self.text, "<pre>{}</pre>", escaped(&text));
    }
}

/// The value at a place, as text; empty when there is none.
fn at(value: &Value, place: &str) -> String {
    match value.pointer(place) {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

fn items<'v>(value: &'v Value, key: &str) -> impl Iterator<Item = &'v Value> {
    value.get(key).and_then(Value::as_array).into_iter().flatten()
}

fn joined(value: &Value, key: &str) -> String {
    let texts: Vec<_> = items(value, key).filter_map(Value::as_str).collect();
    texts.join(", ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn whatever_devices_and_servers_sent_is_text() {
        let hostile = "</pre><script>alert(1)</script>";
        let case = json!({
            "integration": {"name": hostile, "prefix": "t"},
            "cards": [{"title": hostile, "cause": {"words": hostile}}],
            "attempts": [{"outcome": "error", "event": {"name": hostile}, "response": {"body": hostile}}],
        });
        let page = of(&case);
        assert!(!page.contains("<script"), "{page}");
        assert_eq!(page.matches("&lt;script&gt;").count(), page.matches("alert(1)").count());
    }

    #[test]
    fn it_fetches_nothing_and_runs_nothing() {
        let page = of(&json!({}));
        assert!(page.contains("default-src 'none'"));
        assert!(!page.contains("src=") && !page.contains("href="), "{page}");
    }
}
