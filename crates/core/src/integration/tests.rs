//! Reading templates, through [`Definition::read`].

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::access::Scope;
use crate::attempt::MASK;
use crate::id::{OrgId, ProductId};
use crate::rate::Rate;

const USER: Scope = Scope::User(UserId([1; 12]));
const PRODUCT: Scope = Scope::Product(ProductId(7));
const ORGANISATION: Scope = Scope::Organisation(OrgId([2; 12]));

fn map(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        other => panic!("{other} is no object"),
    }
}

/// A template that is in order, with these keys added or replaced.
fn with(keys: Value) -> Map<String, Value> {
    let mut template = map(json!({"event": "temp", "url": "https://example.com/in"}));
    template.extend(map(keys));
    template
}

fn definition(keys: Value) -> Definition {
    let reading = Definition::read(&with(keys), USER);
    reading.definition.unwrap_or_else(|| panic!("{:?}", reading.findings))
}

/// What is found, as `level code field`.
fn found_in(keys: Value, scope: Scope) -> Vec<String> {
    let shown = |finding: &Finding| {
        let level = serde_json::to_value(finding.level).unwrap();
        let field = finding.place.field.as_deref().unwrap_or("-");
        format!("{} {} {field}", level.as_str().unwrap(), finding.code)
    };
    Definition::read(&with(keys), scope).findings.iter().map(shown).collect()
}

fn found(keys: Value) -> Vec<String> {
    found_in(keys, USER)
}

#[test]
fn two_keys_are_enough_and_the_rest_has_defaults() {
    let definition = definition(json!({}));
    assert_eq!((definition.event.as_str(), definition.url.source()), ("temp", "https://example.com/in"));
    assert_eq!(definition.method, Method::Post);
    assert!(definition.verify_tls && !definition.no_defaults && !definition.disabled);
    assert!(matches!(definition.payload, Payload::Defaults));
    assert_eq!(definition.retry, None);
    assert_eq!(found(json!({})), [] as [&str; 0]);
}

#[test]
fn keys_are_read_under_all_their_names() {
    let device = "0123456789abcdef01234567";
    for key in ["deviceID", "deviceid", "deviceId"] {
        assert_eq!(definition(json!({key: device})).device, device.parse().ok(), "{key}");
    }
    let template = map(json!({"eventName": "humid", "url": "https://example.com"}));
    assert_eq!(Definition::read(&template, USER).definition.unwrap().event, "humid");
}

#[test]
fn what_clients_send_along_is_no_finding() {
    let keys = json!({
        "eventName": "temp", "integration_type": "Webhook", "mydevices": true, "_": "a comment", "template": "x",
        "id": "aaaabbbbccccdddd00001111", "created_at": "2026-01-02T03:04:05.678Z", "name": null,
        "deviceID": null, "json": null, "logs": [], "counters": [], "hookUrl": "https://example.com"
    });
    assert_eq!(found(keys), [] as [&str; 0]);
}

#[test]
fn a_form_sends_text_where_json_has_types() {
    for (text, flag) in
        [("true", true), ("1", true), ("TRUE", true), ("false", false), ("0", false), ("", false)]
    {
        assert_eq!(definition(json!({"noDefaults": text})).no_defaults, flag, "{text}");
    }
    let definition =
        definition(json!({"rejectUnauthorized": "false", "rateLimit": "2.5", "secrets": "A, B"}));
    assert!(!definition.verify_tls);
    assert_eq!(definition.rate_limit, Some(Rate { per_second: 2.5, burst: 3 }));
    assert_eq!(definition.secrets, ["A", "B"]);
}

#[test]
fn methods_are_taken_in_any_case_of_letters() {
    for method in Method::ALL {
        let lower = method.as_str().to_lowercase();
        assert_eq!(definition(json!({"requestType": lower})).method, method);
    }
}

