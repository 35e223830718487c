//! Matching: which integrations an event fires, and for the others the first reason why not.
//!
//! [`Tree`] finds the integrations whose prefix fits among any number of them; [`fires`] and [`judge`] are
//! one rule, asked briefly on the hot path and at length when somebody wants to know why.

use serde::{Deserialize, Serialize};

use crate::access::Scope;
use crate::event::{self, Event, Publisher, Source};
use crate::id::{DeviceId, IntegrationId, ProductId, UserId};
use crate::integration::Disabled;
use crate::time::Timestamp;

mod near;
mod tree;

pub use near::NearMiss;
pub use tree::Tree;

/// What matching needs to know of an integration.
#[derive(Debug, Clone, Copy)]
pub struct Candidate<'a> {
    /// The integration.
    pub integration: IntegrationId,
    /// Who owns it.
    pub scope: Scope,
    /// The case-sensitive beginning of the event names it fires for; never empty.
    pub prefix: &'a str,
    /// The one device it fires for, if it is narrowed to one.
    pub device_filter: Option<DeviceId>,
    /// Since when and by whom it is switched off, if it is.
    pub disabled: Option<&'a Disabled>,
    /// The products an organisation's integration lists; empty in other scopes.
    pub products: &'a [ProductId],
    /// When it was last saved.
    pub updated_at: Timestamp,
}

/// One row of a match trace: one event, one integration, and what came of the pair.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Trace {
    /// The integration.
    #[schema(value_type = String)]
    pub integration: IntegrationId,
    /// Whether it fired, or the first reason why it did not.
    #[serde(flatten)]
    pub reason: Reason,
    /// The same, in a sentence with the values at hand.
    pub explanation: String,
}

/// Whether an integration fires for an event, or the first reason why it does not, in the order asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "reason", rename_all = "kebab-case")]
pub enum Reason {
    /// It fires.
    Fired,
    /// The event was made for a test of one integration and fires no others.
    Test,
    /// The event's name does not begin with the prefix.
    Prefix {
        /// What was probably meant.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        nearest: Option<NearMiss>,
    },
    /// The event stands in another scope.
    Scope,
    /// A device published it that is not claimed to the integration's owner.
    Claim {
        /// Whether somebody else has claimed it; else nobody has.
        by_another: bool,
    },
    /// The integration is narrowed to another device.
    DeviceFilter,
    /// The integration is switched off.
    Disabled {
        /// By whom; absent when the server did.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schema(value_type = Option<String>)]
        by: Option<UserId>,
        /// Since when.
        #[schema(value_type = String, format = DateTime)]
        since: Timestamp,
    },
    /// The event's name is reserved for the system.
    Reserved,
    /// The event is itself a reply of an integration, and hooks must not loop.
    LoopGuard,
    /// The event's product is not among those the organisation's integration lists.
    NotListed,
    /// It would fire now, but was saved only after the event had come in.
    NotThen {
        /// When it was last saved.
        #[schema(value_type = String, format = DateTime)]
        saved_at: Timestamp,
    },
}

/// Whether the event fires the integration, as both stand now. The rule of [`judge`], without the words.
pub fn fires(event: &Event, candidate: &Candidate<'_>) -> bool {
    refusal(event, candidate).is_none()
}

/// Judges an event against an integration, as both stand now.
pub fn judge(event: &Event, candidate: &Candidate<'_>) -> Trace {
    let reason = match refusal(event, candidate) {
        None => Reason::Fired,
        Some(Reason::Prefix { .. }) => {
            Reason::Prefix { nearest: near::nearest(candidate.prefix, &event.name) }
        }
        Some(reason) => reason,
    };
    row(event, candidate, reason)
}

/// Traces what came of an event that was taken in earlier.
///
/// `delivery` says whether there is a delivery of the event for this integration: that is proof, whatever
/// the integration looks like by now. Without one, an integration that would fire now must have been saved
/// after the event came in; if it was not, its delivery is only yet to be recorded.
pub fn trace(event: &Event, candidate: &Candidate<'_>, delivery: bool) -> Trace {
    let now = judge(event, candidate);
    if delivery {
        row(event, candidate, Reason::Fired)
    } else if now.reason == Reason::Fired && candidate.updated_at > event.id.made_at() {
        row(event, candidate, Reason::NotThen { saved_at: candidate.updated_at })
    } else {
        now
    }
}

fn row(event: &Event, candidate: &Candidate<'_>, reason: Reason) -> Trace {
    Trace { integration: candidate.integration, explanation: reason.explain(event, candidate), reason }
}

/// The first rule that keeps the event from firing the integration. Near misses are left out: the hot path
/// has no use for them.
fn refusal(event: &Event, candidate: &Candidate<'_>) -> Option<Reason> {
    if event.source == Source::Test {
        return Some(Reason::Test);
    }
    if candidate.prefix.is_empty() || !event.name.starts_with(candidate.prefix) {
        return Some(Reason::Prefix { nearest: None });
    }
    if let Some(reason) = out_of_scope(event, candidate.scope) {
        return Some(reason);
    }
    if candidate.device_filter.is_some_and(|wanted| event.device() != Some(wanted)) {
        return Some(Reason::DeviceFilter);
    }
    if let Some(disabled) = candidate.disabled {
        return Some(Reason::Disabled { by: disabled.by, since: disabled.since });
    }
    if event::reserved(&event.name).is_some() {
        return Some(Reason::Reserved);
    }
    // An alert is no reply, and an organisation's stands in whichever of its products comes first.
    if event.source == Source::Server {
        return None;
    }
    // A reply may go to a topic of any name, so a name alone does not tell one.
    if event.publisher == Publisher::Internal || event::is_reply_name(&event.name) {
        return Some(Reason::LoopGuard);
    }
    let listed = |product| candidate.products.contains(&product);
    if matches!(candidate.scope, Scope::Organisation(_)) && !event.product.is_some_and(listed) {
        return Some(Reason::NotListed);
    }
    None
}

