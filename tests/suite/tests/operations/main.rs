//! Sends samples of every operation of the registry to the fake, over sockets.

mod control_plane;
#[cfg(feature = "documents")]
mod documents;
#[cfg(feature = "documents")]
mod schemas;
mod served;

use bytes::Bytes;
use convex_mgmt::proto::Api;
use convex_mgmt::{DeploymentApi, Error, OperationMeta};
use convex_mgmt_proto::samples::Sample;
use convex_mgmt_suite::operations::TestApi;
use convex_mgmt_suite::routes::Route;
use http::StatusCode;

use crate::served::{Running, Served};

/// The results of an operation's requests, and the fake's responses to them.
struct Results {
    results: Vec<Result<(), Error>>,
    #[cfg_attr(not(feature = "documents"), expect(dead_code, reason = "only the documents describe them"))]
    responses: Vec<(StatusCode, Bytes)>,
}

/// Sends all sample requests of an operation, and its requests for every id.
async fn send_all<O: Sample<Api: Served>>(route: Route) -> Results {
    let running: Running = O::Api::start(route, O::META).await;
    let client = running.client.at(O::Api::endpoint(running.server.url(), O::Api::secret(O::META)));
    let (mut results, mut responses) = (Vec::new(), Vec::new());
    for operation in O::requests() {
        results.push(client.send(&operation).await.map(drop));
    }
    responses.extend(running.take_responses());
    if !O::with_url_text("some-id").is_empty() {
        let ids = O::Api::ids(&running).await;
        running.take_responses();
        for operation in ids.iter().flat_map(|id| O::with_url_text(id)) {
            results.push(client.send(&operation).await.map(drop));
        }
        responses.extend(running.take_responses());
    }
    running.server.requests();
    Results { results, responses }
}

/// Returns the defect that an error shows, if any. An error of the Deployment Platform API is correct if the operation declares
/// its code. The codes of the Management API are inferred, on both sides.
fn defect(meta: &OperationMeta, error: &Error) -> Option<String> {
    let status = error.status().map(|status| status.as_u16());
    match error.api_error() {
        Some(error) if meta.codes.contains(&error.code) || meta.api != DeploymentApi::KEY => None,
        Some(error) => Some(format!("{meta}: `codes` lacks {}: {}", error.code.as_str(), error.message())),
        None if matches!(status, Some(404 | 405)) => {
            let OperationMeta { api, method, path, .. } = meta;
            Some(format!(
                "{meta}: the fake has no handler for {method} {path}: add it in crates/convex-mgmt-fake/src/{api}"
            ))
        }
        None => Some(format!("{meta}: {error}")),
    }
}

/// Returns the defects of an operation.
async fn check<O: Sample<Api: Served>>(route: Route) -> Vec<String> {
    let Results { results, .. } = send_all::<O>(route).await;
    let errors = results.iter().filter_map(|result| result.as_ref().err());
    let mut defects: Vec<String> = errors.clone().filter_map(|error| defect(O::META, error)).collect();
    defects.dedup();
    if defects.is_empty() && results.iter().all(Result::is_err) {
        let texts: Vec<_> = errors.map(ToString::to_string).collect();
        defects.push(format!("{}: no sample succeeds, with the objects of `Served`: {texts:?}", O::META));
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
