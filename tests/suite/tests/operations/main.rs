//! Sends samples of every operation of the registry to the fake, over sockets.

use bytes::Bytes;
use convex_mgmt::deployment::{CreateLogStream, CreateUsageLimit, ListLogStreams, ListUsageLimits, PauseDeployment};
use convex_mgmt::{DeploymentClient, Error, OperationMeta};
use convex_mgmt_fake::{Fake, Plan};
use convex_mgmt_proto::samples::Sample;
use convex_mgmt_suite::ADMIN_KEY;
use convex_mgmt_suite::operations::TestApi;
use convex_mgmt_suite::routes::{Route, TestServer};
use http::Request;
use http_body_util::Full;
use tower::ServiceExt;

/// A paused cloud deployment with all plan features, behind a socket.
struct Deployment {
    server: TestServer,
    client: DeploymentClient,
}

impl Deployment {
    async fn start(route: Route) -> Self {
        let mut plan = Plan::default();
        plan.deployment_type = "prod".to_owned();
        let fake: Fake = convex_mgmt_suite::fake().plan(plan).build();
        let server = TestServer::start_async(route, move |request: Request<Bytes>| {
            let response = fake.clone().oneshot(request);
            async { response.await.expect("a fake without faults").map(Full::new) }
        });
        let server = server.await;
        let client = server.client().build().unwrap();
        client.send(&PauseDeployment::new()).await.unwrap();
        Self { server, client }
    }

    /// Creates the samples of all objects with an id. Returns all ids.
    async fn fill(&self) -> Vec<String> {
        // Some samples exist already, and some exceed a limit.
        for limit in CreateUsageLimit::requests() {
            drop(self.client.send(&limit).await);
        }
        for stream in CreateLogStream::requests() {
            drop(self.client.send(&stream).await);
        }
        let limits = self.client.send(&ListUsageLimits::new()).await.unwrap();
        let streams = self.client.send(&ListLogStreams::new()).await.unwrap();
        let limits = limits.iter().map(|limit| limit.id.as_str().to_owned());
        limits.chain(streams.iter().map(|stream| stream.id.as_str().to_owned())).collect()
    }
}

/// Sends all sample requests of an operation, and its requests for every id of the deployment.
async fn send_all<O: Sample<Api: TestApi>>(route: Route) -> Vec<Result<(), Error>> {
    let deployment = Deployment::start(route).await;
    let secret = ADMIN_KEY.rsplit('|').next().unwrap_or_default();
    let client = deployment.client.at(O::Api::endpoint(deployment.server.url(), secret));
    let mut results = Vec::new();
    for operation in O::requests() {
        results.push(client.send(&operation).await.map(drop));
    }
    if !O::with_url_text("some-id").is_empty() {
        for operation in deployment.fill().await.iter().flat_map(|id| O::with_url_text(id)) {
            results.push(client.send(&operation).await.map(drop));
        }
    }
    deployment.server.requests();
    results
}

/// Returns the defect that an error shows, if any. An error of the API is correct if the operation declares its code.
fn defect(meta: &OperationMeta, error: &Error) -> Option<String> {
    let status = error.status().map(|status| status.as_u16());
    match error.api_error() {
        Some(error) if meta.codes.contains(&error.code) => None,
        Some(error) => Some(format!("{meta}: `codes` lacks {}: {}", error.code.as_str(), error.message())),
        None if matches!(status, Some(404 | 405)) => {
            let OperationMeta { api, method, path, .. } = meta;
            Some(format!("{meta}: the fake has no handler for {method} {path}: add it in tests/fake/src/{api}"))
        }
        None => Some(format!("{meta}: {error}")),
    }
}

/// Returns the defects of an operation.
async fn check<O: Sample<Api: TestApi>>(route: Route) -> Vec<String> {
    let results = send_all::<O>(route).await;
    let errors = results.iter().filter_map(|result| result.as_ref().err());
    let mut defects: Vec<String> = errors.clone().filter_map(|error| defect(O::META, error)).collect();
    defects.dedup();
    if defects.is_empty() && results.iter().all(Result::is_err) {
        let codes: Vec<_> = errors.filter_map(|error| error.code()).map(|code| code.as_str()).collect();
        defects.push(format!("{}: no sample succeeds, with a deployment as in `fill`: {codes:?}", O::META));
    }
    defects
}

async fn check_all(http2: bool) {
    let route = Route { http2, proxied: false };
    let mut defects = Vec::new();
    macro_rules! check {
        ($($api:ident::$topic:ident::$operation:ident,)+) => { $(
            defects.extend(check::<convex_mgmt::$api::$topic::$operation>(route).await);
        )+ };
    }
    convex_mgmt_proto::for_each_operation!(check);
    assert!(defects.is_empty(), "{}", defects.join("\n"));
}

#[tokio::test]
async fn the_fake_serves_every_operation_over_http1() {
    check_all(false).await;
}

#[tokio::test]
async fn the_fake_serves_every_operation_over_http2() {
    check_all(true).await;
}
