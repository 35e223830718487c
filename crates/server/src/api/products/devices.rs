//! A product's fleet.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use fieldhook_core::access::{Act, Scope};
use fieldhook_core::wire::Done;
use fieldhook_core::wire::device::{
    ChangedDevice, ClaimRequest, DeviceChangeRequest, DeviceRecord, DeviceToken, InProduct,
};
use fieldhook_core::wire::product::{Imported, PageMeta, ProductDevices};
use http::StatusCode;
use serde::Deserialize;
use serde_json::Map;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::super::App;
use super::super::auth::Person;
use super::super::devices::{groups, name, notes};
use super::super::error::{ApiError, cut};
use super::super::input::{Asked, At, Body};
use super::upload::Ids;
use crate::directory::{Device, DeviceChange, Holder, Product, ProductFilter};

/// Devices on a page unless asked otherwise, and at most.
const PER_PAGE: (usize, usize) = (25, 20_000);

pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::default()
        .routes(routes!(list_product_devices, add_product_devices))
        .routes(routes!(read_product_device, change_product_device, remove_product_device))
        .routes(routes!(unclaim_product_device))
        .routes(routes!(create_product_device_token))
}

/// Which devices of a product.
#[derive(Debug, Clone, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct Wanted {
    /// Which page, from 1.
    page: Option<usize>,
    /// Devices on a page: 25 unless given, at most 20,000.
    per_page: Option<usize>,
    /// The same, as some clients spell it.
    #[serde(rename = "perPage")]
    per_page_too: Option<usize>,
    /// Only devices whose id begins so.
    #[serde(rename = "deviceId")]
    device_id: Option<String>,
    /// Only devices whose name holds this.
    #[serde(rename = "deviceName")]
    device_name: Option<String>,
    /// Only devices in one of these groups, separated by commas.
    groups: Option<String>,
    /// What to sort by: `deviceId`, `deviceName`, `firmwareVersion`; else the last heard come first.
    #[serde(rename = "sortAttr")]
    sort_attr: Option<String>,
    /// `asc` or `desc`.
    #[serde(rename = "sortDir")]
    sort_dir: Option<String>,
}

impl Wanted {
    fn filter(&self) -> ProductFilter {
        let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        let groups = self.groups.as_deref().unwrap_or_default();
        ProductFilter {
            id: given(&self.device_id).map(|id| id.to_lowercase()),
            name: given(&self.device_name),
            groups: groups
                .split(',')
                .map(str::trim)
                .filter(|group| !group.is_empty())
                .map(str::to_owned)
                .collect(),
        }
    }

    /// The page and its size.
    fn page(&self) -> Result<(usize, usize), ApiError> {
        let (usual, most) = PER_PAGE;
        let (page, per_page) = (self.page.unwrap_or(1), self.per_page.or(self.per_page_too).unwrap_or(usual));
        if !(1..=most).contains(&per_page) {
            let rule = format!("`per_page` is {per_page}, but it must be 1 to {most}");
            return Err(ApiError::invalid_field("per_page", rule));
        }
        if page == 0 {
            return Err(ApiError::invalid_field("page", "`page` is 0, but pages count from 1"));
        }
        Ok((page, per_page))
    }

    fn sort(&self, devices: &mut [Device]) {
        match self.sort_attr.as_deref() {
            Some("deviceId" | "id") => devices.sort_by_key(|device| device.id),
            Some("deviceName" | "name") => devices.sort_by(|a, b| a.name.cmp(&b.name)),
            Some("firmwareVersion") => devices.sort_by_key(|device| device.product_version),
            _ => {}
        }
        let descending = self.sort_dir.as_deref().is_some_and(|dir| dir.eq_ignore_ascii_case("desc"));
        if descending && self.sort_attr.is_some() {
            devices.reverse();
        }
    }
}

