//! How fast and how many at once: rates, durations and overlaps read off the log's lines.

use super::evidence::Line;
use crate::attempt::Outcome;
use crate::id::DeviceId;
use crate::time::Timestamp;

/// Attempts that reached the endpoint: those the gate refused never did.
fn sent(lines: &[Line]) -> impl DoubleEndedIterator<Item = &Line> {
    lines.iter().filter(|line| line.outcome != Outcome::Skipped)
}

/// How many attempts began within this many milliseconds up to the moment, itself included.
pub(super) fn within(lines: &[Line], moment: Timestamp, millis: i64) -> u64 {
    let until = moment.as_millis();
    sent(lines).filter(|line| (until - millis + 1..=until).contains(&line.at.as_millis())).count() as u64
}

/// The most attempts that were all accepted within any window of this length that saw no failure.
pub(super) fn most_accepted(lines: &[Line], millis: i64) -> u64 {
    let mut times: Vec<_> = sent(lines).map(|line| (line.at.as_millis(), line.outcome)).collect();
    times.sort_unstable_by_key(|(at, _)| *at);
    let (mut most, mut start) = (0, 0);
    for (end, (at, outcome)) in times.iter().enumerate() {
        if *outcome == Outcome::Error {
            start = end + 1;
            continue;
        }
        while times[start].0 <= at - millis {
            start += 1;
        }
        most = most.max(end + 1 - start);
    }
    most as u64
}

/// The device that sent most of the attempts within this many milliseconds up to the moment, how many these
/// were, and how many in all.
pub(super) fn busiest(lines: &[Line], moment: Timestamp, millis: i64) -> Option<(DeviceId, u64, u64)> {
    let until = moment.as_millis();
    let burst: Vec<_> = sent(lines)
        .filter(|line| (until - millis + 1..=until).contains(&line.at.as_millis()))
        .filter_map(|line| line.device)
        .collect();
    let count = |device| burst.iter().filter(|other| **other == device).count() as u64;
    let busiest = burst.iter().copied().max_by_key(|device| (count(*device), *device))?;
    Some((busiest, count(busiest), burst.len() as u64))
}

/// How many attempts were on the wire at the moment this one began, itself included.
fn at_once(lines: &[Line], of: &Line) -> u64 {
    let moment = of.at.as_millis();
    let open = |line: &&Line| {
        let began = line.at.as_millis();
        line.id == of.id || (began <= moment && moment < began.saturating_add(line.duration_ms as i64))
    };
    sent(lines).filter(open).count() as u64
}

/// How many were on the wire at once, in the middle case of failures of this kind and of successes.
pub(super) fn crowd(lines: &[Line], failed: impl Fn(&Line) -> bool) -> Option<(u64, u64)> {
    let middle = |wanted: &dyn Fn(&Line) -> bool| {
        let counts = lines.iter().filter(|line| wanted(line)).take(CROWDS).map(|line| at_once(lines, line));
        median(counts.collect())
    };
    Some((middle(&failed)?, middle(&|line| line.outcome == Outcome::Success)?))
}

/// Lines of a kind for which the crowd is counted; each costs a look at all others.
const CROWDS: usize = 50;

/// How long successes took: in the middle case of the older half, and of the newer.
pub(super) fn trend(lines: &[Line]) -> Option<(u64, u64)> {
    let times: Vec<_> =
        lines.iter().filter(|line| line.outcome == Outcome::Success).map(|line| line.duration_ms).collect();
    if times.len() < FEWEST {
        return None;
    }
    // The newest come first.
    let (newer, older) = times.split_at(times.len() / 2);
    Some((median(older.to_vec())?, median(newer.to_vec())?))
}

/// Fewest successes that show a trend.
const FEWEST: usize = 8;

/// The middle one.
pub(super) fn median(mut numbers: Vec<u64>) -> Option<u64> {
    numbers.sort_unstable();
    numbers.get(numbers.len() / 2).copied()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::diagnosis::testing::{DEVICE, T0};
    use crate::id::AttemptId;

    /// Lines that began so many milliseconds after the first moment, the newest first.
    fn lines(of: &[(u64, u64, Outcome)]) -> Vec<Line> {
        let line = |(number, (began, took, outcome)): (u8, &(u64, u64, Outcome))| Line {
            id: AttemptId::new(T0, [number; 10]),
            at: T0 + Duration::from_millis(*began),
            duration_ms: *took,
            outcome: *outcome,
            status: None,
            code: None,
            device: Some(DEVICE),
            trigger: "event".to_owned(),
        };
        let mut lines: Vec<_> = (0..).zip(of).map(line).collect();
        lines.reverse();
        lines
    }

    use Outcome::{Error, Skipped, Success};

    #[test]
    fn the_rate_counts_what_was_sent_within_the_window() {
        let lines = lines(&[(0, 1, Success), (500, 1, Success), (900, 0, Skipped), (1_000, 1, Error)]);
        let moment = T0 + Duration::from_secs(1);
        assert_eq!(within(&lines, moment, 1_000), 2);
        assert_eq!(within(&lines, moment, 60_000), 3);
        assert_eq!(busiest(&lines, moment, 60_000), Some((DEVICE, 3, 3)));
        assert_eq!(busiest(&[], moment, 60_000), None);
    }

    #[test]
    fn the_ceiling_is_the_most_that_went_well_in_a_row_within_a_window() {
        let lines = lines(&[
            (0, 1, Success),
            (100, 1, Success),
            (200, 1, Error),
            (300, 1, Success),
            (900, 1, Success),
            (1_100, 1, Success),
            (1_400, 1, Success),
        ]);
        assert_eq!(most_accepted(&lines, 1_000), 3);
        assert_eq!(most_accepted(&lines, 60_000), 4);
        assert_eq!(most_accepted(&[], 1_000), 0);
    }

    #[test]
    fn a_crowd_is_what_is_on_the_wire_at_once() {
        let lines = lines(&[
            (0, 100, Success),
            (1_000, 5_000, Success),
            (1_500, 5_000, Success),
            (2_000, 5_000, Error),
        ]);
        assert_eq!(crowd(&lines, |line| line.outcome == Error), Some((3, 1)));
        assert_eq!(crowd(&lines[1..], |line| line.outcome == Error), None);
    }

    #[test]
    fn a_trend_sets_older_successes_against_newer_ones() {
        let rising: Vec<_> = (0..8).map(|n| (n * 1_000, 100 * (n + 1), Success)).collect();
        assert_eq!(trend(&lines(&rising)), Some((300, 700)));
        assert_eq!(trend(&lines(&rising[..7])), None);
    }
}
