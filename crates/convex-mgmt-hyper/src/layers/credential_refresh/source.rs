//! [`Source`]: the credential of one endpoint, and the fetches of another one that are in progress.

use std::collections::HashMap;
use std::mem;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker, ready};
use std::time::Duration;

use bytes::Bytes;
use convex_mgmt_proto::{AccessTokenKind, Api, CredentialKind, Endpoint};
use http::Request;
use thiserror::Error;
use tokio::sync::Notify;
use tokio::sync::futures::OwnedNotified;
use tower::BoxError;

use super::credential_source::CredentialSource;
use crate::error::SharedError;
use crate::timer::Timer;

/// A runtime, by [`Timer::runtime`].
type Runtime = u64;

/// The number of the result with a credential; 0 for the original one.
pub(super) type Version = u64;

/// The next step for a request that the server rejected.
pub(super) enum Next {
    /// Send it with the credential of this version, which it has now.
    Send(Version),
    /// Wait for the result after this version.
    Wait {
        version: Version,
        /// The time at which the wait begins.
        since: Duration,
    },
    /// End with the reason why there is no other credential.
    Fail(SharedError),
    /// End with the server's response: the source returned the rejected credential.
    Reject,
}

/// The caller's function, for all endpoints of a layer.
pub(super) struct Function<A: Api, F: CredentialSource<A>> {
    pub(super) source: F,
    pub(super) renew: Renew<A, <F::Future as Future>::Output>,
}

/// Puts a result of the function into its endpoint.
type Renew<A, R> = fn(Endpoint<A>, R) -> Result<Endpoint<A>, BoxError>;

/// The credential of one endpoint, the function for another one, and its results so far.
pub(super) struct Source<A: Api, F: CredentialSource<A>> {
    /// With its original credential.
    original: Endpoint<A>,
    function: Arc<Function<A, F>>,
    settings: Settings,
    state: Mutex<State<A, F::Future>>,
    /// All calls that wait for the fetch.
    waiting: Arc<Notify>,
    wakes: Arc<WakesAll>,
    /// Wakes the calls. Some of them may no longer be polled, and any of them can continue the fetch.
    waker: Waker,
}

/// `R` is the future of the function.
struct State<A, R> {
    /// With the newest credential.
    endpoint: Endpoint<A>,
    /// The number of results so far.
    version: Version,
    /// The number of results in a row without a credential that works.
    failures: u32,
    fetched_at: Duration,
    /// The error, if the last result was one.
    failure: Option<SharedError>,
    /// The fetches in progress, at most one for each runtime. The timers and connections of a fetch belong to the runtime that
    /// it began on: they pause while that runtime is not polled, and fail when it ends. The first result drops the others.
    fetches: HashMap<Runtime, Slot<R>>,
}

/// The settings of a source.
#[derive(Clone, Copy, Debug)]
pub(super) struct Settings {
    pub(super) backoff: Backoff,
    /// The longest time of one fetch.
    pub(super) timeout: Duration,
}

/// A call of the caller's function.
struct Fetch<R> {
    /// Created by the first poll, because the function is foreign code.
    future: Option<Pin<Box<R>>>,
    began: Duration,
    /// The number of wakes before the last poll. Without a further one, another poll would change nothing.
    wakes: u64,
}

impl<R> Fetch<R> {
    /// Creates a fetch that begins now.
    fn new(now: Duration) -> Self {
        Self { future: None, began: now, wakes: 0 }
    }
}

/// The place of a fetch. It is taken out to be polled, so that no lock is held while foreign code runs.
enum Slot<R> {
    Resting(Fetch<R>),
    Polled {
        began: Duration,
        /// `true` if another call tried to poll it meanwhile. It may have been woken for a wake that this poll missed.
        missed: bool,
    },
}

impl<R> Slot<R> {
    fn began(&self) -> Duration {
        match self {
            Self::Resting(fetch) => fetch.began,
            Self::Polled { began, .. } => *began,
        }
    }
}

