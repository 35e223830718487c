//! How the words of the domain stand in columns.

use fieldhook_core::access::Scope;
use fieldhook_core::attempt::{Code, Outcome, Verdict};
use fieldhook_core::event::{Event, Source};
use fieldhook_core::id::{
    AttemptId, DeliveryId, DeviceId, EventId, IntegrationId, IssueId, ProductId, ReplayId, UserId,
};
use fieldhook_core::issue;
use fieldhook_core::replay::Sending;
use fieldhook_core::time::{Day, Timestamp};
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, Value, ValueRef};
use rusqlite::{Result, Row};
use uuid::Uuid;

use crate::store::numbers::{Number as _, publisher_of, scope_bytes, scope_of};

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
    ($($name:ty),*) => {$(
        impl ToSql for Db<$name> {
            fn to_sql(&self) -> Result<ToSqlOutput<'_>> {
                Ok(ToSqlOutput::Owned(Value::Integer(self.0.number().into())))
            }
        }

        impl FromSql for Db<$name> {
            fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
                let number = value.as_i64()?;
                let word = i16::try_from(number).ok().and_then(<$name>::of);
                word.map(Db).ok_or(FromSqlError::OutOfRange(number))
            }
        }
    )*};
}

small_number!(Outcome, Verdict, Sending, Source, issue::State);

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
        Ok(ToSqlOutput::Owned(Value::Blob(scope_bytes(self.0))))
    }
}

impl FromSql for Db<Scope> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        scope_of(value.as_blob()?).map(Db).ok_or(FromSqlError::InvalidType)
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
pub(super) fn event(row: &Row<'_>, first: usize) -> Result<Event> {
    let kind: i16 = row.get(first + 2)?;
    let publisher = publisher_of(kind, get_option(row, first + 3)?)
        .ok_or(rusqlite::Error::IntegralValueOutOfRange(first + 2, kind.into()))?;
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
