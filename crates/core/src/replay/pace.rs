//! How many events may go when.

use crate::time::Timestamp;

/// What a moment may be off by for what a float loses, in milliseconds.
const SLACK: f64 = 1e-3;

/// A steady pace: the first event at once, each further one a fixed time after the one before.
///
/// A replay that was held up catches up by a second's worth at most, so that it never comes as a burst.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pace {
    /// Milliseconds from one to the next.
    every: f64,
    /// When the next may go, in milliseconds since the epoch.
    next: f64,
}

impl Pace {
    /// A pace of so many events a second, which must be above zero.
    pub fn new(rate: f64, now: Timestamp) -> Self {
        Self { every: 1_000.0 / rate, next: now.as_millis() as f64 }
    }

    /// Takes what may go now, `most` at the most; says how many.
    pub fn take(&mut self, now: Timestamp, most: usize) -> usize {
        let now = now.as_millis() as f64 + SLACK;
        if now < self.next {
            return 0;
        }
        self.next = self.next.max(now - SLACK - (1_000.0 - self.every).max(0.0));
        let due = ((now - self.next) / self.every) as usize + 1;
        let taken = due.min(most);
        self.next += taken as f64 * self.every;
        taken
    }

    /// When the next may go.
    pub fn next(&self) -> Timestamp {
        Timestamp::from_millis((self.next - SLACK).ceil() as i64)
    }
}
