//! How ids, scopes and times are described in the OpenAPI file: each a named kind of text, as they are written.

use std::borrow::Cow;

use utoipa::openapi::schema::{ObjectBuilder, Schema, SchemaFormat, Type};
use utoipa::openapi::{RefOr, schema};
use utoipa::{PartialSchema, ToSchema};

use crate::access::Scope;
use crate::event::Publisher;
use crate::id::{
    AlertId, AttemptId, DeliveryId, DeviceId, EventId, IntegrationId, IssueId, OrgId, ProductId, ReplayId,
    UserId,
};
use crate::time::{Day, Timestamp};

const HEX_ID: &str = "^[0-9a-f]{24}$";

macro_rules! described {
    ($($type:ident => $describe:expr;)*) => {
        $(
            impl PartialSchema for $type {
                fn schema() -> RefOr<Schema> {
                    let describe: fn(ObjectBuilder) -> ObjectBuilder = $describe;
                    describe(ObjectBuilder::new().schema_type(schema::SchemaType::new(Type::String))).into()
                }
            }

            impl ToSchema for $type {
                fn name() -> Cow<'static, str> {
                    Cow::Borrowed(stringify!($type))
                }
            }
        )*
    };
}

fn format(name: &str) -> SchemaFormat {
    SchemaFormat::Custom(name.to_owned())
}

described! {
    UserId => |text| text.description(Some("A person.")).pattern(Some(HEX_ID));
    DeviceId => |text| text.description(Some("A device, its core id.")).pattern(Some(HEX_ID));
    IntegrationId => |text| text.description(Some("An integration.")).pattern(Some(HEX_ID));
    AlertId => |text| text.description(Some("An alert.")).pattern(Some(HEX_ID));
    IssueId => |text| text.description(Some("An issue: the same whenever the same cause strikes.")).pattern(Some(HEX_ID));
    OrgId => |text| text.description(Some("An organisation.")).pattern(Some(HEX_ID));
    EventId => |text| text.description(Some("An event, a UUIDv7.")).format(Some(format("uuid")));
    DeliveryId => |text| text.description(Some("A delivery, a UUIDv7: the `Webhook-Id` of its attempts.")).format(Some(format("uuid")));
    AttemptId => |text| text.description(Some("An attempt, a UUIDv7.")).format(Some(format("uuid")));
    ReplayId => |text| text.description(Some("A replay, a UUIDv7: the `Webhook-Replay` of its requests.")).format(Some(format("uuid")));
    ProductId => |number| {
        number.schema_type(schema::SchemaType::new(Type::Integer)).description(Some("A product's number.")).minimum(Some(0.0))
    };
    Scope => |text| {
        text.description(Some("Who owns a thing: `user:<id>`, `product:<number>` or `org:<id>`."))
            .pattern(Some("^(user:[0-9a-f]{24}|product:[0-9]+|org:[0-9a-f]{24})$"))
    };
    Publisher => |text| {
        text.description(Some("Who published: a device's id, `api` for a person's token, `particle-internal` for the server."))
            .pattern(Some("^([0-9a-f]{24}|api|particle-internal)$"))
    };
    Timestamp => |text| {
        text.description(Some("A moment in UTC, with exactly three decimals.")).format(Some(format("date-time")))
    };
    Day => |text| text.description(Some("A day of UTC.")).format(Some(format("date")));
}
