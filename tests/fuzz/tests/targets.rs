//! Every target, with the corpus that is part of the repository and with inputs made of it.

use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use convex_mgmt_fuzz::TARGETS;
use convex_mgmt_fuzz::corpus::corpus;
use convex_mgmt_fuzz::mutate::Mutator;
use convex_mgmt_fuzz::operations::ROWS;
use convex_mgmt_fuzz::replies::Given;

/// How many inputs are made for each target.
const INPUTS: usize = 4000;

fn target(name: &str) -> fn(&[u8]) {
    TARGETS.iter().find(|target| target.name == name).unwrap().check
}

/// Gives an input to a target, and says which it was if that fails.
fn give(target: fn(&[u8]), name: &str, input: &[u8]) {
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| target(input))) {
        drop(writeln!(std::io::stderr(), "{name}: {}", input.escape_ascii()));
        resume_unwind(panic);
    }
}

fn replay(name: &str) {
    for (file, input) in corpus(name) {
        give(target(name), &format!("{name}/{file}"), &input);
    }
}

fn make_up(name: &str) {
    let corpus: Vec<Vec<u8>> = corpus(name).into_iter().map(|(_, input)| input).collect();
    let mut mutator = Mutator::new(&corpus);
    for _ in 0..INPUTS {
        give(target(name), name, &mutator.input());
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
                super::make_up(stringify!($name));
            }
        } )+

        const TRIED: &[&str] = &[$(stringify!($name)),+];
    };
}

each! { credentials cursors documents environment_files pages replies }

#[test]
fn every_target_is_tried_and_has_a_program_for_libfuzzer() {
    assert_eq!(TRIED, TARGETS.iter().map(|target| target.name).collect::<Vec<_>>());
    let manifest = include_str!("../libfuzzer/Cargo.toml");
    for name in TRIED {
        assert!(manifest.contains(&format!("name = \"{name}\"\n")), "{name} has no program");
    }
}

/// Without such a seed a fuzzer would have to guess what each operation takes.
#[test]
fn the_corpus_has_an_answer_that_each_operation_reads_and_one_that_it_does_not() {
    let answers: Vec<_> = corpus("replies").iter().map(|(_, input)| Given::of(input)).collect();
    for row in ROWS {
        let to_it = answers.iter().filter(|answer| answer.row.meta.id == row.meta.id);
        let read: Vec<bool> = to_it.map(|answer| (row.read)(answer.response.clone()).is_ok()).collect();
        assert!(read.contains(&true) && read.contains(&false), "{}: {read:?}", row.meta.id);
    }
}
