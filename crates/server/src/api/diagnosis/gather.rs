//! Gathering what is known of one integration. Everything here has a bound; nothing here decides.

use std::sync::Arc;
use std::time::Duration;

use fieldhook_core::attempt::{Attempt, Outcome};
use fieldhook_core::diagnosis::{Edit, Evidence, Line, Problem, Recent, SecretMark, Subject};
use fieldhook_core::id::{AttemptId, UserId};
use fieldhook_core::integration::{Definition, Integration, changed_keys};
use fieldhook_core::issue::{self, Issue};
use fieldhook_core::request::{EventData, Facts, TemplateFault, Webhook};
use fieldhook_core::time::Timestamp;

use super::super::App;
use super::super::auth::Person;
use super::super::error::ApiError;
use super::super::listing::Window;
use super::funnel::fate;
use crate::directory::SavedIntegration;
use crate::store::{AttemptQuery, AttemptRow, IssueQuery, Paging};

/// Attempts of each outcome that are looked at whole.
const WHOLE: usize = 50;
/// Attempts that are looked at as lines.
const LINES: usize = 1_000;
/// Issues that are explained: the ones that struck last.
const MOST_ISSUES: usize = 10;

impl App {
    /// What is known of an integration, up to the moment.
    pub(in super::super) async fn evidence(
        &self,
        person: &Person,
        saved: &SavedIntegration,
    ) -> Result<Evidence, ApiError> {
        let now = self.nature.now();
        let definition = Definition::read(&saved.template(), saved.scope).definition;
        let recent = self.recent(saved).await?;
        let revisions = self.directory.revisions(saved.id).await?;
        let problems = self.problems(saved, &revisions, now).await?;
        let around = self.around(saved, &recent, problems.iter().map(|problem| problem.since).min()).await?;
        Ok(Evidence {
            now,
            secrets: self.secret_marks(saved, definition.as_ref(), &problems),
            subject: Subject {
                integration: saved.id,
                scope: saved.scope,
                prefix: saved.prefix.to_string(),
                device: saved.device,
                revision: saved.revision,
                updated_at: saved.updated_at,
                disabled: saved.disabled.as_deref().cloned(),
                definition: definition.map(Arc::new),
            },
            twins: self.twins(person, saved, &recent).await?,
            problems,
            recent,
            gate: around.gate,
            neighbours: around.neighbours,
            funnel: Some(self.funnel(person, saved, Window::last(now)).await?),
        })
    }

    /// The last attempts; tests prove nothing about events and are left out.
    async fn recent(&self, saved: &SavedIntegration) -> Result<Recent, ApiError> {
        let query = AttemptQuery {
            scopes: vec![saved.scope],
            integration: Some(saved.id),
            ..AttemptQuery::default()
        };
        let rows = self.store.attempts(&query, &Paging { limit: LINES, cursor: None }).await?.items;
        Ok(Recent {
            successes: self.last(saved, Outcome::Success).await?,
            failures: self.last(saved, Outcome::Error).await?,
            skipped: self.last(saved, Outcome::Skipped).await?,
            lines: rows.iter().filter(|row| row.trigger != "test").map(line).collect(),
        })
    }

    async fn last(&self, saved: &SavedIntegration, outcome: Outcome) -> Result<Vec<Arc<Attempt>>, ApiError> {
        let found = self.store.last_attempts(saved.id, outcome, WHOLE).await?;
        Ok(found.into_iter().filter(Attempt::counts).map(Arc::new).collect())
    }

    /// The integration's unresolved issues, the one that struck last first, each with its samples.
    async fn problems(
        &self,
        saved: &SavedIntegration,
        revisions: &[Integration],
        now: Timestamp,
    ) -> Result<Vec<Problem>, ApiError> {
        let states = issue::State::ALL.into_iter().filter(|state| state.is_unresolved()).collect();
        let query = IssueQuery { scopes: vec![saved.scope], integration: Some(saved.id), states };
        let mut issues = self.store.issues(&query, &Paging { limit: LINES, cursor: None }).await?.items;
        issues.sort_by_key(|issue| std::cmp::Reverse(issue.last_seen));
        let mut problems = Vec::new();
        for issue in issues.into_iter().take(MOST_ISSUES) {
            problems.extend(self.problem(issue, saved, revisions, now).await?);
        }
        Ok(problems)
    }

