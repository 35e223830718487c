//! Cursors, with which a reader asks for the next page of a list.

use std::cell::OnceCell;
use std::sync::Arc;

use fieldhook_core::access::Scope;
use fieldhook_core::event::Event;
use fieldhook_core::id::{EventId, UserId};
use fieldhook_server::store::sqlite::Sqlite;
use fieldhook_server::store::{Entry, EventQuery, Paging, Store, StoreError};
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};

use crate::integration::{T0, event};
use crate::pieces;

const EVENTS: u8 = 5;

/// A store with some events, and what it takes to ask it.
struct Stored {
    store: Sqlite,
    runtime: Runtime,
    _dir: TempDir,
}

thread_local! {
    static STORED: OnceCell<Stored> = const { OnceCell::new() };
}

/// A text that the store did not write as a cursor is refused as such; one that it might have written leads to a
/// page whose own cursor leads to the end.
pub(crate) fn only_cursors_of_the_store_lead_on(bytes: &[u8]) {
    let [text] = pieces(bytes);
    STORED.with(|stored| {
        let stored = stored.get_or_init(Stored::new);
        let mut cursor = Some(text.clone());
        let mut seen = Vec::new();
        for _ in 0..=EVENTS {
            let Some(at) = cursor.take() else { break };
            match stored.page(&at) {
                Ok((events, next)) => {
                    let digits = at.get(1..).unwrap_or_default();
                    assert!(digits.len() == 32 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
                    seen.extend(events);
                    cursor = next;
                }
                Err(StoreError::Cursor(_)) => assert_eq!(at, text, "a cursor of the store is taken"),
                Err(other) => panic!("{other}"),
            }
        }
        assert_eq!(cursor, None, "a list ends");
        assert!(seen.is_sorted_by(|newer, older| newer > older), "newest first, and each once");
    });
}

impl Stored {
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("a directory can be made");
        let store = Sqlite::open(&dir.path().join("store.sqlite")).expect("a new store opens");
        let runtime = Builder::new_current_thread().build().expect("a runtime starts");
        let entry = |n| {
            let id = EventId::new(T0, [n; 10]);
            Entry::Event(Arc::new(Event { id, ..(*event("temp", "21.5")).clone() }))
        };
        let entries = (0..EVENTS).map(entry).collect::<Vec<_>>();
        runtime.block_on(store.record(entries)).expect("events are recorded");
        Self { store, runtime, _dir: dir }
    }

    fn page(&self, cursor: &str) -> Result<(Vec<EventId>, Option<String>), StoreError> {
        let query = EventQuery { scopes: vec![Scope::User(UserId([1; 12]))], ..EventQuery::default() };
        let paging = Paging { limit: 2, cursor: Some(cursor.to_owned()) };
        let page = self.runtime.block_on(self.store.events(&query, &paging))?;
        Ok((page.items.iter().map(|event| event.id).collect(), page.next))
    }
}
