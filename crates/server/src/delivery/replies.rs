//! Reply events: to the owner's stream, the product's, and the devices that may hear them.

use std::sync::Arc;

use fieldhook_core::attempt::FollowedBy;
use fieldhook_core::event::{DEFAULT_TTL, Event, Publisher};
use fieldhook_core::id::EventId;
use fieldhook_core::reply::{AnswerFacts, Reply};
use fieldhook_core::request::Facts;
use parking_lot::Mutex;

use super::trial::Trial;
use super::{Engine, LiveIntegration};
use crate::clock::random;
use crate::ingest::received;
use crate::live::{Happening, ReplyFacts};
use crate::store::Entry;

/// Publishes the replies of one attempt as they come, and keeps count of them.
pub(super) struct Announcer<'a> {
    engine: &'a Engine,
    live: &'a LiveIntegration,
    event: &'a Arc<Event>,
    facts: &'a Facts<'a>,
    published: Mutex<Published>,
}

#[derive(Default)]
struct Published {
    followed_by: Vec<FollowedBy>,
    entries: Vec<Entry>,
}

impl<'a> Announcer<'a> {
    pub(super) fn new(engine: &'a Engine, trial: &Trial<'a>, facts: &'a Facts<'a>) -> Self {
        Self { engine, live: trial.live, event: trial.event, facts, published: Mutex::default() }
    }

    /// Publishes that the request was written in full.
    pub(super) fn sent(&self) {
        self.publish(self.live.webhook.replies.sent(self.event));
    }

    /// Publishes the parts of an answer.
    pub(super) fn answered(&self, answer: &AnswerFacts<'_>) {
        let limit = self.engine.settings.data_limit;
        let values = self.live.webhook.reply_values(self.facts);
        for reply in self.live.webhook.replies.response(self.event, &values.values(), answer, limit) {
            self.publish(reply);
        }
    }

    /// Publishes what went wrong.
    pub(super) fn failed(&self, text: &str) {
        let values = self.live.webhook.reply_values(self.facts);
        for reply in self.live.webhook.replies.error(self.event, &values.values(), text) {
            self.publish(reply);
        }
    }

    /// What was published, and what devices are charged for it.
    pub(super) fn finish(self) -> (Vec<FollowedBy>, Vec<Entry>) {
        let published = self.published.into_inner();
        (published.followed_by, published.entries)
    }

    fn publish(&self, reply: Reply) {
        let engine = self.engine;
        let now = engine.nature.now();
        let bytes = reply.data.as_ref().map_or(0, String::len);
        let event = Arc::new(Event {
            id: EventId::new(now, random(&*engine.nature.luck)),
            name: reply.name,
            data: reply.data,
            published_at: now,
            ttl: DEFAULT_TTL,
            publisher: Publisher::Internal,
            private: true,
            owner: self.event.owner,
            product: self.event.product,
            product_version: self.event.product_version,
            source: self.event.source,
            idempotency_key: None,
        });
        let happening = Happening {
            scopes: engine.directory.scopes_hearing(self.event),
            reply: Some(ReplyFacts {
                integration: self.live.saved.id,
                integration_scope: self.live.saved.scope,
                device: self.event.device(),
                owner: self.event.owner,
                part: reply.part,
            }),
            event,
        };
        let reach = engine.live.publish(&happening);
        let mut published = self.published.lock();
        published.entries.extend(received(&engine.directory, &reach, Some(self.live.saved.id), now));
        published.followed_by.push(FollowedBy {
            name: happening.event.name.clone(),
            bytes: u32::try_from(bytes).unwrap_or(u32::MAX),
            listeners: reach.listeners,
            operations: u32::try_from(reach.devices.len()).unwrap_or(u32::MAX),
        });
    }
}
