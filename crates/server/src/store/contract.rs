//! The promises of `Store` as tests, run by every engine.
//!
//! An engine names a function that makes an empty store in `promises!` and is tested. What only it can do,
//! such as coming back after a crash, it hands in.

use std::sync::Arc;

use fieldhook_core::event::Event;

use super::{Entry, MatchedEntry, Paging, Store};

pub(crate) mod balance;
pub(crate) mod counting;
pub(crate) mod directory;
pub(crate) mod issues;
pub(crate) mod lists;
pub(crate) mod making;
pub(crate) mod recording;
pub(crate) mod replays;
pub(crate) mod retention;
pub(crate) mod standing;
pub(crate) mod survival;

/// Makes a test of each promise. `$fresh` is an async function that returns an empty store and something to
/// keep until the test is over; `$world` one that also tells how to come back after a crash.
macro_rules! promises {
    ($fresh:path, $world:path) => {
        promises!(@each $fresh, directory: [
            a_document_is_there_until_it_is_removed,
            a_document_that_is_added_replaces_none,
            a_unique_key_is_of_one_document_of_its_kind,
            a_change_is_done_whole_or_not_at_all,
            a_revision_is_remembered_for_good
        ]);
        promises!(@each $fresh, recording: [
            an_event_and_its_delivery_are_there_once_recorded,
            an_attempt_is_read_back_whole,
            a_device_was_last_heard_when_it_published_the_newest_of_its_events,
            recording_twice_is_recording_once,
            a_repeat_does_not_move_a_delivery_that_has_moved_on,
            an_attempt_begins_its_delivery_when_nobody_did,
            an_end_waits_for_its_delivery,
            a_delivery_once_ended_stays_so,
            a_delivery_that_waits_says_when_its_next_try_is_due,
            a_test_is_logged_and_counts_nowhere,
            a_key_finds_the_event_of_its_own_publisher,
            a_key_used_again_finds_the_newer_event
        ]);
        promises!(@each $fresh, counting: [
            a_refusal_counts_once_however_often_it_is_repeated,
            attempts_count_on_the_utc_day_they_began,
            the_books_say_what_became_of_every_delivery,
            operations_are_summed_by_whatever_is_asked,
            the_operations_of_a_publish_are_added_once
        ]);
        promises!(@each $fresh, lists: [
            a_page_goes_on_where_the_last_one_ended_whatever_came_between,
            every_condition_of_the_log_holds,
            text_is_found_in_event_request_answer_and_message,
            nobody_sees_what_is_in_another_scope,
            an_event_of_two_scopes_comes_once,
            every_condition_on_events_holds,
            deliveries_are_found_by_event_integration_and_verdict,
            the_last_attempts_are_those_of_their_integration_and_outcome,
            a_foreign_cursor_is_refused
        ]);
        promises!(@each $fresh, standing: [
            what_came_since_the_last_success_is_counted_and_no_more,
            a_standing_is_the_same_in_whatever_order_attempts_come,
            a_test_changes_no_standing,
            a_long_streak_is_counted_up_to_its_bound_and_known_from_its_beginning,
            the_integrations_without_success_are_found_by_scope
        ]);
        promises!(@each $fresh, issues: [
            ten_thousand_failures_of_three_causes_are_three_issues,
            an_issue_that_is_recorded_twice_counts_once,
            tests_and_refusals_open_no_issue,
            a_streak_of_successes_resolves_an_issue_and_a_failure_opens_it_again,
            an_issue_that_turns_is_told_once,
            a_person_says_where_an_issue_stands,
            issues_are_found_by_scope_integration_and_state,
            an_address_for_every_event_makes_no_issue_for_every_event,
            what_became_of_a_window_is_counted
        ]);
        promises!(@each $fresh, replays: [
            a_replay_counts_what_becomes_of_its_deliveries,
            an_attempt_that_comes_first_belongs_to_its_replay_too,
            a_replay_once_over_stays_so,
            a_replay_that_is_a_test_tells_its_own_numbers,
            replays_are_listed_by_scope_and_integration_newest_first,
            an_event_is_undelivered_when_all_its_deliveries_ended_badly,
            events_without_a_delivery_are_told_from_those_with_one
        ]);
        promises!(@each $fresh, retention: [
            what_an_issue_names_stays_as_long_as_the_issue,
            an_issue_whose_integration_is_gone_goes_when_it_is_old,
            what_is_old_goes_with_all_that_hangs_on_it,
            the_last_ten_successes_and_errors_stay,
            a_waiting_delivery_and_its_event_stay,
            when_room_runs_out_the_oldest_successes_go_first,
            errors_go_too_when_successes_are_not_enough,
            counts_and_keys_go_by_their_own_dates
        ]);
        promises!(@each $world, survival: [
            what_was_recorded_and_changed_survives_a_crash,
            a_closed_store_says_so
        ]);

        #[test]
        fn the_books_balance_and_equal_the_rows() {
            let runtime = tokio::runtime::Runtime::new().unwrap();
            let (store, _keep) = runtime.block_on($fresh());
            crate::store::contract::balance::the_books_balance_and_equal_the_rows(&store, &runtime);
        }
    };
    (@each $make:path, $part:ident: [$($promise:ident),*]) => {$(
        #[tokio::test]
        async fn $promise() {
            let (store, _keep) = $make().await;
            crate::store::contract::$part::$promise(&store).await;
        }
    )*};
}
pub(crate) use promises;

/// The first page, as long as a page can be.
fn all() -> Paging {
    Paging { limit: 1_000, cursor: None }
}

/// Records an event with its deliveries.
async fn take_in(store: &dyn Store, event: &Arc<Event>, matched: &[&MatchedEntry]) {
    let deliveries = matched.iter().map(|&entry| Entry::Matched(entry.clone()));
    let entries = std::iter::once(Entry::Event(event.clone())).chain(deliveries).collect();
    store.record(entries).await.unwrap();
}
