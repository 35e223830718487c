//! Moving from one machine to many: what is in a data directory, carried into a store and a queue that nodes share.

use std::path::PathBuf;

use tokio_util::sync::CancellationToken;

use crate::StartError;
use crate::clock::Nature;
use crate::config::Config;
use crate::directory::Directory;
use crate::engines::{self, OneMachine};
use crate::ingest;
use crate::queue::Queue as _;
use crate::recorder::recorder;
use crate::store::{Carried, Store as _};

/// What was carried.
#[derive(Debug)]
pub struct Migrated {
    /// Rows by table; `None` when the database had them from an earlier time that did not come to its end.
    pub rows: Option<Carried>,
    /// Deliveries that were under way.
    pub deliveries: u64,
    /// The key, which every node needs.
    pub key_file: PathBuf,
}

/// Carries what is in the data directory into the store and the queue that the configuration names.
///
/// The data directory keeps all but the deliveries under way. No server may be running on it.
///
/// # Errors
/// [`crate::engines::EngineError`] says what to change: a directory without data, a database that is in use, deliveries under way and
/// no queue to take them.
pub async fn migrate(config: &Config, to: &str, nature: &Nature) -> Result<Migrated, StartError> {
    let roots = crate::roots(config)?;
    let key_file = crate::key_file(config);
    let (from, vault) = OneMachine::open(config, &key_file, nature).await?;
    // Reading all of it shows that the key opens it, here and where it goes.
    let directory = Directory::load(from.store.clone(), vault, nature.clone()).await?;
    engines::mark_key(directory.vault(), &key_file, &*from.store, nature).await?;

    let (recorder, writer, _) = recorder(from.store.clone(), from.queue.clone(), nature.clone());
    let stop = CancellationToken::new();
    let writing = tokio::spawn(writer.run(stop.clone()));
    let caught_up = ingest::catch_up(&*from.queue, &recorder, &directory).await;
    stop.cancel();
    // It ends once it is told to; a panic in it has been printed.
    let _ = writing.await;
    caught_up?;

    let carried = engines::carry(&from, config, to, &roots, nature).await;
    from.queue.close().await?;
    from.store.close().await?;
    let (rows, deliveries) = carried?;
    Ok(Migrated { rows, deliveries, key_file })
}