    /// The issue with its samples; none when these are gone, for then nothing can be proven.
    async fn problem(
        &self,
        issue: Issue,
        saved: &SavedIntegration,
        revisions: &[Integration],
        now: Timestamp,
    ) -> Result<Option<Problem>, ApiError> {
        let (Some(first), Some(latest)) = (self.pinned(issue.first).await?, self.pinned(issue.latest).await?)
        else {
            return Ok(None);
        };
        let last_good = match issue.last_good {
            Some(id) => self.pinned(id).await?,
            None => None,
        };
        let until = now + Duration::from_millis(1);
        let began = first.event.published_at.min(issue.first_seen);
        Ok(Some(Problem {
            issue: Some(issue.id.to_string()),
            code: issue.code,
            status: issue.status,
            origin: issue.origin.clone().or_else(|| latest.origin.clone()),
            phase: issue.phase,
            count: issue.count,
            of: issue.attempts,
            since: issue.first_seen,
            last: issue.last_seen,
            devices: issue.devices.len() as u64,
            edits: last_good
                .as_ref()
                .map_or_else(Vec::new, |good| self.edits(revisions, good.started_at, issue.first_seen)),
            fate: fate(self.store.reached(saved.id, began, until).await?),
            fault: self.fault(&latest, saved, revisions),
            first,
            latest,
            last_good,
        }))
    }

    async fn pinned(&self, id: AttemptId) -> Result<Option<Arc<Attempt>>, ApiError> {
        Ok(self.store.attempt(id).await?.map(Arc::new))
    }

    /// The revisions saved after one moment and not after another, the oldest first.
    fn edits(&self, revisions: &[Integration], after: Timestamp, until: Timestamp) -> Vec<Edit> {
        let pairs = revisions.iter().zip(revisions.iter().skip(1));
        let between = pairs.filter(|(new, _)| new.updated_at > after && new.updated_at <= until);
        let mut edits: Vec<_> = between
            .map(|(new, old)| Edit {
                revision: new.revision,
                at: new.updated_at,
                by: new.updated_by.and_then(|by| self.name_of_person(by)),
                changed: changed_keys(&old.template, &new.template),
            })
            .collect();
        edits.reverse();
        edits
    }

    /// Where in the template, as it was then, the body for this attempt's event breaks.
    fn fault(
        &self,
        attempt: &Attempt,
        saved: &SavedIntegration,
        revisions: &[Integration],
    ) -> Option<TemplateFault> {
        let then = revisions.iter().find(|revision| revision.revision == attempt.revision)?;
        let definition = Definition::read(&then.template, saved.scope).definition?;
        let secrets = self.directory.secrets_for(saved.scope, &definition.secrets);
        Webhook::compile(&definition).json_fault(&Facts {
            event: &attempt.event,
            data: &EventData::default(),
            product_user: None,
            secrets: &secrets,
            delivery: attempt.delivery,
            now: attempt.started_at,
            replay: None,
        })
    }

    /// The secrets that the integration lists, and those it misses although they are there.
    fn secret_marks(
        &self,
        saved: &SavedIntegration,
        definition: Option<&Definition>,
        problems: &[Problem],
    ) -> Vec<SecretMark> {
        let changes = self.directory.secret_changes(saved.scope);
        let listed = definition.map_or(&[][..], |definition| &definition.secrets).iter();
        let missed = problems.iter().flat_map(|problem| &problem.latest.rendering.missing);
        let missed = missed.filter(|name| changes.contains_key(*name));
        let mut marks: Vec<SecretMark> = Vec::new();
        for name in listed.chain(missed) {
            if marks.iter().any(|mark| mark.name == *name) {
                continue;
            }
            let change = changes.get(name);
            marks.push(SecretMark {
                name: name.clone(),
                changed_at: change.and_then(|change| change.changed_at),
                by: change.and_then(|change| change.changed_by).and_then(|by| self.name_of_person(by)),
                exists: change.is_some(),
            });
        }
        marks
    }

    fn name_of_person(&self, id: UserId) -> Option<String> {
        self.directory.user(id).map(|user| user.username.clone())
    }
}

fn line(row: &AttemptRow) -> Line {
    Line {
        id: row.id,
        at: row.started_at,
        duration_ms: row.duration_ms,
        outcome: row.outcome,
        status: row.status,
        code: row.code,
        device: row.device,
        trigger: row.trigger.clone(),
    }
}
