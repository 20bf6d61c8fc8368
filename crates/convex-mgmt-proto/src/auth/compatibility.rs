//! [`Compatibility`]: a check before the call of whether an operation accepts a credential. The server decides.

use std::fmt;

use super::credential::{AccessTokenKind, Credential, DeployKeyKind};
use crate::metadata::{Api, CredentialClass, DeploymentApi, OperationMeta};

/// The acceptance of a credential by an operation, as far as Convex documents it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Acceptance {
    /// The operation accepts credentials of this class. The credential may still lack the permission.
    Accepted,
    /// The operation does not accept credentials of this class.
    Rejected,
    /// The credential's text does not show its class, or no source covers it.
    Unknown,
}

impl Acceptance {
    /// Returns the name in lower case: `accepted`, `rejected` or `unknown`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Rejected => "rejected",
            Self::Unknown => "unknown",
        }
    }
}

impl fmt::Display for Acceptance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The compatibility of a credential with an operation, and the reason. Returned by [`Credential::compatibility`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Compatibility {
    /// The expected decision of the server.
    pub acceptance: Acceptance,
    /// The reason, in one line. It holds no part of the credential's secret.
    pub reason: String,
}

impl Compatibility {
    fn new(acceptance: Acceptance, reason: String) -> Self {
        Self { acceptance, reason }
    }
}

impl fmt::Display for Compatibility {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.acceptance, self.reason)
    }
}

impl Credential {
    /// Returns whether an operation accepts this credential, as far as Convex documents it. Nothing is sent.
    ///
    /// Sources: the security lists of the published OpenAPI documents. They list neither preview deploy keys nor, for the
    /// Deployment Platform API, personal access tokens. Both have been seen in use.
    ///
    /// ```
    /// use convex_mgmt::deployment::ListEnvironmentVariables;
    /// use convex_mgmt::{Credential, Operation};
    /// use convex_mgmt::proto::Acceptance;
    ///
    /// let key = Credential::parse("prod:happy-animal-123|made-up")?;
    /// let compatibility = key.compatibility(ListEnvironmentVariables::META);
    /// assert_eq!(compatibility.acceptance, Acceptance::Accepted);
    /// assert!(compatibility.reason.contains("deployment:env:view"));
    /// # Ok::<(), convex_mgmt::CredentialError>(())
    /// ```
    pub fn compatibility(&self, operation: &OperationMeta) -> Compatibility {
        let (what, class) = match self {
            Credential::DeployKey(key) => (key.kind().describe(), Some(CredentialClass::DeployKey)),
            Credential::AccessToken(token) => (token.kind().describe(), class_of(token.kind())),
        };
        let id = operation.id;
        if operation.credentials.is_empty() {
            return Compatibility::new(Acceptance::Unknown, format!("no source says which credentials {id} accepts"));
        }
        let accepted = class.is_some_and(|class| operation.credentials.contains(&class));
        if accepted {
            let permission = match operation.permission {
                Some(permission) => format!("; a restricted one needs {permission}"),
                None => String::new(),
            };
            let read_only = match self {
                Credential::DeployKey(key) if key.kind() == DeployKeyKind::Admin => {
                    "; an admin key that is read-only looks like any other"
                }
                _ => "",
            };
            return Compatibility::new(Acceptance::Accepted, format!("{id} accepts {what}{permission}{read_only}"));
        }
        let unknown = match self {
            // In no list, but seen in use.
            Credential::AccessToken(token) => match token.kind() {
                AccessTokenKind::Opaque => {
                    Some("its text does not say whether it is a team or a personal access token")
                }
                AccessTokenKind::PreviewDeployKey => Some("no source lists preview deploy keys, and reports differ"),
                AccessTokenKind::Personal if operation.api == DeploymentApi::KEY => {
                    Some("the document of the API does not list personal access tokens")
                }
                _ => None,
            },
            Credential::DeployKey(_) => None,
        };
        match unknown {
            Some(why) => Compatibility::new(Acceptance::Unknown, format!("{id} may or may not accept {what}: {why}")),
            None => Compatibility::new(Acceptance::Rejected, format!("{id} does not accept {what}")),
        }
    }
}

fn class_of(kind: AccessTokenKind) -> Option<CredentialClass> {
    match kind {
        AccessTokenKind::OAuthProject => Some(CredentialClass::OAuthProjectToken),
        AccessTokenKind::OAuthTeam => Some(CredentialClass::OAuthTeamToken),
        AccessTokenKind::Team => Some(CredentialClass::TeamToken),
        AccessTokenKind::Personal => Some(CredentialClass::PersonalToken),
        AccessTokenKind::PreviewDeployKey | AccessTokenKind::Opaque => None,
    }
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::*;
    use crate::auth::AccessToken;
    use crate::metadata::{Idempotency, ManagementApi};
    use crate::operation::Operation;

    fn acceptance(credential: &Credential, operation: &OperationMeta) -> Acceptance {
        credential.compatibility(operation).acceptance
    }

    #[test]
    fn a_deployment_operation_accepts_keys_and_listed_tokens() {
        let operation = crate::deployment::UpdateEnvironmentVariables::META;
        for (text, expected) in [
            ("dev:n|s", Acceptance::Accepted),
            ("n|01ab", Acceptance::Accepted),
            ("preview:n|s", Acceptance::Accepted),
            ("project:t:p|s", Acceptance::Accepted),
            ("team:t|s", Acceptance::Accepted),
            ("preview:t:p|s", Acceptance::Unknown),
            ("opaque", Acceptance::Unknown),
        ] {
            assert_eq!(acceptance(&Credential::parse(text).unwrap(), operation), expected, "{text}");
        }
        assert_eq!(acceptance(&AccessToken::personal("opaque").unwrap().into(), operation), Acceptance::Unknown);
        assert_eq!(acceptance(&AccessToken::team("opaque").unwrap().into(), operation), Acceptance::Accepted);
    }

    #[test]
    fn a_management_operation_for_members_accepts_personal_tokens_only() {
        let members_only = OperationMeta::new::<ManagementApi>("x", Method::GET, "/x", Idempotency::Safe)
            .credentials(&[CredentialClass::PersonalToken]);
        assert_eq!(acceptance(&AccessToken::personal("opaque").unwrap().into(), &members_only), Acceptance::Accepted);
        assert_eq!(acceptance(&AccessToken::team("opaque").unwrap().into(), &members_only), Acceptance::Rejected);
        assert_eq!(acceptance(&Credential::parse("prod:n|s").unwrap(), &members_only), Acceptance::Rejected);
        assert_eq!(acceptance(&Credential::parse("opaque").unwrap(), &members_only), Acceptance::Unknown);
        let silent = OperationMeta::new::<ManagementApi>("x", Method::GET, "/x", Idempotency::Safe);
        assert_eq!(acceptance(&Credential::parse("prod:n|s").unwrap(), &silent), Acceptance::Unknown);
    }

    #[test]
    fn the_reason_names_the_permission_and_shows_no_secret() {
        let compatibility =
            Credential::parse("n|01abcdef").unwrap().compatibility(crate::deployment::UpdateEnvironmentVariables::META);
        assert!(compatibility.to_string().starts_with("accepted: "), "{compatibility}");
        assert!(
            compatibility.reason.contains("deployment:env:write") && compatibility.reason.contains("read-only"),
            "{compatibility}"
        );
        assert!(!compatibility.reason.contains("abcdef"));
    }
}
