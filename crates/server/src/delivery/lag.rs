//! How late deliveries are: the longest that one waited beyond its due time, over the last minute.

use std::time::Duration;

use fieldhook_core::time::Timestamp;
use parking_lot::Mutex;

const SECONDS: usize = 60;

/// The worst wait of each of the last 60 seconds.
#[derive(Debug)]
pub(super) struct Lag(Mutex<[Worst; SECONDS]>);

#[derive(Debug, Clone, Copy, Default)]
struct Worst {
    second: i64,
    waited: Duration,
}

impl Default for Lag {
    fn default() -> Self {
        Self(Mutex::new([Worst::default(); SECONDS]))
    }
}

impl Lag {
    /// Notes that an attempt begins that waited this long.
    pub(super) fn saw(&self, now: Timestamp, waited: Duration) {
        let second = now.as_millis().div_euclid(1_000);
        let place = second.rem_euclid(SECONDS as i64) as usize;
        let worst = &mut self.0.lock()[place];
        if worst.second == second {
            worst.waited = worst.waited.max(waited);
        } else {
            *worst = Worst { second, waited };
        }
    }

    /// The worst of the last minute; none when nothing was attempted.
    pub(super) fn worst(&self, now: Timestamp) -> Option<Duration> {
        let second = now.as_millis().div_euclid(1_000);
        let recent = (second - SECONDS as i64 + 1)..=second;
        self.0.lock().iter().filter(|worst| recent.contains(&worst.second)).map(|worst| worst.waited).max()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const T0: Timestamp = Timestamp::from_millis(1_700_000_000_000);

    #[test]
    fn the_worst_wait_counts_for_a_minute_and_not_longer() {
        let lag = Lag::default();
        assert_eq!(lag.worst(T0), None);
        lag.saw(T0, Duration::from_millis(40));
        lag.saw(T0, Duration::from_millis(7));
        lag.saw(T0 + Duration::from_secs(30), Duration::from_millis(9));

        let worst = |after| lag.worst(T0 + Duration::from_secs(after));
        assert_eq!(worst(59), Some(Duration::from_millis(40)));
        assert_eq!(worst(60), Some(Duration::from_millis(9)));
        assert_eq!(worst(90), None);
    }
}
