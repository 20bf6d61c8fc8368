//! Servers that misbehave on a connection, byte by byte: a scripted server, and the result for the caller.
//!
//! The cases that a client must handle, each with its test. A name without a file is a module of this test.
//!
//! | | case | where |
//! | --- | --- | --- |
//! | 1 | connection refused, then accepted | `connecting::retries_a_refused_connection` |
//! | 2 | no address, several addresses | `connecting::reports_a_name_without_an_address`, `tries_the_next_address_of_a_name` |
//! | 3 | a connection attempt that gets no response | `connecting::the_connect_timeout_ends_an_unanswered_connect` |
//! | 4 | TLS: hangs, breaks, untrusted, or not TLS | `tls.rs`; a proxy that hangs: `proxy.rs` |
//! | 5 | a connection accepted, then reset or closed | `connecting::retries_a_connection_closed_before_the_request_is_read` |
//! | 6 | an idle connection closed before its next use | `request::moves_a_request_from_a_closed_idle_connection_to_a_new_one`, `reports_a_pooled_connection_that_breaks_during_a_request` |
//! | 7 | a reset inside the request | `request::reports_a_connection_that_breaks_inside_the_request` |
//! | 8 | a response before the request was read | `request::reports_an_early_error_response` |
//! | 9 | a reset or close after the request | `request::reports_a_missing_response_to_a_complete_request` |
//! | 10 | truncated or malformed heads | `head::reports_truncated_and_malformed_heads`, `error_texts_state_what_is_invalid` |
//! | 11 | many headers, large headers | `limits::accepts_headers_up_to_the_limit`, `accepts_a_head_up_to_the_limit` |
//! | 12 | interim (1xx) responses | `head::skips_interim_responses`, `times_out_during_endless_interim_responses` |
//! | 13 | a server that never responds | `head::times_out_when_the_server_never_responds`, `the_shorter_timeout_applies` |
//! | 14 | contradictory lengths | `head::rejects_contradictory_lengths` |
//! | 15 | a response slower than the attempt timeout | `time::a_response_may_take_longer_than_an_attempt`, `times_out_without_progress_and_leaves_the_connection`; `body::the_deadline_ends_a_slow_body` |
//! | 16 | a body shorter or longer than declared | `body::reports_truncated_and_malformed_bodies`, `discards_a_connection_with_bytes_after_the_response` |
//! | 17 | malformed chunks | `body::reports_truncated_and_malformed_bodies` |
//! | 18 | a body larger than the limit | `limits::accepts_a_body_up_to_the_limit` |
//! | 19 | no content, and stray bytes | `body::discards_a_connection_with_bytes_after_the_response`, `responses::handles_success_responses_without_a_body` |
//! | 20, 21 | compressed bodies, bodies that are not JSON, malformed JSON | `responses::reports_undecodable_success_responses`; depth in `limits` |
//! | 22 | error bodies | `responses::classifies_error_responses`, `limits::keeps_a_bounded_part_of_an_error_body` |
//! | 23 | `Retry-After` | `responses::waits_for_the_retry_after` |
//! | 24 | 429, 500 and 503 by idempotency | `responses::classifies_error_responses`; for data sync `end_to_end/data_sync.rs` |
//! | 25 | 421 | `responses::retries_a_421_on_another_connection`, `a_late_421_keeps_newer_connections` |
//! | 26 | redirects | `responses::does_not_follow_redirects` |
//! | 27 | refreshed credentials | `credential_refresh/` |
//! | 28 | all attempts send the same bytes | `request::all_attempts_send_the_same_bytes`, `policy` |
//! | 29 - 34 | retries, budget, deadlines, layers | `policy`, and `retry/` of the `proto` crate; 33 also `lifecycle::reports_not_sent_when_a_layer_is_not_ready` |
//! | 35 | dropped calls | `lifecycle::dropped_calls_release_their_connection_and_slot` |
//! | 36 | several runtimes | `end_to_end/environment.rs` |
//! | 37 | many calls, few connections | `lifecycle::makes_many_calls_over_few_connections`, `connections` |
//! | 38 | `Connection: close`, N requests per connection | `lifecycle::opens_a_connection_when_the_server_closes_the_last_one` |
//! | 39 | a layer that panics | `lifecycle::a_panicking_layer_leaves_the_client_usable` |
//! | 40 | clock changes | the library reads no wall clock; `policy`, `starts_no_attempt_when_it_wakes_after_the_deadline` |
//! | 41 - 43 | pages | `operation/paging.rs` of the `proto` crate, `end_to_end/audit_log.rs` |
//! | 44 | a resumed data sync | `end_to_end/data_sync.rs` |
//! | 45, 46 | secrets | `secrets/`, and `bad_input/` of the `proto` crate |
//! | 47 | other transports | `transports.rs` |

