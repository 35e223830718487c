//! Timed jobs, each a tick: what memory and disk need not keep is let go.

use std::sync::Arc;

use fieldhook_core::time::Timestamp;
use tokio_util::sync::CancellationToken;

use crate::clock::Nature;
use crate::config::{PRUNE_EVERY, RetentionConfig, TIDY_EVERY};
use crate::delivery::Engine;
use crate::directory::Directory;
use crate::ingest::{Ingest, KEY_LIFE};
use crate::outbound::Outbound;
use crate::queue::Queue;
use crate::replay::Replays;
use crate::store::{Retention, Store};
use crate::tester::Tester;
use crate::vitals::Vitals;

/// What upkeep looks after.
pub struct Upkeep {
    /// Tokens that ended.
    pub directory: Arc<Directory>,
    /// Buckets of devices that rest.
    pub ingest: Arc<Ingest>,
    /// Destinations that rest.
    pub engine: Arc<Engine>,
    /// Connections that rest.
    pub outbound: Arc<Outbound>,
    /// Those that nobody sends any more.
    pub replays: Arc<Replays>,
    /// What is older than it need be.
    pub store: Arc<dyn Store>,
    /// Endpoints that rest.
    pub tester: Arc<Tester>,
    /// Notes what goes wrong, also while nobody asks.
    pub vitals: Arc<Vitals>,
    /// Says whether this node is the one that looks after what all nodes share.
    pub queue: Arc<dyn Queue>,
    /// How old it need be.
    pub retention: RetentionConfig,
    /// Time.
    pub nature: Nature,
}

impl Upkeep {
    /// Ticks until `stop`.
    pub async fn run(self, stop: CancellationToken) {
        let mut pruned_at = self.nature.now();
        loop {
            tokio::select! {
                () = self.nature.clock.sleep(TIDY_EVERY) => {}
                () = stop.cancelled() => return,
            }
            self.ingest.forget_rested();
            self.engine.forget_idle();
            self.engine.share_lanes(self.queue.nodes().len());
            self.outbound.sweep();
            self.tester.forget_idle();
            self.vitals.look().await;
            let now = self.nature.now();
            if now.since(pruned_at) >= PRUNE_EVERY {
                pruned_at = now;
                if self.queue.leads() {
                    self.prune(now).await;
                }
            }
        }
    }

    async fn prune(&self, now: Timestamp) {
        match self.store.prune(&keep(&self.retention, now)).await {
            Ok(0) => {}
            Ok(rows) => tracing::info!(rows, "old entries removed"),
            Err(error) => tracing::error!(%error, "old entries could not be removed; trying again later"),
        }
        if let Err(error) = self.replays.note_interrupted().await {
            tracing::error!(%error, "replays that were interrupted could not be found; trying again later");
        }
        if let Err(error) = self.directory.forget_ended_tokens().await {
            tracing::error!(%error, "ended tokens could not be removed; trying again later");
        }
    }
}

fn keep(retention: &RetentionConfig, now: Timestamp) -> Retention {
    Retention {
        attempts_since: now.day().minus(retention.attempt_days).start(),
        counts_since: now.day().minus(retention.count_days),
        most_bytes: retention.log_bytes,
        keys_since: now - KEY_LIFE,
    }
}
