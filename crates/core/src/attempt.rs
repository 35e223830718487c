//! What is known of one attempt at a delivery: the evidence every later question is answered from.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::access::Scope;
use crate::event::Event;
use crate::id::{AttemptId, DeliveryId, IntegrationId, UserId};
use crate::time::Timestamp;

/// How an attempt ended.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// A 2xx answer, or one the integration's success rule accepts.
    Success,
    /// Any other answer, or none.
    Error,
    /// The gate refused; nothing was sent.
    Skipped,
}

/// What has become of a delivery.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// It succeeded.
    Delivered,
    /// Its last try ended in an error.
    Failed,
    /// Its last try was skipped, or its integration is gone or disabled.
    Dropped,
    /// It waits for its first or next try.
    Waiting,
}

/// Why there was no usable answer, in the terms Node users know (`behaviour.md`, section 5).
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Code {
    /// The name has no address.
    #[serde(rename = "ENOTFOUND")]
    NotFound,
    /// The resolver did not answer.
    #[serde(rename = "EAI_AGAIN")]
    ResolverSilent,
    /// Nobody listens there.
    #[serde(rename = "ECONNREFUSED")]
    Refused,
    /// No route to the host.
    #[serde(rename = "EHOSTUNREACH")]
    Unreachable,
    /// No connection within the deadline, or an answer begun and not finished within it.
    #[serde(rename = "ETIMEDOUT")]
    TimedOut,
    /// Connected and sent, and not one byte came back within the deadline.
    #[serde(rename = "ESOCKETTIMEDOUT")]
    Silent,
    /// The peer closed the connection.
    #[serde(rename = "ECONNRESET")]
    Reset,
    /// The certificate has expired.
    CertHasExpired,
    /// The certificate is signed by itself.
    SelfSignedCert,
    /// The certificate is for another name.
    CertAltname,
    /// The certificate's issuer is unknown.
    CertUnknownCa,
    /// TLS failed in another way.
    TlsError,
    /// What came back is not HTTP we accept.
    #[serde(rename = "EPROTO")]
    Protocol,
    /// The address guard refused.
    #[serde(rename = "EBLOCKED")]
    Blocked,
    /// The template could not be rendered, or did not yield what it must.
    #[serde(rename = "ERENDER")]
    Render,
    /// The rendered request is over a limit.
    #[serde(rename = "ETOOLARGE")]
    TooLarge,
}

impl Code {
    /// Every code, in the order of the table.
    pub const ALL: [Self; 16] = [
        Self::NotFound,
        Self::ResolverSilent,
        Self::Refused,
        Self::Unreachable,
        Self::TimedOut,
        Self::Silent,
        Self::Reset,
        Self::CertHasExpired,
        Self::SelfSignedCert,
        Self::CertAltname,
        Self::CertUnknownCa,
        Self::TlsError,
        Self::Protocol,
        Self::Blocked,
        Self::Render,
        Self::TooLarge,
    ];

    /// The code as it is written everywhere.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotFound => "ENOTFOUND",
            Self::ResolverSilent => "EAI_AGAIN",
            Self::Refused => "ECONNREFUSED",
            Self::Unreachable => "EHOSTUNREACH",
            Self::TimedOut => "ETIMEDOUT",
            Self::Silent => "ESOCKETTIMEDOUT",
            Self::Reset => "ECONNRESET",
            Self::CertHasExpired => "CERT_HAS_EXPIRED",
            Self::SelfSignedCert => "SELF_SIGNED_CERT",
            Self::CertAltname => "CERT_ALTNAME",
            Self::CertUnknownCa => "CERT_UNKNOWN_CA",
            Self::TlsError => "TLS_ERROR",
            Self::Protocol => "EPROTO",
            Self::Blocked => "EBLOCKED",
            Self::Render => "ERENDER",
            Self::TooLarge => "ETOOLARGE",
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl std::str::FromStr for Code {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|code| code.as_str() == text).ok_or(())
    }
}

/// The step of an attempt, in the order they happen.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// Asking the gate.
    Gate,
    /// Filling in the template.
    Render,
    /// Asking for the name's addresses, and judging them.
    Resolve,
    /// Opening the TCP connection.
    Connect,
    /// The TLS handshake.
    Tls,
    /// Writing the request.
    Send,
    /// Waiting for the first byte of the answer.
    Wait,
    /// Reading the rest of the answer.
    Receive,
}

impl Phase {
    /// The phase in words that fit behind "while".
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Gate => "asking the gate",
            Self::Render => "filling in the template",
            Self::Resolve => "resolving the name",
            Self::Connect => "connecting",
            Self::Tls => "in the TLS handshake",
            Self::Send => "sending the request",
            Self::Wait => "waiting for the answer",
            Self::Receive => "receiving the answer",
        }
    }
}

/// How long each phase took, in microseconds; a phase that did not happen is absent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Timings {
    /// From being due to being begun.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queued_us: Option<u64>,
    /// Name resolution, with the guard's judgement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolve_us: Option<u64>,
    /// TCP connection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connect_us: Option<u64>,
    /// TLS handshake.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls_us: Option<u64>,
    /// Until the whole request was written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub send_us: Option<u64>,
    /// From there to the first byte of the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wait_us: Option<u64>,
    /// From there to its last byte.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receive_us: Option<u64>,
    /// From the start of connecting (or of taking a pooled connection) to the end.
    pub total_us: u64,
}

