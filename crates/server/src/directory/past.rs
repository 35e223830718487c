//! Integrations as they once were, for replays that ask for it.

use std::sync::Arc;

use fieldhook_core::event::Event;
use fieldhook_core::id::{IntegrationId, ReplayId};
use fieldhook_core::replay::{Revision, in_force};
use fieldhook_core::time::Timestamp;

use super::webhooks::{Live, SavedIntegration};
use super::{Directory, DirectoryError};

/// Replays whose choice of revision is remembered; more are read from the store again.
const REMEMBERED: usize = 256;

/// The revisions that replays send as.
pub(super) struct Replays(quick_cache::sync::Cache<ReplayId, Sends>);

/// As what a replay sends.
#[derive(Clone)]
enum Sends {
    /// As the integration is.
    Now,
    /// As one of these, newest first.
    Then(Arc<Past>),
}

/// Every revision of an integration, newest first.
pub struct Past {
    saved_at: Vec<Timestamp>,
    revisions: Vec<SavedIntegration>,
}

impl Past {
    /// The revision in force when the event came in; none when there is none at all.
    pub fn of(&self, event: &Event) -> Option<&SavedIntegration> {
        in_force(&self.saved_at, event.id.made_at()).and_then(|at| self.revisions.get(at))
    }

    /// The revision that was there already when the event came in. One saved in that very millisecond is taken for
    /// later: had the event fired it, there would be a delivery.
    pub fn existing_before(&self, event: &Event) -> Option<&SavedIntegration> {
        self.revisions.iter().find(|saved| saved.updated_at < event.id.made_at())
    }
}

impl Replays {
    pub(super) fn new() -> Self {
        Self(quick_cache::sync::Cache::new(REMEMBERED))
    }
}

impl Directory {
    /// Every revision of an integration.
    pub async fn past(&self, id: IntegrationId) -> Result<Past, DirectoryError> {
        let revisions = self.saved_revisions(id).await?;
        Ok(Past { saved_at: revisions.iter().map(|saved| saved.updated_at).collect(), revisions })
    }

    /// The integration as it was when the event came in, if the replay asks for that, ready to send with the secrets
    /// of now: those of then are not kept.
    pub async fn live_then(
        &self,
        id: IntegrationId,
        event: &Event,
        replay: ReplayId,
    ) -> Result<Option<Arc<Live>>, DirectoryError> {
        let Sends::Then(past) = self.sends(id, replay).await? else { return Ok(None) };
        Ok(past.of(event).cloned().and_then(|saved| self.compile(saved)).map(Arc::new))
    }

    /// A revision, ready to send with the secrets of now.
    pub fn live_as(&self, saved: &SavedIntegration) -> Option<Live> {
        self.compile(saved.clone())
    }

    async fn sends(&self, id: IntegrationId, replay: ReplayId) -> Result<Sends, DirectoryError> {
        if let Some(known) = self.replays.0.get(&replay) {
            return Ok(known);
        }
        let kept = self.store.replay(replay).await?;
        let sends = match kept.map(|kept| kept.plan.revision) {
            Some(Revision::Then) => Sends::Then(Arc::new(self.past(id).await?)),
            Some(Revision::Now) | None => Sends::Now,
        };
        self.replays.0.insert(replay, sends.clone());
        Ok(sends)
    }
}
