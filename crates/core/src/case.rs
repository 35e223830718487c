//! A case: everything that somebody else needs to help with an integration, in one file.
//!
//! It is put together by the server ([`Case`](crate::wire::case::Case)), redacted here ([`redact`]) and written as a page
//! that can be read without the server ([`page`]).

use serde_json::{Map, Value};

use crate::wire::case::Change;

pub mod page;
pub mod redact;

/// What a save changed, key by key.
pub fn changes(before: &Map<String, Value>, after: &Map<String, Value>) -> Vec<Change> {
    let added = after.keys().filter(|key| !before.contains_key(*key));
    before
        .keys()
        .chain(added)
        .filter(|key| before.get(*key) != after.get(*key))
        .map(|key| Change {
            key: key.clone(),
            before: before.get(key).cloned(),
            after: after.get(key).cloned(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_change_names_what_was_added_taken_away_and_made_otherwise() {
        let before = json!({"url": "a", "query": {"x": 1}, "event": "t"});
        let after = json!({"url": "b", "event": "t", "form": {}});
        let changed = changes(before.as_object().unwrap(), after.as_object().unwrap());
        let change = |key: &str, before: Option<Value>, after: Option<Value>| Change {
            key: key.to_owned(),
            before,
            after,
        };
        let mut changed = changed;
        changed.sort_by(|a, b| a.key.cmp(&b.key));
        assert_eq!(
            changed,
            [
                change("form", None, Some(json!({}))),
                change("query", Some(json!({"x": 1})), None),
                change("url", Some(json!("a")), Some(json!("b"))),
            ]
        );
    }
}
