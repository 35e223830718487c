//! The promises of `Queue` as tests, run by every engine.
//!
//! An engine's tests call [`promises!`] with an expression that makes its [`Engine`]; each promise becomes one
//! test. A promise begins with an empty queue and may let it crash.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use fieldhook_core::event::{Event, Publisher, Source};
use fieldhook_core::id::{DeliveryId, DeviceId, EventId, IntegrationId, ProductId, UserId};
use fieldhook_core::time::Timestamp;

use super::{Append, Claim, Delivery, LEASE, Lane, Queue, QueueError, Replayed, Settlement};

/// A queue that can be made to crash.
#[async_trait]
pub(crate) trait Engine: Send {
    /// The queue as it runs now.
    fn queue(&self) -> &dyn Queue;

    /// Ends the queue without a word, as a killed process does, and opens what is left.
    async fn crash(&mut self);

    /// Closes the queue, and opens it again.
    async fn restart(&mut self);
}

/// Makes one test of each promise, for the engine that `$engine` makes.
macro_rules! promises {
    ($engine:expr) => {
        $crate::queue::contract::promises!(@ $engine;
            an_append_survives_a_crash_whole
            an_event_appended_twice_is_appended_once
            an_event_appended_again_after_a_crash_is_appended_once
            an_event_that_is_over_may_come_again
            a_claim_is_nobody_elses_until_its_lease_ends
            a_lease_that_ended_hands_the_delivery_on
            claims_end_with_the_process
            a_settled_claim_cannot_be_settled_again
            what_is_done_does_not_come_back
            what_is_to_be_tried_again_comes_when_it_is_due
            the_count_of_attempts_survives_a_restart
            deliveries_come_in_the_order_they_fell_due
            the_order_survives_a_crash
            an_appended_delivery_can_be_claimed_in_the_same_breath
            lanes_do_not_see_each_other
            due_names_a_lane_once_and_the_next_time_to_ask
            changed_resolves_after_an_append
            an_event_is_unrecorded_over_crashes_until_it_is_recorded
            an_unrecorded_event_comes_with_its_unsettled_deliveries
            what_this_run_took_in_is_not_unrecorded
            a_replay_is_a_delivery_like_any_other
            the_backlog_counts_what_is_in_flight
            what_is_put_off_keeps_its_count_of_attempts
            a_claim_tells_of_the_later_time_it_uncovers
            a_closed_queue_takes_nothing
        );
    };
    (@ $engine:expr; $($promise:ident)+) => {
        $(
            #[tokio::test]
            async fn $promise() {
                let mut engine = $engine;
                $crate::queue::contract::$promise(&mut engine).await;
            }
        )+
    };
}
pub(crate) use promises;

/// When every promise begins.
pub(crate) const T0: Timestamp = Timestamp::from_millis(1_767_000_000_000);
const LANE: Lane = Lane(7);

pub(crate) fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

/// The event of this number, taken in at T0.
pub(crate) fn event(n: u64) -> Arc<Event> {
    Arc::new(Event {
        id: EventId::new(T0 + Duration::from_millis(n), luck(n)),
        name: format!("temperature/{n}"),
        data: Some("21.5 °C".repeat(n as usize % 5)).filter(|data| !data.is_empty()),
        published_at: T0,
        ttl: 60,
        publisher: Publisher::Device(DeviceId([3; 12])),
        private: true,
        owner: Some(UserId([4; 12])),
        product: Some(ProductId(5)),
        product_version: None,
        source: Source::Http,
        idempotency_key: Some("key".to_owned()),
    })
}

/// A delivery of this event, due at T0.
pub(crate) fn delivery(event: &Arc<Event>, n: u64) -> Delivery {
    let mut bytes = luck(n);
    bytes[8..].copy_from_slice(&event.id.0.as_bytes()[14..]);
    Delivery {
        id: DeliveryId::new(event.id.made_at(), bytes),
        event: Arc::clone(event),
        integration: IntegrationId([6; 12]),
        lane: LANE,
        due: T0,
        attempts: 0,
        first_tried_at: None,
        replayed: None,
        postponed: false,
    }
}

/// The event of this number with one delivery, which is not claimed.
pub(crate) fn append(n: u64) -> Append {
    let event = event(n);
    Append { deliveries: vec![(delivery(&event, n), false)], event }
}

/// Claims whatever a lane has.
pub(crate) async fn claim_all(queue: &dyn Queue, lane: Lane, now: Timestamp) -> Vec<Claim> {
    let mut claims = Vec::new();
    loop {
        let more = queue.claim(lane, 100, now).await.unwrap();
        if more.is_empty() {
            return claims;
        }
        claims.extend(more);
    }
}

