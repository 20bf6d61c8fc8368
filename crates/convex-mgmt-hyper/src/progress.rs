//! [`Progress`]: the state of an attempt, for the layer that ends it early.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use convex_mgmt_proto::Sent;
use http::Request;

/// The state of an attempt: whether it may have been sent, and whether its time has run out. It is in the request's extensions.
///
/// Only the transport knows whether the request has left, and only the layer that bounds the time knows that it has run out. Each
/// such layer has a progress of its own. Events of the transport are recorded in all of them, so a layer may send a request more
/// than once. The first time, the transport uses the progress of the layer next above; then it has one of its own.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    /// The progress of the next layer above that bounds the time.
    #[cfg_attr(not(feature = "hyper"), expect(dead_code, reason = "only this crate's transport reports to it"))]
    above: Option<Arc<Progress>>,
    /// `true` once an attempt of this crate's transport uses this progress.
    #[cfg_attr(not(feature = "hyper"), expect(dead_code, reason = "only this crate's transport reports to it"))]
    used: AtomicBool,
    /// `true` once this crate's transport has the request. Before that, another transport may have it.
    accepted: AtomicBool,
    /// [`EXPIRED`] once the time of the layer has run out, [`STALLED`] once that of the transport has, plus [`ONE`] for each
    /// connection that may have sent the whole request. It is one number, so that no connection sends the request after `expire` or
    /// `stall` reported that it was not sent.
    state: AtomicUsize,
}

const EXPIRED: usize = 1;
#[cfg(feature = "hyper")]
const STALLED: usize = 2;
const ONE: usize = 4;

impl Progress {
    /// Creates a progress below the request's own, and puts it into the request.
    pub(crate) fn start<B>(request: &mut Request<B>) -> Arc<Self> {
        let progress = Self::below(request);
        request.extensions_mut().insert(Arc::clone(&progress));
        progress
    }

    fn below<B>(request: &Request<B>) -> Arc<Self> {
        Arc::new(Self { above: request.extensions().get::<Arc<Self>>().cloned(), ..Self::default() })
    }

    /// Records that the time has run out, before the future of the attempt is dropped. Returns whether the server may have
    /// received the request. Nothing is sent after this. A shared connection is not used again.
    pub(crate) fn expire(&self) -> Sent {
        self.end(EXPIRED)
    }

    fn end(&self, reason: usize) -> Sent {
        let state = self.state.fetch_or(reason, Ordering::AcqRel);
        if self.accepted.load(Ordering::Acquire) && state < ONE { Sent::No } else { Sent::Maybe }
    }
}

/// The events of this crate's transport.
#[cfg(feature = "hyper")]
impl Progress {
    /// Returns the progress for an attempt of the transport.
    pub(crate) fn of_attempt<B>(request: &Request<B>) -> Arc<Self> {
        match request.extensions().get::<Arc<Self>>() {
            Some(above) if !above.used.swap(true, Ordering::AcqRel) => Arc::clone(above),
            _ => Self::below(request),
        }
    }

    /// Returns this progress and those above.
    fn chain(&self) -> impl Iterator<Item = &Self> {
        std::iter::successors(Some(self), |progress| progress.above.as_deref())
    }

    /// Records that this crate's transport has the request.
    pub(crate) fn accepted(&self) {
        self.chain().for_each(|progress| progress.accepted.store(true, Ordering::Release));
    }

    /// Permits a connection to send the whole request. Returns `false` if the time has run out.
    pub(crate) fn begin(&self) -> bool {
        self.begin_unless(EXPIRED | STALLED)
    }

    fn begin_unless(&self, ended: usize) -> bool {
        let more = |state: usize| (state & ended == 0).then_some(state + ONE);
        let begins = self.state.fetch_update(Ordering::AcqRel, Ordering::Acquire, more).is_ok();
        // Above, another attempt may have stalled.
        let permitted = begins && self.above.as_ref().is_none_or(|above| above.begin_unless(EXPIRED));
        if begins && !permitted {
            self.state.fetch_sub(ONE, Ordering::AcqRel);
        }
        permitted
    }

    /// Records that the transport's time has run out. Returns the same as [`Progress::expire`].
    pub(crate) fn stall(&self) -> Sent {
        self.end(STALLED)
    }

    /// Records that a connection returned the request untouched after `begin`.
    pub(crate) fn returned(&self) {
        for progress in self.chain() {
            progress.state.fetch_sub(ONE, Ordering::AcqRel);
        }
    }

    /// Returns `true` once a connection may have sent the whole request.
    pub(crate) fn has_begun(&self) -> bool {
        self.state.load(Ordering::Acquire) >= ONE
    }

    /// Returns `true` if the time of any layer has run out.
    pub(crate) fn is_expired(&self) -> bool {
        let stalled = self.state.load(Ordering::Acquire) & STALLED != 0;
        stalled || self.chain().any(|progress| progress.state.load(Ordering::Acquire) & EXPIRED != 0)
    }
}
