//! The state of a control plane: teams, projects, deployments, tokens, the audit log, and the state of other topics.

mod audit;
mod deployments;
mod plane;
mod projects;
mod records;
mod teams;
mod tokens;

pub use audit::TeamAuditEntry;
pub use plane::Addressing;

pub(crate) use deployments::{CloudDeployment, DeploymentType, LocalDeployment, Region};
pub(crate) use plane::{ControlPlane, Plane};
pub(crate) use projects::Project;
pub(crate) use teams::{Member, Membership, Role, Team};
pub(crate) use tokens::{NewToken, Token, TokenKind};
