//! Integrations at a glance: which there are, how they do today, and what is wrong with those in trouble.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use fieldhook_core::access::{Act, Scope};
use fieldhook_core::id::{IntegrationId, UserId};
use fieldhook_core::needle::Needle;
use fieldhook_core::request::fixed_origin;
use fieldhook_core::throttle::GateState;
use fieldhook_core::time::Timestamp;
use fieldhook_core::trouble::{Last, trouble};
use fieldhook_core::wire::ErrorBody;
use fieldhook_core::wire::books::DayTally;
use fieldhook_core::wire::overview::{Elsewhere, IntegrationOverview, IntegrationStory, Overview};
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::App;
use super::auth::Person;
use super::books::tally;
use super::error::ApiError;
use super::input::{Asked, At};
use super::integrations::record;
use super::listing::{PageParams, given, parsed, word};
use crate::directory::{Place, SavedIntegration, lane_to, name_in};
use crate::queue::Lane;
use crate::store::Standing;

/// Days of counts of one integration, today included.
const DAYS: u16 = 30;

/// The routes of this file.
pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(overview)).routes(routes!(integration))
}

/// Which integrations. Every condition that is given must hold.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct OverviewParams {
    /// Of this scope; by default the caller's own.
    #[param(value_type = Option<Scope>)]
    scope: Option<String>,
    /// In this state: `failing`, `asleep` or `disabled`.
    #[param(value_type = Option<Condition>, inline)]
    state: Option<String>,
    /// That send to this host.
    host: Option<String>,
    /// Holding this text in name, event or URL, whatever the case of ASCII letters.
    q: Option<String>,
}

/// A state that somebody may want to look into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
enum Condition {
    /// The newest attempt that counts has failed.
    Failing,
    /// The gate of its destination skips.
    Asleep,
    /// Switched off.
    Disabled,
}

/// A scope's integrations at a glance, the oldest first, and where the caller has more.
#[utoipa::path(
    get, path = "/fieldhook/v1/integrations", tag = "fieldhook", operation_id = "list_overview",
    params(OverviewParams, PageParams),
    responses(
        (status = 200, body = Overview),
        (status = 400, body = ErrorBody),
        (status = 404, body = ErrorBody)
    )
)]
async fn overview(
    State(app): State<Arc<App>>,
    person: Person,
    Asked(params): Asked<OverviewParams>,
    Asked(page): Asked<PageParams>,
) -> Result<Json<Overview>, ApiError> {
    let scope = parsed("scope", params.scope.as_ref())?.unwrap_or(Scope::User(person.id()));
    app.allow(&person, scope, Act::See)?;
    let (limit, after) = (page.limit()?, page.place::<Cursor>()?);
    app.caught_up().await;
    let mut sieve = Sieve::new(&app, scope, &params).await?;
    let found = {
        let app = app.clone();
        let after = after.map(|Cursor(place)| place);
        tokio::task::spawn_blocking(move || {
            app.directory.integrations_behind(scope, after, limit + 1, |saved| sieve.admits(saved))
        })
        .await
        .map_err(|error| ApiError::internal(&error))?
    };
    let items = &found[..found.len().min(limit)];
    let next = (found.len() > limit).then(|| items.last().map(|last| Cursor(last.place()).to_string()));
    Ok(Json(Overview {
        items: app.glances(items).await?,
        next: next.flatten(),
        elsewhere: app.elsewhere(&person, scope),
    }))
}

/// One integration at a glance, in whatever scope it lives, with its template and 30 days of counts.
#[utoipa::path(
    get, path = "/fieldhook/v1/integrations/{id}", tag = "fieldhook", operation_id = "read_overview",
    params(("id" = IntegrationId, Path)),
    responses((status = 200, body = IntegrationStory), (status = 404, body = ErrorBody))
)]
async fn integration(
    State(app): State<Arc<App>>,
    person: Person,
    At(id): At<String>,
) -> Result<Json<IntegrationStory>, ApiError> {
    let saved = app.integration_named(&person, &id)?;
    app.caught_up().await;
    let overview = app.glances(std::slice::from_ref(&saved)).await?.remove(0);
    let since = app.nature.now().day().minus(DAYS - 1);
    let days = app.store.day_counts(&[saved.id], since).await?.iter().map(tally).collect();
    Ok(Json(IntegrationStory { overview, record: record::of(&saved.to_integration()), days }))
}

/// What lets integrations pass that are asked for.
struct Sieve {
    condition: Option<Condition>,
    asleep: HashSet<Lane>,
    without_success: HashMap<IntegrationId, Last>,
    host: Option<String>,
    /// Whether what has this lane goes to the host that is asked for: found once for all that share it.
    lanes: HashMap<Lane, bool>,
    needle: Option<Needle>,
}

impl Sieve {
    async fn new(app: &App, scope: Scope, params: &OverviewParams) -> Result<Self, ApiError> {
        let condition = word("state", params.state.as_ref(), "failing, asleep or disabled")?;
        let without_success = match condition {
            Some(Condition::Failing) => app.store.without_success(scope).await?.into_iter().collect(),
            _ => HashMap::new(),
        };
        let host = given(params.host.as_deref());
        Ok(Self {
            condition,
            asleep: app.engine.asleep(scope).iter().map(|origin| lane_to(scope, origin)).collect(),
            without_success,
            host: host.map(|host| host.trim_matches(['[', ']']).to_ascii_lowercase()),
            lanes: HashMap::new(),
            needle: given(params.q.as_deref()).map(Needle::new),
        })
    }

