//! Integrations at a glance: what each is, how it does today, and what is wrong with it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::books::DayTally;
use super::integration::IntegrationRecord;
use crate::access::Scope;
use crate::id::IntegrationId;
use crate::throttle::GateState;
use crate::time::Timestamp;
use crate::trouble::Trouble;

/// An integration at a glance.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct IntegrationOverview {
    /// Its id.
    pub id: IntegrationId,
    /// Its name, if it has one.
    pub name: Option<String>,
    /// The event-name prefix it fires on.
    pub event: String,
    /// Its URL as it was saved, tags included.
    pub url: String,
    /// The host that its requests go to; null when a tag decides it.
    pub host: Option<String>,
    /// `scheme://host:port`; null when a tag decides it.
    pub origin: Option<String>,
    /// Who owns it.
    pub scope: Scope,
    /// Who that is, in words: a username, or the name of a product or an organisation.
    pub scope_name: String,
    /// Whether it is switched off.
    pub disabled: bool,
    /// Since when, if it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disabled_since: Option<Timestamp>,
    /// The username of whoever switched it off, if somebody did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disabled_by: Option<String>,
    /// Counts the saves, from 1.
    pub revision: u32,
    /// When it was first saved.
    pub created_at: Timestamp,
    /// When this revision was saved.
    pub updated_at: Timestamp,
    /// The username of whoever saved this revision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updated_by: Option<String>,
    /// Attempts of the UTC day that is not over yet.
    pub today: DayTally,
    /// When the last attempt began that was no test.
    pub last_attempt_at: Option<Timestamp>,
    /// The gate of its destination; null when it was not tried in the last day, or a tag decides where it sends.
    pub gate: Option<GateState>,
    /// What is wrong with it; null when its newest attempt that counts succeeded.
    pub trouble: Option<Trouble>,
}

/// A page of integrations at a glance, the oldest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Overview {
    /// The integrations.
    pub items: Vec<IntegrationOverview>,
    /// What to give as `cursor` for the next page; null when this was the last.
    pub next: Option<String>,
    /// Where the caller has more: products and organisations that hold integrations.
    pub elsewhere: Vec<Elsewhere>,
}

/// A product or an organisation that holds integrations.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Elsewhere {
    /// The scope.
    pub scope: Scope,
    /// Its name.
    pub name: String,
    /// Its name in paths.
    pub slug: String,
    /// How many integrations it holds.
    pub integrations: usize,
}

/// One integration, with its template and a month of counts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct IntegrationStory {
    /// The integration at a glance.
    #[serde(flatten)]
    pub overview: IntegrationOverview,
    /// The integration as it was saved, secrets masked.
    pub record: IntegrationRecord,
    /// Attempts of the last 30 days, the oldest day first; days without any are absent.
    pub days: Vec<DayTally>,
}
