//! `/v1/webhooks`: the routes that clients used before integrations were called so.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use fieldhook_core::wire::integration::{IntegrationRecord, OneWebhook};
use http::StatusCode;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::super::App;
use super::super::error::ApiError;
use super::super::input::{At, Body};
use super::super::scope::{Within, in_own, in_product};
use super::{ById, IntegrationTemplate};

pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    let webhooks = || {
        OpenApiRouter::default()
            .routes(routes!(list_webhooks, create_webhook))
            .routes(routes!(read_webhook, delete_webhook))
    };
    in_own(webhooks()).merge(in_product(webhooks()))
}

/// Lists a scope's integrations, as older clients do.
#[utoipa::path(
    get, path = "/webhooks", tag = "particle",
    responses((status = 200, description = "The integrations.", body = Vec<IntegrationRecord>))
)]
async fn list_webhooks(State(app): State<Arc<App>>, within: Within) -> Json<Vec<IntegrationRecord>> {
    Json(app.integration_records(within.scope))
}

/// Saves a new integration, as older clients do.
#[utoipa::path(
    post, path = "/webhooks", tag = "particle", request_body = IntegrationTemplate,
    responses((status = 201, description = "The integration.", body = IntegrationRecord))
)]
async fn create_webhook(
    State(app): State<Arc<App>>,
    within: Within,
    body: Body,
) -> Result<(StatusCode, Json<IntegrationRecord>), ApiError> {
    let record = app.create_integration(&within, body).await?;
    let hook_url = Some(format!("{}/v1/webhooks/{}", app.settings.public_url, record.id));
    Ok((StatusCode::CREATED, Json(IntegrationRecord { hook_url, ..record })))
}

/// Reads an integration with its history, as older clients do.
#[utoipa::path(
    get, path = "/webhooks/{id}", tag = "particle",
    params(("id" = String, Path, description = "The integration.")),
    responses((status = 200, description = "The integration.", body = OneWebhook))
)]
async fn read_webhook(
    State(app): State<Arc<App>>,
    within: Within,
    At(ById { id }): At<ById>,
) -> Result<Json<OneWebhook>, ApiError> {
    let saved = app.integration_in(within.scope, &id)?;
    Ok(Json(OneWebhook { webhook: app.integration_history(&saved).await? }))
}

/// Deletes an integration, as older clients do.
#[utoipa::path(
    delete, path = "/webhooks/{id}", tag = "particle",
    params(("id" = String, Path, description = "The integration.")),
    responses((status = 204, description = "It is gone."))
)]
async fn delete_webhook(
    State(app): State<Arc<App>>,
    within: Within,
    At(ById { id }): At<ById>,
) -> Result<StatusCode, ApiError> {
    app.delete_integration(&within, &id).await
}
