//! The addresses at which events are listened to, with a prefix behind each or without.
//!
//! A prefix may hold slashes, percent-encoded or as they are.

use std::sync::Arc;

use axum::extract::{FromRequestParts, State};
use axum::response::Response;
use fieldhook_core::access::{Act, Scope};
use http::request::Parts;
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::super::App;
use super::super::auth::{Caller, Person, token_of};
use super::super::error::ApiError;
use super::super::input::At;
use super::stream::{Right, open};
use crate::directory::Device;
use crate::live::Ear;

pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::default()
        .routes(routes!(hear_without_prefix))
        .routes(routes!(hear_everything))
        .routes(routes!(hear_own))
        .routes(routes!(hear_own_prefix))
        .routes(routes!(hear_device))
        .routes(routes!(hear_device_prefix))
        .routes(routes!(hear_product))
        .routes(routes!(hear_product_prefix))
        .routes(routes!(hear_product_device))
        .routes(routes!(hear_product_device_prefix))
        .routes(routes!(hear_organisation))
        .routes(routes!(hear_organisation_prefix))
        .routes(routes!(hear_organisation_device))
        .routes(routes!(hear_organisation_device_prefix))
        .routes(routes!(hear_organisation_product))
        .routes(routes!(hear_organisation_product_prefix))
}

/// What a path may name.
#[derive(Debug, Clone, Default, Deserialize)]
struct Place {
    org: Option<String>,
    product: Option<String>,
    device: Option<String>,
    #[serde(default)]
    prefix: String,
}

/// Somebody who wants to listen, at the place that the path names.
struct Listener {
    app: Arc<App>,
    caller: Caller,
    token: String,
    place: Place,
}

impl FromRequestParts<Arc<App>> for Listener {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, ApiError> {
        let caller = Caller::from_request_parts(parts, app).await?;
        let token = token_of(parts).unwrap_or_default();
        let At(place) = At::<Place>::from_request_parts(parts, app).await?;
        Ok(Self { app: app.clone(), caller, token, place })
    }
}

impl Listener {
    /// All that the caller may hear.
    fn everything(self) -> Result<Response, ApiError> {
        let ear = match &self.caller {
            Caller::Person(person) => Ear::Person(self.app.directory.scopes_of(person.id())),
            Caller::Device(device) => self.ear_of(device)?,
        };
        self.listen(ear)
    }

    /// What stands in the caller's own scope.
    fn own(self) -> Result<Response, ApiError> {
        let ear = match &self.caller {
            Caller::Person(person) => Ear::Person(vec![Scope::User(person.id())]),
            Caller::Device(device) => self.ear_of(device)?,
        };
        self.listen(ear)
    }

    /// What one of the caller's devices publishes; to the device itself, its own stream.
    fn device(self) -> Result<Response, ApiError> {
        let name = self.place.device.as_deref().unwrap_or_default();
        let ear = match &self.caller {
            Caller::Person(person) => {
                Ear::PersonToDevice(vec![Scope::User(person.id())], self.app.own_device(person, name)?.id)
            }
            Caller::Device(device) if name.parse() == Ok(device.id) => self.ear_of(device)?,
            Caller::Device(_) => return Err(ApiError::unknown_device(name)),
        };
        self.listen(ear)
    }

    /// What happens in a product, or what one of its devices publishes.
    fn product(self) -> Result<Response, ApiError> {
        let person = self.person()?;
        let name = self.place.product.as_deref().unwrap_or_default();
        let product = self.app.product_for(person, name, Act::See)?;
        let scopes = vec![Scope::Product(product.id)];
        let ear = match &self.place.device {
            Some(device) => Ear::PersonToDevice(scopes, self.app.device_in(&product, device)?.id),
            None => Ear::Person(scopes),
        };
        self.listen(ear)
    }

    /// What happens in an organisation, in one of its products, or what one of its devices publishes.
    fn organisation(self) -> Result<Response, ApiError> {
        let person = self.person()?;
        let name = self.place.org.as_deref().unwrap_or_default();
        let organisation = self.app.organisation_for(person, name, Act::See)?;
        let within = |product: &crate::directory::Product| product.organisation == Some(organisation.id);
        let ear = match (&self.place.device, &self.place.product) {
            (Some(name), _) => {
                let device = name.parse().ok().and_then(|id| self.app.directory.device(id));
                let product = |device: &Device| self.app.directory.product(&device.product?.to_string());
                let device = device.filter(|device| product(device).is_some_and(|product| within(&product)));
                let device = device.ok_or_else(|| ApiError::unknown_device(name))?;
                Ear::PersonToDevice(vec![Scope::Organisation(organisation.id)], device.id)
            }
            (None, Some(name)) => {
                let product = self.app.product_for(person, name, Act::See)?;
                if !within(&product) {
                    let description = format!("product {} is not one of `{}`", product.id, organisation.slug);
                    return Err(ApiError::not_found("Product not found.", description));
                }
                Ear::Person(vec![Scope::Product(product.id)])
            }
            (None, None) => Ear::Person(vec![Scope::Organisation(organisation.id)]),
        };
        self.listen(ear)
    }

