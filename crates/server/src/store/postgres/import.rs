//! Rows of another engine, copied into empty tables.

use std::pin::pin;

use bytes::BytesMut;
use deadpool_postgres::{Object, Transaction};
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};
use tracing::info;

use super::codec::{Db, Unreadable, raw};
use super::failure::Failure;
use super::record::{ATTEMPT_BYTES, EVENT_BYTES};
use super::schema::lock;
use crate::store::carry::{Carried, Cell, Row, Rows, Shape, TABLES, Table};

/// Fills the tables, all or none of them; `None` when one is not empty.
pub(super) async fn fill(
    client: &mut Object,
    rows: impl Fn(&'static Table) -> Rows,
) -> Result<Option<Carried>, Failure> {
    let transaction = client.transaction().await?;
    let endless = "SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0; \
        SET LOCAL idle_in_transaction_session_timeout = 0";
    transaction.batch_execute(endless).await?;
    lock(&transaction).await?;
    for table in TABLES {
        let sql = format!("SELECT EXISTS (SELECT 1 FROM {})", table.name);
        if raw(&transaction.query_one(&sql, &[]).await?, 0)? {
            return Ok(None);
        }
    }
    let mut filled = Vec::with_capacity(TABLES.len());
    for table in TABLES {
        let rows = copy(&transaction, table, rows(table)).await?;
        info!(table = table.name, rows, "carried over");
        filled.push((table.name, rows));
    }
    transaction.batch_execute("ANALYZE").await?;
    transaction.commit().await?;
    Ok(Some(filled))
}

async fn copy(transaction: &Transaction<'_>, table: &Table, mut rows: Rows) -> Result<u64, Failure> {
    let fixed = fixed_bytes(table);
    let mut names: Vec<_> = table.columns.iter().map(|(name, _)| *name).collect();
    let mut types: Vec<_> = table.columns.iter().map(|(_, shape)| type_of(*shape)).collect();
    if fixed.is_some() {
        names.push("bytes");
        types.push(Type::INT8);
    }
    let sql = format!("COPY {} ({}) FROM STDIN BINARY", table.name, names.join(", "));
    let mut writer = pin!(BinaryCopyInWriter::new(transaction.copy_in(&sql).await?, &types));
    while let Some(batch) = rows.next().await {
        for mut row in batch {
            row.extend(fixed.map(|fixed| Cell::Number(weight(fixed, &row))));
            writer.as_mut().write_raw(&row).await?;
        }
    }
    rows.all_read().await?;
    let copied = writer.finish().await?;
    if table.is_numbered() {
        let sql = format!(
            "SELECT setval(pg_get_serial_sequence('{0}', 'seq'), max(seq)) FROM {0} HAVING max(seq) IS NOT NULL",
            table.name
        );
        transaction.query(&sql, &[]).await?;
    }
    Ok(copied)
}

/// What a row takes besides its text, where that is kept.
fn fixed_bytes(table: &Table) -> Option<usize> {
    match table.name {
        "events" => Some(EVENT_BYTES),
        "attempts" => Some(ATTEMPT_BYTES),
        _ => None,
    }
}

fn weight(fixed: usize, row: &Row) -> i64 {
    let texts = row.iter().map(|cell| match cell {
        Cell::Text(text) => text.len(),
        // Ids are in the fixed part.
        Cell::Bytes(bytes) if bytes.len() > 16 => bytes.len(),
        _ => 0,
    });
    (fixed + texts.sum::<usize>()) as i64
}

fn type_of(shape: Shape) -> Type {
    match shape {
        Shape::Id => Type::UUID,
        Shape::Bytes => Type::BYTEA,
        Shape::Long => Type::INT8,
        Shape::Int => Type::INT4,
        Shape::Short => Type::INT2,
        Shape::Flag => Type::BOOL,
        Shape::Text | Shape::Word => Type::TEXT,
    }
}

impl ToSql for Cell {
    fn to_sql(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, Unreadable> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Number(number) => match *kind {
                Type::INT2 => i16::try_from(*number)?.to_sql(kind, out),
                Type::INT4 => i32::try_from(*number)?.to_sql(kind, out),
                Type::BOOL => (*number != 0).to_sql(kind, out),
                _ => number.to_sql(kind, out),
            },
            Self::Bytes(bytes) if *kind == Type::UUID => uuid::Uuid::from_slice(bytes)?.to_sql(kind, out),
            Self::Bytes(bytes) => bytes.to_sql(kind, out),
            Self::Text(text) => Db(&**text).to_sql(kind, out),
            Self::Word(text) => text.to_sql(kind, out),
        }
    }

    fn accepts(kind: &Type) -> bool {
        [Type::INT2, Type::INT4, Type::INT8, Type::BOOL, Type::UUID, Type::BYTEA, Type::TEXT].contains(kind)
    }

    to_sql_checked!();
}
