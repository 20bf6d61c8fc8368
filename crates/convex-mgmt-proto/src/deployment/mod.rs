//! The Deployment Platform API: reads and changes the settings and data of one deployment.
//!
//! Each deployment serves it below `/api/v1` at its own URL. Every operation accepts a deploy key of the deployment, a team
//! access token, and an OAuth token of a team or project. The docs of an
//! operation name the permission that a restricted credential needs.
//!
//! The operations are re-exported here; their types are in the module of their topic:
//!
//! * [`audit_log`]: list the entries of the audit log.
//! * [`canonical_urls`]: read and set the URLs that the deployment publishes as its own.
//! * [`data_sync`]: copy documents and follow their changes; list the syncs in progress.
//! * [`environment_variables`]: list and change environment variables; plan changes; read `.env` text.
//! * [`info`]: read the kind of the deployment and its ids.
//! * [`lifecycle`]: pause and unpause the deployment.
//! * [`log_streams`]: send events to Datadog, a webhook, Axiom, Sentry or PostHog.
//! * [`usage`]: read the usage of each metric.
//! * [`usage_limits`]: list and change the limits at which the deployment warns or stops.

use crate::operation::registry::{export_operations, for_each_operation};

/// Declares an operation of this API. See [`operation!`](crate::operation::declare::operation).
macro_rules! deployment_operation {
    ($($declaration:tt)*) => {
        crate::operation::declare::operation! {
            api: DeploymentApi,
            credentials: [DeployKey, TeamToken, OAuthTeamToken, OAuthProjectToken],
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

for_each_operation!(export_operations, deployment:);
