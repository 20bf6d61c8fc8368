//! [`Source`]: the credential that all services of one layer share, and the one question for another that may be under way.

use std::future::poll_fn;
use std::mem;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use bytes::Bytes;
use convex_mgmt_proto::{Api, Endpoint};
use http::Request;
use thiserror::Error;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout};
use tower::BoxError;

use crate::error::SharedError;

/// A question that is under way: ends with the endpoint as it is with the new credential.
pub(super) type Fetch<A> = Pin<Box<dyn Future<Output = Result<Endpoint<A>, BoxError>> + Send>>;

/// Ends when the source has answered.
pub(super) type Answered = Pin<Box<dyn Future<Output = ()> + Send + Sync>>;

/// Which answer of the source a credential came with; 0 for the one that was there first.
pub(super) type Version = u64;

/// What to do with a request that the server refused.
pub(super) enum Next {
    /// Send it with the credential of this version, which is in it now.
    Send(Version),
    /// Wait until the source has answered.
    Wait(Answered),
    /// End with the reason why there is no other credential.
    Fail(SharedError),
    /// End with the server's answer: the source gave what was refused.
    Refused,
}

/// A credential, where to get another, and what came of that so far.
pub(super) struct Source<A> {
    /// As it was when the layer was made.
    given: Endpoint<A>,
    fetch: Box<dyn Fn() -> Fetch<A> + Send + Sync>,
    state: Mutex<State<A>>,
    progress: Arc<Progress>,
}

struct State<A> {
    /// With the newest credential.
    endpoint: Endpoint<A>,
    /// How often the source has answered.
    version: Version,
    /// How many answers in a row have not led to a credential that works.
    in_vain: u32,
    answered_at: Instant,
    /// Why the last answer was none.
    failure: Option<SharedError>,
    slot: Slot<A>,
    backoff: Backoff,
    timeout: Duration,
}

/// The place of the question. It is taken out to be polled, so that no lock is held while foreign code runs.
enum Slot<A> {
    Empty,
    Resting {
        fetch: Fetch<A>,
        began: Instant,
    },
    Polled {
        /// Whether somebody else came to poll it meanwhile, who has to be woken.
        missed: bool,
    },
}

/// What came of polling the question.
enum Drive {
    Ended,
    /// It has so much time left.
    Pending(Duration),
    /// Somebody else is polling it.
    Busy,
}

/// Wakes everybody who waits for the source: some of them may no longer be polled, and any can go on with the question.
struct Progress(Notify);

impl Wake for Progress {
    fn wake(self: Arc<Self>) {
        self.0.notify_waiters();
    }
}

/// Why a source has no answer, beside its own reasons.
#[derive(Debug, Error)]
enum NoAnswer {
    #[error("the source of credentials took longer than {0:?}")]
    TimedOut(Duration),
    #[error("the source of credentials panicked")]
    Panicked,
}

/// How long the source is left alone.
#[derive(Clone, Copy, Debug)]
struct Backoff {
    base: Duration,
    max: Duration,
}

impl Backoff {
    /// The pause after so many answers in a row that led to nothing.
    fn pause(self, in_vain: u32) -> Duration {
        match in_vain.checked_sub(1) {
            None => Duration::ZERO,
            Some(doublings) => self.base.saturating_mul(1 << doublings.min(31)).min(self.max),
        }
    }
}

impl<A: Api> Source<A> {
    pub(super) fn new(given: &Endpoint<A>, fetch: Box<dyn Fn() -> Fetch<A> + Send + Sync>) -> Self {
        let state = State {
            endpoint: given.clone(),
            version: 0,
            in_vain: 0,
            answered_at: Instant::now(),
            failure: None,
            slot: Slot::Empty,
            backoff: Backoff { base: Duration::from_secs(1), max: Duration::from_secs(60) },
            timeout: Duration::from_secs(30),
        };
        Self { given: given.clone(), fetch, state: Mutex::new(state), progress: Arc::new(Progress(Notify::new())) }
    }

    pub(super) fn given(&self) -> &Endpoint<A> {
        &self.given
    }

    pub(super) fn set_backoff(&self, base: Duration, max: Duration) {
        self.state().backoff = Backoff { base, max };
    }

    pub(super) fn set_timeout(&self, timeout: Duration) {
        self.state().timeout = timeout;
    }

    fn state(&self) -> MutexGuard<'_, State<A>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts the newest credential into a request.
    pub(super) fn authorize(&self, request: &mut Request<Bytes>) -> Version {
        let state = self.state();
        state.endpoint.authorize(request);
        state.version
    }

    /// Takes note that the server accepted the credential of this version.
    pub(super) fn worked(&self, version: Version) {
        let mut state = self.state();
        if state.version == version {
            state.in_vain = 0;
        }
    }

    /// Decides about a request that the server refused.
    pub(super) fn refused(this: &Arc<Self>, request: &mut Request<Bytes>) -> Next {
        let mut state = this.state();
        if let Some(version) = state.replaced(request) {
            return Next::Send(version);
        }
        let now = Instant::now();
        if matches!(state.slot, Slot::Empty) {
            if now.duration_since(state.answered_at) < state.backoff.pause(state.in_vain) {
                return state.nothing_new();
            }
            state.slot = Slot::Resting { fetch: (this.fetch)(), began: now };
        }
        Next::Wait(Box::pin(Arc::clone(this).answer_after(state.version, now)))
    }

