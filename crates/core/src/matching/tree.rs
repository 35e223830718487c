//! A prefix tree: which of many prefixes does a name begin with?

use std::slice;

use smallvec::SmallVec;

/// Values filed under prefixes, found again by any name that begins with one of them.
///
/// A radix tree: runs of bytes without a fork are one edge. A look-up visits only the nodes on the name's
/// own path, at most one for each of its bytes, and the matches; it never walks the other prefixes. More
/// prefixes may still fork that path more often. A hundred thousand take about ten megabytes: short edges
/// and single values live inside their node.
///
/// The same value may stand under a prefix more than once; it is then found as often.
#[derive(Debug, Clone)]
pub struct Tree<V> {
    root: Node<V>,
    len: usize,
}

impl<V> Tree<V> {
    /// A tree without prefixes.
    pub fn new() -> Self {
        Self { root: Node::leaf(&[]), len: 0 }
    }

    /// Files a value under a prefix. The empty prefix is found by every name.
    pub fn insert(&mut self, prefix: &str, value: V) {
        self.root.make(prefix.as_bytes()).values.push(value);
        self.len += 1;
    }

    /// Takes one such value from under exactly this prefix; says whether there was one.
    pub fn remove(&mut self, prefix: &str, value: &V) -> bool
    where
        V: PartialEq,
    {
        let removed = self.root.remove(prefix.as_bytes(), value);
        self.len -= usize::from(removed);
        removed
    }

    /// The values whose prefix the name begins with: shortest prefix first, then in the order filed.
    pub fn matches<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a V> {
        Matches { node: &self.root, values: self.root.values.iter(), rest: name.as_bytes() }
    }

    /// How many values there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no value.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }
}

impl<V> Default for Tree<V> {
    fn default() -> Self {
        Self::new()
    }
}

/// Save for the root, a node holds a value or forks: one that does neither is merged away.
#[derive(Debug, Clone)]
struct Node<V> {
    /// The bytes between the parent and here; empty in the root alone.
    edge: SmallVec<[u8; 16]>,
    /// What is filed under the path that ends here.
    values: SmallVec<[V; 1]>,
    /// Sorted by the first byte of their edges, which are all different.
    children: Vec<Node<V>>,
}

impl<V> Node<V> {
    fn leaf(edge: &[u8]) -> Self {
        Self { edge: SmallVec::from_slice(edge), values: SmallVec::new(), children: Vec::new() }
    }

    /// Where the child whose edge begins with this byte stands, or would stand.
    fn place(&self, first: u8) -> Result<usize, usize> {
        self.children.binary_search_by_key(&first, |child| child.edge[0])
    }

    /// The child on the path of `rest`, and what is left of `rest` below it.
    fn step<'n>(&self, rest: &'n [u8]) -> Option<(&Self, &'n [u8])> {
        let child = &self.children[self.place(*rest.first()?).ok()?];
        Some((child, rest.strip_prefix(child.edge.as_slice())?))
    }

    /// The node at the end of `rest`, made if it is missing.
    fn make(&mut self, rest: &[u8]) -> &mut Self {
        let Some(&first) = rest.first() else { return self };
        match self.place(first) {
            Err(at) => {
                // Room for exactly one more: most nodes never get a second child.
                self.children.reserve_exact(1);
                self.children.insert(at, Self::leaf(rest));
                &mut self.children[at]
            }
            Ok(at) => {
                let child = &mut self.children[at];
                let shared = child.edge.iter().zip(rest).take_while(|(a, b)| a == b).count();
                if shared < child.edge.len() {
                    child.split(shared);
                }
                child.make(&rest[shared..])
            }
        }
    }

    /// Cuts the edge after `at` bytes; what hung below hangs below the second half.
    fn split(&mut self, at: usize) {
        let mut lower = Self::leaf(&self.edge[at..]);
        lower.values = std::mem::take(&mut self.values);
        lower.children = std::mem::replace(&mut self.children, Vec::with_capacity(1));
        self.edge.truncate(at);
        self.children.push(lower);
    }

    fn remove(&mut self, rest: &[u8], value: &V) -> bool
    where
        V: PartialEq,
    {
        let Some(&first) = rest.first() else {
            let place = self.values.iter().position(|filed| filed == value);
            return place.map(|at| self.values.remove(at)).is_some();
        };
        let Ok(at) = self.place(first) else { return false };
        let child = &mut self.children[at];
        let Some(rest) = rest.strip_prefix(child.edge.as_slice()) else { return false };
        let removed = child.remove(rest, value);
        if removed && child.values.is_empty() {
            self.tidy(at);
        }
        removed
    }

    /// Drops the child when nothing hangs below it, and merges it with its only child when one does.
    fn tidy(&mut self, at: usize) {
        let child = &mut self.children[at];
        match child.children.len() {
            0 => drop(self.children.remove(at)),
            1 => {
                let mut lower = child.children.remove(0);
                lower.edge.insert_from_slice(0, &child.edge);
                *child = lower;
            }
            _ => {}
        }
    }
}

