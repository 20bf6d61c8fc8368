//! [`Timer`]: the longest wait for progress.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use pin_project_lite::pin_project;
use tokio::time::{Instant, Sleep};

/// The longest timeout, 30 years: times far beyond it cannot be added to an [`Instant`].
const MOST: Duration = Duration::from_secs(30 * 365 * 24 * 60 * 60);

pin_project! {
    /// Elapses when it was not restarted for the timeout. Without a timeout it never does.
    pub(super) struct Timer {
        timeout: Duration,
        #[pin]
        sleep: Option<Sleep>,
    }
}

impl Timer {
    /// A timer that begins now. With a timeout it needs the timers of a tokio runtime.
    pub(super) fn new(timeout: Option<Duration>) -> Self {
        let timeout = timeout.map(|timeout| timeout.min(MOST));
        Self { timeout: timeout.unwrap_or(MOST), sleep: timeout.map(tokio::time::sleep) }
    }

    /// Starts the timeout again.
    pub(super) fn restart(self: Pin<&mut Self>) {
        let this = self.project();
        if let Some(sleep) = this.sleep.as_pin_mut() {
            sleep.reset(Instant::now() + *this.timeout);
        }
    }

    /// Ready when the timeout is over.
    pub(super) fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        match self.project().sleep.as_pin_mut() {
            Some(sleep) => sleep.poll(cx),
            None => Poll::Pending,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::pin::pin;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn each_restart_gives_the_whole_timeout_again() {
        let (began, timeout) = (Instant::now(), Duration::from_secs(30));
        let mut timer = pin!(Timer::new(Some(timeout)));
        for _ in 0..3 {
            let early = tokio::time::timeout(Duration::from_secs(20), poll_fn(|cx| timer.as_mut().poll(cx)));
            assert!(early.await.is_err());
            timer.as_mut().restart();
        }
        poll_fn(|cx| timer.as_mut().poll(cx)).await;
        assert_eq!(began.elapsed(), Duration::from_secs(90));
    }

    #[tokio::test(start_paused = true)]
    async fn any_timeout_may_be_set() {
        let day = Duration::from_secs(24 * 60 * 60);
        for timeout in [None, Some(Duration::MAX), Some(Duration::from_secs(i64::MAX as u64)), Some(2 * day)] {
            let mut timer = pin!(Timer::new(timeout));
            timer.as_mut().restart();
            let waited = tokio::time::timeout(day, poll_fn(|cx| timer.as_mut().poll(cx)));
            assert!(waited.await.is_err(), "{timeout:?}");
        }
        let mut timer = pin!(Timer::new(Some(Duration::ZERO)));
        poll_fn(|cx| timer.as_mut().poll(cx)).await;
    }
}
