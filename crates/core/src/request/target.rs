//! The URL of a request: where it goes, and what path and query it names there.
//!
//! A value in double braces (`{{x}}`) is data: percent-encoding takes the place of HTML escaping, so it adds
//! no query parameter, no fragment and no escape of its own. In a path its slashes stand, as event names are
//! made of them, but it cannot climb with `..`. A value in triple braces (`{{{x}}}`) is part of the URL: what
//! has a meaning there keeps it, and only what no URL may contain is encoded. So are `#`, whose fragment
//! would never be sent, and a `%` that begins no escape.

use std::ops::Range;

use super::encode::{component, segments, url_text};
use super::pen::{Hole, Pen, within};
use super::{RenderFault, TARGET_LIMIT};
use crate::attempt::Code;
use crate::integration::Place;
use crate::origin::Origin;
use crate::template::{Mapped, Template};

/// A webhook's URL, as far as it is known when the webhook is saved.
#[derive(Debug, Clone)]
pub(super) enum Address {
    /// No tag at all.
    Fixed { origin: Origin, target: String },
    /// Tags in path and query only; the target begins at this byte.
    Target { origin: Origin, begins: usize, url: UrlTemplate },
    /// Tags in scheme, host or port: each request tells where it goes.
    Whole(UrlTemplate),
}

impl Address {
    /// Sorts a URL that [`crate::integration::Definition::read`] has found to be in order.
    pub(super) fn new(url: &Template) -> Self {
        let known = url.static_prefix();
        let split = Origin::split(known).ok();
        match split {
            Some((origin, begins)) if url.is_static() => {
                Self::Fixed { origin, target: target(&[(&known[begins..], Kind::Author)]) }
            }
            Some((origin, begins)) if begins < known.len() => {
                Self::Target { origin, begins, url: UrlTemplate::new(url) }
            }
            _ => Self::Whole(UrlTemplate::new(url)),
        }
    }

    /// The origin, when no tag decides it.
    pub(super) fn origin(&self) -> Option<&Origin> {
        match self {
            Self::Fixed { origin, .. } | Self::Target { origin, .. } => Some(origin),
            Self::Whole(_) => None,
        }
    }

    /// Fills in the URL.
    pub(super) fn fill(&self, pen: &mut Pen<'_>) -> Result<(Origin, String), RenderFault> {
        match self {
            Self::Fixed { origin, target } => Ok((origin.clone(), target.clone())),
            Self::Target { origin, begins, url } => {
                let filled = url.fill(pen)?;
                Ok((origin.clone(), target(&url.parts(&filled, *begins))))
            }
            Self::Whole(url) => {
                let filled = url.fill(pen)?;
                let (origin, begins) = Origin::split(&filled.text).map_err(|fault| {
                    let place = Place { field: Some("url".to_owned()), ..Place::default() };
                    RenderFault::new(Code::Render, place, format!("`url` filled in: {fault}"))
                })?;
                let target = target(&url.parts(&filled, begins));
                Ok((origin, target))
            }
        }
    }
}

/// Where a webhook's URL sends its requests, when no tag decides that.
pub fn fixed_origin(url: &str) -> Option<Origin> {
    let url = Template::parse(url.trim()).ok()?;
    Address::new(&url).origin().cloned()
}

/// Who wrote a part of a URL, which decides how it is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// The template's author, in so many words.
    Author,
    /// The author lets a value stand as it is: `{{{x}}}`.
    Raw,
    /// A value that is only data: `{{x}}`.
    Data,
}

/// Writes path and query from their parts.
fn target(parts: &[(&str, Kind)]) -> String {
    let mut out = String::with_capacity(64);
    let begins_well =
        parts.iter().find(|(text, _)| !text.is_empty()).is_some_and(|(text, _)| text.starts_with('/'));
    if !begins_well {
        out.push('/');
    }
    let mut in_query = false;
    for (text, kind) in parts {
        match kind {
            Kind::Author => {
                let sent = text.split_once('#').map_or(*text, |(sent, _)| sent);
                url_text(sent, &mut out);
                in_query |= sent.contains('?');
                if sent.len() < text.len() {
                    break;
                }
            }
            Kind::Raw => {
                url_text(text, &mut out);
                in_query |= text.contains('?');
            }
            Kind::Data if in_query => component(text, &mut out),
            Kind::Data => segments(text, &mut out),
        }
    }
    out
}

/// A URL template whose double braces are rewritten to triple ones: how a value is encoded is decided here,
/// knowing where it stands, and HTML escaping has no place in a URL.
#[derive(Debug, Clone)]
pub(super) struct UrlTemplate {
    raw: Hole,
    /// Where the rewritten tags stand in `raw`.
    data: Vec<Range<usize>>,
}

