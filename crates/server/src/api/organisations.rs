//! Organisations: several products under one team. Particle's paths and keys spell them with a z.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use fieldhook_core::access::{Act, Role, Scope};
use fieldhook_core::wire::account::{NewOrganisation, OneOrganisation, OrganisationRecord, Organisations};
use http::StatusCode;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::App;
use super::auth::Person;
use super::error::ApiError;
use super::input::{At, Body};
use super::products::checked_name;
use crate::directory::Organisation;

/// The routes of this file.
pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::default()
        .routes(routes!(list_organisations))
        .routes(routes!(read_organisation))
        .routes(routes!(create_organisation))
}

/// Lists the organisations that whoever asks works in.
#[utoipa::path(
    get, path = "/v1/orgs", tag = "particle",
    responses((status = 200, description = "The organisations.", body = Organisations))
)]
async fn list_organisations(State(app): State<Arc<App>>, person: Person) -> Json<Organisations> {
    let organisations = app.directory.organisations_of(person.id());
    let organizations = organisations.iter().map(|org| app.organisation_record(&person, org)).collect();
    Json(Organisations { organizations })
}

/// Reads one organisation.
#[utoipa::path(
    get, path = "/v1/orgs/{org}", tag = "particle",
    params(("org" = String, Path, description = "The organisation, by id or slug.")),
    responses((status = 200, description = "The organisation.", body = OneOrganisation))
)]
async fn read_organisation(
    State(app): State<Arc<App>>,
    person: Person,
    At(org): At<String>,
) -> Result<Json<OneOrganisation>, ApiError> {
    let organisation = app.organisation_for(&person, &org, Act::See)?;
    Ok(Json(OneOrganisation { organization: app.organisation_record(&person, &organisation) }))
}

/// Makes an organisation, owned by whoever asks.
#[utoipa::path(
    post, path = "/fieldhook/v1/organisations", tag = "fieldhook", request_body = NewOrganisation,
    responses((status = 201, description = "The organisation.", body = OneOrganisation))
)]
async fn create_organisation(
    State(app): State<Arc<App>>,
    person: Person,
    body: Body,
) -> Result<(StatusCode, Json<OneOrganisation>), ApiError> {
    let name = checked_name("name", &body.needed_text("name")?)?;
    let organisation = app.directory.add_organisation(name, person.id()).await?;
    let organization = app.organisation_record(&person, &organisation);
    Ok((StatusCode::CREATED, Json(OneOrganisation { organization })))
}

impl App {
    fn organisation_record(&self, person: &Person, organisation: &Organisation) -> OrganisationRecord {
        let role = self.directory.role(person.id(), Scope::Organisation(organisation.id));
        OrganisationRecord {
            id: organisation.id,
            slug: organisation.slug.clone(),
            name: organisation.name.clone(),
            role: role.unwrap_or(Role::ViewOnly),
            product_count: self.directory.products_in(organisation.id).len(),
            created_at: organisation.created_at,
        }
    }
}
