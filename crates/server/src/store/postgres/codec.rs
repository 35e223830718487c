//! How the words of the domain stand in columns.

use std::borrow::Cow;
use std::error::Error;

use bytes::BytesMut;
use fieldhook_core::access::Scope;
use fieldhook_core::attempt::{Code, Outcome, Verdict};
use fieldhook_core::event::{Event, Source};
use fieldhook_core::id::{
    AttemptId, DeliveryId, DeviceId, EventId, IntegrationId, IssueId, ProductId, ReplayId, UserId,
};
use fieldhook_core::issue;
use fieldhook_core::replay::Sending;
use fieldhook_core::time::{Day, Timestamp};
use tokio_postgres::Row;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};
use uuid::Uuid;

use super::failure::Failure;
use crate::store::damaged;
use crate::store::numbers::{Number as _, publisher_of, scope_bytes, scope_of};

/// A value of the domain, as a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Db<T>(pub(super) T);

/// Something to fill a statement's parameter with.
pub(super) type Param<'a> = &'a (dyn ToSql + Sync);

/// The column as a value of the domain.
pub(super) fn get<'r, T>(row: &'r Row, column: usize) -> Result<T, Failure>
where
    Db<T>: FromSql<'r>,
{
    raw::<Db<T>>(row, column).map(|Db(value)| value)
}

/// The column as a value of the domain, if it has one.
pub(super) fn get_option<'r, T>(row: &'r Row, column: usize) -> Result<Option<T>, Failure>
where
    Db<T>: FromSql<'r>,
{
    Ok(raw::<Option<Db<T>>>(row, column)?.map(|Db(value)| value))
}

/// The column as it is.
pub(super) fn raw<'r, T: FromSql<'r>>(row: &'r Row, column: usize) -> Result<T, Failure> {
    Ok(row.try_get(column).map_err(damaged)?)
}

/// The column as a count, which is never negative and fits its type.
pub(super) fn count<T: TryFrom<i64> + Default>(row: &Row, column: usize) -> Result<T, Failure> {
    raw::<i64>(row, column).map(|count| T::try_from(count).unwrap_or_default())
}

/// The column as a status, if it has one.
pub(super) fn status(row: &Row, column: usize) -> Result<Option<u16>, Failure> {
    Ok(raw::<Option<i32>>(row, column)?.and_then(|status| u16::try_from(status).ok()))
}

/// One value of each row, for a statement that takes whole columns.
pub(super) fn column<'a, T, V>(rows: &'a [T], value: impl Fn(&'a T) -> V) -> Vec<V> {
    rows.iter().map(value).collect()
}

pub(super) type Unreadable = Box<dyn Error + Sync + Send>;

