//! Integrations: what a person saves, read into what the engine needs.
//!
//! [`Integration`] is the document as it was saved. [`Definition::read`] gives it meaning, or says
//! everything that is wrong with it; [`crate::request::Webhook`] is what the engine then sends with.

mod address;
mod adopt;
mod definition;
mod finding;
mod keys;
mod payload;
mod reader;
mod replies;
mod rules;
mod secret;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use self::address::{FORBIDDEN_ADDRESS, URL_LIMIT};
pub use self::adopt::{adopted, copied};
pub use self::definition::{Auth, Definition, LABEL_LIMIT, Method, Reading};
pub use self::finding::{Finding, Level, Place};
pub use self::payload::{JSON_DEPTH_LIMIT, Leaf, Payload, Shape};
pub use self::reader::{FIELD_COUNT_LIMIT, HEADER_COUNT_LIMIT, PART_LIMIT, Pair};
pub use self::rules::{
    RATE_RANGE, RetryKind, SECRET_COUNT_LIMIT, SECRET_NAME_LIMIT, SuccessRule, is_secret_name,
};
pub(crate) use self::secret::{is_scheme, literal_secrets};
pub use self::secret::{is_secret_header, masked, unmasked};
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

/// The top-level keys whose values are not the same in two templates, in the order of the newer one; keys that are
/// gone come last.
pub fn changed_keys(old: &Map<String, Value>, new: &Map<String, Value>) -> Vec<String> {
    let kept = new.iter().filter(|(key, value)| old.get(*key) != Some(*value)).map(|(key, _)| key);
    let gone = old.keys().filter(|key| !new.contains_key(*key));
    kept.chain(gone).cloned().collect()
}

/// The act of switching an integration off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Disabled {
    /// When.
    pub since: Timestamp,
    /// By whom; absent when the server did.
    pub by: Option<UserId>,
}
