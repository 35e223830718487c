//! An answer's body as text that events can carry.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::PART_LIMIT;

/// Most bytes of a content type that a data URL repeats.
const CONTENT_TYPE_LIMIT: usize = 255;
const UNKNOWN_TYPE: &str = "application/octet-stream";

/// What a response is made from.
#[derive(Debug, Clone, Copy)]
pub struct AnswerFacts<'a> {
    /// The answer's `Content-Type`.
    pub content_type: Option<&'a str>,
    /// Its body, decompressed, as far as it was read.
    pub body: &'a [u8],
}

impl<'a> AnswerFacts<'a> {
    /// The body as text. Bytes that are not UTF-8 become U+FFFD, as with Particle: events carry text, and the
    /// way to have every byte is a data URL.
    pub(super) fn text(&self) -> Cow<'a, str> {
        String::from_utf8_lossy(self.body)
    }

    /// The body as a data URL of at most `limit` bytes. One that is cut still decodes, to the body's beginning.
    pub(super) fn data_url(&self, limit: usize) -> String {
        let mut url = format!("data:{};base64,", self.plain_type());
        let room = limit.saturating_sub(url.len()) / 4 * 3;
        STANDARD.encode_string(&self.body[..self.body.len().min(room)], &mut url);
        url
    }

    /// The content type without blanks, or that of unknown bytes when there is none a data URL could hold.
    fn plain_type(&self) -> String {
        let plain: String = self.content_type.unwrap_or_default().split([' ', '\t']).collect();
        let fits = plain.len() <= CONTENT_TYPE_LIMIT
            && plain.contains('/')
            && plain.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$&^_.+-/;=".contains(&byte));
        if fits { plain } else { UNKNOWN_TYPE.to_owned() }
    }
}

/// The beginning of the text: at most `limit` bytes, ending where a character does.
pub(super) fn head(text: &str, limit: usize) -> &str {
    &text[..text.floor_char_boundary(limit)]
}

/// The text in parts of at most [`PART_LIMIT`] bytes, as long as they can be without cutting a character.
pub(super) fn split(text: &str) -> Vec<&str> {
    let mut parts = Vec::with_capacity(text.len().div_ceil(PART_LIMIT));
    let mut rest = text;
    while !rest.is_empty() {
        let part = head(rest, PART_LIMIT);
        rest = &rest[part.len()..];
        parts.push(part);
    }
    parts
}