    fn person(&self) -> Result<&Person, ApiError> {
        match &self.caller {
            Caller::Person(person) => Ok(person),
            Caller::Device(device) => Err(ApiError::forbidden(format!(
                "device {} hears its own stream at /v1/devices/events/PREFIX: use a person's token here",
                device.id
            ))),
        }
    }

    /// A device names what it listens for, as its firmware must with Particle.
    fn ear_of(&self, device: &Device) -> Result<Ear, ApiError> {
        if self.place.prefix.is_empty() {
            return Err(ApiError::invalid_field(
                "prefix",
                "a device must say which events it listens for: add the beginning of their name to the path",
            ));
        }
        let owner = device.owner.map(Scope::User);
        let product = device.product.map(Scope::Product);
        let scopes = owner.into_iter().chain(product).collect();
        Ok(Ear::Device { device: device.id, scopes, owner: device.owner })
    }

    fn listen(self, ear: Ear) -> Result<Response, ApiError> {
        open(&self.app, Right::new(self.caller, self.token, ear), self.place.prefix)
    }
}

/// Refuses: a stream of everything needs a prefix.
#[utoipa::path(
    get, path = "/v1/events", tag = "particle",
    responses((status = 400, description = "Always: the prefix is missing."))
)]
async fn hear_without_prefix(_: Caller) -> ApiError {
    ApiError::invalid_field(
        "prefix",
        "this stream needs the beginning of an event name: /v1/events/PREFIX; or listen at /v1/devices/events",
    )
}

/// Listens to all that the caller may hear, in every scope of theirs.
#[utoipa::path(
    get, path = "/v1/events/{*prefix}", tag = "particle",
    params(("prefix" = String, Path, description = "How the events' names begin.")),
    responses((status = 200, description = "The stream.", body = String, content_type = "text/event-stream"))
)]
async fn hear_everything(_: State<Arc<App>>, listener: Listener) -> Result<Response, ApiError> {
    listener.everything()
}

/// Listens to the caller's own scope: their devices, their publishes and the replies to them.
#[utoipa::path(
    get, path = "/v1/devices/events", tag = "particle",
    responses((status = 200, description = "The stream.", body = String, content_type = "text/event-stream"))
)]
async fn hear_own(listener: Listener) -> Result<Response, ApiError> {
    listener.own()
}

/// Listens to the caller's own scope, or with a device's token to the device's stream.
#[utoipa::path(
    get, path = "/v1/devices/events/{*prefix}", tag = "particle",
    params(("prefix" = String, Path, description = "How the events' names begin.")),
    responses((status = 200, description = "The stream.", body = String, content_type = "text/event-stream"))
)]
async fn hear_own_prefix(listener: Listener) -> Result<Response, ApiError> {
    listener.own()
}

/// Listens to one device of the caller's.
#[utoipa::path(
    get, path = "/v1/devices/{device}/events", tag = "particle",
    params(("device" = String, Path, description = "The device, by id or name.")),
    responses((status = 200, description = "The stream.", body = String, content_type = "text/event-stream"))
)]
async fn hear_device(listener: Listener) -> Result<Response, ApiError> {
    listener.device()
}

/// Listens to one device of the caller's.
#[utoipa::path(
    get, path = "/v1/devices/{device}/events/{*prefix}", tag = "particle",
    params(
        ("device" = String, Path, description = "The device, by id or name."),
        ("prefix" = String, Path, description = "How the events' names begin."),
    ),
    responses((status = 200, description = "The stream.", body = String, content_type = "text/event-stream"))
)]
async fn hear_device_prefix(listener: Listener) -> Result<Response, ApiError> {
    listener.device()
}

/// Listens to a product.
#[utoipa::path(
    get, path = "/v1/products/{product}/events", tag = "particle",
    params(("product" = String, Path, description = "The product, by number or slug.")),
    responses((status = 200, description = "The stream.", body = String, content_type = "text/event-stream"))
)]
async fn hear_product(listener: Listener) -> Result<Response, ApiError> {
    listener.product()
}

