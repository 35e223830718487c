//! Issues: one for each cause of failure, however often it fails.
//!
//! A cause is what an integration's attempts failed with, where they went, and in which phase they stopped. Ten
//! thousand failures of three causes are three issues. What becomes of an issue is decided here, attempt by
//! attempt; the store only keeps it.

use std::fmt::Write as _;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::access::Scope;
use crate::attempt::{Attempt, Code, Outcome, Phase};
use crate::id::{AttemptId, DeviceId, IntegrationId, IssueId, UserId};
use crate::time::Timestamp;

/// Successes in a row that resolve an issue …
pub const STREAK: u64 = 20;
/// … once the first of them is this long ago.
pub const STREAK_TIME: Duration = Duration::from_mins(10);
/// Most devices of an issue that are kept by id.
pub const DEVICE_LIMIT: usize = 100;
/// Most firmware versions of an issue that are kept.
pub const FIRMWARE_LIMIT: usize = 20;

/// What tells one cause of failure from another.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Cause {
    /// The integration.
    pub integration: IntegrationId,
    /// Why there was no usable answer.
    pub code: Option<Code>,
    /// The status answered.
    pub status: Option<u16>,
    /// Where the request went: `https://host:port`; absent when it was never made.
    pub origin: Option<String>,
    /// The phase in which it stopped.
    pub phase: Option<Phase>,
}

/// Where an issue stands.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "lowercase")]
#[schema(as = IssueState)]
pub enum State {
    /// It fails, or did until lately.
    Open,
    /// Somebody has seen it and is at work on it.
    Acknowledged,
    /// It went well for a while, or somebody said so. Should it fail again, it opens anew.
    Resolved,
    /// Somebody said that it does not matter. It is counted and never opens by itself.
    Ignored,
}

impl State {
    /// Every state.
    pub const ALL: [Self; 4] = [Self::Open, Self::Acknowledged, Self::Resolved, Self::Ignored];

    /// The state in one word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Acknowledged => "acknowledged",
            Self::Resolved => "resolved",
            Self::Ignored => "ignored",
        }
    }

    /// Whether somebody should look at it.
    pub fn is_unresolved(self) -> bool {
        matches!(self, Self::Open | Self::Acknowledged)
    }
}

/// One cause of failure, and how often it has struck.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Issue {
    /// Its id: the same whenever the same cause strikes.
    pub id: IssueId,
    /// The integration.
    pub integration: IntegrationId,
    /// Who owns it.
    pub scope: Scope,
    /// Why there was no usable answer.
    pub code: Option<Code>,
    /// The status answered.
    pub status: Option<u16>,
    /// Where the requests went: `https://host:port`; absent when they were never made.
    pub origin: Option<String>,
    /// The phase in which they stopped.
    pub phase: Option<Phase>,
    /// Where it stands.
    pub state: State,
    /// When it came to stand there.
    pub changed_at: Timestamp,
    /// Who put it there; absent when attempts did.
    pub changed_by: Option<UserId>,
    /// How often it came back after it had been resolved.
    pub regressions: u32,
    /// Attempts that failed so, since it opened last.
    pub count: u64,
    /// Attempts of the integration since it opened last.
    pub attempts: u64,
    /// The first such failure since it opened last.
    pub first_seen: Timestamp,
    /// The last one.
    pub last_seen: Timestamp,
    /// Devices whose events failed so; the first hundred.
    pub devices: Vec<DeviceId>,
    /// Whether there are more.
    pub more_devices: bool,
    /// Firmware versions of these; the first twenty.
    pub firmware: Vec<u32>,
    /// The first attempt that failed so. Kept as long as the issue is.
    pub first: AttemptId,
    /// The last one. Kept as long as the issue is.
    pub latest: AttemptId,
    /// The last success in front of the first failure. Kept as long as the issue is.
    pub last_good: Option<AttemptId>,
    /// When that was.
    pub last_good_at: Option<Timestamp>,
    /// Successes in a row at present.
    pub streak: u64,
    /// When the first of them ended.
    pub streak_since: Option<Timestamp>,
}

