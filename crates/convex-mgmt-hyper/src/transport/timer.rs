//! [`Timer`]: the longest wait for progress.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use pin_project_lite::pin_project;
use tokio::time::{Instant, Sleep};

/// The longest timeout, 30 years: times far beyond it cannot be added to an [`Instant`].
pub(super) const MOST: Duration = Duration::from_secs(30 * 365 * 24 * 60 * 60);

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
