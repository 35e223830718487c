//! How integrations stand: when they last succeeded and failed, and what came since the last success.

use fieldhook_core::access::Scope;
use fieldhook_core::attempt::{Code, Outcome};
use fieldhook_core::id::IntegrationId;
use fieldhook_core::time::Timestamp;
use fieldhook_core::trouble::{Last, Streak};
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::codec::{Db, get, get_option};
use super::merge::{Lane, newest_first};
use super::schema::failed;
use crate::store::numbers::last_of;
use crate::store::place::{Place, Reach, moment, place};
use crate::store::{Standing, StoreError};

/// Attempts of one integration that are looked at.
const LOOKED_AT: usize = 10_000;

/// How these integrations' attempts have gone.
pub(super) fn standings(
    connection: &Connection,
    integrations: &[IntegrationId],
) -> Result<Vec<Standing>, StoreError> {
    let mut statement = connection
        .prepare_cached("SELECT success_at, error_at, skipped_at FROM books WHERE integration = ?1")
        .map_err(failed)?;
    let mut standings = Vec::new();
    for &integration in integrations {
        let found = statement.query_row([Db(integration)], |row| last(row, 0)).optional().map_err(failed)?;
        let Some(last) = found.filter(|last| last.any().is_some()) else { continue };
        let streak = streak(connection, integration, &last)?;
        standings.push(Standing { integration, last, streak });
    }
    Ok(standings)
}

/// The scope's integrations that have failed or been refused since they last succeeded.
pub(super) fn without_success(
    connection: &Connection,
    scope: Scope,
) -> Result<Vec<(IntegrationId, Last)>, StoreError> {
    let mut statement = connection.prepare_cached(WITHOUT_SUCCESS).map_err(failed)?;
    let found = statement.query_map([Db(scope)], |row| Ok((get(row, 0)?, last(row, 1)?))).map_err(failed)?;
    found.collect::<rusqlite::Result<_>>().map_err(failed)
}

/// Reads the last moments from three columns, the first of which is `first`.
fn last(row: &Row<'_>, first: usize) -> rusqlite::Result<Last> {
    Ok(last_of(row.get(first)?, row.get(first + 1)?, row.get(first + 2)?))
}

/// The attempts after the last success.
fn streak(connection: &Connection, integration: IntegrationId, last: &Last) -> Result<Streak, StoreError> {
    let mut streak = Streak::default();
    if !last.failing(true) {
        return Ok(streak);
    }
    let since = last.success.map_or(i64::MIN, Timestamp::as_millis);
    let lanes = [Outcome::Error, Outcome::Skipped].map(|outcome| Lane {
        sql: SINCE_SUCCESS.to_owned(),
        params: vec![Box::new(Db(integration)), Box::new(Db(outcome)), Box::new(since)],
    });
    let add = |place, glance: &Glance| {
        let (at, seq) = moment(place);
        let at = Timestamp::from_millis(at);
        match glance.outcome {
            Outcome::Error => {
                streak.add_error(at, (glance.code, glance.status), || message(connection, seq))?;
            }
            Outcome::Success | Outcome::Skipped => streak.add_skip(at),
        }
        Ok(false)
    };
    newest_first(connection, &lanes, glance, add, Reach { rows: 1, looked_at: LOOKED_AT })?;
    // What lies beyond the bound is not counted, but when it all began is known.
    streak.first_error = first(connection, integration, Outcome::Error, since)?;
    streak.first_skip = first(connection, integration, Outcome::Skipped, since)?;
    Ok(streak)
}

/// An attempt as the index has it.
struct Glance {
    outcome: Outcome,
    code: Option<Code>,
    status: Option<u16>,
}

fn glance(row: &Row<'_>) -> rusqlite::Result<(Place, Glance)> {
    let glance = Glance { outcome: get(row, 2)?, code: get_option(row, 3)?, status: row.get(4)? };
    Ok((place(row.get(0)?, row.get(1)?), glance))
}

fn message(connection: &Connection, seq: i64) -> Result<String, StoreError> {
    let mut statement =
        connection.prepare_cached("SELECT message FROM attempts WHERE seq = ?1").map_err(failed)?;
    let message: Option<String> = statement.query_row([seq], |row| row.get(0)).map_err(failed)?;
    Ok(message.unwrap_or_default())
}

fn first(
    connection: &Connection,
    integration: IntegrationId,
    outcome: Outcome,
    since: i64,
) -> Result<Option<Timestamp>, StoreError> {
    let mut statement = connection.prepare_cached(FIRST_SINCE_SUCCESS).map_err(failed)?;
    let key = params![Db(integration), Db(outcome), since];
    statement.query_row(key, |row| get(row, 0)).optional().map_err(failed)
}

const WITHOUT_SUCCESS: &str = "\
    SELECT integration, success_at, error_at, skipped_at FROM books \
    WHERE scope = ?1 AND (error_at > success_at OR skipped_at > success_at)";

const SINCE_SUCCESS: &str = "\
    SELECT started_at, seq, outcome, code, status FROM attempts \
    WHERE integration = ?1 AND outcome = ?2 AND started_at > ?3 AND trigger <> 'test' \
    ORDER BY started_at DESC, seq DESC";

const FIRST_SINCE_SUCCESS: &str = "\
    SELECT started_at FROM attempts \
    WHERE integration = ?1 AND outcome = ?2 AND started_at > ?3 AND trigger <> 'test' \
    ORDER BY started_at, seq LIMIT 1";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::sqlite::schema;

    #[test]
    fn attempts_are_counted_by_an_index_alone_and_the_few_in_trouble_have_one_of_their_own() {
        let directory = tempfile::tempdir().unwrap();
        let connection = schema::open_writer(&directory.path().join("store.db")).unwrap();
        for (sql, index) in [
            (SINCE_SUCCESS, "COVERING INDEX attempts_integration"),
            (FIRST_SINCE_SUCCESS, "COVERING INDEX attempts_integration"),
            (WITHOUT_SUCCESS, "INDEX books_without_success"),
        ] {
            let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
            let nothing = vec![Option::<i64>::None; statement.parameter_count()];
            let steps = statement.query_map(rusqlite::params_from_iter(nothing), |row| row.get(3)).unwrap();
            let plan = steps.collect::<rusqlite::Result<Vec<String>>>().unwrap().join("\n");
            assert!(plan.contains(index) && !plan.contains("TEMP B-TREE"), "{sql}\n{plan}");
        }
    }
}
