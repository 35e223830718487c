//! Disk and memory: what fills them, what gives them back, and how the queue gets over a full disk.

use std::sync::Arc;

use futures_util::future::join_all;

use super::super::disk::Disk;
use super::super::memory::MemoryDisk;
use super::super::segment::{Segment, read_name};
use super::super::{Embedded, EmbeddedConfig, Shared};
use super::{SEGMENT_BYTES, coin, config, open};
use crate::queue::contract::{T0, append, claim_all, delivery, event, secs};
use crate::queue::{Append, Lane, Queue, QueueError, Settlement};

const LANE: Lane = Lane(7);
const HEALTHY: Lane = Lane(8);

async fn numbers_left(queue: &Embedded) -> Vec<u64> {
    let claims = claim_all(queue, LANE, T0 + secs(1000)).await;
    claims
        .iter()
        .map(|claim| claim.delivery.event.name.rsplit('/').next().unwrap().parse().unwrap())
        .collect()
}

/// The number and generation of each segment's file.
fn segments(disk: &MemoryDisk) -> Vec<(u32, u32)> {
    disk.names().unwrap().iter().filter_map(|name| read_name(name)).collect()
}

async fn pass(queue: &Embedded, n: u64) {
    let mut append = append(n);
    append.deliveries[0].0.lane = HEALTHY;
    queue.append(append, T0).await.unwrap();
    for claim in queue.claim(HEALTHY, 10, T0).await.unwrap() {
        queue.settle(&claim, Settlement::Done, T0).await.unwrap();
    }
    queue.recorded(&[event(n).id]).await.unwrap();
}

#[tokio::test]
async fn a_full_disk_refuses_and_goes_on_by_itself_when_there_is_room() {
    let disk = Arc::new(MemoryDisk::default());
    let queue = open(&disk).unwrap();
    queue.append(append(0), T0).await.unwrap();
    disk.set_capacity(Some(disk.used() + 1500));

    let mut taken = vec![0];
    for n in 1..10 {
        match queue.append(append(n), T0).await {
            Ok(_) => taken.push(n),
            Err(QueueError::Full(why)) => assert!(why.contains("/queue"), "{why}"),
            Err(other) => panic!("{other}"),
        }
    }
    assert!((2..9).contains(&taken.len()), "{taken:?}");

    disk.set_capacity(None);
    queue.append(append(20), T0).await.unwrap();
    taken.push(20);
    let left = Arc::new(disk.after_power_loss(coin(1)));
    assert_eq!(numbers_left(&open(&left).unwrap()).await, taken);
    assert_eq!(numbers_left(&queue).await, taken);
}

#[tokio::test]
async fn what_is_settled_while_the_disk_is_full_is_not_forgotten() {
    let disk = Arc::new(MemoryDisk::default());
    let queue = open(&disk).unwrap();
    for n in 0..3 {
        queue.append(append(n), T0).await.unwrap();
    }
    disk.set_capacity(Some(disk.used()));
    let claims = claim_all(&queue, LANE, T0).await;
    queue.settle(&claims[0], Settlement::Done, T0).await.unwrap();
    queue.settle(&claims[1], Settlement::TryAt(T0 + secs(5)), T0).await.unwrap();
    assert!(matches!(queue.append(append(9), T0).await, Err(QueueError::Full(_))));
    // It is asked again after a moment, as time alone tells nobody that there is room.
    assert_eq!(queue.due(T0).await.unwrap().next, Some(T0 + secs(1)));

    disk.set_capacity(None);
    while queue.due(T0 + secs(1)).await.unwrap().next != Some(T0 + secs(5)) {
        queue.changed().await;
    }
    assert_eq!(queue.claim(LANE, 9, T0 + secs(5)).await.unwrap()[0].delivery.attempts, 1);
    queue.close().await.unwrap();
    assert_eq!(numbers_left(&open(&disk).unwrap()).await, [2, 1]);
}