fn luck(n: u64) -> [u8; 10] {
    let mut bytes = [0; 10];
    bytes[2..].copy_from_slice(&n.wrapping_mul(0x9E37_79B9_7F4A_7C15).to_be_bytes());
    bytes
}

fn due_at(n: u64, due: Timestamp) -> Append {
    let mut append = append(n);
    append.deliveries[0].0.due = due;
    append
}

async fn claimed(queue: &dyn Queue, now: Timestamp) -> Vec<Delivery> {
    claim_all(queue, LANE, now).await.into_iter().map(|claim| claim.delivery).collect()
}

async fn claimed_names(queue: &dyn Queue, now: Timestamp) -> Vec<String> {
    claimed(queue, now).await.into_iter().map(|delivery| delivery.event.name.clone()).collect()
}

fn names(numbers: impl IntoIterator<Item = u64>) -> Vec<String> {
    numbers.into_iter().map(|n| format!("temperature/{n}")).collect()
}

async fn claim_one(queue: &dyn Queue, now: Timestamp) -> Option<Claim> {
    queue.claim(LANE, 1, now).await.unwrap().pop()
}

pub(crate) async fn an_append_survives_a_crash_whole(engine: &mut dyn Engine) {
    let event = event(3);
    let mut replayed = delivery(&event, 2);
    replayed.replayed = Some(Replayed { by: UserId([9; 12]), replay: "one".to_owned() });
    replayed.attempts = 4;
    replayed.first_tried_at = Some(T0);
    let deliveries = [delivery(&event, 1), replayed];
    let pairs = deliveries.iter().map(|delivery| (delivery.clone(), false)).collect();
    engine.queue().append(Append { event, deliveries: pairs }, T0).await.unwrap();

    engine.crash().await;
    assert_eq!(claimed(engine.queue(), T0).await, deliveries);
}

pub(crate) async fn an_event_appended_twice_is_appended_once(engine: &mut dyn Engine) {
    let queue = engine.queue();
    let (one, other) = tokio::join!(queue.append(append(1), T0), queue.append(append(1), T0));
    one.unwrap();
    other.unwrap();
    let claim = claim_one(queue, T0).await.unwrap();
    assert!(queue.append(append(1), T0).await.unwrap().is_empty());

    queue.settle(&claim, Settlement::TryAt(T0 + secs(1)), T0).await.unwrap();
    queue.append(append(1), T0).await.unwrap();
    assert_eq!(claimed(queue, T0 + secs(1)).await.len(), 1);
    assert_eq!(queue.backlog(T0).await.unwrap().pending, 1);
}

pub(crate) async fn an_event_appended_again_after_a_crash_is_appended_once(engine: &mut dyn Engine) {
    engine.queue().append(append(1), T0).await.unwrap();
    engine.crash().await;
    engine.queue().append(append(1), T0).await.unwrap();
    assert_eq!(claimed(engine.queue(), T0).await.len(), 1);
}

pub(crate) async fn an_event_that_is_over_may_come_again(engine: &mut dyn Engine) {
    let queue = engine.queue();
    queue.append(append(1), T0).await.unwrap();
    let claim = claim_one(queue, T0).await.unwrap();
    queue.settle(&claim, Settlement::Done, T0).await.unwrap();
    queue.recorded(&[claim.delivery.event.id]).await.unwrap();

    queue.append(append(1), T0).await.unwrap();
    assert_eq!(claimed(queue, T0).await.len(), 1);
}

pub(crate) async fn a_claim_is_nobody_elses_until_its_lease_ends(engine: &mut dyn Engine) {
    let queue = engine.queue();
    queue.append(append(1), T0).await.unwrap();
    let claim = claim_one(queue, T0).await.unwrap();

    assert_eq!(claim.lease_ends, T0 + LEASE);
    assert!(claim_one(queue, T0 + LEASE - Duration::from_millis(1)).await.is_none());
    queue.settle(&claim, Settlement::Done, T0 + LEASE - Duration::from_millis(1)).await.unwrap();
}

pub(crate) async fn a_lease_that_ended_hands_the_delivery_on(engine: &mut dyn Engine) {
    let queue = engine.queue();
    queue.append(append(1), T0).await.unwrap();
    let slow = claim_one(queue, T0).await.unwrap();
    queue.due(T0).await.unwrap();

    assert_eq!(queue.due(T0 + LEASE).await.unwrap().lanes, [LANE]);
    let next = claim_one(queue, T0 + LEASE).await.unwrap();
    assert_eq!(next.delivery, slow.delivery);

    let settled = queue.settle(&slow, Settlement::Done, T0 + LEASE).await;
    assert!(matches!(settled, Err(QueueError::LeaseEnded(id)) if id == slow.delivery.id));
    queue.settle(&next, Settlement::Done, T0 + LEASE).await.unwrap();
}

