//! Counting how far events came.

use fieldhook_core::access::Scope;
use fieldhook_core::diagnosis::{Funnel, Reached};
use fieldhook_core::event::{Event, Source};

use super::super::App;
use super::super::auth::Person;
use super::super::error::ApiError;
use super::super::listing::Window;
use crate::directory::SavedIntegration;
use crate::store::{self, DeliveryQuery, EventQuery, Paging};

/// Events of the integration's own scope that are looked at, the newest ones.
const OWN_EVENTS: usize = 1_000;
/// Events of other scopes that are looked at: only those whose names fit.
const OTHER_EVENTS: usize = 200;

impl App {
    /// How far the events of the window came on their way through the integration.
    pub(super) async fn funnel(
        &self,
        person: &Person,
        saved: &SavedIntegration,
        window: Window,
    ) -> Result<Funnel, ApiError> {
        let Window { since, until } = window;
        let (events, more) = self.events_for(person, saved, window).await?;
        let reached = self.store.reached(saved.id, since, until).await?;
        let counts = Reached {
            matched: reached.delivered + reached.failed + reached.dropped + reached.waiting,
            attempted: reached.attempted,
            succeeded: reached.delivered,
        };
        let mut funnel = Funnel::of((since, until), &events, &saved.candidate(), counts);
        let newest = Paging { limit: 1, cursor: None };
        let query = DeliveryQuery { integration: Some(saved.id), ..DeliveryQuery::default() };
        let last = self.store.deliveries(&query, &newest).await?.items.pop();
        funnel.last_fired = last.map(|delivery| delivery.matched_at);
        funnel.late_since = reached.untried_since;
        funnel.more = more || reached.more;
        funnel.health = self.health_words().await;
        Ok(funnel)
    }

    /// The newest events of the integration's scope, and those of other scopes that the reader sees whose names fit.
    async fn events_for(
        &self,
        person: &Person,
        saved: &SavedIntegration,
        Window { since, until }: Window,
    ) -> Result<(Vec<Event>, bool), ApiError> {
        let own = match saved.scope {
            Scope::Organisation(_) => saved.products.iter().copied().map(Scope::Product).collect(),
            scope => vec![scope],
        };
        let mut others = self.paying_scopes(self.directory.scopes_of(person.id()));
        others.retain(|scope| !own.contains(scope));
        let (since, until) = (Some(since), Some(until));
        let own = EventQuery { scopes: own, since, until, ..EventQuery::default() };
        let prefix = Some(saved.prefix.to_string());
        let others = EventQuery { scopes: others, prefix, since, until, ..EventQuery::default() };

        let mut events: Vec<Event> = Vec::new();
        let mut more = false;
        for (query, limit) in [(own, OWN_EVENTS), (others, OTHER_EVENTS)] {
            if query.scopes.is_empty() {
                continue;
            }
            let page = self.store.events(&query, &Paging { limit, cursor: None }).await?;
            more |= page.next.is_some();
            let known = |event: &Event| events.iter().any(|other| other.id == event.id);
            // What the server itself says of alerts is of those alone who fire on it.
            let meant =
                |event: &Event| event.source != Source::Server || event.name.starts_with(&*saved.prefix);
            let new = |event: &Event| meant(event) && !known(event);
            let new: Vec<_> = page.items.into_iter().filter(new).collect();
            events.extend(new);
        }
        events.sort_by_key(|event| std::cmp::Reverse((event.published_at, event.id)));
        Ok((events, more))
    }

    /// What keeps the server from taking events in, in words.
    async fn health_words(&self) -> Option<String> {
        let signs = self.vitals.look().await;
        signs.troubles.into_iter().find(|trouble| trouble.stops_ingest()).map(|trouble| trouble.to_string())
    }
}

/// What became of deliveries, in the terms of a card.
pub(super) fn fate(reached: store::Reached) -> fieldhook_core::diagnosis::FateCounts {
    fieldhook_core::diagnosis::FateCounts {
        delivered: reached.delivered,
        failed: reached.failed,
        dropped: reached.dropped,
        waiting: reached.waiting,
        next_try: reached.next_at,
        more: reached.more,
    }
}
