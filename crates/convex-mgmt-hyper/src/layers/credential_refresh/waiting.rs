//! [`Waiting`]: the wait of a rejected request for another credential.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use convex_mgmt_proto::Api;
use pin_project_lite::pin_project;
use tokio::sync::futures::OwnedNotified;

use super::credential_source::CredentialSource;
use super::source::{Drive, Source, Version};
use crate::timer::{Timer, sleep};

pin_project! {
    /// Drives the fetch after the result `version` until there is another result. All calls that wait on one runtime drive it
    /// together.
    pub(super) struct Waiting<A: Api, F: CredentialSource<A>, T: Timer> {
        source: Arc<Source<A, F>>,
        timer: T,
        version: Version,
        // The time at which this call began to wait.
        since: Duration,
        // `None` when the fetch has to be driven.
        #[pin]
        woken: Option<OwnedNotified>,
        // The time that the fetch has left.
        #[pin]
        timeout: Option<T::Sleep>,
    }
}

impl<A: Api, F: CredentialSource<A>, T: Timer> Waiting<A, F, T> {
    pub(super) fn new(source: Arc<Source<A, F>>, timer: T, version: Version, since: Duration) -> Self {
        Self { source, timer, version, since, woken: None, timeout: None }
    }
}

impl<A: Api, F: CredentialSource<A>, T: Timer> Future for Waiting<A, F, T> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut this = self.project();
        if this.woken.is_none() {
            this.woken.set(Some(this.source.woken()));
            // From here on no wake-up is missed.
            this.woken.as_mut().as_pin_mut().map(OwnedNotified::enable);
            match this.source.drive(this.timer, *this.version, *this.since) {
                Drive::Ended => return Poll::Ready(()),
                Drive::Pending(left) => this.timeout.set(Some(sleep(this.timer, left))),
            }
        }
        let is_over = this.woken.as_mut().as_pin_mut().is_some_and(|woken| woken.poll(cx).is_ready())
            || this.timeout.as_mut().as_pin_mut().is_some_and(|timeout| timeout.poll(cx).is_ready());
        if is_over {
            this.woken.set(None);
            this.timeout.set(None);
            // Lets other tasks run. Otherwise a source that always wakes its task would be polled without end.
            cx.waker().wake_by_ref();
        }
        Poll::Pending
    }
}
