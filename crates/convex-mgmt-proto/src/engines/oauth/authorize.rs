//! [`OAuthApp::authorize`]: the URL for the browser, with a state and a PKCE challenge.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::app::OAuthApp;
use super::pending::PendingAuthorization;
use super::scope::Scope;
use crate::types::Secret;
use crate::types::url::push_encoded;

/// 64 unpredictable bytes for one authorization: 32 for the state, and 32 for the PKCE verifier.
///
/// The bytes come from the operating system or another cryptographic source, and are used once. With the feature `oauth-random`,
/// `convex_mgmt::oauth::randomness` returns them. `Debug` does not show them, and their memory is wiped on drop.
pub struct Randomness(Zeroizing<[u8; 64]>);

impl Randomness {
    /// Takes bytes from a cryptographic source.
    pub fn from_bytes(bytes: [u8; 64]) -> Self {
        Self(Zeroizing::new(bytes))
    }
}

impl fmt::Debug for Randomness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Randomness([redacted])")
    }
}

/// The URL to send the user's browser to. It contains the state, so `Debug` does not show its query.
#[derive(Clone, PartialEq, Eq)]
pub struct AuthorizeUrl {
    url: String,
    /// The length of the URL without its query.
    shown: usize,
}

impl AuthorizeUrl {
    /// Returns the URL, for example for the `Location` of a redirect. It is ASCII and has no quotes.
    pub fn as_str(&self) -> &str {
        &self.url
    }

    /// Returns the URL.
    pub fn into_string(self) -> String {
        self.url
    }
}

impl fmt::Debug for AuthorizeUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AuthorizeUrl({}?[redacted])", self.url.get(..self.shown).unwrap_or_default())
    }
}

impl OAuthApp {
    /// Begins an authorization. Returns the URL for the browser, and the part to keep in the user's session until the browser comes back.
    ///
    /// Every authorization has a `state` and a PKCE challenge with the method S256.
    ///
    /// Begin it in response to a request of the user's browser, and bind the session to that browser, for example with a cookie.
    /// Otherwise an attacker can connect the user's account to the attacker's team.
    pub fn authorize(&self, scope: Scope, randomness: Randomness) -> (AuthorizeUrl, PendingAuthorization) {
        let (state, verifier) = randomness.0.split_at(32);
        let [state, verifier] = [state, verifier].map(|bytes| Secret::new(URL_SAFE_NO_PAD.encode(bytes)));
        let mut url = format!("{}/oauth/authorize/{scope}", self.authorize_origin);
        let shown = url.len();
        let challenge = challenge(&verifier);
        let parameters = [
            ("?client_id=", self.client_id.as_str()),
            ("&redirect_uri=", &self.redirect_uri),
            ("&response_type=", "code"),
            ("&state=", state.expose()),
            ("&code_challenge=", &challenge),
            ("&code_challenge_method=", "S256"),
        ];
        for (name, value) in parameters {
            url.push_str(name);
            push_encoded(&mut url, value);
        }
        let pending = PendingAuthorization { scope, state, verifier, redirect_uri: self.redirect_uri.clone() };
        (AuthorizeUrl { url, shown }, pending)
    }
}

/// Returns the PKCE challenge of a verifier (RFC 7636, section 4.2).
pub(super) fn challenge(verifier: &Secret) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.expose()))
}
