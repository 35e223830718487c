//! Alerts, and where they go.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::access::Scope;
use crate::alert::{Alert, AlertSettings, Cause, Kind};
use crate::id::{AlertId, IntegrationId};
use crate::time::Timestamp;

/// An alert in the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AlertLine {
    /// Its id.
    pub id: AlertId,
    /// Whose it is.
    pub scope: Scope,
    /// The name of that product or organisation; of a person, their username.
    pub scope_name: String,
    /// What it is about.
    pub cause: Cause,
    /// How it stands; the worst it came to.
    pub kind: Kind,
    /// For a gate that is near to skipping: how near, 50, 70 or 90.
    pub percent: Option<u8>,
    /// What happened, in one line.
    pub title: String,
    /// What proves it.
    pub fact: String,
    /// When it was raised.
    pub raised_at: Timestamp,
    /// When it last became worse, or was over.
    pub changed_at: Timestamp,
    /// When it was over; null while it is open.
    pub ended_at: Option<Timestamp>,
    /// What ended it, in words.
    pub ended_by: Option<String>,
    /// Whether it was raised, or became worse, since the caller saw the list.
    pub unseen: bool,
}

impl AlertLine {
    /// The alert as somebody sees it who saw the list last at this time.
    pub fn new(alert: Alert, scope_name: String, seen: Option<Timestamp>) -> Self {
        let unseen = alert.is_open() && seen.is_none_or(|seen| alert.changed_at > seen);
        Self {
            id: alert.id,
            scope: alert.scope,
            scope_name,
            cause: alert.cause,
            kind: alert.kind,
            percent: alert.percent,
            title: alert.title,
            fact: alert.fact,
            raised_at: alert.raised_at,
            changed_at: alert.changed_at,
            ended_at: alert.ended_at,
            ended_by: alert.ended_by,
            unseen,
        }
    }
}

/// A page of alerts, the newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AlertList {
    /// The alerts.
    pub items: Vec<AlertLine>,
    /// What to send as `cursor` for the next page; null after the last.
    pub next: Option<String>,
    /// How many are open, on all pages and whatever was asked for.
    pub open: usize,
    /// How many of these the caller has not seen.
    pub unseen: usize,
}

/// Where a scope's alerts go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AlertChannels {
    /// What a person set.
    #[serde(flatten)]
    pub settings: AlertSettings,
    /// Whether the server can mail at all: its operator names a mail server with `--smtp-url`.
    pub can_mail: bool,
    /// How the last mail went; null since the start of the server.
    pub last_mail: Option<MailState>,
    /// The integrations that fire on alerts.
    pub integrations: Vec<Listener>,
}

/// How a mail went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MailState {
    /// When.
    pub at: Timestamp,
    /// Why the mail server did not take it; null when it did.
    pub error: Option<String>,
}

/// An integration that fires on alerts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Listener {
    /// Its id.
    pub id: IntegrationId,
    /// Its name, if it has one.
    pub name: Option<String>,
    /// The event-name prefix it fires on.
    pub prefix: String,
    /// Whether it is disabled.
    pub disabled: bool,
}

/// What came of a test.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AlertTest {
    /// The integrations that the test event triggered; their logs show what became of it.
    pub triggered: Vec<Listener>,
    /// Whether the mail server took a mail; null when nobody is to be mailed.
    pub mailed: Option<bool>,
    /// Why it did not.
    pub mail_error: Option<String>,
}
