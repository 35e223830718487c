//! What an earlier run, or a node that is gone, acknowledged and did not see recorded.

use fieldhook_core::access::Scope;
use fieldhook_core::event::Event;
use fieldhook_core::id::UserId;

use crate::directory::Directory;
use crate::queue::{Queue, QueueError};
use crate::recorder::{Recorder, matched_entry};

/// Events recorded in one go.
const CATCH_UP: usize = 1_024;

/// Has the store remember what an earlier run took in and did not see remembered.
pub(crate) async fn catch_up(
    queue: &dyn Queue,
    recorder: &Recorder,
    directory: &Directory,
) -> Result<(), QueueError> {
    let mut count = 0;
    loop {
        let batch = queue.unrecorded(CATCH_UP).await?;
        if batch.is_empty() {
            break;
        }
        count += batch.len();
        for (event, deliveries) in batch {
            let matched = deliveries.iter().map(|delivery| {
                let saved = directory.integration(delivery.integration);
                let scope = saved.map_or_else(|| owner_of(&event), |saved| saved.scope);
                matched_entry(delivery, scope)
            });
            let matched = matched.collect();
            recorder.taken(event, matched).await;
        }
        recorder.flushed().await;
    }
    if count > 0 {
        tracing::info!(
            events = count,
            "took up events that an earlier run or another node had acknowledged and not yet logged"
        );
    }
    Ok(())
}

/// The scope to which an event's deliveries are put down when their integration is gone.
fn owner_of(event: &Event) -> Scope {
    match (event.product, event.owner) {
        (Some(product), _) => Scope::Product(product),
        (None, owner) => Scope::User(owner.unwrap_or(UserId([0; 12]))),
    }
}
