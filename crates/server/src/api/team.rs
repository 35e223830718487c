//! The teams of products and organisations.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use fieldhook_core::access::{Act, Role, Scope};
use fieldhook_core::id::UserId;
use fieldhook_core::wire::Done;
use fieldhook_core::wire::account::{MemberRecord, NewMember, Team};
use http::StatusCode;
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::App;
use super::error::{ApiError, cut};
use super::input::{At, Body};
use super::scope::{Within, in_organisation, in_product};
use crate::directory::{Member, User};

/// Most members of a team.
const MOST_MEMBERS: usize = 1_000;

/// The routes of this file, below every product and every organisation.
pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    let team = || {
        OpenApiRouter::default()
            .routes(routes!(list_team, add_member))
            .routes(routes!(change_member, remove_member))
    };
    in_product(team()).merge(in_organisation(team()))
}

#[derive(Deserialize)]
struct ByMember {
    member: String,
}

/// Lists a team.
#[utoipa::path(
    get, path = "/team", tag = "particle",
    responses((status = 200, description = "The team.", body = Team))
)]
async fn list_team(State(app): State<Arc<App>>, within: Within) -> Json<Team> {
    let members = app.team(within.scope);
    Json(Team { team: members.iter().filter_map(|member| app.member_record(member)).collect() })
}

/// Adds somebody with an account to a team.
#[utoipa::path(
    post, path = "/team", tag = "particle", request_body = NewMember,
    responses((status = 201, description = "The new member.", body = MemberRecord))
)]
async fn add_member(
    State(app): State<Arc<App>>,
    within: Within,
    body: Body,
) -> Result<(StatusCode, Json<MemberRecord>), ApiError> {
    app.allow(&within.person, within.scope, Act::ManageTeam)?;
    let username = body.needed_text("username")?;
    let user = app.directory.user_named(&username).ok_or_else(|| nobody(&username))?;
    let role = role(&body)?.ok_or_else(|| unknown_role(""))?;
    let team = app.team(within.scope);
    if team.iter().any(|member| member.user == user.id) {
        return Err(ApiError::conflict(format!(
            "{} is on the team already: change their role instead",
            user.username
        )));
    }
    if team.len() >= MOST_MEMBERS {
        return Err(ApiError::conflict(format!("the team has {MOST_MEMBERS} members, which is the limit")));
    }
    app.check_rank(&within, role)?;
    let member = Member { user: user.id, role };
    app.change_team(within.scope, |team| team.push(member)).await?;
    Ok((StatusCode::CREATED, Json(record(&user, role))))
}

/// Gives a member of a team another role.
#[utoipa::path(
    put, path = "/team/{member}", tag = "particle", request_body = NewMember,
    params(("member" = String, Path, description = "The member, by id or e-mail address.")),
    responses((status = 200, description = "The member.", body = MemberRecord))
)]
async fn change_member(
    State(app): State<Arc<App>>,
    within: Within,
    At(ByMember { member }): At<ByMember>,
    body: Body,
) -> Result<Json<MemberRecord>, ApiError> {
    app.allow(&within.person, within.scope, Act::ManageTeam)?;
    let (user, before) = app.member(within.scope, &member)?;
    let role = role(&body)?.ok_or_else(|| unknown_role(""))?;
    app.check_rank(&within, role.max(before))?;
    app.change_team(within.scope, |team| {
        for member in team.iter_mut().filter(|member| member.user == user.id) {
            member.role = role;
        }
    })
    .await?;
    Ok(Json(record(&user, role)))
}

