//! The shared parts of the tokens of people and teams: creation, listing and deletion. Inferred: the codes of the errors.

use std::cmp::Reverse;

use serde::Deserialize;

use crate::api::{ApiError, Pagination};
use crate::management::api::{Bearer, PageArgs, check_expiry, page};
use crate::management::state::{ControlPlane, NewToken, Token, TokenKind};

/// Returns `true` for the tokens of this kind that the caller's member created.
fn is_own(caller: &Bearer, kind: &TokenKind) -> impl Fn(&Token) -> bool {
    move |token| token.kind == *kind && token.member == caller.token.member
}

/// Creates a token of the caller's member.
pub(super) fn create(
    state: &mut ControlPlane,
    caller: &Bearer,
    kind: TokenKind,
    name: &str,
    expires_at: Option<i64>,
) -> Result<Token, ApiError> {
    if name.trim().is_empty() {
        return Err(ApiError::bad_request("InvalidAccessTokenName", "the name of the token is empty"));
    }
    let expires_at = check_expiry(expires_at, state.now())?;
    let name = state.tokens.unique_name_among(name, is_own(caller, &kind));
    let new = NewToken { name, kind, member: caller.token.member, expires_at };
    Ok(state.add_token(new, None, caller.token.client_id.clone()))
}

/// Lists the tokens of the caller's member. Inferred: the newest tokens come first.
pub(super) fn list(
    state: &ControlPlane,
    caller: &Bearer,
    kind: &TokenKind,
    args: PageArgs,
) -> Result<(Vec<Token>, Pagination), ApiError> {
    let is_own = is_own(caller, kind);
    let listed = state.tokens.listed(state.listed_since()).rev().filter(|token| is_own(token));
    let items = listed.map(|token| (Reverse(token.id), token.clone()));
    let list = ("access tokens", format!("{kind:?}"), caller.token.member);
    page(list, items, args, state.knobs.access_tokens_page_size)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Delete {
    /// The text of the token, or its name.
    id: String,
}

/// Revokes a token of the caller's member, which may be the calling token. The Management API rejects it at once, deployments
/// after a delay.
pub(super) fn delete(
    state: &mut ControlPlane,
    caller: &Bearer,
    kind: &TokenKind,
    Delete { id }: &Delete,
) -> Result<Token, ApiError> {
    let now = state.now();
    let revoked = state.tokens.revoke_one(id, now, is_own(caller, kind));
    revoked.ok_or_else(|| ApiError::not_found("AccessTokenNotFound", "there is no such token"))
}
