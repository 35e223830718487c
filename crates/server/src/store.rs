//! Things looked up: who there is, what was saved, and what became of every event.

use std::fmt::Display;

use async_trait::async_trait;
use fieldhook_core::access::Scope;
use fieldhook_core::attempt::{Attempt, Outcome, Verdict};
use fieldhook_core::event::{Event, Publisher};
use fieldhook_core::id::{
    AttemptId, DeliveryId, DeviceId, EventId, IntegrationId, IssueId, ProductId, ReplayId, UserId,
};
use fieldhook_core::issue::{self, Issue};
use fieldhook_core::time::{Day, Timestamp};
use fieldhook_core::trouble::Last;

mod carry;
#[cfg(test)]
pub(crate) mod contract;
mod course;
mod detail;
mod entry;
mod grouping;
mod numbers;
mod place;
pub mod postgres;
mod query;
pub mod sqlite;
mod sums;
mod tally;

pub use self::carry::{Carried, carry};
pub use self::entry::{EndedEntry, Entry, MatchedEntry, ReplayWent, Tested, UsedEntry};
pub use self::query::{
    AttemptQuery, AttemptRow, BookRow, DayCount, DeliveryQuery, DeliveryRow, EventQuery, IssueQuery, Page,
    Paging, Reached, ReplayQuery, ReplayRow, Standing, UndeliveredQuery, UsageBy, UsageQuery, UsageRow,
};

/// Rows a page may pass over when looking at one is reading a few columns.
const GLANCES: usize = 20_000;
/// Rows a page may pass over when looking at one is searching its text.
const SEARCHES: usize = 4_000;

const OUTCOMES: [Outcome; 3] = [Outcome::Success, Outcome::Error, Outcome::Skipped];
const VERDICTS: [Verdict; 4] = [Verdict::Delivered, Verdict::Failed, Verdict::Dropped, Verdict::Waiting];

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
    /// An alert.
    Alert,
}

impl Kind {
    const ALL: [Self; 11] = [
        Self::User,
        Self::Token,
        Self::Device,
        Self::Product,
        Self::Organisation,
        Self::Integration,
        Self::Secret,
        Self::Setting,
        Self::Case,
        Self::CaseLink,
        Self::Alert,
    ];

    /// The kind of this name in the database.
    fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

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
            Self::Alert => "alert",
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
    /// Adds the document; [`StoreError::Taken`] when there is one of its kind and key.
    Add(Document),
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

/// What another node changed in the directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Elsewhere {
    /// This document, by kind and key: put or removed.
    Document(Kind, String),
    /// Anything, for changes could not be heard of for a while.
    Anything,
}

/// How much may be kept. The last ten successes and errors of an integration always are, and so are the
/// attempts that an issue names, for as long as the issue is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Attempts and events begun before this go, and deliveries that ended before it; so do issues last seen before
    /// it that were resolved, or whose integration is gone.
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
    /// Another document of this kind has the key or the unique key already. Nothing of the change was done.
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

/// What is kept is not what it should be.
fn damaged(why: impl Display) -> StoreError {
    StoreError::Damaged(why.to_string())
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

    /// The next change of the directory that another node made and this one has not been told of; each is told
    /// once, in order, within about a second. A store that only one node uses never tells.
    async fn changed_elsewhere(&self) -> Elsewhere {
        std::future::pending().await
    }

    /// The revisions of an integration, newest first.
    async fn revisions(&self, integration: IntegrationId) -> Result<Vec<Revision>, StoreError>;

    /// Remembers what happened, in order. Returns the issues that opened by it, opened anew or were resolved, as they
    /// stand then; those of a repeat are not among them.
    async fn record(&self, entries: Vec<Entry>) -> Result<Vec<Issue>, StoreError>;

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
