//! Cards: what a person reads of a problem, each built around the fact that proves it.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::action::Step;
use super::fate::Fate;
use crate::attempt::Attempt;
use crate::id::{AttemptId, EventId, IntegrationId};
use crate::time::Timestamp;

/// What a problem looks like from outside; each has a page of its own in the documentation.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Situation {
    /// Events come, and this integration does not fire.
    NothingFires,
    /// The template cannot be filled in, or gives something that cannot be sent.
    BrokenTemplate,
    /// The endpoint refuses what it is sent: 400, 415, 422.
    BadRequest,
    /// The endpoint does not accept the credential: 401, 403.
    Credential,
    /// The endpoint does not know the address: 404, 405, 410.
    NotFound,
    /// The endpoint is asked too often: 429.
    TooMany,
    /// The endpoint answers with a failure of its own: 5xx.
    ServerError,
    /// The endpoint sends us elsewhere: 3xx.
    Redirect,
    /// The endpoint answers 2xx, and the success rule reads a no.
    SaysNo,
    /// Any other refusal: a 4xx without a page of its own.
    Refusal,
    /// No connection, or no whole answer, in time.
    TimedOut,
    /// Connected and sent, and not one byte came back.
    Silent,
    /// The other side closed the connection.
    Reset,
    /// The name has no address.
    Dns,
    /// Nobody listens, or there is no way there.
    Unreachable,
    /// The two sides cannot agree on TLS, or the certificate is not good.
    Tls,
    /// What comes back is not HTTP.
    Protocol,
    /// The address guard does not let the request out.
    Blocked,
    /// The gate holds requests back.
    Skipped,
    /// Replies cost more operations than triggers explain.
    Operations,
    /// The endpoint gets the same thing more than once.
    Duplicates,
}

impl Situation {
    /// The page of the documentation that is about it, below `docs/`.
    pub fn page(self) -> String {
        format!("troubleshooting#{self}")
    }
}

impl fmt::Display for Situation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::NothingFires => "nothing-fires",
            Self::BrokenTemplate => "broken-template",
            Self::BadRequest => "bad-request",
            Self::Credential => "credential",
            Self::NotFound => "not-found",
            Self::TooMany => "too-many",
            Self::ServerError => "server-error",
            Self::Redirect => "redirect",
            Self::SaysNo => "says-no",
            Self::Refusal => "refusal",
            Self::TimedOut => "timed-out",
            Self::Silent => "silent",
            Self::Reset => "reset",
            Self::Dns => "dns",
            Self::Unreachable => "unreachable",
            Self::Tls => "tls",
            Self::Protocol => "protocol",
            Self::Blocked => "blocked",
            Self::Skipped => "skipped",
            Self::Operations => "operations",
            Self::Duplicates => "duplicates",
        })
    }
}

/// One problem of one integration, told so that it can be acted on within a minute.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Card {
    /// What it looks like.
    pub situation: Situation,
    /// The problem in a few words: `401 from api.example.com`.
    pub title: String,
    /// What happened, in a sentence or two.
    pub happened: String,
    /// Since when, and how much of it there is.
    pub extent: Extent,
    /// Why, with the fact that proves it.
    pub cause: Cause,
    /// Other facts that belong to the picture.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<Fact>,
    /// What to do, the first thing first.
    pub steps: Vec<Step>,
    /// What became of the events.
    pub fate: Fate,
    /// The page of the documentation about it.
    pub page: String,
    /// The issue whose attempts it explains; absent when it explains none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issue: Option<String>,
}

/// Since when, and how much.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Extent {
    /// The first time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// The last time so far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<Timestamp>,
    /// How often.
    pub count: u64,
    /// Out of how many; what one of them is, `unit` says.
    pub of: u64,
    /// `attempts`, `events` or `deliveries`.
    pub unit: String,
    /// Devices concerned, as far as they were counted.
    pub devices: u64,
    /// When it last went well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_good: Option<Timestamp>,
}

