//! What is told as it happens, in the messages of `GET /fieldhook/v1/live`.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::history::Event;
use crate::id::IntegrationId;
use crate::reply::Part;

/// Most integrations that one message names.
pub const MOST_NAMED: usize = 200;

/// The data of a message; the message's own name says which it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum LiveMessage {
    /// `event: events`
    Events(LiveEvents),
    /// `event: changed`
    Changed(LiveChanges),
}

impl LiveMessage {
    /// The message's name on the stream.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Events(_) => "events",
            Self::Changed(_) => "changed",
        }
    }
}

/// Events that have happened since the message before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LiveEvents {
    /// The events, the oldest first; an even sample when there were many.
    pub items: Vec<LiveEvent>,
    /// How many more there were.
    pub left_out: u64,
}

/// An event as it happens: one that was taken in, or a reply.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LiveEvent {
    /// The event.
    #[serde(flatten)]
    pub event: Event,
    /// Of a reply in parts: which part this is, from 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<u32>,
    /// Of a reply in parts: how many there are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parts: Option<u32>,
}

impl LiveEvent {
    /// The event, which may be part of a reply.
    pub fn new(event: Event, part: Option<Part>) -> Self {
        Self { event, part: part.map(|part| part.part), parts: part.map(|part| part.parts) }
    }
}

/// Integrations whose log, counters or books have changed since the message before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LiveChanges {
    /// Their ids.
    pub integrations: Vec<IntegrationId>,
    /// Whether there are more than are named, so that any may have changed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub all: bool,
}

impl LiveChanges {
    /// These have changed, and others when `more`.
    pub fn new(mut integrations: Vec<IntegrationId>, more: bool) -> Self {
        let all = more || integrations.len() > MOST_NAMED;
        integrations.truncate(MOST_NAMED);
        Self { integrations, all }
    }

    /// Whether nothing has changed.
    pub fn is_empty(&self) -> bool {
        self.integrations.is_empty() && !self.all
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_message_names_200_integrations_and_then_says_that_there_are_more() {
        let ids = |count: u8| (0..count).map(|n| IntegrationId([n; 12])).collect::<Vec<_>>();
        assert_eq!(json!(LiveChanges::new(ids(1), false)), json!({"integrations": ids(1)}));
        assert!(!LiveChanges::new(ids(200), false).all);
        let many = LiveChanges::new(ids(201), false);
        assert_eq!((many.integrations.len(), many.all), (MOST_NAMED, true));
        assert_eq!(json!(LiveChanges::new(ids(0), true)), json!({"integrations": [], "all": true}));
    }
}