pub(crate) async fn claims_end_with_the_process(engine: &mut dyn Engine) {
    engine.queue().append(append(1), T0).await.unwrap();
    claim_one(engine.queue(), T0).await.unwrap();
    engine.crash().await;
    assert!(claim_one(engine.queue(), T0).await.is_some());
}

pub(crate) async fn a_settled_claim_cannot_be_settled_again(engine: &mut dyn Engine) {
    let queue = engine.queue();
    for settlement in [Settlement::Done, Settlement::TryAt(T0 + secs(9))] {
        queue.append(append(1), T0).await.unwrap();
        let claim = claim_one(queue, T0).await.unwrap();
        queue.settle(&claim, settlement, T0).await.unwrap();
        let again = queue.settle(&claim, Settlement::Done, T0).await;
        assert!(matches!(again, Err(QueueError::LeaseEnded(_))));
        queue.recorded(&[claim.delivery.event.id]).await.unwrap();
    }
    assert_eq!(queue.backlog(T0).await.unwrap().pending, 1);
}

pub(crate) async fn what_is_done_does_not_come_back(engine: &mut dyn Engine) {
    let queue = engine.queue();
    for n in 0..3 {
        queue.append(append(n), T0).await.unwrap();
    }
    let claims = claim_all(queue, LANE, T0).await;
    queue.settle(&claims[1], Settlement::Done, T0).await.unwrap();

    assert_eq!(claimed_names(queue, T0 + LEASE).await, names([0, 2]));
    engine.restart().await;
    assert_eq!(claimed_names(engine.queue(), T0 + LEASE).await, names([0, 2]));
}

pub(crate) async fn what_is_to_be_tried_again_comes_when_it_is_due(engine: &mut dyn Engine) {
    let queue = engine.queue();
    queue.append(append(1), T0).await.unwrap();
    let first = claim_one(queue, T0 + secs(1)).await.unwrap();
    queue.settle(&first, Settlement::TryAt(T0 + secs(30)), T0 + secs(2)).await.unwrap();

    assert!(claim_one(queue, T0 + secs(29)).await.is_none());
    let due = wait_for_next(queue, T0 + secs(29)).await;
    assert_eq!(due, T0 + secs(30));
    let second = claim_one(queue, T0 + secs(30)).await.unwrap().delivery;
    assert_eq!((second.id, second.attempts, second.due), (first.delivery.id, 1, T0 + secs(30)));
    assert_eq!(second.first_tried_at, Some(T0 + secs(1)));
}

pub(crate) async fn what_is_put_off_keeps_its_count_of_attempts(engine: &mut dyn Engine) {
    let queue = engine.queue();
    queue.append(append(1), T0).await.unwrap();
    let first = claim_one(queue, T0).await.unwrap();
    queue.settle(&first, Settlement::Postpone(T0 + secs(5)), T0).await.unwrap();

    wait_for_next(queue, T0).await;
    let second = claim_one(queue, T0 + secs(5)).await.unwrap().delivery;
    assert_eq!((second.attempts, second.postponed), (0, true));
    assert_eq!(second.first_tried_at, None);
}

pub(crate) async fn a_claim_tells_of_the_later_time_it_uncovers(engine: &mut dyn Engine) {
    let queue = engine.queue();
    queue.append(due_at(1, T0 + secs(1)), T0).await.unwrap();
    queue.append(due_at(2, T0 + secs(2)), T0).await.unwrap();
    while queue.due(T0 + secs(1)).await.unwrap().lanes.is_empty() {
        queue.changed().await;
    }

    claim_one(queue, T0 + secs(1)).await.unwrap();
    queue.changed().await;
    assert_eq!(queue.due(T0 + secs(1)).await.unwrap().next, Some(T0 + secs(2)));
}

/// Asks until the queue has taken in what was settled, of which it has only heard.
async fn wait_for_next(queue: &dyn Queue, now: Timestamp) -> Timestamp {
    loop {
        if let Some(next) = queue.due(now).await.unwrap().next {
            return next;
        }
        queue.changed().await;
    }
}

