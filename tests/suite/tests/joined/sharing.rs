//! What the clients of both APIs share: connections, limits, and the product.

use super::*;
use http::header::USER_AGENT;

#[tokio::test]
async fn the_clients_of_a_deployment_share_its_connection() {
    let plane = plane().addressing(Addressing::Hosts).build();
    let server = plane.serve("127.0.0.1:0").await.unwrap();
    let management = Client::new(at(&server.url(), TEAM)).unwrap();
    let deployment = new_deployment(&management).await;
    let name = deployment.name().unwrap();
    let keyed = management.deployment_with_new_key(&CreateDeployKey::new(name, "set up")).await.unwrap();
    for _ in 0..3 {
        check_access(&keyed.client, "1").await;
        check_access(&management.deployment(&deployment, DeploymentAccess::SameToken).unwrap(), "2").await;
        let client = management.deployment_by_name(name, keyed.key.credential().unwrap()).await.unwrap();
        check_access(&client, "3").await;
    }
    assert_eq!(server.connections(), 2, "one to the control plane, and one to the deployment");
}

#[tokio::test]
async fn both_apis_share_the_limit_of_concurrent_calls() {
    let plane = plane().build();
    let management = Client::builder(at("https://api.convex.dev", TEAM)).max_concurrency(1).build_on(plane.clone());
    let management = management.unwrap();
    let deployment = new_deployment(&management).await;
    let client = management.deployment(&deployment, DeploymentAccess::SameToken).unwrap();
    let busy = management.send(&GetDeployment::new("a"));
    let waiting = client.send(&ListEnvironmentVariables::new());
    plane.fault(convex_mgmt_fake::Fault::delay(Duration::from_secs(3600)));
    tokio::pin!(busy, waiting);
    // The first takes the only slot, however often both are polled.
    for _ in 0..10 {
        assert!(poll_once(busy.as_mut()).await.is_none() && poll_once(waiting.as_mut()).await.is_none());
    }
    let fake = plane.deployment(deployment.name().unwrap()).unwrap();
    assert_eq!((plane.requests().len(), fake.requests().len()), (3, 0));
}

/// Polls a future once. Returns its output if it is ready.
async fn poll_once<F: Future + Unpin>(mut future: F) -> Option<F::Output> {
    use std::pin::Pin;
    use std::task::Poll;
    std::future::poll_fn(|cx| match Pin::new(&mut future).poll(cx) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending => Poll::Ready(None),
    })
    .await
}

#[tokio::test]
async fn the_product_reaches_the_deployment() {
    let plane = plane().build();
    let own = at("https://api.convex.dev", TEAM).with_user_agent("endpoint/1").unwrap();
    for (endpoint, expected) in [(at("https://api.convex.dev", TEAM), "client/1 "), (own, "endpoint/1 ")] {
        let management = Client::builder(endpoint).user_agent("client/1").build_on(plane.clone()).unwrap();
        let deployment = new_deployment(&management).await;
        let name = deployment.name().unwrap();
        let keyed = management.deployment_with_new_key(&CreateDeployKey::new(name, "set up")).await.unwrap();
        let named = management.deployment_by_name(name, DeploymentAccess::SameToken).await.unwrap();
        for client in [keyed.client, named] {
            check_access(&client, "1").await;
        }
        let requests = plane.deployment(name).unwrap().requests();
        let agents = requests.iter().map(|request| request.headers[USER_AGENT].to_str().unwrap());
        assert!(requests.len() == 4 && agents.clone().all(|agent| agent.starts_with(expected)), "{expected}");
    }
}
