use proptest::prelude::*;

use super::*;

const T0: Timestamp = Timestamp::from_millis(1_767_323_045_000);
const FAILED: Ended = Ended::Failed { retry_after: None };

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A gate that has seen this at `T0`.
fn seen(accepted: u32, failed: u32) -> Gate {
    let mut gate = Gate::new();
    (0..accepted).for_each(|_| gate.learn(T0, Ended::Accepted));
    (0..failed).for_each(|_| gate.learn(T0, FAILED));
    gate
}

fn asked_to_wait(wait: Duration) -> Ended {
    Ended::Failed { retry_after: Some(wait) }
}

/// Even numbers from a seed (splitmix64), so that each run of a simulation is the same.
fn luck(seed: u64) -> impl FnMut() -> f64 {
    let mut state = seed;
    move || {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }
}

#[test]
fn the_share_skipped_follows_the_formula() {
    for (accepted, failed, probability) in [
        (0, 0, 0.0),
        (0, 9, 0.0),
        (0, 10, 10.0 / 11.0),
        (0, 100, 100.0 / 101.0),
        (5, 5, 0.0),
        (5, 6, 1.0 / 12.0),
        (10, 30, 20.0 / 41.0),
        (100, 100, 0.0),
        (100, 101, 1.0 / 202.0),
        (1000, 0, 0.0),
    ] {
        let share = seen(accepted, failed).probability(T0);
        assert!((share - probability).abs() < 1e-12, "{accepted} + {failed}: {share}");
    }
}

#[test]
fn skipping_starts_exactly_when_failures_outnumber_successes() {
    let mut gate = seen(50, 50);
    assert_eq!(gate.decide(T0, 0.0), Decision::Pass);
    gate.learn(T0, FAILED);
    assert_eq!(gate.decide(T0, 0.0), Decision::Skip { probability: 1.0 / 102.0 });
    assert_eq!(gate.decide(T0, 0.5), Decision::Pass);
    gate.learn(T0, Ended::Accepted);
    assert_eq!(gate.decide(T0, 0.0), Decision::Pass);
}

#[test]
fn fewer_than_ten_attempts_prove_nothing() {
    let mut gate = seen(0, 9);
    assert_eq!(gate.decide(T0, 0.0), Decision::Pass);
    gate.learn(T0, Ended::Ignored);
    assert_eq!(gate.decide(T0, 0.0), Decision::Pass);
    gate.learn(T0, FAILED);
    assert!(matches!(gate.decide(T0, 0.0), Decision::Skip { .. }));
}

#[test]
fn what_ended_leaves_the_window_after_ten_seconds() {
    let gate = seen(3, 20);
    assert_eq!(gate.counts(T0 + secs(9)), Bucket { attempts: 23, accepts: 3 });
    assert_eq!(gate.counts(T0 + secs(10)), Bucket::default());
}

#[test]
fn the_window_is_told_second_by_second_oldest_first() {
    let mut gate = seen(0, 2);
    gate.learn(T0 + secs(4), Ended::Accepted);
    let state = gate.state(T0 + secs(9));
    assert_eq!(state.window[0], Bucket { attempts: 2, accepts: 0 });
    assert_eq!(state.window[4], Bucket { attempts: 1, accepts: 1 });
    assert_eq!(state.window.len(), WINDOW_SECONDS);
    assert_eq!((state.attempts, state.accepts), (3, 1));
}

#[test]
fn an_endpoint_that_asks_for_silence_gets_it_to_the_second() {
    let mut gate = Gate::new();
    gate.learn(T0, asked_to_wait(secs(30)));
    let until = T0 + secs(30);
    assert_eq!(gate.decide(T0 + secs(29), 0.999), Decision::Closed { until });
    assert_eq!(gate.decide(until, 0.0), Decision::Pass);
}

#[test]
fn silence_lasts_an_hour_at_most_and_a_shorter_wish_does_not_cut_a_longer_one() {
    let mut gate = Gate::new();
    gate.learn(T0, asked_to_wait(secs(7 * 24 * 3600)));
    gate.learn(T0 + secs(1), asked_to_wait(secs(5)));
    let until = T0 + LONGEST_CLOSURE;
    assert_eq!(gate.decide(T0 + secs(10), 0.0), Decision::Closed { until });
    gate.learn(T0, asked_to_wait(Duration::MAX));
    assert_eq!(gate.state(T0).closed_until, Some(until));
}

