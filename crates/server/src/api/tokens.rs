//! Access tokens, listed and revoked.

use std::sync::Arc;

use axum::Json;
use axum::extract::{FromRequestParts, State};
use fieldhook_core::wire::Done;
use fieldhook_core::wire::account::{CurrentToken, OrganisationName, TokenLine};
use http::HeaderMap;
use http::request::Parts;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::App;
use super::auth::Person;
use super::error::ApiError;
use super::input::At;
use super::login::{Address, LoginError, basic};
use crate::directory::{Holder, User};

/// The routes of this file.
pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::default()
        .routes(routes!(list_tokens, revoke_all_tokens))
        .routes(routes!(read_current_token, revoke_current_token))
        .routes(routes!(revoke_token))
}

/// A person known by a token, or by name and password as older clients do.
struct Known(Arc<User>);

impl FromRequestParts<Arc<App>> for Known {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, ApiError> {
        let Some((username, password)) = basic(&parts.headers) else {
            return Ok(Self(Person::from_request_parts(parts, app).await?.user));
        };
        let Ok(address) = Address::from_request_parts(parts, app).await;
        match app.log_in(address, &username, &password).await {
            Ok(user) => Ok(Self(user)),
            Err(error @ LoginError::Wrong) => {
                let errors = vec![serde_json::Value::from("Bad password")];
                Err(ApiError::unauthorized(error.to_string()).with("ok", false).with("errors", errors))
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// Lists the person's tokens, newest first.
///
/// The tokens themselves are stored hashed and cannot be shown; each line has a handle to revoke it by.
#[utoipa::path(
    get, path = "/v1/access_tokens", tag = "particle",
    responses((status = 200, description = "The tokens that have not ended.", body = Vec<TokenLine>))
)]
async fn list_tokens(State(app): State<Arc<App>>, known: Known) -> Json<Vec<TokenLine>> {
    let tokens = app.directory.tokens_of(Holder::User(known.0.id));
    let line = |token: &Arc<crate::directory::Token>| TokenLine {
        token: token.handle().to_owned(),
        expires_at: token.expires_at,
        client: token.client.clone(),
        created_at: token.created_at,
    };
    Json(tokens.iter().map(line).collect())
}

/// Revokes every token of the person, this one included.
#[utoipa::path(
    delete, path = "/v1/access_tokens", tag = "particle",
    responses((status = 200, description = "They are revoked.", body = Done))
)]
async fn revoke_all_tokens(State(app): State<Arc<App>>, person: Person) -> Result<Json<Done>, ApiError> {
    app.directory.revoke_tokens_of(Holder::User(person.id())).await?;
    Ok(Json(Done::OK))
}

/// Says what the token of this request is.
#[utoipa::path(
    get, path = "/v1/access_tokens/current", tag = "particle",
    responses((status = 200, description = "The token, without its text.", body = CurrentToken))
)]
async fn read_current_token(State(app): State<Arc<App>>, person: Person) -> Json<CurrentToken> {
    let organisations = app.directory.organisations_of(person.id());
    let name =
        |org: &Arc<crate::directory::Organisation>| OrganisationName { id: org.id, slug: org.slug.clone() };
    Json(CurrentToken {
        expires_at: person.token.expires_at,
        client_id: person.token.client.clone(),
        scopes: Vec::new(),
        orgs: organisations.iter().map(name).collect(),
    })
}

/// Revokes the token of this request.
#[utoipa::path(
    delete, path = "/v1/access_tokens/current", tag = "particle",
    responses((status = 200, description = "It is revoked.", body = Done))
)]
async fn revoke_current_token(State(app): State<Arc<App>>, person: Person) -> Result<Json<Done>, ApiError> {
    app.directory.revoke_listed(Holder::User(person.id()), person.token.handle()).await?;
    Ok(Json(Done::OK))
}

/// Revokes a token: whoever knows it may, and its owner may by the handle of the list.
#[utoipa::path(
    delete, path = "/v1/access_tokens/{token}", tag = "particle", security((), ("token" = [])),
    params(("token" = String, Path, description = "The token, or with its owner's authority its handle.")),
    responses((status = 200, description = "It is revoked.", body = Done))
)]
async fn revoke_token(
    State(app): State<Arc<App>>,
    At(token): At<String>,
    headers: HeaderMap,
    known: Result<Known, ApiError>,
) -> Result<Json<Done>, ApiError> {
    if app.directory.revoke_token(&token).await? {
        return Ok(Json(Done::OK));
    }
    // Without any credential the answer is the same as for a token that was revoked before.
    let unknown =
        || ApiError::not_found("not_found", "there is no such token: it may have been revoked already");
    match known {
        Ok(Known(user)) if app.directory.revoke_listed(Holder::User(user.id), &token).await? => {
            Ok(Json(Done::OK))
        }
        Err(refusal) if headers.contains_key(http::header::AUTHORIZATION) => Err(refusal),
        _ => Err(unknown()),
    }
}
