//! Calls that are neither polled nor dropped, as in a `select!` that continues with another branch.

use std::pin::pin;
use std::time::Duration;

use bytes::Bytes;
use convex_mgmt::RetryPolicy;
use convex_mgmt_suite::classes::{self, CLASSES, SUCCESS};
use convex_mgmt_suite::routes::{ROUTES, TestServer};
use http::Response;

use crate::bounded;

#[tokio::test]
async fn an_unpolled_call_does_not_block_the_connection_for_other_calls() {
    for route in ROUTES {
        for class in CLASSES {
            let response = || {
                Response::builder()
                    .header("content-type", "application/json")
                    .body(Bytes::from_static(SUCCESS.as_bytes()))
            };
            let server = TestServer::start(route, move |_| response().unwrap()).await;
            let client = server.client().http2(true).retry(RetryPolicy::never());
            let client = client.attempt_timeout(Duration::from_secs(10)).build().unwrap();
            let mut held = pin!(classes::send(&client, class));
            // One poll starts to open a connection.
            assert!(tokio::time::timeout(Duration::ZERO, &mut held).await.is_err());
            for class in CLASSES {
                let result = bounded(classes::send(&client, class)).await;
                assert!(result.is_ok(), "{route:?}: {result:?}");
            }
            let result = bounded(held).await;
            assert!(result.is_ok(), "{route:?}: {result:?}");
            assert_eq!(server.connections(), if route.http2 { 1 } else { 2 }, "{route:?}");
        }
    }
}
