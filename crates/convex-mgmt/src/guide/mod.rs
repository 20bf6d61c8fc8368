//! Guides by topic, with examples.
//!
//! The Management API:
//!
//! * [Teams, members and roles][teams-and-members]: members, invitations, custom roles, the audit log of a team.
//! * [Projects and default variables][projects]: create, rename, delete; the variables of new deployments.
//! * [Deployments and custom domains][deployments]: from a team's token to a client of a deployment, previews, regions.
//! * [Keys and tokens][keys-and-tokens]: which credential for what, secrets that appear once, minted and echoed keys.
//! * [OAuth for applications][oauth]: users connect their team or project, sessions, errors.
//! * [Destructive operations][destructive-operations]: losses, confirmations, the guard.
//!
//! The Deployment Platform API:
//!
//! * [Environment variables][environment-variables]: list, update, `.env` files, plans, conflicts.
//! * [Canonical URLs, pausing and deployment info][urls-and-pausing].
//! * [Log streams][log-streams]: the six kinds, topics, updates, webhook secrets.
//! * [Webhooks and metering][webhooks]: verification, events, duplicates, billing counters.
//! * [Audit log][audit-log]: pages, actors, metadata.
//! * [Data sync][data-sync]: a copy that follows every change, sinks, failures, documents, selections.
//! * [Mirror to SQLite or PostgreSQL][mirror]: a program that copies deployments to SQL tables.
//! * [Usage and usage limits][usage-and-limits]: metrics, units, windows, limits.
//!
//! Both:
//!
//! * [Errors and retries][errors]: error kinds, retry rules, unknown outcomes.
//! * [Error codes][error-codes]: meaning, next step and operations of each.
//! * [Credentials][credentials]: the operations that accept each kind.
//! * [Pagination][pagination]: lists as streams, errors, resuming, prefetch.
//! * [Settings and layers][settings]: defaults, endpoints, connections, proxies, tower layers.
//! * [Transports and runtimes][transports]: another HTTP client, another runtime, or none.
//! * [Test your integration][testing]: an in-memory Convex for tests, in process, over a socket or from other languages.
//! * [Reliability][reliability]: guarantees, and the tests that check them.
//!
#![doc = include_str!("links.md")]

/// Declares the modules of the guides.
///
/// A guide links by reference (`[text][data-sync]`), and defines these links for git hosts at its end. The definitions of
/// `links.md` and `operation-links.md` come first, so that they take precedence here.
///
/// The style keeps tables readable on a phone, where rustdoc would break names anywhere and columns would get too narrow.
macro_rules! guides {
    ($style:literal: $($name:ident = $file:literal;)*) => {$(
        #[doc = include_str!("links.md")]
        #[doc = include_str!("operation-links.md")]
        #[doc = ""]
        // The examples need the features that they use. Without them the guide is text only.
        #[cfg_attr(
            any(not(doctest), all(feature = "dotenv", feature = "tls-ring")),
            doc = include_str!(concat!("../../docs/", $file))
        )]
        #[doc = include_str!($style)]
        pub mod $name {}
    )*};
}

guides! {
    "tables.html":
    teams_and_members = "teams-and-members.md";
    projects = "projects.md";
    deployments = "deployments.md";
    keys_and_tokens = "keys-and-tokens.md";
    environment_variables = "environment-variables.md";
    urls_and_pausing = "urls-and-pausing.md";
    log_streams = "log-streams.md";
    audit_log = "audit-log.md";
    data_sync = "data-sync.md";
    mirror = "mirror.md";
    usage_and_limits = "usage-and-limits.md";
    credentials = "credentials.md";
    destructive_operations = "destructive-operations.md";
    errors = "errors.md";
    pagination = "pagination.md";
    settings = "settings.md";
    transports = "transports.md";
    testing = "testing.md";
}

guides! {
    "tables-of-codes.html":
    error_codes = "error-codes.md";
}

guides! {
    "tables-of-tests.html":
    reliability = "reliability.md";
}

#[doc = include_str!("links.md")]
#[doc = include_str!("operation-links.md")]
#[doc = ""]
// Its examples need one feature more than those of the other guides.
#[cfg_attr(
    any(not(doctest), all(feature = "dotenv", feature = "tls-ring", feature = "webhook")),
    doc = include_str!("../../docs/webhooks.md")
)]
#[doc = include_str!("tables.html")]
pub mod webhooks {}

#[doc = include_str!("links.md")]
#[doc = include_str!("operation-links.md")]
#[doc = ""]
// Its examples need one feature more than those of the other guides.
#[cfg_attr(
    any(not(doctest), all(feature = "oauth-random", feature = "tls-ring")),
    doc = include_str!("../../docs/oauth.md")
)]
#[doc = include_str!("tables.html")]
pub mod oauth {}

/// The examples of the README, compiled as tests.
#[cfg(all(doctest, feature = "dotenv", feature = "tls-ring"))]
#[doc = include_str!("links.md")]
#[doc = ""]
#[doc = include_str!("../../README.md")]
mod readme {}
