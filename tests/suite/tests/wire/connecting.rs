//! Connections that cannot be opened, or are closed before a request.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use convex_mgmt::hyper::HyperTransport;
use convex_mgmt::{
    Client, ClientBuilder, DeployKey, DeploymentApi, Endpoint, ErrorKind, Idempotency, Proxy, RetryPolicy, Sent,
};
use convex_mgmt_suite::ADMIN_KEY;
use convex_mgmt_suite::script_server::{Act, ClosedPort, Gate, ScriptServer, write};
use tower::ServiceExt;
use tower::layer::layer_fn;

use crate::{CLASSES, Case, Signal, builder, check, client, joined, list, send, settle, success};

/// Case 1.
#[tokio::test]
async fn retries_a_refused_connection() {
    for class in CLASSES {
        let closed = ClosedPort::any();
        let url = closed.url();
        let error = send(&client(&url, 3), class).await.unwrap_err();
        assert_eq!((error.kind(), error.cause_kind()), (ErrorKind::Connect, ErrorKind::Connect), "{class:?}");
        assert_eq!((error.sent(), error.attempts()), (Sent::No, 3), "{class:?}");

        let (closed, server) = (Arc::new(Mutex::new(Some(closed))), Arc::new(Mutex::new(None::<ScriptServer>)));
        let opened = Arc::clone(&server);
        let open_after_the_first = layer_fn(move |service: HyperTransport| {
            let (closed, opened) = (Arc::clone(&closed), Arc::clone(&opened));
            service.map_result(move |result| {
                if let Some(closed) = closed.lock().unwrap_or_else(PoisonError::into_inner).take() {
                    assert!(result.is_err());
                    *opened.lock().unwrap() = Some(closed.open([joined([success(), success()])]));
                }
                result
            })
        });
        let client = builder(&url, 2).attempt_layer(open_after_the_first).build().unwrap();
        send(&client, class).await.unwrap();
        let server = server.lock().unwrap().take().unwrap();
        assert_eq!((server.connections(), server.requests().len()), (1, 1), "{class:?}");
    }
}

/// Case 2.
#[tokio::test]
async fn reports_a_name_without_an_address() {
    for class in CLASSES {
        let error = send(&client("https://no-such-host.invalid", 2), class).await.unwrap_err();
        assert_eq!((error.kind(), error.sent(), error.attempts()), (ErrorKind::Dns, Sent::No, 2), "{class:?}");
        assert_eq!(error.url(), "https://no-such-host.invalid", "{class:?}");
        assert!(error.to_string().contains("cannot find an address for no-such-host.invalid: "), "{class:?}: {error}");
    }
}

/// Case 2. Only Linux has the other loopback addresses by default.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn tries_the_next_address_of_a_name() {
    const NAME: &str = "Deployment.localhost";
    let (dead, live) = ([127, 0, 0, 2], [127, 0, 0, 1]);
    for hangs in [false, true] {
        let server = ScriptServer::start([joined([success(), success()])]).await;
        let port = server.address().port();
        let closed = ClosedPort::at((dead, port).into());
        let _swallowing = hangs.then(|| closed.blackhole());
        let url = format!("http://{NAME}:{port}");
        let at = |addresses: &[[u8; 4]]| {
            let addresses: Vec<_> = addresses.iter().map(|address| IpAddr::from(*address)).collect();
            builder(&url, 1).connect_timeout(Duration::from_millis(800)).resolve(NAME, addresses).build().unwrap()
        };
        list(&at(&[dead, live])).await.unwrap();
        assert_eq!((server.connections(), server.requests().len()), (1, 1), "{hangs}");
        let host = format!("host: deployment.localhost:{port}\r\n");
        assert!(String::from_utf8_lossy(&server.requests()[0]).contains(&host), "the name stays that of the URL");
        for unreachable in [&[dead][..], &[dead, dead], &[]] {
            let error = send(&at(unreachable), Idempotency::NonIdempotent).await.unwrap_err();
            assert_eq!(
                (error.kind(), error.sent()),
                (ErrorKind::Connect, Sent::No),
                "{hangs} {unreachable:?}: {error:?}"
            );
        }
        assert_eq!(server.connections(), 1, "{hangs}");
    }
}

/// Case 3.
#[tokio::test]
async fn the_connect_timeout_ends_an_unanswered_connect() {
    let blackhole = ClosedPort::any().blackhole();
    for class in CLASSES {
        let client = builder(&blackhole.url, 2).connect_timeout(Duration::from_millis(50)).build().unwrap();
        let error = send(&client, class).await.unwrap_err();
        assert_eq!((error.kind(), error.sent(), error.attempts()), (ErrorKind::Connect, Sent::No, 2), "{class:?}");
        assert!(error.elapsed() >= Duration::from_millis(100), "{class:?}: {error:?}");
    }
}

