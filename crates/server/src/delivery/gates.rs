//! Destinations and their gates.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use fieldhook_core::access::Scope;
use fieldhook_core::hex::hex;
use fieldhook_core::origin::Origin;
use fieldhook_core::throttle::{Decision, Ended, Gate, GateState};
use fieldhook_core::time::Timestamp;
use parking_lot::{Mutex, RwLock};
use serde::Serialize;
use sha2::{Digest, Sha256};

/// How long an idle destination is remembered.
const REMEMBERED: Duration = Duration::from_hours(24);

/// A destination as people see it.
#[derive(Debug, Clone, Serialize)]
pub struct DestinationState {
    /// Its id: the same for the same scope and origin.
    pub id: String,
    /// Who owns the integrations that send there.
    pub scope: Scope,
    /// `scheme://host:port`.
    pub origin: String,
    /// The gate.
    pub gate: GateState,
    /// Requests on the wire.
    pub in_flight: usize,
    /// Most requests at once.
    pub width: usize,
    /// When the last attempt began.
    pub last_tried_at: Timestamp,
}

/// One destination.
pub(super) struct Destination {
    scope: Scope,
    origin: Origin,
    inner: Mutex<Inner>,
}

struct Inner {
    gate: Gate,
    in_flight: usize,
    last_tried_at: Timestamp,
}

/// Every destination that was tried lately.
#[derive(Default)]
pub(super) struct Gates {
    destinations: RwLock<HashMap<(Scope, Origin), Arc<Destination>>>,
}

impl Gates {
    /// The destination, new when it was not tried lately.
    pub(super) fn of(&self, scope: Scope, origin: &Origin, now: Timestamp) -> Arc<Destination> {
        let key = (scope, origin.clone());
        if let Some(known) = self.destinations.read().get(&key) {
            return known.clone();
        }
        let inner = Inner { gate: Gate::new(), in_flight: 0, last_tried_at: now };
        let fresh = Arc::new(Destination { scope, origin: origin.clone(), inner: Mutex::new(inner) });
        self.destinations.write().entry(key).or_insert(fresh).clone()
    }

    /// The destinations of these scopes, by origin.
    pub(super) fn states(&self, scopes: &[Scope], width: usize, now: Timestamp) -> Vec<DestinationState> {
        let destinations = self.destinations.read();
        let visible = destinations.values().filter(|destination| scopes.contains(&destination.scope));
        let mut states: Vec<_> = visible.map(|destination| destination.state(width, now)).collect();
        states.sort_by(|a, b| (&a.origin, a.scope).cmp(&(&b.origin, b.scope)));
        states
    }

    /// The state of one destination; none when it was not tried lately.
    pub(super) fn state(&self, scope: Scope, origin: &Origin, now: Timestamp) -> Option<GateState> {
        let destination = self.destinations.read().get(&(scope, origin.clone())).cloned()?;
        let inner = destination.inner.lock();
        Some(inner.gate.state(now))
    }

    /// The scope's destinations whose gates let not everything pass.
    pub(super) fn asleep(&self, scope: Scope, now: Timestamp) -> Vec<Origin> {
        let destinations = self.destinations.read();
        let asleep = destinations
            .values()
            .filter(|destination| destination.scope == scope && destination.inner.lock().gate.asleep(now));
        asleep.map(|destination| destination.origin.clone()).collect()
    }

    /// The destinations whose gates skip attempts, or have reached a mark on the way there.
    pub(super) fn troubled(&self, now: Timestamp) -> Vec<(Scope, String, GateState)> {
        let known: Vec<_> = self.destinations.read().values().cloned().collect();
        let troubled = |destination: Arc<Destination>| {
            let state = destination.inner.lock().gate.state(now);
            let telling = state.warning.is_some() || state.asleep();
            telling.then(|| (destination.scope, destination.origin.to_string(), state))
        };
        known.into_iter().filter_map(troubled).collect()
    }

    /// Empties the window of the destination with this id and opens its gate; says whether there is one.
    pub(super) fn wake(&self, id: &str, scopes: &[Scope]) -> bool {
        let destinations = self.destinations.read();
        let found = destinations
            .values()
            .find(|destination| scopes.contains(&destination.scope) && destination.id() == id);
        if let Some(destination) = found {
            destination.inner.lock().gate.wake();
        }
        found.is_some()
    }

    /// Forgets destinations that have long been idle.
    pub(super) fn forget_idle(&self, now: Timestamp) {
        self.destinations.write().retain(|_, destination| {
            let inner = destination.inner.lock();
            inner.in_flight > 0 || now.since(inner.last_tried_at) < REMEMBERED
        });
    }
}

impl Destination {
    /// Asks the gate, and counts the attempt as under way when it passes.
    pub(super) fn enter(
        &self,
        now: Timestamp,
        luck: f64,
    ) -> (Decision, fieldhook_core::throttle::Bucket, f64) {
        let mut inner = self.inner.lock();
        inner.last_tried_at = now;
        let (before, probability) = (inner.gate.counts(now), inner.gate.probability(now));
        let decision = inner.gate.decide(now, luck);
        if decision == Decision::Pass {
            inner.in_flight += 1;
        }
        (decision, before, probability)
    }

    /// Tells the gate how an attempt that passed has ended; returns the probability of skipping from now on.
    pub(super) fn leave(&self, now: Timestamp, ended: Ended) -> f64 {
        let mut inner = self.inner.lock();
        inner.in_flight -= 1;
        inner.gate.learn(now, ended);
        inner.gate.probability(now)
    }

    fn id(&self) -> String {
        let digest = Sha256::digest(format!("{} {}", self.scope, self.origin).as_bytes());
        hex(&digest[..12])
    }

    fn state(&self, width: usize, now: Timestamp) -> DestinationState {
        let inner = self.inner.lock();
        DestinationState {
            id: self.id(),
            scope: self.scope,
            origin: self.origin.to_string(),
            gate: inner.gate.state(now),
            in_flight: inner.in_flight,
            width,
            last_tried_at: inner.last_tried_at,
        }
    }
}
