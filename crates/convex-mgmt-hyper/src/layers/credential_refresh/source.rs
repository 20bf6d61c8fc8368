//! [`Source`]: the credential of one endpoint, and the fetches of another one that are in progress.

use std::collections::HashMap;
use std::future::poll_fn;
use std::mem;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use bytes::Bytes;
use convex_mgmt_proto::{AccessTokenKind, Api, CredentialKind, Endpoint};
use http::Request;
use thiserror::Error;
use tokio::runtime::{Handle, Id};
use tokio::sync::Notify;
use tokio::time::{Instant, timeout};
use tower::BoxError;

use crate::error::SharedError;

/// A call of the user's function. It ends with the endpoint with its new credential.
pub(super) type Fetch<A> = Pin<Box<dyn Future<Output = Result<Endpoint<A>, BoxError>> + Send>>;

/// The user's function, for all endpoints of a layer.
pub(super) type FetchFn<A> = Arc<dyn Fn(Endpoint<A>) -> Fetch<A> + Send + Sync>;

/// Ends when a fetch has returned a result.
pub(super) type Fetched = Pin<Box<dyn Future<Output = ()> + Send + Sync>>;

/// The number of the result with a credential; 0 for the original one.
pub(super) type Version = u64;

/// The next step for a request that the server rejected.
pub(super) enum Next {
    /// Send it with the credential of this version, which it has now.
    Send(Version),
    /// Wait until a fetch has returned a result.
    Wait(Fetched),
    /// End with the reason why there is no other credential.
    Fail(SharedError),
    /// End with the server's response: the source returned the rejected credential.
    Reject,
}

/// The credential of one endpoint, the function for another one, and its results so far.
pub(super) struct Source<A> {
    /// With its original credential.
    original: Endpoint<A>,
    fetch: FetchFn<A>,
    settings: Settings,
    state: Mutex<State<A>>,
    waiting: Arc<WaitingCalls>,
}

struct State<A> {
    /// With the newest credential.
    endpoint: Endpoint<A>,
    /// The number of results so far.
    version: Version,
    /// The number of results in a row without a credential that works.
    failures: u32,
    fetched_at: Instant,
    /// The error, if the last result was one.
    failure: Option<SharedError>,
    /// The fetches in progress, at most one for each runtime. The timers and connections of a fetch belong to the runtime that
    /// it began on: they pause while that runtime is not polled, and fail when it ends. The first result drops the others.
    fetches: HashMap<Option<Id>, Slot<A>>,
}

/// The settings of a source.
#[derive(Clone, Copy, Debug)]
pub(super) struct Settings {
    pub(super) backoff: Backoff,
    /// The longest time of one fetch.
    pub(super) timeout: Duration,
}

/// The place of a fetch. It is taken out to be polled, so that no lock is held while foreign code runs.
enum Slot<A> {
    Resting {
        fetch: Fetch<A>,
        began: Instant,
    },
    Polled {
        /// `true` if another call tried to poll it meanwhile and has to be woken.
        missed: bool,
    },
}

/// The result of polling a fetch.
enum Drive {
    Ended,
    /// It has this time left.
    Pending(Duration),
    /// Another call is polling it.
    Busy,
}

/// Wakes all calls that wait for the fetch. Some of them may no longer be polled, and any of them can continue it.
struct WaitingCalls(Notify);

impl Wake for WaitingCalls {
    fn wake(self: Arc<Self>) {
        self.0.notify_waiters();
    }
}

/// A fetch without a result of the user's function.
#[derive(Debug, Error)]
enum NoResult {
    #[error("the source of credentials took longer than {0:?}")]
    TimedOut(Duration),
    #[error("the source of credentials panicked")]
    Panicked,
}

/// The pause between two fetches that lead to no credential that works.
#[derive(Clone, Copy, Debug)]
pub(super) struct Backoff {
    pub(super) base: Duration,
    pub(super) max: Duration,
}

