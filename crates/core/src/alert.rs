//! Alerts: what somebody should hear of, once for each cause.
//!
//! An alert is raised when its cause appears, may become worse, and is over when the cause is gone. However often
//! the cause strikes in between, nothing more is said of it. What appears is a [`Sign`]; what becomes of the alert is
//! decided here, and the server keeps it and tells.

mod message;
mod settings;
mod sign;

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::access::Scope;
use crate::event::ALERT_PREFIX;
use crate::id::{AlertId, DeviceId, IntegrationId, IssueId};
use crate::time::Timestamp;

pub use self::message::{Mail, Post, TEST_EVENT, mail, posts};
pub use self::settings::{AlertSettings, InvalidRecipient, MOST_RECIPIENTS};
pub use self::sign::{
    Quiet, Sign, asleep, disk_low, integration_words, issue, operations, operations_jump, silent,
};

/// How long a destination's gate must show no sign before its alert is over. One that comes and goes is one alert.
const CALM: Duration = Duration::from_mins(10);

/// Whether an integration of this prefix is there to tell of alerts. What fails to do so cannot tell of itself.
pub fn tells_of_alerts(prefix: &str) -> bool {
    prefix.starts_with(ALERT_PREFIX.trim_end_matches('/'))
}

/// What an alert is about. There is one alert for each at a time.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "type", rename_all = "lowercase")]
#[schema(as = AlertCause)]
pub enum Cause {
    /// An integration fails for one reason.
    Issue {
        /// The reason.
        issue: IssueId,
        /// The integration.
        integration: IntegrationId,
    },
    /// A destination's gate is about to close, or does.
    Destination {
        /// `scheme://host:port`.
        origin: String,
    },
    /// An integration that fired steadily fires no more.
    Integration {
        /// The integration.
        integration: IntegrationId,
    },
    /// A device that published steadily is silent.
    Device {
        /// The device.
        device: DeviceId,
    },
    /// A day's operations are far above those of the days before.
    Operations,
    /// The disk of the server is nearly full.
    Disk,
}

/// How an alert stands, in one word.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "kebab-case")]
#[schema(as = AlertKind)]
pub enum Kind {
    /// An issue has opened.
    Opened,
    /// An issue that was resolved is back.
    Regressed,
    /// A gate is 50, 70 or 90 % on the way to skipping.
    GateNear,
    /// A gate skips attempts.
    Asleep,
    /// An integration or device with a steady rhythm has gone quiet.
    Silent,
    /// Operations have jumped.
    Operations,
    /// The disk is nearly full.
    Disk,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 7] = [
        Self::Opened,
        Self::Regressed,
        Self::GateNear,
        Self::Asleep,
        Self::Silent,
        Self::Operations,
        Self::Disk,
    ];

    /// The word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Regressed => "regressed",
            Self::GateNear => "gate-near",
            Self::Asleep => "asleep",
            Self::Silent => "silent",
            Self::Operations => "operations",
            Self::Disk => "disk",
        }
    }
}

/// What is to be told of an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = AlertTurn)]
pub enum Turn {
    /// It was raised.
    Raised,
    /// It has become worse.
    Worse,
    /// It is over.
    Over,
}

/// Something that somebody should hear of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    /// Its id.
    pub id: AlertId,
    /// Whose it is.
    pub scope: Scope,
    /// What it is about.
    pub cause: Cause,
    /// How it stands; the worst it came to.
    pub kind: Kind,
    /// For a gate: how far it was on the way to skipping, of the marks 50, 70 and 90.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub percent: Option<u8>,
    /// What happened, in one line.
    pub title: String,
    /// What proves it.
    pub fact: String,
    /// When it was raised.
    pub raised_at: Timestamp,
    /// When it last became worse, or was over.
    pub changed_at: Timestamp,
    /// When its cause was last seen.
    pub seen_at: Timestamp,
    /// When it was over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
    /// What ended it, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_by: Option<String>,
    /// What is still to be published of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unpublished: Option<Turn>,
    /// What is still to be mailed of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unmailed: Option<Turn>,
}

impl Alert {
    /// The alert that this sign raises.
    pub fn raise(id: AlertId, scope: Scope, sign: Sign, now: Timestamp) -> Self {
        Self {
            id,
            scope,
            cause: sign.cause,
            kind: sign.kind,
            percent: sign.percent,
            title: sign.title,
            fact: sign.fact,
            raised_at: now,
            changed_at: now,
            seen_at: now,
            ended_at: None,
            ended_by: None,
            unpublished: Some(Turn::Raised),
            unmailed: Some(Turn::Raised),
        }
    }

