//! What the rules look at: plain data, gathered by the server and bounded by whoever gathers it.

use std::sync::Arc;

use super::card::Source;
use super::fate::FateCounts;
use super::funnel::Funnel;
use crate::access::Scope;
use crate::attempt::{Attempt, Code, Outcome, Phase};
use crate::id::{AttemptId, DeviceId, EventId, IntegrationId};
use crate::integration::{Definition, Disabled};
use crate::request::TemplateFault;
use crate::throttle::GateState;
use crate::time::Timestamp;

/// Everything that is known of one integration when somebody asks what is wrong with it.
#[derive(Debug, Clone)]
pub struct Evidence {
    /// When it was gathered.
    pub now: Timestamp,
    /// The integration.
    pub subject: Subject,
    /// Its open issues, each with its samples.
    pub problems: Vec<Problem>,
    /// Its last attempts.
    pub recent: Recent,
    /// When the secrets it uses were last changed.
    pub secrets: Vec<SecretMark>,
    /// The gate of the destination it last sent to.
    pub gate: Option<GateNow>,
    /// Other integrations that send to the same origin.
    pub neighbours: Vec<Neighbour>,
    /// What came of the events of the window, when someone counted.
    pub funnel: Option<Funnel>,
    /// Other integrations that sent the same event to the same address.
    pub twins: Vec<Twin>,
}

/// The integration.
#[derive(Debug, Clone)]
pub struct Subject {
    /// Its id.
    pub integration: IntegrationId,
    /// Who owns it.
    pub scope: Scope,
    /// The event-name prefix it fires on.
    pub prefix: String,
    /// The one device it fires for, if it is narrowed to one.
    pub device: Option<DeviceId>,
    /// Its current revision.
    pub revision: u32,
    /// When that was saved.
    pub updated_at: Timestamp,
    /// Since when and by whom it is switched off, if it is.
    pub disabled: Option<Disabled>,
    /// What its template means; absent when it can no longer be read.
    pub definition: Option<Arc<Definition>>,
}

impl Subject {
    /// The place a fact about the saved template was read in.
    pub(super) fn source(&self) -> Source {
        Source::Integration { id: self.integration }
    }
}

/// One cause of failures: the attempts of one integration that failed the same way.
#[derive(Debug, Clone)]
pub struct Problem {
    /// The issue's id.
    pub issue: Option<String>,
    /// Why there was no usable answer.
    pub code: Option<Code>,
    /// The status answered.
    pub status: Option<u16>,
    /// Where the requests went: `https://host:port`; absent when they were never made.
    pub origin: Option<String>,
    /// The phase in which they stopped.
    pub phase: Option<Phase>,
    /// How many failed so.
    pub count: u64,
    /// How many attempts of the integration there were since the first of them.
    pub of: u64,
    /// The first time.
    pub since: Timestamp,
    /// The last time so far.
    pub last: Timestamp,
    /// How many devices' events were concerned, as far as they were counted.
    pub devices: u64,
    /// The first attempt that failed so.
    pub first: Arc<Attempt>,
    /// The last one.
    pub latest: Arc<Attempt>,
    /// The last success in front of the first failure.
    pub last_good: Option<Arc<Attempt>>,
    /// Revisions saved between that success and the first failure.
    pub edits: Vec<Edit>,
    /// What became of the deliveries begun since.
    pub fate: FateCounts,
    /// Where in the template the rendered text breaks, when it does.
    pub fault: Option<TemplateFault>,
}

/// A revision, as far as rules look at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// Which, from 1.
    pub revision: u32,
    /// When it was saved.
    pub at: Timestamp,
    /// By whom, by name; absent when the server did, or they are gone.
    pub by: Option<String>,
    /// The top-level keys that changed.
    pub changed: Vec<String>,
}

/// When a secret was last changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretMark {
    /// Its name.
    pub name: String,
    /// When it was last set; absent when that was not kept or it is not there.
    pub changed_at: Option<Timestamp>,
    /// By whom, by name.
    pub by: Option<String>,
    /// Whether it is there at all.
    pub exists: bool,
}

/// The last attempts, newest first.
#[derive(Debug, Clone, Default)]
pub struct Recent {
    /// Successes, whole.
    pub successes: Vec<Arc<Attempt>>,
    /// Failures, whole.
    pub failures: Vec<Arc<Attempt>>,
    /// Refusals by the gate, whole.
    pub skipped: Vec<Arc<Attempt>>,
    /// More of them, of every outcome, as lines.
    pub lines: Vec<Line>,
}

/// An attempt as a line of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The attempt.
    pub id: AttemptId,
    /// When it began.
    pub at: Timestamp,
    /// How long it took.
    pub duration_ms: u64,
    /// How it ended.
    pub outcome: Outcome,
    /// The status answered.
    pub status: Option<u16>,
    /// Why there was no usable answer.
    pub code: Option<Code>,
    /// The device that published.
    pub device: Option<DeviceId>,
    /// `event`, `retry`, `test` or `replay`.
    pub trigger: String,
}

/// The gate of a destination.
#[derive(Debug, Clone)]
pub struct GateNow {
    /// `https://host:port`.
    pub origin: String,
    /// Its state.
    pub state: GateState,
    /// The last attempt that counted against the destination, whoever of the scope made it.
    pub fed_by: Option<Arc<Attempt>>,
    /// What became of the deliveries of this integration since it was first refused.
    pub fate: FateCounts,
}

/// Another integration that sends to the same origin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Neighbour {
    /// Which.
    pub integration: IntegrationId,
    /// Its name or prefix.
    pub name: String,
    /// Successes among its last attempts since the problem began.
    pub success: u64,
    /// Errors among them.
    pub error: u64,
    /// Attempts it began in the minute of the last problem.
    pub last_minute: u64,
}

/// Another integration that sent the same event to the same address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Twin {
    /// Which.
    pub integration: IntegrationId,
    /// Its name or prefix.
    pub name: String,
    /// Who owns it.
    pub scope: Scope,
    /// The event.
    pub event: EventId,
    /// This integration's attempt for it.
    pub ours: AttemptId,
    /// The other's.
    pub theirs: AttemptId,
    /// The address both sent to.
    pub url: String,
}
