//! Tokens for passwords, as OAuth 2 has it.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use fieldhook_core::id::UserId;
use fieldhook_core::time::Timestamp;
use fieldhook_core::wire::account::{TokenAnswer, TokenRequest};
use http::header::{CACHE_CONTROL, PRAGMA};
use http::{HeaderMap, HeaderValue};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::App;
use super::error::{ApiError, cut};
use super::input::Body;
use super::login::{Address, basic};
use crate::directory::Holder;

/// The clients there are. Their secrets are public: they name a program and protect nothing.
const CLIENTS: [&str; 4] = ["particle", "particle-api", "particle-cli", "fieldhook"];
/// How long a token lives when its maker does not say.
pub(super) const DEFAULT_LIFE: Duration = Duration::from_hours(90 * 24);
/// The longest life that is not for ever.
const LONGEST_LIFE: Duration = Duration::from_hours(100 * 365 * 24);

/// The routes of this file.
pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::default().routes(routes!(create_token))
}

/// Logs in: a token for a name and a password, or for a refresh token.
///
/// The client is named by Basic authentication or by `client_id` and `client_secret`; `particle:particle`,
/// `particle-api:particle-api`, `particle-cli:particle-cli` and `fieldhook:fieldhook` are known.
#[utoipa::path(
    post, path = "/oauth/token", tag = "particle", security(()),
    request_body(content = TokenRequest, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, description = "The token, shown only here.", body = TokenAnswer))
)]
async fn create_token(
    State(app): State<Arc<App>>,
    address: Address,
    headers: HeaderMap,
    body: Result<Body, ApiError>,
) -> Response {
    let answer = match body {
        Ok(body) => grant(&app, address, &headers, &body).await,
        Err(refusal) => Err(refusal),
    };
    not_stored(answer.map(Json).into_response())
}

async fn grant(
    app: &App,
    address: Address,
    headers: &HeaderMap,
    body: &Body,
) -> Result<TokenAnswer, ApiError> {
    let client = client(headers, body)?;
    match body.needed_text("grant_type")?.as_str() {
        "password" => {
            let life = life(body, app.nature.now())?;
            let (username, password) = (body.needed_text("username")?, body.needed_text("password")?);
            let user = app.log_in(address, &username, &password).await?;
            app.token_answer(user.id, &client, life).await
        }
        "refresh_token" => {
            let life = life(body, app.nature.now())?;
            let text = body.needed_text("refresh_token")?;
            let user = refreshed(app, &text).await?;
            app.token_answer(user, &client, life).await
        }
        other => Err(ApiError::oauth(
            "unsupported_grant_type",
            format!("the grant type `{}` is not supported: use `password` or `refresh_token`", cut(other)),
        )),
    }
}

impl App {
    /// Makes a token for a person, as a login answers it.
    pub(super) async fn token_answer(
        &self,
        user: UserId,
        client: &str,
        life: Option<Duration>,
    ) -> Result<TokenAnswer, ApiError> {
        let (access, refresh) = self.directory.issue_token_pair(user, client, life).await?;
        Ok(TokenAnswer {
            token_type: "bearer".to_owned(),
            access_token: access.text,
            expires_in: life.map_or(0, |life| life.as_secs()),
            refresh_token: refresh.text,
        })
    }
}

/// The person whose refresh token this is. It ends with its use, and so does the access token made with it.
async fn refreshed(app: &App, text: &str) -> Result<UserId, ApiError> {
    let token = app.directory.token(text);
    let Some(Holder::Refresh(user)) = token.map(|token| token.holder) else { return Err(unusable()) };
    if app.directory.revoke_token(text).await? { Ok(user) } else { Err(unusable()) }
}

fn unusable() -> ApiError {
    ApiError::oauth(
        "invalid_grant",
        "the refresh token is unknown, used or expired: log in with the password",
    )
}

