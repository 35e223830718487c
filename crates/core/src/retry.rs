//! Retries: what becomes of a delivery after an attempt.
//!
//! Two causes for another try, kept apart: the gate *skipped* the attempt, or it *failed* in a way that may
//! pass. Particle's pages disagree on both (its webhook reference tries skipped events twice more, its guide
//! never; its metrics count a failure "after 3 attempts"), so the policy is a choice with a default.

use std::time::Duration;

use crate::attempt::{Next, Outcome, Verdict};
use crate::integration::RetryKind;
use crate::outcome::Tried;
use crate::time::Timestamp;

/// When the second and the third try of the short schedule are due, counted from when the first began.
pub const SHORT_SCHEDULE: [Duration; 2] = [Duration::from_secs(30), Duration::from_mins(1)];
/// The first wait of the long schedule; each further one is twice as long.
pub const FIRST_WAIT: Duration = Duration::from_secs(30);
/// The longest wait of the long schedule, before jitter.
pub const LONGEST_WAIT: Duration = Duration::from_hours(1);
/// How long after its first try a delivery is given up at the latest.
pub const LIFETIME: Duration = Duration::from_hours(24);

/// Decides what becomes of a delivery after an attempt. `jitter` is uniform in 0 to 1 and lengthens a wait
/// of the long schedule by up to half, so that deliveries that failed together do not return together.
pub fn next(kind: RetryKind, tried: &Tried, jitter: f64) -> Next {
    let another = match tried.outcome {
        Outcome::Success => return Next::Final(Verdict::Delivered),
        Outcome::Skipped => kind != RetryKind::None,
        Outcome::Error => {
            matches!(kind, RetryKind::Standard | RetryKind::Extended) && tried.failure_may_pass()
        }
    };
    let due = if !another {
        None
    } else if kind == RetryKind::Extended {
        long_schedule(tried, jitter)
    } else {
        short_schedule(tried)
    };
    match (due, tried.outcome) {
        (Some(due), _) => Next::TryAt(due),
        (None, Outcome::Skipped) => Next::Final(Verdict::Dropped),
        (None, _) => Next::Final(Verdict::Failed),
    }
}

/// Fixed times after the first try began, whether that was sent or skipped. A time that passed while a slow
/// attempt was on its way is now.
fn short_schedule(tried: &Tried) -> Option<Timestamp> {
    let nth = usize::try_from(tried.number.max(1) - 1).ok()?;
    let wait = *SHORT_SCHEDULE.get(nth)?;
    Some((tried.began() + wait).max(tried.ended_at))
}

