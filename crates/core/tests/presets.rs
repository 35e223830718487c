//! The presets of the console's gallery: each makes the request that its service takes.
//!
//! A preset's request for its own sample event is kept in `presets/<id>.txt`. After a change that is meant,
//! run the test with `BLESS=1` to write them anew, and read the difference.

#![expect(clippy::unwrap_used, reason = "a preset that cannot be read has failed")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use fieldhook_core::access::Scope;
use fieldhook_core::attempt::SentRequest;
use fieldhook_core::event::{Event, Publisher, Source};
use fieldhook_core::id::{EventId, UserId};
use fieldhook_core::integration::{Level, masked};
use fieldhook_core::request::{Preview, Variable, preview};
use fieldhook_core::template::Template;
use fieldhook_core::time::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value};
use uuid::Uuid;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Preset {
    id: String,
    title: String,
    category: String,
    summary: String,
    #[serde(default)]
    docs: Option<String>,
    prepare: Vec<String>,
    settings: Vec<Setting>,
    secrets: Vec<Secret>,
    event: Sample,
    template: Map<String, Value>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Setting {
    stands: String,
    title: String,
    hint: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Secret {
    name: String,
    title: String,
    hint: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sample {
    name: String,
    data: Value,
}

fn presets() -> Vec<Preset> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../console/src/gallery/presets");
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.iter().map(|file| read(file)).collect()
}

fn read(file: &Path) -> Preset {
    let text = fs::read_to_string(file).unwrap();
    let preset: Preset =
        serde_json::from_str(&text).unwrap_or_else(|fault| panic!("{}: {fault}", file.display()));
    assert_eq!(Some(preset.id.as_str()), file.file_stem().and_then(|stem| stem.to_str()));
    preset
}

impl Preset {
    fn event(&self) -> Event {
        Event {
            id: EventId(Uuid::from_u128(7)),
            name: self.event.name.clone(),
            data: Some(self.event.data.to_string()),
            published_at: Timestamp::from_millis(1_767_323_045_678),
            ttl: 60,
            publisher: Publisher::Device("0123456789abcdef01234567".parse().unwrap()),
            private: true,
            owner: None,
            product: None,
            product_version: None,
            source: Source::Http,
            idempotency_key: None,
        }
    }

    fn preview(&self) -> Preview {
        let value = |secret: &Secret| (secret.name.clone(), format!("value-of-{}", secret.name));
        let secrets: BTreeMap<_, _> = self.secrets.iter().map(value).collect();
        preview(&self.template, Scope::User(UserId([1; 12])), &self.event(), &secrets)
    }

    /// The names that the template asks the event or the secrets for; those of a response template are the answer's.
    fn names(&self) -> BTreeSet<String> {
        let mut names = BTreeSet::new();
        for (_, value) in self.template.iter().filter(|(key, _)| *key != "responseTemplate") {
            gather(value, &mut names);
        }
        names
    }
}

fn gather(value: &Value, names: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => names.extend(Template::parse(text).unwrap().names().map(str::to_owned)),
        Value::Array(items) => items.iter().for_each(|item| gather(item, names)),
        Value::Object(members) => members.iter().for_each(|(key, value)| {
            gather(&Value::String(key.clone()), names);
            gather(value, names);
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[test]
fn every_preset_makes_a_request_without_a_fault() {
    for preset in presets() {
        let Preview { request, findings } = preset.preview();
        let faults: Vec<_> = findings.iter().filter(|finding| finding.level != Level::Note).collect();
        assert!(request.is_some() && faults.is_empty(), "{}: {faults:#?}", preset.id);
    }
}

#[test]
fn every_preset_makes_the_request_that_was_agreed() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/presets");
    let bless = std::env::var_os("BLESS").is_some();
    let mut expected = BTreeSet::new();
    for preset in presets() {
        let file = folder.join(format!("{}.txt", preset.id));
        let made = written(&preset.preview().request.expect("the preset makes a request"));
        if bless {
            fs::create_dir_all(&folder).unwrap();
            fs::write(&file, &made).unwrap();
        }
        let agreed = fs::read_to_string(&file).unwrap_or_else(|fault| panic!("{}: {fault}", file.display()));
        assert_eq!(made, agreed, "{}: run with BLESS=1 if the change is meant", preset.id);
        expected.insert(file);
    }
    let kept: BTreeSet<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(kept, expected, "a file is left of a preset that is gone");
}

/// The request as text, without what the server adds to every request.
fn written(request: &SentRequest) -> String {
    let own = |(name, _): &&(String, String)| name != "User-Agent" && !name.starts_with("Webhook-");
    let headers = request.headers.iter().filter(own).map(|(name, value)| format!("{name}: {value}\n"));
    let body = request.body.iter().map(|body| format!("\n{}\n", body.text));
    let first = format!("{} {}\n", request.method, request.url);
    std::iter::once(first).chain(headers).chain(body).collect()
}

#[test]
fn every_secret_is_used_and_exposed_and_none_stands_in_the_template_itself() {
    for preset in presets() {
        let names = preset.names();
        let declared: Vec<_> = preset.secrets.iter().map(|secret| secret.name.as_str()).collect();
        for name in &declared {
            assert!(names.contains(*name), "{}: `{name}` is used nowhere", preset.id);
        }
        let exposed = preset.template.get("secrets").and_then(Value::as_array).cloned().unwrap_or_default();
        let exposed: Vec<_> = exposed.iter().filter_map(Value::as_str).collect();
        assert_eq!(exposed, declared, "{}", preset.id);
        assert_eq!(masked(&preset.template), preset.template, "{}: a secret stands in it", preset.id);
    }
}

#[test]
fn every_variable_is_built_in_a_secret_or_in_the_sample_event() {
    for preset in presets() {
        for name in preset.names() {
            let secret = preset.secrets.iter().any(|secret| secret.name == name);
            let in_data = || preset.event.data.pointer(&format!("/{}", name.replace('.', "/"))).is_some();
            assert!(secret || Variable::named(&name).is_some() || in_data(), "{}: `{name}`", preset.id);
        }
    }
}

#[test]
fn every_preset_says_what_it_is_and_what_to_fill_in() {
    for preset in presets() {
        let texts = [&preset.title, &preset.category, &preset.summary];
        let settings = preset.settings.iter().flat_map(|setting| [&setting.title, &setting.hint]);
        let secrets = preset.secrets.iter().flat_map(|secret| [&secret.title, &secret.hint]);
        for text in texts.into_iter().chain(&preset.prepare).chain(settings).chain(secrets) {
            assert!(!text.trim().is_empty(), "{}", preset.id);
        }
        assert!(!preset.prepare.is_empty() && preset.summary.ends_with('.'), "{}", preset.id);
        assert!(preset.docs.as_ref().is_none_or(|docs| docs.starts_with("https://")), "{}", preset.id);
        assert_eq!(preset.template.get("template"), Some(&Value::String(preset.id.clone())));
        let prefix = preset.template.get("event").and_then(Value::as_str).unwrap();
        assert!(preset.event.name.starts_with(prefix), "{}: its sample does not fire it", preset.id);
        let template = Value::Object(preset.template.clone()).to_string();
        for Setting { stands, .. } in &preset.settings {
            assert!(template.contains(stands.as_str()), "{}: `{stands}` stands nowhere", preset.id);
        }
    }
}