use std::time::Duration;

use bytes::Bytes;
use convex_mgmt::{
    Client, ClientBuilder, DeploymentApi, DeploymentClient, Error, ErrorKind, Idempotency, RetryPolicy, Sent,
};
use convex_mgmt_suite::classes::{self, CLASSES, SUCCESS};
use convex_mgmt_suite::endpoint;
use convex_mgmt_suite::script_server::{Act, ScriptServer, respond};
use http::{Request, Response};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tower::{BoxError, Service};

mod body;
mod connecting;
mod connections;
mod head;
mod lifecycle;
mod limits;
mod request;
mod responses;
mod time;

/// The time limit of every case. After it something hangs.
const BOUND: Duration = Duration::from_secs(20);
/// The attempt timeout in cases that reach it.
const SHORT: Duration = Duration::from_secs(1);
/// The client's response limit in these tests.
const LIMIT: usize = 1000;

fn success() -> Vec<Act> {
    respond("200 OK\r\ncontent-type: application/json", SUCCESS)
}

/// A success of an operation without a response body.
fn empty_success() -> Vec<Act> {
    respond("200 OK", "")
}

fn joined(acts: impl IntoIterator<Item = Vec<Act>>) -> Vec<Act> {
    acts.into_iter().flatten().collect()
}

fn builder(url: &str, attempts: u32) -> ClientBuilder<DeploymentApi> {
    let policy = RetryPolicy::default().max_attempts(attempts).base_delay(Duration::from_millis(1));
    Client::builder(endpoint(url)).retry(policy).response_limit(LIMIT)
}

fn client(url: &str, attempts: u32) -> DeploymentClient {
    builder(url, attempts).build().unwrap()
}

/// Sends an operation of this class.
async fn send<S>(client: &Client<DeploymentApi, S>, class: Idempotency) -> Result<(), Error>
where
    S: Service<Request<Bytes>, Response = Response<Bytes>, Error: Into<BoxError>> + Clone,
{
    bounded(classes::send(client, class)).await
}

async fn list<S>(client: &Client<DeploymentApi, S>) -> Result<(), Error>
where
    S: Service<Request<Bytes>, Response = Response<Bytes>, Error: Into<BoxError>> + Clone,
{
    send(client, Idempotency::Safe).await
}

/// Makes this number of calls at once.
async fn burst(client: &DeploymentClient, calls: usize) {
    let calls: Vec<_> = (0..calls)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { list(&client).await })
        })
        .collect();
    for call in calls {
        bounded(call).await.unwrap().unwrap();
    }
}

async fn bounded<F: Future>(work: F) -> F::Output {
    tokio::time::timeout(BOUND, work).await.expect("an end in time")
}

/// A connection of the test itself. An event on it reaches the runtime after earlier events on other connections.
struct Signal(TcpStream, TcpStream);

impl Signal {
    async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let here = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        Self(here, listener.accept().await.unwrap().0)
    }

    /// Waits until the runtime has received the events of all connections. The client's tasks have not run yet.
    async fn pass(&mut self) {
        self.1.write_all(b"x").await.unwrap();
        self.0.read_exact(&mut [0]).await.unwrap();
    }
}

/// Lets the client process the events of its connections.
async fn settle() {
    Signal::new().await.pass().await;
    // Runs the tasks that were woken, and those that they wake.
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
}

