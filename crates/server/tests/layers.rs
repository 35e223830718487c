//! Who may import whom: the walls of `ARCHITECTURE.md`, read from the sources.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// For each part of the server, the parts it may name. A part is a file of `src/` with its folder.
const MAY_NAME: [(&str, &[&str]); 28] = [
    (
        "api",
        &[
            "alerts",
            "cases",
            "clock",
            "delivery",
            "directory",
            "ingest",
            "listener",
            "live",
            "password",
            "queue",
            "recorder",
            "replay",
            "store",
            "tester",
            "vitals",
        ],
    ),
    (
        "alerts",
        &[
            "clock",
            "config",
            "delivery",
            "directory",
            "ingest",
            "queue",
            "recorder",
            "rhythms",
            "store",
            "vitals",
        ],
    ),
    ("cases", &["clock", "store"]),
    ("clock", &[]),
    ("config", &[]),
    ("delivery", &["clock", "directory", "ingest", "live", "outbound", "queue", "recorder", "store"]),
    ("directory", &["clock", "queue", "store", "vault"]),
    ("engines", &["clock", "config", "queue", "store", "vault"]),
    ("ingest", &["clock", "delivery", "directory", "live", "queue", "recorder", "rhythms", "store"]),
    ("listener", &["clock"]),
    ("live", &[]),
    ("migration", &["clock", "config", "directory", "engines", "ingest", "queue", "recorder", "store"]),
    ("nodes", &["alerts", "clock", "directory", "ingest", "live", "queue", "recorder", "store"]),
    ("outbound", &["clock"]),
    ("password", &["clock"]),
    ("queue", &["clock"]),
    ("recorder", &["clock", "queue", "store"]),
    ("replay", &["clock", "delivery", "directory", "queue", "recorder", "store"]),
    ("rhythms", &[]),
    ("store", &[]),
    ("telemetry", &[]),
    ("tester", &["clock"]),
    (
        "upkeep",
        &[
            "clock",
            "config",
            "delivery",
            "directory",
            "ingest",
            "outbound",
            "queue",
            "replay",
            "store",
            "tester",
            "vitals",
        ],
    ),
    ("vault", &["clock"]),
    ("vitals", &["clock", "queue", "recorder", "store"]),
    // The only file that names everything, back ends included.
    ("lib", &["*"]),
    ("core", &[]),
    ("cli", &[]),
];

/// Crates that only these parts may name.
const ONLY_IN: [(&str, &[&str]); 12] = [
    ("axum", &["api", "listener"]),
    ("hyper", &["outbound", "listener"]),
    ("rustls", &["outbound", "lib", "engines", "store"]),
    ("hickory_resolver", &["outbound"]),
    ("rusqlite", &["store"]),
    ("tokio_postgres", &["store"]),
    ("tokio_postgres_rustls", &["store"]),
    ("deadpool_postgres", &["store"]),
    ("async_nats", &["queue"]),
    ("lettre", &["alerts"]),
    ("rand", &["clock"]),
    ("argon2", &["password"]),
];

#[test]
fn every_part_names_only_what_lies_below_it() {
    let allowed: BTreeMap<_, _> = MAY_NAME.into_iter().collect();
    let mut wrong = Vec::new();
    for (part, file, text) in sources() {
        let may = allowed.get(part.as_str()).unwrap_or_else(|| panic!("{part} has no row in MAY_NAME"));
        for named in names_after(&text, "crate::") {
            let known = allowed.contains_key(named.as_str());
            if known && named != part && !may.contains(&named.as_str()) && !may.contains(&"*") {
                wrong.push(format!("{} names crate::{named}", file.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "imports that go upwards or sideways:\n{}", wrong.join("\n"));
}

#[test]
fn every_outside_library_stays_in_its_room() {
    let mut wrong = Vec::new();
    for (part, file, text) in sources() {
        for (library, rooms) in ONLY_IN {
            let named = text.contains(&format!("use {library}::")) || text.contains(&format!(" {library}::"));
            if named && !rooms.contains(&part.as_str()) {
                wrong.push(format!("{} names {library}", file.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "libraries outside their rooms:\n{}", wrong.join("\n"));
}

#[test]
fn back_ends_are_named_by_the_wiring_alone() {
    for (part, file, text) in sources() {
        let names_one = text.contains("store::sqlite::")
            || text.contains("queue::embedded::")
            || text.contains("store::postgres::")
            || text.contains("queue::nats::");
        let is_one = matches!(part.as_str(), "store" | "queue" | "engines");
        assert!(!names_one || is_one, "{} names a concrete back end", file.display());
    }
}

#[test]
fn core_has_no_io_no_async_and_no_clock() {
    let core = Path::new(env!("CARGO_MANIFEST_DIR")).join("../core/src");
    for (file, text) in rust_files(&core).into_iter().filter(|(file, _)| !is_test(file)) {
        for word in ["tokio", "std::fs", "std::net", "std::thread", "SystemTime", "Instant::now", "async fn"]
        {
            assert!(!text.contains(word), "{} names {word}", file.display());
        }
    }
}

/// Every source file of the server without its tests, with the part it belongs to.
fn sources() -> Vec<(String, PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let part_of = |file: &Path| {
        let inside = file.strip_prefix(&root).expect("the file lies below src");
        let first = inside.components().next().expect("a file has a name").as_os_str();
        Path::new(first).file_stem().expect("a file has a name").to_string_lossy().into_owned()
    };
    let files = rust_files(&root).into_iter().filter(|(file, _)| !is_test(file));
    files.map(|(file, text)| (part_of(&file), file, without_tests(&text))).collect()
}

/// Whether a file below a `src` is there for tests alone.
fn is_test(file: &Path) -> bool {
    let parts = file.iter().rev().filter_map(|part| part.to_str()).take_while(|part| *part != "src");
    parts.into_iter().any(|part| {
        let stem = part.strip_suffix(".rs").unwrap_or(part);
        matches!(stem, "tests" | "contract") || stem.ends_with("_tests")
    })
}

fn rust_files(folder: &Path) -> Vec<(PathBuf, String)> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).expect("the sources can be listed") {
        let path = entry.expect("the sources can be listed").path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            let text = fs::read_to_string(&path).expect("a source can be read");
            files.push((path, text));
        }
    }
    files
}

fn without_tests(text: &str) -> String {
    let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    code.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

fn names_after(text: &str, prefix: &str) -> Vec<String> {
    let name = |rest: &str| rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    text.split(prefix).skip(1).map(name).collect()
}
