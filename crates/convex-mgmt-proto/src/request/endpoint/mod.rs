//! [`Endpoint`]: where an API is served, and the headers that every request to it carries.

mod user_agent;

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{AUTHORIZATION, HOST, HeaderName, USER_AGENT};
use http::uri::Authority;
use http::{HeaderMap, HeaderValue, Request};
pub use user_agent::UserAgent;
use zeroize::Zeroizing;

use crate::auth::Authorizes;
use crate::metadata::{Api, DeploymentApi};
use crate::types::url::{self, Parts};
pub use crate::types::url::{EndpointError, is_loopback};

/// The header in which a client says what it is, in the form `name-version`. Source: convex-backend
/// `crates/common/src/version.rs`.
pub const CONVEX_CLIENT: HeaderName = HeaderName::from_static("convex-client");

/// What [`CONVEX_CLIENT`] says. The server knows no client of this name, so it never refuses it for its version.
const CLIENT: &str = concat!("convex-mgmt-rust-", env!("CARGO_PKG_VERSION"));

/// Where an API is served, and the credential for it: `Authorization`, `Host` and the other headers that all requests
/// carry are prepared once, here.
///
/// The URL is the one that the user or the API gave: it is never made up from a deployment's name, because regions and custom
/// domains cannot be told from it. [`Endpoint::warning`] names a URL that is Convex's and not that of a deployment's API.
///
/// The URL is an origin. A path in front of the API's own, as a proxy in front of a self-hosted server may have, needs a
/// constructor of its own, so that a URL with a page's path is not taken for one.
///
/// A clone shares everything. `Debug` shows the URL and no credential.
pub struct Endpoint<A> {
    shared: Arc<Shared>,
    api: PhantomData<fn() -> A>,
}

#[derive(Clone)]
struct Shared {
    /// Scheme, authority, path prefix and [`Api::PREFIX`].
    base: Box<str>,
    /// How much of `base` is the origin.
    origin: usize,
    /// How much of `base` is the origin and the path prefix.
    url: usize,
    headers: HeaderMap,
    /// Whether the product in the `User-Agent` was given to this endpoint, and not to the client.
    own_product: bool,
}

/// What a constructor allows.
#[derive(Clone, Copy)]
struct Allowed {
    plaintext: bool,
    prefix: bool,
}

impl<A: Api> Endpoint<A> {
    /// An endpoint at an origin such as `https://happy-animal-123.convex.cloud`.
    ///
    /// `http` is accepted for loopback addresses only; [`Endpoint::new_insecure`] lifts that. One `/` at the end is ignored, any
    /// other path is an error; [`Endpoint::with_path_prefix`] takes one.
    ///
    /// # Errors
    /// An [`EndpointError`] that names the rule that the URL breaks. It never repeats the URL, which may hold a password.
    pub fn new(url: &str, credential: &impl Authorizes<A>) -> Result<Self, EndpointError> {
        Self::at(url, credential, Allowed { plaintext: false, prefix: false })
    }

    /// An endpoint at an origin that may be reached without encryption, such as a server in the same private network.
    /// Whoever can read that network's traffic can read the credential.
    ///
    /// # Errors
    /// As for [`Endpoint::new`].
    pub fn new_insecure(url: &str, credential: &impl Authorizes<A>) -> Result<Self, EndpointError> {
        Self::at(url, credential, Allowed { plaintext: true, prefix: false })
    }

    /// An endpoint below a path, such as `https://example.com/convex`: a self-hosted server behind a proxy that takes the path
    /// off. Requests go to `https://example.com/convex/api/v1/...`.
    ///
    /// The path has segments of letters, digits and `-._~`, each after one `/`; none of them is `.` or `..`. It has at most
    /// 1,024 bytes. One `/` at the end is ignored, and a URL without a path is taken as by [`Endpoint::new`]. The API's own
    /// path (`/api/v1`) is not part of it.
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

    /// An endpoint below a path that may be reached without encryption: [`Endpoint::with_path_prefix`] and
    /// [`Endpoint::new_insecure`] in one.
    ///
    /// # Errors
    /// As for [`Endpoint::with_path_prefix`].
    pub fn insecure_with_path_prefix(url: &str, credential: &impl Authorizes<A>) -> Result<Self, EndpointError> {
        Self::at(url, credential, Allowed { plaintext: true, prefix: true })
    }

    fn at(url: &str, credential: &impl Authorizes<A>, allowed: Allowed) -> Result<Self, EndpointError> {
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
        if prefix.ends_with(A::PREFIX) {
            return Err(EndpointError::ApiPath);
        }
        if !parts.encrypted && !allowed.plaintext && !parts.is_loopback() {
            return Err(EndpointError::Plaintext);
        }
        let authority = match parts.port {
            None => parts.host,
            Some(port) => format!("{}:{port}", parts.host),
        };
        let host = HeaderValue::from_str(&authority).map_err(|_| EndpointError::HostCharacter)?;
        let mut headers = HeaderMap::with_capacity(6);
        headers.insert(HOST, host);
        headers.insert(AUTHORIZATION, authorization(credential)?);
        headers.insert(USER_AGENT, HeaderValue::from_static(user_agent::AGENT));
        headers.insert(CONVEX_CLIENT, HeaderValue::from_static(CLIENT));
        let scheme = if parts.encrypted { "https" } else { "http" };
        let origin = format!("{scheme}://{authority}");
        let shared = Shared {
            origin: origin.len(),
            url: origin.len() + prefix.len(),
            base: (origin + prefix + A::PREFIX).into(),
            headers,
            own_product: false,
        };
        Ok(Self { shared: Arc::new(shared), api: PhantomData })
    }

