//! What is known of a replay while it is under way.

use fieldhook_core::id::IntegrationId;
use fieldhook_core::time::Timestamp;
use tokio_util::sync::CancellationToken;

/// A replay under way.
pub(super) struct UnderWay {
    /// The integration that it sends many events of.
    pub(super) many_of: Option<IntegrationId>,
    /// Until when it waits for its pace; none while it is at work.
    pub(super) rests_until: Option<Timestamp>,
    /// Tells it to end.
    pub(super) cancel: CancellationToken,
    /// Tells that it has ended.
    pub(super) ended: CancellationToken,
}

impl UnderWay {
    /// One that has just begun.
    pub(super) fn new(many_of: Option<IntegrationId>) -> Self {
        Self { many_of, rests_until: None, cancel: CancellationToken::new(), ended: CancellationToken::new() }
    }

    /// Tells it to end; what is returned tells when it has.
    pub(super) fn cancel(&self) -> CancellationToken {
        self.cancel.cancel();
        self.ended.clone()
    }

    /// Whether it waits, and for a moment that is still to come.
    pub(super) fn rests_at(&self, now: Timestamp) -> bool {
        !self.cancel.is_cancelled() && self.rests_until.is_some_and(|until| until > now)
    }
}
