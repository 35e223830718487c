//! Searching for text, whatever the case of ASCII letters.

/// A text to look for.
#[derive(Debug, Clone)]
pub struct Needle {
    plain: Vec<u8>,
    in_json: Vec<u8>,
}

impl Needle {
    /// Prepares to look for `text`.
    pub fn new(text: &str) -> Self {
        let quoted = serde_json::to_string(text).expect("a string is JSON");
        let in_json = quoted.as_bytes()[1..quoted.len() - 1].to_vec();
        Self { plain: text.as_bytes().to_vec(), in_json }
    }

    /// Whether the text is in `hay`.
    pub fn is_in(&self, hay: &str) -> bool {
        is_in(&self.plain, hay.as_bytes())
    }

    /// Whether the text may be in a string of this JSON. It may also be in a name or across a mark, so a yes
    /// is to be looked into; a no is certain.
    pub fn may_be_in_json(&self, json: &[u8]) -> bool {
        is_in(&self.in_json, json)
    }
}

fn is_in(needle: &[u8], hay: &[u8]) -> bool {
    let Some((first, rest)) = needle.split_first() else { return true };
    let begins = |byte: &u8| byte.eq_ignore_ascii_case(first);
    let mut left = hay;
    while let Some(at) = left.iter().position(begins) {
        left = &left[at + 1..];
        if left.get(..rest.len()).is_some_and(|here| here.eq_ignore_ascii_case(rest)) {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_case_of_ascii_letters_does_not_matter() {
        let needle = Needle::new("Not Found é");
        assert!(needle.is_in("404 NOT FOUND é!"));
        assert!(!needle.is_in("404 NOT FOUND É!"));
        assert!(!needle.is_in("not foun"));
        assert!(Needle::new("aab").is_in("aaab"));
    }

    #[test]
    fn a_text_with_quotes_is_found_in_json_too() {
        let needle = Needle::new("{\"t\": 21}\n");
        let json = serde_json::to_vec(&["", "x {\"T\": 21}\n"]).unwrap();
        assert!(needle.may_be_in_json(&json));
        assert!(!Needle::new("\"t\":").may_be_in_json(br#"{"t":1}"#));
    }
}
