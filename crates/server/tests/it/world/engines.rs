//! The engines that the server of a test runs on: one machine's, or those that nodes share.

use std::sync::atomic::{AtomicU64, Ordering};

use fieldhook_server::config::Config;

#[path = "../../../src/queue/nats/tests/server.rs"]
mod nats;
#[path = "../../../src/store/postgres/tests/server.rs"]
mod postgres;

/// When this variable is set, every test of this binary runs on NATS and PostgreSQL.
const SHARED: &str = "FIELDHOOK_TEST_SHARED";

/// A queue and a store that nodes share, as empty as those of one machine are at first.
pub(crate) struct Engines {
    queue: String,
    store: String,
    /// The servers, where nobody else uses them.
    own: Option<(nats::Server, postgres::Server)>,
}

impl Engines {
    /// What the variable asks for.
    pub(super) fn asked_for() -> Option<Self> {
        std::env::var_os(SHARED).map(|_| Self::shared())
    }

    /// On servers that all tests use.
    pub(crate) fn shared() -> Self {
        static INSTALLATIONS: AtomicU64 = AtomicU64::new(0);
        let installation = INSTALLATIONS.fetch_add(1, Ordering::Relaxed);
        let queue = format!("{}/t{installation}", nats::shared().url());
        Self { queue, store: postgres::shared().database(), own: None }
    }

    /// On servers of their own.
    pub(super) fn own() -> Self {
        let (nats, postgres) = (nats::Server::start(), postgres::Server::own());
        Self { queue: nats.url(), store: postgres.database(), own: Some((nats, postgres)) }
    }

    pub(super) fn set(&self, config: &mut Config) {
        config.queue = Some(self.queue.clone());
        config.store = Some(self.store.clone());
    }

    /// Where the queue is.
    pub(crate) fn queue(&self) -> &str {
        &self.queue
    }

    /// Where the store is.
    pub(crate) fn store(&self) -> &str {
        &self.store
    }

    /// Ends NATS without a word.
    pub(crate) fn kill_nats(&mut self) {
        self.own.as_mut().expect("the servers are its own").0.kill();
    }

    /// Starts NATS again with what it kept.
    pub(crate) fn start_nats(&mut self) {
        self.own.as_mut().expect("the servers are its own").0.start_again();
    }

    /// Ends PostgreSQL without a word.
    pub(crate) fn kill_postgres(&mut self) {
        self.own.as_mut().expect("the servers are its own").1.kill();
    }

    /// Starts PostgreSQL again with what it kept.
    pub(crate) fn start_postgres(&mut self) {
        self.own.as_mut().expect("the servers are its own").1.start_again();
    }
}
