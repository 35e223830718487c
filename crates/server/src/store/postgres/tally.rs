//! Adds what a batch has summed to the tables.

use deadpool_postgres::Transaction;

use super::codec::{Db, column};
use super::failure::Failure;
use crate::store::numbers::or_never;
use crate::store::tally::Tally;

/// Adds it all to the tables.
pub(super) async fn write(tally: Tally, transaction: &Transaction<'_>) -> Result<(), Failure> {
    let days: Vec<_> = tally.days.into_iter().collect();
    if !days.is_empty() {
        let sql = transaction.prepare_cached(UPSERT_DAYS).await?;
        transaction
            .execute(
                &sql,
                &[
                    &column(&days, |((integration, _), _)| Db(*integration)),
                    &column(&days, |((_, day), _)| Db(*day)),
                    &column(&days, |(_, delta)| delta.success),
                    &column(&days, |(_, delta)| delta.error),
                    &column(&days, |(_, delta)| delta.skipped),
                    &column(&days, |(_, delta)| delta.matched),
                ],
            )
            .await?;
    }
    let books: Vec<_> = tally.books.into_iter().collect();
    if !books.is_empty() {
        let sql = transaction.prepare_cached(UPSERT_BOOKS).await?;
        transaction
            .execute(
                &sql,
                &[
                    &column(&books, |(integration, _)| Db(*integration)),
                    &column(&books, |(_, delta)| Db(delta.scope)),
                    &column(&books, |(_, delta)| delta.matched),
                    &column(&books, |(_, delta)| delta.delivered),
                    &column(&books, |(_, delta)| delta.failed),
                    &column(&books, |(_, delta)| delta.dropped),
                    &column(&books, |(_, delta)| delta.waiting),
                    &column(&books, |(_, delta)| or_never(delta.last.success)),
                    &column(&books, |(_, delta)| or_never(delta.last.error)),
                    &column(&books, |(_, delta)| or_never(delta.last.skipped)),
                ],
            )
            .await?;
    }
    let usage: Vec<_> = tally.usage.into_iter().collect();
    if !usage.is_empty() {
        let sql = transaction.prepare_cached(UPSERT_USAGE).await?;
        transaction
            .execute(
                &sql,
                &[
                    &column(&usage, |((scope, ..), _)| Db(*scope)),
                    &column(&usage, |((_, day, ..), _)| Db(*day)),
                    &column(&usage, |((_, _, device, _), _)| or_empty(device.map(|id| id.0))),
                    &column(&usage, |((.., integration), _)| or_empty(integration.map(|id| id.0))),
                    &column(&usage, |(_, operations)| operations.publishes),
                    &column(&usage, |(_, operations)| operations.received),
                ],
            )
            .await?;
    }
    let replays: Vec<_> = tally.replays.into_iter().collect();
    if !replays.is_empty() {
        let sql = transaction.prepare_cached(UPDATE_REPLAYS).await?;
        transaction
            .execute(
                &sql,
                &[
                    &column(&replays, |(replay, _)| Db(*replay)),
                    &column(&replays, |(_, delta)| delta.sent),
                    &column(&replays, |(_, delta)| delta.succeeded),
                    &column(&replays, |(_, delta)| delta.failed),
                    &column(&replays, |(_, delta)| Db(delta.at)),
                ],
            )
            .await?;
    }
    Ok(())
}

/// The id, or no bytes at all: a key has no room for NULL.
fn or_empty(id: Option<[u8; 12]>) -> Vec<u8> {
    id.map_or_else(Vec::new, |id| id.to_vec())
}

const UPSERT_DAYS: &str = "\
    INSERT INTO day_counts AS d (integration, day, success, error, skipped, matched) \
    SELECT * FROM unnest($1::bytea[], $2::integer[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[]) \
    ON CONFLICT (integration, day) DO UPDATE SET success = d.success + excluded.success, \
    error = d.error + excluded.error, skipped = d.skipped + excluded.skipped, \
    matched = d.matched + excluded.matched";

const UPSERT_BOOKS: &str = "\
    INSERT INTO books AS b (integration, scope, matched, delivered, failed, dropped, waiting, success_at, error_at, \
    skipped_at) \
    SELECT * FROM unnest($1::bytea[], $2::bytea[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], \
    $7::bigint[], $8::bigint[], $9::bigint[], $10::bigint[]) \
    ON CONFLICT (integration) DO UPDATE SET matched = b.matched + excluded.matched, \
    delivered = b.delivered + excluded.delivered, failed = b.failed + excluded.failed, \
    dropped = b.dropped + excluded.dropped, waiting = b.waiting + excluded.waiting, \
    success_at = greatest(b.success_at, excluded.success_at), error_at = greatest(b.error_at, excluded.error_at), \
    skipped_at = greatest(b.skipped_at, excluded.skipped_at)";

const UPSERT_USAGE: &str = "\
    INSERT INTO usage AS u (scope, day, device, integration, publishes, received) \
    SELECT * FROM unnest($1::bytea[], $2::integer[], $3::bytea[], $4::bytea[], $5::bigint[], $6::bigint[]) \
    ON CONFLICT (scope, day, device, integration) DO UPDATE SET publishes = u.publishes + excluded.publishes, \
    received = u.received + excluded.received";

const UPDATE_REPLAYS: &str = "\
    UPDATE replays r SET sent = r.sent + n.sent, succeeded = r.succeeded + n.succeeded, \
    failed = r.failed + n.failed, changed_at = greatest(r.changed_at, n.at) \
    FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[]) \
    n (id, sent, succeeded, failed, at) WHERE r.id = n.id";
