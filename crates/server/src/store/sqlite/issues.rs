//! Issues as they stand in their table, and those that a batch is about.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use fieldhook_core::attempt::{Attempt, Outcome};
use fieldhook_core::id::{AttemptId, IntegrationId, IssueId, UserId};
use fieldhook_core::issue::{Cause, Issue, State};
use fieldhook_core::time::Timestamp;
use parking_lot::Mutex;
use rusqlite::types::Type;
use rusqlite::{
    CachedStatement, Connection, Error, OptionalExtension as _, Result, Row, TransactionBehavior, params,
};

use super::codec::{Db, get};
use super::merge::{Lane, List, Param, Place, Reach, moment, newest_first, place};
use crate::store::{IssueQuery, Page, Paging, StoreError};

/// Issues of one integration from which on a new cause is kept without its origin: an address made from the
/// event's data must not make an issue for every event.
const MOST: usize = 100;
/// Rows a page of issues may pass over.
const GLANCES: usize = 20_000;

/// The integrations that have an issue which is not resolved. A success of any other costs one look in here.
#[derive(Clone, Default)]
pub(super) struct Watched(Arc<Mutex<HashSet<IntegrationId>>>);

/// Whether an integration has an issue that is not resolved, as a batch has left it.
pub(super) type Seen = (IntegrationId, bool);

impl Watched {
    /// As the table has it.
    pub(super) fn read(connection: &Connection) -> Result<Self> {
        let mut statement =
            connection.prepare("SELECT DISTINCT integration FROM issues WHERE state <> ?1")?;
        let found = statement.query_map([Db(State::Resolved)], |row| get(row, 0))?;
        Ok(Self(Arc::new(Mutex::new(found.collect::<Result<_>>()?))))
    }

    /// Takes over what a batch has left, once it is committed.
    pub(super) fn update(&self, seen: Vec<Seen>) {
        if seen.is_empty() {
            return;
        }
        let mut watched = self.0.lock();
        for (integration, unresolved) in seen {
            if unresolved {
                watched.insert(integration);
            } else {
                watched.remove(&integration);
            }
        }
    }

    fn holds(&self, integration: IntegrationId) -> bool {
        self.0.lock().contains(&integration)
    }
}

/// The issues that a batch is about.
pub(super) struct Issues<'a> {
    connection: &'a Connection,
    watched: &'a Watched,
    known: BTreeMap<IntegrationId, Vec<Known>>,
}

/// An issue that a batch is about.
struct Known {
    issue: Issue,
    changed: bool,
    /// Whether it opened, opened anew or was resolved.
    turned: bool,
}

impl<'a> Issues<'a> {
    /// None so far.
    pub(super) fn begin(connection: &'a Connection, watched: &'a Watched) -> Self {
        Self { connection, watched, known: BTreeMap::new() }
    }

    /// Takes in an attempt that counts and is new.
    pub(super) fn attempted(&mut self, attempt: &Attempt) -> Result<()> {
        let integration = attempt.integration;
        let cause = Cause::of(attempt);
        let concerned = cause.is_some() || self.known.contains_key(&integration);
        if !concerned && !self.watched.holds(integration) {
            return Ok(());
        }
        let connection = self.connection;
        let known = match self.known.entry(integration) {
            std::collections::btree_map::Entry::Occupied(known) => known.into_mut(),
            std::collections::btree_map::Entry::Vacant(slot) => slot.insert(read(connection, integration)?),
        };
        let cause = cause.map(|cause| kept_apart(cause, known));
        let struck = cause.as_ref().map(Cause::issue);
        for other in known.iter_mut().filter(|other| other.issue.state != State::Resolved) {
            if Some(other.issue.id) != struck {
                other.turned |= other.issue.passed(attempt);
                other.changed = true;
            }
        }
        match cause {
            Some(cause) => strike(connection, known, cause, attempt),
            None => Ok(()),
        }
    }

    /// Writes what changed; returns what is still watched, and the issues that turned.
    pub(super) fn write(self) -> Result<(Vec<Seen>, Vec<Issue>)> {
        if self.known.is_empty() {
            return Ok((Vec::new(), Vec::new()));
        }
        let mut upsert = self.connection.prepare_cached(UPSERT)?;
        for known in self.known.values().flatten().filter(|known| known.changed) {
            write(&mut upsert, &known.issue)?;
        }
        let unresolved = |known: &[Known]| known.iter().any(|known| known.issue.state != State::Resolved);
        let seen = self.known.iter().map(|(integration, known)| (*integration, unresolved(known))).collect();
        let turned = self.known.into_values().flatten().filter(|known| known.turned);
        Ok((seen, turned.map(|known| known.issue).collect()))
    }
}

/// The cause, without its origin when the integration has many issues and none of this cause.
fn kept_apart(cause: Cause, known: &[Known]) -> Cause {
    let id = cause.issue();
    if known.len() < MOST || known.iter().any(|known| known.issue.id == id) {
        cause
    } else {
        Cause { origin: None, ..cause }
    }
}

fn strike(connection: &Connection, known: &mut Vec<Known>, cause: Cause, failure: &Attempt) -> Result<()> {
    let id = cause.issue();
    let Some(known) = known.iter_mut().find(|known| known.issue.id == id) else {
        let issue = Issue::open(cause, failure, last_good(connection, failure)?);
        known.push(Known { issue, changed: true, turned: true });
        return Ok(());
    };
    known.changed = true;
    if known.issue.comes_back_with(failure) {
        known.issue.reopen(cause, failure, last_good(connection, failure)?);
        known.turned = true;
    } else {
        known.issue.failed(failure);
    }
    Ok(())
}

