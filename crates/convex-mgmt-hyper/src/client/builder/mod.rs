//! The builder of clients: its settings and layers, and the connections over hyper.

mod base;
#[cfg(feature = "hyper")]
mod connection_settings;
#[cfg(feature = "hyper")]
mod over_hyper;

pub use self::base::ClientBuilder;
