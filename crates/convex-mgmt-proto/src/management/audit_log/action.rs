//! [`TeamAuditLogAction`]: the actions that the audit log of a team records.

use crate::types::open::open_enum;

open_enum! {
    /// The action that an entry of a team's audit log records.
    ///
    /// The texts have colons, unlike those of a deployment's audit log.
    pub enum TeamAuditLogAction {
        /// A member joined the team.
        TeamJoin = "team:join",
        /// The team was created.
        TeamCreate = "team:create",
        /// The team was changed.
        TeamUpdate = "team:update",
        /// The team was deleted.
        TeamDelete = "team:delete",
        /// A project was created.
        ProjectCreate = "project:create",
        /// A project was transferred to another team.
        ProjectTransfer = "project:transfer",
        /// A project was received from another team.
        ProjectReceive = "project:receive",
        /// A project was changed.
        ProjectUpdate = "project:update",
        /// A project was deleted.
        ProjectDelete = "project:delete",
        /// A default environment variable was created.
        DefaultEnvironmentVariableCreate = "defaultEnvironmentVariable:create",
        /// A default environment variable was changed.
        DefaultEnvironmentVariableUpdate = "defaultEnvironmentVariable:update",
        /// A default environment variable was deleted.
        DefaultEnvironmentVariableDelete = "defaultEnvironmentVariable:delete",
        /// A deployment was created.
        DeploymentCreate = "deployment:create",
        /// A deployment was deleted.
        DeploymentDelete = "deployment:delete",
        /// A member was invited.
        MemberInvite = "member:invite",
        /// An invitation was cancelled.
        MemberCancelInvitation = "member:cancelInvitation",
        /// A member was removed.
        MemberRemove = "member:remove",
        /// The role of a member was changed.
        MemberUpdateRole = "member:updateRole",
        /// The role of a member in a project was changed.
        ProjectUpdateMemberRole = "project:updateMemberRole",
        /// The payment method was changed.
        BillingPaymentMethodUpdate = "billing:paymentMethod:update",
        /// The billing contact was changed.
        BillingContactUpdate = "billing:contact:update",
        /// The billing address was changed.
        BillingAddressUpdate = "billing:address:update",
        /// A subscription was created.
        BillingSubscriptionCreate = "billing:subscription:create",
        /// The subscription was resumed.
        BillingSubscriptionResume = "billing:subscription:resume",
        /// The subscription was cancelled.
        BillingSubscriptionCancel = "billing:subscription:cancel",
        /// The plan of the subscription was changed.
        BillingSubscriptionChangePlan = "billing:subscription:changePlan",
        /// A team access token was created.
        TeamTokenCreate = "team:token:create",
        /// A team access token was changed.
        TeamTokenUpdate = "team:token:update",
        /// A team access token was deleted.
        TeamTokenDelete = "team:token:delete",
        /// Team access tokens were listed.
        TeamTokenView = "team:token:view",
        /// A token of a project was created.
        ProjectTokenCreate = "project:token:create",
        /// A token of a project was changed.
        ProjectTokenUpdate = "project:token:update",
        /// A token of a project was deleted.
        ProjectTokenDelete = "project:token:delete",
        /// Tokens of a project were listed.
        ProjectTokenView = "project:token:view",
        /// A deploy key was created.
        DeploymentTokenCreate = "deployment:token:create",
        /// A deploy key was changed.
        DeploymentTokenUpdate = "deployment:token:update",
        /// A deploy key was deleted.
        DeploymentTokenDelete = "deployment:token:delete",
        /// Deploy keys were listed.
        DeploymentTokenView = "deployment:token:view",
        /// A custom domain was added.
        DeploymentCustomDomainCreate = "deployment:customDomain:create",
        /// A custom domain was removed.
        DeploymentCustomDomainDelete = "deployment:customDomain:delete",
        /// A backup was created.
        DeploymentBackupsCreate = "deployment:backups:create",
        /// A backup was restored.
        DeploymentBackupsImport = "deployment:backups:import",
        /// Periodic backups were switched on or changed.
        DeploymentBackupsConfigurePeriodic = "deployment:backups:configurePeriodic",
        /// Periodic backups were switched off.
        DeploymentBackupsDisablePeriodic = "deployment:backups:disablePeriodic",
        /// A backup was deleted.
        DeploymentBackupsDelete = "deployment:backups:delete",
        /// The team was disabled because it exceeded its spending limits.
        TeamDisableExceedingSpendingLimits = "team:disableExceedingSpendingLimits",
        /// The spending limit was changed.
        BillingSpendingLimitUpdate = "billing:spendingLimit:update",
        /// A referral code was applied to the team.
        TeamApplyReferralCode = "team:applyReferralCode",
        /// An OAuth application was created.
        OAuthApplicationCreate = "oauthApplication:create",
        /// An OAuth application was changed.
        OAuthApplicationUpdate = "oauthApplication:update",
        /// An OAuth application was deleted.
        OAuthApplicationDelete = "oauthApplication:delete",
        /// An OAuth application was verified.
        OAuthApplicationVerify = "oauthApplication:verify",
        /// A client secret of an OAuth application was generated.
        OAuthApplicationGenerateClientSecret = "oauthApplication:generateClientSecret",
        /// A WorkOS team was created.
        IntegrationWorkOsTeamCreate = "integration:workos:team:create",
        /// A WorkOS environment of a deployment was created.
        IntegrationWorkOsEnvironmentCreate = "integration:workos:environment:create",
        /// A WorkOS environment of a deployment was deleted.
        IntegrationWorkOsEnvironmentDelete = "integration:workos:environment:delete",
        /// The credentials of a deployment's WorkOS environment were read.
        IntegrationWorkOsEnvironmentRetrieveCredentials = "integration:workos:environment:retrieveCredentials",
        /// The WorkOS team was disconnected.
        IntegrationWorkOsTeamDisconnect = "integration:workos:team:disconnect",
        /// A member was invited to the WorkOS team.
        IntegrationWorkOsTeamInviteMember = "integration:workos:team:inviteMember",
        /// A WorkOS environment of a project was created.
        IntegrationWorkOsProjectEnvironmentCreate = "integration:workos:projectEnvironment:create",
        /// A WorkOS environment of a project was deleted.
        IntegrationWorkOsProjectEnvironmentDelete = "integration:workos:projectEnvironment:delete",
        /// The credentials of a project's WorkOS environment were read.
        IntegrationWorkOsProjectEnvironmentRetrieveCredentials = "integration:workos:projectEnvironment:retrieveCredentials",
        /// Single sign-on was switched on.
        SsoEnable = "sso:enable",
        /// Single sign-on was switched off.
        SsoDisable = "sso:disable",
        /// Single sign-on was changed.
        SsoUpdate = "sso:update",
        /// A deployment was transferred to another project.
        DeploymentTransfer = "deployment:transfer",
        /// A deployment was received from another project.
        DeploymentReceive = "deployment:receive",
        /// A deployment was changed.
        DeploymentUpdate = "deployment:update",
        /// A custom role was created.
        CustomRoleCreate = "customRole:create",
        /// A custom role was changed.
        CustomRoleUpdate = "customRole:update",
        /// A custom role was deleted.
        CustomRoleDelete = "customRole:delete",
    }
}
