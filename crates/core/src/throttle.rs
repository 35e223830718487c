//! The gate: a destination that fails more than it succeeds hears from us less.
//!
//! This is the client-side throttling of Google's *Site Reliability Engineering*, chapter "Handling
//! Overload", section "Client-Side Throttling", with K = 2. Over a sliding window a sender counts what it
//! asked (`attempts`) and what was granted (`accepts`), and refuses its next attempt by itself with
//! probability
//!
//! ```text
//! max(0, (attempts − K × accepts) / (attempts + 1))
//! ```
//!
//! Why this rule and not a breaker with states. It needs no thresholds to tune per endpoint: with K = 2,
//! skipping starts exactly when failures outnumber successes. It has no cliff: half a fleet's failures slow
//! us by half, not to a stop. And it never gives up: under a total failure at rate r about √(10 r) attempts
//! in ten seconds still go through, each a probe that may bring news.
//!
//! Where we differ from the book, and why:
//!
//! - The window is ten seconds, not two minutes, and the gate's own refusals are not attempts. With them in
//!   the count a healed endpoint stays shut out for 20 to 70 seconds, by the weight of requests it never
//!   saw; without them it hears from us again within three.
//! - An attempt counts when it ends. A hung endpoint shows by its timeouts, and what is still on the wire
//!   is held against nobody.
//! - Nothing is skipped while fewer than ten attempts stand in the window: two failures prove nothing.
//! - An endpoint that names its own wait (`Retry-After`, RFC 9110, section 10.2.3) closes the gate until
//!   then, for an hour at most.
//!
//! Time and luck are handed in. A clock that jumps ahead empties the window; one that jumps back delays its
//! ageing by the window's length at most, and an appointed opening is never more than an hour away.

use std::time::{Duration, UNIX_EPOCH};

use httpdate::parse_http_date;
use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// How many buckets of one second the window has.
pub const WINDOW_SECONDS: usize = 10;
/// The fewest attempts in the window that say anything.
pub const FEWEST_ATTEMPTS: u32 = 10;
/// The longest an endpoint may keep the gate closed at its own wish.
pub const LONGEST_CLOSURE: Duration = Duration::from_hours(1);

/// What one destination has shown lately, and so how many of the next attempts it gets.
#[derive(Debug, Clone)]
pub struct Gate {
    /// A ring: the second `s` is at `s mod 10`. All are within the window that ends with `newest`.
    ring: [Bucket; WINDOW_SECONDS],
    /// The latest second seen, since the epoch.
    newest: i64,
    closed_until: Option<Timestamp>,
}

/// What ended within one second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Bucket {
    /// Attempts that ended and count.
    pub attempts: u32,
    /// Those answered 2xx.
    pub accepts: u32,
}

/// May an attempt be made?
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Decision {
    /// Yes.
    Pass,
    /// No: it was drawn among those skipped.
    Skip {
        /// The share of attempts being skipped, 0 to 1.
        probability: f64,
    },
    /// No: the endpoint asked for silence.
    Closed {
        /// Until then.
        until: Timestamp,
    },
}

/// How an attempt ended, in the gate's terms; `outcome::for_gate` tells which.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// With a 2xx.
    Accepted,
    /// With a 4xx, a 5xx or no answer.
    Failed {
        /// The wait the endpoint asked for with a 429 or 503.
        retry_after: Option<Duration>,
    },
    /// In a way that says nothing about the destination's health.
    Ignored,
}

/// The gate's state, for people.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct GateState {
    /// The window second by second, the oldest first.
    pub window: Vec<Bucket>,
    /// Attempts in the window.
    pub attempts: u32,
    /// Those answered 2xx.
    pub accepts: u32,
    /// The share of attempts being skipped, 0 to 1.
    pub probability: f64,
    /// How far the window is on the way to skipping, in percent: its failures, as a share of the fewest
    /// that would start it beside the successes there are. At 100, skipping has begun.
    pub to_skipping_percent: u8,
    /// The highest of the marks 50, 70 and 90 that this has reached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warning: Option<u8>,
    /// Until when the endpoint asked for silence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub closed_until: Option<Timestamp>,
    /// When the next try is sure to pass, should nothing more fail until then. Absent while all pass. While
    /// attempts are skipped by chance, one may well pass sooner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub next_pass: Option<Timestamp>,
}

