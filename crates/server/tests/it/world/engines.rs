//! The engines that the server of a test runs on: one machine's, or those that nodes share.

use std::sync::atomic::{AtomicU64, Ordering};

use fieldhook_server::config::Config;

#[path = "../../../src/queue/nats/tests/server.rs"]
mod nats;
#[path = "../../../src/store/postgres/tests/server.rs"]
mod postgres;

/// When this variable is set, every test of this binary runs on NATS and PostgreSQL.
const SHARED: &str = "FIELDHOOK_TEST_SHARED";

/// Sets what the variable asks for.
pub(super) async fn choose(config: &mut Config) {
    if std::env::var_os(SHARED).is_some() {
        share(config).await;
    }
}

/// Sets engines that nodes share, as empty as those of one machine are at first.
pub(super) async fn share(config: &mut Config) {
    static INSTALLATIONS: AtomicU64 = AtomicU64::new(0);
    let installation = INSTALLATIONS.fetch_add(1, Ordering::Relaxed);
    config.queue = Some(format!("{}/t{installation}", nats::shared().url()));
    config.store = Some(postgres::shared().database().await);
}
