//! Mirrors of Convex deployments in SQL databases: sinks for SQLite and PostgreSQL, and what they share.
//!
//! The program `mirror` is made of these parts. `docs/mirror.md` describes it.

pub mod columns;
pub mod json;
pub mod naming;
pub mod postgres;
pub mod worker;
