//! Short texts that clients send: names, keys, forms, ids, times, words to look for.

use std::fmt::{Debug, Display};
use std::str::FromStr;

use fieldhook_core::event::{
    IDEMPOTENCY_KEY_LIMIT, NAME_LIMIT, check_data, check_idempotency_key, check_name,
};
use fieldhook_core::id::{AttemptId, DeliveryId, DeviceId, EventId, ProductId, UserId};
use fieldhook_core::needle::Needle;
use fieldhook_core::search::{Fit, Sought};
use fieldhook_core::throttle::parse_retry_after;
use fieldhook_core::time::{Day, Timestamp};
use fieldhook_server::api::input::parse_form;
use serde_json::{Map, Value};

use crate::pieces;

/// A name that may be published fits into headers, URLs and the log as it is, and is not one of ours.
pub(crate) fn published_names_and_keys_are_harmless(bytes: &[u8]) {
    let [name, data, key] = pieces(bytes);
    let printable = |text: &str| text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    if check_name(&name).is_ok() {
        assert!((1..=NAME_LIMIT).contains(&name.len()) && printable(&name) && name.trim() == name);
        let lower = name.to_ascii_lowercase();
        assert!(!["particle", "spark", "iotjs"].iter().any(|word| lower.starts_with(word)));
    }
    for limit in [data.len().saturating_sub(1), data.len(), data.len() + 1] {
        assert_eq!(check_data(Some(&data), limit).is_ok(), data.len() <= limit);
    }
    let fits = (1..=IDEMPOTENCY_KEY_LIMIT).contains(&key.len()) && printable(&key);
    assert_eq!(check_idempotency_key(&key).is_ok(), fits);
}

/// A form without brackets gives each key its last value; with them, it nests no deeper than it may.
pub(crate) fn forms_give_back_what_was_written(bytes: &[u8]) {
    if let Ok(read) = parse_form(bytes) {
        assert!(depth(&Value::Object(read)) <= 10);
    }
    let text = String::from_utf8_lossy(bytes);
    let mut written = url::form_urlencoded::Serializer::new(String::new());
    let mut expected = Map::new();
    for pair in text.split('&') {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        if !key.contains('[') {
            written.append_pair(key, value);
            expected.insert(key.to_owned(), value.into());
        }
    }
    let read = parse_form(written.finish().as_bytes());
    assert_eq!(read.ok(), Some(expected));
}

fn depth(value: &Value) -> usize {
    match value {
        Value::Object(object) => 1 + object.values().map(depth).max().unwrap_or(0),
        Value::Array(list) => 1 + list.iter().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

/// Whatever is parsed prints as something that parses to the same.
pub(crate) fn what_is_parsed_prints_as_it_is_parsed(bytes: &[u8]) {
    let [text] = pieces(bytes);
    again::<UserId>(&text);
    again::<DeviceId>(&text);
    again::<EventId>(&text);
    again::<DeliveryId>(&text);
    again::<AttemptId>(&text);
    again::<ProductId>(&text);
    again::<Timestamp>(&text);
    again::<Day>(&text);
}

fn again<T: FromStr + Display + PartialEq + Debug>(text: &str)
where
    T::Err: Debug,
{
    if let Ok(parsed) = text.parse::<T>() {
        let printed = parsed.to_string();
        assert_eq!(printed.parse::<T>().expect("what was printed is parsed"), parsed, "{text:?} {printed:?}");
    }
}

/// Digits are seconds, and no date asks for more than lies between it and now.
pub(crate) fn waits_are_what_was_asked(bytes: &[u8]) {
    let [text] = pieces(bytes);
    let now = Timestamp::from_millis(1_790_000_000_000);
    let wait = parse_retry_after(&text, now);
    if let Ok(seconds) = text.trim().parse::<u64>()
        && !text.contains('+')
    {
        assert_eq!(wait.map(|wait| wait.as_secs()), Some(seconds));
    } else if let Some(wait) = wait {
        let digits = text.trim().bytes().all(|byte| byte.is_ascii_digit());
        assert!(digits || (now + wait).since(now) == wait);
    }
}

/// A search finds what comparing at every place finds, whatever the case of ASCII letters.
pub(crate) fn searching_finds_what_a_plain_search_finds(bytes: &[u8]) {
    let [sought, hay, id] = pieces(bytes);
    let within = |needle: &str, hay: &str| hay.to_ascii_lowercase().contains(&needle.to_ascii_lowercase());
    let needle = Needle::new(&sought);
    assert_eq!(needle.is_in(&hay), within(&sought, &hay));
    if needle.is_in(&hay) {
        let json = serde_json::to_vec(&hay).expect("a text is JSON");
        assert!(needle.may_be_in_json(&json), "a no must be certain");
    }

    let Some(looked_for) = Sought::new(&sought) else { return assert!(sought.trim().is_empty()) };
    let fit = looked_for.fit(&id, [hay.as_str()]);
    let text = sought.trim().to_ascii_lowercase();
    let (name, lower_id) = (hay.to_ascii_lowercase(), id.to_ascii_lowercase());
    let expected = match () {
        () if lower_id == text => Some(Fit::Id),
        () if name == text => Some(Fit::Name),
        () if name.starts_with(&text) => Some(Fit::NameBegins),
        () if name.contains(&text) => Some(Fit::NameHolds),
        () if lower_id.starts_with(&text) => Some(Fit::IdBegins),
        () => None,
    };
    assert_eq!(fit, expected);
}
