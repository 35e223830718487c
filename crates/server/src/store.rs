//! Things looked up: who there is, what was saved, and what became of every event.

use std::sync::Arc;

use async_trait::async_trait;
use fieldhook_core::access::Scope;
use fieldhook_core::attempt::{Attempt, Code, Outcome, Verdict};
use fieldhook_core::event::{Event, Publisher};
use fieldhook_core::id::{
    AttemptId, DeliveryId, DeviceId, EventId, IntegrationId, IssueId, ProductId, ReplayId, UserId,
};
use fieldhook_core::issue::{self, Issue};
use fieldhook_core::replay::{Plan, Progress, Sending};
use fieldhook_core::time::{Day, Timestamp};
use fieldhook_core::trouble::{Last, Streak};

#[cfg(test)]
pub(crate) mod contract;
mod course;
pub mod sqlite;

/// The kinds of document in the directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A person.
    User,
    /// An access token.
    Token,
    /// A device.
    Device,
    /// A product, with its team.
    Product,
    /// An organisation, with its team.
    Organisation,
    /// An integration at its current revision.
    Integration,
    /// A scope's secret.
    Secret,
    /// Something the server itself remembers.
    Setting,
    /// A case that was handed out.
    Case,
    /// The link to such a case.
    CaseLink,
}

impl Kind {
    /// The kind's name in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Token => "token",
            Self::Device => "device",
            Self::Product => "product",
            Self::Organisation => "organisation",
            Self::Integration => "integration",
            Self::Secret => "secret",
            Self::Setting => "setting",
            Self::Case => "case",
            Self::CaseLink => "case link",
        }
    }
}

/// One small thing of the directory. The store does not look into its body; secrets in it are sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// What it is.
    pub kind: Kind,
    /// Its key, unique among its kind.
    pub key: String,
    /// A second key that must be unique among its kind, such as a user's name.
    pub unique: Option<String>,
    /// The rest.
    pub body: Vec<u8>,
}

/// A change of the directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Adds the document, or replaces the one of its kind and key.
    Put(Document),
    /// Removes a document; removing what is not there is no error.
    Remove(Kind, String),
    /// Remembers a revision of an integration for good.
    AddRevision(Revision),
}

/// An integration as it was at one of its revisions. The body is the sealed document of that time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revision {
    /// Which integration.
    pub integration: IntegrationId,
    /// Which revision, from 1.
    pub revision: u32,
    /// When it was saved.
    pub saved_at: Timestamp,
    /// By whom; absent when the server did.
    pub saved_by: Option<UserId>,
    /// The integration, sealed as in the directory.
    pub body: Vec<u8>,
}

/// Something that happened, to be remembered.
#[derive(Debug, Clone)]
pub enum Entry {
    /// An event was taken in.
    Event(Arc<Event>),
    /// It matched an integration: the delivery waits.
    Matched(MatchedEntry),
    /// An attempt ended. Its `next` changes the delivery; a test changes no delivery and no count.
    Attempted(Arc<Attempt>),
    /// A waiting delivery ended without a further attempt.
    Ended(EndedEntry),
    /// Operations to add to the books.
    Used(UsedEntry),
    /// A replay began.
    ReplayBegan(Arc<ReplayRow>),
    /// A replay went on, or ended.
    ReplayWent(ReplayWent),
}

/// A delivery that begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MatchedEntry {
    /// The delivery.
    pub delivery: DeliveryId,
    /// Its event.
    pub event: EventId,
    /// The event's name.
    pub event_name: String,
    /// The integration it is for.
    pub integration: IntegrationId,
    /// Who owns the integration.
    pub scope: Scope,
    /// The publishing device, if a device published.
    pub device: Option<DeviceId>,
    /// The replay that caused it, if one did.
    pub replay: Option<ReplayId>,
    /// When.
    pub at: Timestamp,
}

/// A delivery that ends without a further attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndedEntry {
    /// The delivery.
    pub delivery: DeliveryId,
    /// Its integration.
    pub integration: IntegrationId,
    /// Never `Waiting`.
    pub verdict: Verdict,
    /// Why, in words.
    pub reason: String,
    /// When.
    pub at: Timestamp,
}

/// Operations of one day, to be added to what is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsedEntry {
    /// The publish that costs them, which stands before them in the same call: when its event had been
    /// recorded before, so had these, and they are not added again. Absent for what is recorded only once.
    pub event: Option<EventId>,
    /// The UTC day.
    pub day: Day,
    /// The user or product that pays.
    pub scope: Scope,
    /// The device that published or received.
    pub device: Option<DeviceId>,
    /// For parts received: the integration that caused them.
    pub integration: Option<IntegrationId>,
    /// Operations for publishes.
    pub publishes: u64,
    /// Operations for events and parts received by devices.
    pub received: u64,
}

