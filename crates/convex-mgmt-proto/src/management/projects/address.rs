//! [`TeamRef`], and the rule for slugs.

use std::borrow::Cow;

use crate::error::{ErrorCode, Violation};
use crate::types::TeamId;
use crate::types::url::UrlText;

/// The team in the path of a request: its id or its slug.
///
/// A [`TeamId`] is an id and a text is a slug. Both have the same place in the path. Inferred: the server takes a text of digits
/// for an id.
///
/// ```
/// use convex_mgmt::TeamId;
/// use convex_mgmt::management::projects::TeamRef;
///
/// assert_eq!(TeamRef::from(TeamId(7)), TeamRef::Id(TeamId(7)));
/// assert_eq!(TeamRef::from("acme"), TeamRef::Slug("acme".into()));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum TeamRef {
    /// The id.
    Id(TeamId),
    /// The slug: 3 to 64 letters, digits, `-` and `_`.
    Slug(String),
}

impl TeamRef {
    /// Returns the violation of the rule for slugs.
    pub(in crate::management) fn violation(&self, field: &str) -> Option<Violation> {
        match self {
            Self::Id(_) => None,
            Self::Slug(slug) => slug_violation(field, None, slug),
        }
    }
}

impl From<TeamId> for TeamRef {
    fn from(id: TeamId) -> Self {
        Self::Id(id)
    }
}

impl From<String> for TeamRef {
    fn from(slug: String) -> Self {
        Self::Slug(slug)
    }
}

impl From<&str> for TeamRef {
    fn from(slug: &str) -> Self {
        Self::Slug(slug.to_owned())
    }
}

impl UrlText for TeamRef {
    fn url_text(&self) -> Cow<'_, str> {
        match self {
            Self::Id(id) => id.url_text(),
            Self::Slug(slug) => slug.url_text(),
        }
    }
}

/// Returns `true` for a text that can be the slug of a team or project.
pub(in crate::management) fn is_slug(text: &str) -> bool {
    (3..=64).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

/// Returns the violation of a text that cannot be a slug.
pub(in crate::management) fn slug_violation(field: &str, code: Option<ErrorCode>, slug: &str) -> Option<Violation> {
    let violation = || Violation::new(field, code, "must be a slug: 3 to 64 letters, digits, `-` and `_`");
    (!is_slug(slug)).then(violation)
}