macro_rules! stands_as {
    ($($name:ty => $as:ty: |$value:ident| $to:expr, |$found:ident| $back:expr;)*) => {$(
        impl ToSql for Db<$name> {
            fn to_sql(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, Unreadable> {
                let $value = &self.0;
                <$as as ToSql>::to_sql(&$to, kind, out)
            }

            fn accepts(kind: &Type) -> bool {
                <$as as ToSql>::accepts(kind)
            }

            to_sql_checked!();
        }

        impl<'a> FromSql<'a> for Db<$name> {
            fn from_sql(kind: &Type, bytes: &'a [u8]) -> Result<Self, Unreadable> {
                let $found = <$as as FromSql<'a>>::from_sql(kind, bytes)?;
                $back.map(Db).ok_or_else(|| concat!("not a value of ", stringify!($name)).into())
            }

            fn accepts(kind: &Type) -> bool {
                <$as as FromSql<'a>>::accepts(kind)
            }
        }
    )*};
}

stands_as! {
    EventId => Uuid: |id| id.0, |id| Some(EventId(id));
    DeliveryId => Uuid: |id| id.0, |id| Some(DeliveryId(id));
    AttemptId => Uuid: |id| id.0, |id| Some(AttemptId(id));
    ReplayId => Uuid: |id| id.0, |id| Some(ReplayId(id));
    UserId => &[u8]: |id| &id.0[..], |id| id.try_into().ok().map(UserId);
    DeviceId => &[u8]: |id| &id.0[..], |id| id.try_into().ok().map(DeviceId);
    IntegrationId => &[u8]: |id| &id.0[..], |id| id.try_into().ok().map(IntegrationId);
    IssueId => &[u8]: |id| &id.0[..], |id| id.try_into().ok().map(IssueId);
    ProductId => i64: |id| i64::from(id.0), |id| u32::try_from(id).ok().map(ProductId);
    Scope => Vec<u8>: |scope| scope_bytes(*scope), |bytes| scope_of(&bytes);
    Timestamp => i64: |at| at.as_millis(), |millis| Some(Timestamp::from_millis(millis));
    Day => i32: |day| day.0, |day| Some(Day(day));
    Outcome => i16: |word| word.number(), |number| Outcome::of(number);
    Verdict => i16: |word| word.number(), |number| Verdict::of(number);
    Sending => i16: |word| word.number(), |number| Sending::of(number);
    Source => i16: |word| word.number(), |number| Source::of(number);
    issue::State => i16: |word| word.number(), |number| issue::State::of(number);
    Code => &str: |code| code.as_str(), |text| text.parse().ok();
    String => &str: |text| &*escaped(text), |text| Some(plain(text));
}

impl ToSql for Db<&str> {
    fn to_sql(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, Unreadable> {
        escaped(self.0).to_sql(kind, out)
    }

    fn accepts(kind: &Type) -> bool {
        <&str as ToSql>::accepts(kind)
    }

    to_sql_checked!();
}

/// What announces a character that cannot stand for itself.
const ESCAPE: char = '\u{f000}';

/// The text without the character 0, which PostgreSQL does not keep.
fn escaped(text: &str) -> Cow<'_, str> {
    if text.contains(['\0', ESCAPE]) {
        Cow::Owned(text.replace(ESCAPE, "\u{f000}1").replace('\0', "\u{f000}0"))
    } else {
        Cow::Borrowed(text)
    }
}

/// The text as it was before it was escaped.
fn plain(text: &str) -> String {
    if text.contains(ESCAPE) {
        text.replace("\u{f000}0", "\0").replace("\u{f000}1", "\u{f000}")
    } else {
        text.to_owned()
    }
}

/// The columns of an event, in the order in which [`event`] reads them; the table is called `e`.
macro_rules! event_columns {
    () => {
        "e.id, e.published_at, e.publisher, e.device, e.owner, e.product, e.product_version, e.ttl, \
         e.private, e.source, e.idempotency_key, e.name, e.data"
    };
}
pub(super) use event_columns;

/// How many columns [`event`] reads.
pub(super) const EVENT_COLUMNS: usize = 13;

/// Reads an event from its columns, the first of which is `first`.
pub(super) fn event(row: &Row, first: usize) -> Result<Event, Failure> {
    let kind = raw(row, first + 2)?;
    let publisher = publisher_of(kind, get_option(row, first + 3)?)
        .ok_or_else(|| damaged(format_args!("an event's publisher is of kind {kind}")))?;
    Ok(Event {
        id: get(row, first)?,
        name: get(row, first + 11)?,
        data: get_option(row, first + 12)?,
        published_at: get(row, first + 1)?,
        ttl: count(row, first + 7)?,
        publisher,
        private: raw(row, first + 8)?,
        owner: get_option(row, first + 4)?,
        product: get_option(row, first + 5)?,
        product_version: raw::<Option<i64>>(row, first + 6)?.and_then(|version| version.try_into().ok()),
        source: get(row, first + 9)?,
        idempotency_key: get_option(row, first + 10)?,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_text_comes_back_as_it_went_and_holds_no_zero(text in "[\0\u{f000}01a]{0,12}") {
            let kept = escaped(&text);
            prop_assert!(!kept.contains('\0'));
            prop_assert_eq!(plain(&kept), text);
        }
    }
}
