//! [`KeyOrigin`]: minted and echoed keys.

use crate::auth::{AccessTokenKind, CredentialKind};
use crate::metadata::ManagementApi;
use crate::request::Endpoint;
use crate::types::Secret;

/// The origin of the secret in a created key.
///
/// For an OAuth application, the server does not make a new token: the created key is the application's own token behind another
/// prefix. Deleting such a key would revoke the user's grant. The API does not mark these keys. The library therefore compares the
/// secrets, and takes every key that an OAuth token created for an echo. Source: the published document, on `create deploy key` and
/// `create preview deploy key`.
///
/// The comparison needs the credential that created the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyOrigin {
    /// The server made a new secret for the key. Deleting the key revokes that secret only.
    Minted,
    /// The key has the secret of the client's own credential, or an OAuth token created it. Deleting the key would revoke the grant.
    Echoed,
}

impl KeyOrigin {
    /// Compares the secret of a created key with the credential of the client that created it.
    pub(in crate::management) fn of(key: &Secret, endpoint: &Endpoint<ManagementApi>) -> Self {
        // A layer may have replaced an expired OAuth token: the key then has the new one's secret, and the endpoint the old one's.
        let is_oauth = matches!(
            endpoint.credential_kind(),
            CredentialKind::AccessToken(AccessTokenKind::OAuthTeam | AccessTokenKind::OAuthProject)
        );
        if is_oauth || endpoint.has_secret_of(key) { Self::Echoed } else { Self::Minted }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::AccessToken;

    fn origin(key: &str, token: &str) -> KeyOrigin {
        let endpoint = Endpoint::new("https://api.convex.dev", &AccessToken::parse(token).unwrap()).unwrap();
        KeyOrigin::of(&key.into(), &endpoint)
    }

    #[test]
    fn a_key_with_the_secret_of_the_caller_is_echoed() {
        for key in ["prod:happy-animal-123|made-up", "preview:acme:shop|made-up", "made-up"] {
            assert_eq!(origin(key, "made-up"), KeyOrigin::Echoed, "{key}");
        }
        for key in ["prod:happy-animal-123|made-up2", "made", ""] {
            assert_eq!(origin(key, "made-up"), KeyOrigin::Minted, "{key}");
        }
    }

    #[test]
    fn every_key_that_an_oauth_token_created_is_echoed() {
        for token in ["team:acme|made-up", "project:acme:shop|made-up"] {
            for key in ["prod:happy-animal-123|made-up", "prod:happy-animal-123|renewed", ""] {
                assert_eq!(origin(key, token), KeyOrigin::Echoed, "{token} {key}");
            }
        }
    }
}