impl Cause {
    /// The cause of a failed attempt. Successes, refusals by the gate and tests have none.
    pub fn of(attempt: &Attempt) -> Option<Self> {
        (attempt.outcome == Outcome::Error && attempt.counts()).then(|| Self {
            integration: attempt.integration,
            code: attempt.code,
            status: attempt.status,
            origin: attempt.origin.clone(),
            phase: attempt.stopped_in,
        })
    }

    /// The id of the issue of this cause: made of what it is, so that every record of it finds the same issue.
    pub fn issue(&self) -> IssueId {
        let mut text = self.integration.to_string();
        let mut part = |name: &str| {
            let _ = write!(text, "\n{name}");
        };
        part(self.code.map_or("", Code::as_str));
        part(&self.status.map_or_else(String::new, |status| status.to_string()));
        part(self.origin.as_deref().unwrap_or_default());
        part(self.phase.map_or("", Phase::as_str));
        let digest = Sha256::digest(text.as_bytes());
        let mut id = [0; 12];
        id.copy_from_slice(&digest[..12]);
        IssueId(id)
    }
}

impl Issue {
    /// An issue that opens with this failure. `last_good` is the last success in front of it.
    pub fn open(cause: Cause, failure: &Attempt, last_good: Option<(AttemptId, Timestamp)>) -> Self {
        let id = cause.issue();
        let Cause { integration, code, status, origin, phase } = cause;
        let mut issue = Self {
            id,
            integration,
            scope: failure.scope,
            code,
            status,
            origin,
            phase,
            state: State::Open,
            changed_at: failure.ended_at,
            changed_by: None,
            regressions: 0,
            count: 0,
            attempts: 0,
            first_seen: failure.started_at,
            last_seen: failure.started_at,
            devices: Vec::new(),
            more_devices: false,
            firmware: Vec::new(),
            first: failure.id,
            latest: failure.id,
            last_good: last_good.map(|(id, _)| id),
            last_good_at: last_good.map(|(_, at)| at),
            streak: 0,
            streak_since: None,
        };
        issue.failed(failure);
        issue
    }

    /// Takes in one more failure of its cause. One that [comes back](Self::comes_back_with) is opened
    /// [anew](Self::reopen) instead.
    pub fn failed(&mut self, failure: &Attempt) {
        self.attempts += 1;
        self.count += 1;
        self.broken_streak();
        if failure.started_at < self.first_seen {
            (self.first, self.first_seen) = (failure.id, failure.started_at);
        }
        if failure.started_at >= self.last_seen {
            (self.latest, self.last_seen) = (failure.id, failure.started_at);
        }
        if let Some(device) = failure.event.device().filter(|device| !self.devices.contains(device)) {
            if self.devices.len() < DEVICE_LIMIT {
                self.devices.push(device);
            } else {
                self.more_devices = true;
            }
        }
        let version = failure.event.product_version.filter(|version| !self.firmware.contains(version));
        if let Some(version) = version.filter(|_| self.firmware.len() < FIRMWARE_LIMIT) {
            self.firmware.push(version);
        }
    }

    /// Whether this failure of its cause means that it is back: it was resolved before the attempt began.
    pub fn comes_back_with(&self, failure: &Attempt) -> bool {
        self.state == State::Resolved && failure.started_at >= self.changed_at
    }

    /// Opens it anew with a failure after it was resolved: a regression, counted from here on.
    pub fn reopen(&mut self, cause: Cause, failure: &Attempt, last_good: Option<(AttemptId, Timestamp)>) {
        let regressions = self.regressions.saturating_add(1);
        *self = Self { regressions, ..Self::open(cause, failure, last_good) };
    }

