//! What can be said of a webhook's URL before anything is sent.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::finding::Finding;
use crate::origin::{InvalidUrl, Origin, Scheme};

/// Most bytes a URL template may have.
pub const URL_LIMIT: usize = 8_192;

/// The code of the warning that the address guard may refuse the URL's host. Whoever knows what was opened may drop it.
pub const FORBIDDEN_ADDRESS: &str = "forbidden-address";

/// Judges a URL template as far as the text in front of its first tag tells.
///
/// What a tag decides can only be judged once it is filled in, so a URL that is one tag passes.
pub(super) fn judge(source: &str, known: &str) -> Vec<Finding> {
    let url = source.trim();
    if url.is_empty() {
        return vec![Finding::error("url-missing", "url", "a webhook needs a `url` to send its requests to")];
    }
    if url.len() > URL_LIMIT {
        let message = format!("`url` is {} bytes long, over the limit of {URL_LIMIT}: shorten it", url.len());
        return vec![Finding::error("too-large", "url", message)];
    }
    let known = known.trim_start();
    match known_origin(url, known) {
        Ok(Some(origin)) => destination(&origin.host).into_iter().collect(),
        Ok(None) => Vec::new(),
        Err(fault) => vec![Finding::error(fault.code(), "url", fault.to_string())],
    }
}

/// The scheme, as far as the text in front of the first tag tells.
pub(super) fn known_scheme(known: &str) -> Option<Scheme> {
    let (scheme, _) = known.trim_start().split_once("://")?;
    [Scheme::Http, Scheme::Https].into_iter().find(|known| scheme.eq_ignore_ascii_case(known.as_str()))
}

/// The origin, when no tag stands in it.
fn known_origin(url: &str, known: &str) -> Result<Option<Origin>, InvalidUrl> {
    let complete = known.trim_end().len() >= url.len();
    let authority = known.find("://").map(|at| &known[at + 3..]);
    match authority {
        Some(authority) if complete || authority.contains(['/', '?', '#', '\\']) => {
            Origin::split(known.trim_end()).map(|(origin, _)| Some(origin))
        }
        Some(authority) if authority.contains('@') => Err(InvalidUrl::UserInfo),
        Some(_) if known_scheme(known).is_some() => Ok(None),
        None if !complete && may_become_a_scheme(known) => Ok(None),
        _ => Origin::split(known).map(|_| None),
    }
}

fn may_become_a_scheme(known: &str) -> bool {
    let known = known.to_ascii_lowercase();
    ["http://", "https://"].iter().any(|scheme| scheme.starts_with(&known))
}

/// Warns of an address that the address guard will refuse when sending.
///
/// A warning, not an error: the operator may have opened the range, and only the guard knows.
fn destination(host: &str) -> Option<Finding> {
    let kind = match host.parse::<IpAddr>() {
        Ok(IpAddr::V4(address)) => kind_of_v4(address)?,
        Ok(IpAddr::V6(address)) => kind_of_v6(address)?,
        Err(_) if host == "localhost" || host.ends_with(".localhost") => Kind::Special("loopback"),
        Err(_) => return None,
    };
    let message = match kind {
        Kind::Never(what) => format!(
            "`{host}` is {what}, to which nothing is ever sent: requests will end with EBLOCKED, use another address"
        ),
        Kind::Special(what) => format!(
            "`{host}` is a {what} address: requests will end with EBLOCKED unless the server was started with --allow-destinations for it"
        ),
    };
    Some(Finding::warning(FORBIDDEN_ADDRESS, "url", message))
}

enum Kind {
    Never(&'static str),
    Special(&'static str),
}

fn kind_of_v4(address: Ipv4Addr) -> Option<Kind> {
    let [first, second, ..] = address.octets();
    match address {
        a if a.is_link_local() => Some(Kind::Never("a link-local or cloud metadata address")),
        a if a == Ipv4Addr::new(100, 100, 100, 200) => Some(Kind::Never("a cloud metadata address")),
        a if a.is_loopback() => Some(Kind::Special("loopback")),
        a if a.is_private() => Some(Kind::Special("private")),
        _ if first == 100 && second & 0xc0 == 64 => Some(Kind::Special("carrier-internal")),
        _ if first == 198 && second & 0xfe == 18 => Some(Kind::Special("benchmarking")),
        a if a.is_documentation() => Some(Kind::Special("documentation")),
        _ if first == 0 || first >= 224 => Some(Kind::Special("special")),
        _ => None,
    }
}

fn kind_of_v6(address: Ipv6Addr) -> Option<Kind> {
    if let Some(embedded) = address.to_ipv4_mapped() {
        return kind_of_v4(embedded);
    }
    match address {
        a if a.is_unicast_link_local() => Some(Kind::Never("a link-local address")),
        a if a == Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254) => {
            Some(Kind::Never("a cloud metadata address"))
        }
        a if a.is_loopback() => Some(Kind::Special("loopback")),
        a if a.is_unique_local() => Some(Kind::Special("unique-local")),
        a if a.is_unspecified() || a.is_multicast() => Some(Kind::Special("special")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(url: &str) -> Vec<&'static str> {
        let known = url.split("{{").next().unwrap();
        judge(url, known).into_iter().map(|finding| finding.code).collect()
    }

    #[test]
    fn a_url_is_judged_as_far_as_its_first_tag() {
        for url in [
            "https://example.com",
            "https://example.com/{{id}}",
            "https://{{host}}/in",
            "{{{BASE}}}/in",
            "http{{s}}://example.com",
            "https://example.com:{{port}}/",
            "https://user:{{password}}@example.com/",
            " https://example.com/ ",
        ] {
            assert_eq!(codes(url), [] as [&str; 0], "{url}");
        }
        for (url, code) in [
            ("", "url-missing"),
            ("  ", "url-missing"),
            ("example.com/{{id}}", "url-scheme"),
            ("ftp://{{host}}", "url-scheme"),
            ("https", "url-scheme"),
            ("https://", "url-host"),
            ("https:///{{id}}", "url-host"),
            ("https://user@{{host}}/", "url-userinfo"),
            ("https://user:pass@example.com/", "url-userinfo"),
        ] {
            assert_eq!(codes(url), [code], "{url}");
        }
    }

    #[test]
    fn the_url_may_be_8192_bytes_long() {
        let url = |len: usize| format!("https://example.com/{}", "x".repeat(len - 20));
        assert_eq!(codes(&url(URL_LIMIT)), [] as [&str; 0]);
        assert_eq!(codes(&url(URL_LIMIT + 1)), ["too-large"]);
    }

    #[test]
    fn an_address_that_the_guard_will_refuse_is_a_warning() {
        for (url, part) in [
            ("http://127.0.0.1:8080/", "loopback"),
            ("http://localhost/", "loopback"),
            ("http://10.1.2.3/", "private"),
            ("http://2130706433/", "loopback"),
            ("http://169.254.169.254/latest", "nothing is ever sent"),
            ("http://[::ffff:169.254.169.254]/", "nothing is ever sent"),
            ("http://[fe80::1]/", "nothing is ever sent"),
            ("http://[fd12::1]/", "unique-local"),
            ("http://100.64.0.1/", "carrier-internal"),
        ] {
            let found = judge(url, url);
            assert!(found.len() == 1 && found[0].message.contains(part), "{url}: {found:?}");
            assert_eq!(found[0].level, super::super::Level::Warning);
        }
        assert_eq!(codes("http://93.184.216.34/"), [] as [&str; 0]);
        assert_eq!(codes("http://[2606:2800::1]/"), [] as [&str; 0]);
    }
}
