//! A store in one SQLite file.
//!
//! One thread writes, a few connections read beside it. A call of `record` is one transaction.

use std::path::{Path, PathBuf};

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

use self::connections::{Readers, Writer};
use self::issues::Watched;
use super::carry::{Rows, Table};
use super::numbers::key_slot;
use super::{
    AttemptQuery, AttemptRow, BookRow, Change, DayCount, DeliveryQuery, DeliveryRow, Document, Entry,
    EventQuery, IssueQuery, Kind, Page, Paging, Reached, ReplayQuery, ReplayRow, Retention, Revision,
    Standing, Store, StoreError, UndeliveredQuery, UsageQuery, UsageRow,
};

mod books;
mod codec;
mod connections;
mod deliveries;
mod directory;
mod export;
mod issues;
mod lists;
mod merge;
mod prune;
mod record;
mod replays;
mod schema;
mod standing;
mod tally;
#[cfg(test)]
mod tests;
mod whole;

/// A store in one SQLite file.
pub struct Sqlite {
    path: PathBuf,
    writer: Writer,
    readers: Readers,
    watched: Watched,
}

impl Sqlite {
    /// Opens the file, makes it when it is not there, and brings it up to date.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let connection = schema::open_writer(path)?;
        let watched = Watched::read(&connection).map_err(schema::failed)?;
        let writer = Writer::start(connection)?;
        Ok(Self { path: path.to_owned(), writer, readers: Readers::new(path), watched })
    }

    /// The rows of a table, while nobody writes.
    pub(super) fn rows(&self, table: &'static Table) -> Rows {
        export::rows(&self.path, table)
    }

    /// Every table and column that there is.
    #[cfg(test)]
    pub(super) async fn columns(&self) -> Result<Vec<String>, StoreError> {
        self.readers.run(|connection| export::columns(connection).map_err(schema::failed)).await
    }
}

#[async_trait]
impl Store for Sqlite {
    async fn documents(&self, kind: Kind) -> Result<Vec<Document>, StoreError> {
        self.readers.run(move |connection| directory::documents(connection, kind)).await
    }

    async fn document(&self, kind: Kind, key: &str) -> Result<Option<Document>, StoreError> {
        let key = key.to_owned();
        self.readers.run(move |connection| directory::document(connection, kind, &key)).await
    }

    async fn change(&self, changes: Vec<Change>) -> Result<(), StoreError> {
        self.writer.run(move |connection| directory::change(connection, &changes)).await
    }

    async fn revisions(&self, integration: IntegrationId) -> Result<Vec<Revision>, StoreError> {
        self.readers.run(move |connection| directory::revisions(connection, integration)).await
    }

    async fn record(&self, entries: Vec<Entry>) -> Result<Vec<Issue>, StoreError> {
        let watched = self.watched.clone();
        self.writer
            .run(move |connection| record::record(connection, &entries, &watched).map_err(schema::failed))
            .await
    }

    async fn event_by_key(
        &self,
        publisher: Publisher,
        owner: Option<UserId>,
        product: Option<ProductId>,
        key: &str,
        since: Timestamp,
    ) -> Result<Option<EventId>, StoreError> {
        let (slot, key) = (key_slot(publisher, owner, product), key.to_owned());
        self.readers.run(move |connection| lists::event_by_key(connection, &slot, &key, since)).await
    }

    async fn attempts(&self, query: &AttemptQuery, paging: &Paging) -> Result<Page<AttemptRow>, StoreError> {
        let (query, paging) = (query.clone(), paging.clone());
        self.readers.run(move |connection| lists::attempts(connection, &query, &paging)).await
    }

    async fn attempt(&self, id: AttemptId) -> Result<Option<Attempt>, StoreError> {
        self.readers.run(move |connection| lists::attempt(connection, id)).await
    }

    async fn last_attempts(
        &self,
        integration: IntegrationId,
        outcome: Outcome,
        most: usize,
    ) -> Result<Vec<Attempt>, StoreError> {
        self.readers.run(move |connection| lists::last_attempts(connection, integration, outcome, most)).await
    }

    async fn events(&self, query: &EventQuery, paging: &Paging) -> Result<Page<Event>, StoreError> {
        let (query, paging) = (query.clone(), paging.clone());
        self.readers.run(move |connection| lists::events(connection, &query, &paging)).await
    }

    async fn event(&self, id: EventId) -> Result<Option<Event>, StoreError> {
        self.readers.run(move |connection| lists::event(connection, id)).await
    }

    async fn heard(&self) -> Result<Vec<(DeviceId, Timestamp)>, StoreError> {
        self.readers.run(lists::heard).await
    }

