//! What raises an alert: each sign with the fact that proves it.

use std::fmt::Write as _;
use std::time::Duration;

use super::{Cause, Kind};
use crate::id::{DeviceId, IntegrationId};
use crate::issue::{self, Issue};
use crate::rhythm::Rhythm;
use crate::throttle::{GateState, WINDOW_SECONDS};
use crate::time::Timestamp;

/// Operations of a day below which no jump is told.
const FEWEST_OPERATIONS: u64 = 1_000;
/// Days with operations before that are needed to tell a jump.
const FEWEST_DAYS: usize = 3;

/// The cause of an alert as it shows now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sign {
    /// What it is about.
    pub cause: Cause,
    /// How it stands.
    pub kind: Kind,
    /// For a gate that is near to skipping: the mark it reached.
    pub percent: Option<u8>,
    /// What happened, in one line.
    pub title: String,
    /// What proves it.
    pub fact: String,
}

impl Sign {
    pub(super) fn rank(&self) -> u8 {
        super::rank(self.kind, self.percent)
    }
}

/// An integration as alerts call it: its name, or what it fires on.
pub fn integration_words(name: Option<&str>, prefix: &str) -> String {
    name.map_or_else(|| format!("The integration on `{prefix}`"), |name| format!("`{name}`"))
}

/// That an issue has opened, or is back. None while it is neither.
pub fn issue(issue: &Issue, integration: &str) -> Option<Sign> {
    if issue.state != issue::State::Open {
        return None;
    }
    let (kind, verb) = match issue.regressions {
        0 => (Kind::Opened, "fails"),
        _ => (Kind::Regressed, "fails again, after it had been resolved"),
    };
    let how = match (issue.code, issue.status) {
        (Some(code), _) => code.to_string(),
        (None, Some(status)) => format!("status {status}"),
        (None, None) => "an answer that means no".to_owned(),
    };
    let whence = issue.origin.as_deref().map(|origin| format!(" from {origin}")).unwrap_or_default();
    let mut fact = format!("First at {}", issue.first_seen);
    if let Some(phase) = issue.phase {
        let _ = write!(fact, ", while {}", phase.as_str());
    }
    match issue.last_good_at {
        Some(at) => {
            let _ = write!(fact, "; the last success was at {at}.");
        }
        None => fact.push_str("; it has not succeeded before."),
    }
    Some(Sign {
        cause: Cause::Issue { issue: issue.id, integration: issue.integration },
        kind,
        percent: None,
        title: format!("{integration} {verb}: {how}{whence}"),
        fact,
    })
}

/// That a destination's gate skips attempts, or comes near to it. None while it is far from it.
///
/// A gate that is closed because the endpoint asked for it skips all.
pub fn asleep(origin: &str, gate: &GateState) -> Option<Sign> {
    let failures = gate.attempts.saturating_sub(gate.accepts);
    let mut fact = format!("{failures} of {} attempts in {WINDOW_SECONDS} s have failed", gate.attempts);
    let (kind, percent, title) = if let Some(until) = gate.closed_until {
        let _ = write!(fact, "; the endpoint asked for silence until {until}");
        (Kind::Asleep, None, format!("{origin} asked for silence: events for it wait"))
    } else if gate.asleep() {
        let share = (gate.probability * 100.0).round();
        let _ = write!(fact, "; {share} % of the next ones are skipped and tried again later");
        (Kind::Asleep, None, format!("{origin} fails more than it succeeds: events for it are skipped"))
    } else {
        let mark = gate.warning?;
        let _ = write!(fact, "; skipping begins when failures outnumber successes");
        (Kind::GateNear, Some(mark), format!("{origin} is {mark} % on the way to events being skipped"))
    };
    fact.push('.');
    Some(Sign { cause: Cause::Destination { origin: origin.to_owned() }, kind, percent, title, fact })
}

