//! Delivery to webhooks: the verification of a stream, batches of events, and the timer that sends them.

use std::mem;
use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use serde_json::Map;
use tokio::runtime::Handle;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};

use super::config::Config;
use super::events::{drop_old_events, event, take_events};
use super::exchange::exchange;
use super::quirks::{DeliveryQuirk, Unusual};
use super::state::{LogStreams, Status};
use super::target::Target;
use crate::state::{Deployment, Shared, millis, random_bytes};

/// Maximum number of events in a batch.
const BATCH: usize = 128;

/// Maximum number of attempts at a verification and at a batch.
const VERIFICATION_ATTEMPTS: u32 = 3;
const BATCH_ATTEMPTS: u32 = 6;

/// Timeout of all attempts at a verification together, and of one attempt at any delivery.
const VERIFICATION_TIMEOUT: Duration = Duration::from_secs(15);
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(30);

/// The outcome of a delivery attempt.
enum Outcome {
    Accepted,
    /// A retry would not help.
    Rejected(String),
    /// A retry may succeed.
    Failed(String),
}

/// Starts to verify a created or updated stream. Outside of a tokio runtime, the stream stays pending.
pub(super) fn start(state: &Shared, id: &str) {
    if Handle::try_current().is_ok() {
        start_timer(state);
        tokio::spawn(verify(state.clone(), id.to_owned()));
    }
}

async fn verify(state: Shared, id: String) {
    let (version, target, event) = {
        let mut deployment = state.deployment();
        let fields = Map::from_iter([("message".to_owned(), "Convex connection test".into())]);
        let event = event(&deployment, "verification", millis(deployment.now()), fields);
        let Ok(stream) = deployment.topics.of::<LogStreams>().stream(&id) else { return };
        (stream.version, Target::of(&id, stream), event)
    };
    let status = match target {
        None => Status::Active,
        Some(target) => {
            let sent = send(&state, &target, target.body(&[event]), VERIFICATION_ATTEMPTS);
            match timeout(VERIFICATION_TIMEOUT, sent).await {
                Ok(Ok(())) => Status::Active,
                Ok(Err(reason)) => Status::Failed { reason },
                Err(_) => Status::Failed { reason: "the verification timed out".to_owned() },
            }
        }
    };
    state.deployment().topics.of::<LogStreams>().set_status(&id, version, status);
}

