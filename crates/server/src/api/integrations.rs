//! Integrations, in every scope: saved, read, replaced, deleted, tested.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use fieldhook_core::access::{Act, Scope};
use fieldhook_core::id::IntegrationId;
use fieldhook_core::integration::{masked, unmasked};
use fieldhook_core::wire::integration::{
    IntegrationRecord, OneIntegration, RevisionRecord, TestRequest, Tested,
};
use fieldhook_core::wire::{ErrorBody, Listed};
use http::StatusCode;
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use self::template::{Judged, Template};
use super::App;
use super::error::{ApiError, cut};
use super::input::{Asked, At, Body};
use super::listing::PageParams;
use super::scope::{Within, in_organisation, in_own, in_product};
use crate::directory::SavedIntegration;

pub(super) mod copy;
mod legacy;
pub(super) mod record;
mod template;
mod trial;

/// The routes of this file in every scope, and the older ones.
pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    let integrations = || {
        OpenApiRouter::default()
            .routes(routes!(list_integrations, create_integration))
            .routes(routes!(read_integration, replace_integration, delete_integration))
            .routes(routes!(test_integration))
            .routes(routes!(list_revisions))
    };
    in_own(integrations())
        .merge(in_product(integrations()))
        .merge(in_organisation(integrations()))
        .merge(legacy::routes())
}

#[derive(Debug, Deserialize)]
struct ById {
    id: String,
}

/// Lists a scope's integrations, the oldest first, without their history.
#[utoipa::path(
    get, path = "/integrations", tag = "particle",
    responses((status = 200, description = "The integrations.", body = Vec<IntegrationRecord>))
)]
async fn list_integrations(State(app): State<Arc<App>>, within: Within) -> Json<Vec<IntegrationRecord>> {
    Json(app.integration_records(within.scope))
}

/// Saves a new integration.
///
/// The body is a webhook template, as JSON or as a form. A template with an error in it is refused with all that
/// was found; warnings are part of the answer.
#[utoipa::path(
    post, path = "/integrations", tag = "particle", request_body = IntegrationTemplate,
    responses((status = 201, description = "The integration.", body = IntegrationRecord))
)]
async fn create_integration(
    State(app): State<Arc<App>>,
    within: Within,
    body: Body,
) -> Result<(StatusCode, Json<IntegrationRecord>), ApiError> {
    let record = app.create_integration(&within, body).await?;
    Ok((StatusCode::CREATED, Json(record)))
}

/// Reads an integration with its history: the last 10 successes and errors, and 30 days of counts.
#[utoipa::path(
    get, path = "/integrations/{id}", tag = "particle",
    params(("id" = String, Path, description = "The integration.")),
    responses((status = 200, description = "The integration.", body = OneIntegration))
)]
async fn read_integration(
    State(app): State<Arc<App>>,
    within: Within,
    At(ById { id }): At<ById>,
) -> Result<Json<OneIntegration>, ApiError> {
    let saved = app.integration_in(within.scope, &id)?;
    Ok(Json(OneIntegration { integration: app.integration_history(&saved).await? }))
}

/// Replaces an integration's template: keys left out are gone. A secret sent back masked keeps its value.
#[utoipa::path(
    put, path = "/integrations/{id}", tag = "particle", request_body = IntegrationTemplate,
    params(("id" = String, Path, description = "The integration.")),
    responses((status = 200, description = "The integration.", body = IntegrationRecord))
)]
async fn replace_integration(
    State(app): State<Arc<App>>,
    within: Within,
    At(ById { id }): At<ById>,
    body: Body,
) -> Result<Json<IntegrationRecord>, ApiError> {
    app.allow(&within.person, within.scope, Act::Change)?;
    let before = app.integration_in(within.scope, &id)?;
    let template = unmasked(Template::of(body).0, &before.template());
    let judged = Judged::of(template, within.scope)?;
    let (template, definition, origin) = (judged.template, &judged.definition, judged.origin.as_ref());
    let by = within.person.id();
    let saved = app.directory.replace_integration(before.id, template, definition, origin, by).await?;
    let warnings = Some(app.warnings(within.scope, &judged.definition, judged.findings));
    Ok(Json(IntegrationRecord { ok: true, warnings, ..record::of(&saved) }))
}

/// Deletes an integration. Its log stays until its time is over.
#[utoipa::path(
    delete, path = "/integrations/{id}", tag = "particle",
    params(("id" = String, Path, description = "The integration.")),
    responses((status = 204, description = "It is gone."))
)]
async fn delete_integration(
    State(app): State<Arc<App>>,
    within: Within,
    At(ById { id }): At<ById>,
) -> Result<StatusCode, ApiError> {
    app.delete_integration(&within, &id).await
}

