//! Adds what a batch has summed to the tables.

use rusqlite::{Connection, Result, ToSql, params};

use super::codec::Db;
use crate::store::numbers::or_never;
use crate::store::tally::{BookDelta, DayDelta, Operations, ReplayDelta, Tally};

/// Adds it all to the tables.
pub(super) fn write(tally: Tally, connection: &Connection) -> Result<()> {
    let mut days = connection.prepare_cached(UPSERT_DAY)?;
    for ((integration, day), delta) in tally.days {
        let DayDelta { success, error, skipped, matched } = delta;
        days.execute(params![Db(integration), Db(day), success, error, skipped, matched])?;
    }
    let mut books = connection.prepare_cached(UPSERT_BOOK)?;
    for (integration, delta) in tally.books {
        let BookDelta { scope, matched, delivered, failed, dropped, waiting, last } = delta;
        books.execute(params![
            Db(integration),
            Db(scope),
            matched,
            delivered,
            failed,
            dropped,
            waiting,
            or_never(last.success),
            or_never(last.error),
            or_never(last.skipped),
        ])?;
    }
    let mut usage = connection.prepare_cached(UPSERT_USAGE)?;
    for ((scope, day, device, integration), operations) in tally.usage {
        let Operations { publishes, received } = operations;
        let (device, integration) = (device.map(Db), integration.map(Db));
        let (device, integration) = (or_empty(device.as_ref()), or_empty(integration.as_ref()));
        usage.execute(params![Db(scope), Db(day), device, integration, publishes, received])?;
    }
    let mut replays = connection.prepare_cached(UPDATE_REPLAY)?;
    for (replay, delta) in tally.replays {
        let ReplayDelta { sent, succeeded, failed, at } = delta;
        replays.execute(params![Db(replay), sent, succeeded, failed, Db(at)])?;
    }
    Ok(())
}

/// The id, or no bytes at all: a key has no room for NULL.
fn or_empty<T: ToSql>(id: Option<&T>) -> &dyn ToSql {
    const NONE: &[u8; 0] = &[];
    id.map_or(&NONE as &dyn ToSql, |id| id)
}

const UPSERT_BOOK: &str = "\
    INSERT INTO books (integration, scope, matched, delivered, failed, dropped, waiting, success_at, error_at, \
    skipped_at) \
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) \
    ON CONFLICT DO UPDATE SET matched = matched + excluded.matched, \
    delivered = delivered + excluded.delivered, failed = failed + excluded.failed, \
    dropped = dropped + excluded.dropped, waiting = waiting + excluded.waiting, \
    success_at = MAX(success_at, excluded.success_at), error_at = MAX(error_at, excluded.error_at), \
    skipped_at = MAX(skipped_at, excluded.skipped_at)";

const UPDATE_REPLAY: &str = "\
    UPDATE replays SET sent = sent + ?2, succeeded = succeeded + ?3, failed = failed + ?4, \
    changed_at = MAX(changed_at, ?5) WHERE id = ?1";

const UPSERT_DAY: &str = "\
    INSERT INTO day_counts (integration, day, success, error, skipped, matched) \
    VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO UPDATE SET success = success + excluded.success, \
    error = error + excluded.error, skipped = skipped + excluded.skipped, \
    matched = matched + excluded.matched";

const UPSERT_USAGE: &str = "\
    INSERT INTO usage (scope, day, device, integration, publishes, received) \
    VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO UPDATE SET publishes = publishes + excluded.publishes, \
    received = received + excluded.received";