/// How far a replay has come in what its deliveries do not tell. Recorded out of order it never goes back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplayWent {
    /// The replay.
    pub replay: ReplayId,
    /// Its integration.
    pub integration: IntegrationId,
    /// Events passed over so far.
    pub skipped: u64,
    /// For a test, whose attempts belong to no delivery: what became of them so far.
    pub tested: Option<Tested>,
    /// How its sending stands. Once over it stays so.
    pub sending: Sending,
    /// Why it ended before its end.
    pub reason: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// What became of the attempts of a replay that is a test.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tested {
    /// Those that succeeded.
    pub succeeded: u64,
    /// Those that did not.
    pub failed: u64,
}

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

/// How much may be kept. The last ten successes and errors of an integration always are, and so are the
/// attempts that an issue names, for as long as the issue is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Attempts and events begun before this go, and deliveries that ended before it; so do issues that were
    /// resolved and last seen before it.
    pub attempts_since: Timestamp,
    /// Day counts and usage before this go.
    pub counts_since: Day,
    /// When the store has come to take more bytes than this, it is brought back to a twentieth below: the
    /// oldest successes go first, then the oldest of the rest. A waiting delivery stays, and so does its event.
    pub most_bytes: u64,
    /// Idempotency keys seen before this are forgotten.
    pub keys_since: Timestamp,
}

/// Why the store could not do it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another document of this kind has the unique key already. Nothing of the change was done.
    #[error("{kind} `{1}` exists already", kind = .0.as_str())]
    Taken(Kind, String),
    /// The store cannot be reached, or has no room. Passing; try again later.
    #[error("the store is unavailable: {0}")]
    Unavailable(String),
    /// A cursor that the store did not give.
    #[error("`{0}` is not a cursor of this list")]
    Cursor(String),
    /// What is kept cannot be read, being damaged or of a newer version; a person must decide.
    #[error("the store cannot be read: {0}")]
    Damaged(String),
}

/// Things looked up.
///
/// A back end is done when it passes `store::contract`; the promises, in short:
///
/// - `change` and `record` do all they were given or nothing, and it survives a crash once they return;
/// - recording the same thing twice is the same as recording it once, as long as retention has not removed
///   it: a delivery is known by its id, and so are an event and an attempt, so no count is raised twice;
/// - entries may come in any order: an attempt begins its delivery when nobody did, and an end waits for it;
/// - at every moment, for every integration, matched = delivered + failed + dropped + waiting, and each number
///   equals its rows as long as retention has not removed them;
/// - a delivery once ended stays so, whatever comes later, save for a replay, which is a delivery of its own;
/// - a replay's `sent`, `succeeded` and `failed` change with its deliveries, as the books do, and stay when they go;
/// - an event is kept as long as an attempt of it is, or a delivery of it waits;
/// - a failure that counts and its issue are recorded together, and what becomes of an issue is as
///   `core::issue` says, attempt by attempt in the order given;
/// - lists are newest first, and a cursor goes on exactly where the page ended, whatever came in between.
#[async_trait]
pub trait Store: Send + Sync {
    /// Every document of the kind, in no order.
    async fn documents(&self, kind: Kind) -> Result<Vec<Document>, StoreError>;

    /// One document, by its key.
    async fn document(&self, kind: Kind, key: &str) -> Result<Option<Document>, StoreError>;

    /// Changes the directory. A revision once remembered is never overwritten: another one under its number
    /// is [`StoreError::Taken`], the same one again is no change.
    async fn change(&self, changes: Vec<Change>) -> Result<(), StoreError>;

    /// The revisions of an integration, newest first.
    async fn revisions(&self, integration: IntegrationId) -> Result<Vec<Revision>, StoreError>;

    /// Remembers what happened, in order.
    async fn record(&self, entries: Vec<Entry>) -> Result<(), StoreError>;

    /// The event that this publisher published under this key at `since` or later, the newest if there are
    /// several. `owner` tells apart people's publishes, whose publisher is the same for all.
    async fn event_by_key(
        &self,
        publisher: Publisher,
        owner: Option<UserId>,
        product: Option<ProductId>,
        key: &str,
        since: Timestamp,
    ) -> Result<Option<EventId>, StoreError>;

