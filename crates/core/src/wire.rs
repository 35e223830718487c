//! The JSON that server and clients exchange, typed once for both.
//!
//! Field names are those of the wire. Dates are RFC 3339 in UTC with milliseconds; ids are text, products numbers.
//! Clients ignore keys that they do not know, so the server may add some.

pub mod account;
pub mod alerts;
pub mod books;
pub mod case;
pub mod device;
pub mod diagnosis;
pub mod event;
pub mod health;
pub mod history;
pub mod integration;
pub mod live;
mod log;
pub mod overview;
pub mod product;
pub mod render;
pub mod replay;
mod schema;
pub mod search;
pub mod tester;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// That it is done, when there is nothing else to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Done {
    /// Always true.
    pub ok: bool,
}

impl Done {
    /// `{"ok":true}`.
    pub const OK: Self = Self { ok: true };
}

/// Why a request was refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ErrorBody {
    /// A word for programs.
    pub error: String,
    /// A sentence for people that names the value, the limit and the remedy.
    pub error_description: String,
    /// The field at fault, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// What else is said, such as `findings`, `info` or `errors`.
    #[serde(flatten)]
    #[schema(value_type = Object)]
    pub more: Map<String, Value>,
}

/// A page of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Listed<T> {
    /// The items, newest first unless said otherwise.
    pub items: Vec<T>,
    /// What to send as `cursor` for the next page; null after the last.
    pub next: Option<String>,
}

impl<T> Listed<T> {
    /// A list that is one page.
    pub fn whole(items: Vec<T>) -> Self {
        Self { items, next: None }
    }
}
