//! All targets, with the corpus and with mutated seeds.

use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use convex_mgmt_fuzz::TARGETS;
use convex_mgmt_fuzz::inputs::{Mutator, corpus};

/// The number of mutated seeds for each target.
const INPUTS: usize = 4000;

fn target(name: &str) -> fn(&[u8]) {
    TARGETS.iter().find(|target| target.name == name).unwrap().check
}

/// Runs a target, and prints the input if it panics.
fn run(target: fn(&[u8]), name: &str, input: &[u8]) {
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| target(input))) {
        drop(writeln!(std::io::stderr(), "{name}: {}", input.escape_ascii()));
        resume_unwind(panic);
    }
}

fn replay(name: &str) {
    for (seed, input) in corpus(name) {
        run(target(name), &format!("{name}/{seed}"), &input);
    }
}

fn mutate(name: &str) {
    let seeds: Vec<Vec<u8>> = corpus(name).into_iter().map(|(_, input)| input).collect();
    let mut mutator = Mutator::new(&seeds);
    for _ in 0..INPUTS {
        run(target(name), name, &mutator.input());
    }
}

macro_rules! each {
    ($($name:ident)+) => {
        $( mod $name {
            #[test]
            fn the_corpus_is_replayed() {
                super::replay(stringify!($name));
            }

            #[test]
            fn inputs_made_of_the_corpus_are_taken() {
                super::mutate(stringify!($name));
            }
        } )+

        const TESTED: &[&str] = &[$(stringify!($name)),+];
    };
}

each! { authorizations credentials cursors deliveries documents environment_files log_events pages replies role_resources syncs }

#[test]
fn every_target_is_tested_and_has_a_program_for_libfuzzer() {
    assert_eq!(TESTED, TARGETS.iter().map(|target| target.name).collect::<Vec<_>>());
    let manifest = include_str!("../libfuzzer/Cargo.toml");
    for name in TESTED {
        assert!(manifest.contains(&format!("name = \"{name}\"\n")), "{name} has no program");
    }
}

#[test]
fn no_two_seeds_of_a_target_are_equal() {
    for target in TARGETS {
        let mut seeds = corpus(target.name);
        seeds.sort_unstable_by(|one, two| (&one.1, &one.0).cmp(&(&two.1, &two.0)));
        for pair in seeds.windows(2) {
            assert!(
                pair[0].0 != pair[1].0 && pair[0].1 != pair[1].1,
                "{}: {} and {}",
                target.name,
                pair[0].0,
                pair[1].0
            );
        }
    }
}
