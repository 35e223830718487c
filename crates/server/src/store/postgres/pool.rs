//! The connections: how they are made, lent and given up.

use std::future::Future;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::{Manager, ManagerConfig, Object, PoolError, RecyclingMethod, Runtime};
use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, RootCertStore};
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::{AsyncMessage, Client, Config};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::failure::Told;
use crate::store::StoreError;

/// Connections that one node has at most, besides the one that listens.
const CONNECTIONS: usize = 16;
/// How long a connection may take to be made, and how long one is waited for when all are lent.
const CONNECT: Duration = Duration::from_secs(5);
/// How long a call may take as a whole.
const CALL: Duration = Duration::from_secs(30);
/// How long a sent packet may go without an answer before the connection is given up.
const SILENCE: Duration = Duration::from_secs(10);
/// What each connection is told: a statement has an end, and so has a transaction whose node is gone.
const SESSION: &str = "-c statement_timeout=30s -c idle_in_transaction_session_timeout=15s -c lock_timeout=10s \
    -c default_transaction_isolation=read\\ committed -c client_encoding=UTF8";

/// Where PostgreSQL is, and whom to trust there.
#[derive(Debug, Clone)]
pub struct PostgresConfig {
    /// `postgres://user:password@host:port/database`, with parameters as libpq has them. Without `sslmode` a
    /// connection to another machine must be encrypted, and one to this machine is not.
    pub url: String,
    /// Certificates to trust besides the system's.
    pub roots: Vec<CertificateDer<'static>>,
}

impl PostgresConfig {
    /// Trusts whom the system trusts.
    pub fn at(url: &str) -> Self {
        Self { url: url.to_owned(), roots: Vec::new() }
    }
}

/// Connections to lend.
pub(super) struct Pool {
    lent: deadpool_postgres::Pool,
    config: Config,
    tls: MakeRustlsConnect,
    shown: String,
}

impl Pool {
    /// Makes the pool; connects nowhere yet.
    pub(super) fn new(config: &PostgresConfig) -> Result<Self, StoreError> {
        let unusable = |why: &dyn std::fmt::Display| {
            StoreError::Unavailable(format!(
                "the address of PostgreSQL cannot be used: {why}; it should be like \
                 postgres://user:password@host:5432/database"
            ))
        };
        let mut connect: Config = config.url.parse().map_err(|error| unusable(&Told(&error)))?;
        if connect.get_hosts().is_empty() && connect.get_hostaddrs().is_empty() {
            return Err(unusable(&"it names no host"));
        }
        if !config.url.contains("sslmode=") {
            connect.ssl_mode(if is_here(&connect) { SslMode::Disable } else { SslMode::Require });
        }
        let options =
            connect.get_options().map_or_else(|| SESSION.to_owned(), |own| format!("{SESSION} {own}"));
        connect.options(options).connect_timeout(CONNECT).tcp_user_timeout(SILENCE);
        if connect.get_application_name().is_none() {
            connect.application_name("fieldhook");
        }
        let tls = MakeRustlsConnect::new(tls(&config.roots).map_err(|error| unusable(&error))?);
        let shown = shown(&connect);
        let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let manager = Manager::from_config(connect.clone(), tls.clone(), recycling);
        let lent = deadpool_postgres::Pool::builder(manager)
            .max_size(CONNECTIONS)
            .wait_timeout(Some(CONNECT))
            .create_timeout(Some(CONNECT))
            .recycle_timeout(Some(CONNECT))
            .runtime(Runtime::Tokio1)
            .build()
            .map_err(|error| unusable(&error))?;
        Ok(Self { lent, config: connect, tls, shown })
    }

    /// Borrows a connection; it goes back when it is dropped.
    pub(super) async fn get(&self) -> Result<Object, StoreError> {
        self.lent.get().await.map_err(|error| match error {
            PoolError::Closed => StoreError::Unavailable("it is closed".to_owned()),
            PoolError::Backend(error) => self.unreachable(&Told(&error)),
            PoolError::Timeout(_) => {
                self.unreachable(&format_args!("it did not answer within {} s", CONNECT.as_secs()))
            }
            other => self.unreachable(&other),
        })
    }

    /// A connection of its own, with what it is told by others. Whoever calls it must go on asking for messages:
    /// that is what moves the connection on.
    pub(super) async fn listening(&self) -> Result<(Client, Messages), StoreError> {
        let connected = self.config.connect(self.tls.clone()).await;
        let (client, mut connection) = connected.map_err(|error| self.unreachable(&Told(&error)))?;
        let messages = futures_util::stream::poll_fn(move |context| connection.poll_message(context));
        Ok((client, Box::pin(messages)))
    }