#[test]
fn each_error_is_found_at_its_field() {
    for (keys, expected) in [
        (json!({"event": ""}), "error event-missing event"),
        (json!({"event": null}), "error event-missing event"),
        (json!({"event": 5}), "error wrong-type event"),
        (json!({"event": "x".repeat(65)}), "error too-large event"),
        (json!({"event": "hook-sent/temp"}), "error reply-event event"),
        (json!({"event": "hook-response/"}), "error reply-event event"),
        (json!({"event": "0123456789abcdef01234567/hook-error/"}), "error reply-event event"),
        (json!({"url": null}), "error url-missing url"),
        (json!({"url": ["https://example.com"]}), "error wrong-type url"),
        (json!({"url": "ftp://example.com"}), "error url-scheme url"),
        (json!({"url": "https://me:pass@example.com"}), "error url-userinfo url"),
        (json!({"url": "https://example.com/{{"}), "error template-syntax url"),
        (json!({"requestType": "HEAD"}), "error method requestType"),
        (json!({"requestType": true}), "error wrong-type requestType"),
        (json!({"deviceID": "kitchen"}), "error device-id deviceID"),
        (json!({"json": {}, "form": {}}), "error several-payloads form"),
        (json!({"json": 5}), "error wrong-type json"),
        (json!({"json": "{\"a\": }"}), "error json-syntax json"),
        (json!({"json": {"a": {"b": ["{{#x}}"]}}}), "error template-syntax json.a.b.0"),
        (json!({"form": "a=b"}), "error wrong-type form"),
        (json!({"form": {"a": {}}}), "error wrong-type form.a"),
        (json!({"body": {"a": 1}}), "error wrong-type body"),
        (json!({"query": [1]}), "error wrong-type query"),
        (json!({"headers": {"X-A": "a\r\nX-B: b"}}), "error header-line-break headers.X-A"),
        (json!({"headers": {"X-A": "a\u{0}"}}), "error header-line-break headers.X-A"),
        (json!({"headers": {"X-A\n": "a"}}), "error header-line-break headers.X-A\n"),
        (json!({"headers": {"X-A": "a\u{1}"}}), "error header-value headers.X-A"),
        (json!({"headers": {"X A": "a"}}), "error header-name headers.X A"),
        (json!({"headers": {"": "a"}}), "error header-name headers."),
        (json!({"auth": "me:pass"}), "error wrong-type auth"),
        (json!({"auth": {"username": 1}}), "error wrong-type auth.username"),
        (json!({"auth": {"username": "a", "password": MASK}}), "error mask-without-value auth.password"),
        (json!({"headers": {"Authorization": MASK}}), "error mask-without-value headers.Authorization"),
        (json!({"noDefaults": "perhaps"}), "error wrong-type noDefaults"),
        (json!({"responseTopic": "{{/a}}"}), "error template-syntax responseTopic"),
        (json!({"responseTemplate": 5}), "error wrong-type responseTemplate"),
        (json!({"responseTemplate": {"a": ["{{"]}}), "error template-syntax responseTemplate.a.0"),
        (json!({"retryPolicy": "always"}), "error retry-policy retryPolicy"),
        (json!({"successRule": {"path": "a.b"}}), "error success-rule successRule"),
        (json!({"successRule": {"status": 201}}), "error success-rule successRule.status"),
        (json!({"successRule": {"statuses": [99]}}), "error wrong-type successRule.statuses"),
        (json!({"successRule": {"contains": ""}}), "error wrong-type successRule.contains"),
        (json!({"rateLimit": 0}), "error wrong-type rateLimit"),
        (json!({"rateLimit": {"perSecond": 1, "burst": 0}}), "error wrong-type rateLimit"),
        (json!({"secrets": ["a b"]}), "error secret-name secrets"),
        (json!({"secrets": [5]}), "error wrong-type secrets"),
        (json!({"signingSecret": "short"}), "error signing-secret signingSecret"),
        (json!({"integration_type": "AzureIotHub"}), "error integration-type integration_type"),
    ] {
        let reading = Definition::read(&with(keys.clone()), USER);
        assert!(reading.definition.is_none(), "{keys}");
        let findings = found(keys.clone());
        assert!(findings.iter().any(|finding| finding == expected), "{keys} gave {findings:?}");
    }
}