pub(crate) async fn the_count_of_attempts_survives_a_restart(engine: &mut dyn Engine) {
    engine.queue().append(append(1), T0).await.unwrap();
    let claim = claim_one(engine.queue(), T0).await.unwrap();
    engine.queue().settle(&claim, Settlement::TryAt(T0 + secs(30)), T0).await.unwrap();

    engine.restart().await;
    assert!(claim_one(engine.queue(), T0 + secs(29)).await.is_none());
    assert_eq!(claim_one(engine.queue(), T0 + secs(30)).await.unwrap().delivery.attempts, 1);
}

async fn fill_out_of_order(queue: &dyn Queue) {
    queue.append(due_at(1, T0 + secs(40)), T0).await.unwrap();
    queue.append(due_at(2, T0 + secs(10)), T0).await.unwrap();
    queue.append(due_at(3, T0 + secs(5)), T0 + secs(5)).await.unwrap();
    queue.append(due_at(4, T0 + secs(20)), T0 + secs(20)).await.unwrap();
    queue.append(due_at(5, T0 + secs(20)), T0 + secs(21)).await.unwrap();
}

pub(crate) async fn deliveries_come_in_the_order_they_fell_due(engine: &mut dyn Engine) {
    let queue = engine.queue();
    fill_out_of_order(queue).await;
    assert_eq!(claimed_names(queue, T0 + secs(39)).await, names([3, 2, 4, 5]));
    assert_eq!(claimed_names(queue, T0 + secs(40)).await, names([1]));
}

pub(crate) async fn the_order_survives_a_crash(engine: &mut dyn Engine) {
    fill_out_of_order(engine.queue()).await;
    engine.crash().await;
    assert_eq!(claimed_names(engine.queue(), T0 + secs(40)).await, names([3, 2, 4, 5, 1]));
}

pub(crate) async fn an_appended_delivery_can_be_claimed_in_the_same_breath(engine: &mut dyn Engine) {
    let queue = engine.queue();
    let event = event(1);
    let deliveries = vec![(delivery(&event, 1), true), (delivery(&event, 2), false)];
    let at_once = queue.append(Append { event, deliveries }, T0).await.unwrap();

    let mut ids: BTreeSet<_> = at_once.iter().map(|claim| claim.delivery.id).collect();
    let rest = claimed(queue, T0).await;
    assert_eq!(at_once.len() + rest.len(), 2);
    ids.extend(rest.into_iter().map(|delivery| delivery.id));
    assert_eq!(ids.len(), 2);
    for claim in at_once {
        queue.settle(&claim, Settlement::Done, T0).await.unwrap();
    }
}

pub(crate) async fn lanes_do_not_see_each_other(engine: &mut dyn Engine) {
    let queue = engine.queue();
    for n in 0..4 {
        let mut append = append(n);
        append.deliveries[0].0.lane = Lane(n % 2);
        queue.append(append, T0).await.unwrap();
    }
    assert_eq!(queue.due(T0).await.unwrap().lanes.len(), 2);
    assert!(queue.claim(Lane(9), 10, T0).await.unwrap().is_empty());
    let of_one = queue.claim(Lane(1), 10, T0).await.unwrap();
    assert_eq!(
        of_one.iter().map(|claim| &claim.delivery.event.name).collect::<Vec<_>>(),
        ["temperature/1", "temperature/3"]
    );
    assert_eq!(queue.claim(Lane(0), 10, T0).await.unwrap().len(), 2);
}

pub(crate) async fn due_names_a_lane_once_and_the_next_time_to_ask(engine: &mut dyn Engine) {
    let queue = engine.queue();
    assert_eq!(queue.due(T0).await.unwrap(), super::Due::default());
    queue.append(append(1), T0).await.unwrap();
    queue.append(append(2), T0).await.unwrap();
    assert_eq!(queue.due(T0).await.unwrap().lanes, [LANE]);
    assert_eq!(queue.due(T0).await.unwrap().lanes, []);

    let claim = claim_one(queue, T0).await.unwrap();
    let left_behind = queue.due(T0).await.unwrap();
    assert_eq!((left_behind.lanes, left_behind.next), (vec![LANE], Some(claim.lease_ends)));

    queue.append(due_at(3, T0 + secs(3)), T0).await.unwrap();
    claim_one(queue, T0).await.unwrap();
    assert_eq!(queue.due(T0).await.unwrap().next, Some(T0 + secs(3)));
    assert_eq!(queue.due(T0 + secs(3)).await.unwrap().lanes, [LANE]);
}

pub(crate) async fn changed_resolves_after_an_append(engine: &mut dyn Engine) {
    let queue = engine.queue();
    let appended = async {
        queue.append(append(1), T0).await.unwrap();
    };
    tokio::join!(queue.changed(), appended);
    assert_eq!(queue.due(T0).await.unwrap().lanes, [LANE]);
}

