//! The power is cut at every moment of a run, many times each with other luck: nothing acknowledged is lost.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use fieldhook_core::event::Event;
use fieldhook_core::id::{DeliveryId, EventId};
use futures_util::future::join_all;

use super::super::Embedded;
use super::super::memory::{Deed, MemoryDisk};
use super::{coin, open};
use crate::queue::contract::{T0, claim_all, delivery, event, secs};
use crate::queue::{Append, Lane, Queue, Settlement};

const LUCKS_PER_MOMENT: u64 = 3;

/// Appends in batches, settles some as done and some to be tried again, and notes in the disk's journal which
/// events were acknowledged by when.
async fn run(disk: &Arc<MemoryDisk>) {
    let queue = open(disk).unwrap();
    let mut number = 0;
    for round in 0..12 {
        let numbers: Vec<u64> = (number..number + 1 + round % 5).collect();
        number += numbers.len() as u64;
        for appended in join_all(numbers.iter().map(|n| queue.append(append_of(*n), T0 + secs(round)))).await
        {
            appended.unwrap();
        }
        for n in numbers {
            disk.note(n);
        }

        for lane in lanes() {
            for (index, claim) in queue.claim(lane, 2, T0 + secs(round)).await.unwrap().iter().enumerate() {
                let settlement =
                    if index == 0 { Settlement::Done } else { Settlement::TryAt(T0 + secs(round + 2)) };
                queue.settle(claim, settlement, T0 + secs(round)).await.unwrap();
            }
        }
        queue.recorded(&[event(round).id]).await.unwrap();
    }
    queue.close().await.unwrap();
}

/// One destination hangs with every tenth event while all others pass, until some of the log has been compacted.
async fn run_with_a_hung_destination(disk: &Arc<MemoryDisk>) {
    let queue = open(disk).unwrap();
    let compacted = || disk.journal().iter().any(|deed| matches!(deed, Deed::Rename(..)));
    let mut n = 0;
    while n < 160 || !compacted() {
        let event = event(n);
        let mut only = delivery(&event, n);
        only.lane = if n % 10 == 0 { Lane(0) } else { Lane(1) };
        let append = Append { event: Arc::clone(&event), deliveries: vec![(only, false)] };
        queue.append(append, T0).await.unwrap();
        disk.note(n);
        for claim in queue.claim(Lane(1), 9, T0).await.unwrap() {
            queue.settle(&claim, Settlement::Done, T0).await.unwrap();
        }
        queue.recorded(&[event.id]).await.unwrap();
        n += 1;
    }
    queue.close().await.unwrap();
}

fn lanes() -> impl Iterator<Item = Lane> {
    (0..3).map(Lane)
}

fn append_of(n: u64) -> Append {
    let event = event(n);
    let deliveries = (0..=n % 3).map(|of| {
        let mut delivery = delivery(&event, of);
        delivery.lane = Lane((n + of) % 3);
        (delivery, false)
    });
    Append { deliveries: deliveries.collect(), event }
}

/// What a queue holds: for each event, how often each of its deliveries can be claimed; and what is unrecorded.
async fn audit(queue: &Embedded) -> (BTreeMap<EventId, Vec<DeliveryId>>, BTreeSet<EventId>) {
    let unrecorded: Vec<(Arc<Event>, _)> = queue.unrecorded(1000).await.unwrap();
    let mut held: BTreeMap<EventId, Vec<DeliveryId>> = BTreeMap::new();
    for lane in lanes() {
        for claim in claim_all(queue, lane, T0 + secs(1000)).await {
            held.entry(claim.delivery.event.id).or_default().push(claim.delivery.id);
        }
    }
    (held, unrecorded.into_iter().map(|(event, _)| event.id).collect())
}

/// Deliveries that the run may have settled as done by then: they may be missing.
fn may_be_done(held: &BTreeMap<EventId, Vec<DeliveryId>>, n: u64) -> usize {
    let all = append_of(n).deliveries.len();
    all - held.get(&event(n).id).map_or(0, Vec::len)
}

