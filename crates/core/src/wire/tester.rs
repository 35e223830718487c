//! The endpoint tester: throw-away endpoints, what they caught, and how they answer.

use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use crate::access::Scope;
use crate::attempt::KeptBody;
use crate::time::Timestamp;

/// A new endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NewEndpoint {
    /// Who owns it; by default the caller.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<Scope>,
}

/// A throw-away endpoint.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Endpoint {
    /// Its id: whoever knows it can send here.
    pub id: String,
    /// The address to send to; any path below it is caught too.
    pub url: String,
    /// Who owns it.
    pub scope: Scope,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last sent to or looked at. A day later it is forgotten.
    pub used_at: Timestamp,
    /// Requests it has caught, those no longer kept included.
    pub caught: u64,
    /// How it answers.
    pub answer: AnswerSettings,
}

/// How an endpoint answers: by the first rule that fits a request, else as said here.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, ToSchema)]
pub struct AnswerSettings {
    /// The answer when no rule fits.
    #[serde(flatten)]
    pub answer: Answer,
    /// Exceptions, the first that fits wins; at most 20.
    #[serde(default)]
    pub rules: Vec<Rule>,
}

/// An exception.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Rule {
    /// Which requests it is for.
    pub when: When,
    /// How they are answered.
    pub answer: Answer,
}

/// Which requests a rule is for: every condition that is given must hold, and at least one must be given.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct When {
    /// Every n-th request that the endpoint catches: the n-th, the 2n-th and so on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub every: Option<u64>,
    /// Requests of this method, in any case of letters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// Requests whose path and query below the endpoint contain this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Requests with a header that fits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub header: Option<HeaderMatch>,
    /// Requests whose body, as far as it is kept, contains this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
}

/// Which header a request must have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HeaderMatch {
    /// Its name, in any case of letters.
    pub name: String,
    /// What its value contains; any value when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contains: Option<String>,
}

/// One way to answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = TesterAnswer)]
pub struct Answer {
    /// The status, 200 to 599.
    #[serde(default = "ok")]
    pub status: u16,
    /// Header names and values, in order; an object of texts is taken too. A redirect is a 302 with a `Location`.
    #[serde(default, deserialize_with = "headers")]
    pub headers: Vec<(String, String)>,
    /// The body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// Instead of a body: this many bytes of filler, at most 1 GiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body_bytes: Option<u64>,
    /// How long to wait before answering, 0 to 30,000.
    #[serde(default)]
    pub delay_ms: u32,
    /// Sends the body in small pieces; a bare number is bytes a second.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "drip")]
    pub drip: Option<Drip>,
    /// What to do wrong.
    #[serde(default)]
    pub fault: Fault,
}

impl Default for Answer {
    fn default() -> Self {
        Self {
            status: ok(),
            headers: Vec::new(),
            body: None,
            body_bytes: None,
            delay_ms: 0,
            drip: None,
            fault: Fault::None,
        }
    }
}

/// A body that comes in small pieces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Drip {
    /// Bytes in a piece, at least 1.
    pub bytes: u32,
    /// Time between two pieces, 1 to 30,000 ms.
    #[serde(default = "second")]
    pub every_ms: u32,
}

/// What an endpoint does wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// Nothing.
    #[default]
    None,
    /// Resets the connection before a byte of the answer.
    ResetBefore,
    /// Resets the connection after the headers and half of the body.
    ResetAfter,
    /// Takes the request and never answers.
    Hang,
    /// Closes the connection before the body is complete.
    CutBody,
    /// Sends filler without end.
    EndlessBody,
    /// Sends `body_bytes` zeros (64 MiB by default) compressed about a thousandfold.
    GzipBomb,
}

/// A request that an endpoint caught.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CaughtRequest {
    /// Counts the endpoint's requests, from 1.
    pub number: u64,
    /// When it came.
    pub at: Timestamp,
    /// The method.
    pub method: String,
    /// The path below the endpoint, as it was sent; empty for the endpoint itself.
    pub path: String,
    /// The query, without its question mark.
    pub query: Option<String>,
    /// `HTTP/1.1` or `HTTP/2`.
    pub http: String,
    /// Header names and values, in the order received.
    pub headers: Vec<(String, String)>,
    /// The body; at most 256 KiB of it are kept.
    pub body: KeptBody,
    /// How it was to be answered: the status, without one for a fault that sends none.
    pub status: Option<u16>,
    /// What was to be done wrong.
    pub fault: Fault,
    /// Which rule answered, from 1; none when none fitted.
    pub rule: Option<usize>,
}

fn ok() -> u16 {
    200
}

fn second() -> u32 {
    1_000
}

fn headers<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<(String, String)>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Given {
        Pairs(Vec<(String, String)>),
        Object(indexmap::IndexMap<String, String>),
        Nothing(()),
    }
    Ok(match Given::deserialize(deserializer)? {
        Given::Pairs(pairs) => pairs,
        Given::Object(object) => object.into_iter().collect(),
        Given::Nothing(()) => Vec::new(),
    })
}

fn drip<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Drip>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Given {
        Bare(u32),
        Whole(Drip),
        Nothing(()),
    }
    Ok(match Given::deserialize(deserializer)? {
        Given::Bare(bytes) => Some(Drip { bytes, every_ms: second() }),
        Given::Whole(drip) => Some(drip),
        Given::Nothing(()) => None,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_answer_left_empty_is_a_plain_200() {
        let settings: AnswerSettings = serde_json::from_value(json!({})).unwrap();
        assert_eq!(settings, AnswerSettings::default());
        assert_eq!(settings.answer.status, 200);
    }

    #[test]
    fn headers_may_be_pairs_or_an_object_and_a_drip_may_be_a_number() {
        let pairs: Answer = serde_json::from_value(json!({"headers": [["A", "1"]], "drip": 5})).unwrap();
        let object: Answer = serde_json::from_value(json!({
            "headers": {"A": "1"},
            "drip": {"bytes": 5, "every_ms": 1000},
        }))
        .unwrap();
        assert_eq!(pairs, object);
    }

    #[test]
    fn settings_read_back_what_they_print() {
        let settings: AnswerSettings = serde_json::from_value(json!({
            "status": 503,
            "rules": [{"when": {"every": 3}, "answer": {"status": 200, "fault": "reset_after"}}],
        }))
        .unwrap();
        let printed = serde_json::to_value(&settings).unwrap();
        assert_eq!(serde_json::from_value::<AnswerSettings>(printed).unwrap(), settings);
    }
}
