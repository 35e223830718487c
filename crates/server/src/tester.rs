//! Throw-away endpoints: they catch what is sent to them, show it as it comes, and answer as they are told.
//!
//! All of it stands in memory and is gone with the server. Nothing here speaks HTTP; `api/tester.rs` does.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fieldhook_core::access::Scope;
use fieldhook_core::attempt::KeptBody;
use fieldhook_core::hex::hex;
use fieldhook_core::time::Timestamp;
use fieldhook_core::wire::tester::{Answer, AnswerSettings, CaughtRequest, Fault};
use parking_lot::Mutex;
use tokio::sync::broadcast;

use crate::clock::{Nature, random};

mod answer;

pub use answer::{InvalidAnswer, check};

/// Most endpoints of one scope.
pub const MOST_IN_SCOPE: usize = 50;
/// Most requests that are kept of one endpoint.
pub const MOST_KEPT: usize = 200;
/// Most bytes that are kept of one body.
pub const BODY_KEPT: usize = 256 * 1024;
/// Most bytes that are kept of one endpoint's requests.
const ENDPOINT_BYTES: usize = 8 * 1024 * 1024;
/// Most bytes that are kept of all requests.
const ALL_BYTES: usize = 128 * 1024 * 1024;
/// How long an endpoint is remembered that nobody sends to or looks at.
pub const IDLE_LIFE: Duration = Duration::from_hours(24);
/// Requests that somebody who watches may be behind.
const BEHIND: usize = 64;

/// Why an endpoint cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TesterError {
    /// The scope has as many as it may.
    #[error("{scope} has {MOST_IN_SCOPE} test endpoints already, which is the limit: delete one")]
    TooMany {
        /// Whose.
        scope: Scope,
    },
}

/// Every endpoint there is.
pub struct Tester {
    nature: Nature,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    endpoints: HashMap<String, Endpoint>,
    bytes: usize,
}

struct Endpoint {
    scope: Scope,
    kept_on: bool,
    created_at: Timestamp,
    used_at: Timestamp,
    caught: u64,
    answer: Arc<AnswerSettings>,
    requests: VecDeque<Arc<CaughtRequest>>,
    bytes: usize,
    watchers: broadcast::Sender<Arc<CaughtRequest>>,
}

/// An endpoint as its owner sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct EndpointState {
    /// Its id.
    pub id: String,
    /// Who owns it.
    pub scope: Scope,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last sent to or looked at.
    pub used_at: Timestamp,
    /// Requests it has caught, those no longer kept included.
    pub caught: u64,
    /// How it answers.
    pub answer: Arc<AnswerSettings>,
}

/// A request on its arrival.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrival {
    /// The method.
    pub method: String,
    /// The path below the endpoint, as it was sent.
    pub path: String,
    /// The query, without its question mark.
    pub query: Option<String>,
    /// The version of HTTP.
    pub http: String,
    /// Header names and values, in the order received.
    pub headers: Vec<(String, String)>,
    /// The body as it is kept.
    pub body: KeptBody,
}

/// How a request is to be answered.
#[derive(Debug, Clone, PartialEq)]
pub struct Chosen {
    settings: Arc<AnswerSettings>,
    rule: Option<usize>,
}

impl Chosen {
    /// The answer.
    pub fn answer(&self) -> &Answer {
        match self.rule {
            Some(rule) => &self.settings.rules[rule].answer,
            None => &self.settings.answer,
        }
    }
}

/// What an endpoint caught, newest first.
#[derive(Debug, Clone, PartialEq)]
pub struct Caught {
    /// The requests.
    pub requests: Vec<Arc<CaughtRequest>>,
    /// The number before which the rest stands, if there is a rest.
    pub before: Option<u64>,
}

impl Tester {
    /// A tester without endpoints.
    pub fn new(nature: Nature) -> Self {
        Self { nature, state: Mutex::default() }
    }

    /// Makes an endpoint, under an id that cannot be guessed. It answers 200 until told otherwise, and is
    /// forgotten a day after it was last used.
    pub fn create(&self, scope: Scope) -> Result<EndpointState, TesterError> {
        self.forget_idle();
        let id = hex(&random::<16>(&*self.nature.luck));
        let mut state = self.state.lock();
        let theirs = state.endpoints.values().filter(|endpoint| endpoint.scope == scope && !endpoint.kept_on);
        if theirs.count() >= MOST_IN_SCOPE {
            return Err(TesterError::TooMany { scope });
        }
        let endpoint = Endpoint::new(scope, self.nature.now());
        let made = endpoint.state(&id);
        state.endpoints.insert(id, endpoint);
        Ok(made)
    }

