//! [`Endpoint`]: where an API is served, and the headers that every request to it carries.

use std::fmt;
use std::marker::PhantomData;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use bytes::Bytes;
use http::header::{AUTHORIZATION, HOST, HeaderName, USER_AGENT};
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{HeaderMap, HeaderValue, Request, Uri};
use thiserror::Error;
use zeroize::Zeroizing;

use crate::credential::Authorizes;
use crate::operation::Api;

/// The header in which a client says what it is, in the form `name-version`. Source: convex-backend
/// `crates/common/src/version.rs`.
pub const CONVEX_CLIENT: HeaderName = HeaderName::from_static("convex-client");

/// What [`CONVEX_CLIENT`] says. The server knows no client of this name, so it never refuses it for its version.
const CLIENT: &str = concat!("convex-mgmt-rust-", env!("CARGO_PKG_VERSION"));

/// What `User-Agent` says. The server stores it in audit log entries.
const AGENT: &str = concat!("convex-mgmt/", env!("CARGO_PKG_VERSION"));

/// Where an API is served, and the credential for it: `Authorization`, `Host` and the other headers that all requests
/// carry are prepared once, here.
///
/// The URL is the one that the user or the API gave, without a path: it is never made up from a deployment's name,
/// because regions and custom domains cannot be told from it.
///
/// A clone shares everything. `Debug` shows the URL and no credential.
pub struct Endpoint<A> {
    shared: Arc<Shared>,
    api: PhantomData<fn() -> A>,
}

struct Shared {
    /// Scheme, authority and [`Api::PREFIX`].
    base: Box<str>,
    /// How much of `base` is the origin.
    origin: usize,
    headers: HeaderMap,
}

impl<A: Api> Endpoint<A> {
    /// An endpoint at an origin such as `https://happy-animal-123.convex.cloud`.
    ///
    /// `http` is accepted for loopback addresses only; [`Endpoint::plaintext`] lifts that.
    ///
    /// # Errors
    /// An [`EndpointError`] that names the rule that the URL breaks. It never repeats the URL, which may hold a password.
    pub fn new(url: &str, credential: &impl Authorizes<A>) -> Result<Self, EndpointError> {
        let origin = Origin::parse(url)?;
        if !origin.encrypted && !origin.loopback {
            return Err(EndpointError::Plaintext);
        }
        Self::at(&origin, credential)
    }

    /// An endpoint at an origin that may be reached without encryption, such as a server in the same private network.
    /// Whoever can read that network's traffic can read the credential.
    ///
    /// # Errors
    /// As for [`Endpoint::new`].
    pub fn plaintext(url: &str, credential: &impl Authorizes<A>) -> Result<Self, EndpointError> {
        Self::at(&Origin::parse(url)?, credential)
    }

    fn at(origin: &Origin, credential: &impl Authorizes<A>) -> Result<Self, EndpointError> {
        let host = HeaderValue::from_str(&origin.authority).map_err(|_| EndpointError::Malformed)?;
        let mut headers = HeaderMap::with_capacity(6);
        headers.insert(HOST, host);
        headers.insert(AUTHORIZATION, authorization(credential)?);
        headers.insert(USER_AGENT, HeaderValue::from_static(AGENT));
        headers.insert(CONVEX_CLIENT, HeaderValue::from_static(CLIENT));
        let scheme = if origin.encrypted { "https" } else { "http" };
        let url = format!("{scheme}://{}", origin.authority);
        let shared = Shared { origin: url.len(), base: (url + A::PREFIX).into(), headers };
        Ok(Self { shared: Arc::new(shared), api: PhantomData })
    }

    /// The same endpoint with another credential, such as the one that replaces it.
    ///
    /// # Errors
    /// [`EndpointError::UnsendableCredential`] if it cannot be sent in a header.
    pub fn credential(self, credential: &impl Authorizes<A>) -> Result<Self, EndpointError> {
        Ok(self.with_header(AUTHORIZATION, authorization(credential)?))
    }

