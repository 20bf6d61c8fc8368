//! The credentials of both APIs, parsed from their text.
//!
//! Sources: convex-backend `crates/common/src/types/admin_key.rs` and `crates/keybroker/src/broker.rs` for the server's parser;
//! Convex's pages on deploy keys and on OAuth applications for the kinds.

mod text;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, de};
pub use text::{CredentialError, Surplus};

use super::kind::{AccessTokenKind, CredentialKind, DeployKeyKind};
use crate::metadata::{Api, DeploymentApi, ManagementApi};
use crate::types::Secret;

/// A key for one deployment, or the admin key of a self-hosted one. The Deployment Platform API accepts it. The Management API never
/// does, and using it there does not compile.
///
/// `Debug` shows only the kind and the deployment's name, which are not secret.
#[derive(Clone, PartialEq, Eq)]
pub struct DeployKey {
    secret: Secret,
    kind: DeployKeyKind,
    name: Box<str>,
}

impl DeployKey {
    /// Parses a key.
    ///
    /// # Errors
    /// A [`CredentialError`] if the text is not a credential, or is a credential of another kind.
    pub fn parse(text: &str) -> Result<Self, CredentialError> {
        match Credential::parse(text)? {
            Credential::DeployKey(key) => Ok(key),
            Credential::AccessToken(token) => {
                Err(CredentialError::WrongKind { found: token.kind.describe(), wanted: "a deploy key or admin key" })
            }
        }
    }

    /// Returns the kind of this key.
    pub fn kind(&self) -> DeployKeyKind {
        self.kind
    }

    /// Returns the name of the key's deployment. A URL cannot be derived from it, because it contains neither a region nor a custom
    /// domain.
    pub fn deployment_name(&self) -> &str {
        &self.name
    }
}

impl fmt::Debug for DeployKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeployKey").field("kind", &self.kind).field("name", &self.name).finish_non_exhaustive()
    }
}

/// A token that is not bound to one deployment. Both APIs may accept it. [`Credential::compatibility`] returns whether an operation
/// does, as far as Convex documents it.
///
/// `Debug` shows only the kind.
#[derive(Clone, PartialEq, Eq)]
pub struct AccessToken {
    secret: Secret,
    kind: AccessTokenKind,
    /// The team and the project in the prefix.
    slugs: [Option<Box<str>>; 2],
}

impl AccessToken {
    /// Parses a token.
    ///
    /// # Errors
    /// A [`CredentialError`] if the text is not a credential, or is the key of one deployment.
    pub fn parse(text: &str) -> Result<Self, CredentialError> {
        match Credential::parse(text)? {
            Credential::AccessToken(token) => Ok(token),
            Credential::DeployKey(key) => {
                Err(CredentialError::WrongKind { found: key.kind.describe(), wanted: "an access token" })
            }
        }
    }

    /// Parses an opaque text that the caller knows to be a personal access token.
    ///
    /// # Errors
    /// As for [`AccessToken::parse`], and if the text shows that it is of another kind.
    pub fn personal(text: &str) -> Result<Self, CredentialError> {
        Self::parse(text)?.declared(AccessTokenKind::Personal)
    }

    /// Parses an opaque text that the caller knows to be a team access token.
    ///
    /// # Errors
    /// As for [`AccessToken::parse`], and if the text shows that it is of another kind.
    pub fn team(text: &str) -> Result<Self, CredentialError> {
        Self::parse(text)?.declared(AccessTokenKind::Team)
    }

    /// Returns an opaque token as one of this kind.
    pub(crate) fn declared(self, kind: AccessTokenKind) -> Result<Self, CredentialError> {
        match self.kind {
            AccessTokenKind::Opaque => Ok(Self { kind, ..self }),
            other => Err(CredentialError::WrongKind { found: other.describe(), wanted: kind.describe() }),
        }
    }

    /// Returns the kind of this token.
    pub fn kind(&self) -> AccessTokenKind {
        self.kind
    }

    /// Returns the team's slug, if the text contains it.
    pub fn team_slug(&self) -> Option<&str> {
        self.slugs[0].as_deref()
    }

