//! What is counted: books of deliveries, counters of attempts, operations, and the destinations' gates.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::access::Scope;
use crate::id::IntegrationId;
use crate::throttle::GateState;
use crate::time::{Day, Timestamp};

/// Deliveries by what became of them: `matched` is the sum of the others at every moment. Tests are not counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
pub struct Book {
    /// Deliveries begun.
    pub matched: u64,
    /// Those that succeeded.
    pub delivered: u64,
    /// Those whose last try ended in an error.
    pub failed: u64,
    /// Those given up without an error at the last.
    pub dropped: u64,
    /// Those still waiting.
    pub waiting: u64,
}

impl Book {
    /// The book of both together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            matched: self.matched + other.matched,
            delivered: self.delivered + other.delivered,
            failed: self.failed + other.failed,
            dropped: self.dropped + other.dropped,
            waiting: self.waiting + other.waiting,
        }
    }
}

/// The book of one integration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct IntegrationBook {
    /// The integration.
    pub integration: IntegrationId,
    /// Who owns it.
    pub scope: Scope,
    /// Its deliveries.
    #[serde(flatten)]
    pub book: Book,
}

/// The books of all integrations that were asked for, and their sum.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Books {
    /// The sum over every integration, on whatever page it stands.
    pub total: Book,
    /// Each integration's book, the oldest integration first.
    pub items: Vec<IntegrationBook>,
    /// What to give as `cursor` for the next page; null when this was the last.
    pub next: Option<String>,
}

/// Attempts of one day, by outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DayTally {
    /// The UTC day.
    pub date: Day,
    /// Attempts that succeeded.
    pub success: u64,
    /// Attempts that ended in an error.
    pub error: u64,
    /// Deliveries that the gate refused, each once.
    pub skipped: u64,
}

/// One integration's attempts, day by day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct IntegrationCounters {
    /// The integration.
    pub integration: IntegrationId,
    /// Who owns it.
    pub scope: Scope,
    /// The oldest day first; days without an attempt are left out.
    pub days: Vec<DayTally>,
}

/// The counters of all integrations that were asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Counters {
    /// The UTC day that is not over yet.
    pub today: Day,
    /// The first day that was asked for.
    pub since: Day,
    /// Each integration, the oldest first; those without an attempt too.
    pub items: Vec<IntegrationCounters>,
    /// What to give as `cursor` for the next page; null when this was the last.
    pub next: Option<String>,
}

/// Operations of one integration, device, product or day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UsageLine {
    /// Its id, number or date; empty for what belongs to none.
    pub key: String,
    /// Its name, if it has one and still exists.
    pub name: Option<String>,
    /// Publishes and receptions together.
    pub operations: u64,
    /// Operations for publishes.
    pub publishes: u64,
    /// Operations for events and reply parts received by devices.
    pub received: u64,
    /// By integration: publishes that triggered it. Else zero.
    pub triggers: u64,
}

/// Operations over some days.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Usage {
    /// The first day counted.
    pub since: Day,
    /// The last day counted.
    pub until: Day,
    /// Operations of all lines together, on whatever page they stand.
    pub operations: u64,
    /// What cost most first; by day, the newest first.
    pub items: Vec<UsageLine>,
    /// What to give as `cursor` for the next page; null when this was the last.
    pub next: Option<String>,
}

/// Where requests go: one owner, one scheme, host and port; with its gate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Destination {
    /// Its id.
    pub id: String,
    /// Who owns the integrations that send there.
    pub scope: Scope,
    /// `scheme://host:port`.
    pub origin: String,
    /// The gate.
    pub gate: GateState,
    /// Requests on the wire.
    pub in_flight: usize,
    /// Most requests at once.
    pub width: usize,
    /// When the last attempt began.
    pub last_tried_at: Timestamp,
}
