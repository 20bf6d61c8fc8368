//! The layers of the stack, each usable by itself over any tower service that takes `http::Request<Bytes>` and gives
//! `http::Response<Bytes>`. Whatever the service below returns as its error, theirs is a
//! [`TransportError`](crate::TransportError).

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
