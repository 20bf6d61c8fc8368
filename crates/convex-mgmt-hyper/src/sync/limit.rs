//! [`SyncLimit`]: bounds the pages that many syncs hold at the same time.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};

/// The maximum number of pages that syncs request or store at the same time. Clones share it.
///
/// A page may have more than 64 MiB. A sync holds a permit from the request of a page until the page is stored, and not during its
/// pauses. So thousands of drivers keep at most this number of pages in memory.
#[derive(Clone, Debug)]
pub struct SyncLimit(Arc<Semaphore>);

impl SyncLimit {
    /// Creates a limit. 0 counts as 1.
    pub fn new(pages: usize) -> Self {
        Self(Arc::new(Semaphore::new(pages.clamp(1, Semaphore::MAX_PERMITS))))
    }
}

/// A permit of a limit, or of no limit. It is returned when it is dropped.
#[derive(Debug)]
pub(super) struct Permit {
    _permit: Option<OwnedSemaphorePermit>,
}

/// The wait for a permit.
type Acquiring = Pin<Box<dyn Future<Output = Result<OwnedSemaphorePermit, AcquireError>> + Send + Sync>>;

/// Acquires the permits of one sync.
pub(super) struct Permits {
    limit: Option<SyncLimit>,
    acquiring: Option<Acquiring>,
}

impl Permits {
    pub(super) fn new(limit: Option<SyncLimit>) -> Self {
        Self { limit, acquiring: None }
    }

    /// Returns a permit when one is free.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Permit> {
        let Some(SyncLimit(semaphore)) = &self.limit else { return Poll::Ready(Permit { _permit: None }) };
        let acquiring = self.acquiring.get_or_insert_with(|| Box::pin(Arc::clone(semaphore).acquire_owned()));
        // The semaphore is never closed.
        let permit = ready!(acquiring.as_mut().poll(cx)).ok();
        self.acquiring = None;
        Poll::Ready(Permit { _permit: permit })
    }
}
