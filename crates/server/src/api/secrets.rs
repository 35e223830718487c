//! The secrets that integrations may use. Their values go in and never come out.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use fieldhook_core::access::Act;
use fieldhook_core::integration::is_secret_name;
use fieldhook_core::wire::Listed;
use fieldhook_core::wire::integration::{SecretName, SecretValue};
use http::StatusCode;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::App;
use super::auth::Person;
use super::error::{ApiError, cut};
use super::input::{Asked, At, Body};
use super::scope::Whose;

/// Most bytes of a secret.
const VALUE_LIMIT: usize = 8_192;
/// Most secrets of a scope.
const MOST_SECRETS: usize = 1_000;

/// The routes of this file.
pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::default().routes(routes!(list_secrets)).routes(routes!(put_secret, delete_secret))
}

/// Lists the names of a scope's secrets.
#[utoipa::path(
    get, path = "/fieldhook/v1/secrets", tag = "fieldhook", params(Whose),
    responses((status = 200, description = "The names, in order.", body = Listed<SecretName>))
)]
async fn list_secrets(
    State(app): State<Arc<App>>,
    person: Person,
    Asked(whose): Asked<Whose>,
) -> Result<Json<Listed<SecretName>>, ApiError> {
    let scope = whose.scope(&app, &person, Act::See)?;
    let names = app.directory.secret_names(scope);
    Ok(Json(Listed::whole(names.into_iter().map(|name| SecretName { name, scope }).collect())))
}

/// Adds or replaces a secret.
#[utoipa::path(
    put, path = "/fieldhook/v1/secrets/{name}", tag = "fieldhook", request_body = SecretValue,
    params(("name" = String, Path, description = "The secret's name, which is also its variable."), Whose),
    responses((status = 200, description = "It is kept, encrypted.", body = SecretName))
)]
async fn put_secret(
    State(app): State<Arc<App>>,
    person: Person,
    At(name): At<String>,
    Asked(whose): Asked<Whose>,
    body: Body,
) -> Result<Json<SecretName>, ApiError> {
    let scope = whose.scope(&app, &person, Act::Change)?;
    let value = body.needed_text("value")?;
    check(&name, &value)?;
    let names = app.directory.secret_names(scope);
    if names.len() >= MOST_SECRETS && !names.contains(&name) {
        return Err(ApiError::conflict(format!(
            "{scope} has {MOST_SECRETS} secrets, which is the limit: delete one"
        )));
    }
    app.directory.put_secret(scope, &name, &value, person.id()).await?;
    Ok(Json(SecretName { name, scope }))
}

/// Deletes a secret. Integrations that use it send an empty value from then on.
#[utoipa::path(
    delete, path = "/fieldhook/v1/secrets/{name}", tag = "fieldhook",
    params(("name" = String, Path, description = "The secret's name."), Whose),
    responses((status = 204, description = "It is gone."))
)]
async fn delete_secret(
    State(app): State<Arc<App>>,
    person: Person,
    At(name): At<String>,
    Asked(whose): Asked<Whose>,
) -> Result<StatusCode, ApiError> {
    let scope = whose.scope(&app, &person, Act::Change)?;
    if app.directory.remove_secret(scope, &name).await? {
        return Ok(StatusCode::NO_CONTENT);
    }
    Err(ApiError::not_found("not_found", format!("{scope} has no secret `{}`", cut(&name))))
}

fn check(name: &str, value: &str) -> Result<(), ApiError> {
    if !is_secret_name(name) {
        let rule = "must be 1 to 64 letters, digits, `_` or `-`, as in a tag such as {{API_KEY}}";
        return Err(ApiError::invalid_field("name", format!("the secret's name `{}` {rule}", cut(name))));
    }
    if value.len() > VALUE_LIMIT {
        let size = value.len();
        let description = format!("the secret is {size} bytes long, over the limit of {VALUE_LIMIT}");
        return Err(ApiError::invalid_field("value", description));
    }
    Ok(())
}
