//! Servers that stop responding without closing the connection.

use std::sync::Arc;
use std::time::Duration;

use convex_mgmt::hyper::defaults::{KEEP_ALIVE_INTERVAL, KEEP_ALIVE_TIMEOUT};
use convex_mgmt::{ErrorKind, RetryPolicy};
use convex_mgmt_suite::classes::{self, CLASSES, SUCCESS};
use convex_mgmt_suite::frames::FrameServer;
use tokio::sync::Notify;

use crate::{bounded, respond_to_all};

/// A server that responds to one request on its first connection and then stops reading. Other connections respond to all.
async fn silent_after_one() -> FrameServer {
    FrameServer::start(|number, mut frames| async move {
        frames.settings(None).await?;
        if number > 0 {
            return respond_to_all(&mut frames).await;
        }
        let id = frames.request().await?;
        frames.respond(id, SUCCESS).await?;
        std::future::pending().await
    })
    .await
}

#[tokio::test]
async fn opens_a_new_connection_after_a_timeout() {
    let short = Duration::from_millis(300);
    for proxied in [false, true] {
        for class in CLASSES {
            // The attempt timeout, or the total timeout.
            for of_an_attempt in [true, false] {
                let what = format!("{class:?}, proxied {proxied}, attempt {of_an_attempt}");
                let server = silent_after_one().await;
                let client = server.client(proxied).retry(RetryPolicy::never());
                let client = match of_an_attempt {
                    true => client.attempt_timeout(short),
                    false => client.attempt_timeout(None).total_timeout(short),
                };
                let client = client.build().unwrap();
                classes::send(&client, class).await.unwrap();
                let error = bounded(classes::send(&client, class)).await.unwrap_err();
                let kind = if of_an_attempt { ErrorKind::AttemptTimeout } else { ErrorKind::DeadlineExceeded };
                assert_eq!(error.cause_kind(), kind, "{what}: {error:?}");
                assert_eq!(server.connections(), 1, "{what}");
                bounded(classes::send(&client, class)).await.unwrap_or_else(|error| panic!("{what}: {error:?}"));
                assert_eq!(server.connections(), 2, "{what}");
            }
        }
    }
}

/// The retry uses the new connection within the same call.
#[tokio::test]
async fn retries_on_a_new_connection_after_an_attempt_timeout() {
    let server = silent_after_one().await;
    let client = server.client(false).attempt_timeout(Duration::from_millis(300)).build().unwrap();
    for class in CLASSES {
        let result = bounded(classes::send(&client, class)).await;
        assert!(result.is_ok(), "{class:?}: {result:?}");
    }
    assert_eq!(server.connections(), 2);
}

/// The clock is paused once the connection is open, and advances only by the test.
#[tokio::test]
async fn pings_close_a_dead_idle_connection() {
    let closed = Arc::new(Notify::new());
    let notify = Arc::clone(&closed);
    let server = FrameServer::start(move |number, mut frames| {
        let notify = Arc::clone(&notify);
        async move {
            frames.settings(None).await?;
            if number > 0 {
                return respond_to_all(&mut frames).await;
            }
            let id = frames.request().await?;
            frames.respond(id, SUCCESS).await?;
            frames.ignore_all().await;
            notify.notify_one();
            None
        }
    })
    .await;
    let client = server.client(false).build().unwrap();
    classes::send(&client, CLASSES[0]).await.unwrap();
    tokio::time::pause();
    tokio::time::advance(KEEP_ALIVE_INTERVAL + Duration::from_millis(1)).await;
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    tokio::time::advance(KEEP_ALIVE_TIMEOUT + Duration::from_millis(1)).await;
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    tokio::time::resume();
    bounded(closed.notified()).await;
    classes::send(&client, CLASSES[2]).await.unwrap();
    assert_eq!(server.connections(), 2);
}
