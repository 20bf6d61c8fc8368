//! Requests that the server reports as unprocessed: the client retries them for every operation.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use convex_mgmt::{ErrorKind, RetryBudget, RetryPolicy, Sent};
use convex_mgmt_suite::classes::{self, CLASSES, SUCCESS};
use convex_mgmt_suite::frames::{Event, FrameServer};
use convex_mgmt_suite::routes::{ROUTES, TestServer};
use http::Response;

use crate::{bounded, burst, respond_to_all, single_attempt};

fn done() -> Response<Bytes> {
    Response::builder().header("content-type", "application/json").body(Bytes::from_static(SUCCESS.as_bytes())).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cold_start_completes_all_calls_over_one_http2_connection() {
    for route in ROUTES {
        for (streams, calls) in [(1, 40), (2, 40), (2, 60), (10, 40), (10, 60)] {
            let what = format!("{route:?}, {streams} streams, {calls} calls");
            let server = TestServer::with_max_streams(route, Some(streams), |_| done()).await;
            let policy = RetryPolicy::default().max_attempts(1);
            let client = server.client().retry(policy).retry_budget(RetryBudget::new(0)).build().unwrap();
            for result in burst(&client, &CLASSES, calls).await {
                assert!(result.is_ok(), "{what}: {result:?}");
            }
            assert_eq!(server.requests().len(), calls, "{what}");
            if route.http2 {
                assert_eq!(server.connections(), 1, "{what}");
            }
        }
    }
}

#[tokio::test]
async fn retries_refused_streams_for_every_operation_without_using_the_budget() {
    for proxied in [false, true] {
        for class in CLASSES {
            let what = format!("{class:?}, proxied {proxied}");
            let server = FrameServer::start(|_, mut frames| async move {
                frames.settings(None).await?;
                for _ in 0..5 {
                    let id = frames.request().await?;
                    frames.refuse(id).await?;
                }
                respond_to_all(&mut frames).await
            })
            .await;
            let client = single_attempt(&server, proxied).retry_budget(RetryBudget::new(0)).build().unwrap();
            bounded(classes::send(&client, class)).await.unwrap_or_else(|error| panic!("{what}: {error:?}"));
            assert_eq!(server.connections(), 1, "{what}");
        }
    }
}

#[tokio::test]
async fn gives_up_after_max_unprocessed_refused_streams() {
    let server = FrameServer::start(|_, mut frames| async move {
        frames.settings(None).await?;
        loop {
            let id = frames.request().await?;
            frames.refuse(id).await?;
        }
    })
    .await;
    let policy = RetryPolicy::default().max_unprocessed(4).base_delay(Duration::from_millis(1));
    for class in CLASSES {
        let client = server.client(false).retry(policy.clone()).build().unwrap();
        let error = bounded(classes::send(&client, class)).await.unwrap_err();
        assert_eq!((error.kind(), error.cause_kind()), (ErrorKind::Unprocessed, ErrorKind::Unprocessed), "{class:?}");
        assert_eq!((error.sent(), error.attempts()), (Sent::No, 5), "{class:?}: {error:?}");
        let text = error.to_string();
        assert!(text.contains("did not process the request (5 attempts"), "no more than is known: {text}");
        let client = server.client(false).retry(RetryPolicy::never()).build().unwrap();
        let error = bounded(classes::send(&client, class)).await.unwrap_err();
        assert_eq!((error.kind(), error.sent(), error.attempts()), (ErrorKind::Unprocessed, Sent::No, 1), "{class:?}");
    }
}

/// The first connection reads six requests, responds to the first, and sends `GOAWAY` with the first as the last stream.
#[tokio::test(flavor = "multi_thread")]
async fn retries_streams_after_the_last_one_of_goaway_on_a_new_connection() {
    // `NO_ERROR`, as on a shutdown, and `ENHANCE_YOUR_CALM`.
    for code in [0, 11] {
        for proxied in [false, true] {
            let what = format!("code {code}, proxied {proxied}");
            let server = FrameServer::start(move |number, mut frames| async move {
                frames.settings(None).await?;
                if number > 0 {
                    return respond_to_all(&mut frames).await;
                }
                for _ in 0..6 {
                    frames.request().await?;
                }
                // A client's first stream is 1.
                frames.go_away(1, code).await?;
                frames.respond(1, SUCCESS).await?;
                while frames.next().await.is_some() {}
                None
            })
            .await;
            let client = single_attempt(&server, proxied).retry_budget(RetryBudget::new(0)).build().unwrap();
            for result in burst(&client, &CLASSES, 6).await {
                assert!(result.is_ok(), "{what}: {result:?}");
            }
            assert_eq!(server.connections(), 2, "{what}");
        }
    }
}

/// Each connection allows one stream, and then sends `GOAWAY`. Waiting writes move to the next connection, where the call
/// that opens it comes first. A waiting read that was next in line may have been sent completely. The client retries it as
/// after a broken connection.
#[tokio::test(flavor = "multi_thread")]
async fn moves_writes_that_wait_for_a_stream_to_the_next_connection() {
    let server = FrameServer::start(|_, mut frames| async move {
        frames.settings(Some(1)).await?;
        let id = frames.request().await?;
        frames.go_away(id, 0).await?;
        frames.respond(id, SUCCESS).await?;
        while frames.next().await.is_some() {}
        None
    })
    .await;
    let client = single_attempt(&server, false).retry_budget(RetryBudget::new(0)).build().unwrap();
    for result in burst(&client, &CLASSES[1..], 12).await {
        assert!(result.is_ok(), "{result:?}");
    }
    assert_eq!(server.connections(), 12);
}

#[tokio::test]
async fn does_not_retry_a_create_that_the_server_may_have_processed() {
    let server = FrameServer::start(|number, mut frames| async move {
        frames.settings(None).await?;
        if number > 0 {
            return respond_to_all(&mut frames).await;
        }
        while !matches!(frames.next().await?, Event::End(_)) {}
        Some(())
    })
    .await;
    let client = server.client(false).build().unwrap();
    let error = bounded(classes::send(&client, CLASSES[2])).await.unwrap_err();
    assert_eq!((error.kind(), error.cause_kind()), (ErrorKind::OutcomeUnknown, ErrorKind::Connection), "{error:?}");
    assert_eq!((error.sent(), error.attempts()), (Sent::Maybe, 1), "{error:?}");
}

/// The first connection reads one request, and then allows no further stream. A write that waits for a stream was not sent.
#[tokio::test]
async fn reports_not_sent_when_a_write_times_out_before_its_stream_opens() {
    let short = Some(Duration::from_millis(200));
    for (class, attempt, total) in
        [(CLASSES[1], short, None), (CLASSES[2], short, None), (CLASSES[1], None, short), (CLASSES[2], None, short)]
    {
        for attempts in [1, 2] {
            let what = format!("{class:?}, attempt {attempt:?}, {attempts} attempts");
            let late = Arc::new(AtomicUsize::new(0));
            let counted = Arc::clone(&late);
            let server = FrameServer::start(move |number, mut frames| {
                let late = Arc::clone(&counted);
                async move {
                    if number == 0 {
                        let id = frames.request().await?;
                        frames.settings(Some(0)).await?;
                        frames.respond(id, SUCCESS).await?;
                        frames.request().await?;
                        late.fetch_add(1, Ordering::SeqCst);
                        return None;
                    }
                    frames.settings(None).await?;
                    respond_to_all(&mut frames).await
                }
            })
            .await;
            let policy = RetryPolicy::never().max_attempts(attempts);
            let client =
                server.client(false).retry(policy).attempt_timeout(attempt).total_timeout(total).build().unwrap();
            classes::send(&client, CLASSES[0]).await.unwrap();
            let result = bounded(classes::send(&client, class)).await;
            if attempts > 1 && attempt.is_some() {
                assert!(result.is_ok(), "{what}: {result:?}");
            } else {
                let error = result.unwrap_err();
                let kind = if attempt.is_some() { ErrorKind::AttemptTimeout } else { ErrorKind::DeadlineExceeded };
                assert_eq!((error.kind(), error.sent()), (kind, Sent::No), "{what}: {error:?}");
            }
            classes::send(&client, class).await.unwrap();
            assert_eq!((server.connections(), late.load(Ordering::SeqCst)), (2, 0), "{what}");
        }
    }
}