    /// Sees its cause again; says whether that is worse than before, which is told. What is only as bad is not, and
    /// nothing is of one that somebody dismissed.
    pub fn see(&mut self, sign: Sign, now: Timestamp) -> bool {
        self.seen_at = now;
        let worse = self.is_open() && sign.rank() > self.rank();
        if worse {
            (self.kind, self.percent) = (sign.kind, sign.percent);
            (self.title, self.fact) = (sign.title, sign.fact);
            self.changed_at = now;
            self.tell(Turn::Worse);
        }
        worse
    }

    /// Sees no sign of its cause; says whether that is gone. The alert is over by that, unless it was already.
    pub fn miss(&mut self, now: Timestamp) -> bool {
        let patience = match self.cause {
            Cause::Destination { .. } => CALM,
            _ => Duration::ZERO,
        };
        let gone = now.since(self.seen_at) >= patience;
        if gone && self.is_open() {
            let words = match &self.cause {
                Cause::Destination { .. } => "the gate has been quiet for ten minutes",
                Cause::Integration { .. } => "it fires again",
                Cause::Device { .. } => "it publishes again",
                Cause::Operations => "a new day has begun",
                Cause::Disk => "there is room again",
                Cause::Issue { .. } => "its integration is gone",
            };
            self.end(words, now);
        }
        gone
    }

    /// Ends it.
    pub fn end(&mut self, by: &str, now: Timestamp) {
        (self.ended_at, self.ended_by) = (Some(now), Some(by.to_owned()));
        self.changed_at = now;
        self.tell(Turn::Over);
    }

    /// How bad it is, among the kinds that its cause may have.
    pub fn rank(&self) -> u8 {
        rank(self.kind, self.percent)
    }

    /// Whether it is not over.
    pub fn is_open(&self) -> bool {
        self.ended_at.is_none()
    }

    fn tell(&mut self, turn: Turn) {
        self.unpublished = still_to_tell(self.unpublished, turn);
        self.unmailed = still_to_tell(self.unmailed, turn);
    }
}

/// What is to be told when this comes to pass while that was not told yet: only how it stands now. What was over
/// before anybody heard of it is in the list, and nothing more is said.
fn still_to_tell(untold: Option<Turn>, turn: Turn) -> Option<Turn> {
    match (untold, turn) {
        (Some(Turn::Raised), Turn::Over) => None,
        (Some(Turn::Raised), _) => Some(Turn::Raised),
        _ => Some(turn),
    }
}

/// How bad it is, among the kinds that one cause may have.
fn rank(kind: Kind, percent: Option<u8>) -> u8 {
    match kind {
        Kind::Asleep => 100,
        _ => percent.unwrap_or(0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::UserId;

    const T0: Timestamp = Timestamp::from_millis(1_767_323_045_678);

    fn mins(minutes: u64) -> Timestamp {
        T0 + Duration::from_mins(minutes)
    }

    fn gate(percent: Option<u8>) -> Sign {
        let kind = if percent.is_some() { Kind::GateNear } else { Kind::Asleep };
        let cause = Cause::Destination { origin: "https://example.com:443".to_owned() };
        Sign { cause, kind, percent, title: String::new(), fact: String::new() }
    }

    fn alert() -> Alert {
        Alert::raise(AlertId([1; 12]), Scope::User(UserId([2; 12])), gate(Some(50)), T0)
    }

    fn told(mut alert: Alert) -> Alert {
        (alert.unpublished, alert.unmailed) = (None, None);
        alert
    }

    #[test]
    fn a_gate_that_gets_worse_is_told_at_each_mark_and_never_again() {
        let mut alert = told(alert());
        let signs = [Some(50), Some(70), Some(50), Some(70), Some(90), None, Some(90), None];
        let worse: Vec<_> = signs.into_iter().map(|percent| alert.see(gate(percent), mins(1))).collect();
        assert_eq!(worse, [false, true, false, false, true, true, false, false]);
        assert_eq!((alert.kind, alert.percent, alert.unmailed), (Kind::Asleep, None, Some(Turn::Worse)));
    }

    #[test]
    fn a_gate_that_comes_and_goes_is_one_alert_until_it_was_quiet_for_ten_minutes() {
        let mut alert = told(alert());
        assert!(!alert.miss(mins(9)));
        alert.see(gate(Some(50)), mins(9));
        assert!(!alert.miss(mins(18)));
        assert!(alert.miss(mins(19)));
        assert_eq!((alert.is_open(), alert.unpublished), (false, Some(Turn::Over)));
    }

    #[test]
    fn only_how_it_stands_is_told_of_what_nobody_was_told() {
        let mut alert = alert();
        alert.see(gate(Some(90)), T0);
        assert_eq!((alert.unmailed, alert.percent), (Some(Turn::Raised), Some(90)));
        alert.unpublished = None;
        alert.end("tests", T0);
        assert_eq!((alert.unpublished, alert.unmailed), (Some(Turn::Over), None));
    }
}
