//! A person's devices.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use fieldhook_core::access::Act;
use fieldhook_core::id::DeviceId;
use fieldhook_core::time::Timestamp;
use fieldhook_core::wire::Done;
use fieldhook_core::wire::device::{
    ChangedDevice, ClaimRequest, Claimed, DeviceChangeRequest, DeviceRecord, DeviceToken, Pong, is_online,
};
use http::StatusCode;
use serde_json::{Map, Value};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::App;
use super::auth::Person;
use super::error::{ApiError, cut};
use super::input::{At, Body};
use crate::clock::random;
use crate::directory::{Device, DeviceChange, Holder};

/// Most bytes of a device's name.
const NAME_LIMIT: usize = 64;
/// Most bytes of a device's notes.
const NOTES_LIMIT: usize = 4_096;
/// Most groups of a device, and most bytes of each.
const GROUP_LIMIT: (usize, usize) = (100, 64);

/// The routes of this file.
pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::default()
        .routes(routes!(list_devices, claim_device))
        .routes(routes!(read_device, change_device, unclaim_device))
        .routes(routes!(ping_device))
        .routes(routes!(create_device_token))
}

/// Lists the devices of whoever asks, the last heard first.
#[utoipa::path(
    get, path = "/v1/devices", tag = "particle",
    responses((status = 200, description = "The devices.", body = Vec<DeviceRecord>))
)]
async fn list_devices(State(app): State<Arc<App>>, person: Person) -> Json<Vec<DeviceRecord>> {
    let devices = app.directory.devices_of(person.id());
    Json(devices.iter().map(|device| app.device_record(device)).collect())
}

/// Claims a device; one with an id that nobody has used is created.
#[utoipa::path(
    post, path = "/v1/devices", tag = "particle", request_body = ClaimRequest,
    responses((status = 200, description = "It is claimed.", body = Claimed))
)]
async fn claim_device(
    State(app): State<Arc<App>>,
    person: Person,
    body: Body,
) -> Result<Json<Claimed>, ApiError> {
    let device = match (body.text("id")?, body.text("product_id")?) {
        (Some(id), _) => app.directory.claim(device_id(&id)?, person.id()).await?,
        (None, Some(product)) => {
            let product = app.product_for(&person, &product, Act::Change)?;
            let id = DeviceId::new(app.nature.now(), random(&*app.nature.luck));
            app.directory.claim(id, person.id()).await?;
            app.directory.add_to_product(id, product.id).await?
        }
        (None, None) => {
            let missing = "the field `id` is missing: send the device's id, 24 hex digits";
            return Err(ApiError::invalid_field("id", missing));
        }
    };
    Ok(Json(Claimed {
        ok: true,
        id: device.id,
        user_id: person.id(),
        connected: is_online(device.last_heard, app.nature.now()),
        device_id: device.id,
        claimed: true,
    }))
}

/// Reads one device, by id or name.
#[utoipa::path(
    get, path = "/v1/devices/{device}", tag = "particle",
    params(("device" = String, Path, description = "The device, by id or name.")),
    responses((status = 200, description = "The device.", body = DeviceRecord))
)]
async fn read_device(
    State(app): State<Arc<App>>,
    person: Person,
    At(device): At<String>,
) -> Result<Json<DeviceRecord>, ApiError> {
    let device = app.own_device(&person, &device)?;
    Ok(Json(DeviceRecord {
        variables: Some(Map::new()),
        functions: Some(Vec::new()),
        ..app.device_record(&device)
    }))
}

/// Renames a device, or changes its notes.
#[utoipa::path(
    put, path = "/v1/devices/{device}", tag = "particle", request_body = DeviceChangeRequest,
    params(("device" = String, Path, description = "The device, by id or name.")),
    responses((status = 200, description = "What was changed.", body = ChangedDevice))
)]
async fn change_device(
    State(app): State<Arc<App>>,
    person: Person,
    At(device): At<String>,
    body: Body,
) -> Result<Json<ChangedDevice>, ApiError> {
    let device = app.own_device(&person, &device)?;
    let change = DeviceChange { name: name(&body)?, notes: notes(&body)?, ..DeviceChange::default() };
    Ok(Json(app.alter(&device, change, &body).await?))
}

/// Lets go of a device. It has no owner afterwards, and its token ends.
#[utoipa::path(
    delete, path = "/v1/devices/{device}", tag = "particle",
    params(("device" = String, Path, description = "The device, by id or name.")),
    responses((status = 200, description = "It is free.", body = Done))
)]
async fn unclaim_device(
    State(app): State<Arc<App>>,
    person: Person,
    At(device): At<String>,
) -> Result<Json<Done>, ApiError> {
    let device = app.own_device(&person, &device)?;
    app.directory.unclaim(device.id).await?;
    Ok(Json(Done::OK))
}

