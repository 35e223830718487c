//! Replays: events sent to an integration once more, because somebody asked.
//!
//! Three intents: *resend* one delivery; *recover* the events whose deliveries all ended badly; *missing*, the
//! events that did not fire the integration when they came in and would now. [`Plan::of`] reads what was asked
//! for or says what is wrong with it, [`Pace`] says how many may go when, [`halt`] when to stop.

use serde::{Deserialize, Serialize};

use crate::event::Event;
use crate::id::{DeliveryId, IntegrationId};
use crate::matching::{self, Candidate};
use crate::throttle::GateState;
use crate::time::Timestamp;
use crate::wire::replay::ReplayRequest;

mod pace;
#[cfg(test)]
mod tests;

pub use pace::Pace;

/// Events a second when nobody says.
pub const DEFAULT_RATE: f64 = 10.0;
/// The slowest and the fastest a replay may be told to go, in events a second.
pub const RATE_BOUNDS: (f64, f64) = (0.1, 1_000.0);
/// Most events of one replay.
pub const MOST_EVENTS: usize = 100_000;

/// What a replay is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Intent {
    /// One delivery, whatever became of it.
    Resend,
    /// Every event of an integration whose deliveries all failed or were dropped.
    Recover,
    /// Every event that did not fire the integration when it came in and would now.
    Missing,
}

/// As which revision of the integration events are replayed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Revision {
    /// As it is saved when each is sent.
    #[default]
    Now,
    /// As it was saved when each event came in.
    Then,
}

/// Which events a replay is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "intent", rename_all = "lowercase")]
pub enum Selection {
    /// The event of one delivery.
    Resend {
        /// The delivery.
        delivery: DeliveryId,
    },
    /// What failed or was dropped.
    Recover(Span),
    /// What did not fire then and would now.
    Missing(Span),
}

/// An integration's events, by when they came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// The integration.
    pub integration: IntegrationId,
    /// From this moment on; from the oldest that is kept when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// Before this moment.
    pub until: Timestamp,
}

impl Selection {
    /// What it is for.
    pub fn intent(&self) -> Intent {
        match self {
            Self::Resend { .. } => Intent::Resend,
            Self::Recover(_) => Intent::Recover,
            Self::Missing(_) => Intent::Missing,
        }
    }
}

/// A replay as it is to be carried out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// Which events.
    pub selection: Selection,
    /// Where to instead of the integration's own endpoint: it is a test then, and counts nowhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// Events a second.
    pub rate: f64,
    /// As which revision.
    pub revision: Revision,
}

/// Why a replay cannot be carried out as it was asked for.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum InvalidReplay {
    /// The intent needs this field.
    #[error("`{intent}` needs `{field}`: {remedy}")]
    Needs {
        /// The intent, as it is written.
        intent: &'static str,
        /// The field.
        field: &'static str,
        /// What to give.
        remedy: &'static str,
    },
    /// The field means nothing to the intent.
    #[error("`{field}` does not go with `{intent}`: leave it out")]
    Pointless {
        /// The intent, as it is written.
        intent: &'static str,
        /// The field.
        field: &'static str,
    },
    /// Nothing can lie between the two.
    #[error("`since` is {since}, which is not before `until` ({until}): nothing lies between them")]
    Empty {
        /// The beginning.
        since: Timestamp,
        /// The end.
        until: Timestamp,
    },
    /// Too slow or too fast.
    #[error(
        "`rate` is {0} events a second, but it must be {slowest} to {fastest}",
        slowest = RATE_BOUNDS.0,
        fastest = RATE_BOUNDS.1
    )]
    Rate(f64),
    /// What is missing fired no revision of then.
    #[error("`revision` is `then`, but what is missing fired no revision of then: leave it out")]
    ThenOfMissing,
}

impl InvalidReplay {
    /// The field at fault.
    pub fn field(&self) -> &'static str {
        match self {
            Self::Needs { field, .. } | Self::Pointless { field, .. } => field,
            Self::Empty { .. } => "since",
            Self::Rate(_) => "rate",
            Self::ThenOfMissing => "revision",
        }
    }
}

impl Plan {
    /// Reads what was asked for. Events that come in from `now` on are not part of it.
    pub fn of(asked: &ReplayRequest, now: Timestamp) -> Result<Self, InvalidReplay> {
        let rate = asked.rate.unwrap_or(DEFAULT_RATE);
        if !(RATE_BOUNDS.0..=RATE_BOUNDS.1).contains(&rate) {
            return Err(InvalidReplay::Rate(rate));
        }
        let revision = asked.revision.unwrap_or_default();
        let selection = match asked.intent {
            Intent::Resend => one_delivery(asked)?,
            Intent::Recover => Selection::Recover(span(asked, "recover", now)?),
            Intent::Missing if revision == Revision::Then => return Err(InvalidReplay::ThenOfMissing),
            Intent::Missing => Selection::Missing(span(asked, "missing", now)?),
        };
        Ok(Self { selection, to: asked.to.clone(), rate, revision })
    }

    /// Whether it goes elsewhere, and so is a test.
    pub fn is_test(&self) -> bool {
        self.to.is_some()
    }
}

