//! Rhythm: who speaks at steady intervals is missed when it falls silent.
//!
//! A rhythm is learnt from beats and told from them alone: ten intervals in a row, each within half and twice their
//! mean. Whoever speaks now and then never gets there, and so is never missed. A burst is one beat, for what follows
//! within a tenth of the usual interval belongs to the beat before it: three events every ten minutes beat every
//! ten minutes.

use std::time::Duration;

use crate::time::Timestamp;

/// Intervals in a row, each near their mean, that make a rhythm.
pub const BEATS: u8 = 10;
/// Silence for so many intervals is missed …
const MISSED: u32 = 4;
/// … but none shorter than this.
const SHORTEST_SILENCE: Duration = Duration::from_mins(2);

/// When somebody spoke, and how steadily. Small, for there is one for each device.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rhythm {
    /// When the last beat began.
    beat: Timestamp,
    /// When it was heard last; a beat may be a burst.
    heard: Timestamp,
    /// The usual interval, in milliseconds.
    mean: f32,
    /// Intervals in a row that were near the mean.
    steady: u8,
}

impl Rhythm {
    /// Somebody heard for the first time.
    pub fn begin(now: Timestamp) -> Self {
        Self { beat: now, heard: now, mean: 0.0, steady: 0 }
    }

    /// Hears it once more. What comes within `grain` of a beat's beginning belongs to that beat.
    pub fn hear(&mut self, now: Timestamp, grain: Duration) {
        self.heard = self.heard.max(now);
        let gap = now.since(self.beat);
        let millis = gap.as_millis() as f32;
        if gap < grain || millis < self.mean / 10.0 {
            return;
        }
        self.beat = now;
        if self.mean / 2.0 <= millis && millis <= self.mean * 2.0 {
            self.steady = self.steady.saturating_add(1);
            self.mean += (millis - self.mean) / 8.0;
        } else {
            (self.steady, self.mean) = (0, millis);
        }
    }

    /// When it was heard last.
    pub fn heard(&self) -> Timestamp {
        self.heard
    }

    /// How often it speaks, if it does so steadily.
    pub fn interval(&self) -> Option<Duration> {
        (self.steady >= BEATS).then(|| Duration::from_millis(self.mean as u64))
    }

    /// Whether it has a rhythm and is silent for longer than that allows: four intervals, and two minutes.
    pub fn is_missed(&self, now: Timestamp) -> bool {
        self.interval()
            .is_some_and(|interval| now.since(self.heard) > (interval * MISSED).max(SHORTEST_SILENCE))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const T0: Timestamp = Timestamp::from_millis(1_767_323_045_678);
    const GRAIN: Duration = Duration::from_secs(1);

    /// What is heard after these pauses, in seconds; and when that was last.
    fn heard(pauses: impl IntoIterator<Item = u64>) -> (Rhythm, Timestamp) {
        let (mut rhythm, mut now) = (Rhythm::begin(T0), T0);
        for pause in pauses {
            now = now + Duration::from_secs(pause);
            rhythm.hear(now, GRAIN);
        }
        (rhythm, now)
    }

    fn missed_after(rhythm: &Rhythm, last: Timestamp, seconds: u64) -> bool {
        rhythm.is_missed(last + Duration::from_secs(seconds))
    }

    #[test]
    fn who_speaks_every_minute_is_missed_after_four() {
        let (rhythm, last) = heard([60; 12]);
        assert_eq!(rhythm.interval(), Some(Duration::from_mins(1)));
        assert!(!missed_after(&rhythm, last, 240));
        assert!(missed_after(&rhythm, last, 241));
    }

    #[test]
    fn who_speaks_every_second_is_not_missed_before_two_minutes() {
        let (rhythm, last) = heard([1; 30]);
        assert!(!missed_after(&rhythm, last, 120));
        assert!(missed_after(&rhythm, last, 121));
    }

    #[test]
    fn fewer_than_ten_steady_intervals_are_no_rhythm() {
        assert_eq!(heard([60; 10]).0.interval(), None);
        assert!(heard([60; 11]).0.interval().is_some());
    }

    #[test]
    fn a_burst_is_one_beat() {
        let (rhythm, last) = heard([1, 1, 598].repeat(14));
        let interval = rhythm.interval().unwrap();
        assert!((595..=605).contains(&interval.as_secs()), "{interval:?}");
        assert!(missed_after(&rhythm, last, 2_420));
    }

    #[test]
    fn bursts_at_odd_times_are_no_rhythm() {
        let (rhythm, last) = heard([1, 1, 1, 3_600, 1, 1, 300, 1, 1, 1, 9_000, 1, 40, 1, 1, 2_000].repeat(5));
        assert_eq!(rhythm.interval(), None);
        assert!(!missed_after(&rhythm, last, 1_000_000));
    }

    #[test]
    fn a_pause_ends_a_rhythm_and_so_is_missed_once() {
        let (mut rhythm, last) = heard([60; 12]);
        rhythm.hear(last + Duration::from_mins(10), GRAIN);
        assert_eq!(rhythm.interval(), None);
    }

    #[test]
    fn a_rhythm_follows_when_it_slowly_changes() {
        let (rhythm, _) = heard((60..200).step_by(2));
        assert!(rhythm.interval().is_some_and(|interval| interval > Duration::from_secs(150)));
    }

    proptest! {
        #[test]
        fn whoever_is_missed_was_silent_for_two_minutes(pauses in proptest::collection::vec(0_u64..5_000, 0..60), wait in 0_u64..10_000) {
            let (rhythm, last) = heard(pauses);
            prop_assert!(wait > 120 || !missed_after(&rhythm, last, wait));
        }
    }
}
