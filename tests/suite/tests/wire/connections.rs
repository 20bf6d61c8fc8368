//! The number of connections that a client opens and keeps, by host and by runtime.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use convex_mgmt::{Client, DeployKey, DeploymentApi, Endpoint, Proxy};
use convex_mgmt_suite::script_server::{Act, Gate, ScriptServer, respond, write};
use convex_mgmt_suite::{ADMIN_KEY, endpoint};
use tokio::runtime::Builder;

use crate::{SUCCESS, bounded, builder, burst, list, settle, success};

#[tokio::test]
async fn opens_at_most_max_concurrency_connections_without_keep_alive() {
    for max in [1, 2, 8] {
        let calls = 10 * max;
        let closing = || respond("200 OK\r\nconnection: close", SUCCESS);
        let server = ScriptServer::start((0..calls).map(|_| closing())).await;
        let client = builder(&server.url(), 1).max_concurrency(max).build().unwrap();
        burst(&client, calls).await;
        assert_eq!((server.connections(), server.max_open()), (calls, max));
    }
}

/// The proxy opens all connections after all calls have ended.
#[tokio::test]
async fn keeps_at_most_max_concurrency_connections_when_connecting_is_slow() {
    for max in [2, 8] {
        let calls = 10 * max;
        let gate = Gate::new();
        let mut acts = vec![Act::Read, Act::Wait(gate.clone()), write("HTTP/1.1 200 OK\r\n\r\n")];
        acts.extend((0..=calls).flat_map(|_| success()));
        let server = ScriptServer::start((0..calls).map(|_| acts.clone())).await;
        let key = DeployKey::parse(ADMIN_KEY).unwrap();
        let builder =
            Client::builder(Endpoint::<DeploymentApi>::new_insecure("http://deployment.example", &key).unwrap());
        let client = builder.proxy(Proxy::new(&server.url(), "").unwrap()).max_concurrency(max).build().unwrap();
        gate.open();
        list(&client).await.unwrap();
        settle().await;
        burst(&client, calls).await;
        let requests = server.requests();
        assert_eq!(requests.iter().filter(|request| !request.starts_with(b"CONNECT ")).count(), 1 + calls);
        for _ in 0..calls {
            gate.open();
        }
        bounded(async {
            while server.connections() < calls || server.connections() - server.closed() > max {
                settle().await;
            }
        })
        .await;
        // The first of these calls found an idle connection.
        assert_eq!(server.connections(), calls);
    }
}

/// A server that responds to every request on each of four connections.
async fn responding_server() -> ScriptServer {
    let all = || (0..20).flat_map(|_| success()).collect::<Vec<_>>();
    ScriptServer::start((0..4).map(|_| all())).await
}

async fn closed(server: &ScriptServer, connections: usize) {
    bounded(async {
        while server.closed() < connections {
            settle().await;
        }
    })
    .await;
}

#[tokio::test]
async fn bounds_idle_connections_of_all_hosts_and_closes_the_oldest() {
    let mut servers = Vec::new();
    for _ in 0..5 {
        servers.push(responding_server().await);
    }
    let client = builder(&servers[0].url(), 1).max_idle_connections_total(2).build().unwrap();
    let at = |server: &ScriptServer| client.at(endpoint(&server.url()));
    for server in &servers {
        list(&at(server)).await.unwrap();
        // The first connection is always used most recently.
        list(&at(&servers[0])).await.unwrap();
    }
    for server in &servers[1..4] {
        closed(server, 1).await;
    }
    for (n, connections) in [(0, 1), (4, 1), (1, 2)] {
        list(&at(&servers[n])).await.unwrap();
        assert_eq!(servers[n].connections(), connections, "server {n}");
    }
}

#[tokio::test]
async fn a_421_affects_only_connections_to_its_host() {
    let misdirected = || respond("421 Misdirected", "");
    let lost = ScriptServer::start([[success(), misdirected()].concat(), success()]).await;
    let other = responding_server().await;
    let client = builder(&lost.url(), 2).build().unwrap();
    let at_other = client.at(endpoint(&other.url()));
    list(&client).await.unwrap();
    list(&at_other).await.unwrap();
    list(&client).await.unwrap();
    list(&at_other).await.unwrap();
    assert_eq!((lost.connections(), other.connections()), (2, 1));
}

