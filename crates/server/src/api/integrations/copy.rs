//! Copying an integration, and moving it to another scope, without its secrets ever leaving the server.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use fieldhook_core::access::{Act, Scope};
use fieldhook_core::id::IntegrationId;
use fieldhook_core::integration::{adopted, copied};
use fieldhook_core::wire::ErrorBody;
use fieldhook_core::wire::integration::{CopyRequest, IntegrationRecord, MoveRequest};
use http::StatusCode;
use serde_json::{Map, Value};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::super::App;
use super::super::auth::Person;
use super::super::error::ApiError;
use super::super::input::{At, Body};
use super::record;
use super::template::Judged;
use crate::directory::SavedIntegration;

/// The routes of this file.
pub(in crate::api) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(copy_integration)).routes(routes!(move_integration))
}

/// Copies an integration, in its scope or to another. The copy is switched off and has the original's secrets.
///
/// It takes the right to change integrations in both scopes.
#[utoipa::path(
    post, path = "/fieldhook/v1/integrations/{id}/copy", tag = "fieldhook",
    params(("id" = IntegrationId, Path)),
    request_body = CopyRequest,
    responses(
        (status = 201, body = IntegrationRecord),
        (status = 400, body = ErrorBody),
        (status = 403, body = ErrorBody),
        (status = 404, body = ErrorBody)
    )
)]
async fn copy_integration(
    State(app): State<Arc<App>>,
    person: Person,
    At(id): At<String>,
    body: Body,
) -> Result<(StatusCode, Json<IntegrationRecord>), ApiError> {
    let original = app.integration_to_take(&person, &id)?;
    let asked: CopyRequest = body.read()?;
    let scope = asked.scope.unwrap_or(original.scope);
    app.allow(&person, scope, Act::Change)?;
    let template = copied(original.template(), asked.name, scope == original.scope);
    let judged = adopted_by(template, scope)?;
    let (definition, origin) = (&judged.definition, judged.origin.as_ref());
    let saved =
        app.directory.add_integration(scope, judged.template, definition, origin, person.id()).await?;
    let warnings = Some(app.warnings(scope, &judged.definition, judged.findings));
    Ok((StatusCode::CREATED, Json(IntegrationRecord { ok: true, warnings, ..record::of(&saved) })))
}

/// Moves an integration to another scope, where it has a new id. Its log and its revisions stay with the old one;
/// what waits to be delivered for it is dropped.
///
/// It takes the right to change integrations in both scopes.
#[utoipa::path(
    post, path = "/fieldhook/v1/integrations/{id}/move", tag = "fieldhook",
    params(("id" = IntegrationId, Path)),
    request_body = MoveRequest,
    responses(
        (status = 201, body = IntegrationRecord),
        (status = 400, body = ErrorBody),
        (status = 403, body = ErrorBody),
        (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody, description = "Somebody else has changed it at the same time.")
    )
)]
async fn move_integration(
    State(app): State<Arc<App>>,
    person: Person,
    At(id): At<String>,
    body: Body,
) -> Result<(StatusCode, Json<IntegrationRecord>), ApiError> {
    let original = app.integration_to_take(&person, &id)?;
    let MoveRequest { scope } = body.read()?;
    app.allow(&person, scope, Act::Change)?;
    if scope == original.scope {
        let description = format!("`scope` is {scope}, where the integration is already: name another one");
        return Err(ApiError::invalid_field("scope", description));
    }
    let judged = adopted_by(original.template(), scope)?;
    let (definition, origin) = (&judged.definition, judged.origin.as_ref());
    let saved = app
        .directory
        .move_integration(&original, scope, judged.template, definition, origin, person.id())
        .await?;
    let warnings = Some(app.warnings(scope, &judged.definition, judged.findings));
    Ok((StatusCode::CREATED, Json(IntegrationRecord { ok: true, warnings, ..record::of(&saved) })))
}

impl App {
    /// An integration whose secrets the person may carry elsewhere, as they may by changing its URL.
    fn integration_to_take(&self, person: &Person, id: &str) -> Result<SavedIntegration, ApiError> {
        let saved = self.integration_named(person, id)?;
        self.allow(person, saved.scope, Act::Change)?;
        Ok(saved)
    }
}

/// The template as this scope can save it, with what had to be left out among the findings.
fn adopted_by(template: Map<String, Value>, scope: Scope) -> Result<Judged, ApiError> {
    let (template, left_out) = adopted(template, scope);
    let mut judged = Judged::of(template, scope)?;
    judged.findings.extend(left_out);
    Ok(judged)
}
