//! Addresses within the API, built so that no id or name can break out of its place.

use std::fmt::{self, Display, Write as _};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What is percent-encoded in a segment or a value: all but RFC 3986's unreserved characters.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A path with its query, such as `/v1/devices/my%20device?limit=5`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Path {
    text: String,
    has_query: bool,
}

impl Path {
    /// The path of these segments; each is encoded.
    pub(crate) fn of(segments: &[&str]) -> Self {
        let mut path = Self { text: String::new(), has_query: false };
        for segment in segments {
            path = path.then(segment);
        }
        path
    }

    /// One segment more.
    pub(crate) fn then(mut self, segment: &str) -> Self {
        self.text.push('/');
        self.text.extend(utf8_percent_encode(segment, RESERVED));
        self
    }

    /// One value more in the query.
    pub(crate) fn query(mut self, key: &str, value: impl Display) -> Self {
        let mark = if self.has_query { '&' } else { '?' };
        let value = value.to_string();
        let value = utf8_percent_encode(&value, RESERVED);
        write!(self.text, "{mark}{key}={value}").expect("writing to a String cannot fail");
        self.has_query = true;
        self
    }

    /// One value more in the query, if there is one.
    pub(crate) fn maybe(self, key: &str, value: Option<impl Display>) -> Self {
        match value {
            Some(value) => self.query(key, value),
            None => self,
        }
    }
}

impl Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_slashes_and_spaces_stays_one_segment() {
        let path = Path::of(&["v1", "devices", "../a b?c"]);
        assert_eq!(path.to_string(), "/v1/devices/..%2Fa%20b%3Fc");
    }

    #[test]
    fn a_value_cannot_add_another() {
        let path = Path::of(&["x"]).query("q", "a&b=c").maybe("n", Some(3)).maybe("none", None::<u8>);
        assert_eq!(path.to_string(), "/x?q=a%26b%3Dc&n=3");
    }
}
