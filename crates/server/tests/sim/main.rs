//! A simulation: the queue, the gate, the retries and the replies of the server in a world where everything goes
//! wrong, all of it drawn from one seed. The same seed is the same run, byte for byte.
//!
//! `make sim` runs 1,000 seeds, `make sim SEED=n` one of them, with what happened in it printed.

#![expect(clippy::unwrap_used, reason = "a simulation that cannot go on fails")]
#![expect(clippy::print_stdout, reason = "what happened under a seed is to be read")]

mod endpoint;
mod ledger;
mod world;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use futures_util::FutureExt;
use tokio::runtime::Builder;
use world::World;

/// Seeds that are run when nothing else is said.
const SEEDS: u64 = 100;
/// Of so many seeds one is run twice.
const TWICE: u64 = 8;
/// Things that happen under one seed before the storm is over.
const STEPS: u32 = 180;

/// Runs the world of this seed to its end; gives what happened. Panics when a promise is broken.
fn run(seed: u64) -> String {
    let runtime = Builder::new_current_thread().build().unwrap();
    let mut world = World::new(seed);
    // Tokio would have a task that never waits yield now and then, at moments that depend on the machine.
    let result = runtime.block_on(tokio::task::unconstrained(
        AssertUnwindSafe(async {
            for _ in 0..STEPS {
                world.step().await;
            }
            world.calm_down().await;
        })
        .catch_unwind(),
    ));
    runtime.shutdown_timeout(Duration::ZERO);
    if let Err(broken) = result {
        let told: Vec<_> = world.story().lines().rev().take(25).collect();
        let told: Vec<_> = told.into_iter().rev().collect();
        println!("seed {seed} ends so:\n{}\nto run it again: make sim SEED={seed}", told.join("\n"));
        std::panic::resume_unwind(broken);
    }
    world.into_story()
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().filter(|text| !text.is_empty()).map(|text| text.parse().unwrap())
}

fn runs(seed: u64) -> bool {
    let twice = seed.is_multiple_of(TWICE);
    catch_unwind(|| {
        let first = run(seed);
        if twice {
            assert_eq!(run(seed), first, "the same seed is the same run");
        }
    })
    .inspect_err(|_| println!("seed {seed} failed; to run it again: make sim SEED={seed}"))
    .is_ok()
}

#[test]
fn no_promise_is_broken_whatever_a_seed_brings() {
    if let Some(seed) = number("SEED") {
        let story = run(seed);
        assert_eq!(run(seed), story, "the same seed is the same run");
        return println!("{story}");
    }
    let seeds = number("SEEDS").unwrap_or(SEEDS);
    let workers = std::thread::available_parallelism().map_or(1, usize::from) as u64;
    let failed: Vec<u64> = std::thread::scope(|scope| {
        let part =
            |of: u64| scope.spawn(move || (of..seeds).step_by(workers as usize).find(|seed| !runs(*seed)));
        let parts: Vec<_> = (0..workers).map(part).collect();
        parts.into_iter().filter_map(|part| part.join().unwrap()).collect()
    });
    assert_eq!(failed, [0; 0], "these seeds failed; to run one again: make sim SEED=n");
}
