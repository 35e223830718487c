//! Answers, cut into the parts that are published.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fieldhook_core::access::Scope;
use fieldhook_core::id::UserId;
use fieldhook_core::reply::{AnswerFacts, PART_LIMIT, PUBLISHED_LIMIT, Part, Replies};
use fieldhook_core::template::Values;
use serde_json::Value;

use crate::integration::event;

/// The parts of an answer, put together in their order, are the answer, or its beginning when it is very long.
///
/// The first byte says how often the rest is repeated, so that short inputs make long answers too.
pub(crate) fn parts_rejoin_to_the_answer(bytes: &[u8]) {
    let Some((times, rest)) = bytes.split_first() else { return };
    let body = rest.repeat(1 + usize::from(*times));
    let (replies, event) = (Replies::standard(Scope::User(UserId([1; 12]))), event("temp", ""));
    let values = Values::of_json(&Value::Null);

    let answer = AnswerFacts { content_type: Some("text/plain"), body: &body };
    let joined = joined(&replies.response(&event, &values, &answer, usize::MAX));
    let text = String::from_utf8_lossy(&body);
    assert!(text.starts_with(&joined));
    assert!(joined.len() == text.len() || joined.len() + 4 > PUBLISHED_LIMIT);

    let as_url = Replies { data_url: true, ..replies };
    let url = self::joined(&as_url.response(&event, &values, &answer, usize::MAX));
    if !body.is_empty() {
        let encoded = url.strip_prefix("data:text/plain;base64,").expect("it is a data URL");
        let decoded = STANDARD.decode(encoded).expect("it decodes, cut or not");
        assert!(body.starts_with(&decoded));
        assert!(decoded.len() == body.len() || url.len() + 4 > PUBLISHED_LIMIT);
    }
}

fn joined(replies: &[fieldhook_core::reply::Reply]) -> String {
    let parts = replies.len() as u32;
    let mut joined = String::new();
    for (number, reply) in replies.iter().enumerate() {
        let data = reply.data.as_deref().expect("a part has data");
        assert!((1..=PART_LIMIT).contains(&data.len()));
        assert_eq!(reply.part, Some(Part { part: number as u32, parts }));
        assert!(reply.name.ends_with(&format!("/{number}")));
        joined.push_str(data);
    }
    joined
}
