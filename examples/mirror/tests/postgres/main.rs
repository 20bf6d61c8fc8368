//! Tests of the mirror in PostgreSQL. They need a server, whose URL is in `CONVEX_MGMT_POSTGRES`, and skip themselves without one.
#![allow(clippy::print_stderr, reason = "a test says why it is skipped")]

mod columns;
mod commits;
mod documents;
mod locks;
mod programs;
#[path = "../server/mod.rs"]
mod server;
mod support;
mod workers;
