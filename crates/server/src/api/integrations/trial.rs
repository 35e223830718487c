//! The event that a test sends.

use fieldhook_core::access::Scope;
use fieldhook_core::event::{DEFAULT_TTL, Event, InvalidEvent, Publisher, Source, check_data, check_name};
use fieldhook_core::id::{DeviceId, EventId, ProductId, UserId};
use serde_json::Value;

use super::super::App;
use super::super::error::{ApiError, cut};
use super::super::input::Body;
use super::super::scope::Within;
use crate::clock::random;
use crate::directory::{Device, SavedIntegration};
use crate::ingest::IngestError;

/// The data of a test when none is given.
const USUAL_DATA: &str = "test-event";

impl App {
    /// An event such as would fire the integration, as far as the body does not say otherwise.
    pub(super) fn trial_event(
        &self,
        within: &Within,
        saved: &SavedIntegration,
        body: &Body,
    ) -> Result<Event, ApiError> {
        let name = body.text("event")?.unwrap_or_else(|| saved.prefix.to_string());
        let data = match body.object.get("data") {
            None => Some(USUAL_DATA.to_owned()),
            Some(Value::Null) => None,
            Some(Value::String(text)) => Some(text.clone()),
            Some(other) => Some(other.to_string()),
        };
        let device = self.trial_device(within, body)?;
        self.test_event(within.scope, within.person.id(), name, data, device)
    }

    /// An event for a test in this scope, published now by the device or else by the person.
    pub(in crate::api) fn test_event(
        &self,
        scope: Scope,
        person: UserId,
        name: String,
        data: Option<String>,
        device: Option<Device>,
    ) -> Result<Event, ApiError> {
        check(&name, data.as_deref(), self.settings.data_limit)?;
        let (owner, product) = standing(scope, person, device.as_ref());
        let now = self.nature.now();
        Ok(Event {
            id: EventId::new(now, random(&*self.nature.luck)),
            name,
            data,
            published_at: now,
            ttl: DEFAULT_TTL,
            publisher: device.as_ref().map_or(Publisher::Api, |device| Publisher::Device(device.id)),
            private: true,
            owner,
            product,
            product_version: device.and_then(|device| device.product_version),
            source: Source::Test,
            idempotency_key: None,
        })
    }

    /// The device that the test speaks as: one whose events could fire the integration.
    fn trial_device(&self, within: &Within, body: &Body) -> Result<Option<Device>, ApiError> {
        let Some(name) = body.text("device")?.filter(|name| !name.is_empty()) else { return Ok(None) };
        let device = match within.scope {
            Scope::User(user) => self.directory.device_of(user, &name),
            scope @ (Scope::Product(_) | Scope::Organisation(_)) => {
                name.parse().ok().and_then(|id| self.device_within(scope, id))
            }
        };
        device.map(Some).ok_or_else(|| ApiError::unknown_device(&cut(&name)).field("device"))
    }

    /// A device whose events could fire the scope's integrations.
    pub(in crate::api) fn device_within(&self, scope: Scope, id: DeviceId) -> Option<Device> {
        let within = |device: &Device| match scope {
            Scope::User(user) => device.owner == Some(user),
            Scope::Product(product) => device.product == Some(product),
            Scope::Organisation(org) => device
                .product
                .and_then(|product| self.directory.product(&product.to_string()))
                .is_some_and(|product| product.organisation == Some(org)),
        };
        self.directory.device(id).filter(within)
    }
}

/// A system event's name may be tested although nobody may publish it.
fn check(name: &str, data: Option<&str>, data_limit: usize) -> Result<(), ApiError> {
    match check_name(name) {
        Ok(()) | Err(InvalidEvent::NameReserved { .. }) => {}
        Err(error) => return Err(ApiError::invalid_field("event", error.to_string())),
    }
    check_data(data, data_limit).map_err(|error| IngestError::from(error).into())
}

/// Where the event stands: whose it is, and in which product.
fn standing(scope: Scope, person: UserId, device: Option<&Device>) -> (Option<UserId>, Option<ProductId>) {
    match (device, scope) {
        (Some(device), _) => (device.owner, device.product),
        (None, Scope::User(_)) => (Some(person), None),
        (None, Scope::Product(product)) => (None, Some(product)),
        (None, Scope::Organisation(_)) => (None, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_may_use_a_systems_name_but_must_fit() {
        assert!(check("spark/status", Some("online"), 16).is_ok());
        assert!(check("", None, 16).is_err());
        assert!(check("t", Some("12345"), 4).is_err());
    }
}
