//! Routes that exist in several scopes: a person's own, a product's, an organisation's.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use fieldhook_core::access::{Act, Scope};
use http::request::Parts;
use serde::Deserialize;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::Type;
use utoipa::openapi::{ObjectBuilder, Required};
use utoipa_axum::router::OpenApiRouter;

use super::auth::Person;
use super::error::{ApiError, cut};
use super::input::At;
use super::listing::parsed;
use super::{App, document};
use crate::directory::{Organisation, Product};

/// Whose things a request is about, as its path says, and the person who asks. They may see that scope; what
/// else they may do is asked with [`App::allow`].
#[derive(Debug, Clone)]
pub(super) struct Within {
    /// Who asks.
    pub person: Person,
    /// Whose things.
    pub scope: Scope,
}

/// Whose things a request is about, where its path does not say.
#[derive(Debug, Clone, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Whose {
    /// `user:…`, `product:…` or `org:…`; the scope of whoever asks when absent.
    #[param(value_type = Option<Scope>)]
    scope: Option<String>,
}

impl Whose {
    /// The scope, for a person who may do this in it.
    pub(super) fn scope(&self, app: &App, person: &Person, act: Act) -> Result<Scope, ApiError> {
        let scope = parsed("scope", self.scope.as_ref())?.unwrap_or(Scope::User(person.id()));
        app.allow(person, scope, act)?;
        Ok(scope)
    }
}

#[derive(Deserialize)]
struct Place {
    product: Option<String>,
    org: Option<String>,
}

impl FromRequestParts<Arc<App>> for Within {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, ApiError> {
        let person = Person::from_request_parts(parts, app).await?;
        let At(place) = At::<Place>::from_request_parts(parts, app).await?;
        let scope = match (place.product, place.org) {
            (Some(product), _) => Scope::Product(app.product_for(&person, &product, Act::See)?.id),
            (None, Some(org)) => Scope::Organisation(app.organisation_for(&person, &org, Act::See)?.id),
            (None, None) => Scope::User(person.id()),
        };
        Ok(Self { person, scope })
    }
}

impl App {
    /// A product by number or slug, for a person who may do this in it. One not theirs to see is not found.
    pub(super) fn product_for(
        &self,
        person: &Person,
        name: &str,
        act: Act,
    ) -> Result<Arc<Product>, ApiError> {
        let unknown = || {
            let description =
                format!("there is no product `{}` of yours: /v1/user/products lists them", cut(name));
            ApiError::not_found("Product not found.", description)
        };
        let product = self.directory.product(name).ok_or_else(unknown)?;
        let scope = Scope::Product(product.id);
        if !self.directory.may(person.id(), scope, Act::See) {
            return Err(unknown());
        }
        self.allow(person, scope, act)?;
        Ok(product)
    }

    /// An organisation by id or slug, for a person who may do this in it. One not theirs to see is not found.
    pub(super) fn organisation_for(
        &self,
        person: &Person,
        name: &str,
        act: Act,
    ) -> Result<Arc<Organisation>, ApiError> {
        let unknown = || {
            let description =
                format!("there is no organization `{}` of yours: /v1/orgs lists them", cut(name));
            ApiError::not_found("Organization not found.", description)
        };
        let organisation = self.directory.organisation(name).ok_or_else(unknown)?;
        let scope = Scope::Organisation(organisation.id);
        if !self.directory.may(person.id(), scope, Act::See) {
            return Err(unknown());
        }
        self.allow(person, scope, act)?;
        Ok(organisation)
    }
}

/// Mounts the routes below `/v1`, for the person's own scope.
pub(super) fn in_own(routes: OpenApiRouter<Arc<App>>) -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::default().nest("/v1", routes)
}

/// Mounts the routes below every product.
pub(super) fn in_product(routes: OpenApiRouter<Arc<App>>) -> OpenApiRouter<Arc<App>> {
    let product = path_parameter("product", "The product, by number or slug.");
    OpenApiRouter::default().nest("/v1/products/{product}", document::mounted(routes, "product", product))
}

/// Mounts the routes below every organisation.
pub(super) fn in_organisation(routes: OpenApiRouter<Arc<App>>) -> OpenApiRouter<Arc<App>> {
    let organisation = path_parameter("org", "The organisation, by id or slug.");
    OpenApiRouter::default().nest("/v1/orgs/{org}", document::mounted(routes, "organisation", organisation))
}

fn path_parameter(name: &str, description: &str) -> Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Path)
        .required(Required::True)
        .description(Some(description))
        .schema(Some(ObjectBuilder::new().schema_type(Type::String).build()))
        .build()
}
