//! Which queue and which store: the two of one machine, or those that many nodes share; and the way from one to many.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use fieldhook_core::hex::hex;
use rustls::pki_types::CertificateDer;

use crate::clock::{Nature, random};
use crate::config::Config;
use crate::queue::embedded::{Embedded, EmbeddedConfig};
use crate::queue::nats::{Nats, NatsConfig};
use crate::queue::{Queue, QueueError};
use crate::store::postgres::{Postgres, PostgresConfig};
use crate::store::sqlite::Sqlite;
use crate::store::{Change, Document, Kind, Store, StoreError};
use crate::vault::{Vault, VaultError};

mod carry;

pub(crate) use self::carry::{OneMachine, carry};

/// The file of the store in a data directory.
const STORE_FILE: &str = "fieldhook.sqlite";

/// Why the engines do not open, or what one machine has cannot be carried to many.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// One of the two was named, and one machine's part does not go with the other.
    #[error(
        "`--{named}` needs `--{missing}` too: nodes share both, on NATS and PostgreSQL, and one machine needs neither"
    )]
    Half {
        /// What was named.
        named: &'static str,
        /// What was not.
        missing: &'static str,
    },
    /// An address of another kind.
    #[error("`--{option}` begins with `{scheme}`, and what is supported is {supported}")]
    Scheme {
        /// The option.
        option: &'static str,
        /// What the address begins with; no more, for it may hold a password.
        scheme: String,
        /// What it may begin with.
        supported: &'static str,
    },
    /// The node's name cannot be used.
    #[error(
        "`{0}` cannot be a node's name: it needs 1 to 64 letters, digits, dots, hyphens or underscores; set another \
         with --node"
    )]
    Node(String),
    /// The machine's name is not known, and no other was given.
    #[error("the machine's name is not known: name this node with --node, differently from all others")]
    Nameless,
    /// The key of this node is not that of the others.
    #[error(
        "what this database holds is sealed with another key than {}: copy the key file of a node that works with it \
         there, or name it with --key-file",
        .0.display()
    )]
    Key(PathBuf),
    /// There is no data to carry.
    #[error("there is no installation in {}: name the data directory of one, as `serve` has it with --data", .0.display())]
    NoData(PathBuf),
    /// Somebody uses the database already.
    #[error(
        "the database holds another installation already: name an empty one, for two cannot be made into one"
    )]
    Occupied,
    /// Deliveries wait, and would be left behind.
    #[error(
        "deliveries are under way in the data directory ({0}): name the queue that the nodes will share with --queue, \
         so that they go along"
    )]
    UnderWay(u64),
    /// The queue did not open.
    #[error(transparent)]
    Queue(#[from] QueueError),
    /// The store did not open.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The key did not open.
    #[error(transparent)]
    Vault(#[from] VaultError),
}

/// What was chosen, opened.
pub(crate) struct Engines {
    pub(crate) queue: Arc<dyn Queue>,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) vault: Vault,
    /// Whether other nodes may use them too.
    pub(crate) shared: bool,
}

/// What was chosen.
#[derive(Debug, PartialEq, Eq)]
enum Choice<'a> {
    /// Files in the data directory.
    OneMachine,
    /// NATS and PostgreSQL.
    Shared { queue: &'a str, store: &'a str },
}

