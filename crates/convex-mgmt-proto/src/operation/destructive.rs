//! [`is_destructive`] and [`destroys_own_credential`]: recognize the requests that destroy something, for layers that guard them.

use bytes::Bytes;
use http::Request;
use serde::Deserialize;

use crate::metadata::{ManagementApi, OperationMeta};
use crate::request::Endpoint;
use crate::types::Secret;

/// Marks a request that destroys nothing, although its operation is destructive or it has no operation.
///
/// The exception is marked, and not the rule: if a layer loses the marker, the request counts as destructive.
#[derive(Clone, Copy)]
pub(crate) struct Harmless;

/// Marks the request of a destructive operation that was built without its checks.
#[derive(Clone, Copy)]
pub(super) struct Unchecked;

/// Returns `false` if the request provably destroys nothing, by the operation in its extensions. Returns `true` for a request without
/// an operation, because nothing is known of it. The code exchange of the OAuth flow is the exception.
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
    extensions.get::<Harmless>().is_none() && operation.is_none_or(|meta| meta.destroys.is_some())
}

/// Returns `true` if a request deletes the credential that it is sent with. For layers that renew credentials between attempts: the
/// operation was checked with the credential of its endpoint ([`Operation::check_for`](crate::Operation::check_for)), and not with the
/// renewed one.
///
/// It recognizes the deletions of keys and tokens of this library by their secret. It returns `false` for an operation that was sent
/// [`unchecked`](crate::Operation::unchecked).
///
/// ```
/// use convex_mgmt::management::DeleteDeployKey;
/// use convex_mgmt::management::access_tokens::TokenSelector;
/// use convex_mgmt::proto::guard::destroys_own_credential;
/// use convex_mgmt::{AccessToken, Endpoint, Operation};
///
/// let endpoint = |token| Endpoint::new("https://api.convex.dev", &AccessToken::parse(token)?).map_err(Box::<dyn std::error::Error>::from);
/// let delete = DeleteDeployKey::new("happy-animal-123", TokenSelector::by_secret("prod:happy-animal-123|new"));
/// let mut request = delete.to_request(&endpoint("team:acme|old")?)?;
/// assert!(!destroys_own_credential(&request));
/// endpoint("team:acme|new")?.authorize(&mut request);
/// assert!(destroys_own_credential(&request));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[inline]
pub fn destroys_own_credential(request: &Request<Bytes>) -> bool {
    #[derive(Deserialize)]
    struct Selected {
        id: Secret,
    }
    let extensions = request.extensions();
    let operation = extensions.get::<&'static OperationMeta>();
    // Other operations are not read: the body may be large.
    operation.is_some_and(|meta| meta.destroys.is_some() && meta.secret_request)
        && extensions.get::<Unchecked>().is_none()
        // The server reads with serde_json, too: also a list, which this library never writes.
        && serde_json::from_slice(request.body()).is_ok_and(|Selected { id }| {
            Endpoint::<ManagementApi>::of_request(request).is_some_and(|endpoint| endpoint.has_secret_of(&id))
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::management::DeleteDeployKey;
    use crate::management::access_tokens::TokenSelector;
    use crate::{AccessToken, Operation};

    #[test]
    fn recognizes_the_own_credential_in_every_body_that_the_server_accepts() {
        let token = AccessToken::parse("team:acme|made-up").unwrap();
        let endpoint = Endpoint::new("https://api.convex.dev", &token).unwrap();
        let delete = DeleteDeployKey::new("happy-animal-123", TokenSelector::by_secret("another"));
        let mut request = delete.to_request(&endpoint).unwrap();
        for (body, is_own) in [
            (&br#"{"id":"team:acme|made-up"}"#[..], true),
            (br#" { "new": [1], "id": "made-up" } "#, true),
            (br#"["made-up"]"#, true),
            (b"{\"id\":\"made-up\",\"new\":\"\xff\"}", true),
            (br#"["another"]"#, false),
            (br#""made-up""#, false),
        ] {
            *request.body_mut() = Bytes::from_static(body);
            assert_eq!(destroys_own_credential(&request), is_own, "{}", String::from_utf8_lossy(body));
        }
    }
}