/// The integration's last success in front of a failure.
fn last_good(connection: &Connection, failure: &Attempt) -> Result<Option<(AttemptId, Timestamp)>> {
    connection
        .prepare_cached(
            "SELECT id, started_at FROM attempts WHERE integration = ?1 AND outcome = ?2 AND started_at <= ?3 \
             AND trigger <> 'test' ORDER BY started_at DESC, seq DESC LIMIT 1",
        )?
        .query_row(params![Db(failure.integration), Db(Outcome::Success), Db(failure.started_at)], |row| {
            Ok((get(row, 0)?, get(row, 1)?))
        })
        .optional()
}

fn read(connection: &Connection, integration: IntegrationId) -> Result<Vec<Known>> {
    connection
        .prepare_cached("SELECT body FROM issues WHERE integration = ?1")?
        .query_map([Db(integration)], |row| {
            Ok(Known { issue: body(row, 0)?, changed: false, turned: false })
        })?
        .collect()
}

fn body(row: &Row<'_>, column: usize) -> Result<Issue> {
    let text = row.get_ref(column)?.as_str()?;
    serde_json::from_str(text)
        .map_err(|error| Error::FromSqlConversionFailure(column, Type::Text, error.into()))
}

fn write(upsert: &mut CachedStatement<'_>, issue: &Issue) -> Result<()> {
    let body = serde_json::to_string(issue).expect("an issue is made of strings and numbers");
    upsert.execute(params![
        Db(issue.id),
        Db(issue.integration),
        Db(issue.scope),
        Db(issue.state),
        Db(issue.first_seen),
        Db(issue.last_seen),
        Db(issue.first),
        Db(issue.latest),
        issue.last_good.map(Db),
        body,
    ])?;
    Ok(())
}

/// One issue.
pub(super) fn one(connection: &Connection, id: IssueId) -> Result<Option<Issue>> {
    connection
        .prepare_cached("SELECT body FROM issues WHERE id = ?1")?
        .query_row([Db(id)], |row| body(row, 0))
        .optional()
}

/// Puts an issue where a person says it stands.
pub(super) fn put(
    connection: &mut Connection,
    watched: &Watched,
    id: IssueId,
    state: State,
    by: UserId,
    now: Timestamp,
) -> Result<Option<Issue>> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let Some(mut issue) = one(&transaction, id)? else { return Ok(None) };
    issue.put(state, by, now);
    write(&mut transaction.prepare_cached(UPSERT)?, &issue)?;
    let unresolved = transaction
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM issues WHERE integration = ?1 AND state <> ?2)")?
        .query_row(params![Db(issue.integration), Db(State::Resolved)], |row| row.get(0))?;
    transaction.commit()?;
    watched.update(vec![(issue.integration, unresolved)]);
    Ok(Some(issue))
}

/// Issues, the one first seen last first.
pub(super) fn list(
    connection: &Connection,
    query: &IssueQuery,
    paging: &Paging,
) -> std::result::Result<Page<Issue>, StoreError> {
    let lanes = lanes(query, List::Issues.start(paging)?);
    let wanted = |_, issue: &Issue| {
        Ok(query.scopes.contains(&issue.scope)
            && (query.states.is_empty() || query.states.contains(&issue.state)))
    };
    let found = newest_first(connection, &lanes, issue_row, wanted, Reach::of(paging, GLANCES))?;
    Ok(Page { items: found.rows, next: found.next.map(|place| List::Issues.cursor(place)) })
}

pub(super) fn lanes(query: &IssueQuery, start: Place) -> Vec<Lane> {
    let (at, seq) = moment(start);
    let lane = |condition: &str, key: Param| Lane {
        sql: format!(
            "SELECT first_seen, seq, body FROM issues WHERE {condition} AND (first_seen, seq) < (?1, ?2) \
             ORDER BY first_seen DESC, seq DESC"
        ),
        params: vec![Box::new(at), Box::new(seq), key],
    };
    match query.integration {
        Some(integration) => vec![lane("integration = ?3", Box::new(Db(integration)))],
        None => query.scopes.iter().map(|scope| lane("scope = ?3", Box::new(Db(*scope)))).collect(),
    }
}

fn issue_row(row: &Row<'_>) -> Result<(Place, Issue)> {
    Ok((place(row.get(0)?, row.get(1)?), body(row, 2)?))
}

/// Whether an issue names the attempt, so that it is kept.
pub(super) fn hold(connection: &Connection, integration: IntegrationId, attempt: AttemptId) -> Result<bool> {
    connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM issues WHERE integration = ?1 AND (first = ?2 OR latest = ?2 OR \
             last_good = ?2))",
        )?
        .query_row(params![Db(integration), Db(attempt)], |row| row.get(0))
}

const UPSERT: &str = "\
    INSERT INTO issues (id, integration, scope, state, first_seen, last_seen, first, latest, last_good, body) \
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) ON CONFLICT (id) DO UPDATE SET state = excluded.state, \
    first_seen = excluded.first_seen, last_seen = excluded.last_seen, first = excluded.first, \
    latest = excluded.latest, last_good = excluded.last_good, body = excluded.body";