#[test]
fn each_warning_leaves_the_template_usable() {
    for (keys, expected) in [
        (json!({"colour": "red"}), "warning unknown-key colour"),
        (json!({"eventName": "other"}), "warning alias-conflict eventName"),
        (json!({"event": "t"}), "warning short-prefix event"),
        (json!({"event": "spark/status"}), "note system-events event"),
        (json!({"event": " temp"}), "warning event-never-matches event"),
        (json!({"event": "{{name}}"}), "warning event-not-templated event"),
        (json!({"url": "http://10.0.0.1/"}), "warning forbidden-address url"),
        (json!({"json": {"t": "{{t}}"}}), "warning double-braces-in-json json.t"),
        (json!({"json": "{\"t\": \"{{t}}\"}"}), "warning double-braces-in-json json"),
        (json!({"requestType": "GET", "json": {}}), "warning get-without-body json"),
        (json!({"headers": {"Content-Length": "5"}}), "warning managed-header headers.Content-Length"),
        (json!({"secrets": ["PRODUCT_ID"]}), "warning secret-shadowed secrets"),
        (json!({"successRule": {}}), "warning success-rule successRule"),
        (json!({"products": [1]}), "warning products-ignored products"),
        (
            json!({"url": "http://example.com", "auth": {"username": "a", "password": "b"}}),
            "warning credentials-in-the-clear auth",
        ),
        (
            json!({"url": "http://example.com/{{x}}", "headers": {"X-Api-Key": "{{K}}"}}),
            "warning credentials-in-the-clear headers.X-Api-Key",
        ),
    ] {
        let reading = Definition::read(&with(keys.clone()), USER);
        assert!(reading.definition.is_some(), "{keys} gave {:?}", reading.findings);
        assert_eq!(found(keys.clone()), [expected], "{keys}");
    }
}

#[test]
fn all_problems_are_found_at_once_in_the_order_of_reading() {
    let template = map(json!({"colour": 1, "url": "{{", "requestType": "X", "form": {}, "body": 5}));
    let codes: Vec<_> = Definition::read(&template, USER).findings.into_iter().map(|f| f.code).collect();
    let expected =
        ["unknown-key", "event-missing", "template-syntax", "method", "several-payloads", "wrong-type"];
    assert_eq!(codes, expected);
}

#[test]
fn two_payloads_are_refused_by_naming_both() {
    let findings = Definition::read(&with(json!({"json": {}, "body": ""})), USER).findings;
    assert!(findings[0].message.contains("`json` and `body`"), "{}", findings[0].message);
}

#[test]
fn a_template_error_says_line_and_column_within_its_field() {
    let findings = Definition::read(&with(json!({"body": "one\ntwo {{#open}}"})), USER).findings;
    let place = &findings[0].place;
    assert_eq!((place.field.as_deref(), place.line, place.column), (Some("body"), Some(2), Some(5)));
}

#[test]
fn a_mistaken_key_is_answered_with_the_right_one() {
    for (key, right) in [("method", "requestType"), ("URL", "url"), ("responsetopic", "responseTopic")] {
        let findings = Definition::read(&with(json!({key: "x"})), USER).findings;
        assert!(findings[0].message.contains(&format!("did you mean `{right}`")), "{:?}", findings[0]);
    }
}

#[test]
fn only_a_person_s_integration_can_be_narrowed_to_a_device() {
    let keys = json!({"deviceID": "0123456789abcdef01234567"});
    assert_eq!(found_in(keys.clone(), PRODUCT), ["error device-filter deviceID"]);
    assert!(found_in(keys, ORGANISATION).contains(&"error device-filter deviceID".to_owned()));
    assert_eq!(found_in(json!({"deviceID": ""}), PRODUCT), [] as [&str; 0]);
}

#[test]
fn an_organisation_lists_its_products() {
    let read = |keys| Definition::read(&with(keys), ORGANISATION);
    let products = read(json!({"products": [3, "1", 3]})).definition.unwrap().products;
    assert_eq!(products, [ProductId(1), ProductId(3)]);
    assert_eq!(found_in(json!({}), ORGANISATION), ["warning no-products products"]);
    assert_eq!(found_in(json!({"products": ["slug"]}), ORGANISATION), ["error wrong-type products"]);
}

