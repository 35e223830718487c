//! Taking secrets out of what is handed to strangers, by their values and by their names.
//!
//! Evidence is masked when it is recorded, as far as it is known then what is secret. What leaves the house is looked
//! over once more: for every secret of the owner in each form in which it may have travelled, and for whatever goes by a
//! name that secrets go by, in headers, in the query of an address, and in JSON and forms within texts.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use regex::Regex;
use serde_json::{Map, Value};

use crate::attempt::MASK;
use crate::hex::hex;
use crate::integration::{is_secret_header, literal_secrets};
use crate::request::{behind_schemes, component, spellings};

/// Shorter values are no secrets, and taking out every `1` would leave nothing to read.
const SHORTEST: usize = 3;
/// Shorter values have no base64 of their own: too little of it does not depend on what stands beside them.
const SHORTEST_IN_BASE64: usize = 6;

/// `name=value` in an address or a form.
static PAIRS: LazyLock<Regex> = LazyLock::new(|| regex(&format!(r#"(?i)\b({NAMES})=([^&\s"'<>#]+)"#)));
/// `"name": "value"` in JSON, itself within a string or not.
static MEMBERS: LazyLock<Regex> = LazyLock::new(|| {
    regex(&format!(r#"(?i)(\\?"[\w.-]*(?:{NAMES})[\w.-]*\\?"\s*:\s*\\?")([^"\\]*(?:\\[^"][^"\\]*)*)"#))
});
/// A credential behind its scheme, wherever it stands.
static CREDENTIALS: LazyLock<Regex> =
    LazyLock::new(|| regex(r"(?i)\b(bearer|basic)(\s+)([A-Za-z0-9._~+/=-]{6,})"));

/// What secrets are called.
const NAMES: &str = "access_?token|auth_?token|refresh_?token|id_?token|token|api_?key|apikey|api-key|access_?key|\
                     secret|client_?secret|password|passwd|pwd|authorization|signature|credential|session_?id";

fn regex(pattern: &str) -> Regex {
    Regex::new(pattern).expect("the pattern is ours")
}

/// Finds secrets and puts the mask in their places.
pub struct Redaction {
    values: Option<AhoCorasick>,
}

impl Redaction {
    /// A redaction of these values, in every form in which they may have travelled: plain, percent-encoded, as a
    /// form has it, escaped for JSON or HTML, in hex, and within base64 wherever they begin.
    pub fn of<'a>(values: impl IntoIterator<Item = &'a str>) -> Self {
        let mut found: Vec<String> = values.into_iter().flat_map(forms).collect();
        found.sort_unstable();
        found.dedup();
        let values = (!found.is_empty()).then(|| {
            AhoCorasick::builder()
                .match_kind(MatchKind::LeftmostLongest)
                .build(&found)
                .expect("a few thousand short texts can be searched for")
        });
        Self { values }
    }

    /// The text without secrets.
    pub fn text(&self, text: &str) -> String {
        let plain = match &self.values {
            None => text.to_owned(),
            Some(values) => {
                let mut without = String::with_capacity(text.len());
                values.replace_all_with(text, &mut without, |_, _, without| {
                    without.push_str(MASK);
                    true
                });
                without
            }
        };
        let plain = CREDENTIALS.replace_all(&plain, format!("$1$2{MASK}"));
        let plain = PAIRS.replace_all(&plain, format!("$1={MASK}"));
        MEMBERS.replace_all(&plain, format!("${{1}}{MASK}")).into_owned()
    }

    /// The value without secrets, at any depth. A member that goes by a secret's name is masked whatever it holds, and
    /// so is a header that stands as a pair.
    pub fn value(&self, value: &mut Value) {
        match value {
            Value::String(text) => *text = self.text(text),
            Value::Array(items) => {
                if let [Value::String(name), Value::String(held)] = &mut items[..]
                    && is_secret_header(name)
                    && !held.is_empty()
                {
                    MASK.clone_into(held);
                }
                for item in items {
                    self.value(item);
                }
            }
            Value::Object(members) => self.members(members),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn members(&self, members: &mut Map<String, Value>) {
        let before = std::mem::take(members);
        for (name, mut held) in before {
            match &mut held {
                Value::String(text) if is_secret_header(&name) && !text.is_empty() && !says_where(text) => {
                    MASK.clone_into(text);
                }
                other => self.value(other),
            }
            members.insert(self.text(&name), held);
        }
    }
}

/// Whether a text names a secret by a tag and so holds none, such as `Bearer {{API_KEY}}`.
fn says_where(text: &str) -> bool {
    text.contains("{{") || text.contains(MASK)
}

/// The secrets that a template holds itself, each also without the word that says its kind, and the pair that basic
/// authentication makes of a name and a password.
pub fn literals(template: &Map<String, Value>) -> Vec<String> {
    let mut found = literal_secrets(template);
    let bare: Vec<_> = found.iter().map(|text| behind_schemes(text).trim().to_owned()).collect();
    found.extend(bare);
    let of_auth = |key: &str| template.get("auth").and_then(|auth| auth.get(key)).and_then(Value::as_str);
    if let (Some(user), Some(password)) = (of_auth("username"), of_auth("password")) {
        found.push(format!("{user}:{password}"));
    }
    found.sort_unstable();
    found.dedup();
    found
}

/// Every form in which a secret may have travelled: those in which it is sent, and those in which others write.
fn forms(secret: &str) -> Vec<String> {
    let secret = secret.trim();
    if secret.len() < SHORTEST {
        return Vec::new();
    }
    let mut encoded = String::new();
    component(secret, &mut encoded);
    let hex = hex(secret.as_bytes());
    let mut forms = spellings(secret);
    forms.extend([encoded.to_lowercase(), encoded.replace("%20", "+"), encoded.replace("%2F", "/")]);
    forms.extend([hex.to_uppercase(), hex]);
    if secret.len() >= SHORTEST_IN_BASE64 {
        for lead in 0..3 {
            let mut bytes = vec![0; lead];
            bytes.extend_from_slice(secret.as_bytes());
            forms.push(certain(&STANDARD_NO_PAD.encode(&bytes), lead, bytes.len()));
            forms.push(certain(&URL_SAFE_NO_PAD.encode(&bytes), lead, bytes.len()));
        }
    }
    forms
}

/// The characters of a base64 that depend on the secret alone: neither on what stands before it nor on what follows.
fn certain(encoded: &str, lead: usize, bytes: usize) -> String {
    let first = (lead * 8).div_ceil(6);
    let last = bytes * 8 / 6;
    encoded[first..last].to_owned()
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::STANDARD;
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    const SECRET: &str = "p@ss w\"rd/<7>&Zebra";

    #[test]
    fn a_secret_is_found_in_every_form_it_may_have_travelled_in() {
        let redaction = Redaction::of([SECRET]);
        let texts = [
            SECRET,
            "p%40ss%20w%22rd%2F%3C7%3E%26Zebra",
            "p%40ss+w%22rd%2F%3C7%3E%26Zebra",
            "p%40ss%20w%22rd/%3C7%3E%26Zebra",
            "p@ss%20w%22rd/%3C7%3E&Zebra",
            "p@ss w\\\"rd/<7>&Zebra",
            "p@ss w&quot;rd/&lt;7&gt;&amp;Zebra",
            "7040737320772272642f3c373e265a65627261",
        ];
        for text in texts {
            let shown = redaction.text(&format!("before {text} after"));
            assert!(shown.contains(MASK) && !shown.contains("Zebra"), "{text} became {shown}");
        }
    }

    #[test]
    fn what_goes_by_a_secrets_name_is_masked_whatever_it_is() {
        let redaction = Redaction::of([]);
        let mut value = json!({
            "url": "https://example.com/in?api_key=abc123&x=1",
            "headers": [["Set-Cookie", "sid=1"], ["Accept", "*/*"]],
            "body": "{\"user\": \"u\", \"access_token\": \"abc123\"}",
            "form": "a=1&password=abc123",
            "said": "you sent Basic YWJjMTIz",
            "X-Api-Key": "abc123",
            "template": {"Authorization": "Bearer {{API_KEY}}"},
        });
        redaction.value(&mut value);
        let shown = value.to_string();
        assert!(
            !shown.contains("abc123") && !shown.contains("sid=1") && !shown.contains("YWJjMTIz"),
            "{shown}"
        );
        assert!(shown.contains("x=1") && shown.contains("*/*") && shown.contains("{{API_KEY}}"), "{shown}");
    }

    #[test]
    fn a_template_tells_its_literal_secrets_with_and_without_their_scheme() {
        let template = json!({
            "url": "https://example.com", "auth": {"username": "u", "password": "hunter2"},
            "headers": {"Authorization": "Bearer abc123", "Accept": "text/plain", "X-Key": "{{KEY}}"}
        });
        assert_eq!(
            literals(template.as_object().unwrap()),
            ["Bearer abc123", "abc123", "hunter2", "u:hunter2"]
        );
    }

    proptest! {
        #[test]
        fn no_secret_survives_in_base64_whatever_stands_around_it(
            before in "[ -~]{0,7}", secret in "[!-~]{6,24}", after in "[ -~]{0,7}"
        ) {
            let encoded = STANDARD.encode(format!("{before}{secret}{after}"));
            let shown = Redaction::of([secret.as_str()]).text(&encoded);
            prop_assert!(shown.contains(MASK), "{encoded} became {shown}");
        }

        #[test]
        fn text_without_secrets_stays_as_it_is(text in "[a-z ,.]{0,60}") {
            prop_assert_eq!(Redaction::of(["Zebra-77"]).text(&text), text);
        }
    }
}