    /// The same endpoint with the integrator's product in front of ours in the `User-Agent`, such as `my-tool/1.2`.
    /// The server stores it in the audit log entries of what the integrator does.
    ///
    /// # Errors
    /// [`EndpointError::UserAgent`] if the text is empty or cannot be sent in a header.
    pub fn user_agent(self, product: &str) -> Result<Self, EndpointError> {
        let product = product.trim();
        let value = HeaderValue::from_str(&format!("{product} {AGENT}")).map_err(|_| EndpointError::UserAgent)?;
        if product.is_empty() {
            return Err(EndpointError::UserAgent);
        }
        Ok(self.with_header(USER_AGENT, value))
    }

    fn with_header(self, name: HeaderName, value: HeaderValue) -> Self {
        let mut headers = self.shared.headers.clone();
        headers.insert(name, value);
        let shared = Shared { base: self.shared.base.clone(), origin: self.shared.origin, headers };
        Self { shared: Arc::new(shared), api: PhantomData }
    }

    /// Puts the credential into a request in place of another one, for transports that get a new one while requests are under
    /// way. Call it only where [`Endpoint::serves`] says that the other one is of the same endpoint.
    pub fn authorize<B>(&self, request: &mut Request<B>) {
        if let Some(value) = self.headers().get(AUTHORIZATION) {
            request.headers_mut().insert(AUTHORIZATION, value.clone());
        }
    }

    /// Whether a request goes to the origin of this endpoint, with its credential.
    pub fn serves<B>(&self, request: &Request<B>) -> bool {
        let (uri, headers) = (request.uri(), request.headers());
        let origin = uri.scheme_str().zip(uri.authority().map(Authority::as_str));
        origin == self.url().split_once("://") && headers.get(AUTHORIZATION) == self.headers().get(AUTHORIZATION)
    }

    /// The origin that requests go to, such as `https://happy-animal-123.convex.cloud`.
    pub fn url(&self) -> &str {
        self.shared.base.get(..self.shared.origin).unwrap_or_default()
    }

    pub(crate) fn base(&self) -> &str {
        &self.shared.base
    }

    pub(crate) fn headers(&self) -> &HeaderMap {
        &self.shared.headers
    }
}

fn authorization<A: Api>(credential: &impl Authorizes<A>) -> Result<HeaderValue, EndpointError> {
    let secret = credential.secret().expose();
    let mut text = Zeroizing::new(Vec::with_capacity(A::SCHEME.len() + secret.len()));
    text.extend_from_slice(A::SCHEME.as_bytes());
    text.extend_from_slice(secret.as_bytes());
    // Owned by the header value and all its clones; wiped when the last of them goes.
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

/// Which rule an endpoint's URL or credential breaks. Never holds the URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum EndpointError {
    /// Not a URL at all.
    #[error("the URL is malformed")]
    Malformed,
    /// No scheme, such as `happy-animal-123.convex.cloud`.
    #[error("the URL has no scheme: it must begin with `https://`")]
    NoScheme,
    /// A scheme that is neither `https` nor `http`.
    #[error("the URL's scheme must be `https`")]
    Scheme,
    /// `http` to a host that is not loopback.
    #[error("the URL must begin with `https://`: without encryption the credential could be read on its way")]
    Plaintext,
    /// A user name or password.
    #[error("the URL holds a user name or password: the credential is given separately")]
    UserInfo,
    /// A path.
    #[error("the URL has a path: give the origin only, such as `https://happy-animal-123.convex.cloud`")]
    Path,
    /// A query or a fragment.
    #[error("the URL has a query or a fragment: give the origin only")]
    Query,
    /// A port that is not one.
    #[error("the URL's port is not a number from 1 to 65535")]
    Port,
    /// The credential cannot be sent in a header.
    #[error("the credential cannot be sent in a header")]
    UnsendableCredential,
    /// The product is empty or cannot be sent in a header.
    #[error("the user agent's product is empty or cannot be sent in a header")]
    UserAgent,
}

struct Origin {
    /// Host, and the port if it is not the scheme's own.
    authority: String,
    encrypted: bool,
    loopback: bool,
}

