//! [`Endpoint`]: the URL of an API, and the headers of every request to it.

mod user_agent;

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{AUTHORIZATION, HOST, HeaderName, USER_AGENT};
use http::uri::{Authority, Scheme};
use http::{HeaderMap, HeaderValue, Request};
use subtle::ConstantTimeEq;
pub use user_agent::UserAgent;
use zeroize::Zeroizing;

use super::encoder::RequestEncoder;
use crate::auth::{AccessTokenKind, Authorizes, Credential, CredentialKind};
use crate::error::BuildError;
use crate::metadata::{Api, DeploymentApi, ManagementApi, OperationMeta};
use crate::types::Secret;
use crate::types::url::{self, Parts};
pub use crate::types::url::{EndpointError, is_loopback};

/// The header that identifies the client, in the form `name-version`. Source: convex-backend
/// `crates/common/src/version.rs`.
pub const CONVEX_CLIENT: HeaderName = HeaderName::from_static("convex-client");

/// The value of [`CONVEX_CLIENT`]. The server knows no client of this name, so it never rejects its version.
const CLIENT: &str = concat!("convex-mgmt-rust-", env!("CARGO_PKG_VERSION"));

/// The URL of an API and a credential. It prepares `Authorization`, `Host` and the other headers of all requests once.
///
/// The URL comes from the user or from the API. It is never derived from a deployment's name, which contains neither a region nor
/// a custom domain. [`Endpoint::warning`] detects URLs of Convex that do not serve a deployment's API.
///
/// The URL is an origin. [`Endpoint::with_path_prefix`] accepts a path too, for a self-hosted server behind a proxy. It is a
/// separate constructor, so that the URL of a web page is not accepted by mistake.
///
/// Clones share all data. `Debug` shows the URL and no credential.
pub struct Endpoint<A> {
    shared: Arc<Shared>,
    api: PhantomData<fn() -> A>,
}

#[derive(Clone)]
struct Shared {
    /// Scheme, authority, path prefix and [`Api::PREFIX`].
    base: Box<str>,
    /// The length of the origin in `base`.
    origin: usize,
    /// The length of the origin and the path prefix in `base`.
    url: usize,
    /// The scheme and the authority of the origin, which all requests share.
    scheme: Scheme,
    authority: Authority,
    headers: HeaderMap,
    /// The kind of the credential. `None` if only its text is known.
    kind: Option<CredentialKind>,
    /// `true` if the product in the `User-Agent` was set on this endpoint, and not on the client.
    own_product: bool,
}

/// The rules of a constructor.
#[derive(Clone, Copy)]
struct Allowed {
    plaintext: bool,
    prefix: bool,
}

/// What does not depend on the API's type, so that it is compiled once.
impl Shared {
    /// Reads the URL of an endpoint with these headers, except `Host`. `api` is the [`Api::PREFIX`].
    fn new(
        url: &str,
        api: &str,
        allowed: Allowed,
        mut headers: HeaderMap,
        kind: Option<CredentialKind>,
        own_product: bool,
    ) -> Result<Self, EndpointError> {
        let parts = Parts::read(url)?;
        if parts.user_info {
            return Err(EndpointError::UserInfo);
        }
        if parts.query {
            return Err(EndpointError::Query);
        }
        let prefix = match parts.path {
            "" | "/" => "",
            _ if allowed.prefix => parts.prefix()?,
            _ => return Err(EndpointError::Path),
        };
        if prefix.ends_with(api) {
            return Err(EndpointError::ApiPath);
        }
        if !parts.encrypted && !allowed.plaintext && !parts.is_loopback() {
            return Err(EndpointError::Plaintext);
        }
        let authority = parts.authority();
        let host = HeaderValue::from_str(&authority).map_err(|_| EndpointError::HostCharacter)?;
        headers.insert(HOST, host);
        let origin = parts.origin();
        Ok(Self {
            scheme: if parts.encrypted { Scheme::HTTPS } else { Scheme::HTTP },
            authority: Authority::try_from(authority).map_err(|_| EndpointError::HostCharacter)?,
            origin: origin.len(),
            url: origin.len() + prefix.len(),
            base: (origin + prefix + api).into(),
            headers,
            kind,
            own_product,
        })
    }

    fn set_header(shared: &mut Arc<Self>, name: HeaderName, value: HeaderValue) {
        Arc::make_mut(shared).headers.insert(name, value);
    }
}

