//! Tokens of every class. A deploy key is a token for one deployment.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::records::{Record, Records};
use crate::state::{hex, millis, random_bytes, secret_of};

/// The class of a token and what it is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TokenKind {
    /// A personal access token, with the access of its member.
    Personal,
    Team {
        team: u64,
    },
    /// Issued to an OAuth application for a team.
    OAuthTeam {
        team: u64,
    },
    /// Issued to an OAuth application for a project.
    OAuthProject {
        project: u64,
    },
    /// For one deployment, by name. An empty list of actions permits everything.
    DeployKey {
        deployment: String,
        allowed: Vec<String>,
    },
    /// For the preview deployments of a project.
    PreviewDeployKey {
        project: u64,
    },
}

/// A token.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    pub(crate) id: u64,
    /// The text without a prefix.
    pub(crate) secret: String,
    pub(crate) name: String,
    pub(crate) kind: TokenKind,
    /// The member who created the token, or who authorized the OAuth application.
    pub(crate) member: u64,
    /// The OAuth application that the token was issued to.
    pub(crate) client_id: Option<String>,
    pub(crate) created: Duration,
    pub(crate) last_used: Option<Duration>,
    /// In milliseconds since the Unix epoch.
    pub(crate) expires_at: Option<u64>,
    pub(crate) revoked: Option<Duration>,
}

impl Token {
    pub(crate) fn is_expired(&self, now: Duration) -> bool {
        self.expires_at.is_some_and(|expires_at| millis(now) >= expires_at)
    }
}

impl Record for Token {
    fn deleted_at(&mut self) -> &mut Option<Duration> {
        &mut self.revoked
    }

    fn was_deleted_at(&self) -> Option<Duration> {
        self.revoked
    }
}

/// A token before it has an id.
#[derive(Clone, Debug)]
pub(crate) struct NewToken {
    pub(crate) name: String,
    pub(crate) kind: TokenKind,
    pub(crate) member: u64,
    pub(crate) expires_at: Option<u64>,
}

/// All tokens.
pub(crate) type Tokens = Records<Token>;

impl Tokens {
    /// Finds a valid token by its text, with or without a prefix.
    pub(crate) fn valid(&mut self, text: &str, now: Duration) -> Option<&mut Token> {
        self.iter_mut().find(|token| token.secret == secret_of(text) && !token.is_expired(now))
    }

    /// Finds a token by its text, even `delay` after it was revoked.
    pub(crate) fn valid_for(&mut self, text: &str, now: Duration, delay: Duration) -> Option<&mut Token> {
        let is_valid = |token: &Token| token.revoked.is_none_or(|revoked| now < revoked + delay);
        self.all_mut().find(|token| token.secret == secret_of(text) && is_valid(token) && !token.is_expired(now))
    }

    /// Returns a name that no other token of its kind has. See [`Tokens::unique_name_among`].
    pub(crate) fn unique_name(&self, name: &str, is_kind: impl Fn(&TokenKind) -> bool) -> String {
        self.unique_name_among(name, |token| is_kind(&token.kind))
    }

    /// Returns a name that no other one of these tokens has: the name itself, or the name with a suffix. The form of the suffix
    /// is inferred.
    pub(crate) fn unique_name_among(&self, name: &str, is_other: impl Fn(&Token) -> bool) -> String {
        let is_taken = |name: &str| self.iter().any(|token| is_other(token) && token.name == name);
        let numbered = (2..).map(|number| format!("{name} ({number})"));
        std::iter::once(name.to_owned()).chain(numbered).find(|name| !is_taken(name)).unwrap_or_default()
    }

    /// Revokes a token of these kinds. See [`Tokens::revoke_one`].
    pub(crate) fn revoke(&mut self, id: &str, now: Duration, is_kind: impl Fn(&TokenKind) -> bool) -> Option<Token> {
        self.revoke_one(id, now, |token| is_kind(&token.kind))
    }

    /// Revokes the one of these tokens whose text or name is `id`: the text with or without a prefix. Returns the revoked
    /// token, if there is one.
    pub(crate) fn revoke_one(&mut self, id: &str, now: Duration, is_one: impl Fn(&Token) -> bool) -> Option<Token> {
        let matches = |token: &Token| is_one(token) && (token.secret == secret_of(id) || token.name == id);
        let token = self.iter_mut().find(|token| matches(token))?;
        token.revoked = Some(now);
        Some(token.clone())
    }
}

/// Returns the text of a new token. It looks like those of the real service: base64 of JSON.
pub(crate) fn new_secret() -> String {
    STANDARD.encode(format!(r#"{{"v2":"{}"}}"#, hex(&random_bytes::<16>())))
}
