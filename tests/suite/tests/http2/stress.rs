//! Stress test: many calls from several runtimes, some dropped and some not polled, to a server that fails at random.

use std::collections::HashMap;
use std::convert::Infallible;
use std::io;
use std::net::Ipv4Addr;
use std::ops::RangeInclusive;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use convex_mgmt::deployment::usage::UsageLimitWindow;
use convex_mgmt::deployment::usage::UsageMetric;
use convex_mgmt::deployment::usage_limits::{UsageLimitConfig, UsageLimitType};
use convex_mgmt::deployment::{CreateUsageLimit, ListEnvironmentVariables};
use convex_mgmt::{Client, DeploymentClient, Error, RetryPolicy, Sent};
use convex_mgmt_suite::classes::SUCCESS;
use convex_mgmt_suite::endpoint;
use convex_mgmt_suite::routes::HOST;
use convex_mgmt_suite::tls::Authority;
use http::{Method, Request, Response, StatusCode};
use http_body_util::BodyExt;
use hyper::body::{Body, Frame, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use socket2::SockRef;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Notify;
use tokio_rustls::TlsAcceptor;

/// The time limit of a call. After it the call hangs.
const BOUND: Duration = Duration::from_secs(30);
/// The attempt timeout.
const ATTEMPT: Duration = Duration::from_millis(150);
/// The idle timeout of connections.
const IDLE: Duration = Duration::from_millis(200);
/// The number of callers per runtime.
const CALLERS: u64 = 12;
/// The number of sequential calls per caller.
const ROUNDS: u64 = 10;

/// Pseudorandom numbers from a seed (SplitMix64).
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The counters of the server, and whether it has stopped to fail.
#[derive(Default)]
struct Seen {
    open: AtomicUsize,
    connections: AtomicU64,
    /// How often each create was processed, by its limit.
    processed: Mutex<HashMap<u64, usize>>,
    /// How often each create may have been processed, according to the client's report.
    expected: Mutex<HashMap<u64, RangeInclusive<usize>>>,
    calm: AtomicBool,
}

/// A part of a body, and whether the body stalls after it.
struct Part(Option<Bytes>, bool);

impl Body for Part {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match self.0.take() {
            None if self.1 => Poll::Pending,
            data => Poll::Ready(data.map(|data| Ok(Frame::data(data)))),
        }
    }
}

fn response(status: StatusCode, body: Part) -> Response<Part> {
    Response::builder().status(status).header("content-type", "application/json").body(body).unwrap()
}

/// Responds to a request or fails it, by a random number from 0 to 99.
async fn respond(
    request: Request<Incoming>,
    seen: &Seen,
    jitter: u64,
    end: &Notify,
) -> Result<Response<Part>, h2::Error> {
    let calm = seen.calm.load(Ordering::SeqCst);
    let jitter = if calm { 99 } else { jitter };
    let create = request.method() == Method::POST;
    let ends = async || {
        end.notify_one();
        std::future::pending::<()>().await;
    };
    match jitter {
        // The request is not processed.
        0..=5 => ends().await,
        6..=14 => return Err(h2::Reason::REFUSED_STREAM.into()),
        15..=19 => return Ok(response(StatusCode::MISDIRECTED_REQUEST, Part(None, false))),
        _ => {}
    }
    let body = request.into_body().collect().await.map_err(|_| h2::Reason::CANCEL)?.to_bytes();
    if create {
        let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
        *lock(&seen.processed).entry(body["limit"].as_u64().unwrap()).or_default() += 1;
    }
    let done = Bytes::from_static(SUCCESS.as_bytes());
    match jitter {
        20..=24 => ends().await,
        25..=26 => std::future::pending().await,
        27..=31 => {
            let half = done.slice(..done.len() / 2);
            return Ok(response(StatusCode::OK, Part(Some(half), true)));
        }
        32..=36 => return Err(h2::Reason::INTERNAL_ERROR.into()),
        37..=50 => tokio::time::sleep(Duration::from_millis(jitter - 36)).await,
        _ => {}
    }
    Ok(response(StatusCode::OK, Part(Some(done), false)))
}