/// What the network showed during an attempt.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Network {
    /// The address dialled, with its port.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Every address the name resolved to, when it was resolved for this attempt.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<String>,
    /// Whether a kept-alive connection was used.
    #[serde(default)]
    pub reused: bool,
    /// How long that connection had been idle, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idle_ms: Option<u64>,
    /// `HTTP/1.1` or `HTTP/2`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http: Option<String>,
    /// `TLSv1.2` or `TLSv1.3`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<String>,
    /// When the peer's certificate expires.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate_expires_at: Option<String>,
    /// Bytes written to the wire.
    #[serde(default)]
    pub bytes_out: u64,
    /// Bytes read from it.
    #[serde(default)]
    pub bytes_in: u64,
}

/// A body as kept for the log: text where it is text, and how much of it there was.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub struct KeptBody {
    /// The body, as UTF-8 text, or as base64 when `binary`.
    pub text: String,
    /// Whether `text` is base64 of bytes that are not UTF-8.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub binary: bool,
    /// Bytes the body had.
    pub bytes: u64,
    /// Whether `text` is less than the whole body.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cut: bool,
}

/// The request as it was sent, with secrets masked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SentRequest {
    /// The method.
    pub method: String,
    /// The whole URL, query included.
    pub url: String,
    /// Header names and values, in the order sent.
    pub headers: Vec<(String, String)>,
    /// The body, if there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<KeptBody>,
}

/// The answer as it was received, with secrets masked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// Header names and values, in the order received.
    pub headers: Vec<(String, String)>,
    /// The body, decompressed; cut at the answer limit.
    pub body: KeptBody,
}

/// How the rendering of the request went.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Rendering {
    /// Variables that had a value.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub used: Vec<String>,
    /// Variables that had none and became the empty string.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
    /// Variables whose value was changed by HTML escaping.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub escaped: Vec<String>,
    /// When the body was to be JSON: what is wrong with it, with line and column.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub json_fault: Option<String>,
}

/// The gate as one attempt saw and left it.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub struct GateEvidence {
    /// Whether the attempt was counted in the window.
    pub counted: bool,
    /// Attempts in the window before.
    pub attempts_before: u32,
    /// Accepted ones among them before.
    pub accepts_before: u32,
    /// Probability of skipping before, 0 to 1.
    pub probability_before: f64,
    /// Probability of skipping after, 0 to 1.
    pub probability_after: f64,
}

/// A reply event that an attempt caused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct FollowedBy {
    /// The reply's name, part suffix included.
    pub name: String,
    /// Bytes of data it carried.
    pub bytes: u32,
    /// Listeners it reached.
    pub listeners: u32,
    /// Operations it cost: device listeners reached.
    pub operations: u32,
}

/// Why an attempt was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Trigger {
    /// The event was published.
    Event,
    /// The policy asked for another try.
    Retry,
    /// Somebody tested the integration.
    Test {
        /// Who did.
        by: UserId,
    },
    /// Somebody replayed the event.
    Replay {
        /// Who did.
        by: UserId,
        /// The replay it belongs to.
        replay: String,
    },
}

/// What comes after an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "at", rename_all = "kebab-case")]
pub enum Next {
    /// The delivery waits for another try, at this time.
    TryAt(Timestamp),
    /// It was the last; this is the delivery's verdict.
    Final(Verdict),
}

/// Everything kept of one attempt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Attempt {
    /// Its id.
    pub id: AttemptId,
    /// The delivery it was made for.
    pub delivery: DeliveryId,
    /// The event, whole.
    pub event: Arc<Event>,
    /// The integration.
    pub integration: IntegrationId,
    /// The integration's revision at that time, from 1.
    pub revision: u32,
    /// Who owns the integration.
    pub scope: Scope,
    /// Why the attempt was made.
    pub trigger: Trigger,
    /// 1 for a delivery's first attempt.
    pub number: u32,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended.
    pub ended_at: Timestamp,
    /// How it ended.
    pub outcome: Outcome,
    /// Why there was no usable answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<Code>,
    /// The answer's status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The phase in which it stopped, when it did not succeed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped_in: Option<Phase>,
    /// What happened, in a sentence that leads with the phase; also the data of the error event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Where the request went, or would have gone: `https://host:port`. Absent when rendering failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
    /// How rendering went.
    #[serde(default)]
    pub rendering: Rendering,
    /// The request as sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<SentRequest>,
    /// The answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<Answer>,
    /// How long each phase took.
    #[serde(default)]
    pub timings: Timings,
    /// What the network showed.
    #[serde(default)]
    pub network: Network,
    /// The gate before and after.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gate: Option<GateEvidence>,
    /// What comes after it.
    pub next: Next,
    /// Reply events it caused.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub followed_by: Vec<FollowedBy>,
}

impl Attempt {
    /// Whether it enters counters, books and the gate: everything but a test does.
    pub fn counts(&self) -> bool {
        !matches!(self.trigger, Trigger::Test { .. })
    }

    /// How long it took, in milliseconds.
    pub fn duration_ms(&self) -> u64 {
        self.timings.total_us / 1000
    }
}

/// What stands in place of a secret in everything that is kept or shown.
pub const MASK: &str = "[[SENSITIVE]]";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_reads_back_what_it_prints_in_text_and_in_json() {
        for code in Code::ALL {
            assert_eq!(code.to_string().parse(), Ok(code));
            assert_eq!(serde_json::to_value(code).unwrap(), code.as_str());
        }
    }
}
