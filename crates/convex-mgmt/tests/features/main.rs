//! Each combination of features of the facade.
//!
//! `cargo xtask ci` runs these tests with each feature alone, and with some together. Every feature adds something, and no
//! feature removes anything.

#[cfg(feature = "hyper")]
mod connections;
mod custom;
