//! State machines without IO: the retries of a call, a copy of a deployment's documents, the receiver of a webhook, and the OAuth flow.

#[cfg(feature = "oauth")]
pub mod oauth;
pub(crate) mod retry;
pub mod sync;
#[cfg(feature = "webhook")]
pub mod webhook;
