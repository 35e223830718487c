//! Products and their fleets.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::device::DeviceRecord;
use crate::access::Role;
use crate::id::OrgId;
use crate::time::Timestamp;

/// A product.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ProductRecord {
    /// Its number.
    pub id: u32,
    /// Its hardware platform, as Particle numbers them.
    pub platform_id: u32,
    /// Its name.
    pub name: String,
    /// Its name in paths.
    pub slug: String,
    /// What it is.
    pub description: String,
    /// The name in paths of the organisation it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub org: Option<String>,
    /// The id of the organisation it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization_id: Option<OrgId>,
    /// Labels that its devices have.
    pub groups: Vec<String>,
    /// Always empty; clients expect it.
    #[schema(value_type = Object)]
    pub settings: Map<String, Value>,
    /// How many devices it has.
    pub device_count: usize,
    /// What the reader may do in it.
    pub role: Role,
    /// When it was made.
    pub created_at: Timestamp,
}

/// A product to be made, or to be changed.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ProductRequest {
    /// The product.
    pub product: ProductFields,
}

/// What can be said of a product.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ProductFields {
    /// Its name; needed for a new one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Its hardware platform, as Particle numbers them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform_id: Option<u32>,
}

/// Several products.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Products {
    /// The products, by number.
    pub products: Vec<ProductRecord>,
}

/// One product.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct OneProduct {
    /// Always true on an answer to a change.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ok: bool,
    /// The product.
    pub product: ProductRecord,
}

/// A page of a product's devices.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ProductDevices {
    /// The devices, the last heard first unless asked otherwise.
    pub devices: Vec<DeviceRecord>,
    /// Always empty; clients expect it.
    #[schema(value_type = Vec<Object>)]
    pub customers: Vec<Value>,
    /// Where the page stands. Clients of different ages read different keys of it.
    pub meta: PageMeta,
}

/// Where a page stands in its list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PageMeta {
    /// Which page, from 1.
    pub page: usize,
    /// Devices on a page.
    pub per_page: usize,
    /// How many pages there are, at least 1.
    pub total_pages: usize,
    /// How many devices there are.
    pub total: usize,
    /// The same.
    pub total_records: usize,
}

impl PageMeta {
    /// Where page `page` of `per_page` stands in a list of `total`.
    pub fn of(page: usize, per_page: usize, total: usize) -> Self {
        let total_pages = total.div_ceil(per_page.max(1)).max(1);
        Self { page, per_page, total_pages, total, total_records: total }
    }
}

/// What came of adding devices to a product.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Imported {
    /// Devices added.
    pub updated: usize,
    /// Ids of devices that are in another product, or that somebody outside the team has claimed.
    pub nonmember_device_ids: Vec<String>,
    /// Lines that are not device ids.
    pub invalid_device_ids: Vec<String>,
    /// Always empty; clients expect it.
    pub protected_device_ids: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_says_where_it_stands_in_every_shape_that_clients_read() {
        assert_eq!(PageMeta::of(1, 25, 0).total_pages, 1);
        let meta = serde_json::to_value(PageMeta::of(2, 25, 51)).unwrap();
        let shown = serde_json::json!({
            "page": 2, "per_page": 25, "total_pages": 3, "total": 51, "total_records": 51
        });
        assert_eq!(meta, shown);
    }

    #[test]
    fn an_import_answers_in_the_clients_spelling() {
        let imported = Imported { updated: 1, invalid_device_ids: vec!["x".into()], ..Imported::default() };
        let shown = serde_json::json!({
            "updated": 1, "nonmemberDeviceIds": [], "invalidDeviceIds": ["x"], "protectedDeviceIds": []
        });
        assert_eq!(serde_json::to_value(imported).unwrap(), shown);
    }
}
