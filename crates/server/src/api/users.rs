//! Accounts, and the set-up of a new server.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use fieldhook_core::access::Role;
use fieldhook_core::id::UserId;
use fieldhook_core::wire::Done;
use fieldhook_core::wire::account::{
    AccountChange, Mfa, NewAccount, PasswordConfirmation, SetUpRequest, TokenAnswer, UserRecord,
};
use http::StatusCode;
use http::header::SET_COOKIE;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::App;
use super::auth::Person;
use super::error::{ApiError, cut};
use super::input::Body;
use super::login::Address;
use super::oauth::DEFAULT_LIFE;
use crate::directory::{Holder, Member, User};

/// Most bytes of an e-mail address (RFC 5321, section 4.5.3.1).
const USERNAME_LIMIT: usize = 254;
/// Most bytes of `account_info` as JSON.
const ACCOUNT_INFO_LIMIT: usize = 4_096;

/// The routes of this file.
pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::default()
        .routes(routes!(read_user, change_user, delete_user))
        .routes(routes!(create_user))
        .routes(routes!(set_up))
}

/// Reads the account of whoever asks.
#[utoipa::path(
    get, path = "/v1/user", tag = "particle",
    responses((status = 200, description = "The account.", body = UserRecord))
)]
async fn read_user(State(app): State<Arc<App>>, person: Person) -> Json<UserRecord> {
    Json(app.user_record(&person.user))
}

impl App {
    /// An account as its owner sees it.
    pub(super) fn user_record(&self, user: &User) -> UserRecord {
        UserRecord {
            id: user.id,
            username: user.username.clone(),
            account_info: user.account_info.clone(),
            mfa: Mfa { enabled: false },
            administrator: user.administrator,
            memberships: Vec::new(),
            subscription_ids: Vec::new(),
            scim_provisioned: false,
            no_password: false,
            wifi_device_count: self.directory.devices_of(user.id).len(),
            cellular_device_count: 0,
            created_at: user.created_at,
        }
    }
}

/// Changes the e-mail address or the password, which needs the current password, or what is kept of the account.
#[utoipa::path(
    put, path = "/v1/user", tag = "particle", request_body = AccountChange,
    responses((status = 200, description = "It is changed.", body = Done))
)]
async fn change_user(
    State(app): State<Arc<App>>,
    person: Person,
    address: Address,
    body: Body,
) -> Result<Json<Done>, ApiError> {
    let username = body.text("username")?.map(|name| checked_username(&name)).transpose()?;
    let password = body.text("password")?;
    let account_info = account_info(&body)?;
    if username.is_some() || password.is_some() {
        app.confirm(address, &person.user, &body.needed_text("current_password")?).await?;
    }
    let hash = match &password {
        Some(password) => Some(app.passwords.hash(password, &*app.nature.luck).await?),
        None => None,
    };
    app.directory
        .change_user(person.id(), |user| {
            user.username = username.unwrap_or_else(|| std::mem::take(&mut user.username));
            user.password_hash = hash.unwrap_or_else(|| std::mem::take(&mut user.password_hash));
            user.account_info = account_info.unwrap_or_else(|| std::mem::take(&mut user.account_info));
        })
        .await?;
    if body.truth("invalidate_tokens")? == Some(true) {
        app.directory.revoke_tokens_of(Holder::User(person.id())).await?;
    }
    Ok(Json(Done::OK))
}

/// Deletes the account of whoever asks, with its integrations; its devices become free.
#[utoipa::path(
    delete, path = "/v1/user", tag = "particle", request_body = PasswordConfirmation,
    responses((status = 200, description = "It is gone.", body = Done))
)]
async fn delete_user(
    State(app): State<Arc<App>>,
    person: Person,
    address: Address,
    body: Body,
) -> Result<Json<Done>, ApiError> {
    app.confirm(address, &person.user, &body.needed_text("password")?).await?;
    let administrators = app.directory.users().into_iter().filter(|user| user.administrator);
    if person.user.administrator && administrators.count() == 1 {
        return Err(ApiError::conflict(
            "this is the only administrator's account: create another administrator's before deleting it",
        ));
    }
    leave_teams(&app, person.id()).await?;
    app.directory.remove_user(person.id()).await?;
    Ok(Json(Done::OK))
}

/// Takes a person off every team. Refuses before the first when one would be left without an owner.
async fn leave_teams(app: &App, user: UserId) -> Result<(), ApiError> {
    let products = app.directory.products_of(user);
    let organisations = app.directory.organisations_of(user);
    let teams = products
        .iter()
        .map(|product| (&product.name, &product.team))
        .chain(organisations.iter().map(|organisation| (&organisation.name, &organisation.team)));
    for (name, team) in teams {
        if only_owner(team, user) {
            return Err(ApiError::conflict(format!(
                "this account is the only owner of `{}`: make somebody else owner, or delete it, first",
                cut(name)
            )));
        }
    }
    for product in products {
        app.directory.change_product(product.id, |product| forget(&mut product.team, user)).await?;
    }
    for organisation in organisations {
        app.directory.change_organisation(organisation.id, |org| forget(&mut org.team, user)).await?;
    }
    Ok(())
}

fn only_owner(team: &[Member], user: UserId) -> bool {
    let mut owners = team.iter().filter(|member| member.role == Role::Owner).map(|member| member.user);
    owners.next() == Some(user) && owners.next().is_none()
}

