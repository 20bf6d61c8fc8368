//! [`UserAgent`]: the value of the `User-Agent` header.

use http::HeaderValue;

use super::EndpointError;

/// The `User-Agent` without an integrator's product. The server stores the header in audit log entries.
pub(super) const AGENT: &str = concat!("convex-mgmt/", env!("CARGO_PKG_VERSION"));

/// A `User-Agent`: an integrator's product, such as `my-tool/1.2`, followed by this library's. It contains no secret.
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
    /// Creates a header value from a product. White space around it is removed.
    ///
    /// Products and comments are ASCII (RFC 9110, sections 10.1.5 and 5.6). Servers decode other text differently, so the audit log
    /// would show something else.
    ///
    /// # Errors
    /// [`EndpointError::UserAgent`] if the product is empty, or has a character that is neither visible ASCII nor a space.
    pub fn new(product: &str) -> Result<Self, EndpointError> {
        let product = product.trim();
        if product.is_empty() || !product.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
            return Err(EndpointError::UserAgent);
        }
        HeaderValue::from_str(&format!("{product} {AGENT}")).map(Self).map_err(|_| EndpointError::UserAgent)
    }

    /// Returns the `User-Agent` without an integrator's product.
    #[cfg(feature = "oauth")]
    pub(crate) fn of_library() -> Self {
        Self(HeaderValue::from_static(AGENT))
    }

    pub(crate) fn into_value(self) -> HeaderValue {
        self.0
    }
}