/// Takes somebody off a team. Everybody may leave by themselves.
#[utoipa::path(
    delete, path = "/team/{member}", tag = "particle",
    params(("member" = String, Path, description = "The member, by id or e-mail address.")),
    responses((status = 200, description = "They are off the team.", body = Done))
)]
async fn remove_member(
    State(app): State<Arc<App>>,
    within: Within,
    At(ByMember { member }): At<ByMember>,
) -> Result<Json<Done>, ApiError> {
    let (user, role) = app.member(within.scope, &member)?;
    if user.id != within.person.id() {
        app.allow(&within.person, within.scope, Act::ManageTeam)?;
        app.check_rank(&within, role)?;
    }
    app.change_team(within.scope, |team| team.retain(|member| member.user != user.id)).await?;
    Ok(Json(Done::OK))
}

impl App {
    fn team(&self, scope: Scope) -> Vec<Member> {
        match scope {
            Scope::User(_) => None,
            Scope::Product(id) => self.directory.product(&id.to_string()).map(|product| product.team.clone()),
            Scope::Organisation(id) => {
                self.directory.organisation(&id.to_string()).map(|org| org.team.clone())
            }
        }
        .unwrap_or_default()
    }

    async fn change_team(&self, scope: Scope, change: impl FnOnce(&mut Vec<Member>)) -> Result<(), ApiError> {
        match scope {
            Scope::User(_) => {}
            Scope::Product(id) => {
                self.directory.change_product(id, |product| change(&mut product.team)).await?;
            }
            Scope::Organisation(id) => {
                self.directory.change_organisation(id, |org| change(&mut org.team)).await?;
            }
        }
        Ok(())
    }

    /// Nobody gives, changes or takes away a role above their own.
    fn check_rank(&self, within: &Within, role: Role) -> Result<(), ApiError> {
        if self.directory.role(within.person.id(), within.scope) >= Some(role) {
            return Ok(());
        }
        Err(ApiError::forbidden(format!(
            "the role {} is above your own in {}: ask an owner",
            role_name(role),
            within.scope
        )))
    }

    fn member(&self, scope: Scope, name: &str) -> Result<(Arc<User>, Role), ApiError> {
        let by_id = name.parse::<UserId>().ok().and_then(|id| self.directory.user(id));
        let user = by_id.or_else(|| self.directory.user_named(name)).ok_or_else(|| nobody(name))?;
        let team = self.team(scope);
        let member = team.iter().find(|member| member.user == user.id).ok_or_else(|| nobody(name))?;
        Ok((user, member.role))
    }

    fn member_record(&self, member: &Member) -> Option<MemberRecord> {
        self.directory.user(member.user).map(|user| record(&user, member.role))
    }
}

fn record(user: &User, role: Role) -> MemberRecord {
    MemberRecord { id: user.id, username: user.username.clone(), role }
}

fn nobody(name: &str) -> ApiError {
    let description = format!("nobody called `{}` is known here: they need an account first", cut(name));
    ApiError::not_found("not_found", description).field("username")
}

fn role(body: &Body) -> Result<Option<Role>, ApiError> {
    let Some(text) = body.text("role")? else { return Ok(None) };
    serde_json::from_value(text.as_str().into()).map(Some).map_err(|_| unknown_role(&text))
}

fn unknown_role(text: &str) -> ApiError {
    let roles = "owner, administrator, developer, support or view-only";
    ApiError::invalid_field("role", format!("`role` is `{}`, but it must be {roles}", cut(text)))
}

fn role_name(role: Role) -> &'static str {
    match role {
        Role::ViewOnly => "view-only",
        Role::Support => "support",
        Role::Developer => "developer",
        Role::Administrator => "administrator",
        Role::Owner => "owner",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn roles_are_read_by_the_names_they_are_written_with() {
        for wanted in [Role::ViewOnly, Role::Support, Role::Developer, Role::Administrator, Role::Owner] {
            let object = json!({"role": role_name(wanted)}).as_object().unwrap().clone();
            assert_eq!(role(&Body { object, form: false }).unwrap(), Some(wanted));
        }
        let object = json!({"role": "king"}).as_object().unwrap().clone();
        assert!(role(&Body { object, form: false }).is_err());
    }
}
