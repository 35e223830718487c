//! Building requests, through [`Webhook::request`] and [`preview`].

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::*;
use crate::access::Scope;
use crate::attempt::MASK;
use crate::event::{Event, Publisher, Source};
use crate::id::{DeliveryId, EventId, UserId};
use crate::integration::Level;
use crate::time::Timestamp;

const USER: Scope = Scope::User(UserId([1; 12]));

fn event(name: &str, data: Option<&str>) -> Event {
    Event {
        id: EventId(Uuid::from_u128(7)),
        name: name.to_owned(),
        data: data.map(str::to_owned),
        published_at: Timestamp::from_millis(1_767_323_045_678),
        ttl: 60,
        publisher: Publisher::Device("0123456789abcdef01234567".parse().unwrap()),
        private: true,
        owner: None,
        product: None,
        product_version: None,
        source: Source::Http,
        idempotency_key: None,
    }
}

fn map(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        other => panic!("{other} is no object"),
    }
}

fn template(keys: Value) -> Map<String, Value> {
    let mut template = map(json!({"event": "temp", "url": "https://example.com/in"}));
    template.extend(map(keys));
    template
}

fn webhook(keys: Value) -> Webhook {
    let reading = Definition::read(&template(keys), USER);
    Webhook::compile(&reading.definition.unwrap_or_else(|| panic!("{:?}", reading.findings)))
}

/// Builds the request of a template with these keys, and hands it over with the facts it was made from.
fn build_with(
    keys: Value,
    event: &Event,
    secrets: &[(&str, &str)],
    replay: Option<&str>,
) -> Result<Rendered, RenderFault> {
    let secrets = secrets.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    webhook(keys).request(&Facts {
        event,
        data: &EventData::default(),
        product_user: None,
        secrets: &secrets,
        delivery: DeliveryId(Uuid::from_u128(9)),
        now: Timestamp::from_millis(1_767_323_050_999),
        replay,
    })
}

fn build(keys: Value, data: &str) -> Request {
    build_with(keys, &event("temp/kitchen", Some(data)), &[], None).unwrap().request
}

fn fault(keys: Value, data: &str) -> RenderFault {
    build_with(keys, &event("temp/kitchen", Some(data)), &[], None).unwrap_err()
}

fn body(request: &Request) -> Option<&str> {
    request.body.as_deref().map(|body| std::str::from_utf8(body).unwrap())
}

fn header<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}

const DEFAULT_FIELDS: &str =
    "event=temp%2Fkitchen&data=21&published_at=2026-01-02T03%3A04%3A05.678Z&coreid=0123456789abcdef01234567";
const DEFAULT_JSON: &str = r#""event":"temp/kitchen","data":"21","published_at":"2026-01-02T03:04:05.678Z","coreid":"0123456789abcdef01234567""#;
const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";

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
fn every_variable_has_its_value_under_new_and_old_names() {
    let filled = |name: &str| {
        let mut event = event("temp", Some("{\"PARTICLE_EVENT_NAME\": \"spoofed\", \"own\": \"<1>\"}"));
        event.product = Some(crate::id::ProductId(42));
        event.product_version = Some(3);
        let keys = json!({"body": format!("{{{{{{{name}}}}}}}")});
        String::from_utf8(build_with(keys, &event, &[], None).unwrap().request.body.unwrap()).unwrap()
    };
    let whole = r#"{"event":"temp","data":"{\"PARTICLE_EVENT_NAME\": \"spoofed\", \"own\": \"<1>\"}","published_at":"2026-01-02T03:04:05.678Z","coreid":"0123456789abcdef01234567","id":"00000000-0000-0000-0000-000000000007","ttl":60,"public":false,"productID":42,"version":3}"#;
    let base64 = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, whole);
    for (suffix, value) in [
        ("DEVICE_ID", "0123456789abcdef01234567"),
        ("EVENT_NAME", "temp"),
        ("EVENT_VALUE", "{\"PARTICLE_EVENT_NAME\": \"spoofed\", \"own\": \"<1>\"}"),
        ("PUBLISHED_AT", "2026-01-02T03:04:05.678Z"),
        ("EVENT_ID", "00000000-0000-0000-0000-000000000007"),
        ("EVENT_PUBLIC", "false"),
        ("EVENT_JSON", whole),
        ("EVENT_BASE64", &base64),
    ] {
        for prefix in ["PARTICLE", "SPARK"] {
            assert_eq!(filled(&format!("{prefix}_{suffix}")), value, "{prefix}_{suffix}");
        }
    }
    assert_eq!(filled("SPARK_CORE_ID"), "0123456789abcdef01234567");
    assert_eq!((filled("PRODUCT_ID").as_str(), filled("PRODUCT_VERSION").as_str()), ("42", "3"));
    assert_eq!(filled("own"), "<1>");
}

