//! Custom connectors: streams other than TCP, with the pool and timeouts of this library.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use convex_mgmt::deployment::{ListEnvironmentVariables, UpdateEnvironmentVariables};
use convex_mgmt::hyper::Connection;
use convex_mgmt::{Client, ClientBuilder, DeploymentApi, ErrorKind, RetryPolicy, Sent};
use convex_mgmt_fake::Fake;
use convex_mgmt_suite::{endpoint, fake};
use http::{Request, Uri};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn as hyper_service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream};
use tokio::task::JoinSet;
use tower::{ServiceExt, service_fn};

/// Serves a fake over one connection.
async fn serve(fake: Fake, stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static) {
    let service = hyper_service_fn(move |request: Request<Incoming>| {
        let fake = fake.clone();
        async move {
            let (head, body) = request.into_parts();
            let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
            let response = fake.oneshot(Request::from_parts(head, body)).await.map_err(io::Error::other)?;
            Ok::<_, io::Error>(response.map(Full::new))
        }
    });
    let _ = auto::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service).await;
}

/// Opens in-memory connections to a fake, and counts them.
#[derive(Clone)]
struct InMemory {
    fake: Fake,
    opened: Arc<AtomicUsize>,
}

impl InMemory {
    fn new(fake: &Fake) -> Self {
        Self { fake: fake.clone(), opened: Arc::default() }
    }

    fn open(&self) -> DuplexStream {
        let (client, server) = tokio::io::duplex(64 * 1024);
        self.opened.fetch_add(1, Ordering::Relaxed);
        tokio::spawn(serve(self.fake.clone(), server));
        client
    }

    fn opened(&self) -> usize {
        self.opened.load(Ordering::Relaxed)
    }
}

fn builder(url: &str) -> ClientBuilder<DeploymentApi> {
    Client::builder(endpoint(url))
}

#[cfg(unix)]
#[tokio::test]
async fn sends_calls_over_a_unix_socket() {
    let path = std::env::temp_dir().join(format!("convex-mgmt-{}.sock", std::process::id()));
    let listener = tokio::net::UnixListener::bind(&path).unwrap();
    let (fake, accepted) = (fake().build(), Arc::new(AtomicUsize::new(0)));
    let (server, counter) = (fake.clone(), Arc::clone(&accepted));
    let accepting = tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            counter.fetch_add(1, Ordering::Relaxed);
            tokio::spawn(serve(server.clone(), stream));
        }
    });
    let socket = path.clone();
    let connector = service_fn(move |_: Uri| tokio::net::UnixStream::connect(socket.clone()));
    let client = builder("http://127.0.0.1:3210").connector(connector).build().unwrap();
    client.send(&UpdateEnvironmentVariables::new().set("A", "1")).await.unwrap();
    client.send(&ListEnvironmentVariables::new()).await.unwrap();
    accepting.abort();
    std::fs::remove_file(path).unwrap();
    assert_eq!((fake.variables().len(), accepted.load(Ordering::Relaxed)), (1, 1));
}

#[tokio::test]
async fn the_pool_reuses_connections_of_a_connector() {
    let fake = fake().build();
    let memory = InMemory::new(&fake);
    let open = memory.clone();
    let connector = service_fn(move |url: Uri| {
        assert_eq!(url, "https://deployment.example/");
        let stream = open.open();
        async { Ok::<_, io::Error>(stream) }
    });
    // The connector decides on encryption, for every scheme of the URL. It does not need to be `Sync`.
    let client = builder("https://deployment.example").connector(connector.boxed_clone()).build().unwrap();
    for _ in 0..3 {
        client.send(&ListEnvironmentVariables::new()).await.unwrap();
    }
    assert_eq!((memory.opened(), fake.requests().len()), (1, 3));
    let closing = builder("https://deployment.example").max_idle_connections(0);
    let open = memory.clone();
    let connector = service_fn(move |_: Uri| std::future::ready(Ok::<_, io::Error>(open.open())));
    let closing = closing.connector(connector).build().unwrap();
    for _ in 0..2 {
        closing.send(&ListEnvironmentVariables::new()).await.unwrap();
    }
    assert_eq!(memory.opened(), 3);
}

#[tokio::test]
async fn calls_share_one_http2_connection_of_a_connector() {
    for url in ["http://127.0.0.1:3210", "https://deployment.example"] {
        let fake = fake().build();
        let memory = InMemory::new(&fake);
        let open = memory.clone();
        let connector = service_fn(move |_: Uri| {
            let connection = Connection::new(open.open()).http2();
            async {
                // Lets all calls wait before the first connection is open.
                for _ in 0..100 {
                    tokio::task::yield_now().await;
                }
                Ok::<_, io::Error>(connection)
            }
        });
        let client = builder(url).http2(true).connector(connector).build().unwrap();
        let mut calls = JoinSet::new();
        for n in 0..20 {
            calls.spawn(client.send(&UpdateEnvironmentVariables::new().set(format!("A{n}"), "1")));
        }
        while let Some(call) = calls.join_next().await {
            call.unwrap().unwrap();
        }
        assert_eq!((memory.opened(), fake.variables().len()), (1, 20), "{url}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_connect_timeout_bounds_a_custom_connector() {
    let connector = service_fn(|_: Uri| std::future::pending::<io::Result<DuplexStream>>());
    let client = builder("http://127.0.0.1:3210").connector(connector).retry(RetryPolicy::never());
    let client = client.connect_timeout(Duration::from_secs(3)).build().unwrap();
    let error = client.send(&UpdateEnvironmentVariables::new().set("A", "1")).await.unwrap_err();
    assert_eq!((error.kind(), error.sent(), error.elapsed().as_secs()), (ErrorKind::Connect, Sent::No, 3));
}

#[tokio::test(start_paused = true)]
async fn retries_connector_errors_for_every_operation() {
    let fake = fake().build();
    let memory = InMemory::new(&fake);
    let failures = Arc::new(AtomicUsize::new(2));
    let connector = service_fn(move |_: Uri| {
        let fails = failures.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok();
        let result = if fails { Err("no socket") } else { Ok(memory.open()) };
        async { result }
    });
    let client = builder("http://127.0.0.1:3210").connector(connector.clone()).build().unwrap();
    convex_mgmt_suite::classes::send(&client, convex_mgmt::Idempotency::NonIdempotent).await.unwrap();
    assert_eq!(fake.requests().len(), 1);
}
