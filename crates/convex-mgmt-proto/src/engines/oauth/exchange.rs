//! [`CodeExchange`]: the request that exchanges a code for a token, sent at most once.

use std::fmt;

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE, HOST, USER_AGENT};
use http::{HeaderValue, Method, Request, Response};

use super::app::OAuthApp;
use super::form;
use super::scope::Scope;
use super::token::{self, TokenError};
use crate::auth::AccessToken;
use crate::operation::destructive::Harmless;
use crate::types::Secret;

/// The exchange of a code for a token, not sent yet.
///
/// A code works once, so an exchange is sent at most once: it has no `Clone`, and [`CodeExchange::into_request`] consumes it. If the response
/// is lost, the outcome is unknown and the authorization starts over. `Debug` shows only the scope.
#[must_use = "the code is not exchanged until the request is sent"]
pub struct CodeExchange {
    request: Request<Bytes>,
    scope: Scope,
}

impl CodeExchange {
    pub(super) fn new(app: &OAuthApp, scope: Scope, redirect_uri: &str, code: &Secret, verifier: &Secret) -> Self {
        let form = form::encode(&[
            ("client_id", &app.client_id),
            ("client_secret", app.client_secret.expose()),
            ("grant_type", "authorization_code"),
            ("redirect_uri", redirect_uri),
            ("code", code.expose()),
            ("code_verifier", verifier.expose()),
        ]);
        // Wiped when the last clone of the request is dropped.
        let mut request = Request::new(Bytes::from_owner(form));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = app.token_uri.clone();
        let headers = request.headers_mut();
        headers.insert(HOST, app.token_host.clone());
        headers.insert(USER_AGENT, app.user_agent.clone().into_value());
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
        request.extensions_mut().insert(Harmless);
        Self { request, scope }
    }

    /// Returns the request, and the value that reads its response.
    ///
    /// Send the request once. It contains the client secret, the code and the PKCE verifier, and its body is wiped when the last clone of
    /// the request is dropped. Do not follow redirects.
    pub fn into_request(self) -> (Request<Bytes>, SentExchange) {
        (self.request, SentExchange { scope: self.scope })
    }
}

impl fmt::Debug for CodeExchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CodeExchange").field("scope", &self.scope).finish_non_exhaustive()
    }
}

/// The exchange of a code after its request was sent. It reads the response.
#[derive(Debug)]
#[must_use = "the response contains the token"]
pub struct SentExchange {
    scope: Scope,
}

impl SentExchange {
    /// Reads the token from the response.
    ///
    /// The token has the kind that its text shows. A text that shows no kind is a token of the requested scope.
    ///
    /// # Errors
    /// A [`TokenError`]. After any of them the user starts over with a new authorization, because the code may be used up.
    pub fn read(self, response: Response<Bytes>) -> Result<AccessToken, TokenError> {
        token::read(self.scope, &response)
    }
}
