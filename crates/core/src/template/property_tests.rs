//! What holds for every template and value: limits, traces, maps, and no panic.

use proptest::prelude::*;
use serde_json::json;

use super::*;

fn template(text: &str) -> Template {
    Template::parse(text).unwrap()
}

/// Pieces that parse alone and in any order.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[a-z \n<&\"']{0,8}",
        Just("{{a}}".to_owned()),
        Just("{{{b}}}".to_owned()),
        Just("{{&l.0}}".to_owned()),
        Just("{{missing}}".to_owned()),
        Just("{{#l}}\n{{.}}{{/l}}".to_owned()),
        Just("{{^missing}}{{a}}{{/missing}}".to_owned()),
        Just("{{! words }}".to_owned()),
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

#[test]
fn a_rendering_may_fill_the_limit_and_not_pass_it() {
    let full = "x".repeat(RENDER_LIMIT);
    for text in [full.clone(), "{{{a}}}".to_owned(), "{{a}}".to_owned()] {
        let exact = template(&text).render(&Values::of_json(&json!({"a": full})));
        assert_eq!(exact.unwrap().len(), RENDER_LIMIT);
    }
    let over = Err(TemplateError::TooLarge { size: RENDER_LIMIT + 1, limit: RENDER_LIMIT });
    let longer = json!({"a": format!("{full}x")});
    assert_eq!(template(&format!("{full}x")).render(&Values::of_json(&longer)), over);
    assert_eq!(template("{{{a}}}").render(&Values::of_json(&longer)), over);
    let list = json!({"a": vec![0; RENDER_LIMIT]});
    let stopped = template("{{a}}").render(&Values::of_json(&list));
    assert!(matches!(stopped, Err(TemplateError::TooLarge { .. })), "{stopped:?}");
}

#[test]
fn escaping_counts_towards_the_limit() {
    let quotes = json!({"a": "'".repeat(RENDER_LIMIT / 5 + 1)});
    assert!(template("{{{a}}}").render(&Values::of_json(&quotes)).is_ok());
    assert!(template("{{a}}").render(&Values::of_json(&quotes)).is_err());
}

#[test]
fn the_limit_is_on_what_is_appended_and_a_failure_appends_nothing() {
    let mut out = "y".repeat(RENDER_LIMIT);
    template("{{a}}").render_into(&Values::of_json(&json!({"a": "z"})), &mut out, None).unwrap();
    assert!(out.ends_with("yz"));

    let mut out = "before".to_owned();
    let huge = json!({"a": "x".repeat(RENDER_LIMIT)});
    assert!(template("more {{a}}").render_into(&Values::of_json(&huge), &mut out, None).is_err());
    assert_eq!(out, "before");
}

#[test]
fn lists_nested_in_lists_run_out_of_steps_not_of_time() {
    let bomb = template("{{#l}}{{#l}}{{#l}}{{#l}}{{x}}{{/l}}{{/l}}{{/l}}{{/l}}");
    let data = json!({"l": vec![1; 1000]});
    let stopped = bomb.render(&Values::of_json(&data));
    assert_eq!(stopped, Err(TemplateError::TooMuchWork { limit: STEP_LIMIT }));
}

#[test]
fn templates_on_one_budget_share_its_steps() {
    let data = json!({"l": vec![1; 20_000]});
    let values = Values::of_json(&data);
    let (mut budget, mut out) = (Budget::default(), String::new());
    let costly = template("{{#l}}{{x}}{{/l}}");
    costly.render_within(&mut budget, &values, &mut out, None).unwrap();
    let second = costly.render_within(&mut budget, &values, &mut out, None);
    assert_eq!(second, Err(TemplateError::TooMuchWork { limit: STEP_LIMIT }));
}

#[test]
fn a_list_that_fills_the_largest_event_renders() {
    let data = json!({"l": vec![1; crate::event::DEFAULT_DATA_LIMIT / 2]});
    let rendered = template("{{#l}}<{{.}}>{{x}};{{/l}}").render(&Values::of_json(&data)).unwrap();
    assert_eq!(rendered.len(), 4 * crate::event::DEFAULT_DATA_LIMIT / 2);
}

#[test]
fn a_trace_names_what_was_used_missing_and_escaped_once_each() {
    let named = [("ID", Cow::Borrowed("a<b"))];
    let json = json!({"t": 1, "quote": "\"", "null": null, "l": [1, 2], "o": {"x": 1}});
    let values = Values { named: &named, secrets: &NO_SECRETS, json: Some(&json) };
    let text = "{{ID}}{{{quote}}}{{quote}}{{t}}{{t}}{{null}}{{no}}{{#l}}{{.}}{{gone}}{{/l}}{{^never}}{{/never}}{{o.x}}{{o.y}}";
    let mut trace = Trace::default();
    template(text).render_into(&values, &mut String::new(), Some(&mut trace)).unwrap();
    assert_eq!(trace.used, ["ID", "quote", "t", "l", ".", "o.x"]);
    assert_eq!(trace.missing, ["null", "no", "gone", "o.y"]);
    assert_eq!(trace.escaped, ["ID", "quote"]);
}

