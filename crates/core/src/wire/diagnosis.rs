//! What is wrong, and why: issues, cards, comparisons, lint.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::history::AttemptLine;
use super::render::RenderFinding;
use crate::access::Scope;
use crate::compare::Difference;
use crate::diagnosis::Card;
use crate::id::{IntegrationId, IssueId};
use crate::issue::{Issue, State};
use crate::time::Timestamp;

/// An issue in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct IssueLine {
    /// The issue.
    #[serde(flatten)]
    pub issue: Issue,
    /// The integration's name, if it has one.
    pub name: Option<String>,
    /// The event-name prefix it fires on.
    pub prefix: String,
    /// The share of the integration's attempts that failed so since it opened, in percent.
    pub percent: u64,
}

/// Where an issue is to stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct IssueChange {
    /// `open`, `acknowledged`, `resolved` or `ignored`.
    pub state: State,
}

/// Everything that is wrong with an integration, each with its proof.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Diagnosis {
    /// The integration.
    pub integration: IntegrationId,
    /// When it was looked at.
    pub at: Timestamp,
    /// One card for each problem, the most urgent first; none when it is healthy.
    pub cards: Vec<Card>,
}

/// Two attempts side by side.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Comparison {
    /// The issue they were chosen by, if they were.
    pub issue: Option<IssueId>,
    /// The first; of an issue, the last success in front of its first failure.
    pub a: AttemptLine,
    /// The second; of an issue, its first failure.
    pub b: AttemptLine,
    /// What is different, part by part.
    pub differences: Vec<Difference>,
}

/// A template to be looked over.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Lint {
    /// The template of an integration, in the keys in which it is saved.
    #[schema(value_type = Object)]
    pub template: Map<String, Value>,
    /// Whose rules apply, and whose other integrations it is compared with; by default the caller's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<Scope>,
    /// The integration it is of, so that it is not compared with itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub integration: Option<IntegrationId>,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Linted {
    /// Whether it can be saved: there is no error among the findings.
    pub ok: bool,
    /// Everything found, errors first.
    pub findings: Vec<RenderFinding>,
}
