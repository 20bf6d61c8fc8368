//! The runs of a history: the engine by hand, and the client's driver.

use std::pin::Pin;
use std::task::Poll;

use convex_mgmt::deployment::data_sync::Selection;
use convex_mgmt::sync::{OnSelectionChange, Sink, SyncEngine, SyncError, SyncOptions};
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

/// Polls a run at most this many times.
pub(crate) async fn poll(run: &mut Run, mut polls: usize) -> Option<End> {
    std::future::poll_fn(|cx| match run.as_mut().poll(cx) {
        Poll::Ready(end) => Poll::Ready(Some(end)),
        Poll::Pending if polls <= 1 => Poll::Ready(None),
        Poll::Pending => {
            polls -= 1;
            Poll::Pending
        }
    })
    .await
}

/// The settings of a run.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) selection: Selection,
    pub(crate) reaction: OnSelectionChange,
    pub(crate) without_checkpoint: Option<convex_mgmt::sync::OldRows>,
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

/// Syncs with the engine alone, until an error.
pub(crate) async fn by_hand<S: Transport, K: Sink<Error = BoxError>>(
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
