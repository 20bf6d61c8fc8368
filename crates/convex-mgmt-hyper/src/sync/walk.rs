//! [`Walk`]: requests the pages of a sync one after the other, with the pauses between them.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use convex_mgmt_proto::deployment::DataSync;
use convex_mgmt_proto::sync::{SyncBatch, SyncEngine};
use convex_mgmt_proto::{DeploymentApi, UnixMillis};

use super::event::SyncEvent;
use super::failure::SyncFailure;
use super::limit::{Permit, Permits, SyncLimit};
use crate::client::{Client, SendFuture};
use crate::error::{Advice, Error, ErrorKind};
use crate::service::Transport;
use crate::timer::{Timer, jittered, sleep};

/// The longest pause after the first failed call. It doubles with every further one, up to [`LONGEST_PAUSE`].
pub(super) const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// Settings that drivers and streams share.
#[derive(Clone, Debug, Default)]
pub(super) struct Settings {
    pub(super) limit: Option<SyncLimit>,
    pub(super) give_up_after: Option<Duration>,
}

/// A series of failed calls.
struct Failures {
    /// By the timer.
    since: Duration,
    /// The longest pause after the next failure.
    longest: Duration,
}

/// The calls of a sync. It holds at most one call, and the permit for it.
pub(super) struct Walk<S: Transport, T: Timer> {
    client: Client<DeploymentApi, S, T>,
    give_up_after: Option<Duration>,
    pause: Option<Pin<Box<T::Sleep>>>,
    permits: Permits,
    permit: Option<Permit>,
    /// One allocation serves all calls.
    call: Pin<Box<Option<SendFuture<DataSync, S, T>>>>,
    failures: Option<Failures>,
    /// The longest pause after the next restart. `None` if the copy was up to date since the last one.
    restarts: Option<Duration>,
}

impl<S: Transport, T: Timer> Walk<S, T> {
    pub(super) fn new(client: &Client<DeploymentApi, S, T>, settings: &Settings) -> Self {
        Self {
            client: client.clone(),
            give_up_after: settings.give_up_after,
            pause: None,
            permits: Permits::new(settings.limit.clone()),
            permit: None,
            call: Box::pin(None),
            failures: None,
            restarts: None,
        }
    }

    /// Sets the pause before the next call. A server may ask for one that no timer can represent.
    pub(super) fn wait(&mut self, pause: Duration) {
        self.pause = (!pause.is_zero()).then(|| Box::pin(sleep(self.client.timer(), pause)));
    }

    /// Requests the next page, with pauses while calls fail, and returns its batch.
    ///
    /// Only the engine keeps the position. A dropped walk loses nothing.
    pub(super) fn poll_batch(
        &mut self,
        engine: &mut SyncEngine,
        on_event: &mut dyn FnMut(SyncEvent<'_>),
        cx: &mut Context<'_>,
    ) -> Poll<Result<(SyncBatch, Permit), SyncFailure>> {
        loop {
            if let Some(pause) = &mut self.pause {
                ready!(pause.as_mut().poll(cx));
                self.pause = None;
            }
            let permit = match self.permit.take() {
                Some(permit) => permit,
                None => ready!(self.permits.poll(cx)),
            };
            if self.call.is_none() {
                self.call.set(Some(self.client.send(engine.request())));
            }
            let Some(call) = self.call.as_mut().as_pin_mut() else { return Poll::Pending };
            let Poll::Ready(result) = call.poll(cx) else {
                self.permit = Some(permit);
                return Poll::Pending;
            };
            self.call.set(None);
            match result {
                Ok(page) => {
                    self.failures = None;
                    let batch = engine.accept(page, self.client.timer().unix_time()).map_err(SyncFailure::Page)?;
                    if batch.is_up_to_date() {
                        self.restarts = None;
                    }
                    return Poll::Ready(Ok((batch, permit)));
                }
                // The permit is dropped: a pause may follow.
                Err(error) => self.failed(error, engine, on_event)?,
            }
        }
    }

    /// Decides whether to continue after a failed call.
    fn failed(
        &mut self,
        error: Error,
        engine: &mut SyncEngine,
        on_event: &mut dyn FnMut(SyncEvent<'_>),
    ) -> Result<(), SyncFailure> {
        if error.code().is_some_and(|code| engine.recover(code)) {
            // The first new copy begins at once. Without the pauses, a server that rejects all its cursors would keep the sync busy.
            if let Some(longest) = self.restarts {
                self.wait(jittered(self.client.timer(), longest));
            }
            self.restarts = Some(self.restarts.map_or(FIRST_PAUSE, doubled));
            self.failures = None;
            on_event(SyncEvent::Restarted { generation: engine.generation() });
            return Ok(());
        }
        let Some(after) = wait_of(&error, engine.checkpoint().is_some()) else { return Err(SyncFailure::Call(error)) };
        let timer = self.client.timer();
        let now = timer.now();
        let failures = self.failures.get_or_insert(Failures { since: now, longest: FIRST_PAUSE });
        let pause = jittered(timer, failures.longest).max(after);
        if self.give_up_after.is_some_and(|limit| now.saturating_sub(failures.since).saturating_add(pause) > limit) {
            return Err(SyncFailure::Call(error));
        }
        failures.longest = doubled(failures.longest);
        self.wait(pause);
        on_event(SyncEvent::Retrying { error: &error, pause });
        if let Some(age) = engine.expiry_warning(self.client.timer().unix_time()) {
            on_event(SyncEvent::Expiring { age });
        }
        Ok(())
    }
}

/// Returns the wait that the server asks for if the call may succeed later. Returns `None` if time does not help.
///
/// `was_reached`: the deployment has sent a page at some time, so its name is right even if it does not resolve now.
fn wait_of(error: &Error, was_reached: bool) -> Option<Duration> {
    match error.advice() {
        Advice::RetryLater { after } => Some(after.unwrap_or_default()),
        Advice::FixUrl if was_reached && error.kind() == ErrorKind::Dns => Some(Duration::ZERO),
        // A server error that would end the walk over a list. A sync has a code of its own for a cursor that is too old.
        Advice::StartOver if error.status().is_some_and(|status| status.is_server_error()) => {
            Some(error.retry_after().unwrap_or_default())
        }
        _ => None,
    }
}

fn doubled(longest: Duration) -> Duration {
    LONGEST_PAUSE.min(2 * longest)
}

/// Emits the events at the start of a sync.
#[inline]
pub(super) fn announce(engine: &SyncEngine, now: UnixMillis, on_event: &mut dyn FnMut(SyncEvent<'_>)) {
    on_event(SyncEvent::Started { checkpoint: engine.checkpoint().as_ref(), generation: engine.generation() });
    if let Some(age) = engine.expiry_warning(now) {
        on_event(SyncEvent::Expiring { age });
    }
}
