use std::borrow::Cow;
use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::event::{DEFAULT_DATA_LIMIT, DEFAULT_TTL, Publisher, Source};
use crate::id::{DeviceId, EventId, OrgId, ProductId, UserId};
use crate::time::Timestamp;

const USER: Scope = Scope::User(UserId([1; 12]));
const PRODUCT: Scope = Scope::Product(ProductId(7));
const DEVICE: &str = "0a0a0a0a0a0a0a0a0a0a0a0a";

fn event(publisher: Publisher) -> Event {
    let published_at = Timestamp::from_millis(0);
    Event {
        id: EventId::new(published_at, [0; 10]),
        name: "temp&co".to_owned(),
        data: None,
        published_at,
        ttl: DEFAULT_TTL,
        publisher,
        private: true,
        owner: None,
        product: None,
        product_version: None,
        source: Source::Http,
        idempotency_key: None,
    }
}

/// Runs `act` with an event of a device and the values that its templates see.
fn with_device<T>(act: impl FnOnce(&Event, &Values<'_>) -> T) -> T {
    with(Publisher::Device(DeviceId([10; 12])), act)
}

fn with<T>(publisher: Publisher, act: impl FnOnce(&Event, &Values<'_>) -> T) -> T {
    let event = event(publisher);
    let named = [
        ("PARTICLE_DEVICE_ID", Cow::Owned(publisher.to_string())),
        ("PARTICLE_EVENT_NAME", Cow::Borrowed(event.name.as_str())),
    ];
    act(&event, &Values { named: &named, secrets: &BTreeMap::new(), json: None })
}

fn respond_as(replies: &Replies, content_type: Option<&str>, body: &[u8]) -> Vec<Reply> {
    let answer = AnswerFacts { content_type, body };
    with_device(|event, values| replies.response(event, values, &answer, DEFAULT_DATA_LIMIT))
}

fn respond(replies: &Replies, body: &[u8]) -> Vec<Reply> {
    respond_as(replies, None, body)
}

fn templated(template: Value) -> Replies {
    let response_template = Some(ResponseTemplate::parse(&template).unwrap());
    Replies { response_template, ..Replies::standard(USER) }
}

fn topic(text: &str) -> Template {
    Template::parse(text).unwrap()
}

fn whole(replies: &[Reply]) -> String {
    replies.iter().map(|reply| reply.data.as_deref().unwrap()).collect()
}

fn part(name: &str, data: &str, part: u32, parts: u32) -> Reply {
    Reply { name: name.to_owned(), data: Some(data.to_owned()), part: Some(Part { part, parts }) }
}

#[test]
fn a_sent_request_is_announced_without_data() {
    let sent = with_device(|event, _| Replies::standard(PRODUCT).sent(event));
    assert_eq!(sent, Reply { name: "hook-sent/temp&co".to_owned(), data: None, part: None });
}

#[test]
fn default_topics_carry_the_event_name_as_it_is_and_for_products_the_device() {
    let organisation = Scope::Organisation(OrgId([2; 12]));
    for (scope, publisher, name) in [
        (USER, Publisher::Device(DeviceId([10; 12])), "hook-response/temp&co/0".to_owned()),
        (PRODUCT, Publisher::Device(DeviceId([10; 12])), format!("{DEVICE}/hook-response/temp&co/0")),
        (organisation, Publisher::Device(DeviceId([10; 12])), format!("{DEVICE}/hook-response/temp&co/0")),
        (PRODUCT, Publisher::Api, "api/hook-response/temp&co/0".to_owned()),
    ] {
        let replies = Replies::standard(scope);
        let answer = AnswerFacts { content_type: None, body: b"ok" };
        let (response, error) = with(publisher, |event, values| {
            (
                replies.response(event, values, &answer, DEFAULT_DATA_LIMIT),
                replies.error(event, values, SLEEPING),
            )
        });
        assert_eq!(response, [part(&name, "ok", 0, 1)]);
        assert_eq!(error, [part("hook-error/temp&co/0", SLEEPING, 0, 1)]);
    }
}

#[test]
fn topics_of_ones_own_replace_the_default_ones_and_none_sends_none() {
    let own = Replies {
        response_topic: Some(topic("{{PARTICLE_DEVICE_ID}}/answer")),
        error_topic: Some(topic("oops")),
        ..Replies::standard(USER)
    };
    assert_eq!(respond(&own, b"ok")[0].name, format!("{DEVICE}/answer/0"));
    assert_eq!(with_device(|event, values| own.error(event, values, "x"))[0].name, "oops/0");

    let silent = Replies { response_topic: None, error_topic: None, ..Replies::standard(USER) };
    assert_eq!(respond(&silent, b"ok"), []);
    assert_eq!(with_device(|event, values| silent.error(event, values, "x")), []);
}

#[test]
fn an_answer_without_a_body_has_no_response() {
    let plain = Replies::standard(USER);
    for replies in
        [Replies { data_url: true, ..plain.clone() }, Replies { unchunked: true, ..plain.clone() }, plain]
    {
        assert_eq!(respond(&replies, b""), []);
    }
}

#[test]
fn a_body_is_split_at_512_bytes_and_numbered_from_0() {
    let replies = Replies::standard(USER);
    for (size, sizes) in [(1, vec![1]), (512, vec![512]), (513, vec![512, 1]), (1200, vec![512, 512, 176])] {
        let parts = respond(&replies, "x".repeat(size).as_bytes());
        assert_eq!(parts.iter().map(|reply| reply.data.as_ref().unwrap().len()).collect::<Vec<_>>(), sizes);
        for (at, reply) in parts.iter().enumerate() {
            assert_eq!(reply.name, format!("hook-response/temp&co/{at}"));
            assert_eq!(reply.part, Some(Part { part: at as u32, parts: sizes.len() as u32 }));
        }
    }
}

#[test]
fn a_part_ends_where_a_character_does() {
    let body = format!("{}ü{}", "x".repeat(511), "y".repeat(511));
    let parts = respond(&Replies::standard(USER), body.as_bytes());
    let sizes: Vec<usize> = parts.iter().map(|reply| reply.data.as_ref().unwrap().len()).collect();
    assert_eq!(sizes, [511, 512, 1]);
    assert_eq!(whole(&parts), body);
}

#[test]
fn no_more_than_the_first_102400_bytes_are_published() {
    let replies = Replies::standard(USER);
    for size in [PUBLISHED_LIMIT - 1, PUBLISHED_LIMIT, PUBLISHED_LIMIT + 1, 256 * 1024] {
        let parts = respond(&replies, &vec![b'x'; size]);
        assert_eq!(whole(&parts).len(), size.min(PUBLISHED_LIMIT));
    }
    let wide = format!("{}ü", "x".repeat(PUBLISHED_LIMIT - 1));
    assert_eq!(whole(&respond(&replies, wide.as_bytes())).len(), PUBLISHED_LIMIT - 1);
}

#[test]
fn bytes_that_are_not_utf8_become_the_replacement_character() {
    assert_eq!(whole(&respond(&Replies::standard(USER), b"a\xffb")), "a\u{fffd}b");
}

#[test]
fn a_data_url_carries_every_byte_and_the_content_type() {
    let replies = Replies { data_url: true, ..Replies::standard(USER) };
    for (content_type, shown) in [
        (Some("image/png"), "image/png"),
        (Some("text/html; charset=utf-8"), "text/html;charset=utf-8"),
        (None, "application/octet-stream"),
        (Some("image/png, text/html"), "application/octet-stream"),
        (Some("png"), "application/octet-stream"),
        (Some("text/plain; x=\"\u{fc}\""), "application/octet-stream"),
    ] {
        let parts = respond_as(&replies, content_type, b"\xff\x00a");
        assert_eq!(whole(&parts), format!("data:{shown};base64,/wBh"));
    }
}

#[test]
fn a_data_url_that_is_cut_decodes_to_the_beginning_of_the_body() {
    let replies = Replies { data_url: true, ..Replies::standard(USER) };
    let body: Vec<u8> = (0..200_000_u32).map(|at| at as u8).collect();
    let published = whole(&respond_as(&replies, Some("a/b"), &body));
    assert!((PUBLISHED_LIMIT - 4..=PUBLISHED_LIMIT).contains(&published.len()));
    let decoded = STANDARD.decode(published.strip_prefix("data:a/b;base64,").unwrap()).unwrap();
    assert!(body.starts_with(&decoded));
}

#[test]
fn an_unchunked_response_is_one_event_without_suffix_or_part() {
    let replies = Replies { unchunked: true, ..Replies::standard(USER) };
    let body = "x".repeat(DEFAULT_DATA_LIMIT);
    let response = respond(&replies, body.as_bytes());
    assert_eq!(response, [Reply { name: "hook-response/temp&co".to_owned(), data: Some(body), part: None }]);
}

#[test]
fn an_unchunked_response_over_the_limit_is_replaced_by_an_error() {
    let text = "ETOOLARGE: the response is 16385 bytes long, over the limit of 16384 for one event: set `unchunked` to false, or take what is needed of it with `responseTemplate`";
    let replies = Replies { unchunked: true, ..Replies::standard(USER) };
    let response = respond(&replies, &vec![b'x'; DEFAULT_DATA_LIMIT + 1]);
    assert_eq!(response, [part("hook-error/temp&co/0", text, 0, 1)]);

    let as_url = Replies { data_url: true, ..replies };
    assert_eq!(respond(&as_url, &vec![b'x'; DEFAULT_DATA_LIMIT])[0].name, "hook-error/temp&co/0");
}

#[test]
fn an_unchunked_response_is_held_to_what_is_published_at_all_too() {
    let replies = Replies { unchunked: true, ..Replies::standard(USER) };
    let body = vec![b'x'; PUBLISHED_LIMIT + 1];
    let answer = AnswerFacts { content_type: None, body: &body };
    let response = with_device(|event, values| replies.response(event, values, &answer, usize::MAX));
    assert_eq!(response[0].name, "hook-error/temp&co/0");
}

#[test]
fn a_response_template_shapes_a_json_answer_and_leaves_any_other_alone() {
    let replies = templated(json!("{{main.temp}} {{{l.0}}} {{PARTICLE_EVENT_NAME}}"));
    let answer = br#"{"main":{"temp":21.5},"l":["<"],"PARTICLE_EVENT_NAME":"no"}"#;
    assert_eq!(whole(&respond(&replies, answer)), "21.5 < temp&amp;co");
    assert_eq!(whole(&respond(&templated(json!("{{0.a}}")), br#"[{"a":1}]"#)), "1");
    for other in ["21.5", "OK", "{\"cut\":", "\"text\"", "<html>"] {
        assert_eq!(whole(&respond(&replies, other.as_bytes())), other);
    }
}

#[test]
fn a_response_template_that_is_json_stays_json_whatever_the_answer() {
    let replies = templated(json!({"t": "{{{t}}}", "l": ["{{{q}}}", 1, null], "{{{q}}}": true}));
    let published = whole(&respond(&replies, br#"{"t":"a\"b","q":"\n"}"#));
    assert_eq!(published, r#"{"t":"a\"b","l":["\n",1,null],"\n":true}"#);
}

#[test]
fn a_template_shapes_what_a_data_url_would_have_carried() {
    let replies = Replies { data_url: true, ..templated(json!("{{a}}")) };
    assert_eq!(whole(&respond(&replies, br#"{"a":1}"#)), "1");
    assert_eq!(whole(&respond(&replies, b"no")), "data:application/octet-stream;base64,bm8=");
}

#[test]
fn a_template_that_gives_no_text_gives_no_response() {
    for unchunked in [false, true] {
        let replies = Replies { unchunked, ..templated(json!("{{#alarm}}on{{/alarm}}")) };
        assert_eq!(respond(&replies, br#"{"alarm":false}"#), []);
        assert_eq!(whole(&respond(&replies, br#"{"alarm":true}"#)), "on");
    }
}

#[test]
fn a_template_that_cannot_be_filled_in_is_announced_as_an_error() {
    let answer = json!({"a": "x".repeat(40_000)}).to_string();
    for template in [json!("{{a}}{{a}}"), json!(["{{a}}", ["{{a}}"]])] {
        let text = "ERENDER: filling in the response template: the rendered text reached 80000 bytes, over the limit of 65536: shorten the template or the values it uses";
        assert_eq!(
            respond(&templated(template), answer.as_bytes()),
            [part("hook-error/temp&co/0", text, 0, 1)]
        );
    }
}

#[test]
fn a_topic_that_fills_in_badly_is_announced_as_an_error() {
    let data = "x".repeat(TOPIC_LIMIT + 1);
    for (value, said) in
        [("", "0 bytes"), ("a\r\nevent: b", "control character at byte 1"), (&data, "513 bytes")]
    {
        let replies = Replies {
            response_topic: Some(topic("{{v}}")),
            error_topic: Some(topic("{{v}}")),
            ..Replies::standard(USER)
        };
        let named = [("v", Cow::Borrowed(value))];
        let values = Values { named: &named, secrets: &BTreeMap::new(), json: None };
        let answer = AnswerFacts { content_type: None, body: b"ok" };
        let response = replies.response(&event(Publisher::Api), &values, &answer, DEFAULT_DATA_LIMIT);
        assert_eq!(response[0].name, "hook-error/temp&co/0", "the error goes to the default topic");
        assert!(whole(&response).starts_with("ERENDER: filling in the response topic: "));
        assert!(whole(&response).contains(said), "{response:?}");
    }
}

#[test]
fn an_error_says_its_status_or_its_code() {
    let text =
        |status, code| error_text(status, code, "example.com", "while connecting: nobody listens there");
    assert_eq!(text(Some(404), None), "error status 404 from example.com");
    assert_eq!(text(Some(302), None), "error status 302 from example.com");
    assert_eq!(text(None, Some(Code::Refused)), "ECONNREFUSED: while connecting: nobody listens there");
    assert_eq!(text(Some(200), Some(Code::TimedOut)), "ETIMEDOUT: while connecting: nobody listens there");
    assert_eq!(
        error_text(Some(200), None, "example.com", "the body lacks `ok`"),
        "error status 200 from example.com: the body lacks `ok`"
    );
}

#[test]
fn a_response_template_is_a_text_an_object_or_a_list_of_valid_templates() {
    let refused = |value| ResponseTemplate::parse(&value).unwrap_err().to_string();
    assert_eq!(refused(json!(1)), "`responseTemplate` is `1`: it must be a text, an object or a list");
    let fault = "the tag opened by `{{` is never closed: end it with `}}`";
    assert_eq!(
        refused(json!({"a": ["", "x{{"]})),
        format!("`responseTemplate.a.1` is not a valid template: line 1, column 2: {fault}")
    );
    let shape = ResponseTemplate::parse(&json!({"{{k}}": [1, "{{v}}"]})).unwrap();
    assert_eq!(
        shape.templates().iter().map(|template| template.source()).collect::<Vec<_>>(),
        ["{{k}}", "{{v}}"]
    );
}

proptest! {
    #[test]
    fn parts_together_are_the_body_and_none_could_be_longer(body in "(\\PC|[\u{80}-\u{10ffff}]|x{600}){0,12}") {
        let parts = respond(&Replies::standard(USER), body.as_bytes());
        prop_assert_eq!(whole(&parts), body.as_str());
        for (at, reply) in parts.iter().enumerate() {
            let size = reply.data.as_ref().unwrap().len();
            prop_assert!((1..=PART_LIMIT).contains(&size));
            prop_assert_eq!(reply.part, Some(Part { part: at as u32, parts: parts.len() as u32 }));
            let next = parts.get(at + 1).and_then(|next| next.data.as_ref().unwrap().chars().next());
            prop_assert!(next.is_none_or(|first| size + first.len_utf8() > PART_LIMIT));
        }
    }

    #[test]
    fn ascii_parts_are_exactly_512_bytes_but_for_the_last(body in "[ -~\n]{1,3000}") {
        let parts = respond(&Replies::standard(USER), body.as_bytes());
        let (_, full) = parts.split_last().unwrap();
        prop_assert!(full.iter().all(|reply| reply.data.as_ref().unwrap().len() == PART_LIMIT));
    }

    #[test]
    fn any_bytes_in_any_setting_give_replies_without_panic(
        body in prop::collection::vec(any::<u8>(), 0..2000),
        content_type in prop::option::of("\\PC{0,30}"),
        unchunked: bool,
        data_url: bool,
    ) {
        let replies = Replies { unchunked, data_url, ..templated(json!({"x": "{{.}}"})) };
        respond_as(&replies, content_type.as_deref(), &body);
    }

    #[test]
    fn a_data_url_reads_back_as_the_body(body in prop::collection::vec(any::<u8>(), 1..3000)) {
        let replies = Replies { data_url: true, ..Replies::standard(USER) };
        let published = whole(&respond_as(&replies, Some("a/b"), &body));
        let decoded = STANDARD.decode(published.strip_prefix("data:a/b;base64,").unwrap()).unwrap();
        prop_assert_eq!(decoded, body);
    }
}
