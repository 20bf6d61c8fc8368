//! [`SyncDriver`]: keeps a sink in step with a deployment.

use std::fmt;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use convex_mgmt_proto::DeploymentApi;
use convex_mgmt_proto::deployment::data_sync::DataSyncStatus;
use convex_mgmt_proto::sync::{Checkpoint, Progress, Sink, SinkState, SyncEngine, SyncOptions};

use super::active::find_active_sync;
use super::event::SyncEvent;
use super::failure::SyncFailure;
use super::limit::SyncLimit;
use super::walk::{Settings, Walk, announce};
use crate::client::Client;
use crate::service::{DefaultService, Transport};
use crate::timer::{DefaultTimer, Timer, sleep};

/// The pause between two requests of the server's record of a sync. The server updates it at most every 5 s.
const RECORD_PAUSE: Duration = Duration::from_secs(5);

/// Keeps a sink in step with a deployment.
///
/// ```no_run
/// use convex_mgmt::sync::{MemorySink, SyncDriver, SyncEvent, SyncFailure};
/// use convex_mgmt::DeploymentClient;
///
/// # async fn shutdown() {}
/// # async fn example(client: DeploymentClient) -> Result<(), SyncFailure> {
/// let mut driver = SyncDriver::new(client, MemorySink::new()).on_event(|event| match event {
///     SyncEvent::Committed { progress, .. } => println!("{} documents", progress.written),
///     SyncEvent::Retrying { error, pause } => eprintln!("{error}, next call in {pause:?}"),
///     _ => {}
/// });
/// driver.run(shutdown()).await?;
/// # Ok(())
/// # }
/// ```
///
/// # Failures
/// A call that fails is repeated after a pause if time may help ([`Error::advice`](crate::Error::advice)), beyond the client's own
/// retries: for as long as the run lasts, or for [`give_up_after`](Self::give_up_after). The pauses grow from 1 s to 60 s. A host name
/// that does not resolve ends the run unless the sink has a checkpoint. Every other failure ends the run.
///
/// # Cancellation
/// A run ends cleanly when its `until` completes. Its future may also be dropped at any point: the sink then has all or nothing of a
/// batch, by the contract of [`Sink::commit`]. A later run asks the sink for its state, so it continues correctly in both cases. A call
/// in flight is cancelled with the future.
///
/// # Many deployments
/// A driver is for one deployment and one sink. Run many in one task or in a task each, and share a [`SyncLimit`] among them. The future
/// of a run is `Send` if the client, the sink with its futures, the handler and `until` are.
pub struct SyncDriver<K, S = DefaultService, T = DefaultTimer, H = fn(SyncEvent<'_>)> {
    client: Client<DeploymentApi, S, T>,
    sink: K,
    options: SyncOptions,
    settings: Settings,
    asks_for_totals: bool,
    on_event: H,
    /// `None` before the first run.
    engine: Option<SyncEngine>,
    progress: Progress,
}

impl<K, S, T: Timer> SyncDriver<K, S, T> {
    /// Creates a driver that copies all tables of the client's deployment into `sink`.
    ///
    /// A page may take longer than the client's total timeout allows. See
    /// [`ClientBuilder::total_timeout`](crate::ClientBuilder::total_timeout).
    pub fn new(client: Client<DeploymentApi, S, T>, sink: K) -> Self {
        let options = SyncOptions::new(client.endpoint());
        let progress = Progress::new(client.timer().unix_time());
        Self {
            client,
            sink,
            options,
            settings: Settings::default(),
            asks_for_totals: false,
            on_event: |_| {},
            engine: None,
            progress,
        }
    }
}

impl<K, S, T, H> SyncDriver<K, S, T, H> {
    /// Replaces the options. The default is [`SyncOptions::new`] with the endpoint of the client.
    ///
    /// They apply to all later runs. A new copy by [`SyncOptions::restart`] begins once, and later runs continue it.
    pub fn options(mut self, options: SyncOptions) -> Self {
        (self.options, self.engine) = (options, None);
        self
    }

    /// Sets the limit of pages in memory. The default is no limit.
    pub fn limit(mut self, limit: SyncLimit) -> Self {
        self.settings.limit = Some(limit);
        self
    }

    /// Sets the time after which failing calls end the run, from the first of them. The default is never.
    pub fn give_up_after(mut self, time: Duration) -> Self {
        self.settings.give_up_after = Some(time);
        self
    }

    /// Asks the server for its record of the sync ([`find_active_sync`]) while it reads the tables, for [`Progress::active`] and
    /// [`Progress::fraction`].
    ///
    /// That is one more call every 5 s. Its errors are ignored.
    pub fn totals(mut self) -> Self {
        self.asks_for_totals = true;
        self
    }

    /// Sets the handler of events, in place of an earlier one.
    pub fn on_event<F: FnMut(SyncEvent<'_>)>(self, handler: F) -> SyncDriver<K, S, T, F> {
        let Self { client, sink, options, settings, asks_for_totals, engine, progress, .. } = self;
        SyncDriver { client, sink, options, settings, asks_for_totals, on_event: handler, engine, progress }
    }

    /// Returns the progress of the latest run.
    pub fn progress(&self) -> &Progress {
        &self.progress
    }

    /// Returns the checkpoint after the last page that a run has confirmed. `None` before the first one.
    pub fn checkpoint(&self) -> Option<Checkpoint> {
        self.engine.as_ref().and_then(SyncEngine::checkpoint)
    }

    /// Returns the sink.
    pub fn sink(&self) -> &K {
        &self.sink
    }

    /// Returns the sink.
    pub fn sink_mut(&mut self) -> &mut K {
        &mut self.sink
    }

    /// Returns the sink, and drops the driver.
    pub fn into_sink(self) -> K {
        self.sink
    }
}

