//! [`Fake`]: the handle through which a test and a server use the deployment.

use std::fmt;
use std::sync::{Arc, OnceLock};

use axum::Router;

use crate::state::{Deployment, Shared};

/// An in-memory deployment with the Deployment Platform API. A clone is the same deployment.
///
/// It is a tower service from `http::Request<Bytes>` to `http::Response<Bytes>`. Its methods prepare the deployment, inject
/// faults, and return what the code under test has done.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use bytes::Bytes;
/// use convex_mgmt_fake::Fake;
/// use http::Request;
/// use tower::ServiceExt;
///
/// let key = "happy-animal-123|01c0ffee";
/// let fake = Fake::builder("happy-animal-123").admin_key(key).build();
///
/// let request = Request::post("https://happy-animal-123.convex.cloud/api/v1/update_environment_variables")
///     .header("authorization", format!("Convex {key}"))
///     .header("content-type", "application/json")
///     .body(Bytes::from(r#"{"changes": [{"name": "GREETING", "value": "hello"}]}"#))?;
/// assert_eq!(fake.clone().oneshot(request).await?.status(), 200);
///
/// assert_eq!(fake.variables(), [("GREETING".to_owned(), "hello".to_owned())]);
/// assert_eq!(fake.requests()[0].headers["authorization"], format!("Convex {key}"));
/// assert_eq!(fake.audit_log()[0].action, "create_environment_variable");
/// # Ok(())
/// # }
/// ```
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
