//! Events: small named messages, and the rules for what may be published.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::id::{DeviceId, EventId, InvalidId, ProductId, UserId};
use crate::time::Timestamp;

/// Most bytes an event name may have (Particle, "API field limits").
pub const NAME_LIMIT: usize = 64;
/// Most bytes of data unless the server is set otherwise (Device OS 6.3 and later).
pub const DEFAULT_DATA_LIMIT: usize = 16_384;
/// Seconds an event without its own `ttl` is said to live. Nothing expires by it; clients expect the field.
pub const DEFAULT_TTL: u32 = 60;
/// Most bytes an idempotency key may have.
pub const IDEMPOTENCY_KEY_LIMIT: usize = 255;

/// What the names of the server's own events begin with, by which it tells of alerts. Nobody else may publish one.
pub const ALERT_PREFIX: &str = "fieldhook/alert/";

/// Who published an event, shown to clients as `coreid`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Publisher {
    /// A device, under its own id.
    Device(DeviceId),
    /// A person's token, shown as `api`.
    Api,
    /// The server itself, shown as `particle-internal`.
    Internal,
}

impl fmt::Display for Publisher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Device(id) => id.fmt(f),
            Self::Api => f.pad("api"),
            Self::Internal => f.pad("particle-internal"),
        }
    }
}

impl FromStr for Publisher {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        match text {
            "api" => Ok(Self::Api),
            "particle-internal" => Ok(Self::Internal),
            id => id.parse().map(Self::Device),
        }
    }
}

impl Serialize for Publisher {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Publisher {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// How an event reached us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// `POST …/events`.
    Http,
    /// An MQTT publish.
    Mqtt,
    /// Another cloud's event stream.
    Upstream,
    /// Published by hand in the console.
    Console,
    /// Made for a test of an integration; never matched or counted.
    Test,
    /// Published by the server itself, to tell of an alert.
    Server,
}

/// One event as it was taken in. It never changes afterwards.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Its id.
    pub id: EventId,
    /// Its name, 1 to [`NAME_LIMIT`] bytes.
    pub name: String,
    /// Its data; absent data is null in streams and the empty string in requests.
    pub data: Option<String>,
    /// When it was published.
    pub published_at: Timestamp,
    /// Seconds it is said to live.
    pub ttl: u32,
    /// Who published it.
    pub publisher: Publisher,
    /// Whether only its owner may see it. Clients read the opposite, `public`.
    pub private: bool,
    /// The person in whose scope it stands: the device's owner, or the person who published.
    pub owner: Option<UserId>,
    /// The product in whose scope it stands.
    pub product: Option<ProductId>,
    /// The firmware version of the publishing product device.
    pub product_version: Option<u32>,
    /// How it reached us.
    pub source: Source,
    /// The key by which a repeated publish is known as the same event.
    pub idempotency_key: Option<String>,
}

impl Event {
    /// The device that published it, if one did.
    pub fn device(&self) -> Option<DeviceId> {
        match self.publisher {
            Publisher::Device(id) => Some(id),
            Publisher::Api | Publisher::Internal => None,
        }
    }

    /// The data as requests and templates see it: absent data is the empty string.
    pub fn data_text(&self) -> &str {
        self.data.as_deref().unwrap_or("")
    }
}

/// Why an event cannot be published. Shown, as it is, to whoever published.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidEvent {
    /// No name at all.
    #[error("an event needs a name of 1 to {NAME_LIMIT} characters: add the field `name`")]
    NameMissing,
    /// The name is too long.
    #[error("the event name is {size} bytes long, over the limit of {NAME_LIMIT}: shorten it")]
    NameTooLong {
        /// Bytes it has.
        size: usize,
    },
    /// The name holds something other than printable ASCII, or a space at an end.
    #[error(
        "the event name has {what} at byte {at}: use printable ASCII characters, without spaces at the ends"
    )]
    NameCharacter {
        /// Byte offset, from 0.
        at: usize,
        /// What stands there, in words.
        what: String,
    },
    /// The name belongs to the system.
    #[error(
        "the event name `{name}` begins with the reserved word `{prefix}`: names that begin with particle, spark or iotjs cannot be published, choose another"
    )]
    NameReserved {
        /// The name given.
        name: String,
        /// The reserved word.
        prefix: &'static str,
    },
    /// The name is that of an alert.
    #[error(
        "the event name `{name}` begins with `{ALERT_PREFIX}`: the server alone publishes alerts, choose another"
    )]
    NameOfAlert {
        /// The name given.
        name: String,
    },
    /// The data is too long.
    #[error("the event data is {size} bytes long, over the limit of {limit}: send less, or split it")]
    DataTooLong {
        /// Bytes it has.
        size: usize,
        /// Bytes allowed.
        limit: usize,
    },
    /// The idempotency key is empty or too long.
    #[error(
        "the Idempotency-Key is {size} bytes long: it must have 1 to {IDEMPOTENCY_KEY_LIMIT} printable ASCII characters"
    )]
    IdempotencyKey {
        /// Bytes it has.
        size: usize,
    },
}

impl InvalidEvent {
    /// The field at fault, as the publisher wrote it.
    pub fn field(&self) -> &'static str {
        match self {
            Self::DataTooLong { .. } => "data",
            Self::IdempotencyKey { .. } => "Idempotency-Key",
            _ => "name",
        }
    }
}

const RESERVED_FOR_PUBLISHING: [&str; 3] = ["particle", "spark", "iotjs"];
const REPLY_PREFIXES: [&str; 3] = ["hook-sent/", "hook-response/", "hook-error/"];

