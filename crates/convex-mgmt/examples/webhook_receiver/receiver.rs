//! [`Receiver`]: verifies deliveries, and counts each batch once.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use axum::body::{Body, HttpBody};
use axum::extract::State as Shared;
use axum::http::{HeaderMap, StatusCode};
use axum::{Router, routing};
use convex_mgmt::webhook::{MeteredUsage, Signature, Verified, VerifyError, Window};
use convex_mgmt::{Printable, UnixMillis};
use tokio::net::TcpListener;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::secrets::Secrets;
use super::store::{State, Store};

/// The server's timeout for a response. A slower body is not from it.
const BODY_TIMEOUT: Duration = Duration::from_secs(30);

/// The secrets and the state of a receiver.
pub(crate) struct Receiver {
    secrets: Secrets,
    window: Window,
    store: Mutex<Store>,
}

/// The result of a delivery: the status of the response, and a line for the log.
type Outcome = (StatusCode, String);

/// Serves `POST /convex`.
pub(crate) async fn serve(receiver: Arc<Receiver>, listener: TcpListener) -> io::Result<()> {
    let routes = Router::new().route("/convex", routing::post(deliver)).with_state(receiver);
    axum::serve(listener, routes).await
}

async fn deliver(Shared(receiver): Shared<Arc<Receiver>>, headers: HeaderMap, body: Body) -> StatusCode {
    let outcome = match verify(&receiver, &headers, body).await {
        // Writing the state blocks.
        Ok(verified) => spawn_blocking(move || receiver.accept(&verified)).await.unwrap_or_else(|error| {
            (StatusCode::INTERNAL_SERVER_ERROR, format!("the delivery was not processed: {error}"))
        }),
        Err(outcome) => outcome,
    };
    eprintln!("{}: {}", outcome.0.as_u16(), Printable(&outcome.1));
    outcome.0
}

/// Reads the body while it computes the signature, and never keeps more of it than the limit.
async fn verify(receiver: &Receiver, headers: &HeaderMap, mut body: Body) -> Result<Verified, Outcome> {
    let rejected = |error: VerifyError| (error.status(), error.to_string());
    let signature = Signature::from_headers(headers).map_err(|error| rejected(error.into()))?;
    let (verifier, version) = receiver.secrets.verifier();
    let Some(verifier) = verifier else { return Err(receiver.without_secret(version)) };
    let mut verification = verifier.begin(&signature);
    let chunks = async {
        while let Some(frame) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
            let frame = frame.map_err(|error| (StatusCode::BAD_REQUEST, format!("the body is incomplete: {error}")))?;
            if let Ok(chunk) = frame.into_data() {
                verification.update(&chunk).map_err(rejected)?;
            }
        }
        Ok(())
    };
    let slow = |_| (StatusCode::REQUEST_TIMEOUT, "the body is too slow".to_owned());
    timeout(BODY_TIMEOUT, chunks).await.map_err(slow)??;
    verification.finish().map_err(|error| match error {
        VerifyError::Mismatch if receiver.has_newer_secrets(version) => receiver.later(),
        error => rejected(error),
    })
}

impl Receiver {
    pub(crate) fn new(secrets: Secrets, store: Store) -> Self {
        Self { secrets, window: Window::default(), store: Mutex::new(store) }
    }

    /// Returns the sums.
    pub(crate) fn usage(&self) -> MeteredUsage {
        self.store.lock().unwrap_or_else(PoisonError::into_inner).state().meter.usage()
    }

    /// The server sends a verification event before the caller of `create_log_stream` knows the secret. After a 503 it tries again.
    fn without_secret(&self, version: u64) -> Outcome {
        if self.has_newer_secrets(version) {
            return self.later();
        }
        (StatusCode::SERVICE_UNAVAILABLE, "there is no secret yet, the server tries again".to_owned())
    }

    /// Asks the server to try again with the secrets that were just read.
    fn later(&self) -> Outcome {
        (StatusCode::SERVICE_UNAVAILABLE, "the secrets have changed, the server tries again".to_owned())
    }

    /// Reads the secrets again. Returns `true` if they are newer than those of a verification, whichever delivery noticed it.
    fn has_newer_secrets(&self, version: u64) -> bool {
        let newest = self.secrets.reload().unwrap_or_else(|error| {
            eprintln!("the secrets are those of before: {}", Printable(&error.to_string()));
            self.secrets.verifier().1
        });
        newest != version
    }

    /// Processes a verified delivery. The status is 200 only after the state is stored.
    fn accept(&self, verified: &Verified) -> Outcome {
        let Some(now) = UnixMillis::from_system_time(SystemTime::now()) else {
            return (StatusCode::INTERNAL_SERVER_ERROR, "the clock is not set".to_owned());
        };
        let digest = verified.digest();
        // Until the end, so that two deliveries of one batch do not overlap.
        let mut store = self.store.lock().unwrap_or_else(PoisonError::into_inner);
        if store.state().recent.contains(&digest, now) {
            return (StatusCode::OK, "a duplicate".to_owned());
        }
        let batch = match verified.read() {
            Ok(batch) => batch,
            Err(error) => return (StatusCode::BAD_REQUEST, format!("the body cannot be read: {error}")),
        };
        if let Err(error) = self.window.check(&batch, now) {
            return (StatusCode::BAD_REQUEST, error.to_string());
        }
        for error in batch.errors() {
            eprintln!("not counted: {}", Printable(&error.to_string()));
        }
        // A copy, which replaces the state only after it is stored. A database would add the batch in a transaction.
        let State { mut recent, mut meter } = store.state().clone();
        meter.record(digest, &batch, now);
        recent.insert(digest, now);
        if let Err(error) = store.replace(State { recent, meter }) {
            return (StatusCode::INTERNAL_SERVER_ERROR, format!("the state cannot be stored: {error}"));
        }
        (StatusCode::OK, format!("{} events, signed with secret {}", batch.len(), verified.secret()))
    }
}