impl GateState {
    /// Whether some attempts are skipped.
    pub fn asleep(&self) -> bool {
        self.probability > 0.0
    }
}

impl Gate {
    /// An open gate that has seen nothing.
    pub fn new() -> Self {
        Self { ring: [Bucket::default(); WINDOW_SECONDS], newest: i64::MIN, closed_until: None }
    }

    /// Decides on an attempt. `luck` is uniform in 0 to 1, 1 excluded.
    pub fn decide(&mut self, now: Timestamp, luck: f64) -> Decision {
        self.turn(now);
        if let Some(until) = self.closed_until {
            return Decision::Closed { until };
        }
        match self.sum().probability() {
            probability if luck < probability => Decision::Skip { probability },
            _ => Decision::Pass,
        }
    }

    /// Learns how an attempt ended.
    pub fn learn(&mut self, now: Timestamp, ended: Ended) {
        self.turn(now);
        let accepts = match ended {
            Ended::Ignored => return,
            Ended::Accepted => 1,
            Ended::Failed { retry_after } => {
                if let Some(wait) = retry_after {
                    self.close_until(now, now + wait);
                }
                0
            }
        };
        let bucket = &mut self.ring[place(self.newest)];
        *bucket = bucket.plus(Bucket { attempts: 1, accepts });
    }

    /// Lets nothing pass until this moment, or an hour from now if that is sooner. An earlier moment than
    /// one already appointed changes nothing.
    pub fn close_until(&mut self, now: Timestamp, until: Timestamp) {
        let until = until.min(now + LONGEST_CLOSURE);
        if until > now {
            self.closed_until = self.closed_until.max(Some(until));
        }
    }

    /// Forgets everything, as somebody asked who knows better: the next attempt passes.
    pub fn wake(&mut self) {
        *self = Self::new();
    }

    /// The share of attempts that would be skipped now, 0 to 1; 1 while closed.
    pub fn probability(&self, now: Timestamp) -> f64 {
        let mut gate = self.clone();
        gate.turn(now);
        if gate.closed_until.is_some() { 1.0 } else { gate.sum().probability() }
    }

    /// Whether some attempts would be skipped now.
    pub fn asleep(&self, now: Timestamp) -> bool {
        self.probability(now) > 0.0
    }

    /// What stands in the window now.
    pub fn counts(&self, now: Timestamp) -> Bucket {
        let mut gate = self.clone();
        gate.turn(now);
        gate.sum()
    }

    /// The state as people see it.
    pub fn state(&self, now: Timestamp) -> GateState {
        let mut gate = self.clone();
        gate.turn(now);
        let sum = gate.sum();
        let percent = sum.to_skipping_percent();
        GateState {
            window: gate.oldest_first().collect(),
            attempts: sum.attempts,
            accepts: sum.accepts,
            probability: gate.probability(now),
            to_skipping_percent: percent,
            warning: [90, 70, 50].into_iter().find(|mark| percent >= *mark),
            closed_until: gate.closed_until,
            next_pass: gate.next_pass(now),
        }
    }

    /// When nothing stands in the way of an attempt any more, if something does now. Buckets leave the
    /// window at full seconds, so only these need be tried. The window is empty after ten of them, or twice
    /// that when the clock has just been set back a little.
    fn next_pass(&self, now: Timestamp) -> Option<Timestamp> {
        let open = |moment: &Timestamp| self.probability(*moment) <= 0.0;
        if open(&now) {
            return None;
        }
        let start = self.closed_until.unwrap_or(now).max(now);
        let next_second = start.as_millis().div_euclid(1000) + 1;
        let seconds = (next_second..).take(2 * WINDOW_SECONDS);
        let moments = seconds.map(|second| Timestamp::from_millis(second * 1000));
        std::iter::once(start).chain(moments).find(open)
    }

