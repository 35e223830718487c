//! What was sent and what was answered, read for a person: headers, bodies, the server's own words.

use std::collections::BTreeMap;

use serde_json::Value;

use super::contrast::type_of;
use crate::attempt::{Answer, Attempt, KeptBody, MASK, SentRequest};

/// Most characters of the server's words that a card quotes.
const QUOTED: usize = 200;
/// Members in which servers put what they have to say, the most telling first.
const SAYING: [&str; 12] = [
    "error_description",
    "message",
    "detail",
    "details",
    "errorMessage",
    "reason",
    "description",
    "error",
    "title",
    "errors",
    "msg",
    "code",
];

/// A header's value.
pub(super) fn header<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}

/// The Content-Type without its parameters, in lower case.
pub(super) fn content_type(headers: &[(String, String)]) -> Option<String> {
    let value = header(headers, "content-type")?;
    Some(value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase())
}

/// Whether a Content-Type is JSON.
pub(super) fn is_json(content_type: &str) -> bool {
    content_type == "application/json" || content_type.ends_with("+json")
}

/// What the answer says in its own words: the message of a JSON answer, the text of a page.
pub(super) fn said(answer: &Answer) -> Option<String> {
    let text = readable(&answer.body)?;
    let words = match serde_json::from_str::<Value>(text) {
        Ok(json) => saying(&json).unwrap_or_else(|| text.to_owned()),
        Err(_) => without_tags(text),
    };
    let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut quoted: String = words.chars().take(QUOTED).collect();
    if quoted.len() < words.len() {
        quoted.push('…');
    }
    (!quoted.is_empty()).then_some(quoted)
}

/// What the endpoint answered to this attempt, in its own words.
pub(super) fn said_to(attempt: &Attempt) -> Option<String> {
    attempt.answer.as_ref().and_then(said)
}

fn readable(body: &KeptBody) -> Option<&str> {
    (!body.binary && !body.text.trim().is_empty()).then_some(body.text.as_str())
}

fn saying(json: &Value) -> Option<String> {
    match json {
        Value::String(text) if !text.trim().is_empty() => Some(text.clone()),
        Value::Array(items) => items.iter().find_map(saying),
        Value::Object(members) => SAYING.iter().find_map(|key| saying(members.get(*key)?)),
        _ => None,
    }
}

/// A page's text: what stands in tags is left out, and so is what scripts and styles say.
fn without_tags(text: &str) -> String {
    if !text.trim_start().starts_with('<') {
        return text.to_owned();
    }
    let (mut out, mut rest) = (String::new(), text);
    while let Some((before, tagged)) = rest.split_once('<') {
        out.push_str(before);
        out.push(' ');
        let hidden = ["script", "style", "head"].into_iter().find(|name| {
            tagged.get(..name.len()).is_some_and(|head| head.eq_ignore_ascii_case(name))
                && !tagged[name.len()..].starts_with(|c: char| c.is_ascii_alphanumeric())
        });
        let after =
            hidden.and_then(|name| tagged.find(&format!("</{name}"))).map_or(tagged, |at| &tagged[at..]);
        rest = after.split_once('>').map_or("", |(_, behind)| behind);
    }
    out.push_str(rest);
    out
}

/// What the sent body is, as far as it can be read: a JSON value.
pub(super) fn sent_json(request: &SentRequest) -> Option<Result<Value, serde_json::Error>> {
    let body = request.body.as_ref().filter(|body| !body.binary && !body.cut)?;
    let said = content_type(&request.headers).is_some_and(|said| is_json(&said));
    let looks = body.text.trim_start().starts_with(['{', '[']);
    let read = serde_json::from_str(&body.text);
    // A masked secret may have stood where JSON asks for something else.
    let unsure = read.is_err() && body.text.contains(MASK);
    ((said || looks) && !body.text.is_empty() && !unsure).then_some(read)
}