/// Says whether a device is online: whether its last event came within the last 15 minutes.
#[utoipa::path(
    put, path = "/v1/devices/{device}/ping", tag = "particle",
    params(("device" = String, Path, description = "The device, by id or name.")),
    responses((status = 200, description = "Whether it is online.", body = Pong))
)]
async fn ping_device(
    State(app): State<Arc<App>>,
    person: Person,
    At(device): At<String>,
) -> Result<Json<Pong>, ApiError> {
    let device = app.own_device(&person, &device)?;
    Ok(Json(Pong { online: is_online(device.last_heard, app.nature.now()), ok: true }))
}

/// Gives a device a token of its own, in place of the one it had. It is shown only here.
#[utoipa::path(
    post, path = "/v1/devices/{device}/token", tag = "particle",
    params(("device" = String, Path, description = "The device, by id or name.")),
    responses((status = 201, description = "The token.", body = DeviceToken))
)]
async fn create_device_token(
    State(app): State<Arc<App>>,
    person: Person,
    At(device): At<String>,
) -> Result<(StatusCode, Json<DeviceToken>), ApiError> {
    let device = match app.own_device(&person, &device) {
        Ok(device) => device,
        Err(unknown) => {
            let id = device.parse().map_err(|_| unknown)?;
            app.device_for(&person, id, Act::Change)?
        }
    };
    app.device_token(device.id).await
}

impl App {
    /// A device of the person's own, by id or name.
    pub(super) fn own_device(&self, person: &Person, name: &str) -> Result<Device, ApiError> {
        self.directory.device_of(person.id(), name).ok_or_else(|| ApiError::unknown_device(name))
    }

    /// A device as its owner sees it.
    pub(super) fn device_record(&self, device: &Device) -> DeviceRecord {
        let product = device.product.and_then(|id| self.directory.product(&id.to_string()));
        let platform = product.as_ref().map_or(0, |product| product.platform_id);
        record(device, platform, self.nature.now())
    }

    /// Changes a device, and says what was changed.
    pub(super) async fn alter(
        &self,
        device: &Device,
        change: DeviceChange,
        body: &Body,
    ) -> Result<ChangedDevice, ApiError> {
        let signal = body.truth("signal")?;
        if let Some(name) = &change.name {
            self.check_name_is_free(device, name)?;
        }
        let mut changed = ChangedDevice {
            id: device.id,
            name: change.name.clone(),
            notes: change.notes.clone(),
            connected: None,
            signaling: None,
            groups: change.groups.clone(),
            development: change.development,
            desired_firmware_version: change.desired_firmware_version,
        };
        if signal.is_some() {
            changed.connected = Some(is_online(device.last_heard, self.nature.now()));
            changed.signaling = Some(false);
        }
        if change != DeviceChange::default() {
            self.directory.change_device(device.id, change).await?;
        }
        Ok(changed)
    }

    /// A path may name a device, so a name stands for one device of an owner only.
    fn check_name_is_free(&self, device: &Device, name: &str) -> Result<(), ApiError> {
        let other =
            device.owner.filter(|_| !name.is_empty()).and_then(|owner| self.directory.device_of(owner, name));
        match other {
            Some(other) if other.id != device.id => Err(ApiError::conflict(format!(
                "device {} is called `{}` already: choose another name",
                other.id,
                cut(name)
            ))
            .field("name")),
            _ => Ok(()),
        }
    }

    /// Gives the device a new token; the old one ends.
    pub(super) async fn device_token(
        &self,
        id: DeviceId,
    ) -> Result<(StatusCode, Json<DeviceToken>), ApiError> {
        self.directory.revoke_tokens_of(Holder::Device(id)).await?;
        let issued = self.directory.issue_token(Holder::Device(id), "device", None).await?;
        let token = DeviceToken { token: issued.text, created_at: issued.token.created_at };
        Ok((StatusCode::CREATED, Json(token)))
    }
}

fn record(device: &Device, platform_id: u32, now: Timestamp) -> DeviceRecord {
    let online = is_online(device.last_heard, now);
    DeviceRecord {
        id: device.id,
        name: Some(device.name.as_ref()).filter(|name| !name.is_empty()).map(str::to_owned),
        last_heard: device.last_heard,
        last_handshake_at: device.last_heard,
        product_id: device.product.map_or(platform_id, |product| product.0),
        platform_id,
        online,
        connected: online,
        cellular: false,
        notes: device.notes().to_owned(),
        status: "normal".to_owned(),
        groups: device.more.as_deref().map(|more| more.groups.clone()).unwrap_or_default(),
        created_at: device.created_at,
        variables: None,
        functions: None,
        in_product: None,
    }
}

