//! Products. Their fleets are in [`devices`], what a file of device ids holds in [`upload`].

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use fieldhook_core::access::{Act, Role, Scope};
use fieldhook_core::wire::product::{OneProduct, ProductRecord, ProductRequest, Products};
use http::StatusCode;
use serde_json::{Map, Value};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::App;
use super::auth::Person;
use super::error::ApiError;
use super::input::{At, Body};
use crate::directory::{NewProduct, Product, ProductFilter};

mod devices;
mod upload;

/// Most bytes of a product's or an organisation's name.
const NAME_LIMIT: usize = 128;
/// Most bytes of a product's description.
const DESCRIPTION_LIMIT: usize = 4_096;

/// The routes of this file.
pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::default()
        .routes(routes!(list_products))
        .routes(routes!(list_user_products, create_product))
        .routes(routes!(read_product, change_product, delete_product))
        .routes(routes!(list_organisation_products, create_organisation_product))
        .merge(devices::routes())
}

/// Lists the products that whoever asks works on.
#[utoipa::path(
    get, path = "/v1/products", tag = "particle",
    responses((status = 200, description = "The products.", body = Products))
)]
async fn list_products(State(app): State<Arc<App>>, person: Person) -> Json<Products> {
    Json(app.products_of(&person))
}

/// Lists the products that whoever asks works on.
#[utoipa::path(
    get, path = "/v1/user/products", tag = "particle",
    responses((status = 200, description = "The products.", body = Products))
)]
async fn list_user_products(State(app): State<Arc<App>>, person: Person) -> Json<Products> {
    Json(app.products_of(&person))
}

/// Makes a product, owned by whoever asks.
#[utoipa::path(
    post, path = "/v1/user/products", tag = "particle", request_body = ProductRequest,
    responses((status = 201, description = "The product.", body = OneProduct))
)]
async fn create_product(
    State(app): State<Arc<App>>,
    person: Person,
    body: Body,
) -> Result<(StatusCode, Json<OneProduct>), ApiError> {
    let product = app.directory.add_product(new_product(&body)?, person.id()).await?;
    Ok((StatusCode::CREATED, Json(OneProduct { ok: true, product: app.product_record(&person, &product) })))
}

/// Reads one product.
#[utoipa::path(
    get, path = "/v1/products/{product}", tag = "particle",
    params(("product" = String, Path, description = "The product, by number or slug.")),
    responses((status = 200, description = "The product.", body = OneProduct))
)]
async fn read_product(
    State(app): State<Arc<App>>,
    person: Person,
    At(product): At<String>,
) -> Result<Json<OneProduct>, ApiError> {
    let product = app.product_for(&person, &product, Act::See)?;
    Ok(Json(OneProduct { ok: false, product: app.product_record(&person, &product) }))
}

/// Changes a product's name, description or platform. Its slug stays.
#[utoipa::path(
    put, path = "/v1/products/{product}", tag = "particle", request_body = ProductRequest,
    params(("product" = String, Path, description = "The product, by number or slug.")),
    responses((status = 200, description = "The product.", body = OneProduct))
)]
async fn change_product(
    State(app): State<Arc<App>>,
    person: Person,
    At(product): At<String>,
    body: Body,
) -> Result<Json<OneProduct>, ApiError> {
    let product = app.product_for(&person, &product, Act::Change)?;
    let fields = fields(&body);
    let name = fields.text("name")?.map(|name| checked_name("product.name", &name)).transpose()?;
    let description = description(&fields)?;
    let platform = platform(&fields)?;
    let product = app
        .directory
        .change_product(product.id, |product| {
            product.name = name.unwrap_or_else(|| std::mem::take(&mut product.name));
            product.description = description.unwrap_or_else(|| std::mem::take(&mut product.description));
            product.platform_id = platform.unwrap_or(product.platform_id);
        })
        .await?;
    Ok(Json(OneProduct { ok: true, product: app.product_record(&person, &product) }))
}

/// Deletes a product and its integrations. Its devices stay, without a product.
#[utoipa::path(
    delete, path = "/v1/products/{product}", tag = "particle",
    params(("product" = String, Path, description = "The product, by number or slug.")),
    responses((status = 204, description = "It is gone."))
)]
async fn delete_product(
    State(app): State<Arc<App>>,
    person: Person,
    At(product): At<String>,
) -> Result<StatusCode, ApiError> {
    let product = app.product_for(&person, &product, Act::Delete)?;
    app.directory.remove_product(product.id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Lists the products of an organisation.
#[utoipa::path(
    get, path = "/v1/orgs/{org}/products", tag = "particle",
    params(("org" = String, Path, description = "The organisation, by id or slug.")),
    responses((status = 200, description = "The products.", body = Products))
)]
async fn list_organisation_products(
    State(app): State<Arc<App>>,
    person: Person,
    At(org): At<String>,
) -> Result<Json<Products>, ApiError> {
    let organisation = app.organisation_for(&person, &org, Act::See)?;
    let products = app.directory.products_in(organisation.id);
    let products = products.iter().map(|product| app.product_record(&person, product)).collect();
    Ok(Json(Products { products }))
}