/// How one JSON body differs in keys and types from one that was accepted: a sentence for each difference.
pub(super) fn differences(accepted: &Value, refused: &Value) -> Vec<String> {
    let (before, now) = (shape(accepted), shape(refused));
    let mut told = Vec::new();
    for (path, was) in &before {
        match now.get(path) {
            None => told.push(format!("`{path}` is missing; it was {was}")),
            Some(is) if is != was => told.push(format!("`{path}` is {is}; it was {was}")),
            Some(_) => {}
        }
    }
    let new = now.iter().filter(|(path, _)| !before.contains_key(*path));
    told.extend(new.map(|(path, is)| format!("`{path}` is new: {is}")));
    told
}

/// Most paths of a body that are compared.
const MOST_PATHS: usize = 500;

fn shape(value: &Value) -> BTreeMap<String, &'static str> {
    let mut paths = BTreeMap::new();
    walk(String::new(), value, &mut paths);
    paths
}

fn walk(path: String, value: &Value, paths: &mut BTreeMap<String, &'static str>) {
    if paths.len() >= MOST_PATHS {
        return;
    }
    let below = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    match value {
        Value::Object(members) => {
            for (key, value) in members {
                walk(below(key), value, paths);
            }
        }
        // The items of a list are alike; one stands for all.
        Value::Array(items) if !items.is_empty() => walk(below("0"), &items[0], paths),
        _ => {}
    }
    if !path.is_empty() {
        // A sign is a matter of the value, not of its type.
        let what = match value {
            Value::Number(_) => "a number",
            other => type_of(other),
        };
        paths.insert(path, what);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn answer(text: &str) -> Answer {
        let body = KeptBody { text: text.to_owned(), ..KeptBody::default() };
        Answer { status: 400, headers: Vec::new(), body }
    }

    #[test]
    fn the_servers_own_words_are_found_in_json_in_a_page_and_in_plain_text() {
        for (text, words) in [
            (r#"{"code": 17, "error": {"message": "bad key"}}"#, Some("bad key")),
            (r#"{"errors": [{"detail": "no `t`"}]}"#, Some("no `t`")),
            (r#"{"a": 1}"#, Some(r#"{"a": 1}"#)),
            (
                "<html><head><title>400</title></head><body><h1>Bad Request</h1>\n<p>No.</p></body></html>",
                Some("Bad Request No."),
            ),
            ("nope\n", Some("nope")),
            ("  ", None),
        ] {
            assert_eq!(said(&answer(text)).as_deref(), words, "{text}");
        }
        assert_eq!(said(&answer(&"x".repeat(500))).unwrap().chars().count(), QUOTED + 1);
    }

    #[test]
    fn bodies_are_told_apart_by_keys_and_types_and_not_by_values() {
        let told = differences(
            &json!({"t": 1, "where": {"lat": 1.5}, "list": [1, 2], "gone": true}),
            &json!({"t": "1", "where": {"lat": -2}, "list": [1], "new": null}),
        );
        assert_eq!(
            told,
            [
                "`gone` is missing; it was true or false",
                "`t` is a text; it was a number",
                "`new` is new: null"
            ]
        );
        assert_eq!(differences(&json!([1]), &json!([2])), [] as [&str; 0]);
    }

    #[test]
    fn a_sent_body_is_read_as_json_when_it_says_so_or_looks_so() {
        let request = |content_type: Option<&str>, text: &str| SentRequest {
            method: "POST".to_owned(),
            url: "https://example.com".to_owned(),
            headers: content_type
                .map(|said| ("Content-Type".to_owned(), said.to_owned()))
                .into_iter()
                .collect(),
            body: Some(KeptBody { text: text.to_owned(), ..KeptBody::default() }),
        };
        let read = |content_type, text| sent_json(&request(content_type, text)).map(|read| read.is_ok());
        assert_eq!(read(Some("application/json; charset=utf-8"), "{\"a\":}"), Some(false));
        assert_eq!(read(None, "{\"a\":1}"), Some(true));
        assert_eq!(read(Some("text/plain"), "a"), None);
        assert_eq!(read(Some("application/json"), "{\"a\":[[SENSITIVE]]}"), None);
    }
}
