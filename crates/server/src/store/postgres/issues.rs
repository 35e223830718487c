//! Issues as they stand in their table, and those that a batch is about.

use std::collections::{BTreeMap, BTreeSet};

use deadpool_postgres::{Object, Transaction};
use fieldhook_core::attempt::{Attempt, Outcome};
use fieldhook_core::id::{IntegrationId, IssueId, UserId};
use fieldhook_core::issue::{Cause, Issue, State};
use fieldhook_core::time::Timestamp;
use tokio_postgres::Row;

use super::codec::{Db, column, get, raw};
use super::failure::Failure;
use super::merge::{Lane, Walk, newest_first};
use super::record::lock;
use crate::store::place::{List, Place, Reach, place};
use crate::store::{GLANCES, IssueQuery, Page, Paging, damaged, grouping};

/// Reads the issues that these attempts may concern: all of an integration that failed, of any other those that are
/// not resolved.
pub(super) async fn read(
    transaction: &Transaction<'_>,
    attempts: &[&Attempt],
) -> Result<grouping::Issues, Failure> {
    let mut issues = grouping::Issues::default();
    if attempts.is_empty() {
        return Ok(issues);
    }
    let all: BTreeSet<_> = attempts.iter().map(|attempt| attempt.integration).collect();
    let failing = attempts.iter().filter(|attempt| Cause::of(attempt).is_some());
    let failing: BTreeSet<_> = failing.map(|attempt| attempt.integration).collect();
    let of =
        |integrations: &BTreeSet<IntegrationId>| integrations.iter().map(|id| Db(*id)).collect::<Vec<_>>();
    let sql = transaction.prepare_cached(SELECT_CONCERNED).await?;
    let mut found: BTreeMap<_, Vec<_>> = failing.iter().map(|id| (*id, Vec::new())).collect();
    for row in transaction.query(&sql, &[&of(&all), &of(&failing)]).await? {
        let issue = body(&row, 0)?;
        found.entry(issue.integration).or_default().push(issue);
    }
    for (integration, known) in found {
        issues.read(integration, known);
    }
    Ok(issues)
}

const SELECT_CONCERNED: &str = "\
    SELECT body FROM issues WHERE integration = ANY($1) AND state <> 2 UNION ALL \
    SELECT body FROM issues WHERE integration = ANY($2) AND state = 2";

/// Looks up the last success in front of each issue that opened, and writes what changed.
pub(super) async fn write(
    transaction: &Transaction<'_>,
    issues: &mut grouping::Issues,
) -> Result<(), Failure> {
    let opened = issues.opened();
    if !opened.is_empty() {
        let sql = transaction.prepare_cached(LAST_GOOD).await?;
        let integrations = column(&opened, |(integration, _)| Db(*integration));
        let before = column(&opened, |(_, at)| Db(*at));
        let mut good = vec![None; opened.len()];
        for row in transaction.query(&sql, &[&integrations, &before, &Db(Outcome::Success)]).await? {
            let place = usize::try_from(raw::<i64>(&row, 0)? - 1).unwrap_or(usize::MAX);
            if let Some(slot) = good.get_mut(place) {
                *slot = Some((get(&row, 1)?, get(&row, 2)?));
            }
        }
        issues.fill_last_good(good);
    }
    let mut changed: Vec<_> = issues.changed().collect();
    changed.sort_by_key(|issue| issue.id);
    upsert(transaction, &changed).await
}

/// Of each integration the last success at its moment or before.
const LAST_GOOD: &str = "\
    SELECT asked.place, good.id, good.started_at \
    FROM unnest($1::bytea[], $2::bigint[]) WITH ORDINALITY asked (integration, at, place) CROSS JOIN LATERAL \
    (SELECT id, started_at FROM attempts a WHERE a.integration = asked.integration AND a.outcome = $3 \
    AND a.started_at <= asked.at AND a.trigger <> 'test' ORDER BY a.started_at DESC, a.seq DESC LIMIT 1) good";