fn out_of_scope(event: &Event, scope: Scope) -> Option<Reason> {
    match scope {
        Scope::User(user) if event.owner == Some(user) => None,
        Scope::User(_) if event.device().is_some() => {
            Some(Reason::Claim { by_another: event.owner.is_some() })
        }
        Scope::Product(product) if event.product == Some(product) => None,
        // Which products are the organisation's, its list says.
        Scope::Organisation(_) if event.product.is_some() => None,
        Scope::User(_) | Scope::Product(_) | Scope::Organisation(_) => Some(Reason::Scope),
    }
}

impl Reason {
    /// The reason in a sentence that names the values at hand.
    fn explain(&self, event: &Event, candidate: &Candidate<'_>) -> String {
        let (name, prefix) = (&event.name, candidate.prefix);
        match self {
            Self::Fired => format!("It fired for the event `{name}`."),
            Self::Test => "The event was made for a test of one integration; it fires no others.".to_owned(),
            Self::Prefix { nearest: None } => {
                format!("The event name `{name}` does not begin with `{prefix}`.")
            }
            Self::Prefix { nearest: Some(miss) } => {
                format!("The event name `{name}` does not begin with `{prefix}`{}", miss.explain())
            }
            Self::Scope => explain_scope(event, candidate.scope),
            Self::Claim { by_another } => explain_claim(event, *by_another),
            Self::DeviceFilter => explain_device(event, candidate.device_filter),
            Self::Disabled { by: Some(user), since } => {
                format!("The integration was switched off by user {user} at {since}.")
            }
            Self::Disabled { by: None, since } => {
                format!("The integration was switched off by the server at {since}.")
            }
            Self::Reserved => {
                format!("The event name `{name}` is reserved for the system and fires nothing.")
            }
            Self::LoopGuard => {
                format!(
                    "The event `{name}` is itself a reply of an integration and fires none, so that \
                     hooks cannot loop."
                )
            }
            Self::NotListed => {
                let product = event.product.map_or_else(|| "none".to_owned(), |product| product.to_string());
                format!(
                    "The event's product ({product}) is not among those the organisation's integration lists."
                )
            }
            Self::NotThen { saved_at } => {
                format!(
                    "It would fire now, but was saved at {saved_at}, after the event had come in at {}.",
                    event.id.made_at()
                )
            }
        }
    }
}

impl NearMiss {
    /// What is different, to be put behind the statement that it is.
    fn explain(&self) -> String {
        match self {
            Self::Case => ", but it would if upper and lower case were the same: they are not.".to_owned(),
            Self::Space => ", but it would without the space at an end of one of them.".to_owned(),
            Self::Slash => ", but it would if both began with the same number of slashes.".to_owned(),
            Self::Reversed => {
                "; it is the other way round: the integration's filter begins with the event's name and \
                 asks for more."
                    .to_owned()
            }
            Self::Edits { distance, head } => {
                let characters = if *distance == 1 { "character" } else { "characters" };
                format!(", but is {distance} {characters} from it: `{head}`.")
            }
        }
    }
}

fn explain_scope(event: &Event, scope: Scope) -> String {
    match (scope, event.product) {
        (Scope::User(_), _) => {
            "The event was published by somebody else's token, not by a device or token of the integration's \
             owner."
                .to_owned()
        }
        (Scope::Product(wanted), Some(product)) => {
            format!("The event belongs to product {product}, the integration to product {wanted}.")
        }
        (Scope::Product(wanted), None) => {
            format!(
                "The event belongs to no product, the integration to product {wanted}: add the device \
                 to the product."
            )
        }
        (Scope::Organisation(_), _) => {
            "The event belongs to no product; an organisation's integration fires for devices of products \
             only."
                .to_owned()
        }
    }
}

fn explain_claim(event: &Event, by_another: bool) -> String {
    let device = &event.publisher;
    if by_another {
        format!(
            "Device {device} is claimed by another user; an integration of a user fires for that \
             user's devices only."
        )
    } else {
        format!("Device {device} is claimed by nobody; claim it, or use an integration of its product.")
    }
}

fn explain_device(event: &Event, wanted: Option<DeviceId>) -> String {
    let wanted = wanted.map_or_else(|| "no device".to_owned(), |device| format!("device {device}"));
    match event.publisher {
        Publisher::Device(device) => {
            format!("The integration is narrowed to {wanted}; device {device} published the event.")
        }
        Publisher::Api | Publisher::Internal => {
            format!("The integration is narrowed to {wanted}; no device published the event.")
        }
    }
}

#[cfg(test)]
mod tests;
