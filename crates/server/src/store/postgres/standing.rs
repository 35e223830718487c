//! How integrations stand: when they last succeeded and failed, and what came since the last success.

use std::collections::HashMap;

use deadpool_postgres::Object;
use fieldhook_core::access::Scope;
use fieldhook_core::attempt::{Code, Outcome};
use fieldhook_core::id::IntegrationId;
use fieldhook_core::time::Timestamp;
use fieldhook_core::trouble::{Last, Streak};
use tokio_postgres::Row;

use super::codec::{Db, column, get, get_option, raw, status};
use super::failure::Failure;
use super::merge::{Lane, Walk, newest_first};
use crate::store::Standing;
use crate::store::numbers::last_of;
use crate::store::place::{NEWEST, Place, Reach, place};

/// Attempts of one integration that are looked at.
const LOOKED_AT: usize = 10_000;

/// How these integrations' attempts have gone.
pub(super) async fn standings(
    client: &Object,
    integrations: &[IntegrationId],
) -> Result<Vec<Standing>, Failure> {
    let sql = "SELECT b.integration, b.success_at, b.error_at, b.skipped_at \
        FROM unnest($1::bytea[]) WITH ORDINALITY asked (integration, place) \
        JOIN books b ON b.integration = asked.integration ORDER BY asked.place";
    let sql = client.prepare_cached(sql).await?;
    let mut standings = Vec::new();
    for row in &client.query(&sql, &[&column(integrations, |id| Db(*id))]).await? {
        let (integration, last) = (get(row, 0)?, last(row)?);
        if last.any().is_some() {
            let streak = streak(client, integration, &last).await?;
            standings.push(Standing { integration, last, streak });
        }
    }
    Ok(standings)
}

/// The scope's integrations that have failed or been refused since they last succeeded.
pub(super) async fn without_success(
    client: &Object,
    scope: Scope,
) -> Result<Vec<(IntegrationId, Last)>, Failure> {
    let sql = "SELECT integration, success_at, error_at, skipped_at FROM books \
        WHERE scope = $1 AND (error_at > success_at OR skipped_at > success_at)";
    let sql = client.prepare_cached(sql).await?;
    let found = client.query(&sql, &[&Db(scope)]).await?;
    found.iter().map(|row| Ok((get(row, 0)?, last(row)?))).collect()
}

fn last(row: &Row) -> Result<Last, Failure> {
    Ok(last_of(raw(row, 1)?, raw(row, 2)?, raw(row, 3)?))
}

/// The attempts after the last success.
async fn streak(client: &Object, integration: IntegrationId, last: &Last) -> Result<Streak, Failure> {
    if !last.failing(true) {
        return Ok(Streak::default());
    }
    let since = last.success.map_or(i64::MIN, Timestamp::as_millis);
    let lanes = [Outcome::Error, Outcome::Skipped].map(|outcome| {
        let lane = Lane::new(Walk::Moments, SINCE_SUCCESS.to_owned());
        lane.with(Db(integration)).with(Db(outcome)).with(since)
    });
    let mut glances = Vec::new();
    let keep = |glance: &Glance| {
        glances.push(*glance);
        Ok(false)
    };
    let reach = Reach { rows: 1, looked_at: LOOKED_AT };
    newest_first(client, lanes.into(), NEWEST, glance, keep, reach).await?;

    // Only a few messages are wanted, and which they are is known once all has been looked at.
    let mut asked = Vec::new();
    summed(&glances, |seq| {
        asked.push(seq);
        String::new()
    });
    let mut messages = messages(client, &asked).await?;
    let mut streak = summed(&glances, |seq| messages.remove(&seq).unwrap_or_default());
    // What lies beyond the bound is not counted, but when it all began is known.
    streak.first_error = first(client, integration, Outcome::Error, since).await?;
    streak.first_skip = first(client, integration, Outcome::Skipped, since).await?;
    Ok(streak)
}

fn summed(glances: &[Glance], mut message: impl FnMut(i64) -> String) -> Streak {
    let mut streak = Streak::default();
    for glance in glances {
        match glance.outcome {
            Outcome::Error => {
                let told = || Ok::<_, std::convert::Infallible>(message(glance.seq));
                let Ok(()) = streak.add_error(glance.at, (glance.code, glance.status), told);
            }
            Outcome::Success | Outcome::Skipped => streak.add_skip(glance.at),
        }
    }
    streak
}

/// An attempt as the index has it.
#[derive(Debug, Clone, Copy)]
struct Glance {
    at: Timestamp,
    seq: i64,
    outcome: Outcome,
    code: Option<Code>,
    status: Option<u16>,
}

fn glance(row: &Row) -> Result<(Place, Glance), Failure> {
    let (at, seq) = (raw(row, 0)?, raw(row, 1)?);
    let (outcome, code) = (get(row, 2)?, get_option(row, 3)?);
    let glance = Glance { at: Timestamp::from_millis(at), seq, outcome, code, status: status(row, 4)? };
    Ok((place(at, seq), glance))
}

async fn messages(client: &Object, seqs: &[i64]) -> Result<HashMap<i64, String>, Failure> {
    if seqs.is_empty() {
        return Ok(HashMap::new());
    }
    let sql = "SELECT seq, message FROM attempts WHERE seq = ANY($1) AND message IS NOT NULL";
    let sql = client.prepare_cached(sql).await?;
    let found = client.query(&sql, &[&seqs]).await?;
    found.iter().map(|row| Ok((raw(row, 0)?, get(row, 1)?))).collect()
}

async fn first(
    client: &Object,
    integration: IntegrationId,
    outcome: Outcome,
    since: i64,
) -> Result<Option<Timestamp>, Failure> {
    let sql = "SELECT started_at FROM attempts \
        WHERE integration = $1 AND outcome = $2 AND started_at > $3 AND trigger <> 'test' \
        ORDER BY started_at, seq LIMIT 1";
    let sql = client.prepare_cached(sql).await?;
    let found = client.query_opt(&sql, &[&Db(integration), &Db(outcome), &since]).await?;
    found.map(|row| get(&row, 0)).transpose()
}

const SINCE_SUCCESS: &str = "\
    SELECT started_at, seq, outcome, code, status FROM attempts \
    WHERE integration = $3 AND outcome = $4 AND started_at > $5 AND trigger <> 'test' \
    AND (started_at, seq) < ($1, $2) ORDER BY started_at DESC, seq DESC";
