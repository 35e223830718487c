//! How the server itself is.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::time::Timestamp;

/// Whether the server takes events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Health {
    /// Whether it takes events now.
    pub ok: bool,
    /// Why not, in words; empty when it does.
    pub reasons: Vec<String>,
    /// The server's version.
    pub version: String,
    /// The server's time of day.
    pub now: Timestamp,
}

/// How the server is, part by part. Public: it holds nothing of what the server keeps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Status {
    /// Whether every part is well.
    pub ok: bool,
    /// The server's version.
    pub version: String,
    /// The server's time of day: compare it with your own.
    pub now: Timestamp,
    /// When the server started.
    pub started_at: Timestamp,
    /// Seconds since then.
    pub uptime_s: u64,
    /// The parts.
    pub parts: Vec<PartStatus>,
    /// Deliveries that wait or are on the wire; null when the queue does not say.
    pub queue_pending: Option<u64>,
    /// Those of them on the wire.
    pub queue_in_flight: u64,
    /// Bytes the queue takes on disk; null when it does not say.
    pub queue_bytes: Option<u64>,
    /// Milliseconds that the deliveries of the last minute waited beyond their due time, at the worst; null when
    /// there were none.
    pub delivery_lag_ms: Option<u64>,
    /// Bytes the store takes; null when it does not say.
    pub store_bytes: Option<u64>,
    /// Bytes free on the disk of the data directory; null when it is not known.
    pub disk_free_bytes: Option<u64>,
    /// What went wrong lately, newest first, since the server started.
    pub incidents: Vec<Incident>,
}

/// A part of the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    /// Taking events in.
    Ingest,
    /// Sending them out.
    Delivery,
    /// What is in flight.
    Queue,
    /// What is looked up.
    Store,
    /// Room for both.
    Disk,
    /// The time of day.
    Clock,
}

/// How one part is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PartStatus {
    /// Which.
    pub part: Part,
    /// Whether it is well.
    pub ok: bool,
    /// How it is, in a sentence.
    pub says: String,
}

/// Something that went wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Incident {
    /// Which part.
    pub part: Part,
    /// What, in words.
    pub what: String,
    /// Since when.
    pub began_at: Timestamp,
    /// Until when; null while it goes on.
    pub ended_at: Option<Timestamp>,
}
