//! Names to addresses.

use std::collections::{HashMap, VecDeque};
use std::net::{IpAddr, Ipv4Addr};

use async_trait::async_trait;
use hickory_resolver::config::{LookupIpStrategy, NameServerConfig, ResolverConfig};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::{Resolver, TokioResolver};
use parking_lot::Mutex;

/// Why a name gave no address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ResolveError {
    /// The name does not exist, or has no address.
    #[error("the name has no address")]
    NotFound,
    /// Nobody could say: asking again may help.
    #[error("the name server gave no answer ({0})")]
    Silent(String),
}

/// Addresses of a name, or why there are none.
type Answer = Result<Vec<IpAddr>, ResolveError>;

/// What turns a host's name into addresses, in the order to try them.
#[async_trait]
pub trait Resolve: Send + Sync {
    /// The addresses of `name`: at least one.
    async fn resolve(&self, name: &str) -> Result<Vec<IpAddr>, ResolveError>;
}

/// The machine's name servers and hosts file, as they were when it was made; answers are kept for their time to live.
pub struct SystemResolver(TokioResolver);

impl SystemResolver {
    /// Reads the machine's configuration; without one asks a name server on this machine, as C libraries do.
    pub fn new() -> Result<Self, ResolveError> {
        let mut builder = TokioResolver::builder_tokio().unwrap_or_else(|error| {
            tracing::warn!(%error, "no name server is configured; asking 127.0.0.1");
            let local = NameServerConfig::udp_and_tcp(Ipv4Addr::LOCALHOST.into());
            let config = ResolverConfig::from_name_servers(vec![local]);
            Resolver::builder_with_config(config, TokioRuntimeProvider::default())
        });
        builder.options_mut().ip_strategy = LookupIpStrategy::Ipv4AndIpv6;
        builder.build().map(Self).map_err(|error| ResolveError::Silent(error.to_string()))
    }
}

#[async_trait]
impl Resolve for SystemResolver {
    async fn resolve(&self, name: &str) -> Result<Vec<IpAddr>, ResolveError> {
        match self.0.lookup_ip(name).await {
            Ok(found) => some(found.iter().collect()),
            Err(error) if error.is_no_records_found() => Err(ResolveError::NotFound),
            Err(error) => Err(ResolveError::Silent(error.to_string())),
        }
    }
}

/// Answers from a script: each look-up of a name takes its next answer, and the last one stays. For tests and simulations.
#[derive(Default)]
pub struct ScriptedResolver(Mutex<HashMap<String, VecDeque<Answer>>>);

impl ScriptedResolver {
    /// Knows no name.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an answer for `name`.
    pub fn answer(&self, name: &str, answer: Answer) {
        self.0.lock().entry(name.to_owned()).or_default().push_back(answer);
    }
}

#[async_trait]
impl Resolve for ScriptedResolver {
    async fn resolve(&self, name: &str) -> Result<Vec<IpAddr>, ResolveError> {
        let mut script = self.0.lock();
        let answers = script.get_mut(name).ok_or(ResolveError::NotFound)?;
        let last = answers.len() == 1;
        let answer = if last { answers.front().cloned() } else { answers.pop_front() };
        answer.unwrap_or(Err(ResolveError::NotFound)).and_then(some)
    }
}

fn some(addresses: Vec<IpAddr>) -> Answer {
    if addresses.is_empty() { Err(ResolveError::NotFound) } else { Ok(addresses) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_system_knows_localhost_and_knows_that_invalid_names_have_no_address() {
        let system = SystemResolver::new().unwrap();
        assert!(system.resolve("localhost").await.unwrap().iter().all(IpAddr::is_loopback));
        assert_eq!(system.resolve("nowhere.invalid").await, Err(ResolveError::NotFound));
    }

    #[tokio::test]
    async fn a_script_gives_its_answers_in_turn_and_stays_at_the_last() {
        let scripted = ScriptedResolver::new();
        let (one, other) = (IpAddr::from([192, 0, 2, 1]), IpAddr::from([192, 0, 2, 2]));
        scripted.answer("moving.test", Ok(vec![one]));
        scripted.answer("moving.test", Ok(vec![other]));

        assert_eq!(scripted.resolve("moving.test").await, Ok(vec![one]));
        assert_eq!(scripted.resolve("moving.test").await, Ok(vec![other]));
        assert_eq!(scripted.resolve("moving.test").await, Ok(vec![other]));
    }
}
