//! What is wrong with an integration and why: its cards, its funnel, and two attempts side by side. The rules are in
//! `core::diagnosis`; here evidence is gathered and handed over.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use fieldhook_core::attempt::Attempt;
use fieldhook_core::compare::differences;
use fieldhook_core::diagnosis::{Funnel, diagnose};
use fieldhook_core::id::{AttemptId, IntegrationId, IssueId};
use fieldhook_core::wire::ErrorBody;
use fieldhook_core::wire::diagnosis::{Comparison, Diagnosis};
use fieldhook_core::wire::history::{AttemptLine, Trigger};
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::App;
use super::auth::Person;
use super::error::ApiError;
use super::history::missing;
use super::input::{Asked, At};
use super::listing::{WindowParams, given};

mod funnel;
mod gather;
mod surroundings;

/// The routes of this file.
pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(diagnosis)).routes(routes!(read_funnel)).routes(routes!(compare))
}

/// What is wrong with an integration, each problem with its cause, the fact that proves it, and what to do.
#[utoipa::path(
    get, path = "/fieldhook/v1/integrations/{id}/diagnosis", tag = "fieldhook", operation_id = "diagnose_integration",
    params(("id" = IntegrationId, Path)),
    responses((status = 200, body = Diagnosis), (status = 404, body = ErrorBody))
)]
async fn diagnosis(
    State(app): State<Arc<App>>,
    person: Person,
    At(id): At<String>,
) -> Result<Json<Diagnosis>, ApiError> {
    let saved = app.integration_named(&person, &id)?;
    app.caught_up().await;
    let evidence = app.evidence(&person, &saved).await?;
    Ok(Json(Diagnosis { integration: saved.id, at: evidence.now, cards: diagnose(&evidence) }))
}

/// How far the events of a window came: published, received, matched, attempted, accepted, and where they leak.
#[utoipa::path(
    get, path = "/fieldhook/v1/integrations/{id}/funnel", tag = "fieldhook", operation_id = "read_funnel",
    params(("id" = IntegrationId, Path), WindowParams),
    responses(
        (status = 200, body = Funnel),
        (status = 400, body = ErrorBody),
        (status = 404, body = ErrorBody)
    )
)]
async fn read_funnel(
    State(app): State<Arc<App>>,
    person: Person,
    At(id): At<String>,
    Asked(params): Asked<WindowParams>,
) -> Result<Json<Funnel>, ApiError> {
    let saved = app.integration_named(&person, &id)?;
    let window = params.window(app.nature.now())?;
    app.caught_up().await;
    Ok(Json(app.funnel(&person, &saved, window).await?))
}

/// Which two attempts: both by id, or by an issue its last success and its first failure.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct CompareParams {
    /// The first attempt.
    #[param(value_type = Option<AttemptId>)]
    a: Option<String>,
    /// The second attempt.
    #[param(value_type = Option<AttemptId>)]
    b: Option<String>,
    /// An issue, instead of two attempts.
    #[param(value_type = Option<IssueId>)]
    issue: Option<String>,
}

/// Puts two attempts side by side; of an issue, the last success in front of it and its first failure.
#[utoipa::path(
    get, path = "/fieldhook/v1/compare", tag = "fieldhook", operation_id = "compare_attempts",
    params(CompareParams),
    responses(
        (status = 200, body = Comparison),
        (status = 400, body = ErrorBody),
        (status = 404, body = ErrorBody)
    )
)]
async fn compare(
    State(app): State<Arc<App>>,
    person: Person,
    Asked(params): Asked<CompareParams>,
) -> Result<Json<Comparison>, ApiError> {
    app.caught_up().await;
    let (issue, a, b) = match given(params.issue.as_deref()) {
        Some(id) => {
            let issue = app.visible_issue(&person, id).await?;
            let good = issue.last_good.ok_or_else(|| {
                let description = format!(
                    "nothing succeeded before the issue `{id}`: choose two attempts with `a` and `b`"
                );
                ApiError::not_found("not_found", description)
            })?;
            (Some(issue.id), good.to_string(), issue.first.to_string())
        }
        None => match (given(params.a.as_deref()), given(params.b.as_deref())) {
            (Some(a), Some(b)) => (None, a.to_owned(), b.to_owned()),
            _ => return Err(ApiError::invalid("say which: `a` and `b`, two attempts, or `issue`")),
        },
    };
    let (a, b) = (app.visible_attempt(&person, &a).await?, app.visible_attempt(&person, &b).await?);
    Ok(Json(Comparison { issue, a: line(&a), b: line(&b), differences: differences(&a, &b) }))
}

impl App {
    async fn visible_attempt(&self, person: &Person, id: &str) -> Result<Attempt, ApiError> {
        let known: AttemptId = id.parse().map_err(|_| missing("attempt", id))?;
        let found = self.store.attempt(known).await?.filter(|attempt| self.sees(person, attempt.scope));
        found.ok_or_else(|| missing("attempt", id))
    }
}

fn line(attempt: &Attempt) -> AttemptLine {
    AttemptLine {
        id: attempt.id,
        delivery: attempt.delivery,
        event: attempt.event.id,
        event_name: attempt.event.name.clone(),
        integration: attempt.integration,
        revision: attempt.revision,
        scope: attempt.scope,
        device: attempt.event.device(),
        trigger: Trigger::from(&attempt.trigger).kind,
        number: attempt.number,
        started_at: attempt.started_at,
        duration_ms: attempt.duration_ms(),
        outcome: attempt.outcome,
        code: attempt.code,
        status: attempt.status,
        message: attempt.message.clone(),
        origin: attempt.origin.clone(),
    }
}
