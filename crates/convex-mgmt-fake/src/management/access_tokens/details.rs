//! The details of the calling token.

use axum::Json;
use serde_json::{Value, json};

use crate::management::api::{Caller, OP, OT, P, T};
use crate::management::state::{Token, TokenKind};
use crate::state::millis;

/// Inferred: the form for a personal access token. The document accepts one but describes no such response.
pub(super) async fn details(Caller(caller): Caller<{ P | OT | T | OP }>) -> Json<Value> {
    let Token { id, name, kind, created, .. } = caller.token;
    let mut details = json!({"id": id, "name": name, "createTime": millis(created)});
    match kind {
        TokenKind::Team { team } | TokenKind::OAuthTeam { team } => {
            details["type"] = json!("teamToken");
            details["teamId"] = json!(team);
        }
        TokenKind::OAuthProject { project } => {
            details["type"] = json!("projectToken");
            details["projectId"] = json!(project);
        }
        _ => details["type"] = json!("personalToken"),
    }
    Json(details)
}
