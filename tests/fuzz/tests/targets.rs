//! Every target, with the corpus that is part of the repository and with inputs made of it.

use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::Path;

use convex_mgmt_fuzz::mutate::Mutator;
use convex_mgmt_fuzz::operations::ROWS;
use convex_mgmt_fuzz::replies::{HEADS, STATUSES};
use convex_mgmt_fuzz::{TARGETS, Target};

/// How many inputs are made for each target.
const INPUTS: usize = 4000;

fn folder(target: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target)
}

/// The corpus of a target: names and inputs, in the order of the names.
fn corpus(target: &str) -> Vec<(String, Vec<u8>)> {
    let entries = std::fs::read_dir(folder(target)).unwrap();
    let mut files: Vec<_> = entries
        .map(|entry| {
            let entry = entry.unwrap();
            (entry.file_name().into_string().unwrap(), std::fs::read(entry.path()).unwrap())
        })
        .collect();
    files.sort_unstable();
    assert!(!files.is_empty(), "the corpus of {target} is empty");
    files
}

fn target(name: &str) -> Target {
    TARGETS.iter().find(|(known, _)| *known == name).unwrap().1
}

/// Gives an input to a target, and says which it was if that fails.
fn give(target: Target, name: &str, input: &[u8]) {
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

each! { credentials cursors documents pages replies }

#[test]
fn every_target_is_tried_and_has_a_program_for_libfuzzer() {
    assert_eq!(TRIED, TARGETS.iter().map(|(name, _)| *name).collect::<Vec<_>>());
    let manifest = include_str!("../libfuzzer/Cargo.toml");
    for name in TRIED {
        assert!(manifest.contains(&format!("name = \"{name}\"\n")), "{name} has no program");
    }
}

/// Without such a seed a fuzzer would have to guess what each operation takes.
#[test]
fn the_corpus_has_an_answer_that_each_operation_reads_and_one_that_it_does_not() {
    let seeds = corpus("replies");
    let pick = |byte: u8, bound: usize| usize::from(byte.wrapping_sub(b'a')) % bound;
    for (index, row) in ROWS.iter().enumerate() {
        let answers = seeds.iter().filter_map(|(_, input)| match &input[..] {
            [operation, status, head, _, body @ ..] if pick(*operation, ROWS.len()) == index => {
                let status = STATUSES[pick(*status, STATUSES.len())];
                let mut response = http::Response::new(bytes::Bytes::copy_from_slice(body));
                *response.status_mut() = http::StatusCode::from_u16(status).unwrap();
                for (name, value) in HEADS[pick(*head, HEADS.len())] {
                    response.headers_mut().insert(*name, http::HeaderValue::from_bytes(value).unwrap());
                }
                Some((row.read)(response).is_ok())
            }
            _ => None,
        });
        let answers: Vec<bool> = answers.collect();
        assert!(answers.contains(&true) && answers.contains(&false), "{}: {answers:?}", row.meta.id);
    }
}
