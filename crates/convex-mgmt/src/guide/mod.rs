//! Guides by topic, with examples.
//!
//! They are also in the folder `docs` of the repository.

// So that guides link to operations by their names.
#[cfg(doc)]
#[allow(unused_imports, reason = "used by links only")]
use crate::deployment::*;

/// Declares the modules of the guides.
///
/// A guide links to others by reference (`[text][data-sync]`), and defines these links for git hosts at its end. The definitions
/// of `links.md` come first, so that they take precedence here.
macro_rules! guides {
    ($($name:ident = $file:literal;)*) => {$(
        #[doc = include_str!("links.md")]
        #[doc = ""]
        // The examples need the features that they use. Without them the guide is text only.
        #[cfg_attr(
            any(not(doctest), all(feature = "dotenv", feature = "tls-ring")),
            doc = include_str!(concat!("../../docs/", $file))
        )]
        pub mod $name {}
    )*};
}

guides! {
    environment_variables = "environment-variables.md";
    deployment = "deployment.md";
    log_streams = "log-streams.md";
    audit_log = "audit-log.md";
    data_sync = "data-sync.md";
    usage_and_limits = "usage-and-limits.md";
    errors = "errors.md";
    transports = "transports.md";
    testing = "testing.md";
    reliability = "reliability.md";
}

/// The examples of the README, compiled as tests.
#[cfg(all(doctest, feature = "dotenv", feature = "tls-ring"))]
#[doc = include_str!("links.md")]
#[doc = ""]
#[doc = include_str!("../../README.md")]
mod readme {}
