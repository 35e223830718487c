//! What readers ask the store, the rows it answers, and which rows an answer may hold.

use fieldhook_core::access::Scope;
use fieldhook_core::attempt::{Code, Outcome, Verdict};
use fieldhook_core::event::Event;
use fieldhook_core::id::{AttemptId, DeliveryId, DeviceId, EventId, IntegrationId, ReplayId, UserId};
use fieldhook_core::issue::{self, Issue};
use fieldhook_core::needle::Needle;
use fieldhook_core::replay::{Plan, Progress, Sending};
use fieldhook_core::time::{Day, Timestamp};
use fieldhook_core::trouble::{Last, Streak};

/// A replay.
#[derive(Debug, Clone, PartialEq)]
pub struct ReplayRow {
    /// Its id, which tells when it began.
    pub id: ReplayId,
    /// The integration.
    pub integration: IntegrationId,
    /// Who owns the integration.
    pub scope: Scope,
    /// Who asked for it.
    pub by: UserId,
    /// That person's username at that time.
    pub by_name: String,
    /// What was asked for.
    pub plan: Plan,
    /// How its sending stands.
    pub sending: Sending,
    /// Why it ended before its end.
    pub reason: Option<String>,
    /// How far it has come. What became of its deliveries is counted with them, and stays when they go.
    pub progress: Progress,
    /// When the sending ended.
    pub ended_at: Option<Timestamp>,
    /// When it last changed.
    pub changed_at: Timestamp,
}

/// Which replays a reader wants. Every condition must hold.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReplayQuery {
    /// Of these scopes. Never empty.
    pub scopes: Vec<Scope>,
    /// Of this integration.
    pub integration: Option<IntegrationId>,
}

impl ReplayQuery {
    /// Whether the replay meets every condition.
    pub(super) fn fits(&self, row: &ReplayRow) -> bool {
        self.scopes.contains(&row.scope)
            && self.integration.is_none_or(|integration| integration == row.integration)
    }
}

/// Which events of an integration are to be looked through for those that nothing delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UndeliveredQuery {
    /// The integration.
    pub integration: IntegrationId,
    /// That came in at this time or later.
    pub since: Option<Timestamp>,
    /// That came in before this time.
    pub until: Timestamp,
    /// At most so many.
    pub most: usize,
}

/// How many rows a reader wants, and from where on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paging {
    /// At most this many rows, 1 to 1,000.
    pub limit: usize,
    /// Where the last page ended, as the store said.
    pub cursor: Option<String>,
}

/// Some rows, newest first, and where the next page begins.
///
/// A search that has looked at very many rows stops for breath: its page is then short, even empty, and
/// `next` goes on from there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The rows.
    pub items: Vec<T>,
    /// Where the next page begins; absent when this was the last.
    pub next: Option<String>,
}

/// Which attempts a reader wants. Every condition that is given must hold.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AttemptQuery {
    /// Of these scopes. Never empty: a reader sees nothing of others.
    pub scopes: Vec<Scope>,
    /// Of this integration.
    pub integration: Option<IntegrationId>,
    /// For this delivery.
    pub delivery: Option<DeliveryId>,
    /// For this event.
    pub event: Option<EventId>,
    /// That ended so.
    pub outcome: Option<Outcome>,
    /// With this code.
    pub code: Option<Code>,
    /// With this status.
    pub status: Option<u16>,
    /// Caused by this device.
    pub device: Option<DeviceId>,
    /// Holding this text in event, request, answer or message, whatever the case of ASCII letters.
    pub text: Option<String>,
    /// Begun at this time or later.
    pub since: Option<Timestamp>,
    /// Begun before this time.
    pub until: Option<Timestamp>,
}

