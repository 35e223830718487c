//! What is counted: books, counters and operations; and the destinations, whose gates count too.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use fieldhook_core::access::{Act, Scope};
use fieldhook_core::id::IntegrationId;
use fieldhook_core::time::{Day, Timestamp};
use fieldhook_core::wire::books::{
    Book, Books, Counters, DayTally, Destination, IntegrationBook, IntegrationCounters, Usage, UsageLine,
};
use fieldhook_core::wire::{Done, ErrorBody, Listed};
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::App;
use super::auth::Person;
use super::error::{ApiError, cut};
use super::input::{Asked, At};
use super::listing::{PageParams, given, parsed};
use crate::delivery::DestinationState;
use crate::directory::SavedIntegration;
use crate::store::{BookRow, DayCount, UsageBy, UsageQuery, UsageRow};

/// The routes of this file.
pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(integration_book))
        .routes(routes!(books))
        .routes(routes!(counters))
        .routes(routes!(usage))
        .routes(routes!(destinations))
        .routes(routes!(wake))
}

/// Whose.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct ScopeParams {
    /// Of this scope only; else of all that the caller may see.
    #[param(value_type = Option<Scope>)]
    scope: Option<String>,
}

/// The book of one integration: matched = delivered + failed + dropped + waiting.
#[utoipa::path(
    get, path = "/fieldhook/v1/integrations/{id}/books", tag = "fieldhook",
    params(("id" = IntegrationId, Path)),
    responses((status = 200, body = IntegrationBook), (status = 404, body = ErrorBody))
)]
async fn integration_book(
    State(app): State<Arc<App>>,
    person: Person,
    At(id): At<String>,
) -> Result<Json<IntegrationBook>, ApiError> {
    let saved = app.integration_named(&person, &id)?;
    app.caught_up().await;
    let rows: HashMap<_, _> = app.store.books(&[saved.id]).await?.into_iter().collect();
    Ok(Json(line_of(&saved, &rows)))
}

/// The books of a scope's integrations, and their sum.
#[utoipa::path(
    get, path = "/fieldhook/v1/books", tag = "fieldhook",
    params(ScopeParams, PageParams),
    responses((status = 200, body = Books), (status = 400, body = ErrorBody))
)]
async fn books(
    State(app): State<Arc<App>>,
    person: Person,
    Asked(params): Asked<ScopeParams>,
    Asked(page): Asked<PageParams>,
) -> Result<Json<Books>, ApiError> {
    let integrations = app.integrations_asked(&person, params.scope.as_ref())?;
    app.caught_up().await;
    let rows: HashMap<_, _> = app.store.books(&ids(&integrations)).await?.into_iter().collect();
    let total = rows.values().fold(Book::default(), |sum, row| sum.plus(book(row)));
    let part = page.part_of(integrations)?;
    let items = part.items.iter().map(|saved| line_of(saved, &rows)).collect();
    Ok(Json(Books { total, items, next: part.next }))
}

/// Since when to count.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct CounterParams {
    /// Of this scope only; else of all that the caller may see.
    #[param(value_type = Option<Scope>)]
    scope: Option<String>,
    /// How many UTC days, today included: 1 to 400, 30 by default.
    #[param(value_type = Option<u16>, minimum = 1, maximum = 400)]
    days: Option<String>,
}

/// Days counted unless said otherwise.
const DEFAULT_DAYS: u16 = 30;
/// Most days that counters are kept.
const MOST_DAYS: u16 = 400;

impl CounterParams {
    fn days(&self) -> Result<u16, ApiError> {
        let Some(text) = given(self.days.as_deref()) else { return Ok(DEFAULT_DAYS) };
        text.parse().ok().filter(|days| (1..=MOST_DAYS).contains(days)).ok_or_else(|| {
            let text = cut(text);
            ApiError::invalid_field("days", format!("`days` is {text}, but it must be 1 to {MOST_DAYS}"))
        })
    }
}

/// Attempts by outcome, day by day, of every integration of a scope.
#[utoipa::path(
    get, path = "/fieldhook/v1/counters", tag = "fieldhook",
    params(CounterParams, PageParams),
    responses((status = 200, body = Counters), (status = 400, body = ErrorBody))
)]
async fn counters(
    State(app): State<Arc<App>>,
    person: Person,
    Asked(params): Asked<CounterParams>,
    Asked(page): Asked<PageParams>,
) -> Result<Json<Counters>, ApiError> {
    let today = app.nature.now().day();
    let since = today.minus(params.days()? - 1);
    let part = page.part_of(app.integrations_asked(&person, params.scope.as_ref())?)?;
    app.caught_up().await;
    let mut days = by_integration(app.store.day_counts(&ids(&part.items), since).await?);
    let items = part.items.iter().map(|saved| IntegrationCounters {
        integration: saved.id,
        scope: saved.scope,
        days: days.remove(&saved.id).unwrap_or_default(),
    });
    Ok(Json(Counters { today, since, items: items.collect(), next: part.next }))
}

