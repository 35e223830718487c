//! Replies: the events that are published after an attempt, so that a device hears what became of its own.
//!
//! `hook-sent/…` once the request was written, `hook-response/…` for an answer with a body, `hook-error/…` for
//! an attempt that failed or was skipped. What decides between them is the attempt's outcome, not this module.

mod answer;
mod response_template;

#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use crate::access::Scope;
use crate::attempt::Code;
use crate::event::Event;
use crate::template::{Template, TemplateError, Values};

pub use answer::AnswerFacts;
pub use response_template::{InvalidResponseTemplate, JsonShape, ResponseTemplate};

/// Most bytes of data in one part of a response.
pub const PART_LIMIT: usize = 512;
/// Most bytes of one answer that are published.
pub const PUBLISHED_LIMIT: usize = 102_400;
/// Most bytes a topic may have once it is filled in, without the part's suffix.
///
/// Reply names are ours and may be longer than a published event's; this only keeps data out of them.
pub const TOPIC_LIMIT: usize = 512;
/// The data of the error event for an attempt that the gate refused, word for word as Particle's.
pub const SLEEPING: &str = "Sleeping, too many errors, please wait and try again";

/// How one integration replies.
#[derive(Debug, Clone, PartialEq)]
pub struct Replies {
    /// The name of response events, in front of the part; `None` sends none.
    pub response_topic: Option<Template>,
    /// The name of error events, in front of the part; `None` sends none.
    pub error_topic: Option<Template>,
    /// What is published of an answer that is JSON, instead of the answer.
    pub response_template: Option<ResponseTemplate>,
    /// Whether a response is one event, however long, without a suffix.
    pub unchunked: bool,
    /// Whether an answer is published as a data URL.
    pub data_url: bool,
}

/// An event to publish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// Its name, part suffix included.
    pub name: String,
    /// Its data.
    pub data: Option<String>,
    /// Which part it is, when its name has a suffix.
    pub part: Option<Part>,
}

/// Which part of a whole an event is. Both keys stand in its stream JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// The part, from 0, as in the name's suffix.
    pub part: u32,
    /// How many there are.
    pub parts: u32,
}

impl Replies {
    /// The replies of an integration that sets nothing about them.
    ///
    /// The topics are Particle's. They take the event's name unescaped, for `a&b` must be heard as `a&b`.
    pub fn standard(scope: Scope) -> Self {
        let response = match scope {
            Scope::User(_) => "hook-response/{{{PARTICLE_EVENT_NAME}}}",
            Scope::Product(_) | Scope::Organisation(_) => {
                "{{{PARTICLE_DEVICE_ID}}}/hook-response/{{{PARTICLE_EVENT_NAME}}}"
            }
        };
        let topic = |text| Some(Template::parse(text).expect("the default topics are templates"));
        Self {
            response_topic: topic(response),
            error_topic: topic("hook-error/{{{PARTICLE_EVENT_NAME}}}"),
            response_template: None,
            unchunked: false,
            data_url: false,
        }
    }

    /// The reply once the request was written in full.
    pub fn sent(&self, event: &Event) -> Reply {
        Reply { name: format!("hook-sent/{}", event.name), data: None, part: None }
    }

    /// The reply to a failed or skipped attempt: one event, or none when there is no error topic.
    ///
    /// `values` holds the names of the event, as for the request.
    pub fn error(&self, event: &Event, values: &Values<'_>, text: &str) -> Vec<Reply> {
        let Some(topic) = &self.error_topic else { return Vec::new() };
        // A topic that cannot be filled in must not hide the error: it goes where it would by default.
        let name = fill(topic, values).unwrap_or_else(|_| format!("hook-error/{}", event.name));
        parts(&name, &[text])
    }

