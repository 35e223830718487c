//! Promises about issues: one for each cause, kept with what struck, whatever comes twice or goes wrong between.

use std::sync::Arc;

use fieldhook_core::attempt::{Attempt, Outcome, Phase, Verdict};
use fieldhook_core::issue::{Issue, STREAK, State};
use fieldhook_core::time::Timestamp;

use super::all;
use super::making::{
    HOOK, MINE, OTHER_HOOK, OWNER, at, attempted, error, event, last, matched, success, test,
};
use crate::store::{Entry, IssueQuery, Paging, Store};

/// The failure of an event, with this status, so many seconds past noon.
fn failed(number: u64, status: u16) -> Attempt {
    let event = Arc::new(event(number));
    let attempt = last(error(&event, &matched(&event, HOOK), 1), Verdict::Failed);
    Attempt { code: None, status: Some(status), stopped_in: Some(Phase::Receive), ..attempt }
}

fn succeeded(number: u64) -> Attempt {
    let event = Arc::new(event(number));
    success(&event, &matched(&event, HOOK), 1)
}

async fn record(store: &dyn Store, attempts: &[Attempt]) {
    store.record(attempts.iter().map(attempted).collect()).await.unwrap();
}

async fn listed(store: &dyn Store) -> Vec<Issue> {
    let query = IssueQuery { scopes: vec![MINE], ..IssueQuery::default() };
    store.issues(&query, &all()).await.unwrap().items
}

/// The only issue there is.
pub(crate) async fn the_issue(store: &dyn Store) -> Issue {
    let mut issues = listed(store).await;
    assert_eq!(issues.len(), 1, "{issues:#?}");
    issues.remove(0)
}

pub(crate) async fn ten_thousand_failures_of_three_causes_are_three_issues(store: &dyn Store) {
    let statuses = [401, 429, 500];
    for start in (0..10_000_u64).step_by(500) {
        let attempts = (start..start + 500).map(|number| failed(number, statuses[number as usize % 3]));
        record(store, &attempts.collect::<Vec<_>>()).await;
    }
    let issues = listed(store).await;
    let mut told: Vec<_> =
        issues.iter().map(|issue| (issue.status.unwrap(), issue.count, issue.attempts)).collect();
    told.sort_unstable();
    assert_eq!(told, [(401, 3_334, 10_000), (429, 3_333, 9_999), (500, 3_333, 9_998)]);
    assert!(issues.iter().all(|issue| issue.state == State::Open));
}

pub(crate) async fn an_issue_that_is_recorded_twice_counts_once(store: &dyn Store) {
    let attempts = [succeeded(1), failed(2, 401), failed(3, 401), succeeded(4)];
    record(store, &attempts).await;
    let before = the_issue(store).await;
    record(store, &attempts).await;
    record(store, &attempts[1..]).await;

    assert_eq!(the_issue(store).await, before);
    assert_eq!((before.count, before.attempts, before.streak), (2, 3, 1));
    assert_eq!(before.last_good, Some(attempts[0].id));
}

pub(crate) async fn tests_and_refusals_open_no_issue(store: &dyn Store) {
    let skipped = Attempt { outcome: Outcome::Skipped, ..failed(2, 401) };
    record(store, &[test(failed(1, 401)), skipped, succeeded(3)]).await;
    assert_eq!(listed(store).await, []);
}

pub(crate) async fn a_streak_of_successes_resolves_an_issue_and_a_failure_opens_it_again(store: &dyn Store) {
    record(store, &[failed(0, 401)]).await;
    for number in 1..=STREAK {
        record(store, &[succeeded(number)]).await;
    }
    assert_eq!(the_issue(store).await.state, State::Open, "ten minutes are not over");
    record(store, &[succeeded(700)]).await;
    let resolved = the_issue(store).await;
    assert_eq!((resolved.state, resolved.changed_by), (State::Resolved, None));

    record(store, &[succeeded(800), failed(801, 401), failed(802, 401)]).await;
    let again = the_issue(store).await;
    assert_eq!((again.id, again.state, again.regressions, again.count), (resolved.id, State::Open, 1, 2));
    assert_eq!(again.last_good, Some(succeeded(800).id));
}

pub(crate) async fn an_issue_that_turns_is_told_once(store: &dyn Store) {
    let told = async |attempts: &[Attempt]| -> Vec<_> {
        let turned = store.record(attempts.iter().map(attempted).collect()).await.unwrap();
        turned.into_iter().map(|issue| (issue.status.unwrap(), issue.state, issue.regressions)).collect()
    };
    assert_eq!(told(&[succeeded(0), failed(1, 401), failed(2, 401)]).await, [(401, State::Open, 0)]);
    assert_eq!(told(&[failed(1, 401), failed(3, 401)]).await, [], "it is known");
    let streak: Vec<_> = (10..10 + STREAK).map(succeeded).collect();
    assert_eq!(told(&streak).await, []);
    assert_eq!(told(&[succeeded(700), succeeded(701)]).await, [(401, State::Resolved, 0)]);
    assert_eq!(told(&[failed(800, 401), failed(801, 401)]).await, [(401, State::Open, 1)]);
    let two = told(&[failed(900, 403), failed(901, 500)]).await;
    assert_eq!(two.len(), 2, "{two:?}");
}

