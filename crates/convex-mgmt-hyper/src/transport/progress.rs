//! [`Progress`]: how far an attempt has got, for whoever ends it early.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use convex_mgmt_proto::Sent;
use http::Request;

/// How far an attempt has got. Travels in the extensions of its request.
///
/// Only the transport knows whether the request has left; only whoever bounds its time knows that the time has run out. Each of
/// those has a progress of its own, and what happens below counts for all above. So a layer may send a request more than once.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    /// That of the layer above, if it bounds the time, too.
    above: Option<Arc<Progress>>,
    /// `true` once this crate's transport has the request. Before, it may have gone to another one.
    known: AtomicBool,
    /// Whether the time has run out ([`EXPIRED`]), and [`ONE`] for each connection that may have sent the whole request. In one
    /// number, so that no connection sends it after it was said that none has.
    state: AtomicUsize,
}

const EXPIRED: usize = 1;
const ONE: usize = 2;

impl Progress {
    /// A new one, kept by the request, below the one that the request has.
    pub(crate) fn start<B>(request: &mut Request<B>) -> Arc<Self> {
        let progress = Arc::new(Self::below(request));
        request.extensions_mut().insert(Arc::clone(&progress));
        progress
    }

    /// A new one below the one that the request has, for the transport.
    pub(super) fn below<B>(request: &Request<B>) -> Self {
        Self { above: request.extensions().get::<Arc<Self>>().cloned(), ..Self::default() }
    }

    /// This one and those above.
    fn chain(&self) -> impl Iterator<Item = &Self> {
        std::iter::successors(Some(self), |progress| progress.above.as_deref())
    }

    /// The transport has the request, and waits for a connection.
    pub(super) fn waiting(&self) {
        self.chain().for_each(|progress| progress.known.store(true, Ordering::Release));
    }

    /// Lets a connection send the whole request, unless a time has run out.
    pub(super) fn begin(&self) -> bool {
        let more = |state: usize| (state & EXPIRED == 0).then_some(state + ONE);
        let begins = self.state.fetch_update(Ordering::AcqRel, Ordering::Acquire, more).is_ok();
        let goes_on = begins && self.above.as_ref().is_none_or(|above| above.begin());
        if begins && !goes_on {
            self.state.fetch_sub(ONE, Ordering::AcqRel);
        }
        goes_on
    }

    /// A connection that was let has returned the request untouched.
    pub(super) fn returned(&self) {
        for progress in self.chain() {
            progress.state.fetch_sub(ONE, Ordering::AcqRel);
        }
    }

    /// `true` once a connection may have sent the whole request.
    pub(super) fn has_begun(&self) -> bool {
        self.state.load(Ordering::Acquire) >= ONE
    }

    /// Says that the time has run out, before the future of the attempt is dropped, and returns whether the server may have got
    /// the request. Nothing is sent from now on. A connection that others share is not used again.
    pub(crate) fn expire(&self) -> Sent {
        let state = self.state.fetch_or(EXPIRED, Ordering::AcqRel);
        if self.known.load(Ordering::Acquire) && state < ONE { Sent::No } else { Sent::Maybe }
    }

    pub(super) fn is_expired(&self) -> bool {
        self.chain().any(|progress| progress.state.load(Ordering::Acquire) & EXPIRED != 0)
    }
}
