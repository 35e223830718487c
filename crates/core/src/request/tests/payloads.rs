//! Where the data of an event goes, and in which form.

use super::*;

#[test]
fn method_and_payload_decide_where_the_data_goes() {
    let json_body = format!(r#"{{"a":"b",{DEFAULT_JSON}}}"#);
    let form_body = format!("a=b&{DEFAULT_FIELDS}");
    let query = format!("/in?{DEFAULT_FIELDS}");
    let form_query = format!("/in?a=b&{DEFAULT_FIELDS}");
    let ab = json!({"a": "b"});
    for method in ["POST", "PUT", "PATCH", "DELETE"] {
        let defaults = (method != "DELETE").then_some(DEFAULT_FIELDS);
        for (payload, content_type, expected) in [
            (json!({}), defaults.map(|_| FORM), defaults),
            (json!({"json": ab}), Some(JSON), Some(json_body.as_str())),
            (json!({"json": r#"{"a":"b"}"#}), Some(JSON), Some(&json_body)),
            (json!({"form": ab}), Some(FORM), Some(&form_body)),
            (json!({"body": "a: b"}), None, Some("a: b")),
            (json!({"noDefaults": true}), None, None),
            (json!({"json": ab, "noDefaults": true}), Some(JSON), Some(r#"{"a":"b"}"#)),
            (json!({"json": r#"{"a":"b"}"#, "noDefaults": true}), Some(JSON), Some(r#"{"a":"b"}"#)),
            (json!({"form": ab, "noDefaults": true}), Some(FORM), Some("a=b")),
            (json!({"body": "a: b", "noDefaults": true}), None, Some("a: b")),
        ] {
            let mut keys = payload.clone();
            keys["requestType"] = method.into();
            let request = build(keys, "21");
            assert_eq!(request.method.as_str(), method);
            assert_eq!(body(&request), expected, "{method} {payload}");
            assert_eq!(header(&request.headers, "content-type"), content_type, "{method} {payload}");
            assert_eq!(request.target, "/in", "{method} {payload}");
        }
    }
    for (payload, target) in [
        (json!({}), query.as_str()),
        (json!({"form": ab}), &form_query),
        (json!({"query": ab}), &form_query),
        (json!({"json": ab}), &query),
        (json!({"body": "b"}), &query),
        (json!({"noDefaults": true}), "/in"),
        (json!({"noDefaults": true, "query": ab, "form": {"c": "d"}}), "/in?a=b&c=d"),
    ] {
        let mut keys = payload.clone();
        keys["requestType"] = "GET".into();
        let request = build(keys, "21");
        assert_eq!(request.target, target, "GET {payload}");
        assert_eq!((body(&request), header(&request.headers, "content-type")), (None, None), "GET {payload}");
    }
}

#[test]
fn a_field_of_the_template_takes_the_place_of_a_default_of_its_name() {
    let posted = |keys| body(&build(keys, "21")).unwrap().to_owned();
    let form = posted(json!({"form": {"data": "mine", "{{{k}}}": "x"}}));
    assert!(form.starts_with("data=mine&=x&event=") && !form.contains("data=21"), "{form}");
    for keys in [json!({"json": {"data": 5}}), json!({"json": "{\"data\": 5}"})] {
        let sent: Value = serde_json::from_str(&posted(keys)).unwrap();
        assert_eq!((sent["data"].clone(), sent["event"].clone()), (json!(5), json!("temp/kitchen")));
    }
    let named_by_a_variable = build(json!({"json": {"{{{k}}}": 1}}), r#"{"k": "coreid"}"#);
    assert_eq!(body(&named_by_a_variable).unwrap().matches("\"coreid\":").count(), 1);
    let query = build(json!({"requestType": "GET", "query": {"coreid": "c"}}), "21").target;
    assert_eq!(query.matches("coreid").count(), 1);
}

#[test]
fn json_is_filled_in_leaf_by_leaf_and_keeps_its_types() {
    let keys = json!({
        "noDefaults": true,
        "json": {"n": 1.5, "no": null, "list": ["{{{a.b}}}", true, {}], "{{{k}}}": {"{{{k}}}": "{{{missing}}}"},
            "whole": "{{{a}}}", "text": "\"quoted\""}
    });
    let sent = build(keys, r#"{"a": {"b": 21.5}, "k": "key\""}"#);
    let expected = r#"{"n":1.5,"no":null,"list":["21.5",true,{}],"key\"":{"key\"":""},"whole":"{\"b\":21.5}","text":"\"quoted\""}"#;
    assert_eq!(body(&sent), Some(expected));
}

#[test]
fn empty_objects_and_lists_are_json_bodies_too() {
    let posted = |keys| body(&build(keys, "21")).unwrap().to_owned();
    assert_eq!(posted(json!({"json": {}})), format!("{{{DEFAULT_JSON}}}"));
    assert_eq!(posted(json!({"json": " { } "})), format!(" {{ {DEFAULT_JSON}}}"));
    assert_eq!(posted(json!({"json": ["{{{PARTICLE_EVENT_VALUE}}}"]})), r#"["21"]"#);
    assert_eq!(posted(json!({"json": "[{{{PARTICLE_EVENT_VALUE}}}]"})), "[21]");
}

#[test]
fn json_given_as_text_sends_numbers_as_they_are_written() {
    let keys = json!({"noDefaults": true, "json": "{\"t\": {{{PARTICLE_EVENT_VALUE}}}, \"big\": 12345678901234567890123.0}"});
    assert_eq!(body(&build(keys, "21.50")), Some(r#"{"t": 21.50, "big": 12345678901234567890123.0}"#));
}

#[test]
fn json_given_as_text_that_is_none_once_filled_in_is_never_sent() {
    let keys = json!({"json": "{\n  \"name\": \"{{{name}}}\",\n  \"t\": {{{t}}}\n}"});
    let fault = fault(keys, r#"{"name": "kitchen"}"#);
    assert_eq!(fault.code, Code::Render);
    assert_eq!((fault.place.field.as_deref(), fault.place.line), (Some("json"), Some(4)));
    assert!(fault.message.contains("`t`") && fault.message.contains("temp/kitchen"), "{}", fault.message);
    assert_eq!(fault.rendering.json_fault.as_ref(), Some(&fault.message));
    assert_eq!(
        (fault.rendering.used, fault.rendering.missing),
        (vec!["name".to_owned()], vec!["t".to_owned()])
    );
}

#[test]
fn a_person_s_event_and_absent_data_are_filled_in_too() {
    let mut event = event("temp", None);
    event.publisher = Publisher::Api;
    let request = build_with(json!({}), &event, &[], None).unwrap().request;
    assert_eq!(body(&request), Some("event=temp&data=&published_at=2026-01-02T03%3A04%3A05.678Z&coreid=api"));
}
