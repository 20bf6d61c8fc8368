//! Custom domains of deployments. A new one is unverified. A verified one of the destination `convexCloud` is a further host of
//! its deployment. Inferred: the errors.

use std::time::Duration;

use axum::extract::State;
use axum::routing::{get, post};
use axum::{Json, Router};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::api::{Caller, OP, OT, P, T};
use super::state::{CloudDeployment, ControlPlane, Plane};
use crate::api::{ApiError, JsonBody, PathArg};
use crate::state::millis;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Destination {
    ConvexCloud,
    ConvexSite,
}

/// A custom domain of a deployment.
#[derive(Clone, Debug)]
struct CustomDomain {
    /// The id of the deployment.
    deployment: u64,
    destination: Destination,
    domain: String,
    created: Duration,
    verified: Option<Duration>,
}

/// The custom domains of all deployments, in the order of their creation. Those of deleted deployments are among them.
#[derive(Debug, Default)]
struct CustomDomains(Vec<CustomDomain>);

pub(super) fn routes() -> Router<Plane> {
    Router::new()
        .route("/deployments/{deployment_name}/create_custom_domain", post(create))
        .route("/deployments/{deployment_name}/delete_custom_domain", post(delete))
        .route("/deployments/{deployment_name}/custom_domains", get(list))
}

/// The body of a creation and of a deletion. Unknown fields are ignored, as the document says.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Domain {
    request_destination: Destination,
    domain: String,
}

/// Returns `true` for a host name of at least two labels.
fn is_domain(text: &str) -> bool {
    let is_label = |label: &str| {
        let ends = [label.chars().next(), label.chars().next_back()];
        (1..=63).contains(&label.len())
            && ends.iter().flatten().all(char::is_ascii_alphanumeric)
            && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
    };
    text.len() <= 253 && text.contains('.') && text.split('.').all(is_label)
}

/// A domain has one destination: a second one for the same domain is an error.
async fn create(
    State(plane): State<Plane>,
    Caller(caller): Caller<{ P | OT | T | OP }>,
    PathArg(name): PathArg,
    JsonBody(Domain { request_destination: destination, domain }): JsonBody<Domain>,
) -> Result<StatusCode, ApiError> {
    let mut state = plane.state();
    let (deployment, project) = caller.deployment(&state, &name)?;
    if !is_domain(&domain) {
        return Err(ApiError::bad_request(
            "InvalidCustomDomain",
            "the domain is not a host name such as 'api.example.com'",
        ));
    }
    let existing = existing(&state);
    let created = state.now();
    let CustomDomains(domains) = state.topics.of();
    let is_in_use =
        |other: &CustomDomain| existing.contains(&other.deployment) && other.domain.eq_ignore_ascii_case(&domain);
    if domains.iter().any(is_in_use) {
        return Err(ApiError::bad_request("CustomDomainInUse", "a deployment has this domain already"));
    }
    let metadata = json!({"deploymentName": name, "requestDestination": destination, "domain": domain});
    domains.push(CustomDomain { deployment: deployment.id, destination, domain, created, verified: None });
    state.record(project.team, &caller.origin, "deployment:customDomain:create", metadata);
    Ok(StatusCode::OK)
}

async fn delete(
    State(plane): State<Plane>,
    Caller(caller): Caller<{ P | OT | T | OP }>,
    PathArg(name): PathArg,
    JsonBody(Domain { request_destination: destination, domain }): JsonBody<Domain>,
) -> Result<StatusCode, ApiError> {
    let mut state = plane.state();
    let (deployment, project) = caller.deployment(&state, &name)?;
    let CustomDomains(domains) = state.topics.of();
    let position = domains.iter().position(|one| {
        one.deployment == deployment.id && one.destination == destination && one.domain.eq_ignore_ascii_case(&domain)
    });
    let Some(position) = position else {
        return Err(ApiError::not_found("CustomDomainNotFound", "the deployment has no such domain"));
    };
    domains.remove(position);
    let metadata = json!({"deploymentName": name, "requestDestination": destination, "domain": domain});
    state.record(project.team, &caller.origin, "deployment:customDomain:delete", metadata);
    Ok(StatusCode::OK)
}

/// A domain as the API returns it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DomainResponse {
    creation_time: u64,
    deployment_name: String,
    request_destination: Destination,
    domain: String,
    verification_time: Option<u64>,
}

async fn list(
    State(plane): State<Plane>,
    Caller(caller): Caller<{ P | OT | T | OP }>,
    PathArg(name): PathArg,
) -> Result<Json<Value>, ApiError> {
    let mut state = plane.state();
    let (deployment, _) = caller.deployment(&state, &name)?;
    let CustomDomains(domains) = state.topics.of();
    let of_deployment = domains.iter().filter(|domain| domain.deployment == deployment.id);
    let domains: Vec<DomainResponse> = of_deployment
        .map(|domain| DomainResponse {
            creation_time: millis(domain.created),
            deployment_name: name.clone(),
            request_destination: domain.destination,
            domain: domain.domain.clone(),
            verification_time: domain.verified.map(millis),
        })
        .collect();
    Ok(Json(json!({"domains": domains})))
}

/// The ids of the deployments that exist.
fn existing(state: &ControlPlane) -> Vec<u64> {
    state.deployments.cloud.iter().map(|deployment| deployment.id).collect()
}

/// Finds the deployment that serves its API at a custom domain.
pub(crate) fn deployment_at(state: &mut ControlPlane, host: &str) -> Option<CloudDeployment> {
    let CustomDomains(domains) = state.topics.of();
    let serves = |one: &&CustomDomain| {
        one.verified.is_some() && one.destination == Destination::ConvexCloud && one.domain.eq_ignore_ascii_case(host)
    };
    let ids: Vec<u64> = domains.iter().filter(serves).map(|domain| domain.deployment).collect();
    state.deployments.cloud.iter().find(|deployment| ids.contains(&deployment.id)).cloned()
}

/// Verifies a custom domain of any deployment. Returns `false` if there is no such domain.
pub(crate) fn verify(state: &mut ControlPlane, domain: &str) -> bool {
    let (now, mut found) = (state.now(), false);
    let existing = existing(state);
    let CustomDomains(domains) = state.topics.of();
    let of_name =
        |one: &&mut CustomDomain| existing.contains(&one.deployment) && one.domain.eq_ignore_ascii_case(domain);
    for one in domains.iter_mut().filter(of_name) {
        one.verified.get_or_insert(now);
        found = true;
    }
    found
}
