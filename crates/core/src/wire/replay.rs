//! Replays: what is asked for, how one stands, and what one would send.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::render::RenderedRequest;
use crate::access::Scope;
use crate::id::{DeliveryId, IntegrationId, ReplayId, UserId};
use crate::replay::{Intent, Revision, State};
use crate::time::Timestamp;

/// Which events to send once more, and how.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ReplayRequest {
    /// What for: `resend`, `recover` or `missing`.
    pub intent: Intent,
    /// The delivery to resend.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivery: Option<DeliveryId>,
    /// The integration whose events to recover, or which misses some.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub integration: Option<IntegrationId>,
    /// Events that came in from this moment on; from the oldest that is kept when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// Events that came in before this moment; before now when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// Where to send to instead of the integration's URL: a test endpoint by its id, or any URL. The replay is then
    /// a test: it passes the gate, and enters no counters and no books.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// Whether only to say what would be sent.
    #[serde(default)]
    pub dry_run: bool,
    /// Events a second, 0.1 to 1,000; 10 by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0.1, maximum = 1_000)]
    pub rate: Option<f64>,
    /// As which revision of the integration: `now` (the default), or `then`, when the event came in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<Revision>,
}

impl Default for ReplayRequest {
    /// Asks for a delivery to be resent, without saying which.
    fn default() -> Self {
        Self {
            intent: Intent::Resend,
            delivery: None,
            integration: None,
            since: None,
            until: None,
            to: None,
            dry_run: false,
            rate: None,
            revision: None,
        }
    }
}

/// A replay: what it is about, and how far it has come.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Replay {
    /// Its id, which its requests carry as `Webhook-Replay`.
    pub id: ReplayId,
    /// What for.
    pub intent: Intent,
    /// The integration.
    pub integration: IntegrationId,
    /// Who owns the integration.
    pub scope: Scope,
    /// Who asked for it.
    pub by: ReplayedBy,
    /// How it stands.
    pub state: State,
    /// Why it ended before its end, in words.
    pub reason: Option<String>,
    /// Events it is about.
    pub total: u64,
    /// Those sent, or handed on to be.
    pub sent: u64,
    /// Those of them that succeeded.
    pub succeeded: u64,
    /// Those of them that failed or were dropped.
    pub failed: u64,
    /// Those of them that wait for their first or next try.
    pub waiting: u64,
    /// Those passed over, because they are no longer kept.
    pub skipped: u64,
    /// How far it has come, in words.
    pub summary: String,
    /// The delivery that is resent.
    pub delivery: Option<DeliveryId>,
    /// Events that came in from this moment on.
    pub since: Option<Timestamp>,
    /// Events that came in before this moment.
    pub until: Option<Timestamp>,
    /// Where to, when it is a test.
    pub to: Option<String>,
    /// Events a second.
    pub rate: f64,
    /// As which revision.
    pub revision: Revision,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended; null while it runs.
    pub ended_at: Option<Timestamp>,
}

/// The person who asked for a replay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReplayedBy {
    /// Their id.
    pub id: UserId,
    /// Their username at that time.
    pub name: String,
}

/// What a replay would send. Nothing was sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DryRun {
    /// Events it would be about.
    pub count: u64,
    /// The requests of the first three, secrets masked; `Webhook-Id` and `Webhook-Replay` are zeros, as there is
    /// neither delivery nor replay yet.
    pub requests: Vec<RenderedRequest>,
    /// Why those of the first three that are not among the requests cannot be made.
    pub faults: Vec<String>,
}
