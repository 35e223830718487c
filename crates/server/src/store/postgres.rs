//! A store in PostgreSQL, which many nodes share.
//!
//! A call of `record` is one transaction of whole columns. What nodes change of the directory they tell each other.

use std::sync::Arc;

use async_trait::async_trait;
use fieldhook_core::access::Scope;
use fieldhook_core::attempt::{Attempt, Outcome};
use fieldhook_core::event::{Event, Publisher};
use fieldhook_core::id::{
    AttemptId, DeliveryId, DeviceId, EventId, IntegrationId, IssueId, ProductId, ReplayId, UserId,
};
use fieldhook_core::issue::{self, Issue};
use fieldhook_core::time::{Day, Timestamp};
use fieldhook_core::trouble::Last;
use parking_lot::Mutex;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use self::failure::Failure;
use self::listen::Heard;
use self::pool::{Pool, within};
use self::record::Doubt;
use super::carry::{Carried, Rows, Table};
use super::numbers::key_slot;
use super::{
    AttemptQuery, AttemptRow, BookRow, Change, DayCount, DeliveryQuery, DeliveryRow, Document, Elsewhere,
    Entry, EventQuery, IssueQuery, Kind, Page, Paging, Reached, ReplayQuery, ReplayRow, Retention, Revision,
    Standing, Store, StoreError, UndeliveredQuery, UsageQuery, UsageRow,
};

mod books;
mod codec;
mod deliveries;
mod directory;
mod failure;
mod import;
mod issues;
mod listen;
mod lists;
mod merge;
mod pool;
mod prune;
mod record;
mod replays;
mod schema;
mod standing;
mod tally;
#[cfg(test)]
mod tests;
mod whole;

pub use self::pool::PostgresConfig;

/// How often a batch is tried that is in the way of another node's.
const TRIES: usize = 8;

/// A store in a PostgreSQL database.
pub struct Postgres {
    pool: Arc<Pool>,
    /// What tells this node's changes from others'.
    node: String,
    heard: Arc<Heard>,
    doubt: Mutex<Option<Doubt>>,
    listening: TaskTracker,
    stop: CancellationToken,
}

impl Postgres {
    /// Connects, makes the tables when they are not there, and brings them up to date.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] names the address, without its password, and what to check;
    /// [`StoreError::Damaged`] says that the tables are of a newer version or the database cannot hold them.
    pub async fn open(config: &PostgresConfig) -> Result<Self, StoreError> {
        let pool = Arc::new(Pool::new(config)?);
        let mut client = pool.get().await?;
        schema::migrate(&mut client).await?;
        let row = client.query_one("SELECT gen_random_uuid()::text", &[]).await.map_err(Failure::from)?;
        let node: String = codec::raw(&row, 0)?;

        let (heard, stop, listening) =
            (Arc::<Heard>::default(), CancellationToken::new(), TaskTracker::new());
        let (ready, is_ready) = oneshot::channel();
        let listener = listen::listen(pool.clone(), heard.clone(), node.clone(), ready, stop.clone());
        listening.spawn(listener);
        is_ready.await.unwrap_or_else(|_| Err(StoreError::Unavailable("it is closed".to_owned())))?;
        Ok(Self { pool, node, heard, doubt: Mutex::default(), listening, stop })
    }

    /// Fills the tables in one transaction, if they are empty. Takes as long as it takes.
    pub(super) async fn fill(
        &self,
        rows: impl Fn(&'static Table) -> Rows,
    ) -> Result<Option<Carried>, StoreError> {
        let mut client = self.pool.get().await?;
        Ok(import::fill(&mut client, rows).await?)
    }
}

#[async_trait]
impl Store for Postgres {
    async fn documents(&self, kind: Kind) -> Result<Vec<Document>, StoreError> {
        let client = self.pool.get().await?;
        within(directory::documents(&client, kind)).await
    }

    async fn document(&self, kind: Kind, key: &str) -> Result<Option<Document>, StoreError> {
        let client = self.pool.get().await?;
        within(directory::document(&client, kind, key)).await
    }

    async fn change(&self, changes: Vec<Change>) -> Result<(), StoreError> {
        let mut client = self.pool.get().await?;
        within(directory::change(&mut client, &self.node, &changes)).await
    }

    async fn changed_elsewhere(&self) -> Elsewhere {
        self.heard.next().await
    }

    async fn revisions(&self, integration: IntegrationId) -> Result<Vec<Revision>, StoreError> {
        let client = self.pool.get().await?;
        within(directory::revisions(&client, integration)).await
    }

    async fn record(&self, entries: Vec<Entry>) -> Result<Vec<Issue>, StoreError> {
        let mut tries = 1;
        loop {
            let mut client = self.pool.get().await?;
            let recorded = async { Ok(record::record(&mut client, &self.node, &entries, &self.doubt).await) };
            match within::<_, StoreError>(recorded).await? {
                Err(failure) if failure.is_a_clash() && tries < TRIES => tries += 1,
                recorded => return recorded.map_err(StoreError::from),
            }
        }
    }

    async fn event_by_key(
        &self,
        publisher: Publisher,
        owner: Option<UserId>,
        product: Option<ProductId>,
        key: &str,
        since: Timestamp,
    ) -> Result<Option<EventId>, StoreError> {
        let client = self.pool.get().await?;
        let slot = key_slot(publisher, owner, product);
        within(lists::event_by_key(&client, &slot, key, since)).await
    }

