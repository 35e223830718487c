//! The directory: small documents and the revisions of integrations.

use deadpool_postgres::{Object, Transaction};
use fieldhook_core::id::IntegrationId;
use tokio_postgres::Row;

use super::codec::{Db, count, get, get_option, raw};
use super::failure::Failure;
use super::listen::{CHANNEL, MOST_TOLD, payload};
use crate::store::{Change, Document, Kind, Revision, StoreError};

/// Every document of the kind.
pub(super) async fn documents(client: &Object, kind: Kind) -> Result<Vec<Document>, Failure> {
    let sql = client.prepare_cached("SELECT key, unique_key, body FROM documents WHERE kind = $1").await?;
    let found = client.query(&sql, &[&kind.as_str()]).await?;
    found.iter().map(|row| document_row(kind, row)).collect()
}

/// The document of this kind and key.
pub(super) async fn document(client: &Object, kind: Kind, key: &str) -> Result<Option<Document>, Failure> {
    let sql = "SELECT key, unique_key, body FROM documents WHERE kind = $1 AND key = $2";
    let sql = client.prepare_cached(sql).await?;
    let found = client.query_opt(&sql, &[&kind.as_str(), &Db(key)]).await?;
    found.map(|row| document_row(kind, &row)).transpose()
}

fn document_row(kind: Kind, row: &Row) -> Result<Document, Failure> {
    Ok(Document { kind, key: get(row, 0)?, unique: get_option(row, 1)?, body: raw(row, 2)? })
}

/// Does all changes or none, and tells the other nodes.
pub(super) async fn change(client: &mut Object, node: &str, changes: &[Change]) -> Result<(), Failure> {
    let transaction = client.transaction().await?;
    for change in changes {
        match change {
            Change::Put(document) => drop(insert(&transaction, document, REPLACE).await?),
            Change::Add(document) => {
                if !insert(&transaction, document, "DO NOTHING").await? {
                    return Err(StoreError::Taken(document.kind, document.key.clone()).into());
                }
            }
            Change::Remove(kind, key) => {
                let sql = "DELETE FROM documents WHERE kind = $1 AND key = $2";
                let sql = transaction.prepare_cached(sql).await?;
                transaction.execute(&sql, &[&kind.as_str(), &Db(&**key)]).await?;
            }
            Change::AddRevision(revision) => add_revision(&transaction, revision).await?,
        }
    }
    tell(&transaction, node, changes).await?;
    Ok(transaction.commit().await?)
}

async fn tell(transaction: &Transaction<'_>, node: &str, changes: &[Change]) -> Result<(), Failure> {
    let changed = changes.iter().filter_map(|change| match change {
        Change::Put(document) | Change::Add(document) => Some((document.kind, &*document.key)),
        Change::Remove(kind, key) => Some((*kind, &**key)),
        Change::AddRevision(_) => None,
    });
    let mut told: Vec<String> = changed.map(|document| payload(node, Some(document))).collect();
    if told.len() > MOST_TOLD {
        told = vec![payload(node, None)];
    }
    if !told.is_empty() {
        let sql = "SELECT pg_notify($1, told) FROM unnest($2::text[]) told";
        let sql = transaction.prepare_cached(sql).await?;
        transaction.execute(&sql, &[&CHANNEL, &told]).await?;
    }
    Ok(())
}

/// What becomes of a document that is put where there is one.
const REPLACE: &str = "DO UPDATE SET unique_key = excluded.unique_key, body = excluded.body";

/// Says whether the document was written.
async fn insert(
    transaction: &Transaction<'_>,
    document: &Document,
    when_there: &str,
) -> Result<bool, Failure> {
    let sql = format!(
        "INSERT INTO documents (kind, key, unique_key, body) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (kind, key) {when_there}"
    );
    let sql = transaction.prepare_cached(&sql).await?;
    let Document { kind, key, unique, body } = document;
    let unique = unique.as_deref();
    match transaction.execute(&sql, &[&kind.as_str(), &Db(&**key), &unique.map(Db), body]).await {
        Ok(written) => Ok(written == 1),
        Err(error) => match (Failure::from(error), unique) {
            (failure, Some(unique)) if failure.is_taken() => {
                Err(StoreError::Taken(*kind, unique.to_owned()).into())
            }
            (failure, _) => Err(failure),
        },
    }
}

/// Two people who save at once would give two revisions the same number; the second is told.
async fn add_revision(transaction: &Transaction<'_>, revision: &Revision) -> Result<(), Failure> {
    let Revision { integration, revision: number, saved_at, saved_by, body } = revision;
    let sql = "INSERT INTO revisions (integration, revision, saved_at, saved_by, body) VALUES ($1, $2, $3, $4, $5) \
        ON CONFLICT DO NOTHING";
    let sql = transaction.prepare_cached(sql).await?;
    let key = (Db(*integration), i64::from(*number));
    let added = transaction.execute(&sql, &[&key.0, &key.1, &Db(*saved_at), &saved_by.map(Db), body]).await?;
    if added == 1 {
        return Ok(());
    }
    let sql = format!("{SELECT_REVISIONS} AND revision = $2");
    let sql = transaction.prepare_cached(&sql).await?;
    let found = transaction.query_opt(&sql, &[&key.0, &key.1]).await?;
    let same = match found {
        Some(row) => revision_row(*integration, &row)? == *revision,
        None => false,
    };
    if same {
        Ok(())
    } else {
        Err(StoreError::Taken(Kind::Integration, format!("{integration} at revision {number}")).into())
    }
}

/// The revisions of an integration, newest first.
pub(super) async fn revisions(client: &Object, integration: IntegrationId) -> Result<Vec<Revision>, Failure> {
    let sql = client.prepare_cached(&format!("{SELECT_REVISIONS} ORDER BY revision DESC")).await?;
    let found = client.query(&sql, &[&Db(integration)]).await?;
    found.iter().map(|row| revision_row(integration, row)).collect()
}

const SELECT_REVISIONS: &str =
    "SELECT revision, saved_at, saved_by, body FROM revisions WHERE integration = $1";

fn revision_row(integration: IntegrationId, row: &Row) -> Result<Revision, Failure> {
    Ok(Revision {
        integration,
        revision: count(row, 0)?,
        saved_at: get(row, 1)?,
        saved_by: get_option(row, 2)?,
        body: raw(row, 3)?,
    })
}
