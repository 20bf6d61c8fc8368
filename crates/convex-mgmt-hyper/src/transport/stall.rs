//! [`StallTimer`]: the longest wait for progress.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use pin_project_lite::pin_project;
use tokio::time::{Instant, Sleep};

use crate::timer::LONGEST_WAIT;

pin_project! {
    /// Elapses if it is not restarted within the timeout. Without a timeout it never elapses.
    pub(super) struct StallTimer {
        timeout: Duration,
        #[pin]
        sleep: Option<Sleep>,
    }
}

impl StallTimer {
    /// Creates a timer that starts now. With a timeout it needs the timers of a tokio runtime.
    pub(super) fn new(timeout: Option<Duration>) -> Self {
        let timeout = timeout.map(|timeout| timeout.min(LONGEST_WAIT));
        Self { timeout: timeout.unwrap_or(LONGEST_WAIT), sleep: timeout.map(tokio::time::sleep) }
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
