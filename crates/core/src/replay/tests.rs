use std::time::Duration;

use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::access::Scope;
use crate::event::{Publisher, Source};
use crate::id::{EventId, UserId};
use crate::throttle::{Ended, Gate};

const T0: Timestamp = Timestamp::from_millis(1_767_323_045_678);
const OWNER: UserId = UserId([1; 12]);
const HOOK: IntegrationId = IntegrationId([2; 12]);

fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn asked(intent: Intent) -> ReplayRequest {
    ReplayRequest { intent, ..ReplayRequest::default() }
}

const DELIVERY: Option<DeliveryId> = Some(DeliveryId(Uuid::nil()));

#[test]
fn each_intent_takes_what_it_needs_and_nothing_else() {
    let resend = ReplayRequest { delivery: DELIVERY, ..asked(Intent::Resend) };
    let recover = ReplayRequest { integration: Some(HOOK), ..asked(Intent::Recover) };
    let missing = ReplayRequest { integration: Some(HOOK), ..asked(Intent::Missing) };
    for good in [&resend, &recover, &missing] {
        let plan = Plan::of(good, T0).unwrap();
        assert_eq!((plan.selection.intent(), plan.rate), (good.intent, DEFAULT_RATE));
    }
    for (wrong, field) in [
        (asked(Intent::Resend), "delivery"),
        (ReplayRequest { since: Some(T0), ..resend.clone() }, "since"),
        (ReplayRequest { until: Some(T0), ..resend }, "until"),
        (asked(Intent::Recover), "integration"),
        (ReplayRequest { delivery: DELIVERY, ..recover.clone() }, "delivery"),
        (ReplayRequest { since: Some(T0), until: Some(T0), ..recover.clone() }, "since"),
        (ReplayRequest { since: Some(T0), ..recover.clone() }, "since"),
        (ReplayRequest { rate: Some(0.0), ..recover.clone() }, "rate"),
        (ReplayRequest { rate: Some(f64::NAN), ..recover.clone() }, "rate"),
        (ReplayRequest { rate: Some(1_001.0), ..recover }, "rate"),
        (ReplayRequest { revision: Some(Revision::Then), ..missing }, "revision"),
    ] {
        let fault = Plan::of(&wrong, T0).unwrap_err();
        assert_eq!(fault.field(), field, "{fault}");
        assert!(fault.to_string().contains(field), "{fault}");
    }
}

#[test]
fn what_comes_in_while_it_is_under_way_is_not_part_of_it() {
    let later =
        ReplayRequest { integration: Some(HOOK), until: Some(T0 + millis(1)), ..asked(Intent::Recover) };
    let Selection::Recover(span) = Plan::of(&later, T0).unwrap().selection else { panic!() };
    assert_eq!(span.until, T0);
}

fn event(name: &str) -> Event {
    Event {
        id: EventId::new(T0, [0; 10]),
        name: name.to_owned(),
        data: None,
        published_at: T0,
        ttl: 60,
        publisher: Publisher::Api,
        private: true,
        owner: Some(OWNER),
        product: None,
        product_version: None,
        source: Source::Http,
        idempotency_key: None,
    }
}

fn candidate(prefix: &str) -> Candidate<'_> {
    Candidate {
        integration: HOOK,
        scope: Scope::User(OWNER),
        prefix,
        device_filter: None,
        disabled: None,
        products: &[],
        updated_at: T0,
    }
}

#[test]
fn an_event_is_missing_when_only_the_integration_of_now_fires() {
    let event = event("temp/kitchen");
    let (fits, other) = (candidate("temp"), candidate("humidity"));
    assert!(is_missing(&event, &fits, None));
    assert!(is_missing(&event, &fits, Some(&other)));
    assert!(!is_missing(&event, &fits, Some(&fits)), "it fired then");
    assert!(!is_missing(&event, &other, None), "it does not fire now");
}

#[test]
fn the_revision_of_then_is_the_newest_that_was_saved_by_then() {
    let saved_at = [T0 + millis(20), T0 + millis(10), T0];
    assert_eq!(in_force(&saved_at, T0 + millis(30)), Some(0));
    assert_eq!(in_force(&saved_at, T0 + millis(19)), Some(1));
    assert_eq!(in_force(&saved_at, T0 - millis(1)), Some(2));
    assert_eq!(in_force(&[], T0), None);
}