fn one_delivery(asked: &ReplayRequest) -> Result<Selection, InvalidReplay> {
    let intent = "resend";
    for (field, given) in [("since", asked.since.is_some()), ("until", asked.until.is_some())] {
        if given {
            return Err(InvalidReplay::Pointless { intent, field });
        }
    }
    let remedy = "give the id of the delivery to send again";
    let delivery = asked.delivery.ok_or(InvalidReplay::Needs { intent, field: "delivery", remedy })?;
    Ok(Selection::Resend { delivery })
}

fn span(asked: &ReplayRequest, intent: &'static str, now: Timestamp) -> Result<Span, InvalidReplay> {
    if asked.delivery.is_some() {
        return Err(InvalidReplay::Pointless { intent, field: "delivery" });
    }
    let remedy = "give the id of the integration";
    let integration =
        asked.integration.ok_or(InvalidReplay::Needs { intent, field: "integration", remedy })?;
    let until = asked.until.unwrap_or(now).min(now);
    match asked.since {
        Some(since) if since >= until => Err(InvalidReplay::Empty { since, until }),
        since => Ok(Span { integration, since, until }),
    }
}

/// Whether an event did not fire the integration when it came in and would now.
///
/// `then` is the integration as it was saved at that time, if it was there. That no delivery is kept proves
/// nothing by itself: retention may have removed it.
pub fn is_missing(event: &Event, now: &Candidate<'_>, then: Option<&Candidate<'_>>) -> bool {
    matching::fires(event, now) && !then.is_some_and(|then| matching::fires(event, then))
}

/// The revision that was in force at this moment, of `saved_at` of each revision, newest first.
///
/// An event older than the first revision gets that one: there was no other.
pub fn in_force(saved_at: &[Timestamp], moment: Timestamp) -> Option<usize> {
    saved_at.iter().position(|saved_at| *saved_at <= moment).or(saved_at.len().checked_sub(1))
}

/// What a replay looks at before each event.
#[derive(Debug, Clone, Copy)]
pub struct Surroundings<'a> {
    /// Whether the integration is switched on; none when it is gone.
    pub enabled: Option<bool>,
    /// Where the event would go, as far as that is known.
    pub origin: Option<&'a str>,
    /// The gate there; none when nothing was sent there lately, and for a test, which passes it.
    pub gate: Option<&'a GateState>,
}

/// Why a replay stops before its end.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Halt {
    /// The integration was deleted.
    #[error("the integration was deleted")]
    Gone,
    /// The integration was switched off.
    #[error("the integration was switched off: switch it on, then replay the rest")]
    Disabled,
    /// The gate lets not everything pass.
    #[error(
        "the gate of {origin} is closed ({why}): wait until the endpoint answers well again, or wake it, then \
         replay the rest"
    )]
    Gate {
        /// The destination.
        origin: String,
        /// What the gate does.
        why: String,
    },
    /// The queue or the store takes nothing.
    #[error("it could not go on ({0}): replay the rest later")]
    Trouble(String),
}

/// Whether the replay must stop here. The gate is closed to a replay as soon as it skips any: a replay that went on
/// would feed what failed once into the next failure.
pub fn halt(around: &Surroundings<'_>) -> Option<Halt> {
    match around.enabled {
        None => return Some(Halt::Gone),
        Some(false) => return Some(Halt::Disabled),
        Some(true) => {}
    }
    let gate = around.gate.filter(|gate| gate.asleep())?;
    let why = match gate.closed_until {
        Some(until) => format!("the endpoint asked for silence until {until}"),
        None => format!("it skips {:.0} % of all attempts", gate.probability * 100.0),
    };
    Some(Halt::Gate { origin: around.origin.unwrap_or_default().to_owned(), why })
}

/// How the sending of a replay stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Sending {
    /// Events are being sent.
    Underway,
    /// All have been.
    Complete,
    /// It stopped by itself, and says why.
    Stopped,
    /// Somebody stopped it.
    Cancelled,
    /// The server stopped.
    Interrupted,
}

/// How a replay stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Events are being sent, or a delivery waits for its next try.
    Running,
    /// Everything was sent, and has ended well or badly.
    Done,
    /// It stopped by itself before the end; `reason` says why.
    Stopped,
    /// Somebody stopped it before the end.
    Cancelled,
    /// The server stopped before the end.
    Interrupted,
}

/// How far a replay has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// Events it is about.
    pub total: u64,
    /// Those sent, or handed on to be.
    pub sent: u64,
    /// Those of them that succeeded.
    pub succeeded: u64,
    /// Those of them that failed or were dropped.
    pub failed: u64,
    /// Those passed over, because they are no longer kept.
    pub skipped: u64,
}

impl Progress {
    /// Those sent that have not ended.
    pub fn waiting(&self) -> u64 {
        self.sent.saturating_sub(self.succeeded + self.failed)
    }

    /// How the replay stands.
    pub fn state(&self, sending: Sending) -> State {
        match sending {
            Sending::Underway => State::Running,
            Sending::Complete if self.waiting() > 0 => State::Running,
            Sending::Complete => State::Done,
            Sending::Stopped => State::Stopped,
            Sending::Cancelled => State::Cancelled,
            Sending::Interrupted => State::Interrupted,
        }
    }

    /// How far it came, in words.
    pub fn summary(&self) -> String {
        let Self { total, sent, succeeded, failed, skipped } = self;
        let waiting = self.waiting();
        let gone = if *skipped > 0 { format!("; {skipped} no longer kept") } else { String::new() };
        format!("{sent} of {total} sent: {succeeded} succeeded, {failed} failed, {waiting} wait{gone}")
    }
}
