//! What a template says about replies.

use super::reader::{PART_LIMIT, Reader};
use crate::access::Scope;
use crate::reply::{InvalidResponseTemplate, Replies, ResponseTemplate};
use crate::template::Template;

pub(super) fn read(reader: &mut Reader<'_>, scope: Scope) -> Replies {
    let mut replies = Replies::standard(scope);
    topic(reader, "responseTopic", &mut replies.response_topic);
    topic(reader, "errorResponseTopic", &mut replies.error_topic);
    replies.response_template = response_template(reader);
    replies.unchunked = reader.flag("unchunked").unwrap_or(false);
    replies.data_url = reader.flag("dataUrlResponseEvent").unwrap_or(false);
    replies
}

/// Replaces a standard topic by the template's own, if it has one; an empty one sends no replies.
fn topic(reader: &mut Reader<'_>, key: &'static str, topic: &mut Option<Template>) {
    match reader.text(key) {
        None => {}
        Some("") => *topic = None,
        Some(text) => *topic = reader.parse(key, text),
    }
}

fn response_template(reader: &mut Reader<'_>) -> Option<ResponseTemplate> {
    let key = "responseTemplate";
    let value = reader.value(key).filter(|value| *value != "")?;
    if !reader.fits(key, value.to_string().len(), PART_LIMIT) {
        return None;
    }
    match ResponseTemplate::parse(value) {
        Ok(template) => return Some(template),
        Err(InvalidResponseTemplate::Type { .. }) => {
            reader.wrong_type(key, value, "a text, an object or a list");
        }
        Err(InvalidResponseTemplate::Template { field, source }) => reader.not_a_template(&field, &source),
    }
    None
}
