//! A client for the management APIs of [Convex](https://www.convex.dev), in the cloud and self-hosted.
//!
//! * The Deployment Platform API ([`deployment`]) configures one deployment: environment variables, log streams, usage limits, data
//!   sync.
//! * The Management API ([`management`]) creates and configures what contains them: teams, projects, deployments, keys, domains
//!   and roles.
//!
//! All operations of both APIs are implemented.
//!
//! ```toml
//! [dependencies]
//! convex-mgmt = "0.1"
//! tokio = { version = "1", features = ["macros", "rt-multi-thread"] }
//! ```
//!
//! # Example
//!
//! An operation is a struct, and [`Client::send`] executes it. This program changes the variables with the prefix `MY_TOOL_` to
//! the contents of an `.env` file:
//!
#![cfg_attr(feature = "dotenv", doc = "```no_run")]
#![cfg_attr(not(feature = "dotenv"), doc = "```ignore")]
//! use convex_mgmt::deployment::ListEnvironmentVariables;
//! use convex_mgmt::deployment::environment_variables::{
//!     EnvironmentPlan, EnvironmentVariables, Ownership,
//! };
//! use convex_mgmt::{Client, DeployKey, Endpoint, OnConflict};
//!
//! #[tokio::main]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let key = DeployKey::parse(&std::env::var("CONVEX_DEPLOY_KEY")?)?;
//!     let client = Client::new(Endpoint::new("https://happy-animal-123.convex.cloud", &key)?)?;
//!
//!     let current = client.send(&ListEnvironmentVariables::new()).await?;
//!     let wanted = EnvironmentVariables::from_dotenv(&std::fs::read_to_string(".env")?)?;
//!     let plan = EnvironmentPlan::new(&current, &wanted, Ownership::Prefix("MY_TOOL_".into()));
//!     println!("{plan}"); // names, never values
//!     client.apply_environment_plan(&plan, OnConflict::Fail).await?;
//!     Ok(())
//! }
//! ```
//!
//! A client of the Management API creates clients of deployments, with the URL that the API returns. This program creates a
//! preview and configures it:
//!
//! ```no_run
//! use std::time::Duration;
//!
//! use convex_mgmt::deployment::UpdateEnvironmentVariables;
//! use convex_mgmt::management::CreateDeployment;
//! use convex_mgmt::management::deployments::NewDeployment;
//! use convex_mgmt::{AccessToken, Client, DeploymentAccess, Endpoint, ProjectId};
//!
//! #[tokio::main]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let token = AccessToken::team(&std::env::var("CONVEX_ACCESS_TOKEN")?)?;
//!     let management = Client::new(Endpoint::new("https://api.convex.dev", &token)?)?;
//!
//!     // It replaces a preview with the same identifier.
//!     let create = CreateDeployment::new(ProjectId(42), NewDeployment::preview("pr-12"));
//!     let deployment = management.send(&create).await?;
//!     let client = management.deployment(&deployment, DeploymentAccess::SameToken)?;
//!     client.wait_until_ready(Duration::from_secs(60)).await?;
//!     client.send(&UpdateEnvironmentVariables::new().set("GREETING", "hello")).await?;
//!     Ok(())
//! }
//! ```
//!
//! An [`Endpoint`] combines a URL with a credential. Pass the deployment's URL as Convex shows it, or let the Management API return
//! it. It depends on the region and cannot be derived from the deployment's name.
//!
//! | credential | type | for |
//! | --- | --- | --- |
//! | deploy key, self-hosted admin key | [`DeployKey`] | one deployment |
//! | team access token | [`AccessToken::team`] | the Management API, except members and personal tokens; deployments of the team |
//! | OAuth token of a team or a project | [`AccessToken`] | the same, within the team or the project; see [Credentials][credentials] |
//! | personal access token | [`AccessToken::personal`] | the Management API |
//! | any of them, for example from a configuration file | [`Credential`] | |
//!
//! [`Credential::compatibility`] advises whether an operation accepts a credential. [Keys and tokens][keys-and-tokens] shows how to
//! create one with few permissions. [`OperationMeta::destroys`] marks the operations that destroy something: see
//! [Destructive operations][destructive-operations].
//!
#![doc = include_str!("guide/links.md")]
#![doc = include_str!("guide/operation-links.md")]
#![doc = include_str!("../docs/operations.md")]
//!
//! The idempotency of an operation decides about retries. Safe operations read. Idempotent operations lead to the same state
//! however often they are executed. All others are retried only when the server provably did not execute them.
//!
//! # When it fails
//!
//! Every failed call returns an [`Error`]. Its text names the operation, the cause, whether a write may have taken effect, and
//! the number of attempts. It contains no values and no keys.
//!
//! | check | meaning | next step |
//! | --- | --- | --- |
//! | [`ErrorKind::OutcomeUnknown`] | a write may have taken effect | call the operation named by [`Error::verify_with`] |
//! | [`Error::is_applied`] | the write took effect, its response is unreadable | do not repeat it; read the result with [`Error::verify_with`] |
//! | [`Error::build_error`] | a value breaks a rule of the API; nothing was sent | correct the value |
//! | [`Error::is_auth`] | the credential is invalid, of the wrong kind, or lacks a permission or plan | check the error's text and [`Error::compatibility`], which name the permission or the kinds to use |
//! | [`Error::is_not_found`] | the named object does not exist, or the credential does not reach it | check the id |
//! | [`Error::is_write_conflict`] | 100 retries lost against concurrent writers; nothing changed | write from one place at a time |
//! | [`Error::is_rate_limited`], [`Error::retry_after`] | the server limits the rate | wait for that time |
//! | [`Error::is_timeout`] | an attempt (30 s) or the call (90 s) ran out of time | raise the limit of [`ClientBuilder`], or retry a read |
//! | [`ErrorKind::Connect`], [`ErrorKind::Tls`], [`ErrorKind::Proxy`] | no connection; nothing was executed | check URL, network and proxy |
//! | any other | | follow [`Error::advice`], or match on [`Error::code`] and [`Error::kind`] |
//!
//! [Errors and retries][errors] describes all kinds and the retry rules.
//!
//! # Lists, copies and webhooks
//!
//! * [`Client::pages`] walks lists by page or by item, as streams. See [Pagination][pagination].
//! * [`sync::SyncDriver`] keeps a copy of a deployment's documents that follows every change. See [Data sync][data-sync].
//! * The module `webhook` verifies and reads deliveries of log streams, and adds up their billing counters. It needs the feature
//!   `webhook`. See [Webhooks and metering][webhooks].
//!
//! # OAuth
//!
//! The module `oauth` gets access to the teams and projects of an application's users. It needs the feature `oauth`. See
//! [OAuth for applications][oauth].
//!
//! # Transports and tests
//!
//! * [`ClientBuilder`] has the settings: timeouts, retries, limits, proxies, trusted certificates, tower layers. See
//!   [Settings and layers][settings].
//! * [`Client::at`] reaches further deployments with the same connections, limits and retry budget. [`Client::deployment`] and
//!   [`Client::deployment_by_name`] do so with the URL that the Management API returns.
//! * [`ClientBuilder::build_on`] replaces hyper with any tower service, for example the in-memory deployment for tests. See
//!   [Test your integration][testing].
//! * [`Operation::to_request`] and [`Operation::from_response`] are enough for a transport without tower or async. See
//!   [Transports and runtimes][transports].
//! * [`proto`] and [`hyper`] are the crates below this one. They have further types for custom operations, layers and transports.
//!
//! All guides are in [`guide`]. [Reliability][reliability] lists what is guaranteed and how it is tested.
//!
//! # Features
//!
//! | feature | adds | default |
//! | --- | --- | --- |
//! | `dotenv` | parsing of `.env` text | yes |
//! | `hyper` | connections over hyper and tokio: `Client::new`, `ClientBuilder::build` | yes |
//! | `tls-ring` | TLS with rustls on ring and bundled roots | yes |
//! | `tls-aws-lc` | TLS with rustls on aws-lc-rs and bundled roots | |
//! | `tokio` | the timers of tokio, for another transport on a tokio runtime | with `hyper` |
//! | `native-roots` | the platform's trusted certificates | |
//! | `http2` | HTTP/2 where the server offers it | |
//! | `proxy` | HTTP, HTTPS and SOCKS 5 proxies | |
//! | `tracing` | spans for calls and attempts | |
//! | `webhook` | verification and events of webhook log streams, metering: see [Webhooks and metering][webhooks] | |
//! | `oauth` | the OAuth flow of applications: see [OAuth for applications][oauth] | |
//! | `oauth-random` | `oauth`, and its randomness from the operating system | |
//! | `serde-all` | `Serialize` for responses, and `Deserialize` for the settings in requests; secrets are written in clear text | |
//!
//! All features are additive. The crate needs Rust 1.88 or newer.
#![doc = include_str!("guide/tables.html")]
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod guide;

