//! What every request and answer goes through: paths put right, tokens of forms, CORS, request ids.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use fieldhook_core::hex::hex;
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, AUTHORIZATION, CONTENT_LENGTH,
};
use http::uri::PathAndQuery;
use http::{HeaderName, HeaderValue, Method, StatusCode, Uri};

use super::App;
use super::error::ApiError;
use super::input::{self, BODY_LIMIT};
use super::session;
use crate::clock::random;

/// Puts the path right: clients append paths to a base address with a slash at its end (`//v1/…`), and some end
/// theirs with one.
pub(super) fn put_right<B>(mut request: http::Request<B>) -> http::Request<B> {
    if let Some(path) = tidy(request.uri().path()) {
        let query = request.uri().query().map(|query| format!("?{query}")).unwrap_or_default();
        let mut parts = request.uri().clone().into_parts();
        parts.path_and_query = PathAndQuery::try_from(format!("{path}{query}")).ok();
        if let Ok(uri) = Uri::from_parts(parts) {
            *request.uri_mut() = uri;
        }
    }
    request
}

/// The path without doubled slashes in front and without one at its end; none when it is right already.
fn tidy(path: &str) -> Option<String> {
    let one_slash = format!("/{}", path.trim_start_matches('/'));
    let mut tidy = one_slash.as_str();
    let of_the_api = ["/v1/", "/fieldhook/", "/oauth/"].iter().any(|start| tidy.starts_with(start));
    if of_the_api && !ends_in_event_prefix(tidy) {
        tidy = tidy.trim_end_matches('/');
    }
    (tidy != path).then(|| tidy.to_owned())
}

/// A slash at the end of an event prefix is the prefix's.
fn ends_in_event_prefix(path: &str) -> bool {
    const BEFORE: &str = "/events/";
    path.starts_with("/v1/")
        && path.find(BEFORE).is_some_and(|at| !path[at + BEFORE.len()..].trim_matches('/').is_empty())
}

/// Moves the `access_token` field of a form to the Authorization header.
async fn form_token(request: Request) -> Result<Request, ApiError> {
    if request.headers().contains_key(AUTHORIZATION) || !input::is_form(request.headers()) {
        return Ok(request);
    }
    let (mut parts, body) = request.into_parts();
    let bytes = input::read(Request::new(body), BODY_LIMIT).await?;
    let pairs: Vec<(String, String)> = serde_html_form::from_bytes(&bytes).unwrap_or_default();
    if let Some((_, token)) = pairs.iter().find(|(key, _)| key == "access_token")
        && let Ok(mut value) = HeaderValue::try_from(format!("Bearer {token}"))
    {
        value.set_sensitive(true);
        parts.headers.insert(AUTHORIZATION, value);
    }
    // The body has been read, so it has a length from here on, however it was sent.
    parts.headers.insert(CONTENT_LENGTH, HeaderValue::from(bytes.len()));
    Ok(Request::from_parts(parts, Body::from(bytes)))
}

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Answers pre-flight requests, has others answered by their routes, and gives every answer what browsers and people
/// looking for it in logs need.
///
/// One layer for all of it: each costs a request two boxes and the moving of all that is in them.
pub(super) async fn passed(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let answer = if request.method() == Method::OPTIONS {
        Ok(preflight())
    } else {
        match form_token(request).await {
            Ok(request) => session::guarded(&app, request, next).await,
            Err(refusal) => Err(refusal),
        }
    };
    let mut response = answer.into_response();
    let id: [u8; 16] = random(&*app.nature.luck);
    let id = hex(&id);
    let headers = response.headers_mut();
    headers.insert(REQUEST_ID, HeaderValue::try_from(id).expect("hex digits can stand in a header"));
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("X-Request-Id, Retry-After"));
    response
}

fn preflight() -> Response {
    let allowed = [
        (ACCESS_CONTROL_ALLOW_METHODS, "GET, POST, PUT, PATCH, DELETE, OPTIONS"),
        (
            ACCESS_CONTROL_ALLOW_HEADERS,
            "X-Requested-With, Content-Type, Accept, Authorization, Idempotency-Key, X-Particle-Tool, X-Particle-Project",
        ),
        (ACCESS_CONTROL_MAX_AGE, "300"),
    ];
    (StatusCode::NO_CONTENT, allowed).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path_of(given: &str) -> String {
        let request = http::Request::builder().uri(given).body(()).unwrap();
        put_right(request).uri().to_string()
    }

    #[test]
    fn slashes_too_many_in_front_and_at_the_end_are_forgiven() {
        assert_eq!(path_of("//v1/devices"), "/v1/devices");
        assert_eq!(path_of("/v1/devices/?a=b"), "/v1/devices?a=b");
        assert_eq!(path_of("/v1/devices/events/"), "/v1/devices/events");
        assert_eq!(path_of("/v1/products/1/events//"), "/v1/products/1/events");
        assert_eq!(path_of("/v1/devices"), "/v1/devices");
        assert_eq!(path_of("/"), "/");
    }

    #[test]
    fn pages_keep_the_slash_at_their_end() {
        assert_eq!(path_of("/docs/"), "/docs/");
    }

    #[test]
    fn the_slashes_of_an_event_prefix_stay() {
        assert_eq!(path_of("/v1/devices/events/hook-error/"), "/v1/devices/events/hook-error/");
        assert_eq!(path_of("//v1/events/a/b/?nonce=1"), "/v1/events/a/b/?nonce=1");
    }
}
