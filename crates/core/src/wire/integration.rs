//! Integrations, their history, and the secrets they use.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::access::Scope;
use crate::attempt::{Code, Outcome};
use crate::id::{AttemptId, DeliveryId, IntegrationId, UserId};
use crate::time::{Day, Timestamp};

/// An integration: what the server knows of it, and at the same level its template, secrets masked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct IntegrationRecord {
    /// Always true on answers to a create or replace; absent elsewhere.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ok: bool,
    /// Its id.
    pub id: IntegrationId,
    /// The event name prefix it fires on.
    pub event: String,
    /// When it was first saved.
    pub created_at: Timestamp,
    /// Always `Webhook`.
    pub integration_type: String,
    /// Counts the saves, from 1.
    pub revision: u32,
    /// Who owns it: `user:…`, `product:…` or `org:…`.
    pub scope: Scope,
    /// When this revision was saved.
    pub updated_at: Timestamp,
    /// Who saved this revision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updated_by: Option<UserId>,
    /// Since when it has been switched off, if it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disabled_since: Option<Timestamp>,
    /// Who switched it off, if somebody did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disabled_by: Option<UserId>,
    /// The address of the webhook, on answers to a create under `/v1/webhooks`.
    #[serde(default, rename = "hookUrl", skip_serializing_if = "Option::is_none")]
    pub hook_url: Option<String>,
    /// What was found in the template that may not be meant, on answers to a create or replace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<Object>>)]
    pub warnings: Option<Vec<Value>>,
    /// The template, in Particle's keys.
    #[serde(flatten)]
    #[schema(value_type = Object)]
    pub template: Map<String, Value>,
}

/// An integration with its history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct IntegrationHistory {
    /// The integration.
    #[serde(flatten)]
    pub record: IntegrationRecord,
    /// The last 10 attempts that succeeded, newest first.
    pub logs: Vec<LogEntry>,
    /// The last 10 attempts that ended in an error, newest first.
    pub errors: Vec<LogEntry>,
    /// Attempts of the last 30 days, the oldest day first; days without any are absent.
    pub counters: Vec<DayCounter>,
}

/// One integration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct OneIntegration {
    /// The integration.
    pub integration: IntegrationHistory,
}

/// One integration, as the older routes name it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct OneWebhook {
    /// The integration.
    pub webhook: IntegrationHistory,
}

/// One attempt, as an integration's history shows it. Secrets are masked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct LogEntry {
    /// The attempt.
    pub id: AttemptId,
    /// The event that caused it.
    pub event: LoggedEvent,
    /// Why it was made: `event`, `retry`, `test` or `replay`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The request as it was sent; empty when none was.
    pub request: String,
    /// The answer as it came; empty when none did.
    pub response: String,
    /// What went wrong, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// When it began, in milliseconds since 1970.
    pub time: i64,
    /// How it ended.
    pub outcome: Outcome,
    /// Why there was no usable answer.
    pub code: Option<Code>,
    /// The answer's status.
    pub status: Option<u16>,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
}

/// An event, as an integration's history shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct LoggedEvent {
    /// Its name.
    pub name: String,
    /// Its data.
    pub data: Option<String>,
    /// Seconds it is said to live.
    pub ttl: u32,
    /// When it was published.
    pub published_at: Timestamp,
    /// Who published it.
    pub coreid: String,
}

/// One day's attempts, as numbers in text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct DayCounter {
    /// The UTC day.
    pub date: Day,
    /// Attempts that succeeded.
    pub success: String,
    /// Attempts that ended in an error.
    pub error: String,
    /// Deliveries that the gate refused.
    pub skipped: String,
}

/// What to test an integration with; what is absent is made up.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TestRequest {
    /// The event's name; the integration's prefix when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<String>,
    /// The event's data; `test-event` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<String>,
    /// The device that publishes, by id or name; none when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
}

/// What came of a test.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Tested {
    /// Always true: the attempt was made. `attempt` says how it ended.
    pub ok: bool,
    /// The delivery made for the test.
    pub delivery: DeliveryId,
    /// The attempt, whole.
    #[schema(value_type = Object)]
    pub attempt: crate::attempt::Attempt,
}

/// Where a copy of an integration goes, and what it is called.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub struct CopyRequest {
    /// Who will own it; by default the owner of the original.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<Scope>,
    /// Its name; by default that of the original, told apart where both stand in one list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// Where an integration is to be moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct MoveRequest {
    /// Who will own it.
    pub scope: Scope,
}

/// An integration as it once was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RevisionRecord {
    /// Counts the saves, from 1.
    pub revision: u32,
    /// When it was saved.
    pub saved_at: Timestamp,
    /// By whom; null when the server did.
    pub saved_by: Option<UserId>,
    /// That person's username, as long as they have an account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub saved_by_name: Option<String>,
    /// Whether it was switched off.
    pub disabled: bool,
    /// Its template, secrets masked.
    #[schema(value_type = Object)]
    pub template: Map<String, Value>,
}

/// A secret, by name: its value is never shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SecretName {
    /// Its name, which is also its variable in templates.
    pub name: String,
    /// Who owns it: `user:…`, `product:…` or `org:…`.
    pub scope: Scope,
}

/// A secret's value, on its way in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SecretValue {
    /// The value.
    pub value: String,
}