    fn admits(&mut self, saved: &SavedIntegration) -> bool {
        self.is_so(saved)
            && self.needle.as_ref().is_none_or(|needle| saved.holds(needle))
            && self.goes_there(saved)
    }

    fn is_so(&self, saved: &SavedIntegration) -> bool {
        let asleep = self.asleep.contains(&saved.lane);
        match self.condition {
            None => true,
            Some(Condition::Disabled) => saved.disabled.is_some(),
            Some(Condition::Asleep) => asleep,
            Some(Condition::Failing) => {
                self.without_success.get(&saved.id).is_some_and(|last| last.failing(asleep))
            }
        }
    }

    fn goes_there(&mut self, saved: &SavedIntegration) -> bool {
        let Some(host) = &self.host else { return true };
        *self.lanes.entry(saved.lane).or_insert_with(|| {
            let origin = saved.template().get("url").and_then(|url| fixed_origin(url.as_str()?));
            origin.is_some_and(|origin| origin.host == *host)
        })
    }
}

impl App {
    /// The integrations at a glance, in the order given, as they stand now.
    async fn glances(&self, integrations: &[SavedIntegration]) -> Result<Vec<IntegrationOverview>, ApiError> {
        let ids: Vec<_> = integrations.iter().map(|saved| saved.id).collect();
        let today = self.nature.now().day();
        let counts = self.store.day_counts(&ids, today).await?;
        let mut tallies: HashMap<_, _> = counts
            .iter()
            .filter(|count| count.day == today)
            .map(|count| (count.integration, tally(count)))
            .collect();
        let standings = self.store.standings(&ids).await?;
        let standings: HashMap<_, _> =
            standings.into_iter().map(|standing| (standing.integration, standing)).collect();
        let glance = |saved: &SavedIntegration| {
            let none = DayTally { date: today, success: 0, error: 0, skipped: 0 };
            let tally = tallies.remove(&saved.id).unwrap_or(none);
            self.glance(saved, tally, standings.get(&saved.id))
        };
        Ok(integrations.iter().map(glance).collect())
    }

    fn glance(
        &self,
        saved: &SavedIntegration,
        today: DayTally,
        standing: Option<&Standing>,
    ) -> IntegrationOverview {
        let template = saved.template();
        let url = template.get("url").and_then(|url| url.as_str()).unwrap_or_default().to_owned();
        let origin = fixed_origin(&url);
        let gate = origin.as_ref().and_then(|origin| self.engine.gate(saved.scope, origin));
        let asleep = gate.as_ref().is_some_and(GateState::asleep);
        IntegrationOverview {
            id: saved.id,
            name: name_in(&template),
            event: saved.prefix.to_string(),
            url,
            host: origin.as_ref().map(|origin| origin.host.clone()),
            origin: origin.as_ref().map(ToString::to_string),
            scope: saved.scope,
            scope_name: self.directory.scope_name(saved.scope),
            disabled: saved.disabled.is_some(),
            disabled_since: saved.disabled.as_ref().map(|disabled| disabled.since),
            disabled_by: saved.disabled.as_ref().and_then(|disabled| self.username(disabled.by?)),
            revision: saved.revision,
            created_at: saved.created_at,
            updated_at: saved.updated_at,
            updated_by: saved.updated_by.and_then(|by| self.username(by)),
            today,
            last_attempt_at: standing.and_then(|standing| standing.last.any()),
            gate,
            trouble: standing.and_then(|standing| trouble(&standing.last, &standing.streak, asleep)),
        }
    }

    /// The name that a person signs in with, as long as they have an account.
    pub(super) fn username(&self, id: UserId) -> Option<String> {
        self.directory.user(id).map(|user| user.username.clone())
    }

    /// The products and organisations, other than this scope, in which the person has integrations.
    fn elsewhere(&self, person: &Person, here: Scope) -> Vec<Elsewhere> {
        let products = self.directory.products_of(person.id());
        let products = products.iter().map(|one| (Scope::Product(one.id), &one.name, &one.slug));
        let organisations = self.directory.organisations_of(person.id());
        let organisations =
            organisations.iter().map(|one| (Scope::Organisation(one.id), &one.name, &one.slug));
        let held = products.chain(organisations).map(|(scope, name, slug)| Elsewhere {
            scope,
            name: name.clone(),
            slug: slug.clone(),
            integrations: self.directory.integrations_held(scope),
        });
        held.filter(|other| other.scope != here && other.integrations > 0).collect()
    }
}

/// Where a page ended: behind this integration. It stays good when that one is deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Cursor(Place);

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.0.created_at.as_millis(), self.0.id)
    }
}

impl FromStr for Cursor {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (millis, id) = text.split_once('-').ok_or(())?;
        let created_at = Timestamp::from_millis(millis.parse().map_err(|_| ())?);
        Ok(Self(Place { created_at, id: id.parse().map_err(|_| ())? }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_reads_back_what_it_prints() {
        let place =
            Place { created_at: Timestamp::from_millis(1_767_323_045_678), id: IntegrationId([7; 12]) };
        assert_eq!(Cursor(place).to_string().parse(), Ok(Cursor(place)));
        for text in ["", "50", "x-070707070707070707070707", "1-07"] {
            assert_eq!(text.parse::<Cursor>(), Err(()), "{text}");
        }
    }
}
