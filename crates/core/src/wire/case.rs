//! Links to cases.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::id::EventId;
use crate::time::Timestamp;

/// A case that is to be handed out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CaseLinkRequest {
    /// The window's beginning; 24 hours before its end by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// Its end; now by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// Events that are said to be missing, 20 at most.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<EventId>,
    /// Seconds until the link ends, 60 to 2,592,000 (30 days); 604,800 (7 days) by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_in: Option<u64>,
}

/// A link to a case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CaseLink {
    /// Its id, by which it is revoked.
    pub id: String,
    /// The address of the case; told once, when the link is made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The window's beginning.
    pub since: Timestamp,
    /// Its end.
    pub until: Timestamp,
    /// When the link was made.
    pub made_at: Timestamp,
    /// By whom, by their username.
    pub made_by: String,
    /// When it ends.
    pub expires_at: Timestamp,
}
