//! A disk that fills up: events are refused, all else goes on, and nothing that was acknowledged is lost.
//!
//! The server gets a small disk of its own, a tmpfs in a mount namespace, which needs Linux with user namespaces or root.

use std::collections::HashSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::tiny::{self, Connection, Server, Sink};
use serde_json::{Value, json};

/// Becomes the command behind it, on a disk of 24 MB of which 8 MB are taken by a file that can be removed.
const ON_A_SMALL_DISK: &str =
    r#"mount -t tmpfs -o size=24m tmpfs "$0" && head -c 8M /dev/zero > "$0/filler" && exec "$@""#;

#[test]
fn a_full_disk_refuses_events_and_goes_on_by_itself_once_there_is_room() {
    let disk = tempfile::tempdir().expect("a directory can be made");
    let mut command = Command::new("unshare");
    command.args(["--map-root-user", "--mount", "sh", "-c", ON_A_SMALL_DISK]).arg(disk.path());
    command.arg(env!("CARGO_BIN_EXE_fieldhook"));
    let server = Server::start_as(&mut command, &disk.path().join("data"));
    let token = server.log_in();
    let sink = Sink::start();
    let hook = json!({"event": "k", "url": sink.url(), "body": "{{{n}}}", "responseTopic": ""});
    let hook = tiny::call(&server.url, "POST", "/v1/integrations", Some(&token), Some(&hook));
    let hook = hook.expect("the webhook is saved")["id"].as_str().expect("it has an id").to_owned();

    let padding = "x".repeat(12_000);
    let mut connection = Connection::open(&server.url);
    let mut publish = |number: u64| {
        let data = json!({"n": number, "padding": padding}).to_string();
        let event = json!({"name": "k", "data": data});
        let answer = connection.call("POST", "/v1/devices/events", Some(&token), Some(&event));
        // Whoever is refused for now may be asked to come again on another connection.
        answer.unwrap_or_else(|| {
            connection = Connection::open(&server.url);
            (0, json!(null))
        })
    };
    let mut acknowledged = HashSet::new();
    let mut numbers = 0..;
    let refusal = loop {
        let number = numbers.next().expect("there are numbers enough");
        match publish(number) {
            (200, _) => {
                acknowledged.insert(number);
            }
            (503, refusal) => break refusal,
            other => panic!("neither taken nor refused for want of room: {other:?}"),
        }
    };
    let why = refusal["error_description"].as_str().expect("it says why");
    assert!(why.contains("try again later"), "{why}");
    for path in ["/v1/devices", "/fieldhook/v1/attempts", "/status.json"] {
        assert!(tiny::call(&server.url, "GET", path, Some(&token), None).is_some(), "{path} goes on");
    }

    let alerts = tiny::call(&server.url, "GET", "/fieldhook/v1/alerts?state=open", Some(&token), None);
    let alerts = alerts.expect("alerts are read as ever")["items"].clone();
    let of_the_disk = |alert: &&Value| alert["kind"] == "disk";
    let alert = alerts.as_array().and_then(|alerts| alerts.iter().find(of_the_disk));
    let fact = alert.expect("the administrator is told")["fact"].clone();
    assert!(fact.as_str().is_some_and(|fact| fact.contains("MiB are free")), "{fact}");

    let seen_by_the_server = format!("/proc/{}/root{}", server.id(), disk.path().display());
    fs::remove_file(Path::new(&seen_by_the_server).join("filler")).expect("the filler is there");
    for number in numbers {
        if publish(number).0 == 200 {
            acknowledged.insert(number);
            break;
        }
    }
    let books = server.settled_books(&token, &hook);
    sink.has_all(&acknowledged);
    assert!(books["matched"].as_u64() >= Some(acknowledged.len() as u64), "{books}");
    println!("{} events acknowledged before and after the disk was full, 0 lost", acknowledged.len());
}
