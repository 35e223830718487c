//! Which parts of a template are secret, and how it is shown and saved again without losing them.

use serde_json::{Map, Value};

use crate::attempt::MASK;

/// Words of a credential that say what kind it is and are no secret themselves, in lower case.
const SCHEMES: [&str; 10] = [
    "bearer",
    "basic",
    "digest",
    "token",
    "key",
    "apikey",
    "api-key",
    "negotiate",
    "splunk",
    "sharedaccesssignature",
];

/// Parts of a header's name by which its value is known to be secret, in lower case.
const SECRET_NAMES: [&str; 9] =
    ["authorization", "cookie", "token", "secret", "password", "credential", "apikey", "api-key", "api_key"];

/// Whether a header of this name carries a secret, whatever its value.
pub fn is_secret_header(name: &str) -> bool {
    let name = name.trim().to_ascii_lowercase();
    let key = name.ends_with("-key") && name != "idempotency-key" && name != "routing-key";
    key || SECRET_NAMES.iter().any(|part| name.contains(part))
}

/// Whether a word names a kind of credential, such as `Bearer`.
pub(crate) fn is_scheme(word: &str) -> bool {
    SCHEMES.iter().any(|scheme| word.eq_ignore_ascii_case(scheme))
}

/// The template as it may be shown: every secret value replaced by [`MASK`].
///
/// An empty value stays empty, and one made only of template tags, with or without the name of a scheme in
/// front (`Bearer {{API_KEY}}`), stays as it is: it says where the secret comes from and not what it is.
pub fn masked(template: &Map<String, Value>) -> Map<String, Value> {
    let mut shown = template.clone();
    for_each_secret(&mut shown, &mut |_, text| {
        if is_literal_secret(text) {
            MASK.clone_into(text);
        }
    });
    shown
}

/// The secrets that the template holds itself, rather than naming them by tags.
pub(crate) fn literal_secrets(template: &Map<String, Value>) -> Vec<String> {
    let mut found = Vec::new();
    for_each_secret(&mut template.clone(), &mut |_, text| {
        if is_literal_secret(text) {
            found.push(text.clone());
        }
    });
    found
}

/// The template as it is to be saved: where the client sent the mask back, the value of the `old` one.
///
/// So a template that was read and is saved again loses nothing. A mask for which `old` has no value stays,
/// and reading the template then reports it as an error.
pub fn unmasked(mut new: Map<String, Value>, old: &Map<String, Value>) -> Map<String, Value> {
    let mut known = Vec::new();
    for_each_secret(&mut old.clone(), &mut |place, text| known.push((place.to_owned(), text.clone())));
    for_each_secret(&mut new, &mut |place, text| {
        let same = |(known, _): &&(String, String)| known.eq_ignore_ascii_case(place);
        if text == MASK
            && let Some((_, value)) = known.iter().find(same)
        {
            text.clone_from(value);
        }
    });
    new
}

/// Whether the text holds a secret itself rather than naming one by a tag.
pub(crate) fn is_literal_secret(text: &str) -> bool {
    let mut rest = text;
    let mut literal = String::new();
    while let Some((before, tagged)) = rest.split_once("{{") {
        literal.push_str(before);
        let Some(end) = tagged.find("}}") else { return true };
        rest = tagged[end..].trim_start_matches('}');
        literal.push(' ');
    }
    literal.push_str(rest);
    if rest.len() == text.len() {
        return !text.trim().is_empty();
    }
    !literal.split_whitespace().all(is_scheme)
}

/// Visits every text of the template that is secret by its place, with that place's name.
pub(super) fn for_each_secret(template: &mut Map<String, Value>, visit: &mut impl FnMut(&str, &mut String)) {
    for (key, value) in template.iter_mut() {
        match (key.as_str(), value) {
            ("signingSecret", Value::String(text)) => visit("signingSecret", text),
            ("auth", Value::Object(auth)) => {
                if let Some(Value::String(text)) = auth.get_mut("password") {
                    visit("auth.password", text);
                }
            }
            ("headers", Value::Object(headers)) => {
                for (name, value) in headers.iter_mut().filter(|(name, _)| is_secret_header(name)) {
                    if let Value::String(text) = value {
                        visit(&format!("headers.{name}"), text);
                    }
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn map(value: Value) -> Map<String, Value> {
        match value {
            Value::Object(map) => map,
            other => panic!("{other} is no object"),
        }
    }

    #[test]
    fn secrets_are_masked_and_everything_else_stays() {
        let template = map(json!({
            "event": "temp", "url": "https://example.com",
            "auth": {"username": "me", "password": "hunter2"},
            "headers": {
                "authorization": "Bearer abc", "X-Api-Key": "k", "Cookie": "a=b", "X-Auth-Token": "t",
                "X-AIO-Key": "k", "Accept": "text/plain", "Idempotency-Key": "{{id}}"
            },
            "signingSecret": "whsec_AAAA"
        }));
        let shown = json!({
            "event": "temp", "url": "https://example.com",
            "auth": {"username": "me", "password": MASK},
            "headers": {
                "authorization": MASK, "X-Api-Key": MASK, "Cookie": MASK, "X-Auth-Token": MASK,
                "X-AIO-Key": MASK, "Accept": "text/plain", "Idempotency-Key": "{{id}}"
            },
            "signingSecret": MASK
        });
        assert_eq!(Value::Object(masked(&template)), shown);
    }

    #[test]
    fn emptiness_and_where_a_secret_comes_from_stay_visible() {
        for value in ["", " ", "{{API_KEY}}", "Bearer {{{API_KEY}}}", "Token {{A}}{{B}}", "bearer {{&A}}"] {
            let template = map(json!({"headers": {"Authorization": value}}));
            assert_eq!(masked(&template), template, "{value:?}");
        }
        for value in
            ["Bearer", "abc", "abc {{A}}", "Bearer abc{{A}}", "Bearer {{A}} abc", "{{A", "Bearer {{A"]
        {
            let template = map(json!({"headers": {"Authorization": value}}));
            assert_eq!(masked(&template)["headers"]["Authorization"], MASK, "{value:?}");
        }
    }

    #[test]
    fn a_mask_sent_back_keeps_the_old_value_and_any_other_value_replaces_it() {
        let old = map(json!({
            "auth": {"username": "me", "password": "hunter2"}, "headers": {"X-Api-Key": "k"}
        }));
        let new = map(json!({
            "auth": {"username": "you", "password": MASK}, "headers": {"x-api-key": "new"}
        }));
        let saved = json!({
            "auth": {"username": "you", "password": "hunter2"}, "headers": {"x-api-key": "new"}
        });
        assert_eq!(Value::Object(unmasked(new, &old)), saved);
    }

    #[test]
    fn a_mask_without_an_old_value_stays() {
        let new = map(json!({"signingSecret": MASK}));
        assert_eq!(unmasked(new.clone(), &Map::new()), new);
    }

    proptest! {
        #[test]
        fn reading_and_saving_again_loses_nothing(
            password in "\\PC{0,20}", header in "\\PC{0,20}", key in "\\PC{0,20}",
        ) {
            let template = map(json!({
                "auth": {"password": password}, "headers": {"Authorization": header}, "signingSecret": key
            }));
            prop_assert_eq!(unmasked(masked(&template), &template), template);
        }
    }
}