#[test]
fn a_device_cannot_supply_a_built_in_name_or_a_secret_in_its_data() {
    let data = r#"{"PRODUCT_USER_ID": "somebody", "API_KEY": "stolen"}"#;
    let rendered =
        build_with(json!({"body": "[{{{PRODUCT_USER_ID}}}]"}), &event("temp", Some(data)), &[], None)
            .unwrap();
    assert_eq!(body(&rendered.request), Some("[]"));
    assert_eq!(rendered.rendering.missing, ["PRODUCT_USER_ID"]);
    assert!(rendered.rendering.used.is_empty());

    let fault = fault(json!({"body": "{{{API_KEY}}}", "secrets": ["API_KEY"]}), data);
    assert!(fault.message.contains("the secret `API_KEY` has no value"), "{}", fault.message);
}

#[test]
fn only_listed_secrets_can_be_read() {
    let keys = json!({"body": "{{{MINE}}}-{{{OTHER}}}", "secrets": ["MINE"]});
    let secrets = [("MINE", "mine"), ("OTHER", "other")];
    let rendered = build_with(keys, &event("temp", None), &secrets, None).unwrap();
    assert_eq!(body(&rendered.request), Some("mine-"));
}

#[test]
fn a_person_s_event_and_absent_data_are_filled_in_too() {
    let mut event = event("temp", None);
    event.publisher = Publisher::Api;
    let request = build_with(json!({}), &event, &[], None).unwrap().request;
    assert_eq!(body(&request), Some("event=temp&data=&published_at=2026-01-02T03%3A04%3A05.678Z&coreid=api"));
}

#[test]
fn values_in_a_url_are_encoded_by_where_they_stand() {
    for (url, data, target) in [
        ("https://example.com/a b?c=ü#top", "x", "/a%20b?c=%C3%BC"),
        ("https://example.com/{{v}}/x", "a b/c?d#e", "/a%20b/c%3Fd%23e/x"),
        ("https://example.com/{{v}}", "../admin", "/%2E%2E%2Fadmin"),
        ("https://example.com/x?v={{v}}", "a&b=c/d", "/x?v=a%26b%3Dc%2Fd"),
        ("https://example.com/x?{{{v}}}", "a=1&b=2 3", "/x?a=1&b=2%203"),
        ("https://example.com{{{v}}}", "/in?a", "/in?a"),
        ("https://example.com?v={{v}}", "<&>", "/?v=%3C%26%3E"),
    ] {
        let data = json!({"v": data}).to_string();
        let request = build(json!({"url": url}), &data);
        assert_eq!(
            (request.target.as_str(), request.origin.to_string().as_str()),
            (target, "https://example.com:443"),
            "{url}"
        );
    }
}

#[test]
fn an_origin_without_tags_is_known_before_any_event() {
    let origin = |url: &str| webhook(json!({"url": url})).static_origin().map(ToString::to_string);
    assert_eq!(origin("https://Example.com/{{x}}").as_deref(), Some("https://example.com:443"));
    assert_eq!(origin("http://example.com:81").as_deref(), Some("http://example.com:81"));
    assert_eq!(origin("https://{{host}}/"), None);
    assert_eq!(origin("https://example.com{{x}}"), None);
    assert_eq!(origin("{{{URL}}}"), None);
}

#[test]
fn a_host_filled_in_must_be_one() {
    let to = |host: &str| {
        let data = json!({"host": host}).to_string();
        build_with(json!({"url": "https://{{{host}}}/in"}), &event("temp", Some(&data)), &[], None)
    };
    assert_eq!(to("Example.com:8443").unwrap().request.origin.to_string(), "https://example.com:8443");
    for host in ["", "a b", "me@example.com", "a\nb"] {
        let fault = to(host).unwrap_err();
        assert_eq!((fault.code, fault.place.field.as_deref()), (Code::Render, Some("url")), "{host:?}");
    }
}

