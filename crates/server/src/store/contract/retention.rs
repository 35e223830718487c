//! Promises about what is kept, and what goes.

use std::sync::Arc;

use fieldhook_core::attempt::{Attempt, Outcome, Verdict};
use fieldhook_core::event::Event;
use fieldhook_core::issue::State;
use fieldhook_core::time::{Day, Timestamp};

use super::issues::the_issue;
use super::making::{
    DEVICE, HOOK, MINE, NOON, OWNER, at, attempted, error, event, last, matched, success, test,
};
use super::{all, take_in};
use crate::store::{
    AttemptQuery, Change, Document, Entry, EventQuery, Kind, Retention, Store, UsageBy, UsageQuery, UsedEntry,
};

/// Keeps everything.
const EVERYTHING: Retention = Retention {
    attempts_since: Timestamp::from_millis(0),
    counts_since: Day(0),
    most_bytes: u64::MAX,
    keys_since: Timestamp::from_millis(0),
};

/// A success, or an error that is its delivery's last.
fn ended_attempt(event: &Arc<Event>, outcome: Outcome) -> Attempt {
    let entry = matched(event, HOOK);
    match outcome {
        Outcome::Success => success(event, &entry, 1),
        _ => last(error(event, &entry, 1), Verdict::Failed),
    }
}

async fn record_ended(store: &dyn Store, numbers: std::ops::Range<u64>, outcome: Outcome) -> Vec<Attempt> {
    let mut attempts = Vec::new();
    for number in numbers {
        // Wide enough that a few hundred of them fill many pages.
        let event = Arc::new(Event { data: Some("x".repeat(8_000)), ..event(number) });
        attempts.push(ended_attempt(&event, outcome));
    }
    let events = attempts.iter().map(|attempt| Entry::Event(attempt.event.clone()));
    store.record(events.chain(attempts.iter().map(attempted)).collect()).await.unwrap();
    attempts
}

async fn is_whole(store: &dyn Store, attempt: &Attempt) -> bool {
    let found = store.attempt(attempt.id).await.unwrap();
    let event = store.event(attempt.event.id).await.unwrap();
    let delivery = store.delivery(attempt.delivery).await.unwrap();
    assert!(found.is_none() || (event.is_some() && delivery.is_some()), "half of it is gone");
    found.is_some()
}

async fn is_gone(store: &dyn Store, attempt: &Attempt) -> bool {
    store.attempt(attempt.id).await.unwrap().is_none()
        && store.event(attempt.event.id).await.unwrap().is_none()
        && store.delivery(attempt.delivery).await.unwrap().is_none()
}

pub(crate) async fn what_is_old_goes_with_all_that_hangs_on_it(store: &dyn Store) {
    let attempts = record_ended(store, 0..40, Outcome::Success).await;
    let unmatched = Arc::new(event(500));
    take_in(store, &unmatched, &[]).await;
    let books = store.books(&[HOOK]).await.unwrap();

    let keep = Retention { attempts_since: at(21), ..EVERYTHING };
    assert_eq!(store.prune(&keep).await.unwrap(), 3 * 20);
    for (number, attempt) in attempts.iter().enumerate() {
        let old = number < 20;
        assert_eq!(is_gone(store, attempt).await, old, "{number}");
        assert_eq!(is_whole(store, attempt).await, !old, "{number}");
    }
    assert!(store.event(unmatched.id).await.unwrap().is_some());
    assert_eq!(store.books(&[HOOK]).await.unwrap(), books, "what happened is still counted");

    store.prune(&Retention { attempts_since: at(1_000), ..EVERYTHING }).await.unwrap();
    assert!(store.event(unmatched.id).await.unwrap().is_none());
}

pub(crate) async fn the_last_ten_successes_and_errors_stay(store: &dyn Store) {
    save_integration(store).await;
    let errors = record_ended(store, 0..12, Outcome::Error).await;
    let successes = record_ended(store, 100..112, Outcome::Success).await;
    let test_event = Arc::new(event(90));
    let tested = test(success(&test_event, &matched(&test_event, HOOK), 1));
    store.record(vec![attempted(&tested)]).await.unwrap();

    let keep = Retention { attempts_since: at(100_000), most_bytes: 0, ..EVERYTHING };
    store.prune(&keep).await.unwrap();
    for attempts in [errors, successes] {
        for (number, attempt) in attempts.iter().enumerate() {
            let first_of_an_issue = attempt.outcome == Outcome::Error && number == 0;
            assert_eq!(is_whole(store, attempt).await, number >= 2 || first_of_an_issue, "{number}");
        }
    }
    assert_eq!(
        store.attempt(tested.id).await.unwrap(),
        None,
        "it was older than the last ten, and no issue is about a test"
    );
    assert_eq!(store.last_attempts(HOOK, Outcome::Error, 20).await.unwrap().len(), 11);
    assert_eq!(store.prune(&keep).await.unwrap(), 0);
}

pub(crate) async fn a_waiting_delivery_and_its_event_stay(store: &dyn Store) {
    let event = Arc::new(event(1));
    let entry = matched(&event, HOOK);
    take_in(store, &event, &[&entry]).await;
    store.prune(&Retention { attempts_since: at(100_000), most_bytes: 0, ..EVERYTHING }).await.unwrap();

    assert!(store.event(event.id).await.unwrap().is_some());
    assert_eq!(store.delivery(entry.delivery).await.unwrap().unwrap().verdict, Verdict::Waiting);
}

