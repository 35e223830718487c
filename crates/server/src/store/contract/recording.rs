//! Promises about what is recorded.

use std::sync::Arc;
use std::time::Duration;

use fieldhook_core::attempt::{Outcome, Verdict};
use fieldhook_core::event::{Event, Publisher, Source};
use fieldhook_core::id::{DeviceId, ProductId, UserId};
use fieldhook_core::time::Timestamp;

use super::making::{
    DEVICE, HOOK, MINE, NOON, OWNER, at, attempted, ended, error, event, last, matched, refusal, success,
    talkative, test,
};
use super::{all, take_in};
use crate::store::{AttemptQuery, BookRow, DeliveryQuery, Entry, EventQuery, MatchedEntry, Store};

async fn book(store: &dyn Store) -> BookRow {
    store.books(&[HOOK]).await.unwrap().first().map(|(_, book)| *book).unwrap_or_default()
}

async fn verdict(store: &dyn Store, entry: &MatchedEntry) -> Verdict {
    store.delivery(entry.delivery).await.unwrap().unwrap().verdict
}

pub(crate) async fn an_event_and_its_delivery_are_there_once_recorded(store: &dyn Store) {
    let event = Arc::new(Event { data: None, product_version: Some(7), ..event(1) });
    let entry = matched(&event, HOOK);
    take_in(store, &event, &[&entry]).await;

    assert_eq!(store.event(event.id).await.unwrap().as_ref(), Some(&*event));
    let delivery = store.delivery(entry.delivery).await.unwrap().unwrap();
    assert_eq!((delivery.event, &delivery.event_name), (event.id, &event.name));
    assert_eq!((delivery.integration, delivery.scope, delivery.device), (HOOK, MINE, Some(DEVICE)));
    assert_eq!((delivery.verdict, delivery.attempts, delivery.matched_at), (Verdict::Waiting, 0, at(1)));
    assert_eq!(book(store).await, BookRow { matched: 1, waiting: 1, ..BookRow::default() });
}

pub(crate) async fn an_attempt_is_read_back_whole(store: &dyn Store) {
    let internal = Event { publisher: Publisher::Internal, source: Source::Console, ..event(1) };
    let event =
        Arc::new(Event { name: "näme ☂".to_owned(), idempotency_key: Some("k".to_owned()), ..internal });
    let attempt = talkative(&event, &matched(&event, HOOK));
    let plain = success(&event, &matched(&event, HOOK), 2);
    store.record(vec![attempted(&attempt), attempted(&plain)]).await.unwrap();

    assert_eq!(store.attempt(attempt.id).await.unwrap(), Some(attempt));
    assert_eq!(store.attempt(plain.id).await.unwrap(), Some(plain));
}

pub(crate) async fn a_device_was_last_heard_when_it_published_the_newest_of_its_events(store: &dyn Store) {
    let other = DeviceId([0xD2; 12]);
    let by = |device, number| {
        Entry::Event(Arc::new(Event { publisher: Publisher::Device(device), ..event(number) }))
    };
    let made_for_a_test = Event { source: Source::Test, ..event(9) };
    store.record(vec![by(DEVICE, 2), by(DEVICE, 3), by(DEVICE, 1)]).await.unwrap();
    store.record(vec![by(other, 5), by(DEVICE, 2), Entry::Event(Arc::new(made_for_a_test))]).await.unwrap();

    let mut heard = store.heard().await.unwrap();
    heard.sort_unstable();
    assert_eq!(heard, [(DEVICE, at(3)), (other, at(5))]);
}

pub(crate) async fn recording_twice_is_recording_once(store: &dyn Store) {
    let event = Arc::new(event(1));
    let entry = matched(&event, HOOK);
    let once = vec![
        Entry::Event(event.clone()),
        Entry::Matched(entry.clone()),
        attempted(&error(&event, &entry, 1)),
        attempted(&success(&event, &entry, 2)),
    ];
    store.record([once.clone(), once.clone()].concat()).await.unwrap();
    for entry in once {
        store.record(vec![entry.clone(), entry]).await.unwrap();
    }

    assert_eq!(book(store).await, BookRow { matched: 1, delivered: 1, ..BookRow::default() });
    assert_eq!(store.delivery(entry.delivery).await.unwrap().unwrap().attempts, 2);
    let day = store.day_counts(&[HOOK], NOON.day()).await.unwrap()[0];
    assert_eq!((day.success, day.error, day.skipped), (1, 1, 0));
    let of_event = DeliveryQuery { event: Some(event.id), ..DeliveryQuery::default() };
    assert_eq!(store.deliveries(&of_event, &all()).await.unwrap().items.len(), 1);
}