/// Returns the headers of all requests.
fn headers(authorization: HeaderValue) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(6);
    // The first header of each request. `Shared::new` sets it.
    headers.insert(HOST, HeaderValue::from_static(""));
    headers.insert(AUTHORIZATION, authorization);
    headers.insert(USER_AGENT, HeaderValue::from_static(user_agent::AGENT));
    headers.insert(CONVEX_CLIENT, HeaderValue::from_static(CLIENT));
    headers
}

impl<A: Api> Endpoint<A> {
    /// Creates an endpoint from an origin such as `https://happy-animal-123.convex.cloud`.
    ///
    /// `http` is accepted for loopback hosts only; [`Endpoint::new_insecure`] accepts it for all hosts. One `/` at the end is
    /// ignored. Any other path is an error; [`Endpoint::with_path_prefix`] accepts one.
    ///
    /// # Errors
    /// An [`EndpointError`] that names the broken rule. It never repeats the URL, which may contain a password.
    pub fn new(url: &str, credential: &impl Authorizes<A>) -> Result<Self, EndpointError> {
        Self::at(url, credential, Allowed { plaintext: false, prefix: false })
    }

    /// Creates an endpoint that accepts `http` for every host, such as a server in the same private network. Anyone who can read
    /// that network's traffic can read the credential.
    ///
    /// # Errors
    /// As for [`Endpoint::new`].
    pub fn new_insecure(url: &str, credential: &impl Authorizes<A>) -> Result<Self, EndpointError> {
        Self::at(url, credential, Allowed { plaintext: true, prefix: false })
    }

    /// Creates an endpoint below a path, such as `https://example.com/convex`: a self-hosted server behind a proxy that removes the
    /// path. Requests go to `https://example.com/convex/api/v1/...`.
    ///
    /// The path has segments of letters, digits and `-._~`, each after one `/`. A segment is not `.` or `..`. The path has at most
    /// 1,024 bytes. One `/` at the end is ignored. A URL without a path is accepted as by [`Endpoint::new`]. The API's own path
    /// (`/api/v1`) is not part of it.
    ///
    /// ```
    /// use convex_mgmt::deployment::GetCanonicalUrls;
    /// use convex_mgmt::{DeployKey, Endpoint, Operation};
    ///
    /// let key = DeployKey::parse("happy-animal-123|01abcd")?;
    /// let endpoint = Endpoint::with_path_prefix("https://example.com/convex/", &key)?;
    /// assert_eq!(endpoint.url(), "https://example.com/convex");
    /// let request = GetCanonicalUrls::new().to_request(&endpoint)?;
    /// assert_eq!(request.uri(), "https://example.com/convex/api/v1/get_canonical_urls");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As for [`Endpoint::new`], [`EndpointError::PathPrefix`] and [`EndpointError::ApiPath`].
    pub fn with_path_prefix(url: &str, credential: &impl Authorizes<A>) -> Result<Self, EndpointError> {
        Self::at(url, credential, Allowed { plaintext: false, prefix: true })
    }

    /// Creates an endpoint below a path that accepts `http` for every host: [`Endpoint::with_path_prefix`] and
    /// [`Endpoint::new_insecure`] in one.
    ///
    /// # Errors
    /// As for [`Endpoint::with_path_prefix`].
    pub fn insecure_with_path_prefix(url: &str, credential: &impl Authorizes<A>) -> Result<Self, EndpointError> {
        Self::at(url, credential, Allowed { plaintext: true, prefix: true })
    }

    fn at(url: &str, credential: &impl Authorizes<A>, allowed: Allowed) -> Result<Self, EndpointError> {
        let headers = headers(authorization(credential)?);
        Shared::new(url, A::PREFIX, allowed, headers, Some(credential.credential_kind()), false).map(Self::of)
    }

    fn of(shared: Shared) -> Self {
        Self { shared: Arc::new(shared), api: PhantomData }
    }

    /// Returns this endpoint with another credential.
    ///
    /// # Errors
    /// [`EndpointError::UnsendableCredential`] if the credential cannot be sent in a header.
    pub fn with_credential(self, credential: &impl Authorizes<A>) -> Result<Self, EndpointError> {
        let mut endpoint = self.with_header(AUTHORIZATION, authorization(credential)?);
        Arc::make_mut(&mut endpoint.shared).kind = Some(credential.credential_kind());
        Ok(endpoint)
    }

    /// Returns this endpoint with an integrator's product before this library's in the `User-Agent`, such as `my-tool/1.2`. The
    /// server stores the header in the audit log.
    ///
    /// The product of a client does not replace it, because an endpoint is more specific than a client.
    ///
    /// # Errors
    /// [`EndpointError::UserAgent`] as for [`UserAgent::new`].
    pub fn with_user_agent(self, product: &str) -> Result<Self, EndpointError> {
        let mut endpoint = self.with_header(USER_AGENT, UserAgent::new(product)?.into_value());
        Arc::make_mut(&mut endpoint.shared).own_product = true;
        Ok(endpoint)
    }

