//! Keeping secrets out of what is logged and shown.

use super::encode;
use crate::attempt::MASK;
use crate::html::escaped;
use crate::integration::{is_scheme, is_secret_header};

/// Shortest text that is searched for because a header or a password holds it. A shorter one is masked in its
/// own place only: hiding every `1` of an answer would say what the secret is.
const SEARCHED_FROM: usize = 4;

/// The text with every secret in it replaced by [`MASK`]; where two overlap, the longer one is taken.
pub fn mask_text(text: &str, masks: &[String]) -> String {
    let mut out = String::with_capacity(text.len());
    let (mut plain, mut at) = (0, 0);
    while at < text.len() && !masks.is_empty() {
        let here = &text.as_bytes()[at..];
        let found = masks.iter().filter(|mask| here.starts_with(mask.as_bytes())).map(String::len).max();
        match found {
            Some(size @ 1..) => {
                out.push_str(&text[plain..at]);
                out.push_str(MASK);
                at += size;
                plain = at;
            }
            _ => at += 1,
        }
    }
    out.push_str(&text[plain..]);
    out
}

/// A header's value as it may be shown.
pub(super) fn header(name: &str, value: &str, masks: &[String]) -> String {
    if is_secret_header(name) { credential(value) } else { mask_text(value, masks) }
}

/// A credential with everything masked but the scheme's name, for that is where its mistakes show: no scheme,
/// a doubled one, a stray space, nothing behind it.
fn credential(value: &str) -> String {
    let secret = behind_schemes(value);
    if secret.is_empty() {
        return value.to_owned();
    }
    let (shown, hidden) = value.split_at(value.len() - secret.len());
    let trailing = &hidden[hidden.trim_end().len()..];
    format!("{shown}{MASK}{trailing}")
}

/// What stands behind the leading words that only name a scheme; nothing if a scheme is all there is.
pub(crate) fn behind_schemes(value: &str) -> &str {
    let mut rest = value.trim_start();
    loop {
        match rest.split_once(char::is_whitespace) {
            Some((word, behind)) if is_scheme(word) => rest = behind.trim_start(),
            _ => return if is_scheme(rest) && rest.len() < value.trim_start().len() { "" } else { rest },
        }
    }
}

/// Gathers the texts by which secrets are recognised in a request and in the answer to it.
#[derive(Debug, Clone, Default)]
pub(super) struct Masks(Vec<String>);

impl Masks {
    /// Adds a secret of the scope, in every spelling in which a request can carry it.
    pub(super) fn secret(&mut self, value: &str) {
        for spelling in spellings(value) {
            self.add(spelling);
        }
    }

    /// Adds a password, or what a header holds that is secret by its name.
    pub(super) fn credential(&mut self, value: &str) {
        let secret = behind_schemes(value).trim();
        if secret.len() >= SEARCHED_FROM {
            self.secret(secret);
        }
    }

    fn add(&mut self, text: String) {
        if !text.is_empty() && !self.0.contains(&text) {
            self.0.push(text);
        }
    }

    pub(super) fn into_vec(self) -> Vec<String> {
        self.0
    }
}

/// A secret as it is, and in every spelling in which a request can carry it and an answer say it back.
pub(crate) fn spellings(secret: &str) -> Vec<String> {
    let spelt = |write: fn(&str, &mut String)| {
        let mut spelt = String::new();
        write(secret, &mut spelt);
        spelt
    };
    let mut spellings = vec![secret.to_owned(), escaped(secret)];
    let written = [encode::component, encode::segments, encode::url_text, encode::json_text];
    spellings.extend(written.map(spelt));
    spellings
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_credential_shows_its_scheme_its_spaces_and_whether_it_is_empty() {
        for (value, shown) in [
            ("", ""),
            ("Bearer ", "Bearer "),
            ("Bearer abc", "Bearer [[SENSITIVE]]"),
            ("Bearer Bearer abc", "Bearer Bearer [[SENSITIVE]]"),
            (" Bearer  abc ", " Bearer  [[SENSITIVE]] "),
            ("abc", "[[SENSITIVE]]"),
            ("abc def", "[[SENSITIVE]]"),
            ("Token token=abc", "Token [[SENSITIVE]]"),
            ("a=1; b=2", "[[SENSITIVE]]"),
        ] {
            assert_eq!(credential(value), shown, "{value:?}");
        }
    }

    #[test]
    fn the_longest_secret_that_begins_at_a_place_is_masked() {
        let masks = ["abc".to_owned(), "abcdef".to_owned(), "ü".to_owned(), String::new()];
        assert_eq!(mask_text("x abcdef abcd ü", &masks), format!("x {MASK} {MASK}d {MASK}"));
        assert_eq!(mask_text("as it was", &[]), "as it was");
    }

    proptest! {
        #[test]
        fn no_masked_text_holds_the_secret(before in "[^\\[]{0,9}", secret in "[a-z&\"]{5,20}", after in "[^\\[]{0,9}") {
            let mut masks = Masks::default();
            masks.secret(&secret);
            let masked = mask_text(&format!("{before}{secret}{after}"), &masks.into_vec());
            prop_assert!(!masked.contains(&secret) && masked.contains(MASK));
        }
    }
}
