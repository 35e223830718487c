//! In whose name a command acts: one's own, a product's, an organisation's.

use clap::Args;

use crate::path::Path;

/// Whose things.
#[derive(Debug, Clone, Default, PartialEq, Eq, Args)]
pub(crate) struct ScopeArgs {
    /// In a product, by its number or its name in paths
    #[arg(long, value_name = "PRODUCT", conflicts_with = "org")]
    pub(crate) product: Option<String>,
    /// In an organisation, by its id or its name in paths
    #[arg(long, value_name = "ORG")]
    pub(crate) org: Option<String>,
}

impl ScopeArgs {
    /// A product's.
    pub(crate) fn product(product: &str) -> Self {
        Self { product: Some(product.to_owned()), org: None }
    }

    /// An organisation's.
    pub(crate) fn org(org: &str) -> Self {
        Self { product: None, org: Some(org.to_owned()) }
    }

    /// Whether neither was named.
    pub(crate) fn is_own(&self) -> bool {
        *self == Self::default()
    }

    /// `/v1`, `/v1/products/P` or `/v1/orgs/O`.
    pub(crate) fn base(&self) -> Path {
        match (&self.product, &self.org) {
            (Some(product), _) => Path::of(&["v1", "products", product]),
            (None, Some(org)) => Path::of(&["v1", "orgs", org]),
            (None, None) => Path::of(&["v1"]),
        }
    }

    /// Where events are published and heard.
    pub(crate) fn events(&self) -> Path {
        if self.is_own() { Path::of(&["v1", "devices", "events"]) } else { self.base().then("events") }
    }
}

/// Whose things, as the API names scopes.
#[derive(Debug, Args)]
pub(crate) struct Whose {
    /// user:ID, product:NUMBER or org:ID, instead of your own
    #[arg(long, value_name = "SCOPE")]
    pub(crate) scope: Option<String>,
}
