//! Promises about what is counted.

use std::sync::Arc;
use std::time::Duration;

use fieldhook_core::access::Scope;
use fieldhook_core::attempt::Verdict;
use fieldhook_core::id::{DeviceId, EventId, ProductId};
use fieldhook_core::time::Day;

use super::making::{
    HOOK, MINE, NOON, OTHER_HOOK, attempted, ended, error, event, last, matched, refusal, success,
};
use super::take_in;
use crate::store::{BookRow, DayCount, Entry, MatchedEntry, Store, UsageBy, UsageQuery, UsageRow, UsedEntry};

const TODAY: Day = Day(20_455);
const TOMORROW: Day = Day(20_456);

pub(crate) async fn a_refusal_counts_once_however_often_it_is_repeated(store: &dyn Store) {
    let event = Arc::new(event(1));
    let (one, other) = (matched(&event, HOOK), matched(&event, OTHER_HOOK));
    store
        .record(vec![attempted(&refusal(&event, &one, 1)), attempted(&refusal(&event, &one, 2))])
        .await
        .unwrap();
    store.record(vec![attempted(&refusal(&event, &one, 3))]).await.unwrap();
    store
        .record(vec![attempted(&refusal(&event, &other, 1)), attempted(&error(&event, &one, 4))])
        .await
        .unwrap();

    let counts = store.day_counts(&[HOOK, OTHER_HOOK], TODAY).await.unwrap();
    let seen: Vec<_> = counts.iter().map(|count| (count.integration, count.error, count.skipped)).collect();
    assert_eq!(seen, [(HOOK, 1, 1), (OTHER_HOOK, 0, 1)]);
}

pub(crate) async fn attempts_count_on_the_utc_day_they_began(store: &dyn Store) {
    let event = Arc::new(event(0));
    let last_second = TOMORROW.start().since(NOON).as_secs() - 1;
    let entry = MatchedEntry { at: NOON + Duration::from_secs(last_second - 1), ..matched(&event, HOOK) };
    let attempts = [success(&event, &entry, 1), success(&event, &entry, 2), error(&event, &entry, 3)];
    store.record(attempts.iter().map(attempted).collect()).await.unwrap();

    let today = DayCount { integration: HOOK, day: TODAY, success: 1, error: 0, skipped: 0 };
    let tomorrow = DayCount { integration: HOOK, day: TOMORROW, success: 1, error: 1, skipped: 0 };
    assert_eq!(store.day_counts(&[HOOK], TODAY).await.unwrap(), [today, tomorrow]);
    assert_eq!(store.day_counts(&[OTHER_HOOK, HOOK], TOMORROW).await.unwrap(), [tomorrow]);
}

pub(crate) async fn the_books_say_what_became_of_every_delivery(store: &dyn Store) {
    for number in 0..5 {
        let event = Arc::new(event(number));
        let entry = matched(&event, HOOK);
        take_in(store, &event, &[&entry]).await;
        let end = match number {
            0 => attempted(&success(&event, &entry, 1)),
            1 => attempted(&last(error(&event, &entry, 1), Verdict::Failed)),
            2 => attempted(&last(refusal(&event, &entry, 1), Verdict::Dropped)),
            3 => Entry::Ended(ended(&entry, Verdict::Dropped)),
            _ => attempted(&error(&event, &entry, 1)),
        };
        store.record(vec![end]).await.unwrap();
    }
    let book = BookRow { matched: 5, delivered: 1, failed: 1, dropped: 2, waiting: 1 };
    assert_eq!(store.books(&[HOOK, OTHER_HOOK]).await.unwrap(), [(HOOK, book)]);
}

fn used(day: Day, device: u8, publishes: u64, received: u64) -> UsedEntry {
    let device = Some(DeviceId([device; 12]));
    UsedEntry { event: None, day, scope: MINE, device, integration: None, publishes, received }
}

fn row(key: impl ToString, publishes: u64, received: u64, triggers: u64) -> UsageRow {
    UsageRow { key: key.to_string(), publishes, received, triggers }
}

pub(crate) async fn operations_are_summed_by_whatever_is_asked(store: &dyn Store) {
    let event = Arc::new(event(1));
    take_in(store, &event, &[&matched(&event, HOOK), &matched(&event, OTHER_HOOK)]).await;
    let product = Scope::Product(ProductId(7));
    let entries = [
        used(TODAY, 1, 3, 0),
        used(TODAY, 1, 1, 0),
        UsedEntry { integration: Some(HOOK), ..used(TOMORROW, 1, 0, 5) },
        UsedEntry { scope: product, ..used(TOMORROW, 2, 10, 0) },
        UsedEntry { device: None, ..used(TODAY, 0, 0, 2) },
        UsedEntry { scope: Scope::Product(ProductId(8)), ..used(TODAY, 3, 100, 0) },
        used(TODAY.minus(1), 1, 100, 0),
    ];
    for used in entries {
        store.record(vec![Entry::Used(used)]).await.unwrap();
    }
    let sum = async |by| {
        let query = UsageQuery { by, scopes: vec![MINE, product], since: TODAY, until: TOMORROW };
        store.usage(&query).await.unwrap()
    };
    let (one, two) = (DeviceId([1; 12]), DeviceId([2; 12]));

    assert_eq!(sum(UsageBy::Day).await, [row(TOMORROW, 10, 5, 0), row(TODAY, 4, 2, 0)]);
    assert_eq!(sum(UsageBy::Device).await, [row(two, 10, 0, 0), row(one, 4, 5, 0), row("", 0, 2, 0)]);
    assert_eq!(sum(UsageBy::Product).await, [row("", 4, 7, 0), row(7, 10, 0, 0)]);
    let by_integration = [row("", 14, 2, 0), row(HOOK, 0, 5, 1), row(OTHER_HOOK, 0, 0, 1)];
    assert_eq!(sum(UsageBy::Integration).await, by_integration);
}

pub(crate) async fn the_operations_of_a_publish_are_added_once(store: &dyn Store) {
    let event = Arc::new(event(1));
    let of_event = |id: EventId| Entry::Used(UsedEntry { event: Some(id), ..used(TODAY, 1, 2, 0) });
    let attempt = attempted(&success(&event, &matched(&event, HOOK), 1));
    store.record(vec![attempt]).await.unwrap();
    for _ in 0..2 {
        let publish = [Entry::Event(event.clone()), of_event(event.id)];
        store.record([publish.clone(), publish].concat()).await.unwrap();
    }
    let query = UsageQuery { by: UsageBy::Device, scopes: vec![MINE], since: TODAY, until: TODAY };
    assert_eq!(store.usage(&query).await.unwrap(), [row(DeviceId([1; 12]), 2, 0, 0)]);
}
