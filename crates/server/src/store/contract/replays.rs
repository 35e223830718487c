//! Promises about replays.

use std::sync::Arc;

use fieldhook_core::access::Scope;
use fieldhook_core::attempt::Verdict;
use fieldhook_core::id::{EventId, ProductId};
use fieldhook_core::replay::{Progress, Sending};

use super::making::{
    HOOK, MINE, OTHER_HOOK, at, attempted, by_replay, ended, error, event, last, matched, refusal, replay,
    replayed, success,
};
use super::{all, take_in};
use crate::store::{
    DeliveryQuery, Entry, Paging, ReplayQuery, ReplayRow, ReplayWent, Store, StoreError, Tested,
    UndeliveredQuery,
};

async fn begin(store: &dyn Store, replay: &ReplayRow) {
    store.record(vec![Entry::ReplayBegan(Arc::new(replay.clone()))]).await.unwrap();
}

async fn progress(store: &dyn Store, replay: &ReplayRow) -> Progress {
    store.replay(replay.id).await.unwrap().unwrap().progress
}

fn went(replay: &ReplayRow, sending: Sending) -> ReplayWent {
    ReplayWent {
        replay: replay.id,
        integration: replay.integration,
        skipped: 0,
        tested: None,
        sending,
        reason: None,
        at: at(900),
    }
}

pub(crate) async fn a_replay_counts_what_becomes_of_its_deliveries(store: &dyn Store) {
    let replay = replay(100, HOOK);
    begin(store, &replay).await;
    assert_eq!(store.replay(replay.id).await.unwrap().unwrap(), replay);
    let total = Progress { total: 10, ..Progress::default() };
    for (number, sent) in (0..4).zip(1..) {
        let event = Arc::new(event(number));
        let first = matched(&event, HOOK);
        take_in(store, &event, &[&first]).await;
        store.record(vec![attempted(&last(error(&event, &first, 1), Verdict::Failed))]).await.unwrap();
        let again = replayed(&event, &replay);
        for _ in 0..2 {
            store.record(vec![Entry::Matched(again.clone())]).await.unwrap();
        }
        assert_eq!(progress(store, &replay).await.sent, sent);
        let end = match number {
            0 => attempted(&by_replay(success(&event, &again, 1), &replay)),
            1 => attempted(&by_replay(last(error(&event, &again, 1), Verdict::Failed), &replay)),
            2 => Entry::Ended(ended(&again, Verdict::Dropped)),
            _ => attempted(&by_replay(error(&event, &again, 1), &replay)),
        };
        store.record(vec![end.clone(), end]).await.unwrap();
    }
    assert_eq!(progress(store, &replay).await, Progress { sent: 4, succeeded: 1, failed: 2, ..total });
    let query = DeliveryQuery { replay: Some(replay.id), ..DeliveryQuery::default() };
    assert_eq!(store.deliveries(&query, &all()).await.unwrap().items.len(), 4);
    let books = store.books(&[HOOK]).await.unwrap()[0].1;
    assert_eq!((books.matched, books.delivered, books.failed), (8, 1, 5));
}

pub(crate) async fn an_attempt_that_comes_first_belongs_to_its_replay_too(store: &dyn Store) {
    let replay = replay(100, HOOK);
    begin(store, &replay).await;
    let event = Arc::new(event(1));
    let again = replayed(&event, &replay);
    store.record(vec![attempted(&by_replay(success(&event, &again, 1), &replay))]).await.unwrap();
    store.record(vec![Entry::Matched(again)]).await.unwrap();
    let progress = progress(store, &replay).await;
    assert_eq!((progress.sent, progress.succeeded), (1, 1));
}

pub(crate) async fn a_replay_once_over_stays_so(store: &dyn Store) {
    let (one, other) = (replay(100, HOOK), replay(200, HOOK));
    begin(store, &one).await;
    begin(store, &other).await;
    let stop = ReplayWent { reason: Some("the gate".to_owned()), skipped: 3, ..went(&one, Sending::Stopped) };
    store.record(vec![Entry::ReplayWent(stop)]).await.unwrap();
    let later = ReplayWent { at: at(950), ..went(&one, Sending::Complete) };
    store.record(vec![Entry::ReplayWent(later), Entry::ReplayBegan(Arc::new(one.clone()))]).await.unwrap();

    let row = store.replay(one.id).await.unwrap().unwrap();
    assert_eq!((row.sending, row.reason.as_deref()), (Sending::Stopped, Some("the gate")));
    assert_eq!((row.ended_at, row.changed_at, row.progress.skipped), (Some(at(900)), at(950), 3));
    assert_eq!(store.unfinished_replays().await.unwrap(), [other]);
}

