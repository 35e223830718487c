//! Names and their values.

use super::*;

#[test]
fn every_variable_has_its_value_under_new_and_old_names() {
    let filled = |name: &str| {
        let mut event = event("temp", Some("{\"PARTICLE_EVENT_NAME\": \"spoofed\", \"own\": \"<1>\"}"));
        event.product = Some(ProductId(42));
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
