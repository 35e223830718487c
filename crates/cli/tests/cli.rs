//! The command line against a real server: what a person types, and what comes back.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

use std::io::Write;
use std::process::{Command, Output, Stdio};

use fieldhook_server::Server;
use fieldhook_server::clock::Nature;
use fieldhook_server::config::{AccountsConfig, Config};
use serde_json::Value;
use tempfile::TempDir;

const EMAIL: &str = "ada@example.com";
const PASSWORD: &str = "correct horse battery";

/// A server of one's own, and a home directory to keep its login in.
struct World {
    url: String,
    home: TempDir,
    server: Server,
    _data: TempDir,
}

/// What a command printed, and how it ended.
struct Said {
    out: String,
    err: String,
    code: i32,
}

impl World {
    async fn start() -> Self {
        let data = tempfile::tempdir().unwrap();
        let config = Config {
            data: data.path().to_path_buf(),
            listen: "127.0.0.1:0".parse().unwrap(),
            allow_destinations: vec!["127.0.0.0/8".parse().unwrap()],
            accounts: AccountsConfig {
                open_registration: false,
                admin_email: Some(EMAIL.to_owned()),
                admin_password: Some(PASSWORD.to_owned()),
            },
            ..Config::default()
        };
        let server = Server::start(config, Nature::real()).await.unwrap();
        let url = format!("http://{}", server.address());
        Self { url, home: tempfile::tempdir().unwrap(), server, _data: data }
    }

    /// Runs a command as somebody at this home would.
    async fn run(&self, words: &[&str]) -> Said {
        self.run_with(words, "").await
    }

    async fn run_with(&self, words: &[&str], input: &str) -> Said {
        let mut command = fieldhook(words);
        command.env("HOME", self.home.path()).env("FIELDHOOK_URL", &self.url);
        let input = input.to_owned();
        tokio::task::spawn_blocking(move || said(&mut command, &input)).await.unwrap()
    }

    async fn json(&self, words: &[&str]) -> Value {
        let said = self.run(&[words, &["--json"]].concat()).await;
        assert_eq!(said.code, 0, "{words:?}: {}", said.err);
        serde_json::from_str(&said.out).unwrap_or_else(|error| panic!("{words:?}: {error}: {}", said.out))
    }

    async fn log_in(&self) {
        let said = self.run_with(&["login", "--username", EMAIL, "--password-stdin"], PASSWORD).await;
        assert_eq!(said.code, 0, "{}", said.err);
    }
}

/// The command, untouched by whatever the tester's own environment says.
fn fieldhook(words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fieldhook"));
    command.args(words).env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command
}

