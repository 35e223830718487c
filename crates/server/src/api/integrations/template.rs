//! A template on its way in: from what a client sent to what is judged and saved.

use fieldhook_core::access::Scope;
use fieldhook_core::integration::{Definition, FORBIDDEN_ADDRESS, Finding, Level};
use fieldhook_core::origin::Origin;
use fieldhook_core::request::Webhook;
use serde_json::{Map, Value};

use super::super::App;
use super::super::error::ApiError;
use super::super::input::Body;

/// What the server says of an integration. A client that changes what it has read sends these back; they are no
/// part of the template.
const ANSWERED: [&str; 16] = [
    "ok",
    "id",
    "created_at",
    "revision",
    "scope",
    "updated_at",
    "updated_by",
    "disabled_since",
    "disabled_by",
    "hookUrl",
    "warnings",
    "logs",
    "errors",
    "counters",
    "error",
    "access_token",
];

/// Other spellings of keys, which clients of different ages send.
const ALIASES: [(&str, &str); 3] =
    [("eventName", "event"), ("deviceid", "deviceID"), ("deviceId", "deviceID")];

/// Keys whose value is true or false; of a form it is text.
const FLAGS: [&str; 6] =
    ["noDefaults", "rejectUnauthorized", "keepAlive", "unchunked", "dataUrlResponseEvent", "disabled"];

/// Keys whose value is an object. A flat form has it as JSON text.
const OBJECTS: [&str; 6] = ["headers", "query", "form", "auth", "successRule", "rateLimit"];

/// A template in the spelling in which it is saved and shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Template(pub(super) Map<String, Value>);

impl Template {
    pub(super) fn of(body: Body) -> Self {
        let (mut template, form) = (body.object, body.form);
        template.retain(|key, _| !ANSWERED.contains(&key.as_str()));
        for (alias, key) in ALIASES {
            if let Some(value) = template.shift_remove(alias) {
                template.entry(key).or_insert(value);
            }
        }
        for key in FLAGS {
            template.entry(key).and_modify(as_flag);
        }
        if form {
            for key in OBJECTS {
                template.entry(key).and_modify(as_object);
            }
        }
        Self(template)
    }
}

fn as_flag(value: &mut Value) {
    match value.as_str() {
        Some("true" | "1") => *value = true.into(),
        Some("false" | "0" | "") => *value = false.into(),
        _ => {}
    }
}

fn as_object(value: &mut Value) {
    if let Some(object @ Value::Object(_)) = value.as_str().and_then(|text| serde_json::from_str(text).ok()) {
        *value = object;
    }
}

/// A template that can be saved.
pub(super) struct Judged {
    pub(super) template: Map<String, Value>,
    pub(super) definition: Definition,
    /// Where it sends, when no tag decides that.
    pub(super) origin: Option<Origin>,
    /// Warnings and notes.
    pub(super) findings: Vec<Finding>,
}

impl Judged {
    pub(super) fn of(template: Map<String, Value>, scope: Scope) -> Result<Self, ApiError> {
        let reading = Definition::read(&template, scope);
        let Some(definition) = reading.definition else { return Err(ApiError::template(&reading.findings)) };
        let origin = Webhook::compile(&definition).static_origin().cloned();
        Ok(Self { template, definition, origin, findings: reading.findings })
    }
}

impl App {
    /// The findings without the warning of a special address where this server's guard lets it pass.
    pub(in super::super) fn as_guarded(&self, url: &str, mut found: Vec<Finding>) -> Vec<Finding> {
        if self.engine.may_reach(url) {
            found.retain(|finding| finding.code != FORBIDDEN_ADDRESS);
        }
        found
    }

    /// What to tell whoever saved: what was found in the template, and what only the scope shows.
    pub(super) fn warnings(&self, scope: Scope, definition: &Definition, found: Vec<Finding>) -> Vec<Value> {
        let found = self.as_guarded(definition.url.source(), found);
        let mut warnings: Vec<Finding> = found.into_iter().filter(|one| one.level != Level::Error).collect();
        let known = self.directory.secret_names(scope);
        for name in definition.secrets.iter().filter(|name| !known.contains(name)) {
            let message =
                format!("{scope} has no secret `{name}` yet: until it is added, its tags are empty");
            warnings.push(Finding::warning("secret-missing", "secrets", message));
        }
        warnings.iter().map(|finding| serde_json::json!(finding)).collect()
    }
}

#[cfg(test)]
mod tests {
    use fieldhook_core::id::UserId;
    use serde_json::json;

    use super::super::super::input::parse_form;
    use super::*;

    fn template(value: Value) -> Value {
        Value::Object(Template::of(Body { object: value.as_object().unwrap().clone(), form: false }).0)
    }

    #[test]
    fn what_a_client_read_can_be_sent_back_as_it_is() {
        let read = json!({
            "ok": true, "id": "a", "event": "t", "created_at": "x", "revision": 3, "scope": "user:a",
            "updated_at": "x", "hookUrl": "x", "warnings": [], "logs": [], "errors": [], "counters": [],
            "url": "https://example.com", "unknown": 1
        });
        assert_eq!(template(read), json!({"event": "t", "url": "https://example.com", "unknown": 1}));
    }

    #[test]
    fn other_spellings_become_the_one_and_the_one_wins() {
        let sent = json!({"eventName": "file", "event": "given", "deviceid": "d"});
        assert_eq!(template(sent), json!({"event": "given", "deviceID": "d"}));
    }

    #[test]
    fn a_flat_form_is_coerced() {
        let form = b"event=t&url=https%3A%2F%2Fexample.com&noDefaults=true&rejectUnauthorized=0\
            &headers=%7B%22X-A%22%3A%22b%22%7D&json[v]=1&access_token=x";
        let body = Body { object: parse_form(form).unwrap(), form: true };
        assert_eq!(
            Value::Object(Template::of(body).0),
            json!({
                "event": "t", "url": "https://example.com", "noDefaults": true, "rejectUnauthorized": false,
                "headers": {"X-A": "b"}, "json": {"v": "1"}
            })
        );
    }

    #[test]
    fn a_template_with_an_error_is_refused_with_all_that_was_found() {
        let template = json!({"event": "", "url": "ftp://example.com"}).as_object().unwrap().clone();
        let refusal = Judged::of(template, Scope::User(UserId([1; 12]))).err().unwrap();
        assert_eq!(refusal.status().as_u16(), 400);
    }

    #[test]
    fn a_template_that_reads_says_where_it_sends() {
        let template = json!({"event": "t", "url": "https://example.com/in"}).as_object().unwrap().clone();
        let judged = Judged::of(template, Scope::User(UserId([1; 12]))).ok().unwrap();
        assert_eq!(judged.origin.unwrap().to_string(), "https://example.com:443");
    }
}
