//! What is shown of a request, or said instead of one.

use super::*;

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
