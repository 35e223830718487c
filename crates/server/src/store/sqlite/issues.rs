//! Issues as they stand in their table, and those that a batch is about.

use std::collections::HashSet;
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
use super::merge::{Lane, Param, newest_first};
use crate::store::place::{List, Place, Reach, moment, place};
use crate::store::{GLANCES, IssueQuery, Page, Paging, StoreError, grouping};

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
    known: grouping::Issues,
}

impl<'a> Issues<'a> {
    /// None so far.
    pub(super) fn begin(connection: &'a Connection, watched: &'a Watched) -> Self {
        Self { connection, watched, known: grouping::Issues::default() }
    }

    /// Takes in an attempt that counts and is new.
    pub(super) fn attempted(&mut self, attempt: &Attempt) -> Result<()> {
        let integration = attempt.integration;
        if !self.known.know(integration) && (Cause::of(attempt).is_some() || self.watched.holds(integration))
        {
            self.known.read(integration, read(self.connection, integration)?);
        }
        self.known.attempted(attempt);
        Ok(())
    }

    /// Writes what changed; returns what is still watched, and the issues that turned.
    pub(super) fn write(mut self) -> Result<(Vec<Seen>, Vec<Issue>)> {
        let opened = self.known.opened();
        if !opened.is_empty() {
            let good =
                opened.into_iter().map(|(integration, at)| last_good(self.connection, integration, at));
            self.known.fill_last_good(good.collect::<Result<Vec<_>>>()?);
        }
        let mut upsert = self.connection.prepare_cached(UPSERT)?;
        for issue in self.known.changed() {
            write(&mut upsert, issue)?;
        }
        Ok((self.known.unresolved().collect(), self.known.into_turned()))
    }
}

/// The integration's last success at this moment or before.
fn last_good(
    connection: &Connection,
    integration: IntegrationId,
    at: Timestamp,
) -> Result<Option<(AttemptId, Timestamp)>> {
    connection
        .prepare_cached(
            "SELECT id, started_at FROM attempts WHERE integration = ?1 AND outcome = ?2 AND started_at <= ?3 \
             AND trigger <> 'test' ORDER BY started_at DESC, seq DESC LIMIT 1",
        )?
        .query_row(params![Db(integration), Db(Outcome::Success), Db(at)], |row| {
            Ok((get(row, 0)?, get(row, 1)?))
        })
        .optional()
}

fn read(connection: &Connection, integration: IntegrationId) -> Result<Vec<Issue>> {
    connection
        .prepare_cached("SELECT body FROM issues WHERE integration = ?1")?
        .query_map([Db(integration)], |row| body(row, 0))?
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
    let wanted = |_, issue: &Issue| Ok(query.fits(issue));
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
