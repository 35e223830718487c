//! Names for things: ids that sort, parse and print in one way only.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use uuid::Uuid;

use crate::time::Timestamp;

/// Why a text is not an id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not {expected}")]
pub struct InvalidId {
    /// What was given, cut to 64 characters.
    pub text: String,
    /// What it should have been, in words.
    pub expected: &'static str,
}

impl InvalidId {
    fn new(text: &str, expected: &'static str) -> Self {
        Self { text: text.chars().take(64).collect(), expected }
    }
}

macro_rules! text_serde {
    ($name:ident) => {
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                if serializer.is_human_readable() {
                    serializer.collect_str(self)
                } else {
                    self.0.serialize(serializer)
                }
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                if deserializer.is_human_readable() {
                    let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                    text.parse().map_err(de::Error::custom)
                } else {
                    Deserialize::deserialize(deserializer).map(Self)
                }
            }
        }
    };
}

macro_rules! hex_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        ///
        /// Twelve bytes, written as 24 lower-case hex digits, as Particle's clients expect.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub [u8; 12]);

        impl $name {
            /// Makes an id whose first four bytes are the second of its making, so that ids sort by age.
            pub fn new(now: Timestamp, luck: [u8; 8]) -> Self {
                let mut bytes = [0; 12];
                let seconds = u32::try_from(now.as_millis() / 1000).unwrap_or(u32::MAX);
                bytes[..4].copy_from_slice(&seconds.to_be_bytes());
                bytes[4..].copy_from_slice(&luck);
                Self(bytes)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let mut text = [0; 24];
                for (pair, byte) in text.chunks_exact_mut(2).zip(self.0) {
                    pair[0] = HEX[usize::from(byte >> 4)];
                    pair[1] = HEX[usize::from(byte & 15)];
                }
                f.pad(std::str::from_utf8(&text).expect("hex digits are ASCII"))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            /// Upper-case digits are taken too, as Particle's own tools do.
            fn from_str(text: &str) -> Result<Self, InvalidId> {
                unhex(text).map(Self).ok_or_else(|| InvalidId::new(text, "an id of 24 hex digits"))
            }
        }

        text_serde!($name);
    };
}

const HEX: &[u8; 16] = b"0123456789abcdef";

fn unhex(text: &str) -> Option<[u8; 12]> {
    let digits = text.as_bytes();
    if digits.len() != 24 {
        return None;
    }
    let mut bytes = [0; 12];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let high = char::from(pair[0]).to_digit(16)?;
        let low = char::from(pair[1]).to_digit(16)?;
        *byte = (high * 16 + low) as u8;
    }
    Some(bytes)
}

hex_id!(
    /// A person.
    UserId
);
hex_id!(
    /// A device, known to its firmware as its core id.
    DeviceId
);
hex_id!(
    /// An integration, the same through all its revisions.
    IntegrationId
);
hex_id!(
    /// An organisation.
    OrgId
);
hex_id!(
    /// An issue, made of its cause.
    IssueId
);
hex_id!(
    /// An alert.
    AlertId
);

/// A product: a number, as in Particle's API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ProductId(pub u32);

impl fmt::Display for ProductId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for ProductId {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        text.parse().map(Self).map_err(|_| InvalidId::new(text, "a product number"))
    }
}

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        ///
        /// A UUIDv7 (RFC 9562): its first 48 bits are the millisecond of its making, so ids sort by age.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub Uuid);

        impl $name {
            /// Makes an id of this moment from ten random bytes.
            pub fn new(now: Timestamp, luck: [u8; 10]) -> Self {
                let millis = u64::try_from(now.as_millis()).unwrap_or(0);
                Self(uuid::Builder::from_unix_timestamp_millis(millis, &luck).into_uuid())
            }

            /// When the id was made, to the millisecond.
            pub fn made_at(&self) -> Timestamp {
                let bytes = self.0.as_bytes();
                let mut millis = [0; 8];
                millis[2..].copy_from_slice(&bytes[..6]);
                Timestamp::from_millis(i64::from_be_bytes(millis))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                text.parse().map(Self).map_err(|_| InvalidId::new(text, "a UUID"))
            }
        }

        text_serde!($name);
    };
}

uuid_id!(
    /// One published event.
    EventId
);
uuid_id!(
    /// One event for one integration; the `Webhook-Id` of every attempt at it.
    DeliveryId
);
uuid_id!(
    /// One HTTP request for a delivery, or one refusal by the gate.
    AttemptId
);
uuid_id!(
    /// One replay; the `Webhook-Replay` of its requests.
    ReplayId
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hex_id_reads_back_what_it_prints() {
        let id = DeviceId::new(Timestamp::from_millis(1_700_000_000_000), [7; 8]);
        assert_eq!(id.to_string().len(), 24);
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!(id.to_string().to_uppercase().parse(), Ok(id));
    }

    #[test]
    fn what_is_not_24_hex_digits_is_refused_by_name() {
        for text in ["", "0123", "0123456789abcdef0123456g", "0123456789abcdef012345678", "éééééééééééé"]
        {
            let refusal = text.parse::<DeviceId>().unwrap_err();
            assert_eq!(refusal.text, text);
        }
    }

    #[test]
    fn a_uuid_id_remembers_when_it_was_made() {
        let now = Timestamp::from_millis(1_767_323_045_678);
        let id = EventId::new(now, [255; 10]);
        assert_eq!(id.made_at(), now);
        assert_eq!(id.0.get_version_num(), 7);
    }

    #[test]
    fn later_ids_sort_later() {
        let early = AttemptId::new(Timestamp::from_millis(1_000), [255; 10]);
        let late = AttemptId::new(Timestamp::from_millis(1_001), [0; 10]);
        assert!(early < late);
    }
}