/// Which operations.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct UsageParams {
    /// What to sum by: `integration`, `device`, `product` (the default) or `day`.
    by: Option<String>,
    /// Of this scope only; else of all that the caller may see.
    #[param(value_type = Option<Scope>)]
    scope: Option<String>,
    /// From this UTC day on; by default the first of this month.
    #[param(value_type = Option<Day>)]
    since: Option<String>,
    /// Up to this UTC day, included; by default today.
    #[param(value_type = Option<Day>)]
    until: Option<String>,
}

impl UsageParams {
    fn by(&self) -> Result<UsageBy, ApiError> {
        match given(self.by.as_deref()) {
            Some("integration") => Ok(UsageBy::Integration),
            Some("device") => Ok(UsageBy::Device),
            None | Some("product") => Ok(UsageBy::Product),
            Some("day") => Ok(UsageBy::Day),
            Some(other) => {
                let other = cut(other);
                let words = "integration, device, product or day";
                Err(ApiError::invalid_field("by", format!("`by` is `{other}`, but it must be {words}")))
            }
        }
    }

    fn query(&self, scopes: Vec<Scope>, today: Day) -> Result<UsageQuery, ApiError> {
        let day = |name, given| Ok::<_, ApiError>(parsed::<Timestamp>(name, given)?.map(Timestamp::day));
        let until = day("until", self.until.as_ref())?.unwrap_or(today);
        let since = day("since", self.since.as_ref())?.unwrap_or_else(|| first_of_month(until));
        if since > until {
            return Err(ApiError::invalid_field(
                "since",
                format!("`since` is {since}, after `until`, which is {until}: swap them"),
            ));
        }
        Ok(UsageQuery { by: self.by()?, scopes, since, until })
    }
}

/// Operations, summed by integration, device, product or day: what cost most comes first.
#[utoipa::path(
    get, path = "/fieldhook/v1/usage", tag = "fieldhook",
    params(UsageParams, PageParams),
    responses((status = 200, body = Usage), (status = 400, body = ErrorBody))
)]
async fn usage(
    State(app): State<Arc<App>>,
    person: Person,
    Asked(params): Asked<UsageParams>,
    Asked(page): Asked<PageParams>,
) -> Result<Json<Usage>, ApiError> {
    let scopes = app.paying_scopes(app.scopes_asked(&person, params.scope.as_ref())?);
    let query = params.query(scopes, app.nature.now().day())?;
    app.caught_up().await;
    let rows = if query.scopes.is_empty() { Vec::new() } else { app.store.usage(&query).await? };
    let operations = rows.iter().map(|row| row.publishes + row.received).sum();
    let part = page.part_of(rows)?;
    let items = part.items.into_iter().map(|row| usage_line(&app, query.by, row)).collect();
    Ok(Json(Usage { since: query.since, until: query.until, operations, items, next: part.next }))
}

/// The destinations that were tried lately, each with its gate.
#[utoipa::path(
    get, path = "/fieldhook/v1/destinations", tag = "fieldhook",
    params(ScopeParams, PageParams),
    responses((status = 200, body = Listed<Destination>), (status = 400, body = ErrorBody))
)]
async fn destinations(
    State(app): State<Arc<App>>,
    person: Person,
    Asked(params): Asked<ScopeParams>,
    Asked(page): Asked<PageParams>,
) -> Result<Json<Listed<Destination>>, ApiError> {
    let scopes = app.scopes_asked(&person, params.scope.as_ref())?;
    app.caught_up().await;
    let part = page.part_of(app.engine.destinations(&scopes))?;
    Ok(Json(Listed { items: part.items.into_iter().map(destination).collect(), next: part.next }))
}

