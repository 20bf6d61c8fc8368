//! [`Keys`]: the keys and tokens that a deployment accepts, and [`AccessTokens`], which decides about others.

use std::fmt;

use serde_json::Value;

/// The keys that a deployment accepts. They are compared as text and never decrypted.
#[derive(Debug, Default)]
pub(crate) struct Keys {
    pub(crate) full: Vec<String>,
    pub(crate) read_only: Vec<String>,
    pub(crate) system: Vec<String>,
    /// Tokens with the actions that they permit; an empty list permits everything. `None` is a revoked token: the others
    /// keep their numbers.
    pub(crate) tokens: Vec<Option<(String, Vec<String>)>>,
    pub(crate) end_users: Vec<String>,
}

impl Keys {
    /// Removes a key, a token or a JWT. Returns `true` if it existed.
    pub(crate) fn revoke(&mut self, key: &str) -> bool {
        let mut found = false;
        let mut keep = |is_revoked: bool| {
            found |= is_revoked;
            !is_revoked
        };
        for list in [&mut self.full, &mut self.read_only, &mut self.system] {
            list.retain(|known| keep(secret_of(known) == secret_of(key)));
        }
        self.end_users.retain(|known| keep(known == key));
        for token in &mut self.tokens {
            let is_revoked = token.as_ref().is_some_and(|(known, _)| secret_of(known) == secret_of(key));
            if !keep(is_revoked) {
                *token = None;
            }
        }
        found
    }
}

/// The control plane, as far as a deployment needs it. It is asked about keys that the deployment does not know itself.
pub(crate) trait AccessTokens: fmt::Debug + Send + Sync {
    /// Returns the access that a token has to a deployment. `None` rejects it.
    ///
    /// The caller must not hold the lock of the deployment.
    fn access(&self, secret: &str, deployment: &str) -> Option<Access>;
}

/// The access of a token to a deployment.
#[derive(Clone, Debug)]
pub(crate) struct Access {
    /// The actions that the token permits; an empty list permits everything.
    pub(crate) allowed: Vec<String>,
    /// The actor of an entry of the audit log.
    pub(crate) actor: Value,
}

/// The secret of a key: the part after `|`, or all of it.
pub(crate) fn secret_of(key: &str) -> &str {
    key.split_once('|').map_or(key, |(_, secret)| secret)
}