#[test]
fn ten_a_second_is_one_every_tenth_of_a_second() {
    let mut pace = Pace::new(10.0, T0);
    assert_eq!(pace.take(T0, 100), 1);
    assert_eq!(pace.take(T0 + millis(99), 100), 0);
    assert_eq!(pace.next(), T0 + millis(100));
    assert_eq!(pace.take(T0 + millis(100), 100), 1);
    assert_eq!(pace.take(T0 + millis(1_050), 100), 9);
    assert_eq!(pace.next(), T0 + millis(1_100));
}

#[test]
fn what_was_held_up_catches_up_by_a_second_at_most() {
    let mut pace = Pace::new(10.0, T0);
    assert_eq!(pace.take(T0 + Duration::from_mins(10), 100), 10);
    let mut slow = Pace::new(0.1, T0);
    assert_eq!(slow.take(T0 + Duration::from_mins(10), 100), 1);
    assert_eq!(slow.next(), T0 + Duration::from_mins(10) + Duration::from_secs(10));
}

proptest! {
    #[test]
    fn no_second_has_more_than_the_rate_and_whoever_asks_in_time_loses_nothing(
        rate in 0.1_f64..1_000.0,
        lateness in prop::collection::vec(0.0_f64..1.0, 1..40),
    ) {
        // In time is: late by no more than what is made up for, which is a second's worth, the due one included.
        let patience = (1_000.0 - 1_000.0 / rate).max(0.0);
        let mut pace = Pace::new(rate, T0);
        let (mut now, mut taken) = (T0, Vec::new());
        for late in lateness {
            now = pace.next() + millis((late * patience) as u64);
            taken.push((now, pace.take(now, usize::MAX)));
        }
        let total: usize = taken.iter().map(|(_, count)| count).sum();
        let allowed = now.since(T0).as_secs_f64() * rate + 1.0;
        prop_assert!((total as f64) <= allowed + 1.0 && (total as f64) > allowed - 2.0, "{total} of {allowed}");
        for (from, _) in &taken {
            let within = taken.iter().filter(|(at, _)| at >= from && at.since(*from) < Duration::from_secs(1));
            let count: usize = within.map(|(_, count)| count).sum();
            prop_assert!(count as f64 <= 2.0 * rate + 2.0, "{count} within a second at {rate}");
        }
        prop_assert!(pace.next() > now);
    }
}

#[test]
fn it_stops_for_a_gate_that_skips_any_and_for_an_integration_that_is_off_or_gone() {
    let mut gate = Gate::new();
    let open = gate.state(T0);
    for _ in 0..10 {
        gate.learn(T0, Ended::Failed { retry_after: None });
    }
    let skipping = gate.state(T0);
    gate.learn(T0, Ended::Failed { retry_after: Some(Duration::from_mins(1)) });
    let closed = gate.state(T0);
    let at = |enabled, gate| halt(&Surroundings { enabled, origin: Some("http://x:80"), gate });

    assert_eq!(at(Some(true), None), None);
    assert_eq!(at(Some(true), Some(&open)), None);
    assert_eq!(at(Some(false), None), Some(Halt::Disabled));
    assert_eq!(at(None, None), Some(Halt::Gone));
    let text = at(Some(true), Some(&skipping)).unwrap().to_string();
    assert!(text.contains("http://x:80") && text.contains("91 %"), "{text}");
    let text = at(Some(true), Some(&closed)).unwrap().to_string();
    assert!(text.contains(&(T0 + Duration::from_mins(1)).to_string()), "{text}");
}

#[test]
fn a_replay_is_done_when_all_it_sent_has_ended() {
    let progress = Progress { total: 4, sent: 3, succeeded: 1, failed: 1, skipped: 1 };
    assert_eq!(progress.state(Sending::Underway), State::Running);
    assert_eq!(progress.state(Sending::Complete), State::Running);
    assert_eq!(progress.state(Sending::Stopped), State::Stopped);
    assert_eq!(Progress { succeeded: 2, ..progress }.state(Sending::Complete), State::Done);
    assert_eq!(progress.summary(), "3 of 4 sent: 1 succeeded, 1 failed, 1 wait; 1 no longer kept");
}