/// Makes a product in an organisation.
#[utoipa::path(
    post, path = "/v1/orgs/{org}/products", tag = "particle", request_body = ProductRequest,
    params(("org" = String, Path, description = "The organisation, by id or slug.")),
    responses((status = 201, description = "The product.", body = OneProduct))
)]
async fn create_organisation_product(
    State(app): State<Arc<App>>,
    person: Person,
    At(org): At<String>,
    body: Body,
) -> Result<(StatusCode, Json<OneProduct>), ApiError> {
    let organisation = app.organisation_for(&person, &org, Act::Change)?;
    let new = NewProduct { organisation: Some(organisation.id), ..new_product(&body)? };
    let product = app.directory.add_product(new, person.id()).await?;
    Ok((StatusCode::CREATED, Json(OneProduct { ok: true, product: app.product_record(&person, &product) })))
}

impl App {
    fn products_of(&self, person: &Person) -> Products {
        let products = self.directory.products_of(person.id());
        Products { products: products.iter().map(|product| self.product_record(person, product)).collect() }
    }

    fn product_record(&self, person: &Person, product: &Product) -> ProductRecord {
        let devices = self.directory.devices_in(product.id, &ProductFilter::default());
        let mut groups: Vec<String> = devices
            .iter()
            .filter_map(|device| device.more.as_deref())
            .flat_map(|more| more.groups.iter().cloned())
            .collect();
        groups.sort_unstable();
        groups.dedup();
        let organisation = product.organisation.and_then(|id| self.directory.organisation(&id.to_string()));
        let role = self.directory.role(person.id(), Scope::Product(product.id));
        ProductRecord {
            id: product.id.0,
            platform_id: product.platform_id,
            name: product.name.clone(),
            slug: product.slug.clone(),
            description: product.description.clone(),
            org: organisation.map(|organisation| organisation.slug.clone()),
            organization_id: product.organisation,
            groups,
            settings: Map::new(),
            device_count: devices.len(),
            role: role.unwrap_or(Role::ViewOnly),
            created_at: product.created_at,
        }
    }
}

/// The fields of a product: below `product`, as Particle's clients send them, or at the top.
fn fields(body: &Body) -> Body {
    match body.object.get("product") {
        Some(Value::Object(product)) => Body { object: product.clone(), form: body.form },
        _ => body.clone(),
    }
}

fn new_product(body: &Body) -> Result<NewProduct, ApiError> {
    let fields = fields(body);
    let name = fields.text("name")?.ok_or_else(|| {
        ApiError::invalid_field("product.name", "the field `product.name` is missing: add it")
    })?;
    Ok(NewProduct {
        name: checked_name("product.name", &name)?,
        description: description(&fields)?.unwrap_or_default(),
        platform_id: platform(&fields)?.unwrap_or_default(),
        organisation: None,
    })
}

/// A name for people, of a product or an organisation.
pub(super) fn checked_name(field: &str, name: &str) -> Result<String, ApiError> {
    let name = name.trim();
    if (1..=NAME_LIMIT).contains(&name.len()) && !name.chars().any(char::is_control) {
        return Ok(name.to_owned());
    }
    Err(ApiError::invalid_field(
        field,
        format!("`{field}` is {} bytes long, but it must be 1 to {NAME_LIMIT} bytes of text", name.len()),
    ))
}

fn description(fields: &Body) -> Result<Option<String>, ApiError> {
    match fields.text("description")? {
        Some(text) if text.len() > DESCRIPTION_LIMIT => Err(ApiError::invalid_field(
            "product.description",
            format!(
                "the description is {} bytes long, over the limit of {DESCRIPTION_LIMIT}: shorten it",
                text.len()
            ),
        )),
        text => Ok(text),
    }
}

fn platform(fields: &Body) -> Result<Option<u32>, ApiError> {
    let platform = fields.whole("platform_id")?;
    platform.map(u32::try_from).transpose().map_err(|_| {
        ApiError::invalid_field(
            "product.platform_id",
            "`platform_id` must be a platform's number, such as 12",
        )
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn body(value: Value) -> Body {
        Body { object: value.as_object().unwrap().clone(), form: false }
    }

    #[test]
    fn a_product_is_read_from_below_its_key_or_from_the_top() {
        let wanted = NewProduct { name: "Pump".into(), platform_id: 12, ..NewProduct::default() };
        let below = json!({"product": {"name": " Pump ", "platform_id": "12", "settings": {}}});
        assert_eq!(new_product(&body(below)).unwrap(), wanted);
        assert_eq!(new_product(&body(json!({"name": "Pump", "platform_id": 12}))).unwrap(), wanted);
    }

    #[test]
    fn a_product_needs_a_name_that_fits() {
        for wrong in
            [json!({}), json!({"product": {"name": " "}}), json!({"product": {"name": "x".repeat(129)}})]
        {
            assert!(new_product(&body(wrong)).is_err());
        }
    }
}
