//! Devices, in their owner's scope and in their product's.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::id::{DeviceId, UserId};
use crate::time::Timestamp;

/// A device counts as online this long after its last event. Devices here publish and hold no session, so there
/// is no truer sign.
pub const ONLINE_FOR: Duration = Duration::from_mins(15);

/// Whether a device last heard then is online now.
pub fn is_online(last_heard: Option<Timestamp>, now: Timestamp) -> bool {
    last_heard.is_some_and(|heard| now.since(heard) < ONLINE_FOR)
}

/// A device as its owner sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct DeviceRecord {
    /// Its id.
    pub id: DeviceId,
    /// Its name; null when it has none.
    pub name: Option<String>,
    /// When its last event came.
    pub last_heard: Option<Timestamp>,
    /// The same; clients read both.
    pub last_handshake_at: Option<Timestamp>,
    /// Its product; of a device outside any product, its platform.
    pub product_id: u32,
    /// Its hardware platform, as Particle numbers them; 0 when it is not known.
    pub platform_id: u32,
    /// Whether its last event came within the last 15 minutes.
    pub online: bool,
    /// The same; clients read both.
    pub connected: bool,
    /// Always false.
    pub cellular: bool,
    /// Free text.
    pub notes: String,
    /// Always `normal`.
    pub status: String,
    /// Labels within its product.
    pub groups: Vec<String>,
    /// When it was first added.
    pub created_at: Timestamp,
    /// Cloud variables, which devices here do not have. Only on a single read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub variables: Option<Map<String, Value>>,
    /// Cloud functions, which devices here do not have. Only on a single read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub functions: Option<Vec<String>>,
    /// What only its product shows.
    #[serde(default, flatten, skip_serializing_if = "Option::is_none")]
    pub in_product: Option<InProduct>,
}

/// What a product shows of its device besides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct InProduct {
    /// The firmware version it last reported.
    pub firmware_version: Option<u32>,
    /// The product whose firmware it runs.
    pub firmware_product_id: u32,
    /// The firmware version it shall run.
    pub desired_firmware_version: Option<u32>,
    /// Its owner's e-mail address; null when nobody claimed it.
    pub owner: Option<String>,
    /// Its owner's id; null when nobody claimed it.
    pub user_id: Option<UserId>,
    /// Whether it is marked as a development device.
    pub development: bool,
    /// Always false.
    pub quarantined: bool,
    /// Always false.
    pub denied: bool,
}

/// A device to be claimed, or made.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ClaimRequest {
    /// Its id. One that nobody has used is made; without one, a new id is made up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The product that a device with a made-up id belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub product_id: Option<Value>,
}

/// What to change of a device; what is absent stays.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub struct DeviceChangeRequest {
    /// A new name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// New notes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notes: Option<String>,
    /// `1` or `0`: signal by light, which devices here cannot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signal: Option<String>,
    /// In a product: new labels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub groups: Option<Vec<String>>,
    /// In a product: whether it is a development device.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub development: Option<bool>,
    /// In a product: the firmware version it shall run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub desired_firmware_version: Option<u32>,
}

/// The answer to a claim, in the old shape and the new.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Claimed {
    /// Always true.
    pub ok: bool,
    /// The device.
    pub id: DeviceId,
    /// Its owner.
    pub user_id: UserId,
    /// Whether it is online.
    pub connected: bool,
    /// The device.
    #[serde(rename = "deviceID")]
    pub device_id: DeviceId,
    /// Always true.
    pub claimed: bool,
}

/// What was changed of a device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ChangedDevice {
    /// The device.
    pub id: DeviceId,
    /// Its new name, if that was changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its new notes, if they were changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notes: Option<String>,
    /// Whether it is online, if signalling was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connected: Option<bool>,
    /// Whether it is signalling, if that was asked for. Devices here cannot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signaling: Option<bool>,
    /// Its new groups, if they were changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub groups: Option<Vec<String>>,
    /// Whether it is a development device, if that was changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub development: Option<bool>,
    /// The firmware version it shall run, if that was changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub desired_firmware_version: Option<u32>,
}

/// Whether a device is online.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Pong {
    /// Whether its last event came within the last 15 minutes.
    pub online: bool,
    /// Always true.
    pub ok: bool,
}

/// A device's own token, shown once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct DeviceToken {
    /// 40 hex digits.
    pub token: String,
    /// When it was made.
    pub created_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_is_online_for_a_quarter_of_an_hour_after_its_last_event() {
        let now = Timestamp::from_millis(10_000_000);
        assert!(is_online(Some(now), now));
        assert!(!is_online(Some(now - ONLINE_FOR), now));
        assert!(!is_online(None, now));
    }
}
