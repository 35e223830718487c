//! A template put together from a file and flags.

use clap::Args;
use serde_json::{Map, Value};

use super::read_object;
use crate::failure::usage;

/// What a record holds beside its template: the server's own knowledge, not to be sent back.
const NOT_TEMPLATE: [&str; 16] = [
    "ok",
    "id",
    "created_at",
    "revision",
    "scope",
    "updated_at",
    "updated_by",
    "disabled_since",
    "disabled_by",
    "hookUrl",
    "warnings",
    "logs",
    "errors",
    "counters",
    "state",
    "books",
];

/// A template: a file, and what flags say beyond it.
#[derive(Debug, Default, Args)]
pub(super) struct TemplateArgs {
    /// A JSON file with the template; `-` reads standard input
    file: Option<String>,
    /// What the names of the events begin with
    #[arg(long, value_name = "PREFIX")]
    event: Option<String>,
    /// Where to send
    #[arg(long, value_name = "URL")]
    to: Option<String>,
    /// A label
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// GET, POST, PUT, PATCH or DELETE
    #[arg(long, value_name = "METHOD")]
    method: Option<String>,
    /// Only for this device, by id
    #[arg(long, value_name = "DEVICE_ID")]
    device: Option<String>,
    /// A request header, `Name: value`; may be given again
    #[arg(long, value_name = "HEADER")]
    header: Vec<String>,
    /// The request's body, as a template
    #[arg(long, value_name = "TEXT")]
    body: Option<String>,
    /// Any other key: `key=value`, `json.celsius={{{t}}}`, `noDefaults=true`; may be given again. A value that is
    /// JSON is taken as such, all else as text
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Take a key out; may be given again
    #[arg(long, value_name = "KEY")]
    unset: Vec<String>,
}

impl TemplateArgs {
    /// Whether nothing was given.
    pub(super) fn is_empty(&self) -> bool {
        let Self { file, event, to, name, method, device, header, body, set, unset } = self;
        let texts = [file, event, to, name, method, device, body];
        texts.iter().all(|text| text.is_none()) && [header, set, unset].iter().all(|list| list.is_empty())
    }

    /// The template: the file where there is one, else `before`, with the flags laid over it.
    pub(super) fn build(self, before: Map<String, Value>) -> anyhow::Result<Map<String, Value>> {
        let template = match &self.file {
            Some(file) => read_object(file)?,
            None => before,
        };
        self.lay_over(unwrapped(template))
    }

    fn lay_over(self, mut template: Map<String, Value>) -> anyhow::Result<Map<String, Value>> {
        let named = [
            ("event", self.event),
            ("url", self.to),
            ("name", self.name),
            ("requestType", self.method.map(|method| method.to_uppercase())),
            ("deviceID", self.device),
            ("body", self.body),
        ];
        for (key, value) in named {
            template.extend(value.map(|value| (key.to_owned(), Value::from(value))));
        }
        for header in &self.header {
            let Some((name, value)) = header.split_once(':') else {
                usage!("the header `{header}` has no colon: write it as `Name: value`");
            };
            place(&mut template, &["headers", name.trim()], value.trim().into())?;
        }
        for set in &self.set {
            let Some((key, value)) = set.split_once('=') else {
                usage!("`--set {set}` has no equals sign: write it as key=value");
            };
            let value = serde_json::from_str(value).unwrap_or_else(|_| value.into());
            place(&mut template, &key.split('.').collect::<Vec<_>>(), value)?;
        }
        for key in &self.unset {
            take_out(&mut template, &key.split('.').collect::<Vec<_>>());
        }
        Ok(template)
    }
}

/// The template in a record: what its owner wrote, without what the server added.
pub(super) fn of_record(record: &Value) -> Map<String, Value> {
    let mut template = record.as_object().cloned().unwrap_or_default();
    template.retain(|key, _| !NOT_TEMPLATE.contains(&key.as_str()));
    template
}

/// A file may hold what `show --json` or the API's single read printed.
pub(crate) fn unwrapped(mut file: Map<String, Value>) -> Map<String, Value> {
    match file.remove("integration") {
        Some(record @ Value::Object(_)) => of_record(&record),
        Some(other) => {
            file.insert("integration".to_owned(), other);
            file
        }
        None => of_record(&Value::Object(file)),
    }
}

fn place(object: &mut Map<String, Value>, path: &[&str], value: Value) -> anyhow::Result<()> {
    match path {
        [] => Ok(()),
        [key] => {
            object.insert((*key).to_owned(), value);
            Ok(())
        }
        [key, rest @ ..] => {
            let below = object.entry(*key).or_insert_with(|| Value::Object(Map::new()));
            let Value::Object(below) = below else {
                usage!(
                    "`{key}` holds {below}, so nothing can be set within it; replace it with --set {key}=…"
                );
            };
            place(below, rest, value)
        }
    }
}

fn take_out(object: &mut Map<String, Value>, path: &[&str]) {
    match path {
        [] => {}
        [key] => {
            object.shift_remove(*key);
        }
        [key, rest @ ..] => {
            if let Some(Value::Object(below)) = object.get_mut(*key) {
                take_out(below, rest);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn laid_over(before: Value, set: &[&str], unset: &[&str]) -> anyhow::Result<Value> {
        let owned = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect();
        let args = TemplateArgs { set: owned(set), unset: owned(unset), ..TemplateArgs::default() };
        let before = before.as_object().cloned().unwrap_or_default();
        args.lay_over(before).map(Value::Object)
    }

    #[test]
    fn flags_become_the_keys_particle_knows() {
        let args = TemplateArgs {
            event: Some("temp".into()),
            to: Some("https://x".into()),
            method: Some("put".into()),
            header: vec!["X-Key: a:b".into()],
            ..TemplateArgs::default()
        };
        let expected = json!({
            "event": "temp", "url": "https://x", "requestType": "PUT", "headers": {"X-Key": "a:b"}
        });
        assert_eq!(Value::Object(args.build(Map::new()).unwrap()), expected);
    }

    #[test]
    fn a_value_that_is_json_is_taken_as_such_and_all_else_as_text() {
        let set = ["noDefaults=true", "name=7 dwarfs", "json.a={{{t}}}", "json.b=[1]"];
        let expected = json!({"noDefaults": true, "name": "7 dwarfs", "json": {"a": "{{{t}}}", "b": [1]}});
        assert_eq!(laid_over(json!({}), &set, &[]).unwrap(), expected);
    }

    #[test]
    fn keys_can_be_taken_out_and_absent_ones_do_no_harm() {
        let before = json!({"a": 1, "headers": {"X": "1", "Y": "2"}});
        let after = laid_over(before, &[], &["a", "headers.X", "nothing.there"]).unwrap();
        assert_eq!(after, json!({"headers": {"Y": "2"}}));
    }

    #[test]
    fn setting_within_a_text_is_refused_with_the_way_out() {
        let error = laid_over(json!({"json": "text"}), &["json.a=1"], &[]).unwrap_err();
        assert!(error.to_string().contains("--set json="), "{error}");
    }

    #[test]
    fn what_show_printed_can_be_saved_again() {
        let shown = json!({"integration": {"id": "1", "event": "e", "url": "u", "logs": [], "revision": 3}});
        assert_eq!(
            Value::Object(unwrapped(shown.as_object().unwrap().clone())),
            json!({"event": "e", "url": "u"})
        );
    }
}
