//! The prefix tree, against a plain filter.

use fieldhook_core::matching::Tree;

/// Whatever is filed and taken out again, a look-up finds what going through all of it finds.
///
/// A line is `+prefix`, `-prefix` or a name to look up; a value is the length of its prefix, so that some repeat.
pub(crate) fn the_tree_finds_what_a_filter_finds(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let (mut tree, mut plain) = (Tree::new(), Vec::<String>::new());
    for line in text.lines().take(300) {
        if let Some(prefix) = line.strip_prefix('+') {
            tree.insert(prefix, prefix.len());
            plain.push(prefix.to_owned());
        } else if let Some(prefix) = line.strip_prefix('-') {
            let place = plain.iter().position(|filed| filed == prefix);
            assert_eq!(tree.remove(prefix, &prefix.len()), place.is_some());
            place.map(|at| plain.remove(at));
        } else {
            let found: Vec<_> = tree.matches(line).copied().collect();
            let mut expected: Vec<_> =
                plain.iter().filter(|prefix| line.starts_with(prefix.as_str())).map(String::len).collect();
            expected.sort_unstable();
            assert_eq!(found, expected);
        }
        assert_eq!(tree.len(), plain.len());
    }
}