#[tokio::test]
async fn after_a_failed_sync_nothing_is_built_on_what_it_left() {
    for seed in 0..20 {
        let disk = Arc::new(MemoryDisk::default());
        let queue = open(&disk).unwrap();
        queue.append(append(0), T0).await.unwrap();
        disk.fail_syncs(1);
        assert!(matches!(queue.append(append(1), T0).await, Err(QueueError::Unavailable(_))));
        queue.append(append(2), T0).await.unwrap();
        queue.append(append(1), T0).await.unwrap();

        let left = Arc::new(disk.after_power_loss(coin(seed)));
        assert_eq!(numbers_left(&open(&left).unwrap()).await, [0, 2, 1]);
        assert_eq!(numbers_left(&queue).await, [0, 2, 1]);
    }
}

#[tokio::test]
async fn a_queue_that_is_drained_keeps_one_segment() {
    let disk = Arc::new(MemoryDisk::default());
    let queue = open(&disk).unwrap();
    for n in 0..200 {
        pass(&queue, n).await;
    }
    queue.close().await.unwrap();
    assert!(segments(&disk).len() <= 2, "{:?}", segments(&disk));
    assert!(disk.used() as u64 <= 3 * SEGMENT_BYTES);
}

/// One destination hangs with what came first; all else passes through. What hangs must not keep the rest.
#[tokio::test]
async fn a_hung_delivery_does_not_keep_what_passed_it_by() {
    let disk = Arc::new(MemoryDisk::default());
    let queue = open(&disk).unwrap();
    for n in 0..2 {
        queue.append(append(n), T0).await.unwrap();
        queue.recorded(&[event(n).id]).await.unwrap();
    }
    let mut n = 2;
    while n < 500 || queue.backlog(T0).await.unwrap().bytes > 8 * SEGMENT_BYTES {
        pass(&queue, n).await;
        n += 1;
    }
    queue.close().await.unwrap();

    let queue = open(&disk).unwrap();
    assert_eq!(numbers_left(&queue).await, [0, 1]);
    assert!(queue.unrecorded(9).await.unwrap().is_empty());
    assert!(claim_all(&queue, HEALTHY, T0).await.is_empty());
}

/// Half of each segment is settled late, in an order of its own, with tries again between: whatever is
/// compacted when, each delivery is there exactly until it is done, over restarts too.
#[tokio::test]
async fn compaction_changes_nothing_that_anybody_can_see() {
    let disk = Arc::new(MemoryDisk::default());
    let mut queue = open(&disk).unwrap();
    let mut open_numbers = Vec::new();
    for round in 0..30_u64 {
        for n in round * 20..round * 20 + 20 {
            queue.append(append(n), T0).await.unwrap();
            queue.recorded(&[event(n).id]).await.unwrap();
            open_numbers.push(n);
        }
        for claim in claim_all(&queue, LANE, T0 + secs(100 * round)).await {
            let number = claim.delivery.event.id.made_at().since(T0).as_millis() as u64;
            let settlement = if number % 17 == round % 17 || !number.is_multiple_of(5) {
                open_numbers.retain(|open| *open != number);
                Settlement::Done
            } else {
                Settlement::TryAt(T0 + secs(100 * round + 1))
            };
            queue.settle(&claim, settlement, T0 + secs(100 * round)).await.unwrap();
        }
        if round % 7 == 6 {
            queue.close().await.unwrap();
            queue = open(&disk).unwrap();
        }
    }
    queue.close().await.unwrap();
    let queue = open(&disk).unwrap();
    let mut left: Vec<u64> = claim_all(&queue, LANE, T0 + secs(100_000))
        .await
        .iter()
        .map(|claim| claim.delivery.event.id.made_at().since(T0).as_millis() as u64)
        .collect();
    left.sort_unstable();
    assert_eq!(left, open_numbers);
}

