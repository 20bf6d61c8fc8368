//! The list of all operations. Everything that covers every operation is derived from it.

/// Calls a macro with all operations, each as `API::topic::Operation,`. Tokens after the macro's name are passed on first.
///
/// ```
/// macro_rules! count {
///     ($($api:ident::$topic:ident::$operation:ident,)+) => { [$(stringify!($operation)),+].len() };
/// }
/// assert_eq!(convex_mgmt::proto::for_each_operation!(count), convex_mgmt::proto::OPERATIONS.len());
/// ```
#[doc(hidden)]
#[macro_export]
macro_rules! for_each_operation {
    ($callback:ident $(, $($first:tt)+)?) => {
        $callback! {
            $($($first)+)?
            deployment::audit_log::ListAuditLogEvents,
            deployment::canonical_urls::GetCanonicalUrls,
            deployment::canonical_urls::UpdateCanonicalUrl,
            deployment::data_sync::DataSync,
            deployment::data_sync::ListActiveSyncs,
            deployment::environment_variables::ListEnvironmentVariables,
            deployment::environment_variables::UpdateEnvironmentVariables,
            deployment::info::GetDeploymentInfo,
            deployment::lifecycle::PauseDeployment,
            deployment::lifecycle::UnpauseDeployment,
            deployment::log_streams::CreateLogStream,
            deployment::log_streams::DeleteLogStream,
            deployment::log_streams::GetLogStream,
            deployment::log_streams::ListLogStreams,
            deployment::log_streams::RotateWebhookSecret,
            deployment::log_streams::UpdateLogStream,
            deployment::usage::GetCurrentUsage,
            deployment::usage_limits::CreateUsageLimit,
            deployment::usage_limits::DeleteUsageLimit,
            deployment::usage_limits::ListUsageLimits,
            deployment::usage_limits::UpdateUsageLimit,
            management::access_tokens::CreatePersonalAccessToken,
            management::access_tokens::CreateTeamAccessToken,
            management::access_tokens::DeletePersonalAccessToken,
            management::access_tokens::DeleteTeamAccessToken,
            management::access_tokens::GetTokenDetails,
            management::access_tokens::ListPersonalAccessTokens,
            management::access_tokens::ListTeamAccessTokens,
            management::audit_log::ListAuditLogEvents,
            management::custom_domains::CreateCustomDomain,
            management::custom_domains::DeleteCustomDomain,
            management::custom_domains::ListCustomDomains,
            management::custom_roles::CreateCustomRole,
            management::custom_roles::DeleteCustomRole,
            management::custom_roles::ListCustomRoles,
            management::custom_roles::UpdateCustomRole,
            management::default_environment_variables::ListDefaultEnvironmentVariables,
            management::default_environment_variables::UpdateDefaultEnvironmentVariables,
            management::deploy_keys::CreateDeployKey,
            management::deploy_keys::DeleteDeployKey,
            management::deploy_keys::ListDeployKeys,
            management::deployments::CreateDeployment,
            management::deployments::DeleteDeployment,
            management::deployments::GetDeployment,
            management::deployments::GetDeploymentInProjectByProjectId,
            management::deployments::GetDeploymentInProjectByProjectSlug,
            management::deployments::ListDeploymentClasses,
            management::deployments::ListDeploymentRegions,
            management::deployments::ListDeployments,
            management::deployments::ListDeploymentsForTeam,
            management::deployments::ListLocalDeploymentsForTeam,
            management::deployments::TransferDeployment,
            management::deployments::UpdateDeployment,
            management::members::CancelTeamMemberInvite,
            management::members::InviteTeamMember,
            management::members::ListPendingTeamInvites,
            management::members::ListTeamMembers,
            management::members::UpdateTeamMemberRole,
            management::preview_deploy_keys::CreatePreviewDeployKey,
            management::preview_deploy_keys::DeletePreviewDeployKey,
            management::preview_deploy_keys::ListPreviewDeployKeys,
            management::projects::CreateProject,
            management::projects::DeleteProject,
            management::projects::GetProjectById,
            management::projects::GetProjectBySlug,
            management::projects::ListProjects,
            management::projects::UpdateProject,
            management::teams::CreateTeam,
        }
    };
}

/// Re-exports the operations of an API from its module, which calls `for_each_operation!(export_operations, deployment:)`. No
/// other type of a topic has a second path.
macro_rules! export_operations {
    ($api:ident:) => {};
    (deployment: deployment::$topic:ident::$operation:ident, $($rest:tt)*) => {
        pub use self::$topic::$operation;
        export_operations! { deployment: $($rest)* }
    };
    (management: management::$topic:ident::$operation:ident, $($rest:tt)*) => {
        pub use self::$topic::$operation;
        export_operations! { management: $($rest)* }
    };
    ($api:ident: $other:ident::$topic:ident::$operation:ident, $($rest:tt)*) => {
        export_operations! { $api: $($rest)* }
    };
}

pub(crate) use {export_operations, for_each_operation};
