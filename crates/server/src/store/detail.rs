//! The part of an attempt that is read only when somebody opens it: one piece of bytes, so that a line of the log
//! stays cheap to write.
//!
//! The first byte is the version. Version 1 is JSON, whose absent fields take their defaults, so that adding
//! a field to an attempt needs no new version.

use std::borrow::Cow;
use std::sync::Arc;

use fieldhook_core::access::Scope;
use fieldhook_core::attempt::{
    Answer, Attempt, Code, FollowedBy, GateEvidence, Network, Next, Outcome, Phase, Rendering, SentRequest,
    Timings, Trigger,
};
use fieldhook_core::event::Event;
use fieldhook_core::id::{AttemptId, DeliveryId, IntegrationId};
use fieldhook_core::needle::Needle;
use fieldhook_core::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::{StoreError, damaged};

const JSON: u8 = 1;

/// What the columns of an attempt do not have.
#[derive(Serialize, Deserialize)]
struct Detail<'a> {
    trigger: Cow<'a, Trigger>,
    ended_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    stopped_in: Option<Phase>,
    #[serde(default)]
    rendering: Cow<'a, Rendering>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    request: Option<Cow<'a, SentRequest>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    answer: Option<Cow<'a, Answer>>,
    #[serde(default)]
    timings: Timings,
    #[serde(default)]
    network: Cow<'a, Network>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    gate: Option<GateEvidence>,
    next: Next,
    #[serde(default, skip_serializing_if = "<[_]>::is_empty")]
    followed_by: Cow<'a, [FollowedBy]>,
}

/// Writes an attempt's detail behind what `into` holds already.
pub(super) fn encode(attempt: &Attempt, into: &mut Vec<u8>) {
    let detail = Detail {
        trigger: Cow::Borrowed(&attempt.trigger),
        ended_at: attempt.ended_at,
        stopped_in: attempt.stopped_in,
        rendering: Cow::Borrowed(&attempt.rendering),
        request: attempt.request.as_ref().map(Cow::Borrowed),
        answer: attempt.answer.as_ref().map(Cow::Borrowed),
        timings: attempt.timings,
        network: Cow::Borrowed(&attempt.network),
        gate: attempt.gate,
        next: attempt.next,
        followed_by: Cow::Borrowed(&attempt.followed_by),
    };
    into.push(JSON);
    serde_json::to_writer(into, &detail).expect("an attempt is made of strings and numbers");
}

/// What the columns of an attempt have.
pub(super) struct Columns {
    pub(super) id: AttemptId,
    pub(super) delivery: DeliveryId,
    pub(super) integration: IntegrationId,
    pub(super) revision: u32,
    pub(super) scope: Scope,
    pub(super) number: u32,
    pub(super) started_at: Timestamp,
    pub(super) outcome: Outcome,
    pub(super) code: Option<Code>,
    pub(super) status: Option<u16>,
    pub(super) message: Option<String>,
    pub(super) origin: Option<String>,
}

/// Reads a whole attempt from its columns and its detail as it is kept.
pub(super) fn decode(columns: Columns, event: Arc<Event>, detail: &[u8]) -> Result<Attempt, StoreError> {
    let detail = from_json(json(detail)?)?;
    Ok(Attempt {
        id: columns.id,
        delivery: columns.delivery,
        event,
        integration: columns.integration,
        revision: columns.revision,
        scope: columns.scope,
        trigger: detail.trigger.into_owned(),
        number: columns.number,
        started_at: columns.started_at,
        ended_at: detail.ended_at,
        outcome: columns.outcome,
        code: columns.code,
        status: columns.status,
        stopped_in: detail.stopped_in,
        message: columns.message,
        origin: columns.origin,
        rendering: detail.rendering.into_owned(),
        request: detail.request.map(Cow::into_owned),
        answer: detail.answer.map(Cow::into_owned),
        timings: detail.timings,
        network: detail.network.into_owned(),
        gate: detail.gate,
        next: detail.next,
        followed_by: detail.followed_by.into_owned(),
    })
}

/// Whether the text is in an event's data, or in the detail of an attempt of it as it is kept.
pub(super) fn holds(data: Option<&str>, detail: &[u8], needle: &Needle) -> Result<bool, StoreError> {
    if data.is_some_and(|data| needle.is_in(data)) {
        return Ok(true);
    }
    let json = json(detail)?;
    // Reading JSON is dear: most attempts are told apart by their bytes.
    Ok(needle.may_be_in_json(json) && from_json(json)?.holds(needle))
}

impl Detail<'_> {
    /// Whether the text is in the request as sent or in the answer.
    fn holds(&self, needle: &Needle) -> bool {
        let request = self.request.as_deref();
        let answer = self.answer.as_deref();
        let headers = request.map(|r| &r.headers).into_iter().chain(answer.map(|a| &a.headers)).flatten();
        let mut bodies = request.and_then(|r| r.body.as_ref()).into_iter().chain(answer.map(|a| &a.body));
        request.is_some_and(|r| needle.is_in(&r.url) || needle.is_in(&r.method))
            || headers.into_iter().any(|(name, value)| needle.is_in(name) || needle.is_in(value))
            || bodies.any(|body| !body.binary && needle.is_in(&body.text))
    }
}

/// Reads an attempt's detail.
fn from_json(json: &[u8]) -> Result<Detail<'static>, StoreError> {
    serde_json::from_slice(json)
        .map_err(|error| damaged(format_args!("the detail of an attempt is not what it should be: {error}")))
}

/// The JSON of an attempt's detail, once its version is known.
fn json(bytes: &[u8]) -> Result<&[u8], StoreError> {
    match bytes.split_first() {
        Some((&JSON, json)) => Ok(json),
        Some((version, _)) => Err(damaged(format_args!(
            "the detail of an attempt has version {version}, and this program knows only {JSON}"
        ))),
        None => Err(damaged(format_args!("the detail of an attempt is empty"))),
    }
}
