//! Bad input of every kind, for every operation: values that a request cannot carry, and responses that break the format.

#[cfg(feature = "serde-all")]
mod new_values;
mod operations;
mod requests;
mod responses;
mod samples;
mod url;