impl AttemptQuery {
    /// Whether the row meets every condition that its columns can answer: all but `text`, `since` and `until`.
    pub(super) fn fits(&self, row: &AttemptRow) -> bool {
        self.scopes.contains(&row.scope)
            && self.integration.is_none_or(|integration| integration == row.integration)
            && self.delivery.is_none_or(|delivery| delivery == row.delivery)
            && self.event.is_none_or(|event| event == row.event)
            && self.outcome.is_none_or(|outcome| outcome == row.outcome)
            && self.code.is_none_or(|code| Some(code) == row.code)
            && self.status.is_none_or(|status| Some(status) == row.status)
            && self.device.is_none_or(|device| Some(device) == row.device)
    }
}

/// A line of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttemptRow {
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
    /// The publishing device, if a device published.
    pub device: Option<DeviceId>,
    /// `event`, `retry`, `test` or `replay`.
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

impl AttemptRow {
    /// Whether the text is in what the row itself shows.
    pub(super) fn holds(&self, needle: &Needle) -> bool {
        needle.is_in(&self.event_name) || self.message.as_deref().is_some_and(|message| needle.is_in(message))
    }
}

/// Which events a reader wants. Every condition that is given must hold.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EventQuery {
    /// Standing in one of these scopes. Never empty. An organisation is given as its products.
    pub scopes: Vec<Scope>,
    /// Whose name begins so.
    pub prefix: Option<String>,
    /// Published by this device.
    pub device: Option<DeviceId>,
    /// Holding this text in name or data, whatever the case of ASCII letters.
    pub text: Option<String>,
    /// Published at this time or later.
    pub since: Option<Timestamp>,
    /// Published before this time.
    pub until: Option<Timestamp>,
}

impl EventQuery {
    /// Whether the event meets every condition but those of time; `needle` is the query's text.
    pub(super) fn fits(&self, needle: Option<&Needle>, event: &Event) -> bool {
        let stands_in = |scope: &Scope| match scope {
            Scope::User(id) => event.owner == Some(*id),
            Scope::Product(id) => event.product == Some(*id),
            Scope::Organisation(_) => false,
        };
        self.scopes.iter().any(stands_in)
            && self.device.is_none_or(|device| event.device() == Some(device))
            && self.prefix.as_ref().is_none_or(|prefix| event.name.starts_with(prefix))
            && needle.is_none_or(|needle| needle.is_in(&event.name) || needle.is_in(event.data_text()))
    }
}

/// Which deliveries a reader wants. Every condition that is given must hold.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DeliveryQuery {
    /// Of this event.
    pub event: Option<EventId>,
    /// For this integration.
    pub integration: Option<IntegrationId>,
    /// With this verdict.
    pub verdict: Option<Verdict>,
    /// Caused by this replay.
    pub replay: Option<ReplayId>,
}

impl DeliveryQuery {
    /// Whether the delivery meets every condition.
    pub(super) fn fits(&self, row: &DeliveryRow) -> bool {
        self.event.is_none_or(|event| event == row.event)
            && self.integration.is_none_or(|integration| integration == row.integration)
            && self.verdict.is_none_or(|verdict| verdict == row.verdict)
            && self.replay.is_none_or(|replay| Some(replay) == row.replay)
    }
}

/// A delivery and what has become of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryRow {
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
    /// The publishing device, if a device published.
    pub device: Option<DeviceId>,
    /// What has become of it.
    pub verdict: Verdict,
    /// Attempts it has had.
    pub attempts: u32,
    /// When it began.
    pub matched_at: Timestamp,
    /// When it last changed.
    pub changed_at: Timestamp,
    /// When the next try is due, while it waits for one.
    pub next_at: Option<Timestamp>,
    /// Why it ended without an attempt, in words.
    pub reason: Option<String>,
    /// The replay that caused it, if one did.
    pub replay: Option<ReplayId>,
}

/// Which issues a reader wants. Every condition that is given must hold.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct IssueQuery {
    /// Of these scopes. Never empty.
    pub scopes: Vec<Scope>,
    /// Of this integration.
    pub integration: Option<IntegrationId>,
    /// In one of these states; in any when there is none.
    pub states: Vec<issue::State>,
}

