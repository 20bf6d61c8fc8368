//! Events outside the API: a person accepts an invitation, and the DNS entry of a custom domain appears.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use serde_json::{Value, json};

use super::handle::FakeControlPlane;
use crate::control::Commands;
use crate::management::{accept_invitation, verify_custom_domain};

impl FakeControlPlane {
    /// Lets a person accept the invitation to a team. Returns the id of the member, or `None` if there is no invitation for this
    /// email or if it has expired.
    pub fn accept_invitation(&self, team: u64, email: &str) -> Option<u64> {
        accept_invitation(&mut self.state.state(), team, email)
    }

    /// Verifies a custom domain, which sets its `verificationTime`. From then on, the deployment serves its API at a domain of the
    /// destination `convexCloud`, too, on the port of the control plane. Returns `false` if no deployment has this domain.
    pub fn verify_custom_domain(&self, domain: &str) -> bool {
        verify_custom_domain(&mut self.state.state(), domain)
    }
}

/// Accepts an invitation.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Accept {
    team_id: u64,
    email: String,
}

pub(super) async fn accept_invitations(
    State(plane): State<FakeControlPlane>,
    commands: Commands<Accept>,
) -> Json<Value> {
    commands.apply(|Accept { team_id, email }| json!({"memberId": plane.accept_invitation(team_id, &email)}))
}

/// Verifies a custom domain.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Verify {
    domain: String,
}

pub(super) async fn verify_domains(State(plane): State<FakeControlPlane>, commands: Commands<Verify>) -> Json<Value> {
    commands.apply(|Verify { domain }| json!({"found": plane.verify_custom_domain(&domain)}))
}
