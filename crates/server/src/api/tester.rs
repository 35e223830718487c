//! The endpoint tester: making endpoints, seeing what they caught, and saying how they answer.

use std::sync::Arc;

use axum::Json;
use axum::body::Body as Bytes;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use fieldhook_core::access::{Act, Scope};
use fieldhook_core::wire::tester::{AnswerSettings, CaughtRequest, Endpoint, NewEndpoint};
use fieldhook_core::wire::{Done, ErrorBody, Listed};
use futures_util::stream;
use http::{HeaderMap, StatusCode, header};
use serde::Deserialize;
use tokio::sync::broadcast::{self, error::RecvError};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::App;
use super::auth::Person;
use super::error::{ApiError, cut};
use super::input::{Asked, At, Body};
use super::listing::{PageParams, given};
use crate::tester::{EndpointState, TesterError, check};

mod capture;
mod content;

pub(super) use capture::capture_routes;

/// The routes of this file; what endpoints themselves answer is in [`capture_routes`].
pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(create, endpoints))
        .routes(routes!(endpoint, remove))
        .routes(routes!(requests, clear))
        .routes(routes!(answer))
}

/// Makes a throw-away endpoint. It answers 200 until told otherwise, and is forgotten a day after its last use.
#[utoipa::path(
    post, path = "/fieldhook/v1/tester", tag = "fieldhook", operation_id = "create_endpoint",
    request_body = NewEndpoint,
    responses(
        (status = 201, body = Endpoint),
        (status = 403, body = ErrorBody),
        (status = 409, body = ErrorBody)
    )
)]
async fn create(
    State(app): State<Arc<App>>,
    person: Person,
    body: Body,
) -> Result<(StatusCode, Json<Endpoint>), ApiError> {
    let asked: NewEndpoint = body.read()?;
    let scope = asked.scope.unwrap_or(Scope::User(person.id()));
    app.allow(&person, scope, Act::Troubleshoot)?;
    let made = app.tester.create(scope)?;
    Ok((StatusCode::CREATED, Json(app.shown(made))))
}

/// Whose endpoints.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct EndpointParams {
    /// Of this scope only; else of all that the caller may see.
    #[param(value_type = Option<Scope>)]
    scope: Option<String>,
}

/// The endpoints that the caller may see, the newest first.
#[utoipa::path(
    get, path = "/fieldhook/v1/tester", tag = "fieldhook", operation_id = "list_endpoints",
    params(EndpointParams, PageParams),
    responses((status = 200, body = Listed<Endpoint>), (status = 400, body = ErrorBody))
)]
async fn endpoints(
    State(app): State<Arc<App>>,
    person: Person,
    Asked(params): Asked<EndpointParams>,
    Asked(page): Asked<PageParams>,
) -> Result<Json<Listed<Endpoint>>, ApiError> {
    let scopes = app.scopes_asked(&person, params.scope.as_ref())?;
    let part = page.part_of(app.tester.endpoints(&scopes))?;
    let items = part.items.into_iter().map(|state| app.shown(state)).collect();
    Ok(Json(Listed { items, next: part.next }))
}

/// One endpoint.
#[utoipa::path(
    get, path = "/fieldhook/v1/tester/{id}", tag = "fieldhook", operation_id = "read_endpoint",
    params(("id" = String, Path)),
    responses((status = 200, body = Endpoint), (status = 404, body = ErrorBody))
)]
async fn endpoint(
    State(app): State<Arc<App>>,
    person: Person,
    At(id): At<String>,
) -> Result<Json<Endpoint>, ApiError> {
    Ok(Json(app.shown(app.endpoint(&person, &id, Act::See)?)))
}

/// Forgets an endpoint and what it caught.
#[utoipa::path(
    delete, path = "/fieldhook/v1/tester/{id}", tag = "fieldhook", operation_id = "delete_endpoint",
    params(("id" = String, Path)),
    responses((status = 204), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody))
)]
async fn remove(
    State(app): State<Arc<App>>,
    person: Person,
    At(id): At<String>,
) -> Result<StatusCode, ApiError> {
    app.endpoint(&person, &id, Act::Troubleshoot)?;
    if app.tester.remove(&id) { Ok(StatusCode::NO_CONTENT) } else { Err(no_endpoint(&id)) }
}

/// Which requests.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct RequestParams {
    /// Holding this text in method, path, query, headers or body, whatever the case of ASCII letters.
    q: Option<String>,
}

/// What an endpoint caught, newest first; with `Accept: text/event-stream`, what it catches from now on, each
/// request as an event named `request`.
#[utoipa::path(
    get, path = "/fieldhook/v1/tester/{id}/requests", tag = "fieldhook", operation_id = "list_caught_requests",
    params(("id" = String, Path), RequestParams, PageParams),
    responses(
        (status = 200, content((Listed<CaughtRequest> = "application/json"), (String = "text/event-stream"))),
        (status = 400, body = ErrorBody),
        (status = 404, body = ErrorBody)
    )
)]
async fn requests(
    State(app): State<Arc<App>>,
    person: Person,
    At(id): At<String>,
    Asked(params): Asked<RequestParams>,
    Asked(page): Asked<PageParams>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    app.endpoint(&person, &id, Act::See)?;
    if wants_stream(&headers) {
        let watching = app.tester.watch(&id).ok_or_else(|| no_endpoint(&id))?;
        return Ok(live(app, watching));
    }
    let caught = app.tester.caught(&id, page.place()?, page.limit()?, given(params.q.as_deref()));
    let caught = caught.ok_or_else(|| no_endpoint(&id))?;
    let items = caught.requests.iter().map(|request| CaughtRequest::clone(request)).collect();
    Ok(Json(Listed { items, next: caught.before.map(|before| before.to_string()) }).into_response())
}

