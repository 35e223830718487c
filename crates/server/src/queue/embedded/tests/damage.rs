//! Files that were changed behind the queue's back: it says so, or drops only what nobody was promised.

use std::sync::Arc;

use super::super::memory::MemoryDisk;
use super::super::opening::Synced;
use super::super::segment;
use super::open;
use crate::queue::contract::{T0, append, claim_all};
use crate::queue::{Lane, Queue, QueueError};

const LAST: u64 = 4;

/// A disk on which four events were acknowledged one by one and then the process was killed.
async fn with_four_events() -> Arc<MemoryDisk> {
    let disk = Arc::new(MemoryDisk::default());
    let queue = open(&disk).unwrap();
    for n in 0..LAST {
        queue.append(append(n), T0).await.unwrap();
    }
    Arc::new(disk.after_crash())
}

/// Opens what is left; says how many events it holds, or that it was refused.
async fn events_left(disk: &Arc<MemoryDisk>) -> Option<usize> {
    match open(disk) {
        Ok(queue) => Some(claim_all(&queue, Lane(7), T0).await.len()),
        Err(QueueError::Damaged(why)) => {
            assert!(why.contains("/queue") && why.contains("backup"), "{why}");
            None
        }
        Err(other) => panic!("{other}"),
    }
}

#[tokio::test]
async fn a_flipped_bit_anywhere_is_refused_and_loses_nothing_silently() {
    let disk = with_four_events().await;
    let name = segment::name(1, 0);
    let sound = disk.read(&name).unwrap();
    for at in 0..sound.len() {
        let mut flipped = sound.clone();
        flipped[at] ^= 1 << (at % 8);
        disk.overwrite(&name, flipped);
        assert_eq!(events_left(&Arc::new(disk.after_crash())).await, None, "byte {at}");
    }
}

#[tokio::test]
async fn a_segment_cut_anywhere_is_refused() {
    let disk = with_four_events().await;
    let name = segment::name(1, 0);
    let sound = disk.read(&name).unwrap();
    for size in 0..sound.len() {
        disk.overwrite(&name, sound[..size].to_vec());
        assert_eq!(events_left(&Arc::new(disk.after_crash())).await, None, "cut to {size} bytes");
    }
}

#[tokio::test]
async fn a_missing_segment_is_refused() {
    let disk = Arc::new(MemoryDisk::default());
    let queue = open(&disk).unwrap();
    for n in 0..40 {
        queue.append(append(n), T0).await.unwrap();
    }
    for number in [2, 3] {
        let left = Arc::new(disk.after_crash());
        super::super::disk::Disk::remove(&*left, &segment::name(number, 0)).unwrap();
        assert_eq!(events_left(&left).await, None);
    }
}

/// Without the note of what was synced, the last record may be one that was never acknowledged; those before it
/// were durable when it was written.
#[tokio::test]
async fn without_the_note_only_the_last_record_may_go() {
    let disk = with_four_events().await;
    disk.overwrite(Synced::NAME, vec![0; Synced::SIZE]);
    let name = segment::name(1, 0);
    let sound = disk.read(&name).unwrap();
    for at in (0..sound.len()).step_by(3) {
        let mut flipped = sound.clone();
        flipped[at] ^= 1 << (at % 8);
        disk.overwrite(&name, flipped);
        let left = events_left(&Arc::new(disk.after_crash())).await;
        assert!(left.is_none_or(|events| events as u64 == LAST - 1), "byte {at}: {left:?}");
    }
}

#[tokio::test]
async fn a_torn_end_that_was_never_acknowledged_is_dropped() {
    let disk = with_four_events().await;
    let name = segment::name(1, 0);
    let sound = disk.read(&name).unwrap();
    let torn = &sound[32..sound.len() / 2];
    for size in (1..torn.len()).step_by(7) {
        disk.overwrite(&name, [&sound, &torn[..size]].concat());
        let left = Arc::new(disk.after_crash());
        assert_eq!(events_left(&left).await, Some(4));
        let queue = open(&left).unwrap();
        queue.append(append(9), T0).await.unwrap();
        assert_eq!(events_left(&Arc::new(left.after_crash())).await, Some(5));
    }
}

#[tokio::test]
async fn a_new_segment_that_was_never_used_is_dropped() {
    let disk = with_four_events().await;
    for bytes in [vec![], vec![0; 32], vec![7; 100]] {
        super::super::disk::Disk::create(&*disk, &segment::name(2, 0)).unwrap();
        disk.overwrite(&segment::name(2, 0), bytes);
        assert_eq!(events_left(&Arc::new(disk.after_crash())).await, Some(4));
    }
}
