//! The commands that run for long, run briefly: the server, the demo, the bench.

use std::io::{BufRead, BufReader, Write as _};
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// A process that ends with its test, however that ends.
struct Killed(std::process::Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn fieldhook(home: &TempDir) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fieldhook"));
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("HOME", home.path());
    command
}

#[test]
fn serve_says_where_it_is_and_drains_when_told_to_end() {
    let home = tempfile::tempdir().unwrap();
    let mut child = fieldhook(&home)
        .args(["serve", "--json", "--listen", "127.0.0.1:0", "--log", "off", "--data"])
        .arg(home.path().join("data"))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let ready: Value = serde_json::from_str(&line).unwrap();
    assert!(ready["url"].as_str().unwrap().starts_with("http://127.0.0.1:"), "{ready}");
    assert!(ready["setup_link"].as_str().unwrap().contains("/console/setup?token="), "{ready}");

    let told = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
    assert!(told.success());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_server_opens_as_many_files_as_it_may() {
    let home = tempfile::tempdir().unwrap();
    let mut shell = Command::new("sh");
    shell.args([
        "-c",
        "ulimit -Sn 256; exec \"$@\"",
        "sh",
        env!("CARGO_BIN_EXE_fieldhook"),
        "--json",
        "serve",
    ]);
    shell.args(["--listen", "127.0.0.1:0", "--log", "off", "--data"]).arg(home.path().join("data"));
    let mut server = Killed(shell.stdout(Stdio::piped()).spawn().unwrap());
    BufReader::new(server.0.stdout.take().unwrap()).read_line(&mut String::new()).unwrap();
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", server.0.id())).unwrap();
    let limit = limits.lines().find(|line| line.starts_with("Max open files")).unwrap();
    let numbers: Vec<&str> = limit.split_whitespace().skip(3).take(2).collect();
    assert_eq!(numbers[0], numbers[1], "{limit}");
    assert_ne!(numbers[0], "256");
}

#[test]
fn a_second_server_on_the_same_directory_ends_and_names_the_first() {
    let home = tempfile::tempdir().unwrap();
    let serve = || {
        let mut command = fieldhook(&home);
        command.args(["serve", "--json", "--listen", "127.0.0.1:0", "--log", "off", "--data"]);
        command.arg(home.path().join("data"));
        command
    };
    let mut first = Killed(serve().stdout(Stdio::piped()).spawn().unwrap());
    let mut line = String::new();
    BufReader::new(first.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let second = serve().output().unwrap();
    assert_eq!(second.status.code(), Some(1));
    let why = String::from_utf8_lossy(&second.stderr).into_owned();
    assert!(why.contains(&format!("process {}", first.0.id())), "{why}");
    assert!(why.contains("stop that one"), "{why}");
}

#[test]
fn the_demo_runs_balances_its_books_and_can_be_taken_up_again() {
    let home = tempfile::tempdir().unwrap();
    for start in 1..=2 {
        let output = fieldhook(&home)
            .args(["demo", "--json", "--listen", "127.0.0.1:0", "--rate", "50", "--for", "2", "--data"])
            .arg(home.path().join("demo"))
            .output()
            .unwrap();
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert_eq!(output.status.code(), Some(0), "start {start}: {err}");
        let last: Value = serde_json::from_str(out.lines().last().unwrap_or("null")).unwrap();
        assert_eq!(last["balanced"], true, "start {start}: {last}");
        assert_eq!(last["integrations"].as_array().unwrap().len(), 6, "start {start}: {last}");
        assert!(last["books"]["delivered"].as_u64().unwrap() > 0, "start {start}: {last}");
    }
}

#[test]
fn of_the_demos_webhooks_those_that_get_through_have_no_card() {
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("demo");
    let demo = fieldhook(&home)
        .args(["demo", "--json", "--listen", "127.0.0.1:0", "--rate", "40", "--for", "5", "--data"])
        .arg(&data)
        .output()
        .unwrap();
    assert_eq!(demo.status.code(), Some(0), "{}", String::from_utf8_lossy(&demo.stderr));
    let last: Value =
        serde_json::from_str(String::from_utf8_lossy(&demo.stdout).lines().last().unwrap()).unwrap();

    let server = fieldhook(&home)
        .args(["serve", "--json", "--listen", "127.0.0.1:0", "--log", "off", "--data"])
        .arg(&data)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut server = Killed(server);
    let mut line = String::new();
    BufReader::new(server.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let url = serde_json::from_str::<Value>(&line).unwrap()["url"].as_str().unwrap().to_owned();
    let run = |words: &[&str], input: &str| {
        let mut child = fieldhook(&home)
            .args(words)
            .args(["--json", "--url", &url])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        serde_json::from_slice::<Value>(&child.wait_with_output().unwrap().stdout).unwrap()
    };
    let account: Value =
        serde_json::from_slice(&std::fs::read(data.join("demo-account.json")).unwrap()).unwrap();
    let word = |key: &str| account[key].as_str().unwrap().to_owned();
    run(&["login", "--username", &word("email"), "--password-stdin"], &word("password"));
    let mut healthy = 0;
    for integration in last["integrations"].as_array().unwrap() {
        let name = integration["name"].as_str().unwrap();
        let cards = run(&["diagnose", integration["id"].as_str().unwrap()], "")["cards"].clone();
        if name.contains("401") {
            assert_eq!(cards[0]["situation"], "credential", "{name}: {cards:#}");
        } else {
            assert_eq!(cards, Value::Array(Vec::new()), "{name}");
            healthy += 1;
        }
    }
    assert_eq!(healthy, 5);
}

#[test]
fn the_bench_measures_every_part() {
    let home = tempfile::tempdir().unwrap();
    let output = fieldhook(&home).args(["bench", "--quick", "--json"]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let rows = report["rows"].as_array().unwrap();
    let with_target: Vec<_> = rows.iter().filter(|row| row["target"].is_string()).collect();
    assert_eq!(with_target.len(), 11, "{report}");
    assert!(rows.iter().all(|row| row["value"].as_f64().unwrap() > 0.0), "{report}");
}
