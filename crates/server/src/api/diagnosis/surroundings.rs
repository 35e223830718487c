//! What surrounds an integration: the gate of its destination, others that send there, and others that do the same.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use fieldhook_core::attempt::{Attempt, Code, Outcome};
use fieldhook_core::diagnosis::{GateNow, Neighbour, Recent, Twin};
use fieldhook_core::id::IntegrationId;
use fieldhook_core::time::Timestamp;

use super::super::App;
use super::super::auth::Person;
use super::super::error::ApiError;
use super::funnel::fate;
use crate::directory::SavedIntegration;
use crate::store::{AttemptQuery, AttemptRow, Paging};

/// Attempts of the scope that are looked at, the newest ones.
const ROWS: usize = 1_000;
/// Attempts of one event that are looked at.
const OF_EVENT: usize = 20;
/// How far back to look when nothing fails.
const HOUR: Duration = Duration::from_hours(1);
const MINUTE: Duration = Duration::from_mins(1);

/// What surrounds an integration.
pub(super) struct Around {
    pub(super) gate: Option<GateNow>,
    pub(super) neighbours: Vec<Neighbour>,
}

impl App {
    /// The gate of the destination it last sent to, and who else sends there; since a problem began, if one did.
    pub(super) async fn around(
        &self,
        saved: &SavedIntegration,
        recent: &Recent,
        since: Option<Timestamp>,
    ) -> Result<Around, ApiError> {
        let Some(last) = newest(recent) else { return Ok(Around { gate: None, neighbours: Vec::new() }) };
        let Some(origin) = last.origin.clone() else {
            return Ok(Around { gate: None, neighbours: Vec::new() });
        };
        let since = since.unwrap_or(last.started_at - HOUR);
        let query = AttemptQuery { scopes: vec![saved.scope], since: Some(since), ..AttemptQuery::default() };
        let mut rows = self.store.attempts(&query, &Paging { limit: ROWS, cursor: None }).await?.items;
        rows.retain(|row| row.trigger != "test" && row.origin.as_deref() == Some(origin.as_str()));

        let neighbours = self.neighbours(saved, &rows, last.started_at);
        let gate = self.gate(saved, recent, &origin, &rows).await?;
        Ok(Around { gate, neighbours })
    }

    async fn gate(
        &self,
        saved: &SavedIntegration,
        recent: &Recent,
        origin: &str,
        rows: &[AttemptRow],
    ) -> Result<Option<GateNow>, ApiError> {
        let Some(refused) = recent.skipped.last() else { return Ok(None) };
        let states = self.engine.destinations(&[saved.scope]);
        let Some(state) = states.into_iter().find(|state| state.origin == origin) else { return Ok(None) };
        let fed_by = match rows.iter().find(|row| counted_against(row)) {
            Some(row) => self.store.attempt(row.id).await?.map(Arc::new),
            None => None,
        };
        let (since, until) = (refused.event.published_at, self.nature.now() + Duration::from_millis(1));
        let fate = fate(self.store.reached(saved.id, since, until).await?);
        Ok(Some(GateNow { origin: origin.to_owned(), state: state.gate, fed_by, fate }))
    }

    fn neighbours(&self, saved: &SavedIntegration, rows: &[AttemptRow], last: Timestamp) -> Vec<Neighbour> {
        let mut others: BTreeMap<IntegrationId, Neighbour> = BTreeMap::new();
        for row in rows.iter().filter(|row| row.integration != saved.id) {
            let other = others.entry(row.integration).or_insert_with(|| Neighbour {
                integration: row.integration,
                name: self.known_as(row.integration),
                success: 0,
                error: 0,
                last_minute: 0,
            });
            match row.outcome {
                Outcome::Success => other.success += 1,
                Outcome::Error => other.error += 1,
                Outcome::Skipped => continue,
            }
            other.last_minute += u64::from(row.started_at <= last && row.started_at > last - MINUTE);
        }
        others.into_values().collect()
    }

    /// Other integrations, of any scope the reader sees, that sent the event of the last success to the same address.
    pub(super) async fn twins(
        &self,
        person: &Person,
        saved: &SavedIntegration,
        recent: &Recent,
    ) -> Result<Vec<Twin>, ApiError> {
        let Some(ours) = recent.successes.first() else { return Ok(Vec::new()) };
        let Some(request) = &ours.request else { return Ok(Vec::new()) };
        let query = AttemptQuery {
            scopes: self.directory.scopes_of(person.id()),
            event: Some(ours.event.id),
            outcome: Some(Outcome::Success),
            ..AttemptQuery::default()
        };
        let rows = self.store.attempts(&query, &Paging { limit: OF_EVENT, cursor: None }).await?.items;
        let mut twins = Vec::new();
        for row in rows.into_iter().filter(|row| row.integration != saved.id) {
            let theirs = self.store.attempt(row.id).await?;
            let same = |theirs: &Attempt| {
                let sent = theirs.request.as_ref();
                sent.is_some_and(|sent| (&sent.method, &sent.url) == (&request.method, &request.url))
            };
            if theirs.as_ref().is_some_and(same) {
                twins.push(Twin {
                    integration: row.integration,
                    name: self.known_as(row.integration),
                    scope: row.scope,
                    event: row.event,
                    ours: ours.id,
                    theirs: row.id,
                    url: request.url.clone(),
                });
            }
        }
        Ok(twins)
    }

    fn known_as(&self, id: IntegrationId) -> String {
        let saved = self.directory.integration(id);
        saved
            .as_ref()
            .and_then(SavedIntegration::name)
            .unwrap_or_else(|| saved.map_or_else(|| id.to_string(), |saved| saved.prefix.to_string()))
    }
}

fn newest(recent: &Recent) -> Option<&Arc<Attempt>> {
    let lists = [&recent.successes, &recent.failures, &recent.skipped];
    lists.into_iter().filter_map(|list| list.first()).max_by_key(|attempt| attempt.started_at)
}

/// Whether the attempt was a failure that the gate may have held against the destination.
fn counted_against(row: &AttemptRow) -> bool {
    let ours = matches!(row.code, Some(Code::Render | Code::TooLarge | Code::Blocked));
    let redirect = row.status.is_some_and(|status| (200..400).contains(&status));
    row.outcome == Outcome::Error && !ours && !redirect
}