/// The result of polling a fetch.
pub(super) enum Drive {
    Ended,
    /// It has this time left.
    Pending(Duration),
}

/// Wakes all calls that wait for a fetch, and counts how often.
struct WakesAll {
    waiting: Arc<Notify>,
    count: AtomicU64,
}

impl WakesAll {
    fn count(&self) -> u64 {
        self.count.load(Ordering::SeqCst)
    }
}

impl Wake for WakesAll {
    fn wake(self: Arc<Self>) {
        self.count.fetch_add(1, Ordering::SeqCst);
        self.waiting.notify_waiters();
    }
}

/// A fetch without a result of the caller's function.
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

impl<A: Api, F: CredentialSource<A>> Source<A, F> {
    pub(super) fn new(original: Endpoint<A>, function: Arc<Function<A, F>>, settings: Settings) -> Self {
        let state = State {
            endpoint: original.clone(),
            version: 0,
            failures: 0,
            fetched_at: Duration::ZERO,
            failure: None,
            fetches: HashMap::new(),
        };
        let waiting = Arc::new(Notify::new());
        let wakes = Arc::new(WakesAll { waiting: Arc::clone(&waiting), count: AtomicU64::new(0) });
        let waker = Waker::from(Arc::clone(&wakes));
        Self { original, function, settings, state: Mutex::new(state), waiting, wakes, waker }
    }

    fn state(&self) -> MutexGuard<'_, State<A, F::Future>> {
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
    pub(super) fn rejected(&self, timer: &impl Timer, request: &mut Request<Bytes>) -> Next {
        let (now, runtime) = (timer.now(), timer.runtime());
        let state = self.state();
        if let Some(version) = state.replace(request) {
            return Next::Send(version);
        }
        let is_paused = now.saturating_sub(state.fetched_at) < self.settings.backoff.pause(state.failures);
        if is_paused && !state.fetches.contains_key(&runtime) {
            return state.no_replacement();
        }
        Next::Wait { version: state.version, since: now }
    }

    /// Returns the next step for a request that has waited for a fetch.
    pub(super) fn fetched(&self, request: &mut Request<Bytes>) -> Next {
        let state = self.state();
        state.replace(request).map_or_else(|| state.no_replacement(), Next::Send)
    }

    /// Returns a future that ends when the fetch can continue, or has ended.
    pub(super) fn woken(&self) -> OwnedNotified {
        Arc::clone(&self.waiting).notified_owned()
    }

    /// Polls the fetch of this runtime once, unless another call does or nothing has woken it. Begins it if there is none. `since` is the
    /// time at which this call began to wait for the result after `version`.
    pub(super) fn drive(&self, timer: &impl Timer, version: Version, since: Duration) -> Drive {
        let (now, runtime) = (timer.now(), timer.runtime());
        // Dropped after the lock is released.
        let _abandoned: Vec<_>;
        let mut state = self.state();
        if state.version != version {
            return Drive::Ended;
        }
        let limit = self.settings.timeout;
        _abandoned = state.abandoned(runtime, now, limit).collect();
        let slot = state.fetches.entry(runtime).or_insert(Slot::Resting(Fetch::new(now)));
        let began = slot.began();
        let left = limit.saturating_sub(now.saturating_sub(began));
        let mut fetch = match mem::replace(slot, Slot::Polled { began, missed: true }) {
            // The call that polls it wakes this one if it ends or begins again.
            Slot::Polled { .. } => return Drive::Pending(if left.is_zero() { limit } else { left }),
            Slot::Resting(fetch) => fetch,
        };
        let wakes = self.wakes.count();
        if fetch.future.is_some() && fetch.wakes == wakes && !left.is_zero() {
            *slot = Slot::Resting(fetch);
            return Drive::Pending(left);
        }
        fetch.wakes = wakes;
        *slot = Slot::Polled { began, missed: false };
        drop(state);

        let unwinding = Unwinding { source: self, runtime, now };
        let polled = self.poll(&mut fetch);
        mem::forget(unwinding);

        let now = timer.now();
        if let Poll::Ready(result) = polled {
            return self.end(runtime, now, result);
        }
        let taken = now.saturating_sub(fetch.began);
        if taken < limit {
            return self.put_back(runtime, fetch, limit - taken);
        }
        // It may have run out of time while no call waited. A call that has just begun to wait must not fail for that.
        if since.saturating_sub(fetch.began) > limit {
            let left = self.put_back(runtime, Fetch::new(now), limit);
            self.waiting.notify_waiters();
            return left;
        }
        self.end(runtime, now, Err(NoResult::TimedOut(limit).into()))
    }

