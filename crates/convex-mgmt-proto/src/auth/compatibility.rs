//! [`Compatibility`]: a check before the call of whether an operation accepts a credential. The server decides.

use std::fmt;

use super::credential::Credential;
use super::kind::{AccessTokenKind, CredentialKind, DeployKeyKind};
use crate::metadata::{Api, CredentialClass, ManagementApi, OperationMeta};

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

/// The compatibility of a kind of credential with an operation, and the reason. Returned by [`CredentialKind::compatibility`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Compatibility {
    /// The expected decision of the server.
    pub acceptance: Acceptance,
    /// The reason, in one line. It names the classes to use instead of a rejected credential. It holds no part of a secret.
    pub reason: String,
    /// The permission that a restricted credential needs. `None` if it needs none, or if that is not published, as in the Management
    /// API.
    pub permission: Option<&'static str>,
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
    /// assert_eq!(compatibility.permission, Some("deployment:env:view"));
    /// # Ok::<(), convex_mgmt::CredentialError>(())
    /// ```
    pub fn compatibility(&self, operation: &OperationMeta) -> Compatibility {
        self.kind().compatibility(operation)
    }
}

impl CredentialKind {
    /// Returns whether an operation accepts credentials of this kind, as [`Credential::compatibility`] does.
    ///
    /// ```
    /// use convex_mgmt::Operation;
    /// use convex_mgmt::management::CreateTeamAccessToken;
    /// use convex_mgmt::proto::{Acceptance, AccessTokenKind, CredentialKind};
    ///
    /// let compatibility = CredentialKind::AccessToken(AccessTokenKind::Team).compatibility(CreateTeamAccessToken::META);
    /// assert_eq!(compatibility.acceptance, Acceptance::Rejected);
    /// assert!(compatibility.reason.contains("use a personal access token"));
    /// ```
    pub fn compatibility(self, operation: &OperationMeta) -> Compatibility {
        let permission = operation.permission;
        let (acceptance, reason) = self.decide(operation);
        Compatibility { acceptance, reason, permission }
    }

    fn decide(self, operation: &OperationMeta) -> (Acceptance, String) {
        let is_management = operation.api == ManagementApi::KEY;
        if matches!(self, Self::DeployKey(_)) && is_management {
            let reason = format!("the Management API does not accept {self}: use {}", alternatives(operation));
            return (Acceptance::Rejected, reason);
        }
        if operation.credentials.is_empty() {
            let reason = "no source says which credentials the operation accepts".to_owned();
            return (Acceptance::Unknown, reason);
        }
        if self.class().is_some_and(|class| operation.credentials.contains(&class)) {
            let mut reason = format!("the operation accepts {self}");
            if let Some(permission) = operation.permission {
                reason += &format!("; a restricted one needs {permission}");
            }
            for note in self.notes(operation) {
                reason += &format!("; {note}");
            }
            return (Acceptance::Accepted, reason);
        }
        match self.doubt(operation, is_management) {
            Some(why) => (Acceptance::Unknown, format!("the operation may or may not accept {self}: {why}")),
            None => {
                let reason = format!("the operation does not accept {self}: use {}", alternatives(operation));
                (Acceptance::Rejected, reason)
            }
        }
    }

    /// Returns what is known besides the published lists about an operation that accepts this kind.
    fn notes(self, operation: &OperationMeta) -> impl Iterator<Item = &'static str> {
        let (is_management, id) = (operation.api == ManagementApi::KEY, operation.id);
        let is = |kinds: &[AccessTokenKind]| matches!(self, Self::AccessToken(kind) if kinds.contains(&kind));
        let is_read_only = self == Self::DeployKey(DeployKeyKind::Admin);
        let is_echoed = is_management
            && matches!(id, "create_deploy_key" | "create_preview_deploy_key")
            && is(&[AccessTokenKind::OAuthTeam, AccessTokenKind::OAuthProject]);
        // Source: the checks of the command line tool before it calls these operations.
        let is_guarded = is_management
            && match id {
                "create_deploy_key" | "delete_deploy_key" => {
                    is(&[AccessTokenKind::Team, AccessTokenKind::OAuthTeam, AccessTokenKind::OAuthProject])
                }
                "create_deployment" => is(&[AccessTokenKind::Team, AccessTokenKind::OAuthTeam]),
                _ => false,
            };
        let is_undescribed = is_management && id == "get_token_details" && is(&[AccessTokenKind::Personal]);
        [
            (is_read_only, "an admin key that is read-only looks like any other"),
            (is_echoed, "the created key has the secret of the token itself"),
            (is_guarded, "inferred: the server may reject it, because the Convex command line tool does"),
            (is_undescribed, "the published response has no form for it"),
        ]
        .into_iter()
        .filter_map(|(applies, note)| applies.then_some(note))
    }

    /// Returns the reason why it is unknown whether an operation accepts this kind, which its list does not have. `None` if the
    /// list decides.
    fn doubt(self, operation: &OperationMeta, is_management: bool) -> Option<String> {
        let Self::AccessToken(kind) = self else { return None };
        Some(match kind {
            AccessTokenKind::Opaque => {
                format!("its text does not show its kind; the operation accepts {}", alternatives(operation))
            }
            AccessTokenKind::PreviewDeployKey if !is_management => {
                "no source lists preview deploy keys; inferred: they reach preview deployments of their project"
                    .to_owned()
            }
            AccessTokenKind::PreviewDeployKey if operation.id == "get_project_by_slug" => {
                "no source lists preview deploy keys, but the Convex command line tool sends them".to_owned()
            }
            AccessTokenKind::PreviewDeployKey => "no source lists preview deploy keys, and reports differ".to_owned(),
            AccessTokenKind::Personal if !is_management => {
                let listed = alternatives(operation);
                format!("the document of the API does not list personal access tokens; the operation accepts {listed}")
            }
            _ => return None,
        })
    }
}

