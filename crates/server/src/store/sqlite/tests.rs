//! The contract on SQLite, and what only SQLite can show.

use std::path::Path;
use std::sync::Arc;

use fieldhook_core::attempt::Verdict;
use futures_util::future::BoxFuture;
use tempfile::TempDir;

use super::*;
use crate::store::contract::making::{HOOK, MINE, attempted, ended, event, matched, success};
use crate::store::contract::promises;
use crate::store::contract::survival::World;
use crate::store::{AttemptQuery, Document};

promises!(fresh, files);

async fn fresh() -> (Sqlite, TempDir) {
    let directory = tempfile::tempdir().unwrap();
    let store = Sqlite::open(&file(directory.path())).unwrap();
    (store, directory)
}

fn file(directory: &Path) -> PathBuf {
    directory.join("store.db")
}

/// A store whose files can be looked at as they lie there at any moment.
struct Files {
    store: Sqlite,
    directory: TempDir,
}

async fn files() -> (Files, ()) {
    let (store, directory) = fresh().await;
    (Files { store, directory }, ())
}

impl World for Files {
    fn store(&self) -> &dyn Store {
        &self.store
    }

    fn after_a_crash(&self) -> BoxFuture<'_, Box<dyn Store>> {
        let copy = self.directory.path().join("copy");
        std::fs::create_dir(&copy).unwrap();
        for name in ["store.db", "store.db-wal"] {
            std::fs::copy(self.directory.path().join(name), copy.join(name)).unwrap();
        }
        let store = Sqlite::open(&file(&copy)).unwrap();
        Box::pin(async { Box::new(store) as Box<dyn Store> })
    }
}

#[tokio::test]
async fn what_was_closed_opens_again() {
    let (store, directory) = fresh().await;
    let event = Arc::new(event(1));
    store.record(vec![Entry::Event(event.clone())]).await.unwrap();
    store.close().await.unwrap();

    assert!(!directory.path().join("store.db-wal").exists(), "all is in the one file");
    let again = Sqlite::open(&file(directory.path())).unwrap();
    assert!(again.event(event.id).await.unwrap().is_some());
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_refused_with_what_to_do() {
    let (store, directory) = fresh().await;
    store
        .writer
        .run(|writer| writer.pragma_update(None, "user_version", 99).map_err(schema::failed))
        .await
        .unwrap();
    store.close().await.unwrap();

    let refusal = Sqlite::open(&file(directory.path())).err().unwrap().to_string();
    assert!(refusal.contains("number 99") && refusal.contains("newer version"), "{refusal}");
}

#[tokio::test]
async fn a_file_that_is_no_database_is_damaged_and_left_as_it_is() {
    let directory = tempfile::tempdir().unwrap();
    let path = file(directory.path());
    std::fs::write(&path, "not a database, but long enough to be looked at ".repeat(40)).unwrap();

    assert!(matches!(Sqlite::open(&path), Err(StoreError::Damaged(_))));
    assert!(std::fs::read_to_string(&path).unwrap().starts_with("not a database"));
}

#[tokio::test]
async fn a_directory_that_is_not_there_is_named_as_unavailable() {
    let directory = tempfile::tempdir().unwrap();
    let opened = Sqlite::open(&directory.path().join("nowhere").join("store.db"));
    assert!(matches!(opened, Err(StoreError::Unavailable(_))));
}

/// Stands in for a full disk: no page more than now.
async fn fill_the_disk(store: &Sqlite, full: bool) {
    let pages = if full { 1 } else { i64::from(u32::MAX - 1) };
    let set = move |writer: &mut rusqlite::Connection| {
        writer.query_row(&format!("PRAGMA max_page_count = {pages}"), [], |_| Ok(())).map_err(schema::failed)
    };
    store.writer.run(set).await.unwrap();
}

#[tokio::test]
async fn a_full_disk_is_unavailable_until_there_is_room_again() {
    let (store, _directory) = fresh().await;
    let wide = Document { kind: Kind::Setting, key: "k".to_owned(), unique: None, body: vec![7; 100_000] };
    let event = Arc::new(Event { data: Some("x".repeat(100_000)), ..event(1) });
    let entry = matched(&event, HOOK);
    let entries = vec![Entry::Matched(entry.clone()), attempted(&success(&event, &entry, 1))];

    fill_the_disk(&store, true).await;
    for _ in 0..2 {
        assert!(matches!(store.record(entries.clone()).await, Err(StoreError::Unavailable(_))));
        let changed = store.change(vec![Change::Put(wide.clone())]).await;
        assert!(matches!(changed, Err(StoreError::Unavailable(_))));
        assert_eq!(store.books(&[HOOK]).await.unwrap(), [], "reads go on, and nothing was half done");
    }

    fill_the_disk(&store, false).await;
    store.record(entries).await.unwrap();
    store.change(vec![Change::Put(wide)]).await.unwrap();
    assert_eq!(store.books(&[HOOK]).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_long_search_stops_for_breath_and_goes_on() {
    let (store, _directory) = fresh().await;
    let first = Arc::new(Event { data: Some("needle".to_owned()), ..event(0) });
    let mut entries = vec![attempted(&success(&first, &matched(&first, HOOK), 1))];
    entries.extend((1..=4_100).map(|number| {
        let event = Arc::new(event(number));
        attempted(&success(&event, &matched(&event, HOOK), 1))
    }));
    store.record(entries).await.unwrap();
    let text = Some("NEEDLE".to_owned());
    let query = AttemptQuery { scopes: vec![MINE], text, ..AttemptQuery::default() };

    let page = store.attempts(&query, &Paging { limit: 5, cursor: None }).await.unwrap();
    assert!(page.items.is_empty() && page.next.is_some());
    let rest = store.attempts(&query, &Paging { limit: 5, cursor: page.next }).await.unwrap();
    assert_eq!((rest.items.len(), rest.next), (1, None));
}

#[tokio::test]
async fn room_that_was_freed_is_used_again() {
    let (store, _directory) = fresh().await;
    let wide = |number: u64| {
        let event = Event { data: Some("x".repeat(10_000)), ..event(number) };
        Entry::Event(Arc::new(event))
    };
    let mut sizes = Vec::new();
    for round in 0..4_u64 {
        store.record((0..200).map(|number| wide(round * 1_000 + number)).collect()).await.unwrap();
        let all_gone = Retention {
            attempts_since: Timestamp::from_millis(i64::MAX),
            counts_since: Day(0),
            most_bytes: u64::MAX,
            keys_since: Timestamp::from_millis(0),
        };
        assert_eq!(store.prune(&all_gone).await.unwrap(), 200);
        let pages = |reader: &rusqlite::Connection| {
            reader.query_row("PRAGMA page_count", [], |row| row.get::<_, i64>(0)).map_err(schema::failed)
        };
        sizes.push(store.readers.run(pages).await.unwrap());
    }
    assert!(sizes[3] <= sizes[0] + sizes[0] / 10, "{sizes:?}");
}

#[tokio::test]
async fn an_end_that_found_its_delivery_waits_no_longer() {
    let (store, _directory) = fresh().await;
    let event = Arc::new(event(1));
    let entry = matched(&event, HOOK);
    store.record(vec![Entry::Ended(ended(&entry, Verdict::Dropped))]).await.unwrap();
    store.record(vec![Entry::Matched(entry)]).await.unwrap();
    let waiting = |reader: &rusqlite::Connection| {
        reader
            .query_row("SELECT count(*) FROM early_ends", [], |row| row.get::<_, i64>(0))
            .map_err(schema::failed)
    };
    assert_eq!(store.readers.run(waiting).await.unwrap(), 0);
}
