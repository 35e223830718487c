//! The contract on PostgreSQL, and what only PostgreSQL can show.

use std::sync::Arc;

use fieldhook_core::attempt::Verdict;
use futures_util::future::BoxFuture;

use self::server::{Server, shared};
use super::*;
use crate::store::contract::making::{HOOK, MINE, attempted, ended, error, event, matched, success};
use crate::store::contract::promises;
use crate::store::contract::survival::World;
use crate::store::{UsageBy, UsedEntry};

mod carried;
mod server;

promises!(fresh, found_again);

pub(super) async fn fresh() -> (Postgres, ()) {
    let config = PostgresConfig::at(&shared().database());
    (Postgres::open(&config).await.unwrap(), ())
}

/// A store whose database another node can open at any moment.
struct FoundAgain {
    store: Postgres,
    config: PostgresConfig,
}

async fn found_again() -> (FoundAgain, ()) {
    let config = PostgresConfig::at(&shared().database());
    (FoundAgain { store: Postgres::open(&config).await.unwrap(), config }, ())
}

impl World for FoundAgain {
    fn store(&self) -> &dyn Store {
        &self.store
    }

    fn after_a_crash(&self) -> BoxFuture<'_, Box<dyn Store>> {
        Box::pin(async { Box::new(Postgres::open(&self.config).await.unwrap()) as Box<dyn Store> })
    }
}

/// Two nodes on one database.
async fn two_nodes() -> (Postgres, Postgres) {
    let config = PostgresConfig::at(&shared().database());
    (Postgres::open(&config).await.unwrap(), Postgres::open(&config).await.unwrap())
}

fn setting(key: &str) -> Document {
    Document { kind: Kind::Setting, key: key.to_owned(), unique: None, body: vec![1] }
}

#[tokio::test]
async fn nodes_that_start_at_once_on_an_empty_database_make_the_tables_once() {
    let config = PostgresConfig::at(&shared().database());
    let opened = futures_util::future::join_all((0..6).map(|_| Postgres::open(&config))).await;
    for store in opened {
        store.unwrap().change(vec![Change::Put(setting("a"))]).await.unwrap();
    }
}

#[tokio::test]
async fn what_one_node_changes_the_others_hear_and_it_does_not() {
    let (here, there) = two_nodes().await;
    let user =
        Document { kind: Kind::User, key: "k\0".to_owned(), unique: Some("ann".to_owned()), body: vec![1] };
    here.change(vec![Change::Put(user), Change::Remove(Kind::CaseLink, "x".to_owned())]).await.unwrap();
    assert_eq!(there.changed_elsewhere().await, Elsewhere::Document(Kind::User, "k\0".to_owned()));
    assert_eq!(there.changed_elsewhere().await, Elsewhere::Document(Kind::CaseLink, "x".to_owned()));

    there.change(vec![Change::Put(setting("b"))]).await.unwrap();
    let heard = here.changed_elsewhere().await;
    assert_eq!(heard, Elsewhere::Document(Kind::Setting, "b".to_owned()), "and not what it changed itself");
}

#[tokio::test]
async fn a_change_that_is_not_done_is_not_told() {
    let (here, there) = two_nodes().await;
    let named = |key: &str| Document { unique: Some("ann".to_owned()), ..setting(key) };
    here.change(vec![Change::Put(named("a"))]).await.unwrap();
    let taken = here.change(vec![Change::Put(setting("b")), Change::Put(named("c"))]).await;
    assert!(matches!(taken, Err(StoreError::Taken(Kind::Setting, name)) if name == "ann"));
    here.change(vec![Change::Put(setting("d"))]).await.unwrap();
    for key in ["a", "d"] {
        assert_eq!(there.changed_elsewhere().await, Elsewhere::Document(Kind::Setting, key.to_owned()));
    }
}

#[tokio::test]
async fn very_many_changes_at_once_are_told_as_one() {
    let (here, there) = two_nodes().await;
    let many = (0..1_000).map(|number| Change::Put(setting(&number.to_string())));
    here.change(many.collect()).await.unwrap();
    assert_eq!(there.changed_elsewhere().await, Elsewhere::Anything);
}

