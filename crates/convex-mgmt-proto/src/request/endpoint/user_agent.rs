//! [`UserAgent`]: what a client says of itself.

use http::HeaderValue;

use super::EndpointError;

/// What `User-Agent` says without a product of an integrator's. The server stores it in audit log entries.
pub(super) const AGENT: &str = concat!("convex-mgmt/", env!("CARGO_PKG_VERSION"));

/// A `User-Agent`: an integrator's product, such as `my-tool/1.2`, in front of this library's. It has no secret.
///
/// ```
/// use convex_mgmt::proto::UserAgent;
///
/// assert!(UserAgent::new("my-tool/1.2 (+https://example.com)").is_ok());
/// assert!(UserAgent::new("café/1").is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserAgent(HeaderValue);

impl UserAgent {
    /// Names a product. White space around it is taken off.
    ///
    /// Products and comments are ASCII (RFC 9110, sections 10.1.5 and 5.6). Other text would be sent as bytes that each server
    /// reads in its own way, and stand in the audit log as something else.
    ///
    /// # Errors
    /// [`EndpointError::UserAgent`] if the product is empty, or has a character that is neither visible ASCII nor a blank.
    pub fn new(product: &str) -> Result<Self, EndpointError> {
        let product = product.trim();
        if product.is_empty() || !product.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
            return Err(EndpointError::UserAgent);
        }
        HeaderValue::from_str(&format!("{product} {AGENT}")).map(Self).map_err(|_| EndpointError::UserAgent)
    }

    pub(super) fn into_value(self) -> HeaderValue {
        self.0
    }
}
