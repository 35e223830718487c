//! Promises about the directory.

use super::making::{HOOK, NOON, OTHER_HOOK, OWNER};
use crate::store::{Change, Document, Kind, Revision, Store, StoreError};

fn user(key: &str, name: &str) -> Document {
    let body = format!("{key} {name}").into_bytes();
    Document { kind: Kind::User, key: key.to_owned(), unique: Some(name.to_owned()), body }
}

fn revision(number: u32, body: &str) -> Revision {
    let body = body.as_bytes().to_vec();
    Revision { integration: HOOK, revision: number, saved_at: NOON, saved_by: Some(OWNER), body }
}

pub(crate) async fn a_document_is_there_until_it_is_removed(store: &dyn Store) {
    let setting = Document { kind: Kind::Setting, key: "u1".to_owned(), unique: None, body: vec![0, 255] };
    store.change(vec![Change::Put(user("u1", "ann")), Change::Put(setting.clone())]).await.unwrap();
    store.change(vec![Change::Put(user("u1", "bea"))]).await.unwrap();
    assert_eq!(store.documents(Kind::User).await.unwrap(), [user("u1", "bea")]);
    assert_eq!(store.document(Kind::User, "u1").await.unwrap(), Some(user("u1", "bea")));
    assert_eq!(store.document(Kind::Setting, "u1").await.unwrap(), Some(setting.clone()));

    let remove = Change::Remove(Kind::User, "u1".to_owned());
    store.change(vec![remove.clone(), remove]).await.unwrap();
    assert_eq!(store.documents(Kind::User).await.unwrap(), []);
    assert_eq!(store.document(Kind::User, "u1").await.unwrap(), None);
    assert_eq!(store.documents(Kind::Setting).await.unwrap(), [setting]);
}

pub(crate) async fn a_document_that_is_added_replaces_none(store: &dyn Store) {
    store.change(vec![Change::Add(user("u1", "ann"))]).await.unwrap();
    let refused = store.change(vec![Change::Put(user("u2", "bea")), Change::Add(user("u1", "eve"))]).await;
    assert!(matches!(refused, Err(StoreError::Taken(Kind::User, key)) if key == "u1"));
    let refused = store.change(vec![Change::Add(user("u2", "ann"))]).await;
    assert!(matches!(refused, Err(StoreError::Taken(Kind::User, name)) if name == "ann"));
    assert_eq!(store.documents(Kind::User).await.unwrap(), [user("u1", "ann")]);
}

pub(crate) async fn a_unique_key_is_of_one_document_of_its_kind(store: &dyn Store) {
    store.change(vec![Change::Put(user("u1", "ann"))]).await.unwrap();
    let refused = store.change(vec![Change::Put(user("u2", "ann"))]).await;
    assert!(matches!(refused, Err(StoreError::Taken(Kind::User, name)) if name == "ann"));

    let product = Document { kind: Kind::Product, ..user("p1", "ann") };
    store.change(vec![Change::Put(product)]).await.unwrap();
    let renamed = vec![Change::Put(user("u1", "bea")), Change::Put(user("u2", "ann"))];
    store.change(renamed).await.unwrap();
    assert_eq!(store.documents(Kind::User).await.unwrap().len(), 2);
}

pub(crate) async fn a_change_is_done_whole_or_not_at_all(store: &dyn Store) {
    store.change(vec![Change::Put(user("u1", "ann"))]).await.unwrap();
    let changes = vec![
        Change::AddRevision(revision(1, "one")),
        Change::Remove(Kind::User, "u1".to_owned()),
        Change::Put(user("u2", "bea")),
        Change::Put(user("u3", "bea")),
    ];
    assert!(store.change(changes).await.is_err());

    assert_eq!(store.documents(Kind::User).await.unwrap(), [user("u1", "ann")]);
    assert_eq!(store.revisions(HOOK).await.unwrap(), []);
}

pub(crate) async fn a_revision_is_remembered_for_good(store: &dyn Store) {
    let (one, two) = (revision(1, "one"), revision(2, "two"));
    for revision in [&one, &two, &one] {
        store.change(vec![Change::AddRevision(revision.clone())]).await.unwrap();
    }
    let refused = store.change(vec![Change::AddRevision(revision(2, "not two"))]).await;

    assert!(matches!(refused, Err(StoreError::Taken(Kind::Integration, _))));
    assert_eq!(store.revisions(HOOK).await.unwrap(), [two, one]);
    assert_eq!(store.revisions(OTHER_HOOK).await.unwrap(), []);
}