#[test]
fn query_fields_join_those_of_the_url() {
    let keys = json!({"url": "https://example.com/in?a=1", "query": {"b c": "{{{PARTICLE_EVENT_VALUE}}}"}});
    assert_eq!(build(keys, "x&y").target, "/in?a=1&b%20c=x%26y");
}

#[test]
fn our_headers_stand_where_the_author_has_none() {
    let request = build(json!({"json": {}}), "21");
    let agent = format!("Fieldhook/{}", env!("CARGO_PKG_VERSION"));
    let expected = [
        ("User-Agent", agent.as_str()),
        ("Accept", JSON),
        ("Content-Type", JSON),
        ("Webhook-Id", "00000000-0000-0000-0000-000000000009"),
        ("Webhook-Timestamp", "1767323050"),
    ];
    let headers: Vec<_> =
        request.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(headers, expected);
}

#[test]
fn the_author_s_headers_win_save_those_that_identify_the_delivery() {
    let keys = json!({
        "json": {}, "auth": {"username": "me", "password": "pass"},
        "headers": {
            "user-agent": "mine", "content-type": "application/vnd.api+json", "AUTHORIZATION": "Bearer x",
            "webhook-id": "no", "Webhook-Timestamp": "no", "Webhook-Signature": "theirs", "Host": "evil.example",
            "Transfer-Encoding": "chunked", "X-Own": "{{{PARTICLE_EVENT_VALUE}}}"
        }
    });
    let request = build(keys, "21");
    for (name, value) in [
        ("user-agent", Some("mine")),
        ("content-type", Some("application/vnd.api+json")),
        ("authorization", Some("Bearer x")),
        ("webhook-id", Some("00000000-0000-0000-0000-000000000009")),
        ("webhook-timestamp", Some("1767323050")),
        ("webhook-signature", Some("theirs")),
        ("host", None),
        ("transfer-encoding", None),
        ("x-own", Some("21")),
    ] {
        assert_eq!(header(&request.headers, name), value, "{name}");
        let count = request.headers.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name)).count();
        assert!(count <= 1, "{name} stands {count} times");
    }
}

#[test]
fn header_names_may_be_filled_in() {
    let headers =
        |data: &str| build(json!({"headers": {"{{{k}}}": "v"}}), &json!({"k": data}).to_string()).headers;
    assert_eq!(header(&headers("X-Mine"), "x-mine"), Some("v"));
    assert_eq!(header(&headers("user-agent"), "User-Agent"), Some("v"));
    assert_eq!(headers("").len(), 4);
    assert_eq!(headers("content-length").len(), 4);
    assert!(header(&headers("Webhook-Id"), "webhook-id").unwrap().ends_with("9"));
}

#[test]
fn a_header_with_a_line_break_is_a_fault_that_names_its_variable() {
    let keys = json!({"headers": {"X-A": "{{a}} {{{b}}}"}});
    let fault = fault(keys, r#"{"a": "fine", "b": "bad\r\nX-B: c"}"#);
    assert_eq!((fault.code, fault.place.field.as_deref()), (Code::Render, Some("headers.X-A")));
    assert!(fault.message.contains("a line break") && fault.message.contains("`b`"), "{}", fault.message);
}

#[test]
fn a_signed_request_can_be_verified() {
    let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let request = build(json!({"signingSecret": secret, "headers": {"Webhook-Signature": "theirs"}}), "21");
    let key = SigningKey::parse(secret).unwrap();
    let expected =
        key.sign("00000000-0000-0000-0000-000000000009", "1767323050", request.body.as_deref().unwrap());
    assert_eq!(header(&request.headers, "webhook-signature"), Some(expected.as_str()));
    assert_eq!(
        request.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("webhook-signature")).count(),
        1
    );
}

#[test]
fn a_replay_is_stamped() {
    let event = event("temp", None);
    let headers = build_with(json!({"headers": {"webhook-replay": "no"}}), &event, &[], Some("r1"))
        .unwrap()
        .request
        .headers;
    assert_eq!(header(&headers, "webhook-replay"), Some("r1"));
}