impl UrlTemplate {
    fn new(url: &Template) -> Self {
        let (source, data) = unescaped(url.source());
        let raw =
            Template::parse(&source).expect("a valid template stays valid with a brace more around a name");
        Self { raw: Hole { field: "url".to_owned(), template: raw }, data }
    }

    fn fill(&self, pen: &mut Pen<'_>) -> Result<Mapped, RenderFault> {
        let filled = pen.map(&self.raw)?;
        within(filled.text.len(), TARGET_LIMIT, "url", "the URL")?;
        Ok(filled)
    }

    /// What was filled in from this byte on, cut by who wrote it.
    fn parts<'a>(&self, filled: &'a Mapped, begins: usize) -> Vec<(&'a str, Kind)> {
        let mut parts = Vec::with_capacity(filled.spans.len() * 2 + 1);
        let mut at = begins;
        for span in filled.spans.iter().filter(|span| span.name.is_some() && span.rendered.end > begins) {
            let Range { start, end } = span.rendered;
            let start = start.max(begins);
            parts.push((&filled.text[at..start], Kind::Author));
            // A value that names the host is trusted with what it says behind it: `{{URL}}` is a URL.
            let names_host = span.rendered.start < begins;
            let kind = if self.data.contains(&span.template) && !names_host { Kind::Data } else { Kind::Raw };
            parts.push((&filled.text[start..end], kind));
            at = end;
        }
        parts.push((&filled.text[at..], Kind::Author));
        parts
    }
}

/// The template with every `{{x}}` made `{{{x}}}`, and where these stand now.
fn unescaped(source: &str) -> (String, Vec<Range<usize>>) {
    let (mut out, mut data) = (String::with_capacity(source.len() + 8), Vec::new());
    let mut rest = source;
    while let Some((before, tag)) = rest.split_once("{{") {
        out.push_str(before);
        let close = if tag.starts_with('{') { "}}}" } else { "}}" };
        let Some(end) = tag.find(close) else { break };
        let (inside, after) = (&tag[..end], &tag[end + close.len()..]);
        let start = out.len();
        if inside.trim_start().starts_with(['{', '&', '#', '^', '/', '!']) {
            out.extend(["{{", inside, close]);
        } else {
            out.extend(["{{{", inside, "}}}"]);
            data.push(start..out.len());
        }
        rest = after;
    }
    out.push_str(rest);
    (out, data)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn double_braces_become_triple_ones_and_other_tags_stay() {
        let (source, data) = unescaped("/{{a}}/{{{b}}}/{{&c}}/{{#d}}x{{ e }}{{/d}}{{!f}}");
        assert_eq!(source, "/{{{a}}}/{{{b}}}/{{&c}}/{{#d}}x{{{ e }}}{{/d}}{{!f}}");
        let found: Vec<_> = data.into_iter().map(|range| &source[range]).collect();
        assert_eq!(found, ["{{{a}}}", "{{{ e }}}"]);
    }

    #[test]
    fn a_target_is_encoded_by_who_wrote_each_part() {
        for (parts, expected) in [
            (vec![("", Kind::Author)], "/"),
            (vec![("?a=b", Kind::Author)], "/?a=b"),
            (vec![("/a b/#top", Kind::Author), ("x", Kind::Data)], "/a%20b/"),
            (vec![("/", Kind::Author), ("a/b?c#d%20", Kind::Data)], "/a/b%3Fc%23d%2520"),
            (vec![("/", Kind::Author), ("a/b?c#d%20", Kind::Raw)], "/a/b?c%23d%20"),
            (vec![("/x?v=", Kind::Author), ("a/b&c=d", Kind::Data)], "/x?v=a%2Fb%26c%3Dd"),
            (vec![("/x?", Kind::Author), ("a=1&b=2", Kind::Raw)], "/x?a=1&b=2"),
            (vec![("", Kind::Author), ("in?", Kind::Raw), ("&", Kind::Data)], "/in?%26"),
            (vec![("/x/", Kind::Author), ("../../admin", Kind::Data)], "/x/%2E%2E%2F%2E%2E%2Fadmin"),
        ] {
            assert_eq!(target(&parts), expected, "{parts:?}");
        }
    }

    proptest! {
        #[test]
        fn a_valid_template_stays_valid_when_its_braces_are_rewritten(text in "[{}#/^&!a. \n]{0,24}") {
            if let Ok(template) = Template::parse(&text) {
                let rewritten = UrlTemplate::new(&template);
                prop_assert!(rewritten.raw.template.names().eq(template.names()));
            }
        }

        #[test]
        fn tags_are_told_from_text(parts in prop::collection::vec("a|\\{\\{x\\}\\}|\\{\\{\\{x\\}\\}\\}|\\}", 0..8)) {
            if let Ok(template) = Template::parse(&parts.concat()) {
                let doubles = parts.iter().filter(|part| *part == "{{x}}").count();
                prop_assert_eq!(UrlTemplate::new(&template).data.len(), doubles);
            }
        }
    }
}
