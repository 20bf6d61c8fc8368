//! Advice before a call: does a credential fit an operation? Never a refusal; the server decides.

use std::fmt;

use crate::credential::{AccessTokenKind, Credential, CredentialClass, DeployKeyKind};
use crate::operation::{Api, DeploymentApi, OperationMeta};

/// Whether a credential fits an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fit {
    /// It is of a class that the operation accepts. It may still lack the permission.
    Yes,
    /// It is of a class that the operation does not accept.
    No,
    /// Its text does not tell its class, or no source says.
    Unknown,
}

/// Advice on a credential for an operation, with the reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advice {
    /// Whether it fits.
    pub fit: Fit,
    /// Why.
    pub reason: String,
}

impl fmt::Display for Advice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fit = match self.fit {
            Fit::Yes => "yes",
            Fit::No => "no",
            Fit::Unknown => "unknown",
        };
        write!(f, "{fit}: {}", self.reason)
    }
}

/// Says whether a credential fits an operation, as far as the sources tell.
///
/// Source: the security lists of the published OpenAPI documents. They list neither preview deploy keys nor, for the
/// Deployment Platform API, personal access tokens; both have been seen in use.
///
/// ```
/// use convex_mgmt_proto::deployment::ListEnvironmentVariables;
/// use convex_mgmt_proto::{Credential, Fit, Operation, fit};
///
/// let key = Credential::parse("prod:happy-animal-123|made-up")?;
/// let advice = fit::advise(&key, ListEnvironmentVariables::META);
/// assert_eq!(advice.fit, Fit::Yes);
/// assert!(advice.reason.contains("deployment:env:view"));
/// # Ok::<(), convex_mgmt_proto::CredentialError>(())
/// ```
pub fn advise(credential: &Credential, operation: &OperationMeta) -> Advice {
    let (what, class) = match credential {
        Credential::DeployKey(key) => (key.kind().describe(), Some(CredentialClass::DeployKey)),
        Credential::AccessToken(token) => (token.kind().describe(), class_of(token.kind())),
    };
    let id = operation.id;
    if operation.credentials.is_empty() {
        return Advice { fit: Fit::Unknown, reason: format!("no source says which credentials {id} accepts") };
    }
    let accepted = class.is_some_and(|class| operation.credentials.contains(&class));
    if accepted {
        let permission = match operation.permission {
            Some(permission) => format!("; a restricted one needs {permission}"),
            None => String::new(),
        };
        let read_only = match credential {
            Credential::DeployKey(key) if key.kind() == DeployKeyKind::Admin => {
                "; an admin key that is read-only looks like any other"
            }
            _ => "",
        };
        return Advice { fit: Fit::Yes, reason: format!("{id} accepts {what}{permission}{read_only}") };
    }
    let silent = match credential {
        // Listed for no operation, yet seen in use.
        Credential::AccessToken(token) => match token.kind() {
            AccessTokenKind::Opaque => Some("its text does not say whether it is a team or a personal access token"),
            AccessTokenKind::PreviewDeployKey => Some("no source lists preview deploy keys, and reports differ"),
            AccessTokenKind::Personal if operation.api == DeploymentApi::NAME => {
                Some("the document of the API does not list personal access tokens")
            }
            _ => None,
        },
        Credential::DeployKey(_) => None,
    };
    match silent {
        Some(why) => Advice { fit: Fit::Unknown, reason: format!("{what} may or may not do for {id}: {why}") },
        None => Advice { fit: Fit::No, reason: format!("{id} does not accept {what}") },
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
    use crate::credential::AccessToken;
    use crate::operation::{Idempotency, ManagementApi, Operation};

    fn fit(credential: &Credential, operation: &OperationMeta) -> Fit {
        advise(credential, operation).fit
    }

    #[test]
    fn a_deployment_operation() {
        let operation = crate::deployment::UpdateEnvironmentVariables::META;
        for (text, expected) in [
            ("dev:n|s", Fit::Yes),
            ("n|01ab", Fit::Yes),
            ("preview:n|s", Fit::Yes),
            ("project:t:p|s", Fit::Yes),
            ("team:t|s", Fit::Yes),
            ("preview:t:p|s", Fit::Unknown),
            ("opaque", Fit::Unknown),
        ] {
            assert_eq!(fit(&Credential::parse(text).unwrap(), operation), expected, "{text}");
        }
        assert_eq!(fit(&AccessToken::personal("opaque").unwrap().into(), operation), Fit::Unknown);
        assert_eq!(fit(&AccessToken::team("opaque").unwrap().into(), operation), Fit::Yes);
    }

    #[test]
    fn a_management_operation_that_only_members_may_do() {
        let members_only = OperationMeta::new::<ManagementApi>("x", Method::GET, "/x", Idempotency::Safe)
            .credentials(&[CredentialClass::PersonalToken]);
        assert_eq!(fit(&AccessToken::personal("opaque").unwrap().into(), &members_only), Fit::Yes);
        assert_eq!(fit(&AccessToken::team("opaque").unwrap().into(), &members_only), Fit::No);
        assert_eq!(fit(&Credential::parse("prod:n|s").unwrap(), &members_only), Fit::No);
        assert_eq!(fit(&Credential::parse("opaque").unwrap(), &members_only), Fit::Unknown);
        let silent = OperationMeta::new::<ManagementApi>("x", Method::GET, "/x", Idempotency::Safe);
        assert_eq!(fit(&Credential::parse("prod:n|s").unwrap(), &silent), Fit::Unknown);
    }

    #[test]
    fn the_reason_names_the_permission_and_shows_no_secret() {
        let advice =
            advise(&Credential::parse("n|01abcdef").unwrap(), crate::deployment::UpdateEnvironmentVariables::META);
        assert!(advice.to_string().starts_with("yes: "), "{advice}");
        assert!(advice.reason.contains("deployment:env:write") && advice.reason.contains("read-only"), "{advice}");
        assert!(!advice.reason.contains("abcdef"));
    }
}