// The client.
#[cfg(any(feature = "tls-ring", feature = "tls-aws-lc", feature = "native-roots"))]
pub use convex_mgmt_hyper::CryptoProvider;
#[cfg(feature = "tokio")]
pub use convex_mgmt_hyper::TokioTimer;
pub use convex_mgmt_hyper::{
    BoxClient, Client, ClientBuilder, ConfigError, DeploymentClient, Items, KeyedDeployment, ManagementClient,
    OnConflict, Pages, Timer, Transport,
};
#[cfg(feature = "proxy")]
pub use convex_mgmt_hyper::{Proxy, ProxyError, ProxyVariableError};

// Where requests go, and with which credential.
pub use convex_mgmt_proto::{
    AccessToken, Compatibility, Credential, CredentialError, DeployKey, DeploymentAccess, DeploymentApi,
    DeploymentEndpointError, Endpoint, EndpointError, ManagementApi,
};

// The operations and their values.
pub use convex_mgmt_proto::{
    AccessTokenId, CustomRoleId, DeploymentClass, DeploymentId, DeploymentType, Idempotency, LogStreamId, MemberActor,
    MemberId, Operation, OperationMeta, Patch, Printable, ProjectId, RawJson, Region, Reply, RequestDestination,
    Secret, TeamId, Text, TokenActor, Unchecked, UnixMillis, UnixNanos, UnknownObject, UsageLimitId,
};
pub use convex_mgmt_proto::{deployment, environment, guard, management};

// The state machines beyond single operations.
#[cfg(feature = "webhook")]
pub use convex_mgmt_proto::webhook;

/// The OAuth authorization-code flow of applications for Convex.
#[cfg(feature = "oauth")]
#[cfg_attr(docsrs, doc(cfg(feature = "oauth")))]
pub mod oauth {
    pub use convex_mgmt_hyper::oauth::*;
    pub use convex_mgmt_proto::oauth::*;
}

/// A copy of a deployment's documents that follows every change. See the guide [`data_sync`](crate::guide::data_sync).
pub mod sync {
    pub use convex_mgmt_hyper::sync::*;
    pub use convex_mgmt_proto::sync::*;
}

// Errors and retries.
pub use convex_mgmt_hyper::{Advice, Error, ErrorKind, Incomplete, ProxyRefusal, TransportError, TransportErrorKind};
pub use convex_mgmt_proto::{
    ApiError, BuildError, DecodeError, DecodeErrorKind, ErrorCode, ResponseError, RetryBudget, RetryPolicy, Sent,
    Violation, Violations,
};

// The crates below this one, for integrators, and the crates whose types they use.
#[doc(no_inline)]
pub use {bytes, convex_mgmt_hyper as hyper, convex_mgmt_proto as proto, http, tower};
