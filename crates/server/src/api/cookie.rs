//! The console's cookie: read, written, and kept out of what is shown.

use std::time::Duration;

use fieldhook_core::attempt::MASK;
use http::header::COOKIE;
use http::{HeaderMap, HeaderValue};

/// The cookie's name.
const NAME: &str = "fieldhook_session";

/// The token in the cookie, if the request has one.
pub(super) fn token_in(headers: &HeaderMap) -> Option<String> {
    let values = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = values.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, token)| *name == NAME && !token.is_empty()).map(|(_, token)| token.to_owned())
}

/// A cookie that no script can read and no other site can make a browser send. Over HTTPS it stays there.
pub(super) fn holding(token: &str, life: Duration, public_url: &str) -> HeaderValue {
    let secure = if public_url.starts_with("https:") { "; Secure" } else { "" };
    let seconds = life.as_secs();
    let text = format!("{NAME}={token}; HttpOnly; SameSite=Strict; Path=/; Max-Age={seconds}{secure}");
    HeaderValue::try_from(text).expect("hex digits can stand in a header")
}

/// A cookie that takes the place of the one before, and is gone at once.
pub(super) fn cleared(public_url: &str) -> HeaderValue {
    holding("", Duration::ZERO, public_url)
}

/// The value of a Cookie header without the console's token; the rest stays as it came.
pub(super) fn masked(value: &str) -> String {
    let shown = |pair: &str| match pair.split_once('=') {
        Some((name, _)) if name.trim() == NAME => format!("{name}={MASK}"),
        _ => pair.to_owned(),
    };
    value.split(';').map(shown).collect::<Vec<_>>().join(";")
}

/// Whether the value of a Set-Cookie header would take the console's cookie's place.
pub(super) fn replaces(value: &str) -> bool {
    let name = value.split([';', '=']).next().unwrap_or_default();
    name.trim() == NAME
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_is_found_among_other_cookies_and_in_any_header_of_them() {
        let found = |values: &[&str]| {
            let headers = values.iter().map(|value| (COOKIE, value.parse().unwrap()));
            token_in(&headers.collect())
        };
        assert_eq!(found(&["a=1; fieldhook_session=abc; b=2"]), Some("abc".to_owned()));
        assert_eq!(found(&["a=1", "fieldhook_session=abc"]), Some("abc".to_owned()));
        for none in
            ["", "fieldhook_session", "fieldhook_session=", "xfieldhook_session=abc", "a=fieldhook_session"]
        {
            assert_eq!(found(&[none]), None, "{none}");
        }
    }

    #[test]
    fn it_is_sent_over_https_alone_where_the_server_is_reached_so() {
        let cookie = |url| holding("abc", Duration::from_mins(1), url);
        assert_eq!(
            cookie("http://127.0.0.1"),
            "fieldhook_session=abc; HttpOnly; SameSite=Strict; Path=/; Max-Age=60"
        );
        assert!(cookie("https://hooks.example.com").to_str().unwrap().ends_with("; Secure"));
        assert!(cleared("http://127.0.0.1").to_str().unwrap().contains("Max-Age=0"));
    }

    #[test]
    fn the_token_is_masked_where_it_is_shown_and_nothing_else_is() {
        assert_eq!(masked("a=1; fieldhook_session=abc; b=2"), format!("a=1; fieldhook_session={MASK}; b=2"));
        assert_eq!(masked("a=1;b"), "a=1;b");
    }

    #[test]
    fn a_cookie_of_the_same_name_is_recognised_however_it_is_written() {
        for value in ["fieldhook_session=x; Path=/", " fieldhook_session =x", "fieldhook_session;"] {
            assert!(replaces(value), "{value}");
        }
        assert!(!replaces("session=fieldhook_session"));
    }
}
