//! [`SyncBatches`]: a sync as a stream of batches, for stores that are not a sink.

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use convex_mgmt_proto::DeploymentApi;
use convex_mgmt_proto::sync::{Checkpoint, SinkState, SyncBatch, SyncEngine, SyncError, SyncOptions};
use futures_core::Stream;

use super::event::SyncEvent;
use super::failure::SyncFailure;
use super::limit::{Permit, SyncLimit};
use super::walk::{FIRST_PAUSE, Settings, Walk, announce};
use crate::client::Client;
use crate::service::{DefaultService, Transport};
use crate::timer::{DefaultTimer, Timer};

/// The batches of a sync: a stream, and the method [`next_batch`](Self::next_batch). The caller stores each batch and confirms it.
///
/// [`SyncDriver`](super::SyncDriver) is simpler for a store that implements [`Sink`](convex_mgmt_proto::sync::Sink).
///
/// ```no_run
/// use convex_mgmt::DeploymentClient;
/// use convex_mgmt::sync::{SinkState, SyncBatches, SyncChange, SyncOptions};
/// # struct Store;
/// # type Failure = Box<dyn std::error::Error>;
/// # impl Store {
/// #     fn state(&self) -> Result<SinkState, Failure> { Ok(SinkState::new()) }
/// #     fn apply(&mut self, _change: SyncChange<'_>, _generation: u64) -> Result<(), Failure> { Ok(()) }
/// #     fn begin(&mut self) -> Result<Option<String>, Failure> { Ok(None) }
/// #     fn commit(&mut self) -> Result<(), Failure> { Ok(()) }
/// # }
///
/// # async fn example(client: DeploymentClient, mut store: Store) -> Result<(), Failure> {
/// let options = SyncOptions::new(client.endpoint());
/// let mut batches = SyncBatches::new(client, store.state()?, options)?;
/// while let Some(pending) = batches.next_batch().await? {
///     let stored_checkpoint = store.begin()?;
///     pending.batch().follows(stored_checkpoint.as_deref())?;
///     for change in pending.batch().changes() {
///         store.apply(change, pending.batch().generation())?;
///     }
///     store.commit()?;
///     pending.confirm();
/// }
/// # Ok(())
/// # }
/// ```
///
/// # The stream
/// The next batch follows when the previous one is confirmed, after the pause of [`SyncOptions::pace`]. While it is neither confirmed nor
/// dropped, the stream is pending. If it is dropped, the same page is requested again after 1 s, so no change is skipped.
///
/// Calls that fail are repeated as by [`SyncDriver`](super::SyncDriver). The stream ends after any [`SyncFailure`]. It never ends
/// otherwise. It is `Unpin`.
///
/// # Cancellation
/// The stream keeps its call. A dropped future of [`next_batch`](Self::next_batch) loses nothing: the next poll continues the same call.
/// Dropping the stream cancels the call.
#[must_use = "a page is requested when the stream is polled"]
pub struct SyncBatches<S: Transport = DefaultService, T: Timer = DefaultTimer, H = fn(SyncEvent<'_>)> {
    client: Client<DeploymentApi, S, T>,
    settings: Settings,
    on_event: H,
    /// `None` before the first poll.
    walk: Option<Walk<S, T>>,
    shared: Arc<Mutex<Shared>>,
    has_failed: bool,
}

/// The state that the stream and its batch share.
struct Shared {
    engine: SyncEngine,
    turn: Turn,
}

enum Turn {
    /// The stream may request a page, after the pause.
    Stream(Duration),
    /// A batch is neither confirmed nor dropped. The stream waits for it.
    Batch(Option<Waker>),
    /// The batch could not be confirmed.
    Failed(SyncError),
}

fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

// The call of the walk is in a box of its own, and nothing else is ever pinned.
impl<S: Transport, T: Timer, H> Unpin for SyncBatches<S, T, H> {}

impl<S: Transport, T: Timer> SyncBatches<S, T> {
    /// Continues the sync of a store, or begins one in an empty store. Nothing is requested before the first poll.
    ///
    /// # Errors
    /// As for [`SyncEngine::new`].
    pub fn new(client: Client<DeploymentApi, S, T>, state: SinkState, options: SyncOptions) -> Result<Self, SyncError> {
        let shared = Shared { engine: SyncEngine::new(state, options)?, turn: Turn::Stream(Duration::ZERO) };
        Ok(Self {
            client,
            settings: Settings::default(),
            on_event: |_| {},
            walk: None,
            shared: Arc::new(Mutex::new(shared)),
            has_failed: false,
        })
    }
}

impl<S: Transport, T: Timer, H> SyncBatches<S, T, H> {
    /// Sets the limit of pages in memory. The default is no limit. A batch holds its permit until it is confirmed or dropped.
    ///
    /// A task that holds a batch and waits for one of another stream with the same limit may wait in vain.
    pub fn limit(mut self, limit: SyncLimit) -> Self {
        self.settings.limit = Some(limit);
        self
    }

