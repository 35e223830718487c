//! Where a request goes.

use super::*;

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
    for (url, target) in [("https://example.com/in?", "/in?a=b"), ("https://example.com?c&", "/?c&a=b")] {
        assert_eq!(build(json!({"url": url, "query": {"a": "b"}}), "21").target, target);
    }
}

#[test]
fn a_whole_url_may_be_filled_in() {
    for url in ["{{URL}}", "{{{URL}}}", "https://{{HOST}}/in?a=b&c={{v}}"] {
        let data = json!({"URL": "https://example.com/in?a=b&c=d%20e", "HOST": "example.com", "v": "d e"});
        let request = build(json!({"url": url}), &data.to_string());
        assert_eq!(request.origin.to_string(), "https://example.com:443", "{url}");
        assert_eq!(request.target, "/in?a=b&c=d%20e", "{url}");
    }
}