    /// Takes in another attempt of its integration, which is no failure of its cause. Returns whether it is
    /// resolved now: by twenty successes in a row, the first of which is ten minutes ago.
    ///
    /// A success at another destination says nothing of this one. Refusals by the gate neither prolong a streak
    /// nor break it, for nothing was sent.
    pub fn passed(&mut self, attempt: &Attempt) -> bool {
        if attempt.outcome == Outcome::Skipped {
            return false;
        }
        self.attempts += 1;
        if self.origin.is_some() && self.origin != attempt.origin {
            return false;
        }
        if attempt.outcome == Outcome::Error {
            self.broken_streak();
            return false;
        }
        self.streak += 1;
        let since = *self.streak_since.get_or_insert(attempt.ended_at);
        let long_enough = attempt.ended_at.since(since) >= STREAK_TIME;
        let resolved = self.state.is_unresolved() && self.streak >= STREAK && long_enough;
        if resolved {
            (self.state, self.changed_at, self.changed_by) = (State::Resolved, attempt.ended_at, None);
        }
        resolved
    }

    /// Puts it where a person says it stands.
    pub fn put(&mut self, state: State, by: UserId, now: Timestamp) {
        (self.state, self.changed_at, self.changed_by) = (state, now, Some(by));
    }

    /// The cause.
    pub fn cause(&self) -> Cause {
        Cause {
            integration: self.integration,
            code: self.code,
            status: self.status,
            origin: self.origin.clone(),
            phase: self.phase,
        }
    }

