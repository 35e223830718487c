//! What an event may cost, in instructions: a number that is the same on a busy machine and an idle one.
//!
//! The server runs under valgrind, once with a few events and once with more; the difference is what the events cost,
//! from the publish to the line in the log. It is the build of the tests that is counted, so the number is no measure
//! of speed. What it shows is whether a change made an event dearer.

use std::path::Path;
use std::process::Command;

use serde_json::json;

#[path = "durable/tiny.rs"]
#[expect(dead_code, reason = "it is written for the tests of durability")]
mod tiny;

use tiny::{Connection, Server, Sink};

/// Thousands of instructions that an event costs, as it was when somebody last looked.
const BUDGET: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/budget.txt");
/// By how much it may differ.
const TOLERANCE: f64 = 0.05;
/// Looks at the server's threads in a row that must find them all asleep.
const LOOKS: usize = 50;
/// Events of the two runs.
const RUNS: [usize; 2] = [20, 220];

#[test]
fn an_event_costs_no_more_instructions_than_its_budget() {
    let [few, more] = RUNS.map(instructions);
    let each = (more - few) as f64 / (RUNS[1] - RUNS[0]) as f64 / 1e3;
    println!("{each:.0} thousand instructions an event");
    if std::env::var_os("BLESS").is_some() {
        return std::fs::write(BUDGET, format!("{each:.0}\n")).expect("the budget can be written");
    }
    let budget = std::fs::read_to_string(BUDGET).expect("there is a budget");
    let budget: f64 = budget.trim().parse().expect("the budget is a number");
    let differs = each / budget - 1.0;
    assert!(
        differs < TOLERANCE,
        "an event costs {each:.0} thousand instructions, {:.1} % more than the {budget} recorded: make it cheaper, or \
         say in the commit what is worth it and record it with BLESS=1 cargo test -p fieldhook --test budget",
        differs * 100.0
    );
    assert!(
        differs > -3.0 * TOLERANCE,
        "an event costs {each:.0} thousand instructions, far less than the {budget} recorded: record it with BLESS=1 \
         cargo test -p fieldhook --test budget, so that it stays so"
    );
}

/// Runs a server that takes in so many events, one after the other, and says how many instructions it took in all.
fn instructions(events: usize) -> u64 {
    let directory = tempfile::tempdir().expect("a directory can be made");
    let counted = directory.path().join("callgrind");
    let mut valgrind = Command::new("valgrind");
    valgrind.args(["--tool=callgrind", "--quiet"]);
    valgrind.arg(format!("--callgrind-out-file={}", counted.display()));
    valgrind.arg(env!("CARGO_BIN_EXE_fieldhook"));
    let server = Server::start_as(&mut valgrind, &directory.path().join("data"));
    let sink = Sink::start();
    let token = server.log_in();
    let hook = json!({"event": "k", "url": sink.url(), "body": "{{{PARTICLE_EVENT_VALUE}}}"});
    tiny::call(&server.url, "POST", "/v1/integrations", Some(&token), Some(&hook)).expect("it is saved");
    let mut connection = Connection::open(&server.url);
    for event in 0..events {
        let published = json!({"name": "k", "data": event.to_string(), "private": true});
        let answer = connection.call("POST", "/v1/devices/events", Some(&token), Some(&published));
        assert_eq!(answer.expect("the server answers").0, 200);
        sink.until(event + 1);
        rest(server.id());
    }
    let told = Command::new("kill").args(["-s", "TERM", &server.id().to_string()]).status();
    assert!(told.expect("there is a kill").success());
    assert!(server.wait().success(), "the server drains");
    total(&counted)
}

/// Waits until no thread of the process has anything to do. Asking the server would cost instructions; and events that
/// follow each other faster share batches of the log, more of them the slower the machine is.
fn rest(process: u32) {
    let mut looks = 0;
    while looks < LOOKS {
        looks = if is_asleep(process) { looks + 1 } else { 0 };
        std::thread::yield_now();
    }
}

fn is_asleep(process: u32) -> bool {
    let threads = std::fs::read_dir(format!("/proc/{process}/task")).expect("the server runs");
    // A thread that has ended since is not there to be read.
    threads.flatten().filter_map(|thread| std::fs::read_to_string(thread.path().join("stat")).ok()).all(
        |stat| {
            let state = stat.rsplit_once(") ").map(|(_, rest)| rest.starts_with('S'));
            state.unwrap_or(false)
        },
    )
}

fn total(file: &Path) -> u64 {
    let text = std::fs::read_to_string(file).expect("valgrind has counted");
    let line = text.lines().find_map(|line| line.strip_prefix("summary:").or(line.strip_prefix("totals:")));
    line.and_then(|number| number.trim().parse().ok()).expect("there is a total")
}
