//! The connections of a transport, by runtime and host.
//!
//! `hosts` has them as plain data, `store` puts that under the pool's lock, and `reaper` closes the idle ones in time. A `lease` lends
//! one to a call, `turn` and `open` open one, and `checkout` finds one for a call.

mod checkout;
mod connection;
mod hosts;
mod key;
mod lease;
mod open;
mod reaper;
mod store;
mod task;
#[cfg(test)]
mod tests;
mod turn;

pub(super) use self::connection::Unopened;
pub(super) use self::lease::{Lease, Pool};
pub(crate) use self::store::PoolSettings;