fn forget(team: &mut Vec<Member>, user: UserId) {
    team.retain(|member| member.user != user);
}

/// Creates an account. Only administrators may, unless the server is open to everybody.
#[utoipa::path(
    post, path = "/v1/users", tag = "particle", security((), ("token" = [])), request_body = NewAccount,
    responses((status = 200, description = "It is created.", body = Done))
)]
async fn create_user(
    State(app): State<Arc<App>>,
    person: Result<Person, ApiError>,
    body: Body,
) -> Result<Json<Done>, ApiError> {
    let by_administrator = match person {
        Ok(person) if person.user.administrator => true,
        Ok(_) if !app.settings.open_registration => {
            return Err(ApiError::forbidden(
                "only administrators create accounts on this server: ask one, or have its operator open registration",
            ));
        }
        Err(refusal) if !app.settings.open_registration => return Err(refusal),
        Ok(_) | Err(_) => false,
    };
    let administrator = by_administrator && body.truth("administrator")? == Some(true);
    let account_info = account_info(&body)?.unwrap_or_default();
    let user = add_user(&app, &body, administrator).await?;
    if !account_info.is_empty() {
        app.directory.change_user(user.id, |user| user.account_info = account_info).await?;
    }
    Ok(Json(Done::OK))
}

/// Creates the first administrator, with the one-time token that the server printed when it first started.
///
/// The answer has a token for programs, and the cookie of a session for the console.
#[utoipa::path(
    post, path = "/fieldhook/v1/setup", tag = "fieldhook", security(()), request_body = SetUpRequest,
    responses((status = 201, description = "Done; the new administrator is logged in.", body = TokenAnswer))
)]
async fn set_up(State(app): State<Arc<App>>, body: Body) -> Result<Response, ApiError> {
    let text = body.needed_text("token")?;
    let used = || {
        ApiError::forbidden(
            "the set-up token is unknown or used: start the server again on its empty directory for another",
        )
    };
    if app.directory.token(&text).is_none_or(|token| token.holder != Holder::SetUp) {
        return Err(used());
    }
    let (username, hash) = credentials(&app, &body).await?;
    // From here on the token is used up, so of two who bring it only one becomes administrator.
    if !app.directory.revoke_token(&text).await? {
        return Err(used());
    }
    let user = app.directory.add_user(&username, hash, true).await?;
    let answer = app.token_answer(user.id, "fieldhook", Some(DEFAULT_LIFE)).await?;
    let cookie = app.open_session(&user).await?.cookie;
    Ok((StatusCode::CREATED, [(SET_COOKIE, cookie)], Json(answer)).into_response())
}

async fn add_user(app: &App, body: &Body, administrator: bool) -> Result<Arc<User>, ApiError> {
    let (username, hash) = credentials(app, body).await?;
    Ok(app.directory.add_user(&username, hash, administrator).await?)
}

async fn credentials(app: &App, body: &Body) -> Result<(String, String), ApiError> {
    let username = checked_username(&body.needed_text("username")?)?;
    let hash = app.passwords.hash(&body.needed_text("password")?, &*app.nature.luck).await?;
    Ok((username, hash))
}

fn checked_username(name: &str) -> Result<String, ApiError> {
    let name = name.trim();
    let (local, domain) = name.split_once('@').unwrap_or_default();
    let plain = !name.chars().any(|c| c.is_whitespace() || c.is_control());
    if !local.is_empty()
        && !domain.is_empty()
        && !domain.contains('@')
        && plain
        && name.len() <= USERNAME_LIMIT
    {
        return Ok(name.to_owned());
    }
    Err(ApiError::invalid_field(
        "username",
        format!("`{}` is not an e-mail address of at most {USERNAME_LIMIT} bytes", cut(name)),
    ))
}

fn account_info(body: &Body) -> Result<Option<serde_json::Map<String, serde_json::Value>>, ApiError> {
    use serde_json::Value;

    let refused = |what: String| ApiError::invalid_field("account_info", format!("`account_info` {what}"));
    match body.object.get("account_info") {
        None | Some(Value::Null) => Ok(None),
        Some(value @ Value::Object(info)) => match value.to_string().len() {
            size if size > ACCOUNT_INFO_LIMIT => Err(refused(format!(
                "is {size} bytes of JSON, over the limit of {ACCOUNT_INFO_LIMIT}: send less"
            ))),
            _ => Ok(Some(info.clone())),
        },
        Some(_) => Err(refused("must be an object such as {\"first_name\":\"Ada\"}".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_name_is_an_e_mail_address() {
        assert_eq!(checked_username(" ada@example.com ").unwrap(), "ada@example.com");
        for name in ["", "ada", "@example.com", "ada@", "a@b@c", "a b@c", "a@\nb"] {
            assert!(checked_username(name).is_err(), "{name:?}");
        }
        let longest = format!("{}@b", "a".repeat(USERNAME_LIMIT - 2));
        assert!(checked_username(&longest).is_ok());
        assert!(checked_username(&format!("a{longest}")).is_err());
    }

    #[test]
    fn a_team_with_two_owners_can_lose_one() {
        let [one, two] = [UserId([1; 12]), UserId([2; 12])];
        let member = |user, role| Member { user, role };
        assert!(only_owner(&[member(one, Role::Owner), member(two, Role::Developer)], one));
        assert!(!only_owner(&[member(one, Role::Owner), member(two, Role::Owner)], one));
        assert!(!only_owner(&[member(two, Role::Owner)], one));
    }
}
