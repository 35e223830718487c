//! Replays: begun, watched and cancelled.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use fieldhook_core::access::{Act, Scope};
use fieldhook_core::id::{DeliveryId, IntegrationId, ReplayId};
use fieldhook_core::integration::{Definition, masked};
use fieldhook_core::replay::{Plan, Selection, State as Stand};
use fieldhook_core::wire::render::RenderedRequest;
use fieldhook_core::wire::replay::{DryRun, Replay, ReplayRequest, ReplayedBy};
use fieldhook_core::wire::{ErrorBody, Listed};
use http::StatusCode;
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::App;
use super::auth::Person;
use super::error::{ApiError, cut};
use super::input::{Asked, At, Body};
use super::listing::{PageParams, given, parsed};
use crate::directory::SavedIntegration;
use crate::replay::Asker;
use crate::store::{ReplayQuery, ReplayRow};

/// The routes of this file.
pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(begin, replays)).routes(routes!(replay, cancel))
}

/// Sends events to an integration once more.
///
/// `resend` sends the event of one `delivery`. `recover` sends every event of an `integration` whose deliveries all
/// failed or were dropped. `missing` sends every event that did not fire the `integration` when it came in and would
/// now. The oldest goes first; `published_at` stays the event's. Each event sent is a delivery of its own, which
/// passes the gate and is counted in the books. The replay stops when the gate closes, and says so.
///
/// With `to` it goes to another URL or a test endpoint and is a test, which is counted nowhere. Where the integration
/// holds secrets this takes the right to change it, as they would go there too.
#[utoipa::path(
    post, path = "/fieldhook/v1/replays", tag = "fieldhook", operation_id = "begin_replay",
    request_body = ReplayRequest,
    responses(
        (status = 200, body = DryRun, description = "With `dry_run`: what would be sent. Nothing was."),
        (status = 201, body = Replay, description = "It has begun."),
        (status = 400, body = ErrorBody),
        (status = 403, body = ErrorBody),
        (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody, description = "The integration is switched off, or a replay of it is under way.")
    )
)]
async fn begin(State(app): State<Arc<App>>, person: Person, body: Body) -> Result<Response, ApiError> {
    let mut asked: ReplayRequest = body.read()?;
    asked.to = match given(asked.to.as_deref()) {
        Some(to) => Some(app.place_to_send(&person, to)?),
        None => None,
    };
    let plan = Plan::of(&asked, app.nature.now())?;
    app.caught_up().await;
    let saved = app.integration_to_replay(&person, &plan, asked.integration).await?;
    if asked.dry_run {
        return Ok(Json(app.dry_run(&person, &plan, &saved).await?).into_response());
    }
    let by = Asker { id: person.id(), name: person.user.username.clone() };
    let id = app.replays.start(plan, &saved, by).await?;
    let begun = app.replay_named(&person, &id.to_string()).await?;
    Ok((StatusCode::CREATED, Json(shown(begun))).into_response())
}

/// Whose replays.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct ReplayParams {
    /// Of this scope only; else of all that the caller may see.
    #[param(value_type = Option<Scope>)]
    scope: Option<String>,
    /// Of this integration.
    #[param(value_type = Option<IntegrationId>)]
    integration: Option<String>,
}

/// Replays, newest first.
#[utoipa::path(
    get, path = "/fieldhook/v1/replays", tag = "fieldhook", operation_id = "list_replays",
    params(ReplayParams, PageParams),
    responses((status = 200, body = Listed<Replay>), (status = 400, body = ErrorBody))
)]
async fn replays(
    State(app): State<Arc<App>>,
    person: Person,
    Asked(params): Asked<ReplayParams>,
    Asked(page): Asked<PageParams>,
) -> Result<Json<Listed<Replay>>, ApiError> {
    let scopes = app.scopes_asked(&person, params.scope.as_ref())?;
    let query = ReplayQuery { scopes, integration: parsed("integration", params.integration.as_ref())? };
    let paging = page.paging()?;
    app.caught_up().await;
    let page = app.store.replays(&query, &paging).await?;
    Ok(Json(Listed { items: page.items.into_iter().map(shown).collect(), next: page.next }))
}

/// One replay, and how far it has come.
#[utoipa::path(
    get, path = "/fieldhook/v1/replays/{id}", tag = "fieldhook", operation_id = "read_replay",
    params(("id" = ReplayId, Path)),
    responses((status = 200, body = Replay), (status = 404, body = ErrorBody))
)]
async fn replay(
    State(app): State<Arc<App>>,
    person: Person,
    At(id): At<String>,
) -> Result<Json<Replay>, ApiError> {
    app.caught_up().await;
    Ok(Json(shown(app.replay_named(&person, &id).await?)))
}