impl Origin {
    fn parse(url: &str) -> Result<Self, EndpointError> {
        if url.contains(['#', '?']) {
            return Err(EndpointError::Query);
        }
        if !url.contains("://") {
            return Err(EndpointError::NoScheme);
        }
        let uri: Uri = url.parse().map_err(|_| EndpointError::Malformed)?;
        let encrypted = match uri.scheme() {
            Some(scheme) if *scheme == Scheme::HTTPS => true,
            Some(scheme) if *scheme == Scheme::HTTP => false,
            _ => return Err(EndpointError::Scheme),
        };
        let authority = uri.authority().ok_or(EndpointError::Malformed)?;
        if authority.as_str().contains('@') {
            return Err(EndpointError::UserInfo);
        }
        if uri.path_and_query().map(PathAndQuery::as_str).is_some_and(|path| path != "/") {
            return Err(EndpointError::Path);
        }
        let host = authority.host().to_ascii_lowercase();
        if host.is_empty() {
            return Err(EndpointError::Malformed);
        }
        let written_port = authority.as_str().get(host.len()..).unwrap_or_default();
        // Reading a number would let a `+` pass.
        let digits = written_port.bytes().skip(1).all(|byte| byte.is_ascii_digit());
        let port = match authority.port_u16().filter(|_| digits) {
            None if written_port.is_empty() => None,
            None | Some(0) => return Err(EndpointError::Port),
            Some(port) => Some(port).filter(|port| *port != if encrypted { 443 } else { 80 }),
        };
        let authority = match port {
            None => host.clone(),
            Some(port) => format!("{host}:{port}"),
        };
        Ok(Self { authority, encrypted, loopback: is_loopback(&host) })
    }
}

