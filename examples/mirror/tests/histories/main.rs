//! Random histories of a deployment and of copies that follow it: at each `upToDate` the copy equals its source.
//!
//! A history has writes, imports, created, cleared and deleted tables, changed selections, crashes at any poll, lost and
//! duplicated answers, expired cursors, failing sinks, and two runs that write into one sink. `CONVEX_MGMT_HISTORIES` sets the
//! number of histories, and `CONVEX_MGMT_HISTORIES_SEED` the first seed:
//!
//! ```text
//! CONVEX_MGMT_HISTORIES=10000 cargo test --release -p convex-mgmt-mirror --test histories -- --nocapture
//! ```
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a test reports what it played, and what it skipped")]

mod check;
mod data;
mod history;
mod play;
mod run;
#[path = "../server/mod.rs"]
mod server;
mod shrink;
mod source;
mod stores;
mod watched;
mod wire;
mod world;

use stores::broken::{Broken, MISTAKES};
use stores::memory::Memory;
use stores::postgres::Postgres;
use stores::sqlite::Sqlite;

#[test]
fn copies_in_memory_equal_their_sources() {
    shrink::check::<Memory>("memory", 300);
}

#[test]
fn copies_in_sqlite_equal_their_sources() {
    shrink::check::<Sqlite>("SQLite", 60);
}

#[test]
fn copies_in_postgresql_equal_their_sources() {
    if stores::postgres::server().is_some() {
        shrink::check::<Postgres>("PostgreSQL", 20);
    }
}

/// Histories find this mistake.
fn find<const MISTAKE: usize>() {
    match shrink::many::<Broken<MISTAKE>>(1, 100, 1) {
        Ok(counts) => panic!("no history finds a sink that {}: {counts:?}", MISTAKES[MISTAKE]),
        Err(failed) => println!("{}: history {} {}", MISTAKES[MISTAKE], failed.seed, failed.text),
    }
}

#[test]
fn histories_find_mistakes_of_sinks() {
    shrink::many::<Broken<0>>(1, 20, 1).unwrap();
    find::<1>();
    find::<2>();
    find::<3>();
    find::<4>();
    find::<5>();
    find::<6>();
    find::<7>();
    find::<8>();
}