/// Listens to a product.
#[utoipa::path(
    get, path = "/v1/products/{product}/events/{*prefix}", tag = "particle",
    params(
        ("product" = String, Path, description = "The product, by number or slug."),
        ("prefix" = String, Path, description = "How the events' names begin."),
    ),
    responses((status = 200, description = "The stream.", body = String, content_type = "text/event-stream"))
)]
async fn hear_product_prefix(listener: Listener) -> Result<Response, ApiError> {
    listener.product()
}

/// Listens to one device of a product.
#[utoipa::path(
    get, path = "/v1/products/{product}/devices/{device}/events", tag = "particle",
    params(
        ("product" = String, Path, description = "The product, by number or slug."),
        ("device" = String, Path, description = "The device, by id."),
    ),
    responses((status = 200, description = "The stream.", body = String, content_type = "text/event-stream"))
)]
async fn hear_product_device(listener: Listener) -> Result<Response, ApiError> {
    listener.product()
}

/// Listens to one device of a product.
#[utoipa::path(
    get, path = "/v1/products/{product}/devices/{device}/events/{*prefix}", tag = "particle",
    params(
        ("product" = String, Path, description = "The product, by number or slug."),
        ("device" = String, Path, description = "The device, by id."),
        ("prefix" = String, Path, description = "How the events' names begin."),
    ),
    responses((status = 200, description = "The stream.", body = String, content_type = "text/event-stream"))
)]
async fn hear_product_device_prefix(listener: Listener) -> Result<Response, ApiError> {
    listener.product()
}

/// Listens to an organisation.
#[utoipa::path(
    get, path = "/v1/orgs/{org}/events", tag = "particle",
    params(("org" = String, Path, description = "The organisation, by id or slug.")),
    responses((status = 200, description = "The stream.", body = String, content_type = "text/event-stream"))
)]
async fn hear_organisation(listener: Listener) -> Result<Response, ApiError> {
    listener.organisation()
}

/// Listens to an organisation.
#[utoipa::path(
    get, path = "/v1/orgs/{org}/events/{*prefix}", tag = "particle",
    params(
        ("org" = String, Path, description = "The organisation, by id or slug."),
        ("prefix" = String, Path, description = "How the events' names begin."),
    ),
    responses((status = 200, description = "The stream.", body = String, content_type = "text/event-stream"))
)]
async fn hear_organisation_prefix(listener: Listener) -> Result<Response, ApiError> {
    listener.organisation()
}

/// Listens to one device of an organisation.
#[utoipa::path(
    get, path = "/v1/orgs/{org}/devices/{device}/events", tag = "particle",
    params(
        ("org" = String, Path, description = "The organisation, by id or slug."),
        ("device" = String, Path, description = "The device, by id."),
    ),
    responses((status = 200, description = "The stream.", body = String, content_type = "text/event-stream"))
)]
async fn hear_organisation_device(listener: Listener) -> Result<Response, ApiError> {
    listener.organisation()
}

/// Listens to one device of an organisation.
#[utoipa::path(
    get, path = "/v1/orgs/{org}/devices/{device}/events/{*prefix}", tag = "particle",
    params(
        ("org" = String, Path, description = "The organisation, by id or slug."),
        ("device" = String, Path, description = "The device, by id."),
        ("prefix" = String, Path, description = "How the events' names begin."),
    ),
    responses((status = 200, description = "The stream.", body = String, content_type = "text/event-stream"))
)]
async fn hear_organisation_device_prefix(listener: Listener) -> Result<Response, ApiError> {
    listener.organisation()
}

/// Listens to one product of an organisation.
#[utoipa::path(
    get, path = "/v1/orgs/{org}/products/{product}/events", tag = "particle",
    params(
        ("org" = String, Path, description = "The organisation, by id or slug."),
        ("product" = String, Path, description = "The product, by number or slug."),
    ),
    responses((status = 200, description = "The stream.", body = String, content_type = "text/event-stream"))
)]
async fn hear_organisation_product(listener: Listener) -> Result<Response, ApiError> {
    listener.organisation()
}

/// Listens to one product of an organisation.
#[utoipa::path(
    get, path = "/v1/orgs/{org}/products/{product}/events/{*prefix}", tag = "particle",
    params(
        ("org" = String, Path, description = "The organisation, by id or slug."),
        ("product" = String, Path, description = "The product, by number or slug."),
        ("prefix" = String, Path, description = "How the events' names begin."),
    ),
    responses((status = 200, description = "The stream.", body = String, content_type = "text/event-stream"))
)]
async fn hear_organisation_product_prefix(listener: Listener) -> Result<Response, ApiError> {
    listener.organisation()
}
