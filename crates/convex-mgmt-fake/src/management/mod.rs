//! The operations of the Management API, by topic, and the state of a control plane. Each topic declares its routes.
//!
//! The server is closed source. What its document does not say is inferred, and marked so.

mod access_tokens;
mod api;
mod audit_log;
mod custom_domains;
mod custom_roles;
mod default_environment_variables;
mod deploy_keys;
mod deployments;
mod projects;
mod state;
mod teams;

use axum::Router;

pub(crate) use custom_domains::{deployment_at as deployment_at_custom_domain, verify as verify_custom_domain};
pub(crate) use projects::add_project;
pub use state::{Addressing, TeamAuditEntry};
pub(crate) use teams::accept_invitation;

pub(crate) use state::{ControlPlane, LocalDeployment, Member, Membership, NewToken, Plane, Role, Team, TokenKind};

/// The operations below `/v1`.
pub(crate) fn routes() -> Router<Plane> {
    Router::new()
        .merge(teams::routes())
        .merge(projects::routes())
        .merge(deployments::routes())
        .merge(deploy_keys::routes())
        .merge(access_tokens::routes())
        .merge(custom_domains::routes())
        .merge(default_environment_variables::routes())
        .merge(custom_roles::routes())
        .merge(audit_log::routes())
}

/// Registers the hooks of topics: functions that run after an event elsewhere in the control plane.
pub(crate) fn register_hooks(plane: &mut ControlPlane) {
    plane.on_create_deployment.push(default_environment_variables::copy);
}