pub(crate) async fn a_person_says_where_an_issue_stands(store: &dyn Store) {
    record(store, &[failed(1, 401)]).await;
    let id = the_issue(store).await.id;
    let put = async |state, now| store.put_issue(id, state, OWNER, now).await.unwrap().unwrap();

    let acknowledged = put(State::Acknowledged, at(10)).await;
    assert_eq!((acknowledged.changed_at, acknowledged.changed_by), (at(10), Some(OWNER)));
    record(store, &[failed(20, 401)]).await;
    assert_eq!(the_issue(store).await.state, State::Acknowledged, "it was known that it fails");

    put(State::Resolved, at(30)).await;
    record(store, &[failed(25, 401)]).await;
    assert_eq!(the_issue(store).await.state, State::Resolved, "that one had begun before");
    record(store, &[failed(40, 401)]).await;
    assert_eq!(the_issue(store).await.state, State::Open);

    put(State::Ignored, at(50)).await;
    record(store, &[failed(60, 401)]).await;
    let ignored = the_issue(store).await;
    assert_eq!((ignored.state, ignored.count), (State::Ignored, 2));
    assert_eq!(store.issue(id).await.unwrap(), Some(ignored));
    let nobodys = fieldhook_core::id::IssueId([9; 12]);
    assert_eq!(store.put_issue(nobodys, State::Open, OWNER, at(1)).await.unwrap(), None);
}

pub(crate) async fn issues_are_found_by_scope_integration_and_state(store: &dyn Store) {
    let other_event = Arc::new(event(3));
    let other = error(&other_event, &matched(&other_event, OTHER_HOOK), 1);
    record(store, &[failed(1, 401), failed(2, 500), other]).await;
    let find = async |query: IssueQuery, limit: usize, cursor: Option<String>| {
        store.issues(&query, &Paging { limit, cursor }).await.unwrap()
    };
    let mine = || IssueQuery { scopes: vec![MINE], ..IssueQuery::default() };

    let first = find(mine(), 2, None).await;
    let rest = find(mine(), 2, first.next.clone()).await;
    let statuses: Vec<_> = first.items.iter().chain(&rest.items).map(|issue| issue.status).collect();
    assert_eq!((statuses, rest.next), (vec![None, Some(500), Some(401)], None));

    let of_hook = IssueQuery { integration: Some(HOOK), ..mine() };
    assert_eq!(find(of_hook, 9, None).await.items.len(), 2);
    store.put_issue(first.items[1].id, State::Resolved, OWNER, at(9)).await.unwrap();
    let open = IssueQuery { states: vec![State::Open], ..mine() };
    assert_eq!(find(open, 9, None).await.items.len(), 2);
    let elsewhere = fieldhook_core::access::Scope::Product(fieldhook_core::id::ProductId(1));
    assert_eq!(find(IssueQuery { scopes: vec![elsewhere], ..mine() }, 9, None).await.items, []);
}

pub(crate) async fn an_address_for_every_event_makes_no_issue_for_every_event(store: &dyn Store) {
    let elsewhere = |number: u64| {
        let origin = Some(format!("https://host-{number}.example:443"));
        Attempt { origin, ..failed(number, 500) }
    };
    record(store, &(0..250).map(elsewhere).collect::<Vec<_>>()).await;
    let issues = listed(store).await;
    assert_eq!(issues.len(), 101);
    assert_eq!(issues.iter().map(|issue| issue.count).sum::<u64>(), 250);
    assert_eq!(issues.iter().filter(|issue| issue.origin.is_none()).count(), 1);
}

pub(crate) async fn what_became_of_a_window_is_counted(store: &dyn Store) {
    let waiting = Arc::new(event(50));
    let untried = matched(&waiting, HOOK);
    let retried = Arc::new(event(60));
    let retried = error(&retried, &matched(&retried, HOOK), 1);
    record(store, &[succeeded(10), succeeded(20), failed(30, 500), retried.clone()]).await;
    store.record(vec![Entry::Event(waiting), Entry::Matched(untried.clone())]).await.unwrap();
    let reached = async |since: Timestamp, until: Timestamp| store.reached(HOOK, since, until).await.unwrap();

    let all = reached(at(0), at(100)).await;
    assert_eq!((all.delivered, all.failed, all.dropped, all.waiting), (2, 1, 0, 2));
    assert_eq!((all.attempted, all.untried_since, all.more), (4, Some(untried.at), false));
    assert!(all.next_at.is_some());
    let some = reached(at(20), at(60)).await;
    assert_eq!((some.delivered, some.failed, some.waiting, some.attempted), (1, 1, 1, 2));
}
