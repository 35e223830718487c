//! Promises about lists.

use std::sync::Arc;

use fieldhook_core::access::Scope;
use fieldhook_core::attempt::{Attempt, Code, Outcome, Verdict};
use fieldhook_core::event::{Event, Publisher};
use fieldhook_core::id::{DeviceId, IntegrationId, OrgId, ProductId, UserId};

use super::making::{
    DEVICE, HOOK, MINE, OTHER_HOOK, OWNER, at, attempted, error, event, last, matched, of_product, refusal,
    success, talkative,
};
use super::{all, take_in};
use crate::store::{AttemptQuery, DeliveryQuery, Entry, EventQuery, MatchedEntry, Paging, Store, StoreError};

fn log() -> AttemptQuery {
    AttemptQuery { scopes: vec![MINE], ..AttemptQuery::default() }
}

/// Records a success for each event, of HOOK for the even and OTHER_HOOK for the odd ones.
async fn record_successes(store: &dyn Store, numbers: std::ops::Range<u64>) -> Vec<Attempt> {
    let attempts: Vec<_> = numbers
        .map(|number| {
            let event = Arc::new(event(number));
            let hook = if number % 2 == 0 { HOOK } else { OTHER_HOOK };
            success(&event, &matched(&event, hook), 1)
        })
        .collect();
    let events = attempts.iter().map(|attempt| Entry::Event(attempt.event.clone()));
    store.record(events.chain(attempts.iter().map(attempted)).collect()).await.unwrap();
    attempts
}

pub(crate) async fn a_page_goes_on_where_the_last_one_ended_whatever_came_between(store: &dyn Store) {
    let old = record_successes(store, 0..10).await;
    let events = EventQuery { scopes: vec![MINE], ..EventQuery::default() };
    let of_hook = DeliveryQuery { integration: Some(HOOK), ..DeliveryQuery::default() };
    let mut seen = (Vec::new(), Vec::new(), Vec::new());
    let mut cursors = (None, None, None);
    for page in 0..4 {
        let paging = |cursor: &Option<String>| Paging { limit: 3, cursor: cursor.clone() };
        let attempts = store.attempts(&log(), &paging(&cursors.0)).await.unwrap();
        let listed = store.events(&events, &paging(&cursors.1)).await.unwrap();
        seen.0.extend(attempts.items.iter().map(|row| row.id));
        seen.1.extend(listed.items.iter().map(|event| event.id));
        cursors.0 = attempts.next;
        cursors.1 = listed.next;
        assert_eq!((cursors.0.is_none(), cursors.1.is_none()), (page == 3, page == 3));
        if page < 2 {
            let deliveries = store.deliveries(&of_hook, &paging(&cursors.2)).await.unwrap();
            seen.2.extend(deliveries.items.iter().map(|row| row.id));
            cursors.2 = deliveries.next;
        }
        record_successes(store, 100 * (page + 1)..100 * (page + 1) + 4).await;
    }

    let newest_first: Vec<_> = old.iter().rev().collect();
    assert_eq!(seen.0, newest_first.iter().map(|attempt| attempt.id).collect::<Vec<_>>());
    assert_eq!(seen.1, newest_first.iter().map(|attempt| attempt.event.id).collect::<Vec<_>>());
    let of_hook = newest_first.iter().filter(|attempt| attempt.integration == HOOK);
    assert_eq!(seen.2, of_hook.map(|attempt| attempt.delivery).collect::<Vec<_>>());
    assert_eq!(cursors.2, None);
}

pub(crate) async fn every_condition_of_the_log_holds(store: &dyn Store) {
    let (first, second) = (Arc::new(event(1)), Arc::new(event(2)));
    let by_other = Arc::new(Event { publisher: Publisher::Device(DeviceId([7; 12])), ..event(3) });
    let delivered = success(&first, &matched(&first, HOOK), 1);
    let failed = error(&second, &matched(&second, HOOK), 1);
    let teapot =
        Attempt { status: Some(418), code: None, ..error(&by_other, &matched(&by_other, OTHER_HOOK), 1) };
    let refused = refusal(&second, &matched(&second, OTHER_HOOK), 1);
    let rows = [&delivered, &failed, &teapot, &refused];
    store.record(rows.into_iter().map(attempted).collect()).await.unwrap();
    let ids = async |query: AttemptQuery| {
        let page = store.attempts(&AttemptQuery { scopes: vec![MINE], ..query }, &all()).await.unwrap();
        page.items.iter().map(|row| row.id).collect::<Vec<_>>()
    };
    let none = AttemptQuery::default;

    assert_eq!(ids(none()).await, [teapot.id, refused.id, failed.id, delivered.id]);
    assert_eq!(ids(AttemptQuery { integration: Some(HOOK), ..none() }).await, [failed.id, delivered.id]);
    assert_eq!(ids(AttemptQuery { delivery: Some(failed.delivery), ..none() }).await, [failed.id]);
    assert_eq!(ids(AttemptQuery { event: Some(second.id), ..none() }).await, [refused.id, failed.id]);
    assert_eq!(ids(AttemptQuery { outcome: Some(Outcome::Error), ..none() }).await, [teapot.id, failed.id]);
    assert_eq!(ids(AttemptQuery { code: Some(Code::Refused), ..none() }).await, [failed.id]);
    assert_eq!(ids(AttemptQuery { status: Some(418), ..none() }).await, [teapot.id]);
    assert_eq!(ids(AttemptQuery { device: Some(DeviceId([7; 12])), ..none() }).await, [teapot.id]);
    let window = AttemptQuery { since: Some(failed.started_at), until: Some(teapot.started_at), ..none() };
    assert_eq!(ids(window).await, [refused.id, failed.id]);
    let both = AttemptQuery { integration: Some(HOOK), outcome: Some(Outcome::Skipped), ..none() };
    assert_eq!(ids(both).await, []);
}

