//! From one machine to many.

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;

use super::{
    EngineError, STORE_FILE, check_scheme, key_check, open_files, open_nats, open_postgres, open_vault,
};
use crate::clock::Nature;
use crate::config::Config;
use crate::queue::Queue as _;
use crate::queue::embedded::Embedded;
use crate::store::sqlite::Sqlite;
use crate::store::{Carried, Store as _, carry as carry_rows};
use crate::vault::Vault;

/// The name of the node that takes in what one machine had under way. It is alive for no longer than that takes.
const NODE: &str = "migration";

/// The engines of one machine, to be carried.
pub(crate) struct OneMachine {
    pub(crate) queue: Arc<Embedded>,
    pub(crate) store: Arc<Sqlite>,
}

impl OneMachine {
    /// Opens what is in the data directory, which no server may be using.
    pub(crate) async fn open(
        config: &Config,
        key_file: &Path,
        nature: &Nature,
    ) -> Result<(Self, Vault), EngineError> {
        if !config.data.join(STORE_FILE).exists() {
            return Err(EngineError::NoData(config.data.clone()));
        }
        // A new key would open nothing of what is there.
        if !key_file.exists() {
            return Err(EngineError::Key(key_file.to_owned()));
        }
        let (queue, store) = open_files(config)?;
        let vault = open_vault(key_file, &*store, nature).await?;
        Ok((Self { queue, store }, vault))
    }
}

/// Carries all that one machine has into the store of the configuration and, where there is something under way, into
/// its queue. Returns the rows carried, or `None` when they had been carried before, and the deliveries.
///
/// The rows come first, all or none. What broke off after them goes on where it stopped when it is done again.
pub(crate) async fn carry(
    from: &OneMachine,
    config: &Config,
    to: &str,
    roots: &[CertificateDer<'static>],
    nature: &Nature,
) -> Result<(Option<Carried>, u64), EngineError> {
    check_scheme("to", to, &["postgres", "postgresql"], "postgres://")?;
    let under_way = from.queue.backlog(nature.now()).await?.pending;
    let queue = match &config.queue {
        None if under_way > 0 => return Err(EngineError::UnderWay(under_way)),
        None => None,
        Some(url) => {
            check_scheme("queue", url, &["nats", "tls"], "nats:// and tls://")?;
            Some(open_nats(config, url, NODE, nature).await?)
        }
    };
    let carried = carry_store(&from.store, to, roots).await;
    let Some(queue) = queue else { return Ok((carried?, under_way)) };
    let moved = match &carried {
        Ok(_) => queue.take_in(Arc::clone(&from.queue)).await,
        Err(_) => Ok(()),
    };
    // However it went: a node that does not say goodbye is waited for by the next attempt.
    let left = queue.close().await;
    let carried = carried?;
    moved.and(left)?;
    Ok((carried, under_way))
}

async fn carry_store(
    from: &Sqlite,
    to: &str,
    roots: &[CertificateDer<'static>],
) -> Result<Option<Carried>, EngineError> {
    let store = open_postgres(to, roots).await?;
    let carried = carry_rows(from, &store).await?;
    if carried.is_none() {
        // The check of the key has a name of its own in each installation.
        let (ours, theirs) = (key_check(from).await?, key_check(&*store).await?);
        if ours.is_none() || ours != theirs {
            return Err(EngineError::Occupied);
        }
    }
    store.close().await?;
    Ok(carried)
}
