//! The way of an event from the log to the clients, without sockets or clock: the gateway's own core and boards, stepped
//! by seeded random plans with a bus that loses, repeats and reorders, connections that are cut anywhere, readers that
//! are slow, people who come and go, and clients that resume. `TERTULIA_SIM_SEED=N` plays one plan and tells its steps;
//! `TERTULIA_SIM_PLANS=N` plays so many.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::print_stdout)]

mod client;
mod log;
mod server;
mod sim;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use sim::Sim;

const PLANS: u64 = 2_000;
const STEPS: usize = 250;

#[allow(clippy::disallowed_methods)] // The test's own settings; no configuration of the product.
fn setting(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

fn play(seed: u64, aloud: bool) -> Sim {
    let mut sim = Sim::new(seed, aloud);
    for _ in 0..STEPS {
        sim.step();
    }
    sim.come_to_rest();
    sim
}

#[test]
fn every_client_sees_the_log_whatever_happens() {
    if let Some(seed) = setting("TERTULIA_SIM_SEED") {
        play(seed.parse().expect("a number"), true);
        return;
    }
    let plans = setting("TERTULIA_SIM_PLANS").map_or(PLANS, |plans| plans.parse().expect("a number"));
    let started = Instant::now();
    let (next, totals) = (AtomicU64::new(0), sim::Totals::default());
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= plans {
                        return;
                    }
                    match catch_unwind(AssertUnwindSafe(|| play(seed, false))) {
                        Ok(sim) => totals.add(&sim),
                        Err(_) => panic!("plan {seed} failed; replay it with TERTULIA_SIM_SEED={seed}"),
                    }
                }
            });
        }
    });
    println!("{plans} plans in {:.1?}: {totals}", started.elapsed());
    totals.assert_plans_do_something(plans);
}

#[test]
fn the_same_seed_is_the_same_story() {
    for seed in [1, 7, 42] {
        assert_eq!(play(seed, false).fingerprint(), play(seed, false).fingerprint());
    }
}
