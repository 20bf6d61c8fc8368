//! [`Fake`]: the handle through which a test and a server use the deployment.

use std::fmt;

use axum::Router;

use crate::state::Shared;

/// An in-memory deployment. A clone is the same deployment.
#[derive(Clone)]
pub struct Fake {
    pub(crate) state: Shared,
    /// The routes of the API.
    pub(crate) router: Router,
}

impl fmt::Debug for Fake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fake").field("name", &self.state.deployment().name).finish_non_exhaustive()
    }
}
