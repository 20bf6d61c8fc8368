//! The credentials of both APIs: what their text says, which API takes them, and what cannot be a credential at all.
//!
//! Sources: convex-backend `crates/common/src/types/admin_key.rs` and `crates/keybroker/src/broker.rs` for how the server
//! takes a key apart; Convex's pages on deploy keys and on OAuth applications for the kinds.

mod text;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, de};
pub use text::{CredentialError, Surplus};

use crate::metadata::{Api, DeploymentApi, ManagementApi};
use crate::types::Secret;

/// What kind of key a [`DeployKey`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DeployKeyKind {
    /// `dev:NAME|SECRET`
    Dev,
    /// `prod:NAME|SECRET`
    Prod,
    /// `custom:NAME|SECRET`
    Custom,
    /// `preview:NAME|SECRET`: the key of one preview deployment.
    PreviewDeployment,
    /// `NAME|HEX`: the admin key of a self-hosted or local server. A read-only one looks the same.
    Admin,
    /// `NAME|SECRET` without a type, and not an admin key.
    Untyped,
}

/// What kind of token an [`AccessToken`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AccessTokenKind {
    /// `preview:TEAM:PROJECT|SECRET`: a key that creates preview deployments of a project. It names no deployment.
    PreviewDeployKey,
    /// `project:TEAM:PROJECT|SECRET`: an OAuth application's token for a project.
    OAuthProject,
    /// `team:TEAM|SECRET`: an OAuth application's token for a team.
    OAuthTeam,
    /// A team access token: its text does not say so, the caller did ([`AccessToken::team`]).
    Team,
    /// A personal access token: its text does not say so, the caller did ([`AccessToken::personal`]).
    Personal,
    /// A text that says nothing about itself.
    Opaque,
}

/// A key for one deployment, or the admin key of a self-hosted one. The Deployment Platform API takes it; the
/// Management API never does, and using it there does not compile.
///
/// `Debug` shows the kind and the deployment's name, which are no secrets, and nothing else.
#[derive(Clone, PartialEq, Eq)]
pub struct DeployKey {
    secret: Secret,
    kind: DeployKeyKind,
    name: Box<str>,
}

impl DeployKey {
    /// Reads a key from its text.
    ///
    /// # Errors
    /// A [`CredentialError`]: the text cannot be a credential, or is one of another kind.
    pub fn parse(text: &str) -> Result<Self, CredentialError> {
        match Credential::parse(text)? {
            Credential::DeployKey(key) => Ok(key),
            Credential::AccessToken(token) => {
                Err(CredentialError::WrongKind { found: token.kind.describe(), wanted: "a deploy key or admin key" })
            }
        }
    }

    /// Which kind of key this is.
    pub fn kind(&self) -> DeployKeyKind {
        self.kind
    }

    /// The name of the deployment that the key is for. A URL cannot be derived from it: it tells neither a region
    /// nor a custom domain.
    pub fn deployment_name(&self) -> &str {
        &self.name
    }
}

impl fmt::Debug for DeployKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeployKey").field("kind", &self.kind).field("name", &self.name).finish_non_exhaustive()
    }
}

/// A token that is not bound to one deployment. Both APIs may take it: which operations do, where that is known, is
/// advice ([`Credential::compatibility`]), not a rule.
///
/// `Debug` shows the kind and nothing else.
#[derive(Clone, PartialEq, Eq)]
pub struct AccessToken {
    secret: Secret,
    kind: AccessTokenKind,
    /// Team and project of the prefix.
    slugs: [Option<Box<str>>; 2],
}

impl AccessToken {
    /// Reads a token from its text.
    ///
    /// # Errors
    /// A [`CredentialError`]: the text cannot be a credential, or is the key of one deployment.
    pub fn parse(text: &str) -> Result<Self, CredentialError> {
        match Credential::parse(text)? {
            Credential::AccessToken(token) => Ok(token),
            Credential::DeployKey(key) => {
                Err(CredentialError::WrongKind { found: key.kind.describe(), wanted: "an access token" })
            }
        }
    }

