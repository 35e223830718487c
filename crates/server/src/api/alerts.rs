//! Alerts: the list behind the console's bell, and where alerts go beside it.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use fieldhook_core::access::{Act, Scope};
use fieldhook_core::alert::{self, Alert, AlertSettings};
use fieldhook_core::event::ALERT_PREFIX;
use fieldhook_core::id::AlertId;
use fieldhook_core::wire::alerts::{AlertChannels, AlertLine, AlertList, AlertTest, Listener, MailState};
use fieldhook_core::wire::{Done, ErrorBody};
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::App;
use super::auth::Person;
use super::error::ApiError;
use super::history::missing;
use super::input::{Asked, At, Body};
use super::listing::{PageParams, given};
use super::scope::Whose;
use crate::directory::SavedIntegration;

/// The routes of this file.
pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::default()
        .routes(routes!(alerts))
        .routes(routes!(mark_seen))
        .routes(routes!(channels, set_channels))
        .routes(routes!(test_channels))
        .routes(routes!(dismiss))
}

/// Which alerts.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct AlertParams {
    /// Of this scope only; else of all that the caller may see.
    #[param(value_type = Option<Scope>)]
    scope: Option<String>,
    /// `open` for those that are not over, `over` for those that are; all by default.
    state: Option<String>,
}

/// Alerts, the newest first: one for each cause, however often it struck.
#[utoipa::path(
    get, path = "/fieldhook/v1/alerts", tag = "fieldhook", operation_id = "list_alerts",
    params(AlertParams, PageParams),
    responses((status = 200, body = AlertList), (status = 400, body = ErrorBody))
)]
async fn alerts(
    State(app): State<Arc<App>>,
    person: Person,
    Asked(params): Asked<AlertParams>,
    Asked(page): Asked<PageParams>,
) -> Result<Json<AlertList>, ApiError> {
    let scopes = app.scopes_asked(&person, params.scope.as_ref())?;
    let wanted: fn(&Alert) -> bool = match given(params.state.as_deref()) {
        None | Some("all") => |_| true,
        Some("open") => Alert::is_open,
        Some("over") => |alert| !alert.is_open(),
        Some(other) => {
            let description = format!("`state` is `{other}`, but it must be open, over or all");
            return Err(ApiError::invalid_field("state", description));
        }
    };
    let all = app.alerts.of(&scopes).into_iter();
    let lines: Vec<_> = all.map(|alert| (wanted(&alert), app.alert_line(&person, alert))).collect();
    let open = lines.iter().filter(|(_, line)| line.ended_at.is_none()).count();
    let unseen = lines.iter().filter(|(_, line)| line.unseen).count();
    let part =
        page.part_of(lines.into_iter().filter(|(wanted, _)| *wanted).map(|(_, line)| line).collect())?;
    Ok(Json(AlertList { items: part.items, next: part.next, open, unseen }))
}

/// Notes that the caller has seen the list as it is now.
#[utoipa::path(
    put, path = "/fieldhook/v1/alerts/seen", tag = "fieldhook", operation_id = "mark_alerts_seen",
    responses((status = 200, body = Done))
)]
async fn mark_seen(State(app): State<Arc<App>>, person: Person) -> Result<Json<Done>, ApiError> {
    app.alerts.mark_seen(person.id()).await?;
    Ok(Json(Done::OK))
}

/// Ends an alert because a person says so. Should its cause show again, a new one is raised: of an issue when it comes
/// back after it was resolved, of a silence once a new rhythm was learnt, of anything else when it was gone before.
#[utoipa::path(
    post, path = "/fieldhook/v1/alerts/{id}/dismiss", tag = "fieldhook", operation_id = "dismiss_alert",
    params(("id" = AlertId, Path)),
    responses(
        (status = 200, body = AlertLine),
        (status = 403, body = ErrorBody),
        (status = 404, body = ErrorBody)
    )
)]
async fn dismiss(
    State(app): State<Arc<App>>,
    person: Person,
    At(id): At<String>,
) -> Result<Json<AlertLine>, ApiError> {
    let unknown = || missing("alert", &id);
    let known: AlertId = id.parse().map_err(|_| unknown())?;
    let alert = app.alerts.get(known).filter(|alert| app.sees(&person, alert.scope)).ok_or_else(unknown)?;
    app.allow(&person, alert.scope, Act::Troubleshoot)?;
    let by = app.directory.user(person.id()).map_or_else(String::new, |user| user.username.clone());
    let alert = app.alerts.dismiss(known, &by).await.ok_or_else(unknown)?;
    Ok(Json(app.alert_line(&person, alert)))
}

