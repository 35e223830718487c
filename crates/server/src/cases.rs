//! Cases that were handed out: each stays as it was when it was looked at, behind a link that ends.

use std::sync::Arc;
use std::time::Duration;

use fieldhook_core::access::Scope;
use fieldhook_core::hex::hex;
use fieldhook_core::id::IntegrationId;
use fieldhook_core::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use tokio::sync::Mutex;

use crate::clock::{Nature, random};
use crate::store::{Change, Document, Kind, Store, StoreError};

/// Most links of one integration that have not ended.
pub const MOST_LINKS: usize = 20;
/// Most bytes of a case that is handed out.
const MOST_BYTES: usize = 8 << 20;
/// How long a link that has ended still says so, instead of being unknown.
const REMEMBERED: Duration = Duration::from_hours(30 * 24);

/// A link to a case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// The integration the case is about.
    pub integration: IntegrationId,
    /// Who owns it.
    pub scope: Scope,
    /// The window's beginning.
    pub since: Timestamp,
    /// Its end.
    pub until: Timestamp,
    /// When the link was made.
    pub made_at: Timestamp,
    /// By whom, by their username.
    pub made_by: String,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// Why a case cannot be handed out, or looked at. Shown, as it is, to whoever asked.
#[derive(Debug, thiserror::Error)]
pub enum CaseError {
    /// Too many links.
    #[error(
        "the integration has {MOST_LINKS} links already, which is the most: revoke one that is not needed"
    )]
    TooMany,
    /// Too much evidence.
    #[error("the case has {0} bytes, over the limit of {MOST_BYTES}: choose a shorter window")]
    TooLarge(usize),
    /// The link has ended.
    #[error("this link ended at {0}: ask whoever gave it to you for a new one")]
    Ended(Timestamp),
    /// There is no such link.
    #[error("there is no such link: it may have been revoked, or not copied whole")]
    Missing,
    /// The store could not keep or find it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The cases that were handed out. Rarely asked for, so they are read from the store each time.
pub struct Cases {
    store: Arc<dyn Store>,
    nature: Nature,
    making: Mutex<()>,
}

impl Cases {
    /// Those in this store.
    pub fn new(store: Arc<dyn Store>, nature: Nature) -> Self {
        Self { store, nature, making: Mutex::default() }
    }

    /// Keeps the case as it is, and answers the link's id and the token that opens it, which is told this once.
    pub async fn share(&self, link: Link, case: &Value) -> Result<(String, String), CaseError> {
        let body = case.to_string().into_bytes();
        if body.len() > MOST_BYTES {
            return Err(CaseError::TooLarge(body.len()));
        }
        let _making = self.making.lock().await;
        let now = self.nature.now();
        let known = self.all().await?;
        let live =
            |(_, other): &&(String, Link)| other.integration == link.integration && other.expires_at > now;
        if known.iter().filter(live).count() >= MOST_LINKS {
            return Err(CaseError::TooMany);
        }
        let token = hex(&random::<20>(&*self.nature.luck));
        let mut changes: Vec<_> = known.iter().flat_map(|(key, link)| cleared(key, link, now)).collect();
        let put = |kind, body| Change::Put(Document { kind, key: key_of(&token), unique: None, body });
        let link = serde_json::to_vec(&link).expect("a link holds nothing that JSON cannot");
        changes.extend([put(Kind::CaseLink, link), put(Kind::Case, body)]);
        self.store.change(changes).await?;
        Ok((key_of(&token), token))
    }

    /// The links of an integration with their ids, those that have ended apart, the newest first.
    pub async fn links(&self, integration: IntegrationId) -> Result<Vec<(String, Link)>, CaseError> {
        let now = self.nature.now();
        let mut links = self.all().await?;
        links.retain(|(_, link)| link.integration == integration && link.expires_at > now);
        links.sort_by_key(|(_, link)| std::cmp::Reverse(link.made_at));
        Ok(links)
    }

    /// The case behind a token.
    pub async fn open(&self, token: &str) -> Result<Value, CaseError> {
        let key = key_of(token);
        let link = self.store.document(Kind::CaseLink, &key).await?.ok_or(CaseError::Missing)?;
        let link = read(&link)?;
        if link.expires_at <= self.nature.now() {
            return Err(CaseError::Ended(link.expires_at));
        }
        let case = self.store.document(Kind::Case, &key).await?.ok_or(CaseError::Missing)?;
        serde_json::from_slice(&case.body).map_err(|error| damaged(&case, &error).into())
    }

    /// Ends a link of the integration; says whether there was one.
    pub async fn revoke(&self, integration: IntegrationId, id: &str) -> Result<bool, CaseError> {
        let Some(document) = self.store.document(Kind::CaseLink, id).await? else { return Ok(false) };
        if read(&document)?.integration != integration {
            return Ok(false);
        }
        let gone = |kind| Change::Remove(kind, id.to_owned());
        self.store.change(vec![gone(Kind::CaseLink), gone(Kind::Case)]).await?;
        Ok(true)
    }

    async fn all(&self) -> Result<Vec<(String, Link)>, StoreError> {
        let documents = self.store.documents(Kind::CaseLink).await?;
        documents.iter().map(|document| Ok((document.key.clone(), read(document)?))).collect()
    }
}

/// What need not be kept of a link: its case once it has ended, and in the end the link too.
fn cleared(key: &str, link: &Link, now: Timestamp) -> Vec<Change> {
    let gone = |kind| Change::Remove(kind, key.to_owned());
    if link.expires_at > now {
        Vec::new()
    } else if link.expires_at + REMEMBERED > now {
        vec![gone(Kind::Case)]
    } else {
        vec![gone(Kind::Case), gone(Kind::CaseLink)]
    }
}

fn read(document: &Document) -> Result<Link, StoreError> {
    serde_json::from_slice(&document.body).map_err(|error| damaged(document, &error))
}

fn damaged(document: &Document, error: &serde_json::Error) -> StoreError {
    StoreError::Damaged(format!("the {} `{}` cannot be read: {error}", document.kind.as_str(), document.key))
}

/// The key of a token: its SHA-256, so that whoever reads the database cannot open the links.
fn key_of(token: &str) -> String {
    hex(&Sha256::digest(token.as_bytes()))
}
