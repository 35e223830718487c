//! Who calls: the token, and what it may do.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use fieldhook_core::access::{Act, Scope};
use fieldhook_core::id::{DeviceId, UserId};
use http::header::AUTHORIZATION;
use http::request::Parts;
use http::{HeaderMap, Uri};

use super::error::ApiError;
use super::{App, cookie};
use crate::directory::{Device, Holder, Token, User};

/// Whoever calls, known by a token.
#[derive(Debug, Clone)]
pub enum Caller {
    /// A person.
    Person(Person),
    /// A device, with its own token.
    Device(Device),
}

/// A person who calls.
#[derive(Debug, Clone)]
pub struct Person {
    /// Who.
    pub user: Arc<User>,
    /// The token they called with.
    pub token: Arc<Token>,
}

impl Person {
    /// Their id.
    pub fn id(&self) -> UserId {
        self.user.id
    }
}

/// The token of a request, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credential {
    /// Put there by whoever made the request: in the Authorization header, or in the deprecated `access_token` of
    /// the query. A form's `access_token` is moved to the header by [`super::traffic::form_token`] before.
    Bearer(String),
    /// In the console's cookie, which a browser adds on its own.
    Cookie(String),
}

impl Credential {
    /// The credential of a request; of two, the one that was put there on purpose.
    pub fn of(headers: &HeaderMap, uri: &Uri) -> Option<Self> {
        if let Some(header) = headers.get(AUTHORIZATION) {
            let (scheme, token) = header.to_str().ok()?.trim().split_once(' ')?;
            return scheme.eq_ignore_ascii_case("bearer").then(|| Self::Bearer(token.trim().to_owned()));
        }
        in_query(uri).map(Self::Bearer).or_else(|| cookie::token_in(headers).map(Self::Cookie))
    }
}

fn in_query(uri: &Uri) -> Option<String> {
    let pairs: Vec<(String, String)> = serde_html_form::from_str(uri.query()?).ok()?;
    pairs.into_iter().find(|(key, _)| key == "access_token").map(|(_, token)| token)
}

/// The token of a request, wherever it stands.
pub fn token_of(parts: &Parts) -> Option<String> {
    let (Credential::Bearer(token) | Credential::Cookie(token)) = Credential::of(&parts.headers, &parts.uri)?;
    Some(token)
}

impl FromRequestParts<Arc<App>> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, ApiError> {
        let text = token_of(parts).ok_or_else(|| {
            ApiError::unauthorized(
                "The access token was not found: send the header `Authorization: Bearer TOKEN`",
            )
        })?;
        caller(app, &text)
    }
}

/// Whoever holds this token.
pub(super) fn caller(app: &App, text: &str) -> Result<Caller, ApiError> {
    let unknown =
        || ApiError::unauthorized("The access token provided is invalid: log in again to get another");
    let token = app.directory.token_even_ended(text).ok_or_else(unknown)?;
    if token.expired(app.nature.now()) {
        return Err(ApiError::unauthorized(
            "The access token provided has expired: log in again to get another",
        ));
    }
    match token.holder {
        Holder::User(id) => {
            let user = app.directory.user(id).ok_or_else(unknown)?;
            Ok(Caller::Person(Person { user, token }))
        }
        Holder::Device(id) => app.directory.device(id).map(Caller::Device).ok_or_else(unknown),
        Holder::Refresh(_) | Holder::SetUp => Err(unknown()),
    }
}

impl FromRequestParts<Arc<App>> for Person {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, ApiError> {
        match Caller::from_request_parts(parts, app).await? {
            Caller::Person(person) => Ok(person),
            Caller::Device(device) => Err(ApiError::forbidden(format!(
                "device {} may only publish and listen: use a person's token here",
                device.id
            ))),
        }
    }
}

impl App {
    /// Refuses unless the person may do this in the scope. A scope that is not theirs to see is not found.
    pub fn allow(&self, person: &Person, scope: Scope, act: Act) -> Result<(), ApiError> {
        match self.directory.role(person.id(), scope) {
            Some(role) if role.allows(act) => Ok(()),
            Some(role) => Err(ApiError::forbidden(format!(
                "your role {} in {scope} does not allow this: ask an administrator of its team",
                serde_json::to_value(role)
                    .ok()
                    .and_then(|r| r.as_str().map(str::to_owned))
                    .unwrap_or_default(),
            ))),
            None => Err(match scope {
                Scope::Product(product) => ApiError::not_found(
                    "Product not found.",
                    format!("there is no product {product} of yours"),
                ),
                _ => ApiError::not_found("not_found", format!("there is no {scope} of yours")),
            }),
        }
    }

    /// A device that the person owns, or that belongs to a product they may act on.
    pub fn device_for(&self, person: &Person, id: DeviceId, act: Act) -> Result<Device, ApiError> {
        let device = self.directory.device(id).ok_or_else(|| ApiError::unknown_device(&id.to_string()))?;
        let owned = device.owner == Some(person.id());
        let through_product = device
            .product
            .is_some_and(|product| self.directory.may(person.id(), Scope::Product(product), act));
        if owned || through_product { Ok(device) } else { Err(ApiError::unknown_device(&id.to_string())) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_given_on_purpose_goes_before_the_cookie() {
        let cookie = ("cookie", "fieldhook_session=c");
        let found = |headers: &[(&str, &str)], uri: &'static str| {
            let named = |(name, value): &(&str, &str)| -> (http::HeaderName, http::HeaderValue) {
                (name.parse().unwrap(), value.parse().unwrap())
            };
            Credential::of(&headers.iter().map(named).collect(), &Uri::from_static(uri))
        };
        let bearer = |text: &str| Some(Credential::Bearer(text.to_owned()));
        assert_eq!(found(&[cookie, ("authorization", "Bearer h")], "/?access_token=q"), bearer("h"));
        assert_eq!(found(&[cookie], "/?access_token=q"), bearer("q"));
        assert_eq!(found(&[cookie], "/?a=b"), Some(Credential::Cookie("c".to_owned())));
        assert_eq!(found(&[cookie, ("authorization", "Basic YTpi")], "/"), None);
        assert_eq!(found(&[], "/"), None);
    }
}
