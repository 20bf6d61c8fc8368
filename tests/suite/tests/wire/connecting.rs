//! Connections that do not come about, or are dropped before a request.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use convex_mgmt::builder::AttemptService;
use convex_mgmt::{ErrorKind, Repeat, Sent};
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
        let error = send(&client("https://no-such-host.invalid", 2), class).await.unwrap_err();
        assert_eq!((error.kind(), error.sent(), error.attempts()), (ErrorKind::Connect, Sent::No, 2), "{class:?}");
    }
}

/// Case 2. The other addresses of loopback are there on Linux only.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_name_of_several_addresses() {
    const NAME: &str = "Deployment.localhost";
    let (dead, live) = ([127, 0, 0, 2], [127, 0, 0, 1]);
    for swallows in [false, true] {
        let server = ScriptServer::start([joined([done(), done()])]).await;
        let port = server.address().port();
        let closed = Closed::at((dead, port).into());
        let _swallowing = swallows.then(|| closed.swallow());
        let url = format!("http://{NAME}:{port}");
        let at = |addresses: &[[u8; 4]]| {
            let addresses: Vec<_> = addresses.iter().map(|address| IpAddr::from(*address)).collect();
            builder(&url, 1).connect_timeout(Duration::from_millis(800)).resolve(NAME, addresses).build().unwrap()
        };
        list(&at(&[dead, live])).await.unwrap();
        assert_eq!((server.connections(), server.requests().len()), (1, 1), "{swallows}");
        let host = format!("host: deployment.localhost:{port}\r\n");
        assert!(String::from_utf8_lossy(&server.requests()[0]).contains(&host), "the name stays that of the URL");
        for none in [&[dead][..], &[dead, dead], &[]] {
            let error = send(&at(none), Repeat::Never).await.unwrap_err();
            assert_eq!((error.kind(), error.sent()), (ErrorKind::Connect, Sent::No), "{swallows} {none:?}: {error:?}");
        }
        assert_eq!(server.connections(), 1, "{swallows}");
    }
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
