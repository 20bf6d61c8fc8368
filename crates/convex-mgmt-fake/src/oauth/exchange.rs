//! The token endpoint.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderMap, StatusCode};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::state::{CODE_LIFETIME, Code, OAuthState, Parameters};
use crate::management::{ControlPlane, NewToken, Plane, TokenKind};

/// An error of RFC 6749, section 5.2, with a text for a developer.
struct Rejection(&'static str, &'static str);

impl IntoResponse for Rejection {
    fn into_response(self) -> Response {
        let Self(error, description) = self;
        let status = if error == "invalid_client" { StatusCode::UNAUTHORIZED } else { StatusCode::BAD_REQUEST };
        let body = Json(json!({"error": error, "error_description": description}));
        (status, [(CACHE_CONTROL, "no-store")], body).into_response()
    }
}

/// Exchanges a code for a token.
pub(super) async fn exchange(State(plane): State<Plane>, headers: HeaderMap, form: Bytes) -> Response {
    match exchanged(&mut plane.state(), &headers, &form) {
        Ok(token) => {
            let body = Json(json!({"access_token": token, "token_type": "bearer"}));
            ([(CACHE_CONTROL, "no-store")], body).into_response()
        }
        Err(rejection) => rejection.into_response(),
    }
}

fn exchanged(state: &mut ControlPlane, headers: &HeaderMap, form: &[u8]) -> Result<String, Rejection> {
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if content_type.split(';').next().map(str::trim) != Some("application/x-www-form-urlencoded") {
        return Err(Rejection("invalid_request", "the body is not a form"));
    }
    let form = Parameters::read(form).ok_or(Rejection("invalid_request", "a parameter occurs twice"))?;
    let field = |name| form.get(name).ok_or(Rejection("invalid_request", "a parameter is missing"));
    let (client_id, client_secret) = (field("client_id")?, field("client_secret")?);
    let oauth = state.topics.of::<OAuthState>();
    if oauth.app(client_id).is_none_or(|app| app.client_secret != client_secret) {
        return Err(Rejection("invalid_client", "the client id or the client secret is wrong"));
    }
    if field("grant_type")? != "authorization_code" {
        return Err(Rejection("unsupported_grant_type", "the grant type is not authorization_code"));
    }
    let (text, redirect_uri) = (field("code")?, field("redirect_uri")?);
    let invalid = |description| Rejection("invalid_grant", description);
    let found = oauth.codes.iter().find(|code| code.text == text && code.client_id == client_id).cloned();
    let code = found.ok_or(invalid("the code does not exist or belongs to another client"))?;
    let now = state.now();
    if let Some(token) = code.token {
        state.tokens.delete(now, |one| one.id == token);
        return Err(invalid("the code was used before"));
    }
    if now.saturating_sub(code.issued) > CODE_LIFETIME {
        return Err(invalid("the code has expired"));
    }
    if redirect_uri != code.redirect_uri {
        return Err(invalid("the redirect URI is another one"));
    }
    let challenge = form.get("code_verifier").map(|verifier| URL_SAFE_NO_PAD.encode(Sha256::digest(verifier)));
    if challenge != code.challenge {
        return Err(invalid("the verifier does not match the challenge"));
    }
    issue(state, code).ok_or(invalid("the team or project was deleted"))
}

/// Adds the token of a code. Returns its text, or `None` if its team or project does not exist.
fn issue(state: &mut ControlPlane, code: Code) -> Option<String> {
    let prefix = match code.kind {
        TokenKind::OAuthProject { project } => {
            let project = state.project(project)?;
            format!("project:{}:{}", state.teams.by_id(project.team)?.slug, project.slug)
        }
        TokenKind::OAuthTeam { team } => format!("team:{}", state.teams.by_id(team)?.slug),
        _ => return None,
    };
    let Code { text, client_id, kind, member, .. } = code;
    let new = NewToken { name: client_id.clone(), kind, member, expires_at: None };
    let token = state.add_token(new, None, Some(client_id));
    let codes = &mut state.topics.of::<OAuthState>().codes;
    if let Some(code) = codes.iter_mut().find(|code| code.text == text) {
        code.token = Some(token.id);
    }
    Some(format!("{prefix}|{}", token.secret))
}