/// Where a scope's alerts go: the people who are mailed, and the integrations that fire on alerts.
#[utoipa::path(
    get, path = "/fieldhook/v1/alerts/settings", tag = "fieldhook", operation_id = "read_alert_settings",
    params(Whose),
    responses((status = 200, body = AlertChannels), (status = 404, body = ErrorBody))
)]
async fn channels(
    State(app): State<Arc<App>>,
    person: Person,
    Asked(whose): Asked<Whose>,
) -> Result<Json<AlertChannels>, ApiError> {
    let scope = whose.scope(&app, &person, Act::See)?;
    Ok(Json(app.channels_of(scope)))
}

/// Changes who is mailed, of which kinds of alert, and whether silence is told.
#[utoipa::path(
    put, path = "/fieldhook/v1/alerts/settings", tag = "fieldhook", operation_id = "set_alert_settings",
    params(Whose), request_body = AlertSettings,
    responses(
        (status = 200, body = AlertChannels),
        (status = 400, body = ErrorBody),
        (status = 403, body = ErrorBody)
    )
)]
async fn set_channels(
    State(app): State<Arc<App>>,
    person: Person,
    Asked(whose): Asked<Whose>,
    body: Body,
) -> Result<Json<AlertChannels>, ApiError> {
    let scope = whose.scope(&app, &person, Act::Change)?;
    let settings: AlertSettings = body.read()?;
    let settings =
        settings.checked().map_err(|error| ApiError::invalid_field("recipients", error.to_string()))?;
    app.alerts.set(scope, settings).await?;
    Ok(Json(app.channels_of(scope)))
}

/// Publishes a test event, `fieldhook/alert/test`, in the scope and mails its people, and says what came of it.
#[utoipa::path(
    post, path = "/fieldhook/v1/alerts/test", tag = "fieldhook", operation_id = "test_alerts",
    params(Whose),
    responses((status = 200, body = AlertTest), (status = 403, body = ErrorBody), (status = 503, body = ErrorBody))
)]
async fn test_channels(
    State(app): State<Arc<App>>,
    person: Person,
    Asked(whose): Asked<Whose>,
) -> Result<Json<AlertTest>, ApiError> {
    let scope = whose.scope(&app, &person, Act::Troubleshoot)?;
    let by = app.directory.user(person.id()).map_or_else(String::new, |user| user.username.clone());
    let tried = app.alerts.try_out(scope, &by).await?;
    let triggered = tried.triggered.into_iter().filter_map(|id| app.directory.integration(id));
    Ok(Json(AlertTest {
        triggered: triggered.map(|saved| listener(&saved)).collect(),
        mailed: tried.mailed.as_ref().map(Result::is_ok),
        mail_error: tried.mailed.and_then(Result::err),
    }))
}

impl App {
    fn alert_line(&self, person: &Person, alert: Alert) -> AlertLine {
        let scope_name = self.directory.scope_name(alert.scope);
        AlertLine::new(alert, scope_name, self.alerts.seen(person.id()))
    }

    fn channels_of(&self, scope: Scope) -> AlertChannels {
        let mut integrations = Vec::new();
        self.directory.each_integration(scope, |saved| {
            if ALERT_PREFIX.starts_with(&*saved.prefix) || alert::tells_of_alerts(&saved.prefix) {
                integrations.push(listener(saved));
            }
        });
        let last = self.alerts.last_mail(scope);
        AlertChannels {
            settings: self.alerts.settings(scope),
            can_mail: self.alerts.can_mail(),
            last_mail: last.map(|last| MailState { at: last.at, error: last.error }),
            integrations,
        }
    }
}

fn listener(saved: &SavedIntegration) -> Listener {
    Listener {
        id: saved.id,
        name: saved.name(),
        prefix: saved.prefix.to_string(),
        disabled: saved.disabled.is_some(),
    }
}