    /// The same endpoint with another credential, such as the one that replaces it.
    ///
    /// # Errors
    /// [`EndpointError::UnsendableCredential`] if it cannot be sent in a header.
    pub fn with_credential(self, credential: &impl Authorizes<A>) -> Result<Self, EndpointError> {
        Ok(self.with_header(AUTHORIZATION, authorization(credential)?))
    }

    /// The same endpoint with the integrator's product in front of ours in the `User-Agent`, such as `my-tool/1.2`.
    /// The server stores it in the audit log entries of what the integrator does.
    ///
    /// A client's product does not replace it: an endpoint is more specific than a client.
    ///
    /// # Errors
    /// [`EndpointError::UserAgent`] as for [`UserAgent::new`].
    pub fn with_user_agent(self, product: &str) -> Result<Self, EndpointError> {
        let mut endpoint = self.with_header(USER_AGENT, UserAgent::new(product)?.into_value());
        Arc::make_mut(&mut endpoint.shared).own_product = true;
        Ok(endpoint)
    }

    /// The same endpoint with the `User-Agent` of a client, unless it has a product of its own ([`Endpoint::with_user_agent`]). The
    /// next client's replaces it.
    pub fn with_default_user_agent(self, user_agent: UserAgent) -> Self {
        if self.shared.own_product { self } else { self.with_header(USER_AGENT, user_agent.into_value()) }
    }

    fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        Arc::make_mut(&mut self.shared).headers.insert(name, value);
        self
    }

    /// Puts the credential into a request in place of another one, for transports that get a new one while requests are under
    /// way. Call it only where [`Endpoint::serves`] says that the other one is of the same endpoint.
    pub fn authorize<B>(&self, request: &mut Request<B>) {
        if let Some(value) = self.headers().get(AUTHORIZATION) {
            request.headers_mut().insert(AUTHORIZATION, value.clone());
        }
    }

    /// Whether a request goes to this endpoint, its path prefix included, with its credential.
    pub fn serves<B>(&self, request: &Request<B>) -> bool {
        let (uri, headers) = (request.uri(), request.headers());
        let (origin, path) = self.base().split_at_checked(self.shared.origin).unwrap_or_default();
        uri.scheme_str().zip(uri.authority().map(Authority::as_str)) == origin.split_once("://")
            && uri.path().strip_prefix(path).is_some_and(|rest| rest.starts_with('/'))
            && headers.get(AUTHORIZATION) == self.headers().get(AUTHORIZATION)
    }

    /// Where requests go to: the origin and the path prefix, such as `https://happy-animal-123.convex.cloud` or
    /// `https://example.com/convex`.
    pub fn url(&self) -> &str {
        self.base().get(..self.shared.url).unwrap_or_default()
    }

    pub(crate) fn base(&self) -> &str {
        &self.shared.base
    }

    pub(crate) fn headers(&self) -> &HeaderMap {
        &self.shared.headers
    }
}

impl Endpoint<DeploymentApi> {
    /// Returns what is probably wrong with the URL, in one line: it is not where Convex serves a deployment's API, but the URL of
    /// its HTTP actions, the dashboard or the Management API. Requests to it would be answered with 404 or with a page.
    ///
    /// It is not an error, because Convex may change what its hosts serve.
    ///
    /// ```
    /// use convex_mgmt::{DeployKey, DeploymentApi, Endpoint};
    ///
    /// let key = DeployKey::parse("prod:happy-animal-123|made-up")?;
    /// let endpoint: Endpoint<DeploymentApi> = Endpoint::new("https://happy-animal-123.convex.site", &key)?;
    /// let warning = endpoint.warning();
    /// assert_eq!(warning, Some("the URL is that of HTTP actions: the API's ends with `.convex.cloud`"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn warning(&self) -> Option<&'static str> {
        let parts = Parts::read(self.url()).ok()?;
        if parts.is_below("convex.site") {
            return Some(url::HTTP_ACTIONS);
        }
        let of_all = parts.is_below("convex.dev");
        of_all.then_some("the URL is Convex's and not a deployment's: a deployment's ends with `.convex.cloud`")
    }
}

fn authorization<A: Api>(credential: &impl Authorizes<A>) -> Result<HeaderValue, EndpointError> {
    let secret = credential.secret().expose();
    let mut text = Zeroizing::new(Vec::with_capacity(A::SCHEME.len() + secret.len()));
    text.extend_from_slice(A::SCHEME.as_bytes());
    text.extend_from_slice(secret.as_bytes());
    // Ownership by the header value and all its clones; wiped when the last of them goes.
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
