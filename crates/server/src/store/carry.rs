//! All that one engine holds, carried into another: row by row, with nothing counted anew.

use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::StoreError;
use super::postgres::Postgres;
use super::sqlite::Sqlite;

/// What may stand in a column. SQLite says so by a value's type, PostgreSQL by the column's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// An id of 16 bytes.
    Id,
    /// Other bytes.
    Bytes,
    /// A number of eight bytes.
    Long,
    /// A number of four bytes.
    Int,
    /// A number of two bytes.
    Short,
    /// Yes or no.
    Flag,
    /// Text from outside, in which any character may stand.
    Text,
    /// Text of ours: a word, or JSON.
    Word,
}

/// A table that both engines have, by the same names.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) name: &'static str,
    pub(super) columns: &'static [(&'static str, Shape)],
}

impl Table {
    /// Whether its rows are numbered in the order in which they came.
    pub(super) fn is_numbered(&self) -> bool {
        self.columns[0].0 == "seq"
    }
}

/// A value of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Cell {
    /// None.
    Null,
    /// A number, or yes or no.
    Number(i64),
    /// An id, or other bytes.
    Bytes(Vec<u8>),
    /// Text from outside.
    Text(String),
    /// Text of ours.
    Word(String),
}

/// The values of a row, as the table's columns are named.
pub(super) type Row = Vec<Cell>;

/// The rows of a table, as they are read.
pub(super) struct Rows {
    batches: mpsc::Receiver<Vec<Row>>,
    reading: JoinHandle<Result<(), StoreError>>,
}

impl Rows {
    /// What arrives here, and the task that reads it.
    pub(super) fn new(
        batches: mpsc::Receiver<Vec<Row>>,
        reading: JoinHandle<Result<(), StoreError>>,
    ) -> Self {
        Self { batches, reading }
    }

    /// The next of them, some at a time; none at the end.
    pub(super) async fn next(&mut self) -> Option<Vec<Row>> {
        self.batches.recv().await
    }

    /// Whether all of them came: reading may have broken off.
    pub(super) async fn all_read(self) -> Result<(), StoreError> {
        let broke = |error| StoreError::Unavailable(format!("reading broke off: {error}"));
        self.reading.await.map_err(broke)?
    }
}

/// How many rows of a table were carried, by its name.
pub type Carried = Vec<(&'static str, u64)>;

/// Fills an empty database with all that the file holds, in one transaction; `None` when the database holds something
/// already. For a file to which nobody writes meanwhile.
pub async fn carry(from: &Sqlite, to: &Postgres) -> Result<Option<Carried>, StoreError> {
    to.fill(|table| from.rows(table)).await
}

macro_rules! tables {
    ($($table:ident { $($column:ident: $shape:ident),* })*) => {
        /// Every table of the store.
        pub(super) static TABLES: &[Table] = &[$(Table {
            name: stringify!($table),
            columns: &[$((stringify!($column), Shape::$shape)),*],
        }),*];
    };
}

tables! {
    documents { kind: Word, key: Text, unique_key: Text, body: Bytes }
    revisions { integration: Bytes, revision: Long, saved_at: Long, saved_by: Bytes, body: Bytes }
    events {
        seq: Long, id: Id, published_at: Long, taken: Flag, publisher: Short, device: Bytes, owner: Bytes, product: Long,
        product_version: Long, ttl: Long, private: Flag, source: Short, idempotency_key: Text, name: Text, data: Text
    }
    event_keys { key: Text, publisher: Bytes, owner: Bytes, product: Long, event: Id, at: Long }
    heard { device: Bytes, at: Long }
    deliveries {
        id: Id, event: Id, event_name: Text, integration: Bytes, scope: Bytes, device: Bytes, verdict: Short,
        attempts: Long, refused: Flag, matched_at: Long, changed_at: Long, next_at: Long, reason: Text, replay: Id
    }
    early_ends { delivery: Id, integration: Bytes, verdict: Short, reason: Text, at: Long }
    attempts {
        seq: Long, id: Id, delivery: Id, event: Id, integration: Bytes, scope: Bytes, device: Bytes, revision: Long,
        number: Long, trigger: Word, started_at: Long, duration_ms: Long, outcome: Short, code: Word, status: Int,
        message: Text, origin: Text, detail: Bytes
    }
    day_counts { integration: Bytes, day: Int, success: Long, error: Long, skipped: Long, matched: Long }
    books {
        integration: Bytes, scope: Bytes, matched: Long, delivered: Long, failed: Long, dropped: Long, waiting: Long,
        success_at: Long, error_at: Long, skipped_at: Long
    }
    usage { scope: Bytes, day: Int, device: Bytes, integration: Bytes, publishes: Long, received: Long }
    issues {
        seq: Long, id: Bytes, integration: Bytes, scope: Bytes, state: Short, first_seen: Long, last_seen: Long,
        first: Id, latest: Id, last_good: Id, body: Word
    }
    replays {
        id: Id, integration: Bytes, scope: Bytes, by: Bytes, by_name: Text, plan: Word, sending: Short, reason: Text,
        total: Long, sent: Long, succeeded: Long, failed: Long, skipped: Long, ended_at: Long, changed_at: Long
    }
}
