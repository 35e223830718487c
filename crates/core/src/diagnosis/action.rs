//! What to do about a problem, and what console and command line can do at once.

use serde::{Deserialize, Serialize};

use crate::id::{AttemptId, DeviceId, EventId, IntegrationId};
use crate::time::Timestamp;

/// One thing to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Step {
    /// What, in words.
    pub words: String,
    /// What console and command line can do about it at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<Action>,
}

impl Step {
    /// Something only the reader can do.
    pub fn by_hand(words: impl Into<String>) -> Self {
        Self { words: words.into(), action: None }
    }

    /// Something that is one click away.
    pub fn click(words: impl Into<String>, action: Action) -> Self {
        Self { words: words.into(), action: Some(action) }
    }
}

/// What console and command line can offer to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Action {
    /// Edit this field of the integration; the value is a proposal.
    EditField {
        /// The key, with the keys below it behind dots.
        field: String,
        /// What to put there.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        value: Option<String>,
        /// Where in the field's text to look.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        line: Option<usize>,
        /// And in which column.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        column: Option<usize>,
    },
    /// Replace this secret of the scope.
    ReplaceSecret {
        /// Its name.
        name: String,
    },
    /// Send a test to the endpoint.
    Test,
    /// Send the same event to the endpoint tester, and look at what arrives.
    TestToTester {
        /// The event.
        event: EventId,
    },
    /// Fill the template in with this event, and look at what would be sent.
    Preview {
        /// The event.
        event: EventId,
    },
    /// Put these two attempts side by side.
    Compare {
        /// The one that went well.
        a: AttemptId,
        /// The one that did not.
        b: AttemptId,
    },
    /// Send one delivery's event again.
    ReplayOne {
        /// An attempt of it.
        attempt: AttemptId,
    },
    /// Send again what failed or was dropped since then.
    Recover {
        /// Since when.
        since: Timestamp,
    },
    /// Send what matched nothing then and would match now.
    ReplayMissing {
        /// Since when.
        since: Timestamp,
    },
    /// Wake the destination.
    Wake {
        /// `https://host:port`.
        origin: String,
    },
    /// Switch the integration on.
    Enable,
    /// Watch events as they come.
    WatchLive {
        /// Whose name begins so.
        prefix: String,
    },
    /// Publish an event as this device.
    PublishAs {
        /// Which.
        device: DeviceId,
    },
    /// Claim this device.
    Claim {
        /// Which.
        device: DeviceId,
    },
    /// Open another integration.
    Open {
        /// Which.
        integration: IntegrationId,
    },
    /// Copy the request as a curl command.
    CopyCurl {
        /// Of this attempt.
        attempt: AttemptId,
    },
    /// See the revisions, with what changed.
    Revisions,
}

impl Action {
    /// Edit a field.
    pub fn edit(field: &str) -> Self {
        Self::EditField { field: field.to_owned(), value: None, line: None, column: None }
    }

    /// Put this into a field.
    pub fn put(field: &str, value: impl Into<String>) -> Self {
        Self::EditField { field: field.to_owned(), value: Some(value.into()), line: None, column: None }
    }
}
