//! Where a body breaks that should be JSON.

use super::*;

fn found(keys: Value, data: &str) -> Option<TemplateFault> {
    let event = event("temp/kitchen", Some(data));
    let secrets = [("KEY".to_owned(), "s3cr3t\"value".to_owned())].into();
    webhook(keys).json_fault(&Facts {
        event: &event,
        data: &EventData::default(),
        product_user: None,
        secrets: &secrets,
        delivery: DeliveryId(Uuid::from_u128(9)),
        now: event.published_at,
        replay: None,
    })
}

fn spot(line: usize, column: usize) -> Spot {
    Spot { line, column }
}

#[test]
fn the_variable_that_breaks_the_json_is_named_with_its_line_and_its_kind() {
    use FaultKind::{BareText, Escaped, Missing, Quote, Text};
    for (json, data, variables, kind, place) in [
        ("{\n  \"a\": {{{a}}}\n}", r#"{"b": 1}"#, &["a"][..], Missing, spot(2, 8)),
        ("{\"a\": \"{{{a}}}\"}", r#"{"a": "say \"hi\""}"#, &["a"], Quote, spot(1, 8)),
        ("{\"a\": \"{{{a}}}\"}", r#"{"a": "two\nlines"}"#, &["a"], Quote, spot(1, 8)),
        ("{\"a\": {{a}}}", r#"{"a": {"x": "y"}}"#, &["a"], Escaped, spot(1, 7)),
        ("{\"a\": {{{a}}}}", r#"{"a": "warm"}"#, &["a"], BareText, spot(1, 7)),
        ("{\"a\": {{{a}}},\n}", r#"{"a": 1}"#, &[], Text, spot(2, 1)),
    ] {
        let fault = found(json!({"json": json}), data).unwrap_or_else(|| panic!("{json} is JSON"));
        assert_eq!(fault.variables, variables, "{json}");
        assert_eq!(
            (fault.kind, fault.template, fault.field.as_str()),
            (kind, place, "json"),
            "{json}: {fault:?}"
        );
    }
}

#[test]
fn a_body_that_begins_as_json_does_is_looked_at_too() {
    let fault = found(json!({"body": "{\"a\": {{{a}}} }"}), r#"{"b": 1}"#).unwrap();
    assert_eq!(
        (fault.field.as_str(), fault.rendered, fault.excerpt.as_str()),
        ("body", spot(1, 8), "{\"a\":  }")
    );
    assert_eq!(found(json!({"body": "a={{{a}}}"}), "{}"), None);
}

#[test]
fn what_is_json_has_no_fault_and_what_is_filled_in_leaf_by_leaf_cannot_have_one() {
    assert_eq!(found(json!({"json": "{\"a\": {{{a}}}}"}), r#"{"a": 1}"#), None);
    assert_eq!(found(json!({"json": {"a": "{{{a}}}"}}), r#"{"a": "\""}"#), None);
}

#[test]
fn a_secret_that_breaks_the_body_is_named_and_not_shown() {
    let keys = json!({"json": "{\"k\": \"{{{KEY}}}\"}", "secrets": ["KEY"]});
    let fault = found(keys, "{}").unwrap();
    assert_eq!((fault.variables.as_slice(), fault.value.as_deref()), (&["KEY".to_owned()][..], Some(MASK)));
    assert!(!fault.excerpt.contains("s3cr3t"), "{}", fault.excerpt);
}
