//! Comparing: what is different between two attempts, part by part.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::attempt::{Attempt, KeptBody, Phase};

/// Most characters of a value that are shown.
const SHOWN: usize = 200;
/// Most places of two JSON bodies that are compared.
const MOST_PLACES: usize = 200;
/// A phase is told when one attempt took so many times as long in it …
const MUCH_LONGER: u64 = 2;
/// … and longer by so many microseconds.
const WORTH_TELLING_US: u64 = 50_000;
/// Headers that are different in every request or answer.
const ALWAYS_DIFFERENT: [&str; 7] =
    ["webhook-id", "webhook-timestamp", "webhook-signature", "date", "x-request-id", "cf-ray", "etag"];

/// Something that is not the same in two attempts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Difference {
    /// The part of the attempt it is in.
    pub part: Part,
    /// What it is: a header's name, `url`, a place in the body such as `body.readings.0`, a phase.
    pub name: String,
    /// In the first attempt; absent when it has none.
    pub a: Option<String>,
    /// In the second.
    pub b: Option<String>,
}

/// A part of an attempt.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "lowercase")]
#[schema(as = DifferentPart)]
pub enum Part {
    /// How it ended.
    Outcome,
    /// The integration's revision.
    Revision,
    /// The event.
    Event,
    /// How filling in the template went.
    Rendering,
    /// The request as sent.
    Request,
    /// The answer.
    Response,
    /// Where it went, over what kind of connection.
    Network,
    /// How long it took.
    Timings,
}

/// Everything that is different, part by part. What differs in any two attempts is left out.
pub fn differences(a: &Attempt, b: &Attempt) -> Vec<Difference> {
    let mut found = Found::default();
    ended(&mut found, a, b);
    found.tell(Part::Revision, "revision", Some(a.revision), Some(b.revision));
    event(&mut found, a, b);
    let missing = |attempt: &Attempt| {
        (!attempt.rendering.missing.is_empty()).then(|| attempt.rendering.missing.join(", "))
    };
    found.tell(Part::Rendering, "missing", missing(a), missing(b));
    found.tell(Part::Rendering, "json", a.rendering.json_fault.as_ref(), b.rendering.json_fault.as_ref());
    request(&mut found, a, b);
    response(&mut found, a, b);
    network(&mut found, a, b);
    timings(&mut found, a, b);
    found.0
}

#[derive(Default)]
struct Found(Vec<Difference>);

impl Found {
    fn tell<T: ToString + PartialEq>(&mut self, part: Part, name: &str, a: Option<T>, b: Option<T>) {
        if a != b {
            self.push(part, name, a.map(|a| a.to_string()), b.map(|b| b.to_string()));
        }
    }

    fn push(&mut self, part: Part, name: &str, a: Option<String>, b: Option<String>) {
        let cut = |text: String| {
            let shown: String = text.chars().take(SHOWN).collect();
            if shown.len() < text.len() { format!("{shown}…") } else { shown }
        };
        self.0.push(Difference { part, name: name.to_owned(), a: a.map(cut), b: b.map(cut) });
    }
}

fn ended(found: &mut Found, a: &Attempt, b: &Attempt) {
    let outcome = |attempt: &Attempt| format!("{:?}", attempt.outcome).to_lowercase();
    found.tell(Part::Outcome, "outcome", Some(outcome(a)), Some(outcome(b)));
    found.tell(Part::Outcome, "status", a.status, b.status);
    found.tell(Part::Outcome, "code", a.code, b.code);
    let stopped = |attempt: &Attempt| attempt.stopped_in.map(Phase::as_str);
    found.tell(Part::Outcome, "stopped", stopped(a), stopped(b));
    found.tell(Part::Outcome, "message", a.message.as_ref(), b.message.as_ref());
}

fn event(found: &mut Found, a: &Attempt, b: &Attempt) {
    let (one, other) = (&a.event, &b.event);
    found.tell(Part::Event, "name", Some(&one.name), Some(&other.name));
    found.tell(Part::Event, "publisher", Some(one.publisher), Some(other.publisher));
    found.tell(Part::Event, "firmware", one.product_version, other.product_version);
    texts(found, Part::Event, "data", one.data.as_deref(), other.data.as_deref());
}

