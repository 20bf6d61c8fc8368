//! Fuzz targets: one function for each kind of input that comes from elsewhere. Each takes any bytes, and panics if what
//! is promised does not hold for them.
//!
//! `cargo test` replays `corpus/` through them and runs inputs that [`mutate`] makes of it; `cargo xtask fuzz` gives them to
//! libFuzzer, through the programs in `libfuzzer/`.

pub mod credentials;
pub mod cursors;
pub mod documents;
pub mod input;
pub mod mutate;
pub mod operations;
pub mod oracle;
pub mod pages;
pub mod plant;
pub mod replies;

pub use credentials::credentials;
pub use cursors::cursors;
pub use documents::documents;
pub use pages::pages;
pub use replies::replies;

/// A target.
pub type Target = fn(&[u8]);

/// Every target by its name, which is that of its folder in the corpus too.
pub const TARGETS: &[(&str, Target)] = &[
    ("credentials", credentials),
    ("cursors", cursors),
    ("documents", documents),
    ("pages", pages),
    ("replies", replies),
];
