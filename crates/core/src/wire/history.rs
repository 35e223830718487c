//! What happened: events, deliveries and attempts.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::access::Scope;
use crate::attempt::{
    self, Answer, Code, FollowedBy, GateEvidence, Network, Outcome, Phase, Rendering, SentRequest, Timings,
    Verdict,
};
use crate::event::{self, Publisher, Source};
use crate::id::{AttemptId, DeliveryId, DeviceId, EventId, IntegrationId, ProductId, ReplayId, UserId};
use crate::matching::Trace;
use crate::time::Timestamp;

/// An event as it was taken in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Event {
    /// Its id.
    pub id: EventId,
    /// Its name.
    pub name: String,
    /// Its data; null when it has none.
    pub data: Option<String>,
    /// When it was published.
    pub published_at: Timestamp,
    /// Seconds it is said to live.
    pub ttl: u32,
    /// Who published it, as Particle's clients know it.
    pub coreid: Publisher,
    /// Whether others than its owner may see it; kept for Particle's clients.
    pub public: bool,
    /// The person in whose scope it stands.
    pub owner: Option<UserId>,
    /// The product in whose scope it stands.
    pub product: Option<ProductId>,
    /// The firmware version of the publishing product device.
    pub product_version: Option<u32>,
    /// How it reached the server.
    pub source: Source,
}

impl From<&event::Event> for Event {
    fn from(event: &event::Event) -> Self {
        Self {
            id: event.id,
            name: event.name.clone(),
            data: event.data.clone(),
            published_at: event.published_at,
            ttl: event.ttl,
            coreid: event.publisher,
            public: !event.private,
            owner: event.owner,
            product: event.product,
            product_version: event.product_version,
            source: event.source,
        }
    }
}

/// One event, with what came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EventStory {
    /// The event.
    #[serde(flatten)]
    pub event: Event,
    /// Every integration that the reader can see: fired, or the first reason it did not. What fired comes first,
    /// then what nearly did.
    pub trace: Vec<TraceLine>,
    /// Rows of the trace left out beyond the first 1,000.
    pub trace_left_out: usize,
    /// What it caused, as far as the reader can see; the first 1,000.
    pub deliveries: Vec<Delivery>,
}

/// One event and one integration, and what came of the pair.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TraceLine {
    /// What came of it.
    #[serde(flatten)]
    pub trace: Trace,
    /// The integration's name, if it has one.
    pub name: Option<String>,
    /// The event-name prefix it fires on.
    pub prefix: String,
    /// Who owns it.
    pub scope: Scope,
}

/// One event for one integration, and what has become of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Delivery {
    /// Its id.
    pub id: DeliveryId,
    /// The event.
    pub event: EventId,
    /// The event's name.
    pub event_name: String,
    /// The integration.
    pub integration: IntegrationId,
    /// Who owns it.
    pub scope: Scope,
    /// The device that published.
    pub device: Option<DeviceId>,
    /// What has become of it.
    pub verdict: Verdict,
    /// How many attempts it has had, refusals by the gate included.
    pub attempt_count: u32,
    /// When it began.
    pub matched_at: Timestamp,
    /// When it last changed.
    pub changed_at: Timestamp,
    /// When the next try is due.
    pub next_at: Option<Timestamp>,
    /// Why it ended without an attempt, in words.
    pub reason: Option<String>,
    /// The replay that caused it, if one did.
    #[serde(default)]
    pub replay: Option<ReplayId>,
}

/// One delivery, with its attempts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DeliveryStory {
    /// The delivery.
    #[serde(flatten)]
    pub delivery: Delivery,
    /// Its attempts, newest first; the last 1,000.
    pub attempts: Vec<AttemptLine>,
}

/// A line of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AttemptLine {
    /// The attempt.
    pub id: AttemptId,
    /// Its delivery.
    pub delivery: DeliveryId,
    /// The event.
    pub event: EventId,
    /// The event's name.
    pub event_name: String,
    /// The integration.
    pub integration: IntegrationId,
    /// Its revision then.
    pub revision: u32,
    /// Who owns it.
    pub scope: Scope,
    /// The device that published.
    pub device: Option<DeviceId>,
    /// Why it was made: `event`, `retry`, `test` or `replay`.
    pub trigger: String,
    /// 1 for a delivery's first attempt.
    pub number: u32,
    /// When it began.
    pub started_at: Timestamp,
    /// How long it took.
    pub duration_ms: u64,
    /// How it ended.
    pub outcome: Outcome,
    /// Why there was no usable answer.
    pub code: Option<Code>,
    /// The answer's status.
    pub status: Option<u16>,
    /// What happened, in words.
    pub message: Option<String>,
    /// Where it went.
    pub origin: Option<String>,
}

