//! Cases: everything about an integration in one file, to be handed to somebody else.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use fieldhook_core::access::Act;
use fieldhook_core::case::page;
use fieldhook_core::id::{EventId, IntegrationId};
use fieldhook_core::wire::case::{Case, CaseLink, CaseLinkRequest};
use fieldhook_core::wire::{Done, ErrorBody, Listed};
use http::header::{
    CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderValue, StatusCode};
use serde::Deserialize;
use serde_json::Value;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::App;
use super::auth::Person;
use super::error::{ApiError, cut};
use super::history::missing;
use super::input::{Asked, At, Body};
use super::listing::{Window, WindowParams, given};
use crate::cases::{CaseError, Link};

mod gather;

/// Seconds that a link may last, and does when nobody says.
const LIFE: (u64, u64, u64) = (60, 30 * 24 * 3600, 7 * 24 * 3600);
/// Most events of one case that are said to be missing.
const MOST_MISSING: usize = 20;

/// The routes of this file.
pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(read_case))
        .routes(routes!(list_links, make_link))
        .routes(routes!(revoke_link))
        .routes(routes!(shared))
}

/// Refuses more events than a case traces.
fn bounded(missing: Vec<EventId>) -> Result<Vec<EventId>, ApiError> {
    if missing.len() <= MOST_MISSING {
        return Ok(missing);
    }
    let description =
        format!("`missing` names {} events, over the limit of {MOST_MISSING}: leave some out", missing.len());
    Err(ApiError::invalid_field("missing", description))
}

/// What a case is to hold beside its window, and how it is written.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct CaseParams {
    /// Ids of events that are said to be missing, with commas between them; 20 at most.
    missing: Option<String>,
    /// `json`, or `html` for a page that can be read without the server; `json` by default.
    format: Option<String>,
}

impl CaseParams {
    fn missing(&self) -> Result<Vec<EventId>, ApiError> {
        let ids = given(self.missing.as_deref()).into_iter().flat_map(|ids| ids.split(','));
        let missing = ids.map(|id| {
            id.trim().parse().map_err(|_| {
                let id = cut(id);
                ApiError::invalid_field("missing", format!("`{id}` in `missing` is not the id of an event"))
            })
        });
        bounded(missing.collect::<Result<_, _>>()?)
    }

    fn as_page(&self) -> Result<bool, ApiError> {
        match given(self.format.as_deref()) {
            None | Some("json") => Ok(false),
            Some("html") => Ok(true),
            Some(other) => {
                let description = format!("`format` is `{}`, but it must be json or html", cut(other));
                Err(ApiError::invalid_field("format", description))
            }
        }
    }
}

/// Everything about an integration in a window of time, for somebody who is asked to help: what is wrong and the proof,
/// attempts in full, revisions with what they changed, the gate, the server. Secrets are masked, by value and by name.
#[utoipa::path(
    get, path = "/fieldhook/v1/integrations/{id}/case", tag = "fieldhook", operation_id = "read_case",
    params(("id" = IntegrationId, Path), WindowParams, CaseParams),
    responses(
        (status = 200, body = Case),
        (status = 400, body = ErrorBody),
        (status = 404, body = ErrorBody)
    )
)]
async fn read_case(
    State(app): State<Arc<App>>,
    person: Person,
    At(id): At<String>,
    Asked(window): Asked<WindowParams>,
    Asked(params): Asked<CaseParams>,
) -> Result<Response, ApiError> {
    let saved = app.integration_named(&person, &id)?;
    let (window, as_page) = (window.window(app.nature.now())?, params.as_page()?);
    let case = app.case(&person, &saved, window, &params.missing()?).await?;
    if !as_page {
        return Ok(Json(case).into_response());
    }
    let mut response = as_html(&case);
    let name = format!("attachment; filename=\"case-{}.html\"", saved.id);
    let name = HeaderValue::try_from(name).expect("an id can stand in a header");
    response.headers_mut().insert(CONTENT_DISPOSITION, name);
    Ok(response)
}

/// Links to cases of an integration that have not ended.
#[utoipa::path(
    get, path = "/fieldhook/v1/integrations/{id}/case/links", tag = "fieldhook", operation_id = "list_case_links",
    params(("id" = IntegrationId, Path)),
    responses((status = 200, body = Listed<CaseLink>), (status = 404, body = ErrorBody))
)]
async fn list_links(
    State(app): State<Arc<App>>,
    person: Person,
    At(id): At<String>,
) -> Result<Json<Listed<CaseLink>>, ApiError> {
    let saved = app.integration_named(&person, &id)?;
    let links = app.cases.links(saved.id).await?;
    Ok(Json(Listed::whole(links.into_iter().map(|(id, link)| shown(id, link, None)).collect())))
}

