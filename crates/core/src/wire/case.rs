//! Cases, and the links to them.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::diagnosis::IssueLine;
use super::health::{Incident, PartStatus};
use super::history::{Attempt, Event, TraceLine};
use crate::access::Scope;
use crate::diagnosis::Card;
use crate::id::{AttemptId, DeviceId, EventId, IntegrationId};
use crate::throttle::GateState;
use crate::time::Timestamp;

/// Everything about an integration in a window of time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Case {
    /// When it was put together.
    pub made_at: Timestamp,
    /// By whom, by their username.
    pub made_by: String,
    /// The window's beginning.
    pub since: Timestamp,
    /// Its end.
    pub until: Timestamp,
    /// The integration.
    pub integration: Subject,
    /// Statuses and error codes of the attempts in the window, the most frequent first.
    pub codes: Vec<Count>,
    /// Devices whose events failed, by the issues.
    pub devices: Vec<DeviceId>,
    /// Names of the events of the attempts in the window.
    pub event_names: Vec<String>,
    /// Whether there were more attempts in the window than were looked at: the newest ones were.
    pub more_attempts: bool,
    /// What is wrong now, and why.
    pub cards: Vec<Card>,
    /// Every issue of the integration that struck in the window or is unresolved.
    pub issues: Vec<IssueLine>,
    /// Attempts in full: the samples that the issues keep, and the newest of the window.
    pub attempts: Vec<Attempt>,
    /// The saves of the integration, newest first, each with what it changed.
    pub revisions: Vec<Revision>,
    /// Events that are said to be missing, each judged against every integration that its reader can see.
    pub traces: Vec<Trace>,
    /// The destination's gate as it stands.
    pub gate: Option<GateState>,
    /// What the gate did at the attempts in full, newest first.
    pub gate_history: Vec<GatePoint>,
    /// The server.
    pub server: Server,
}

/// The integration a case is about.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = CaseSubject)]
pub struct Subject {
    /// Its id.
    pub id: IntegrationId,
    /// Its name, if it has one.
    pub name: Option<String>,
    /// Who owns it.
    pub scope: Scope,
    /// The owner's name: a username, or the name of a product or an organisation.
    pub owner: String,
    /// The event-name prefix it fires on.
    pub prefix: String,
    /// Its revision now.
    pub revision: u32,
    /// Since when it is switched off, if it is.
    pub disabled_since: Option<Timestamp>,
    /// Its template now, secrets masked.
    #[schema(value_type = Object)]
    pub template: Map<String, Value>,
}

/// How often something was seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = CaseCount)]
pub struct Count {
    /// A status such as `401`, a code such as `ETIMEDOUT`, `skipped`, or `other`.
    pub what: String,
    /// How often.
    pub count: u64,
}

/// A save of the integration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = CaseRevision)]
pub struct Revision {
    /// Counts the saves, from 1.
    pub revision: u32,
    /// When.
    pub saved_at: Timestamp,
    /// By whom, as long as they have an account.
    pub saved_by: Option<String>,
    /// What it changed against the revision before; of the first one, everything.
    pub changes: Vec<Change>,
}

/// A key of a template that a save changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = CaseChange)]
pub struct Change {
    /// The key.
    pub key: String,
    /// Its value before, secrets masked; absent when it was added.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Value>,
    /// Its value after, secrets masked; absent when it was removed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Value>,
}

/// An event that is said to be missing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = CaseTrace)]
pub struct Trace {
    /// Its id.
    pub id: EventId,
    /// The event; absent when it is not stored, or not for the reader to see.
    pub event: Option<Event>,
    /// What came of it, integration by integration.
    pub lines: Vec<TraceLine>,
}

/// What the gate did at one attempt.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct GatePoint {
    /// When the attempt began.
    pub at: Timestamp,
    /// The attempt.
    pub attempt: AttemptId,
    /// Attempts in the window before.
    pub attempts: u32,
    /// Accepted ones among them.
    pub accepts: u32,
    /// Probability of skipping before, 0 to 1.
    pub skipped_before: f64,
    /// And after.
    pub skipped_after: f64,
}

/// The server that made the case.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = CaseServer)]
pub struct Server {
    /// Its version.
    pub version: String,
    /// When it started.
    pub started_at: Timestamp,
    /// Its parts, as they are now.
    pub parts: Vec<PartStatus>,
    /// What went wrong with it in the window, as far as it knows since it started.
    pub incidents: Vec<Incident>,
}

/// A case that is to be handed out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CaseLinkRequest {
    /// The window's beginning; 24 hours before its end by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// Its end; now by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// Events that are said to be missing, 20 at most.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<EventId>,
    /// Seconds until the link ends, 60 to 2,592,000 (30 days); 604,800 (7 days) by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_in: Option<u64>,
}

/// A link to a case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CaseLink {
    /// Its id, by which it is revoked.
    pub id: String,
    /// The address of the case; told once, when the link is made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The window's beginning.
    pub since: Timestamp,
    /// Its end.
    pub until: Timestamp,
    /// When the link was made.
    pub made_at: Timestamp,
    /// By whom, by their username.
    pub made_by: String,
    /// When it ends.
    pub expires_at: Timestamp,
}