/// Lists a product's devices, the last heard first.
#[utoipa::path(
    get, path = "/v1/products/{product}/devices", tag = "particle",
    params(("product" = String, Path, description = "The product, by number or slug."), Wanted),
    responses((status = 200, description = "A page of devices.", body = ProductDevices))
)]
async fn list_product_devices(
    State(app): State<Arc<App>>,
    person: Person,
    At(product): At<String>,
    Asked(wanted): Asked<Wanted>,
) -> Result<Json<ProductDevices>, ApiError> {
    let product = app.product_for(&person, &product, Act::See)?;
    let (page, per_page) = wanted.page()?;
    let mut devices = app.directory.devices_in(product.id, &wanted.filter());
    wanted.sort(&mut devices);
    let meta = PageMeta::of(page, per_page, devices.len());
    let shown = devices.iter().skip((page - 1).saturating_mul(per_page)).take(per_page);
    let devices = shown.map(|device| app.product_device_record(&product, device)).collect();
    Ok(Json(ProductDevices { devices, customers: Vec::new(), meta }))
}

/// Adds devices to a product: one by its id, or a file of ids. Those that nobody has used are created, unclaimed.
#[utoipa::path(
    post, path = "/v1/products/{product}/devices", tag = "particle", request_body = ClaimRequest,
    params(("product" = String, Path, description = "The product, by number or slug.")),
    responses((status = 200, description = "What was added, and what could not be.", body = Imported))
)]
async fn add_product_devices(
    State(app): State<Arc<App>>,
    person: Person,
    At(product): At<String>,
    ids: Ids,
) -> Result<Json<Imported>, ApiError> {
    let product = app.product_for(&person, &product, Act::Change)?;
    let mut imported = Imported { invalid_device_ids: ids.invalid, ..Imported::default() };
    for id in ids.ids {
        if app.directory.device(id).is_none_or(|device| app.may_join(&device, &product)) {
            app.directory.add_to_product(id, product.id).await?;
            imported.updated += 1;
        } else {
            imported.nonmember_device_ids.push(id.to_string());
        }
    }
    Ok(Json(imported))
}

/// Reads one device of a product.
#[utoipa::path(
    get, path = "/v1/products/{product}/devices/{device}", tag = "particle",
    params(
        ("product" = String, Path, description = "The product, by number or slug."),
        ("device" = String, Path, description = "The device, by id."),
    ),
    responses((status = 200, description = "The device.", body = DeviceRecord))
)]
async fn read_product_device(
    State(app): State<Arc<App>>,
    person: Person,
    At((product, device)): At<(String, String)>,
) -> Result<Json<DeviceRecord>, ApiError> {
    let product = app.product_for(&person, &product, Act::See)?;
    let device = app.device_in(&product, &device)?;
    Ok(Json(DeviceRecord {
        variables: Some(Map::new()),
        functions: Some(Vec::new()),
        ..app.product_device_record(&product, &device)
    }))
}

/// Changes a device of a product.
#[utoipa::path(
    put, path = "/v1/products/{product}/devices/{device}", tag = "particle", request_body = DeviceChangeRequest,
    params(
        ("product" = String, Path, description = "The product, by number or slug."),
        ("device" = String, Path, description = "The device, by id."),
    ),
    responses((status = 200, description = "What was changed.", body = ChangedDevice))
)]
async fn change_product_device(
    State(app): State<Arc<App>>,
    person: Person,
    At((product, device)): At<(String, String)>,
    body: Body,
) -> Result<Json<ChangedDevice>, ApiError> {
    let product = app.product_for(&person, &product, Act::Change)?;
    let device = app.device_in(&product, &device)?;
    let version = body.whole("desired_firmware_version")?.map(u32::try_from).transpose();
    let change = DeviceChange {
        name: name(&body)?,
        notes: notes(&body)?,
        groups: groups(&body)?,
        development: body.truth("development")?,
        desired_firmware_version: version.map_err(|_| {
            ApiError::invalid_field(
                "desired_firmware_version",
                "`desired_firmware_version` is no version number",
            )
        })?,
        product_version: None,
    };
    Ok(Json(app.alter(&device, change, &body).await?))
}

/// Takes a device out of its product. Its token ends.
#[utoipa::path(
    delete, path = "/v1/products/{product}/devices/{device}", tag = "particle",
    params(
        ("product" = String, Path, description = "The product, by number or slug."),
        ("device" = String, Path, description = "The device, by id."),
    ),
    responses((status = 200, description = "It is out.", body = Done))
)]
async fn remove_product_device(
    State(app): State<Arc<App>>,
    person: Person,
    At((product, device)): At<(String, String)>,
) -> Result<Json<Done>, ApiError> {
    let product = app.product_for(&person, &product, Act::Change)?;
    let device = app.device_in(&product, &device)?;
    // The token may be one that the product's developers made and know.
    app.directory.revoke_tokens_of(Holder::Device(device.id)).await?;
    app.directory.remove_from_product(device.id).await?;
    Ok(Json(Done::OK))
}