    /// Has an endpoint under an id of the caller's own choosing, for as long as the server runs. For endpoints
    /// that integrations go on pointing to, as in the demo.
    pub fn keep(&self, id: &str, scope: Scope) -> EndpointState {
        let now = self.nature.now();
        let mut state = self.state.lock();
        let endpoint = state.endpoints.entry(id.to_owned()).or_insert_with(|| Endpoint::new(scope, now));
        endpoint.kept_on = true;
        endpoint.state(id)
    }

    /// An endpoint.
    pub fn endpoint(&self, id: &str) -> Option<EndpointState> {
        self.state.lock().endpoints.get(id).map(|endpoint| endpoint.state(id))
    }

    /// The endpoints of these scopes, the newest first.
    pub fn endpoints(&self, scopes: &[Scope]) -> Vec<EndpointState> {
        self.forget_idle();
        let state = self.state.lock();
        let visible = state.endpoints.iter().filter(|(_, endpoint)| scopes.contains(&endpoint.scope));
        let mut endpoints: Vec<_> = visible.map(|(id, endpoint)| endpoint.state(id)).collect();
        endpoints.sort_by(|a, b| (b.created_at, &b.id).cmp(&(a.created_at, &a.id)));
        endpoints
    }

    /// Forgets an endpoint; whoever watches it is let go.
    pub fn remove(&self, id: &str) -> bool {
        let mut state = self.state.lock();
        let Some(gone) = state.endpoints.remove(id) else { return false };
        state.bytes -= gone.bytes;
        true
    }

    /// Says how an endpoint shall answer from now on. The settings must have passed [`check`].
    pub fn answer(&self, id: &str, answer: AnswerSettings) -> Option<EndpointState> {
        let mut state = self.state.lock();
        let endpoint = state.endpoints.get_mut(id)?;
        endpoint.used_at = self.nature.now();
        endpoint.answer = Arc::new(answer);
        Some(endpoint.state(id))
    }

    /// Keeps a request, shows it to whoever watches, and says how to answer it.
    pub fn catch(&self, id: &str, arrival: Arrival) -> Option<Chosen> {
        let now = self.nature.now();
        let mut state = self.state.lock();
        let endpoint = state.endpoints.get_mut(id)?;
        endpoint.used_at = now;
        endpoint.caught += 1;
        let rule = answer::pick(&endpoint.answer.rules, endpoint.caught, &arrival);
        let chosen = Chosen { settings: endpoint.answer.clone(), rule };
        let caught = Arc::new(caught(arrival, endpoint.caught, now, &chosen));
        // Nobody watching is no error.
        let _ = endpoint.watchers.send(caught.clone());
        state.put(id, caught);
        Some(chosen)
    }

    /// What an endpoint caught before the request of that number, newest first; of it, what holds `text`
    /// whatever the case of ASCII letters.
    pub fn caught(&self, id: &str, before: Option<u64>, most: usize, text: Option<&str>) -> Option<Caught> {
        let kept: Vec<_> = {
            let mut state = self.state.lock();
            let endpoint = state.endpoints.get_mut(id)?;
            endpoint.used_at = self.nature.now();
            endpoint.requests.iter().rev().cloned().collect()
        };
        let wanted = text.map(str::to_ascii_lowercase);
        let mut rest = kept
            .into_iter()
            .filter(|request| before.is_none_or(|before| request.number < before))
            .filter(|request| wanted.as_ref().is_none_or(|wanted| holds(request, wanted)));
        let requests: Vec<_> = rest.by_ref().take(most).collect();
        let more = rest.next().is_some();
        let before = requests.last().filter(|_| more).map(|last| last.number);
        Some(Caught { requests, before })
    }

    /// Forgets the requests an endpoint caught; its count goes on.
    pub fn clear(&self, id: &str) -> bool {
        let mut state = self.state.lock();
        let Some(endpoint) = state.endpoints.get_mut(id) else { return false };
        endpoint.requests.clear();
        let freed = std::mem::take(&mut endpoint.bytes);
        state.bytes -= freed;
        true
    }