/// Serves a connection over HTTP/1.1 or HTTP/2 until it ends, at random, by a shutdown, a close or a reset.
async fn connection(stream: TcpStream, acceptors: [TlsAcceptor; 2], seen: Arc<Seen>, mut random: Random) -> Option<()> {
    let calm = seen.calm.load(Ordering::SeqCst);
    if random.below(3) == 0 {
        drop(SockRef::from(&stream).set_linger(Some(Duration::ZERO)));
    }
    match random.below(40) {
        0..=2 if !calm => return None,
        3 if !calm => tokio::time::sleep(ATTEMPT * 2).await,
        _ => {}
    }
    let [http1, http2] = acceptors;
    let acceptor = if random.below(4) == 0 { http1 } else { http2 };
    let stream = acceptor.accept(stream).await.ok()?;
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder.http2().max_concurrent_streams([1, 2, 100][random.below(3) as usize]);
    let (shuts_down, breaks) = (random.below(200), random.below(400));
    let (end, random) = (Arc::new(Notify::new()), Mutex::new(random));
    let service = service_fn(|request: Request<Incoming>| {
        let (seen, jitter, end) = (Arc::clone(&seen), lock(&random).below(100), Arc::clone(&end));
        async move { respond(request, &seen, jitter, &end).await }
    });
    let mut serving = pin!(builder.serve_connection(TokioIo::new(stream), service));
    let after = |millis| async move {
        match calm {
            true => std::future::pending().await,
            false => tokio::time::sleep(Duration::from_millis(millis)).await,
        }
    };
    let broken = async {
        tokio::select! {
            () = end.notified() => {}
            () = after(50 + breaks) => {}
        }
    };
    let mut broken = pin!(broken);
    tokio::select! {
        ended = &mut serving => return ended.ok(),
        () = &mut broken => return None,
        () = after(shuts_down) => serving.as_mut().graceful_shutdown(),
    }
    tokio::select! {
        ended = serving => ended.ok(),
        () = broken => None,
    }
}

/// Starts a server on its own runtime. Returns the runtime, the counters, the port and the certificate authority.
fn serve(seed: u64) -> (Runtime, Arc<Seen>, u16, Authority) {
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let (seen, authority) = (Arc::new(Seen::default()), Authority::new());
    let acceptors = [&b"http/1.1"[..], b"h2"].map(|protocol| {
        let mut config = authority.server_config(HOST, (2020, 4000));
        config.alpn_protocols = vec![protocol.to_vec()];
        TlsAcceptor::from(Arc::new(config))
    });
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let port = listener.local_addr().unwrap().port();
    let counts = Arc::clone(&seen);
    runtime.spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            counts.open.fetch_add(1, Ordering::SeqCst);
            let number = counts.connections.fetch_add(1, Ordering::SeqCst);
            let (seen, acceptors) = (Arc::clone(&counts), acceptors.clone());
            tokio::spawn(async move {
                connection(stream, acceptors, Arc::clone(&seen), Random(seed << 32 | number)).await;
                seen.open.fetch_sub(1, Ordering::SeqCst);
            });
        }
    });
    (runtime, seen, port, authority)
}

fn is_create(number: u64) -> bool {
    !number.is_multiple_of(3)
}

/// Makes a call with its own number.
async fn call(client: &DeploymentClient, number: u64) -> Result<(), Error> {
    match is_create(number) {
        false => client.send(&ListEnvironmentVariables::new()).await.map(drop),
        true => {
            let window = UsageLimitWindow::Day;
            let limit = UsageLimitConfig::new(UsageMetric::FunctionCalls, window, UsageLimitType::Disable, number);
            client.send(&CreateUsageLimit::new(limit)).await.map(drop)
        }
    }
}

