//! Putting a case together, and taking the secrets out.

use std::collections::{BTreeMap, BTreeSet};

use fieldhook_core::attempt::Outcome;
use fieldhook_core::case::changes;
use fieldhook_core::case::redact::{Redaction, literals};
use fieldhook_core::diagnosis::diagnose;
use fieldhook_core::id::{AttemptId, EventId};
use fieldhook_core::integration::{Integration, masked};
use fieldhook_core::issue::Issue;
use fieldhook_core::wire::case::{Case, Count, GatePoint, Revision, Server, Subject, Trace};
use fieldhook_core::wire::health::Incident;
use fieldhook_core::wire::history::{Attempt, Event};
use serde_json::{Map, Value};

use super::super::App;
use super::super::auth::Person;
use super::super::error::ApiError;
use super::super::listing::Window;
use crate::directory::SavedIntegration;
use crate::store::{AttemptQuery, AttemptRow, DeliveryQuery, IssueQuery, Paging};

/// Attempts of the window that are counted: the newest.
const COUNTED: usize = 1_000;
/// Of these, attempts that are shown in full, beside the samples of the issues.
const IN_FULL: usize = 10;
/// Issues, and revisions, that are shown: the newest.
const SHOWN: usize = 50;
/// Deliveries of an event that are looked at for its trace.
const DELIVERIES: usize = 200;

impl App {
    /// The case of an integration, as JSON without secrets.
    pub(super) async fn case(
        &self,
        person: &Person,
        saved: &SavedIntegration,
        window: Window,
        missing: &[EventId],
    ) -> Result<Value, ApiError> {
        self.caught_up().await;
        let revisions = self.directory.revisions(saved.id).await?;
        let evidence = self.evidence(person, saved).await?;
        let issues = self.issues_in(saved, window).await?;
        let (rows, more_attempts) = self.attempts_in(saved, window).await?;
        let attempts = self.in_full(&rows, &issues).await?;
        let status = self.status().await;
        let devices: BTreeSet<_> = issues.iter().flat_map(|issue| issue.devices.iter().copied()).collect();
        let names: BTreeSet<_> = rows.iter().map(|row| row.event_name.clone()).collect();
        let latest_origin = rows.iter().find_map(|row| row.origin.clone());
        let destinations = self.engine.destinations(&[saved.scope]);
        let gate = destinations.into_iter().find(|found| Some(&found.origin) == latest_origin.as_ref());
        let in_window = |incident: &Incident| {
            incident.began_at < window.until && incident.ended_at.is_none_or(|ended| ended >= window.since)
        };
        let case = Case {
            made_at: self.nature.now(),
            made_by: person.user.username.clone(),
            since: window.since,
            until: window.until,
            integration: self.subject(saved),
            codes: counts(&rows),
            devices: devices.into_iter().collect(),
            event_names: names.into_iter().collect(),
            more_attempts,
            cards: diagnose(&evidence),
            gate_history: attempts.iter().filter_map(gate_point).collect(),
            attempts,
            issues: issues.into_iter().filter_map(|issue| self.issue_line(issue)).collect(),
            revisions: self.saves(&revisions),
            traces: self.traces(person, missing).await?,
            gate: gate.map(|found| found.gate),
            server: Server {
                version: status.version,
                started_at: status.started_at,
                parts: status.parts,
                incidents: status.incidents.into_iter().filter(in_window).collect(),
            },
        };
        let mut shown = serde_json::to_value(&case).map_err(|error| ApiError::internal(&error))?;
        self.redaction(saved, &revisions).value(&mut shown);
        Ok(shown)
    }

    fn subject(&self, saved: &SavedIntegration) -> Subject {
        Subject {
            id: saved.id,
            name: saved.name(),
            scope: saved.scope,
            owner: self.directory.scope_name(saved.scope),
            prefix: saved.prefix.to_string(),
            revision: saved.revision,
            disabled_since: saved.disabled.as_deref().map(|disabled| disabled.since),
            template: masked(&saved.template()),
        }
    }

    /// The integration's issues that struck in the window or are unresolved.
    async fn issues_in(&self, saved: &SavedIntegration, window: Window) -> Result<Vec<Issue>, ApiError> {
        let query = IssueQuery { scopes: vec![saved.scope], integration: Some(saved.id), states: Vec::new() };
        let found = self.store.issues(&query, &Paging { limit: SHOWN, cursor: None }).await?.items;
        let concerns = |issue: &Issue| {
            issue.state.is_unresolved()
                || (issue.last_seen >= window.since && issue.first_seen < window.until)
        };
        Ok(found.into_iter().filter(concerns).collect())
    }