#[test]
fn what_is_shown_of_a_request_holds_no_secret() {
    let keys = json!({
        "url": "https://example.com/{{KEY}}", "secrets": ["KEY"],
        "auth": {"username": "me", "password": "hunter2!"},
        "json": {"key": "{{{KEY}}}", "static": "hunter2!", "data": 1},
        "headers": {"X-Api-Key": "static-key", "X-Plain": "{{{KEY}}}", "Cookie": "session={{{KEY}}}"}
    });
    let rendered = build_with(keys, &event("temp", None), &[("KEY", "s3cr3t/\"x\"")], None).unwrap();
    assert_eq!(rendered.request.target, "/s3cr3t/%22x%22");
    let sent = rendered.sent();
    assert_eq!(sent.url, format!("https://example.com/{MASK}"));
    for (name, value) in [
        ("authorization", format!("Basic {MASK}")),
        ("x-api-key", MASK.to_owned()),
        ("x-plain", MASK.to_owned()),
        ("cookie", MASK.to_owned()),
    ] {
        assert_eq!(header(&sent.headers, name), Some(value.as_str()), "{name}");
    }
    let text = sent.body.unwrap().text;
    assert!(text.starts_with(&format!(r#"{{"key":"{MASK}","static":"{MASK}","data":1,"#)), "{text}");
    let echoed = "you sent bWU6aHVudGVyMiE= and static-key and s3cr3t/\\\"x\\\"";
    assert_eq!(mask_text(echoed, &rendered.masks), format!("you sent {MASK} and {MASK} and {MASK}"));
    assert!(!format!("{:?}", rendered.request).contains("hunter2"));
}

#[test]
fn a_request_over_a_limit_is_refused_with_the_limit() {
    let long = "x".repeat(16_300);
    for (keys, field) in [
        (json!({"url": "https://example.com/{{{PARTICLE_EVENT_VALUE}}}{{{PARTICLE_EVENT_VALUE}}}"}), "url"),
        (json!({"query": {"a": "{{{PARTICLE_EVENT_VALUE}}}", "b": "{{{PARTICLE_EVENT_VALUE}}}"}}), "url"),
        (json!({"headers": {"X-A": "{{{PARTICLE_EVENT_VALUE}}}{{{PARTICLE_EVENT_VALUE}}}"}}), "headers.X-A"),
        (json!({"body": "{{{PARTICLE_EVENT_VALUE}}}".repeat(5)}), "body"),
        (json!({"json": vec!["{{{PARTICLE_EVENT_VALUE}}}"; 65]}), "json"),
    ] {
        let fault = fault(keys, &long);
        assert_eq!(
            (fault.code, fault.place.field.as_deref()),
            (Code::TooLarge, Some(field)),
            "{}",
            fault.message
        );
        assert!(fault.message.contains("over the limit of"), "{}", fault.message);
    }
}

#[test]
fn data_is_parsed_only_when_a_template_asks_for_a_key() {
    let (data, event) = (EventData::default(), event("temp", Some("{\"t\": 1}")));
    let secrets = BTreeMap::new();
    let facts = Facts {
        event: &event,
        data: &data,
        product_user: None,
        secrets: &secrets,
        delivery: DeliveryId(Uuid::nil()),
        now: Timestamp::default(),
        replay: None,
    };
    webhook(json!({"json": {"t": "{{{PARTICLE_EVENT_VALUE}}}"}})).request(&facts).unwrap();
    assert!(format!("{data:?}").contains("uninit"));
    webhook(json!({"json": {"t": "{{{t}}}"}})).request(&facts).unwrap();
    assert!(!format!("{data:?}").contains("uninit"));
}

#[test]
fn a_preview_tells_three_findings_apart() {
    let look = |json: &str, data: &str| {
        let event = event("temp", Some(data));
        let preview = preview(&template(json!({"json": json})), USER, &event, &BTreeMap::new());
        let codes: Vec<_> = preview.findings.iter().map(|finding| (finding.level, finding.code)).collect();
        (preview.request.is_some(), codes)
    };
    let broken = (false, vec![(Level::Error, "template-syntax")]);
    assert_eq!(look("{\"t\": {{{t}}", "{}"), broken);
    assert_eq!(look("{\"t\": {{{t}}} }", "{\"t\": 1}"), (true, vec![(Level::Note, "json-when-filled")]));
    assert_eq!(look("{\"t\": {{{t}}} }", "{}"), (false, vec![(Level::Error, "json-broken")]));
    assert_eq!(look("{\"t\": }", "{}"), (false, vec![(Level::Error, "json-syntax")]));
}

#[test]
fn a_preview_says_what_became_of_variables() {
    let keys = json!({"body": "{{a}} {{b}}", "headers": {"Content-Type": "application/json"}});
    let event = event("temp", Some(r#"{"a": "\"x\""}"#));
    let preview = preview(&template(keys), USER, &event, &BTreeMap::new());
    let codes: Vec<_> = preview.findings.iter().map(|finding| finding.code).collect();
    assert_eq!(codes, ["variable-missing", "variable-escaped", "body-not-json"]);
    assert_eq!(preview.request.unwrap().body.unwrap().text, "&quot;x&quot; ");
}

#[test]
fn replies_find_their_values_and_no_secret() {
    let webhook =
        webhook(json!({"responseTopic": "{{PARTICLE_EVENT_NAME}}/{{KEY}}/{{t}}", "secrets": ["KEY"]}));
    let event = event("temp", Some("{\"t\": 1}"));
    let secrets = BTreeMap::from([("KEY".to_owned(), "s3cr3t".to_owned())]);
    let facts = Facts {
        event: &event,
        data: &EventData::default(),
        product_user: None,
        secrets: &secrets,
        delivery: DeliveryId(Uuid::nil()),
        now: Timestamp::default(),
        replay: None,
    };
    let bound = webhook.reply_values(&facts);
    let topic = webhook.replies.response_topic.as_ref().unwrap().render(&bound.values()).unwrap();
    assert_eq!(topic, "temp//1");
}

proptest! {
    #[test]
    fn any_event_fills_in_a_default_template(name in "[ -~]{1,64}", data in any::<Option<String>>()) {
        for method in Method::ALL {
            let keys = json!({"requestType": method.as_str()});
            match build_with(keys, &event(&name, data.as_deref()), &[], None) {
                Ok(rendered) => prop_assert!(rendered.request.target.is_ascii()),
                Err(fault) => prop_assert_eq!(fault.code, Code::TooLarge),
            }
        }
    }

    #[test]
    fn no_value_breaks_json_given_as_an_object(value in any::<String>(), key in any::<String>()) {
        let data = json!({"v": value, "k": key}).to_string();
        let keys = json!({"json": {"v": "{{{v}}}", "html": "{{v}}", "nested": {"{{{k}}}": "{{{v}}}"}}});
        let request = build(keys, &data);
        let sent: Value = serde_json::from_slice(&request.body.unwrap()).unwrap();
        prop_assert_eq!(&sent["v"], &value);
        prop_assert_eq!(&sent["nested"][&key], &value);
        prop_assert_eq!(&sent["data"], &data);
    }

    #[test]
    fn no_sent_header_holds_a_line_break(name in any::<String>(), value in any::<String>()) {
        let data = json!({"k": name, "v": value}).to_string();
        let keys = json!({"headers": {"X-{{{k}}}": "{{{v}}}", "X-Html": "{{v}}"}});
        if let Ok(rendered) = build_with(keys, &event("temp", Some(&data)), &[], None) {
            for (name, value) in rendered.request.headers {
                prop_assert!(is_header_name(&name));
                prop_assert!(!value.contains(['\r', '\n', '\0']));
            }
        }
    }

    #[test]
    fn form_and_query_values_read_back(value in any::<String>()) {
        let data = json!({"v": value}).to_string();
        let keys = json!({"noDefaults": true, "form": {"v": "{{{v}}}"}, "query": {"q": "{{{v}}}"}});
        let request = build(keys, &data);
        let read = |encoded: &str| url::form_urlencoded::parse(encoded.as_bytes()).next().unwrap().1.into_owned();
        prop_assert_eq!(read(body(&request).unwrap()), value.as_str());
        prop_assert_eq!(read(request.target.split_once('?').unwrap().1), value.as_str());
    }

    #[test]
    fn a_value_in_double_braces_leaves_the_shape_of_a_url_alone(value in "\\PC{0,30}") {
        let data = json!({"v": value}).to_string();
        let keys = json!({"url": "https://example.com/a/{{v}}/b?c={{v}}&d=e"});
        let target = build(keys, &data).target;
        let url = url::Url::parse(&format!("https://example.com{target}")).unwrap();
        prop_assert!(url.path().starts_with("/a/") && url.path().ends_with("/b"));
        let pairs: Vec<_> = url.query_pairs().collect();
        prop_assert_eq!(pairs.len(), 2);
        prop_assert_eq!(pairs[0].1.as_ref(), value.as_str());
        prop_assert!(url.fragment().is_none());
    }
}
