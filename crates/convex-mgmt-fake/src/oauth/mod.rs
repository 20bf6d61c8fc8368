//! The OAuth authorization-code flow: the pages of the dashboard, and the token endpoint. Both are at the root of the control plane's host.
//!
//! The paths, the parameters, the lifetime of a code and the form of a success are those of Convex's page on OAuth applications. These parts
//! are inferred from RFC 6749 and RFC 7636:
//!
//! * all errors of both endpoints, and their order
//! * a page instead of a redirect if the application or the redirect URI is unknown
//! * the comparison of redirect URIs, letter by letter
//! * the revocation of the token if its code comes again
//! * a PKCE verifier is required if and only if there was a challenge

mod authorize;
mod exchange;
mod page;
mod state;

use axum::Router;
use axum::routing::{get, post};

pub(crate) use authorize::{Decision, decide};
pub(crate) use state::{OAuthApp, OAuthState};

use crate::management::Plane;

/// The routes at the root of the host.
pub(crate) fn routes() -> Router<Plane> {
    let page = || get(authorize::show).post(authorize::submit);
    Router::new()
        .route("/oauth/authorize/team", page())
        .route("/oauth/authorize/project", page())
        .route("/oauth/token", post(exchange::exchange))
}
