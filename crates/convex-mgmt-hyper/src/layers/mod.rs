//! The layers of the stack, each usable by itself over any tower service that takes `http::Request<Bytes>` and gives
//! `http::Response<Bytes>`. Their errors are boxed [`TransportError`](crate::TransportError)s or what the service below
//! returns.

mod limit;
mod retry;
mod timeout;

pub use limit::{ConcurrencyLimit, ConcurrencyLimitLayer};
pub use retry::{Retry, RetryLayer};
pub use timeout::{Timeout, TimeoutLayer};

/// The futures of the layers' services.
pub mod future {
    pub use super::limit::ConcurrencyLimitFuture;
    pub use super::retry::RetryFuture;
    pub use super::timeout::TimeoutFuture;
}
