//! What one machine kept, after it was carried into a database.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;

use fieldhook_core::access::Scope;
use fieldhook_core::id::ProductId;
use fieldhook_core::replay::Sending;
use fieldhook_core::time::Day;
use futures_util::future::BoxFuture;
use tempfile::TempDir;

use super::*;
use crate::store::carry::{Shape, TABLES};
use crate::store::contract::balance::the_books_balance_and_equal_the_rows;
use crate::store::contract::making::{
    OTHER_HOOK, OWNER, at, last, of_product, replay, replayed, talkative, test,
};
use crate::store::contract::survival;
use crate::store::sqlite::Sqlite;
use crate::store::{Paging, ReplayWent, carry};

/// A file, and the empty database that it is to be carried into.
struct Move {
    _directory: TempDir,
    from: Sqlite,
    config: PostgresConfig,
}

impl Move {
    fn begin() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let from = Sqlite::open(&directory.path().join("store.db")).unwrap();
        Self { _directory: directory, from, config: PostgresConfig::at(&shared().database()) }
    }

    async fn carried(&self) -> Postgres {
        let to = Postgres::open(&self.config).await.unwrap();
        carry(&self.from, &to).await.unwrap().expect("the database is empty");
        to
    }
}

impl World for Move {
    fn store(&self) -> &dyn Store {
        &self.from
    }

    fn after_a_crash(&self) -> BoxFuture<'_, Box<dyn Store>> {
        Box::pin(async { Box::new(self.carried().await) as Box<dyn Store> })
    }
}

#[tokio::test]
async fn what_survives_a_crash_survives_the_way_into_a_database() {
    survival::what_was_recorded_and_changed_survives_a_crash(&Move::begin()).await;
}

/// Fills a store with all that there is, and with much of it that differs in odd ways.
fn fill(store: &dyn Store, runtime: &tokio::runtime::Runtime) {
    the_books_balance_and_equal_the_rows(store, runtime);
    runtime.block_on(async {
        let odd = "nul \0 and \u{f000} and ü";
        let first =
            Event { idempotency_key: Some(odd.to_owned()), data: Some(odd.to_owned()), ..event(900_001) };
        let second =
            Arc::new(Event { product_version: Some(7), data: None, ..of_product(event(900_002), 12) });
        let first = Arc::new(first);
        let (one, two) = (matched(&first, HOOK), matched(&second, OTHER_HOOK));
        let began = replay(900_010, HOOK);
        let again = replayed(&first, &began);
        let went = ReplayWent {
            replay: began.id,
            integration: HOOK,
            skipped: 2,
            tested: None,
            sending: Sending::Stopped,
            reason: Some(odd.to_owned()),
            at: at(900_020),
        };
        let orphan = matched(&event(900_003), HOOK);
        store
            .record(vec![
                Entry::Event(first.clone()),
                Entry::Event(second.clone()),
                Entry::Matched(one.clone()),
                Entry::Matched(two.clone()),
                attempted(&last(error(&first, &one, 1), Verdict::Failed)),
                attempted(&talkative(&second, &two)),
                attempted(&test(success(&second, &two, 5))),
                Entry::ReplayBegan(Arc::new(began)),
                Entry::Matched(again),
                Entry::ReplayWent(went),
                Entry::Ended(ended(&orphan, Verdict::Dropped)),
                Entry::Used(UsedEntry {
                    event: None,
                    scope: Scope::Product(ProductId(12)),
                    day: Day(20_000),
                    device: second.device(),
                    integration: Some(OTHER_HOOK),
                    publishes: 3,
                    received: 4,
                }),
            ])
            .await
            .unwrap();
        let user = Document {
            kind: Kind::User,
            key: odd.to_owned(),
            unique: Some("ann".to_owned()),
            body: vec![0, 1],
        };
        let revision = Revision {
            integration: HOOK,
            revision: 1,
            saved_at: at(1),
            saved_by: Some(OWNER),
            body: vec![0, 255],
        };
        store
            .change(vec![Change::Put(user), Change::Put(setting("s")), Change::AddRevision(revision)])
            .await
            .unwrap();
    });
}

