//! What happened: the log of attempts, events with what they caused, and deliveries.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use fieldhook_core::access::Scope;
use fieldhook_core::attempt::Code;
use fieldhook_core::event;
use fieldhook_core::id::{AttemptId, DeliveryId, EventId, IntegrationId};
use fieldhook_core::matching::{self, Reason};
use fieldhook_core::time::Timestamp;
use fieldhook_core::wire::history::{
    Attempt, AttemptLine, Delivery, DeliveryStory, Event, EventStory, TraceLine,
};
use fieldhook_core::wire::{ErrorBody, Listed};
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::App;
use super::auth::Person;
use super::error::{ApiError, cut};
use super::input::{Asked, At};
use super::listing::{MOST_ROWS, PageParams, given, parsed, word};
use crate::directory::SavedIntegration;
use crate::store::{AttemptQuery, AttemptRow, DeliveryQuery, DeliveryRow, EventQuery, Page, Paging};

/// The routes of this file.
pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(attempts))
        .routes(routes!(attempt))
        .routes(routes!(events))
        .routes(routes!(event))
        .routes(routes!(deliveries))
        .routes(routes!(delivery))
}

/// Which attempts. Every condition that is given must hold.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct AttemptParams {
    /// Of this scope only; else of all that the caller may see.
    #[param(value_type = Option<Scope>)]
    scope: Option<String>,
    /// Of this integration.
    #[param(value_type = Option<IntegrationId>)]
    integration: Option<String>,
    /// For this delivery.
    #[param(value_type = Option<DeliveryId>)]
    delivery: Option<String>,
    /// For this event.
    #[param(value_type = Option<EventId>)]
    event: Option<String>,
    /// That ended so: `success`, `error` or `skipped`.
    #[param(value_type = Option<fieldhook_core::attempt::Outcome>)]
    outcome: Option<String>,
    /// With this code.
    #[param(value_type = Option<Code>)]
    code: Option<String>,
    /// With this status.
    #[param(value_type = Option<u16>)]
    status: Option<String>,
    /// Caused by this device.
    #[param(value_type = Option<fieldhook_core::id::DeviceId>)]
    device: Option<String>,
    /// Holding this text in event, request, answer or message, whatever the case of ASCII letters.
    q: Option<String>,
    /// Begun at this time or later: RFC 3339, or a date.
    #[param(value_type = Option<Timestamp>)]
    since: Option<String>,
    /// Begun before this time.
    #[param(value_type = Option<Timestamp>)]
    until: Option<String>,
}

impl AttemptParams {
    fn query(&self, scopes: Vec<Scope>) -> Result<AttemptQuery, ApiError> {
        Ok(AttemptQuery {
            scopes,
            integration: parsed("integration", self.integration.as_ref())?,
            delivery: parsed("delivery", self.delivery.as_ref())?,
            event: parsed("event", self.event.as_ref())?,
            outcome: word("outcome", self.outcome.as_ref(), "success, error or skipped")?,
            code: word::<Code>("code", self.code.as_ref(), "a code such as ETIMEDOUT or ECONNREFUSED")?,
            status: parsed("status", self.status.as_ref())?,
            device: parsed("device", self.device.as_ref())?,
            text: given(self.q.as_deref()).map(str::to_owned),
            since: parsed("since", self.since.as_ref())?,
            until: parsed("until", self.until.as_ref())?,
        })
    }
}

/// The log of attempts, newest first.
#[utoipa::path(
    get, path = "/fieldhook/v1/attempts", tag = "fieldhook", operation_id = "list_attempts",
    params(AttemptParams, PageParams),
    responses((status = 200, body = Listed<AttemptLine>), (status = 400, body = ErrorBody))
)]
async fn attempts(
    State(app): State<Arc<App>>,
    person: Person,
    Asked(params): Asked<AttemptParams>,
    Asked(page): Asked<PageParams>,
) -> Result<Json<Listed<AttemptLine>>, ApiError> {
    let query = params.query(app.scopes_asked(&person, params.scope.as_ref())?)?;
    let paging = page.paging()?;
    app.caught_up().await;
    Ok(listed(app.store.attempts(&query, &paging).await?, attempt_line))
}