    /// Decides about a request that has waited for the source.
    pub(super) fn answered(&self, request: &mut Request<Bytes>) -> Next {
        let state = self.state();
        state.replaced(request).map_or_else(|| state.nothing_new(), Next::Send)
    }

    /// Goes on with the question that was asked after an answer, together with all others who wait for it, until it has an
    /// answer. `since` is when this one began to wait.
    async fn answer_after(self: Arc<Self>, version: Version, since: Instant) {
        loop {
            let mut progress = pin!(self.progress.0.notified());
            // From here on no wake-up is missed.
            progress.as_mut().enable();
            match self.drive(version, since) {
                Drive::Ended => return,
                // Whoever polls it says so afterwards.
                Drive::Busy => progress.await,
                Drive::Pending(left) => drop(timeout(left, progress).await),
            }
            yield_once().await;
        }
    }

    /// Polls the question once, if nobody else does.
    fn drive(&self, version: Version, since: Instant) -> Drive {
        let mut state = self.state();
        if state.version != version {
            return Drive::Ended;
        }
        let (mut fetch, began) = match mem::replace(&mut state.slot, Slot::Polled { missed: true }) {
            Slot::Empty => {
                state.slot = Slot::Empty;
                return Drive::Ended;
            }
            Slot::Polled { .. } => return Drive::Busy,
            Slot::Resting { fetch, began } => (fetch, began),
        };
        state.slot = Slot::Polled { missed: false };
        let limit = state.timeout;
        drop(state);

        let unwinding = Unwinding(self);
        let waker = Waker::from(Arc::clone(&self.progress));
        let polled = fetch.as_mut().poll(&mut Context::from_waker(&waker));
        mem::forget(unwinding);

        if let Poll::Ready(answer) = polled {
            return self.end(answer);
        }
        let taken = Instant::now().duration_since(began);
        if taken < limit {
            return self.put_back(fetch, began, limit - taken);
        }
        // It may have run out of time while nobody waited. That is no reason to refuse who has just come.
        if since.duration_since(began) > limit {
            let left = self.put_back((self.fetch)(), Instant::now(), limit);
            self.progress.0.notify_waiters();
            return left;
        }
        self.end(Err(NoAnswer::TimedOut(limit).into()))
    }

    /// Leaves the question to whoever polls it next. It has so much time `left`.
    fn put_back(&self, fetch: Fetch<A>, began: Instant, left: Duration) -> Drive {
        let before = mem::replace(&mut self.state().slot, Slot::Resting { fetch, began });
        if matches!(before, Slot::Polled { missed: true }) {
            self.progress.0.notify_waiters();
        }
        Drive::Pending(left)
    }

    /// Takes the answer of the source.
    fn end(&self, answer: Result<Endpoint<A>, BoxError>) -> Drive {
        let mut state = self.state();
        state.version += 1;
        state.in_vain = state.in_vain.saturating_add(1);
        state.answered_at = Instant::now();
        state.slot = Slot::Empty;
        state.failure = match answer {
            Ok(endpoint) => {
                state.endpoint = endpoint;
                None
            }
            Err(reason) => Some(reason.into()),
        };
        drop(state);
        self.progress.0.notify_waiters();
        Drive::Ended
    }
}

impl<A: Api> State<A> {
    /// Puts the newest credential into a request, if it has another one.
    fn replaced(&self, request: &mut Request<Bytes>) -> Option<Version> {
        if self.endpoint.serves(request) {
            return None;
        }
        self.endpoint.authorize(request);
        Some(self.version)
    }

    /// How a request ends for which there is no other credential.
    fn nothing_new(&self) -> Next {
        self.failure.clone().map_or(Next::Refused, Next::Fail)
    }
}

/// Ends the question if polling it panics.
struct Unwinding<'a, A: Api>(&'a Source<A>);

impl<A: Api> Drop for Unwinding<'_, A> {
    fn drop(&mut self) {
        self.0.end(Err(NoAnswer::Panicked.into()));
    }
}

/// Lets other tasks run. A source that is always awake would be polled without end otherwise.
async fn yield_once() {
    let mut yielded = false;
    poll_fn(|cx| {
        if mem::replace(&mut yielded, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest() {
        let (base, max) = (Duration::from_secs(1), Duration::from_secs(60));
        let pauses: Vec<u64> = (0..9).map(|in_vain| Backoff { base, max }.pause(in_vain).as_secs()).collect();
        assert_eq!(pauses, [0, 1, 2, 4, 8, 16, 32, 60, 60]);
        assert_eq!(Backoff { base, max }.pause(u32::MAX), max);
        for (base, max, expected) in [
            (Duration::MAX, Duration::MAX, Duration::MAX),
            (Duration::ZERO, Duration::MAX, Duration::ZERO),
            (Duration::MAX, Duration::ZERO, Duration::ZERO),
        ] {
            assert_eq!(Backoff { base, max }.pause(40), expected);
        }
    }
}
