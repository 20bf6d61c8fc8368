//! The attempt timeout bounds the wait for the head and each pause of the body, over every route.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use convex_mgmt::deployment::DataSync;
use convex_mgmt::{ErrorKind, RetryPolicy, Sent};
use convex_mgmt_suite::routes::{ChannelBody, ROUTES, Route, TestServer};
use convex_mgmt_suite::script_server::Gate;
use http::Response;
use tokio::time::Instant;

use crate::{SHORT, SUCCESS, bounded, list};

const PAGE: &str = r#"{"status":{"type":"snapshotting"},"truncates":[],"values":[],"syncId":"s","pagination":{"hasMore":true,"nextCursor":"c"}}"#;

/// Runs the work for all routes concurrently.
async fn over_every_route<W: Future<Output = ()> + Send + 'static>(work: impl Fn(Route) -> W) {
    let running: Vec<_> = ROUTES.into_iter().map(|route| tokio::spawn(work(route))).collect();
    for work in running {
        bounded(work).await.unwrap();
    }
}

/// Case 15.
#[tokio::test]
async fn a_response_may_take_longer_than_an_attempt() {
    over_every_route(|route| async move {
        let server = TestServer::start_async(route, |_| async {
            let (sender, body) = ChannelBody::new();
            tokio::spawn(async move {
                for piece in PAGE.as_bytes().chunks(PAGE.len() / 10) {
                    tokio::time::sleep(SHORT / 6).await;
                    drop(sender.send(Bytes::from_static(piece)));
                }
            });
            Response::new(body)
        })
        .await;
        let client = server.client().retry(RetryPolicy::never()).attempt_timeout(SHORT).build().unwrap();
        let began = Instant::now();
        client.send(&DataSync::new()).await.unwrap_or_else(|error| panic!("{route:?}: {error:?}"));
        assert!(began.elapsed() > SHORT, "{route:?}: {:?}", began.elapsed());
        assert_eq!((server.requests().len(), server.connections()), (1, 1), "{route:?}");
    })
    .await;
}

/// Cases 13 and 15. Over HTTP/2 the client would otherwise use the connection again, which may be dead.
#[tokio::test]
async fn times_out_without_progress_and_leaves_the_connection() {
    for first_piece in [None, Some("{")] {
        over_every_route(move |route| async move {
            let calls = Arc::new(AtomicUsize::new(0));
            let server = TestServer::start_async(route, move |_| {
                let stalls = calls.fetch_add(1, Ordering::SeqCst) == 0;
                async move {
                    let (sender, body) = ChannelBody::new();
                    match (stalls, first_piece) {
                        (true, None) => std::future::pending().await,
                        (true, Some(piece)) => {
                            drop(sender.send(piece.into()));
                            tokio::spawn(async move { sender.closed().await });
                        }
                        (false, _) => drop(sender.send(SUCCESS.into())),
                    }
                    Response::new(body)
                }
            })
            .await;
            let client = server.client().retry(RetryPolicy::never()).attempt_timeout(SHORT).build().unwrap();
            let error = list(&client).await.unwrap_err();
            assert_eq!((error.kind(), error.sent()), (ErrorKind::AttemptTimeout, Sent::Maybe), "{route:?}: {error:?}");
            assert!(error.elapsed() >= SHORT, "{route:?}: {error:?}");
            list(&client).await.unwrap_or_else(|error| panic!("{route:?}: {error:?}"));
            assert_eq!((server.requests().len(), server.connections()), (2, 2), "{route:?}");
        })
        .await;
    }
}

/// Case 35. A dropped call proves nothing about its connection.
#[tokio::test]
async fn a_dropped_call_keeps_its_shared_connection_open() {
    for route in ROUTES.into_iter().filter(|route| route.http2) {
        let (arrived, calls) = (Gate::new(), Arc::new(AtomicUsize::new(0)));
        let arrives = arrived.clone();
        let server = TestServer::start_async(route, move |_| {
            let (arrives, first) = (arrives.clone(), calls.fetch_add(1, Ordering::SeqCst) == 0);
            async move {
                if first {
                    arrives.open();
                    std::future::pending::<()>().await;
                }
                Response::new(http_body_util::Full::new(Bytes::from_static(SUCCESS.as_bytes())))
            }
        })
        .await;
        let client = server.client().build().unwrap();
        bounded(async {
            tokio::select! {
                result = list(&client) => panic!("{route:?}: {result:?}"),
                () = arrived.wait() => {}
            }
        })
        .await;
        list(&client).await.unwrap();
        assert_eq!((server.requests().len(), server.connections()), (2, 1), "{route:?}");
    }
}

#[tokio::test]
async fn accepts_timeouts_of_any_length() {
    for timeout in [Duration::MAX, Duration::from_secs(i64::MAX as u64), Duration::from_secs(u64::MAX / 1000)] {
        over_every_route(move |route| async move {
            let gate = Gate::new();
            let passes = gate.clone();
            let server = TestServer::start_async(route, move |_| {
                let (passes, (sender, body)) = (passes.clone(), ChannelBody::new());
                tokio::spawn(async move {
                    let (begin, rest) = SUCCESS.split_at(1);
                    drop(sender.send(begin.into()));
                    passes.wait().await;
                    drop(sender.send(rest.into()));
                });
                std::future::ready(Response::new(body))
            })
            .await;
            let client = server.client().attempt_timeout(timeout).total_timeout(timeout).connect_timeout(timeout);
            let client = client.build().unwrap();
            let call = list(&client);
            let (result, ()) = tokio::join!(call, async {
                crate::settle().await;
                gate.open();
            });
            result.unwrap_or_else(|error| panic!("{route:?}, {timeout:?}: {error:?}"));
        })
        .await;
    }
}