#[tokio::test]
async fn nothing_acknowledged_is_lost_whenever_the_power_goes() {
    let disk = Arc::new(MemoryDisk::default());
    run(&disk).await;
    let journal = disk.journal();

    for moment in 0..=journal.len() {
        let acknowledged: Vec<u64> = journal[..moment]
            .iter()
            .filter_map(|deed| if let Deed::Note(n) = deed { Some(*n) } else { None })
            .collect();
        let until_then = MemoryDisk::replay(&journal[..moment]);
        for seed in 0..LUCKS_PER_MOMENT {
            let left = Arc::new(until_then.after_power_loss(coin(moment as u64 * 1000 + seed)));
            let queue = open(&left).unwrap_or_else(|why| panic!("moment {moment}, seed {seed}: {why}"));
            let (held, unrecorded) = audit(&queue).await;

            for deliveries in held.values() {
                let each: BTreeSet<_> = deliveries.iter().collect();
                assert_eq!(
                    each.len(),
                    deliveries.len(),
                    "moment {moment}, seed {seed}: a delivery came twice"
                );
            }
            // In each round and lane one delivery is settled as done, after its event was acknowledged.
            let missing: usize = acknowledged.iter().map(|n| may_be_done(&held, *n)).sum();
            assert!(missing <= 36, "moment {moment}, seed {seed}: {missing} missing");
            let settled_by_then = settled(&journal[..moment]);
            assert!(
                missing <= settled_by_then,
                "moment {moment}, seed {seed}: {missing} of {settled_by_then}"
            );
            for n in acknowledged.iter().filter(|n| **n >= 12) {
                assert!(
                    unrecorded.contains(&event(*n).id),
                    "moment {moment}, seed {seed}: event {n} forgotten"
                );
            }
        }
    }
}

/// An upper bound of what was settled as done: one delivery in each lane of each round that had begun.
fn settled(journal: &[Deed]) -> usize {
    let notes = journal.iter().filter(|deed| matches!(deed, Deed::Note(_))).count() as u64;
    let mut rounds = 0;
    let mut number = 0;
    while number < notes {
        number += 1 + rounds % 5;
        rounds += 1;
    }
    rounds as usize * 3
}

#[tokio::test]
async fn compaction_loses_nothing_whenever_the_power_goes() {
    let disk = Arc::new(MemoryDisk::default());
    run_with_a_hung_destination(&disk).await;
    let journal = disk.journal();
    for moment in 0..=journal.len() {
        let left = MemoryDisk::replay(&journal[..moment]).after_power_loss(coin(moment as u64));
        let queue = open(&Arc::new(left)).unwrap_or_else(|why| panic!("moment {moment}: {why}"));
        let (held, _) = audit(&queue).await;
        assert!(
            held.values().all(|deliveries| deliveries.len() == 1),
            "moment {moment}: a delivery came twice"
        );
        for deed in &journal[..moment] {
            if let Deed::Note(n) = deed {
                assert!(n % 10 != 0 || held.contains_key(&event(*n).id), "moment {moment}: event {n} lost");
            }
        }
    }
}

#[tokio::test]
async fn a_queue_goes_on_after_one_power_loss_after_another() {
    let mut disk = Arc::new(MemoryDisk::default());
    let mut acknowledged = BTreeSet::new();
    for round in 0..60 {
        let queue = open(&disk).unwrap_or_else(|why| panic!("round {round}: {why}"));
        for n in round * 3..round * 3 + 3 {
            queue.append(append_of(n), T0).await.unwrap();
            acknowledged.insert(event(n).id);
        }
        for claim in queue.claim(Lane(round % 3), 2, T0).await.unwrap() {
            queue.settle(&claim, Settlement::TryAt(T0 + secs(1)), T0).await.unwrap();
        }
        disk = Arc::new(disk.after_power_loss(coin(round)));
    }
    let (held, unrecorded) = audit(&open(&disk).unwrap()).await;
    assert_eq!(unrecorded, acknowledged);
    for n in 0..180 {
        assert_eq!(may_be_done(&held, n), 0, "event {n}");
    }
}