#[test]
fn rules_of_our_own_are_read() {
    let definition = definition(json!({
        "retryPolicy": "extended", "rateLimit": {"perSecond": 0.5, "burst": 4},
        "successRule": {"contains": "ok", "path": "a.b", "equals": null, "statuses": [404, "409"]},
        "secrets": ["API_KEY", "API_KEY", "B-2"], "signingSecret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    }));
    assert_eq!(definition.retry, Some(RetryKind::Extended));
    assert_eq!(definition.rate_limit, Some(Rate { per_second: 0.5, burst: 4 }));
    let rule = SuccessRule {
        contains: Some("ok".to_owned()),
        path: Some("a.b".to_owned()),
        equals: Some(Value::Null),
        statuses: vec![404, 409],
    };
    assert_eq!(definition.success, Some(rule));
    assert_eq!(definition.secrets, ["API_KEY", "B-2"]);
    assert!(definition.signing_key.is_some());
}

#[test]
fn an_empty_topic_sends_no_replies() {
    let standard = definition(json!({})).replies;
    assert!(standard.response_topic.is_some() && standard.error_topic.is_some());
    let silent = definition(json!({"responseTopic": "", "errorResponseTopic": ""})).replies;
    assert!(silent.response_topic.is_none() && silent.error_topic.is_none());
    let own = definition(json!({"responseTopic": "mine/{{x}}"})).replies;
    assert_eq!(own.response_topic.unwrap().source(), "mine/{{x}}");
}

#[test]
fn limits_hold_at_n_and_refuse_n_plus_one() {
    let headers = |count: usize| -> Map<String, Value> {
        (0..count).map(|at| (format!("X-{at}"), Value::from("v"))).collect()
    };
    assert_eq!(found(json!({"headers": headers(100)})), [] as [&str; 0]);
    assert_eq!(found(json!({"headers": headers(101)})), ["error too-many headers"]);
    assert_eq!(found(json!({"body": "x".repeat(PART_LIMIT)})), [] as [&str; 0]);
    assert_eq!(found(json!({"body": "x".repeat(PART_LIMIT + 1)})), ["error too-large body"]);
    assert_eq!(found(json!({"event": "e".repeat(64)})), [] as [&str; 0]);

    let nested = |depth| (0..depth).fold(json!(1), |inner, _| json!([inner]));
    assert_eq!(found(json!({"json": nested(JSON_DEPTH_LIMIT)})), [] as [&str; 0]);
    assert!(found(json!({"json": nested(JSON_DEPTH_LIMIT + 1)}))[0].starts_with("error too-deep"));
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "[{}#/a\\PC]{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec(("[{}a-z\\PC]{0,4}", inner), 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn any_value_under_any_key_is_read_without_panic(
        key in prop::sample::select(&["event", "url", "requestType", "headers", "query", "json", "form", "body",
            "auth", "noDefaults", "responseTopic", "responseTemplate", "retryPolicy", "successRule", "secrets",
            "signingSecret", "rateLimit", "products", "deviceID", "name", "other"][..]),
        value in any_json(),
    ) {
        for scope in [USER, PRODUCT, ORGANISATION] {
            let reading = Definition::read(&with(json!({key: value})), scope);
            let errors = reading.findings.iter().any(|finding| finding.level == Level::Error);
            prop_assert_eq!(reading.definition.is_none(), errors);
        }
    }
}

#[test]
fn the_keys_that_changed_are_told_with_those_that_are_new_or_gone() {
    let map = |value: Value| value.as_object().unwrap().clone();
    let old = map(json!({"event": "t", "url": "a", "json": {"x": 1}, "form": {}}));
    let new = map(json!({"headers": {}, "event": "t", "url": "b", "json": {"x": 1}}));
    assert_eq!(changed_keys(&old, &new), ["headers", "url", "form"]);
    assert_eq!(changed_keys(&old, &old), [] as [&str; 0]);
}