    async fn attempts(&self, query: &AttemptQuery, paging: &Paging) -> Result<Page<AttemptRow>, StoreError> {
        let client = self.pool.get().await?;
        within(lists::attempts(&client, query, paging)).await
    }

    async fn attempt(&self, id: AttemptId) -> Result<Option<Attempt>, StoreError> {
        let client = self.pool.get().await?;
        within(lists::attempt(&client, id)).await
    }

    async fn last_attempts(
        &self,
        integration: IntegrationId,
        outcome: Outcome,
        most: usize,
    ) -> Result<Vec<Attempt>, StoreError> {
        let client = self.pool.get().await?;
        within(lists::last_attempts(&client, integration, outcome, most)).await
    }

    async fn events(&self, query: &EventQuery, paging: &Paging) -> Result<Page<Event>, StoreError> {
        let client = self.pool.get().await?;
        within(lists::events(&client, query, paging)).await
    }

    async fn event(&self, id: EventId) -> Result<Option<Event>, StoreError> {
        let client = self.pool.get().await?;
        within(lists::event(&client, id)).await
    }

    async fn heard(&self) -> Result<Vec<(DeviceId, Timestamp)>, StoreError> {
        let client = self.pool.get().await?;
        within(lists::heard(&client)).await
    }

    async fn deliveries(
        &self,
        query: &DeliveryQuery,
        paging: &Paging,
    ) -> Result<Page<DeliveryRow>, StoreError> {
        let client = self.pool.get().await?;
        within(lists::deliveries(&client, query, paging)).await
    }

    async fn delivery(&self, id: DeliveryId) -> Result<Option<DeliveryRow>, StoreError> {
        let client = self.pool.get().await?;
        let found = within(deliveries::delivery(&client, id)).await?;
        Ok(found.map(|course| course.into_row(id)))
    }

    async fn reached(
        &self,
        integration: IntegrationId,
        since: Timestamp,
        until: Timestamp,
    ) -> Result<Reached, StoreError> {
        let client = self.pool.get().await?;
        within(deliveries::reached(&client, integration, since, until)).await
    }

    async fn issues(&self, query: &IssueQuery, paging: &Paging) -> Result<Page<Issue>, StoreError> {
        let client = self.pool.get().await?;
        within(issues::list(&client, query, paging)).await
    }

    async fn issue(&self, id: IssueId) -> Result<Option<Issue>, StoreError> {
        let client = self.pool.get().await?;
        within(issues::one(&client, id)).await
    }

    async fn put_issue(
        &self,
        id: IssueId,
        state: issue::State,
        by: UserId,
        now: Timestamp,
    ) -> Result<Option<Issue>, StoreError> {
        let mut client = self.pool.get().await?;
        within(issues::put(&mut client, id, state, by, now)).await
    }

    async fn day_counts(
        &self,
        integrations: &[IntegrationId],
        since: Day,
    ) -> Result<Vec<DayCount>, StoreError> {
        let client = self.pool.get().await?;
        within(books::day_counts(&client, integrations, since)).await
    }

    async fn books(
        &self,
        integrations: &[IntegrationId],
    ) -> Result<Vec<(IntegrationId, BookRow)>, StoreError> {
        let client = self.pool.get().await?;
        within(books::books(&client, integrations)).await
    }

    async fn standings(&self, integrations: &[IntegrationId]) -> Result<Vec<Standing>, StoreError> {
        let client = self.pool.get().await?;
        within(standing::standings(&client, integrations)).await
    }

    async fn without_success(&self, scope: Scope) -> Result<Vec<(IntegrationId, Last)>, StoreError> {
        let client = self.pool.get().await?;
        within(standing::without_success(&client, scope)).await
    }

    async fn usage(&self, query: &UsageQuery) -> Result<Vec<UsageRow>, StoreError> {
        let client = self.pool.get().await?;
        within(books::usage(&client, query)).await
    }

    async fn undelivered(&self, query: &UndeliveredQuery) -> Result<Vec<EventId>, StoreError> {
        let client = self.pool.get().await?;
        within(replays::undelivered(&client, query)).await
    }

    async fn unmatched(
        &self,
        integration: IntegrationId,
        events: &[EventId],
    ) -> Result<Vec<EventId>, StoreError> {
        let client = self.pool.get().await?;
        within(replays::unmatched(&client, integration, events)).await
    }

    async fn replays(&self, query: &ReplayQuery, paging: &Paging) -> Result<Page<ReplayRow>, StoreError> {
        let client = self.pool.get().await?;
        within(replays::replays(&client, query, paging)).await
    }

    async fn replay(&self, id: ReplayId) -> Result<Option<ReplayRow>, StoreError> {
        let client = self.pool.get().await?;
        within(replays::replay(&client, id)).await
    }

    async fn unfinished_replays(&self) -> Result<Vec<ReplayRow>, StoreError> {
        let client = self.pool.get().await?;
        within(replays::unfinished(&client)).await
    }

    async fn prune(&self, keep: &Retention) -> Result<u64, StoreError> {
        prune::prune(&self.pool, keep).await
    }

    async fn size(&self) -> Result<u64, StoreError> {
        let client = self.pool.get().await?;
        within(schema::size(&client)).await
    }

    async fn close(&self) -> Result<(), StoreError> {
        self.stop.cancel();
        self.listening.close();
        self.listening.wait().await;
        self.pool.close();
        Ok(())
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}