/// Cancels a replay: it sends no more. What it has handed on goes its way.
#[utoipa::path(
    delete, path = "/fieldhook/v1/replays/{id}", tag = "fieldhook", operation_id = "cancel_replay",
    params(("id" = ReplayId, Path)),
    responses(
        (status = 200, body = Replay),
        (status = 403, body = ErrorBody),
        (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody, description = "It has nothing left to send.")
    )
)]
async fn cancel(
    State(app): State<Arc<App>>,
    person: Person,
    At(id): At<String>,
) -> Result<Json<Replay>, ApiError> {
    app.caught_up().await;
    let row = app.replay_named(&person, &id).await?;
    app.allow(&person, row.scope, Act::Troubleshoot)?;
    if !app.replays.cancel(&row).await {
        let summary = row.progress.summary();
        return Err(ApiError::conflict(format!("replay {} has nothing left to send ({summary})", row.id)));
    }
    app.caught_up().await;
    Ok(Json(shown(app.replay_named(&person, &id).await?)))
}

impl App {
    /// The integration that the plan is about, for a person who may replay its events so.
    async fn integration_to_replay(
        &self,
        person: &Person,
        plan: &Plan,
        named: Option<IntegrationId>,
    ) -> Result<SavedIntegration, ApiError> {
        let id = match plan.selection {
            Selection::Resend { delivery } => self.integration_of(person, delivery, named).await?,
            Selection::Recover(span) | Selection::Missing(span) => span.integration,
        };
        let saved = self.visible_integration(person, id)?;
        self.allow(person, saved.scope, Act::Troubleshoot)?;
        if plan.is_test() && holds_secrets(&saved) {
            self.allow(person, saved.scope, Act::Change)?;
        }
        Ok(saved)
    }

    async fn integration_of(
        &self,
        person: &Person,
        delivery: DeliveryId,
        named: Option<IntegrationId>,
    ) -> Result<IntegrationId, ApiError> {
        let found = self.store.delivery(delivery).await?.filter(|row| self.sees(person, row.scope));
        let row = found.ok_or_else(|| {
            let description = format!("there is no delivery `{delivery}` of yours");
            ApiError::not_found("not_found", description).field("delivery")
        })?;
        match named {
            Some(named) if named != row.integration => {
                let description = format!(
                    "delivery {delivery} is for integration {}, not for {named}: leave `integration` out",
                    row.integration
                );
                Err(ApiError::invalid_field("integration", description))
            }
            _ => Ok(row.integration),
        }
    }

    async fn dry_run(
        &self,
        person: &Person,
        plan: &Plan,
        saved: &SavedIntegration,
    ) -> Result<DryRun, ApiError> {
        let (count, first) = self.replays.dry_run(plan, saved, person.id()).await?;
        let mut run = DryRun { count: count as u64, requests: Vec::new(), faults: Vec::new() };
        for request in first {
            match request {
                Ok(request) => run.requests.push(RenderedRequest::from(request)),
                Err(fault) => run.faults.push(fault),
            }
        }
        Ok(run)
    }

    /// A replay, when the person may see its integration's scope.
    async fn replay_named(&self, person: &Person, id: &str) -> Result<ReplayRow, ApiError> {
        let unknown =
            || ApiError::not_found("not_found", format!("there is no replay `{}` of yours", cut(id)));
        let known: ReplayId = id.parse().map_err(|_| unknown())?;
        let found = self.store.replay(known).await?.filter(|row| self.sees(person, row.scope));
        found.ok_or_else(unknown)
    }
}

/// Whether requests of the integration carry something that only its endpoint should see.
fn holds_secrets(saved: &SavedIntegration) -> bool {
    let template = saved.template();
    let uses_secrets =
        Definition::read(&template, saved.scope).definition.is_none_or(|d| !d.secrets.is_empty());
    uses_secrets || masked(&template) != template
}

fn shown(row: ReplayRow) -> Replay {
    let state = row.progress.state(row.sending);
    let (delivery, span) = match row.plan.selection {
        Selection::Resend { delivery } => (Some(delivery), None),
        Selection::Recover(span) | Selection::Missing(span) => (None, Some(span)),
    };
    let ended_at = match state {
        Stand::Running => None,
        Stand::Done => row.ended_at.max(Some(row.changed_at)),
        Stand::Stopped | Stand::Cancelled | Stand::Interrupted => row.ended_at,
    };
    Replay {
        id: row.id,
        intent: row.plan.selection.intent(),
        integration: row.integration,
        scope: row.scope,
        by: ReplayedBy { id: row.by, name: row.by_name },
        state,
        reason: row.reason,
        total: row.progress.total,
        sent: row.progress.sent,
        succeeded: row.progress.succeeded,
        failed: row.progress.failed,
        waiting: row.progress.waiting(),
        skipped: row.progress.skipped,
        summary: row.progress.summary(),
        delivery,
        since: span.and_then(|span| span.since),
        until: span.map(|span| span.until),
        to: row.plan.to,
        rate: row.plan.rate,
        revision: row.plan.revision,
        started_at: row.id.made_at(),
        ended_at,
    }
}