impl<K: Sink, S: Transport, T: Timer, H: FnMut(SyncEvent<'_>)> SyncDriver<K, S, T, H> {
    /// Syncs until `until` completes. A commit in progress is finished, a call or a pause is not.
    ///
    /// Returns the progress of the run. Another run continues where this one ended.
    ///
    /// # Errors
    /// A [`SyncFailure`]. [`progress`](Self::progress) then has the progress until the failure.
    pub async fn run(&mut self, until: impl Future<Output = ()>) -> Result<Progress, SyncFailure> {
        self.drive(Until::new(pin!(until)), false).await
    }

    /// Syncs until the copy is up to date, for example in a scheduled job. It requests at least one page.
    ///
    /// [`give_up_after`](Self::give_up_after) bounds its time while calls fail.
    ///
    /// # Errors
    /// As for [`run`](Self::run).
    pub async fn run_until_up_to_date(&mut self) -> Result<Progress, SyncFailure> {
        self.drive(Until::new(pin!(std::future::pending())), true).await
    }

    /// Syncs until the copy is up to date or `until` completes, whatever is first. [`Progress::is_up_to_date`] returns which it was.
    ///
    /// # Errors
    /// As for [`run`](Self::run).
    pub async fn run_until_up_to_date_or(&mut self, until: impl Future<Output = ()>) -> Result<Progress, SyncFailure> {
        self.drive(Until::new(pin!(until)), true).await
    }

    async fn drive<U>(&mut self, mut until: Until<'_, U>, once: bool) -> Result<Progress, SyncFailure>
    where
        U: Future<Output = ()>,
    {
        self.progress = Progress::new(self.client.timer().unix_time());
        let Some(state) = until.or(self.sink.state()).await else { return Ok(self.progress.clone()) };
        let state = state.map_err(|error| SyncFailure::State(error.into()))?;
        let Self { client, sink, settings, on_event, progress, .. } = self;
        let engine = open(&mut self.engine, state, &self.options)?;
        announce(engine, client.timer().unix_time(), on_event);
        let mut walk = Walk::new(client, settings);
        let mut totals = Totals { are_wanted: self.asks_for_totals, asked: None };
        loop {
            let Some(next) = until.or(poll_fn(|cx| walk.poll_batch(engine, on_event, cx))).await else { break };
            let (batch, permit) = next?;
            // `until` never cancels a commit.
            sink.commit(&batch).await.map_err(|error| SyncFailure::Commit(error.into()))?;
            progress.record(&batch);
            on_event(SyncEvent::Committed { progress, batch: &batch });
            let pause = engine.confirm(batch, client.timer().jitter()).map_err(SyncFailure::Page)?;
            drop(permit);
            if once && progress.is_up_to_date() {
                break;
            }
            if let Some(sync_id) = totals.due(progress, engine, client.timer().now()) {
                let too_long = pin!(sleep(client.timer(), RECORD_PAUSE));
                let mut too_long = Until::new(too_long);
                let asking = too_long.or(find_active_sync(client, &sync_id));
                // The sync does not need the record.
                if let Some(Some(Ok(active))) = until.or(asking).await {
                    progress.active = active;
                }
            }
            walk.wait(pause);
            yield_once().await;
        }
        Ok(progress.clone())
    }
}

/// Continues with the engine of the last run, or creates the engine of the first one.
#[inline]
fn open<'a>(
    engine: &'a mut Option<SyncEngine>,
    state: SinkState,
    options: &SyncOptions,
) -> Result<&'a mut SyncEngine, SyncFailure> {
    match engine {
        Some(engine) => {
            engine.reload(state).map_err(SyncFailure::Start)?;
            Ok(engine)
        }
        None => Ok(engine.insert(SyncEngine::new(state, options.clone()).map_err(SyncFailure::Start)?)),
    }
}

/// The times of the requests for the server's record of the sync.
struct Totals {
    are_wanted: bool,
    /// By the timer.
    asked: Option<Duration>,
}

impl Totals {
    /// Returns the id of the sync if it is time to ask.
    #[inline]
    fn due(&mut self, progress: &Progress, engine: &SyncEngine, now: Duration) -> Option<String> {
        let is_due = self.are_wanted
            && progress.status == Some(DataSyncStatus::Snapshotting)
            && self.asked.is_none_or(|asked| now.saturating_sub(asked) >= RECORD_PAUSE);
        if !is_due {
            return None;
        }
        self.asked = Some(now);
        engine.checkpoint().map(|checkpoint| checkpoint.sync_id().to_owned())
    }
}

/// The future that ends a run, or a wait within it.
struct Until<'a, U> {
    future: Pin<&'a mut U>,
    is_complete: bool,
}

impl<'a, U: Future<Output = ()>> Until<'a, U> {
    fn new(future: Pin<&'a mut U>) -> Self {
        Self { future, is_complete: false }
    }

    /// Awaits `work`. Returns `None` if the run ends first.
    async fn or<T>(&mut self, work: impl Future<Output = T>) -> Option<T> {
        let mut work = pin!(work);
        poll_fn(|cx| {
            self.is_complete = self.is_complete || self.future.as_mut().poll(cx).is_ready();
            if self.is_complete { Poll::Ready(None) } else { work.as_mut().poll(cx).map(Some) }
        })
        .await
    }
}

/// Lets other tasks run. A transport and a sink that are always ready would otherwise keep the task from them.
async fn yield_once() {
    let mut yielded = false;
    poll_fn(|cx| {
        if std::mem::replace(&mut yielded, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

impl<K: fmt::Debug, S, T, H> fmt::Debug for SyncDriver<K, S, T, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SyncDriver").field("client", &self.client).field("sink", &self.sink).finish_non_exhaustive()
    }
}