pub(crate) async fn text_is_found_in_event_request_answer_and_message(store: &dyn Store) {
    let event = Arc::new(Event { data: Some("{\"Room\": \"ATTIC\"}".to_owned()), ..event(1) });
    let attempt = talkative(&event, &matched(&event, HOOK));
    record_successes(store, 10..20).await;
    store.record(vec![Entry::Event(event.clone()), attempted(&attempt)]).await.unwrap();

    let found = [
        "kitchen",
        "attic",
        "\"room\": \"",
        "nobody listens",
        "POST",
        "intake?ROOM=",
        "x-sender",
        "fieldhook \"é",
        "{\"warm\": true}\n",
        "Retry-After",
        "tuesday",
        "gone fishing",
    ];
    for text in found {
        let query = AttemptQuery { text: Some(text.to_owned()), ..log() };
        let page = store.attempts(&query, &all()).await.unwrap();
        assert!(page.items.iter().any(|row| row.id == attempt.id), "{text}");
    }
    for text in ["basement", "\"method\"", "gate", "FIELDHOOK \"É"] {
        let query = AttemptQuery { text: Some(text.to_owned()), ..log() };
        assert_eq!(store.attempts(&query, &all()).await.unwrap().items, [], "{text}");
    }
    let events = EventQuery { scopes: vec![MINE], text: Some("aTTic".to_owned()), ..EventQuery::default() };
    assert_eq!(store.events(&events, &all()).await.unwrap().items, [(*event).clone()]);
}

pub(crate) async fn nobody_sees_what_is_in_another_scope(store: &dyn Store) {
    let theirs = Scope::User(UserId([9; 12]));
    let event = Arc::new(Event { owner: Some(UserId([9; 12])), ..event(1) });
    let entry = MatchedEntry { scope: theirs, ..matched(&event, HOOK) };
    let attempt = success(&event, &entry, 1);
    store.record(vec![Entry::Event(event.clone()), attempted(&attempt)]).await.unwrap();

    let mine = [
        log(),
        AttemptQuery { integration: Some(HOOK), ..log() },
        AttemptQuery { delivery: Some(entry.delivery), ..log() },
        AttemptQuery { event: Some(event.id), ..log() },
        AttemptQuery { scopes: Vec::new(), ..log() },
        AttemptQuery { scopes: Vec::new(), integration: Some(HOOK), ..log() },
    ];
    for query in mine {
        assert_eq!(store.attempts(&query, &all()).await.unwrap().items, [], "{query:?}");
    }
    let organisation = Scope::Organisation(OrgId([9; 12]));
    for scopes in [vec![MINE], vec![organisation], vec![]] {
        let query = EventQuery { scopes, device: Some(DEVICE), ..EventQuery::default() };
        assert_eq!(store.events(&query, &all()).await.unwrap().items, []);
    }
    let query = AttemptQuery { scopes: vec![MINE, theirs], ..log() };
    assert_eq!(store.attempts(&query, &all()).await.unwrap().items.len(), 1);
}

pub(crate) async fn an_event_of_two_scopes_comes_once(store: &dyn Store) {
    for number in 0..3 {
        take_in(store, &Arc::new(of_product(event(number), 7)), &[]).await;
    }
    let scopes = vec![MINE, Scope::Product(ProductId(7)), MINE];
    let query = EventQuery { scopes, ..EventQuery::default() };
    let page = store.events(&query, &Paging { limit: 2, cursor: None }).await.unwrap();
    let rest = store.events(&query, &Paging { limit: 5, cursor: page.next }).await.unwrap();
    assert_eq!((page.items.len(), rest.items.len()), (2, 1));
}

