//! Which events a replay is about, and the requests that they would become.

use fieldhook_core::access::Scope;
use fieldhook_core::attempt::SentRequest;
use fieldhook_core::event::Event;
use fieldhook_core::id::{DeliveryId, EventId, ReplayId, UserId};
use fieldhook_core::integration::Definition;
use fieldhook_core::origin::Origin;
use fieldhook_core::replay::{MOST_EVENTS, Plan, Selection, Span, is_missing};
use fieldhook_core::request::{EventData, Facts, RenderFault, Rendered};
use fieldhook_core::time::Timestamp;

use super::{ReplayError, Replays};
use crate::directory::{Live, Past, SavedIntegration};
use crate::store::{EventQuery, Paging, UndeliveredQuery};

/// Requests that a dry run shows.
const SHOWN: usize = 3;
/// Events looked at in one go.
const PAGE: usize = 1_000;

/// A request that a replay would send, or why it could send none.
pub type DryRequest = Result<SentRequest, String>;

impl Replays {
    /// How many events a replay would be about, and the first requests it would send. Sends nothing.
    pub async fn dry_run(
        &self,
        plan: &Plan,
        saved: &SavedIntegration,
        by: UserId,
    ) -> Result<(usize, Vec<DryRequest>), ReplayError> {
        let events = self.events_of(plan, saved).await?;
        let past = self.past_for(plan, saved).await?;
        let mut requests = Vec::with_capacity(SHOWN);
        for id in events.iter().take(SHOWN) {
            let Some(event) = self.store.event(*id).await? else { continue };
            let live = self.live_for(plan, saved, past.as_ref(), by, &event);
            let request = live.ok_or_else(|| "the integration's template cannot be read".to_owned());
            requests.push(request.and_then(|live| shown(&live, &event, self.nature.now())));
        }
        Ok((events.len(), requests))
    }

    /// The events that a replay is about, the oldest first.
    pub(super) async fn events_of(
        &self,
        plan: &Plan,
        saved: &SavedIntegration,
    ) -> Result<Vec<EventId>, ReplayError> {
        let events = match plan.selection {
            Selection::Resend { delivery } => vec![self.event_of(delivery).await?],
            Selection::Recover(span) => self.undelivered(span).await?,
            Selection::Missing(span) => self.missing(saved, span).await?,
        };
        if events.len() > MOST_EVENTS { Err(ReplayError::TooMany) } else { Ok(events) }
    }

    async fn event_of(&self, delivery: DeliveryId) -> Result<EventId, ReplayError> {
        let row = self.store.delivery(delivery).await?.ok_or(ReplayError::NotKept(delivery))?;
        let event = self.store.event(row.event).await?.ok_or(ReplayError::NotKept(delivery))?;
        Ok(event.id)
    }

    async fn undelivered(&self, span: Span) -> Result<Vec<EventId>, ReplayError> {
        let Span { integration, since, until } = span;
        let query = UndeliveredQuery { integration, since, until, most: MOST_EVENTS + 1 };
        Ok(self.store.undelivered(&query).await?)
    }

    /// Looks through the scope's events for those that did not fire the integration and would now.
    async fn missing(&self, saved: &SavedIntegration, span: Span) -> Result<Vec<EventId>, ReplayError> {
        let past = self.directory.past(saved.id).await?;
        let query = EventQuery {
            scopes: scopes_of(saved),
            prefix: Some(saved.prefix.to_string()),
            device: saved.device,
            text: None,
            since: span.since,
            until: Some(span.until),
        };
        let mut paging = Paging { limit: PAGE, cursor: None };
        let mut missing = Vec::new();
        while !query.scopes.is_empty() && missing.len() <= MOST_EVENTS {
            let page = self.store.events(&query, &paging).await?;
            let missed = page.items.iter().filter(|event| self.misses(saved, &past, event));
            let missed: Vec<EventId> = missed.map(|event| event.id).collect();
            missing.extend(self.store.unmatched(saved.id, &missed).await?);
            paging.cursor = page.next;
            if paging.cursor.is_none() {
                break;
            }
        }
        missing.reverse();
        Ok(missing)
    }

    fn misses(&self, saved: &SavedIntegration, past: &Past, event: &Event) -> bool {
        let then = past.existing_before(event);
        is_missing(event, &saved.candidate(), then.map(SavedIntegration::candidate).as_ref())
            && self.directory.scopes_hearing(event).contains(&saved.scope)
    }

    /// The integration as the plan sends an event: as the revision that it asks for, to where it asks for.
    pub(super) fn live_for(
        &self,
        plan: &Plan,
        saved: &SavedIntegration,
        past: Option<&Past>,
        by: UserId,
        event: &Event,
    ) -> Option<Live> {
        let saved = past.and_then(|past| past.of(event)).unwrap_or(saved);
        let Some(to) = &plan.to else { return self.directory.live_as(saved) };
        let mut template = saved.template();
        template.insert("url".to_owned(), to.as_str().into());
        let definition = Definition::read(&template, saved.scope).definition?;
        Some(self.directory.draft(saved.scope, Some(saved.clone()), &template, &definition, by))
    }
}

/// The scopes in which events stand that may fire the integration.
fn scopes_of(saved: &SavedIntegration) -> Vec<Scope> {
    match saved.scope {
        Scope::Organisation(_) => saved.products.iter().map(|product| Scope::Product(*product)).collect(),
        scope => vec![scope],
    }
}

/// Where the event would go; none when no request can be made of it.
pub(super) fn origin(live: &Live, event: &Event) -> Option<Origin> {
    let fixed = live.webhook.static_origin().cloned();
    fixed.or_else(|| filled(live, event, event.published_at).ok().map(|rendered| rendered.request.origin))
}

fn shown(live: &Live, event: &Event, now: Timestamp) -> DryRequest {
    match filled(live, event, now) {
        Ok(rendered) => Ok(rendered.sent()),
        Err(fault) => Err(format!("event {}: {fault}", event.id)),
    }
}

/// The request as it would be sent, for neither delivery nor replay.
fn filled(live: &Live, event: &Event, now: Timestamp) -> Result<Rendered, RenderFault> {
    live.webhook.request(&Facts {
        event,
        data: &EventData::default(),
        product_user: None,
        secrets: &live.secrets,
        delivery: DeliveryId(uuid::Uuid::nil()),
        now,
        replay: Some(&ReplayId(uuid::Uuid::nil()).to_string()),
    })
}