/// Forgets what an endpoint caught; its numbers go on.
#[utoipa::path(
    delete, path = "/fieldhook/v1/tester/{id}/requests", tag = "fieldhook", operation_id = "clear_caught_requests",
    params(("id" = String, Path)),
    responses((status = 200, body = Done), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody))
)]
async fn clear(
    State(app): State<Arc<App>>,
    person: Person,
    At(id): At<String>,
) -> Result<Json<Done>, ApiError> {
    app.endpoint(&person, &id, Act::Troubleshoot)?;
    if app.tester.clear(&id) { Ok(Json(Done::OK)) } else { Err(no_endpoint(&id)) }
}

/// Says how an endpoint shall answer from now on.
#[utoipa::path(
    put, path = "/fieldhook/v1/tester/{id}/answer", tag = "fieldhook", operation_id = "set_endpoint_answer",
    params(("id" = String, Path)),
    request_body = AnswerSettings,
    responses(
        (status = 200, body = Endpoint),
        (status = 400, body = ErrorBody),
        (status = 403, body = ErrorBody),
        (status = 404, body = ErrorBody)
    )
)]
async fn answer(
    State(app): State<Arc<App>>,
    person: Person,
    At(id): At<String>,
    body: Body,
) -> Result<Json<Endpoint>, ApiError> {
    app.endpoint(&person, &id, Act::Troubleshoot)?;
    let settings: AnswerSettings = body.read()?;
    check(&settings).map_err(|error| ApiError::invalid_field(error.field(), error.to_string()))?;
    let state = app.tester.answer(&id, settings).ok_or_else(|| no_endpoint(&id))?;
    Ok(Json(app.shown(state)))
}

impl App {
    /// An endpoint, when the person may do this with it; one that is not theirs to see is not found.
    pub(super) fn endpoint(&self, person: &Person, id: &str, act: Act) -> Result<EndpointState, ApiError> {
        let found = self.tester.endpoint(id).filter(|state| self.sees(person, state.scope));
        let state = found.ok_or_else(|| no_endpoint(id))?;
        self.allow(person, state.scope, act)?;
        Ok(state)
    }

    /// The address at which an endpoint catches.
    pub(super) fn capture_url(&self, id: &str) -> String {
        format!("{}/t/{id}", self.settings.public_url)
    }

    fn shown(&self, state: EndpointState) -> Endpoint {
        Endpoint {
            url: self.capture_url(&state.id),
            id: state.id,
            scope: state.scope,
            created_at: state.created_at,
            used_at: state.used_at,
            caught: state.caught,
            answer: AnswerSettings::clone(&state.answer),
        }
    }
}

impl From<TesterError> for ApiError {
    fn from(error: TesterError) -> Self {
        match error {
            TesterError::TooMany { .. } => Self::conflict(error.to_string()),
        }
    }
}

fn no_endpoint(id: &str) -> ApiError {
    let description =
        format!("there is no test endpoint `{}` of yours; it may have been idle for a day", cut(id));
    ApiError::not_found("not_found", description)
}

fn wants_stream(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    accepted.flat_map(|value| value.split(',')).any(|kind| kind.trim().starts_with("text/event-stream"))
}

/// How long a stream is silent before it shows that it is alive.
const HEARTBEAT: std::time::Duration = std::time::Duration::from_secs(9);

/// What an endpoint catches, as server-sent events, until it goes, the reader goes or the server drains.
fn live(app: Arc<App>, watching: broadcast::Receiver<Arc<CaughtRequest>>) -> Response {
    let caught = stream::unfold((app, watching), |(app, mut watching)| async move {
        let text = tokio::select! {
            next = watching.recv() => match next {
                Ok(request) => sse("request", &*request),
                Err(RecvError::Lagged(missed)) => sse("missed", &missed),
                Err(RecvError::Closed) => return None,
            },
            () = app.nature.clock.sleep(HEARTBEAT) => "\n".to_owned(),
            () = app.draining.cancelled() => return None,
        };
        Some((text, (app, watching)))
    });
    let hello = stream::once(std::future::ready(":ok\n\n".to_owned()));
    let body = futures_util::StreamExt::chain(hello, caught);
    let body = futures_util::StreamExt::map(body, Ok::<_, std::convert::Infallible>);
    let headers = [(header::CONTENT_TYPE, "text/event-stream"), (header::CACHE_CONTROL, "no-store")];
    (headers, Bytes::from_stream(body)).into_response()
}

fn sse(name: &str, data: &impl serde::Serialize) -> String {
    let data = serde_json::to_string(data).expect("what is sent is plain JSON");
    format!("event: {name}\ndata: {data}\n\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_sent_only_to_those_who_accept_one() {
        let accepts = |value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT, value.parse().unwrap());
            wants_stream(&headers)
        };
        assert!(accepts("text/event-stream"));
        assert!(accepts("application/json, text/event-stream;q=0.5"));
        assert!(!accepts("application/json"));
        assert!(!wants_stream(&HeaderMap::new()));
    }
}
