//! The registered applications and the codes.

use std::collections::HashMap;
use std::time::Duration;

use url::form_urlencoded;

use crate::management::TokenKind;

/// The time that a code lives.
pub(super) const CODE_LIFETIME: Duration = Duration::from_secs(600);

/// A registered application.
#[derive(Clone, Debug)]
pub(crate) struct OAuthApp {
    pub(crate) client_id: String,
    pub(crate) client_secret: String,
    pub(crate) redirect_uris: Vec<String>,
}

/// A code that was issued.
#[derive(Clone, Debug)]
pub(super) struct Code {
    pub(super) text: String,
    pub(super) client_id: String,
    pub(super) redirect_uri: String,
    /// The PKCE challenge.
    pub(super) challenge: Option<String>,
    pub(super) kind: TokenKind,
    pub(super) member: u64,
    pub(super) issued: Duration,
    /// The id of the token that the code was exchanged for.
    pub(super) token: Option<u64>,
}

/// All applications and codes of a control plane.
#[derive(Debug, Default)]
pub(crate) struct OAuthState {
    pub(crate) apps: Vec<OAuthApp>,
    pub(super) codes: Vec<Code>,
}

impl OAuthState {
    pub(super) fn app(&self, client_id: &str) -> Option<&OAuthApp> {
        self.apps.iter().find(|app| app.client_id == client_id)
    }
}

/// The parameters of a query or form. Each occurs once.
pub(super) struct Parameters(HashMap<String, String>);

impl Parameters {
    /// Reads a form. `None` if a parameter occurs twice, which RFC 6749 forbids.
    pub(super) fn read(form: &[u8]) -> Option<Self> {
        let mut parameters = HashMap::new();
        for (name, value) in form_urlencoded::parse(form).into_owned() {
            if parameters.insert(name, value).is_some() {
                return None;
            }
        }
        Some(Self(parameters))
    }

    /// Returns a parameter. One without a value counts as missing (RFC 6749, section 3.1).
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }
}
