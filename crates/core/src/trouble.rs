//! Trouble: an integration's newest attempts have failed. Since when, how much of them, and how.
//!
//! A test counts nowhere here. A refusal by the gate is no judgement of the endpoint, so it counts as a failure
//! only while the gate sleeps: then it is what the owner sees instead of deliveries.

use serde::{Deserialize, Serialize};

use crate::attempt::{Code, Outcome};
use crate::reply::SLEEPING;
use crate::time::Timestamp;

/// What is wrong with an integration now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Trouble {
    /// Why there was no usable answer, of the most frequent failure.
    pub code: Option<Code>,
    /// The status of the most frequent failure.
    pub status: Option<u16>,
    /// That failure in words, the last time it happened.
    pub message: String,
    /// The first failure after the last success.
    pub since: Timestamp,
    /// Failed attempts since then; it stops counting at 10,000.
    pub count: u64,
    /// Failures among the attempts since then, 0 to 1.
    pub share: f64,
    /// When an attempt last succeeded.
    pub last_success_at: Option<Timestamp>,
}

/// When an integration's last attempt of each outcome began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Last {
    /// The last success.
    pub success: Option<Timestamp>,
    /// The last error.
    pub error: Option<Timestamp>,
    /// The last refusal by the gate.
    pub skipped: Option<Timestamp>,
}

impl Last {
    /// The last attempt, however it ended.
    pub fn any(&self) -> Option<Timestamp> {
        self.success.max(self.error).max(self.skipped)
    }

    /// Whether the newest attempt that counts has failed.
    pub fn failing(&self, asleep: bool) -> bool {
        let failed = if asleep { self.error.max(self.skipped) } else { self.error };
        failed > self.success
    }

    /// Takes in an attempt; attempts may come in any order.
    pub fn saw(&mut self, outcome: Outcome, at: Timestamp) {
        let last = match outcome {
            Outcome::Success => &mut self.success,
            Outcome::Error => &mut self.error,
            Outcome::Skipped => &mut self.skipped,
        };
        *last = (*last).max(Some(at));
    }
}

/// An integration's attempts since its last success.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Streak {
    /// Errors among them.
    pub errors: u64,
    /// Refusals by the gate among them.
    pub skips: u64,
    /// Those of the refusals that came after the first error.
    pub skips_after_error: u64,
    /// The first error.
    pub first_error: Option<Timestamp>,
    /// The first refusal.
    pub first_skip: Option<Timestamp>,
    /// The kinds of error among them, the kind that was seen last first.
    pub causes: Vec<Cause>,
}

/// Errors of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// Why there was no usable answer.
    pub code: Option<Code>,
    /// The answer's status.
    pub status: Option<u16>,
    /// How many there were.
    pub count: u64,
    /// The newest of them, in words.
    pub message: String,
}

impl Streak {
    /// Takes in an error, older than all that was taken in before. `message` is asked only of the newest of its
    /// kind.
    pub fn add_error<E>(
        &mut self,
        at: Timestamp,
        (code, status): (Option<Code>, Option<u16>),
        message: impl FnOnce() -> Result<String, E>,
    ) -> Result<(), E> {
        self.errors += 1;
        self.first_error = Some(at);
        self.skips_after_error = self.skips;
        match self.causes.iter_mut().find(|cause| (cause.code, cause.status) == (code, status)) {
            Some(cause) => cause.count += 1,
            None => self.causes.push(Cause { code, status, count: 1, message: message()? }),
        }
        Ok(())
    }

    /// Takes in a refusal by the gate, older than all that was taken in before.
    pub fn add_skip(&mut self, at: Timestamp) {
        self.skips += 1;
        self.first_skip = Some(at);
    }

    /// The most frequent kind of error; of two as frequent, the one seen later.
    pub fn main_cause(&self) -> Option<&Cause> {
        self.causes.iter().rev().max_by_key(|cause| cause.count)
    }
}