    fn broken_streak(&mut self) {
        (self.streak, self.streak_since) = (0, None);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::attempt::{Network, Next, Rendering, Timings, Trigger, Verdict};
    use crate::event::{Event, Publisher, Source};
    use crate::id::{DeliveryId, EventId};

    const T0: Timestamp = Timestamp::from_millis(1_767_323_045_678);
    const OWNER: UserId = UserId([1; 12]);

    fn secs(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    /// An attempt so many seconds after the first moment, of the event of a device.
    fn success(at: u64) -> Attempt {
        let started_at = T0 + secs(at);
        let luck = [at as u8; 10];
        let event = Event {
            id: EventId::new(started_at, luck),
            name: "temp".to_owned(),
            data: None,
            published_at: started_at,
            ttl: 60,
            publisher: Publisher::Device(DeviceId([7; 12])),
            private: true,
            owner: Some(OWNER),
            product: None,
            product_version: Some(3),
            source: Source::Http,
            idempotency_key: None,
        };
        Attempt {
            id: AttemptId::new(started_at, luck),
            delivery: DeliveryId::new(started_at, luck),
            event: Arc::new(event),
            integration: IntegrationId([2; 12]),
            revision: 1,
            scope: Scope::User(OWNER),
            trigger: Trigger::Event,
            number: 1,
            started_at,
            ended_at: started_at,
            outcome: Outcome::Success,
            code: None,
            status: Some(200),
            stopped_in: None,
            message: None,
            origin: Some("https://example.com:443".to_owned()),
            rendering: Rendering::default(),
            request: None,
            answer: None,
            timings: Timings::default(),
            network: Network::default(),
            gate: None,
            next: Next::Final(Verdict::Delivered),
            followed_by: Vec::new(),
        }
    }

    fn failure(at: u64, status: u16) -> Attempt {
        let stopped_in = Some(Phase::Receive);
        Attempt { outcome: Outcome::Error, status: Some(status), stopped_in, ..success(at) }
    }

    fn opened(at: u64) -> Issue {
        let failure = failure(at, 401);
        Issue::open(Cause::of(&failure).unwrap(), &failure, None)
    }

    #[test]
    fn a_cause_is_told_by_what_failed_where_and_when_and_by_nothing_else() {
        let base = failure(1, 401);
        let id = |attempt: &Attempt| Cause::of(attempt).unwrap().issue();
        let later = Attempt { number: 3, ..failure(9, 401) };
        assert_eq!(id(&base), id(&later));
        for other in [
            failure(1, 403),
            Attempt { origin: Some("https://other.example:443".to_owned()), ..base.clone() },
            Attempt { stopped_in: Some(Phase::Wait), ..base.clone() },
            Attempt { integration: IntegrationId([3; 12]), ..base.clone() },
            Attempt { code: Some(Code::Reset), status: None, ..base.clone() },
        ] {
            assert_ne!(id(&base), id(&other), "{other:?}");
        }
    }

    #[test]
    fn only_a_failure_that_counts_has_a_cause() {
        assert_eq!(Cause::of(&success(1)), None);
        assert_eq!(Cause::of(&Attempt { trigger: Trigger::Test { by: OWNER }, ..failure(1, 401) }), None);
        assert_eq!(Cause::of(&Attempt { outcome: Outcome::Skipped, ..failure(1, 401) }), None);
    }

    #[test]
    fn an_issue_counts_its_failures_and_keeps_the_first_and_the_last() {
        let mut issue = opened(10);
        issue.failed(&failure(20, 401));
        issue.failed(&failure(5, 401));
        issue.passed(&success(21));
        assert_eq!((issue.count, issue.attempts), (3, 4));
        assert_eq!((issue.first_seen, issue.last_seen), (T0 + secs(5), T0 + secs(20)));
        assert_eq!((issue.first, issue.latest), (failure(5, 401).id, failure(20, 401).id));
        assert_eq!((issue.devices.len(), issue.firmware.as_slice()), (1, &[3][..]));
    }

    #[test]
    fn devices_are_kept_up_to_a_limit() {
        let mut issue = opened(0);
        for device in 0..=u8::try_from(DEVICE_LIMIT).unwrap() {
            let mut one = failure(1, 401);
            Arc::make_mut(&mut one.event).publisher = Publisher::Device(DeviceId([device; 12]));
            issue.failed(&one);
        }
        assert_eq!((issue.devices.len(), issue.more_devices), (DEVICE_LIMIT, true));
    }

    /// Successes so many seconds after the first moment; returns whether the last one resolved it.
    fn resolved_by(issue: &mut Issue, times: impl IntoIterator<Item = u64>) -> bool {
        times.into_iter().fold(false, |_, at| issue.passed(&success(at)))
    }

    #[test]
    fn twenty_successes_resolve_it_once_the_first_is_ten_minutes_ago() {
        for (times, resolved) in [
            ((1..=20).collect::<Vec<_>>(), false),
            ((1..=20).chain([600]).collect(), false),
            ((1..=20).chain([601]).collect(), true),
            ((1..=18).chain([5_000]).collect(), false),
            ((1..=19).chain([5_000]).collect(), true),
        ] {
            assert_eq!(resolved_by(&mut opened(0), times.clone()), resolved, "{times:?}");
        }
    }

    #[test]
    fn a_failure_breaks_the_streak_and_what_was_not_sent_or_went_elsewhere_does_not_count() {
        let mut issue = opened(0);
        resolved_by(&mut issue, 1..=19);
        issue.passed(&failure(20, 500));
        assert_eq!((issue.streak, issue.streak_since), (0, None));

        resolved_by(&mut issue, 21..=39);
        issue.passed(&Attempt { outcome: Outcome::Skipped, ..success(40) });
        issue.passed(&Attempt { origin: Some("https://other.example:443".to_owned()), ..success(700) });
        assert_eq!((issue.streak, issue.state), (19, State::Open));
        assert!(issue.passed(&success(700)));
        assert_eq!((issue.state, issue.changed_by), (State::Resolved, None));
    }

    #[test]
    fn one_that_was_resolved_opens_anew_and_counts_from_there() {
        let mut issue = opened(0);
        issue.failed(&failure(1, 401));
        issue.put(State::Resolved, OWNER, T0 + secs(2));
        let again = failure(50, 401);
        let good = success(49);
        issue.reopen(issue.cause(), &again, Some((good.id, good.started_at)));
        assert_eq!((issue.state, issue.regressions, issue.count), (State::Open, 1, 1));
        assert_eq!((issue.first_seen, issue.last_good), (again.started_at, Some(good.id)));
    }

    #[test]
    fn one_that_is_ignored_stays_so_whatever_succeeds() {
        let mut issue = opened(0);
        issue.put(State::Ignored, OWNER, T0);
        assert!(!resolved_by(&mut issue, (1..=20).chain([601])));
        assert_eq!(issue.state, State::Ignored);
    }
}