pub(crate) async fn every_condition_on_events_holds(store: &dyn Store) {
    let named = |number, name: &str| Event { name: name.to_owned(), ..event(number) };
    let here = Arc::new(named(1, "door/front"));
    let there = Arc::new(Event { publisher: Publisher::Api, ..named(2, "door/back") });
    let fleet = Arc::new(Event { owner: None, ..of_product(named(3, "doorbell"), 7) });
    for event in [&here, &there, &fleet] {
        take_in(store, event, &[]).await;
    }
    let ids = async |query: EventQuery| {
        let scopes = vec![Scope::User(OWNER), Scope::Product(ProductId(7))];
        let page = store.events(&EventQuery { scopes, ..query }, &all()).await.unwrap();
        page.items.iter().map(|event| event.id).collect::<Vec<_>>()
    };
    let none = EventQuery::default;

    assert_eq!(ids(none()).await, [fleet.id, there.id, here.id]);
    assert_eq!(ids(EventQuery { prefix: Some("door/".to_owned()), ..none() }).await, [there.id, here.id]);
    assert_eq!(ids(EventQuery { prefix: Some("Door".to_owned()), ..none() }).await, []);
    assert_eq!(ids(EventQuery { device: Some(DEVICE), ..none() }).await, [fleet.id, here.id]);
    let window = EventQuery { since: Some(at(2)), until: Some(at(3)), ..none() };
    assert_eq!(ids(window).await, [there.id]);
    assert_eq!(ids(EventQuery { text: Some("BELL".to_owned()), ..none() }).await, [fleet.id]);
}

pub(crate) async fn deliveries_are_found_by_event_integration_and_verdict(store: &dyn Store) {
    let (one, two) = (Arc::new(event(1)), Arc::new(event(2)));
    let delivered = success(&one, &matched(&one, HOOK), 1);
    let failed = last(error(&two, &matched(&two, HOOK), 1), Verdict::Failed);
    let waiting = error(&two, &matched(&two, OTHER_HOOK), 1);
    store.record([&delivered, &failed, &waiting].into_iter().map(attempted).collect()).await.unwrap();
    let ids = async |event, integration: Option<IntegrationId>, verdict| {
        let query = DeliveryQuery { event, integration, verdict, replay: None };
        let page = store.deliveries(&query, &all()).await.unwrap();
        page.items.iter().map(|row| row.id).collect::<Vec<_>>()
    };

    let mut of_two = [failed.delivery, waiting.delivery];
    of_two.sort_by(|a, b| b.cmp(a));
    assert_eq!(ids(Some(two.id), None, None).await, of_two);
    assert_eq!(ids(None, Some(HOOK), None).await, [failed.delivery, delivered.delivery]);
    assert_eq!(ids(None, Some(HOOK), Some(Verdict::Delivered)).await, [delivered.delivery]);
    assert_eq!(ids(Some(two.id), Some(HOOK), Some(Verdict::Waiting)).await, []);
    assert_eq!(ids(None, None, Some(Verdict::Waiting)).await, [waiting.delivery]);
    assert_eq!(ids(None, None, None).await.len(), 3);
}

pub(crate) async fn the_last_attempts_are_those_of_their_integration_and_outcome(store: &dyn Store) {
    let recorded = record_successes(store, 0..30).await;
    let event = Arc::new(event(50));
    let failed = error(&event, &matched(&event, HOOK), 1);
    store.record(vec![attempted(&failed)]).await.unwrap();

    let of_hook = recorded.into_iter().rev().filter(|attempt| attempt.integration == HOOK);
    let expected: Vec<_> = of_hook.take(10).collect();
    assert_eq!(store.last_attempts(HOOK, Outcome::Success, 10).await.unwrap(), expected);
    assert_eq!(store.last_attempts(HOOK, Outcome::Error, 10).await.unwrap(), [failed]);
    assert_eq!(store.last_attempts(OTHER_HOOK, Outcome::Error, 10).await.unwrap(), []);
}

pub(crate) async fn a_foreign_cursor_is_refused(store: &dyn Store) {
    record_successes(store, 0..3).await;
    let page = store.attempts(&log(), &Paging { limit: 1, cursor: None }).await.unwrap();
    let foreign = Paging { limit: 1, cursor: page.next };
    let events = EventQuery { scopes: vec![MINE], ..EventQuery::default() };
    assert!(matches!(store.events(&events, &foreign).await, Err(StoreError::Cursor(_))));

    let invented = Paging { limit: 1, cursor: Some("tomorrow".to_owned()) };
    assert!(matches!(store.attempts(&log(), &invented).await, Err(StoreError::Cursor(_))));
    let deliveries = store.deliveries(&DeliveryQuery::default(), &invented).await;
    assert!(matches!(deliveries, Err(StoreError::Cursor(text)) if text == "tomorrow"));
}