    /// Returns the project's slug, if the text contains it.
    pub fn project_slug(&self) -> Option<&str> {
        self.slugs[1].as_deref()
    }
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessToken").field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// A credential of any kind.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Credential {
    /// A key for one deployment.
    DeployKey(DeployKey),
    /// A token for a team, a project or a member.
    AccessToken(AccessToken),
}

impl Credential {
    /// Returns the kind of this credential.
    pub fn kind(&self) -> CredentialKind {
        match self {
            Self::DeployKey(key) => CredentialKind::DeployKey(key.kind),
            Self::AccessToken(token) => CredentialKind::AccessToken(token.kind),
        }
    }

    /// Parses a credential, such as the value of the environment variable `CONVEX_DEPLOY_KEY`.
    ///
    /// Text of an unknown form is accepted as an opaque token, and the server decides. Text that no credential contains is an error:
    /// quotes, white space, a scheme or a variable's name in front, and the rest of [`Surplus`]. Nothing is removed, including white
    /// space around the text.
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
    /// A [`CredentialError`] if the text is empty, contains more than a credential, cannot be sent in a header or lacks its secret.
    /// The placeholders that the command line tools use for a missing key are errors too.
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
        // The server ignores the case of some kinds and does not read the others, so case never matters.
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

/// Implements `FromStr`, for arguments, and `Deserialize`, for configuration.
macro_rules! from_text {
    ($($name:ident)+) => { $(
        impl FromStr for $name {
            type Err = CredentialError;
            fn from_str(text: &str) -> Result<Self, CredentialError> {
                Self::parse(text)
            }
        }

        #[doc = concat!("Parses a string with [`", stringify!($name), "::parse`], for configuration files.")]
        ///
        /// The error names the broken rule and never contains the text. A format that quotes the input in its own errors, as TOML
        /// parsers do, may still show it. For such a file, deserialize a [`Secret`] and parse that.
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                // A `Secret` leaves no copy of the text in memory.
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

/// A credential that the API `A` may accept. `A` always rejects credentials that do not implement it:
///
/// ```compile_fail,E0277
/// use convex_mgmt::{DeployKey, Endpoint, ManagementApi};
///
/// # let key = DeployKey::parse("prod:happy-animal-123|made-up")?;
/// let endpoint = Endpoint::<ManagementApi>::new("https://api.convex.dev", &key)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{A}` does not accept `{Self}` as a credential",
    label = "not a credential of this API",
    note = "the Deployment Platform API accepts `DeployKey`, `AccessToken` and `Credential`; the Management API accepts `AccessToken` only"
)]
pub trait Authorizes<A: Api>: sealed::Sealed {
    /// Returns the credential as sent after the scheme in the `Authorization` header.
    fn secret(&self) -> &Secret;

    /// Returns the kind of the credential.
    fn credential_kind(&self) -> CredentialKind;
}

impl Authorizes<DeploymentApi> for DeployKey {
    fn secret(&self) -> &Secret {
        &self.secret
    }

    fn credential_kind(&self) -> CredentialKind {
        CredentialKind::DeployKey(self.kind)
    }
}

impl Authorizes<DeploymentApi> for AccessToken {
    fn secret(&self) -> &Secret {
        &self.secret
    }

    fn credential_kind(&self) -> CredentialKind {
        CredentialKind::AccessToken(self.kind)
    }
}

impl Authorizes<ManagementApi> for AccessToken {
    fn secret(&self) -> &Secret {
        &self.secret
    }

    fn credential_kind(&self) -> CredentialKind {
        CredentialKind::AccessToken(self.kind)
    }
}

impl Authorizes<DeploymentApi> for Credential {
    fn secret(&self) -> &Secret {
        match self {
            Self::DeployKey(key) => &key.secret,
            Self::AccessToken(token) => &token.secret,
        }
    }

    fn credential_kind(&self) -> CredentialKind {
        self.kind()
    }
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::DeployKey {}
    impl Sealed for super::AccessToken {}
    impl Sealed for super::Credential {}
}

/// Returns `true` for the secret of an admin key: lowercase hex of even length that begins with the version `01`.
fn is_admin_secret(secret: &str) -> bool {
    secret.len().is_multiple_of(2)
        && secret.starts_with("01")
        && secret.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests;