pub(crate) async fn an_event_is_unrecorded_over_crashes_until_it_is_recorded(engine: &mut dyn Engine) {
    for n in 0..5 {
        engine.queue().append(append(n), T0).await.unwrap();
    }
    engine.queue().recorded(&[event(1).id]).await.unwrap();
    engine.restart().await;

    let known = engine.queue().unrecorded(3).await.unwrap();
    let ids: Vec<_> = known.iter().map(|(event, _)| event.id).collect();
    assert_eq!(ids, [event(0).id, event(2).id, event(3).id]);
    engine.queue().recorded(&ids).await.unwrap();
    engine.crash().await;

    let events: Vec<_> =
        engine.queue().unrecorded(9).await.unwrap().into_iter().map(|(event, _)| event).collect();
    // What was told shortly before a crash may be asked for again; what was not told must be.
    assert!(events.contains(&event(4)));
    engine.queue().recorded(&(0..5).map(|n| event(n).id).collect::<Vec<_>>()).await.unwrap();
    assert!(engine.queue().unrecorded(3).await.unwrap().is_empty());
    assert_eq!(claimed(engine.queue(), T0).await.len(), 5);
}

pub(crate) async fn an_unrecorded_event_comes_with_its_unsettled_deliveries(engine: &mut dyn Engine) {
    let event = event(1);
    let deliveries: Vec<_> = (1..=3).map(|n| (delivery(&event, n), false)).collect();
    engine.queue().append(Append { event: Arc::clone(&event), deliveries }, T0).await.unwrap();
    let claims = claim_all(engine.queue(), LANE, T0).await;
    engine.queue().settle(&claims[0], Settlement::Done, T0).await.unwrap();
    engine.queue().settle(&claims[1], Settlement::TryAt(T0 + secs(9)), T0).await.unwrap();

    engine.restart().await;
    let mut unrecorded = engine.queue().unrecorded(9).await.unwrap();
    let (known, deliveries) = unrecorded.pop().unwrap();
    assert_eq!((known, unrecorded.len()), (event, 0));
    let tried: BTreeSet<_> = deliveries.iter().map(|delivery| (delivery.id, delivery.attempts)).collect();
    assert_eq!(tried, BTreeSet::from([(claims[1].delivery.id, 1), (claims[2].delivery.id, 0)]));
}

pub(crate) async fn what_this_run_took_in_is_not_unrecorded(engine: &mut dyn Engine) {
    engine.queue().append(append(1), T0).await.unwrap();
    assert!(engine.queue().unrecorded(9).await.unwrap().is_empty());
}

pub(crate) async fn a_replay_is_a_delivery_like_any_other(engine: &mut dyn Engine) {
    let first = event(1);
    engine.queue().append(Append { event: Arc::clone(&first), deliveries: Vec::new() }, T0).await.unwrap();
    engine.queue().recorded(&[first.id]).await.unwrap();
    let replays = vec![delivery(&first, 1), delivery(&first, 2), delivery(&event(9), 3)];
    engine.queue().append_replay(replays.clone(), T0).await.unwrap();

    engine.restart().await;
    assert!(engine.queue().unrecorded(9).await.unwrap().is_empty());
    assert_eq!(claimed(engine.queue(), T0).await, replays);
}

pub(crate) async fn the_backlog_counts_what_is_in_flight(engine: &mut dyn Engine) {
    let queue = engine.queue();
    for n in 0..3 {
        queue.append(append(n), T0).await.unwrap();
    }
    let claims = queue.claim(LANE, 2, T0).await.unwrap();
    let backlog = queue.backlog(T0).await.unwrap();
    assert_eq!((backlog.pending, backlog.claimed), (3, 2));
    assert!(backlog.bytes > 0);

    queue.settle(&claims[0], Settlement::Done, T0).await.unwrap();
    queue.settle(&claims[1], Settlement::TryAt(T0 + secs(9)), T0).await.unwrap();
    assert_eq!(queue.backlog(T0).await.unwrap().pending, 2);

    engine.restart().await;
    assert_eq!(engine.queue().backlog(T0).await.unwrap().pending, 2);
}

pub(crate) async fn a_closed_queue_takes_nothing(engine: &mut dyn Engine) {
    let queue = engine.queue();
    queue.append(append(1), T0).await.unwrap();
    queue.close().await.unwrap();
    queue.close().await.unwrap();
    assert!(matches!(queue.append(append(2), T0).await, Err(QueueError::Unavailable(_))));
    assert!(matches!(queue.claim(LANE, 1, T0).await, Err(QueueError::Unavailable(_))));
}