/// Tests an integration: sends it an event made up for the purpose, and answers how the attempt ended.
///
/// A test passes the gate, is logged and marked, and enters no count.
#[utoipa::path(
    post, path = "/integrations/{id}/test", tag = "particle", request_body = TestRequest,
    params(("id" = String, Path, description = "The integration.")),
    responses((status = 200, description = "The attempt ended, well or not.", body = Tested))
)]
async fn test_integration(
    State(app): State<Arc<App>>,
    within: Within,
    At(ById { id }): At<ById>,
    body: Body,
) -> Result<Json<Tested>, ApiError> {
    app.allow(&within.person, within.scope, Act::Troubleshoot)?;
    let saved = app.integration_in(within.scope, &id)?;
    let event = app.trial_event(&within, &saved, &body)?;
    let attempt = app.engine.test(saved.id, event, within.person.id()).await.ok_or_else(|| unknown(&id))?;
    Ok(Json(Tested { ok: true, delivery: attempt.delivery, attempt }))
}

/// Lists the revisions of an integration, newest first.
#[utoipa::path(
    get, path = "/integrations/{id}/revisions", tag = "fieldhook",
    params(("id" = String, Path, description = "The integration."), PageParams),
    responses(
        (status = 200, description = "The revisions.", body = Listed<RevisionRecord>),
        (status = 400, body = ErrorBody)
    )
)]
async fn list_revisions(
    State(app): State<Arc<App>>,
    within: Within,
    At(ById { id }): At<ById>,
    Asked(page): Asked<PageParams>,
) -> Result<Json<Listed<RevisionRecord>>, ApiError> {
    let saved = app.integration_in(within.scope, &id)?;
    let (limit, before) = (page.limit()?, page.place::<u32>()?.unwrap_or(u32::MAX));
    let mut revisions = app.directory.revisions(saved.id).await?;
    revisions.retain(|revision| revision.revision < before);
    let more = revisions.len() > limit;
    revisions.truncate(limit);
    let next = revisions.last().filter(|_| more).map(|last| last.revision.to_string());
    let record = |revision: &fieldhook_core::integration::Integration| RevisionRecord {
        revision: revision.revision,
        saved_at: revision.updated_at,
        saved_by: revision.updated_by,
        saved_by_name: revision.updated_by.and_then(|by| app.username(by)),
        disabled: revision.disabled.is_some(),
        template: masked(&revision.template),
    };
    Ok(Json(Listed { items: revisions.iter().map(record).collect(), next }))
}

impl App {
    /// An integration of this scope. One of another scope is not found.
    fn integration_in(&self, scope: Scope, id: &str) -> Result<SavedIntegration, ApiError> {
        let saved = id.parse::<IntegrationId>().ok().and_then(|id| self.directory.integration(id));
        saved.filter(|saved| saved.scope == scope).ok_or_else(|| unknown(id))
    }

    fn integration_records(&self, scope: Scope) -> Vec<IntegrationRecord> {
        let saved = self.directory.integrations_in(scope);
        saved.iter().map(|saved| record::of(&saved.to_integration())).collect()
    }

    async fn create_integration(&self, within: &Within, body: Body) -> Result<IntegrationRecord, ApiError> {
        self.allow(&within.person, within.scope, Act::Change)?;
        let judged = Judged::of(Template::of(body).0, within.scope)?;
        let (template, definition, origin) = (judged.template, &judged.definition, judged.origin.as_ref());
        let by = within.person.id();
        let saved = self.directory.add_integration(within.scope, template, definition, origin, by).await?;
        let warnings = Some(self.warnings(within.scope, &judged.definition, judged.findings));
        Ok(IntegrationRecord { ok: true, warnings, ..record::of(&saved) })
    }

    async fn delete_integration(&self, within: &Within, id: &str) -> Result<StatusCode, ApiError> {
        self.allow(&within.person, within.scope, Act::Change)?;
        let saved = self.integration_in(within.scope, id)?;
        self.directory.remove_integration(saved.id).await?;
        Ok(StatusCode::NO_CONTENT)
    }
}

fn unknown(id: &str) -> ApiError {
    let description =
        format!("there is no webhook `{}` here: its list has the ids of those there are", cut(id));
    ApiError::not_found("Webhook not found", description)
}

/// A webhook template. Every text of it may hold Mustache tags; see the documentation for its keys.
#[derive(utoipa::ToSchema)]
#[schema(value_type = Object, example = json!({
    "event": "temperature", "url": "https://example.com/in", "requestType": "POST",
    "json": {"value": "{{{PARTICLE_EVENT_VALUE}}}", "at": "{{{PARTICLE_PUBLISHED_AT}}}"}
}))]
#[expect(dead_code, reason = "it only describes a body in the OpenAPI file")]
struct IntegrationTemplate(serde_json::Map<String, serde_json::Value>);
