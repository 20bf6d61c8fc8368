//! Drivers and streams of data syncs against the fake: copies, failures, cancellation, several deployments.

mod cancellation;
mod copies;
mod failures;
mod many;
mod source;
mod stream;