pub(crate) async fn a_replay_that_is_a_test_tells_its_own_numbers(store: &dyn Store) {
    let replay = replay(100, HOOK);
    begin(store, &replay).await;
    for (succeeded, failed) in [(1, 0), (2, 1), (1, 1)] {
        let tested = Some(Tested { succeeded, failed });
        let went = ReplayWent { tested, ..went(&replay, Sending::Underway) };
        store.record(vec![Entry::ReplayWent(went)]).await.unwrap();
    }
    let expected = Progress { total: 10, sent: 3, succeeded: 2, failed: 1, skipped: 0 };
    assert_eq!(progress(store, &replay).await, expected);
}

pub(crate) async fn replays_are_listed_by_scope_and_integration_newest_first(store: &dyn Store) {
    let theirs = Scope::Product(ProductId(9));
    let rows = [
        replay(1, HOOK),
        replay(2, OTHER_HOOK),
        ReplayRow { scope: theirs, ..replay(3, HOOK) },
        replay(4, HOOK),
    ];
    for row in &rows {
        begin(store, row).await;
    }
    let list = async |scopes: Vec<Scope>, integration, paging: &Paging| {
        store.replays(&ReplayQuery { scopes, integration }, paging).await.unwrap()
    };
    let mine = list(vec![MINE], None, &all()).await;
    assert_eq!((mine.items, mine.next), (vec![rows[3].clone(), rows[1].clone(), rows[0].clone()], None));
    let both = list(vec![MINE, theirs], None, &all()).await.items;
    assert_eq!(both.iter().map(|row| row.id).collect::<Vec<_>>(), [3, 2, 1, 0].map(|at| rows[at].id));
    let first = list(vec![MINE], Some(HOOK), &Paging { limit: 1, cursor: None }).await;
    assert_eq!(first.items, [rows[3].clone()]);
    let rest = list(vec![MINE], Some(HOOK), &Paging { limit: 9, cursor: first.next }).await;
    assert_eq!((rest.items, rest.next), (vec![rows[0].clone()], None));
    let foreign = Paging { limit: 1, cursor: Some("x".to_owned()) };
    let query = ReplayQuery { scopes: vec![MINE], integration: None };
    assert!(matches!(store.replays(&query, &foreign).await, Err(StoreError::Cursor(_))));
}

pub(crate) async fn an_event_is_undelivered_when_all_its_deliveries_ended_badly(store: &dyn Store) {
    let replay = replay(500, HOOK);
    let mut events = Vec::new();
    for number in 0..8 {
        let event = Arc::new(event(number));
        let entry = matched(&event, if number == 7 { OTHER_HOOK } else { HOOK });
        take_in(store, &event, &[&entry]).await;
        let again = replayed(&event, &replay);
        let ends = match number {
            0 => vec![attempted(&success(&event, &entry, 1))],
            1 => vec![attempted(&error(&event, &entry, 1))],
            2 | 7 => vec![attempted(&last(error(&event, &entry, 1), Verdict::Failed))],
            3 => vec![attempted(&last(refusal(&event, &entry, 1), Verdict::Dropped))],
            4 => vec![
                Entry::Ended(ended(&entry, Verdict::Dropped)),
                Entry::Matched(again.clone()),
                Entry::Ended(ended(&again, Verdict::Failed)),
            ],
            5 => vec![Entry::Ended(ended(&entry, Verdict::Failed)), Entry::Matched(again)],
            _ => vec![
                Entry::Ended(ended(&entry, Verdict::Failed)),
                attempted(&by_replay(success(&event, &again, 1), &replay)),
            ],
        };
        store.record(ends).await.unwrap();
        events.push(event.id);
    }
    let ask = async |since, until, most| -> Vec<EventId> {
        let query = UndeliveredQuery { integration: HOOK, since, until: at(until), most };
        store.undelivered(&query).await.unwrap()
    };
    assert_eq!(ask(None, 100, 100).await, [events[2], events[3], events[4]]);
    assert_eq!(ask(None, 100, 2).await, [events[2], events[3]]);
    assert_eq!(ask(Some(at(3)), 4, 100).await, [events[3]]);
}

pub(crate) async fn events_without_a_delivery_are_told_from_those_with_one(store: &dyn Store) {
    let mut ids = Vec::new();
    for number in 0..4 {
        let event = Arc::new(event(number));
        let entry = matched(&event, if number == 1 { HOOK } else { OTHER_HOOK });
        let entries = [&entry];
        take_in(store, &event, &entries[..usize::from(number != 3)]).await;
        ids.push(event.id);
    }
    ids.reverse();
    assert_eq!(store.unmatched(HOOK, &ids).await.unwrap(), [ids[0], ids[1], ids[3]]);
    assert_eq!(store.unmatched(OTHER_HOOK, &ids).await.unwrap(), [ids[0], ids[2]]);
}
