//! Writing text into places where some characters mean something else: URLs, forms and JSON.

use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, utf8_percent_encode};

/// What must be encoded wherever it stands in a URL, because no URL may contain it.
const NEVER: AsciiSet = CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'<')
    .add(b'>')
    .add(b'\\')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// What must be encoded within a component, so that it reads back as the same text: all but RFC 3986's
/// unreserved characters.
const COMPONENT: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// What must be encoded in a value that may span segments of a path.
const SEGMENTS: AsciiSet = NEVER.add(b'%').add(b'?').add(b'[').add(b']');

/// Writes a value as a form's or a query's name or value. A space becomes `%20`, which every reader of forms
/// takes, while not every reader of URLs takes `+`.
pub(crate) fn component(text: &str, out: &mut String) {
    out.extend(utf8_percent_encode(text, &COMPONENT));
}

/// Writes a value into a path. Slashes stand, as event names are made of them; a value with a `.` or `..`
/// segment is encoded whole and so stays one segment, so that no device can climb out of the path its owner
/// wrote. (What is nothing but `..` can only be hidden as `%2E%2E`, which some servers see through.)
pub(super) fn segments(text: &str, out: &mut String) {
    if text.split('/').any(|segment| matches!(segment, "." | "..")) {
        let start = out.len();
        component(text, out);
        let encoded = out.split_off(start).replace('.', "%2E");
        out.push_str(&encoded);
    } else {
        out.extend(utf8_percent_encode(text, &SEGMENTS));
    }
}

/// Writes text that its author means as part of a URL: what has a meaning there keeps it, `%20` included.
pub(super) fn url_text(text: &str, out: &mut String) {
    let mut rest = text;
    while let Some(at) = rest.find('%') {
        out.extend(utf8_percent_encode(&rest[..at], &NEVER));
        let escape =
            rest.as_bytes().get(at + 1..at + 3).is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit));
        out.push_str(if escape { "%" } else { "%25" });
        rest = &rest[at + 1..];
    }
    out.extend(utf8_percent_encode(rest, &NEVER));
}

/// Writes text as the inside of a JSON string.
pub(super) fn json_text(text: &str, out: &mut String) {
    let mut plain = 0;
    for (at, byte) in text.bytes().enumerate() {
        if byte >= b' ' && byte != b'"' && byte != b'\\' {
            continue;
        }
        out.push_str(&text[plain..at]);
        plain = at + 1;
        match byte {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            control => {
                let hex = |digit: u8| char::from_digit(u32::from(digit), 16).unwrap_or('0');
                out.push_str("\\u00");
                out.push(hex(control >> 4));
                out.push(hex(control & 15));
            }
        }
    }
    out.push_str(&text[plain..]);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn written(write: fn(&str, &mut String), text: &str) -> String {
        let mut out = String::from("|");
        write(text, &mut out);
        out.split_off(1)
    }

    #[test]
    fn each_place_encodes_what_it_must() {
        for (text, in_component, in_path, in_url) in [
            ("a b", "a%20b", "a%20b", "a%20b"),
            ("a/b?c=d&e", "a%2Fb%3Fc%3Dd%26e", "a/b%3Fc=d&e", "a/b?c=d&e"),
            ("50%", "50%25", "50%25", "50%25"),
            ("a%20b", "a%2520b", "a%2520b", "a%20b"),
            ("a#b", "a%23b", "a%23b", "a%23b"),
            ("../admin", "..%2Fadmin", "%2E%2E%2Fadmin", "../admin"),
            ("..", "..", "%2E%2E", ".."),
            ("v1.2..3", "v1.2..3", "v1.2..3", "v1.2..3"),
            ("ü", "%C3%BC", "%C3%BC", "%C3%BC"),
            ("\r\n\0", "%0D%0A%00", "%0D%0A%00", "%0D%0A%00"),
        ] {
            assert_eq!(written(component, text), in_component, "{text:?}");
            assert_eq!(written(segments, text), in_path, "{text:?}");
            assert_eq!(written(url_text, text), in_url, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn values_read_back_from_queries_and_paths(text in any::<String>()) {
            for write in [component, segments] {
                let encoded = written(write, &text);
                let decoded = percent_encoding::percent_decode_str(&encoded).decode_utf8().unwrap();
                prop_assert_eq!(decoded, text.as_str());
                prop_assert!(encoded.is_ascii() && !encoded.contains(['?', '#', ' ']));
            }
        }

        #[test]
        fn text_reads_back_from_json(text in any::<String>()) {
            let json = format!("\"{}\"", written(json_text, &text));
            prop_assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
        }
    }
}
