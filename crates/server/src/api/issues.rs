//! Issues: one for each cause of failure, and where each stands.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use fieldhook_core::access::{Act, Scope};
use fieldhook_core::id::{IntegrationId, IssueId};
use fieldhook_core::issue::{self, Issue};
use fieldhook_core::wire::diagnosis::{IssueChange, IssueLine};
use fieldhook_core::wire::{ErrorBody, Listed};
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::App;
use super::auth::Person;
use super::error::ApiError;
use super::history::missing;
use super::input::{Asked, At, Body};
use super::listing::{PageParams, parsed, word};
use crate::store::IssueQuery;

/// The routes of this file.
pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(issues)).routes(routes!(read_issue, change_issue))
}

/// What `state` may be.
const STATES: &str = "open, acknowledged, resolved, ignored, or unresolved for the first two";

/// Which issues. Every condition that is given must hold.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct IssueParams {
    /// Of this scope only; else of all that the caller may see.
    #[param(value_type = Option<Scope>)]
    scope: Option<String>,
    /// Of this integration.
    #[param(value_type = Option<IntegrationId>)]
    integration: Option<String>,
    /// In this state: `open`, `acknowledged`, `resolved` or `ignored`; or `unresolved` for the first two.
    state: Option<String>,
}

impl IssueParams {
    fn states(&self) -> Result<Vec<issue::State>, ApiError> {
        if self.state.as_deref().is_some_and(|text| text.trim() == "unresolved") {
            return Ok(issue::State::ALL.into_iter().filter(|state| state.is_unresolved()).collect());
        }
        Ok(word("state", self.state.as_ref(), STATES)?.into_iter().collect())
    }
}

/// Issues: one row for each cause of failure, however often it struck. The one first seen last comes first.
#[utoipa::path(
    get, path = "/fieldhook/v1/issues", tag = "fieldhook", operation_id = "list_issues",
    params(IssueParams, PageParams),
    responses((status = 200, body = Listed<IssueLine>), (status = 400, body = ErrorBody))
)]
async fn issues(
    State(app): State<Arc<App>>,
    person: Person,
    Asked(params): Asked<IssueParams>,
    Asked(page): Asked<PageParams>,
) -> Result<Json<Listed<IssueLine>>, ApiError> {
    let query = IssueQuery {
        scopes: app.scopes_asked(&person, params.scope.as_ref())?,
        integration: parsed("integration", params.integration.as_ref())?,
        states: params.states()?,
    };
    let paging = page.paging()?;
    app.caught_up().await;
    let page = app.store.issues(&query, &paging).await?;
    let items = page.items.into_iter().filter_map(|issue| app.issue_line(issue)).collect();
    Ok(Json(Listed { items, next: page.next }))
}

/// One issue.
#[utoipa::path(
    get, path = "/fieldhook/v1/issues/{id}", tag = "fieldhook", operation_id = "read_issue",
    params(("id" = IssueId, Path)),
    responses((status = 200, body = IssueLine), (status = 404, body = ErrorBody))
)]
async fn read_issue(
    State(app): State<Arc<App>>,
    person: Person,
    At(id): At<String>,
) -> Result<Json<IssueLine>, ApiError> {
    app.caught_up().await;
    let issue = app.visible_issue(&person, &id).await?;
    app.issue_line(issue).map(Json).ok_or_else(|| missing("issue", &id))
}

/// Puts an issue where a person says it stands: seen, over, or of no matter. One that is resolved opens again with
/// its next failure.
#[utoipa::path(
    patch, path = "/fieldhook/v1/issues/{id}", tag = "fieldhook", operation_id = "change_issue",
    params(("id" = IssueId, Path)), request_body = IssueChange,
    responses(
        (status = 200, body = IssueLine),
        (status = 400, body = ErrorBody),
        (status = 403, body = ErrorBody),
        (status = 404, body = ErrorBody)
    )
)]
async fn change_issue(
    State(app): State<Arc<App>>,
    person: Person,
    At(id): At<String>,
    body: Body,
) -> Result<Json<IssueLine>, ApiError> {
    let change: IssueChange = body.read()?;
    app.caught_up().await;
    let issue = app.visible_issue(&person, &id).await?;
    app.allow(&person, issue.scope, Act::Troubleshoot)?;
    let now = app.nature.now();
    let changed = app.store.put_issue(issue.id, change.state, person.id(), now).await?;
    if let Some(issue) = &changed {
        app.alerts.turned(issue);
    }
    changed.and_then(|issue| app.issue_line(issue)).map(Json).ok_or_else(|| missing("issue", &id))
}

impl App {
    /// An issue, when the person may see it; else it is not found.
    pub(super) async fn visible_issue(&self, person: &Person, id: &str) -> Result<Issue, ApiError> {
        let known: IssueId = id.parse().map_err(|_| missing("issue", id))?;
        let found = self.store.issue(known).await?.filter(|issue| self.sees(person, issue.scope));
        found.ok_or_else(|| missing("issue", id))
    }

    /// The issue as a line, unless its integration is gone: nobody can mend that.
    pub(super) fn issue_line(&self, issue: Issue) -> Option<IssueLine> {
        let saved = self.directory.integration(issue.integration)?;
        let percent = issue.count * 100 / issue.attempts.max(1);
        Some(IssueLine { name: saved.name(), prefix: saved.prefix.to_string(), percent, issue })
    }
}