/// Makes a case and a link that shows it to anybody, until it ends or is revoked. The case stays as it is now.
#[utoipa::path(
    post, path = "/fieldhook/v1/integrations/{id}/case/links", tag = "fieldhook", operation_id = "make_case_link",
    params(("id" = IntegrationId, Path)), request_body = CaseLinkRequest,
    responses(
        (status = 201, body = CaseLink, description = "The link, with its address, which is told this once."),
        (status = 400, body = ErrorBody),
        (status = 403, body = ErrorBody),
        (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody, description = "There are too many links.")
    )
)]
async fn make_link(
    State(app): State<Arc<App>>,
    person: Person,
    At(id): At<String>,
    body: Body,
) -> Result<(StatusCode, Json<CaseLink>), ApiError> {
    let saved = app.integration_named(&person, &id)?;
    app.allow(&person, saved.scope, Act::Change)?;
    let asked: CaseLinkRequest = body.read()?;
    let (least, most, usual) = LIFE;
    let life = asked.expires_in.unwrap_or(usual);
    if !(least..=most).contains(&life) {
        let description = format!("`expires_in` is {life} s, but it must be {least} to {most} s");
        return Err(ApiError::invalid_field("expires_in", description));
    }
    let now = app.nature.now();
    let window = Window::between(asked.since, asked.until, now)?;
    let case = app.case(&person, &saved, window, &bounded(asked.missing)?).await?;
    let link = Link {
        integration: saved.id,
        scope: saved.scope,
        since: window.since,
        until: window.until,
        made_at: now,
        made_by: person.user.username.clone(),
        expires_at: now + Duration::from_secs(life),
    };
    let (id, token) = app.cases.share(link.clone(), &case).await?;
    tracing::info!(integration.id = %saved.id, by = %link.made_by, until = %link.expires_at, "handed out a case");
    let url = format!("{}/case/{token}", app.settings.public_url);
    Ok((StatusCode::CREATED, Json(shown(id, link, Some(url)))))
}

/// Revokes a link: from now on it shows nothing.
#[utoipa::path(
    delete, path = "/fieldhook/v1/integrations/{id}/case/links/{link}", tag = "fieldhook",
    operation_id = "revoke_case_link",
    params(("id" = IntegrationId, Path), ("link" = String, Path)),
    responses((status = 200, body = Done), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody))
)]
async fn revoke_link(
    State(app): State<Arc<App>>,
    person: Person,
    At((id, link)): At<(String, String)>,
) -> Result<Json<Done>, ApiError> {
    let saved = app.integration_named(&person, &id)?;
    app.allow(&person, saved.scope, Act::Change)?;
    if !app.cases.revoke(saved.id, &link).await? {
        return Err(missing("link", &link));
    }
    tracing::info!(integration.id = %saved.id, by = %person.user.username, "revoked the link to a case");
    Ok(Json(Done { ok: true }))
}

/// A case that was handed out, as a page. Whoever has the link may read it.
#[utoipa::path(
    get, path = "/case/{token}", tag = "server", operation_id = "read_shared_case", security(()),
    params(("token" = String, Path)),
    responses(
        (status = 200, body = String, content_type = "text/html"),
        (status = 404, body = ErrorBody),
        (status = 410, body = ErrorBody, description = "The link has ended.")
    )
)]
async fn shared(State(app): State<Arc<App>>, At(token): At<String>) -> Result<Response, ApiError> {
    let case = app.cases.open(&token).await?;
    Ok(as_html(&case))
}

/// The page, which may do nothing but be read, and is kept by nobody on the way.
fn as_html(case: &Value) -> Response {
    let headers = [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CONTENT_SECURITY_POLICY, page::POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
        (CACHE_CONTROL, "no-store"),
    ];
    (headers, page::of(case)).into_response()
}

fn shown(id: String, link: Link, url: Option<String>) -> CaseLink {
    CaseLink {
        id,
        url,
        since: link.since,
        until: link.until,
        made_at: link.made_at,
        made_by: link.made_by,
        expires_at: link.expires_at,
    }
}

impl From<CaseError> for ApiError {
    fn from(error: CaseError) -> Self {
        let says = error.to_string();
        match error {
            CaseError::TooMany => Self::conflict(says),
            CaseError::TooLarge(_) => Self::unprocessable(says).field("since"),
            CaseError::Ended(_) => Self::new(StatusCode::GONE, "expired", says),
            CaseError::Missing => Self::not_found("not_found", says),
            CaseError::Store(error) => Self::from(error),
        }
    }
}
