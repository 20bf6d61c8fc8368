//! [`Source`]: the credential that all services of one layer share, and the fetches of another one that are in progress.

use std::collections::HashMap;
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
use tokio::runtime::{Handle, Id};
use tokio::sync::Notify;
use tokio::time::{Instant, timeout};
use tower::BoxError;

use crate::error::SharedError;

/// A call of the source: ends with the endpoint as it is with the new credential.
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
    /// The fetches in progress, at most one for each runtime. The timers and connections of a fetch belong to the runtime that
    /// it began on: they stand still while nobody polls that one, and fail when it ends. The first answer drops the others.
    fetches: HashMap<Option<Id>, Slot<A>>,
    backoff: Backoff,
    timeout: Duration,
}

/// The place of a fetch. It is taken out to be polled, so that no lock is held while foreign code runs.
enum Slot<A> {
    Resting {
        fetch: Fetch<A>,
        began: Instant,
    },
    Polled {
        /// Whether somebody else came to poll it meanwhile, who has to be woken.
        missed: bool,
    },
}

/// What came of polling a fetch.
enum Drive {
    Ended,
    /// It has so much time left.
    Pending(Duration),
    /// Somebody else is polling it.
    Busy,
}

/// Wakes everybody who waits for the source: some of them may no longer be polled, and any can go on with the fetch.
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
            fetches: HashMap::new(),
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
        let state = this.state();
        if let Some(version) = state.replaced(request) {
            return Next::Send(version);
        }
        let now = Instant::now();
        let is_paused = now.duration_since(state.answered_at) < state.backoff.pause(state.in_vain);
        if is_paused && !state.fetches.contains_key(&runtime()) {
            return state.nothing_new();
        }
        Next::Wait(Box::pin(Arc::clone(this).answer_after(state.version, now)))
    }

    /// Decides about a request that has waited for the source.
    pub(super) fn answered(&self, request: &mut Request<Bytes>) -> Next {
        let state = self.state();
        state.replaced(request).map_or_else(|| state.nothing_new(), Next::Send)
    }

    /// Goes on with the fetch that follows an answer, together with all others who wait for it on this runtime, until there is
    /// another answer. `since` is when this one began to wait.
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

    /// Polls the fetch of this runtime once, if nobody else does. Begins it if there is none.
    fn drive(&self, version: Version, since: Instant) -> Drive {
        let runtime = runtime();
        // Dropped after the lock is released.
        let _abandoned: Vec<_>;
        let mut state = self.state();
        if state.version != version {
            return Drive::Ended;
        }
        let limit = state.timeout;
        _abandoned = state.abandoned(runtime).collect();
        let slot = state.fetches.entry(runtime).or_insert_with(|| self.begin());
        let (mut fetch, began) = match mem::replace(slot, Slot::Polled { missed: true }) {
            Slot::Polled { .. } => return Drive::Busy,
            Slot::Resting { fetch, began } => (fetch, began),
        };
        *slot = Slot::Polled { missed: false };
        drop(state);

        let unwinding = Unwinding { source: self, runtime };
        let waker = Waker::from(Arc::clone(&self.progress));
        let polled = fetch.as_mut().poll(&mut Context::from_waker(&waker));
        mem::forget(unwinding);

        if let Poll::Ready(answer) = polled {
            return self.end(runtime, answer);
        }
        let taken = Instant::now().duration_since(began);
        if taken < limit {
            return self.put_back(runtime, Slot::Resting { fetch, began }, limit - taken);
        }
        // It may have run out of time while nobody waited. That is no reason to refuse who has just come.
        if since.duration_since(began) > limit {
            let left = self.put_back(runtime, self.begin(), limit);
            self.progress.0.notify_waiters();
            return left;
        }
        self.end(runtime, Err(NoAnswer::TimedOut(limit).into()))
    }

    /// A fetch that nobody has polled yet. Calls no foreign code.
    fn begin(&self) -> Slot<A> {
        Slot::Resting { fetch: (self.fetch)(), began: Instant::now() }
    }

    /// Leaves the fetch to whoever polls it next. It has so much time `left`.
    fn put_back(&self, runtime: Option<Id>, fetch: Slot<A>, left: Duration) -> Drive {
        let mut state = self.state();
        let Some(slot) = state.fetches.get_mut(&runtime) else {
            // There was an answer on another runtime. The lock is released before the fetch is dropped.
            drop(state);
            return Drive::Ended;
        };
        if matches!(mem::replace(slot, fetch), Slot::Polled { missed: true }) {
            self.progress.0.notify_waiters();
        }
        Drive::Pending(left)
    }

    /// Takes the answer of the source, unless one on another runtime came first.
    fn end(&self, runtime: Option<Id>, answer: Result<Endpoint<A>, BoxError>) -> Drive {
        let mut state = self.state();
        if state.fetches.remove(&runtime).is_none() {
            return Drive::Ended;
        }
        let others = mem::take(&mut state.fetches);
        state.version += 1;
        state.in_vain = state.in_vain.saturating_add(1);
        state.answered_at = Instant::now();
        state.failure = match answer {
            Ok(endpoint) => {
                state.endpoint = endpoint;
                None
            }
            Err(reason) => Some(reason.into()),
        };
        drop(state);
        drop(others);
        self.progress.0.notify_waiters();
        Drive::Ended
    }
}

/// The runtime that this runs on.
fn runtime() -> Option<Id> {
    Handle::try_current().ok().map(|runtime| runtime.id())
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

    /// Takes out what is left of runtimes that have ended, or stand still for longer than a fetch may take.
    fn abandoned(&mut self, runtime: Option<Id>) -> impl Iterator<Item = (Option<Id>, Slot<A>)> {
        let (now, limit) = (Instant::now(), self.timeout);
        let is_over = move |slot: &Slot<A>| match slot {
            Slot::Resting { began, .. } => now.duration_since(*began) > limit,
            Slot::Polled { .. } => false,
        };
        self.fetches.extract_if(move |of, slot| *of != runtime && is_over(slot))
    }

    /// How a request ends for which there is no other credential.
    fn nothing_new(&self) -> Next {
        self.failure.clone().map_or(Next::Refused, Next::Fail)
    }
}

/// Ends the fetch if polling it panics.
struct Unwinding<'a, A: Api> {
    source: &'a Source<A>,
    runtime: Option<Id>,
}

impl<A: Api> Drop for Unwinding<'_, A> {
    fn drop(&mut self) {
        self.source.end(self.runtime, Err(NoAnswer::Panicked.into()));
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
