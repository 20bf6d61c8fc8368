//! [`OAuthApp`]: the settings of an application, checked once.

use std::fmt;

use http::{HeaderValue, Uri};

use crate::auth::AccessToken;
use crate::error::{Violation, Violations};
use crate::metadata::ManagementApi;
use crate::request::{Endpoint, EndpointError, UserAgent};
use crate::types::Secret;
use crate::types::url::Parts;

/// The origin of the pages where users approve or deny the access.
const DASHBOARD: &str = "https://dashboard.convex.dev";

/// The origin of the token endpoint and of the Management API.
const API: &str = "https://api.convex.dev";

/// The path of the token endpoint. It is at the root of the host, and not below the prefix of the Management API.
const TOKEN_PATH: &str = "/oauth/token";

/// An OAuth application that is registered with Convex: its client id, its client secret, and the URI that users come back to.
///
/// `Debug` does not show the client secret.
#[derive(Clone)]
pub struct OAuthApp {
    pub(super) client_id: String,
    pub(super) client_secret: Secret,
    pub(super) redirect_uri: String,
    pub(super) authorize_origin: String,
    token_origin: String,
    pub(super) token_uri: Uri,
    pub(super) token_host: HeaderValue,
    pub(super) user_agent: UserAgent,
}

impl OAuthApp {
    /// Creates an application from its registration.
    ///
    /// The redirect URI is one of the registered ones, letter for letter. It is an `https` URL, or an `http` URL of a loopback host, and
    /// has no fragment.
    ///
    /// ```
    /// use convex_mgmt::oauth::OAuthApp;
    ///
    /// let error = OAuthApp::new("my-client-id", "made-up", "http://example.com/callback").unwrap_err();
    /// assert_eq!(error.to_string(), "redirect_uri: must begin with `https://`, or with `http://` for a loopback host");
    /// ```
    ///
    /// # Errors
    /// [`Violations`] with the fields `client_id`, `client_secret` and `redirect_uri`, and the rule that each breaks. They contain no value.
    pub fn new(
        client_id: impl Into<String>,
        client_secret: impl Into<Secret>,
        redirect_uri: impl Into<String>,
    ) -> Result<Self, Violations> {
        let (client_id, client_secret, redirect_uri) = (client_id.into(), client_secret.into(), redirect_uri.into());
        let broken = [
            ("client_id", broken_text(&client_id)),
            ("client_secret", broken_text(client_secret.expose())),
            ("redirect_uri", broken_redirect_uri(&redirect_uri)),
        ];
        let violations = broken.into_iter().filter_map(|(field, rule)| Some(Violation::new(field, None, rule?)));
        Violations::err_if_any(violations.collect())?;
        Ok(Self {
            client_id,
            client_secret,
            redirect_uri,
            authorize_origin: DASHBOARD.to_owned(),
            token_origin: API.to_owned(),
            token_uri: Uri::from_static("https://api.convex.dev/oauth/token"),
            token_host: HeaderValue::from_static("api.convex.dev"),
            user_agent: UserAgent::of_library(),
        })
    }

    /// Replaces the origin of the pages where users approve the access, for example by a fake's. The default is
    /// `https://dashboard.convex.dev`.
    ///
    /// # Errors
    /// As for [`Endpoint::new`]: the URL is an origin with `https`, or with `http` for a loopback host.
    pub fn with_authorize_origin(self, url: &str) -> Result<Self, EndpointError> {
        let (authorize_origin, _) = origin(url)?;
        Ok(Self { authorize_origin, ..self })
    }

    /// Replaces the origin of the token endpoint and of the Management API, for example by a fake's. The default is
    /// `https://api.convex.dev`.
    ///
    /// # Errors
    /// As for [`Endpoint::new`]: the URL is an origin with `https`, or with `http` for a loopback host.
    pub fn with_token_origin(self, url: &str) -> Result<Self, EndpointError> {
        let (token_origin, host) = origin(url)?;
        let token_uri = format!("{token_origin}{TOKEN_PATH}").parse().map_err(|_| EndpointError::HostCharacter)?;
        let token_host = HeaderValue::from_str(&host).map_err(|_| EndpointError::HostCharacter)?;
        Ok(Self { token_origin, token_uri, token_host, ..self })
    }

    /// Sets the integrator's product in the `User-Agent`, such as `my-tool/1.2`.
    ///
    /// # Errors
    /// [`EndpointError::UserAgent`] as for [`UserAgent::new`].
    pub fn with_user_agent(self, product: &str) -> Result<Self, EndpointError> {
        Ok(self.with_client_user_agent(UserAgent::new(product)?))
    }

    /// Replaces the `User-Agent` by that of the client that sends the exchanges.
    pub fn with_client_user_agent(self, user_agent: UserAgent) -> Self {
        Self { user_agent, ..self }
    }

    /// Returns the client id.
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// Returns the redirect URI of new authorizations.
    pub fn redirect_uri(&self) -> &str {
        &self.redirect_uri
    }

    /// Returns the endpoint of the Management API for a token, at the host of the token endpoint.
    ///
    /// An application that has only a team's token learns the id of the team with
    /// [`GetTokenDetails`](crate::management::GetTokenDetails).
    ///
    /// # Errors
    /// [`EndpointError::UnsendableCredential`] if the token cannot be sent in a header.
    pub fn endpoint(&self, token: &AccessToken) -> Result<Endpoint<ManagementApi>, EndpointError> {
        Ok(Endpoint::new(&self.token_origin, token)?.with_default_user_agent(self.user_agent.clone()))
    }
}

impl fmt::Debug for OAuthApp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OAuthApp")
            .field("client_id", &self.client_id)
            .field("authorize_origin", &self.authorize_origin)
            .field("token_origin", &self.token_origin)
            .finish_non_exhaustive()
    }
}

/// Returns the rule that a client id or client secret breaks. RFC 6749, appendix A, allows spaces, too; a space is a mistake in practice.
fn broken_text(text: &str) -> Option<&'static str> {
    if text.is_empty() {
        Some("must not be empty")
    } else if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        Some("must be visible ASCII without white space")
    } else {
        None
    }
}

/// Returns the rule that a redirect URI breaks.
pub(super) fn broken_redirect_uri(uri: &str) -> Option<&'static str> {
    let parts = match Parts::read(uri) {
        Ok(parts) => parts,
        Err(error) => return Some(error.text()),
    };
    if parts.user_info {
        Some("must have no user name and no password")
    } else if uri.contains('#') {
        Some("must have no fragment")
    } else if !parts.encrypted && !parts.is_loopback() {
        Some("must begin with `https://`, or with `http://` for a loopback host")
    } else {
        None
    }
}

/// Returns the origin and the authority of a URL without anything else.
fn origin(url: &str) -> Result<(String, String), EndpointError> {
    let parts = Parts::read(url)?;
    if parts.user_info {
        return Err(EndpointError::UserInfo);
    }
    if parts.query {
        return Err(EndpointError::Query);
    }
    if !matches!(parts.path, "" | "/") {
        return Err(EndpointError::Path);
    }
    if !parts.encrypted && !parts.is_loopback() {
        return Err(EndpointError::Plaintext);
    }
    Ok((parts.origin(), parts.authority()))
}
