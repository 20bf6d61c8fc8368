//! [`RoleAction`]: the actions that a statement of a custom role can allow or deny.

use crate::types::open::open_enum;

open_enum! {
    /// An action that a statement allows or denies. Its kind is the text before the action, such as `deployment`.
    ///
    /// No role can grant `customRole:create`, `customRole:update` and `customRole:delete`, so these have no variants.
    pub enum RoleAction {
        /// Change the team's settings.
        TeamUpdate = "team:update",
        /// Delete the team.
        TeamDelete = "team:delete",
        /// Create projects.
        ProjectCreate = "project:create",
        /// Transfer projects to another team.
        ProjectTransfer = "project:transfer",
        /// Receive projects from another team.
        ProjectReceive = "project:receive",
        /// Change the names and slugs of projects.
        ProjectUpdate = "project:update",
        /// Delete projects.
        ProjectDelete = "project:delete",
        /// List and read projects.
        ProjectView = "project:view",
        /// Change the roles of members in projects.
        ProjectUpdateMemberRole = "project:updateMemberRole",
        /// Create default environment variables.
        DefaultEnvironmentVariableCreate = "defaultEnvironmentVariable:create",
        /// Change default environment variables.
        DefaultEnvironmentVariableUpdate = "defaultEnvironmentVariable:update",
        /// Delete default environment variables.
        DefaultEnvironmentVariableDelete = "defaultEnvironmentVariable:delete",
        /// Read default environment variables.
        DefaultEnvironmentVariableView = "defaultEnvironmentVariable:view",
        /// Create deployments.
        DeploymentCreate = "deployment:create",
        /// Transfer deployments to another project.
        DeploymentTransfer = "deployment:transfer",
        /// Receive deployments from another project.
        DeploymentReceive = "deployment:receive",
        /// Change the references of deployments.
        DeploymentUpdateReference = "deployment:updateReference",
        /// Change the confirmation of edits in the dashboard.
        DeploymentUpdateDashboardEditConfirmation = "deployment:updateDashboardEditConfirmation",
        /// Change the expiration times of deployments.
        DeploymentUpdateExpiresAt = "deployment:updateExpiresAt",
        /// Change the sending of function logs to clients.
        DeploymentUpdateSendLogsToClient = "deployment:updateSendLogsToClient",
        /// Change the classes of deployments.
        DeploymentUpdateClass = "deployment:updateClass",
        /// Change the default deployment.
        DeploymentUpdateIsDefault = "deployment:updateIsDefault",
        /// Change the types of deployments.
        DeploymentUpdateType = "deployment:updateType",
        /// Delete deployments.
        DeploymentDelete = "deployment:delete",
        /// List and read deployments.
        DeploymentView = "deployment:view",
        /// List and read integrations of deployments, such as log streams.
        DeploymentIntegrationsView = "deployment:integrations:view",
        /// Create, change and delete integrations of deployments.
        DeploymentIntegrationsWrite = "deployment:integrations:write",
        /// Add custom domains.
        DeploymentCustomDomainCreate = "deployment:customDomain:create",
        /// Remove custom domains.
        DeploymentCustomDomainDelete = "deployment:customDomain:delete",
        /// List custom domains.
        DeploymentCustomDomainView = "deployment:customDomain:view",
        /// Invite members.
        MemberInvite = "member:invite",
        /// Cancel invitations.
        MemberCancelInvitation = "member:cancelInvitation",
        /// Remove members from the team.
        MemberRemove = "member:remove",
        /// Change the roles of members.
        MemberUpdateRole = "member:updateRole",
        /// List members and invitations.
        MemberView = "member:view",
        /// Change the payment method.
        BillingPaymentMethodUpdate = "billing:paymentMethod:update",
        /// Change the billing contact.
        BillingContactUpdate = "billing:contact:update",
        /// Change the billing address.
        BillingAddressUpdate = "billing:address:update",
        /// Create, change, cancel and resume the subscription.
        BillingSubscriptionChangePlan = "billing:subscription:changePlan",
        /// Change the spending limit.
        BillingSpendingLimitUpdate = "billing:spendingLimit:update",
        /// Read the billing details.
        BillingView = "billing:view",
        /// List and read invoices.
        BillingInvoicesView = "billing:invoices:view",
        /// Read the audit log of the team.
        TeamAuditLogView = "team:auditLog:view",
        /// Create team access tokens.
        TeamTokenCreate = "team:token:create",
        /// Change team access tokens.
        TeamTokenUpdate = "team:token:update",
        /// Delete team access tokens.
        TeamTokenDelete = "team:token:delete",
        /// List team access tokens.
        TeamTokenView = "team:token:view",
        /// Create tokens of projects, such as preview deploy keys.
        ProjectTokenCreate = "project:token:create",
        /// Change tokens of projects.
        ProjectTokenUpdate = "project:token:update",
        /// Delete tokens of projects.
        ProjectTokenDelete = "project:token:delete",
        /// List tokens of projects.
        ProjectTokenView = "project:token:view",
        /// Create deploy keys.
        DeploymentTokenCreate = "deployment:token:create",
        /// Change deploy keys.
        DeploymentTokenUpdate = "deployment:token:update",
        /// Delete deploy keys.
        DeploymentTokenDelete = "deployment:token:delete",
        /// List deploy keys.
        DeploymentTokenView = "deployment:token:view",
        /// Create OAuth applications.
        OAuthApplicationCreate = "oauthApplication:create",
        /// Change OAuth applications.
        OAuthApplicationUpdate = "oauthApplication:update",
        /// Delete OAuth applications.
        OAuthApplicationDelete = "oauthApplication:delete",
        /// List and read OAuth applications.
        OAuthApplicationView = "oauthApplication:view",
        /// Generate client secrets of OAuth applications.
        OAuthApplicationGenerateClientSecret = "oauthApplication:generateClientSecret",
        /// Read the usage of the team.
        TeamUsageView = "team:usage:view",
        /// Read the insights of deployments.
        DeploymentInsightsView = "deployment:insights:view",
        /// Create backups.
        DeploymentBackupsCreate = "deployment:backups:create",
        /// Restore backups.
        DeploymentBackupsImport = "deployment:backups:import",
        /// Switch on or change periodic backups.
        DeploymentBackupsConfigurePeriodic = "deployment:backups:configurePeriodic",
        /// Switch off periodic backups.
        DeploymentBackupsDisablePeriodic = "deployment:backups:disablePeriodic",
        /// Delete backups.
        DeploymentBackupsDelete = "deployment:backups:delete",
        /// List backups.
        DeploymentBackupsView = "deployment:backups:view",
        /// Switch on single sign-on.
        SsoEnable = "sso:enable",
        /// Switch off single sign-on.
        SsoDisable = "sso:disable",
        /// Change single sign-on.
        SsoUpdate = "sso:update",
        /// Read the settings of single sign-on.
        SsoView = "sso:view",
        /// List custom roles.
        CustomRoleView = "customRole:view",
        /// List integrations of the team.
        IntegrationView = "integration:view",
        /// Create integrations of the team.
        IntegrationCreate = "integration:create",
        /// Change integrations of the team.
        IntegrationUpdate = "integration:update",
        /// Delete integrations of the team.
        IntegrationDelete = "integration:delete",
        /// Deploy an app.
        DeploymentDeploy = "deployment:deploy",
        /// Read environment variables.
        DeploymentEnvView = "deployment:env:view",
        /// Set and delete environment variables and canonical URLs.
        DeploymentEnvWrite = "deployment:env:write",
        /// Pause deployments.
        DeploymentPause = "deployment:pause",
        /// Unpause deployments.
        DeploymentUnpause = "deployment:unpause",
        /// Read logs.
        DeploymentLogsView = "deployment:logs:view",
        /// Read metrics.
        DeploymentMetricsView = "deployment:metrics:view",
        /// Read data.
        DeploymentDataView = "deployment:data:view",
        /// Write data.
        DeploymentDataWrite = "deployment:data:write",
        /// Download backups.
        DeploymentBackupsDownload = "deployment:backups:download",
        /// Run functions as an end user.
        DeploymentFunctionsActAsUser = "deployment:functions:actAsUser",
        /// Run internal queries.
        DeploymentFunctionsRunInternalQueries = "deployment:functions:runInternalQueries",
        /// Run internal mutations.
        DeploymentFunctionsRunInternalMutations = "deployment:functions:runInternalMutations",
        /// Run internal actions.
        DeploymentFunctionsRunInternalActions = "deployment:functions:runInternalActions",
        /// Run test queries.
        DeploymentFunctionsRunTestQuery = "deployment:functions:runTestQuery",
        /// Read the audit logs of deployments.
        DeploymentAuditLogView = "deployment:auditLog:view",
        /// List usage limits.
        DeploymentUsageLimitsView = "deployment:usageLimits:view",
        /// Create, change and delete usage limits.
        DeploymentUsageLimitsWrite = "deployment:usageLimits:write",
        /// Read the usage of deployments.
        DeploymentUsageView = "deployment:usage:view",
    }
}
