//! Calls that are dropped at any poll: the client stays usable, and the server receives complete requests or nothing.

use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use convex_mgmt::deployment::{ListEnvironmentVariables, UpdateEnvironmentVariables};
use convex_mgmt::{Client, DeploymentClient, RetryPolicy};
use convex_mgmt_suite::endpoint;
use convex_mgmt_suite::script_server::whole_request;
use proptest::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Large enough to need several writes.
const VALUE_BYTES: usize = 8000;
const VALUES: usize = 60;
const LISTED: &str = r#"{"environmentVariables":{"A":"1","B":"2"}}"#;

/// A future that drops its call after a number of polls.
struct DropAfter<F> {
    call: Pin<Box<F>>,
    polls: usize,
}

impl<F: Future> Future for DropAfter<F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<F::Output>> {
        let Some(left) = self.polls.checked_sub(1) else { return Poll::Ready(None) };
        self.polls = left;
        if let Poll::Ready(output) = self.call.as_mut().poll(cx) {
            return Poll::Ready(Some(output));
        }
        // Wakes the task once more, for the poll that drops the call.
        if left == 0 {
            cx.waker().wake_by_ref();
        }
        Poll::Pending
    }
}

/// Counters of the server.
#[derive(Default)]
struct Seen {
    connections: AtomicUsize,
    complete: AtomicUsize,
    /// Requests that were cut off, together with their connections.
    truncated: AtomicUsize,
    /// Complete requests that no caller sent.
    invalid: AtomicUsize,
}

/// Reads requests one after the other and responds in small parts, so that a call takes many polls.
async fn serve(mut stream: TcpStream, seen: Arc<Seen>) {
    seen.connections.fetch_add(1, Ordering::SeqCst);
    let mut read = Vec::new();
    loop {
        let complete = loop {
            if let Some(length) = whole_request(&read) {
                break length;
            }
            let mut part = [0; 16_384];
            match stream.read(&mut part).await {
                Ok(0) | Err(_) => {
                    seen.truncated.fetch_add(usize::from(!read.is_empty()), Ordering::SeqCst);
                    return;
                }
                Ok(length) => read.extend_from_slice(&part[..length]),
            }
        };
        let request: Vec<u8> = read.drain(..complete).collect();
        seen.complete.fetch_add(1, Ordering::SeqCst);
        seen.invalid.fetch_add(usize::from(!is_valid_request(&request)), Ordering::SeqCst);
        let is_list = request.starts_with(b"GET ");
        let body = if is_list { LISTED } else { "" };
        let head =
            format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n", body.len());
        for piece in (head + body).as_bytes().chunks(16) {
            if stream.write_all(piece).await.is_err() {
                return;
            }
            tokio::task::yield_now().await;
        }
    }
}

fn is_valid_request(request: &[u8]) -> bool {
    let text = std::str::from_utf8(request).unwrap_or_default();
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    match head.split(' ').next() {
        Some("GET") => head.starts_with("GET /api/v1/list_environment_variables HTTP/1.1\r\n") && body.is_empty(),
        Some("POST") => {
            let body: serde_json::Value = serde_json::from_str(body).unwrap_or_default();
            let changes = body["changes"].as_array().map_or(0, Vec::len);
            head.starts_with("POST /api/v1/update_environment_variables HTTP/1.1\r\n") && changes == VALUES
        }
        _ => false,
    }
}

async fn start() -> (String, Arc<Seen>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let seen = Arc::new(Seen::default());
    let accepted = Arc::clone(&seen);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream, Arc::clone(&accepted)));
        }
    });
    (url, seen)
}

async fn call(client: &DeploymentClient, is_list: bool) -> bool {
    if is_list {
        return client.send(&ListEnvironmentVariables::new()).await.is_ok_and(|listed| listed.len() == 2);
    }
    let update = (0..VALUES)
        .fold(UpdateEnvironmentVariables::new(), |update, n| update.set(format!("N{n}"), "v".repeat(VALUE_BYTES)));
    client.send(&update).await.is_ok()
}

/// A call: whether it is a list, and after how many polls it is dropped, if it is.
type Step = (bool, Option<usize>);

fn any_step() -> impl Strategy<Value = Step> {
    (any::<bool>(), prop_oneof![1 => Just(None), 4 => (0..40_usize).prop_map(Some)])
}

async fn run(steps: Vec<Step>, concurrency: usize) -> Result<(), TestCaseError> {
    let (url, seen) = start().await;
    let builder = Client::builder(endpoint(&url)).retry(RetryPolicy::never()).max_concurrency(concurrency);
    let client = builder.build().unwrap();
    let (mut dropped, mut completed) = (0, 0);
    for (is_list, polls) in steps.into_iter().chain([(true, None), (false, None)]) {
        let polls = polls.unwrap_or(usize::MAX);
        let call = DropAfter { call: Box::pin(call(&client, is_list)), polls };
        // The client would wait forever for a slot or connection that was not released.
        let result = tokio::time::timeout(Duration::from_secs(20), pin!(call)).await;
        match result {
            Err(_) => prop_assert!(false, "the client hangs after {dropped} dropped calls"),
            Ok(None) => dropped += 1,
            Ok(Some(succeeded)) => {
                prop_assert!(succeeded, "a call failed after {dropped} dropped calls");
                completed += 1;
            }
        }
    }
    let count_of = |count: &AtomicUsize| count.load(Ordering::SeqCst);
    prop_assert_eq!(count_of(&seen.invalid), 0, "the server read an invalid request");
    prop_assert!(
        count_of(&seen.complete) >= completed
            && count_of(&seen.complete) + count_of(&seen.truncated) <= completed + dropped
    );
    prop_assert!(count_of(&seen.connections) <= dropped + 1, "the client opened too many connections");
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, max_shrink_iters: 64, ..ProptestConfig::default() })]

    #[test]
    fn a_call_may_be_dropped_at_any_poll(
        steps in proptest::collection::vec(any_step(), 1..12), concurrency in 1..3_usize,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(run(steps, concurrency))?;
    }
}

#[test]
fn a_call_takes_more_than_three_polls() {
    // Otherwise the property above would check little.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let polls = runtime.block_on(async {
        let (url, _seen) = start().await;
        let client = Client::builder(endpoint(&url)).build().unwrap();
        let mut polls = 0;
        while (DropAfter { call: Box::pin(call(&client, true)), polls }).await.is_none() {
            polls += 1;
        }
        polls
    });
    assert!(polls > 3, "a call ends after {polls} polls");
}