/// Why an attempt was made, and by whom when it was a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Trigger {
    /// `event`, `retry`, `test` or `replay`.
    pub kind: String,
    /// Who tested or replayed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<UserId>,
    /// The replay it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replay: Option<String>,
}

impl From<&attempt::Trigger> for Trigger {
    fn from(trigger: &attempt::Trigger) -> Self {
        let (kind, by, replay) = match trigger {
            attempt::Trigger::Event => ("event", None, None),
            attempt::Trigger::Retry => ("retry", None, None),
            attempt::Trigger::Test { by } => ("test", Some(*by), None),
            attempt::Trigger::Replay { by, replay } => ("replay", Some(*by), Some(replay.clone())),
        };
        Self { kind: kind.to_owned(), by, replay }
    }
}

/// What comes after an attempt: another try, or the delivery's verdict. One of the two is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Next {
    /// When the delivery is tried again.
    pub try_at: Option<Timestamp>,
    /// The delivery's verdict, when it was the last attempt.
    pub verdict: Option<Verdict>,
}

impl From<attempt::Next> for Next {
    fn from(next: attempt::Next) -> Self {
        match next {
            attempt::Next::TryAt(at) => Self { try_at: Some(at), verdict: None },
            attempt::Next::Final(verdict) => Self { try_at: None, verdict: Some(verdict) },
        }
    }
}

/// One attempt, whole, with secrets masked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Attempt {
    /// Its id.
    pub id: AttemptId,
    /// Its delivery.
    pub delivery: DeliveryId,
    /// The event.
    pub event: Event,
    /// The integration.
    pub integration: IntegrationId,
    /// Its revision then.
    pub revision: u32,
    /// Who owns it.
    pub scope: Scope,
    /// Why it was made.
    pub trigger: Trigger,
    /// 1 for a delivery's first attempt.
    pub number: u32,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended.
    pub ended_at: Timestamp,
    /// How long it took.
    pub duration_ms: u64,
    /// How it ended.
    pub outcome: Outcome,
    /// Why there was no usable answer.
    pub code: Option<Code>,
    /// The answer's status.
    pub status: Option<u16>,
    /// The phase in which it stopped, when it did not succeed.
    pub stopped_in: Option<Phase>,
    /// What happened, in words that lead with the phase.
    pub message: Option<String>,
    /// Where it went.
    pub origin: Option<String>,
    /// How filling in the template went.
    pub rendering: Rendering,
    /// The request as sent.
    pub request: Option<SentRequest>,
    /// The answer as received.
    pub response: Option<Answer>,
    /// How long each phase took.
    pub timings: Timings,
    /// What the network showed.
    pub network: Network,
    /// The gate before and after.
    pub gate: Option<GateEvidence>,
    /// What comes after it.
    pub next: Next,
    /// Reply events it caused.
    pub followed_by: Vec<FollowedBy>,
}

impl From<&attempt::Attempt> for Attempt {
    fn from(attempt: &attempt::Attempt) -> Self {
        Self {
            id: attempt.id,
            delivery: attempt.delivery,
            event: Event::from(&*attempt.event),
            integration: attempt.integration,
            revision: attempt.revision,
            scope: attempt.scope,
            trigger: Trigger::from(&attempt.trigger),
            number: attempt.number,
            started_at: attempt.started_at,
            ended_at: attempt.ended_at,
            duration_ms: attempt.duration_ms(),
            outcome: attempt.outcome,
            code: attempt.code,
            status: attempt.status,
            stopped_in: attempt.stopped_in,
            message: attempt.message.clone(),
            origin: attempt.origin.clone(),
            rendering: attempt.rendering.clone(),
            request: attempt.request.clone(),
            response: attempt.answer.clone(),
            timings: attempt.timings,
            network: attempt.network.clone(),
            gate: attempt.gate,
            next: Next::from(attempt.next),
            followed_by: attempt.followed_by.clone(),
        }
    }
}