    /// What an endpoint catches from now on, as it comes.
    pub fn watch(&self, id: &str) -> Option<broadcast::Receiver<Arc<CaughtRequest>>> {
        let state = self.state.lock();
        state.endpoints.get(id).map(|endpoint| endpoint.watchers.subscribe())
    }

    /// Forgets endpoints that nobody has used for a day and nobody watches now.
    pub fn forget_idle(&self) {
        let now = self.nature.now();
        let mut state = self.state.lock();
        state.endpoints.retain(|_, endpoint| endpoint.kept_on || endpoint.in_use(now));
        state.bytes = state.endpoints.values().map(|endpoint| endpoint.bytes).sum();
    }
}

impl State {
    /// Keeps a request, and lets go of the oldest where a bound is passed: first the endpoint's own, then those
    /// of whichever endpoint holds most.
    fn put(&mut self, id: &str, request: Arc<CaughtRequest>) {
        let Some(endpoint) = self.endpoints.get_mut(id) else { return };
        let before = endpoint.bytes;
        endpoint.bytes += size(&request);
        endpoint.requests.push_back(request);
        while endpoint.requests.len() > MOST_KEPT || endpoint.bytes > ENDPOINT_BYTES {
            endpoint.drop_oldest();
        }
        self.bytes = self.bytes + endpoint.bytes - before;
        while self.bytes > ALL_BYTES {
            let Some(fattest) = self.endpoints.values_mut().max_by_key(|endpoint| endpoint.bytes) else {
                return;
            };
            self.bytes -= fattest.drop_oldest();
        }
    }
}

impl Endpoint {
    fn new(scope: Scope, now: Timestamp) -> Self {
        Self {
            scope,
            kept_on: false,
            created_at: now,
            used_at: now,
            caught: 0,
            answer: Arc::default(),
            requests: VecDeque::new(),
            bytes: 0,
            watchers: broadcast::Sender::new(BEHIND),
        }
    }

    fn in_use(&self, now: Timestamp) -> bool {
        now.since(self.used_at) < IDLE_LIFE || self.watchers.receiver_count() > 0
    }

    fn drop_oldest(&mut self) -> usize {
        let freed = self.requests.pop_front().map_or(0, |request| size(&request));
        self.bytes -= freed;
        freed
    }

    fn state(&self, id: &str) -> EndpointState {
        EndpointState {
            id: id.to_owned(),
            scope: self.scope,
            created_at: self.created_at,
            used_at: self.used_at,
            caught: self.caught,
            answer: self.answer.clone(),
        }
    }
}

/// A body as it is kept, from its first bytes and its length.
pub fn kept_body(mut first: Vec<u8>, bytes: u64) -> KeptBody {
    let cut = (first.len() as u64) < bytes;
    if cut
        && let Err(error) = std::str::from_utf8(&first)
        && error.error_len().is_none()
    {
        // The cut went through a character; the rest is text all the same.
        first.truncate(error.valid_up_to());
    }
    match String::from_utf8(first) {
        Ok(text) => KeptBody { text, binary: false, bytes, cut },
        Err(error) => KeptBody { text: STANDARD.encode(error.as_bytes()), binary: true, bytes, cut },
    }
}

fn caught(arrival: Arrival, number: u64, at: Timestamp, chosen: &Chosen) -> CaughtRequest {
    let answer = chosen.answer();
    let silent = matches!(answer.fault, Fault::ResetBefore | Fault::Hang);
    CaughtRequest {
        number,
        at,
        method: arrival.method,
        path: arrival.path,
        query: arrival.query,
        http: arrival.http,
        headers: arrival.headers,
        body: arrival.body,
        status: (!silent).then_some(answer.status),
        fault: answer.fault,
        rule: chosen.rule.map(|rule| rule + 1),
    }
}

fn size(request: &CaughtRequest) -> usize {
    let headers = request.headers.iter().map(|(name, value)| name.len() + value.len() + 48);
    let query = request.query.as_ref().map_or(0, String::len);
    256 + request.path.len() + query + request.body.text.len() + headers.sum::<usize>()
}

/// Whether the request holds this text, which is in lower case.
fn holds(request: &CaughtRequest, wanted: &str) -> bool {
    let holds = |text: &str| text.to_ascii_lowercase().contains(wanted);
    holds(&request.method)
        || holds(&request.path)
        || request.query.as_deref().is_some_and(holds)
        || request.headers.iter().any(|(name, value)| holds(name) || holds(value))
        || holds(&request.body.text)
}

#[cfg(test)]
mod tests;
