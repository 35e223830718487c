//! Which variable broke a rendered text: found by putting something harmless in the place of what they gave.

use super::error::Position;
use super::watch::Mapped;

/// What stands in for a variable: good JSON where a number may stand, and good text between quotes.
const HARMLESS: &str = "0";
/// Most variables that are blamed together. What needs more is the template's own doing.
const MOST_BLAMED: usize = 8;

/// What a rendered text is broken by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Blame {
    /// By what these variables gave: with something harmless in their place, and all else as it was, it is
    /// good. In the order in which the template uses them.
    Variables(Vec<String>),
    /// By the template's own text: no variable's value mends it.
    Text,
}

impl Mapped {
    /// Finds which variables broke the text, which `fits` does not accept as it is.
    ///
    /// Each one costs a logarithm of their number in tries: if the text is good with all of them replaced,
    /// there is a shortest head of their list with which it is, and the last of that head is to blame.
    pub fn blame(&self, fits: impl Fn(&str) -> bool) -> Blame {
        let names = self.names();
        if !fits(&self.without(&names)) {
            // A value that is more than one value, such as a list of members, cannot be replaced harmlessly.
            let alone = names.iter().find(|name| fits(&self.without(&[**name])));
            return alone.map_or(Blame::Text, |name| Blame::Variables(vec![(*name).to_owned()]));
        }
        let mut blamed: Vec<&str> = Vec::new();
        while !fits(&self.without(&blamed)) {
            if blamed.len() == MOST_BLAMED {
                return Blame::Text;
            }
            let with_head = |size: usize| [&blamed[..], &names[..size]].concat();
            let (mut broken, mut good) = (0, names.len());
            while good - broken > 1 {
                let middle = usize::midpoint(broken, good);
                if fits(&self.without(&with_head(middle))) { good = middle } else { broken = middle }
            }
            match names.get(good.wrapping_sub(1)) {
                Some(name) if !blamed.contains(name) => blamed.push(name),
                _ => return Blame::Text,
            }
        }
        blamed.sort_by_key(|name| names.iter().position(|known| known == name));
        Blame::Variables(blamed.into_iter().map(str::to_owned).collect())
    }

    /// The text with what these variables gave replaced by something harmless.
    fn without(&self, names: &[&str]) -> String {
        let mut out = String::with_capacity(self.text.len());
        for span in &self.spans {
            match &span.name {
                Some(name) if names.contains(&name.as_str()) => out.push_str(HARMLESS),
                _ => out.push_str(&self.text[span.rendered.clone()]),
            }
        }
        out
    }

    /// Every variable that was written, each once, in the order of first use.
    fn names(&self) -> Vec<&str> {
        let mut names = Vec::new();
        for name in self.spans.iter().filter_map(|span| span.name.as_deref()) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }

    /// The place in the template that gave the byte at this offset of the rendered text: for literal text the
    /// very character, for a variable the beginning of its tag.
    pub fn place_of(&self, rendered: usize, template: &str) -> Option<Position> {
        let span = self.span_at(rendered).or_else(|| self.spans.last())?;
        let into = rendered.saturating_sub(span.rendered.start);
        let at = match span.name {
            Some(_) => span.template.start,
            None => span.template.start.saturating_add(into).min(span.template.end),
        };
        let at = (0..=at).rev().find(|at| template.is_char_boundary(*at))?;
        Some(Position::of(template, at))
    }

    /// The place of the first tag of this variable.
    pub fn place_of_name(&self, name: &str, template: &str) -> Option<Position> {
        let span = self.spans.iter().find(|span| span.name.as_deref() == Some(name))?;
        Some(Position::of(template, span.template.start))
    }

