//! Tries every target with its seeds and with many changes of them, the same at every run.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::BTreeSet;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use fieldhook_fuzz::{Mutator, TARGETS, Target};

/// Changes tried of each target's seeds, unless `FIELDHOOK_FUZZ` says otherwise.
const CHANGES: u64 = 5_000;

fn fuzz_dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz")
}

fn seeds(target: &Target) -> Vec<Vec<u8>> {
    let dir = fuzz_dir().join("seeds").join(target.name);
    let files = fs::read_dir(&dir).unwrap_or_else(|error| panic!("{}: {error}", dir.display()));
    let mut paths: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|path| fs::read(path).unwrap()).collect()
}

fn changes() -> u64 {
    std::env::var("FIELDHOOK_FUZZ").map_or(CHANGES, |text| text.parse().unwrap())
}

fn holds(name: &str) {
    let target = TARGETS.iter().find(|target| target.name == name).unwrap();
    let seeds = seeds(target);
    let changed = (0..changes()).map(|number| Mutator::new(number).of(&seeds));
    for (number, input) in seeds.iter().cloned().chain(changed).enumerate() {
        let run = catch_unwind(AssertUnwindSafe(|| (target.run)(&input)));
        assert!(
            run.is_ok(),
            "the promise of `{name}` does not hold for input {number}: {:?}",
            String::from_utf8_lossy(&input)
        );
    }
}

macro_rules! targets {
    ($($target:ident: $sentence:ident)*) => {
        const TESTED: &[&str] = &[$(stringify!($target)),*];
        $(
            #[test]
            fn $sentence() {
                holds(stringify!($target));
            }
        )*
    };
}

targets! {
    address: addresses_are_read_as_others_read_them
    cursor: only_cursors_of_the_store_lead_on
    event: published_names_and_keys_are_harmless
    form: forms_give_back_what_was_written
    id: what_is_parsed_prints_as_it_is_parsed
    integration: what_can_be_saved_can_be_sent
    matching: the_tree_finds_what_a_filter_finds
    reply: parts_rejoin_to_the_answer
    retry_after: waits_are_what_was_asked
    search: searching_finds_what_a_plain_search_finds
    segment: damage_never_passes_for_what_was_written
    stream: events_are_the_same_wherever_the_stream_is_cut
    template: templates_render_within_their_limits
}

#[test]
fn every_target_is_tested_and_has_its_program() {
    let names: BTreeSet<_> = TARGETS.iter().map(|target| target.name.to_owned()).collect();
    assert_eq!(TESTED.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>(), names);
    let programs = fs::read_dir(fuzz_dir().join("fuzz_targets")).unwrap();
    let programs: BTreeSet<_> = programs
        .map(|file| file.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    assert_eq!(programs, names);
}