#[tokio::test]
async fn text_that_postgresql_does_not_take_comes_back_as_it_went() {
    let (store, ()) = fresh().await;
    let odd = "a\0b\u{f000}0c";
    let event =
        Arc::new(Event { data: Some(odd.to_owned()), idempotency_key: Some(odd.to_owned()), ..event(1) });
    let entry = matched(&event, HOOK);
    let attempt = Attempt { message: Some(odd.to_owned()), ..success(&event, &entry, 1) };
    store.record(vec![Entry::Event(event.clone()), attempted(&attempt)]).await.unwrap();

    assert_eq!(store.event(event.id).await.unwrap().as_ref(), Some(&*event));
    assert_eq!(store.attempt(attempt.id).await.unwrap(), Some(attempt));
    let text = Some("A\0B\u{f000}0".to_owned());
    let query = AttemptQuery { scopes: vec![MINE], text, ..AttemptQuery::default() };
    let found = store.attempts(&query, &Paging { limit: 5, cursor: None }).await.unwrap();
    assert_eq!(found.items.len(), 1, "and it is found");
}

#[tokio::test]
async fn nodes_that_record_the_same_at_once_count_it_once() {
    let (here, there) = two_nodes().await;
    let mut entries = Vec::new();
    for number in 0..200 {
        let event = Arc::new(event(number));
        let entry = matched(&event, HOOK);
        entries.push(Entry::Event(event.clone()));
        entries.push(Entry::Matched(entry.clone()));
        let attempt = if number % 2 == 0 { success(&event, &entry, 1) } else { error(&event, &entry, 1) };
        entries.push(attempted(&attempt));
    }
    // Brought in other orders and cuts, as by a node that took over from another.
    let backwards: Vec<Entry> = entries.iter().rev().cloned().collect();
    let by = async |store: &Postgres, entries: &[Entry], cut: usize| {
        for part in entries.chunks(cut) {
            store.record(part.to_vec()).await.unwrap();
        }
    };
    tokio::join!(by(&here, &entries, 60), by(&there, &backwards, 45), by(&here, &entries, 33));

    let (_, books) = here.books(&[HOOK]).await.unwrap()[0];
    assert_eq!((books.matched, books.delivered, books.waiting), (200, 100, 100));
    let day = there.day_counts(&[HOOK], Day(0)).await.unwrap()[0];
    assert_eq!((day.success, day.error), (100, 100));
    let issues = IssueQuery { scopes: vec![MINE], ..IssueQuery::default() };
    let issues = there.issues(&issues, &Paging { limit: 10, cursor: None }).await.unwrap().items;
    assert_eq!((issues.len(), issues[0].count), (1, 100));
}

#[tokio::test]
async fn what_is_pruned_while_nodes_record_leaves_no_attempt_without_its_event() {
    let (here, there) = two_nodes().await;
    let everything = Retention {
        attempts_since: Timestamp::from_millis(i64::MAX),
        counts_since: Day(0),
        most_bytes: 0,
        keys_since: Timestamp::from_millis(0),
    };
    let recording = async {
        for round in 0..30 {
            let events: Vec<_> = (0..20).map(|number| Arc::new(event(number))).collect();
            let entries =
                events.iter().map(|event| attempted(&success(event, &matched(event, HOOK), round + 1)));
            here.record(entries.collect()).await.unwrap();
        }
    };
    let pruning = async {
        for _ in 0..30 {
            there.prune(&everything).await.unwrap();
        }
    };
    tokio::join!(recording, pruning);

    let client = here.pool.get().await.unwrap();
    let orphans =
        "SELECT count(*) FROM attempts a WHERE NOT EXISTS (SELECT 1 FROM events e WHERE e.id = a.event)";
    let orphans: i64 = client.query_one(orphans, &[]).await.unwrap().get(0);
    assert_eq!(orphans, 0);
}