pub(crate) async fn a_repeat_does_not_move_a_delivery_that_has_moved_on(store: &dyn Store) {
    let event = Arc::new(event(1));
    let entry = matched(&event, HOOK);
    let (first, second) = (error(&event, &entry, 1), success(&event, &entry, 2));
    take_in(store, &event, &[&entry]).await;
    store.record(vec![attempted(&first)]).await.unwrap();
    store.record(vec![attempted(&second)]).await.unwrap();
    let before = store.delivery(entry.delivery).await.unwrap();

    store.record(vec![Entry::Matched(entry.clone()), attempted(&first)]).await.unwrap();
    assert_eq!(store.delivery(entry.delivery).await.unwrap(), before);
    assert_eq!(verdict(store, &entry).await, Verdict::Delivered);
}

pub(crate) async fn an_attempt_begins_its_delivery_when_nobody_did(store: &dyn Store) {
    let event = Arc::new(event(1));
    let entry = matched(&event, HOOK);
    store.record(vec![attempted(&error(&event, &entry, 2))]).await.unwrap();
    assert_eq!(book(store).await, BookRow { matched: 1, waiting: 1, ..BookRow::default() });
    let query = EventQuery { scopes: vec![MINE], ..EventQuery::default() };
    assert_eq!(store.events(&query, &all()).await.unwrap().items, [], "it was not taken in yet");

    store.record(vec![attempted(&error(&event, &entry, 1))]).await.unwrap();
    take_in(store, &event, &[&entry]).await;

    let delivery = store.delivery(entry.delivery).await.unwrap().unwrap();
    assert_eq!((delivery.attempts, delivery.matched_at), (2, entry.at));
    let later = error(&event, &entry, 2).ended_at + Duration::from_mins(1);
    assert_eq!(delivery.next_at, Some(later), "as the later attempt said, though it came first");
    assert_eq!(book(store).await, BookRow { matched: 1, waiting: 1, ..BookRow::default() });
    assert_eq!(store.events(&query, &all()).await.unwrap().items, [(*event).clone()]);
}

pub(crate) async fn an_end_waits_for_its_delivery(store: &dyn Store) {
    let event = Arc::new(event(1));
    let entry = matched(&event, HOOK);
    store.record(vec![Entry::Ended(ended(&entry, Verdict::Dropped))]).await.unwrap();
    assert_eq!(book(store).await, BookRow::default());

    take_in(store, &event, &[&entry]).await;
    let delivery = store.delivery(entry.delivery).await.unwrap().unwrap();
    assert_eq!(delivery.verdict, Verdict::Dropped);
    assert_eq!(delivery.reason.as_deref(), Some("the integration was disabled"));
    assert_eq!(book(store).await, BookRow { matched: 1, dropped: 1, ..BookRow::default() });
}

pub(crate) async fn a_delivery_once_ended_stays_so(store: &dyn Store) {
    let event = Arc::new(event(1));
    let entry = matched(&event, HOOK);
    take_in(store, &event, &[&entry]).await;
    store.record(vec![Entry::Ended(ended(&entry, Verdict::Dropped))]).await.unwrap();
    store
        .record(vec![attempted(&success(&event, &entry, 1)), Entry::Ended(ended(&entry, Verdict::Failed))])
        .await
        .unwrap();

    assert_eq!(verdict(store, &entry).await, Verdict::Dropped);
    assert_eq!(book(store).await, BookRow { matched: 1, dropped: 1, ..BookRow::default() });
    let day = store.day_counts(&[HOOK], NOON.day()).await.unwrap()[0];
    assert_eq!(day.success, 1, "the attempt was made all the same");
}

