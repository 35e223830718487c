//! Connections kept for the next request. Bounded, and forgotten when idle for too long.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use super::Call;
use super::Limits;
use super::connection::{Connection, Http1, Http2};

/// Whose connections these are and where they lead: owning scope, scheme, host and port, in one text.
///
/// Requests with the same key may share a connection, so two scopes must never have the same one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PoolKey(pub Arc<str>);

/// What must be the same for a connection to be used again.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pool: PoolKey,
    https: bool,
    /// A connection whose certificate nobody checked must not carry what asked for a check.
    verified: bool,
    /// A connection to our own tester must not carry what the guard would refuse.
    tester: bool,
}

impl Key {
    pub(super) fn of(call: &Call<'_>) -> Self {
        Self {
            pool: call.pool.clone(),
            https: call.https,
            verified: call.verify_tls,
            tester: call.is_for_tester(),
        }
    }
}

/// A connection taken out of the pool.
pub(super) struct Reused {
    pub(super) connection: Connection,
    /// How long it had carried nothing; absent when it carries other requests.
    pub(super) idle: Option<Duration>,
}

/// Idle HTTP/1.1 connections and shared HTTP/2 ones.
pub(super) struct Pool {
    kept: Mutex<Kept>,
    idle_timeout: Duration,
    idle_per_destination: usize,
    idle_in_all: usize,
}

#[derive(Default)]
struct Kept {
    destinations: HashMap<Key, Shelf>,
    /// Idle connections on all shelves.
    idle: usize,
}

#[derive(Default)]
struct Shelf {
    /// The one used last is at the end, and the first to be used again.
    idle: Vec<Idle>,
    shared: Option<Shared>,
}

struct Idle {
    connection: Box<Http1>,
    since: Duration,
}

struct Shared {
    connection: Http2,
    used: Duration,
}

impl Pool {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            kept: Mutex::default(),
            idle_timeout: limits.idle_timeout,
            idle_per_destination: limits.idle_per_destination,
            idle_in_all: limits.idle_in_all,
        }
    }

    /// Takes a connection that looks alive.
    pub(super) fn take(&self, key: &Key, now: Duration) -> Option<Reused> {
        if let Some(shared) = self.shared(key, now) {
            return Some(Reused { connection: Connection::Shared(shared), idle: None });
        }
        loop {
            let mut idle = self.pop(key)?;
            let rested = now.saturating_sub(idle.since);
            if rested < self.idle_timeout && idle.connection.is_fit() {
                return Some(Reused { connection: Connection::Own(idle.connection), idle: Some(rested) });
            }
        }
    }

    /// Keeps a connection that has just carried an exchange.
    pub(super) fn keep(&self, key: Key, connection: Box<Http1>, now: Duration) {
        let mut kept = self.kept.lock();
        if kept.idle >= self.idle_in_all {
            return;
        }
        let shelf = kept.destinations.entry(key).or_default();
        if shelf.idle.len() < self.idle_per_destination {
            shelf.idle.push(Idle { connection, since: now });
            kept.idle += 1;
        }
    }

    /// Lets others use a shared connection, unless there is one already.
    pub(super) fn share(&self, key: Key, connection: &Http2, now: Duration) {
        let mut kept = self.kept.lock();
        let shelf = kept.destinations.entry(key).or_default();
        if shelf.shared.as_ref().is_none_or(|shared| !shared.connection.is_fit()) {
            shelf.shared = Some(Shared { connection: connection.clone(), used: now });
        }
    }

    /// Stops handing out the shared connection, after it failed somebody.
    pub(super) fn distrust(&self, key: &Key) {
        if let Some(shelf) = self.kept.lock().destinations.get_mut(key) {
            shelf.shared = None;
        }
    }

    /// Closes what has been idle for too long or was closed from the other side.
    pub(super) fn sweep(&self, now: Duration) {
        let mut kept = self.kept.lock();
        let kept = &mut *kept;
        let fresh = |since: Duration| now.saturating_sub(since) < self.idle_timeout;
        kept.destinations.retain(|_, shelf| {
            shelf.idle.retain_mut(|idle| fresh(idle.since) && idle.connection.is_fit());
            shelf.shared.take_if(|shared| !fresh(shared.used) || !shared.connection.is_fit());
            !shelf.idle.is_empty() || shelf.shared.is_some()
        });
        kept.idle = kept.destinations.values().map(|shelf| shelf.idle.len()).sum();
    }

    /// Closes everything.
    pub(super) fn clear(&self) {
        *self.kept.lock() = Kept::default();
    }

    /// Connections kept, of either kind.
    pub(super) fn len(&self) -> usize {
        let kept = self.kept.lock();
        kept.idle + kept.destinations.values().filter(|shelf| shelf.shared.is_some()).count()
    }

    fn shared(&self, key: &Key, now: Duration) -> Option<Http2> {
        let mut kept = self.kept.lock();
        let shelf = kept.destinations.get_mut(key)?;
        shelf.shared.take_if(|shared| !shared.connection.is_fit());
        let shared = shelf.shared.as_mut()?;
        shared.used = now;
        Some(shared.connection.clone())
    }

    fn pop(&self, key: &Key) -> Option<Idle> {
        let mut kept = self.kept.lock();
        let idle = kept.destinations.get_mut(key)?.idle.pop()?;
        kept.idle -= 1;
        Some(idle)
    }
}