/// Frees a device of a product from its owner. It stays in the product.
#[utoipa::path(
    delete, path = "/v1/products/{product}/devices/{device}/owner", tag = "particle",
    params(
        ("product" = String, Path, description = "The product, by number or slug."),
        ("device" = String, Path, description = "The device, by id."),
    ),
    responses((status = 200, description = "It is free.", body = Done))
)]
async fn unclaim_product_device(
    State(app): State<Arc<App>>,
    person: Person,
    At((product, device)): At<(String, String)>,
) -> Result<Json<Done>, ApiError> {
    let product = app.product_for(&person, &product, Act::Change)?;
    let device = app.device_in(&product, &device)?;
    app.directory.unclaim(device.id).await?;
    Ok(Json(Done::OK))
}

/// Gives a device of a product a token of its own, in place of the one it had. It is shown only here.
#[utoipa::path(
    post, path = "/v1/products/{product}/devices/{device}/token", tag = "particle",
    params(
        ("product" = String, Path, description = "The product, by number or slug."),
        ("device" = String, Path, description = "The device, by id."),
    ),
    responses((status = 201, description = "The token.", body = DeviceToken))
)]
async fn create_product_device_token(
    State(app): State<Arc<App>>,
    person: Person,
    At((product, device)): At<(String, String)>,
) -> Result<(StatusCode, Json<DeviceToken>), ApiError> {
    let product = app.product_for(&person, &product, Act::Change)?;
    let device = app.device_in(&product, &device)?;
    app.device_token(device.id).await
}

impl App {
    /// A device of this product.
    pub(in super::super) fn device_in(&self, product: &Product, id: &str) -> Result<Device, ApiError> {
        let device = id.parse().ok().and_then(|id| self.directory.device(id));
        device
            .filter(|device| device.product == Some(product.id))
            .ok_or_else(|| ApiError::unknown_device(&cut(id)))
    }

    /// Whether a device may be taken into the product: not out of another one, and not from an owner outside the
    /// team, whose events the team would then see.
    fn may_join(&self, device: &Device, product: &Product) -> bool {
        let free = device.product.is_none_or(|other| other == product.id);
        let on_team = |owner| self.directory.role(owner, Scope::Product(product.id)).is_some();
        let joined = device.product == Some(product.id);
        free && (joined || device.owner.is_none_or(on_team))
    }

    fn product_device_record(&self, product: &Product, device: &Device) -> DeviceRecord {
        let more = device.more.as_deref();
        let owner = device.owner.and_then(|owner| self.directory.user(owner));
        let in_product = InProduct {
            firmware_version: device.product_version,
            firmware_product_id: product.id.0,
            desired_firmware_version: more.and_then(|more| more.desired_firmware_version),
            owner: owner.map(|owner| owner.username.clone()),
            user_id: device.owner,
            development: more.is_some_and(|more| more.development),
            quarantined: false,
            denied: false,
        };
        DeviceRecord { in_product: Some(in_product), ..self.device_record(device) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_asked_for_in_either_spelling_and_within_its_limits() {
        let page = |page, per_page, per_page_too| {
            Wanted { page, per_page, per_page_too, ..Wanted::default() }.page().ok()
        };
        assert_eq!(page(None, None, None), Some((1, 25)));
        assert_eq!(page(Some(2), None, Some(20_000)), Some((2, 20_000)));
        assert_eq!(page(Some(1), Some(1), None), Some((1, 1)));
        for (number, size) in [(0, 25), (1, 0), (1, 20_001)] {
            assert_eq!(page(Some(number), Some(size), None), None);
        }
    }

    #[test]
    fn groups_are_read_from_a_list_with_commas() {
        let wanted =
            Wanted { groups: Some("a, b,,".into()), device_id: Some(String::new()), ..Wanted::default() };
        let filter = ProductFilter { groups: vec!["a".into(), "b".into()], ..ProductFilter::default() };
        assert_eq!(wanted.filter(), filter);
    }
}