    /// Reads an opaque text that the caller knows to be a personal access token.
    ///
    /// # Errors
    /// As for [`AccessToken::parse`]; a text that says itself that it is another kind is refused too.
    pub fn personal(text: &str) -> Result<Self, CredentialError> {
        Self::parse(text)?.declared(AccessTokenKind::Personal)
    }

    /// Reads an opaque text that the caller knows to be a team access token.
    ///
    /// # Errors
    /// As for [`AccessToken::parse`]; a text that says itself that it is another kind is refused too.
    pub fn team(text: &str) -> Result<Self, CredentialError> {
        Self::parse(text)?.declared(AccessTokenKind::Team)
    }

    fn declared(self, kind: AccessTokenKind) -> Result<Self, CredentialError> {
        match self.kind {
            AccessTokenKind::Opaque => Ok(Self { kind, ..self }),
            other => Err(CredentialError::WrongKind { found: other.describe(), wanted: kind.describe() }),
        }
    }

    /// Which kind of token this is.
    pub fn kind(&self) -> AccessTokenKind {
        self.kind
    }

    /// The team's slug, where the text has one.
    pub fn team_slug(&self) -> Option<&str> {
        self.slugs[0].as_deref()
    }

    /// The project's slug, where the text has one.
    pub fn project_slug(&self) -> Option<&str> {
        self.slugs[1].as_deref()
    }
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessToken").field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// A credential of any kind, as read from its text.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Credential {
    /// For one deployment.
    DeployKey(DeployKey),
    /// For a team, a project or a member.
    AccessToken(AccessToken),
}

impl Credential {
    /// Reads a credential from its text, such as the value of the environment variable `CONVEX_DEPLOY_KEY`.
    ///
    /// Text of an unknown form is not refused: it stays opaque, and the server decides. What no credential holds is: quotes,
    /// white space, a scheme or a variable's name in front, and the rest of [`Surplus`]. Nothing is taken off, white space
    /// around the text neither.
    ///
    /// ```
    /// use convex_mgmt::{Credential, CredentialError};
    /// use convex_mgmt::proto::Surplus;
    ///
    /// let pasted = "CONVEX_DEPLOY_KEY=prod:happy-animal-123|made-up";
    /// let error = Credential::parse(pasted).unwrap_err();
    /// assert_eq!(error, CredentialError::Surplus { found: Surplus::VariableName, position: 0 });
    /// ```
    ///
    /// # Errors
    /// A [`CredentialError`]: the text is empty, holds more than a credential, cannot be sent in a header, lacks its secret,
    /// or is one of the values with which the command line tools say that there is no key.
    pub fn parse(text: &str) -> Result<Self, CredentialError> {
        text::check(text)?;
        let opaque = |kind| Self::AccessToken(AccessToken { secret: Secret::new(text), kind, slugs: [None, None] });
        let Some((prefix, secret)) = text.split_once('|') else {
            return Ok(opaque(AccessTokenKind::Opaque));
        };
        if secret.is_empty() {
            return Err(CredentialError::NoSecret);
        }
        let key = |kind, name: &str| Self::DeployKey(DeployKey { secret: Secret::new(text), kind, name: name.into() });
        let token = |kind, team: Option<&str>, project: Option<&str>| {
            let slugs = [team.map(Into::into), project.map(Into::into)];
            Self::AccessToken(AccessToken { secret: Secret::new(text), kind, slugs })
        };
        // The server compares some types without regard to case and drops the others unseen, so case never matters.
        let parts: Vec<&str> = prefix.split(':').collect();
        let kind = parts.first().map(|kind| kind.to_ascii_lowercase()).unwrap_or_default();
        let rest = parts.get(1..).unwrap_or_default();
        if parts.iter().any(|part| part.is_empty()) {
            return Err(CredentialError::EmptyPrefixPart);
        }
        Ok(match (kind.as_str(), rest) {
            (_, []) if is_admin_secret(secret) => key(DeployKeyKind::Admin, prefix),
            (_, []) => key(DeployKeyKind::Untyped, prefix),
            ("dev", [name]) => key(DeployKeyKind::Dev, name),
            ("prod", [name]) => key(DeployKeyKind::Prod, name),
            ("custom", [name]) => key(DeployKeyKind::Custom, name),
            ("preview", [name]) => key(DeployKeyKind::PreviewDeployment, name),
            ("preview", [team, project]) => token(AccessTokenKind::PreviewDeployKey, Some(team), Some(project)),
            ("project", [team, project]) => token(AccessTokenKind::OAuthProject, Some(team), Some(project)),
            ("team", [team]) => token(AccessTokenKind::OAuthTeam, Some(team), None),
            _ => opaque(AccessTokenKind::Opaque),
        })
    }
}