/// What is wrong with an integration whose attempts went so, if anything is.
pub fn trouble(last: &Last, streak: &Streak, asleep: bool) -> Option<Trouble> {
    if !last.failing(asleep) {
        return None;
    }
    let (count, attempts, since) = if asleep {
        let first = [streak.first_error, streak.first_skip].into_iter().flatten().min();
        let all = streak.errors + streak.skips;
        (all, all, first.or(last.any())?)
    } else {
        let attempts = streak.errors + streak.skips_after_error;
        (streak.errors, attempts, streak.first_error.or(last.error)?)
    };
    let cause = streak.main_cause();
    Some(Trouble {
        code: cause.and_then(|cause| cause.code),
        status: cause.and_then(|cause| cause.status),
        message: cause.map_or_else(|| SLEEPING.to_owned(), |cause| cause.message.clone()),
        since,
        count,
        share: if attempts == 0 { 1.0 } else { count as f64 / attempts as f64 },
        last_success_at: last.success,
    })
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_millis(second * 1000)
    }

    fn last(success: Option<i64>, error: Option<i64>, skipped: Option<i64>) -> Last {
        Last { success: success.map(at), error: error.map(at), skipped: skipped.map(at) }
    }

    /// Attempts after a success at second 0, the oldest first.
    fn streak(attempts: &[(i64, Option<u16>)]) -> Streak {
        let mut streak = Streak::default();
        for (second, status) in attempts.iter().rev() {
            match status {
                Some(status) => {
                    let message = || Ok::<_, Infallible>(format!("{status} at {second}"));
                    streak.add_error(at(*second), (None, Some(*status)), message).unwrap();
                }
                None => streak.add_skip(at(*second)),
            }
        }
        streak
    }

    #[test]
    fn there_is_no_trouble_once_the_newest_attempt_that_counts_succeeded() {
        for (last, asleep, failing) in [
            (last(None, None, None), true, false),
            (last(Some(1), None, None), true, false),
            (last(Some(2), Some(1), None), false, false),
            (last(Some(1), Some(2), None), false, true),
            (last(None, Some(2), None), false, true),
            (last(Some(1), None, Some(2)), false, false),
            (last(Some(1), None, Some(2)), true, true),
            (last(Some(1), Some(2), Some(3)), false, true),
            (last(Some(3), Some(2), Some(1)), true, false),
        ] {
            assert_eq!(last.failing(asleep), failing, "{last:?}, asleep: {asleep}");
            let found = trouble(&last, &Streak::default(), asleep);
            assert_eq!(found.is_some(), failing, "{last:?}, asleep: {asleep}");
        }
    }

    #[test]
    fn the_most_frequent_failure_is_named_in_its_newest_words() {
        let streak = streak(&[(1, Some(500)), (2, Some(401)), (3, Some(401)), (4, Some(503))]);
        let found = trouble(&last(Some(0), Some(4), None), &streak, false).unwrap();
        assert_eq!((found.status, found.message.as_str()), (Some(401), "401 at 3"));
        assert_eq!((found.since, found.count, found.share), (at(1), 4, 1.0));
        assert_eq!(found.last_success_at, Some(at(0)));
    }

    #[test]
    fn of_two_failures_as_frequent_the_later_is_named() {
        let streak = streak(&[(1, Some(500)), (2, Some(401))]);
        let found = trouble(&last(None, Some(2), None), &streak, false).unwrap();
        assert_eq!(found.status, Some(401));
    }

    #[test]
    fn refusals_are_failures_while_the_gate_sleeps_and_only_attempts_when_it_woke() {
        let streak = streak(&[(1, None), (2, Some(500)), (3, None), (4, None), (5, Some(500))]);
        let last = last(Some(0), Some(5), Some(4));
        let asleep = trouble(&last, &streak, true).unwrap();
        assert_eq!((asleep.count, asleep.share, asleep.since), (5, 1.0, at(1)));
        let awake = trouble(&last, &streak, false).unwrap();
        assert_eq!((awake.count, awake.share, awake.since), (2, 0.5, at(2)));
    }

    #[test]
    fn where_nothing_was_even_tried_the_gate_is_the_cause() {
        let found = trouble(&last(Some(0), None, Some(1)), &streak(&[(1, None)]), true).unwrap();
        assert_eq!((found.code, found.status, found.message.as_str()), (None, None, SLEEPING));
    }

    #[test]
    fn the_last_of_each_outcome_is_found_whatever_the_order() {
        let mut seen = Last::default();
        for (outcome, second) in [(Outcome::Error, 3), (Outcome::Success, 2), (Outcome::Error, 1)] {
            seen.saw(outcome, at(second));
        }
        assert_eq!(seen, last(Some(2), Some(3), None));
        assert_eq!(seen.any(), Some(at(3)));
    }
}
