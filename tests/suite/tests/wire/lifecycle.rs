//! Dropped calls, many calls, servers that close connections, and layers that fail.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use convex_mgmt::deployment::UpdateEnvironmentVariables;
use convex_mgmt::hyper::HyperTransport;
use convex_mgmt::{Client, Error, ErrorKind, Sent};
use convex_mgmt_suite::endpoint;
use convex_mgmt_suite::script_server::{Act, Gate, ScriptServer, respond, write};
use http::{Request, Response};
use tower::layer::layer_fn;
use tower::{BoxError, Service, ServiceExt};

use crate::request::upload;
use crate::{CLASSES, SUCCESS, bounded, builder, burst, client, empty_success, joined, list, send, settle, success};

/// Drops a call when the server has reached a point, and the client has processed what the server sent.
async fn dropped_at(gate: &Gate, call: impl Future<Output = Result<(), Error>>) {
    bounded(async {
        tokio::select! {
            biased;
            result = call => panic!("the call has ended: {result:?}"),
            () = async { gate.wait().await; settle().await } => {}
        }
    })
    .await;
}

/// Case 35.
#[tokio::test]
async fn dropped_calls_release_their_connection_and_slot() {
    let at = Gate::new();
    let reached = || Act::Open(at.clone());
    let busy = write("HTTP/1.1 503 Busy\r\nretry-after: 20\r\ncontent-length: 0\r\n\r\n");
    let server = ScriptServer::start([
        vec![Act::Hang],
        vec![Act::Part(1), reached(), Act::Hang],
        vec![Act::Read, reached(), Act::Hang],
        vec![Act::Read, write("HTTP/1.1 200 OK\r\ncontent-le"), reached(), Act::Hang],
        vec![Act::Read, write("HTTP/1.1 200 OK\r\ncontent-length: 90\r\n\r\n{"), reached(), Act::Hang],
        joined([vec![Act::Read, busy, reached()], (0..100).flat_map(|_| success()).collect()]),
    ])
    .await;
    // With one slot, a dropped call that kept it would block the next call.
    let client = builder(&server.url(), 3).max_concurrency(1).build().unwrap();
    // One poll starts to open the connection.
    assert!(tokio::time::timeout(Duration::ZERO, list(&client)).await.is_err());
    dropped_at(&at, upload(&client, true)).await;
    for _ in 0..4 {
        dropped_at(&at, list(&client)).await;
    }
    for _ in 0..100 {
        list(&client).await.unwrap();
    }
    assert_eq!((server.connections(), server.requests().len()), (6, 4 + 100));
    bounded(async {
        while server.closed() < 5 {
            settle().await;
        }
    })
    .await;
}

/// Case 37.
#[tokio::test]
async fn makes_many_calls_over_few_connections() {
    let all = || (0..1000).flat_map(|_| success()).collect::<Vec<_>>();
    let server = ScriptServer::start((0..16).map(|_| all())).await;
    let client = builder(&server.url(), 1).max_concurrency(8).build().unwrap();
    burst(&client, 1000).await;
    assert_eq!(server.requests().len(), 1000);
    // A call may start to connect while another connection is about to become idle, so at most twice as many are opened.
    assert!((8..=16).contains(&server.connections()), "{} connections", server.connections());
}

/// Case 38.
#[tokio::test]
async fn opens_a_connection_when_the_server_closes_the_last_one() {
    let closing = || respond("200 OK\r\nconnection: close", SUCCESS);
    for kept in 0..3 {
        let one = || joined([(0..kept).flat_map(|_| success()).collect(), closing()]);
        let server = ScriptServer::start((0..3).map(|_| one())).await;
        let client = client(&server.url(), 1);
        for n in 0..3 * (kept + 1) {
            send(&client, CLASSES[n % 3]).await.unwrap();
        }
        assert_eq!((server.connections(), server.requests().len()), (3, 3 * (kept + 1)), "{kept}");
    }
}

/// Case 39.
#[tokio::test]
async fn a_panicking_layer_leaves_the_client_usable() {
    let server = ScriptServer::start([joined([success(), success()])]).await;
    let panicking = Arc::new(AtomicBool::new(true));
    let panics = layer_fn(move |service: HyperTransport| {
        let panicking = Arc::clone(&panicking);
        service.map_request(move |request: Request<Bytes>| {
            assert!(!panicking.swap(false, Ordering::SeqCst), "a layer that panics, as this test wants it");
            request
        })
    });
    let client = builder(&server.url(), 3).attempt_layer(panics).max_concurrency(1).build().unwrap();
    let first = client.clone();
    assert!(bounded(tokio::spawn(async move { list(&first).await })).await.unwrap_err().is_panic());
    list(&client).await.unwrap();
    assert_eq!((server.connections(), server.requests().len()), (1, 1));
}

/// A service that fails the first `poll_ready`.
#[derive(Clone)]
struct NotReady<S> {
    inner: S,
    failed: Arc<AtomicBool>,
}

impl<S> NotReady<S> {
    fn new(inner: S) -> Self {
        Self { inner, failed: Arc::default() }
    }
}

impl<S> Service<Request<Bytes>> for NotReady<S>
where
    S: Service<Request<Bytes>, Response = Response<Bytes>>,
    S::Error: Into<BoxError>,
    S::Future: Send + 'static,
{
    type Response = Response<Bytes>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Bytes>, BoxError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        if !self.failed.swap(true, Ordering::SeqCst) {
            return Poll::Ready(Err("not ready".into()));
        }
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, request: Request<Bytes>) -> Self::Future {
        let response = self.inner.call(request);
        Box::pin(async move { response.await.map_err(Into::into) })
    }
}

/// Case 33. A layer that is not ready gets no request, so nothing was sent.
#[tokio::test]
async fn reports_not_sent_when_a_layer_is_not_ready() {
    let update = UpdateEnvironmentVariables::new().set("A", "1");
    let server = ScriptServer::start([empty_success()]).await;
    let client = builder(&server.url(), 3).attempt_layer(layer_fn(NotReady::new)).build().unwrap();
    let error = bounded(client.send(&update)).await.unwrap_err();
    assert_eq!((error.kind(), error.sent(), error.attempts()), (ErrorKind::Layer, Sent::No, 0), "{error:?}");
    bounded(client.send(&update)).await.unwrap();
    assert_eq!((server.connections(), server.requests().len()), (1, 1));

    // The service in place of the whole stack, and around it.
    let service = tower::service_fn(|_: Request<Bytes>| async { Ok::<_, BoxError>(Response::new(Bytes::new())) });
    let client = Client::with_service(endpoint("http://127.0.0.1:1"), NotReady::new(service));
    let error = bounded(client.send(&update)).await.unwrap_err();
    assert_eq!((error.kind(), error.sent()), (ErrorKind::Layer, Sent::No), "{error:?}");
    bounded(client.send(&update)).await.unwrap();
}
