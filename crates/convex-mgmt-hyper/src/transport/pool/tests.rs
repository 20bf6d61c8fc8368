//! Tests of a pool's contents.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use tokio::runtime::{Builder, Runtime};
use tokio::time::Instant;

use super::*;
use crate::connect::ConnectSettings;
use crate::error::TransportError;
use crate::transport::exchange::Exchange;

/// Starts a server on threads of its own that responds to everything it reads, and returns its URL.
fn server() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            std::thread::spawn(move || {
                let mut buffer = [0; 4096];
                while stream.read(&mut buffer).is_ok_and(|read| read > 0)
                    && stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").is_ok()
                {}
            });
        }
    });
    url
}

fn pool(idle_timeout: Option<Duration>, max_idle: usize) -> Arc<Pool> {
    let settings = PoolSettings {
        idle_timeout,
        max_idle_per_host: usize::MAX,
        max_idle,
        http1: http1::Builder::new(),
        #[cfg(feature = "http2")]
        http2: None,
    };
    Arc::new(Pool::new(ConnectSettings::default().connector(false).unwrap(), settings))
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

/// Sends a request and receives the head of its response.
async fn exchange(pool: Arc<Pool>, request: Request<Bytes>) -> Result<(Response<Incoming>, Lease), TransportError> {
    Exchange::new(pool, &request).head(request).await
}

async fn call(pool: &Arc<Pool>, url: &str) {
    let request = Request::get(url).body(Bytes::new()).unwrap();
    let (response, lease) = exchange(Arc::clone(pool), request).await.unwrap();
    assert_eq!(response.status(), 204);
    drop(response);
    lease.finish();
    while pool.hosts().leased() > 0 {
        tokio::task::yield_now().await;
    }
}

#[test]
fn runtimes_that_end_leave_nothing_behind() {
    let (url, other) = (server(), server());
    for idle_timeout in [None, Some(Duration::MAX), Some(Duration::from_secs(50))] {
        let pool = pool(idle_timeout, 100);
        for _ in 0..20 {
            let runtime = runtime();
            runtime.block_on(async {
                call(&pool, &url).await;
                call(&pool, &other).await;
                // One is dropped in flight, and one while it waits.
                let request = || Request::get(&url).body(Bytes::new()).unwrap();
                tokio::spawn(exchange(Arc::clone(&pool), request()));
                tokio::spawn(exchange(Arc::clone(&pool), request()));
                tokio::task::yield_now().await;
            });
            assert!(pool.hosts().kept() >= 1);
        }
        let hosts = pool.hosts();
        assert_eq!((hosts.hosts(), hosts.kept(), hosts.reapers.len()), (0, 0, 0), "{idle_timeout:?}");
    }
}

#[test]
fn idle_connections_and_their_count_agree_and_are_bounded() {
    let urls: Vec<_> = (0..8).map(|_| server()).collect();
    runtime().block_on(async {
        for limit in [0, 1, 3] {
            let pool = pool(None, limit);
            for (n, url) in urls.iter().enumerate() {
                call(&pool, url).await;
                call(&pool, url).await;
                let hosts = pool.hosts();
                let expected = limit.min(n + 1);
                assert_eq!((hosts.hosts(), hosts.kept(), hosts.counted()), (expected, expected, expected));
            }
        }
    });
}

#[test]
fn expired_connections_are_closed_and_forgotten() {
    let url = server();
    runtime().block_on(async {
        let pool = pool(Some(Duration::from_millis(20)), 100);
        for _ in 0..2 {
            call(&pool, &url).await;
            assert_eq!(pool.hosts().reapers.len(), 1);
            let forgotten = async {
                while pool.hosts().hosts() > 0 {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
            };
            tokio::time::timeout(Duration::from_secs(10), forgotten).await.unwrap();
            let hosts = pool.hosts();
            assert_eq!((hosts.counted(), hosts.reapers.len()), (0, 0));
        }
    });
}

/// The clock may not advance, as with a paused one.
#[test]
fn no_more_connections_than_necessary_are_closed_if_all_were_used_at_the_same_moment() {
    let url = server();
    runtime().block_on(async {
        let pool = pool(None, 100);
        let request = || Request::get(&url).body(Bytes::new()).unwrap();
        let mut leases = Vec::new();
        for _ in 0..4 {
            leases.push(exchange(Arc::clone(&pool), request()).await.unwrap().1);
        }
        leases.into_iter().for_each(Lease::finish);
        while pool.hosts().leased() > 0 {
            tokio::task::yield_now().await;
        }
        let mut hosts = pool.hosts();
        hosts.set_time(Instant::now());
        for limit in [3, 2, 0] {
            assert_ne!(hosts.take_above(limit).len(), 0);
            assert_eq!((hosts.kept(), hosts.counted()), (limit, limit));
        }
    });
}