#[test]
fn a_map_leads_from_a_rendered_byte_to_its_tag() {
    let data = json!({"id": "7", "l": ["x", "y"]});
    let mapped =
        template("/api/{{id}}/{{no}}/{{#l}}{{.}},{{/l}}").render_mapped(&Values::of_json(&data)).unwrap();
    assert_eq!(mapped.text, "/api/7//x,y,");

    let id = mapped.span_at(5).unwrap();
    assert_eq!((id.template.clone(), id.name.as_deref()), (5..11, Some("id")));
    let second = mapped.span_at(10).unwrap();
    assert_eq!((second.template.clone(), second.name.as_deref()), (25..30, Some(".")));
    let hole = mapped.spans.iter().find(|span| span.name.as_deref() == Some("no")).unwrap();
    assert_eq!((hole.rendered.clone(), hole.template.clone()), (7..7, 12..18));
    assert_eq!(mapped.span_at(mapped.text.len()), None);
}

proptest! {
    #[test]
    fn any_text_is_parsed_or_refused_with_a_place_inside_it(text in "[a-c.{}#/^&!>=\r\n <'\u{e9}]{0,60}") {
        match Template::parse(&text) {
            Ok(template) => {
                prop_assert_eq!(template.source(), &text);
                prop_assert!(text.starts_with(template.static_prefix()));
                template.render(&Values::of_json(&json!({"a": [1, {"b": "<"}], "b": "x"}))).unwrap();
            }
            Err(refused) => {
                let position = refused.position().unwrap();
                prop_assert!(text[position.at..].starts_with("{{"));
                prop_assert_eq!(position, Position::of(&text, position.at));
            }
        }
    }

    #[test]
    fn a_text_without_double_braces_is_its_own_rendering(text in "([^{]|\\{[^{])*") {
        let template = template(&text);
        prop_assert!(template.is_static());
        prop_assert_eq!(template.static_prefix(), &text);
        prop_assert_eq!(template.render(&Values::of_json(&json!({}))).unwrap(), text);
    }

    #[test]
    fn an_escaped_value_holds_no_raw_special_and_reads_back(value in "\\PC{0,60}|[&<>\"']{0,20}") {
        let data = json!({"x": value});
        let escaped = template("{{x}}").render(&Values::of_json(&data)).unwrap();
        prop_assert!(!escaped.contains(['<', '>', '"', '\'']));
        let unescaped = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")]
            .into_iter()
            .fold(escaped, |text, (entity, plain)| text.replace(entity, plain));
        prop_assert_eq!(&unescaped, &value);
        prop_assert_eq!(template("{{{x}}}").render(&Values::of_json(&data)).unwrap(), value);
    }

    #[test]
    fn a_section_over_a_list_renders_once_for_each_item(count in 0_usize..200) {
        let data = json!({"l": vec![0; count]});
        prop_assert_eq!(template("{{#l}}ab{{/l}}").render(&Values::of_json(&data)).unwrap(), "ab".repeat(count));
    }

    #[test]
    fn watching_a_rendering_does_not_change_it(text in pieces()) {
        let data = json!({"a": "<1>", "b": {"c": "\""}, "l": ["x", 2]});
        let values = Values::of_json(&data);
        let template = template(&text);
        let plain = template.render(&values).unwrap();
        let mut traced = String::new();
        template.render_into(&values, &mut traced, Some(&mut Trace::default())).unwrap();
        prop_assert_eq!(&traced, &plain);
        prop_assert_eq!(template.render_mapped(&values).unwrap().text, plain);
    }

    #[test]
    fn spans_cover_the_rendered_text_and_literal_ones_equal_their_source(text in pieces()) {
        let data = json!({"a": "<1>", "b": {"c": "\""}, "l": ["x", 2]});
        let mapped = template(&text).render_mapped(&Values::of_json(&data)).unwrap();
        let mut end = 0;
        for span in &mapped.spans {
            prop_assert_eq!(span.rendered.start, end);
            end = span.rendered.end;
            match &span.name {
                None => prop_assert_eq!(&mapped.text[span.rendered.clone()], &text[span.template.clone()]),
                Some(name) => prop_assert!(text[span.template.clone()].contains(name.as_str())),
            }
        }
        prop_assert_eq!(end, mapped.text.len());
    }
}