impl IssueQuery {
    /// Whether the issue meets every condition.
    pub(super) fn fits(&self, issue: &Issue) -> bool {
        self.scopes.contains(&issue.scope)
            && self.integration.is_none_or(|integration| integration == issue.integration)
            && (self.states.is_empty() || self.states.contains(&issue.state))
    }
}

/// What became of an integration's deliveries that began within a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Reached {
    /// Those that succeeded.
    pub delivered: u64,
    /// Those whose last try ended in an error.
    pub failed: u64,
    /// Those given up without an error at the last.
    pub dropped: u64,
    /// Those still waiting.
    pub waiting: u64,
    /// Those that have had an attempt, refusals by the gate included.
    pub attempted: u64,
    /// When the next try of one of those that wait is due.
    pub next_at: Option<Timestamp>,
    /// When the oldest of those that wait for their first attempt began.
    pub untried_since: Option<Timestamp>,
    /// Whether there are more than were counted.
    pub more: bool,
}

/// What an engine has counted of one verdict.
#[derive(Debug, Clone, Copy)]
pub(super) struct Counted {
    /// Deliveries, up to one more than [`MOST_COUNTED`].
    pub(super) count: u64,
    /// Those of them that have had an attempt.
    pub(super) tried: u64,
    /// When the next try of one of them is due.
    pub(super) next_at: Option<Timestamp>,
    /// When the oldest of them without an attempt began.
    pub(super) untried_since: Option<Timestamp>,
}

/// Deliveries of each verdict that are counted at most.
pub(super) const MOST_COUNTED: u64 = 10_000;

impl Reached {
    /// Takes in what was counted of one verdict.
    pub(super) fn add(&mut self, verdict: Verdict, counted: Counted) {
        let count = counted.count.min(MOST_COUNTED);
        self.more |= counted.count > MOST_COUNTED;
        self.attempted += counted.tried.min(MOST_COUNTED);
        match verdict {
            Verdict::Delivered => self.delivered = count,
            Verdict::Failed => self.failed = count,
            Verdict::Dropped => self.dropped = count,
            Verdict::Waiting => {
                self.waiting = count;
                (self.next_at, self.untried_since) = (counted.next_at, counted.untried_since);
            }
        }
    }
}

/// One integration's attempts of one day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DayCount {
    /// The integration.
    pub integration: IntegrationId,
    /// The UTC day.
    pub day: Day,
    /// Attempts that succeeded.
    pub success: u64,
    /// Attempts that ended in an error.
    pub error: u64,
    /// Deliveries refused by the gate, each once however often it was refused.
    pub skipped: u64,
}

/// One integration's deliveries. `matched` is the sum of the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BookRow {
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

/// How an integration's attempts have gone lately.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The integration.
    pub integration: IntegrationId,
    /// When the last attempt of each outcome began, whatever retention has removed since.
    pub last: Last,
    /// The attempts since the last success.
    pub streak: Streak,
}

/// What usage is summed by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UsageBy {
    /// By the integration that caused parts to be received.
    Integration,
    /// By device.
    Device,
    /// By product.
    Product,
    /// By day.
    Day,
}

/// Which usage a reader wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsageQuery {
    /// What to sum by.
    pub by: UsageBy,
    /// Of these scopes. Never empty.
    pub scopes: Vec<Scope>,
    /// From this day on.
    pub since: Day,
    /// Up to this day, included.
    pub until: Day,
}

/// A sum of operations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsageRow {
    /// The integration, device, product or day, as text; empty for what has none.
    pub key: String,
    /// Operations for publishes.
    pub publishes: u64,
    /// Operations for events and parts received.
    pub received: u64,
    /// By integration: publishes that triggered it. Else zero.
    pub triggers: u64,
}
