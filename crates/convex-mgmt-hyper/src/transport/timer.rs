//! [`Timer`]: the longest wait for progress.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use pin_project_lite::pin_project;
use tokio::time::{Instant, Sleep};

/// The longest timeout, 30 years. Much longer times cannot be added to an [`Instant`].
pub(super) const MAX_TIMEOUT: Duration = Duration::from_secs(30 * 365 * 24 * 60 * 60);

pin_project! {
    /// Elapses if it is not restarted within the timeout. Without a timeout it never elapses.
    pub(super) struct Timer {
        timeout: Duration,
        #[pin]
        sleep: Option<Sleep>,
    }
}

impl Timer {
    /// Creates a timer that starts now. With a timeout it needs the timers of a tokio runtime.
    pub(super) fn new(timeout: Option<Duration>) -> Self {
        let timeout = timeout.map(|timeout| timeout.min(MAX_TIMEOUT));
        Self { timeout: timeout.unwrap_or(MAX_TIMEOUT), sleep: timeout.map(tokio::time::sleep) }
    }

    /// Starts the timeout again.
    pub(super) fn restart(self: Pin<&mut Self>) {
        let this = self.project();
        if let Some(sleep) = this.sleep.as_pin_mut() {
            sleep.reset(Instant::now() + *this.timeout);
        }
    }

    /// Returns `Ready` after the timeout.
    pub(super) fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        match self.project().sleep.as_pin_mut() {
            Some(sleep) => sleep.poll(cx),
            None => Poll::Pending,
        }
    }
}