impl Backoff {
    /// Returns the pause after `failures` such results in a row.
    fn pause(self, failures: u32) -> Duration {
        match failures.checked_sub(1) {
            None => Duration::ZERO,
            Some(doublings) => self.base.saturating_mul(1 << doublings.min(31)).min(self.max),
        }
    }
}

impl<A: Api> Source<A> {
    pub(super) fn new(original: Endpoint<A>, fetch: FetchFn<A>, settings: Settings) -> Self {
        let state = State {
            endpoint: original.clone(),
            version: 0,
            failures: 0,
            fetched_at: Instant::now(),
            failure: None,
            fetches: HashMap::new(),
        };
        Self { original, fetch, settings, state: Mutex::new(state), waiting: Arc::new(WaitingCalls(Notify::new())) }
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

    /// Returns the kind of the credential of this version. `None` for the original one. It is opaque if there is a newer one.
    pub(super) fn replaced_kind(&self, version: Version) -> Option<CredentialKind> {
        let state = self.state();
        let kind = match state.version == version {
            true => state.endpoint.credential_kind(),
            false => CredentialKind::AccessToken(AccessTokenKind::Opaque),
        };
        (version != 0).then_some(kind)
    }

    /// Records that the server accepted the credential of this version.
    pub(super) fn accepted(&self, version: Version) {
        let mut state = self.state();
        if state.version == version {
            state.failures = 0;
        }
    }

    /// Returns the next step for a request that the server rejected.
    pub(super) fn rejected(this: &Arc<Self>, request: &mut Request<Bytes>) -> Next {
        let state = this.state();
        if let Some(version) = state.replace(request) {
            return Next::Send(version);
        }
        let now = Instant::now();
        let is_paused = now.duration_since(state.fetched_at) < this.settings.backoff.pause(state.failures);
        if is_paused && !state.fetches.contains_key(&runtime()) {
            return state.no_replacement();
        }
        Next::Wait(Box::pin(Arc::clone(this).result_after(state.version, now)))
    }

    /// Returns the next step for a request that has waited for a fetch.
    pub(super) fn fetched(&self, request: &mut Request<Bytes>) -> Next {
        let state = self.state();
        state.replace(request).map_or_else(|| state.no_replacement(), Next::Send)
    }

    /// Drives the fetch after the result `version` until there is another result. All calls that wait on this runtime drive it
    /// together. `since` is the time at which this call began to wait.
    async fn result_after(self: Arc<Self>, version: Version, since: Instant) {
        loop {
            let mut woken = pin!(self.waiting.0.notified());
            // From here on no wake-up is missed.
            woken.as_mut().enable();
            match self.drive(version, since) {
                Drive::Ended => return,
                // The call that polls it wakes this one afterwards.
                Drive::Busy => woken.await,
                Drive::Pending(left) => drop(timeout(left, woken).await),
            }
            yield_once().await;
        }
    }

    /// Polls the fetch of this runtime once, unless another call does. Begins it if there is none.
    fn drive(&self, version: Version, since: Instant) -> Drive {
        let runtime = runtime();
        // Dropped after the lock is released.
        let _abandoned: Vec<_>;
        let mut state = self.state();
        if state.version != version {
            return Drive::Ended;
        }
        let limit = self.settings.timeout;
        _abandoned = state.abandoned(runtime, limit).collect();
        let slot = state.fetches.entry(runtime).or_insert_with(|| self.begin());
        let (mut fetch, began) = match mem::replace(slot, Slot::Polled { missed: true }) {
            Slot::Polled { .. } => return Drive::Busy,
            Slot::Resting { fetch, began } => (fetch, began),
        };
        *slot = Slot::Polled { missed: false };
        drop(state);

        let unwinding = Unwinding { source: self, runtime };
        let waker = Waker::from(Arc::clone(&self.waiting));
        let polled = fetch.as_mut().poll(&mut Context::from_waker(&waker));
        mem::forget(unwinding);

        if let Poll::Ready(result) = polled {
            return self.end(runtime, result);
        }
        let taken = Instant::now().duration_since(began);
        if taken < limit {
            return self.put_back(runtime, Slot::Resting { fetch, began }, limit - taken);
        }
        // It may have run out of time while no call waited. A call that has just begun to wait must not fail for that.
        if since.duration_since(began) > limit {
            let left = self.put_back(runtime, self.begin(), limit);
            self.waiting.0.notify_waiters();
            return left;
        }
        self.end(runtime, Err(NoResult::TimedOut(limit).into()))
    }

    /// Creates a fetch. It is not polled here.
    fn begin(&self) -> Slot<A> {
        Slot::Resting { fetch: (self.fetch)(self.original.clone()), began: Instant::now() }
    }

    /// Leaves the fetch to the call that polls it next.
    fn put_back(&self, runtime: Option<Id>, fetch: Slot<A>, left: Duration) -> Drive {
        let mut state = self.state();
        let Some(slot) = state.fetches.get_mut(&runtime) else {
            // There was a result on another runtime. The lock is released before the fetch is dropped.
            drop(state);
            return Drive::Ended;
        };
        if matches!(mem::replace(slot, fetch), Slot::Polled { missed: true }) {
            self.waiting.0.notify_waiters();
        }
        Drive::Pending(left)
    }

    /// Takes the result of a fetch, unless a fetch on another runtime was faster.
    fn end(&self, runtime: Option<Id>, result: Result<Endpoint<A>, BoxError>) -> Drive {
        let mut state = self.state();
        if state.fetches.remove(&runtime).is_none() {
            return Drive::Ended;
        }
        let others = mem::take(&mut state.fetches);
        state.version += 1;
        state.failures = state.failures.saturating_add(1);
        state.fetched_at = Instant::now();
        state.failure = match result {
            Ok(endpoint) => {
                state.endpoint = endpoint;
                None
            }
            Err(reason) => Some(reason.into()),
        };
        drop(state);
        drop(others);
        self.waiting.0.notify_waiters();
        Drive::Ended
    }
}

/// Returns the current runtime.
fn runtime() -> Option<Id> {
    Handle::try_current().ok().map(|runtime| runtime.id())
}

impl<A: Api> State<A> {
    /// Puts the newest credential into a request, if it has another one. Returns the version of that credential.
    fn replace(&self, request: &mut Request<Bytes>) -> Option<Version> {
        if self.endpoint.serves(request) {
            return None;
        }
        self.endpoint.authorize(request);
        Some(self.version)
    }