    /// Moves the window to `now`: what is older than ten seconds leaves it, and a closure that is over ends.
    fn turn(&mut self, now: Timestamp) {
        let second = now.as_millis().div_euclid(1000);
        let ahead = second.saturating_sub(self.newest);
        if ahead >= WINDOW_SECONDS as i64 {
            self.ring = [Bucket::default(); WINDOW_SECONDS];
            self.newest = second;
        } else if ahead > 0 {
            for left in self.newest + 1..=second {
                self.ring[place(left)] = Bucket::default();
            }
            self.newest = second;
        } else if ahead <= -(WINDOW_SECONDS as i64) {
            // The clock was set back: what was seen last counts as seen just now, in the same order.
            self.ring.rotate_right(place(ahead));
            self.newest = second;
        }
        // Of what two threads read within a moment, the later may come first: that is no jump.

        let latest = now + LONGEST_CLOSURE;
        self.closed_until = self.closed_until.filter(|until| *until > now).map(|until| until.min(latest));
    }

    fn oldest_first(&self) -> impl Iterator<Item = Bucket> {
        let oldest = place(self.newest.wrapping_add(1));
        self.ring.iter().copied().cycle().skip(oldest).take(WINDOW_SECONDS)
    }

    fn sum(&self) -> Bucket {
        self.ring.iter().copied().fold(Bucket::default(), Bucket::plus)
    }
}

impl Default for Gate {
    fn default() -> Self {
        Self::new()
    }
}

/// Where a second stands in the ring.
fn place(second: i64) -> usize {
    second.rem_euclid(WINDOW_SECONDS as i64) as usize
}

impl Bucket {
    /// The share of attempts to skip when this is the whole window, 0 to 1.
    pub fn probability(self) -> f64 {
        if self.attempts < FEWEST_ATTEMPTS {
            return 0.0;
        }
        let (attempts, accepts) = (f64::from(self.attempts), f64::from(self.accepts));
        ((attempts - 2.0 * accepts) / (attempts + 1.0)).max(0.0)
    }

    /// How far this window is on the way to skipping, in percent, 100 at most.
    ///
    /// Skipping starts when ten attempts stand in the window and failures outnumber successes. So beside the
    /// successes there are, it takes one failure more than them, or what is missing to ten.
    pub fn to_skipping_percent(self) -> u8 {
        let failures = u64::from(self.attempts.saturating_sub(self.accepts));
        let needed = (self.accepts.saturating_add(1)).max(FEWEST_ATTEMPTS.saturating_sub(self.accepts));
        (failures * 100 / u64::from(needed)).min(100) as u8
    }

    fn plus(self, other: Self) -> Self {
        Self {
            attempts: self.attempts.saturating_add(other.attempts),
            accepts: self.accepts.saturating_add(other.accepts),
        }
    }
}

impl Ended {
    /// Whether it enters the window.
    pub fn counts(self) -> bool {
        self != Self::Ignored
    }
}

/// Reads a `Retry-After` value, seconds or a date (RFC 9110, section 10.2.3), as the wait from now on.
///
/// A date that has passed is no wait at all; what is neither form is `None`. The wait is as long as the
/// endpoint said: the gate cuts it to [`LONGEST_CLOSURE`], a patient retry policy need not.
pub fn parse_retry_after(value: &str, now: Timestamp) -> Option<Duration> {
    let value = value.trim();
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        // Digits that do not fit ask for longer than anybody will wait, as the largest number does.
        return Some(Duration::from_secs(value.parse().unwrap_or(u64::MAX)));
    }
    let millis = parse_http_date(value).ok()?.duration_since(UNIX_EPOCH).ok()?.as_millis();
    Some(Timestamp::from_millis(i64::try_from(millis).ok()?).since(now))
}

#[cfg(test)]
mod tests;