#[test]
fn waking_forgets_the_window_and_the_closure() {
    let mut gate = seen(0, 100);
    gate.close_until(T0, T0 + secs(600));
    gate.wake();
    assert_eq!(gate.decide(T0, 0.0), Decision::Pass);
    assert_eq!(gate.state(T0).attempts, 0);
}

#[test]
fn warnings_come_at_50_70_and_90_percent_of_the_failures_that_start_skipping() {
    for (accepted, failed, percent, warning) in [
        (0, 0, 0, None),
        (100, 0, 0, None),
        (0, 4, 40, None),
        (0, 5, 50, Some(50)),
        (0, 9, 90, Some(90)),
        (0, 10, 100, Some(90)),
        (99, 49, 49, None),
        (99, 50, 50, Some(50)),
        (99, 70, 70, Some(70)),
        (99, 90, 90, Some(90)),
        (99, 99, 99, Some(90)),
        (99, 100, 100, Some(90)),
    ] {
        let state = seen(accepted, failed).state(T0);
        assert_eq!((state.to_skipping_percent, state.warning), (percent, warning), "{accepted} + {failed}");
    }
}

#[test]
fn the_next_sure_pass_is_when_the_failures_have_left_the_window() {
    let mut gate = seen(0, 20);
    (0..5).for_each(|_| gate.learn(T0 + secs(3), FAILED));
    assert_eq!(gate.state(T0 + secs(4)).next_pass, Some(T0 + secs(10)));
    assert_eq!(gate.state(T0 + secs(10)).next_pass, None);

    gate.close_until(T0 + secs(4), T0 + Duration::from_millis(7500));
    assert_eq!(gate.state(T0 + secs(4)).next_pass, Some(T0 + secs(10)));
    gate.close_until(T0 + secs(4), T0 + Duration::from_millis(60_500));
    assert_eq!(gate.state(T0 + secs(4)).next_pass, Some(T0 + Duration::from_millis(60_500)));
}

#[test]
fn a_clock_set_back_neither_freezes_the_window_nor_the_closure() {
    let mut gate = seen(0, 20);
    gate.close_until(T0, T0 + secs(1800));
    let back = T0 - secs(24 * 3600 + 3);
    assert_eq!(gate.decide(back, 0.0), Decision::Closed { until: back + LONGEST_CLOSURE });
    assert_eq!(gate.counts(back + secs(9)).attempts, 20);
    assert_eq!(gate.counts(back + secs(10)).attempts, 0);
    assert_eq!(gate.decide(back + LONGEST_CLOSURE, 0.0), Decision::Pass);
}

#[test]
fn two_readings_of_the_clock_in_the_wrong_order_lose_nothing() {
    let mut gate = seen(0, 1);
    gate.learn(T0 + secs(9), FAILED);
    gate.learn(T0 + Duration::from_millis(8_999), FAILED);
    assert_eq!(gate.counts(T0 + secs(9)).attempts, 3);
}

#[test]
fn a_gate_is_small_enough_for_tens_of_thousands_of_destinations() {
    assert!(size_of::<Gate>() <= 112);
}

#[test]
fn retry_after_is_read_as_seconds_or_as_a_date() {
    let now: Timestamp = "1994-11-06T08:49:07Z".parse().unwrap();
    for (value, wait) in [
        ("120", Some(secs(120))),
        (" 0 ", Some(secs(0))),
        ("99999999999999999999999", Some(secs(u64::MAX))),
        ("Sun, 06 Nov 1994 08:49:37 GMT", Some(secs(30))),
        ("Sunday, 06-Nov-94 08:49:37 GMT", Some(secs(30))),
        ("Sun Nov  6 08:49:37 1994", Some(secs(30))),
        ("Sun, 06 Nov 1994 08:00:00 GMT", Some(secs(0))),
        ("", None),
        ("-5", None),
        ("+5", None),
        ("1.5", None),
        ("soon", None),
        ("1994-11-06T08:49:37Z", None),
    ] {
        assert_eq!(parse_retry_after(value, now), wait, "{value:?}");
    }
}