pub(crate) async fn when_room_runs_out_the_oldest_successes_go_first(store: &dyn Store) {
    let errors = record_ended(store, 0..200, Outcome::Error).await;
    let successes = record_ended(store, 1_000..1_600, Outcome::Success).await;
    // The successes take three quarters of the room; a third of them has to go.
    let most_bytes = 5_000_000;
    store.prune(&Retention { most_bytes, ..EVERYTHING }).await.unwrap();

    for error in &errors {
        assert!(is_whole(store, error).await);
    }
    let mut kept = Vec::new();
    for success in &successes {
        kept.push(is_whole(store, success).await);
    }
    assert!(kept.is_sorted() && !kept[0] && kept[400], "{kept:?}");
    assert!(is_gone(store, &successes[0]).await);
    let again = store.prune(&Retention { most_bytes, ..EVERYTHING }).await.unwrap();
    assert_eq!(again, 0, "there is room now");
}

pub(crate) async fn errors_go_too_when_successes_are_not_enough(store: &dyn Store) {
    let unmatched = Arc::new(event(0));
    take_in(store, &unmatched, &[]).await;
    let errors = record_ended(store, 100..500, Outcome::Error).await;
    let successes = record_ended(store, 1_000..1_050, Outcome::Success).await;
    store.prune(&Retention { most_bytes: 2_000_000, ..EVERYTHING }).await.unwrap();

    assert!(is_gone(store, &successes[0]).await && is_whole(store, &successes[49]).await);
    assert!(is_gone(store, &errors[1]).await && is_whole(store, &errors[399]).await);
    assert!(store.event(unmatched.id).await.unwrap().is_none());
    let log = AttemptQuery { scopes: vec![MINE], ..AttemptQuery::default() };
    for row in store.attempts(&log, &all()).await.unwrap().items {
        assert!(store.event(row.event).await.unwrap().is_some());
    }
}

pub(crate) async fn counts_and_keys_go_by_their_own_dates(store: &dyn Store) {
    let event = Arc::new(Event { idempotency_key: Some("k".to_owned()), ..event(1) });
    let used = UsedEntry {
        event: None,
        day: NOON.day(),
        scope: MINE,
        device: Some(DEVICE),
        integration: None,
        publishes: 1,
        received: 0,
    };
    take_in(store, &event, &[]).await;
    let attempt = attempted(&success(&event, &matched(&event, HOOK), 1));
    store.record(vec![attempt, Entry::Used(used)]).await.unwrap();
    let usage = UsageQuery { by: UsageBy::Day, scopes: vec![MINE], since: Day(0), until: NOON.day() };
    let by_key = async || store.event_by_key(event.publisher, Some(OWNER), None, "k", at(0)).await.unwrap();

    let tomorrow = Day(NOON.day().0 + 1);
    store.prune(&Retention { counts_since: NOON.day(), keys_since: at(1), ..EVERYTHING }).await.unwrap();
    assert_eq!(by_key().await, Some(event.id));
    assert_eq!(store.usage(&usage).await.unwrap().len(), 1);
    assert_eq!(store.day_counts(&[HOOK], Day(0)).await.unwrap().len(), 1);

    store.prune(&Retention { counts_since: tomorrow, keys_since: at(2), ..EVERYTHING }).await.unwrap();
    assert_eq!(by_key().await, None);
    assert_eq!(store.usage(&usage).await.unwrap(), []);
    assert_eq!(store.day_counts(&[HOOK], Day(0)).await.unwrap(), []);
    let events = EventQuery { scopes: vec![MINE], ..EventQuery::default() };
    assert_eq!(store.events(&events, &all()).await.unwrap().items.len(), 1);
}

/// The integration of these promises is there, so that its issues stay.
async fn save_integration(store: &dyn Store) {
    let hook = Document { kind: Kind::Integration, key: HOOK.to_string(), unique: None, body: Vec::new() };
    store.change(vec![Change::Put(hook)]).await.unwrap();
}

pub(crate) async fn what_an_issue_names_stays_as_long_as_the_issue(store: &dyn Store) {
    save_integration(store).await;
    let good = record_ended(store, 0..1, Outcome::Success).await.remove(0);
    let failed = record_ended(store, 10..30, Outcome::Error).await;
    record_ended(store, 100..120, Outcome::Success).await;
    let issue = the_issue(store).await;
    assert_eq!((issue.last_good, issue.first, issue.latest), (Some(good.id), failed[0].id, failed[19].id));

    let keep = Retention { attempts_since: at(100_000), most_bytes: 0, ..EVERYTHING };
    store.prune(&keep).await.unwrap();
    for named in [&good, &failed[0], &failed[19]] {
        assert!(is_whole(store, named).await);
    }
    assert!(is_gone(store, &failed[1]).await);

    store.put_issue(issue.id, State::Resolved, OWNER, at(200)).await.unwrap();
    store.prune(&keep).await.unwrap();
    assert_eq!(store.issue(issue.id).await.unwrap(), None);
    store.prune(&keep).await.unwrap();
    assert!(is_gone(store, &good).await && is_gone(store, &failed[0]).await);
}

pub(crate) async fn an_issue_whose_integration_is_gone_goes_when_it_is_old(store: &dyn Store) {
    record_ended(store, 10..11, Outcome::Error).await;
    let issue = the_issue(store).await;
    store.prune(&Retention { attempts_since: issue.last_seen, ..EVERYTHING }).await.unwrap();
    assert!(store.issue(issue.id).await.unwrap().is_some(), "it may still be looked at");
    store.prune(&Retention { attempts_since: at(100_000), ..EVERYTHING }).await.unwrap();
    assert_eq!(store.issue(issue.id).await.unwrap(), None);
}