    /// Returns this endpoint with the `User-Agent` of a client, unless it has its own product ([`Endpoint::with_user_agent`]).
    /// Another client's `User-Agent` replaces it.
    pub fn with_default_user_agent(self, user_agent: UserAgent) -> Self {
        if self.shared.own_product { self } else { self.with_header(USER_AGENT, user_agent.into_value()) }
    }

    fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        Shared::set_header(&mut self.shared, name, value);
        self
    }

    /// Replaces the credential of a request with this endpoint's, for layers that renew credentials between attempts. Call it only
    /// if [`Endpoint::serves`] of the endpoint with the old credential returns `true`.
    pub fn authorize<B>(&self, request: &mut Request<B>) {
        if let Some(value) = self.headers().get(AUTHORIZATION) {
            request.headers_mut().insert(AUTHORIZATION, value.clone());
        }
    }

    /// Returns `true` if a request goes to this endpoint, including its path prefix, with its credential.
    pub fn serves<B>(&self, request: &Request<B>) -> bool {
        let (uri, headers) = (request.uri(), request.headers());
        let (origin, path) = self.base().split_at_checked(self.shared.origin).unwrap_or_default();
        uri.scheme_str().zip(uri.authority().map(Authority::as_str)) == origin.split_once("://")
            && uri.path().strip_prefix(path).is_some_and(|rest| rest.starts_with('/'))
            && headers.get(AUTHORIZATION) == self.headers().get(AUTHORIZATION)
    }

    /// Returns `true` if `credential` has the same secret as this endpoint's credential: the part after the last `|`, or all of it. The
    /// kind and the names before the `|` may differ, and white space around the text does not count: no secret has any, and a server may
    /// remove it. The comparison takes constant time for texts of equal length.
    pub fn has_secret_of(&self, credential: &Secret) -> bool {
        let own = self.headers().get(AUTHORIZATION).and_then(|value| value.as_bytes().get(A::SCHEME.len()..));
        let secret = |text: &[u8]| text.iter().rposition(|byte| *byte == b'|').map_or(0, |at| at + 1);
        let other = credential.expose().as_bytes();
        let other = other.get(secret(other)..).unwrap_or_default().trim_ascii();
        own.and_then(|own| own.get(secret(own)..)).is_some_and(|own| !own.is_empty() && own.ct_eq(other).into())
    }

    /// Returns the kind of this endpoint's credential. An endpoint of [`Endpoint::of_request`] has only the text of the credential:
    /// the kind is then [`AccessTokenKind::Opaque`] if the text does not show it.
    pub fn credential_kind(&self) -> CredentialKind {
        let from_text = || {
            let text = self.headers().get(AUTHORIZATION)?.to_str().ok()?.get(A::SCHEME.len()..)?;
            Some(Credential::parse(text).ok()?.kind())
        };
        let opaque = CredentialKind::AccessToken(AccessTokenKind::Opaque);
        self.shared.kind.or_else(from_text).unwrap_or(opaque)
    }

    /// Returns the URL of the endpoint that a request goes to, as [`Endpoint::url`] returns it. `None` if it is not a request of
    /// this API that [`Operation::to_request`](crate::Operation::to_request) built.
    pub fn url_of_request<B>(request: &Request<B>) -> Option<String> {
        let operation = request.extensions().get::<&'static OperationMeta>()?;
        operation.endpoint_url(request.uri()).filter(|_| operation.api == A::KEY)
    }

    /// Returns the endpoint that a request goes to, with the credential of the request, for layers that serve many endpoints.
    /// `None` as for [`Endpoint::url_of_request`], or if a header of the endpoint is missing.
    pub fn of_request<B>(request: &Request<B>) -> Option<Self> {
        let url = Self::url_of_request(request)?;
        let uri = request.uri();
        let (scheme, authority) = (uri.scheme()?.clone(), uri.authority()?.clone());
        let origin = scheme.as_str().len() + "://".len() + authority.as_str().len();
        let mut headers = HeaderMap::with_capacity(6);
        for name in [HOST, AUTHORIZATION, USER_AGENT, CONVEX_CLIENT] {
            headers.insert(&name, request.headers().get(&name)?.clone());
        }
        let length = url.len();
        let base = (url + A::PREFIX).into();
        let shared = Shared { origin, url: length, base, scheme, authority, headers, kind: None, own_product: true };
        Some(Self::of(shared))
    }

    /// Returns the origin and the path prefix, such as `https://happy-animal-123.convex.cloud` or `https://example.com/convex`.
    pub fn url(&self) -> &str {
        self.base().get(..self.shared.url).unwrap_or_default()
    }

    fn base(&self) -> &str {
        &self.shared.base
    }

    /// Returns an encoder for the request of an operation of this API.
    pub(crate) fn encoder(&self, operation: &'static OperationMeta) -> RequestEncoder {
        let prefix = self.base().get(self.shared.origin..).unwrap_or_default();
        RequestEncoder::new(operation, prefix, A::BODY_LIMIT)
    }

    /// Returns the request of an encoder, addressed to this endpoint.
    pub(crate) fn finish(&self, encoder: RequestEncoder) -> Result<Request<Bytes>, BuildError> {
        encoder.finish(&self.shared.scheme, &self.shared.authority, self.headers())
    }

    pub(crate) fn headers(&self) -> &HeaderMap {
        &self.shared.headers
    }
}