fn said(command: &mut Command, input: &str) -> Said {
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // A command that does not read has closed its end, which is no fault.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
    Said {
        out: String::from_utf8(stdout).unwrap(),
        err: String::from_utf8(stderr).unwrap(),
        code: status.code().unwrap_or(-1),
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned()
}

#[test]
fn a_wrong_command_line_ends_with_2_and_says_why() {
    let wrong = said(&mut fieldhook(&["integration", "logs"]), "");
    assert_eq!(wrong.code, 2);
    assert!(wrong.err.contains("<ID>"), "{}", wrong.err);
}

#[test]
fn a_server_that_is_not_there_ends_with_5_and_says_how_to_start_one() {
    let home = tempfile::tempdir().unwrap();
    // A port that was free a moment ago, and that nobody was told of.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let url = format!("http://127.0.0.1:{port}");
    let mut command = fieldhook(&["publish", "a", "b", "--url", &url, "--token", "t"]);
    let gone = said(command.env("HOME", home.path()), "");
    assert_eq!(gone.code, 5);
    assert!(gone.err.contains("fieldhook serve"), "{}", gone.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_login_the_code_is_3_and_the_remedy_is_login() {
    let world = World::start().await;
    let refused = world.run(&["device", "list"]).await;
    assert_eq!(refused.code, 3);
    assert!(refused.err.contains("fieldhook login"), "{}", refused.err);

    let wrong = world.run_with(&["login", "--username", EMAIL, "--password-stdin"], "wrong").await;
    assert_ne!(wrong.code, 0);
    world.log_in().await;
    assert_eq!(world.json(&["user", "show"]).await["username"], EMAIL);

    assert_eq!(world.run(&["logout"]).await.code, 0);
    assert_eq!(world.run(&["user", "show"]).await.code, 3);
    world.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_is_not_handed_to_another_server() {
    let (ours, other) = (World::start().await, World::start().await);
    ours.log_in().await;
    let refused = ours.run(&["user", "show", "--url", &other.url]).await;
    assert_eq!(refused.code, 3, "{}", refused.out);
    ours.server.stop().await;
    other.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_goes_from_publish_through_a_webhook_into_the_log() {
    let world = World::start().await;
    world.log_in().await;
    let endpoint = world.json(&["tester", "create"]).await;
    let url = text(&endpoint["url"]);
    let hook =
        world.json(&["integration", "create", "--event", "temp", "--to", &url, "--name", "Mine"]).await;
    let id = text(&hook["id"]);

    let event = world.json(&["publish", "temperature", "21.5"]).await;
    world.server.settled().await;

    let log = world.json(&["integration", "logs", &id]).await;
    assert_eq!(log["items"][0]["event_name"], "temperature");
    assert_eq!(log["items"][0]["outcome"], "success");
    let caught = world.json(&["tester", "requests", &text(&endpoint["id"])]).await;
    assert!(caught["items"][0]["body"]["text"].as_str().unwrap().contains("21.5"), "{caught}");
    let story = world.json(&["explain", &text(&event["id"])]).await;
    assert_eq!(story["trace"][0]["reason"], "fired", "{story}");

    let shown = world.run(&["integration", "show", &id]).await;
    assert!(shown.out.contains("1 matched = 1 delivered"), "{}{}", shown.out, shown.err);
    let listed = world.run(&["integration", "list"]).await;
    assert!(listed.out.contains("Mine") && listed.out.contains("enabled"), "{}", listed.out);
    world.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_can_be_tried_changed_switched_and_deleted() {
    let world = World::start().await;
    world.log_in().await;
    let endpoint = world.json(&["tester", "create"]).await;
    let hook = world.json(&["integration", "create", "--event", "t", "--to", &text(&endpoint["url"])]).await;
    let id = text(&hook["id"]);

    let tried = world.run(&["integration", "test", &id, "--data", "7"]).await;
    assert_eq!(tried.code, 0, "{}", tried.err);
    assert!(tried.out.contains("> POST"), "{}", tried.out);

    let said = world.run(&["tester", "answer", &text(&endpoint["id"]), "--status", "404"]).await;
    assert_eq!(said.code, 0, "{}", said.err);
    let tried = world.run(&["integration", "test", &id]).await;
    assert_eq!(tried.code, 1);
    assert!(tried.err.contains("404"), "{}", tried.err);

    let edit = ["integration", "edit", &id, "--set", "json.a={{{PARTICLE_EVENT_VALUE}}}", "--name", "New"];
    assert_eq!(world.json(&edit).await["revision"], 2);
    assert_eq!(world.run(&["integration", "disable", &id]).await.code, 0);
    let list = world.json(&["integration", "list"]).await;
    assert_eq!(list[0]["disabled"], true);
    assert_eq!(list[0]["name"], "New");
    assert_eq!(world.run(&["integration", "enable", &id]).await.code, 0);

    assert_eq!(world.run(&["integration", "delete", &id]).await.code, 2);
    assert_eq!(world.run(&["integration", "delete", &id, "--yes"]).await.code, 0);
    assert_eq!(world.run(&["integration", "show", &id]).await.code, 4);
    world.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_failed_is_looked_at_first_and_then_recovered() {
    let world = World::start().await;
    world.log_in().await;
    let endpoint = world.json(&["tester", "create"]).await;
    let (endpoint, url) = (text(&endpoint["id"]), text(&endpoint["url"]));
    let hook = text(&world.json(&["integration", "create", "--event", "t", "--to", &url]).await["id"]);
    assert_eq!(world.run(&["tester", "answer", &endpoint, "--status", "404"]).await.code, 0);
    world.json(&["publish", "t", "21.5"]).await;
    world.server.settled().await;

    let dry = world.run(&["replay", "recover", &hook, "--dry-run"]).await;
    assert!(
        dry.out.contains("1 event would be sent") && dry.out.contains("> POST"),
        "{}{}",
        dry.out,
        dry.err
    );
    let failed = world.run(&["replay", "recover", &hook, "--follow"]).await;
    assert_eq!(failed.code, 1, "{}", failed.out);
    assert!(failed.err.contains("1 failed"), "{}", failed.err);
    assert_eq!(world.run(&["tester", "answer", &endpoint, "--status", "200"]).await.code, 0);
    let recovered = world.run(&["replay", "recover", &hook, "--follow", "--rate", "50"]).await;
    assert_eq!(recovered.code, 0, "{}", recovered.err);
    assert!(recovered.out.contains("1 of 1 sent: 1 succeeded"), "{}", recovered.out);

    let list = world.json(&["replay", "list", &hook]).await;
    let id = text(&list["items"][0]["id"]);
    assert_eq!(
        (list["items"].as_array().unwrap().len(), text(&list["items"][0]["by"]["name"])),
        (2, EMAIL.to_owned())
    );
    assert!(world.run(&["replay", "show", &id]).await.out.contains("done"));
    assert_eq!(world.run(&["replay", "cancel", &id]).await.code, 1);
    world.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_template_is_told_before_anything_is_saved() {
    let world = World::start().await;
    world.log_in().await;
    let refused = world.run(&["integration", "create", "--event", "t", "--to", "ftp://example.com"]).await;
    assert_eq!(refused.code, 1);
    assert!(refused.err.contains("ftp"), "{}", refused.err);
    world.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failing_webhook_is_diagnosed_with_its_proof_and_its_remedy() {
    let world = World::start().await;
    world.log_in().await;
    let endpoint = world.json(&["tester", "create"]).await;
    let url = text(&endpoint["url"]);
    let hook = world.json(&["integration", "create", "--event", "temp", "--to", &url]).await;
    let id = text(&hook["id"]);
    world.json(&["publish", "temp", "1"]).await;
    world.server.settled().await;
    let healthy = world.run(&["diagnose", &id]).await;
    assert!(healthy.code == 0 && healthy.out.contains("Nothing is wrong"), "{}{}", healthy.out, healthy.err);

    assert_eq!(world.run(&["tester", "answer", &text(&endpoint["id"]), "--status", "401"]).await.code, 0);
    let event = world.json(&["publish", "temp", "2"]).await;
    world.server.settled().await;
    let told = world.run(&["diagnose", &id]).await.out;
    // Where a line breaks is the terminal's affair.
    let told = told.split_whitespace().collect::<Vec<_>>().join(" ");
    for part in ["401: not recognised", "No credential is sent at all", "[attempt ", "1. Add what", "1 of "] {
        assert!(told.contains(part), "{part} is not in {told}");
    }
    let cards = world.json(&["diagnose", &id]).await;
    assert_eq!(cards["cards"][0]["situation"], "credential");
    let explained = world.run(&["explain", &text(&event["id"])]).await.out;
    assert!(explained.contains(&format!("What is wrong with {id}:")), "{explained}");
    assert!(explained.contains("No credential is sent at all"), "{explained}");
    let explained = world.json(&["explain", &text(&event["id"])]).await;
    assert_eq!(explained["diagnoses"][0]["cards"][0]["situation"], "credential");
    assert_eq!(world.run(&["diagnose", &"0".repeat(24)]).await.code, 4);
    world.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_template_is_linted_beside_the_others_and_alone() {
    let world = World::start().await;
    let file = world.home.path().join("hook.json");
    let lint = async |template: &str, more: &[&str]| {
        std::fs::write(&file, template).unwrap();
        world.run(&[&["lint", file.to_str().unwrap()], more].concat()).await
    };
    let good = r#"{"event": "temperature", "url": "https://example.com/in"}"#;
    let alone = lint(good, &["--offline"]).await;
    assert!(alone.code == 0 && alone.out.contains("nothing to say"), "{}{}", alone.out, alone.err);
    let broken =
        lint(r#"{"event": "temperature", "url": "https://x.example", "json": "{\n]"}"#, &["--offline"]).await;
    assert_eq!(broken.code, 1);
    assert!(broken.out.contains("json:2:1: error: `json` is not JSON"), "{}", broken.out);
    let no_json = lint("{\n  \"event\": }", &["--offline"]).await;
    assert!(no_json.code == 1 && no_json.err.contains("line 2 column 12"), "{}", no_json.err);
    assert_eq!(lint(good, &[]).await.code, 3, "beside the others only who is logged in");

    world.log_in().await;
    world.json(&["integration", "create", file.to_str().unwrap()]).await;
    let twice = lint(good, &[]).await;
    assert!(twice.code == 0 && twice.out.contains("[same-hook-twice]"), "{}{}", twice.out, twice.err);
    world.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_of_a_product_publishes_as_itself() {
    let world = World::start().await;
    world.log_in().await;
    let product = world.json(&["product", "create", "Greenhouse"]).await;
    let slug = text(&product["product"]["slug"]);
    let device = world.json(&["device", "add", "--new", "--name", "kitchen", "--product", &slug]).await;
    let id = text(&device["id"]);
    let token = text(&world.json(&["device", "token", &id, "--product", &slug]).await["token"]);

    world.json(&["publish", "climate", "{}", "--token", &token]).await;
    world.server.settled().await;

    let devices = world.json(&["device", "list", "--product", &slug]).await;
    assert_eq!(devices[0]["name"], "kitchen");
    assert_eq!(devices[0]["online"], true);
    world.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn subscribe_hears_what_is_published() {
    let world = World::start().await;
    world.log_in().await;
    let listening = world.run(&["subscribe", "climate/", "--max", "1", "--json"]);
    let publishing = async {
        // The listener is there some time after its process is; publish until it has heard.
        loop {
            world.json(&["publish", "climate/reading", "21.5"]).await;
        }
    };
    let heard = tokio::select! {
        heard = listening => heard,
        () = publishing => unreachable!("publishing goes on until it was heard"),
    };
    let event: Value = serde_json::from_str(&heard.out).unwrap();
    assert_eq!((&event["name"], &event["data"]), (&"climate/reading".into(), &"21.5".into()));
    world.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_for_a_program_works_until_it_is_revoked() {
    let world = World::start().await;
    let words = ["token", "create", "--username", EMAIL, "--password-stdin", "--expires-in", "60", "--json"];
    let made = world.run_with(&words, PASSWORD).await;
    let made: Value = serde_json::from_str(&made.out).unwrap();
    let token = text(&made["access_token"]);
    assert_eq!(world.run(&["user", "show", "--token", &token]).await.code, 0);
    assert_eq!(world.run(&["token", "revoke", "--current", "--token", &token]).await.code, 0);
    assert_eq!(world.run(&["user", "show", "--token", &token]).await.code, 3);
    world.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn alerts_are_listed_sent_and_dismissed() {
    let world = World::start().await;
    world.log_in().await;
    assert!(world.run(&["alert", "list"]).await.out.contains("No alert is open."));
    let shown =
        world.run(&["alert", "settings", "--mail", "ops@example.com", "--kinds", "opened,asleep"]).await;
    assert!(shown.out.contains("ops@example.com") && shown.out.contains("opened, asleep"), "{}", shown.out);
    assert!(shown.err.contains("--smtp-url"), "{}", shown.err);
    let wrong = world.run(&["alert", "settings", "--mail", "nobody"]).await;
    assert!(wrong.code != 0 && wrong.err.contains("`nobody`"), "{}", wrong.err);

    let nobody_listens = "http://127.0.0.1:9/";
    world
        .json(&[
            "integration",
            "create",
            "--event",
            "temp",
            "--to",
            nobody_listens,
            "--set",
            "retryPolicy=none",
        ])
        .await;
    world.json(&["publish", "temp", "21"]).await;
    let alert = loop {
        let list = world.json(&["alert", "list"]).await;
        if let Some(alert) = list["items"].get(0) {
            break alert.clone();
        }
    };
    let id = text(&alert["id"]);
    assert!(world.run(&["alert", "list"]).await.out.contains("ECONNREFUSED"));
    assert_eq!(world.run(&["alert", "dismiss", &id]).await.code, 0);
    assert!(world.run(&["alert", "list", "--over"]).await.out.contains("dismissed by"));
    let tested = world.run(&["alert", "test"]).await;
    assert!(tested.out.contains("No webhook fires on alerts."), "{}", tested.out);
    assert!(tested.out.contains("no mail server"), "{}", tested.out);
    world.server.stop().await;
}
