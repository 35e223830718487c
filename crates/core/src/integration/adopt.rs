//! What becomes of a template when an integration is copied or moved.

use serde_json::{Map, Value};

use super::{Finding, LABEL_LIMIT};
use crate::access::Scope;

/// What a copy's name has behind the original's.
const COPY: &str = " (copy)";
/// The spellings of the key that narrows an integration to one device.
const DEVICE_KEYS: [&str; 3] = ["deviceID", "deviceid", "deviceId"];

/// The template as it may be saved in this scope, and what had to be left out.
pub fn adopted(mut template: Map<String, Value>, scope: Scope) -> (Map<String, Value>, Vec<Finding>) {
    let mut findings = Vec::new();
    if matches!(scope, Scope::User(_)) {
        return (template, findings);
    }
    for key in DEVICE_KEYS {
        let Some(device) = template.shift_remove(key) else { continue };
        if device.as_str().is_some_and(|device| !device.trim().is_empty()) {
            let message = format!(
                "`{key}` was {device} and is left out: only a person's own integrations can be narrowed to one device, so here every device fires it"
            );
            findings.push(Finding::warning("device-filter-dropped", key, message));
        }
    }
    (template, findings)
}

/// The template of a copy: switched off, and with a name of its own where it stands beside the original.
pub fn copied(
    mut template: Map<String, Value>,
    name: Option<String>,
    beside_the_original: bool,
) -> Map<String, Value> {
    template.insert("disabled".to_owned(), true.into());
    let old = template.get("name").and_then(Value::as_str).filter(|name| !name.is_empty());
    let told_apart = || old.filter(|_| beside_the_original).map(copy_of);
    if let Some(name) = name.or_else(told_apart) {
        template.insert("name".to_owned(), name.into());
    }
    template
}

fn copy_of(name: &str) -> String {
    let mut room = (LABEL_LIMIT - COPY.len()).min(name.len());
    while !name.is_char_boundary(room) {
        room -= 1;
    }
    format!("{}{COPY}", &name[..room])
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::id::{ProductId, UserId};

    fn map(value: Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn a_device_filter_stays_with_a_person_and_is_left_out_elsewhere() {
        let template = map(json!({"event": "t", "deviceid": "0123456789abcdef01234567", "deviceID": ""}));
        let own = Scope::User(UserId([1; 12]));
        assert_eq!(adopted(template.clone(), own), (template.clone(), Vec::new()));
        let (left, findings) = adopted(template, Scope::Product(ProductId(7)));
        assert_eq!(left, map(json!({"event": "t"})));
        let places: Vec<_> = findings.iter().map(|finding| finding.place.field.as_deref()).collect();
        assert_eq!(places, [Some("deviceid")]);
    }

    #[test]
    fn a_copy_is_switched_off_and_told_apart_from_an_original_beside_it() {
        let template = map(json!({"name": "Kitchen", "disabled": false}));
        let name = |given: Option<&str>, beside| {
            let copy = copied(template.clone(), given.map(str::to_owned), beside);
            assert_eq!(copy["disabled"], true);
            copy["name"].as_str().unwrap().to_owned()
        };
        assert_eq!(name(None, true), "Kitchen (copy)");
        assert_eq!(name(None, false), "Kitchen");
        assert_eq!(name(Some("Attic"), true), "Attic");
        assert_eq!(copied(Map::new(), None, true), map(json!({"disabled": true})));
    }

    #[test]
    fn the_name_of_a_copy_is_no_longer_than_a_name_may_be() {
        assert_eq!(copy_of(&"x".repeat(LABEL_LIMIT)).len(), LABEL_LIMIT);
        let umlauts = copy_of(&"ä".repeat(LABEL_LIMIT / 2));
        assert!(umlauts.ends_with("ä (copy)") && umlauts.len() <= LABEL_LIMIT);
    }
}
