//! Fuzz targets: one function for each kind of input from outside. Each accepts any bytes, and panics if a property of the
//! library does not hold for them.
//!
//! `cargo test` runs the targets with the [`corpus`](inputs::corpus) and with mutated seeds. `cargo xtask fuzz` runs them under
//! libFuzzer, through the programs in `libfuzzer/`. `benches/growth.rs` measures the library's work for inputs that grow.
//!
//! Everything that covers each operation is derived from `convex_mgmt_proto::samples`.

pub mod authorizations;
pub mod credentials;
pub mod cursors;
pub mod deliveries;
pub mod documents;
pub mod environment_files;
pub mod families;
pub mod inputs;
pub mod log_events;
pub mod oracle;
pub mod pages;
pub mod plant;
pub mod replies;
pub mod role_resources;
pub mod syncs;

pub use authorizations::authorizations;
pub use credentials::credentials;
pub use cursors::cursors;
pub use deliveries::deliveries;
pub use documents::documents;
pub use environment_files::environment_files;
pub use log_events::log_events;
pub use pages::pages;
pub use replies::replies;
pub use role_resources::role_resources;
pub use syncs::syncs;

/// A fuzz target.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// The name of the target, and of its folder in `corpus/`.
    pub name: &'static str,
    /// Passes an input to the library, and panics if a property does not hold.
    pub check: fn(&[u8]),
    /// Passes an input to the library without checking properties. The benchmark measures this function.
    pub read: fn(&[u8]),
}

/// All targets.
pub const TARGETS: &[Target] = &[
    Target { name: "authorizations", check: authorizations, read: authorizations::read },
    Target { name: "credentials", check: credentials, read: credentials::read },
    Target { name: "cursors", check: cursors, read: cursors::read },
    Target { name: "deliveries", check: deliveries, read: deliveries::read },
    Target { name: "documents", check: documents, read: documents::read },
    Target { name: "environment_files", check: environment_files, read: environment_files::read },
    Target { name: "log_events", check: log_events, read: log_events::read },
    Target { name: "pages", check: pages, read: pages::read },
    Target { name: "replies", check: replies, read: replies::read },
    Target { name: "role_resources", check: role_resources, read: role_resources::read },
    Target { name: "syncs", check: syncs, read: syncs::read },
];
