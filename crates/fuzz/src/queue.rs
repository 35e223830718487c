//! The queue's files, damaged.

use std::collections::BTreeMap;
use std::sync::Arc;

use fieldhook_core::event::Event;
use fieldhook_core::id::{DeliveryId, EventId, IntegrationId};
use fieldhook_server::queue::embedded::disk::Disk;
use fieldhook_server::queue::embedded::memory::MemoryDisk;
use fieldhook_server::queue::embedded::{Embedded, EmbeddedConfig};
use fieldhook_server::queue::{Append, Delivery, Lane, Queue, QueueError};
use tokio::runtime::Builder;

use crate::integration::{T0, event};

const LANE: Lane = Lane(7);
const EVENTS: u8 = 4;
const FIRST_SEGMENT: &str = "000000001.0.log";

/// However the log is damaged, the queue refuses it loudly or hands out all that was acknowledged, as it was written.
///
/// Every four bytes are one damage: what to do, where (two bytes), and with what.
pub(crate) fn damage_never_passes_for_what_was_written(bytes: &[u8]) {
    let runtime = Builder::new_current_thread().build().expect("a runtime starts");
    runtime.block_on(async {
        let (disk, written) = with_events().await;
        let sound = disk.read(FIRST_SEGMENT).expect("the first segment is there");
        let damaged = damaged(&sound, bytes);
        disk.overwrite(FIRST_SEGMENT, damaged.clone());

        let queue = match open(&disk) {
            Ok(queue) => queue,
            Err(QueueError::Damaged(_)) => return assert_ne!(damaged, sound, "what is sound is opened"),
            Err(other) => panic!("damage is told as such, not as: {other}"),
        };
        let unrecorded = queue.unrecorded(100).await;
        let mut left = 0;
        while let Ok(claims) = queue.claim(LANE, 100, T0).await
            && !claims.is_empty()
        {
            for claim in claims {
                assert_eq!(written.get(&claim.delivery.event.id), Some(&claim.delivery.event));
                left += 1;
            }
        }
        for (event, _) in unrecorded.unwrap_or_default() {
            assert_eq!(written.get(&event.id), Some(&event));
        }
        assert_eq!(left, written.len(), "nothing acknowledged goes without a word");
    });
}

async fn with_events() -> (Arc<MemoryDisk>, BTreeMap<EventId, Arc<Event>>) {
    let disk = Arc::new(MemoryDisk::default());
    let queue = open(&disk).expect("an empty disk opens");
    let mut written = BTreeMap::new();
    for n in 0..EVENTS {
        let event = Arc::new(Event { id: EventId::new(T0, [n; 10]), ..(*event("temp", "21.5")).clone() });
        let delivery = Delivery {
            id: DeliveryId::new(T0, [n; 10]),
            event: Arc::clone(&event),
            integration: IntegrationId([5; 12]),
            lane: LANE,
            due: T0,
            attempts: 0,
            first_tried_at: None,
            replayed: None,
            postponed: false,
        };
        let append = Append { event: Arc::clone(&event), deliveries: vec![(delivery, false)] };
        queue.append(append, T0).await.expect("there is room");
        written.insert(event.id, event);
    }
    (Arc::new(disk.after_crash()), written)
}

fn open(disk: &Arc<MemoryDisk>) -> Result<Embedded, QueueError> {
    Embedded::open_on(EmbeddedConfig::in_dir("/queue"), Arc::clone(disk) as Arc<dyn Disk>)
}

fn damaged(sound: &[u8], bytes: &[u8]) -> Vec<u8> {
    let mut damaged = sound.to_vec();
    for damage in bytes.chunks_exact(4).take(8) {
        let at = usize::from(u16::from_le_bytes([damage[1], damage[2]])) % (damaged.len() + 1);
        match damage[0] % 5 {
            0 if at < damaged.len() => damaged[at] ^= damage[3],
            1 => damaged.truncate(at),
            2 => damaged.insert(at, damage[3]),
            3 if at < damaged.len() => drop(damaged.remove(at)),
            _ => {
                let end = (at + usize::from(damage[3])).min(damaged.len());
                damaged.extend_from_within(at..end);
            }
        }
    }
    damaged
}