impl Extent {
    /// The share in percent, rounded down so that 100 means all; absent when nothing was counted.
    pub fn percent(&self) -> Option<u64> {
        (self.of > 0).then(|| self.count.min(self.of) * 100 / self.of)
    }
}

/// Why it happens. There is none without the fact that proves it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Cause {
    /// The cause, in a sentence.
    pub words: String,
    /// What proves it.
    pub fact: Fact,
}

impl Cause {
    /// A cause and its proof.
    pub fn new(words: impl Into<String>, fact: Fact) -> Self {
        Self { words: words.into(), fact }
    }
}

/// Something that was read and not guessed: words, the values they speak of, and where these were read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Fact {
    /// The fact, in a sentence.
    pub words: String,
    /// The values, by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<Named>,
    /// Where it was read: never empty, for [`Fact::read_in`] is the only way to make one.
    read_in: Vec<Source>,
}

/// A value with its name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Named {
    /// What it is: `status`, `header`, `sent at`.
    pub name: String,
    /// The value as text; a time is RFC 3339.
    pub value: String,
}

/// Where a fact was read, so that a reader can look for themselves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
#[schema(as = FactSource)]
pub enum Source {
    /// In the evidence of this attempt.
    Attempt {
        /// Which.
        id: AttemptId,
    },
    /// In this event.
    Event {
        /// Which.
        id: EventId,
    },
    /// In this revision of the integration.
    Revision {
        /// Whose.
        integration: IntegrationId,
        /// Which, from 1.
        revision: u32,
    },
    /// In the integration as it is saved now.
    Integration {
        /// Which.
        id: IntegrationId,
    },
    /// In the gate of this destination.
    Gate {
        /// `https://host:port`.
        origin: String,
    },
    /// In what is counted of this integration.
    Counters {
        /// Which.
        integration: IntegrationId,
    },
    /// In the list of the scope's secrets.
    Secret {
        /// Its name.
        name: String,
    },
    /// In the server's own state of health.
    Health,
}

impl From<&Attempt> for Source {
    fn from(attempt: &Attempt) -> Self {
        Self::Attempt { id: attempt.id }
    }
}

impl Fact {
    /// A fact, and where it was read.
    pub fn read_in(source: impl Into<Source>, words: impl Into<String>) -> Self {
        Self { words: words.into(), values: Vec::new(), read_in: vec![source.into()] }
    }

    /// The fact, with one more value.
    pub fn with(mut self, name: &str, value: impl fmt::Display) -> Self {
        self.values.push(Named { name: name.to_owned(), value: value.to_string() });
        self
    }

    /// The fact, read in one more place.
    pub fn and_in(mut self, source: impl Into<Source>) -> Self {
        let source = source.into();
        if !self.read_in.contains(&source) {
            self.read_in.push(source);
        }
        self
    }

    /// Where it was read.
    pub fn sources(&self) -> &[Source] {
        &self.read_in
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_a_hundred_only_when_it_is_all() {
        let of = |count, of| Extent { count, of, ..Extent::default() }.percent();
        assert_eq!((of(999, 1000), of(3, 3), of(0, 0)), (Some(99), Some(100), None));
    }

    #[test]
    fn a_fact_names_each_place_it_was_read_in_once() {
        let gate = || Source::Gate { origin: "https://example.com:443".to_owned() };
        let fact = Fact::read_in(gate(), "asleep").and_in(gate()).and_in(Source::Health);
        assert_eq!(fact.sources(), [gate(), Source::Health]);
    }

    #[test]
    fn every_situation_is_printed_as_it_is_in_json() {
        for situation in [Situation::NothingFires, Situation::TimedOut, Situation::SaysNo, Situation::Dns] {
            assert_eq!(serde_json::to_value(situation).unwrap(), situation.to_string());
        }
        assert_eq!(Situation::TooMany.page(), "troubleshooting#too-many");
    }
}
