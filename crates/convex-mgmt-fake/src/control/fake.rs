//! [`Fake`]: the handle through which a test and a server use the deployment.

use std::fmt;
use std::sync::{Arc, OnceLock};

use axum::Router;

use crate::state::{Deployment, Shared};

/// An in-memory deployment. A clone is the same deployment.
#[derive(Clone)]
pub struct Fake {
    pub(crate) state: Shared,
    /// The routes of the API. They are built for the first request: a control plane may have thousands of deployments.
    pub(crate) router: Arc<OnceLock<Router>>,
}

impl Fake {
    /// A deployment without routes and data.
    pub(crate) fn empty(name: impl Into<String>) -> Self {
        Self { state: Shared::new(Deployment::new(name.into())), router: Arc::new(Router::new().into()) }
    }
}

impl fmt::Debug for Fake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fake").field("name", &self.state.deployment().name).finish_non_exhaustive()
    }
}