async fn upsert(transaction: &Transaction<'_>, issues: &[&Issue]) -> Result<(), Failure> {
    if issues.is_empty() {
        return Ok(());
    }
    let body =
        |issue: &&Issue| serde_json::to_string(issue).expect("an issue is made of strings and numbers");
    let sql = transaction.prepare_cached(UPSERT).await?;
    transaction
        .execute(
            &sql,
            &[
                &column(issues, |issue| Db(issue.id)),
                &column(issues, |issue| Db(issue.integration)),
                &column(issues, |issue| Db(issue.scope)),
                &column(issues, |issue| Db(issue.state)),
                &column(issues, |issue| Db(issue.first_seen)),
                &column(issues, |issue| Db(issue.last_seen)),
                &column(issues, |issue| Db(issue.first)),
                &column(issues, |issue| Db(issue.latest)),
                &column(issues, |issue| issue.last_good.map(Db)),
                &column(issues, body),
            ],
        )
        .await?;
    Ok(())
}

fn body(row: &Row, column: usize) -> Result<Issue, Failure> {
    let issue = serde_json::from_str(raw(row, column)?);
    Ok(issue.map_err(|error| damaged(format_args!("an issue is not what it should be: {error}")))?)
}

/// One issue.
pub(super) async fn one(client: &Object, id: IssueId) -> Result<Option<Issue>, Failure> {
    let sql = client.prepare_cached("SELECT body FROM issues WHERE id = $1").await?;
    client.query_opt(&sql, &[&Db(id)]).await?.map(|row| body(&row, 0)).transpose()
}

/// Puts an issue where a person says it stands.
pub(super) async fn put(
    client: &mut Object,
    id: IssueId,
    state: State,
    by: UserId,
    now: Timestamp,
) -> Result<Option<Issue>, Failure> {
    let transaction = client.transaction().await?;
    let sql = transaction.prepare_cached("SELECT integration FROM issues WHERE id = $1").await?;
    let Some(row) = transaction.query_opt(&sql, &[&Db(id)]).await? else { return Ok(None) };
    lock(&transaction, [get(&row, 0)?]).await?;
    let sql = transaction.prepare_cached("SELECT body FROM issues WHERE id = $1").await?;
    let Some(row) = transaction.query_opt(&sql, &[&Db(id)]).await? else { return Ok(None) };
    let mut issue = body(&row, 0)?;
    issue.put(state, by, now);
    upsert(&transaction, &[&issue]).await?;
    transaction.commit().await?;
    Ok(Some(issue))
}

/// Issues, the one first seen last first.
pub(super) async fn list(
    client: &Object,
    query: &IssueQuery,
    paging: &Paging,
) -> Result<Page<Issue>, Failure> {
    let start = List::Issues.start(paging)?;
    let wanted = |issue: &Issue| Ok(query.fits(issue));
    let reach = Reach::of(paging, GLANCES);
    let found = newest_first(client, lanes(query), start, issue_row, wanted, reach).await?;
    Ok(Page { items: found.rows, next: found.next.map(|place| List::Issues.cursor(place)) })
}

pub(super) fn lanes(query: &IssueQuery) -> Vec<Lane> {
    let lane = |condition: &str| {
        let sql = format!(
            "SELECT first_seen, seq, body FROM issues WHERE {condition} AND (first_seen, seq) < ($1, $2) \
             ORDER BY first_seen DESC, seq DESC"
        );
        Lane::new(Walk::Moments, sql)
    };
    match query.integration {
        Some(integration) => vec![lane("integration = $3").with(Db(integration))],
        None => query.scopes.iter().map(|scope| lane("scope = $3").with(Db(*scope))).collect(),
    }
}

fn issue_row(row: &Row) -> Result<(Place, Issue), Failure> {
    Ok((place(raw(row, 0)?, raw(row, 1)?), body(row, 2)?))
}

const UPSERT: &str = "\
    INSERT INTO issues (id, integration, scope, state, first_seen, last_seen, first, latest, last_good, body) \
    SELECT * FROM unnest($1::bytea[], $2::bytea[], $3::bytea[], $4::smallint[], $5::bigint[], $6::bigint[], \
    $7::uuid[], $8::uuid[], $9::uuid[], $10::text[]) \
    ON CONFLICT (id) DO UPDATE SET state = excluded.state, \
    first_seen = excluded.first_seen, last_seen = excluded.last_seen, first = excluded.first, \
    latest = excluded.latest, last_good = excluded.last_good, body = excluded.body";
