//! Finding a thing by its id or its name: how well it fits what a person typed.

use crate::needle::Needle;

/// What a person typed.
#[derive(Debug, Clone)]
pub struct Sought {
    text: String,
    needle: Needle,
}

/// How well a thing fits, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fit {
    /// It is its id.
    Id,
    /// It is its name.
    Name,
    /// Its name begins so.
    NameBegins,
    /// Its name holds it.
    NameHolds,
    /// Its id begins so.
    IdBegins,
}

impl Sought {
    /// What to look for, unless it is empty.
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        (!text.is_empty()).then(|| Self { text: text.to_owned(), needle: Needle::new(text) })
    }

    /// The text, without space around it.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The same, to look for within texts.
    pub fn needle(&self) -> &Needle {
        &self.needle
    }

    /// How well a thing with this id and these names fits, if it does at all. The case of ASCII letters does not
    /// matter.
    pub fn fit<'a>(&self, id: &str, names: impl IntoIterator<Item = &'a str>) -> Option<Fit> {
        if id.eq_ignore_ascii_case(&self.text) {
            return Some(Fit::Id);
        }
        let by_name = names.into_iter().filter_map(|name| self.fit_of_name(name)).min();
        by_name.or_else(|| self.begins(id).then_some(Fit::IdBegins))
    }

    fn fit_of_name(&self, name: &str) -> Option<Fit> {
        if name.eq_ignore_ascii_case(&self.text) {
            Some(Fit::Name)
        } else if self.begins(name) {
            Some(Fit::NameBegins)
        } else {
            self.needle.is_in(name).then_some(Fit::NameHolds)
        }
    }

    fn begins(&self, text: &str) -> bool {
        let head = text.as_bytes().get(..self.text.len());
        head.is_some_and(|head| head.eq_ignore_ascii_case(self.text.as_bytes()))
    }
}

/// The things that fit best, as many as there is room for; of two that fit alike, the one that came first.
#[derive(Debug, Clone)]
pub struct Best<T> {
    room: usize,
    found: Vec<(Fit, T)>,
}

impl<T> Best<T> {
    /// None yet.
    pub fn new(room: usize) -> Self {
        Self { room, found: Vec::new() }
    }

    /// Takes in a thing that fits, unless better ones have taken all the room.
    pub fn add(&mut self, fit: Fit, thing: impl FnOnce() -> T) {
        let at = self.found.partition_point(|(other, _)| *other <= fit);
        if at < self.room {
            self.found.truncate(self.room - 1);
            self.found.insert(at, (fit, thing()));
        }
    }

    /// The things, best first.
    pub fn into_vec(self) -> Vec<T> {
        self.found.into_iter().map(|(_, thing)| thing).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_counts_whole_or_from_its_beginning_and_a_name_anywhere() {
        let sought = Sought::new(" AbC ").unwrap();
        for (id, names, fit) in [
            ("abc", &["x"][..], Some(Fit::Id)),
            ("1", &["ABC"], Some(Fit::Name)),
            ("1", &["xabc", "abcd"], Some(Fit::NameBegins)),
            ("1", &["xabc"], Some(Fit::NameHolds)),
            ("abcd", &["xabc"], Some(Fit::NameHolds)),
            ("abcd", &[], Some(Fit::IdBegins)),
            ("1abc", &["ab"], None),
        ] {
            assert_eq!(sought.fit(id, names.iter().copied()), fit, "{id} {names:?}");
        }
        assert!(Sought::new("  ").is_none());
    }

    #[test]
    fn the_best_are_kept_in_their_order() {
        let mut best = Best::new(3);
        for (fit, thing) in
            [(Fit::NameHolds, 1), (Fit::IdBegins, 2), (Fit::NameHolds, 3), (Fit::NameHolds, 4), (Fit::Id, 5)]
        {
            best.add(fit, || thing);
        }
        assert_eq!(best.into_vec(), [5, 1, 3]);
    }
}
