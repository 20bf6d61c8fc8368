//! [`Timer`]: the clocks, timers and randomness that a client needs from its runtime.

use std::collections::hash_map::RandomState;
use std::future::Ready;
use std::hash::BuildHasher;
use std::time::Duration;

use convex_mgmt_proto::UnixMillis;

/// The clocks, timers and randomness that a client needs from its runtime.
///
/// The feature `tokio` has `TokioTimer`. A client on another runtime gets its timer by
/// [`ClientBuilder::timer`](crate::ClientBuilder::timer) or [`Client::with_timer`](crate::Client::with_timer). Neither the timer nor
/// its futures have to be `Send`.
///
/// ```
/// use std::pin::Pin;
/// use std::time::{Duration, Instant, SystemTime};
///
/// use convex_mgmt::{Timer, UnixMillis};
/// # mod my_runtime {
/// #     pub async fn sleep(_: std::time::Duration) {}
/// # }
///
/// #[derive(Clone)]
/// struct MyTimer {
///     started: Instant,
/// }
///
/// impl Timer for MyTimer {
///     type Sleep = Pin<Box<dyn Future<Output = ()> + Send>>;
///
///     fn now(&self) -> Duration {
///         self.started.elapsed()
///     }
///
///     fn sleep(&self, duration: Duration) -> Self::Sleep {
///         Box::pin(my_runtime::sleep(duration))
///     }
///
///     fn unix_time(&self) -> UnixMillis {
///         UnixMillis::from_system_time(SystemTime::now()).unwrap_or_default()
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "a client cannot wait with `{Self}`",
    label = "not a `Timer`",
    note = "enable the feature `tokio`, or set the timer of another runtime with `ClientBuilder::timer` or `Client::with_timer`"
)]
pub trait Timer: Clone {
    /// The future of [`sleep`](Self::sleep).
    type Sleep: Future<Output = ()>;

    /// Returns the time of a monotonic clock, since any fixed moment. It measures durations.
    fn now(&self) -> Duration;

    /// Returns a future that completes after `duration`. The time starts now, and not with the first poll.
    ///
    /// The library waits at most 30 years.
    fn sleep(&self, duration: Duration) -> Self::Sleep;

    /// Returns the time of the machine's wall clock. A data sync reports it, and warns by it before its cursor expires.
    fn unix_time(&self) -> UnixMillis;

    /// Returns a random number in `0.0..1.0`, which spreads the retries of many clients.
    ///
    /// The default takes it from the keys that the standard library creates for hash maps. On `wasm32-unknown-unknown` they are
    /// the same in every process, so a timer for it overrides this method.
    fn jitter(&self) -> f64 {
        let bits = RandomState::new().hash_one(0_u8) >> 11;
        bits as f64 / (1_u64 << 53) as f64
    }

    /// Returns a number that identifies the current runtime.
    ///
    /// [`CredentialRefreshLayer`](crate::layers::CredentialRefreshLayer) continues a future only on the runtime where it began, because
    /// its timers and connections belong to that runtime. Override this method if one program may have
    /// several runtimes. The default is 0.
    fn runtime(&self) -> u64 {
        0
    }
}

/// The timer that types name by default without the feature `tokio`. It has no value.
///
/// A client without that feature begins with `()` as its timer, which does not implement [`Timer`]. So the compiler rejects a call of a
/// client whose timer was not set.
#[derive(Clone, Copy, Debug)]
pub enum NoTimer {}

impl Timer for NoTimer {
    type Sleep = Ready<()>;

    fn now(&self) -> Duration {
        match *self {}
    }

    fn sleep(&self, _duration: Duration) -> Ready<()> {
        match *self {}
    }

    fn unix_time(&self) -> UnixMillis {
        match *self {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone)]
    struct Defaults;

    impl Timer for Defaults {
        type Sleep = Ready<()>;

        fn now(&self) -> Duration {
            Duration::ZERO
        }

        fn sleep(&self, _duration: Duration) -> Self::Sleep {
            std::future::ready(())
        }

        fn unix_time(&self) -> UnixMillis {
            UnixMillis::default()
        }
    }

    #[test]
    fn the_default_jitter_is_spread_over_its_range() {
        let samples: Vec<f64> = (0..100).map(|_| Defaults.jitter()).collect();
        assert!(samples.iter().all(|sample| (0.0..1.0).contains(sample)));
        assert!(samples.iter().any(|sample| *sample < 0.5) && samples.iter().any(|sample| *sample >= 0.5));
    }
}
