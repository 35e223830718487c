//! Logging in by name and password, slowed down for addresses that guess.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use axum::extract::FromRequestParts;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use http::request::Parts;

use super::App;
use crate::directory::User;
use crate::listener::Peer;
use crate::password::PasswordError;

/// Why a login failed.
#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    /// No such person, or not their password; which of the two is not said.
    #[error("User credentials are invalid: check the e-mail address and the password")]
    Wrong,
    /// The address failed too often in a row.
    #[error("too many failed logins from this address: wait {} seconds", .wait.as_secs())]
    TooOften {
        /// How long to wait.
        wait: Duration,
    },
    /// The password could not be checked.
    #[error(transparent)]
    Password(#[from] PasswordError),
}

/// The address that a request came from.
#[derive(Debug, Clone, Copy)]
pub struct Address(pub IpAddr);

impl<S: Send + Sync> FromRequestParts<S> for Address {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let peer = parts.extensions.get::<Peer>();
        Ok(Self(peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.0.ip())))
    }
}

impl App {
    /// The person of this name and password.
    pub async fn log_in(
        &self,
        from: Address,
        username: &str,
        password: &str,
    ) -> Result<Arc<User>, LoginError> {
        let user = self.directory.user_named(username);
        let hash = user.as_ref().map(|user| user.password_hash.as_str());
        self.check_password(from, password, hash).await?;
        user.ok_or(LoginError::Wrong)
    }

    /// Checks the password of a person who is known already.
    pub async fn confirm(&self, from: Address, user: &User, password: &str) -> Result<(), LoginError> {
        self.check_password(from, password, Some(&user.password_hash)).await
    }

    async fn check_password(
        &self,
        from: Address,
        password: &str,
        hash: Option<&str>,
    ) -> Result<(), LoginError> {
        let early = self.logins.lock().may_try(from.0, self.nature.now());
        early.map_err(|wait| LoginError::TooOften { wait })?;
        let fits = self.passwords.verify(password, hash).await?;
        let mut logins = self.logins.lock();
        if fits {
            logins.succeeded(from.0);
            Ok(())
        } else {
            logins.failed(from.0, self.nature.now());
            Err(LoginError::Wrong)
        }
    }
}

/// Name and password of a Basic Authorization header.
pub fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let (scheme, encoded) = headers.get(AUTHORIZATION)?.to_str().ok()?.trim().split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(BASE64_STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (name, password) = decoded.split_once(':')?;
    Some((name.to_owned(), password.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_and_password_are_read_from_a_basic_header_and_from_no_other() {
        let read = |value: &str| basic(&HeaderMap::from_iter([(AUTHORIZATION, value.parse().unwrap())]));
        assert_eq!(read("Basic YTpiOmM="), Some(("a".into(), "b:c".into())));
        assert_eq!(read("basic YTo="), Some(("a".into(), String::new())));
        for value in ["Bearer YTpi", "Basic", "Basic !", "Basic YQ==", ""] {
            assert_eq!(read(value), None, "{value}");
        }
    }
}
