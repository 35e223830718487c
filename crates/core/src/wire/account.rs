//! People: tokens, accounts, organisations, teams.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::access::Role;
use crate::id::{OrgId, UserId};
use crate::time::Timestamp;

/// A login.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TokenRequest {
    /// `password` or `refresh_token`.
    pub grant_type: String,
    /// The e-mail address, for `password`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// The password, for `password`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
    /// The refresh token, for `refresh_token`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<String>,
    /// The client, when it is not named by Basic authentication.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// The client's secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_secret: Option<String>,
    /// Seconds that the token shall live; 0 for ever, 90 days when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_in: Option<u64>,
    /// When the token shall end, instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<String>,
}

/// A login at the console.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SignIn {
    /// The e-mail address.
    pub username: String,
    /// The password.
    pub password: String,
}

/// A session of the console. Its token stands in a cookie alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Session {
    /// Who is signed in.
    pub user: UserRecord,
    /// What requests that change something must bear in the header `X-CSRF-Token`.
    pub csrf: String,
    /// When the session ends; null when it never does.
    pub expires_at: Option<Timestamp>,
}

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
    pub expires_at: Option<Timestamp>,
    /// The OAuth client it was given to.
    pub client: String,
    /// When it was made.
    pub created_at: Timestamp,
}

/// The token that a request is made with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct CurrentToken {
    /// When it ends; absent when it never does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
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
    pub id: OrgId,
    /// Its name in paths.
    pub slug: String,
}

/// A person's account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct UserRecord {
    /// Their id.
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

/// An account to be created.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct NewAccount {
    /// The e-mail address.
    pub username: String,
    /// The password, 8 characters or more.
    pub password: String,
    /// Whether the person may create users; only an administrator's request can say so.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub administrator: bool,
    /// First name, last name, company.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    #[schema(value_type = Object)]
    pub account_info: Map<String, Value>,
}

/// What to change of an account; what is absent stays.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub struct AccountChange {
    /// A new e-mail address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// A new password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
    /// The password until now, needed for either.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current_password: Option<String>,
    /// Whether every token ends, this request's included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invalidate_tokens: Option<bool>,
    /// First name, last name, company, in place of what is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub account_info: Option<Map<String, Value>>,
}

/// The password, to show that it is really its owner who asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PasswordConfirmation {
    /// The password.
    pub password: String,
}

/// The set-up of a new server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SetUpRequest {
    /// The one-time token that the server printed when it first started.
    pub token: String,
    /// The first administrator's e-mail address.
    pub username: String,
    /// Their password, 8 characters or more.
    pub password: String,
}

/// An organisation to be made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct NewOrganisation {
    /// Its name.
    pub name: String,
}

/// A member to be added to a team, or another role for one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct NewMember {
    /// The e-mail address of somebody with an account here; the path names them when a role is changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// What they may do.
    pub role: Role,
}