    /// Polls a fetch, and returns the endpoint with its new credential.
    fn poll(&self, fetch: &mut Fetch<F::Future>) -> Poll<Result<Endpoint<A>, BoxError>> {
        let Function { source, renew } = &*self.function;
        let future = fetch.future.get_or_insert_with(|| Box::pin(source.fetch(self.original.clone())));
        let result = ready!(future.as_mut().poll(&mut Context::from_waker(&self.waker)));
        Poll::Ready(renew(self.original.clone(), result))
    }

    /// Leaves the fetch to the call that polls it next.
    fn put_back(&self, runtime: Runtime, fetch: Fetch<F::Future>, left: Duration) -> Drive {
        let mut state = self.state();
        let Some(slot) = state.fetches.get_mut(&runtime) else {
            // There was a result on another runtime. The lock is released before the fetch is dropped.
            drop(state);
            return Drive::Ended;
        };
        // Without a wake there is nothing to miss. Calls that woke one another for that would keep each other busy.
        let is_woken = fetch.wakes != self.wakes.count();
        if matches!(mem::replace(slot, Slot::Resting(fetch)), Slot::Polled { missed: true, .. }) && is_woken {
            self.waiting.notify_waiters();
        }
        Drive::Pending(left)
    }

    /// Takes the result of a fetch, unless a fetch on another runtime was faster.
    fn end(&self, runtime: Runtime, now: Duration, result: Result<Endpoint<A>, BoxError>) -> Drive {
        let mut state = self.state();
        if state.fetches.remove(&runtime).is_none() {
            return Drive::Ended;
        }
        let others = mem::take(&mut state.fetches);
        state.version += 1;
        state.failures = state.failures.saturating_add(1);
        state.fetched_at = now;
        state.failure = match result {
            Ok(endpoint) => {
                state.endpoint = endpoint;
                None
            }
            Err(reason) => Some(reason.into()),
        };
        drop(state);
        drop(others);
        self.waiting.notify_waiters();
        Drive::Ended
    }
}

impl<A: Api, R> State<A, R> {
    /// Puts the newest credential into a request, if it has another one. Returns the version of that credential.
    fn replace(&self, request: &mut Request<Bytes>) -> Option<Version> {
        if self.endpoint.serves(request) {
            return None;
        }
        self.endpoint.authorize(request);
        Some(self.version)
    }

    /// Takes out the fetches of other runtimes that have ended, or were paused for longer than the limit of a fetch.
    fn abandoned(
        &mut self,
        runtime: Runtime,
        now: Duration,
        limit: Duration,
    ) -> impl Iterator<Item = (Runtime, Slot<R>)> {
        let is_over = move |slot: &Slot<R>| match slot {
            Slot::Resting(fetch) => now.saturating_sub(fetch.began) > limit,
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
struct Unwinding<'a, A: Api, F: CredentialSource<A>> {
    source: &'a Source<A, F>,
    runtime: Runtime,
    now: Duration,
}

impl<A: Api, F: CredentialSource<A>> Drop for Unwinding<'_, A, F> {
    fn drop(&mut self) {
        self.source.end(self.runtime, self.now, Err(NoResult::Panicked.into()));
    }
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
