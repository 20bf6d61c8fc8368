//! [`Progress`]: how far an attempt has got, for whoever ends it early.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

use convex_mgmt_proto::Sent;
use http::Request;

/// How far an attempt has got. Travels in the extensions of its request.
///
/// Only the transport knows whether there was a connection; only the layers above know that a time has run out. The steps
/// never go back, so a layer that sends one request twice gets the answer that is safe.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    step: AtomicU8,
    expired: AtomicBool,
}

// Before the first step nobody has said anything: the request may have gone to another transport.

/// The transport has the request, and waits for a connection.
const WAITING: u8 = 1;
/// A connection has the request, and may send it at any time.
const HANDED_OVER: u8 = 2;
/// The connection has taken the body, and may have sent the whole request.
const TAKEN: u8 = 3;

impl Progress {
    /// A new one, kept by the request.
    pub(crate) fn start<B>(request: &mut Request<B>) -> Arc<Self> {
        let progress = Arc::new(Self::default());
        request.extensions_mut().insert(Arc::clone(&progress));
        progress
    }

    /// The one that the request has, or a new one.
    pub(crate) fn of<B>(request: &mut Request<B>) -> Arc<Self> {
        let known = request.extensions().get::<Arc<Self>>().cloned();
        known.unwrap_or_else(|| Self::start(request))
    }

    pub(super) fn waiting(&self) {
        self.step.fetch_max(WAITING, Ordering::AcqRel);
    }

    pub(super) fn handed_over(&self) {
        self.step.fetch_max(HANDED_OVER, Ordering::AcqRel);
    }

    pub(super) fn taken(&self) {
        self.step.fetch_max(TAKEN, Ordering::AcqRel);
    }

    /// `true` once the connection may have sent the whole request.
    pub(super) fn is_taken(&self) -> bool {
        self.step.load(Ordering::Acquire) == TAKEN
    }

    /// Whether the server may have got the request, asked by whoever ends the attempt.
    pub(crate) fn sent(&self) -> Sent {
        if self.step.load(Ordering::Acquire) == WAITING { Sent::No } else { Sent::Maybe }
    }

    /// Says that the attempt ends because its time has run out, before its future is dropped: a connection that others share
    /// is then not used again.
    pub(crate) fn expire(&self) {
        self.expired.store(true, Ordering::Release);
    }

    pub(super) fn is_expired(&self) -> bool {
        self.expired.load(Ordering::Acquire)
    }
}