fn client(headers: &HeaderMap, body: &Body) -> Result<String, ApiError> {
    let given = match basic(headers) {
        Some(pair) => Some(pair),
        None => body.text("client_id")?.zip(body.text("client_secret")?),
    };
    match given {
        Some((id, secret)) if id == secret && CLIENTS.contains(&id.as_str()) => Ok(id),
        Some((id, _)) => Err(ApiError::oauth(
            "invalid_client",
            format!("the client `{}` or its secret is unknown: use `particle` for both", cut(&id)),
        )),
        None => Err(ApiError::oauth(
            "invalid_client",
            "no client was named: send `client_id` and `client_secret`, `particle` for both",
        )),
    }
}

/// How long the token shall live; none for ever.
fn life(body: &Body, now: Timestamp) -> Result<Option<Duration>, ApiError> {
    let life = match (body.whole("expires_in")?, body.text("expires_at")?) {
        (Some(0), _) => return Ok(None),
        (Some(seconds), _) => Duration::from_secs(seconds),
        (None, Some(at)) if !at.is_empty() => life_until(&at, now)?,
        (None, _) => DEFAULT_LIFE,
    };
    if life > LONGEST_LIFE {
        return Err(ApiError::invalid_field(
            "expires_in",
            format!(
                "`expires_in` is {} seconds, over the limit of {}: send less, or 0 for a token that never expires",
                life.as_secs(),
                LONGEST_LIFE.as_secs()
            ),
        ));
    }
    Ok(Some(life))
}

fn life_until(at: &str, now: Timestamp) -> Result<Duration, ApiError> {
    let end: Timestamp = at
        .parse()
        .map_err(|error| ApiError::invalid_field("expires_at", format!("`expires_at`: {error}")))?;
    let life = Duration::from_secs(end.since(now).as_secs());
    if life.is_zero() {
        return Err(ApiError::invalid_field(
            "expires_at",
            format!("`expires_at` is {end}, which has passed"),
        ));
    }
    Ok(life)
}

fn not_stored(mut response: Response) -> Response {
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response.headers_mut().insert(PRAGMA, HeaderValue::from_static("no-cache"));
    response
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_767_225_600_000); // 2026-01-01

    fn body(value: serde_json::Value) -> Body {
        Body { object: value.as_object().unwrap().clone(), form: true }
    }

    #[test]
    fn a_token_lives_90_days_unless_asked_otherwise() {
        let lives = |value| life(&body(value), NOW).unwrap().map(|life| life.as_secs());
        assert_eq!(lives(json!({})), Some(7_776_000));
        assert_eq!(lives(json!({"expires_in": "3600"})), Some(3600));
        assert_eq!(lives(json!({"expires_in": 0})), None);
        assert_eq!(lives(json!({"expires_at": "2026-01-02"})), Some(86_400));
    }

    #[test]
    fn a_life_that_is_over_or_endless_or_no_number_is_refused() {
        for value in [
            json!({"expires_in": "soon"}),
            json!({"expires_in": u64::MAX}),
            json!({"expires_at": "2025-12-31"}),
            json!({"expires_at": "tomorrow"}),
        ] {
            assert!(life(&body(value.clone()), NOW).is_err(), "{value}");
        }
    }

    #[test]
    fn the_official_clients_are_known_by_header_and_by_field() {
        for name in CLIENTS {
            let given = body(json!({"client_id": name, "client_secret": name}));
            assert_eq!(client(&HeaderMap::new(), &given).unwrap(), name);
        }
        let header = HeaderMap::from_iter([(
            http::header::AUTHORIZATION,
            "Basic cGFydGljbGU6cGFydGljbGU=".parse().unwrap(),
        )]);
        assert_eq!(client(&header, &body(json!({}))).unwrap(), "particle");
        assert!(
            client(&HeaderMap::new(), &body(json!({"client_id": "particle", "client_secret": "x"}))).is_err()
        );
        assert!(client(&HeaderMap::new(), &body(json!({}))).is_err());
    }
}