pub(crate) async fn a_delivery_that_waits_says_when_its_next_try_is_due(store: &dyn Store) {
    let event = Arc::new(event(1));
    let entry = matched(&event, HOOK);
    let first = error(&event, &entry, 1);
    take_in(store, &event, &[&entry]).await;
    store.record(vec![attempted(&first)]).await.unwrap();
    let waiting = store.delivery(entry.delivery).await.unwrap().unwrap();
    assert_eq!(waiting.next_at, Some(first.ended_at + Duration::from_mins(1)));
    assert_eq!(waiting.changed_at, first.ended_at);

    store.record(vec![attempted(&last(refusal(&event, &entry, 2), Verdict::Dropped))]).await.unwrap();
    let over = store.delivery(entry.delivery).await.unwrap().unwrap();
    assert_eq!((over.verdict, over.next_at, over.attempts), (Verdict::Dropped, None, 2));
}

pub(crate) async fn a_test_is_logged_and_counts_nowhere(store: &dyn Store) {
    let event = Arc::new(Event { source: Source::Test, ..event(1) });
    let attempt = test(success(&event, &matched(&event, HOOK), 1));
    store.record(vec![attempted(&attempt)]).await.unwrap();

    assert_eq!(store.attempt(attempt.id).await.unwrap().as_ref(), Some(&attempt));
    let log = AttemptQuery { scopes: vec![MINE], ..AttemptQuery::default() };
    assert_eq!(store.attempts(&log, &all()).await.unwrap().items[0].trigger, "test");
    assert_eq!(
        store.last_attempts(HOOK, Outcome::Success, 10).await.unwrap(),
        std::slice::from_ref(&attempt)
    );

    let of_delivery = AttemptQuery { delivery: Some(attempt.delivery), ..log };
    assert_eq!(store.attempts(&of_delivery, &all()).await.unwrap().items.len(), 1);

    assert_eq!(store.books(&[HOOK]).await.unwrap(), []);
    assert_eq!(store.day_counts(&[HOOK], NOON.day()).await.unwrap(), []);
    assert_eq!(store.delivery(attempt.delivery).await.unwrap(), None);
    let events = EventQuery { scopes: vec![MINE], ..EventQuery::default() };
    assert_eq!(store.events(&events, &all()).await.unwrap().items, []);
}

fn keyed(event: Event) -> Arc<Event> {
    Arc::new(Event { idempotency_key: Some("k-1".to_owned()), ..event })
}

pub(crate) async fn a_key_finds_the_event_of_its_own_publisher(store: &dyn Store) {
    let mine = keyed(event(1));
    let by_hand = keyed(Event { publisher: Publisher::Api, ..event(2) });
    let in_product = keyed(Event { product: Some(ProductId(0)), ..event(3) });
    for event in [&mine, &by_hand, &in_product] {
        take_in(store, event, &[]).await;
    }
    let find = async |publisher, owner, product, key, since: Timestamp| {
        store.event_by_key(publisher, owner, product, key, since).await.unwrap()
    };
    let (device, owner) = (Publisher::Device(DEVICE), Some(OWNER));

    assert_eq!(find(device, owner, None, "k-1", at(1)).await, Some(mine.id));
    assert_eq!(find(Publisher::Api, owner, None, "k-1", at(0)).await, Some(by_hand.id));
    assert_eq!(find(device, owner, Some(ProductId(0)), "k-1", at(0)).await, Some(in_product.id));
    assert_eq!(find(device, owner, None, "k-2", at(0)).await, None);
    assert_eq!(find(device, owner, None, "k-1", at(2)).await, None);
    assert_eq!(find(Publisher::Device(DeviceId([9; 12])), owner, None, "k-1", at(0)).await, None);
    assert_eq!(find(Publisher::Api, Some(UserId([9; 12])), None, "k-1", at(0)).await, None);
    assert_eq!(find(Publisher::Api, None, None, "k-1", at(0)).await, None);
}

pub(crate) async fn a_key_used_again_finds_the_newer_event(store: &dyn Store) {
    let (old, new) = (keyed(event(1)), keyed(event(90_000)));
    take_in(store, &new, &[]).await;
    take_in(store, &old, &[]).await;
    let found = store.event_by_key(old.publisher, old.owner, None, "k-1", at(0)).await.unwrap();
    assert_eq!(found, Some(new.id));
}
