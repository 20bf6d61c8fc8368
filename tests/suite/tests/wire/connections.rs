//! How many connections a client opens, and keeps.

use convex_mgmt_suite::script_server::{ScriptServer, answer};

use crate::{DONE, bounded, builder, done, joined, list, settle};

async fn measure(n: usize, closing: bool) {
    let one =
        || if closing { answer("200 OK\r\nconnection: close", DONE) } else { (0..2000).flat_map(|_| done()).collect() };
    let server = ScriptServer::start((0..4000).map(|_| one())).await;
    let client = builder(&server.url(), 1).max_concurrency(n).build().unwrap();
    let calls: Vec<_> = (0..10 * n)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { list(&client).await })
        })
        .collect();
    for call in calls {
        bounded(call).await.unwrap().unwrap();
    }
    settle().await;
    eprintln!(
        "N={n} closing={closing}: opened {} most {} left {}",
        server.connections(),
        server.most_open(),
        server.connections() - server.closed()
    );
}

#[tokio::test]
async fn one() {
    for n in [1, 2, 4, 8, 16, 32] {
        for c in [false, true] {
            measure(n, c).await;
        }
    }
}
#[tokio::test(flavor = "multi_thread")]
async fn two() {
    for n in [1, 2, 4, 8, 16, 32] {
        for c in [false, true] {
            measure(n, c).await;
        }
    }
}
