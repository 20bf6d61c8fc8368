//! [`FakeControlPlane`]: the handle through which a test and a server use the control plane.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::Router;

use crate::control::Fake;
use crate::management::{Plane, TeamAuditEntry};
use crate::state::{Fault, Knobs, RecordedRequest};

/// An in-memory control plane with the Management API. A clone is the same control plane.
///
/// The deployments that it creates are live: each one is a [`Fake`]. The roles of members are stored and listed, but not enforced:
/// every member has all permissions.
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