fn request(found: &mut Found, a: &Attempt, b: &Attempt) {
    let (one, other) = (a.request.as_ref(), b.request.as_ref());
    found.tell(Part::Request, "method", one.map(|r| &r.method), other.map(|r| &r.method));
    found.tell(Part::Request, "url", one.map(|r| &r.url), other.map(|r| &r.url));
    let none = Vec::new();
    headers(found, Part::Request, one.map_or(&none, |r| &r.headers), other.map_or(&none, |r| &r.headers));
    bodies(found, Part::Request, one.and_then(|r| r.body.as_ref()), other.and_then(|r| r.body.as_ref()));
}

fn response(found: &mut Found, a: &Attempt, b: &Attempt) {
    let (one, other) = (a.answer.as_ref(), b.answer.as_ref());
    let none = Vec::new();
    headers(found, Part::Response, one.map_or(&none, |r| &r.headers), other.map_or(&none, |r| &r.headers));
    bodies(found, Part::Response, one.map(|r| &r.body), other.map(|r| &r.body));
}

fn headers(found: &mut Found, part: Part, a: &[(String, String)], b: &[(String, String)]) {
    let names: BTreeSet<_> = a.iter().chain(b).map(|(name, _)| name.to_ascii_lowercase()).collect();
    for name in names.iter().filter(|name| !ALWAYS_DIFFERENT.contains(&name.as_str())) {
        let values = |headers: &[(String, String)]| {
            let of_name = headers.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name));
            let values: Vec<_> = of_name.map(|(_, value)| value.as_str()).collect();
            (!values.is_empty()).then(|| values.join(", "))
        };
        found.tell(part, name, values(a), values(b));
    }
}

fn bodies(found: &mut Found, part: Part, a: Option<&KeptBody>, b: Option<&KeptBody>) {
    let text = |body: &KeptBody| (!body.binary).then(|| body.text.clone());
    texts(found, part, "body", a.and_then(text).as_deref(), b.and_then(text).as_deref());
    found.tell(part, "bytes", a.map(|body| body.bytes), b.map(|body| body.bytes));
}

/// Two texts: place by place when both are JSON, else whole.
fn texts(found: &mut Found, part: Part, name: &str, a: Option<&str>, b: Option<&str>) {
    if a == b {
        return;
    }
    let read = |text: Option<&str>| {
        serde_json::from_str::<Value>(text?).ok().filter(|json| json.is_object() || json.is_array())
    };
    match (read(a), read(b)) {
        (Some(one), Some(other)) => values(found, part, name, &one, &other, &mut { MOST_PLACES }),
        _ => found.tell(part, name, a, b),
    }
}

fn values(found: &mut Found, part: Part, path: &str, a: &Value, b: &Value, left: &mut usize) {
    if a == b || *left == 0 {
        return;
    }
    match (a, b) {
        (Value::Object(one), Value::Object(other)) => {
            let keys: BTreeSet<_> = one.keys().chain(other.keys()).collect();
            for key in keys {
                let place = format!("{path}.{key}");
                member(found, part, &place, one.get(key), other.get(key), left);
            }
        }
        (Value::Array(one), Value::Array(other)) => {
            for at in 0..one.len().max(other.len()) {
                member(found, part, &format!("{path}.{at}"), one.get(at), other.get(at), left);
            }
        }
        _ => {
            *left -= 1;
            found.push(part, path, Some(a.to_string()), Some(b.to_string()));
        }
    }
}

fn member(
    found: &mut Found,
    part: Part,
    place: &str,
    a: Option<&Value>,
    b: Option<&Value>,
    left: &mut usize,
) {
    match (a, b) {
        (Some(a), Some(b)) => values(found, part, place, a, b, left),
        _ if *left > 0 => {
            *left -= 1;
            found.push(part, place, a.map(Value::to_string), b.map(Value::to_string));
        }
        _ => {}
    }
}

fn network(found: &mut Found, a: &Attempt, b: &Attempt) {
    let (one, other) = (&a.network, &b.network);
    found.tell(Part::Network, "origin", a.origin.as_ref(), b.origin.as_ref());
    found.tell(Part::Network, "address", one.address.as_ref(), other.address.as_ref());
    found.tell(Part::Network, "connection", Some(connection(one.reused)), Some(connection(other.reused)));
    found.tell(Part::Network, "http", one.http.as_ref(), other.http.as_ref());
    found.tell(Part::Network, "tls", one.tls.as_ref(), other.tls.as_ref());
    let certificate = |attempt: &Attempt| attempt.network.certificate_expires_at.clone();
    found.tell(Part::Network, "certificate good until", certificate(a), certificate(b));
}

