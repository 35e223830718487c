//! How often something may happen: a bucket that fills at a steady rate.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// A rate with room for bursts.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Rate {
    /// Times a second on average, above zero; 0.1 is once every ten seconds.
    pub per_second: f64,
    /// Times at once after a rest; at least one.
    pub burst: u32,
}

/// One bucket: full at first, a token goes for each time, tokens come back at the rate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bucket {
    tokens: f64,
    filled_at: Timestamp,
}

impl Bucket {
    /// A full bucket.
    pub fn full(rate: Rate, now: Timestamp) -> Self {
        Self { tokens: f64::from(rate.burst), filled_at: now }
    }

    /// Takes a token, or says how long until there is one. A clock that went back gives nothing and takes nothing.
    pub fn take(&mut self, rate: Rate, now: Timestamp) -> Result<(), Duration> {
        self.fill(rate, now);
        if self.tokens >= 1.0 {
            self.tokens -= 1.0;
            return Ok(());
        }
        Err(Duration::from_secs_f64((1.0 - self.tokens) / rate.per_second))
    }

    /// Takes a token even where there is none yet, and says how long its taker has to wait for it.
    pub fn book(&mut self, rate: Rate, now: Timestamp) -> Duration {
        self.fill(rate, now);
        self.tokens -= 1.0;
        Duration::from_secs_f64((-self.tokens).max(0.0) / rate.per_second)
    }

    /// Whether it has been left alone long enough to be full, and so need not be kept.
    pub fn is_full(&self, rate: Rate, now: Timestamp) -> bool {
        self.tokens + now.since(self.filled_at).as_secs_f64() * rate.per_second >= f64::from(rate.burst)
    }

    fn fill(&mut self, rate: Rate, now: Timestamp) {
        let filled = now.since(self.filled_at).as_secs_f64() * rate.per_second;
        self.tokens = (self.tokens + filled).min(f64::from(rate.burst));
        self.filled_at = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const T0: Timestamp = Timestamp::from_millis(1_000_000);
    const DEVICE: Rate = Rate { per_second: 1.0, burst: 4 };

    #[test]
    fn a_burst_passes_and_the_next_waits_for_the_rate() {
        let mut bucket = Bucket::full(DEVICE, T0);
        for _ in 0..4 {
            assert_eq!(bucket.take(DEVICE, T0), Ok(()));
        }
        assert_eq!(bucket.take(DEVICE, T0), Err(Duration::from_secs(1)));
        assert_eq!(bucket.take(DEVICE, T0 + Duration::from_secs(1)), Ok(()));
    }

    #[test]
    fn booked_tokens_are_spread_at_the_rate() {
        let rate = Rate { per_second: 2.0, burst: 1 };
        let mut bucket = Bucket::full(rate, T0);
        let waits: Vec<_> = (0..4).map(|_| bucket.book(rate, T0).as_millis()).collect();
        assert_eq!(waits, [0, 500, 1_000, 1_500]);
    }

    #[test]
    fn a_clock_that_goes_back_gives_no_tokens() {
        let mut bucket = Bucket::full(DEVICE, T0);
        for _ in 0..4 {
            let _ = bucket.take(DEVICE, T0);
        }
        assert!(bucket.take(DEVICE, T0 - Duration::from_mins(1)).is_err());
    }

    #[test]
    fn a_rested_bucket_is_full_again() {
        let mut bucket = Bucket::full(DEVICE, T0);
        assert_eq!(bucket.take(DEVICE, T0), Ok(()));
        assert!(!bucket.is_full(DEVICE, T0));
        assert!(bucket.is_full(DEVICE, T0 + Duration::from_secs(1)));
    }
}
