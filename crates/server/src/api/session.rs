//! Sessions of the console: a token in a cookie, and the guard against other sites that make use of it.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{FromRequestParts, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use fieldhook_core::hex::hex;
use fieldhook_core::wire::account::{Session, SignIn};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, SET_COOKIE};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use sha2::{Digest, Sha256};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::auth::{Caller, Credential, Person, caller};
use super::error::ApiError;
use super::input::Body;
use super::login::Address;
use super::{App, cookie};
use crate::directory::{Holder, IssuedToken, User};

const PATH: &str = "/fieldhook/v1/session";
/// The client that a session's token is given to.
const CLIENT: &str = "console";
/// How long a session lives.
const LIFE: Duration = Duration::from_hours(30 * 24);
const CSRF: HeaderName = HeaderName::from_static("x-csrf-token");

/// The routes of this file.
pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::default().routes(routes!(sign_in, read_session, sign_out))
}

/// Lets a request that is known by its cookie change something only when it also bears the session's CSRF token.
///
/// A browser adds a cookie to whatever request a page makes it send, but a page of another site can neither read
/// the CSRF token nor set its header.
pub(super) async fn guarded(app: &App, request: Request, next: Next) -> Result<Response, ApiError> {
    let credential = Credential::of(request.headers(), request.uri());
    let Some(Credential::Cookie(token)) = credential else { return Ok(next.run(request).await) };
    let changes = !request.method().is_safe() && !signs_in(&request);
    if changes && !bears(request.headers(), &csrf_of(&token)) && app.directory.token(&token).is_some() {
        return Err(ApiError::csrf(request.method()));
    }
    let mut response = next.run(request).await;
    // Caches in between know that an answer is private by its request's Authorization header, which is not there.
    response.headers_mut().entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    Ok(response)
}

/// Signing in makes no use of the session there is, so an old one does not stand in its way.
fn signs_in(request: &Request) -> bool {
    request.method() == Method::POST && request.uri().path() == PATH
}

/// Compared without a hint, by the time it takes, of where the two begin to differ.
fn bears(headers: &HeaderMap, csrf: &str) -> bool {
    let given = headers.get(CSRF).map(HeaderValue::as_bytes).unwrap_or_default();
    let differing = given.iter().zip(csrf.as_bytes()).fold(0, |sum, (one, other)| sum | (one ^ other));
    given.len() == csrf.len() && differing == 0
}

/// Follows from the session's token, and does not tell it.
fn csrf_of(token: &str) -> String {
    hex(&Sha256::new().chain_update("fieldhook csrf ").chain_update(token).finalize())
}

/// A session just opened.
pub(super) struct Opened {
    session: Session,
    /// What has the browser keep it.
    pub cookie: HeaderValue,
}

impl App {
    /// Opens a session for a person who has shown who they are.
    pub(super) async fn open_session(&self, user: &User) -> Result<Opened, ApiError> {
        let IssuedToken { text, token } =
            self.directory.issue_token(Holder::User(user.id), CLIENT, Some(LIFE)).await?;
        let session =
            Session { user: self.user_record(user), csrf: csrf_of(&text), expires_at: token.expires_at };
        Ok(Opened { session, cookie: cookie::holding(&text, LIFE, &self.settings.public_url) })
    }
}

/// A person known by their cookie.
struct SignedIn {
    person: Person,
    token: String,
}

impl FromRequestParts<Arc<App>> for SignedIn {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, ApiError> {
        let none = || ApiError::unauthorized(format!("there is no session: sign in with POST {PATH}"));
        let credential = Credential::of(&parts.headers, &parts.uri);
        let Some(Credential::Cookie(token)) = credential else { return Err(none()) };
        match caller(app, &token)? {
            Caller::Person(person) => Ok(Self { person, token }),
            Caller::Device(_) => Err(none()),
        }
    }
}

