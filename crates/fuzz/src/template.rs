//! Templates, and the documents they are filled in from.

use fieldhook_core::template::{RENDER_LIMIT, Template, Trace, Values};
use serde_json::Value;

use crate::pieces;

/// What parses renders the same way each time, within its limits, or leaves nothing behind.
pub(crate) fn templates_render_within_their_limits(bytes: &[u8]) {
    let [text, json] = pieces(bytes);
    let document = serde_json::from_str::<Value>(&json).unwrap_or(Value::Null);
    let template = match Template::parse(&text) {
        Ok(template) => template,
        Err(error) => {
            let lines = text.split('\n').count();
            return assert!(error.position().is_none_or(|place| (1..=lines).contains(&place.line)));
        }
    };
    assert_eq!(template.source(), text);

    let values = Values::of_json(&document);
    let mut out = "before ".to_owned();
    let mut trace = Trace::default();
    let traced = template.render_into(&values, &mut out, Some(&mut trace));
    let plain = template.render(&values);
    let mapped = template.render_mapped(&values);
    assert_eq!(traced.as_ref().err(), plain.as_ref().err());
    assert_eq!(mapped.as_ref().err(), plain.as_ref().err());
    let Ok(rendered) = plain else { return assert_eq!(out, "before ") };
    assert!(rendered.len() <= RENDER_LIMIT);
    assert_eq!(out.strip_prefix("before "), Some(rendered.as_str()));
    assert_eq!(mapped.map(|mapped| mapped.text).as_deref(), Ok(rendered.as_str()));
    assert!(rendered.starts_with(template.static_prefix()));
    if template.is_static() {
        assert_eq!(template.render(&Values::of_json(&Value::Null)), Ok(rendered));
    }
}