/// A device's id as a client sent it.
pub(super) fn device_id(text: &str) -> Result<DeviceId, ApiError> {
    text.trim().parse().map_err(|error| ApiError::invalid_field("id", format!("{error}")))
}

/// The `name` of a body, if it may be a device's.
pub(super) fn name(body: &Body) -> Result<Option<String>, ApiError> {
    let Some(name) = body.text("name")? else { return Ok(None) };
    let fault = if name.len() > NAME_LIMIT {
        format!("is {} bytes long, over the limit of {NAME_LIMIT}", name.len())
    } else if name.chars().any(char::is_control) || name.contains('/') {
        "holds a slash or a control character, which no path can name".to_owned()
    } else if name == "events" {
        "is a word of the paths".to_owned()
    } else if name.parse::<DeviceId>().is_ok() {
        "looks like a device's id".to_owned()
    } else {
        return Ok(Some(name));
    };
    Err(ApiError::invalid_field("name", format!("the device name `{}` {fault}: choose another", cut(&name))))
}

/// The `notes` of a body.
pub(super) fn notes(body: &Body) -> Result<Option<String>, ApiError> {
    match body.text("notes")? {
        Some(notes) if notes.len() > NOTES_LIMIT => Err(ApiError::invalid_field(
            "notes",
            format!(
                "the notes are {} bytes long, over the limit of {NOTES_LIMIT}: shorten them",
                notes.len()
            ),
        )),
        notes => Ok(notes),
    }
}

/// The `groups` of a body: a list, or text with commas.
pub(super) fn groups(body: &Body) -> Result<Option<Vec<String>>, ApiError> {
    let (most, longest) = GROUP_LIMIT;
    let refused = || {
        let rule = format!("`groups` must be a list of at most {most} names of 1 to {longest} bytes");
        ApiError::invalid_field("groups", rule)
    };
    let groups: Vec<String> = match body.object.get("groups") {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(text)) => {
            text.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect()
        }
        Some(Value::Array(names)) => {
            let names = names.iter().map(|name| name.as_str().map(str::to_owned));
            names.collect::<Option<_>>().ok_or_else(refused)?
        }
        Some(_) => return Err(refused()),
    };
    let fits = groups.len() <= most && groups.iter().all(|name| (1..=longest).contains(&name.len()));
    if fits { Ok(Some(groups)) } else { Err(refused()) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn body(value: Value) -> Body {
        Body { object: value.as_object().unwrap().clone(), form: false }
    }

    #[test]
    fn a_device_outside_any_product_has_its_platform_as_product() {
        let now = Timestamp::from_millis(1_000_000);
        let mut device = Device {
            id: DeviceId([1; 12]),
            name: "".into(),
            owner: None,
            product: None,
            product_version: None,
            created_at: now,
            last_heard: Some(now),
            more: None,
        };
        let outside = record(&device, 6, now);
        assert_eq!((outside.product_id, outside.platform_id, outside.name), (6, 6, None));
        assert!(outside.online && outside.connected);

        device.product = Some(fieldhook_core::id::ProductId(10_001));
        assert_eq!((record(&device, 6, now).product_id, record(&device, 6, now).platform_id), (10_001, 6));
    }

    #[test]
    fn a_name_that_a_path_could_not_mean_is_refused() {
        assert_eq!(name(&body(json!({"name": "kitchen 2"}))).unwrap().as_deref(), Some("kitchen 2"));
        assert_eq!(name(&body(json!({}))).unwrap(), None);
        for odd in ["a/b", "events", "0123456789abcdef01234567", "a\nb", &"x".repeat(65)] {
            assert!(name(&body(json!({"name": odd}))).is_err(), "{odd:?}");
        }
    }

    #[test]
    fn groups_come_as_a_list_or_with_commas() {
        let two = Some(vec!["a".to_owned(), "b".to_owned()]);
        assert_eq!(groups(&body(json!({"groups": ["a", "b"]}))).unwrap(), two);
        assert_eq!(groups(&body(json!({"groups": "a, b"}))).unwrap(), two);
        assert_eq!(groups(&body(json!({}))).unwrap(), None);
        for wrong in [json!([1]), json!(1), json!([""]), json!(vec!["g"; 101])] {
            assert!(groups(&body(json!({"groups": wrong}))).is_err());
        }
    }
}