/// The server's script of the first connection, and the expected result of the call.
struct Case {
    name: &'static str,
    acts: Vec<Act>,
    /// The number of complete requests that the server reads on the first connection.
    requests: usize,
    failure: ErrorKind,
    /// Whether the outcome of a write is unknown.
    unknown: bool,
    /// The [`CLASSES`] that are retried.
    retried: [bool; 3],
    /// Whether the client uses the connection again.
    reused: bool,
    attempt_timeout: Option<Duration>,
    total_timeout: Option<Duration>,
}

impl Case {
    /// A connection that breaks after this number of complete requests.
    fn broken(name: &'static str, requests: usize, acts: impl IntoIterator<Item = Act>) -> Self {
        let (failure, retried) = (ErrorKind::Connection, [true, true, false]);
        let acts = acts.into_iter().collect();
        let (attempt_timeout, total_timeout) = (None, None);
        Self { name, acts, requests, failure, unknown: true, retried, reused: false, attempt_timeout, total_timeout }
    }

    /// The same case with an attempt timeout.
    fn times_out(self) -> Self {
        Self { failure: ErrorKind::AttemptTimeout, attempt_timeout: Some(SHORT), ..self }
    }

    /// A response that is not valid HTTP.
    fn invalid(name: &'static str, acts: impl IntoIterator<Item = Act>) -> Self {
        Self { failure: ErrorKind::InvalidResponse, ..Self::broken(name, 1, acts) }
    }

    /// A response that is too large.
    fn too_large(name: &'static str, acts: impl IntoIterator<Item = Act>) -> Self {
        Self { failure: ErrorKind::ResponseTooLarge, retried: [false; 3], ..Self::broken(name, 1, acts) }
    }

    /// The same case with a total timeout.
    fn exceeds_deadline(self) -> Self {
        let (attempt_timeout, total_timeout) = (Some(SHORT / 4), Some(SHORT));
        Self { failure: ErrorKind::DeadlineExceeded, retried: [false; 3], attempt_timeout, total_timeout, ..self }
    }

    /// Runs the case for every class of operation, without and with retries.
    async fn check(self) {
        // Concurrently, so that the timeouts do not add up.
        tokio::join!(self.run(0, 1), self.run(0, 3), self.run(1, 1), self.run(1, 3), self.run(2, 1), self.run(2, 3));
    }

    async fn run(&self, class: usize, attempts: u32) {
        let what = format!("{}: {:?}, {attempts} attempts", self.name, CLASSES[class]);
        let rest = || joined([success(), success()]);
        let first = if self.reused { joined([self.acts.clone(), rest()]) } else { self.acts.clone() };
        let server = ScriptServer::start([first, rest()]).await;
        let mut client = builder(&server.url(), attempts);
        if let Some(timeout) = self.attempt_timeout {
            client = client.attempt_timeout(timeout);
        }
        if let Some(timeout) = self.total_timeout {
            client = client.total_timeout(timeout);
        }
        let client = client.build().unwrap();
        let result = send(&client, CLASSES[class]).await;
        let retries = self.retried[class] && attempts > 1;
        match result {
            Ok(()) => assert!(retries, "{what}: a success"),
            Err(error) => {
                assert!(!retries, "{what}: {error:?}");
                let unknown = self.unknown && CLASSES[class] != Idempotency::Safe;
                let kind = if unknown { ErrorKind::OutcomeUnknown } else { self.failure };
                assert_eq!((error.cause_kind(), error.kind()), (self.failure, kind), "{what}: {error:?}");
                assert_eq!((error.sent(), error.attempts()), (Sent::Maybe, 1), "{what}");
            }
        }
        let connections = 1 + usize::from(retries && !self.reused);
        let requests = self.requests + usize::from(retries);
        assert_eq!((server.connections(), server.requests().len()), (connections, requests), "{what}");
        // The client stays usable: on the same connection if it is good, otherwise on a new one.
        list(&client).await.unwrap_or_else(|error| panic!("{what}: afterwards: {error:?}"));
        let connections = if self.reused { 1 } else { 2 };
        assert_eq!((server.connections(), server.requests().len()), (connections, requests + 1), "{what}: afterwards");
    }
}

/// Checks all cases concurrently.
async fn check(cases: impl IntoIterator<Item = Case>) {
    let running: Vec<_> = cases.into_iter().map(|case| tokio::spawn(case.check())).collect();
    for case in running {
        case.await.unwrap();
    }
}
