//! Integrations: what a person saves, read into what the engine needs.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::access::Scope;
use crate::id::{IntegrationId, UserId};
use crate::time::Timestamp;

/// A saved webhook, at one revision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Integration {
    /// Its id, the same through all revisions.
    pub id: IntegrationId,
    /// Who owns it.
    pub scope: Scope,
    /// Counts the saves, from 1.
    pub revision: u32,
    /// The template as it was saved, in Particle's keys, secrets included, unknown keys kept.
    pub template: Map<String, Value>,
    /// When it was first saved.
    pub created_at: Timestamp,
    /// When this revision was saved.
    pub updated_at: Timestamp,
    /// Who saved this revision; absent when the server did.
    pub updated_by: Option<UserId>,
    /// Since when and by whom it has been switched off, if it is.
    pub disabled: Option<Disabled>,
}

/// The act of switching an integration off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Disabled {
    /// When.
    pub since: Timestamp,
    /// By whom; absent when the server did.
    pub by: Option<UserId>,
}