struct Matches<'a, V> {
    node: &'a Node<V>,
    values: slice::Iter<'a, V>,
    rest: &'a [u8],
}

impl<'a, V> Iterator for Matches<'a, V> {
    type Item = &'a V;

    fn next(&mut self) -> Option<&'a V> {
        loop {
            if let Some(value) = self.values.next() {
                return Some(value);
            }
            (self.node, self.rest) = self.node.step(self.rest)?;
            self.values = self.node.values.iter();
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn found<V: Clone>(tree: &Tree<V>, name: &str) -> Vec<V> {
        tree.matches(name).cloned().collect()
    }

    #[test]
    fn a_name_finds_every_prefix_it_begins_with_shortest_first() {
        let mut tree = Tree::new();
        for prefix in ["temperature", "temp", "t", "tempest", "humidity", "temperature/kitchen/upstairs/left"]
        {
            tree.insert(prefix, prefix);
        }
        assert_eq!(found(&tree, "temperature/kitchen"), ["t", "temp", "temperature"]);
        assert_eq!(found(&tree, "tem"), ["t"]);
        assert_eq!(found(&tree, "Temp"), [""; 0]);
        assert_eq!(found(&tree, ""), [""; 0]);
    }

    #[test]
    fn letters_of_several_bytes_are_told_apart() {
        let mut tree = Tree::new();
        tree.insert("tür", 1);
        tree.insert("tüs", 2);
        tree.insert("tö", 3);
        assert_eq!(found(&tree, "türe"), [1]);
        assert_eq!(found(&tree, "t"), [0; 0]);
    }

    #[test]
    fn only_the_value_named_is_removed_from_under_its_prefix() {
        let mut tree = Tree::new();
        tree.insert("temp", 1);
        tree.insert("temp", 2);
        assert!(!tree.remove("tem", &1));
        assert!(!tree.remove("temp", &3));
        assert!(tree.remove("temp", &1));
        assert_eq!(found(&tree, "temperature"), [2]);
        assert_eq!(tree.len(), 1);
    }

    /// Nodes on the path of a name: what a look-up costs.
    fn visited<V>(node: &Node<V>, rest: &[u8]) -> usize {
        1 + node.step(rest).map_or(0, |(child, rest)| visited(child, rest))
    }

    #[test]
    fn a_look_up_among_100_000_prefixes_visits_no_more_nodes_than_the_name_is_long() {
        let mut tree = Tree::new();
        for n in 0..100_000_u32 {
            tree.insert(&format!("site{}/sensor{}", n % 317, n), n);
        }
        assert_eq!(found(&tree, "site84/sensor12447/x"), [12_447]);
        assert!(visited(&tree.root, b"site84/sensor12447/x") <= 12);
        // Every node but the root holds a value or forks, so there are fewer than two per prefix.
        let bytes = nodes(&tree.root) * size_of::<Node<[u8; 12]>>();
        assert!(bytes < 10_000_000, "{bytes} bytes");
    }

    fn nodes<V>(node: &Node<V>) -> usize {
        1 + node.children.iter().map(nodes).sum::<usize>()
    }

    fn tidy<V>(node: &Node<V>) -> bool {
        let sorted = node.children.is_sorted_by_key(|child| child.edge[0]);
        let earned = |child: &Node<V>| !child.values.is_empty() || child.children.len() > 1;
        sorted && node.children.iter().all(|child| earned(child) && tidy(child))
    }

    proptest! {
        #[test]
        fn it_finds_what_a_plain_filter_finds(
            steps in prop::collection::vec((any::<bool>(), "[ab/é]{0,6}", 0..4_u8), 0..120),
            names in prop::collection::vec("[ab/é]{0,10}", 1..10),
        ) {
            let (mut tree, mut plain) = (Tree::new(), Vec::<(String, u8)>::new());
            for (adds, prefix, value) in steps {
                if adds {
                    tree.insert(&prefix, value);
                    plain.push((prefix, value));
                } else {
                    let place = plain.iter().position(|filed| *filed == (prefix.clone(), value));
                    prop_assert_eq!(tree.remove(&prefix, &value), place.is_some());
                    place.map(|at| plain.remove(at));
                }
                prop_assert!(tidy(&tree.root));
                prop_assert_eq!(tree.len(), plain.len());
                prop_assert_eq!(tree.is_empty(), plain.is_empty());
            }
            for name in names {
                let mut expected: Vec<_> =
                    plain.iter().filter(|(prefix, _)| name.starts_with(prefix.as_str())).collect();
                expected.sort_by_key(|(prefix, _)| prefix.len());
                let expected: Vec<_> = expected.into_iter().map(|(_, value)| *value).collect();
                prop_assert_eq!(found(&tree, &name), expected);
            }
        }
    }
}
