//! How many connections a client opens and keeps whose calls are limited.

use convex_mgmt::{Client, DeployKey, Deployment, Endpoint, Proxy};
use convex_mgmt_suite::ADMIN_KEY;
use convex_mgmt_suite::script_server::{Act, Gate, ScriptServer, answer, write};

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

/// Opening a connection ends when the proxy lets it, which is after all calls are answered.
#[tokio::test]
async fn each_call_may_open_one_that_is_quicker_than_that_and_no_more_are_kept_than_may_be_in_use() {
    for most in [2, 8] {
        let calls = 10 * most;
        let gate = Gate::new();
        let mut acts = vec![Act::Read, Act::Wait(gate.clone()), write("HTTP/1.1 200 OK\r\n\r\n")];
        acts.extend((0..=calls).flat_map(|_| done()));
        let server = ScriptServer::start((0..calls).map(|_| acts.clone())).await;
        let key = DeployKey::parse(ADMIN_KEY).unwrap();
        let builder = Client::builder(Endpoint::<Deployment>::plaintext("http://deployment.example", &key).unwrap());
        let client = builder.proxy(Proxy::new(&server.url(), "").unwrap()).max_concurrency(most).build().unwrap();
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
            while server.connections() < calls || server.connections() - server.closed() > most {
                settle().await;
            }
        })
        .await;
        // The first of the calls found one that was free.
        assert_eq!(server.connections(), calls);
    }
}
