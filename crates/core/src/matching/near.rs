//! Near misses: a filter that does not match a name, but was probably meant to.

use serde::{Deserialize, Serialize};

/// How an event's name nearly begins with an integration's prefix.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum NearMiss {
    /// They differ only in the case of letters.
    Case,
    /// They differ only in spaces around one of them.
    Space,
    /// They differ only in slashes at the front.
    Slash,
    /// The other way round: the whole name is the beginning of the prefix.
    Reversed,
    /// They differ in one or two characters.
    Edits {
        /// Characters to insert, remove or replace.
        distance: u8,
        /// The beginning of the name that was meant.
        head: String,
    },
}

/// The nearest miss of a prefix that the name does not begin with, if there is a near one.
///
/// Exact relations come before guesses. An edit distance counts only when less than half of the prefix
/// would change; else every short prefix would nearly match everything.
pub(super) fn nearest(prefix: &str, name: &str) -> Option<NearMiss> {
    if prefix.trim().is_empty() || name.is_empty() {
        return None;
    }
    if begins_but_for_case(name, prefix) {
        Some(NearMiss::Case)
    } else if name.trim().starts_with(prefix.trim()) {
        Some(NearMiss::Space)
    } else if begins_but_for_slashes(name, prefix) {
        Some(NearMiss::Slash)
    } else if prefix.starts_with(name) {
        Some(NearMiss::Reversed)
    } else {
        fewest_edits(prefix, name)
    }
}

fn begins_but_for_case(name: &str, prefix: &str) -> bool {
    name.as_bytes().get(..prefix.len()).is_some_and(|head| head.eq_ignore_ascii_case(prefix.as_bytes()))
}

fn begins_but_for_slashes(name: &str, prefix: &str) -> bool {
    let prefix = prefix.trim_start_matches('/');
    !prefix.is_empty() && name.trim_start_matches('/').starts_with(prefix)
}

/// Most edits that still count as near.
const NEAR: usize = 2;
/// The longest prefix worth comparing; names have at most 64 characters.
const LONGEST: usize = 64 + NEAR;

/// The least Levenshtein distance between the prefix and a head of the name.
///
/// Only heads whose length differs by at most [`NEAR`] can be near, so each row of the table is filled just
/// in the band around its diagonal: five steps for each character of the prefix. What an earlier row left
/// outside the band is larger than [`NEAR`] or one step from being so, and never makes a far head look near.
fn fewest_edits(prefix: &str, name: &str) -> Option<NearMiss> {
    let wanted: Vec<char> = prefix.chars().take(LONGEST + 1).collect();
    let given: Vec<char> = name.chars().take(wanted.len() + NEAR).collect();
    if wanted.len() > LONGEST {
        return None;
    }

    // row[to] is the distance between the part of the prefix read so far and the first `to` characters.
    let mut row: Vec<usize> = (0..=given.len()).collect();
    for (read, letter) in (1_usize..).zip(&wanted) {
        let first = read.saturating_sub(NEAR).max(1);
        let last = (read + NEAR).min(given.len());
        let mut above_left = *row.get(first - 1)?;
        row[0] = read;
        for to in first..=last {
            let replaced = above_left + usize::from(*letter != given[to - 1]);
            above_left = row[to];
            row[to] = replaced.min(row[to] + 1).min(row[to - 1] + 1);
        }
    }

    // Of heads equally near, the one as long as the prefix is the likeliest to have been meant.
    let heads = wanted.len().saturating_sub(NEAR)..=given.len();
    let nearest = heads.min_by_key(|&to| (row[to], to.abs_diff(wanted.len())))?;
    let distance = row[nearest];
    (distance <= NEAR && distance * 2 < wanted.len())
        .then(|| NearMiss::Edits { distance: distance as u8, head: given[..nearest].iter().collect() })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn edits(distance: u8, head: &str) -> NearMiss {
        NearMiss::Edits { distance, head: head.to_owned() }
    }

    #[test]
    fn each_kind_of_miss_is_told_by_name() {
        for (prefix, name, miss) in [
            ("Temp", "temp/kitchen", Some(NearMiss::Case)),
            ("temp ", "temp/kitchen", Some(NearMiss::Space)),
            (" temp", "temp", Some(NearMiss::Space)),
            ("temp", " temp/kitchen", Some(NearMiss::Space)),
            ("/temp", "temp/kitchen", Some(NearMiss::Slash)),
            ("temp", "/temp/kitchen", Some(NearMiss::Slash)),
            ("temp/kitchen", "temp", Some(NearMiss::Reversed)),
            ("temperature", "temperatur", Some(NearMiss::Reversed)),
            ("temprature", "temperature/kitchen", Some(edits(1, "temperature"))),
            ("tempreature", "temperature/kitchen", Some(edits(2, "temperature"))),
            ("temp_kitchen", "temp/kitchen", Some(edits(1, "temp/kitchen"))),
            ("humidity", "temp/kitchen", None),
        ] {
            assert_eq!(nearest(prefix, name), miss, "{prefix:?} on {name:?}");
        }
    }

    #[test]
    fn a_prefix_that_would_change_by_half_is_no_near_miss() {
        assert_eq!(nearest("a", "b"), None);
        assert_eq!(nearest("ab", "cb"), None);
        assert_eq!(nearest("abc", "abd"), Some(edits(1, "abd")));
        assert_eq!(nearest("abcd", "axxd"), None);
        assert_eq!(nearest("abcde", "axxde"), Some(edits(2, "axxde")));
    }

    #[test]
    fn a_prefix_of_nothing_but_spaces_or_slashes_is_near_to_nothing() {
        for prefix in ["", " ", "/", "//"] {
            assert_eq!(nearest(prefix, "temp"), None, "{prefix:?}");
        }
    }

    /// The textbook table, whole.
    fn plain_distance(a: &[char], b: &[char]) -> usize {
        let mut row: Vec<usize> = (0..=b.len()).collect();
        for (i, x) in a.iter().enumerate() {
            let mut next = vec![i + 1];
            for (j, y) in b.iter().enumerate() {
                next.push((row[j] + usize::from(x != y)).min(row[j + 1] + 1).min(next[j] + 1));
            }
            row = next;
        }
        row[b.len()]
    }

    proptest! {
        #[test]
        fn edits_agree_with_the_textbook(prefix in "[abé]{1,9}", name in "[abé]{1,12}") {
            let (wanted, given): (Vec<char>, Vec<char>) = (prefix.chars().collect(), name.chars().collect());
            let least = (0..=given.len()).map(|to| plain_distance(&wanted, &given[..to])).min().unwrap();
            match fewest_edits(&prefix, &name) {
                Some(NearMiss::Edits { distance, head }) => {
                    prop_assert_eq!(usize::from(distance), least);
                    prop_assert!(name.starts_with(&head));
                    let head: Vec<char> = head.chars().collect();
                    prop_assert_eq!(plain_distance(&wanted, &head), least);
                }
                _ => prop_assert!(least > NEAR || least * 2 >= wanted.len()),
            }
        }

        #[test]
        fn any_two_texts_are_compared_without_panic(prefix in "\\PC{0,90}", name in "\\PC{0,90}") {
            let _ = nearest(&prefix, &name);
        }
    }
}