/// Wakes a destination: its window is emptied, and its gate lets everything pass again.
#[utoipa::path(
    post, path = "/fieldhook/v1/destinations/{id}/wake", tag = "fieldhook",
    params(("id" = String, Path)),
    responses(
        (status = 200, body = Done),
        (status = 403, body = ErrorBody),
        (status = 404, body = ErrorBody)
    )
)]
async fn wake(
    State(app): State<Arc<App>>,
    person: Person,
    At(id): At<String>,
) -> Result<Json<Done>, ApiError> {
    let visible = app.engine.destinations(&app.directory.scopes_of(person.id()));
    let Some(found) = visible.into_iter().find(|destination| destination.id == id) else {
        return Err(no_destination(&id));
    };
    app.allow(&person, found.scope, Act::Troubleshoot)?;
    if app.engine.wake(&id, &[found.scope]) { Ok(Json(Done::OK)) } else { Err(no_destination(&id)) }
}

impl App {
    fn integrations_asked(
        &self,
        person: &Person,
        scope: Option<&String>,
    ) -> Result<Vec<SavedIntegration>, ApiError> {
        let scopes = self.scopes_asked(person, scope)?;
        Ok(scopes.into_iter().flat_map(|scope| self.directory.integrations_in(scope)).collect())
    }
}

fn no_destination(id: &str) -> ApiError {
    let id = cut(id);
    let description = format!("there is no destination `{id}` of yours that was tried in the last day");
    ApiError::not_found("not_found", description)
}

fn ids(integrations: &[SavedIntegration]) -> Vec<IntegrationId> {
    integrations.iter().map(|saved| saved.id).collect()
}

fn line_of(saved: &SavedIntegration, rows: &HashMap<IntegrationId, BookRow>) -> IntegrationBook {
    let book = rows.get(&saved.id).map(book).unwrap_or_default();
    IntegrationBook { integration: saved.id, scope: saved.scope, book }
}

fn book(row: &BookRow) -> Book {
    Book {
        matched: row.matched,
        delivered: row.delivered,
        failed: row.failed,
        dropped: row.dropped,
        waiting: row.waiting,
    }
}

fn by_integration(counts: Vec<DayCount>) -> HashMap<IntegrationId, Vec<DayTally>> {
    let mut days: HashMap<_, Vec<_>> = HashMap::new();
    for count in counts {
        days.entry(count.integration).or_default().push(tally(&count));
    }
    days
}

/// One day of an integration.
pub(super) fn tally(count: &DayCount) -> DayTally {
    DayTally { date: count.day, success: count.success, error: count.error, skipped: count.skipped }
}

fn usage_line(app: &App, by: UsageBy, row: UsageRow) -> UsageLine {
    let name = match by {
        UsageBy::Integration => {
            row.key.parse().ok().and_then(|id| app.directory.integration(id)).and_then(|saved| saved.name())
        }
        UsageBy::Device => {
            row.key.parse().ok().and_then(|id| app.directory.device(id)).map(|device| device.name.into())
        }
        UsageBy::Product => app.directory.product(&row.key).map(|product| product.name.clone()),
        UsageBy::Day => None,
    };
    UsageLine {
        key: row.key,
        name: name.filter(|name: &String| !name.is_empty()),
        operations: row.publishes + row.received,
        publishes: row.publishes,
        received: row.received,
        triggers: row.triggers,
    }
}

fn destination(state: DestinationState) -> Destination {
    Destination {
        id: state.id,
        scope: state.scope,
        origin: state.origin,
        gate: state.gate,
        in_flight: state.in_flight,
        width: state.width,
        last_tried_at: state.last_tried_at,
    }
}

/// The first day of the month that the day falls in.
fn first_of_month(day: Day) -> Day {
    let date = day.to_string();
    let of_month: u16 = date.rsplit('-').next().and_then(|text| text.parse().ok()).unwrap_or(1);
    day.minus(of_month.saturating_sub(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Day {
        text.parse().unwrap()
    }

    #[test]
    fn usage_is_asked_for_this_month_unless_said_otherwise() {
        let query = UsageParams::default().query(Vec::new(), day("2026-02-17")).unwrap();
        assert_eq!((query.since, query.until), (day("2026-02-01"), day("2026-02-17")));
        assert_eq!(first_of_month(day("2026-03-01")), day("2026-03-01"));
    }

    #[test]
    fn days_that_end_before_they_begin_are_refused() {
        let params = UsageParams {
            since: Some("2026-02-02".to_owned()),
            until: Some("2026-02-01".to_owned()),
            ..UsageParams::default()
        };
        assert_eq!(params.query(Vec::new(), day("2026-03-01")).unwrap_err().status().as_u16(), 400);
    }

    #[test]
    fn counters_go_back_at_most_400_days() {
        let days = |text: &str| CounterParams { days: Some(text.to_owned()), scope: None }.days();
        assert_eq!(days("400").unwrap(), 400);
        assert!(days("401").is_err());
        assert!(days("0").is_err());
    }
}
