//! [`conformance`]: runs every check and collects the results.

use std::time::Duration;

use super::caller::Caller;
use super::check::Check;
use super::checks;
use super::report::{ConformanceError, FailedCheck, Report};
use super::session::{Checked, End, Run};
use super::target::Target;
use crate::api::sleep_on_a_thread;

/// Bounds a check, so that a transport that never returns fails instead of blocking the test. A blocking client is not bounded.
const CHECK_TIMEOUT: Duration = Duration::from_secs(60);

/// Proves that clients built by `connect` behave as the SDK documents. It takes a few seconds.
///
/// `connect` is called several times, each time with another [`Target`]. Its client needs the target's endpoint and timeouts, and
/// retries by the default policy. See the [module](super) for examples.
///
/// The run observes time. Do not run it under a paused clock.
///
/// # Errors
/// A [`ConformanceError`] with every check that failed, or if no loopback port can be bound.
pub async fn conformance<C: Caller>(connect: impl FnMut(&Target) -> C) -> Result<Report, ConformanceError> {
    let mut run = Run::new(connect);
    let mut report = Report { passed: Vec::new(), skipped: Vec::new() };
    let mut failed = Vec::new();
    for &check in Check::ALL {
        match within(CHECK_TIMEOUT, checks::perform(check, &mut run)).await.unwrap_or_else(endless) {
            Ok(()) => report.passed.push(check),
            Err(End::Skipped) => report.skipped.push(check),
            Err(End::Mismatch { expected, found }) => failed.push(FailedCheck { check, expected, found }),
            Err(End::Server(error)) => return Err(ConformanceError::server(error)),
        }
    }
    if failed.is_empty() { Ok(report) } else { Err(ConformanceError::checks(failed, report)) }
}

/// Returns the output of a future, or `None` after a time. A thread measures the time, because the executor may have no timers.
async fn within<T>(time: Duration, future: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        biased;
        output = future => Some(output),
        () = sleep_on_a_thread(time) => None,
    }
}

/// The result of a check that did not end in time.
fn endless() -> Checked {
    let expected = format!("an end of the call within {} s", CHECK_TIMEOUT.as_secs());
    Err(End::Mismatch { expected, found: "a call that does not end".to_owned() })
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use super::*;

    #[test]
    fn a_future_that_does_not_end_times_out_on_an_executor_without_timers() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        assert_eq!(runtime.block_on(within(Duration::from_millis(1), pending::<()>())), None);
        assert_eq!(runtime.block_on(within(Duration::from_secs(60), ready(1))), Some(1));
    }
}
