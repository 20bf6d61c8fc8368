//! Each combination of features of the facade.
//!
//! `cargo xtask ci` runs these tests without features, with each feature that affects connections alone, and with some together.
//! Every feature adds something, and no feature removes anything.

#[cfg(feature = "hyper")]
mod connections;
mod custom;
mod items;