    /// What the variable gave at its first tag.
    pub fn given_by(&self, name: &str) -> Option<&str> {
        let span = self.spans.iter().find(|span| span.name.as_deref() == Some(name))?;
        Some(&self.text[span.rendered.clone()])
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::de::IgnoredAny;
    use serde_json::{Value, json};

    use super::super::{Template, Values};
    use super::*;

    fn is_json(text: &str) -> bool {
        serde_json::from_str::<IgnoredAny>(text).is_ok()
    }

    fn mapped(template: &str, values: &Value) -> Mapped {
        Template::parse(template).unwrap().render_mapped(&Values::of_json(values)).unwrap()
    }

    fn blamed(template: &str, values: &Value) -> Blame {
        mapped(template, values).blame(is_json)
    }

    fn variables(names: &[&str]) -> Blame {
        Blame::Variables(names.iter().map(|name| (*name).to_owned()).collect())
    }

    #[test]
    fn the_variable_without_which_it_would_be_json_is_blamed() {
        for (template, values, blame) in [
            (r#"{"a": {{a}}, "b": {{b}}}"#, json!({"a": 1}), variables(&["b"])),
            (r#"{"a": {{a}}, "b": {{b}}}"#, json!({"a": "x", "b": 1}), variables(&["a"])),
            (r#"{"a": "{{{a}}}", "b": {{b}}}"#, json!({"a": "say \"hi\"", "b": 1}), variables(&["a"])),
            (r#"{"a": {{a}}, "b": {{b}}, "c": {{c}}}"#, json!({"b": 1}), variables(&["a", "c"])),
        ] {
            assert_eq!(blamed(template, &values), blame, "{template}");
        }
    }

    #[test]
    fn a_fault_of_the_templates_own_text_is_blamed_on_no_variable() {
        assert_eq!(blamed(r#"{"a": {{a}},}"#, &json!({"a": 1})), Blame::Text);
        assert_eq!(blamed(r#"{"list": [{{#l}}{{.}},{{/l}}]}"#, &json!({"l": [1, 2]})), Blame::Text);
    }

    #[test]
    fn a_variable_that_gives_several_members_is_blamed_when_it_alone_is_at_fault() {
        let template = r#"{ {{{members}}}, "t": {{t}} }"#;
        assert_eq!(blamed(template, &json!({"members": "\"a\":1"})), variables(&["t"]));
    }

    #[test]
    fn a_place_of_the_rendered_text_is_a_place_of_the_template() {
        let template = "{\n  \"a\": {{a}},\n  \"é\": {{b}} x\n}";
        let mapped = mapped(template, &json!({"a": "123456", "b": 7}));
        let place = |text: &str| {
            let position = mapped.place_of(mapped.text.find(text).unwrap(), template).unwrap();
            (position.line, position.column)
        };
        assert_eq!((place("3456"), place("7 x"), place("x")), ((2, 8), (3, 8), (3, 14)));
        let named = mapped.place_of_name("b", template).unwrap();
        assert_eq!((named.line, named.column, mapped.given_by("b")), (3, 8, Some("7")));
        assert_eq!(mapped.place_of(usize::MAX, template).unwrap().line, 4);
    }

    proptest! {
        #[test]
        fn whoever_is_blamed_mends_the_text(values in prop::collection::vec(
            prop_oneof![Just(json!(1)), Just(json!("x")), Just(json!("")), Just(json!("\""))], 1..12,
        )) {
            let tags: Vec<_> = (0..values.len()).map(|n| format!("\"k{n}\": {{{{{{v{n}}}}}}}")).collect();
            let template = format!("{{{}}}", tags.join(", "));
            let document: serde_json::Map<_, _> =
                values.iter().enumerate().map(|(n, value)| (format!("v{n}"), value.clone())).collect();
            let mapped = mapped(&template, &Value::Object(document));
            if !is_json(&mapped.text) {
                match mapped.blame(is_json) {
                    Blame::Variables(names) => {
                        let names: Vec<_> = names.iter().map(String::as_str).collect();
                        prop_assert!(is_json(&mapped.without(&names)));
                    }
                    Blame::Text => prop_assert!(values.iter().filter(|v| !v.is_number()).count() > MOST_BLAMED),
                }
            }
        }
    }
}