/// One attempt, whole: the event, the request as sent, the answer, the timings, and what followed.
#[utoipa::path(
    get, path = "/fieldhook/v1/attempts/{id}", tag = "fieldhook", operation_id = "read_attempt",
    params(("id" = AttemptId, Path)),
    responses((status = 200, body = Attempt), (status = 404, body = ErrorBody))
)]
async fn attempt(
    State(app): State<Arc<App>>,
    person: Person,
    At(id): At<String>,
) -> Result<Json<Attempt>, ApiError> {
    app.caught_up().await;
    let known: AttemptId = id.parse().map_err(|_| missing("attempt", &id))?;
    let found = app.store.attempt(known).await?.filter(|attempt| app.sees(&person, attempt.scope));
    found.map(|attempt| Json(Attempt::from(&attempt))).ok_or_else(|| missing("attempt", &id))
}

/// Which events. Every condition that is given must hold.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct EventParams {
    /// Standing in this scope; else in any that the caller may see.
    #[param(value_type = Option<Scope>)]
    scope: Option<String>,
    /// Whose name begins so.
    name: Option<String>,
    /// Published by this device.
    #[param(value_type = Option<fieldhook_core::id::DeviceId>)]
    device: Option<String>,
    /// Holding this text in name or data, whatever the case of ASCII letters.
    q: Option<String>,
    /// Published at this time or later: RFC 3339, or a date.
    #[param(value_type = Option<Timestamp>)]
    since: Option<String>,
    /// Published before this time.
    #[param(value_type = Option<Timestamp>)]
    until: Option<String>,
}

/// Events taken in, newest first.
#[utoipa::path(
    get, path = "/fieldhook/v1/events", tag = "fieldhook", operation_id = "list_events",
    params(EventParams, PageParams),
    responses((status = 200, body = Listed<Event>), (status = 400, body = ErrorBody))
)]
async fn events(
    State(app): State<Arc<App>>,
    person: Person,
    Asked(params): Asked<EventParams>,
    Asked(page): Asked<PageParams>,
) -> Result<Json<Listed<Event>>, ApiError> {
    let scopes = app.scopes_asked(&person, params.scope.as_ref())?;
    let query = EventQuery {
        scopes: app.paying_scopes(scopes),
        prefix: params.name.clone().filter(|name| !name.is_empty()),
        device: parsed("device", params.device.as_ref())?,
        text: given(params.q.as_deref()).map(str::to_owned),
        since: parsed("since", params.since.as_ref())?,
        until: parsed("until", params.until.as_ref())?,
    };
    let paging = page.paging()?;
    if query.scopes.is_empty() {
        return Ok(Json(Listed::whole(Vec::new())));
    }
    app.caught_up().await;
    Ok(listed(app.store.events(&query, &paging).await?, |event| Event::from(&event)))
}

/// One event, with its match trace (which integrations it fired, and why it did not fire the others) and the
/// deliveries it caused.
#[utoipa::path(
    get, path = "/fieldhook/v1/events/{id}", tag = "fieldhook", operation_id = "read_event",
    params(("id" = EventId, Path)),
    responses((status = 200, body = EventStory), (status = 404, body = ErrorBody))
)]
async fn event(
    State(app): State<Arc<App>>,
    person: Person,
    At(id): At<String>,
) -> Result<Json<EventStory>, ApiError> {
    app.caught_up().await;
    let known: EventId = id.parse().map_err(|_| missing("event", &id))?;
    let event = app.visible_event(&person, known).await?.ok_or_else(|| missing("event", &id))?;
    let query = DeliveryQuery { event: Some(known), ..DeliveryQuery::default() };
    let caused = app.store.deliveries(&query, &FIRST_PAGE).await?.items;
    let deliveries: Vec<_> = caused.into_iter().filter(|row| app.sees(&person, row.scope)).collect();

    let mut trace = app.trace(&person, &event, &deliveries);
    let trace_left_out = trace.len().saturating_sub(MOST_ROWS);
    trace.truncate(MOST_ROWS);
    let deliveries = deliveries.into_iter().map(delivery_line).collect();
    Ok(Json(EventStory { event: Event::from(&event), trace, trace_left_out, deliveries }))
}

