//! [`DeployKeyAction`]: the actions that a deploy key can be restricted to.

use crate::metadata::OperationMeta;
use crate::types::open::open_enum;

open_enum! {
    /// An action that a deploy key allows.
    pub enum DeployKeyAction {
        /// Deploy code.
        Deploy = "deployment:deploy",
        /// Read environment variables.
        ViewEnvironmentVariables = "deployment:env:view",
        /// Change environment variables and canonical URLs.
        WriteEnvironmentVariables = "deployment:env:write",
        /// Pause the deployment.
        Pause = "deployment:pause",
        /// Unpause the deployment.
        Unpause = "deployment:unpause",
        /// Read logs.
        ViewLogs = "deployment:logs:view",
        /// Read metrics.
        ViewMetrics = "deployment:metrics:view",
        /// Read integrations, such as log streams.
        ViewIntegrations = "deployment:integrations:view",
        /// Change integrations, such as log streams.
        WriteIntegrations = "deployment:integrations:write",
        /// Read the data and the ids of the deployment.
        ViewData = "deployment:data:view",
        /// Change the data.
        WriteData = "deployment:data:write",
        /// List backups.
        ViewBackups = "deployment:backups:view",
        /// Create backups.
        CreateBackups = "deployment:backups:create",
        /// Download backups.
        DownloadBackups = "deployment:backups:download",
        /// Delete backups.
        DeleteBackups = "deployment:backups:delete",
        /// Restore the deployment from a backup.
        ImportBackups = "deployment:backups:import",
        /// Call functions as any user.
        ActAsUser = "deployment:functions:actAsUser",
        /// Call internal queries.
        RunInternalQueries = "deployment:functions:runInternalQueries",
        /// Call internal mutations.
        RunInternalMutations = "deployment:functions:runInternalMutations",
        /// Call internal actions.
        RunInternalActions = "deployment:functions:runInternalActions",
        /// Run queries that are not deployed.
        RunTestQuery = "deployment:functions:runTestQuery",
        /// Read the audit log.
        ViewAuditLog = "deployment:auditLog:view",
        /// Read usage limits.
        ViewUsageLimits = "deployment:usageLimits:view",
        /// Change usage limits.
        WriteUsageLimits = "deployment:usageLimits:write",
        /// Read the usage.
        ViewUsage = "deployment:usage:view",
    }
}

impl DeployKeyAction {
    /// Returns the action that a restricted key needs for an operation of the Deployment Platform API: its
    /// [`OperationMeta::permission`]. `None` if the operation needs none.
    ///
    /// ```
    /// use convex_mgmt::Operation;
    /// use convex_mgmt::deployment::{CreateLogStream, GetCanonicalUrls};
    /// use convex_mgmt::management::deploy_keys::DeployKeyAction;
    ///
    /// let needed = DeployKeyAction::for_operation(<CreateLogStream>::META);
    /// assert_eq!(needed, Some(DeployKeyAction::WriteIntegrations));
    /// assert_eq!(DeployKeyAction::for_operation(GetCanonicalUrls::META), None);
    /// ```
    pub fn for_operation(operation: &OperationMeta) -> Option<Self> {
        operation.permission.map(Self::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metadata::{Api, DeploymentApi};
    use crate::operations::OPERATIONS;

    #[test]
    fn every_permission_of_the_deployment_api_is_an_action() {
        let of_deployments = OPERATIONS.iter().filter(|meta| meta.api == DeploymentApi::KEY);
        let actions: Vec<_> = of_deployments.filter_map(|meta| DeployKeyAction::for_operation(meta)).collect();
        assert!(actions.len() >= 15 && actions.iter().all(DeployKeyAction::is_known), "{actions:?}");
    }
}
