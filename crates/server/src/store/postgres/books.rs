//! What is counted: attempts by day, deliveries by what became of them, operations.

use deadpool_postgres::Object;
use fieldhook_core::access::Scope;
use fieldhook_core::id::{DeviceId, IntegrationId};
use fieldhook_core::time::Day;
use tokio_postgres::Row;

use super::codec::{Db, column, count, get, raw};
use super::failure::Failure;
use crate::store::sums::Sums;
use crate::store::{BookRow, DayCount, UsageBy, UsageQuery, UsageRow};

/// Day counts of these integrations, the oldest day first.
pub(super) async fn day_counts(
    client: &Object,
    integrations: &[IntegrationId],
    since: Day,
) -> Result<Vec<DayCount>, Failure> {
    let sql = "SELECT integration, day, success, error, skipped FROM day_counts WHERE integration = ANY($1) \
        AND day >= $2 AND success + error + skipped > 0 ORDER BY day, integration";
    let sql = client.prepare_cached(sql).await?;
    let found = client.query(&sql, &[&column(integrations, |id| Db(*id)), &Db(since)]).await?;
    let day_count = |row: &Row| {
        Ok(DayCount {
            integration: get(row, 0)?,
            day: get(row, 1)?,
            success: count(row, 2)?,
            error: count(row, 3)?,
            skipped: count(row, 4)?,
        })
    };
    found.iter().map(day_count).collect()
}

/// The books of those of these integrations that have any.
pub(super) async fn books(
    client: &Object,
    integrations: &[IntegrationId],
) -> Result<Vec<(IntegrationId, BookRow)>, Failure> {
    let sql = "SELECT b.integration, b.matched, b.delivered, b.failed, b.dropped, b.waiting \
        FROM unnest($1::bytea[]) WITH ORDINALITY asked (integration, place) \
        JOIN books b ON b.integration = asked.integration ORDER BY asked.place";
    let sql = client.prepare_cached(sql).await?;
    let found = client.query(&sql, &[&column(integrations, |id| Db(*id))]).await?;
    found.iter().map(|row| Ok((get(row, 0)?, book(row)?))).collect()
}

fn book(row: &Row) -> Result<BookRow, Failure> {
    Ok(BookRow {
        matched: count(row, 1)?,
        delivered: count(row, 2)?,
        failed: count(row, 3)?,
        dropped: count(row, 4)?,
        waiting: count(row, 5)?,
    })
}

/// Sums of operations.
pub(super) async fn usage(client: &Object, query: &UsageQuery) -> Result<Vec<UsageRow>, Failure> {
    let mut sums = Sums::default();
    for &scope in &query.scopes {
        add_used(&mut sums, client, query, scope).await?;
        if query.by == UsageBy::Integration {
            add_triggers(&mut sums, client, query, scope).await?;
        }
    }
    Ok(sums.into_rows(query.by))
}

async fn add_used(sums: &mut Sums, client: &Object, query: &UsageQuery, scope: Scope) -> Result<(), Failure> {
    let by = match query.by {
        UsageBy::Integration => "integration",
        UsageBy::Device => "device",
        UsageBy::Product | UsageBy::Day => "day",
    };
    let sql = format!(
        "SELECT sum(publishes)::bigint, sum(received)::bigint, {by} FROM usage \
         WHERE scope = $1 AND day BETWEEN $2 AND $3 GROUP BY {by}"
    );
    let sql = client.prepare_cached(&sql).await?;
    for row in &client.query(&sql, &[&Db(scope), &Db(query.since), &Db(query.until)]).await? {
        let sum = sums.of(key(row, query.by, scope)?);
        sum.publishes += count::<u64>(row, 0)?;
        sum.received += count::<u64>(row, 1)?;
    }
    Ok(())
}

async fn add_triggers(
    sums: &mut Sums,
    client: &Object,
    query: &UsageQuery,
    scope: Scope,
) -> Result<(), Failure> {
    let sql = "SELECT sum(d.matched)::bigint, b.integration FROM books b \
        JOIN day_counts d ON d.integration = b.integration AND d.day BETWEEN $2 AND $3 \
        WHERE b.scope = $1 GROUP BY b.integration HAVING sum(d.matched) > 0";
    let sql = client.prepare_cached(sql).await?;
    for row in &client.query(&sql, &[&Db(scope), &Db(query.since), &Db(query.until)]).await? {
        let integration: IntegrationId = get(row, 1)?;
        sums.of(integration.to_string()).triggers += count::<u64>(row, 0)?;
    }
    Ok(())
}

fn key(row: &Row, by: UsageBy, scope: Scope) -> Result<String, Failure> {
    match (by, scope) {
        (UsageBy::Product, Scope::Product(id)) => Ok(id.to_string()),
        (UsageBy::Product, _) => Ok(String::new()),
        (UsageBy::Day, _) => get::<Day>(row, 2).map(|day| day.to_string()),
        _ if raw::<&[u8]>(row, 2)?.is_empty() => Ok(String::new()),
        (UsageBy::Integration, _) => get::<IntegrationId>(row, 2).map(|id| id.to_string()),
        (UsageBy::Device, _) => get::<DeviceId>(row, 2).map(|id| id.to_string()),
    }
}
