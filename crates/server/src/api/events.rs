//! Publishing by HTTP. Listening is in [`streams`].

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use fieldhook_core::access::Act;
use fieldhook_core::event::Source;
use fieldhook_core::id::EventId;
use fieldhook_core::wire::event::{PublishRequest, Published};
use http::HeaderMap;
use serde_json::Value;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::App;
use super::auth::{Caller, Person};
use super::error::{ApiError, cut};
use super::input::{At, Body};
use crate::ingest::{By, Publish};

pub(super) mod stream;
mod streams;

/// The routes of this file, and those of the streams.
pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::default()
        .routes(routes!(publish))
        .routes(routes!(publish_in_product))
        .routes(routes!(publish_in_organisation))
        .merge(streams::routes())
}

/// An event as a request asks for it.
struct Asked(Publish);

/// Publishes an event: as a person in their own scope, or with a device's token as that device.
///
/// The answer comes once the event is durable. A repeat with the same `Idempotency-Key` header within 24 hours
/// is the same event, and is answered with its id.
#[utoipa::path(
    post, path = "/v1/devices/events", tag = "particle", request_body = PublishRequest,
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes a repeat the same event.")),
    responses((status = 200, description = "It is taken in.", body = Published))
)]
async fn publish(
    State(app): State<Arc<App>>,
    caller: Caller,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Published>, ApiError> {
    let Asked(publish) = Asked::read(&headers, &body)?;
    let by = match caller {
        Caller::Person(person) => By::User(person.id()),
        Caller::Device(device) => By::Device(device),
    };
    let id = app.ingest.publish(by, publish).await?;
    Ok(Json(published(vec![id])))
}

/// Publishes an event in a product's scope.
#[utoipa::path(
    post, path = "/v1/products/{product}/events", tag = "particle", request_body = PublishRequest,
    params(
        ("product" = String, Path, description = "The product, by number or slug."),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeat the same event."),
    ),
    responses((status = 200, description = "It is taken in.", body = Published))
)]
async fn publish_in_product(
    State(app): State<Arc<App>>,
    person: Person,
    At(product): At<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Published>, ApiError> {
    let product = app.product_for(&person, &product, Act::Change)?;
    let Asked(publish) = Asked::read(&headers, &body)?;
    let id = app.ingest.publish(By::Product(product.id), publish).await?;
    Ok(Json(published(vec![id])))
}

/// Publishes an event in every product of an organisation.
#[utoipa::path(
    post, path = "/v1/orgs/{org}/events", tag = "particle", request_body = PublishRequest,
    params(
        ("org" = String, Path, description = "The organisation, by id or slug."),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeat the same events."),
    ),
    responses((status = 200, description = "It is taken in, once for each product.", body = Published))
)]
async fn publish_in_organisation(
    State(app): State<Arc<App>>,
    person: Person,
    At(org): At<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Published>, ApiError> {
    let organisation = app.organisation_for(&person, &org, Act::Change)?;
    let Asked(publish) = Asked::read(&headers, &body)?;
    let products = app.directory.products_in(organisation.id);
    if products.is_empty() {
        return Err(ApiError::conflict(format!(
            "the organization `{}` has no product to publish in: make one first",
            cut(&organisation.name)
        )));
    }
    let mut ids = Vec::with_capacity(products.len());
    for product in products {
        ids.push(app.ingest.publish(By::Product(product.id), publish.clone()).await?);
    }
    Ok(Json(published(ids)))
}

fn published(ids: Vec<EventId>) -> Published {
    let id = ids[0];
    Published { ok: true, id, ids: if ids.len() > 1 { ids } else { Vec::new() } }
}

impl Asked {
    fn read(headers: &HeaderMap, body: &Body) -> Result<Self, ApiError> {
        let ttl = body.whole("ttl")?.map(u32::try_from).transpose();
        Ok(Self(Publish {
            name: body.text("name")?.unwrap_or_default(),
            data: data(body),
            private: body.truth("private")?.unwrap_or(true),
            ttl: ttl.map_err(|_| {
                ApiError::invalid_field("ttl", format!("`ttl` is over the limit of {} seconds", u32::MAX))
            })?,
            idempotency_key: idempotency_key(headers)?,
            source: Source::Http,
        }))
    }
}

/// The data as text. What is sent as a number, a truth value, a list or an object is published as its JSON text,
/// so that a program may send what it has.
fn data(body: &Body) -> Option<String> {
    match body.object.get("data") {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) => Some(text.clone()),
        Some(other) => Some(other.to_string()),
    }
}

fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, ApiError> {
    let Some(key) = headers.get("idempotency-key") else { return Ok(None) };
    let text = key.to_str().map_err(|_| {
        ApiError::invalid_field("Idempotency-Key", "the Idempotency-Key must be printable ASCII characters")
    })?;
    Ok(Some(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn asked(value: Value) -> Result<Publish, ApiError> {
        let body = Body { object: value.as_object().unwrap().clone(), form: false };
        Asked::read(&HeaderMap::new(), &body).map(|asked| asked.0)
    }

    #[test]
    fn data_that_is_not_text_is_published_as_its_json_text() {
        for (sent, published) in [
            (json!("21.5"), Some("21.5")),
            (json!(""), Some("")),
            (json!(21.5), Some("21.5")),
            (json!(true), Some("true")),
            (json!({"t": 1, "u": [2]}), Some("{\"t\":1,\"u\":[2]}")),
            (json!(null), None),
        ] {
            assert_eq!(asked(json!({"name": "t", "data": sent})).unwrap().data.as_deref(), published);
        }
        assert_eq!(asked(json!({"name": "t"})).unwrap().data, None);
    }

    #[test]
    fn an_event_is_private_unless_said_otherwise_and_ttl_may_be_text() {
        let usual = asked(json!({"name": "t", "ttl": "60"})).unwrap();
        assert_eq!((usual.private, usual.ttl), (true, Some(60)));
        assert!(!asked(json!({"name": "t", "private": "false"})).unwrap().private);
        assert!(asked(json!({"name": "t", "ttl": "soon"})).is_err());
        assert!(asked(json!({"name": "t", "ttl": 1_u64 << 40})).is_err());
        assert!(asked(json!({"name": ["t"]})).is_err());
    }
}
