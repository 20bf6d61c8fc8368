//! The layers of the client's stack. Each one works by itself over any tower service from `http::Request<Bytes>` to
//! `http::Response<Bytes>`.
//!
//! Their error is a [`TransportError`](crate::TransportError), whatever the error of the inner service is.
//!
//! # Runtimes
//!
//! The layers run on any runtime: [`RetryLayer`], [`AttemptTimeoutLayer`] and [`CredentialRefreshLayer`] have a method that sets the
//! [`Timer`](crate::Timer). They spawn no tasks.
//!
//! They do not require `Send` of the inner service, its futures, the timer or the source of credentials. Their services are `Send` and
//! `Sync` if these are. Only errors have to be `Send + Sync`, because they become a [`BoxError`](tower::BoxError).
//!
//! # Tracing
//!
//! With the feature `tracing`, the client emits these spans and events. Their target is `convex_mgmt`. The names follow
//! OpenTelemetry's semantic conventions for HTTP clients. Nothing holds a credential, a filled path, a query, a header or a body.
//!
//! | span or event | level | emitted |
//! | --- | --- | --- |
//! | span `convex_mgmt.call` | INFO | for each call that was built, around all its attempts |
//! | span `convex_mgmt.attempt` | DEBUG | for each attempt, in the span of its call, by [`Retry`] |
//! | event `retrying` | DEBUG | before each wait for another attempt, by [`Retry`] |
//! | event `the server deprecates this version of the library` | WARN | for each response with such a header |
//!
//! | field | of | value |
//! | --- | --- | --- |
//! | `otel.name` | call | the operation's id, such as `list_usage_limits` |
//! | `otel.kind` | call | `client` |
//! | `otel.status_code` | call | `ERROR` if the call failed |
//! | `http.request.method` | call | the method |
//! | `url.template` | call | the path without the endpoint's prefix, such as `/api/v1/get_log_stream/{id}` |
//! | `server.address`, `server.port` | call | host and port of the URL |
//! | `http.request.resend_count` | call | the number of attempts after the first one, if there was one |
//! | `http.request.resend_count` | attempt | the number of attempts before this one |
//! | `http.response.status_code` | call, attempt | the status of the response; for a call, of its last response |
//! | `error.type` | call | [`ErrorKind::as_str`](crate::ErrorKind::as_str), if the call failed |
//! | `error.type` | attempt, `retrying` | the status of a response that is not a success, or [`TransportErrorKind::as_str`](crate::TransportErrorKind::as_str) |
//! | `convex.error.code` | call, `retrying` | the server's error code; `[unprintable code]` if it is not one word |
//! | `attempt` | `retrying` | the number of the failed attempt, from 1 |
//! | `delay_ms` | `retrying` | the wait before the next attempt, in milliseconds |
//! | `outcome` | `retrying` | `error_response`, `write_conflict`, `no_response` or `unprocessed` |
//! | `convex.deprecation.state`, `convex.deprecation.message` | deprecation | [`Deprecation`](convex_mgmt_proto::Deprecation) |
//!
//! A call that is dropped ends its spans without `error.type`. A success that cannot be read fails the call and not its attempt.

mod attempt_timeout;
mod concurrency_limit;
mod credential_refresh;
mod guard;
mod retry;
mod upcoming;

pub use attempt_timeout::{AttemptTimeout, AttemptTimeoutLayer};
pub use concurrency_limit::{ConcurrencyLimit, ConcurrencyLimitLayer};
pub(crate) use credential_refresh::RefreshedCredential;
pub use credential_refresh::{CredentialRefresh, CredentialRefreshLayer, CredentialSource};
pub(crate) use guard::Confirmed;
pub use guard::{Guard, GuardLayer};
pub use retry::{Retry, RetryLayer};

pub use crate::error::Attempts;

/// The futures of the layers' services.
pub(crate) mod future {
    pub use super::attempt_timeout::AttemptTimeoutFuture;
    pub use super::concurrency_limit::ConcurrencyLimitFuture;
    pub use super::credential_refresh::CredentialRefreshFuture;
    pub use super::guard::GuardFuture;
    pub use super::retry::RetryFuture;
}