/// Which deliveries: of one integration, of one event, of one replay. Every condition that is given must hold.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct DeliveryParams {
    /// For this integration.
    #[param(value_type = Option<IntegrationId>)]
    integration: Option<String>,
    /// Of this event.
    #[param(value_type = Option<EventId>)]
    event: Option<String>,
    /// With this verdict: `delivered`, `failed`, `dropped` or `waiting`.
    #[param(value_type = Option<fieldhook_core::attempt::Verdict>)]
    verdict: Option<String>,
    /// Caused by this replay.
    #[param(value_type = Option<fieldhook_core::id::ReplayId>)]
    replay: Option<String>,
}

/// The deliveries of an integration, of an event or of a replay, newest first.
#[utoipa::path(
    get, path = "/fieldhook/v1/deliveries", tag = "fieldhook", operation_id = "list_deliveries",
    params(DeliveryParams, PageParams),
    responses(
        (status = 200, body = Listed<Delivery>),
        (status = 400, body = ErrorBody),
        (status = 404, body = ErrorBody)
    )
)]
async fn deliveries(
    State(app): State<Arc<App>>,
    person: Person,
    Asked(params): Asked<DeliveryParams>,
    Asked(page): Asked<PageParams>,
) -> Result<Json<Listed<Delivery>>, ApiError> {
    let query = DeliveryQuery {
        integration: parsed("integration", params.integration.as_ref())?,
        event: parsed("event", params.event.as_ref())?,
        verdict: word("verdict", params.verdict.as_ref(), "delivered, failed, dropped or waiting")?,
        replay: parsed("replay", params.replay.as_ref())?,
    };
    let paging = page.paging()?;
    app.caught_up().await;
    match (query.integration, query.event) {
        (Some(integration), _) => {
            app.visible_integration(&person, integration)?;
        }
        (None, Some(event)) if app.visible_event(&person, event).await?.is_some() => {}
        (None, Some(event)) => return Err(missing("event", &event.to_string())),
        // Rows of others are left out below.
        (None, None) if query.replay.is_some() => {}
        (None, None) => {
            return Err(ApiError::invalid(
                "none of `integration`, `event` and `replay` is given: say whose deliveries to list",
            ));
        }
    }
    let page = app.store.deliveries(&query, &paging).await?;
    let items = page.items.into_iter().filter(|row| app.sees(&person, row.scope)).map(delivery_line);
    Ok(Json(Listed { items: items.collect(), next: page.next }))
}

/// One delivery, with its attempts.
#[utoipa::path(
    get, path = "/fieldhook/v1/deliveries/{id}", tag = "fieldhook", operation_id = "read_delivery",
    params(("id" = DeliveryId, Path)),
    responses((status = 200, body = DeliveryStory), (status = 404, body = ErrorBody))
)]
async fn delivery(
    State(app): State<Arc<App>>,
    person: Person,
    At(id): At<String>,
) -> Result<Json<DeliveryStory>, ApiError> {
    app.caught_up().await;
    let known: DeliveryId = id.parse().map_err(|_| missing("delivery", &id))?;
    let found = app.store.delivery(known).await?.filter(|row| app.sees(&person, row.scope));
    let row = found.ok_or_else(|| missing("delivery", &id))?;
    let query = AttemptQuery { scopes: vec![row.scope], delivery: Some(known), ..AttemptQuery::default() };
    let attempts = app.store.attempts(&query, &FIRST_PAGE).await?.items;
    let attempts = attempts.into_iter().map(attempt_line).collect();
    Ok(Json(DeliveryStory { delivery: delivery_line(row), attempts }))
}

