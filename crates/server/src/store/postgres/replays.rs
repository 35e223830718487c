//! Replays: the rows themselves, and the events that one is to be about.

use std::collections::HashSet;

use deadpool_postgres::{Object, Transaction};
use fieldhook_core::attempt::Verdict;
use fieldhook_core::id::{EventId, IntegrationId, ReplayId};
use fieldhook_core::replay::{Progress, Sending};
use tokio_postgres::Row;
use uuid::Uuid;

use super::codec::{Db, Param, column, count, get, get_option, raw};
use super::failure::Failure;
use super::merge::{Lane, Walk, newest_first};
use crate::store::place::{List, Place, Reach, first_id};
use crate::store::{GLANCES, Page, Paging, ReplayQuery, ReplayRow, ReplayWent, UndeliveredQuery, damaged};

/// Remembers a replay that begins.
pub(super) async fn begin(transaction: &Transaction<'_>, replay: &ReplayRow) -> Result<(), Failure> {
    let ReplayRow { progress, .. } = replay;
    let sql = transaction.prepare_cached(INSERT).await?;
    transaction
        .execute(
            &sql,
            &[
                &Db(replay.id),
                &Db(replay.integration),
                &Db(replay.scope),
                &Db(replay.by),
                &Db(&*replay.by_name),
                &serde_json::to_string(&replay.plan).expect("a plan is made of strings and numbers"),
                &Db(replay.sending),
                &replay.reason.as_deref().map(Db),
                &(progress.total as i64),
                &(progress.sent as i64),
                &(progress.succeeded as i64),
                &(progress.failed as i64),
                &(progress.skipped as i64),
                &replay.ended_at.map(Db),
                &Db(replay.changed_at),
            ],
        )
        .await?;
    Ok(())
}

/// Remembers how far a replay has come.
pub(super) async fn go_on(transaction: &Transaction<'_>, went: &ReplayWent) -> Result<(), Failure> {
    let ended_at = (went.sending != Sending::Underway).then_some(Db(went.at));
    let sql = transaction.prepare_cached(GO_ON).await?;
    transaction
        .execute(
            &sql,
            &[
                &Db(went.replay),
                &(went.skipped as i64),
                &Db(went.sending),
                &went.reason.as_deref().map(Db),
                &ended_at,
                &Db(went.at),
            ],
        )
        .await?;
    if let Some(tested) = went.tested {
        let sql = transaction.prepare_cached(TESTED).await?;
        let (succeeded, failed) = (tested.succeeded as i64, tested.failed as i64);
        transaction.execute(&sql, &[&Db(went.replay), &succeeded, &failed]).await?;
    }
    Ok(())
}

/// Replays, newest first.
pub(super) async fn replays(
    client: &Object,
    query: &ReplayQuery,
    paging: &Paging,
) -> Result<Page<ReplayRow>, Failure> {
    let start = List::Replays.start(paging)?;
    let wanted = |replay: &ReplayRow| Ok(query.fits(replay));
    let reach = Reach::of(paging, GLANCES);
    let found = newest_first(client, lanes(query), start, placed, wanted, reach).await?;
    Ok(Page { items: found.rows, next: found.next.map(|place| List::Replays.cursor(place)) })
}

fn placed(found: &Row) -> Result<(Place, ReplayRow), Failure> {
    row(found).map(|replay| (replay.id.0.as_u128(), replay))
}

fn lanes(query: &ReplayQuery) -> Vec<Lane> {
    let lane = |condition: &str| {
        let sql = format!("SELECT {COLUMNS} FROM replays WHERE id < $1 AND {condition} ORDER BY id DESC");
        Lane::new(Walk::Ids, sql)
    };
    if let Some(integration) = query.integration {
        return vec![lane("integration = $2").with(Db(integration))];
    }
    query.scopes.iter().map(|scope| lane("scope = $2").with(Db(*scope))).collect()
}

/// One replay.
pub(super) async fn replay(client: &Object, id: ReplayId) -> Result<Option<ReplayRow>, Failure> {
    Ok(select(client, "WHERE id = $1", &[&Db(id)]).await?.pop())
}

/// Replays whose sending is not over, the oldest first.
pub(super) async fn unfinished(client: &Object) -> Result<Vec<ReplayRow>, Failure> {
    select(client, "WHERE sending = 0 ORDER BY id", &[]).await
}