    /// The log.
    async fn attempts(&self, query: &AttemptQuery, paging: &Paging) -> Result<Page<AttemptRow>, StoreError>;

    /// One attempt, whole.
    async fn attempt(&self, id: AttemptId) -> Result<Option<Attempt>, StoreError>;

    /// An integration's last attempts of this outcome, whole, newest first.
    async fn last_attempts(
        &self,
        integration: IntegrationId,
        outcome: Outcome,
        most: usize,
    ) -> Result<Vec<Attempt>, StoreError>;

    /// Events taken in; those made for tests are not among them.
    async fn events(&self, query: &EventQuery, paging: &Paging) -> Result<Page<Event>, StoreError>;

    /// One event, taken in or made for a test.
    async fn event(&self, id: EventId) -> Result<Option<Event>, StoreError>;

    /// When each device last published, tests apart. Retention does not take it.
    async fn heard(&self) -> Result<Vec<(DeviceId, Timestamp)>, StoreError>;

    /// Deliveries, whoever owns them: the caller has checked that the event or integration may be seen.
    async fn deliveries(
        &self,
        query: &DeliveryQuery,
        paging: &Paging,
    ) -> Result<Page<DeliveryRow>, StoreError>;

    /// One delivery.
    async fn delivery(&self, id: DeliveryId) -> Result<Option<DeliveryRow>, StoreError>;

    /// What became of the integration's deliveries that began at `since` or later and before `until`. At most
    /// the newest ten thousand of each verdict are counted.
    async fn reached(
        &self,
        integration: IntegrationId,
        since: Timestamp,
        until: Timestamp,
    ) -> Result<Reached, StoreError>;

    /// Issues, the one first seen last first.
    async fn issues(&self, query: &IssueQuery, paging: &Paging) -> Result<Page<Issue>, StoreError>;

    /// One issue.
    async fn issue(&self, id: IssueId) -> Result<Option<Issue>, StoreError>;

    /// Puts an issue where a person says it stands, and returns it as it is then.
    async fn put_issue(
        &self,
        id: IssueId,
        state: issue::State,
        by: UserId,
        now: Timestamp,
    ) -> Result<Option<Issue>, StoreError>;

    /// Day counts of these integrations from `since` on, the oldest day first; days without any are absent.
    async fn day_counts(
        &self,
        integrations: &[IntegrationId],
        since: Day,
    ) -> Result<Vec<DayCount>, StoreError>;

    /// The books of these integrations; one that never matched has none.
    async fn books(
        &self,
        integrations: &[IntegrationId],
    ) -> Result<Vec<(IntegrationId, BookRow)>, StoreError>;

    /// How these integrations' attempts have gone, tests left out; one never attempted has no standing.
    ///
    /// Of each, no more than the newest 10,000 attempts since its last success are looked at. The first error and
    /// the first refusal after that success are found however many came since.
    async fn standings(&self, integrations: &[IntegrationId]) -> Result<Vec<Standing>, StoreError>;

    /// The scope's integrations whose last error or refusal by the gate is newer than their last success, in no
    /// order; deleted ones among them.
    async fn without_success(&self, scope: Scope) -> Result<Vec<(IntegrationId, Last)>, StoreError>;

    /// Sums of operations, the largest first; by day, the newest first.
    async fn usage(&self, query: &UsageQuery) -> Result<Vec<UsageRow>, StoreError>;

    /// The events of which this integration has deliveries that failed or were dropped, and none that was delivered
    /// or waits; the oldest first.
    async fn undelivered(&self, query: &UndeliveredQuery) -> Result<Vec<EventId>, StoreError>;

    /// Those of these events of which this integration has no delivery, in the same order.
    async fn unmatched(
        &self,
        integration: IntegrationId,
        events: &[EventId],
    ) -> Result<Vec<EventId>, StoreError>;

    /// Replays, newest first.
    async fn replays(&self, query: &ReplayQuery, paging: &Paging) -> Result<Page<ReplayRow>, StoreError>;

    /// One replay.
    async fn replay(&self, id: ReplayId) -> Result<Option<ReplayRow>, StoreError>;

    /// Replays whose sending is not over, the oldest first.
    async fn unfinished_replays(&self) -> Result<Vec<ReplayRow>, StoreError>;

    /// Removes what need not be kept, in steps small enough not to stall others; returns how many rows went.
    async fn prune(&self, keep: &Retention) -> Result<u64, StoreError>;

    /// Bytes the store takes.
    async fn size(&self) -> Result<u64, StoreError>;

    /// Lets go of the files or connections.
    async fn close(&self) -> Result<(), StoreError>;
}