/// As much as one answer may list.
const FIRST_PAGE: Paging = Paging { limit: MOST_ROWS, cursor: None };

impl App {
    /// An event, when it stands in a scope that the person may see.
    pub(super) async fn visible_event(
        &self,
        person: &Person,
        id: EventId,
    ) -> Result<Option<event::Event>, ApiError> {
        let visible = |event: &event::Event| {
            self.directory.scopes_hearing(event).into_iter().any(|scope| self.sees(person, scope))
        };
        Ok(self.store.event(id).await?.filter(visible))
    }

    /// An integration, when the person may see it; else it is not found.
    pub(super) fn visible_integration(
        &self,
        person: &Person,
        id: IntegrationId,
    ) -> Result<SavedIntegration, ApiError> {
        let found = self.directory.integration(id).filter(|saved| self.sees(person, saved.scope));
        found.ok_or_else(|| no_integration(&id.to_string()))
    }

    /// The same, by the id as a path has it.
    pub(super) fn integration_named(&self, person: &Person, id: &str) -> Result<SavedIntegration, ApiError> {
        self.visible_integration(person, id.parse().map_err(|_| no_integration(id))?)
    }

    /// Judges the event against every integration that the person can see: what fired first, then what fits
    /// but for one rule, then near misses of the name, then the rest.
    pub(super) fn trace(
        &self,
        person: &Person,
        event: &event::Event,
        deliveries: &[DeliveryRow],
    ) -> Vec<TraceLine> {
        let scopes = self.directory.scopes_of(person.id());
        let visible = scopes.into_iter().flat_map(|scope| self.directory.integrations_in(scope));
        let mut lines: Vec<TraceLine> = visible
            .map(|saved| {
                let delivered = deliveries.iter().any(|row| row.integration == saved.id);
                TraceLine {
                    trace: matching::trace(event, &saved.candidate(), delivered),
                    name: saved.name(),
                    prefix: saved.prefix.to_string(),
                    scope: saved.scope,
                }
            })
            .collect();
        lines.sort_by_key(|line| rank(&line.trace.reason));
        lines
    }
}

fn rank(reason: &Reason) -> u8 {
    match reason {
        Reason::Fired => 0,
        Reason::Prefix { nearest: Some(_) } => 2,
        Reason::Prefix { nearest: None } => 3,
        _ => 1,
    }
}

fn no_integration(id: &str) -> ApiError {
    ApiError::not_found("Webhook not found", format!("there is no integration `{}` of yours", cut(id)))
}

/// 404 for what is not there, or not the caller's.
pub(super) fn missing(what: &str, id: &str) -> ApiError {
    ApiError::not_found("not_found", format!("there is no {what} `{}` of yours", cut(id)))
}

fn listed<Row, Line>(page: Page<Row>, line: impl Fn(Row) -> Line) -> Json<Listed<Line>> {
    Json(Listed { items: page.items.into_iter().map(line).collect(), next: page.next })
}

fn attempt_line(row: AttemptRow) -> AttemptLine {
    AttemptLine {
        id: row.id,
        delivery: row.delivery,
        event: row.event,
        event_name: row.event_name,
        integration: row.integration,
        revision: row.revision,
        scope: row.scope,
        device: row.device,
        trigger: row.trigger,
        number: row.number,
        started_at: row.started_at,
        duration_ms: row.duration_ms,
        outcome: row.outcome,
        code: row.code,
        status: row.status,
        message: row.message,
        origin: row.origin,
    }
}

fn delivery_line(row: DeliveryRow) -> Delivery {
    Delivery {
        id: row.id,
        event: row.event,
        event_name: row.event_name,
        integration: row.integration,
        scope: row.scope,
        device: row.device,
        verdict: row.verdict,
        attempt_count: row.attempts,
        matched_at: row.matched_at,
        changed_at: row.changed_at,
        next_at: row.next_at,
        reason: row.reason,
        replay: row.replay,
    }
}
