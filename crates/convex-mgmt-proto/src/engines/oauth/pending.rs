//! [`PendingAuthorization`]: what an application keeps between the redirect to Convex and the redirect back.

use std::fmt;

use subtle::ConstantTimeEq;
use thiserror::Error;
use zeroize::Zeroizing;

use super::app::{OAuthApp, broken_redirect_uri};
use super::callback::{CallbackError, read};
use super::exchange::CodeExchange;
use super::scope::Scope;
use crate::types::Secret;

/// The version of the stored form.
const VERSION: &str = "1";

/// An authorization that waits for the browser to come back: its state, its PKCE verifier, and the redirect URI that was sent.
///
/// It is used once: [`PendingAuthorization::callback`] consumes it, whatever the result. It has no `Clone`. `Debug` shows only the scope, and
/// the memory is wiped on drop.
///
/// Between the two requests of the browser it is in the user's session, in one of two forms:
///
/// * in memory, for example in [`PendingAuthorizations`](super::PendingAuthorizations), which removes it when it is taken
/// * as text ([`PendingAuthorization::into_stored`]), for a database or another session store. **Delete the text before the code is
///   exchanged**, in one step with reading it, such as `DELETE .. RETURNING` or `GETDEL`. A state that stays valid could be used twice.
#[must_use = "the browser's way back needs the pending authorization"]
pub struct PendingAuthorization {
    pub(super) scope: Scope,
    pub(super) state: Secret,
    pub(super) verifier: Secret,
    pub(super) redirect_uri: String,
}

impl PendingAuthorization {
    /// Returns the scope that the application asked for.
    pub fn scope(&self) -> Scope {
        self.scope
    }

    /// Returns the authorization as text, for a session store.
    ///
    /// The text contains the PKCE verifier in clear text. It is visible ASCII without quotes, commas, semicolons and backslashes, so it
    /// can be the value of a cookie. Put it into a cookie only if the cookie is encrypted, authenticated and `HttpOnly`: a browser could
    /// otherwise bring a state of an attacker.
    pub fn into_stored(self) -> Secret {
        let parts =
            [VERSION, self.scope.as_str(), self.state.expose(), self.verifier.expose(), self.redirect_uri.as_str()];
        // The capacity suffices: a reallocation would leave a copy behind.
        let mut text = Zeroizing::new(String::with_capacity(parts.iter().map(|part| part.len() + 1).sum()));
        for part in parts {
            if !text.is_empty() {
                text.push('.');
            }
            text.push_str(part);
        }
        Secret::new(std::mem::take(&mut *text))
    }

    /// Reads the text of [`PendingAuthorization::into_stored`]. Delete the text from the store first.
    ///
    /// # Errors
    /// A [`RestoreError`] if the text is of another version of this library, or is not complete.
    pub fn restore(stored: &str) -> Result<Self, RestoreError> {
        let mut parts = stored.splitn(5, '.');
        let mut next = || parts.next().ok_or(RestoreError);
        if next()? != VERSION {
            return Err(RestoreError);
        }
        let scope = next()?;
        let scope = Scope::ALL.iter().copied().find(|one| one.as_str() == scope).ok_or(RestoreError)?;
        let (state, verifier, redirect_uri) = (next()?, next()?, next()?);
        if !is_random_text(state) || !is_random_text(verifier) || broken_redirect_uri(redirect_uri).is_some() {
            return Err(RestoreError);
        }
        let [state, verifier] = [state, verifier].map(Secret::from);
        Ok(Self { scope, state, verifier, redirect_uri: redirect_uri.to_owned() })
    }

    /// Reads the query of the redirect from Convex, such as `code=..&state=..`. It consumes the authorization, whatever the result.
    ///
    /// `query` is the part of the URL after the `?`, as the browser sent it. Parameters other than those of RFC 6749 are ignored. The
    /// states are compared in constant time, before anything else in the query counts.
    ///
    /// Do not log the query: it contains the code.
    ///
    /// # Errors
    /// A [`CallbackError`]. [`CallbackError::Rejected`] means that the user denied the access or that Convex rejected the request. After any
    /// of them the user starts over with a new authorization.
    pub fn callback(self, app: &OAuthApp, query: &str) -> Result<CodeExchange, CallbackError> {
        let redirect = read(query)?;
        let state = redirect.state.ok_or(CallbackError::NoState)?;
        if !bool::from(self.state.expose().as_bytes().ct_eq(state.expose().as_bytes())) {
            return Err(CallbackError::WrongState);
        }
        let code = redirect.result?;
        Ok(CodeExchange::new(app, self.scope, &self.redirect_uri, &code, &self.verifier))
    }
}

impl fmt::Debug for PendingAuthorization {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PendingAuthorization").field("scope", &self.scope).finish_non_exhaustive()
    }
}

/// Returns `true` for 32 bytes in base64url, the form of a state and a verifier.
fn is_random_text(text: &str) -> bool {
    text.len() == 43 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

/// A stored authorization that cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the stored authorization cannot be read: start the authorization over")]
#[non_exhaustive]
pub struct RestoreError;