/// Declares the two ways in which a credential is read as part of something else: arguments and configuration.
macro_rules! from_text {
    ($($name:ident)+) => { $(
        impl FromStr for $name {
            type Err = CredentialError;
            fn from_str(text: &str) -> Result<Self, CredentialError> {
                Self::parse(text)
            }
        }

        #[doc = concat!("Reads a string with [`", stringify!($name), "::parse`], for configuration files.")]
        ///
        /// The error has the rule that the text breaks, and never the text. A format that quotes the input in its own errors,
        /// as TOML's readers do, may still show it: for such a file, deserialize a [`Secret`] and parse that.
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                // A `Secret`, so that no copy of the text is left in memory.
                let text = Secret::deserialize(deserializer)?;
                Self::parse(text.expose()).map_err(de::Error::custom)
            }
        }
    )+ };
}

from_text! { DeployKey AccessToken Credential }

impl From<DeployKey> for Credential {
    fn from(key: DeployKey) -> Self {
        Self::DeployKey(key)
    }
}

impl From<AccessToken> for Credential {
    fn from(token: AccessToken) -> Self {
        Self::AccessToken(token)
    }
}

/// The credentials that an API may take. What is not `Authorizes<A>` is certain to be refused by `A`.
pub trait Authorizes<A: Api>: sealed::Sealed {
    /// The text that stands behind the scheme in the `Authorization` header.
    fn secret(&self) -> &Secret;
}

impl Authorizes<DeploymentApi> for DeployKey {
    fn secret(&self) -> &Secret {
        &self.secret
    }
}

impl Authorizes<DeploymentApi> for AccessToken {
    fn secret(&self) -> &Secret {
        &self.secret
    }
}

impl Authorizes<ManagementApi> for AccessToken {
    fn secret(&self) -> &Secret {
        &self.secret
    }
}

impl Authorizes<DeploymentApi> for Credential {
    fn secret(&self) -> &Secret {
        match self {
            Self::DeployKey(key) => &key.secret,
            Self::AccessToken(token) => &token.secret,
        }
    }
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::DeployKey {}
    impl Sealed for super::AccessToken {}
    impl Sealed for super::Credential {}
}

impl DeployKeyKind {
    pub(crate) const fn describe(self) -> &'static str {
        match self {
            Self::Dev => "the deploy key of a dev deployment",
            Self::Prod => "the deploy key of a production deployment",
            Self::Custom => "the deploy key of a custom deployment",
            Self::PreviewDeployment => "the deploy key of a preview deployment",
            Self::Admin => "an admin key",
            Self::Untyped => "the key of a named deployment",
        }
    }
}

impl AccessTokenKind {
    pub(crate) const fn describe(self) -> &'static str {
        match self {
            Self::PreviewDeployKey => "a project's preview deploy key",
            Self::OAuthProject => "an OAuth project token",
            Self::OAuthTeam => "an OAuth team token",
            Self::Team => "a team access token",
            Self::Personal => "a personal access token",
            Self::Opaque => "an opaque token",
        }
    }
}

/// Whether a secret has the form of an admin key's: lowercase hex, of even length, beginning with the version `01`.
fn is_admin_secret(secret: &str) -> bool {
    secret.len().is_multiple_of(2)
        && secret.starts_with("01")
        && secret.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests;
