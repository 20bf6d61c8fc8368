//! [`TokenSelector`]: the token or key that a deletion names.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::error::{Violation, Violations};
use crate::metadata::ManagementApi;
use crate::request::Endpoint;
use crate::request::secret_body::{Body, Written};
use crate::types::Secret;

/// A token or key to delete, named by its secret or by its name.
///
/// The server accepts both in one field and does not say which one a text is. A name that equals the secret of another token is
/// ambiguous, and names of deploy keys may not be unique. A retried deletion by name may reach a newer token with that name. Prefer
/// [`TokenSelector::by_secret`] if you have the secret.
///
/// `Debug` shows a name, and never a secret.
#[derive(Clone, PartialEq, Eq)]
pub struct TokenSelector {
    text: Secret,
    is_name: bool,
}

impl TokenSelector {
    /// Selects the token with this secret. The text may be the whole key, such as `prod:happy-animal-123|SECRET`: only the part after
    /// the last `|` is sent.
    pub fn by_secret(key: impl Into<Secret>) -> Self {
        let key = key.into();
        let text = match key.expose().rsplit_once('|') {
            Some((_, secret)) => Secret::new(secret),
            None => key,
        };
        Self { text, is_name: false }
    }

    /// Selects the token with this name, as the list shows it. The name is sent unchanged.
    pub fn by_name(name: impl Into<String>) -> Self {
        Self { text: Secret::new(name), is_name: true }
    }

    /// Returns the name, unless the token is selected by its secret.
    pub fn name(&self) -> Option<&str> {
        self.is_name.then(|| self.text.expose())
    }

    /// Returns the name or the secret.
    pub(crate) fn text(&self) -> &Secret {
        &self.text
    }

    /// An empty secret is left from a key such as `prod:happy-animal-123|`. The server could take it for an empty name.
    pub(in crate::management) fn check(&self) -> Result<(), Violations> {
        let is_lost = self.text.is_empty() && !self.is_name;
        let violation = is_lost.then(|| Violation::new("id", None, "must not be an empty secret"));
        Violations::err_if_any(violation.into_iter().collect())
    }

    /// Checks that the token is not the credential of the endpoint. A name cannot be recognized.
    pub(in crate::management) fn check_for(&self, endpoint: &Endpoint<ManagementApi>) -> Result<(), Violations> {
        const RULE: &str = "must not be the client's own credential: send it with `unchecked` to revoke that one";
        let is_own = endpoint.has_secret_of(&self.text);
        Violations::err_if_any(is_own.then(|| Violation::new("id", None, RULE)).into_iter().collect())
    }

    /// Returns the body of a deletion.
    pub(in crate::management) fn body(&self) -> Written<'_, Self> {
        Written(self)
    }

    /// Reads the body of a deletion. It does not say whether the text is a name, so the text counts as secret.
    #[cfg(all(feature = "samples", feature = "serde-all"))]
    pub(in crate::management) fn from_body(body: &str) -> serde_json::Result<Self> {
        #[derive(serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Fields {
            id: Secret,
        }
        let Fields { id } = serde_json::from_str(body)?;
        Ok(Self { text: id, is_name: false })
    }
}

impl Body for TokenSelector {
    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Fields<'a> {
            id: &'a str,
        }
        Fields { id: self.text.expose() }.serialize(serializer)
    }
}

impl fmt::Debug for TokenSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("TokenSelector");
        match self.name() {
            Some(name) => debug.field("name", &name),
            None => debug.field("secret", &self.text),
        };
        debug.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::AccessToken;

    fn endpoint(token: &str) -> Endpoint<ManagementApi> {
        Endpoint::new("https://api.convex.dev", &AccessToken::parse(token).unwrap()).unwrap()
    }

    #[test]
    fn sends_the_secret_part_of_a_key_and_a_name_unchanged() {
        let sent = |selector: TokenSelector| serde_json::to_value(selector.body()).unwrap()["id"].clone();
        assert_eq!(sent(TokenSelector::by_secret("prod:n|made-up")), "made-up");
        assert_eq!(sent(TokenSelector::by_secret("preview:t:p|made-up")), "made-up");
        assert_eq!(sent(TokenSelector::by_secret("made-up")), "made-up");
        assert_eq!(sent(TokenSelector::by_name("a|b")), "a|b");
    }

    #[test]
    fn rejects_a_key_without_a_secret_and_leaves_names_to_the_server() {
        assert!(TokenSelector::by_secret("prod:n|").check().is_err());
        assert!(TokenSelector::by_secret("").check().is_err());
        assert!(TokenSelector::by_name("").check().is_ok());
    }

    #[test]
    fn recognizes_the_secret_of_the_client_behind_any_prefix() {
        let own = endpoint("team:acme|made-up");
        for key in ["made-up", "team:acme|made-up", "prod:n|made-up", "preview:t:p|made-up"] {
            assert!(TokenSelector::by_secret(key).check_for(&own).is_err(), "{key}");
            assert!(TokenSelector::by_name(key).check_for(&own).is_err(), "{key}");
        }
        for key in ["other", "prod:n|other", "made-up|other"] {
            assert!(TokenSelector::by_secret(key).check_for(&own).is_ok(), "{key}");
        }
    }

    #[test]
    fn debug_shows_a_name_and_no_secret() {
        assert_eq!(format!("{:?}", TokenSelector::by_name("ci")), r#"TokenSelector { name: "ci" }"#);
        assert!(!format!("{:?}", TokenSelector::by_secret("canary")).contains("canary"));
    }
}
