//! The kinds of credentials: [`DeployKeyKind`], [`AccessTokenKind`], and [`CredentialKind`] for both.

use std::fmt;

use crate::metadata::CredentialClass;

/// The kinds of [`DeployKey`](crate::DeployKey).
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

/// The kinds of [`AccessToken`](crate::AccessToken).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AccessTokenKind {
    /// `preview:TEAM:PROJECT|SECRET`: a key that creates preview deployments of a project. It names no deployment.
    PreviewDeployKey,
    /// `project:TEAM:PROJECT|SECRET`: an OAuth application's token for a project.
    OAuthProject,
    /// `team:TEAM|SECRET`: an OAuth application's token for a team.
    OAuthTeam,
    /// A team access token. Its text does not show that; the caller declared it ([`AccessToken::team`](crate::AccessToken::team)).
    Team,
    /// A personal access token. Its text does not show that; the caller declared it ([`AccessToken::personal`](crate::AccessToken::personal)).
    Personal,
    /// A token of an unknown kind.
    Opaque,
}

/// The kind of a credential. It holds no part of the credential's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CredentialKind {
    /// A kind of [`DeployKey`](crate::DeployKey).
    DeployKey(DeployKeyKind),
    /// A kind of [`AccessToken`](crate::AccessToken).
    AccessToken(AccessTokenKind),
}

impl CredentialKind {
    /// Every kind: the keys first, then the tokens.
    pub const ALL: &'static [Self] = &[
        Self::DeployKey(DeployKeyKind::Dev),
        Self::DeployKey(DeployKeyKind::Prod),
        Self::DeployKey(DeployKeyKind::Custom),
        Self::DeployKey(DeployKeyKind::PreviewDeployment),
        Self::DeployKey(DeployKeyKind::Admin),
        Self::DeployKey(DeployKeyKind::Untyped),
        Self::AccessToken(AccessTokenKind::Personal),
        Self::AccessToken(AccessTokenKind::Team),
        Self::AccessToken(AccessTokenKind::OAuthTeam),
        Self::AccessToken(AccessTokenKind::OAuthProject),
        Self::AccessToken(AccessTokenKind::PreviewDeployKey),
        Self::AccessToken(AccessTokenKind::Opaque),
    ];

    /// Returns the kind for a person, with an article: `a team access token`.
    pub const fn describe(self) -> &'static str {
        match self {
            Self::DeployKey(kind) => kind.describe(),
            Self::AccessToken(kind) => kind.describe(),
        }
    }

    /// Returns the form of the text, such as `prod:NAME|SECRET`. `None` if the text does not show the kind.
    pub const fn form(self) -> Option<&'static str> {
        match self {
            Self::DeployKey(DeployKeyKind::Dev) => Some("dev:NAME|SECRET"),
            Self::DeployKey(DeployKeyKind::Prod) => Some("prod:NAME|SECRET"),
            Self::DeployKey(DeployKeyKind::Custom) => Some("custom:NAME|SECRET"),
            Self::DeployKey(DeployKeyKind::PreviewDeployment) => Some("preview:NAME|SECRET"),
            Self::DeployKey(DeployKeyKind::Admin) => Some("NAME|HEX"),
            Self::DeployKey(DeployKeyKind::Untyped) => Some("NAME|SECRET"),
            Self::AccessToken(AccessTokenKind::PreviewDeployKey) => Some("preview:TEAM:PROJECT|SECRET"),
            Self::AccessToken(AccessTokenKind::OAuthProject) => Some("project:TEAM:PROJECT|SECRET"),
            Self::AccessToken(AccessTokenKind::OAuthTeam) => Some("team:TEAM|SECRET"),
            Self::AccessToken(AccessTokenKind::Team | AccessTokenKind::Personal | AccessTokenKind::Opaque) => None,
        }
    }

    /// Returns the class that the published documents list the kind as. `None` if they list no such class, or the text does not
    /// show it.
    pub(super) const fn class(self) -> Option<CredentialClass> {
        match self {
            Self::DeployKey(_) => Some(CredentialClass::DeployKey),
            Self::AccessToken(AccessTokenKind::OAuthProject) => Some(CredentialClass::OAuthProjectToken),
            Self::AccessToken(AccessTokenKind::OAuthTeam) => Some(CredentialClass::OAuthTeamToken),
            Self::AccessToken(AccessTokenKind::Team) => Some(CredentialClass::TeamToken),
            Self::AccessToken(AccessTokenKind::Personal) => Some(CredentialClass::PersonalToken),
            Self::AccessToken(AccessTokenKind::PreviewDeployKey | AccessTokenKind::Opaque) => None,
        }
    }
}

/// Writes [`CredentialKind::describe`].
impl fmt::Display for CredentialKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.describe())
    }
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
            Self::OAuthProject => "an OAuth token of a project",
            Self::OAuthTeam => "an OAuth token of a team",
            Self::Team => "a team access token",
            Self::Personal => "a personal access token",
            Self::Opaque => "an opaque token",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::Credential;

    #[test]
    fn a_text_of_each_form_has_the_kind_of_that_form() {
        for kind in CredentialKind::ALL {
            let Some(form) = kind.form() else { continue };
            let text = form.replace("HEX", "01ab");
            assert_eq!(Credential::parse(&text).unwrap().kind(), *kind, "{text}");
        }
    }
}
