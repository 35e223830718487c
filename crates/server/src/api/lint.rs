//! Looking a template over before it is saved.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use fieldhook_core::access::{Act, Scope};
use fieldhook_core::integration::unmasked;
use fieldhook_core::lint::{Other, has_errors, lint};
use fieldhook_core::wire::ErrorBody;
use fieldhook_core::wire::diagnosis::{Lint, Linted};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::App;
use super::auth::Person;
use super::error::ApiError;
use super::input::Body;
use super::render::finding;

/// The routes of this file.
pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(lint_template))
}

/// Finds what is wrong with a template, by itself and beside the other integrations of its scope. Nothing is saved.
#[utoipa::path(
    post, path = "/fieldhook/v1/lint", tag = "fieldhook", request_body = Lint,
    responses(
        (status = 200, body = Linted, description = "Also when there are errors: `ok` is false then."),
        (status = 400, body = ErrorBody),
        (status = 403, body = ErrorBody),
        (status = 404, body = ErrorBody)
    )
)]
async fn lint_template(
    State(app): State<Arc<App>>,
    person: Person,
    body: Body,
) -> Result<Json<Linted>, ApiError> {
    let asked: Lint = body.read()?;
    let saved = asked.integration.map(|id| app.visible_integration(&person, id)).transpose()?;
    let own = Scope::User(person.id());
    let scope = saved.as_ref().map(|saved| saved.scope).or(asked.scope).unwrap_or(own);
    app.allow(&person, scope, Act::See)?;
    let template = match &saved {
        Some(saved) => unmasked(asked.template, &saved.template()),
        None => asked.template,
    };
    let others: Vec<_> = app
        .directory
        .integrations_in(scope)
        .into_iter()
        .filter(|other| Some(other.id) != asked.integration)
        .map(|other| {
            let name = other.name().unwrap_or_else(|| other.id.to_string());
            Other { name, template: other.template() }
        })
        .collect();
    let findings = lint(&template, scope, &others);
    let ok = !has_errors(&findings);
    Ok(Json(Linted { ok, findings: findings.into_iter().map(finding).collect() }))
}
