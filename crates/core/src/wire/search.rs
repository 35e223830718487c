//! Finding things by what a person typed.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::access::Scope;

/// What fits, best first; 20 at most.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Found {
    /// The things.
    pub items: Vec<FoundItem>,
}

/// A thing that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FoundItem {
    /// What it is.
    pub kind: FoundKind,
    /// Its id; of a product, its number.
    pub id: String,
    /// Its name; of an integration without one, and of a delivery or an attempt, the name of its event. May be empty.
    pub name: String,
    /// Where the caller sees it.
    pub scope: Scope,
}

/// The kinds of thing that can be found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum FoundKind {
    /// An integration, by id, name or event.
    Integration,
    /// A device, by id or name.
    Device,
    /// A product, by number, name or slug.
    Product,
    /// An organisation, by id, name or slug.
    Organisation,
    /// An event, by its whole id.
    Event,
    /// A delivery, by its whole id.
    Delivery,
    /// An attempt, by its whole id.
    Attempt,
}
