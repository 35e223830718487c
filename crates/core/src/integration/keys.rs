//! The keys a template may have, and what is said of any other.

use super::reader::Reader;

/// The keys that mean something, and those that clients send along for themselves.
#[rustfmt::skip]
const KNOWN: [&str; 33] = [
    "event", "eventName", "url", "requestType", "name", "deviceID", "deviceid", "deviceId", "headers", "query",
    "json", "form", "body", "auth", "noDefaults", "rejectUnauthorized", "responseTopic", "errorResponseTopic",
    "responseTemplate", "unchunked", "dataUrlResponseEvent", "disabled", "integration_type", "template",
    "mydevices", "_", "retryPolicy", "successRule", "signingSecret", "secrets", "rateLimit", "products",
    "keepAlive",
];

/// Keys the server adds to what it shows. A client that saves what it read sends them back.
#[rustfmt::skip]
const SHOWN: [&str; 11] = [
    "id", "created_at", "updated_at", "updated_by", "revision", "hookUrl", "ok", "logs", "errors", "counters",
    "scope",
];

/// Keys people write for another one.
const MISTAKEN: [(&str, &str); 3] = [
    ("method", "requestType"),
    ("responseEvent", "responseTopic"),
    ("errorResponseEvent", "errorResponseTopic"),
];

/// Warns of every key that has no effect; it is kept all the same, for it may be the author's own note.
pub(super) fn report_unknown(reader: &mut Reader<'_>) {
    for key in reader.keys().filter(|key| !KNOWN.contains(key) && !SHOWN.contains(key)) {
        let mistaken = MISTAKEN.into_iter().find(|(wrong, _)| *wrong == key).map(|(_, right)| right);
        let similar = || KNOWN.into_iter().find(|known| known.eq_ignore_ascii_case(key));
        let remedy = match mistaken.or_else(similar) {
            Some(right) => format!("did you mean `{right}`?"),
            None => "it is kept and has no effect".to_owned(),
        };
        let shown: String = key.chars().take(64).collect();
        reader.warn("unknown-key", key, format!("`{shown}` is no key of a webhook: {remedy}"));
    }
}