    async fn deliveries(
        &self,
        query: &DeliveryQuery,
        paging: &Paging,
    ) -> Result<Page<DeliveryRow>, StoreError> {
        let (query, paging) = (query.clone(), paging.clone());
        self.readers.run(move |connection| lists::deliveries(connection, &query, &paging)).await
    }

    async fn delivery(&self, id: DeliveryId) -> Result<Option<DeliveryRow>, StoreError> {
        self.readers
            .run(move |connection| {
                let found = deliveries::delivery(connection, id).map_err(schema::failed)?;
                Ok(found.map(|course| course.into_row(id)))
            })
            .await
    }

    async fn reached(
        &self,
        integration: IntegrationId,
        since: Timestamp,
        until: Timestamp,
    ) -> Result<Reached, StoreError> {
        self.readers
            .run(move |connection| {
                deliveries::reached(connection, integration, since, until).map_err(schema::failed)
            })
            .await
    }

    async fn issues(&self, query: &IssueQuery, paging: &Paging) -> Result<Page<Issue>, StoreError> {
        let (query, paging) = (query.clone(), paging.clone());
        self.readers.run(move |connection| issues::list(connection, &query, &paging)).await
    }

    async fn issue(&self, id: IssueId) -> Result<Option<Issue>, StoreError> {
        self.readers.run(move |connection| issues::one(connection, id).map_err(schema::failed)).await
    }

    async fn put_issue(
        &self,
        id: IssueId,
        state: issue::State,
        by: UserId,
        now: Timestamp,
    ) -> Result<Option<Issue>, StoreError> {
        let watched = self.watched.clone();
        let put = move |connection: &mut rusqlite::Connection| {
            issues::put(connection, &watched, id, state, by, now)
        };
        self.writer.run(move |connection| put(connection).map_err(schema::failed)).await
    }

    async fn day_counts(
        &self,
        integrations: &[IntegrationId],
        since: Day,
    ) -> Result<Vec<DayCount>, StoreError> {
        let integrations = integrations.to_vec();
        self.readers.run(move |connection| books::day_counts(connection, &integrations, since)).await
    }

    async fn books(
        &self,
        integrations: &[IntegrationId],
    ) -> Result<Vec<(IntegrationId, BookRow)>, StoreError> {
        let integrations = integrations.to_vec();
        self.readers.run(move |connection| books::books(connection, &integrations)).await
    }

    async fn standings(&self, integrations: &[IntegrationId]) -> Result<Vec<Standing>, StoreError> {
        let integrations = integrations.to_vec();
        self.readers.run(move |connection| standing::standings(connection, &integrations)).await
    }

    async fn without_success(&self, scope: Scope) -> Result<Vec<(IntegrationId, Last)>, StoreError> {
        self.readers.run(move |connection| standing::without_success(connection, scope)).await
    }

    async fn usage(&self, query: &UsageQuery) -> Result<Vec<UsageRow>, StoreError> {
        let query = query.clone();
        self.readers.run(move |connection| books::usage(connection, &query)).await
    }

    async fn undelivered(&self, query: &UndeliveredQuery) -> Result<Vec<EventId>, StoreError> {
        let query = *query;
        self.readers.run(move |connection| replays::undelivered(connection, &query)).await
    }

    async fn unmatched(
        &self,
        integration: IntegrationId,
        events: &[EventId],
    ) -> Result<Vec<EventId>, StoreError> {
        let events = events.to_vec();
        self.readers.run(move |connection| replays::unmatched(connection, integration, &events)).await
    }

    async fn replays(&self, query: &ReplayQuery, paging: &Paging) -> Result<Page<ReplayRow>, StoreError> {
        let (query, paging) = (query.clone(), paging.clone());
        self.readers.run(move |connection| replays::replays(connection, &query, &paging)).await
    }

    async fn replay(&self, id: ReplayId) -> Result<Option<ReplayRow>, StoreError> {
        self.readers.run(move |connection| replays::replay(connection, id)).await
    }

    async fn unfinished_replays(&self) -> Result<Vec<ReplayRow>, StoreError> {
        self.readers.run(replays::unfinished).await
    }

    async fn prune(&self, keep: &Retention) -> Result<u64, StoreError> {
        prune::prune(&self.writer, *keep).await
    }

    async fn size(&self) -> Result<u64, StoreError> {
        let file = self.path.clone();
        tokio::task::spawn_blocking(move || schema::bytes_on_disk(&file))
            .await
            .map_err(|error| StoreError::Unavailable(error.to_string()))?
    }

    async fn close(&self) -> Result<(), StoreError> {
        self.readers.close().await;
        self.writer.close().await
    }
}