/// Returns `true` if a URL's host is this machine: `localhost`, a name below it, an address in 127.0.0.0/8, or `[::1]`.
///
/// Plaintext to such a host needs no [`Endpoint::plaintext`]. A transport must therefore keep a connection to it on this
/// machine: it uses no proxy, and connects `localhost` and names below it to loopback addresses, whatever a resolver says
/// (RFC 6761, section 6.3).
pub fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    let last_label = host.rsplit_once('.').map_or(host, |(_, last)| last);
    last_label.eq_ignore_ascii_case("localhost")
        || address.parse::<Ipv4Addr>().is_ok_and(|ip| ip.is_loopback())
        || address.parse::<Ipv6Addr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::credential::{AccessToken, DeployKey};
    use crate::operation::{Deployment, Management, Operation};

    fn key() -> DeployKey {
        DeployKey::parse("prod:happy-animal-123|canary").unwrap()
    }

    fn url(url: &str) -> Result<String, EndpointError> {
        Endpoint::<Deployment>::new(url, &key()).map(|endpoint| endpoint.url().to_owned())
    }

    #[test]
    fn an_origin_is_kept_and_its_default_port_dropped() {
        for (given, kept) in [
            ("https://happy-animal-123.convex.cloud", "https://happy-animal-123.convex.cloud"),
            ("https://happy-animal-123.eu-west-1.convex.cloud/", "https://happy-animal-123.eu-west-1.convex.cloud"),
            ("https://API.example.com:443", "https://api.example.com"),
            ("https://api.example.com:8443", "https://api.example.com:8443"),
            ("http://127.0.0.1:3210", "http://127.0.0.1:3210"),
            ("http://127.8.9.1:80", "http://127.8.9.1"),
            ("http://localhost:3210/", "http://localhost:3210"),
            ("http://convex.localhost", "http://convex.localhost"),
            ("http://[::1]:3210", "http://[::1]:3210"),
        ] {
            assert_eq!(url(given).as_deref(), Ok(kept), "{given}");
        }
    }

    #[test]
    fn each_broken_rule_has_its_own_error() {
        for (given, error) in [
            ("", EndpointError::NoScheme),
            ("happy-animal-123", EndpointError::NoScheme),
            ("happy-animal-123.convex.cloud", EndpointError::NoScheme),
            ("localhost:3210", EndpointError::NoScheme),
            ("https://", EndpointError::Malformed),
            ("https://:443", EndpointError::Malformed),
            ("https://a b.example", EndpointError::Malformed),
            ("ftp://example.com", EndpointError::Scheme),
            ("http://example.com", EndpointError::Plaintext),
            ("http://127.0.0.1.example.com", EndpointError::Plaintext),
            ("http://localhost.example.com", EndpointError::Plaintext),
            ("http://192.168.1.5:3210", EndpointError::Plaintext),
            ("https://user:canary@example.com", EndpointError::UserInfo),
            ("http://localhost@example.com", EndpointError::UserInfo),
            ("https://example.com/api/v1", EndpointError::Path),
            ("https://example.com//", EndpointError::Path),
            ("https://example.com?x=1", EndpointError::Query),
            ("https://example.com/#x", EndpointError::Query),
            ("https://example.com:0", EndpointError::Port),
            ("https://example.com:", EndpointError::Port),
            ("https://example.com:70000", EndpointError::Port),
            ("https://example.com:+443", EndpointError::Port),
        ] {
            assert_eq!(url(given), Err(error), "{given}");
            assert!(!error.to_string().contains("canary"));
        }
    }

    #[test]
    fn plaintext_has_to_be_asked_for() {
        let endpoint = Endpoint::<Deployment>::plaintext("http://backend:3210", &key()).unwrap();
        assert_eq!(endpoint.url(), "http://backend:3210");
    }

    #[test]
    fn each_api_gets_its_scheme_and_the_value_is_marked_sensitive() {
        let deployment = Endpoint::<Deployment>::new("https://example.com", &key()).unwrap();
        let token = AccessToken::parse("eyJ2=").unwrap();
        let management = Endpoint::<Management>::new("https://api.convex.dev", &token).unwrap();
        for (headers, expected) in
            [(deployment.headers(), "Convex prod:happy-animal-123|canary"), (management.headers(), "Bearer eyJ2=")]
        {
            let value = &headers[AUTHORIZATION];
            assert_eq!(value, expected);
            assert!(value.is_sensitive() && value.clone().is_sensitive());
        }
        assert!(!format!("{deployment:?} {:?}", deployment.headers()).contains("canary"));
    }

    #[test]
    fn a_credential_is_replaced_only_where_it_was_given() {
        let old = Endpoint::<Deployment>::new("https://example.com", &key()).unwrap();
        let new = old.clone().credential(&DeployKey::parse("prod:happy-animal-123|new").unwrap()).unwrap();
        let request = |url: &str| {
            let endpoint = Endpoint::<Deployment>::new(url, &key()).unwrap();
            crate::deployment::ListEnvironmentVariables::new().to_request(&endpoint).unwrap()
        };
        let mut here = request("https://example.com");
        assert!(old.serves(&here) && !new.serves(&here));
        new.authorize(&mut here);
        assert!(new.serves(&here) && !old.serves(&here));
        assert_eq!(here.headers()[AUTHORIZATION], "Convex prod:happy-animal-123|new");
        assert!(here.headers()[AUTHORIZATION].is_sensitive());
        for elsewhere in ["https://example.com:8443", "https://a.example.com", "http://127.0.0.1"] {
            assert!(!old.serves(&request(elsewhere)), "{elsewhere}");
        }
    }

    #[test]
    fn the_client_header_parses_as_name_and_version() {
        let endpoint = Endpoint::<Deployment>::new("https://example.com", &key()).unwrap();
        assert_eq!(endpoint.headers()[CONVEX_CLIENT], format!("convex-mgmt-rust-{}", env!("CARGO_PKG_VERSION")));
    }

    #[test]
    fn a_product_goes_before_ours() {
        let endpoint = Endpoint::<Deployment>::new("https://example.com", &key()).unwrap();
        let named = endpoint.clone().user_agent("my-tool/1.2").unwrap();
        assert_eq!(named.headers()[USER_AGENT], format!("my-tool/1.2 {AGENT}"));
        assert_eq!(endpoint.clone().user_agent(" ").unwrap_err(), EndpointError::UserAgent);
        assert_eq!(endpoint.user_agent("a\r\nx: y").unwrap_err(), EndpointError::UserAgent);
    }
}
