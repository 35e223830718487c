//! How the words of the domain stand in columns.
//!
//! The numbers here are on people's disks: they may be added to, never changed.

use fieldhook_core::access::Scope;
use fieldhook_core::attempt::{Code, Outcome, Verdict};
use fieldhook_core::event::{Event, Publisher, Source};
use fieldhook_core::id::{
    AttemptId, DeliveryId, DeviceId, EventId, IntegrationId, IssueId, OrgId, ProductId, ReplayId, UserId,
};
use fieldhook_core::issue;
use fieldhook_core::replay::Sending;
use fieldhook_core::time::{Day, Timestamp};
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, Value, ValueRef};
use rusqlite::{Result, Row};
use uuid::Uuid;

/// A value of the domain, as a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Db<T>(pub(super) T);

/// The column as a value of the domain.
pub(super) fn get<T>(row: &Row<'_>, column: usize) -> Result<T>
where
    Db<T>: FromSql,
{
    row.get::<_, Db<T>>(column).map(|Db(value)| value)
}

/// The column as a value of the domain, if it has one.
pub(super) fn get_option<T>(row: &Row<'_>, column: usize) -> Result<Option<T>>
where
    Db<T>: FromSql,
{
    Ok(row.get::<_, Option<Db<T>>>(column)?.map(|Db(value)| value))
}

/// The column as a count, which is never negative.
pub(super) fn get_count(row: &Row<'_>, column: usize) -> Result<u64> {
    row.get::<_, i64>(column).map(|count| u64::try_from(count).unwrap_or(0))
}

macro_rules! blob_id {
    ($($name:ident: $bytes:tt),*) => {$(
        impl ToSql for Db<$name> {
            fn to_sql(&self) -> Result<ToSqlOutput<'_>> {
                Ok(ToSqlOutput::Borrowed(ValueRef::Blob(blob_id!(@bytes self $bytes))))
            }
        }

        impl FromSql for Db<$name> {
            fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
                <[u8; $bytes]>::column_result(value).map(|bytes| Db(blob_id!(@id $name bytes $bytes)))
            }
        }
    )*};
    (@bytes $db:ident 12) => { &$db.0.0 };
    (@bytes $db:ident 16) => { $db.0.0.as_bytes() };
    (@id $name:ident $bytes:ident 12) => { $name($bytes) };
    (@id $name:ident $bytes:ident 16) => { $name(Uuid::from_bytes($bytes)) };
}

blob_id!(
    UserId: 12,
    DeviceId: 12,
    IntegrationId: 12,
    IssueId: 12,
    EventId: 16,
    DeliveryId: 16,
    AttemptId: 16,
    ReplayId: 16
);

macro_rules! small_number {
    ($($name:ident { $($value:ident = $number:literal),* })*) => {$(
        impl ToSql for Db<$name> {
            fn to_sql(&self) -> Result<ToSqlOutput<'_>> {
                let number = match self.0 { $($name::$value => $number),* };
                Ok(ToSqlOutput::Owned(Value::Integer(number)))
            }
        }

        impl FromSql for Db<$name> {
            fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
                match value.as_i64()? {
                    $($number => Ok(Db($name::$value)),)*
                    other => Err(FromSqlError::OutOfRange(other)),
                }
            }
        }
    )*};
}

small_number! {
    Outcome { Success = 0, Error = 1, Skipped = 2 }
    Verdict { Delivered = 0, Failed = 1, Dropped = 2, Waiting = 3 }
    Sending { Underway = 0, Complete = 1, Stopped = 2, Cancelled = 3, Interrupted = 4 }
    Source { Http = 0, Mqtt = 1, Upstream = 2, Console = 3, Test = 4, Server = 5 }
}

impl ToSql for Db<issue::State> {
    fn to_sql(&self) -> Result<ToSqlOutput<'_>> {
        let number = match self.0 {
            issue::State::Open => 0,
            issue::State::Acknowledged => 1,
            issue::State::Resolved => 2,
            issue::State::Ignored => 3,
        };
        Ok(ToSqlOutput::Owned(Value::Integer(number)))
    }
}

impl ToSql for Db<Timestamp> {
    fn to_sql(&self) -> Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Owned(Value::Integer(self.0.as_millis())))
    }
}

impl FromSql for Db<Timestamp> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        value.as_i64().map(|millis| Db(Timestamp::from_millis(millis)))
    }
}

impl ToSql for Db<Day> {
    fn to_sql(&self) -> Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Owned(Value::Integer(self.0.0.into())))
    }
}

impl FromSql for Db<Day> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        i32::column_result(value).map(|day| Db(Day(day)))
    }
}

impl ToSql for Db<ProductId> {
    fn to_sql(&self) -> Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Owned(Value::Integer(self.0.0.into())))
    }
}

impl FromSql for Db<ProductId> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        u32::column_result(value).map(|id| Db(ProductId(id)))
    }
}

impl ToSql for Db<Code> {
    fn to_sql(&self) -> Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(ValueRef::Text(self.0.as_str().as_bytes())))
    }
}

impl FromSql for Db<Code> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        value.as_str()?.parse().map(Db).map_err(|()| FromSqlError::InvalidType)
    }
}

impl ToSql for Db<Scope> {
    fn to_sql(&self) -> Result<ToSqlOutput<'_>> {
        let bytes = match self.0 {
            Scope::User(id) => [&[1][..], &id.0].concat(),
            Scope::Product(id) => [&[2][..], &id.0.to_be_bytes()].concat(),
            Scope::Organisation(id) => [&[3][..], &id.0].concat(),
        };
        Ok(ToSqlOutput::Owned(Value::Blob(bytes)))
    }
}

impl FromSql for Db<Scope> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let (kind, id) = value.as_blob()?.split_first().ok_or(FromSqlError::InvalidType)?;
        let scope = match kind {
            1 => id.try_into().ok().map(|id| Scope::User(UserId(id))),
            2 => id.try_into().ok().map(|id| Scope::Product(ProductId(u32::from_be_bytes(id)))),
            3 => id.try_into().ok().map(|id| Scope::Organisation(OrgId(id))),
            _ => None,
        };
        scope.map(Db).ok_or(FromSqlError::InvalidType)
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

/// The number of the kind of publisher.
pub(super) fn publisher_number(publisher: Publisher) -> i64 {
    match publisher {
        Publisher::Device(_) => 0,
        Publisher::Api => 1,
        Publisher::Internal => 2,
    }
}

/// Reads an event from its columns, the first of which is `first`.
pub(super) fn event(row: &Row<'_>, first: usize) -> Result<Event> {
    let publisher = match (row.get(first + 2)?, get_option(row, first + 3)?) {
        (0, Some(device)) => Publisher::Device(device),
        (1, None) => Publisher::Api,
        (2, None) => Publisher::Internal,
        (other, _) => return Err(rusqlite::Error::IntegralValueOutOfRange(first + 2, other)),
    };
    Ok(Event {
        id: get(row, first)?,
        name: row.get(first + 11)?,
        data: row.get(first + 12)?,
        published_at: get(row, first + 1)?,
        ttl: row.get(first + 7)?,
        publisher,
        private: row.get(first + 8)?,
        owner: get_option(row, first + 4)?,
        product: get_option(row, first + 5)?,
        product_version: row.get(first + 6)?,
        source: get(row, first + 9)?,
        idempotency_key: row.get(first + 10)?,
    })
}
