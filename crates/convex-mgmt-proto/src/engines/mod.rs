//! State machines without IO: the retries of a call, a copy of a deployment's documents, and the receiver of a webhook.

pub(crate) mod retry;
pub mod sync;
#[cfg(feature = "webhook")]
pub mod webhook;