/// Makes sequential calls. Some are dropped, and some are not polled during another call.
async fn caller(client: DeploymentClient, first: u64, holds: bool, seen: Arc<Seen>) {
    let mut random = Random(first);
    for number in first..first + ROUNDS {
        let result = match random.below(6) {
            0 => {
                let time = Duration::from_micros(random.below(20_000));
                tokio::time::timeout(time, call(&client, number)).await.ok()
            }
            1 if holds => {
                let mut held = pin!(call(&client, number));
                match tokio::time::timeout(Duration::from_micros(random.below(3_000)), &mut held).await {
                    Ok(result) => Some(result),
                    Err(_) => {
                        drop(bounded(client.send(&ListEnvironmentVariables::new())).await);
                        Some(bounded(held).await)
                    }
                }
            }
            _ => Some(bounded(call(&client, number)).await),
        };
        let expected = match result {
            _ if !is_create(number) => 0..=0,
            Some(Ok(())) => 1..=1,
            Some(Err(error)) if error.sent() == Sent::No => 0..=0,
            Some(Err(_)) | None => 0..=1,
        };
        lock(&seen.expected).insert(number, expected);
    }
}

async fn bounded<F: Future>(work: F) -> F::Output {
    tokio::time::timeout(BOUND, work).await.expect("an end in time")
}

/// Runs many callers on the runtime with this number.
async fn storm(client: DeploymentClient, runtime: u64, holds: bool, seen: Arc<Seen>) {
    let callers: Vec<_> = (0..CALLERS)
        .map(|n| {
            let first = (runtime * CALLERS + n) * ROUNDS;
            tokio::spawn(caller(client.clone(), first, holds, Arc::clone(&seen)))
        })
        .collect();
    for caller in callers {
        caller.await.unwrap();
    }
}

#[test]
fn all_calls_end_and_no_create_is_processed_twice_under_stress() -> io::Result<()> {
    for (seed, max_idle, max_concurrency) in [(1, 256, None), (2, 0, Some(10)), (3, 1, Some(5))] {
        let (server, seen, port, authority) = serve(seed);
        let client = Client::builder(endpoint(&format!("https://{HOST}:{port}"))).root_certificates(authority.pem());
        let client = client.http2(true).resolve(HOST, [Ipv4Addr::LOCALHOST.into()]).attempt_timeout(ATTEMPT);
        let client = client.retry(RetryPolicy::default().base_delay(Duration::from_millis(1)));
        let client = client.idle_timeout(IDLE).max_idle_connections_total(max_idle).max_concurrency(max_concurrency);
        let client = client.build().unwrap();
        let threads = |threads| Builder::new_multi_thread().worker_threads(threads).enable_all().build();
        let alone = Builder::new_current_thread().enable_all().build()?;
        let runtimes = [alone, threads(1)?, threads(2)?];
        std::thread::scope(|scope| {
            for (n, runtime) in (0..).zip(&runtimes) {
                let (client, seen) = (client.clone(), Arc::clone(&seen));
                // An unpolled call keeps its slot, so with a limit it would block others.
                let holds = max_concurrency.is_none();
                scope.spawn(move || runtime.block_on(storm(client, n, holds, seen)));
            }
        });
        seen.calm.store(true, Ordering::SeqCst);
        // From here on the server does not break accepted connections. Connections from before may still break.
        for runtime in &runtimes {
            runtime.block_on(async { while bounded(call(&client, 0)).await.is_err() {} });
        }
        // The connections of the first runtime end with it. Those of the others are closed by the idle timeout.
        let [alone, first, second] = runtimes;
        drop(alone);
        let closed = async {
            while seen.open.load(Ordering::SeqCst) > 0 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        first.block_on(bounded(closed));
        drop((first, second));
        let (processed, expected) = (lock(&seen.processed), lock(&seen.expected));
        for (number, expected) in &*expected {
            let times = processed.get(number).copied().unwrap_or(0);
            assert!(expected.contains(&times), "create {number} was processed {times} times, expected {expected:?}");
        }
        drop(server);
    }
    Ok(())
}
