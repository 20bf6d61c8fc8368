//! [`FakeControlPlane`]: the handle through which a test and a server use the control plane.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::Router;

use crate::control::Fake;
use crate::management::{Plane, TeamAuditEntry};
use crate::state::{Fault, Knobs, RecordedRequest};

/// An in-memory control plane with the Management API. A clone is the same control plane.
///
/// The deployments that it creates are live: each one is a [`Fake`] with a URL of its own ([`Addressing`](crate::Addressing)).
/// In process, a control plane responds for all of its deployments, too: the authority of a request selects the receiver.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use bytes::Bytes;
/// use convex_mgmt_fake::{FakeControlPlane, TokenClass};
/// use http::Request;
/// use serde_json::Value;
/// use tower::ServiceExt;
///
/// let plane = FakeControlPlane::builder("acme").token(TokenClass::Team, "eyJ2MiI6IngifQ==").build();
/// let request = Request::post("https://api.convex.dev/v1/teams/1/create_project")
///     .header("authorization", "Bearer eyJ2MiI6IngifQ==")
///     .header("content-type", "application/json")
///     .body(Bytes::from(r#"{"projectName": "Shop", "deploymentType": "prod"}"#))?;
/// let created: Value = serde_json::from_slice(plane.clone().oneshot(request).await?.body())?;
///
/// let url = created["deploymentUrl"].as_str().ok_or("no URL")?;
/// let request = Request::get(format!("{url}/api/v1/deployment_info"))
///     .header("authorization", "Convex eyJ2MiI6IngifQ==")
///     .body(Bytes::new())?;
/// let info: Value = serde_json::from_slice(plane.clone().oneshot(request).await?.body())?;
/// assert_eq!(info["projectName"], "Shop");
///
/// // The ledger has what was created and deleted.
/// assert_eq!(plane.deployments().len(), 1);
/// # Ok(())
/// # }
/// ```
///
/// # Inferred parts
///
/// The server of the Management API is closed source. The statuses of successes, the fields and the accepted classes of tokens
/// are those of its document. These parts are inferred:
///
/// * all statuses of errors, and all codes of errors except those that clients of the real server know: `TeamNotFound`,
///   `ProjectNotFound`, `DeploymentNotFound`, `InvalidIdentity`, `AccessTokenInvalid`, `InvalidSlug`, `InvalidTeamName`,
///   `EmailAlreadyExists`, `CustomRoleInUse`, `ProjectQuotaReached` and `DeploymentQuotaReached`
/// * the rejection of unknown fields where the document closes a schema, with 400 and `BadJsonBody`
/// * 403 and `OperationNotPermitted` for a token of another class, team or project
/// * generated references, slugs, the form of the suffix of a key's name, and the name of a team token without one
/// * the details of a personal access token, which have the type `personalToken`
/// * the order of lists whose order is not documented, and that both bounds of the audit log belong to the range
/// * the form of domains and emails; the resource of a role statement is any list of kinds with selectors
/// * the limits of default environment variables, which are those of a deployment
/// * the quotas, the retention of previews and the lifetime of invitations, which are [`Knobs`]
/// * the errors of the OAuth flow, which are those of RFC 6749, and the revocation of a token whose code comes again
///
/// These parts are observed on the real service:
///
/// * the replacement of a preview under the same identifier
/// * the delay of revocations
/// * the suffix of a name that is taken
/// * the 500 of overlapping deletions of preview deploy keys
///
/// The roles of members have no effect: every member may do everything in its team.
#[derive(Clone)]
pub struct FakeControlPlane {
    pub(super) state: Plane,
    /// The routes of the API.
    pub(super) router: Router,
}

impl fmt::Debug for FakeControlPlane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FakeControlPlane").finish_non_exhaustive()
    }
}

impl FakeControlPlane {
    /// Returns an existing cloud deployment by name.
    pub fn deployment(&self, name: &str) -> Option<Fake> {
        self.state.state().deployments.by_name(name).map(|deployment| deployment.fake.clone())
    }

