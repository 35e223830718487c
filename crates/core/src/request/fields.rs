//! Names and values as forms and queries write them, with the default data among them.

use super::encode::component;
use super::pen::{Pen, Text, within};
use super::variables::Facts;
use super::{BODY_LIMIT, RenderFault};
use crate::integration::Pair;

/// Which of the default fields a request gets. A field that the template names itself is not among them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Defaults([bool; 4]);

/// The default fields, in the order they are sent.
const NAMES: [&str; 4] = ["event", "data", "published_at", "coreid"];

impl Defaults {
    pub(super) const ALL: Self = Self([true; 4]);
    pub(super) const NONE: Self = Self([false; 4]);

    /// Leaves out a field, for the template has one of that name.
    pub(super) fn leave_out(&mut self, name: &str) {
        if let Some(at) = NAMES.iter().position(|known| *known == name) {
            self.0[at] = false;
        }
    }

    pub(super) fn any(self) -> bool {
        self != Self::NONE
    }

    /// Calls `write` for each field with its name and value.
    pub(super) fn each(self, facts: &Facts<'_>, mut write: impl FnMut(&'static str, &str)) {
        let event = facts.event;
        let [name, data, published_at, coreid] = self.0;
        if name {
            write(NAMES[0], &event.name);
        }
        if data {
            write(NAMES[1], event.data_text());
        }
        if published_at {
            write(NAMES[2], &event.published_at.to_string());
        }
        if coreid {
            write(NAMES[3], &event.publisher.to_string());
        }
    }
}

/// The fields of a form or a query.
#[derive(Debug, Clone)]
pub(super) struct Fields {
    pairs: Vec<(Text, Text)>,
    defaults: Defaults,
}

impl Fields {
    /// The template's own fields, and those of the defaults that it does not name.
    pub(super) fn new<'a>(pairs: impl IntoIterator<Item = &'a Pair>, mut defaults: Defaults) -> Self {
        let pairs = pairs.into_iter().map(|pair| {
            if pair.name.is_static() {
                defaults.leave_out(pair.name.source());
            }
            let text = |template| Text::new(&pair.field, template, component);
            (text(&pair.name), text(&pair.value))
        });
        Self { pairs: pairs.collect(), defaults }
    }

    /// Writes `name=value&…`, beginning with `separator` if there is anything to write.
    pub(super) fn write(
        &self,
        pen: &mut Pen<'_>,
        facts: &Facts<'_>,
        mut separator: &'static str,
        out: &mut String,
    ) -> Result<(), RenderFault> {
        let mut defaults = self.defaults;
        for (name, value) in &self.pairs {
            out.push_str(std::mem::replace(&mut separator, "&"));
            match name {
                Text::Fixed(name) => out.push_str(name),
                Text::Hole(name) => {
                    let name = pen.fill(name)?;
                    defaults.leave_out(name);
                    component(name, out);
                }
            }
            out.push('=');
            pen.write(value, component, out)?;
            within(out.len(), BODY_LIMIT, "form", "what is sent")?;
        }
        defaults.each(facts, |name, value| {
            out.push_str(std::mem::replace(&mut separator, "&"));
            out.push_str(name);
            out.push('=');
            component(value, out);
        });
        Ok(())
    }
}
