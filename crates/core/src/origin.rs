//! Where a request goes: scheme, host and port, and how a URL's text is cut into them.

use std::fmt;

use serde::{Deserialize, Serialize};
use url::{Host, Url};

/// How to speak to a destination.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scheme {
    /// In the clear.
    Http,
    /// Over TLS.
    Https,
}

impl Scheme {
    /// The scheme as a URL begins with it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    /// The port a URL of this scheme means when it names none.
    pub fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

/// Scheme, host and port; with the owning scope, a destination.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin {
    /// How to speak to it.
    pub scheme: Scheme,
    /// A name in lower case (Punycode where it is not ASCII), or an address in its canonical spelling;
    /// IPv6 without brackets, so that an address here always parses as one.
    pub host: String,
    /// The port, also when the URL leaves it to the scheme.
    pub port: u16,
}

impl Origin {
    /// The beginning of a URL at this origin, as a person would write it: without the port when the scheme
    /// implies it.
    pub fn url_start(&self) -> String {
        if self.port == self.scheme.default_port() {
            format!("{}://{}", self.scheme.as_str(), Bracketed(&self.host))
        } else {
            self.to_string()
        }
    }

    /// Splits an absolute URL into its origin and the byte at which path and query begin.
    ///
    /// Stricter than browsers are: the two slashes must be there, and nothing may be hidden in front of an
    /// `@`, where a reader takes a name for the host that is none.
    pub fn split(url: &str) -> Result<(Self, usize), InvalidUrl> {
        let Some((scheme, rest)) = url.split_once("://") else {
            return Err(InvalidUrl::Scheme { found: head(url, ':') });
        };
        let scheme = match scheme {
            s if s.eq_ignore_ascii_case("http") => Scheme::Http,
            s if s.eq_ignore_ascii_case("https") => Scheme::Https,
            other => return Err(InvalidUrl::Scheme { found: head(other, '\0') }),
        };
        let authority = &rest[..rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len())];
        if authority.contains('@') {
            return Err(InvalidUrl::UserInfo);
        }
        let refused = || InvalidUrl::Host { found: head(authority, '\0') };
        if authority.is_empty() || authority.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return Err(refused());
        }
        let target = url.len() - rest.len() + authority.len();
        let parsed = Url::parse(&url[..target]).map_err(|_| refused())?;
        let host = match parsed.host().ok_or_else(refused)? {
            Host::Domain(name) => name.to_owned(),
            Host::Ipv4(address) => address.to_string(),
            Host::Ipv6(address) => address.to_string(),
        };
        let port = parsed.port().unwrap_or(scheme.default_port());
        Ok((Self { scheme, host, port }, target))
    }
}

fn head(text: &str, end: char) -> String {
    text.split(end).next().unwrap_or("").chars().take(64).collect()
}

impl fmt::Display for Origin {
    /// Writes `https://host:port`, always with the port.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}:{}", self.scheme.as_str(), Bracketed(&self.host), self.port)
    }
}

struct Bracketed<'a>(&'a str);

impl fmt::Display for Bracketed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.contains(':') { write!(f, "[{}]", self.0) } else { f.write_str(self.0) }
    }
}

/// Why a text is no URL that a webhook can be sent to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidUrl {
    /// Neither http nor https.
    #[error("the URL begins with `{found}`: begin it with https:// or http://")]
    Scheme {
        /// What stands there instead.
        found: String,
    },
    /// No host, or one that cannot be.
    #[error("the URL's host `{found}` is not valid: write a name such as example.com, or an address")]
    Host {
        /// What stands there.
        found: String,
    },
    /// A user name or password in front of the host.
    #[error("the URL has a user name or password in front of its host: move them to `auth`")]
    UserInfo,
}

impl InvalidUrl {
    /// A word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Scheme { .. } => "url-scheme",
            Self::Host { .. } => "url-host",
            Self::UserInfo => "url-userinfo",
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn origin(url: &str) -> Result<String, InvalidUrl> {
        Origin::split(url).map(|(origin, target)| format!("{origin} {}", &url[target..]))
    }

    #[test]
    fn a_url_is_split_into_origin_and_target() {
        for (url, expected) in [
            ("https://Example.COM/in?a=b", "https://example.com:443 /in?a=b"),
            ("HTTP://example.com:8080", "http://example.com:8080 "),
            ("https://example.com?x", "https://example.com:443 ?x"),
            ("http://[::1]:81/a", "http://[::1]:81 /a"),
            ("https://bücher.example/", "https://xn--bcher-kva.example:443 /"),
            ("http://2130706433/", "http://127.0.0.1:80 /"),
            ("http://0x7f.1/", "http://127.0.0.1:80 /"),
            ("https://a.example\\@b.example/", "https://a.example:443 \\@b.example/"),
        ] {
            assert_eq!(origin(url).as_deref(), Ok(expected), "{url}");
        }
    }

    #[test]
    fn what_cannot_be_sent_to_is_refused_by_kind() {
        for (url, code) in [
            ("ftp://example.com", "url-scheme"),
            ("example.com/in", "url-scheme"),
            ("javascript:alert(1)", "url-scheme"),
            ("https:/example.com", "url-scheme"),
            ("https:///in", "url-host"),
            ("https://exa mple.com/", "url-host"),
            ("https://exa\tmple.com/", "url-host"),
            ("https://example.com:99999/", "url-host"),
            ("https://user:pass@example.com/", "url-userinfo"),
            ("https://example.com@127.0.0.1/", "url-userinfo"),
        ] {
            assert_eq!(origin(url).map_err(|fault| fault.code()), Err(code), "{url}");
        }
    }

    #[test]
    fn the_port_is_left_out_where_the_scheme_implies_it() {
        let start = |url: &str| Origin::split(url).unwrap().0.url_start();
        assert_eq!(start("https://example.com:443/"), "https://example.com");
        assert_eq!(start("http://example.com:443/"), "http://example.com:443");
        assert_eq!(start("https://[2001:db8::1]/"), "https://[2001:db8::1]");
    }

    proptest! {
        #[test]
        fn any_text_is_split_or_refused_without_panic(url in "(https?://)?\\PC{0,40}") {
            if let Ok((origin, target)) = Origin::split(&url) {
                prop_assert!(url.is_char_boundary(target));
                prop_assert_eq!(Origin::split(&origin.to_string()).unwrap().0, origin);
            }
        }
    }
}
