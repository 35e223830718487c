//! The file: how it is opened, brought up to date, and what its refusals mean.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};

use crate::store::{StoreError, damaged};

/// What brings a database from each version to the next. Applied ones are never edited.
const MIGRATIONS: [&str; 5] = [
    include_str!("../migrations/sqlite/0001_first.sql"),
    include_str!("../migrations/sqlite/0002_standing.sql"),
    include_str!("../migrations/sqlite/0003_issues.sql"),
    include_str!("../migrations/sqlite/0004_replays.sql"),
    include_str!("../migrations/sqlite/0005_heard.sql"),
];

/// How long to wait for another process's lock, a backup's for instance.
const BUSY: Duration = Duration::from_secs(5);

/// Opens the connection that writes, and brings the database up to date.
///
/// `synchronous=FULL`: what was recorded must survive a power cut, for the queue is told to forget it. The
/// file is not vacuumed: its free pages are used again, so it never grows past what it once had to hold.
/// The log is carried over into the file every 32 MB, because a page that changes in every batch is then
/// written there once and not a hundred times. Pages are twice the usual size, for an attempt is wide: that
/// saves a tenth of the time to record one. More than 12 MB of them in memory recorded no faster: rows arrive in
/// the order of time, so that the pages written next are the ones written last.
pub(super) fn open_writer(path: &Path) -> Result<Connection, StoreError> {
    let mut connection = Connection::open(path).map_err(failed)?;
    prepare(&connection)?;
    connection
        .execute_batch(
            "PRAGMA page_size = 8192;
             PRAGMA journal_mode = WAL;
             PRAGMA synchronous = FULL;
             PRAGMA wal_autocheckpoint = 4000;
             PRAGMA journal_size_limit = 67108864;
             PRAGMA cache_size = -12288;",
        )
        .map_err(failed)?;
    migrate(&mut connection)?;
    Ok(connection)
}

/// Opens a connection that only reads.
pub(super) fn open_reader(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(failed)?;
    prepare(&connection)?;
    connection.execute_batch("PRAGMA query_only = ON;").map_err(failed)?;
    Ok(connection)
}

fn prepare(connection: &Connection) -> Result<(), StoreError> {
    connection.busy_timeout(BUSY).map_err(failed)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(())
}

fn migrate(connection: &mut Connection) -> Result<(), StoreError> {
    let known = MIGRATIONS.len();
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
    let version: i64 = transaction.query_row("PRAGMA user_version", [], |row| row.get(0)).map_err(failed)?;
    let done = usize::try_from(version).unwrap_or(usize::MAX);
    if done > known {
        return Err(StoreError::Damaged(format!(
            "its format is number {version} and this program knows up to {known}: run the newer version \
             that wrote it, or restore a backup from before"
        )));
    }
    for migration in &MIGRATIONS[done..] {
        transaction.execute_batch(migration).map_err(failed)?;
    }
    transaction.pragma_update(None, "user_version", known as i64).map_err(failed)?;
    transaction.commit().map_err(failed)
}

/// What a failure of SQLite means to the caller.
pub(super) fn failed(error: rusqlite::Error) -> StoreError {
    match error.sqlite_error_code() {
        Some(
            ErrorCode::DiskFull
            | ErrorCode::SystemIoFailure
            | ErrorCode::CannotOpen
            | ErrorCode::ReadOnly
            | ErrorCode::PermissionDenied
            | ErrorCode::DatabaseBusy
            | ErrorCode::DatabaseLocked
            | ErrorCode::FileLockingProtocolFailed
            | ErrorCode::OutOfMemory
            | ErrorCode::OperationInterrupted,
        ) => StoreError::Unavailable(error.to_string()),
        _ => damaged(error),
    }
}

/// Bytes that the database takes on disk, its log included.
pub(super) fn bytes_on_disk(path: &Path) -> Result<u64, StoreError> {
    let mut bytes = 0;
    for suffix in ["", "-wal", "-shm"] {
        let mut file = path.as_os_str().to_owned();
        file.push(suffix);
        match std::fs::metadata(&file) {
            Ok(metadata) => bytes += metadata.len(),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(StoreError::Unavailable(error.to_string())),
        }
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_of_the_first_version_learns_how_its_integrations_stand() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("store.db");
        let old = Connection::open(&path).unwrap();
        old.execute_batch(MIGRATIONS[0]).unwrap();
        old.execute_batch(
            "PRAGMA user_version = 1;
             INSERT INTO books VALUES (x'01', x'0102', 3, 1, 2, 0, 0), (x'02', x'0102', 0, 0, 0, 0, 0);",
        )
        .unwrap();
        for (id, outcome, at, trigger) in
            [(1, 0, 50, "event"), (2, 1, 70, "event"), (3, 1, 60, "retry"), (4, 0, 90, "test")]
        {
            let values = format!("x'0{id}', x'01', x'01', x'01', x'0102', NULL, 1, 1, '{trigger}', {at}, 1");
            let rest = format!("{outcome}, NULL, NULL, NULL, NULL, x'01'");
            let columns = "id, delivery, event, integration, scope, device, revision, number, trigger, \
                started_at, duration_ms, outcome, code, status, message, origin, detail";
            old.execute_batch(&format!("INSERT INTO attempts ({columns}) VALUES ({values}, {rest});"))
                .unwrap();
        }
        drop(old);

        let migrated = open_writer(&path).unwrap();
        let moments = |integration: u8| {
            migrated
                .query_row(
                    "SELECT success_at, error_at, skipped_at FROM books WHERE integration = ?1",
                    [[integration]],
                    |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
                )
                .unwrap()
        };
        assert_eq!(moments(1), (50_i64, 70_i64, 0_i64));
        assert_eq!(moments(2), (0, 0, 0));
    }
}
