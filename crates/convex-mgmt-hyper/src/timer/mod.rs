//! The timers and clocks of a client: the trait [`Timer`], and its implementation for tokio.

mod interface;
#[cfg(feature = "tokio")]
mod tokio_timer;

use std::time::Duration;

pub use self::interface::{NoTimer, Timer};
#[cfg(feature = "tokio")]
pub use self::tokio_timer::{TokioSleep, TokioTimer};

/// The timer that types have unless they name another one, and the timer that values begin with.
#[cfg(feature = "tokio")]
pub(crate) use self::tokio_timer::{TokioTimer as DefaultTimer, TokioTimer as InitialTimer};
#[cfg(not(feature = "tokio"))]
pub(crate) type DefaultTimer = NoTimer;
#[cfg(not(feature = "tokio"))]
pub(crate) type InitialTimer = ();

/// The longest wait, 30 years. Clocks and timers of most runtimes cannot represent much longer times.
pub(crate) const LONGEST_WAIT: Duration = Duration::from_secs(30 * 365 * 24 * 60 * 60);

/// Returns a future that completes after `duration`, at most [`LONGEST_WAIT`].
pub(crate) fn sleep<T: Timer>(timer: &T, duration: Duration) -> T::Sleep {
    timer.sleep(duration.min(LONGEST_WAIT))
}

/// Returns the time since `since`, which is an earlier [`Timer::now`].
pub(crate) fn elapsed(timer: &impl Timer, since: Duration) -> Duration {
    timer.now().saturating_sub(since)
}

/// Returns a random pause between half of `longest` and `longest`.
pub(crate) fn jittered(timer: &impl Timer, longest: Duration) -> Duration {
    let jitter = timer.jitter();
    // The timer is foreign code, and `clamp` keeps what is not a number.
    let jitter = if jitter.is_nan() { 0.0 } else { jitter.clamp(0.0, 1.0) };
    longest.mul_f64(0.5 + jitter / 2.0)
}
