//! What a scope's people want to hear of, and where.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::Kind;

/// Most addresses that a scope's alerts are mailed to.
pub const MOST_RECIPIENTS: usize = 20;
/// Most bytes of an address (RFC 5321, section 4.5.3.1.3, without the angle brackets).
const ADDRESS_LIMIT: usize = 254;

/// Where a scope's alerts go beside the list, and which.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AlertSettings {
    /// E-mail addresses; at most 20.
    #[schema(max_items = 20)]
    pub recipients: Vec<String>,
    /// The kinds that are mailed.
    pub mailed: BTreeSet<Kind>,
    /// Whether integrations and devices that fall silent are told at all.
    pub silence: bool,
}

impl Default for AlertSettings {
    /// Nobody is mailed; who is added later hears of all but gates that only come near.
    fn default() -> Self {
        let mailed = Kind::ALL.into_iter().filter(|kind| *kind != Kind::GateNear).collect();
        Self { recipients: Vec::new(), mailed, silence: true }
    }
}

/// Why nobody can be mailed there. Shown, as it is, to whoever saved it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRecipient {
    /// It is no address.
    #[error("`{0}` is not an e-mail address such as ops@example.com")]
    Address(String),
    /// There are too many.
    #[error("{0} addresses are over the limit of {MOST_RECIPIENTS}: use a mailing list")]
    TooMany(usize),
}

impl AlertSettings {
    /// The settings with their addresses tidied: without spaces around them, each once.
    pub fn checked(mut self) -> Result<Self, InvalidRecipient> {
        let mut recipients: Vec<String> = Vec::new();
        for address in self.recipients {
            let address = address.trim().to_owned();
            if !is_address(&address) {
                return Err(InvalidRecipient::Address(address.chars().take(ADDRESS_LIMIT).collect()));
            }
            if !recipients.contains(&address) {
                recipients.push(address);
            }
        }
        if recipients.len() > MOST_RECIPIENTS {
            return Err(InvalidRecipient::TooMany(recipients.len()));
        }
        self.recipients = recipients;
        Ok(self)
    }
}

/// Whether it looks like an address: the mail server has the last word.
fn is_address(text: &str) -> bool {
    let plain = |part: &str| {
        !part.is_empty()
            && part.bytes().all(|byte| byte.is_ascii_graphic() && !b"<>()[],;:\\\"@".contains(&byte))
    };
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    text.len() <= ADDRESS_LIMIT
        && plain(local)
        && plain(domain)
        && !domain.starts_with('.')
        && !domain.ends_with('.')
        && !domain.contains("..")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(recipients: &[&str]) -> Result<Vec<String>, InvalidRecipient> {
        let recipients = recipients.iter().map(|&address| address.to_owned()).collect();
        AlertSettings { recipients, ..AlertSettings::default() }.checked().map(|settings| settings.recipients)
    }

    #[test]
    fn addresses_are_tidied_and_each_is_kept_once() {
        assert_eq!(with(&[" ops@example.com", "ops@example.com ", "a@localhost"]).unwrap().len(), 2);
    }

    #[test]
    fn what_is_no_address_is_refused_by_name() {
        for text in
            ["", "ops", "ops@", "@example.com", "a b@c.d", "x@y.z\r\nBcc: all@y.z", "a@b@c", "x@.y", "<x@y>"]
        {
            assert_eq!(with(&[text]), Err(InvalidRecipient::Address(text.trim().to_owned())), "{text:?}");
        }
    }

    #[test]
    fn twenty_addresses_are_enough() {
        let many: Vec<String> = (0..21).map(|n| format!("a{n}@example.com")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert!(with(&many[..20]).is_ok());
        assert_eq!(with(&many), Err(InvalidRecipient::TooMany(21)));
    }
}
