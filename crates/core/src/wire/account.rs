//! People: tokens, accounts, organisations, teams.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::access::Role;
use crate::id::{OrgId, UserId};
use crate::time::Timestamp;

/// The answer to a login.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TokenAnswer {
    /// Always `bearer`.
    pub token_type: String,
    /// 40 hex digits, shown only here.
    pub access_token: String,
    /// Seconds it lives; 0 when it never ends.
    pub expires_in: u64,
    /// For a new token without the password; lives twice as long.
    pub refresh_token: String,
}

/// A token as a list shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TokenLine {
    /// A handle by which its owner can revoke it. The token itself is shown only when it is made.
    pub token: String,
    /// When it ends; null when it never does.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub expires_at: Option<Timestamp>,
    /// The OAuth client it was given to.
    pub client: String,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
}

/// The token that a request is made with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct CurrentToken {
    /// When it ends; absent when it never does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub expires_at: Option<Timestamp>,
    /// The OAuth client it was given to.
    pub client_id: String,
    /// Always empty: a token may do what its owner may.
    pub scopes: Vec<String>,
    /// The organisations of its owner.
    pub orgs: Vec<OrganisationName>,
}

/// An organisation by its names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct OrganisationName {
    /// Its id.
    #[schema(value_type = String)]
    pub id: OrgId,
    /// Its name in paths.
    pub slug: String,
}

/// A person's account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct UserRecord {
    /// Their id.
    #[schema(value_type = String)]
    pub id: UserId,
    /// Their e-mail address.
    pub username: String,
    /// First name, last name, company.
    #[schema(value_type = Object)]
    pub account_info: Map<String, Value>,
    /// Whether a second factor is asked for.
    pub mfa: Mfa,
    /// Whether they may create users.
    pub administrator: bool,
    /// Always empty; clients expect it.
    #[schema(value_type = Vec<Object>)]
    pub memberships: Vec<Value>,
    /// Always empty; clients expect it.
    #[schema(value_type = Vec<Object>)]
    pub subscription_ids: Vec<Value>,
    /// Always false; clients expect it.
    pub scim_provisioned: bool,
    /// Always false; clients expect it.
    pub no_password: bool,
    /// Devices claimed.
    pub wifi_device_count: usize,
    /// Always 0; clients expect it.
    pub cellular_device_count: usize,
    /// When the account was made.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
}

/// Whether a second factor is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Mfa {
    /// Always false.
    pub enabled: bool,
}

/// An organisation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct OrganisationRecord {
    /// Its id.
    #[schema(value_type = String)]
    pub id: OrgId,
    /// Its name in paths.
    pub slug: String,
    /// Its name.
    pub name: String,
    /// What the reader may do in it.
    pub role: Role,
    /// How many products it has.
    pub product_count: usize,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
}

/// The organisations that a person works in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Organisations {
    /// The organisations, by age.
    pub organizations: Vec<OrganisationRecord>,
}

/// One organisation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct OneOrganisation {
    /// The organisation.
    pub organization: OrganisationRecord,
}

/// A member of a team.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct MemberRecord {
    /// The person's id.
    #[schema(value_type = String)]
    pub id: UserId,
    /// Their e-mail address.
    pub username: String,
    /// What they may do.
    pub role: Role,
}

/// A team.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Team {
    /// Its members, by when they joined.
    pub team: Vec<MemberRecord>,
}
