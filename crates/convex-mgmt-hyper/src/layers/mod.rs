//! The layers of the client's stack. Each one works by itself over any tower service from `http::Request<Bytes>` to
//! `http::Response<Bytes>`.
//!
//! Their error is a [`TransportError`](crate::TransportError), whatever the error of the inner service is.

mod attempt_timeout;
mod concurrency_limit;
mod credential_refresh;
mod retry;

pub use attempt_timeout::{AttemptTimeout, AttemptTimeoutLayer};
pub use concurrency_limit::{ConcurrencyLimit, ConcurrencyLimitLayer};
pub use credential_refresh::{CredentialRefresh, CredentialRefreshLayer};
pub use retry::{Retry, RetryLayer};

pub use crate::error::Attempts;

/// The futures of the layers' services.
pub(crate) mod future {
    pub use super::attempt_timeout::AttemptTimeoutFuture;
    pub use super::concurrency_limit::ConcurrencyLimitFuture;
    pub use super::credential_refresh::CredentialRefreshFuture;
    pub use super::retry::RetryFuture;
}
