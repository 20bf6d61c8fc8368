//! Keys and tokens that are added or revoked while the fake runs.

use axum::extract::State;
use axum::routing::post;
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use super::commands::{Commands, Rejection, rejection};
use super::fake::Fake;

impl Fake {
    /// Adds an admin key with all permissions. It must name the deployment.
    pub fn add_admin_key(&self, key: impl Into<String>) {
        self.state.deployment().keys.full.push(key.into());
    }

    /// Adds a read-only admin key. It must name the deployment.
    pub fn add_read_only_key(&self, key: impl Into<String>) {
        self.state.deployment().keys.read_only.push(key.into());
    }

    /// Adds a cloud token that permits these actions, or everything if there are none.
    pub fn add_token<A: Into<String>>(&self, key: impl Into<String>, actions: impl IntoIterator<Item = A>) {
        let token = (key.into(), actions.into_iter().map(Into::into).collect());
        self.state.deployment().keys.tokens.push(Some(token));
    }

    /// Revokes a key, a token or the JWT of an end user: requests with it fail with 401. Keys are compared by the part after
    /// `|`. Returns `true` if the key existed.
    pub fn revoke_key(&self, key: &str) -> bool {
        self.state.deployment().keys.revoke(key)
    }
}

pub(super) fn routes() -> Router<Fake> {
    Router::new().route("/_fake/keys", post(change))
}

/// Adds or revokes a key.
#[derive(Deserialize)]
#[serde(tag = "change", rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
enum KeyChange {
    Add {
        key: String,
        role: Role,
        /// The permissions of a token; an empty list permits everything.
        #[serde(default)]
        actions: Vec<String>,
    },
    Revoke {
        key: String,
    },
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Role {
    Admin,
    ReadOnly,
    Token,
}

impl KeyChange {
    /// Rejects a key that the deployment would never accept.
    fn check(&self, deployment: &str) -> Result<(), String> {
        let Self::Add { key, role, actions } = self else { return Ok(()) };
        if *role == Role::Token {
            return if key.is_empty() { Err("the key is empty".to_owned()) } else { Ok(()) };
        }
        if !actions.is_empty() {
            return Err("only a token has actions".to_owned());
        }
        match key.split_once('|') {
            Some((name, secret)) if name == deployment && !secret.is_empty() => Ok(()),
            _ => Err(format!("an admin key has the form '{deployment}|SECRET'")),
        }
    }

    fn apply(self, fake: &Fake) -> Value {
        match self {
            Self::Add { key, role: Role::Admin, .. } => fake.add_admin_key(key),
            Self::Add { key, role: Role::ReadOnly, .. } => fake.add_read_only_key(key),
            Self::Add { key, role: Role::Token, actions } => fake.add_token(key, actions),
            Self::Revoke { key } => return json!({"found": fake.revoke_key(&key)}),
        }
        json!({})
    }
}

async fn change(State(fake): State<Fake>, commands: Commands<KeyChange>) -> Result<Json<Value>, Rejection> {
    let name = fake.state.deployment().name.clone();
    for command in commands.iter() {
        command.check(&name).map_err(rejection)?;
    }
    Ok(commands.apply(|change| change.apply(&fake)))
}