#[tokio::test]
async fn a_batch_whose_end_was_not_heard_of_is_not_written_twice() {
    let (store, ()) = fresh().await;
    let used = UsedEntry {
        event: None,
        day: Day(1),
        scope: MINE,
        device: None,
        integration: None,
        publishes: 0,
        received: 3,
    };
    let entries = vec![Entry::Used(used)];
    // The first batch ends well, and nobody tells.
    store.record(entries.clone()).await.unwrap();
    *store.doubt.lock() = Some(Doubt::about(1, &entries));
    store.record(entries.clone()).await.unwrap();
    let query = UsageQuery { by: UsageBy::Day, scopes: vec![MINE], since: Day(0), until: Day(9) };
    assert_eq!(store.usage(&query).await.unwrap()[0].received, 3);
    store.record(entries.clone()).await.unwrap();
    assert_eq!(store.usage(&query).await.unwrap()[0].received, 6, "what comes again by itself counts again");

    // The third batch never ended, whatever others have ended since.
    *store.doubt.lock() = Some(Doubt::about(3, &entries));
    store.record(entries).await.unwrap();
    assert_eq!(store.usage(&query).await.unwrap()[0].received, 9);
}

#[tokio::test]
async fn a_server_that_goes_away_is_unavailable_until_it_is_back_and_nothing_is_lost() {
    let mut server = Server::own();
    let config = PostgresConfig::at(&server.database());
    let (store, other) = (Postgres::open(&config).await.unwrap(), Postgres::open(&config).await.unwrap());
    let event = Arc::new(event(1));
    store.record(vec![Entry::Event(event.clone()), Entry::Matched(matched(&event, HOOK))]).await.unwrap();

    server.kill();
    let refused = store.record(vec![Entry::Event(event.clone())]).await;
    assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
    let refused = store.documents(Kind::User).await;
    assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");

    server.start_again();
    let (_, books) = store.books(&[HOOK]).await.unwrap()[0];
    assert_eq!(books.waiting, 1);
    store.change(vec![Change::Put(setting("a"))]).await.unwrap();
    assert_eq!(other.changed_elsewhere().await, Elsewhere::Anything, "what it may have missed");
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_refused_with_what_to_do() {
    let config = PostgresConfig::at(&shared().database());
    let store = Postgres::open(&config).await.unwrap();
    store.pool.get().await.unwrap().batch_execute("UPDATE fieldhook SET version = 99").await.unwrap();
    let refusal = Postgres::open(&config).await.err().unwrap().to_string();
    assert!(refusal.contains("number 99") && refusal.contains("newer version"), "{refusal}");
}

#[tokio::test]
async fn a_server_that_cannot_be_reached_or_used_is_named_with_what_to_check() {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = nobody.local_addr().unwrap().port();
    drop(nobody);
    let url = format!("postgres://me:secret@127.0.0.1:{port}/fleet");
    let refusal = Postgres::open(&PostgresConfig::at(&url)).await.err().unwrap().to_string();
    assert!(refusal.contains(&format!("127.0.0.1:{port}, database fleet, user me")), "{refusal}");
    assert!(refusal.contains("refused") && !refusal.contains("secret"), "{refusal}");

    let missing = shared().database().replace("/t", "/missing");
    let refusal = Postgres::open(&PostgresConfig::at(&missing)).await.err().unwrap();
    assert!(matches!(&refusal, StoreError::Unavailable(why) if why.contains("does not exist")), "{refusal}");
}

#[tokio::test]
async fn a_long_search_stops_for_breath_and_goes_on() {
    let (store, ()) = fresh().await;
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
async fn an_end_that_found_its_delivery_waits_no_longer() {
    let (store, ()) = fresh().await;
    let event = Arc::new(event(1));
    let entry = matched(&event, HOOK);
    store.record(vec![Entry::Ended(ended(&entry, Verdict::Dropped))]).await.unwrap();
    store.record(vec![Entry::Matched(entry)]).await.unwrap();
    let client = store.pool.get().await.unwrap();
    let waiting: i64 = client.query_one("SELECT count(*) FROM early_ends", &[]).await.unwrap().get(0);
    assert_eq!(waiting, 0);
}
