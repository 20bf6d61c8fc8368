//! The services that a client is built of.

use crate::layers::{ConcurrencyLimit, Retry};
use crate::transport::HyperTransport;

/// What stands around all attempts of a call: the total deadline, retries, and the concurrency limit.
pub type CallService<S> = Retry<ConcurrencyLimit<S>>;

/// The innermost service of the default client, which performs one attempt.
pub type AttemptService = HyperTransport;

/// The stack of a client that was built without layers of the integrator's:
/// total deadline, retry, concurrency limit, attempt timeout, hyper.
pub type DefaultService = CallService<AttemptService>;
