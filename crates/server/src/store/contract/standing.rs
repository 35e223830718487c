//! Promises about how integrations stand.

use std::sync::Arc;

use fieldhook_core::access::Scope;
use fieldhook_core::attempt::{Attempt, Code, Outcome};
use fieldhook_core::id::UserId;
use fieldhook_core::trouble::{Cause, Last, Streak};

use super::making::{HOOK, MINE, OTHER_HOOK, at, attempted, error, event, matched, refusal, success, test};
use crate::store::{Standing, Store};

/// An attempt of HOOK that began at this second.
fn tried(second: u64, outcome: Outcome) -> Attempt {
    let event = Arc::new(event(second - 1));
    let matched = matched(&event, HOOK);
    match outcome {
        Outcome::Success => success(&event, &matched, 1),
        Outcome::Error => error(&event, &matched, 1),
        Outcome::Skipped => refusal(&event, &matched, 1),
    }
}

fn answered(second: u64, status: u16) -> Attempt {
    let message = Some(format!("error status {status} at {second}"));
    Attempt { status: Some(status), code: None, message, ..tried(second, Outcome::Error) }
}

async fn record(store: &dyn Store, attempts: &[Attempt]) {
    store.record(attempts.iter().map(attempted).collect()).await.unwrap();
}

async fn standing(store: &dyn Store) -> Option<Standing> {
    store.standings(&[OTHER_HOOK, HOOK]).await.unwrap().pop()
}

fn last(success: Option<u64>, error: Option<u64>, skipped: Option<u64>) -> Last {
    Last { success: success.map(at), error: error.map(at), skipped: skipped.map(at) }
}

pub(crate) async fn what_came_since_the_last_success_is_counted_and_no_more(store: &dyn Store) {
    assert_eq!(standing(store).await, None);
    record(store, &[answered(1, 500), tried(2, Outcome::Success), tried(3, Outcome::Skipped)]).await;
    record(store, &[answered(4, 401), tried(5, Outcome::Skipped), answered(6, 500), answered(7, 401)]).await;

    let found = standing(store).await.unwrap();
    assert_eq!((found.integration, found.last), (HOOK, last(Some(2), Some(7), Some(5))));
    let cause = |status, count, second| Cause {
        code: None,
        status: Some(status),
        count,
        message: format!("error status {status} at {second}"),
    };
    let streak = Streak {
        errors: 3,
        skips: 2,
        skips_after_error: 1,
        first_error: Some(at(4)),
        first_skip: Some(at(3)),
        causes: vec![cause(401, 2, 7), cause(500, 1, 6)],
    };
    assert_eq!(found.streak, streak);

    record(store, &[tried(8, Outcome::Success)]).await;
    let found = standing(store).await.unwrap();
    assert_eq!((found.last, found.streak), (last(Some(8), Some(7), Some(5)), Streak::default()));
}

pub(crate) async fn a_standing_is_the_same_in_whatever_order_attempts_come(store: &dyn Store) {
    let attempts = [tried(3, Outcome::Error), tried(1, Outcome::Error), tried(2, Outcome::Success)];
    for attempt in &attempts {
        record(store, std::slice::from_ref(attempt)).await;
    }
    record(store, &attempts).await;

    let found = standing(store).await.unwrap();
    assert_eq!(found.last, last(Some(2), Some(3), None));
    assert_eq!((found.streak.errors, found.streak.first_error), (1, Some(at(3))));
    assert_eq!(found.streak.main_cause().unwrap().code, Some(Code::Refused));
}

pub(crate) async fn a_test_changes_no_standing(store: &dyn Store) {
    record(store, &[test(tried(1, Outcome::Success))]).await;
    assert_eq!(standing(store).await, None);
    record(store, &[tried(2, Outcome::Error), test(tried(3, Outcome::Success))]).await;
    record(store, &[test(tried(4, Outcome::Error)), test(tried(5, Outcome::Skipped))]).await;

    let found = standing(store).await.unwrap();
    assert_eq!(found.last, last(None, Some(2), None));
    assert_eq!((found.streak.errors, found.streak.skips), (1, 0));
}

pub(crate) async fn a_long_streak_is_counted_up_to_its_bound_and_known_from_its_beginning(store: &dyn Store) {
    let attempts: Vec<_> = (1..=10_020).map(|second| tried(second, Outcome::Error)).collect();
    record(store, &attempts).await;
    let found = standing(store).await.unwrap();
    assert_eq!((found.streak.errors, found.streak.first_error), (10_000, Some(at(1))));
}

pub(crate) async fn the_integrations_without_success_are_found_by_scope(store: &dyn Store) {
    let of_other = |attempt: Attempt| Attempt { integration: OTHER_HOOK, ..attempt };
    record(store, &[tried(1, Outcome::Success), of_other(tried(2, Outcome::Skipped))]).await;
    assert_eq!(store.without_success(MINE).await.unwrap(), [(OTHER_HOOK, last(None, None, Some(2)))]);

    record(store, &[tried(3, Outcome::Error), of_other(tried(4, Outcome::Success))]).await;
    assert_eq!(store.without_success(MINE).await.unwrap(), [(HOOK, last(Some(1), Some(3), None))]);
    assert_eq!(store.without_success(Scope::User(UserId([9; 12]))).await.unwrap(), []);
}
