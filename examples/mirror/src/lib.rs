//! Mirrors of Convex deployments in SQL databases: sinks for SQLite and PostgreSQL, and what they share.
//!
//! The program `mirror` is made of these parts. `docs/mirror.md` describes it.

pub mod columns;
pub mod display;
pub mod json;
pub mod naming;
pub mod options;
pub mod postgres;
pub mod run;
pub mod source;
pub mod sqlite;
pub mod worker;