/// Checks that an event of this name may be published.
///
/// Reserved words are refused in any case of letters, as Device OS does.
pub fn check_name(name: &str) -> Result<(), InvalidEvent> {
    if name.is_empty() {
        return Err(InvalidEvent::NameMissing);
    }
    if name.len() > NAME_LIMIT {
        return Err(InvalidEvent::NameTooLong { size: name.len() });
    }
    let last = name.len() - 1;
    let odd = |(at, c): &(usize, char)| match c {
        ' ' => *at == 0 || *at == last,
        c => !c.is_ascii_graphic(),
    };
    if let Some((at, c)) = name.char_indices().find(odd) {
        let what = if c == ' ' { "a space".to_owned() } else { format!("the character {c:?}") };
        return Err(InvalidEvent::NameCharacter { at, what });
    }
    if name.starts_with(ALERT_PREFIX) {
        return Err(InvalidEvent::NameOfAlert { name: name.to_owned() });
    }
    match reserved(name) {
        Some(prefix) => Err(InvalidEvent::NameReserved { name: name.to_owned(), prefix }),
        None => Ok(()),
    }
}

/// Checks that data of this size may be published.
pub fn check_data(data: Option<&str>, limit: usize) -> Result<(), InvalidEvent> {
    match data.map_or(0, str::len) {
        size if size > limit => Err(InvalidEvent::DataTooLong { size, limit }),
        _ => Ok(()),
    }
}

/// Checks an idempotency key.
pub fn check_idempotency_key(key: &str) -> Result<(), InvalidEvent> {
    let fits = (1..=IDEMPOTENCY_KEY_LIMIT).contains(&key.len());
    if fits && key.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
        Ok(())
    } else {
        Err(InvalidEvent::IdempotencyKey { size: key.len() })
    }
}

/// The reserved word that the name begins with, in any case of letters.
pub fn reserved(name: &str) -> Option<&'static str> {
    let begins = |prefix: &&'static str| {
        name.as_bytes().get(..prefix.len()).is_some_and(|head| head.eq_ignore_ascii_case(prefix.as_bytes()))
    };
    RESERVED_FOR_PUBLISHING.into_iter().find(begins)
}

/// Whether the name is that of a reply (`hook-sent/…`, `hook-response/…`, `hook-error/…`, also behind a
/// device id). Such an event never triggers an integration, so that hooks cannot loop.
pub fn is_reply_name(name: &str) -> bool {
    let bare = match name.split_once('/') {
        Some((head, rest)) if head.parse::<DeviceId>().is_ok() => rest,
        _ => name,
    };
    REPLY_PREFIXES.iter().any(|prefix| bare.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_name_has_1_to_64_bytes_of_printable_ascii() {
        let name = |len| "n".repeat(len);
        assert_eq!(check_name(""), Err(InvalidEvent::NameMissing));
        assert_eq!(check_name(&name(1)), Ok(()));
        assert_eq!(check_name(&name(64)), Ok(()));
        assert_eq!(check_name(&name(65)), Err(InvalidEvent::NameTooLong { size: 65 }));
    }

    #[test]
    fn odd_characters_are_named_with_their_place() {
        for (name, place) in [(" a", 0), ("a ", 1), ("a\tb", 1), ("tür", 1), ("a\u{7f}", 1), ("a\n", 1)] {
            match check_name(name) {
                Err(InvalidEvent::NameCharacter { at, .. }) => assert_eq!(at, place, "{name:?}"),
                other => panic!("{name:?} gave {other:?}"),
            }
        }
        assert_eq!(check_name("two words"), Ok(()));
    }

    #[test]
    fn reserved_words_cannot_begin_a_name() {
        for name in ["particle", "particle/x", "Spark/status", "iotjsx"] {
            assert!(matches!(check_name(name), Err(InvalidEvent::NameReserved { .. })), "{name}");
        }
        assert!(matches!(check_name("fieldhook/alert/opened"), Err(InvalidEvent::NameOfAlert { .. })));
        assert_eq!(check_name("my/particle"), Ok(()));
        assert_eq!(check_name("fieldhook/alerts"), Ok(()));
        assert_eq!(check_name("par"), Ok(()));
    }

    #[test]
    fn data_at_the_limit_passes_and_one_byte_more_does_not() {
        assert_eq!(check_data(None, 4), Ok(()));
        assert_eq!(check_data(Some("1234"), 4), Ok(()));
        assert_eq!(check_data(Some("12345"), 4), Err(InvalidEvent::DataTooLong { size: 5, limit: 4 }));
    }

    #[test]
    fn replies_are_known_with_and_without_a_device_id_in_front() {
        for name in [
            "hook-sent/temp",
            "hook-response/temp/0",
            "hook-error/temp/0",
            "0123456789abcdef01234567/hook-response/temp/0",
        ] {
            assert!(is_reply_name(name), "{name}");
        }
        for name in ["hook-sent", "my/hook-sent/temp", "hook-responses/temp", "temp"] {
            assert!(!is_reply_name(name), "{name}");
        }
    }

    proptest! {
        #[test]
        fn a_name_is_judged_without_panic(name in "\\PC{0,80}") {
            let _ = check_name(&name);
            let _ = is_reply_name(&name);
        }

        #[test]
        fn publishers_read_back_what_they_print(bytes in any::<[u8; 12]>()) {
            for publisher in [Publisher::Device(DeviceId(bytes)), Publisher::Api, Publisher::Internal] {
                prop_assert_eq!(publisher.to_string().parse::<Publisher>().unwrap(), publisher);
            }
        }
    }
}
