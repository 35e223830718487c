//! How the words of the domain stand in a database: the same in every engine.
//!
//! The numbers here are on people's disks: they may be added to, never changed.

use fieldhook_core::access::Scope;
use fieldhook_core::attempt::{Outcome, Trigger, Verdict};
use fieldhook_core::event::{Publisher, Source};
use fieldhook_core::id::{DeviceId, OrgId, ProductId, UserId};
use fieldhook_core::issue;
use fieldhook_core::replay::Sending;
use fieldhook_core::time::Timestamp;
use fieldhook_core::trouble::Last;

/// A word of a small closed set, as a number.
pub(super) trait Number: Sized {
    /// The word's number.
    fn number(&self) -> i16;
    /// The word of this number.
    fn of(number: i16) -> Option<Self>;
}

macro_rules! numbers {
    ($($name:path { $($value:ident = $number:literal),* })*) => {$(
        impl Number for $name {
            fn number(&self) -> i16 {
                match self { $(Self::$value => $number),* }
            }

            fn of(number: i16) -> Option<Self> {
                match number {
                    $($number => Some(Self::$value),)*
                    _ => None,
                }
            }
        }
    )*};
}

numbers! {
    Outcome { Success = 0, Error = 1, Skipped = 2 }
    Verdict { Delivered = 0, Failed = 1, Dropped = 2, Waiting = 3 }
    Sending { Underway = 0, Complete = 1, Stopped = 2, Cancelled = 3, Interrupted = 4 }
    Source { Http = 0, Mqtt = 1, Upstream = 2, Console = 3, Test = 4, Server = 5 }
    issue::State { Open = 0, Acknowledged = 1, Resolved = 2, Ignored = 3 }
}

/// A scope as bytes: one for its kind, then its id.
pub(super) fn scope_bytes(scope: Scope) -> Vec<u8> {
    match scope {
        Scope::User(id) => [&[1][..], &id.0].concat(),
        Scope::Product(id) => [&[2][..], &id.0.to_be_bytes()].concat(),
        Scope::Organisation(id) => [&[3][..], &id.0].concat(),
    }
}

/// The scope that has these bytes.
pub(super) fn scope_of(bytes: &[u8]) -> Option<Scope> {
    let (kind, id) = bytes.split_first()?;
    match kind {
        1 => id.try_into().ok().map(|id| Scope::User(UserId(id))),
        2 => id.try_into().ok().map(|id| Scope::Product(ProductId(u32::from_be_bytes(id)))),
        3 => id.try_into().ok().map(|id| Scope::Organisation(OrgId(id))),
        _ => None,
    }
}

/// The number of the kind of publisher.
pub(super) fn publisher_number(publisher: Publisher) -> i16 {
    match publisher {
        Publisher::Device(_) => 0,
        Publisher::Api => 1,
        Publisher::Internal => 2,
    }
}

/// The publisher of this kind and device.
pub(super) fn publisher_of(number: i16, device: Option<DeviceId>) -> Option<Publisher> {
    match (number, device) {
        (0, Some(device)) => Some(Publisher::Device(device)),
        (1, None) => Some(Publisher::Api),
        (2, None) => Some(Publisher::Internal),
        _ => None,
    }
}

/// The name of what caused an attempt.
pub(super) fn trigger_name(trigger: &Trigger) -> &'static str {
    match trigger {
        Trigger::Event => "event",
        Trigger::Retry => "retry",
        Trigger::Test { .. } => "test",
        Trigger::Replay { .. } => "replay",
    }
}

/// Whose an idempotency key is: the publisher, the owner and the product.
pub(super) type KeySlot = (Vec<u8>, Vec<u8>, i64);

/// Whose an idempotency key is, without a gap where there is none.
pub(super) fn key_slot(publisher: Publisher, owner: Option<UserId>, product: Option<ProductId>) -> KeySlot {
    let who = match publisher {
        Publisher::Device(id) => id.0.to_vec(),
        Publisher::Api => vec![1],
        Publisher::Internal => vec![2],
    };
    let owner = owner.map_or_else(Vec::new, |id| id.0.to_vec());
    (who, owner, product.map_or(-1, |id| id.0.into()))
}

/// The moment, or the number that stands for never.
pub(super) fn or_never(moment: Option<Timestamp>) -> i64 {
    moment.map_or(0, Timestamp::as_millis)
}

/// The last moments of each outcome, from the numbers that [`or_never`] made.
pub(super) fn last_of(success: i64, error: i64, skipped: i64) -> Last {
    let moment = |millis| (millis != 0).then(|| Timestamp::from_millis(millis));
    Last { success: moment(success), error: moment(error), skipped: moment(skipped) }
}
