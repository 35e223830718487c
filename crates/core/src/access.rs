//! Who owns things, and who may do what with them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::id::{InvalidId, OrgId, ProductId, UserId};

/// Who owns a thing. One scope never sees another's events, integrations, logs or throttle state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// A person's own devices, events and integrations.
    User(UserId),
    /// A product's fleet, claimed or not.
    Product(ProductId),
    /// An organisation, for the products its integrations list.
    Organisation(OrgId),
}

impl fmt::Display for Scope {
    /// Writes `user:<id>`, `product:<number>` or `org:<id>`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(id) => write!(f, "user:{id}"),
            Self::Product(id) => write!(f, "product:{id}"),
            Self::Organisation(id) => write!(f, "org:{id}"),
        }
    }
}

/// Why a text names no scope.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidScope {
    /// Neither `user:`, `product:` nor `org:`.
    #[error("`{0}` is no scope: write user:<id>, product:<number> or org:<id>")]
    Kind(String),
    /// The part behind the colon is not an id.
    #[error(transparent)]
    Id(#[from] InvalidId),
}

impl FromStr for Scope {
    type Err = InvalidScope;

    fn from_str(text: &str) -> Result<Self, InvalidScope> {
        match text.split_once(':') {
            Some(("user", id)) => Ok(Self::User(id.parse()?)),
            Some(("product", id)) => Ok(Self::Product(id.parse()?)),
            Some(("org", id)) => Ok(Self::Organisation(id.parse()?)),
            _ => Err(InvalidScope::Kind(text.chars().take(64).collect())),
        }
    }
}

impl Serialize for Scope {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Scope {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// What a member of a product's or an organisation's team may do, weakest first.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Sees everything but secrets; changes nothing.
    ViewOnly,
    /// Sees everything; may also test and replay.
    Support,
    /// Also publishes, and changes devices and integrations.
    Developer,
    /// Also manages the team.
    Administrator,
    /// Also deletes the product; there is always at least one.
    Owner,
}

/// An act that a role allows or not, within one product or organisation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Act {
    /// Read devices, events, integrations, logs.
    See,
    /// Send tests, replay deliveries, wake destinations.
    Troubleshoot,
    /// Publish; add, change and remove devices, integrations and secrets.
    Change,
    /// Add, change and remove members.
    ManageTeam,
    /// Delete the product or organisation itself.
    Delete,
}

impl Role {
    /// Whether the role allows the act. A person's own scope allows its owner every act.
    pub fn allows(self, act: Act) -> bool {
        let needed = match act {
            Act::See => Self::ViewOnly,
            Act::Troubleshoot => Self::Support,
            Act::Change => Self::Developer,
            Act::ManageTeam => Self::Administrator,
            Act::Delete => Self::Owner,
        };
        self >= needed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_reads_back_what_it_prints() {
        for scope in
            [Scope::User(UserId([1; 12])), Scope::Product(ProductId(42)), Scope::Organisation(OrgId([9; 12]))]
        {
            assert_eq!(scope.to_string().parse(), Ok(scope));
        }
        assert!("team:1".parse::<Scope>().is_err());
        assert!("product:x".parse::<Scope>().is_err());
    }

    #[test]
    fn each_role_may_all_that_a_weaker_one_may() {
        let roles = [Role::ViewOnly, Role::Support, Role::Developer, Role::Administrator, Role::Owner];
        let acts = [Act::See, Act::Troubleshoot, Act::Change, Act::ManageTeam, Act::Delete];
        for (rank, role) in roles.into_iter().enumerate() {
            for (need, act) in acts.into_iter().enumerate() {
                assert_eq!(role.allows(act), rank >= need, "{role:?} {act:?}");
            }
        }
    }
}
