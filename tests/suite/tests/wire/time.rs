//! The time of an attempt bounds the wait for the head and each pause of the body, in every way to reach a server.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use convex_mgmt::deployment::DataSync;
use convex_mgmt::{ErrorKind, RetryPolicy, Sent};
use convex_mgmt_suite::script_server::Gate;
use convex_mgmt_suite::ways::{Answering, Pieces, WAYS, Way};
use http::Response;
use tokio::time::Instant;

use crate::{DONE, SHORT, bounded, list};

const PAGE: &str = r#"{"status":{"type":"snapshotting"},"truncates":[],"values":[],"syncId":"s","pagination":{"hasMore":true,"nextCursor":"c"}}"#;

/// Does the work for each way, at the same time.
async fn in_every_way<W: Future<Output = ()> + Send + 'static>(work: impl Fn(Way) -> W) {
    let running: Vec<_> = WAYS.into_iter().map(|way| tokio::spawn(work(way))).collect();
    for work in running {
        bounded(work).await.unwrap();
    }
}

/// Case 15.
#[tokio::test]
async fn a_response_may_take_longer_than_an_attempt() {
    in_every_way(|way| async move {
        let server = Answering::start_slow(way, |_| async {
            let (sender, body) = Pieces::new();
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
        client.send(&DataSync::new()).await.unwrap_or_else(|error| panic!("{way:?}: {error:?}"));
        assert!(began.elapsed() > SHORT, "{way:?}: {:?}", began.elapsed());
        assert_eq!((server.requests().len(), server.connections()), (1, 1), "{way:?}");
    })
    .await;
}

/// Cases 13 and 15. Over HTTP/2 the connection would be used again, and perhaps is dead.
#[tokio::test]
async fn times_out_without_progress_and_leaves_the_connection() {
    for first_piece in [None, Some("{")] {
        in_every_way(move |way| async move {
            let calls = Arc::new(AtomicUsize::new(0));
            let server = Answering::start_slow(way, move |_| {
                let stalls = calls.fetch_add(1, Ordering::SeqCst) == 0;
                async move {
                    let (sender, body) = Pieces::new();
                    match (stalls, first_piece) {
                        (true, None) => std::future::pending().await,
                        (true, Some(piece)) => {
                            drop(sender.send(piece.into()));
                            tokio::spawn(async move { sender.closed().await });
                        }
                        (false, _) => drop(sender.send(DONE.into())),
                    }
                    Response::new(body)
                }
            })
            .await;
            let client = server.client().retry(RetryPolicy::never()).attempt_timeout(SHORT).build().unwrap();
            let error = list(&client).await.unwrap_err();
            assert_eq!((error.kind(), error.sent()), (ErrorKind::AttemptTimeout, Sent::Maybe), "{way:?}: {error:?}");
            assert!(error.elapsed() >= SHORT, "{way:?}: {error:?}");
            list(&client).await.unwrap_or_else(|error| panic!("{way:?}: {error:?}"));
            assert_eq!((server.requests().len(), server.connections()), (2, 2), "{way:?}");
        })
        .await;
    }
}

/// Case 35. A call that was given up says nothing about the connection.
#[tokio::test]
async fn a_dropped_call_keeps_its_shared_connection_open() {
    for way in WAYS.into_iter().filter(|way| way.http2) {
        let (arrived, calls) = (Gate::new(), Arc::new(AtomicUsize::new(0)));
        let arrives = arrived.clone();
        let server = Answering::start_slow(way, move |_| {
            let (arrives, first) = (arrives.clone(), calls.fetch_add(1, Ordering::SeqCst) == 0);
            async move {
                if first {
                    arrives.open();
                    std::future::pending::<()>().await;
                }
                Response::new(http_body_util::Full::new(Bytes::from_static(DONE.as_bytes())))
            }
        })
        .await;
        let client = server.client().build().unwrap();
        bounded(async {
            tokio::select! {
                result = list(&client) => panic!("{way:?}: {result:?}"),
                () = arrived.passed() => {}
            }
        })
        .await;
        list(&client).await.unwrap();
        assert_eq!((server.requests().len(), server.connections()), (2, 1), "{way:?}");
    }
}

#[tokio::test]
async fn accepts_timeouts_of_any_length() {
    for most in [Duration::MAX, Duration::from_secs(i64::MAX as u64), Duration::from_secs(u64::MAX / 1000)] {
        in_every_way(move |way| async move {
            let gate = Gate::new();
            let passes = gate.clone();
            let server = Answering::start_slow(way, move |_| {
                let (passes, (sender, body)) = (passes.clone(), Pieces::new());
                tokio::spawn(async move {
                    let (begin, rest) = DONE.split_at(1);
                    drop(sender.send(begin.into()));
                    passes.passed().await;
                    drop(sender.send(rest.into()));
                });
                std::future::ready(Response::new(body))
            })
            .await;
            let client = server.client().attempt_timeout(most).total_timeout(most).connect_timeout(most);
            let client = client.build().unwrap();
            let call = list(&client);
            let (result, ()) = tokio::join!(call, async {
                crate::settle().await;
                gate.open();
            });
            result.unwrap_or_else(|error| panic!("{way:?}, {most:?}: {error:?}"));
        })
        .await;
    }
}
