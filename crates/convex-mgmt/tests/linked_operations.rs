//! The size of a program: it contains only the operations that it uses.

mod example;

use convex_mgmt::Operation;
use convex_mgmt::deployment::PauseDeployment;
use convex_mgmt::proto::OPERATIONS;

#[test]
fn a_program_with_one_operation_contains_no_other_operation() {
    let path = example::path("pause");
    let program = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    // Each path begins with a slash. Comparing at each byte takes a minute without optimization.
    let slashes = program.iter().enumerate().filter(|(_, byte)| **byte == b'/').map(|(at, _)| at);
    let slashes: Vec<usize> = slashes.collect();
    let contains = |path: &str| slashes.iter().any(|at| program[*at..].starts_with(path.as_bytes()));
    let pause = PauseDeployment::META;
    assert!(contains(pause.path), "{pause} is missing, so the absence of other operations shows nothing");
    for meta in OPERATIONS.iter().filter(|meta| **meta != pause && Some(**meta) != pause.verify_with) {
        assert!(!contains(meta.path), "the program contains {meta}");
    }
}