/// Signs in: a session in a cookie that scripts cannot read.
///
/// Requests with the cookie need no Authorization header; those that change something need the header
/// `X-CSRF-Token` with the session's `csrf`. The session that the browser had before ends.
#[utoipa::path(
    post, path = "/fieldhook/v1/session", tag = "fieldhook", security(()), request_body = SignIn,
    responses((status = 201, description = "Signed in; the cookie is set.", body = Session))
)]
async fn sign_in(
    State(app): State<Arc<App>>,
    address: Address,
    headers: HeaderMap,
    before: Result<SignedIn, ApiError>,
    body: Body,
) -> Result<Response, ApiError> {
    must_be_json(&headers)?;
    let (username, password) = (body.needed_text("username")?, body.needed_text("password")?);
    let user = app.log_in(address, &username, &password).await?;
    let opened = app.open_session(&user).await?;
    if let Ok(before) = before {
        app.directory.revoke_token(&before.token).await?;
    }
    let headers = [(SET_COOKIE, opened.cookie), (CACHE_CONTROL, HeaderValue::from_static("no-store"))];
    Ok((StatusCode::CREATED, headers, Json(opened.session)).into_response())
}

/// A page of another site can have a browser send a form, and so sign its visitor in as somebody else; JSON it
/// cannot.
fn must_be_json(headers: &HeaderMap) -> Result<(), ApiError> {
    let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case("application/json") {
        return Ok(());
    }
    Err(ApiError::invalid_field(
        "Content-Type",
        format!("the Content-Type is `{essence}`, but signing in takes JSON: send `application/json`"),
    ))
}

/// Says who is signed in, with the CSRF token that changing requests need.
#[utoipa::path(
    get, path = "/fieldhook/v1/session", tag = "fieldhook", security(("session" = [])),
    responses((status = 200, description = "The session of the cookie.", body = Session))
)]
async fn read_session(State(app): State<Arc<App>>, signed_in: SignedIn) -> Json<Session> {
    let SignedIn { person, token } = signed_in;
    Json(Session {
        user: app.user_record(&person.user),
        csrf: csrf_of(&token),
        expires_at: person.token.expires_at,
    })
}

/// Signs out: the session ends and the cookie goes, also when the session had ended before.
#[utoipa::path(
    delete, path = "/fieldhook/v1/session", tag = "fieldhook", security((), ("session" = [])),
    responses((status = 204, description = "Signed out."))
)]
async fn sign_out(
    State(app): State<Arc<App>>,
    signed_in: Result<SignedIn, ApiError>,
) -> Result<Response, ApiError> {
    if let Ok(SignedIn { token, .. }) = signed_in {
        app.directory.revoke_token(&token).await?;
    }
    Ok((StatusCode::NO_CONTENT, [(SET_COOKIE, cookie::cleared(&app.settings.public_url))]).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_csrf_token_is_the_sessions_own_and_says_nothing_of_what_is_stored() {
        assert_eq!(csrf_of("abc"), csrf_of("abc"));
        assert_ne!(csrf_of("abc"), csrf_of("abd"));
        assert_ne!(csrf_of("abc"), hex(&Sha256::digest("abc")));
    }

    #[test]
    fn only_the_whole_csrf_token_counts() {
        let csrf = csrf_of("abc");
        let bears = |given: &str| bears(&HeaderMap::from_iter([(CSRF, given.parse().unwrap())]), &csrf);
        assert!(bears(&csrf));
        assert!(!bears(&csrf[..63]));
        assert!(!bears(&format!("{csrf}0")));
        assert!(!bears(&csrf_of("abd")));
        assert!(!bears(""));
        assert!(!super::bears(&HeaderMap::new(), &csrf));
    }

    #[test]
    fn a_form_cannot_sign_anybody_in() {
        let takes =
            |kind: &str| must_be_json(&HeaderMap::from_iter([(CONTENT_TYPE, kind.parse().unwrap())])).is_ok();
        assert!(takes("application/json") && takes("Application/JSON; charset=utf-8"));
        for kind in ["application/x-www-form-urlencoded", "text/plain", "multipart/form-data", ""] {
            assert!(!takes(kind), "{kind}");
        }
        assert!(must_be_json(&HeaderMap::new()).is_err());
    }
}
