//! Delivery to webhooks: the verification, the batches, and the clock that sends them.

use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_TYPE, HOST, TRANSFER_ENCODING, USER_AGENT};
use http::{Request, StatusCode};
use http_body_util::Full;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::Map;
use tokio::runtime::Handle;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};
use url::{Position, Url};

use crate::log_streams::config::{Config, Format, Webhook};
use crate::log_streams::signature::webhook_signature;
use crate::log_streams::{Status, Stream};
use crate::random::random_bytes;
use crate::state::Shared;

/// How many events a batch has at most.
const BATCH: usize = 128;

/// How often a verification, and a batch, is tried.
const VERIFICATION_ATTEMPTS: u32 = 3;
const BATCH_ATTEMPTS: u32 = 6;

/// How long all attempts of a verification may take, and how long one of a batch.
const VERIFICATION_TIME: Duration = Duration::from_secs(15);
const ATTEMPT_TIME: Duration = Duration::from_secs(30);

/// A webhook as it was when a delivery to it began.
#[derive(Clone, Debug)]
pub(super) struct Target {
    id: String,
    version: u64,
    url: String,
    format: Format,
    secret: String,
}

impl Target {
    /// None if the stream is no webhook.
    pub(super) fn of(id: &str, stream: &Stream) -> Option<Self> {
        let Config::Webhook(Webhook { url, format, .. }) = &stream.config else { return None };
        let (id, url, secret) = (id.to_owned(), url.clone(), stream.signs_with.clone());
        Some(Self { id, version: stream.version, url, format: *format, secret })
    }

    fn body(&self, events: &[String]) -> Bytes {
        match self.format {
            Format::Json => format!("[{}]", events.join(",")).into(),
            Format::Jsonl => events.join("\n").into(),
        }
    }
}

/// What became of an attempt.
enum Outcome {
    Taken,
    /// Another attempt makes no sense.
    Refused(String),
    Failed(String),
}

/// Verifies a stream that was created or updated, in the background. Outside of a tokio runtime it stays pending.
pub(super) fn start(state: &Shared, id: &str) {
    if Handle::try_current().is_ok() {
        start_clock(state);
        tokio::spawn(verify(state.clone(), id.to_owned()));
    }
}

async fn verify(state: Shared, id: String) {
    let (version, target, event) = {
        let deployment = state.deployment();
        let Ok(stream) = deployment.log_streams.stream(&id) else { return };
        let now = u64::try_from(deployment.now().as_millis()).unwrap_or(u64::MAX);
        let fields = Map::from_iter([("message".to_owned(), "Convex connection test".into())]);
        (stream.version, Target::of(&id, stream), deployment.event("verification", now, fields))
    };
    let status = match target {
        None => Status::Active,
        Some(target) => {
            let sent = send(&state, &target, target.body(&[event]), VERIFICATION_ATTEMPTS);
            match timeout(VERIFICATION_TIME, sent).await {
                Ok(Ok(())) => Status::Active,
                Ok(Err(reason)) => Status::Failed { reason },
                Err(_) => Status::Failed { reason: "the verification took too long".to_owned() },
            }
        }
    };
    state.deployment().log_streams.set_status(&id, version, status);
}

/// Starts the clock, unless it runs. It ends with the deployment, and with the runtime.
fn start_clock(state: &Shared) {
    let mut deployment = state.deployment();
    if deployment.log_streams.clock.as_ref().is_some_and(|clock| !clock.is_finished()) {
        return;
    }
    deployment.forget_old_events();
    let every = deployment.knobs.webhook_flush.max(Duration::from_millis(1));
    let full = deployment.log_streams.full.clone();
    let state = state.downgrade();
    deployment.log_streams.clock = Some(tokio::spawn(async move {
        let mut ticks = interval(every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // The first one comes at once.
        ticks.tick().await;
        loop {
            tokio::select! {
                _ = ticks.tick() => {}
                () = full.notified() => {}
            }
            let Some(state) = state.upgrade() else { return };
            // A receiver that is slow does not stop the clock.
            tokio::spawn(flush(state));
        }
    }));
}

/// Sends what waits. Ends when each batch was taken or dropped.
pub(super) async fn flush(state: Shared) {
    let taken = state.deployment().take_events();
    let mut sending = JoinSet::new();
    for (target, events) in taken {
        let state = state.clone();
        sending.spawn(async move {
            for batch in events.chunks(BATCH) {
                // A batch that is not taken is dropped, and the stream goes on.
                let _ = send(&state, &target, target.body(batch), BATCH_ATTEMPTS).await;
            }
        });
    }
    sending.join_all().await;
}

/// Makes attempts until one is taken or refused, or the stream is no longer what it was. Fails with the reason.
async fn send(state: &Shared, target: &Target, body: Bytes, attempts: u32) -> Result<(), String> {
    let mut reason = String::new();
    for attempt in 0..attempts {
        if attempt > 0 {
            let (first, most) = state.deployment().knobs.webhook_backoff;
            sleep(jittered(first.saturating_mul(1 << (attempt - 1)).min(most))).await;
            let deployment = state.deployment();
            if !deployment.log_streams.streams.get(&target.id).is_some_and(|stream| stream.is_current(target.version)) {
                return Err("the log stream was changed".to_owned());
            }
        }
        match post(target, body.clone()).await {
            Outcome::Taken => return Ok(()),
            Outcome::Refused(refused) => return Err(refused),
            Outcome::Failed(failed) => reason = failed,
        }
    }
    Err(format!("{attempts} attempts failed, at last because {reason}"))
}

/// Any time up to this one.
fn jittered(most: Duration) -> Duration {
    let part = f64::from(u32::from_le_bytes(random_bytes())) / f64::from(u32::MAX);
    most.mul_f64(part)
}

async fn post(target: &Target, body: Bytes) -> Outcome {
    let request = match request(target, body) {
        Ok(request) => request,
        Err(reason) => return Outcome::Failed(reason),
    };
    let client = Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
    let status = match timeout(ATTEMPT_TIME, client.request(request)).await {
        Ok(Ok(response)) => response.status(),
        Ok(Err(_)) => return Outcome::Failed(format!("{} cannot be reached", target.url)),
        Err(_) => return Outcome::Failed(format!("{} did not answer in time", target.url)),
    };
    match status {
        StatusCode::REQUEST_TIMEOUT
        | StatusCode::MISDIRECTED_REQUEST
        | StatusCode::TOO_EARLY
        | StatusCode::TOO_MANY_REQUESTS => Outcome::Failed(format!("the endpoint answered {status}")),
        _ if status.is_client_error() => Outcome::Refused(format!("the endpoint refused with {status}")),
        _ if status.is_server_error() => Outcome::Failed(format!("the endpoint answered {status}")),
        _ => Outcome::Taken,
    }
}

fn request(target: &Target, body: Bytes) -> Result<Request<Full<Bytes>>, String> {
    let unusable = |error: &dyn std::fmt::Display| format!("no request can be sent to {}: {error}", target.url);
    let url = Url::parse(&target.url).map_err(|error| unusable(&error))?;
    Request::post(&url[..Position::AfterQuery])
        .header(CONTENT_TYPE, "application/json")
        .header("x-webhook-signature", webhook_signature(&target.secret, &body))
        .header(ACCEPT, "*/*")
        .header(USER_AGENT, "Convex/1.0")
        .header(ACCEPT_ENCODING, "gzip")
        .header(HOST, &url[Position::BeforeHost..Position::AfterPort])
        .header(TRANSFER_ENCODING, "chunked")
        .body(Full::new(body))
        .map_err(|error| unusable(&error))
}