    /// Sets the time after which failing calls end the stream, from the first of them. The default is never.
    pub fn give_up_after(mut self, time: Duration) -> Self {
        self.settings.give_up_after = Some(time);
        self
    }

    /// Sets the handler of events, in place of an earlier one. [`SyncEvent::Committed`] is not emitted.
    pub fn on_event<F: FnMut(SyncEvent<'_>)>(self, handler: F) -> SyncBatches<S, T, F> {
        let Self { client, settings, walk, shared, has_failed, .. } = self;
        SyncBatches { client, settings, on_event: handler, walk, shared, has_failed }
    }

    /// Returns the checkpoint after the last confirmed batch. `None` before the first one in an empty store.
    pub fn checkpoint(&self) -> Option<Checkpoint> {
        lock(&self.shared).engine.checkpoint()
    }
}

impl<S: Transport, T: Timer, H: FnMut(SyncEvent<'_>)> SyncBatches<S, T, H> {
    /// Returns the next batch. `None` only after a failure.
    ///
    /// The future can be dropped at any time: the next call continues to wait for the same batch.
    ///
    /// # Errors
    /// A [`SyncFailure`], once.
    pub async fn next_batch(&mut self) -> Result<Option<PendingBatch>, SyncFailure> {
        poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await.transpose()
    }

    fn poll_batch(&mut self, cx: &mut Context<'_>) -> Poll<Result<PendingBatch, SyncFailure>> {
        let Self { client, settings, on_event, walk, shared, .. } = self;
        let mut guard = lock(shared);
        let Shared { engine, turn } = &mut *guard;
        let walk = walk.get_or_insert_with(|| {
            announce(engine, client.timer().unix_time(), on_event);
            Walk::new(client, settings)
        });
        match turn {
            Turn::Stream(pause) if pause.is_zero() => {}
            Turn::Stream(pause) => walk.wait(std::mem::take(pause)),
            Turn::Batch(waker) => {
                *waker = Some(cx.waker().clone());
                return Poll::Pending;
            }
            Turn::Failed(error) => return Poll::Ready(Err(SyncFailure::Page(error.clone()))),
        }
        let (batch, permit) = ready!(walk.poll_batch(engine, on_event, cx))?;
        *turn = Turn::Batch(None);
        drop(guard);
        Poll::Ready(Ok(PendingBatch {
            batch,
            jitter: client.timer().jitter(),
            turn: BatchTurn { shared: Arc::clone(shared), next: None },
            _permit: permit,
        }))
    }
}

impl<S: Transport, T: Timer, H: FnMut(SyncEvent<'_>)> Stream for SyncBatches<S, T, H> {
    type Item = Result<PendingBatch, SyncFailure>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        if this.has_failed {
            return Poll::Ready(None);
        }
        let result = ready!(this.poll_batch(cx));
        this.has_failed = result.is_err();
        Poll::Ready(Some(result))
    }
}

impl<S: Transport, T: Timer, H> fmt::Debug for SyncBatches<S, T, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SyncBatches").field("client", &self.client).finish_non_exhaustive()
    }
}

/// A batch to store. Call [`confirm`](Self::confirm) when it is stored: the stream then moves on.
///
/// Drop it if it was not stored. The stream then requests the same page again, after 1 s.
#[must_use = "the stream requests the same page again unless the batch is confirmed"]
pub struct PendingBatch {
    batch: SyncBatch,
    /// For the pause after the batch.
    jitter: f64,
    turn: BatchTurn,
    _permit: Permit,
}

impl PendingBatch {
    /// Returns the batch.
    pub fn batch(&self) -> &SyncBatch {
        &self.batch
    }

    /// Moves the stream to the position after the batch. The store must have committed all changes of the batch, its checkpoint
    /// included.
    #[inline]
    pub fn confirm(self) {
        let Self { batch, jitter, mut turn, .. } = self;
        let mut shared = lock(&turn.shared);
        turn.next = match shared.engine.confirm(batch, jitter) {
            Ok(pause) => Some(Turn::Stream(pause)),
            Err(error) => Some(Turn::Failed(error)),
        };
    }
}

impl fmt::Debug for PendingBatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PendingBatch").field("checkpoint", self.batch.checkpoint()).finish_non_exhaustive()
    }
}

/// The turn of a batch. When it is dropped, the stream continues.
struct BatchTurn {
    shared: Arc<Mutex<Shared>>,
    /// `None` unless the batch is confirmed.
    next: Option<Turn>,
}

impl Drop for BatchTurn {
    fn drop(&mut self) {
        let next = self.next.take().unwrap_or(Turn::Stream(FIRST_PAUSE));
        let before = std::mem::replace(&mut lock(&self.shared).turn, next);
        if let Turn::Batch(Some(waker)) = before {
            waker.wake();
        }
    }
}