    /// Takes out the fetches of other runtimes that have ended, or were paused for longer than the limit of a fetch.
    fn abandoned(&mut self, runtime: Option<Id>, limit: Duration) -> impl Iterator<Item = (Option<Id>, Slot<A>)> {
        let now = Instant::now();
        let is_over = move |slot: &Slot<A>| match slot {
            Slot::Resting { began, .. } => now.duration_since(*began) > limit,
            Slot::Polled { .. } => false,
        };
        self.fetches.extract_if(move |of, slot| *of != runtime && is_over(slot))
    }

    /// Returns the next step for a request for which there is no other credential.
    fn no_replacement(&self) -> Next {
        self.failure.clone().map_or(Next::Reject, Next::Fail)
    }
}

/// Ends the fetch if polling it panics.
struct Unwinding<'a, A: Api> {
    source: &'a Source<A>,
    runtime: Option<Id>,
}

impl<A: Api> Drop for Unwinding<'_, A> {
    fn drop(&mut self) {
        self.source.end(self.runtime, Err(NoResult::Panicked.into()));
    }
}

/// Lets other tasks run. Otherwise a source that always wakes its task would be polled without end.
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
        let pauses: Vec<u64> = (0..9).map(|failures| Backoff { base, max }.pause(failures).as_secs()).collect();
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
