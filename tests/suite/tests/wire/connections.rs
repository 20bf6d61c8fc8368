//! How many connections a client opens and keeps whose calls are limited.

use std::sync::mpsc;

use convex_mgmt_suite::script_server::{Act, ScriptServer, answer};
use tokio::runtime::Builder;

use crate::{DONE, bounded, builder, burst, done, list, settle};

#[tokio::test]
async fn no_more_are_open_at_once_than_are_under_way_if_none_can_be_used_again() {
    for most in [1, 2, 8] {
        let calls = 10 * most;
        let closing = || answer("200 OK\r\nconnection: close", DONE);
        let server = ScriptServer::start((0..calls).map(|_| closing())).await;
        let client = builder(&server.url(), 1).max_concurrency(most).build().unwrap();
        burst(&client, calls).await;
        assert_eq!((server.connections(), server.most_open()), (calls, most));
    }
}

/// Opening a connection ends when its name has been looked up, for which there is one thread, and that does something else.
#[test]
fn each_call_may_open_one_that_is_quicker_than_that_and_no_more_are_kept_than_may_be_in_use() {
    let runtime = Builder::new_current_thread().enable_all().max_blocking_threads(1).build().unwrap();
    runtime.block_on(async {
        for most in [2, 8] {
            let calls = 10 * most;
            let all: Vec<Act> = (0..=calls).flat_map(|_| done()).collect();
            let server = ScriptServer::start((0..calls).map(|_| all.clone())).await;
            let url = format!("http://localhost:{}", server.address().port());
            let client = builder(&url, 1).max_concurrency(most).build().unwrap();
            list(&client).await.unwrap();
            settle().await;
            let (go, held) = mpsc::channel::<()>();
            let busy = tokio::task::spawn_blocking(move || held.recv().is_ok());
            burst(&client, calls).await;
            assert_eq!((server.connections(), server.requests().len()), (1, 1 + calls));
            go.send(()).unwrap();
            assert!(busy.await.unwrap());
            // The first of the calls found one that was free.
            bounded(async {
                while server.connections() < calls || server.connections() - server.closed() > most {
                    settle().await;
                }
            })
            .await;
            assert_eq!(server.connections(), calls);
        }
    });
}
