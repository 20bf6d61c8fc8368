//! The runs of a history: the engine by hand, and the client's driver.

use std::future::{pending, poll_fn};
use std::pin::{Pin, pin};
use std::task::Poll;

use convex_mgmt::deployment::data_sync::Selection;
use convex_mgmt::sync::{
    OldRows, OnSelectionChange, Sink, SyncBatches, SyncDriver, SyncEngine, SyncError, SyncFailure, SyncOptions,
};
use convex_mgmt::{Client, DeploymentApi, Error, ErrorCode, Transport, UnixMillis};
use tower::BoxError;

/// The end of a run: an error. The sink of a history reports its own errors.
#[derive(Debug)]
pub(crate) enum End {
    Call(Error),
    Sync(SyncError),
    Sink,
}

/// A run that a history polls.
pub(crate) type Run = Pin<Box<dyn Future<Output = End>>>;

/// The way in which a run syncs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// The engine, without a driver.
    ByHand,
    /// The client's driver.
    Driver,
    /// The client's driver, whose runs end often: cleanly, or because they are dropped.
    Interrupted,
    /// The stream of batches. Some are dropped without a confirmation.
    Batches,
}

/// Polls a future at most this many times.
pub(crate) async fn limited<F: Future + ?Sized>(mut future: Pin<&mut F>, mut polls: usize) -> Option<F::Output> {
    poll_fn(|cx| match future.as_mut().poll(cx) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending if polls <= 1 => Poll::Ready(None),
        Poll::Pending => {
            polls -= 1;
            Poll::Pending
        }
    })
    .await
}

/// Completes at this poll.
async fn after(mut polls: usize) {
    poll_fn(|_| {
        polls -= 1;
        if polls == 0 { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

/// The settings of a run.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) selection: Selection,
    pub(crate) reaction: OnSelectionChange,
    pub(crate) without_checkpoint: Option<OldRows>,
    pub(crate) restart: bool,
}

impl Settings {
    fn options<S>(self, client: &Client<DeploymentApi, S>) -> SyncOptions {
        let options = SyncOptions::new(client.endpoint()).selection(self.selection).on_selection_change(self.reaction);
        let options = match self.without_checkpoint {
            Some(rows) => options.rows_without_checkpoint(rows),
            None => options,
        };
        if self.restart { options.restart() } else { options }
    }
}

/// Syncs until an error.
pub(crate) fn run<S, K>(way: Way, client: Client<DeploymentApi, S>, sink: K, settings: Settings) -> Run
where
    S: Transport + 'static,
    K: Sink<Error = BoxError> + 'static,
{
    match way {
        Way::ByHand => Box::pin(by_hand(client, sink, settings)),
        Way::Driver => Box::pin(async move {
            let options = settings.options(&client);
            let result = SyncDriver::new(client, sink).options(options).run(pending()).await;
            result.map_or_else(End::from, |progress| panic!("the run ended: {progress:?}"))
        }),
        Way::Interrupted => Box::pin(interrupted(client, sink, settings)),
        Way::Batches => Box::pin(batches(client, sink, settings)),
    }
}

/// Syncs with one driver and many runs.
async fn interrupted<S: Transport, K: Sink<Error = BoxError>>(
    client: Client<DeploymentApi, S>,
    sink: K,
    settings: Settings,
) -> End {
    let options = settings.options(&client);
    let mut driver = SyncDriver::new(client, sink).options(options);
    for (clean, polls) in [(true, 11), (false, 40), (true, 3), (false, 17), (true, 60), (false, 8)].into_iter().cycle()
    {
        let ended = match clean {
            true => driver.run(after(polls)).await.err(),
            false => limited(pin!(driver.run(pending())), polls).await.and_then(Result::err),
        };
        if let Some(failure) = ended {
            return failure.into();
        }
    }
    unreachable!("the list is endless")
}

/// Syncs with the stream of batches.
async fn batches<S: Transport, K: Sink<Error = BoxError>>(
    client: Client<DeploymentApi, S>,
    mut sink: K,
    settings: Settings,
) -> End {
    let options = settings.options(&client);
    let state = match sink.state().await {
        Ok(state) => state,
        Err(_) => return End::Sink,
    };
    let mut batches = match SyncBatches::new(client, state, options) {
        Ok(batches) => batches,
        Err(error) => return End::Sync(error),
    };
    for number in 0_u64.. {
        let pending = match batches.next_batch().await {
            Ok(Some(pending)) => pending,
            Ok(None) => panic!("the stream ended"),
            Err(failure) => return failure.into(),
        };
        if number % 5 == 3 {
            continue;
        }
        if sink.commit(pending.batch()).await.is_err() {
            return End::Sink;
        }
        pending.confirm();
    }
    unreachable!("the range is endless")
}

impl From<SyncFailure> for End {
    fn from(failure: SyncFailure) -> Self {
        match failure {
            SyncFailure::Start(error) | SyncFailure::Page(error) => Self::Sync(error),
            SyncFailure::Call(error) => Self::Call(error),
            SyncFailure::State(_) | SyncFailure::Commit(_) => Self::Sink,
            other => panic!("{other:?}"),
        }
    }
}

/// Syncs with the engine alone, until an error.
async fn by_hand<S: Transport, K: Sink<Error = BoxError>>(
    client: Client<DeploymentApi, S>,
    mut sink: K,
    settings: Settings,
) -> End {
    let (now, jitter) = (UnixMillis(1_755_000_000_000), 0.5);
    let state = match sink.state().await {
        Ok(state) => state,
        Err(_) => return End::Sink,
    };
    let mut engine = match SyncEngine::new(state, settings.options(&client)) {
        Ok(engine) => engine,
        Err(error) => return End::Sync(error),
    };
    loop {
        let page = match client.send(engine.request()).await {
            Ok(page) => page,
            Err(error) if error.code().is_some_and(|code: &ErrorCode| engine.recover(code)) => continue,
            Err(error) => return End::Call(error),
        };
        let batch = match engine.accept(page, now) {
            Ok(batch) => batch,
            Err(error) => return End::Sync(error),
        };
        if sink.commit(&batch).await.is_err() {
            return End::Sink;
        }
        match engine.confirm(batch, jitter) {
            Ok(pause) => tokio::time::sleep(pause).await,
            Err(error) => return End::Sync(error),
        }
    }
}
