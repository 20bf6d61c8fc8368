//! [`FakeControlPlane`]: its builder, its service, its listener, and its control by a test.

mod builder;
mod control;
mod events;
mod handle;
mod ledger;
mod oauth;
mod service;

pub use builder::{FakeControlPlaneBuilder, TokenClass};
pub use handle::FakeControlPlane;
pub use ledger::LedgerEntry;
