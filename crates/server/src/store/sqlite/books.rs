//! What is counted: attempts by day, deliveries by what became of them, operations.

use fieldhook_core::access::Scope;
use fieldhook_core::id::{DeviceId, IntegrationId};
use fieldhook_core::time::Day;
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::codec::{Db, get, get_count};
use super::schema::failed;
use crate::store::sums::Sums;
use crate::store::{BookRow, DayCount, StoreError, UsageBy, UsageQuery, UsageRow};

/// Day counts of these integrations, the oldest day first.
pub(super) fn day_counts(
    connection: &Connection,
    integrations: &[IntegrationId],
    since: Day,
) -> Result<Vec<DayCount>, StoreError> {
    let mut statement = connection
        .prepare_cached(
            "SELECT day, success, error, skipped FROM day_counts WHERE integration = ?1 AND day >= ?2 \
             AND success + error + skipped > 0",
        )
        .map_err(failed)?;
    let mut counts = Vec::new();
    for &integration in integrations {
        let found = statement
            .query_map(params![Db(integration), Db(since)], |row| {
                Ok(DayCount {
                    integration,
                    day: get(row, 0)?,
                    success: get_count(row, 1)?,
                    error: get_count(row, 2)?,
                    skipped: get_count(row, 3)?,
                })
            })
            .map_err(failed)?;
        for count in found {
            counts.push(count.map_err(failed)?);
        }
    }
    counts.sort_by_key(|count| (count.day, count.integration));
    Ok(counts)
}

/// The books of those of these integrations that have any.
pub(super) fn books(
    connection: &Connection,
    integrations: &[IntegrationId],
) -> Result<Vec<(IntegrationId, BookRow)>, StoreError> {
    let mut statement = connection
        .prepare_cached(
            "SELECT matched, delivered, failed, dropped, waiting FROM books WHERE integration = ?1",
        )
        .map_err(failed)?;
    let mut books = Vec::new();
    for &integration in integrations {
        let found = statement.query_row([Db(integration)], book).optional().map_err(failed)?;
        books.extend(found.map(|book| (integration, book)));
    }
    Ok(books)
}

fn book(row: &Row<'_>) -> rusqlite::Result<BookRow> {
    Ok(BookRow {
        matched: get_count(row, 0)?,
        delivered: get_count(row, 1)?,
        failed: get_count(row, 2)?,
        dropped: get_count(row, 3)?,
        waiting: get_count(row, 4)?,
    })
}

/// Sums of operations.
pub(super) fn usage(connection: &Connection, query: &UsageQuery) -> Result<Vec<UsageRow>, StoreError> {
    let mut sums = Sums::default();
    for &scope in &query.scopes {
        add_used(&mut sums, connection, query, scope).map_err(failed)?;
        if query.by == UsageBy::Integration {
            add_triggers(&mut sums, connection, query, scope).map_err(failed)?;
        }
    }
    Ok(sums.into_rows(query.by))
}

fn add_used(
    sums: &mut Sums,
    connection: &Connection,
    query: &UsageQuery,
    scope: Scope,
) -> rusqlite::Result<()> {
    let sql = match query.by {
        UsageBy::Integration => {
            "SELECT SUM(publishes), SUM(received), integration FROM usage \
             WHERE scope = ?1 AND day BETWEEN ?2 AND ?3 GROUP BY integration"
        }
        UsageBy::Device => {
            "SELECT SUM(publishes), SUM(received), device FROM usage \
             WHERE scope = ?1 AND day BETWEEN ?2 AND ?3 GROUP BY device"
        }
        UsageBy::Product | UsageBy::Day => {
            "SELECT SUM(publishes), SUM(received), day FROM usage \
             WHERE scope = ?1 AND day BETWEEN ?2 AND ?3 GROUP BY day"
        }
    };
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params![Db(scope), Db(query.since), Db(query.until)])?;
    while let Some(row) = rows.next()? {
        let sum = sums.of(key(row, query.by, scope)?);
        sum.publishes += get_count(row, 0)?;
        sum.received += get_count(row, 1)?;
    }
    Ok(())
}

fn add_triggers(
    sums: &mut Sums,
    connection: &Connection,
    query: &UsageQuery,
    scope: Scope,
) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(
        "SELECT SUM(d.matched), b.integration FROM books b \
         CROSS JOIN day_counts d ON d.integration = b.integration AND d.day BETWEEN ?2 AND ?3 \
         WHERE b.scope = ?1 GROUP BY b.integration HAVING SUM(d.matched) > 0",
    )?;
    let mut rows = statement.query(params![Db(scope), Db(query.since), Db(query.until)])?;
    while let Some(row) = rows.next()? {
        let integration: IntegrationId = get(row, 1)?;
        sums.of(integration.to_string()).triggers += get_count(row, 0)?;
    }
    Ok(())
}

fn key(row: &Row<'_>, by: UsageBy, scope: Scope) -> rusqlite::Result<String> {
    let none =
        |row: &Row<'_>| Ok::<_, rusqlite::Error>(row.get_ref(2)?.as_blob().is_ok_and(<[u8]>::is_empty));
    match (by, scope) {
        (UsageBy::Product, Scope::Product(id)) => Ok(id.to_string()),
        (UsageBy::Product, _) => Ok(String::new()),
        (UsageBy::Day, _) => get::<Day>(row, 2).map(|day| day.to_string()),
        _ if none(row)? => Ok(String::new()),
        (UsageBy::Integration, _) => get::<IntegrationId>(row, 2).map(|id| id.to_string()),
        (UsageBy::Device, _) => get::<DeviceId>(row, 2).map(|id| id.to_string()),
    }
}
