//! [`Progress`]: how far an attempt has got, for whoever ends it early.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use convex_mgmt_proto::Sent;
use http::Request;

/// How far an attempt has got. Travels in the extensions of its request.
///
/// Only the transport knows whether there was a connection; only the layers above know that a time has run out. A layer may send
/// one request more than once: then this speaks of all of them together.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    /// `true` once this crate's transport has the request. Before, it may have gone to another one.
    known: AtomicBool,
    /// How many connections have the request and may send it at any time, or had it and did not return it untouched.
    connections: AtomicUsize,
    /// `true` once a connection has taken the body, and may have sent the whole request.
    taken: AtomicBool,
    expired: AtomicBool,
}

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

    /// The transport has the request, and waits for a connection.
    pub(super) fn waiting(&self) {
        self.known.store(true, Ordering::Release);
    }

    /// A connection has the request.
    pub(super) fn handed_over(&self) {
        self.connections.fetch_add(1, Ordering::AcqRel);
    }

    /// A connection has returned the request untouched.
    pub(super) fn returned(&self) {
        self.connections.fetch_sub(1, Ordering::AcqRel);
    }

    pub(super) fn taken(&self) {
        self.taken.store(true, Ordering::Release);
    }

    /// `true` once the connection may have sent the whole request.
    pub(super) fn is_taken(&self) -> bool {
        self.taken.load(Ordering::Acquire)
    }

    /// Whether the server may have got the request, asked by whoever ends the attempt.
    pub(crate) fn sent(&self) -> Sent {
        let unsent = self.known.load(Ordering::Acquire) && self.connections.load(Ordering::Acquire) == 0;
        if unsent { Sent::No } else { Sent::Maybe }
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