/// Returns the classes that an operation accepts, in one clause.
fn alternatives(operation: &OperationMeta) -> String {
    let Some((last, others)) = operation.credentials.split_last() else { return "an access token".to_owned() };
    let with_article = |class: &CredentialClass| {
        let name = class.to_string();
        if name.starts_with('O') { format!("an {name}") } else { format!("a {name}") }
    };
    match others {
        [] => with_article(last),
        others => {
            let others: Vec<_> = others.iter().map(with_article).collect();
            format!("{} or {}", others.join(", "), with_article(last))
        }
    }
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::*;
    use crate::auth::AccessToken;
    use crate::metadata::Idempotency;
    use crate::operation::Operation;
    use crate::operations::OPERATIONS;

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
        assert_eq!(acceptance(&AccessToken::parse("team:t|s").unwrap().into(), &silent), Acceptance::Unknown);
        assert_eq!(acceptance(&Credential::parse("prod:n|s").unwrap(), &silent), Acceptance::Rejected);
    }

    #[test]
    fn every_operation_and_kind_has_a_reason_that_fits_its_lists() {
        for operation in OPERATIONS {
            for kind in CredentialKind::ALL {
                let Compatibility { acceptance, reason, permission } = kind.compatibility(operation);
                let is_listed = kind.class().is_some_and(|class| operation.credentials.contains(&class));
                assert_eq!(acceptance == Acceptance::Accepted, is_listed, "{operation}, {kind}: {reason}");
                let is_key = matches!(kind, CredentialKind::DeployKey(_));
                let is_foreign = is_key && operation.api == ManagementApi::KEY;
                assert_eq!(is_key && acceptance == Acceptance::Rejected, is_foreign, "{operation}, {kind}: {reason}");
                assert!(reason.contains(kind.describe()) || operation.credentials.is_empty(), "{operation}: {reason}");
                assert!(!reason.ends_with('.') && !reason.contains('\n'), "{operation}: {reason}");
                assert_eq!(permission, operation.permission);
            }
        }
    }

    #[test]
    fn a_preview_deploy_key_is_never_rejected_for_certain() {
        let key = CredentialKind::AccessToken(AccessTokenKind::PreviewDeployKey);
        for operation in OPERATIONS {
            assert_eq!(key.compatibility(operation).acceptance, Acceptance::Unknown, "{operation}");
        }
    }

    #[test]
    fn a_rejection_names_the_classes_to_use() {
        let operation = OperationMeta::new::<ManagementApi>("x", Method::GET, "/x", Idempotency::Safe).credentials(&[
            CredentialClass::PersonalToken,
            CredentialClass::TeamToken,
            CredentialClass::OAuthTeamToken,
        ]);
        let reason = CredentialKind::AccessToken(AccessTokenKind::OAuthProject).compatibility(&operation).reason;
        let instead = "use a personal access token, a team access token or an OAuth token of a team";
        assert_eq!(reason, format!("the operation does not accept an OAuth token of a project: {instead}"));
    }

    #[test]
    fn the_stricter_checks_of_the_command_line_tool_are_noted() {
        let reason =
            |kind| CredentialKind::AccessToken(kind).compatibility(crate::management::CreateDeployKey::META).reason;
        assert!(reason(AccessTokenKind::Team).contains("command line tool"));
        assert!(reason(AccessTokenKind::OAuthProject).contains("secret of the token itself"));
        assert_eq!(reason(AccessTokenKind::Personal), "the operation accepts a personal access token");
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