    /// Lends nothing more.
    pub(super) fn close(&self) {
        self.lent.close();
    }

    fn unreachable(&self, why: &dyn std::fmt::Display) -> StoreError {
        StoreError::Unavailable(format!(
            "PostgreSQL at {} cannot be used: {why}; check that the address, the user and the database are right, \
             and that it can be reached from here",
            self.shown
        ))
    }
}

/// What a connection is told.
pub(super) type Messages =
    std::pin::Pin<Box<dyn futures_util::Stream<Item = Result<AsyncMessage, tokio_postgres::Error>> + Send>>;

/// Does not wait longer than a call may take.
#[expect(clippy::disallowed_methods, reason = "a database is given up by real time, whatever the clock says")]
pub(super) async fn within<T, E: Into<StoreError>>(
    work: impl Future<Output = Result<T, E>>,
) -> Result<T, StoreError> {
    match tokio::time::timeout(CALL, work).await {
        Ok(done) => done.map_err(Into::into),
        Err(_) => Err(StoreError::Unavailable(format!("PostgreSQL took longer than {} s", CALL.as_secs()))),
    }
}

/// Pauses before trying again what depends on another machine.
#[expect(clippy::disallowed_methods, reason = "a machine that is away comes back by real time")]
pub(super) async fn pause(wait: Duration) {
    tokio::time::sleep(wait).await;
}

fn tls(extra: &[CertificateDer<'static>]) -> Result<ClientConfig, rustls::Error> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    for root in extra {
        roots.add(root.clone())?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let versions = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    Ok(versions.with_root_certificates(roots).with_no_client_auth())
}

/// Whether every host is this machine.
fn is_here(config: &Config) -> bool {
    config.get_hostaddrs().iter().all(IpAddr::is_loopback)
        && config.get_hosts().iter().all(|host| match host {
            Host::Tcp(name) => {
                name == "localhost" || name.parse().is_ok_and(|address: IpAddr| address.is_loopback())
            }
            Host::Unix(_) => true,
        })
}

/// The address as it may be shown: without the password.
fn shown(config: &Config) -> String {
    let host = |host: &Host| match host {
        Host::Tcp(name) => name.clone(),
        Host::Unix(path) => path.display().to_string(),
    };
    let mut hosts: Vec<String> = config.get_hosts().iter().map(host).collect();
    if hosts.is_empty() {
        hosts.extend(config.get_hostaddrs().iter().map(ToString::to_string));
    }
    let ports: Vec<String> = config.get_ports().iter().map(ToString::to_string).collect();
    let port = if ports.is_empty() { String::new() } else { format!(":{}", ports.join(",")) };
    let named =
        |word: &str, name: Option<&str>| name.map_or_else(String::new, |name| format!(", {word} {name}"));
    format!(
        "{}{port}{}{}",
        hosts.join(","),
        named("database", config.get_dbname()),
        named("user", config.get_user())
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shown_address_has_no_password() {
        let pool = Pool::new(&PostgresConfig::at("postgres://me:secret@db.example:5433/fleet")).unwrap();
        assert_eq!(pool.shown, "db.example:5433, database fleet, user me");
    }

    #[test]
    fn what_leaves_the_machine_is_encrypted_unless_the_address_says_otherwise() {
        for (url, mode) in [
            ("postgres://me@db.example/fleet", SslMode::Require),
            ("postgres://me@db.example/fleet?sslmode=disable", SslMode::Disable),
            ("postgres://me@localhost,db.example/fleet", SslMode::Require),
            ("postgres://me@localhost/fleet", SslMode::Disable),
            ("postgres://me@%2Fvar%2Frun%2Fpostgresql/fleet", SslMode::Disable),
            ("postgres://me@[::1]/fleet?sslmode=require", SslMode::Require),
        ] {
            let pool = Pool::new(&PostgresConfig::at(url)).unwrap();
            assert_eq!(pool.config.get_ssl_mode(), mode, "{url}");
        }
    }

    #[test]
    fn an_address_that_is_none_is_refused_with_how_one_looks() {
        for url in ["postgres:///fleet", "mysql://me:secret@db/fleet", "postgres://me:secret@db:port/fleet"] {
            let refusal = Pool::new(&PostgresConfig::at(url)).err().unwrap().to_string();
            assert!(
                refusal.contains("postgres://user:password@host") && !refusal.contains("secret"),
                "{refusal}"
            );
        }
    }
}
