//! [`KeyOrigin`]: minted and echoed keys.

use crate::metadata::ManagementApi;
use crate::request::Endpoint;
use crate::types::Secret;

/// The origin of the secret in a created key.
///
/// For an OAuth application, the server does not make a new token: the created key is the application's own token behind another
/// prefix. Deleting such a key would revoke the user's grant. The API does not mark these keys, so the library compares the
/// secrets. Source: the published document, on `create deploy key` and `create preview deploy key`.
///
/// The comparison needs the credential that created the key. A layer that replaces a rejected credential does not change the
/// credential of the endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyOrigin {
    /// The server made a new secret for the key. Deleting the key revokes that secret only.
    Minted,
    /// The key has the secret of the client's own credential. Deleting the key would revoke that credential.
    Echoed,
}

impl KeyOrigin {
    /// Compares the secret of a created key with the credential of the client that created it.
    pub(in crate::management) fn of(key: &Secret, endpoint: &Endpoint<ManagementApi>) -> Self {
        if endpoint.has_secret_of(key) { Self::Echoed } else { Self::Minted }
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
        for token in ["team:acme|made-up", "project:acme:shop|made-up", "made-up"] {
            assert_eq!(origin("prod:happy-animal-123|made-up", token), KeyOrigin::Echoed, "{token}");
            assert_eq!(origin("preview:acme:shop|made-up", token), KeyOrigin::Echoed, "{token}");
            assert_eq!(origin("prod:happy-animal-123|made-up2", token), KeyOrigin::Minted, "{token}");
            assert_eq!(origin("", token), KeyOrigin::Minted, "{token}");
        }
    }
}
