//! Lint: what is wrong with a template before anything is sent, alone and beside the other integrations.

use serde_json::{Map, Value};

use crate::access::Scope;
use crate::integration::{Definition, Finding, Level};

/// Another integration of the same scope.
#[derive(Debug, Clone)]
pub struct Other {
    /// How people know it: its name, or its id.
    pub name: String,
    /// Its template.
    pub template: Map<String, Value>,
}

/// Everything that is found in a template, errors first: what reading it finds, and what only others show.
pub fn lint(template: &Map<String, Value>, scope: Scope, others: &[Other]) -> Vec<Finding> {
    let reading = Definition::read(template, scope);
    let mut findings = reading.findings;
    if let Some(definition) = &reading.definition {
        findings.extend(twice(template, others));
        findings.extend(overlap(&definition.event, others));
    }
    findings.sort_by_key(|finding| finding.level);
    findings
}

/// The keys that make two integrations do the same thing.
const SAME: [&str; 5] = ["url", "requestType", "json", "form", "body"];

/// Warns of an integration that does the same: the endpoint would get each event twice.
fn twice(template: &Map<String, Value>, others: &[Other]) -> Option<Finding> {
    let same = |other: &&Other| {
        let device = |template| text(template, &["deviceID", "deviceid", "deviceId"]);
        prefix(template) == prefix(&other.template)
            && device(template) == device(&other.template)
            && SAME.iter().all(|key| given(template, key) == given(&other.template, key))
    };
    let other = others.iter().find(same)?;
    let message = format!(
        "`{}` fires on the same events and sends the same to the same address: the endpoint gets each event twice, keep one of the two",
        other.name
    );
    Some(Finding::warning("same-hook-twice", "url", message))
}

/// Warns of a prefix that is the beginning of another integration's: events meant for that one fire this one too.
///
/// One that ends with a slash says that it means everything below.
fn overlap(event: &str, others: &[Other]) -> Option<Finding> {
    let longer = |other: &&Other| {
        prefix(&other.template).is_some_and(|theirs| theirs.len() > event.len() && theirs.starts_with(event))
    };
    let caught: Vec<_> = others.iter().filter(longer).collect();
    let first = caught.first()?;
    let more = match caught.len() - 1 {
        0 => String::new(),
        more => format!(", and {more} more"),
    };
    let message = format!(
        "`{event}` is also the beginning of `{}`, on which `{}` fires{more}: their events fire this one too, choose a longer name if that is not meant",
        prefix(&first.template).unwrap_or_default(),
        first.name,
    );
    let (code, field) = ("prefix-overlap", "event");
    Some(if event.ends_with('/') {
        Finding::note(code, field, message)
    } else {
        Finding::warning(code, field, message)
    })
}

fn prefix(template: &Map<String, Value>) -> Option<&str> {
    text(template, &["event", "eventName"])
}

fn text<'a>(template: &'a Map<String, Value>, keys: &[&str]) -> Option<&'a str> {
    keys.iter().find_map(|key| template.get(*key)?.as_str()).filter(|text| !text.is_empty())
}

/// The value of a key; null is as good as absent, and so is the usual method.
fn given<'a>(template: &'a Map<String, Value>, key: &str) -> Option<&'a Value> {
    let usual = |value: &&Value| {
        key == "requestType" && value.as_str().is_some_and(|text| text.eq_ignore_ascii_case("POST"))
    };
    template.get(key).filter(|value| !value.is_null() && !usual(value))
}

/// Whether there is an error among the findings.
pub fn has_errors(findings: &[Finding]) -> bool {
    findings.iter().any(|finding| finding.level == Level::Error)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::id::UserId;

    const USER: Scope = Scope::User(UserId([1; 12]));

    fn map(value: Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    fn codes(template: Value, others: &[Value]) -> Vec<&'static str> {
        let other = |template: &Value| Other { name: "other".to_owned(), template: map(template.clone()) };
        let others: Vec<_> = others.iter().map(other).collect();
        lint(&map(template), USER, &others).into_iter().map(|finding| finding.code).collect()
    }

    const URL: &str = "https://example.com/in";

    #[test]
    fn what_the_list_of_troubles_names_is_found_before_anything_is_sent() {
        for (template, code) in [
            (json!({"event": "temp", "url": URL, "json": "{\"a\": }"}), "json-syntax"),
            (json!({"event": "temp", "url": URL, "tiemout": 3}), "unknown-key"),
            (json!({"event": "temp", "url": URL, "json": {}, "form": {}}), "several-payloads"),
            (json!({"event": "temp", "url": URL, "json": {"a": "{{a}}"}}), "double-braces-in-json"),
            (json!({"event": "temp", "url": URL, "headers": {"X": "a\nb"}}), "header-line-break"),
            (
                json!({"event": "temp", "url": "http://example.com", "headers": {"Authorization": "Bearer x"}}),
                "credentials-in-the-clear",
            ),
            (json!({"event": "t", "url": URL}), "short-prefix"),
            (json!({"event": "hook-response/x", "url": URL}), "reply-event"),
            (json!({"event": "spark/status", "url": URL}), "system-events"),
        ] {
            assert_eq!(codes(template.clone(), &[]), [code], "{template}");
        }
    }

    #[test]
    fn the_same_hook_twice_is_found_whatever_it_is_called() {
        let hook =
            |name: &str, url: &str| json!({"event": "temp", "url": url, "name": name, "requestType": "POST"});
        let plain = json!({"event": "temp", "url": URL});
        assert_eq!(codes(plain.clone(), &[hook("x", URL)]), ["same-hook-twice"]);
        assert_eq!(codes(plain.clone(), &[hook("x", "https://example.com/other")]), [] as [&str; 0]);
        let of_device = json!({"event": "temp", "url": URL, "deviceID": "0123456789abcdef01234567"});
        assert_eq!(codes(plain, &[of_device]), [] as [&str; 0]);
    }

    #[test]
    fn a_prefix_that_catches_others_events_is_found_and_a_folder_is_only_noted() {
        let other = json!({"event": "temperature/kitchen", "url": "https://example.com/other"});
        let found = |event: &str| {
            let template = map(json!({"event": event, "url": URL}));
            lint(&template, USER, &[Other { name: "kitchen".to_owned(), template: map(other.clone()) }])
        };
        let warned = found("temp");
        assert_eq!((warned[0].code, warned[0].level), ("prefix-overlap", Level::Warning));
        assert!(
            warned[0].message.contains("`temperature/kitchen`, on which `kitchen` fires"),
            "{}",
            warned[0].message
        );
        assert_eq!(found("temperature/")[0].level, Level::Note);
        assert!(found("temperature/kitchen").is_empty() && found("humidity").is_empty());
    }

    #[test]
    fn errors_come_first() {
        let found = codes(json!({"event": "t", "url": URL, "json": {}, "form": {}}), &[]);
        assert_eq!(found, ["several-payloads", "short-prefix"]);
    }
}