/// Who has gone quiet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quiet<'a> {
    /// A device, by its name.
    Device(DeviceId, &'a str),
    /// An integration, as [`integration_words`] has it.
    Integration(IntegrationId, &'a str),
}

/// That somebody with a rhythm has gone quiet. None while it has none, or speaks.
pub fn silent(who: Quiet<'_>, rhythm: &Rhythm, now: Timestamp) -> Option<Sign> {
    let interval = rhythm.interval().filter(|_| rhythm.is_missed(now))?;
    let (cause, title, act) = match who {
        Quiet::Device(device, name) => {
            (Cause::Device { device }, format!("Device `{name}` is silent"), "published")
        }
        Quiet::Integration(integration, words) => {
            (Cause::Integration { integration }, format!("{words} no longer fires"), "fired")
        }
    };
    let fact = format!(
        "It {act} every {} until {}, {} ago.",
        long(interval),
        rhythm.heard(),
        long(now.since(rhythm.heard()))
    );
    Some(Sign { cause, kind: Kind::Silent, percent: None, title, fact })
}

/// Whether a day's operations have jumped, given those of the days before: more than twice their busiest, and
/// more than a thousand. Fewer than three days with operations tell nothing.
pub fn operations_jump(today: u64, before: &[u64]) -> bool {
    let busy = before.iter().filter(|count| **count > 0).count();
    let most = before.iter().copied().max().unwrap_or(0);
    busy >= FEWEST_DAYS && today > FEWEST_OPERATIONS && today > most.saturating_mul(2)
}

/// That a day's operations have jumped. `most_by` is what caused most of them, in words.
pub fn operations(today: u64, before: &[u64], most_by: Option<&str>) -> Option<Sign> {
    operations_jump(today, before).then(|| {
        let busiest = before.iter().copied().max().unwrap_or(0);
        let mut fact =
            format!("{today} so far today; the busiest of the last {} days had {busiest}", before.len());
        if let Some(words) = most_by {
            let _ = write!(fact, "; most come from {words}");
        }
        fact.push('.');
        let title = "Data operations have more than doubled today".to_owned();
        Sign { cause: Cause::Operations, kind: Kind::Operations, percent: None, title, fact }
    })
}

/// That the disk is nearly full.
pub fn disk_low(free: Option<u64>) -> Sign {
    let fact = match free {
        Some(free) => format!("{} MiB are free where the data is kept.", free >> 20),
        None => "Less than 256 MiB are free where the data is kept.".to_owned(),
    };
    let title = "The disk is nearly full: make room, or events will be refused".to_owned();
    Sign { cause: Cause::Disk, kind: Kind::Disk, percent: None, title, fact }
}

/// A time span in the unit that fits.
fn long(span: Duration) -> String {
    match span.as_secs() {
        seconds @ 0..120 => format!("{seconds} s"),
        seconds @ 120..7_200 => format!("{} min", seconds / 60),
        seconds => format!("{} h", seconds / 3_600),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::throttle::{Ended, Gate};

    const T0: Timestamp = Timestamp::from_millis(1_767_323_045_678);
    const ORIGIN: &str = "https://example.com:443";

    fn gate(successes: u32, failures: u32) -> GateState {
        let mut gate = Gate::new();
        for _ in 0..successes {
            gate.learn(T0, Ended::Accepted);
        }
        for _ in 0..failures {
            gate.learn(T0, Ended::Failed { retry_after: None });
        }
        gate.state(T0)
    }

    #[test]
    fn a_gate_is_told_at_50_70_and_90_percent_and_when_it_skips() {
        let kind = |failures| asleep(ORIGIN, &gate(5, failures)).map(|sign| (sign.kind, sign.percent));
        assert_eq!(kind(2), None);
        assert_eq!(kind(3), Some((Kind::GateNear, Some(50))));
        assert_eq!(kind(5), Some((Kind::GateNear, Some(70))));
        assert_eq!(kind(6), Some((Kind::Asleep, None)));
        let near = asleep(ORIGIN, &gate(19, 18)).unwrap();
        assert_eq!((near.kind, near.percent), (Kind::GateNear, Some(90)));
        assert!(near.fact.starts_with("18 of 37 attempts in 10 s have failed"), "{}", near.fact);
    }

    #[test]
    fn a_gate_that_the_endpoint_closed_says_until_when() {
        let mut gate = Gate::new();
        gate.learn(T0, Ended::Failed { retry_after: Some(Duration::from_mins(5)) });
        let sign = asleep(ORIGIN, &gate.state(T0)).unwrap();
        assert!(sign.title.contains("asked for silence"), "{}", sign.title);
        assert!(sign.fact.contains(&(T0 + Duration::from_mins(5)).to_string()), "{}", sign.fact);
    }

    #[test]
    fn operations_jump_when_they_pass_twice_the_busiest_day_of_at_least_three() {
        assert!(operations_jump(2_001, &[900, 0, 1_000, 10]));
        assert!(!operations_jump(2_000, &[900, 0, 1_000, 10]));
        assert!(!operations_jump(50_000, &[900, 0, 1_000]));
        assert!(!operations_jump(900, &[10, 10, 10]));
    }

    #[test]
    fn silence_is_told_with_the_rhythm_and_the_last_word() {
        let mut rhythm = Rhythm::begin(T0);
        for minute in 1..=12 {
            rhythm.hear(T0 + Duration::from_mins(minute), Duration::from_secs(1));
        }
        let device = Quiet::Device(DeviceId([1; 12]), "kitchen");
        assert_eq!(silent(device, &rhythm, T0 + Duration::from_mins(14)), None);
        let sign = silent(device, &rhythm, T0 + Duration::from_mins(20)).unwrap();
        assert_eq!(sign.title, "Device `kitchen` is silent");
        let last = T0 + Duration::from_mins(12);
        assert_eq!(sign.fact, format!("It published every 60 s until {last}, 8 min ago."));
    }
}
