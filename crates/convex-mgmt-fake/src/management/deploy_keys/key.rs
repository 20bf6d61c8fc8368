//! The shared parts of both kinds of deploy keys: creation, lists and deletion.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::api::ApiError;
use crate::management::api::{Bearer, check_expiry};
use crate::management::state::{ControlPlane, NewToken, Token, TokenKind};
use crate::state::{millis, secret_of};

/// A key as the API returns it. Inferred: the list of actions is empty if the key permits everything.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct KeyResponse {
    id: u64,
    name: String,
    creation_time: u64,
    last_used_time: Option<u64>,
    expires_at: Option<u64>,
    creator: Option<u64>,
    managed_by: Option<Value>,
    allowed_actions: Vec<String>,
}

impl From<&Token> for KeyResponse {
    fn from(token: &Token) -> Self {
        let Token { id, name, kind, member, client_id, created, last_used, expires_at, .. } = token.clone();
        let allowed_actions = match kind {
            TokenKind::DeployKey { allowed, .. } => allowed,
            _ => Vec::new(),
        };
        Self {
            id,
            name,
            creation_time: millis(created),
            last_used_time: last_used.map(millis),
            expires_at,
            creator: Some(member),
            managed_by: client_id.map(|client_id| json!({"oauthApp": client_id})),
            allowed_actions,
        }
    }
}

/// Creates a key and returns its secret. An OAuth caller gets the secret of its own token.
pub(super) fn create(
    state: &mut ControlPlane,
    caller: &Bearer,
    name: &str,
    kind: TokenKind,
    expires_at: Option<i64>,
) -> Result<Created, ApiError> {
    if name.trim().is_empty() {
        return Err(ApiError::bad_request("InvalidDeployKeyName", "the name of the key is empty"));
    }
    let expires_at = check_expiry(expires_at, state.now())?;
    if caller.is_oauth() {
        return Ok(Created { secret: caller.token.secret.clone(), minted: None });
    }
    let name = state.tokens.unique_name(name, |other| is_same_list(other, &kind));
    let new = NewToken { name, kind, member: caller.token.member, expires_at };
    let token = state.add_token(new, None, None);
    Ok(Created { secret: token.secret.clone(), minted: Some(token) })
}

/// The result of a creation.
pub(super) struct Created {
    pub(super) secret: String,
    /// The new token. `None` if the secret is that of the caller.
    pub(super) minted: Option<Token>,
}

/// Returns `true` if keys of both kinds are in the same list.
fn is_same_list(a: &TokenKind, b: &TokenKind) -> bool {
    match (a, b) {
        (TokenKind::DeployKey { deployment: a, .. }, TokenKind::DeployKey { deployment: b, .. }) => a == b,
        (TokenKind::PreviewDeployKey { project: a }, TokenKind::PreviewDeployKey { project: b }) => a == b,
        _ => false,
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Delete {
    /// The key, its secret part, or its name.
    pub(super) id: String,
}

/// Revokes a key of a list. The secret of an echoed key is that of an OAuth token, so its deletion revokes that token.
pub(super) fn delete(
    state: &mut ControlPlane,
    project: u64,
    id: &str,
    is_in_list: impl Fn(&TokenKind) -> bool,
) -> Result<Token, ApiError> {
    let now = state.now();
    if let Some(token) = state.tokens.revoke(id, now, is_in_list) {
        return Ok(token);
    }
    let team = state.team_of_project(project);
    let is_grant = |kind: &TokenKind| match kind {
        TokenKind::OAuthTeam { team: id } => Some(*id) == team,
        TokenKind::OAuthProject { project: id } => *id == project,
        _ => false,
    };
    // By its secret only: the name of a grant is not the name of a key.
    let is_known = state.tokens.iter().any(|token| token.secret == secret_of(id) && is_grant(&token.kind));
    let token = if is_known { state.tokens.revoke(secret_of(id), now, is_grant) } else { None };
    token.ok_or_else(|| ApiError::not_found("DeployKeyNotFound", "there is no such key"))
}
