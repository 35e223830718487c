//! Publishing.

use serde::{Deserialize, Serialize};

use crate::id::EventId;

/// An event to be published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PublishRequest {
    /// Its name, 1 to 64 printable ASCII characters.
    pub name: String,
    /// Its data. Anything but text is published as its JSON text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<String>,
    /// Whether only its owner may see it, which is so unless false is sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub private: Option<bool>,
    /// Seconds it is said to live, 60 when absent. Nothing expires by it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttl: Option<u32>,
}

/// That an event was taken in, and will not be lost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Published {
    /// Always true.
    pub ok: bool,
    /// The event's id.
    pub id: EventId,
    /// The ids of all events made of it, one in each product of an organisation.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ids: Vec<EventId>,
}