fn connection(reused: bool) -> &'static str {
    if reused { "kept from before" } else { "fresh" }
}

/// Phases in which one attempt took much longer than the other.
fn timings(found: &mut Found, a: &Attempt, b: &Attempt) {
    let (one, other) = (&a.timings, &b.timings);
    for (name, a, b) in [
        ("queued", one.queued_us, other.queued_us),
        ("resolve", one.resolve_us, other.resolve_us),
        ("connect", one.connect_us, other.connect_us),
        ("tls", one.tls_us, other.tls_us),
        ("send", one.send_us, other.send_us),
        ("wait", one.wait_us, other.wait_us),
        ("receive", one.receive_us, other.receive_us),
        ("total", Some(one.total_us), Some(other.total_us)),
    ] {
        let (short, long) = (a.min(b).unwrap_or(0), a.max(b).unwrap_or(0));
        if long >= short * MUCH_LONGER && long - short >= WORTH_TELLING_US {
            let millis = |us: Option<u64>| us.map(|us| format!("{} ms", us / 1000));
            found.push(Part::Timings, name, millis(a), millis(b));
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::diagnosis::testing::{Story, answered};

    fn compared(first: Story, second: Story) -> Vec<(Part, String, Option<String>, Option<String>)> {
        let newest = |story: Story| {
            let recent = story.told().recent;
            recent.successes.first().or(recent.failures.first()).unwrap().clone()
        };
        let told = differences(&newest(first), &newest(second));
        told.into_iter().map(|found| (found.part, found.name, found.a, found.b)).collect()
    }

    #[test]
    fn two_attempts_alike_have_no_difference() {
        let story = || Story::of(json!({})).attempt("1", answered(200, &[("Date", "x")], "ok"));
        assert_eq!(compared(story(), story()), []);
    }

    #[test]
    fn each_part_tells_what_differs_in_it() {
        let hook =
            |note: &str| json!({"json": {"t": "{{{t}}}"}, "noDefaults": true, "headers": {"X-Note": note}});
        let good = Story::of(hook("a")).attempt(r#"{"t": 1}"#, answered(200, &[("Server", "x")], "ok"));
        let bad = Story::of(hook("b")).attempt(r#"{"u": 2}"#, answered(400, &[("Server", "y")], "no"));
        let found = compared(good, bad);
        for expected in [
            (Part::Outcome, "status".to_owned(), Some("200".to_owned()), Some("400".to_owned())),
            (Part::Event, "data.t".to_owned(), Some("1".to_owned()), None),
            (Part::Event, "data.u".to_owned(), None, Some("2".to_owned())),
            (Part::Rendering, "missing".to_owned(), None, Some("t".to_owned())),
            (Part::Request, "x-note".to_owned(), Some("a".to_owned()), Some("b".to_owned())),
            (Part::Request, "body.t".to_owned(), Some("\"1\"".to_owned()), Some("\"\"".to_owned())),
            (Part::Response, "server".to_owned(), Some("x".to_owned()), Some("y".to_owned())),
            (Part::Response, "body".to_owned(), Some("ok".to_owned()), Some("no".to_owned())),
        ] {
            assert!(found.contains(&expected), "{expected:?} is not in {found:#?}");
        }
    }

    #[test]
    fn a_phase_is_told_when_it_took_much_longer() {
        let good = Story::of(json!({})).attempt("1", answered(200, &[], ""));
        let slow = Story::of(json!({})).attempt("1", |attempt| {
            answered(200, &[], "")(attempt);
            attempt.timings.wait_us = Some(4_000_000);
        });
        assert_eq!(
            compared(good, slow),
            [(Part::Timings, "wait".to_owned(), Some("40 ms".to_owned()), Some("4000 ms".to_owned()))]
        );
    }

    #[test]
    fn a_long_value_is_cut() {
        let story = |text: &str| Story::of(json!({})).attempt("1", answered(200, &[], text));
        let found = compared(story("a"), story(&"é".repeat(900)));
        let body = found.iter().find(|(_, name, ..)| name == "body").unwrap();
        assert_eq!(body.3.as_ref().unwrap().chars().count(), SHOWN + 1);
    }
}
