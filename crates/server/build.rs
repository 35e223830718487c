//! Has Cargo build again when the console that goes into the binary was built anew. Needs no console, and no Node.

use std::env;
use std::path::Path;

/// Only builds without debug assertions hold the console; the others read it from the checkout as they run.
/// While there is no `dist`, its appearance shows as a change of the folder above, once there is one.
fn main() {
    let embeds = env::var("PROFILE").is_ok_and(|profile| profile == "release");
    let folders = ["../../console/dist", "../../console"].map(Path::new);
    let watched = folders.into_iter().find(|folder| embeds && folder.is_dir());
    println!("cargo::rerun-if-changed={}", watched.unwrap_or(Path::new("build.rs")).display());
}
