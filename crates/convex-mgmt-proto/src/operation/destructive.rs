//! [`is_destructive`]: recognizes the requests that destroy something, for a layer that guards them.

use http::Request;

use crate::metadata::OperationMeta;

/// Marks the request of a destructive operation that destroys nothing itself.
///
/// The exception is marked, and not the rule: if a layer loses the marker, the request counts as destructive.
#[derive(Clone, Copy)]
pub(super) struct Harmless;

/// Returns `false` if the request provably destroys nothing, by the operation in its extensions. Returns `true` for a request without
/// an operation, because nothing is known of it.
///
/// ```
/// use convex_mgmt::deployment::PauseDeployment;
/// use convex_mgmt::proto::guard::is_destructive;
/// use convex_mgmt::{DeployKey, Endpoint, Operation, http};
///
/// let endpoint = Endpoint::new("https://happy-animal-123.convex.cloud", &DeployKey::parse("happy-animal-123|made-up")?)?;
/// assert!(!is_destructive(&PauseDeployment::new().to_request(&endpoint)?));
/// assert!(is_destructive(&http::Request::new(())));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn is_destructive<B>(request: &Request<B>) -> bool {
    let extensions = request.extensions();
    let operation = extensions.get::<&'static OperationMeta>();
    operation.is_none_or(|meta| meta.destroys.is_some() && extensions.get::<Harmless>().is_none())
}