    /// The newest attempts of the window, and whether there were more.
    async fn attempts_in(
        &self,
        saved: &SavedIntegration,
        window: Window,
    ) -> Result<(Vec<AttemptRow>, bool), ApiError> {
        let query = AttemptQuery {
            scopes: vec![saved.scope],
            integration: Some(saved.id),
            since: Some(window.since),
            until: Some(window.until),
            ..AttemptQuery::default()
        };
        let page = self.store.attempts(&query, &Paging { limit: COUNTED, cursor: None }).await?;
        Ok((page.items, page.next.is_some()))
    }

    /// The samples that the issues keep, and of the newest attempts some that failed and some that did not; newest first.
    async fn in_full(&self, rows: &[AttemptRow], issues: &[Issue]) -> Result<Vec<Attempt>, ApiError> {
        let failed = rows.iter().filter(|row| row.outcome == Outcome::Error);
        let others = rows.iter().filter(|row| row.outcome != Outcome::Error);
        let newest = failed.take(IN_FULL / 2).chain(others.take(IN_FULL / 2)).map(|row| row.id);
        let samples =
            issues.iter().flat_map(|issue| [Some(issue.first), Some(issue.latest), issue.last_good]);
        let wanted: BTreeSet<AttemptId> = samples.flatten().chain(newest).collect();
        let mut found = Vec::new();
        for id in wanted.into_iter().rev() {
            found.extend(self.store.attempt(id).await?.as_ref().map(Attempt::from));
        }
        Ok(found)
    }

    fn saves(&self, revisions: &[Integration]) -> Vec<Revision> {
        let nothing = Map::new();
        let before = revisions.iter().skip(1).map(|older| masked(&older.template)).chain([nothing]);
        let pairs = revisions.iter().zip(before).take(SHOWN);
        pairs
            .map(|(save, before)| Revision {
                revision: save.revision,
                saved_at: save.updated_at,
                saved_by: save.updated_by.and_then(|by| self.username(by)),
                changes: changes(&before, &masked(&save.template)),
            })
            .collect()
    }

    /// Each event judged against every integration that the person can see.
    async fn traces(&self, person: &Person, events: &[EventId]) -> Result<Vec<Trace>, ApiError> {
        let mut traces = Vec::new();
        for id in events {
            let event = self.visible_event(person, *id).await?;
            let query = DeliveryQuery { event: Some(*id), ..DeliveryQuery::default() };
            let caused = self.store.deliveries(&query, &Paging { limit: DELIVERIES, cursor: None }).await?;
            let lines = event.as_ref().map(|event| self.trace(person, event, &caused.items));
            traces.push(Trace {
                id: *id,
                event: event.as_ref().map(Event::from),
                lines: lines.unwrap_or_default(),
            });
        }
        Ok(traces)
    }

    /// What to take out: the owner's secrets, and those that stand in the template or stood there.
    fn redaction(&self, saved: &SavedIntegration, revisions: &[Integration]) -> Redaction {
        let names = self.directory.secret_names(saved.scope);
        let kept = self.directory.secrets_for(saved.scope, &names).into_values();
        let literal = revisions.iter().flat_map(|save| literals(&save.template));
        let values: Vec<String> = kept.chain(literal).chain(literals(&saved.template())).collect();
        Redaction::of(values.iter().map(String::as_str))
    }
}

/// Outcomes, the most frequent first.
fn counts(rows: &[AttemptRow]) -> Vec<Count> {
    let mut counted = BTreeMap::<String, u64>::new();
    for row in rows {
        let what = match (row.code, row.status) {
            (Some(code), _) => code.to_string(),
            (None, Some(status)) => status.to_string(),
            (None, None) if row.outcome == Outcome::Skipped => "skipped".to_owned(),
            (None, None) => "other".to_owned(),
        };
        *counted.entry(what).or_default() += 1;
    }
    let mut counts: Vec<_> = counted.into_iter().map(|(what, count)| Count { what, count }).collect();
    counts.sort_by_key(|count| std::cmp::Reverse(count.count));
    counts
}

fn gate_point(attempt: &Attempt) -> Option<GatePoint> {
    attempt.gate.map(|gate| GatePoint {
        at: attempt.started_at,
        attempt: attempt.id,
        attempts: gate.attempts_before,
        accepts: gate.accepts_before,
        skipped_before: gate.probability_before,
        skipped_after: gate.probability_after,
    })
}
