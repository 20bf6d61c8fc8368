//! The Management API: teams, projects, deployments, keys, tokens, domains and roles.
//!
//! Convex serves it below `/v1` at `https://api.convex.dev`. The docs of an operation list the credentials that it accepts. The
//! server is closed source. The published OpenAPI document is the source of everything here; what it does not say is marked as
//! inferred.
//!
//! The operations are re-exported here; their types are in the module of their topic:
//!
//! * [`access_tokens`]: personal and team access tokens, and the details of the client's own token.
//! * [`audit_log`]: the audit log of a team.
//! * [`custom_domains`]: domains that lead to a deployment.
//! * [`custom_roles`]: custom roles, their statements, and the grammar of the resources in statements.
//! * [`default_environment_variables`]: variables that new deployments of a project get.
//! * [`deploy_keys`]: the keys for one deployment.
//! * [`deployments`]: deployments of a project.
//! * [`members`]: the members of a team, their roles, and invitations.
//! * [`preview_deploy_keys`]: the keys for the preview deployments of a project.
//! * [`projects`]: projects of a team.
//! * [`teams`]: creating a team.

use crate::operation::registry::{export_operations, for_each_operation};

/// Declares an operation of this API. See [`operation!`](crate::operation::declare::operation).
macro_rules! management_operation {
    ($($declaration:tt)*) => {
        crate::operation::declare::operation! {
            api: ManagementApi,
            $($declaration)*
        }
    };
}

pub mod access_tokens;
pub mod audit_log;
pub mod custom_domains;
pub mod custom_roles;
pub mod default_environment_variables;
pub mod deploy_keys;
pub mod deployments;
pub mod members;
pub mod preview_deploy_keys;
pub mod projects;
pub mod teams;

for_each_operation!(export_operations, management:);