/// Starts the timer unless it runs. It ends with the deployment or with the tokio runtime.
fn start_timer(state: &Shared) {
    let mut deployment = state.deployment();
    let log_streams: &mut LogStreams = deployment.topics.of();
    if log_streams.timer.as_ref().is_some_and(|timer| !timer.is_finished()) {
        return;
    }
    let full = log_streams.full.clone();
    drop_old_events(&mut deployment);
    let every = deployment.knobs.webhook_flush_interval.max(Duration::from_millis(1));
    let state = state.downgrade();
    deployment.topics.of::<LogStreams>().timer = Some(tokio::spawn(async move {
        let mut ticks = interval(every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // The first tick is immediate.
        ticks.tick().await;
        loop {
            tokio::select! {
                _ = ticks.tick() => {}
                () = full.notified() => {}
            }
            let Some(state) = state.upgrade() else { return };
            // A task of its own: a slow receiver must not delay the timer.
            tokio::spawn(async move { flush_log_streams(&state).await });
        }
    }));
}

/// Sends the waiting events. Returns when each batch is accepted or dropped.
pub(crate) async fn flush_log_streams(state: &Shared) {
    let (taken, late) = {
        let mut deployment = state.deployment();
        let taken = take_events(&mut deployment);
        (taken, mem::take(&mut deployment.topics.of::<Unusual>().late))
    };
    let mut sending = JoinSet::new();
    for (target, events) in taken {
        let state = state.clone();
        sending.spawn(async move {
            for batch in events.chunks(BATCH) {
                deliver(&state, &target, target.body(batch)).await;
            }
        });
    }
    sending.join_all().await;
    for (target, body) in late {
        let _ = send(state, &target, body, BATCH_ATTEMPTS).await;
    }
}

/// Delivers a batch, with the quirk that is due. A batch that fails is dropped, and the stream stays active.
async fn deliver(state: &Shared, target: &Target, body: Bytes) {
    let quirk = {
        let mut deployment = state.deployment();
        let unusual: &mut Unusual = deployment.topics.of();
        let quirk = unusual.quirks.pop_front().unwrap_or(DeliveryQuirk::Normal);
        if quirk == DeliveryQuirk::Late {
            unusual.late.push((target.clone(), body.clone()));
        }
        quirk
    };
    let times = match quirk {
        DeliveryQuirk::Normal => 1,
        DeliveryQuirk::Twice => 2,
        DeliveryQuirk::Late | DeliveryQuirk::Never => 0,
    };
    for _ in 0..times {
        let _ = send(state, target, body.clone(), BATCH_ATTEMPTS).await;
    }
}

/// Has the effect of a restart of the server: waiting events are lost, and webhooks sign with their newest secret.
pub(crate) fn restart(deployment: &mut Deployment) {
    deployment.topics.of::<Unusual>().late.clear();
    let LogStreams { streams, buffer, .. } = deployment.topics.of();
    buffer.clear();
    for stream in streams.values_mut() {
        if let Config::Webhook(webhook) = &stream.config {
            stream.signing_secret.clone_from(&webhook.hmac_secret);
        }
    }
}

/// Makes attempts until one is accepted or rejected, or the stream changes. Fails with the reason.
async fn send(state: &Shared, target: &Target, body: Bytes, attempts: u32) -> Result<(), String> {
    if cfg!(not(feature = "server")) {
        return Err("the feature `server` of convex-mgmt-fake is off, so it opens no connections".to_owned());
    }
    let mut reason = String::new();
    for attempt in 0..attempts {
        if attempt > 0 {
            let (first, max) = state.deployment().knobs.webhook_backoff;
            sleep(jittered(first.saturating_mul(1 << (attempt - 1)).min(max))).await;
            let mut deployment = state.deployment();
            let log_streams: &mut LogStreams = deployment.topics.of();
            if !log_streams.streams.get(&target.id).is_some_and(|stream| stream.is_current(target.version)) {
                return Err("the log stream has changed".to_owned());
            }
        }
        match post(target, body.clone()).await {
            Outcome::Accepted => return Ok(()),
            Outcome::Rejected(reason) => return Err(reason),
            Outcome::Failed(failed) => reason = failed,
        }
    }
    Err(format!("{attempts} attempts failed, the last one because {reason}"))
}

/// Returns a random duration of at most `max`.
fn jittered(max: Duration) -> Duration {
    let part = f64::from(u32::from_le_bytes(random_bytes())) / f64::from(u32::MAX);
    max.mul_f64(part)
}

async fn post(target: &Target, body: Bytes) -> Outcome {
    let request = match target.request(body) {
        Ok(request) => request,
        Err(reason) => return Outcome::Failed(reason),
    };
    let status = match timeout(ATTEMPT_TIMEOUT, exchange(request)).await {
        Ok(Some(status)) => status,
        Ok(None) => return Outcome::Failed(format!("{} cannot be reached", target.url)),
        Err(_) => return Outcome::Failed(format!("{} timed out", target.url)),
    };
    match status {
        StatusCode::REQUEST_TIMEOUT
        | StatusCode::MISDIRECTED_REQUEST
        | StatusCode::TOO_EARLY
        | StatusCode::TOO_MANY_REQUESTS => Outcome::Failed(format!("the endpoint responded with {status}")),
        _ if status.is_client_error() => Outcome::Rejected(format!("the endpoint rejected the delivery with {status}")),
        _ if status.is_server_error() => Outcome::Failed(format!("the endpoint responded with {status}")),
        _ => Outcome::Accepted,
    }
}