/// Offers `rate` attempts a second for `seconds`, each ending at once; returns how many passed.
fn offer(
    gate: &mut Gate,
    rate: u64,
    from: Timestamp,
    seconds: u64,
    ended: Ended,
    luck: &mut impl FnMut() -> f64,
) -> u64 {
    let mut passed = 0;
    for n in 0..rate * seconds {
        let now = from + Duration::from_micros(n * 1_000_000 / rate);
        if gate.decide(now, luck()) == Decision::Pass {
            gate.learn(now, ended);
            passed += 1;
        }
    }
    passed
}

#[test]
fn under_a_total_failure_the_root_of_ten_seconds_load_still_probes() {
    for rate in [50, 200, 1000, 5000] {
        let (mut gate, mut luck) = (Gate::new(), luck(rate));
        offer(&mut gate, rate, T0, 30, FAILED, &mut luck);
        let passed = offer(&mut gate, rate, T0 + secs(30), 100, FAILED, &mut luck) as f64 / 10.0;
        let expected = (10.0 * rate as f64).sqrt();
        assert!((0.8..1.25).contains(&(passed / expected)), "{rate}/s: {passed} per 10 s, not {expected}");
    }
}

/// Milliseconds of steady load from the healing of an endpoint until nothing is skipped any more.
fn recovery_millis(rate: u64, seed: u64) -> u64 {
    let (mut gate, mut luck) = (Gate::new(), luck(seed));
    offer(&mut gate, rate, T0, 60, FAILED, &mut luck);
    let healed = T0 + secs(60);
    let mut now = healed;
    while gate.probability(now) > 0.0 {
        if gate.decide(now, luck()) == Decision::Pass {
            gate.learn(now, Ended::Accepted);
        }
        now = now + Duration::from_millis(1000 / rate);
    }
    now.since(healed).as_millis() as u64
}

#[test]
fn a_healed_endpoint_is_back_at_full_load_within_three_seconds() {
    for rate in [10, 20, 50, 100, 500] {
        let mean = (0..50).map(|seed| recovery_millis(rate, seed)).sum::<u64>() / 50;
        assert!(mean <= 3_000, "{rate}/s: {mean} ms");
    }
}

proptest! {
    #[test]
    fn the_window_counts_what_ended_within_it(
        steps in prop::collection::vec((0..4_000_u64, any::<bool>()), 1..200),
    ) {
        let (mut gate, mut now, mut all) = (Gate::new(), T0, Vec::new());
        for (wait, accepted) in steps {
            now = now + Duration::from_millis(wait);
            gate.learn(now, if accepted { Ended::Accepted } else { FAILED });
            all.push((now.as_millis() / 1000, accepted));
            let inside = all.iter().filter(|(second, _)| now.as_millis() / 1000 - second < 10);
            let accepts = inside.clone().filter(|(_, accepted)| *accepted).count() as u32;
            prop_assert_eq!(gate.counts(now), Bucket { attempts: inside.count() as u32, accepts });
        }
    }

    #[test]
    fn the_way_to_skipping_ends_exactly_where_skipping_begins(accepts in 0..300_u32, failures in 0..600_u32) {
        let window = Bucket { attempts: accepts + failures, accepts };
        prop_assert_eq!(window.to_skipping_percent() == 100, window.probability() > 0.0);
    }

    #[test]
    fn whatever_the_clock_does_the_gate_opens_within_an_hour_and_ten_seconds_of_silence(
        steps in prop::collection::vec((any::<i32>(), prop::option::of(any::<u64>()), 0.0..1.0_f64), 1..60),
    ) {
        let mut gate = Gate::new();
        let mut now = T0;
        for (jump, wait, luck) in steps {
            now = Timestamp::from_millis(now.as_millis() + i64::from(jump));
            gate.learn(now, Ended::Failed { retry_after: wait.map(secs) });
            gate.decide(now, luck);
            let state = gate.state(now);
            prop_assert!((0.0..=1.0).contains(&state.probability));
            prop_assert_eq!(state.next_pass.is_some(), state.probability > 0.0);
            let soon = |pass: Timestamp| pass > now && pass.since(now) <= LONGEST_CLOSURE + secs(20);
            prop_assert!(state.next_pass.is_none_or(soon));
        }
        prop_assert_eq!(gate.decide(now + LONGEST_CLOSURE + secs(20), 0.0), Decision::Pass);
    }
}
