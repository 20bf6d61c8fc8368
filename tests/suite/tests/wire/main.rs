//! What servers do to connections, byte by byte: a scripted server on the other side, and what the caller gets to know.
//!
//! The cases that a client must get right, each with where it is tested. Without a file it is a module here.
//!
//! | | case | where |
//! | --- | --- | --- |
//! | 1 | refused, then accepted | `connecting::retries_a_refused_connection` |
//! | 2 | no address, several addresses | `connecting::reports_a_name_without_an_address`, `tries_the_next_address_of_a_name` |
//! | 3 | opening is never answered | `connecting::the_connect_timeout_ends_an_unanswered_connect` |
//! | 4 | TLS: hangs, breaks, is not trusted, is none | `tls.rs`; a proxy that hangs `proxy.rs` |
//! | 5 | accepted, then reset or closed | `connecting::retries_a_connection_closed_before_the_request_is_read` |
//! | 6 | an idle connection closed before its next use | `request::moves_a_request_from_a_closed_idle_connection_to_a_new_one`, `reports_a_pooled_connection_that_breaks_during_a_request` |
//! | 7 | reset inside the request | `request::reports_a_connection_that_breaks_inside_the_request` |
//! | 8 | answered before the request was read | `request::reports_an_early_error_response` |
//! | 9 | reset or closed after the request | `request::reports_a_missing_response_to_a_complete_request` |
//! | 10 | heads that are cut or malformed | `head::reports_truncated_and_malformed_heads`, `error_texts_state_what_is_invalid` |
//! | 11 | many headers, large headers | `limits::accepts_headers_up_to_the_limit`, `accepts_a_head_up_to_the_limit` |
//! | 12 | 1xx | `head::skips_interim_responses`, `times_out_during_endless_interim_responses` |
//! | 13 | never answers | `head::times_out_when_the_server_never_responds`, `the_shorter_timeout_applies` |
//! | 14 | lengths that contradict each other | `head::rejects_contradictory_lengths` |
//! | 15 | slower than the attempt's time | `time::a_response_may_take_longer_than_an_attempt`, `times_out_without_progress_and_leaves_the_connection`; `body::the_deadline_ends_a_slow_body` |
//! | 16 | shorter or longer than promised | `body::reports_truncated_and_malformed_bodies`, `discards_a_connection_with_bytes_after_the_response` |
//! | 17 | broken chunks | `body::reports_truncated_and_malformed_bodies` |
//! | 18 | larger than the limit | `limits::accepts_a_body_up_to_the_limit` |
//! | 19 | no content, and stray bytes | `body::discards_a_connection_with_bytes_after_the_response`, `responses::handles_success_responses_without_a_body` |
//! | 20, 21 | compressed, no JSON, bad JSON | `responses::reports_undecodable_success_responses`; depth in `limits` |
//! | 22 | error bodies | `responses::classifies_error_responses`, `limits::keeps_a_bounded_part_of_an_error_body` |
//! | 23 | `Retry-After` | `responses::waits_for_the_retry_after` |
//! | 24 | 429, 500 and 503 by class | `responses::classifies_error_responses`; data sync's in `end_to_end/data_sync.rs` |
//! | 25 | 421 | `responses::retries_a_421_on_another_connection`, `a_late_421_keeps_newer_connections` |
//! | 26 | redirects | `responses::does_not_follow_redirects` |
//! | 27 | credentials that are replaced | `credential_refresh.rs` |
//! | 28 | attempts are the same to the byte | `request::all_attempts_send_the_same_bytes`, `policy` |
//! | 29 - 34 | retries, budget, deadlines, layers | `policy`, and `retry/tests.rs` of the `proto` crate; 33 also `lifecycle::reports_not_sent_when_a_layer_is_not_ready` |
//! | 35 | calls that are dropped | `lifecycle::dropped_calls_release_their_connection_and_slot` |
//! | 36 | runtimes | `end_to_end/environment.rs` |
//! | 37 | many calls, few connections | `lifecycle::makes_many_calls_over_few_connections`, `connections` |
//! | 38 | `Connection: close`, N requests a connection | `lifecycle::opens_a_connection_when_the_server_closes_the_last_one` |
//! | 39 | a layer that panics | `lifecycle::a_panicking_layer_leaves_the_client_usable` |
//! | 40 | clocks that jump | no wall clock is read; `policy`, `starts_no_attempt_when_it_wakes_after_the_deadline` |
//! | 41 - 43 | pages | `paging.rs` and `open.rs` of the `proto` crate, `end_to_end/audit_log.rs` |
//! | 44 | data sync taken up again | `end_to_end/data_sync.rs` |
//! | 45, 46 | secrets | `secrets/`, and `bad_input.rs` of the `proto` crate |
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