/// Case 3. The attempt timeout or the total timeout ends while the connection is being opened.
#[tokio::test]
async fn reports_not_sent_when_the_timeout_ends_before_the_connect() {
    let short = Duration::from_millis(100);
    let blackhole = ClosedPort::any().blackhole();
    // Accepts the connection, and responds to neither the TLS handshake nor the tunnel request.
    let silent = ScriptServer::start((0..100).map(|_| vec![Act::Hang])).await;
    let secure = format!("https://localhost:{}", silent.address().port());
    let proxied = |url: &str| builder("https://deployment.example", 2).proxy(Proxy::new(url, "").unwrap());
    for http2 in [false, true] {
        for (case, build) in [
            ("swallowed", &(|| builder(&blackhole.url, 2)) as &dyn Fn() -> ClientBuilder<DeploymentApi>),
            ("no handshake", &|| builder(&secure, 2)),
            ("no proxy", &|| proxied(&blackhole.url)),
            ("no tunnel", &|| proxied(&silent.url())),
        ] {
            for class in CLASSES {
                let what = format!("{case}, {class:?}, HTTP/2 {http2}");
                let unbounded = || build().http2(http2).connect_timeout(None);
                let client = unbounded().attempt_timeout(short).build().unwrap();
                let error = send(&client, class).await.unwrap_err();
                assert_eq!((error.kind(), error.sent()), (ErrorKind::AttemptTimeout, Sent::No), "{what}: {error:?}");
                assert_eq!(error.attempts(), 2, "{what}: nothing was sent, so every class is retried");
                let client = unbounded().attempt_timeout(None).total_timeout(short).build().unwrap();
                let error = send(&client, class).await.unwrap_err();
                assert_eq!((error.kind(), error.sent()), (ErrorKind::DeadlineExceeded, Sent::No), "{what}: {error:?}");
            }
        }
    }
}

/// Calls that wait for the connection of another call get its error.
#[tokio::test]
async fn a_failed_connect_fails_all_calls_that_wait_for_it() {
    let silent = ScriptServer::start((0..10).map(|_| vec![Act::Hang])).await;
    let url = format!("https://localhost:{}", silent.address().port());
    let client = builder(&url, 1).http2(true).connect_timeout(Duration::from_millis(200)).build().unwrap();
    let calls: Vec<_> = (0..9)
        .map(|n| {
            let client = client.clone();
            tokio::spawn(async move { send(&client, CLASSES[n % 3]).await })
        })
        .collect();
    for call in calls {
        let error = call.await.unwrap().unwrap_err();
        assert_eq!((error.kind(), error.sent()), (ErrorKind::Connect, Sent::No), "{error:?}");
        assert!(error.elapsed() < Duration::from_secs(2), "one after the other: {error:?}");
    }
    assert_eq!(silent.connections(), 1);
}

/// Another waiting call opens the connection instead.
#[tokio::test]
async fn another_call_connects_when_the_connecting_call_is_dropped() {
    let silent = ScriptServer::start((0..10).map(|_| vec![Act::Hang])).await;
    let url = format!("https://localhost:{}", silent.address().port());
    let client = builder(&url, 1).http2(true).connect_timeout(Duration::from_millis(300)).build().unwrap();
    let mut first = Box::pin(list(&client));
    assert!(tokio::time::timeout(Duration::from_millis(50), &mut first).await.is_err());
    let second = {
        let client = client.clone();
        tokio::spawn(async move { list(&client).await })
    };
    settle().await;
    assert_eq!(silent.connections(), 1);
    drop(first);
    let error = second.await.unwrap().unwrap_err();
    assert_eq!((error.kind(), error.sent(), silent.connections()), (ErrorKind::Connect, Sent::No, 2), "{error:?}");
}

/// Case 5. Whether bytes were written before the connection ended depends on timing, so the request counts as sent.
#[tokio::test]
async fn retries_a_connection_closed_before_the_request_is_read() {
    check([
        Case::broken("reset before anything was read", 0, [Act::Reset]),
        Case::broken("closed before anything was read", 0, []),
    ])
    .await;
}

/// A pooled connection returns the request because it has closed, and the timeout ends while another one is being opened.
#[tokio::test]
async fn a_request_returned_by_a_closed_connection_counts_as_not_sent() {
    for class in CLASSES {
        for of_an_attempt in [true, false] {
            let close = Gate::new();
            let tunnel = vec![Act::Read, write("HTTP/1.1 200 OK\r\n\r\n")];
            let first = joined([tunnel, success(), vec![Act::Wait(close.clone())]]);
            let server = ScriptServer::start([first, vec![Act::Hang], vec![Act::Hang]]).await;
            let key = DeployKey::parse(ADMIN_KEY).unwrap();
            let builder =
                Client::builder(Endpoint::<DeploymentApi>::new_insecure("http://deployment.example", &key).unwrap());
            let builder = builder.proxy(Proxy::new(&server.url(), "").unwrap()).retry(RetryPolicy::never());
            let short = Some(Duration::from_millis(100));
            let (attempt, total) = if of_an_attempt { (short, None) } else { (None, short) };
            let client = builder.connect_timeout(None).attempt_timeout(attempt).total_timeout(total).build().unwrap();
            list(&client).await.unwrap();
            let mut signal = Signal::new().await;
            close.open();
            // The client's connection task runs after this test has passed the request to it.
            signal.pass().await;
            let error = send(&client, class).await.unwrap_err();
            let kind = if of_an_attempt { ErrorKind::AttemptTimeout } else { ErrorKind::DeadlineExceeded };
            assert_eq!((error.kind(), error.sent()), (kind, Sent::No), "{class:?}: {error:?}");
            assert_eq!(server.connections(), 2, "{class:?}");
        }
    }
}
