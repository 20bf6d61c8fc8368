//! The OAuth authorization-code flow: an application gets access to a user's team or project. No step performs IO, reads a clock or draws
//! randomness.
//!
//! 1. [`OAuthApp::authorize`] returns the URL to send the browser to, and a [`PendingAuthorization`]. Keep it in the user's session.
//! 2. The user approves or denies the request, and Convex redirects the browser to the application.
//! 3. Take the [`PendingAuthorization`] out of the session. [`PendingAuthorization::callback`] consumes it and checks the query of the
//!    redirect. Its result is a [`CodeExchange`].
//! 4. [`CodeExchange::into_request`] returns the request that exchanges the code for a token. Send it once, with a timeout.
//! 5. [`SentExchange::read`] reads the token from the response. After any error the authorization starts over with step 1.
//! 6. [`OAuthApp::endpoint`] is the endpoint of the Management API for the token.
//!    [`GetTokenDetails`](crate::management::GetTokenDetails) returns the id of the team or project.
//!
//! ```
//! use convex_mgmt::http::Response;
//! use convex_mgmt::oauth::{OAuthApp, PendingAuthorization, Randomness, Scope};
//! use convex_mgmt::bytes::Bytes;
//!
//! # fn random() -> [u8; 64] { std::array::from_fn(|at| at as u8) }
//! # fn state_of(url: &str) -> &str { url.split("state=").nth(1).unwrap().split('&').next().unwrap() }
//! let app = OAuthApp::new("my-client-id", "made-up", "https://example.com/callback")?;
//! let (url, pending) = app.authorize(Scope::Team, Randomness::from_bytes(random()));
//! assert!(url.as_str().starts_with("https://dashboard.convex.dev/oauth/authorize/team?client_id=my-client-id&"));
//! // In the session of the user until the browser comes back.
//! let stored = pending.into_stored();
//!
//! // What the browser brings, and the response to the request.
//! let query = format!("code=made-up-code&state={}", state_of(url.as_str()));
//! let response = Response::new(Bytes::from(r#"{"access_token":"team:acme|made-up","token_type":"bearer"}"#));
//!
//! let exchange = PendingAuthorization::restore(stored.expose())?.callback(&app, &query)?;
//! let (request, sent) = exchange.into_request();
//! assert_eq!(request.uri(), "https://api.convex.dev/oauth/token");
//! let token = sent.read(response)?;
//! assert_eq!(token.team_slug(), Some("acme"));
//! let endpoint = app.endpoint(&token)?;
//! # drop(endpoint);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Sources: Convex's page on OAuth applications for the URLs, the parameters and the lifetime of a code (10 minutes); RFC 6749 and RFC 7636
//! for the rest. Which errors the server sends for which mistake is inferred from RFC 6749.

mod app;
mod authorize;
mod callback;
mod codes;
mod exchange;
mod form;
mod pending;
mod scope;
mod store;
mod token;

pub use self::app::OAuthApp;
pub use self::authorize::{AuthorizeUrl, Randomness};
pub use self::callback::{AuthorizationError, CallbackError, MAX_QUERY};
pub use self::codes::{AuthorizationErrorCode, TokenErrorCode};
pub use self::exchange::{CodeExchange, SentExchange};
pub use self::pending::{PendingAuthorization, RestoreError};
pub use self::scope::Scope;
pub use self::store::PendingAuthorizations;
pub use self::token::{TokenError, TokenRejection};

#[cfg(test)]
mod tests;
