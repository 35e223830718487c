//! Finding a thing that the caller can see, by its id or its name.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use fieldhook_core::access::Scope;
use fieldhook_core::search::{Best, Sought};
use fieldhook_core::wire::ErrorBody;
use fieldhook_core::wire::search::{Found, FoundItem, FoundKind};
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::App;
use super::auth::Person;
use super::error::ApiError;
use super::input::Asked;

/// Most things that are found at once.
const MOST_FOUND: usize = 20;

/// The routes of this file.
pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(search))
}

/// What to look for.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct SearchParams {
    /// An id or its beginning, or a part of a name, whatever the case of ASCII letters. Events, deliveries and
    /// attempts are found by their whole ids alone.
    q: Option<String>,
}

/// Finds integrations, devices, products, organisations, events, deliveries and attempts, best first.
#[utoipa::path(
    get, path = "/fieldhook/v1/search", tag = "fieldhook",
    params(SearchParams),
    responses((status = 200, body = Found), (status = 400, body = ErrorBody))
)]
async fn search(
    State(app): State<Arc<App>>,
    person: Person,
    Asked(params): Asked<SearchParams>,
) -> Result<Json<Found>, ApiError> {
    let Some(sought) = Sought::new(&params.q.unwrap_or_default()) else {
        return Ok(Json(Found { items: Vec::new() }));
    };
    let mut items = app.found_in_store(&person, &sought).await?;
    let known = tokio::task::spawn_blocking(move || app.found_in_directory(&person, &sought));
    items.extend(known.await.map_err(|error| ApiError::internal(&error))?);
    items.truncate(MOST_FOUND);
    Ok(Json(Found { items }))
}

impl App {
    /// The event, the delivery or the attempt of this id, when the person can see it.
    async fn found_in_store(&self, person: &Person, sought: &Sought) -> Result<Vec<FoundItem>, ApiError> {
        let text = sought.text();
        let (Ok(event), Ok(delivery), Ok(attempt)) = (text.parse(), text.parse(), text.parse()) else {
            return Ok(Vec::new());
        };
        self.caught_up().await;
        let mut items = Vec::new();
        let item = |kind, name: &str, scope| FoundItem {
            kind,
            id: text.to_ascii_lowercase(),
            name: name.to_owned(),
            scope,
        };
        if let Some(event) = self.store.event(event).await? {
            let scopes = self.directory.scopes_hearing(&event);
            let seen = scopes.into_iter().find(|scope| self.sees(person, *scope));
            items.extend(seen.map(|scope| item(FoundKind::Event, &event.name, scope)));
        }
        if let Some(row) = self.store.delivery(delivery).await?.filter(|row| self.sees(person, row.scope)) {
            items.push(item(FoundKind::Delivery, &row.event_name, row.scope));
        }
        let attempt = self.store.attempt(attempt).await?;
        if let Some(attempt) = attempt.filter(|attempt| self.sees(person, attempt.scope)) {
            items.push(item(FoundKind::Attempt, &attempt.event.name, attempt.scope));
        }
        Ok(items)
    }

    fn found_in_directory(&self, person: &Person, sought: &Sought) -> Vec<FoundItem> {
        let mut best = Best::new(MOST_FOUND);
        self.seek_teams(person, sought, &mut best);
        for scope in self.directory.scopes_of(person.id()) {
            self.seek_integrations(scope, sought, &mut best);
            self.seek_devices(person, scope, sought, &mut best);
        }
        best.into_vec()
    }

    fn seek_teams(&self, person: &Person, sought: &Sought, best: &mut Best<FoundItem>) {
        let mut add = |kind, id: String, name: &String, slug: &str, scope| {
            if let Some(fit) = sought.fit(&id, [name, slug]) {
                best.add(fit, || FoundItem { kind, id, name: name.clone(), scope });
            }
        };
        for one in self.directory.products_of(person.id()) {
            add(FoundKind::Product, one.id.to_string(), &one.name, &one.slug, Scope::Product(one.id));
        }
        for one in self.directory.organisations_of(person.id()) {
            let scope = Scope::Organisation(one.id);
            add(FoundKind::Organisation, one.id.to_string(), &one.name, &one.slug, scope);
        }
    }

    fn seek_integrations(&self, scope: Scope, sought: &Sought, best: &mut Best<FoundItem>) {
        self.directory.each_integration(scope, |saved| {
            let id = saved.id.to_string();
            // A name stands in the template; most templates need not be read to see that they do not hold it.
            let name = if saved.may_hold(sought.needle()) { saved.name() } else { None };
            let names = name.as_deref().into_iter().chain([&*saved.prefix]);
            if let Some(fit) = sought.fit(&id, names) {
                let name = || saved.name().unwrap_or_else(|| saved.prefix.to_string());
                best.add(fit, || FoundItem { kind: FoundKind::Integration, id, name: name(), scope });
            }
        });
    }

    fn seek_devices(&self, person: &Person, scope: Scope, sought: &Sought, best: &mut Best<FoundItem>) {
        let own = Scope::User(person.id());
        self.directory.each_device(scope, |device| {
            // A person's device is found in their own scope, be it in a product or not.
            if device.owner == Some(person.id()) && scope != own {
                return;
            }
            let id = device.id.to_string();
            if let Some(fit) = sought.fit(&id, [&*device.name]) {
                let name = device.name.to_string();
                best.add(fit, || FoundItem { kind: FoundKind::Device, id, name, scope });
            }
        });
    }
}
