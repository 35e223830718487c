//! The directory: small documents and the revisions of integrations.

use fieldhook_core::id::IntegrationId;
use rusqlite::{Connection, ErrorCode, OptionalExtension as _, TransactionBehavior, params};

use super::codec::{Db, get, get_option};
use super::schema::failed;
use crate::store::{Change, Document, Kind, Revision, StoreError};

/// Every document of the kind.
pub(super) fn documents(connection: &Connection, kind: Kind) -> Result<Vec<Document>, StoreError> {
    let mut statement = connection
        .prepare_cached("SELECT key, unique_key, body FROM documents WHERE kind = ?1")
        .map_err(failed)?;
    let found = statement
        .query_map([kind.as_str()], |row| {
            Ok(Document { kind, key: row.get(0)?, unique: row.get(1)?, body: row.get(2)? })
        })
        .map_err(failed)?;
    found.collect::<Result<_, _>>().map_err(failed)
}

/// The document of this kind and key.
pub(super) fn document(
    connection: &Connection,
    kind: Kind,
    key: &str,
) -> Result<Option<Document>, StoreError> {
    let mut statement = connection
        .prepare_cached("SELECT key, unique_key, body FROM documents WHERE kind = ?1 AND key = ?2")
        .map_err(failed)?;
    let found = statement.query_row([kind.as_str(), key], |row| {
        Ok(Document { kind, key: row.get(0)?, unique: row.get(1)?, body: row.get(2)? })
    });
    found.optional().map_err(failed)
}

/// Does all changes or none.
pub(super) fn change(connection: &mut Connection, changes: &[Change]) -> Result<(), StoreError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
    for change in changes {
        match change {
            Change::Put(document) => drop(insert(&transaction, document, REPLACE)?),
            Change::Add(document) => {
                if !insert(&transaction, document, "DO NOTHING")? {
                    return Err(StoreError::Taken(document.kind, document.key.clone()));
                }
            }
            Change::Remove(kind, key) => remove(&transaction, *kind, key)?,
            Change::AddRevision(revision) => add_revision(&transaction, revision)?,
        }
    }
    transaction.commit().map_err(failed)
}

/// What becomes of a document that is put where there is one.
const REPLACE: &str = "DO UPDATE SET unique_key = excluded.unique_key, body = excluded.body";

/// Says whether the document was written.
fn insert(connection: &Connection, document: &Document, when_there: &str) -> Result<bool, StoreError> {
    let sql = format!(
        "INSERT INTO documents (kind, key, unique_key, body) VALUES (?1, ?2, ?3, ?4) \
         ON CONFLICT (kind, key) {when_there}"
    );
    let mut statement = connection.prepare_cached(&sql).map_err(failed)?;
    let Document { kind, key, unique, body } = document;
    match (statement.execute(params![kind.as_str(), key, unique, body]), unique) {
        (Ok(written), _) => Ok(written == 1),
        (Err(error), Some(unique)) if error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) => {
            Err(StoreError::Taken(*kind, unique.clone()))
        }
        (Err(error), _) => Err(failed(error)),
    }
}

fn remove(connection: &Connection, kind: Kind, key: &str) -> Result<(), StoreError> {
    connection
        .prepare_cached("DELETE FROM documents WHERE kind = ?1 AND key = ?2")
        .and_then(|mut statement| statement.execute([kind.as_str(), key]))
        .map_err(failed)?;
    Ok(())
}

/// Two people who save at once would give two revisions the same number; the second is told.
fn add_revision(connection: &Connection, revision: &Revision) -> Result<(), StoreError> {
    let Revision { integration, revision: number, saved_at, saved_by, body } = revision;
    let added = connection
        .prepare_cached(
            "INSERT INTO revisions (integration, revision, saved_at, saved_by, body) \
             VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING",
        )
        .and_then(|mut statement| {
            statement.execute(params![Db(*integration), number, Db(*saved_at), saved_by.map(Db), body])
        })
        .map_err(failed)?;
    if added == 1 || revisions(connection, *integration)?.contains(revision) {
        Ok(())
    } else {
        Err(StoreError::Taken(Kind::Integration, format!("{integration} at revision {number}")))
    }
}

/// The revisions of an integration, newest first.
pub(super) fn revisions(
    connection: &Connection,
    integration: IntegrationId,
) -> Result<Vec<Revision>, StoreError> {
    let mut statement = connection
        .prepare_cached(
            "SELECT revision, saved_at, saved_by, body FROM revisions WHERE integration = ?1 \
             ORDER BY revision DESC",
        )
        .map_err(failed)?;
    let found = statement
        .query_map([Db(integration)], |row| {
            Ok(Revision {
                integration,
                revision: row.get(0)?,
                saved_at: get(row, 1)?,
                saved_by: get_option(row, 2)?,
                body: row.get(3)?,
            })
        })
        .map_err(failed)?;
    found.collect::<Result<_, _>>().map_err(failed)
}
