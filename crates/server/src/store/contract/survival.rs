//! Promises about crashes and ends.

use std::sync::Arc;

use futures_util::future::BoxFuture;

use super::making::{HOOK, attempted, error, event, matched};
use super::take_in;
use crate::store::{Change, Document, Kind, Store, StoreError};

/// A store, and how it would be found by a process that starts after this one was killed now.
pub(crate) trait World: Sync {
    /// The store.
    fn store(&self) -> &dyn Store;
    /// The store after a crash at this moment.
    fn after_a_crash(&self) -> BoxFuture<'_, Box<dyn Store>>;
}

pub(crate) async fn what_was_recorded_and_changed_survives_a_crash(world: &dyn World) {
    let event = Arc::new(event(1));
    let entry = matched(&event, HOOK);
    let attempt = error(&event, &entry, 1);
    let setting = Document { kind: Kind::Setting, key: "a".to_owned(), unique: None, body: vec![1] };
    take_in(world.store(), &event, &[&entry]).await;
    world.store().record(vec![attempted(&attempt)]).await.unwrap();
    world.store().change(vec![Change::Put(setting.clone())]).await.unwrap();

    let found = world.after_a_crash().await;
    assert_eq!(found.event(event.id).await.unwrap().as_ref(), Some(&*event));
    assert_eq!(found.attempt(attempt.id).await.unwrap(), Some(attempt));
    assert_eq!(found.documents(Kind::Setting).await.unwrap(), [setting]);
    let (before, after) = (world.store().books(&[HOOK]).await.unwrap(), found.books(&[HOOK]).await.unwrap());
    assert_eq!(before, after);
}

pub(crate) async fn a_closed_store_says_so(world: &dyn World) {
    let store = world.store();
    store.record(Vec::new()).await.unwrap();
    store.close().await.unwrap();
    store.close().await.unwrap();
    assert!(matches!(store.record(Vec::new()).await, Err(StoreError::Unavailable(_))));
    assert!(matches!(store.documents(Kind::User).await, Err(StoreError::Unavailable(_))));
}
