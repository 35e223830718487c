//! The part of an attempt that is read only when somebody opens it: one BLOB, so that a line of the log stays
//! cheap to write.
//!
//! The first byte is the version. Version 1 is JSON, whose absent fields take their defaults, so that adding
//! a field to an attempt needs no new version.

use std::borrow::Cow;
use std::sync::Arc;

use fieldhook_core::attempt::{
    Answer, Attempt, FollowedBy, GateEvidence, Network, Next, Phase, Rendering, SentRequest, Timings, Trigger,
};
use fieldhook_core::event::Event;
use fieldhook_core::needle::Needle;
use fieldhook_core::time::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Params, Row};
use serde::{Deserialize, Serialize};

use super::codec::{EVENT_COLUMNS, event, event_columns, get, get_option};
use super::schema::{damaged, failed};
use crate::store::StoreError;

const JSON: u8 = 1;

/// What the columns of an attempt do not have.
#[derive(Serialize, Deserialize)]
pub(super) struct Detail<'a> {
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

impl Detail<'_> {
    /// Whether the text is in the request as sent or in the answer.
    pub(super) fn holds(&self, needle: &Needle) -> bool {
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
pub(super) fn from_json(json: &[u8]) -> Result<Detail<'static>, StoreError> {
    serde_json::from_slice(json)
        .map_err(|error| damaged(format_args!("the detail of an attempt is not what it should be: {error}")))
}

/// The JSON of an attempt's detail, once its version is known.
pub(super) fn json(bytes: &[u8]) -> Result<&[u8], StoreError> {
    match bytes.split_first() {
        Some((&JSON, json)) => Ok(json),
        Some((version, _)) => Err(damaged(format_args!(
            "the detail of an attempt has version {version}, and this program knows only {JSON}"
        ))),
        None => Err(damaged(format_args!("the detail of an attempt is empty"))),
    }
}

/// Reads whole attempts; `rest` is the statement from `WHERE` on, with the attempt called `a`.
pub(super) fn whole_attempts(
    connection: &Connection,
    rest: &str,
    params: impl Params,
) -> Result<Vec<Attempt>, StoreError> {
    let sql = format!(
        concat!(
            "SELECT ",
            event_columns!(),
            ", a.id, a.delivery, a.integration, a.revision, a.scope, a.number, a.started_at, a.outcome, \
             a.code, a.status, a.message, a.origin, a.detail \
             FROM attempts a CROSS JOIN events e ON e.id = a.event {}"
        ),
        rest
    );
    let mut statement = connection.prepare_cached(&sql).map_err(failed)?;
    let mut rows = statement.query(params).map_err(failed)?;
    let mut attempts = Vec::new();
    while let Some(row) = rows.next().map_err(failed)? {
        let event = Arc::new(event(row, 0).map_err(failed)?);
        let bytes = row.get_ref(EVENT_COLUMNS + 12).map_err(failed)?.as_blob().map_err(damaged)?;
        let detail = from_json(json(bytes)?)?;
        attempts.push(assemble(row, event, detail).map_err(failed)?);
    }
    Ok(attempts)
}

fn assemble(row: &Row<'_>, event: Arc<Event>, detail: Detail<'static>) -> rusqlite::Result<Attempt> {
    const FIRST: usize = EVENT_COLUMNS;
    Ok(Attempt {
        id: get(row, FIRST)?,
        delivery: get(row, FIRST + 1)?,
        event,
        integration: get(row, FIRST + 2)?,
        revision: row.get(FIRST + 3)?,
        scope: get(row, FIRST + 4)?,
        trigger: detail.trigger.into_owned(),
        number: row.get(FIRST + 5)?,
        started_at: get(row, FIRST + 6)?,
        ended_at: detail.ended_at,
        outcome: get(row, FIRST + 7)?,
        code: get_option(row, FIRST + 8)?,
        status: row.get(FIRST + 9)?,
        stopped_in: detail.stopped_in,
        message: row.get(FIRST + 10)?,
        origin: row.get(FIRST + 11)?,
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

/// Reads one event; `rest` is the statement from `WHERE` on, with the event called `e`.
pub(super) fn whole_event(
    connection: &Connection,
    rest: &str,
    params: impl Params,
) -> Result<Option<Event>, StoreError> {
    let sql = format!(concat!("SELECT ", event_columns!(), " FROM events e {}"), rest);
    let mut statement = connection.prepare_cached(&sql).map_err(failed)?;
    statement.query_row(params, |row| event(row, 0)).optional().map_err(failed)
}
