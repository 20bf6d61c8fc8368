//! [`CallProgress`]: what is known of a call while it runs, for the error that may end it.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use convex_mgmt_proto::Sent;

/// How far a call has come: how many attempts were begun, and whether any may have reached the server.
///
/// The client puts an `Arc` of it into the extensions of each request, where layers find it.
#[derive(Debug, Default)]
pub struct CallProgress {
    attempts: AtomicU32,
    /// An attempt has ended that may have reached the server.
    sent: AtomicBool,
    /// An attempt is under way.
    under_way: AtomicBool,
}

impl CallProgress {
    /// How many attempts were begun.
    pub fn attempts(&self) -> u32 {
        self.attempts.load(Ordering::Relaxed)
    }

    /// Whether any attempt may have reached the server; one that is under way may have.
    pub fn sent(&self) -> Sent {
        let maybe = self.sent.load(Ordering::Relaxed) || self.under_way.load(Ordering::Relaxed);
        if maybe { Sent::Maybe } else { Sent::No }
    }

    pub(crate) fn begin_attempt(&self) {
        self.attempts.fetch_add(1, Ordering::Relaxed);
        self.under_way.store(true, Ordering::Relaxed);
    }

    pub(crate) fn end_attempt(&self, sent: Sent) {
        self.under_way.store(false, Ordering::Relaxed);
        if sent == Sent::Maybe {
            self.sent.store(true, Ordering::Relaxed);
        }
    }
}