/// The oldest segment stays as it is, most of it hanging; what later ones say of it must not be lost with them.
#[tokio::test]
async fn a_compacted_segment_still_says_what_is_settled_in_older_ones() {
    let disk = Arc::new(MemoryDisk::default());
    let queue = open(&disk).unwrap();
    for n in 0..12 {
        queue.append(append(n), T0).await.unwrap();
        queue.recorded(&[event(n).id]).await.unwrap();
    }
    for n in 100..120 {
        pass(&queue, n).await;
    }
    let claims = claim_all(&queue, LANE, T0).await;
    queue.settle(&claims[0], Settlement::Done, T0).await.unwrap();
    queue.settle(&claims[1], Settlement::TryAt(T0 + secs(1)), T0).await.unwrap();
    for n in 120..140 {
        pass(&queue, n).await;
    }
    let again = queue.claim(LANE, 9, T0 + secs(1)).await.unwrap().remove(0);
    queue.settle(&again, Settlement::Done, T0 + secs(1)).await.unwrap();
    let spoke = segments(&disk).last().unwrap().0;
    let is_compacted = |(number, generation): &(u32, u32)| *number == 1 || *number > spoke || *generation > 0;
    let mut n = 140;
    while !segments(&disk).iter().all(is_compacted) {
        pass(&queue, n).await;
        n += 1;
    }
    queue.close().await.unwrap();
    assert_eq!(segments(&disk)[0], (1, 0));
    assert_eq!(numbers_left(&open(&disk).unwrap()).await, (2..12).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_backlog_at_its_limit_takes_no_more_until_some_is_done() {
    let disk = Arc::new(MemoryDisk::default());
    let limited = EmbeddedConfig { most_pending: 2, ..config() };
    let queue = Embedded::open_on(limited, disk).unwrap();
    queue.append(append(0), T0).await.unwrap();
    queue.append(append(1), T0).await.unwrap();
    let refused = queue.append(append(2), T0).await.unwrap_err();
    assert_eq!(refused.to_string(), "the queue has no room: 2 deliveries are in flight, and the limit is 2");

    let claim = queue.claim(LANE, 1, T0).await.unwrap().remove(0);
    queue.settle(&claim, Settlement::Done, T0).await.unwrap();
    queue.append(append(2), T0).await.unwrap();
}

#[tokio::test]
async fn bytes_at_their_limit_take_no_more() {
    let limited = EmbeddedConfig { most_bytes: Some(500), ..config() };
    let queue = Embedded::open_on(limited, Arc::new(MemoryDisk::default())).unwrap();
    let mut n = 0;
    let refused = loop {
        match queue.append(append(n), T0).await {
            Ok(_) => n += 1,
            Err(refused) => break refused,
        }
    };
    assert!(matches!(&refused, QueueError::Full(why) if why.contains("500")), "{refused}");
    assert!((500..1000).contains(&queue.backlog(T0).await.unwrap().bytes));
}

async fn fill(queue: &Embedded, count: u64) {
    let appends = (0..count).map(|n| {
        let event = event(n);
        let mut delivery = delivery(&event, n);
        delivery.lane = Lane(n % 3);
        queue.append(Append { event, deliveries: vec![(delivery, false)] }, T0)
    });
    // Unconstrained, so that they arrive in the order they were made.
    for appended in tokio::task::unconstrained(join_all(appends)).await {
        appended.unwrap();
    }
}

fn memory(shared: &Shared) -> usize {
    let state = shared.state.lock();
    state.lanes.memory() + state.segments.iter().map(Segment::memory).sum::<usize>()
}

/// Bodies stay on disk, whatever their size: 24 bytes of memory for each delivery, sealed or read at a start.
#[tokio::test]
async fn a_large_backlog_costs_24_bytes_each_and_drains_in_order() {
    const COUNT: u64 = 200_000;
    let dir = tempfile::tempdir().unwrap();
    let config = EmbeddedConfig { segment_bytes: 4 << 20, ..EmbeddedConfig::in_dir(dir.path()) };
    let queue = Embedded::open(config.clone()).unwrap();
    fill(&queue, COUNT).await;
    let filled = memory(&queue.shared);
    assert!(filled < 24 * COUNT as usize + 500_000, "{filled} bytes");
    queue.close().await.unwrap();

    let queue = Embedded::open(config).unwrap();
    let read = memory(&queue.shared);
    assert!(read < 24 * COUNT as usize, "{read} bytes");
    assert_eq!(queue.backlog(T0).await.unwrap().pending, COUNT);
    for lane in 0..3 {
        let mut expected = lane;
        loop {
            let claims = queue.claim(Lane(lane), 500, T0).await.unwrap();
            if claims.is_empty() {
                break;
            }
            for claim in claims {
                assert_eq!(claim.delivery.event.id, event(expected).id);
                queue.settle(&claim, Settlement::Done, T0).await.unwrap();
                expected += 3;
            }
        }
        assert!(expected >= COUNT);
    }
    assert_eq!(queue.backlog(T0).await.unwrap().pending, 0);
}