    /// Returns the URL of an existing cloud deployment, without asking the API.
    pub fn deployment_url(&self, name: &str) -> Option<String> {
        let state = self.state.state();
        state.deployments.by_name(name).map(|deployment| state.deployment_url(deployment))
    }

    /// Returns the time of the clock. The deployments have the same clock.
    pub fn now(&self) -> SystemTime {
        UNIX_EPOCH + self.state.state().now()
    }

    /// Advances the clock of the control plane and of its deployments. Expired deployments are deleted.
    pub fn advance_clock(&self, time: Duration) {
        let mut state = self.state.state();
        state.clock.advance(time);
        state.expire();
        for deployment in state.deployments.cloud.iter() {
            deployment.fake.state.deployment().clock_advanced(time);
        }
    }

    /// Changes settings while the control plane runs. Existing deployments keep theirs.
    pub fn change_knobs(&self, change: impl FnOnce(&mut Knobs)) {
        change(&mut self.state.state().knobs);
    }

    /// Injects a fault into the next request to the control plane. Several faults form a queue: each request takes one.
    /// Faults of a deployment are injected through its [`Fake`].
    pub fn fault(&self, fault: Fault) {
        self.state.faults().push(None, fault);
    }

    /// Injects a fault into the next request to the control plane whose path ends with `path`.
    pub fn fault_at(&self, path: impl Into<String>, fault: Fault) {
        self.state.faults().push(Some(path.into()), fault);
    }

    /// Injects a random one of `faults` into each request to the control plane with this probability, from 0 to 1. Queued
    /// faults take precedence. The same seed draws the same sequence. An empty list or a probability of 0 disables random
    /// faults.
    pub fn fault_rate(&self, probability: f64, seed: u64, faults: impl IntoIterator<Item = Fault>) {
        self.state.faults().set_rate(probability, seed, faults.into_iter().collect());
    }

    /// Returns every request that the control plane received, in order. Those to deployments are recorded by their [`Fake`]s.
    pub fn requests(&self) -> Vec<RecordedRequest> {
        self.state.requests().since(0).map(|(_, request)| request.clone()).collect()
    }

    /// Returns the audit logs of all teams, in order.
    pub fn audit_log(&self) -> Vec<TeamAuditEntry> {
        self.state.state().audit.clone()
    }

    /// Records a deploy of code to a cloud deployment, which changes its `lastDeployTime`. Returns `false` if there is no such
    /// deployment.
    pub fn record_deploy(&self, name: &str) -> bool {
        let mut state = self.state.state();
        let now = state.now();
        let found = state.deployments.cloud.iter_mut().find(|deployment| deployment.name == name);
        found.map(|deployment| deployment.last_deploy = Some(now)).is_some()
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::Request;
    use tower::ServiceExt;

    use super::*;
    use crate::control_plane::TokenClass;
    use crate::management::Addressing;

    #[tokio::test]
    async fn a_deleted_deployment_keeps_its_record_and_not_its_data() {
        let plane =
            FakeControlPlane::builder("acme").token(TokenClass::Team, "t").addressing(Addressing::Hosts).build();
        let project = plane.add_project("shop");
        let send = |path: String, body: &'static str| {
            let request = Request::post(format!("/v1{path}"))
                .header("authorization", "Bearer t")
                .header("content-type", "application/json");
            plane.clone().oneshot(request.body(Bytes::from_static(body.as_bytes())).unwrap())
        };
        send(format!("/projects/{project}/create_deployment"), r#"{"type":"dev"}"#).await.unwrap();
        let name = plane.deployments()[0].name.clone();
        let data = plane.deployment(&name).unwrap().state.downgrade();
        assert!(data.upgrade().is_some());
        send(format!("/deployments/{name}/delete"), "").await.unwrap();
        assert!(data.upgrade().is_none());
        assert_eq!(plane.deployments()[0].name, name);
    }
}
