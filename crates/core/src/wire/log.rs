//! Attempts as an integration's history shows them: request and answer as text, the way they look on the wire.

use std::fmt::Write as _;

use super::integration::{LogEntry, LoggedEvent};
use crate::attempt::{Answer, Attempt, KeptBody, SentRequest, Trigger};
use crate::event::Event;

impl From<&Attempt> for LogEntry {
    fn from(attempt: &Attempt) -> Self {
        Self {
            id: attempt.id,
            event: LoggedEvent::from(&*attempt.event),
            kind: kind(&attempt.trigger).to_owned(),
            request: attempt.request.as_ref().map(request_text).unwrap_or_default(),
            response: attempt.answer.as_ref().map(answer_text).unwrap_or_default(),
            message: attempt.message.clone(),
            time: attempt.started_at.as_millis(),
            outcome: attempt.outcome,
            code: attempt.code,
            status: attempt.status,
            duration_ms: attempt.duration_ms(),
        }
    }
}

impl From<&Event> for LoggedEvent {
    fn from(event: &Event) -> Self {
        Self {
            name: event.name.clone(),
            data: event.data.clone(),
            ttl: event.ttl,
            published_at: event.published_at,
            coreid: event.publisher.to_string(),
        }
    }
}

fn kind(trigger: &Trigger) -> &'static str {
    match trigger {
        Trigger::Event => "event",
        Trigger::Retry => "retry",
        Trigger::Test { .. } => "test",
        Trigger::Replay { .. } => "replay",
    }
}

/// `POST /in HTTP/1.1`, the headers, an empty line, the body. The host is a header, as it is on the wire.
fn request_text(request: &SentRequest) -> String {
    let rest = request.url.split_once("://").map_or(request.url.as_str(), |(_, rest)| rest);
    let at = rest.find(['/', '?']).unwrap_or(rest.len());
    let (host, target) = rest.split_at(at);
    let slash = if target.starts_with('/') { "" } else { "/" };
    let mut text = format!("{} {slash}{target} HTTP/1.1\n", request.method);
    if !request.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
        let _ = writeln!(text, "Host: {host}");
    }
    finish(text, &request.headers, request.body.as_ref())
}

/// `HTTP/1.1 200`, the headers, an empty line, the body.
fn answer_text(answer: &Answer) -> String {
    finish(format!("HTTP/1.1 {}\n", answer.status), &answer.headers, Some(&answer.body))
}

fn finish(mut text: String, headers: &[(String, String)], body: Option<&KeptBody>) -> String {
    for (name, value) in headers {
        let _ = writeln!(text, "{name}: {value}");
    }
    text.push('\n');
    let Some(body) = body else { return text };
    if body.binary {
        let _ = write!(text, "[{} bytes that are not text]", body.bytes);
    } else {
        text.push_str(&body.text);
    }
    if body.cut && !body.binary {
        let _ = write!(text, "[cut here; {} bytes in all]", body.bytes);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(url: &str) -> SentRequest {
        SentRequest {
            method: "POST".into(),
            url: url.into(),
            headers: vec![("Content-Type".into(), "text/plain".into())],
            body: Some(KeptBody { text: "21.5".into(), bytes: 4, ..KeptBody::default() }),
        }
    }

    #[test]
    fn a_request_reads_as_it_does_on_the_wire() {
        assert_eq!(
            request_text(&request("https://example.com:8443/in?a=b")),
            "POST /in?a=b HTTP/1.1\nHost: example.com:8443\nContent-Type: text/plain\n\n21.5"
        );
        assert!(
            request_text(&request("http://example.com")).starts_with("POST / HTTP/1.1\nHost: example.com\n")
        );
        assert!(request_text(&request("http://h?q")).starts_with("POST /?q HTTP/1.1\nHost: h\n"));
    }

    #[test]
    fn an_answer_that_was_cut_or_is_no_text_says_so() {
        let body = |text: &str, binary, cut| KeptBody { text: text.into(), binary, bytes: 9, cut };
        let answer = |body| answer_text(&Answer { status: 200, headers: Vec::new(), body });
        assert_eq!(answer(body("ok", false, true)), "HTTP/1.1 200\n\nok[cut here; 9 bytes in all]");
        assert_eq!(answer(body("AAEC", true, false)), "HTTP/1.1 200\n\n[9 bytes that are not text]");
    }
}
