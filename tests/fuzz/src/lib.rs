//! Fuzz targets: one function for each kind of input that comes from elsewhere. Each takes any bytes, and panics if what
//! is promised does not hold for them.
//!
//! `cargo test` replays `corpus/` through them and runs inputs that [`mutate`] makes of it; `cargo xtask fuzz` gives them to
//! libFuzzer, through the programs in `libfuzzer/`. `benches/growth.rs` counts what the library does for inputs that get larger.

pub mod corpus;
pub mod credentials;
pub mod cursors;
pub mod documents;
pub mod environment_files;
pub mod families;
pub mod input;
pub mod mutate;
pub mod operations;
pub mod oracle;
pub mod pages;
pub mod plant;
pub mod replies;
pub mod stretch;

pub use credentials::credentials;
pub use cursors::cursors;
pub use documents::documents;
pub use environment_files::environment_files;
pub use pages::pages;
pub use replies::replies;

/// A target.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Its name, which is that of its folder in the corpus too.
    pub name: &'static str,
    /// Gives an input to the library, and panics if what is promised does not hold.
    pub check: fn(&[u8]),
    /// Gives an input to the library, and nothing else: what its work is measured by.
    pub read: fn(&[u8]),
}

/// Every target.
pub const TARGETS: &[Target] = &[
    Target { name: "credentials", check: credentials, read: credentials::read },
    Target { name: "cursors", check: cursors, read: cursors::read },
    Target { name: "documents", check: documents, read: documents::read },
    Target { name: "environment_files", check: environment_files, read: environment_files::read },
    Target { name: "pages", check: pages, read: pages::read },
    Target { name: "replies", check: replies, read: replies::read },
];
