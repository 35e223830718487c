//! What holds for any event and any value.

use proptest::prelude::*;

use super::*;

proptest! {
    #[test]
    fn any_event_fills_in_a_default_template(name in "[ -~]{1,64}", data in any::<Option<String>>()) {
        for method in Method::ALL {
            let keys = json!({"requestType": method.as_str()});
            match build_with(keys, &event(&name, data.as_deref()), &[], None) {
                Ok(rendered) => prop_assert!(rendered.request.target.is_ascii()),
                Err(fault) => prop_assert_eq!(fault.code, Code::TooLarge),
            }
        }
    }

    #[test]
    fn no_value_breaks_json_given_as_an_object(value in any::<String>(), key in any::<String>()) {
        let data = json!({"v": value, "k": key}).to_string();
        let keys = json!({"json": {"v": "{{{v}}}", "html": "{{v}}", "nested": {"{{{k}}}": "{{{v}}}"}}});
        let request = build(keys, &data);
        let sent: Value = serde_json::from_slice(&request.body.unwrap()).unwrap();
        prop_assert_eq!(&sent["v"], &value);
        prop_assert_eq!(&sent["nested"][&key], &value);
        prop_assert_eq!(&sent["data"], &data);
    }

    #[test]
    fn no_sent_header_holds_a_line_break(name in any::<String>(), value in any::<String>()) {
        let data = json!({"k": name, "v": value}).to_string();
        let keys = json!({"headers": {"X-{{{k}}}": "{{{v}}}", "X-Html": "{{v}}"}});
        if let Ok(rendered) = build_with(keys, &event("temp", Some(&data)), &[], None) {
            for (name, value) in rendered.request.headers {
                prop_assert!(is_header_name(&name));
                prop_assert!(!value.contains(['\r', '\n', '\0']));
            }
        }
    }

    #[test]
    fn form_and_query_values_read_back(value in any::<String>()) {
        let data = json!({"v": value}).to_string();
        let keys = json!({"noDefaults": true, "form": {"v": "{{{v}}}"}, "query": {"q": "{{{v}}}"}});
        let request = build(keys, &data);
        let read = |encoded: &str| url::form_urlencoded::parse(encoded.as_bytes()).next().unwrap().1.into_owned();
        prop_assert_eq!(read(body(&request).unwrap()), value.as_str());
        prop_assert_eq!(read(request.target.split_once('?').unwrap().1), value.as_str());
    }

    #[test]
    fn a_value_in_double_braces_leaves_the_shape_of_a_url_alone(value in "\\PC{0,30}") {
        let data = json!({"v": value}).to_string();
        let keys = json!({"url": "https://example.com/a/{{v}}/b?c={{v}}&d=e"});
        let target = build(keys, &data).target;
        let url = url::Url::parse(&format!("https://example.com{target}")).unwrap();
        prop_assert!(url.path().starts_with("/a/") && url.path().ends_with("/b"));
        let pairs: Vec<_> = url.query_pairs().collect();
        prop_assert_eq!(pairs.len(), 2);
        prop_assert_eq!(pairs[0].1.as_ref(), value.as_str());
        prop_assert!(url.fragment().is_none());
    }
}
