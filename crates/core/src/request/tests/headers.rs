//! Headers, ours and the author's.

use super::*;

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
    assert!(header(&headers("Webhook-Id"), "webhook-id").unwrap().ends_with('9'));
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