/// Every answer that the store has, in words.
async fn answers(store: &dyn Store) -> BTreeMap<String, String> {
    let mut told = BTreeMap::new();
    let mut tell = |what: &str, answer: &dyn Debug| told.insert(what.to_owned(), format!("{answer:#?}"));
    let scopes = vec![MINE, Scope::Product(ProductId(12))];
    let paging = Paging { limit: 1_000, cursor: None };
    for kind in Kind::ALL {
        let mut documents = store.documents(kind).await.unwrap();
        documents.sort_by(|a, b| a.key.cmp(&b.key));
        tell(kind.as_str(), &documents);
    }
    tell("revisions", &store.revisions(HOOK).await.unwrap());
    let mut heard = store.heard().await.unwrap();
    heard.sort();
    tell("heard", &heard);

    let query = EventQuery { scopes: scopes.clone(), ..EventQuery::default() };
    tell("events", &store.events(&query, &paging).await.unwrap());
    let query = AttemptQuery { scopes: scopes.clone(), ..AttemptQuery::default() };
    let (mut log, mut paging_log) = (Vec::new(), paging.clone());
    loop {
        let page = store.attempts(&query, &paging_log).await.unwrap();
        log.extend(page.items);
        paging_log.cursor = page.next;
        if paging_log.cursor.is_none() {
            break;
        }
    }
    tell("log", &log);
    for row in &log {
        tell(&format!("attempt {}", row.id), &store.attempt(row.id).await.unwrap());
    }
    let integrations: BTreeSet<_> = log.iter().map(|row| row.integration).collect();
    let integrations: Vec<_> = integrations.into_iter().collect();
    for integration in &integrations {
        let query = DeliveryQuery { integration: Some(*integration), ..DeliveryQuery::default() };
        tell(&format!("deliveries {integration}"), &store.deliveries(&query, &paging).await.unwrap());
    }
    let mut books = store.books(&integrations).await.unwrap();
    books.sort_by_key(|(integration, _)| *integration);
    tell("books", &books);
    let mut days = store.day_counts(&integrations, Day(0)).await.unwrap();
    days.sort_by_key(|day| (day.day, day.integration));
    tell("days", &days);
    let mut standings = store.standings(&integrations).await.unwrap();
    standings.sort_by_key(|standing| standing.integration);
    tell("standings", &standings);
    let query = IssueQuery { scopes: scopes.clone(), ..IssueQuery::default() };
    tell("issues", &store.issues(&query, &paging).await.unwrap());
    let query = ReplayQuery { scopes: scopes.clone(), integration: None };
    tell("replays", &store.replays(&query, &paging).await.unwrap());
    for by in [UsageBy::Integration, UsageBy::Device] {
        let query = UsageQuery { scopes: scopes.clone(), since: Day(0), until: Day(40_000), by };
        let mut usage = store.usage(&query).await.unwrap();
        usage.sort_by_key(|row| format!("{row:?}"));
        tell(&format!("usage by {by:?}"), &usage);
    }
    told
}

#[test]
fn a_database_that_was_carried_into_gives_every_answer_that_the_file_gave_and_goes_on_from_there() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let way = Move::begin();
    fill(&way.from, &runtime);
    runtime.block_on(async {
        let to = way.carried().await;
        let (before, after) = (answers(&way.from).await, answers(&to).await);
        assert!(before.len() > 200, "{} are too few to compare", before.len());
        assert_eq!(before.keys().collect::<Vec<_>>(), after.keys().collect::<Vec<_>>());
        for (what, answer) in &before {
            assert_eq!(answer, &after[what], "{what}");
        }

        let next = Arc::new(event(999_999));
        let entry = matched(&next, HOOK);
        let attempt = success(&next, &entry, 1);
        to.record(vec![Entry::Event(next), Entry::Matched(entry), attempted(&attempt)]).await.unwrap();
        let query = AttemptQuery { scopes: vec![MINE], ..AttemptQuery::default() };
        let newest = to.attempts(&query, &Paging { limit: 1, cursor: None }).await.unwrap().items;
        assert_eq!(newest[0].id, attempt.id);
        assert!(carry(&way.from, &to).await.unwrap().is_none(), "it is not empty any more");
    });
}

#[tokio::test]
async fn every_table_and_column_is_carried() {
    let way = Move::begin();
    let to = Postgres::open(&way.config).await.unwrap();
    let named: BTreeSet<_> = TABLES
        .iter()
        .flat_map(|table| table.columns.iter().map(|(column, _)| format!("{}.{column}", table.name)))
        .collect();

    let in_file = way.from.columns().await.unwrap().into_iter().collect::<BTreeSet<_>>();
    assert_eq!(in_file, named);
    let sql = "SELECT table_name || '.' || column_name, udt_name FROM information_schema.columns \
        WHERE table_schema = current_schema() AND table_name NOT IN ('fieldhook', 'batches')";
    let rows = to.pool.get().await.unwrap().query(sql, &[]).await.unwrap();
    let in_database: BTreeMap<String, String> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
    let weights = ["attempts.bytes", "events.bytes"];
    let kept: BTreeSet<_> =
        in_database.keys().filter(|name| !weights.contains(&name.as_str())).cloned().collect();
    assert_eq!(kept, named);
    for table in TABLES {
        for (column, shape) in table.columns {
            let kind = match shape {
                Shape::Id => "uuid",
                Shape::Bytes => "bytea",
                Shape::Long => "int8",
                Shape::Int => "int4",
                Shape::Short => "int2",
                Shape::Flag => "bool",
                Shape::Text | Shape::Word => "text",
            };
            assert_eq!(in_database[&format!("{}.{column}", table.name)], kind, "{}.{column}", table.name);
        }
    }
}
