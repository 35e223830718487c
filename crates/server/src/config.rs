//! What the operator sets. One struct per concern, every field with a default that suits one machine.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use fieldhook_core::event::DEFAULT_DATA_LIMIT;
use fieldhook_core::integration::RetryKind;
use fieldhook_core::rate::Rate;
use ipnet::IpNet;
use serde::{Deserialize, Serialize};

/// Everything the operator sets.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Where everything is kept.
    pub data: PathBuf,
    /// The queue that nodes share: `nats://…`, several servers of a cluster with commas between, and `/name`
    /// behind them where several installations share a server. Without it the queue is in the data directory. Goes
    /// with `store`.
    pub queue: Option<String>,
    /// On how many servers of a NATS cluster the queue is kept: 1, 3 or 5.
    pub queue_replicas: usize,
    /// The store that nodes share: `postgres://…`. Without it the store is in the data directory. Goes with `queue`.
    pub store: Option<String>,
    /// This node's name among those that share; by default the machine's.
    pub node: Option<String>,
    /// The key with which secrets are sealed: 32 bytes, the same for all nodes that share a store. By default
    /// `secret.key` in the data directory, made at the first start.
    pub key_file: Option<PathBuf>,
    /// Where to listen.
    pub listen: SocketAddr,
    /// The address under which people reach the server; by default the one it listens on.
    pub public_url: Option<String>,
    /// Ranges that webhooks may reach although they are not public.
    pub allow_destinations: Vec<IpNet>,
    /// Certificates to trust beside the system's, in a PEM file.
    pub tls_roots: Option<PathBuf>,
    /// Publishing.
    pub publish: PublishConfig,
    /// Sending.
    pub delivery: DeliveryConfig,
    /// Keeping.
    pub retention: RetentionConfig,
    /// Accounts.
    pub accounts: AccountsConfig,
    /// E-mail.
    pub mail: MailConfig,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            data: PathBuf::from("data"),
            queue: None,
            queue_replicas: 1,
            store: None,
            node: None,
            key_file: None,
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            public_url: None,
            allow_destinations: Vec::new(),
            tls_roots: None,
            publish: PublishConfig::default(),
            delivery: DeliveryConfig::default(),
            retention: RetentionConfig::default(),
            accounts: AccountsConfig::default(),
            mail: MailConfig::default(),
        }
    }
}

/// What may be published.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PublishConfig {
    /// Most bytes of event data.
    pub data_limit: usize,
    /// How often one device may publish; any often when absent. Particle's rule is 1 a second, bursts of 4.
    pub device_rate: Option<Rate>,
    /// Most deliveries that may wait; beyond it publishing answers 503.
    pub most_waiting: u64,
}

impl Default for PublishConfig {
    fn default() -> Self {
        Self { data_limit: DEFAULT_DATA_LIMIT, device_rate: None, most_waiting: 20_000_000 }
    }
}

/// How to send.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DeliveryConfig {
    /// Requests at once to one destination. Nodes that share a queue share them evenly.
    pub lane_width: usize,
    /// Requests at once to all destinations.
    pub most_in_flight: usize,
    /// What integrations without a `retryPolicy` do.
    pub retry_policy: RetryKind,
}

impl Default for DeliveryConfig {
    fn default() -> Self {
        Self { lane_width: 64, most_in_flight: 16_384, retry_policy: RetryKind::Standard }
    }
}

/// How much to keep.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RetentionConfig {
    /// Days that attempts and events are kept.
    pub attempt_days: u16,
    /// Days that counters and usage are kept.
    pub count_days: u16,
    /// Most bytes of attempts and events; the oldest successes go first.
    pub log_bytes: u64,
}

impl Default for RetentionConfig {
    fn default() -> Self {
        Self { attempt_days: 30, count_days: 400, log_bytes: 4 << 30 }
    }
}

/// Who may have an account.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AccountsConfig {
    /// Whether anybody may create one.
    pub open_registration: bool,
    /// The administrator to create at the first start.
    pub admin_email: Option<String>,
    /// That administrator's password.
    pub admin_password: Option<String>,
}

/// How alerts are mailed.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MailConfig {
    /// The mail server: `smtps://user:password@smtp.example.com`, `smtp://…?tls=required` for STARTTLS, or
    /// `smtp://localhost:25` without encryption. Without it nothing is mailed.
    pub url: Option<String>,
    /// Who the mails are from: an address, or `Name <address>`. Required with `url`.
    pub from: Option<String>,
}

/// How often upkeep looks after what is remembered in memory.
pub(crate) const TIDY_EVERY: Duration = Duration::from_secs(10);
/// How often upkeep looks after what is kept on disk.
pub(crate) const PRUNE_EVERY: Duration = Duration::from_mins(10);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_setting_is_refused_by_name() {
        let error = serde_json::from_str::<Config>(r#"{"lissten": "127.0.0.1:1"}"#).unwrap_err();
        assert!(error.to_string().contains("lissten"), "{error}");
    }

    #[test]
    fn what_is_not_set_has_its_default() {
        let config: Config = serde_json::from_str(r#"{"delivery": {"lane_width": 8}}"#).unwrap();
        assert_eq!(config.delivery.lane_width, 8);
        assert_eq!(config.delivery.most_in_flight, DeliveryConfig::default().most_in_flight);
        assert_eq!(config.publish, PublishConfig::default());
    }
}
