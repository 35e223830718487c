//! The language, rule by rule, and the official Mustache cases where they are at hand.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::*;

#[track_caller]
fn renders(template: &str, data: &Value, expected: &str) {
    let rendered = Template::parse(template).unwrap().render(&Values::of_json(data)).unwrap();
    assert_eq!(rendered, expected, "{template:?} over {data}");
}

#[track_caller]
fn fault(template: &str) -> (usize, usize, Fault) {
    match Template::parse(template) {
        Err(TemplateError::Syntax { position, fault }) => (position.line, position.column, fault),
        other => panic!("{template:?} gave {other:?}"),
    }
}

#[test]
fn a_text_without_tags_renders_to_itself() {
    for text in ["", "plain", "{single} braces } {", "a\r\n b\n", "Grüße 🌡"] {
        renders(text, &json!({}), text);
    }
}

#[test]
fn a_variable_shows_each_kind_of_value_in_its_own_way() {
    let data = json!({
        "text": "21.5", "whole": 85, "part": 1.25, "big": 18_446_744_073_709_551_615_u64, "low": -3,
        "yes": true, "no": false, "null": null, "list": [1, "b", null], "object": {"b": 1, "a": ["x"]},
    });
    for (template, expected) in [
        ("{{text}}", "21.5"),
        ("{{whole}} {{part}} {{low}}", "85 1.25 -3"),
        ("{{big}}", "18446744073709551615"),
        ("{{yes}} {{no}}", "true false"),
        ("[{{null}}][{{missing}}][{{missing.deep}}]", "[][][]"),
        ("{{{list}}}", r#"[1,"b",null]"#),
        ("{{{object}}}", r#"{"b":1,"a":["x"]}"#),
        ("{{list}}", "[1,&quot;b&quot;,null]"),
    ] {
        renders(template, &data, expected);
    }
}

#[test]
fn double_braces_escape_five_characters_and_triple_ones_and_ampersands_none() {
    let data = json!({"x": "a & b < c > d \" e ' f / g = h ` ü"});
    renders("{{x}}", &data, "a &amp; b &lt; c &gt; d &quot; e &#39; f / g = h ` ü");
    for raw in ["{{{x}}}", "{{&x}}", "{{& x }}", "{{{ x }}}"] {
        renders(raw, &data, "a & b < c > d \" e ' f / g = h ` ü");
    }
}

#[test]
fn a_value_that_looks_like_a_tag_is_not_rendered_again() {
    renders("{{{x}}}", &json!({"x": "{{y}}", "y": "no"}), "{{y}}");
}

#[test]
fn braces_of_json_may_touch_those_of_a_tag_behind_it() {
    renders(r#"{"a":{{x}}}"#, &json!({"x": 1}), r#"{"a":1}"#);
    renders(r#"{"a":{"b":{{{x}}}}}"#, &json!({"x": "[]"}), r#"{"a":{"b":[]}}"#);
}

#[test]
fn dotted_names_look_into_objects_and_lists() {
    let data = json!({"a": {"b": {"c": "deep"}}, "c": [{"ca": "first"}, {"ca": [7, 8]}], "m": [[1, 2], [3]], "o": {"0": "key"}, "a.b": "never"});
    for (template, expected) in [
        ("{{a.b.c}}", "deep"),
        ("{{c.0.ca}} {{c.1.ca.1}} {{m.0.1}}", "first 8 2"),
        ("{{o.0}}", "key"),
        ("[{{c.9.ca}}{{c.-1}}{{c.+0}}{{c.x}}{{a.b.c.d}}{{c.99999999999999999999}}]", "[]"),
        ("{{{a.b}}}", r#"{"c":"deep"}"#),
        ("[{{a..b}}{{.a}}{{..}}]", "[]"),
    ] {
        renders(template, &data, expected);
    }
    renders("{{0}} {{1.x}}", &json!(["a", {"x": "b"}]), "a b");
    renders("[{{a.b}}]", &json!({"a.b": "c"}), "[]");
}

#[test]
fn a_section_asks_whether_a_value_is_empty_as_javascript_does() {
    let template = "{{#x}}full{{/x}}{{^x}}empty{{/x}}";
    for empty in [json!(null), json!(false), json!(0), json!(0.0), json!(-0.0), json!(""), json!([])] {
        renders(template, &json!({"x": empty}), "empty");
    }
    renders(template, &json!({}), "empty");
    for full in [json!(true), json!(-1), json!("0"), json!(" "), json!({})] {
        renders(template, &json!({"x": full}), "full");
    }
    renders("{{#x}}item {{/x}}{{^x}}empty{{/x}}", &json!({"x": [0, null, ""]}), "item item item ");
}

#[test]
fn a_section_puts_its_value_on_top_of_the_others() {
    let data = json!({"who": "outer", "t": "text", "s": {"who": "inner", "n": {"who": "inmost"}}, "l": [{"who": 1}, {}, {"who": null}]});
    for (template, expected) in [
        ("{{#s}}{{who}} {{#n}}{{who}} {{t}}{{/n}}{{/s}} {{who}}", "inner inmost text outer"),
        ("{{#l}}[{{who}}]{{/l}}", "[1][outer][]"),
        ("{{#t}}{{.}} {{t}} {{who}}{{/t}}", "text text outer"),
        ("{{#s.n}}{{who}}{{/s.n}}", "inmost"),
        ("{{^nothing}}{{who}}{{/nothing}}", "outer"),
    ] {
        renders(template, &data, expected);
    }
}

#[test]
fn the_first_part_of_a_dotted_name_decides_where_the_rest_is_looked_for() {
    renders("[{{#a}}{{b.c}}{{/a}}]", &json!({"a": {"b": {}}, "b": {"c": "wrong"}}), "[]");
    renders("{{#a}}{{b.c}}{{/a}}", &json!({"a": {}, "b": {"c": "right"}}), "right");
}

#[test]
fn a_dot_is_the_value_at_hand() {
    renders("{{.}}!", &json!("world"), "world!");
    renders("{{.}}", &json!({"a": [1]}), "{&quot;a&quot;:[1]}");
    renders("{{#l}}({{#.}}{{.}},{{/.}}){{/l}}", &json!({"l": [[1, 2], ["a"]]}), "(1,2,)(a,)");
    renders("{{#.}}{{v}};{{/.}}", &json!([{"v": 1}, {"v": 2}]), "1;2;");
}

#[test]
fn comments_and_the_space_inside_tags_leave_nothing() {
    renders("a{{! b {{ c }}d{{!\n}}e", &json!({}), "ade");
    renders("{{ x }}{{# x }}{{/ x }}{{ ^y }}!{{ /y }}{{\nx\n}}", &json!({"x": 1}), "1!1");
}

#[test]
fn a_line_with_nothing_but_a_section_tag_or_comment_vanishes() {
    let data = json!({"x": true, "v": "-"});
    for (template, expected) in [
        ("a\n{{#x}}\nb\n{{/x}}\nc\n", "a\nb\nc\n"),
        ("a\n \t{{#x}} \t\nb\n  {{/x}}  \nc", "a\nb\nc"),
        ("a\r\n{{#x}}\r\n{{/x}}\r\nb", "a\r\nb"),
        ("  {{#x}}\nb{{/x}}\nc", "b\nc"),
        ("a{{#x}}\nb\n  {{/x}}", "a\nb\n"),
        ("a\n{{!\n b\n}}\nc", "a\nc"),
        ("a\n  {{! b }}", "a\n"),
        ("{{#x}}\n{{/x}}\n", ""),
    ] {
        renders(template, &data, expected);
    }
}

#[test]
fn a_line_with_anything_else_keeps_its_space() {
    let data = json!({"x": true, "v": "-"});
    for (template, expected) in [
        ("  {{v}}\n", "  -\n"),
        ("  {{{v}}}\n", "  -\n"),
        (" {{#x}}b{{/x}}\n", " b\n"),
        (" {{#x}} {{! c }}\n {{/x}} |\n", "  \n  |\n"),
        ("a {{! c }}\n", "a \n"),
        ("  {{! c }} b\n", "   b\n"),
        ("{{#x}}{{/x}}\n", "\n"),
    ] {
        renders(template, &data, expected);
    }
}

#[test]
fn built_in_names_win_over_secrets_and_secrets_over_the_document() {
    let secrets = BTreeMap::from([("KEY".to_owned(), "s3".to_owned()), ("ID".to_owned(), "no".to_owned())]);
    let json = json!({"ID": "no", "KEY": "no", "x": "data", "l": [{"ID": "no", "KEY": "no"}]});
    let named = [("ID", Cow::Borrowed("built-in"))];
    let values = Values { named: &named, secrets: &secrets, json: Some(&json) };
    let template = Template::parse("{{ID}} {{KEY}} {{x}} {{#l}}{{ID}} {{KEY}}{{/l}}").unwrap();
    assert_eq!(template.render(&values).unwrap(), "built-in s3 data built-in s3");
}

#[test]
fn names_have_values_without_a_document_too() {
    let named = [("NAME", Cow::Borrowed("temp")), ("NONE", Cow::Borrowed(""))];
    let values = Values { named: &named, secrets: &NO_SECRETS, json: None };
    let template =
        Template::parse("{{NAME}}[{{.}}{{x.y}}]{{#NAME}}{{.}}{{/NAME}}{{^NONE}}!{{/NONE}}").unwrap();
    assert_eq!(template.render(&values).unwrap(), "temp[]temp!");
}

#[test]
fn a_broken_template_says_what_is_wrong_and_where() {
    let double = Fault::TagUnclosed { open: "{{", close: "}}" };
    let triple = Fault::TagUnclosed { open: "{{{", close: "}}}" };
    let name = |text: &str| text.to_owned();
    for (template, line, column, expected) in [
        ("ü {{x", 1, 3, double.clone()),
        ("\n\n  {{a {{b}}", 3, 3, double),
        ("{{{x}}", 1, 1, triple.clone()),
        ("{{{x}} {{{y}}}", 1, 1, triple),
        ("a {{}}", 1, 3, Fault::NameMissing),
        ("{{# }}", 1, 1, Fault::NameMissing),
        ("{{{ }}}", 1, 1, Fault::NameMissing),
        ("{{{{x}}}}", 1, 1, Fault::NameWithBrace { name: name("{x") }),
        ("{{x}\n}}", 1, 1, Fault::NameWithBrace { name: name("x}") }),
        ("a\n{{#x}}", 2, 1, Fault::SectionUnclosed { name: name("x") }),
        ("{{#x}}{{^y}}", 1, 7, Fault::SectionUnclosed { name: name("y") }),
        ("a\n {{/x}}", 2, 2, Fault::SectionUnopened { name: name("x") }),
        ("{{#x}}\n{{/y}}", 2, 1, Fault::SectionMismatch { open: name("x"), found: name("y") }),
    ] {
        assert_eq!(fault(template), (line, column, expected), "{template:?}");
    }
}

#[test]
fn partials_parents_and_other_delimiters_are_refused_by_name() {
    for (template, word) in [
        ("{{>header}}", "partial"),
        ("{{> header }}", "partial"),
        ("{{=<% %>=}}", "delimiters"),
        ("{{<layout}}{{/layout}}", "parent"),
    ] {
        let refused = Template::parse(template).unwrap_err();
        assert!(refused.to_string().contains(word), "{refused}");
        assert_eq!(refused.position(), Some(Position { line: 1, column: 1, at: 0 }));
    }
}

#[test]
fn a_fault_reads_as_a_sentence_with_its_place_and_remedy() {
    assert_eq!(
        Template::parse("{\n  \"a\": {{{b}}\n}").unwrap_err().to_string(),
        "line 2, column 8: the tag opened by `{{{` is never closed: end it with `}}}`"
    );
    assert_eq!(
        Template::parse("{{#a}}{{/b}}").unwrap_err().to_string(),
        "line 1, column 7: `{{/b}}` stands where the section `a` must be closed first: write `{{/a}}`"
    );
    assert_eq!(
        Template::parse("{{> a}}").unwrap_err().to_string(),
        "line 1, column 1: `{{>` is a partial, which templates here do not have: write its text out here"
    );
}

#[test]
fn sections_nest_to_the_limit_and_no_deeper() {
    let nested = |depth| format!("{}x{}", "{{#a}}".repeat(depth), "{{/a}}".repeat(depth));
    renders(&nested(DEPTH_LIMIT), &json!({"a": 1}), "x");
    let too_deep = Fault::TooDeep { name: "a".to_owned() };
    assert_eq!(fault(&nested(DEPTH_LIMIT + 1)), (1, 6 * DEPTH_LIMIT + 1, too_deep));
}

#[test]
fn a_name_may_be_as_long_as_the_limit_and_no_longer() {
    let template = |length| format!("{{{{{}}}}}", "x".repeat(length));
    renders(&template(NAME_LIMIT), &json!({}), "");
    assert_eq!(fault(&template(NAME_LIMIT + 1)).2, Fault::NameTooLong { size: NAME_LIMIT + 1 });
}

#[test]
fn a_template_tells_what_it_is_made_of() {
    let template = |text: &str| Template::parse(text).unwrap();
    for (text, is_static, prefix, raw) in [
        ("", true, "", None),
        ("https://example.com/", true, "https://example.com/", None),
        ("https://example.com/{{x}}/y", false, "https://example.com/", None),
        ("{{x}}/y", false, "", None),
        ("a{{! c }}b{{x}}", false, "a", None),
        ("{{! c }}\nb", false, "", None),
        ("{{{x}}}", false, "", Some("x")),
        ("{{& x }}", false, "", Some("x")),
        ("{{x}}", false, "", None),
        (" {{{x}}}", false, " ", None),
        ("{{{x}}}{{! c }}", false, "", None),
    ] {
        let template = template(text);
        assert_eq!(template.is_static(), is_static, "{text:?}");
        assert_eq!(template.static_prefix(), prefix, "{text:?}");
        assert_eq!(template.single_raw_name(), raw, "{text:?}");
        assert_eq!(template.source(), text);
    }
    let names = template("{{b}}{{#a.b}}{{{b}}}{{.}}{{/a.b}}{{^c}}{{! d }}{{/c}}");
    assert_eq!(names.names().collect::<Vec<_>>(), ["b", "a.b", ".", "c"]);
}

/// Where the official cases lie: named by `MUSTACHE_SPEC`, or beside the workspace. They need not be there.
fn official_cases() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os("MUSTACHE_SPEC") {
        return Some(named.into());
    }
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/mustache-spec");
    beside.is_dir().then_some(beside)
}

#[test]
fn the_official_cases_for_what_we_have_all_pass() {
    let Some(folder) = official_cases() else {
        println!("the official Mustache cases are not at hand; the tests above cover the same rules");
        return;
    };
    for file in ["comments", "interpolation", "inverted", "sections"] {
        let path = folder.join(file).with_extension("json");
        let text =
            std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let document: Value = serde_json::from_str(&text).unwrap();
        let cases = document["tests"].as_array().unwrap();
        assert!(!cases.is_empty());
        for case in cases {
            let template = Template::parse(case["template"].as_str().unwrap()).unwrap();
            let rendered = template.render(&Values::of_json(&case["data"])).unwrap();
            assert_eq!(rendered, case["expected"].as_str().unwrap(), "{file}: {}", case["name"]);
        }
    }
}
