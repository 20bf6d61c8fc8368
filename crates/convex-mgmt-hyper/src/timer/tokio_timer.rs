//! [`TokioTimer`]: the timers of tokio.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::pin::Pin;
use std::sync::OnceLock;
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime};

use convex_mgmt_proto::UnixMillis;
use pin_project_lite::pin_project;
use tokio::runtime::Handle;
use tokio::time::Instant;

use super::{LONGEST_WAIT, Timer};

/// The timers of tokio. Feature `tokio`.
///
/// # Panics
/// Creating a sleep panics outside a tokio runtime, and in one without timers.
#[derive(Clone, Copy, Debug, Default)]
pub struct TokioTimer;

impl Timer for TokioTimer {
    type Sleep = TokioSleep;

    fn now(&self) -> Duration {
        static FIRST: OnceLock<Instant> = OnceLock::new();
        let first = *FIRST.get_or_init(Instant::now);
        let now = Instant::now();
        // The paused clock of a test may be before the first reading, which another runtime's clock made.
        match now.checked_duration_since(first) {
            Some(after) => LONGEST_WAIT + after,
            None => LONGEST_WAIT.saturating_sub(first.duration_since(now)),
        }
    }

    fn sleep(&self, duration: Duration) -> TokioSleep {
        TokioSleep { sleep: tokio::time::sleep(duration) }
    }

    #[expect(clippy::disallowed_methods, reason = "this is the timer")]
    fn unix_time(&self) -> UnixMillis {
        UnixMillis::from_system_time(SystemTime::now()).unwrap_or_default()
    }

    fn runtime(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        Handle::try_current().ok().map(|runtime| runtime.id()).hash(&mut hasher);
        hasher.finish()
    }
}

pin_project! {
    /// The future of [`TokioTimer`].
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct TokioSleep {
        #[pin]
        sleep: tokio::time::Sleep,
    }
}

impl Future for TokioSleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.project().sleep.poll(cx)
    }
}