/// The server keeps each connection open.
#[tokio::test]
async fn stops_using_a_connection_after_a_421() {
    let misdirected = || respond("421 Misdirected", "");
    let rest = || [success(), success()].concat();
    let server = ScriptServer::start([[success(), misdirected(), rest()].concat(), rest()]).await;
    let client = builder(&server.url(), 2).build().unwrap();
    list(&client).await.unwrap();
    assert_eq!(server.connections(), 1);
    // The retry and the next call use the other connection.
    for requests in [3, 4] {
        list(&client).await.unwrap();
        assert_eq!((server.connections(), server.requests().len()), (2, requests));
    }
    closed(&server, 1).await;

    // The connection is not used again even if the call is not retried.
    let server = ScriptServer::start([[misdirected(), rest()].concat(), rest()]).await;
    let client = builder(&server.url(), 1).build().unwrap();
    list(&client).await.unwrap_err();
    list(&client).await.unwrap();
    assert_eq!((server.connections(), server.requests().len()), (2, 2));
}

/// Counts the panics of this thread, including those of detached tasks.
fn count_panics() -> Arc<AtomicUsize> {
    let (count, here) = (Arc::new(AtomicUsize::new(0)), std::thread::current().id());
    let (counted, before) = (Arc::clone(&count), std::panic::take_hook());
    std::panic::set_hook(Box::new(move |panic| {
        if std::thread::current().id() == here {
            counted.fetch_add(1, Ordering::SeqCst);
        }
        before(panic);
    }));
    count
}

#[tokio::test]
async fn accepts_timeouts_of_any_length() {
    let panics = count_panics();
    for time in [Duration::MAX, Duration::from_secs(u64::MAX / 2), Duration::from_secs(86_400 * 365 * 1000)] {
        let server = responding_server().await;
        let client = builder(&server.url(), 2);
        let client = client.connect_timeout(time).attempt_timeout(time).total_timeout(time).idle_timeout(time);
        let client = client.build().unwrap();
        for _ in 0..3 {
            list(&client).await.unwrap();
            settle().await;
        }
        assert_eq!(server.connections(), 1, "{time:?}");
        // A name with several addresses divides the timeout, and a backoff is compared with it.
        let client = builder("http://localhost:1", 2).connect_timeout(time).total_timeout(time).idle_timeout(time);
        list(&client.build().unwrap()).await.unwrap_err();
    }
    assert_eq!(panics.load(Ordering::SeqCst), 0);
    let server = responding_server().await;
    let client = builder(&server.url(), 2).idle_timeout(Duration::ZERO).build().unwrap();
    for _ in 0..2 {
        list(&client).await.unwrap();
        settle().await;
    }
    assert_eq!(server.connections(), 2);
}

#[tokio::test]
async fn closes_an_idle_connection_after_the_idle_timeout() {
    let server = responding_server().await;
    let client = builder(&server.url(), 1).idle_timeout(Duration::from_millis(50)).build().unwrap();
    for n in 1..3 {
        list(&client).await.unwrap();
        assert_eq!(server.connections(), n);
        closed(&server, n).await;
    }
}

fn runtime() -> tokio::runtime::Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

/// The server has its own thread, so that it responds to all runtimes.
#[test]
fn connections_belong_to_the_runtime_that_opened_them() {
    let servers = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let server = servers.block_on(responding_server());
    let client = builder(&server.url(), 1).attempt_timeout(Duration::from_secs(2)).build().unwrap();
    let (first, second) = (runtime(), runtime());
    // Each runtime is driven only during its own call.
    for connections in [(1, 2), (2, 2), (2, 2)] {
        first.block_on(list(&client)).unwrap();
        assert_eq!(server.connections(), connections.0);
        second.block_on(list(&client)).unwrap();
        assert_eq!(server.connections(), connections.1);
    }
    // The connections of a runtime end with it.
    drop(first);
    servers.block_on(closed(&server, 1));
    second.block_on(list(&client)).unwrap();
    let third = runtime();
    third.block_on(list(&client)).unwrap();
    assert_eq!(server.connections(), 3);
    drop((second, third));
    servers.block_on(closed(&server, 3));
}
