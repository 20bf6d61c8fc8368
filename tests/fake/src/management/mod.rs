//! The operations of the Management API, by topic, and the state of a control plane. Each topic declares its routes.
//!
//! The server is closed source. What its document does not say is inferred, and marked so.

mod api;
mod deploy_keys;
mod deployments;
mod projects;
mod state;

use axum::Router;

pub(crate) use projects::add_project;
pub use state::{Addressing, TeamAuditEntry};

pub(crate) use state::{ControlPlane, LocalDeployment, Member, Membership, NewToken, Plane, Role, Team, TokenKind};

/// The operations below `/v1`.
pub(crate) fn routes() -> Router<Plane> {
    Router::new().merge(projects::routes()).merge(deployments::routes()).merge(deploy_keys::routes())
}

/// Registers the hooks of topics: functions that run after an event elsewhere in the control plane.
pub(crate) fn register_hooks(_plane: &mut ControlPlane) {}
