//! Trying a template with the events that would have fired it last.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use fieldhook_core::access::Scope;
use fieldhook_core::event::Event;
use fieldhook_core::id::IntegrationId;
use fieldhook_core::integration::Definition;
use fieldhook_core::matching::{Candidate, fires};
use fieldhook_core::request::{self, Check, Webhook};
use fieldhook_core::wire::ErrorBody;
use fieldhook_core::wire::render::{BrokenEvent, Checked, MissingVariable, RenderCheck};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::super::App;
use super::super::auth::Person;
use super::super::error::ApiError;
use super::super::input::Body;
use super::super::listing::MOST_ROWS;
use super::{Tried, finding};
use crate::store::{EventQuery, Paging};

/// Events tried when the caller does not say.
const USUAL: usize = 100;
/// Pages of the event list that are looked through for events that fit. The store passes over 20,000 events a page.
const PAGES: usize = 3;

pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(render_check))
}

/// Fills a template in with the newest stored events that would have fired it, and says with how many a request
/// can be made. Nothing is sent.
///
/// A template that is broken whatever the event is refused with what was found, as on saving. Among very many
/// other events, older ones that fit may be passed over.
#[utoipa::path(
    post, path = "/fieldhook/v1/render/check", tag = "fieldhook",
    request_body = RenderCheck,
    responses(
        (status = 200, body = Checked),
        (status = 400, body = ErrorBody, description = "The template is broken; `findings` says where."),
        (status = 404, body = ErrorBody)
    )
)]
async fn render_check(
    State(app): State<Arc<App>>,
    person: Person,
    body: Body,
) -> Result<Json<Checked>, ApiError> {
    let asked: RenderCheck = body.read()?;
    let limit = limit(asked.limit)?;
    let Tried { scope, template, .. } =
        app.template_to_try(&person, asked.template, asked.scope, asked.integration)?;
    let reading = Definition::read(&template, scope);
    let Some(definition) = reading.definition else { return Err(ApiError::template(&reading.findings)) };
    let events = app.last_events(scope, &definition, limit).await?;
    let secrets = app.directory.secrets_for(scope, &definition.secrets);
    let checked = tokio::task::spawn_blocking(move || {
        let webhook = Webhook::compile(&definition);
        told(request::check(&webhook, &events, &secrets), events.len())
    });
    checked.await.map(Json).map_err(|error| ApiError::internal(&error))
}

fn limit(asked: Option<usize>) -> Result<usize, ApiError> {
    let limit = asked.unwrap_or(USUAL);
    if (1..=MOST_ROWS).contains(&limit) {
        return Ok(limit);
    }
    Err(ApiError::invalid_field("limit", format!("`limit` is {limit}, but it must be 1 to {MOST_ROWS}")))
}

impl App {
    /// The newest events that would fire an integration of this scope, were it switched on.
    async fn last_events(
        &self,
        scope: Scope,
        definition: &Definition,
        limit: usize,
    ) -> Result<Vec<Event>, ApiError> {
        let candidate = Candidate {
            integration: IntegrationId([0; 12]),
            scope,
            prefix: &definition.event,
            device_filter: definition.device,
            disabled: None,
            products: &definition.products,
            updated_at: self.nature.now(),
        };
        let query = EventQuery {
            scopes: self.paying_scopes(vec![scope]),
            prefix: Some(definition.event.clone()),
            device: definition.device,
            ..EventQuery::default()
        };
        let mut events = Vec::new();
        if query.scopes.is_empty() {
            return Ok(events);
        }
        self.caught_up().await;
        let mut paging = Paging { limit, cursor: None };
        for _ in 0..PAGES {
            let page = self.store.events(&query, &paging).await?;
            events.extend(page.items.into_iter().filter(|event| fires(event, &candidate)));
            paging.cursor = page.next;
            if events.len() >= limit || paging.cursor.is_none() {
                break;
            }
        }
        events.truncate(limit);
        Ok(events)
    }
}

fn told(check: Check<'_>, events: usize) -> Checked {
    let broken = check
        .broken
        .into_iter()
        .map(|(event, found)| BrokenEvent { event: event.into(), findings: vec![finding(found)] });
    let missing = check.missing.into_iter().map(|(name, count)| MissingVariable {
        name,
        count,
        share: count as f64 / events as f64,
    });
    Checked {
        events,
        rendered: check.rendered,
        broken: broken.collect(),
        broken_count: check.broken_count,
        missing: missing.collect(),
    }
}