async fn select(client: &Object, rest: &str, params: &[Param<'_>]) -> Result<Vec<ReplayRow>, Failure> {
    let sql = client.prepare_cached(&format!("SELECT {COLUMNS} FROM replays {rest}")).await?;
    client.query(&sql, params).await?.iter().map(row).collect()
}

/// The events whose deliveries for this integration all ended badly, the oldest first.
pub(super) async fn undelivered(client: &Object, query: &UndeliveredQuery) -> Result<Vec<EventId>, Failure> {
    let sql = client.prepare_cached(UNDELIVERED).await?;
    let since = query.since.map_or(Uuid::nil(), |since| Uuid::from_bytes(first_id(since)));
    let found = client
        .query(
            &sql,
            &[
                &Db(query.integration),
                &since,
                &Uuid::from_bytes(first_id(query.until)),
                &[Db(Verdict::Failed), Db(Verdict::Dropped)].as_slice(),
                &[Db(Verdict::Delivered), Db(Verdict::Waiting)].as_slice(),
                &(query.most as i64),
            ],
        )
        .await?;
    found.iter().map(|row| get(row, 0)).collect()
}

/// Those of these events of which this integration has no delivery.
pub(super) async fn unmatched(
    client: &Object,
    integration: IntegrationId,
    events: &[EventId],
) -> Result<Vec<EventId>, Failure> {
    let sql = "SELECT DISTINCT event FROM deliveries WHERE event = ANY($1) AND integration = $2";
    let sql = client.prepare_cached(sql).await?;
    let found = client.query(&sql, &[&column(events, |id| Db(*id)), &Db(integration)]).await?;
    let matched: HashSet<EventId> = found.iter().map(|row| get(row, 0)).collect::<Result<_, _>>()?;
    Ok(events.iter().filter(|event| !matched.contains(event)).copied().collect())
}

/// The columns of a replay, in the order in which [`row`] reads them.
const COLUMNS: &str = "id, integration, scope, by, by_name, plan, sending, reason, total, sent, succeeded, failed, \
    skipped, ended_at, changed_at";

fn row(row: &Row) -> Result<ReplayRow, Failure> {
    let plan = serde_json::from_str(raw(row, 5)?)
        .map_err(|error| damaged(format_args!("the plan of a replay is not what it should be: {error}")))?;
    Ok(ReplayRow {
        id: get(row, 0)?,
        integration: get(row, 1)?,
        scope: get(row, 2)?,
        by: get(row, 3)?,
        by_name: get(row, 4)?,
        plan,
        sending: get(row, 6)?,
        reason: get_option(row, 7)?,
        progress: Progress {
            total: count(row, 8)?,
            sent: count(row, 9)?,
            succeeded: count(row, 10)?,
            failed: count(row, 11)?,
            skipped: count(row, 12)?,
        },
        ended_at: get_option(row, 13)?,
        changed_at: get(row, 14)?,
    })
}

const INSERT: &str = "\
    INSERT INTO replays (id, integration, scope, by, by_name, plan, sending, reason, total, sent, succeeded, failed, \
    skipped, ended_at, changed_at) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) ON CONFLICT DO NOTHING";

const GO_ON: &str = "\
    UPDATE replays SET skipped = greatest(skipped, $2), reason = CASE WHEN sending = 0 THEN $4 ELSE reason END, \
    ended_at = CASE WHEN sending = 0 THEN $5 ELSE ended_at END, \
    sending = CASE WHEN sending = 0 THEN $3 ELSE sending END, changed_at = greatest(changed_at, $6) WHERE id = $1";

const TESTED: &str = "\
    UPDATE replays SET sent = greatest(sent, $2::bigint + $3::bigint), succeeded = greatest(succeeded, $2), \
    failed = greatest(failed, $3) WHERE id = $1";

const UNDELIVERED: &str = "\
    SELECT DISTINCT d.event FROM deliveries d \
    WHERE d.integration = $1 AND d.verdict = ANY($4) AND d.event >= $2 AND d.event < $3 \
    AND NOT EXISTS (SELECT 1 FROM deliveries o WHERE o.event = d.event AND o.integration = d.integration \
    AND o.verdict = ANY($5)) ORDER BY d.event LIMIT $6";
