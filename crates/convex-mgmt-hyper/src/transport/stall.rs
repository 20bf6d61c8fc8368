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
        // The next poll starts the timeout again.
        restarts: bool,
        #[pin]
        sleep: Option<Sleep>,
    }
}

impl StallTimer {
    /// Creates a timer that starts now. With a timeout it needs the timers of a tokio runtime.
    pub(super) fn new(timeout: Option<Duration>) -> Self {
        let timeout = timeout.map(|timeout| timeout.min(LONGEST_WAIT));
        let sleep = timeout.map(tokio::time::sleep);
        Self { timeout: timeout.unwrap_or(LONGEST_WAIT), restarts: false, sleep }
    }

    /// Starts the timeout again with the next poll. A response that has arrived as a whole needs no other poll.
    pub(super) fn restart(self: Pin<&mut Self>) {
        *self.project().restarts = true;
    }

    /// Returns `Ready` after the timeout.
    pub(super) fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        let Some(mut sleep) = this.sleep.as_pin_mut() else { return Poll::Pending };
        if std::mem::take(this.restarts) {
            sleep.as_mut().reset(Instant::now() + *this.timeout);
        }
        sleep.poll(cx)
    }
}