/// Exponential from the end of each attempt. An endpoint that names its own wait is believed when it asks
/// for more patience than planned, never when it asks for less.
fn long_schedule(tried: &Tried, jitter: f64) -> Option<Timestamp> {
    let doublings = tried.number.max(1) - 1;
    let planned = FIRST_WAIT.saturating_mul(2_u32.saturating_pow(doublings)).min(LONGEST_WAIT);
    // A cast from a float never fails: what is no number becomes zero.
    let spread = (planned.as_millis() as f64 / 2.0 * jitter.clamp(0.0, 1.0)) as u64;
    let wait = (planned + Duration::from_millis(spread)).max(tried.retry_after.unwrap_or_default());
    let due = tried.ended_at + wait;
    (due <= tried.began() + LIFETIME).then_some(due)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::attempt::Code;

    const T0: Timestamp = Timestamp::from_millis(1_767_323_045_678);

    fn secs(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    /// The `number`th attempt of a delivery first tried at `T0`, ended in a 503 `after` that.
    fn failed(number: u32, after: Duration) -> Tried {
        Tried {
            outcome: Outcome::Error,
            status: Some(503),
            code: None,
            number,
            first_tried_at: T0,
            ended_at: T0 + after,
            retry_after: None,
        }
    }

    fn skipped(number: u32, after: Duration) -> Tried {
        Tried { outcome: Outcome::Skipped, status: None, ..failed(number, after) }
    }

    #[test]
    fn the_standard_policy_tries_30_and_60_seconds_after_the_first_try_began() {
        for tried in [failed, skipped] {
            assert_eq!(next(RetryKind::Standard, &tried(1, secs(2)), 0.5), Next::TryAt(T0 + secs(30)));
            assert_eq!(next(RetryKind::Standard, &tried(2, secs(31)), 0.5), Next::TryAt(T0 + secs(60)));
        }
    }

    #[test]
    fn after_the_third_try_it_has_failed_or_was_dropped_by_how_the_last_ended() {
        let (error, skip) = (failed(3, secs(61)), skipped(3, secs(61)));
        for kind in [RetryKind::Standard, RetryKind::Skipped] {
            assert_eq!(next(kind, &error, 0.5), Next::Final(Verdict::Failed));
            assert_eq!(next(kind, &skip, 0.5), Next::Final(Verdict::Dropped));
        }
    }

    #[test]
    fn a_retry_that_fell_due_during_a_slow_attempt_is_due_at_once() {
        let slow = failed(2, secs(75));
        assert_eq!(next(RetryKind::Standard, &slow, 0.5), Next::TryAt(T0 + secs(75)));
    }

    #[test]
    fn each_policy_retries_what_it_names() {
        use RetryKind::{Extended, None, Skipped, Standard};
        for (kind, after_skip, after_passing, after_permanent) in [
            (Standard, true, true, false),
            (Skipped, true, false, false),
            (Extended, true, true, false),
            (None, false, false, false),
        ] {
            let retried = |tried: &Tried| matches!(next(kind, tried, 0.0), Next::TryAt(_));
            let refused = Tried { status: Some(404), ..failed(1, secs(1)) };
            assert_eq!(retried(&skipped(1, secs(0))), after_skip, "{kind:?} after a skip");
            assert_eq!(retried(&failed(1, secs(1))), after_passing, "{kind:?} after a 503");
            assert_eq!(retried(&refused), after_permanent, "{kind:?} after a 404");
        }
    }

    #[test]
    fn without_a_retry_a_skipped_delivery_is_dropped_and_a_failed_one_has_failed() {
        assert_eq!(next(RetryKind::None, &skipped(1, secs(0)), 0.5), Next::Final(Verdict::Dropped));
        assert_eq!(next(RetryKind::None, &failed(1, secs(1)), 0.5), Next::Final(Verdict::Failed));
    }

    #[test]
    fn failures_that_may_pass_are_told_from_those_that_will_not() {
        let status = |status| Tried { status: Some(status), ..failed(1, secs(1)) };
        let code = |code| Tried { status: None, code: Some(code), ..failed(1, secs(1)) };
        for passing in [408, 425, 429, 500, 502, 503, 504, 599] {
            assert!(status(passing).failure_may_pass(), "{passing}");
        }
        for permanent in [200, 204, 301, 304, 400, 401, 403, 404, 409, 410, 422] {
            assert!(!status(permanent).failure_may_pass(), "{permanent}");
        }
        for any in Code::ALL {
            let permanent = matches!(any, Code::Blocked | Code::Render | Code::TooLarge);
            assert_eq!(code(any).failure_may_pass(), !permanent, "{any}");
        }
    }

    #[test]
    fn the_extended_policy_doubles_its_wait_up_to_an_hour() {
        for (number, wait) in [(1, 30), (2, 60), (3, 120), (7, 1920), (8, 3600), (9, 3600), (4_000_000, 3600)]
        {
            let tried = failed(number, secs(10));
            assert_eq!(next(RetryKind::Extended, &tried, 0.0), Next::TryAt(T0 + secs(10 + wait)), "{number}");
        }
        let spread = next(RetryKind::Extended, &failed(1, secs(0)), 0.5);
        assert_eq!(spread, Next::TryAt(T0 + Duration::from_millis(37_500)));
    }

    #[test]
    fn an_endpoint_may_ask_for_more_patience_but_not_for_less() {
        let asking = |wait| Tried { retry_after: Some(wait), ..failed(1, secs(1)) };
        assert_eq!(next(RetryKind::Extended, &asking(secs(0)), 0.0), Next::TryAt(T0 + secs(31)));
        assert_eq!(next(RetryKind::Extended, &asking(secs(7200)), 0.0), Next::TryAt(T0 + secs(7201)));
        assert_eq!(next(RetryKind::Extended, &asking(Duration::MAX), 0.0), Next::Final(Verdict::Failed));
    }

    #[test]
    fn the_extended_policy_gives_up_24_hours_after_the_first_try() {
        let late =
            |tried: fn(u32, Duration) -> Tried, after| next(RetryKind::Extended, &tried(30, after), 0.0);
        assert_eq!(late(failed, secs(23 * 3600)), Next::TryAt(T0 + LIFETIME));
        assert_eq!(late(failed, LIFETIME), Next::Final(Verdict::Failed));
        assert_eq!(late(skipped, LIFETIME), Next::Final(Verdict::Dropped));
    }

    #[test]
    fn policies_are_written_in_lower_case() {
        for (kind, text) in [(RetryKind::Standard, "standard"), (RetryKind::None, "none")] {
            assert_eq!(serde_json::to_value(kind).unwrap(), text);
        }
    }

    const KINDS: [RetryKind; 4] =
        [RetryKind::Standard, RetryKind::Skipped, RetryKind::Extended, RetryKind::None];

    proptest! {
        #[test]
        fn every_delivery_ends_within_its_time_and_no_try_is_due_before_the_last_one_ended(
            kind in prop::sample::select(&KINDS[..]),
            steps in prop::collection::vec(
                (any::<bool>(), 0..25_000_u64, prop::option::of(0..10_000_u64), 0.0..1.0_f64), 100,
            ),
        ) {
            let (mut now, mut tries) = (T0, 0);
            for (skip, took, asked, jitter) in steps {
                tries += 1;
                prop_assert!(now <= T0 + LIFETIME);
                now = now + Duration::from_millis(if skip { 0 } else { took });
                let tried = if skip { skipped } else { failed };
                let tried = Tried { ended_at: now, retry_after: asked.map(secs), ..tried(tries, secs(0)) };
                match next(kind, &tried, jitter) {
                    Next::TryAt(due) => {
                        prop_assert!(due >= now);
                        now = due;
                    }
                    Next::Final(verdict) => {
                        prop_assert_eq!(verdict, if skip { Verdict::Dropped } else { Verdict::Failed });
                        prop_assert!(kind == RetryKind::Extended || tries <= 3);
                        return Ok(());
                    }
                }
            }
            prop_assert!(false, "still trying after {tries} attempts");
        }

        #[test]
        fn no_clock_makes_a_wait_longer_than_the_policy_and_the_endpoint_ask(
            kind in prop::sample::select(&KINDS[..]),
            number in any::<u32>(),
            began in any::<i32>(),
            ended in any::<i32>(),
            jitter in any::<f64>(),
        ) {
            let at = |seconds: i32| Timestamp::from_millis(i64::from(seconds) * 1000);
            let tried = Tried { first_tried_at: at(began), ended_at: at(ended), ..failed(number, secs(0)) };
            if let Next::TryAt(due) = next(kind, &tried, jitter) {
                prop_assert!(due >= tried.ended_at);
                prop_assert!(due.since(tried.ended_at) <= LONGEST_WAIT * 3 / 2);
            }
        }
    }
}
