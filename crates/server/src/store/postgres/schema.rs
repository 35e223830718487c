//! The tables: how they are brought up to date.

use deadpool_postgres::{Object, Transaction};

use super::codec::raw;
use super::failure::Failure;
use crate::store::StoreError;

/// What brings a database from each version to the next. Applied ones are never edited.
const MIGRATIONS: [&str; 1] = [include_str!("../migrations/postgres/0001_first.sql")];

/// The advisory lock under which one node at a time does so.
const MIGRATING: i64 = 0x4669_656c_6468_6f6f;

/// Brings the tables up to date, or makes them. Nodes that start at once wait for the first.
pub(super) async fn migrate(client: &mut Object) -> Result<(), Failure> {
    let encoding: String = raw(&client.query_one("SHOW server_encoding", &[]).await?, 0)?;
    if encoding != "UTF8" {
        let why = format!("its encoding is {encoding}; create the database with ENCODING 'UTF8'");
        return Err(StoreError::Damaged(why).into());
    }
    let transaction = client.transaction().await?;
    transaction.batch_execute("SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0").await?;
    lock(&transaction).await?;
    let there = transaction.query_one("SELECT to_regclass('fieldhook') IS NOT NULL", &[]).await?;
    if !raw::<bool>(&there, 0)? {
        transaction.batch_execute("CREATE TABLE fieldhook (version integer NOT NULL)").await?;
    }
    let version = transaction.query_opt("SELECT version FROM fieldhook", &[]).await?;
    let version: i32 = version.map_or(Ok(0), |row| raw(&row, 0))?;
    let (done, known) = (usize::try_from(version).unwrap_or(usize::MAX), MIGRATIONS.len());
    if done > known {
        let why = format!(
            "its format is number {version} and this program knows up to {known}: run the newer version that wrote \
             it, or restore a backup from before"
        );
        return Err(StoreError::Damaged(why).into());
    }
    for migration in &MIGRATIONS[done..] {
        transaction.batch_execute(migration).await?;
    }
    if done < known {
        transaction.batch_execute("DELETE FROM fieldhook").await?;
        transaction.execute("INSERT INTO fieldhook (version) VALUES ($1)", &[&(known as i32)]).await?;
    }
    Ok(transaction.commit().await?)
}

/// Keeps other nodes from changing the tables until the transaction is over.
pub(super) async fn lock(transaction: &Transaction<'_>) -> Result<(), Failure> {
    transaction.execute("SELECT pg_advisory_xact_lock($1)", &[&MIGRATING]).await?;
    Ok(())
}

/// Bytes that the tables and their indexes take.
pub(super) async fn size(client: &Object) -> Result<u64, Failure> {
    let sql = "SELECT coalesce(sum(pg_total_relation_size(oid)), 0)::bigint FROM pg_class \
        WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r'";
    super::codec::count(&client.query_one(sql, &[]).await?, 0)
}
