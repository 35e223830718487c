//! What must hold for any bytes at all, for everything that reads bytes from outside.
//!
//! A target takes bytes and panics when its promise does not hold. `fuzz/` hands the targets to cargo-fuzz, which
//! looks for such bytes by coverage (`make fuzz`); `tests/near_the_seeds.rs` tries the seeds in `fuzz/seeds` and
//! thousands of changes of them, the same at every run (`make test`).

mod address;
mod integration;
mod matching;
mod mutate;
mod queue;
mod reply;
mod store;
mod stream;
mod template;
mod text;

pub use mutate::Mutator;

/// A promise about any bytes.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Its name, which is that of its seeds' directory and of its program in `fuzz/fuzz_targets`.
    pub name: &'static str,
    /// Panics when the promise does not hold for these bytes.
    pub run: fn(&[u8]),
}

/// Every target.
pub const TARGETS: [Target; 13] = [
    Target { name: "address", run: address::addresses_are_read_as_others_read_them },
    Target { name: "cursor", run: store::only_cursors_of_the_store_lead_on },
    Target { name: "event", run: text::published_names_and_keys_are_harmless },
    Target { name: "form", run: text::forms_give_back_what_was_written },
    Target { name: "id", run: text::what_is_parsed_prints_as_it_is_parsed },
    Target { name: "integration", run: integration::what_can_be_saved_can_be_sent },
    Target { name: "matching", run: matching::the_tree_finds_what_a_filter_finds },
    Target { name: "reply", run: reply::parts_rejoin_to_the_answer },
    Target { name: "retry_after", run: text::waits_are_what_was_asked },
    Target { name: "search", run: text::searching_finds_what_a_plain_search_finds },
    Target { name: "segment", run: queue::damage_never_passes_for_what_was_written },
    Target { name: "stream", run: stream::events_are_the_same_wherever_the_stream_is_cut },
    Target { name: "template", run: template::templates_render_within_their_limits },
];

/// Does what the program of the target with this name does.
pub fn run(name: &str, bytes: &[u8]) {
    let target = TARGETS.iter().find(|target| target.name == name).expect("the target is in the table");
    (target.run)(bytes);
}

/// The input as texts: the pieces between its lines of `---`.
fn pieces<const N: usize>(bytes: &[u8]) -> [String; N] {
    let text = String::from_utf8_lossy(bytes);
    let mut pieces = text.splitn(N, "\n---\n").map(str::to_owned);
    std::array::from_fn(|_| pieces.next().unwrap_or_default())
}