impl Endpoint<DeploymentApi> {
    /// Returns a warning in one line if the URL belongs to HTTP actions, the dashboard or the Management API. Convex does not serve
    /// a deployment's API there: a request would get a 404 or a web page.
    ///
    /// It is not an error, because Convex may change the purpose of its hosts.
    ///
    /// ```
    /// use convex_mgmt::{DeployKey, DeploymentApi, Endpoint};
    ///
    /// let key = DeployKey::parse("prod:happy-animal-123|made-up")?;
    /// let endpoint: Endpoint<DeploymentApi> = Endpoint::new("https://happy-animal-123.convex.site", &key)?;
    /// let warning = endpoint.warning();
    /// assert_eq!(warning, Some("the URL is for HTTP actions: the API's ends with `.convex.cloud`"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn warning(&self) -> Option<&'static str> {
        let parts = Parts::read(self.url()).ok()?;
        if parts.is_below("convex.site") {
            return Some(url::HTTP_ACTIONS);
        }
        let is_shared = parts.is_below("convex.dev");
        is_shared.then_some("the URL is Convex's and not a deployment's: a deployment's ends with `.convex.cloud`")
    }
}

impl Endpoint<ManagementApi> {
    /// Returns the endpoint of a deployment, at a URL that this API returned. It has this endpoint's product, and its token unless
    /// there is another credential.
    pub(crate) fn of_deployment(
        &self,
        url: &str,
        credential: Option<&Credential>,
    ) -> Result<Endpoint<DeploymentApi>, EndpointError> {
        // The user has accepted plaintext if this endpoint uses it. Loopback needs no acceptance.
        let plaintext = Parts::read(self.url()).is_ok_and(|parts| !parts.encrypted && !parts.is_loopback());
        let kind = credential.map_or(self.shared.kind, |credential| Some(credential.kind()));
        let authorization = match credential {
            Some(credential) => authorization::<DeploymentApi>(credential)?,
            None => {
                let own = self.headers().get(AUTHORIZATION).map(HeaderValue::as_bytes).unwrap_or_default();
                let secret = own.get(ManagementApi::SCHEME.len()..).unwrap_or_default();
                authorization_of(DeploymentApi::SCHEME, secret)?
            }
        };
        let mut headers = self.headers().clone();
        headers.insert(AUTHORIZATION, authorization);
        let allowed = Allowed { plaintext, prefix: true };
        Shared::new(url, DeploymentApi::PREFIX, allowed, headers, kind, self.shared.own_product).map(Endpoint::of)
    }
}

fn authorization<A: Api>(credential: &impl Authorizes<A>) -> Result<HeaderValue, EndpointError> {
    authorization_of(A::SCHEME, credential.secret().expose().as_bytes())
}

fn authorization_of(scheme: &str, secret: &[u8]) -> Result<HeaderValue, EndpointError> {
    let mut text = Zeroizing::new(Vec::with_capacity(scheme.len() + secret.len()));
    text.extend_from_slice(scheme.as_bytes());
    text.extend_from_slice(secret);
    // The header value and its clones own the text, which is wiped when the last of them is dropped.
    let mut authorization =
        HeaderValue::from_maybe_shared(Bytes::from_owner(text)).map_err(|_| EndpointError::UnsendableCredential)?;
    authorization.set_sensitive(true);
    Ok(authorization)
}

impl<A> Clone for Endpoint<A> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared), api: PhantomData }
    }
}

impl<A: Api> fmt::Debug for Endpoint<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoint").field("api", &A::NAME).field("url", &self.url()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
