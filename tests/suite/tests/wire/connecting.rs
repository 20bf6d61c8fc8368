//! Connections that do not come about, or are dropped before a request.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use convex_mgmt::builder::AttemptService;
use convex_mgmt::{ErrorKind, Sent};
use convex_mgmt_suite::script_server::{Act, Closed, ScriptServer};
use tower::ServiceExt;
use tower::layer::layer_fn;

use crate::{CLASSES, Case, builder, check, client, done, joined, list, send};

/// Case 1.
#[tokio::test]
async fn refused_and_then_accepted() {
    for class in CLASSES {
        let closed = Closed::port();
        let url = closed.url();
        let error = send(&client(&url, 3), class).await.unwrap_err();
        assert_eq!((error.kind(), error.failure()), (ErrorKind::Connect, ErrorKind::Connect), "{class:?}");
        assert_eq!((error.sent(), error.attempts()), (Sent::No, 3), "{class:?}");

        let (closed, server) = (Arc::new(Mutex::new(Some(closed))), Arc::new(Mutex::new(None::<ScriptServer>)));
        let opened = Arc::clone(&server);
        let open_after_the_first = layer_fn(move |service: AttemptService| {
            let (closed, opened) = (Arc::clone(&closed), Arc::clone(&opened));
            service.map_result(move |result| {
                if let Some(closed) = closed.lock().unwrap_or_else(PoisonError::into_inner).take() {
                    assert!(result.is_err());
                    *opened.lock().unwrap() = Some(closed.open([joined([done(), done()])]));
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
async fn a_name_without_an_address() {
    for class in CLASSES {
        let error = send(&client("http://no-such-host.localhost:1", 2), class).await.unwrap_err();
        assert_eq!((error.kind(), error.sent(), error.attempts()), (ErrorKind::Connect, Sent::No, 2), "{class:?}");
    }
}

/// Case 2. Where `localhost` has an address of IPv6 too, nobody listens there.
#[tokio::test]
async fn a_name_of_several_addresses() {
    let server = ScriptServer::start([done()]).await;
    let url = format!("http://localhost:{}", server.address().port());
    list(&client(&url, 1)).await.unwrap();
    assert_eq!((server.connections(), server.requests().len()), (1, 1));
}

/// Case 3.
#[tokio::test]
async fn an_opening_that_is_never_answered() {
    let swallowing = Closed::port().swallow();
    for class in CLASSES {
        let client = builder(&swallowing.url, 2).connect_timeout(Duration::from_millis(50)).build().unwrap();
        let error = send(&client, class).await.unwrap_err();
        assert_eq!((error.kind(), error.sent(), error.attempts()), (ErrorKind::Connect, Sent::No, 2), "{class:?}");
        assert!(error.elapsed() >= Duration::from_millis(100), "{class:?}: {error:?}");
    }
}

/// Case 5. Whether anything was written when the connection ended is a matter of chance, and so counts as sent.
#[tokio::test]
async fn accepted_and_dropped() {
    check([
        Case::broken("reset before anything was read", 0, [Act::Reset]),
        Case::broken("closed before anything was read", 0, []),
    ])
    .await;
}