/// Opens what the operator chose, and the vault with the key for what is sealed in it.
pub(crate) async fn open(
    config: &Config,
    key_file: &Path,
    roots: &[CertificateDer<'static>],
    nature: &Nature,
) -> Result<Engines, EngineError> {
    match choice(config.queue.as_deref(), config.store.as_deref())? {
        Choice::OneMachine => {
            let (queue, store) = open_files(config)?;
            let vault = open_vault(key_file, &*store, nature).await?;
            Ok(Engines { queue, store, vault, shared: false })
        }
        Choice::Shared { queue, store } => {
            let node = node_name(config.node.as_deref())?;
            // A node that could not record, or not read what is sealed, must not take over what others left.
            let store = open_postgres(store, roots).await?;
            let vault = open_vault(key_file, &*store, nature).await?;
            let queue = open_nats(config, queue, &node, nature).await?;
            tracing::info!(node, "this is one of the nodes that share a queue and a store");
            Ok(Engines { queue, store, vault, shared: true })
        }
    }
}

fn open_files(config: &Config) -> Result<(Arc<Embedded>, Arc<Sqlite>), EngineError> {
    let most_pending = config.publish.most_waiting;
    let queue = EmbeddedConfig { most_pending, ..EmbeddedConfig::in_dir(config.data.join("queue")) };
    // The queue's lock is what keeps a second process out of the directory, so it comes first.
    let queue = Arc::new(Embedded::open(queue)?);
    let store = Arc::new(Sqlite::open(&config.data.join(STORE_FILE))?);
    Ok((queue, store))
}

async fn open_postgres(url: &str, roots: &[CertificateDer<'static>]) -> Result<Arc<Postgres>, EngineError> {
    let config = PostgresConfig { roots: roots.to_vec(), ..PostgresConfig::at(url) };
    Ok(Arc::new(Postgres::open(&config).await?))
}

async fn open_nats(
    config: &Config,
    url: &str,
    node: &str,
    nature: &Nature,
) -> Result<Arc<Nats>, EngineError> {
    let (servers, prefix) = split_prefix(url);
    let mut queue = NatsConfig {
        most_pending: config.publish.most_waiting,
        replicas: config.queue_replicas,
        ..NatsConfig::at(servers, node)
    };
    if let Some(prefix) = prefix {
        prefix.clone_into(&mut queue.prefix);
    }
    Ok(Arc::new(Nats::open(queue, nature.clone()).await?))
}

fn choice<'a>(queue: Option<&'a str>, store: Option<&'a str>) -> Result<Choice<'a>, EngineError> {
    let (queue, store) = match (queue, store) {
        (None, None) => return Ok(Choice::OneMachine),
        (Some(_), None) => return Err(EngineError::Half { named: "queue", missing: "store" }),
        (None, Some(_)) => return Err(EngineError::Half { named: "store", missing: "queue" }),
        (Some(queue), Some(store)) => (queue, store),
    };
    check_scheme("queue", queue, &["nats", "tls"], "nats:// and tls://")?;
    check_scheme("store", store, &["postgres", "postgresql"], "postgres://")?;
    Ok(Choice::Shared { queue, store })
}

fn check_scheme(
    option: &'static str,
    url: &str,
    schemes: &[&str],
    supported: &'static str,
) -> Result<(), EngineError> {
    let scheme = url.split_once("://").map_or("no scheme", |(scheme, _)| scheme);
    if schemes.contains(&scheme) {
        return Ok(());
    }
    Err(EngineError::Scheme { option, scheme: scheme.chars().take(20).collect(), supported })
}

/// What stands behind the address of the queue: with what the names of its streams begin.
fn split_prefix(url: &str) -> (&str, Option<&str>) {
    let hosts = url.rfind("://").map_or(0, |at| at + 3);
    match url[hosts..].find('/') {
        Some(at) => (&url[..hosts + at], Some(&url[hosts + at + 1..]).filter(|prefix| !prefix.is_empty())),
        None => (url, None),
    }
}

/// The name given, or else the machine's.
fn node_name(given: Option<&str>) -> Result<String, EngineError> {
    let name = match given {
        Some(name) => name.to_owned(),
        None => std::fs::read_to_string("/proc/sys/kernel/hostname").map_err(|_| EngineError::Nameless)?,
    };
    let name = name.trim();
    let fits = (1..=64).contains(&name.len())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'));
    if fits { Ok(name.to_owned()) } else { Err(EngineError::Node(name.chars().take(80).collect())) }
}

/// What only the right key opens.
const KEY_CHECK: &str = "key check";

/// Opens the vault, and sees that its key is the one by which what is in the store was sealed.
///
/// The first node makes the key, or finds it where it was put; every other must be given the same.
async fn open_vault(key_file: &Path, store: &dyn Store, nature: &Nature) -> Result<Vault, EngineError> {
    let known = key_check(store).await?;
    if known.is_some() && !key_file.exists() {
        return Err(EngineError::Key(key_file.to_owned()));
    }
    let vault = Vault::open(key_file, &*nature.luck)?;
    check(&vault, key_file, known.as_ref())?;
    Ok(vault)
}

/// Marks the store as sealed with this key, if nobody has. For a node that has opened all that is sealed in it.
pub(crate) async fn mark_key(
    vault: &Vault,
    key_file: &Path,
    store: &dyn Store,
    nature: &Nature,
) -> Result<(), EngineError> {
    if key_check(store).await?.is_some() {
        return Ok(());
    }
    let document = Document {
        kind: Kind::Setting,
        // The key is this node's own and the second one all nodes': of two that start at once, one is told.
        key: format!("{KEY_CHECK} {}", hex(&random::<8>(&*nature.luck))),
        unique: Some(KEY_CHECK.to_owned()),
        body: vault.seal(KEY_CHECK.as_bytes(), KEY_CHECK, &*nature.luck),
    };
    match store.change(vec![Change::Put(document)]).await {
        Err(StoreError::Taken(..)) => check(vault, key_file, key_check(store).await?.as_ref()),
        done => Ok(done?),
    }
}

async fn key_check(store: &dyn Store) -> Result<Option<Document>, StoreError> {
    let settings = store.documents(Kind::Setting).await?;
    Ok(settings.into_iter().find(|document| document.unique.as_deref() == Some(KEY_CHECK)))
}

fn check(vault: &Vault, key_file: &Path, known: Option<&Document>) -> Result<(), EngineError> {
    match known {
        Some(known) if vault.open_sealed(&known.body, KEY_CHECK).is_err() => {
            Err(EngineError::Key(key_file.to_owned()))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_share_both_engines_or_neither() {
        assert_eq!(choice(None, None).unwrap(), Choice::OneMachine);
        let (queue, store) = ("nats://a:4222", "postgres://b/c");
        assert_eq!(choice(Some(queue), Some(store)).unwrap(), Choice::Shared { queue, store });
        let refusal = choice(Some(queue), None).unwrap_err().to_string();
        assert!(refusal.contains("`--queue` needs `--store`"), "{refusal}");
        let refusal = choice(None, Some(store)).unwrap_err().to_string();
        assert!(refusal.contains("`--store` needs `--queue`"), "{refusal}");
    }

    #[test]
    fn an_address_of_another_kind_is_named_without_its_password() {
        let refusal = choice(Some("redis://me:secret@a"), Some("postgres://b/c")).unwrap_err().to_string();
        assert!(refusal.contains("redis") && refusal.contains("nats://"), "{refusal}");
        assert!(!refusal.contains("secret"), "{refusal}");
        assert!(choice(Some("nats://a"), Some("me:secret@b")).unwrap_err().to_string().contains("no scheme"));
    }

    #[test]
    fn installations_that_share_a_server_are_told_apart_by_what_follows_its_address() {
        assert_eq!(split_prefix("nats://a:4222"), ("nats://a:4222", None));
        assert_eq!(split_prefix("nats://a:4222/"), ("nats://a:4222", None));
        assert_eq!(split_prefix("nats://a,nats://b:1/fleet2"), ("nats://a,nats://b:1", Some("fleet2")));
    }

    #[test]
    fn a_node_is_named_as_its_machine_or_as_it_is_told() {
        assert_eq!(node_name(Some("a-1.example")).unwrap(), "a-1.example");
        assert!(!node_name(None).unwrap().is_empty());
        for name in ["", "a b", "ä", &"x".repeat(65)] {
            assert!(matches!(node_name(Some(name)), Err(EngineError::Node(_))), "{name}");
        }
    }
}
