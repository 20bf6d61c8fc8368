//! [`WorkerEvent`]: what a worker did.

use convex_mgmt::sync::Progress;

use super::list::ListError;
use crate::postgres::PostgresError;

/// An event of a worker.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum WorkerEvent<'a> {
    /// The worker read the list of deployments.
    Listed {
        /// Their number.
        deployments: usize,
    },
    /// The list of deployments cannot be read. The worker keeps the list that it has.
    NotListed {
        /// The error.
        error: &'a ListError,
    },
    /// A turn ended.
    Synced {
        /// The URL of the deployment.
        deployment: &'a str,
        /// The progress of the turn. It is not up to date if the turn was too short for that.
        progress: &'a Progress,
    },
    /// A turn failed. The deployment has another turn later, here or in another worker.
    Failed {
        /// The URL of the deployment.
        deployment: &'a str,
        /// The error.
        error: &'a str,
    },
    /// The connection to the database that has the order of turns was lost. The worker connects again.
    Disconnected {
        /// The error.
        error: &'a PostgresError,
    },
}