/// In this time every case has ended, or something hangs.
const BOUND: Duration = Duration::from_secs(20);
/// The time of an attempt where it is to run out.
const SHORT: Duration = Duration::from_secs(1);
/// The client's limit of a body in these tests.
const LIMIT: usize = 1000;

fn success() -> Vec<Act> {
    respond("200 OK\r\ncontent-type: application/json", SUCCESS)
}

/// A success of an operation without a reply body.
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

/// So many calls, all at once.
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

/// A connection of the test's own. What happens on it is told after what has happened on the others.
struct Signal(TcpStream, TcpStream);

impl Signal {
    async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let here = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        Self(here, listener.accept().await.unwrap().0)
    }

    /// Lets the runtime be told what has happened to the connections. The client's have not had their turn yet.
    async fn pass(&mut self) {
        self.1.write_all(b"x").await.unwrap();
        self.0.read_exact(&mut [0]).await.unwrap();
    }
}

/// Lets the client notice what has happened to its connections.
async fn settle() {
    Signal::new().await.pass().await;
    // Each task that this woke has its turn, and those that it wakes.
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
}

/// What a server does on the first connection, and what comes of it.
struct Case {
    name: &'static str,
    acts: Vec<Act>,
    /// How many whole requests the server reads in it.
    requests: usize,
    failure: ErrorKind,
    /// Whether writes end without it being known what was done.
    unknown: bool,
    /// Which of the [`CLASSES`] are tried again.
    retried: [bool; 3],
    /// Whether the connection is used again.
    reused: bool,
    attempt_timeout: Option<Duration>,
    total_timeout: Option<Duration>,
}

impl Case {
    /// A connection that breaks after so many whole requests.
    fn broken(name: &'static str, requests: usize, acts: impl IntoIterator<Item = Act>) -> Self {
        let (failure, retried) = (ErrorKind::Connection, [true, true, false]);
        let acts = acts.into_iter().collect();
        let (attempt_timeout, total_timeout) = (None, None);
        Self { name, acts, requests, failure, unknown: true, retried, reused: false, attempt_timeout, total_timeout }
    }

    /// The same in which time runs out.
    fn times_out(self) -> Self {
        Self { failure: ErrorKind::AttemptTimeout, attempt_timeout: Some(SHORT), ..self }
    }

    /// The same with a response that is no HTTP.
    fn invalid(name: &'static str, acts: impl IntoIterator<Item = Act>) -> Self {
        Self { failure: ErrorKind::InvalidResponse, ..Self::broken(name, 1, acts) }
    }

    /// The same with a response that is too large.
    fn too_large(name: &'static str, acts: impl IntoIterator<Item = Act>) -> Self {
        Self { failure: ErrorKind::ResponseTooLarge, retried: [false; 3], ..Self::broken(name, 1, acts) }
    }

    /// The same in which the time of the whole call runs out.
    fn exceeds_deadline(self) -> Self {
        let (attempt_timeout, total_timeout) = (Some(SHORT / 4), Some(SHORT));
        Self { failure: ErrorKind::DeadlineExceeded, retried: [false; 3], attempt_timeout, total_timeout, ..self }
    }

    /// Tries the case with every class of operation, without and with further attempts.
    async fn check(self) {
        // Together, so that the times that have to pass do not add up.
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
        let again = self.retried[class] && attempts > 1;
        match result {
            Ok(()) => assert!(again, "{what}: a success"),
            Err(error) => {
                assert!(!again, "{what}: {error:?}");
                let unknown = self.unknown && CLASSES[class] != Idempotency::Safe;
                let kind = if unknown { ErrorKind::OutcomeUnknown } else { self.failure };
                assert_eq!((error.cause_kind(), error.kind()), (self.failure, kind), "{what}: {error:?}");
                assert_eq!((error.sent(), error.attempts()), (Sent::Maybe, 1), "{what}");
            }
        }
        let connections = 1 + usize::from(again && !self.reused);
        let requests = self.requests + usize::from(again);
        assert_eq!((server.connections(), server.requests().len()), (connections, requests), "{what}");
        // The client works afterwards: on the connection that is good, or on a new one.
        list(&client).await.unwrap_or_else(|error| panic!("{what}: afterwards: {error:?}"));
        let connections = if self.reused { 1 } else { 2 };
        assert_eq!((server.connections(), server.requests().len()), (connections, requests + 1), "{what}: afterwards");
    }
}

/// Checks all of them at the same time, for the same reason.
async fn check(cases: impl IntoIterator<Item = Case>) {
    let running: Vec<_> = cases.into_iter().map(|case| tokio::spawn(case.check())).collect();
    for case in running {
        case.await.unwrap();
    }
}