    /// The replies to an answer: its parts in order, or one error reply when they cannot be made.
    ///
    /// There are none without a response topic, for an answer without a body, and when the response template
    /// gives no text. `data_limit` is the server's for the data of an event.
    pub fn response(
        &self,
        event: &Event,
        values: &Values<'_>,
        answer: &AnswerFacts<'_>,
        data_limit: usize,
    ) -> Vec<Reply> {
        let Some(topic) = &self.response_topic else { return Vec::new() };
        if answer.body.is_empty() {
            return Vec::new();
        }
        self.respond(topic, values, answer, data_limit).unwrap_or_else(|fault| {
            let text = error_text(None, Some(fault.code()), "", &fault.to_string());
            self.error(event, values, &text)
        })
    }

    fn respond(
        &self,
        topic: &Template,
        values: &Values<'_>,
        answer: &AnswerFacts<'_>,
        data_limit: usize,
    ) -> Result<Vec<Reply>, Fault> {
        let name = fill(topic, values)?;
        let limit = if self.unchunked { usize::MAX } else { PUBLISHED_LIMIT };
        let shaped = self.response_template.as_ref().and_then(|template| template.shape(values, answer.body));
        let data = match shaped {
            Some(text) => text.map_err(Fault::Template)?.into(),
            None if self.data_url => answer.data_url(limit).into(),
            None => answer.text(),
        };
        if !self.unchunked {
            return Ok(parts(&name, &answer::split(answer::head(&data, limit))));
        }
        let (size, limit) = (data.len(), data_limit.min(PUBLISHED_LIMIT));
        match size {
            0 => Ok(Vec::new()),
            _ if size > limit => Err(Fault::TooLarge { size, limit }),
            _ => Ok(vec![Reply { name, data: Some(data.into_owned()), part: None }]),
        }
    }
}

/// The data of an error reply: the status where there is one, and otherwise the code and what happened.
///
/// A 2xx is an error only by the integration's own rule, so `message` says which.
pub fn error_text(status: Option<u16>, code: Option<Code>, host: &str, message: &str) -> String {
    match (status, code) {
        (_, Some(code)) => format!("{code}: {message}"),
        (Some(status @ 200..=299), None) => format!("error status {status} from {host}: {message}"),
        (Some(status), None) => format!("error status {status} from {host}"),
        (None, None) => message.to_owned(),
    }
}

/// Why there is an answer and no response. Published as an error reply.
#[derive(Debug, thiserror::Error)]
enum Fault {
    #[error("filling in the response topic: {0}")]
    Topic(#[source] TemplateError),
    #[error(
        "filling in the response topic: the name is {size} bytes long, it must have 1 to {TOPIC_LIMIT}: use values that are short and never empty"
    )]
    TopicLength { size: usize },
    #[error(
        "filling in the response topic: the name has a control character at byte {at}: use values without line breaks and tabs"
    )]
    TopicCharacter { at: usize },
    #[error("filling in the response template: {0}")]
    Template(#[source] TemplateError),
    #[error(
        "the response is {size} bytes long, over the limit of {limit} for one event: set `unchunked` to false, or take what is needed of it with `responseTemplate`"
    )]
    TooLarge { size: usize, limit: usize },
}

impl Fault {
    fn code(&self) -> Code {
        match self {
            Self::TooLarge { .. } => Code::TooLarge,
            _ => Code::Render,
        }
    }
}

/// Fills in a topic. A line break in it would forge lines of the event stream, so it is refused.
fn fill(topic: &Template, values: &Values<'_>) -> Result<String, Fault> {
    let name = topic.render(values).map_err(Fault::Topic)?;
    if name.is_empty() || name.len() > TOPIC_LIMIT {
        return Err(Fault::TopicLength { size: name.len() });
    }
    match name.find(char::is_control) {
        Some(at) => Err(Fault::TopicCharacter { at }),
        None => Ok(name),
    }
}

fn parts(name: &str, texts: &[&str]) -> Vec<Reply> {
    let parts = texts.len() as u32;
    let reply = |(part, text): (u32, &&str)| Reply {
        name: format!("{name}/{part}"),
        data: Some((*text).to_owned()),
        part: Some(Part { part, parts }),
    };
    (0..).zip(texts).map(reply).collect()
}
