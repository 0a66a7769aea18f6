//! The way of an event from the log to the clients, without sockets or clock: the gateway's own core and boards, stepped
//! by seeded random plans with a bus that loses, repeats and reorders, connections that are cut anywhere, readers that
//! are slow, people who come and go, clients that resume, and processes that follow each other. `TERTULIA_SIM_SEED=N` plays
//! one plan and tells its steps; `TERTULIA_SIM_PLANS=N` plays so many; `TERTULIA_SIM_STORIES=FILE` writes what one client
//! lived through in each, for the SDK to be played (`sdk/typescript/tests/plans.md`).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::print_stdout)]

mod bus;
mod client;
mod coming;
mod counts;
mod found;
mod log;
mod server;
mod sim;
mod story;
mod wires;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use counts::Totals;
use sim::Sim;

const PLANS: u64 = 2_000;
const STEPS: usize = 300;
/// Plans that are written down as stories.
const STORIES: u64 = 300;

#[allow(clippy::disallowed_methods)] // The test's own settings; no configuration of the product.
fn setting(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

fn play(seed: u64, aloud: bool) -> Sim {
    let mut sim = Sim::new(seed, aloud);
    run(&mut sim);
    sim
}

fn run(sim: &mut Sim) {
    sim.begin();
    for _ in 0..STEPS {
        sim.step();
    }
    sim.come_to_rest();
}

#[test]
fn every_client_sees_the_log_whatever_happens() {
    if let Some(seed) = setting("TERTULIA_SIM_SEED") {
        play(seed.parse().expect("a number"), true);
        return;
    }
    let plans = setting("TERTULIA_SIM_PLANS").map_or(PLANS, |plans| plans.parse().expect("a number"));
    let first = setting("TERTULIA_SIM_FIRST").map_or(0, |first| first.parse().expect("a number"));
    let started = Instant::now();
    let (next, totals) = (AtomicU64::new(first), Totals::default());
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= first + plans {
                        return;
                    }
                    match catch_unwind(AssertUnwindSafe(|| play(seed, false))) {
                        Ok(sim) => sim.counts().into_iter().for_each(|counts| totals.add(counts)),
                        Err(_) => {
                            next.store(u64::MAX / 2, Ordering::Relaxed);
                            panic!("plan {seed} failed; replay it with TERTULIA_SIM_SEED={seed}")
                        }
                    }
                }
            });
        }
    });
    println!("{plans} plans in {:.1?}: {totals}", started.elapsed());
    totals.assert_plans_do_something(plans);
}

#[test]
fn writes_stories_for_the_sdk() {
    let stories = setting("TERTULIA_SIM_PLANS").map_or(STORIES, |plans| plans.parse().expect("a number"));
    let first = setting("TERTULIA_SIM_FIRST").map_or(0, |first| first.parse().expect("a number"));
    let written: String = (first..first + stories).map(story).collect();
    for kind in ["log", "up", "takeover", "down", "deliver", "frame", "added", "sync", "focus", "wait"] {
        let often = written.matches(&format!("{{\"{kind}\":")).count() as u64;
        assert!(often * 10 > stories, "{often} of {kind}");
    }
    if let Some(file) = setting("TERTULIA_SIM_STORIES") {
        std::fs::write(file, written).expect("a file that can be written");
    }
}

fn story(seed: u64) -> String {
    let mut sim = Sim::new(seed, false);
    sim.begin_story(seed);
    run(&mut sim);
    let story = sim.story.take().expect("a story");
    story.end(seed, &sim.logs) + "\n"
}

#[test]
fn the_same_seed_is_the_same_story() {
    for seed in [1, 7, 42] {
        assert_eq!(play(seed, false).fingerprint(), play(seed, false).fingerprint());
    }
}
