//! The operations of the Deployment Platform API, by topic.

/// Declares an operation of this API. See [`operation!`](crate::operation::declare::operation).
macro_rules! deployment_operation {
    ($($declaration:tt)*) => {
        crate::operation::declare::operation! {
            api: DeploymentApi "/api/v1",
            credentials: [DeployKey, OAuthTeamToken, TeamToken, OAuthProjectToken],
            $($declaration)*
        }
    };
}

pub mod audit_log;
pub mod canonical_urls;
pub mod data_sync;
pub mod environment_variables;
pub mod info;
pub mod lifecycle;
pub mod log_streams;
pub mod usage;
pub mod usage_limits;

/// Re-exports the operations of this API, which is the only second path that a type has.
macro_rules! export_operations {
    () => {};
    (deployment::$topic:ident::$operation:ident, $($rest:tt)*) => {
        pub use self::$topic::$operation;
        export_operations! { $($rest)* }
    };
    ($api:ident::$topic:ident::$operation:ident, $($rest:tt)*) => {
        export_operations! { $($rest)* }
    };
}

crate::operation::registry::for_each_operation!(export_operations);
