//! The scopes of a resource, in the server's grammar its selectors: the objects of one kind that a statement applies to.

use std::fmt;

use crate::management::projects::is_slug;
use crate::types::{DeploymentId, DeploymentType, MemberId, ProjectId};

/// One or more selectors of one kind. They select each object that at least one of them selects.
///
/// ```
/// use convex_mgmt::management::custom_roles::resource::{DeploymentScope, Selectors};
/// use convex_mgmt::{DeploymentId, DeploymentType};
///
/// let two = DeploymentScope::Type(DeploymentType::Dev).or(DeploymentScope::Id(DeploymentId(7)));
/// assert_eq!(two.to_string(), "type=dev,id=7");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Selectors<T> {
    first: T,
    others: Vec<T>,
}

impl<T> Selectors<T> {
    /// Adds a selector.
    pub fn or(mut self, other: T) -> Self {
        self.others.push(other);
        self
    }

    /// Returns the selectors in their order, at least one.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        std::iter::once(&self.first).chain(&self.others)
    }
}

impl<T> From<T> for Selectors<T> {
    fn from(first: T) -> Self {
        Self { first, others: Vec::new() }
    }
}

/// Writes the selectors with a comma between them.
impl<T: fmt::Display> fmt::Display for Selectors<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.first.fmt(f)?;
        self.others.iter().try_for_each(|selector| write!(f, ",{selector}"))
    }
}

/// Reads selectors. `None` if one is unknown.
pub(super) fn read<T: Selector>(text: &str) -> Option<Selectors<T>> {
    let mut selectors = text.split(',').map(T::read);
    Some(Selectors { first: selectors.next()??, others: selectors.collect::<Option<_>>()? })
}

/// Returns the rule that a selector breaks.
pub(super) fn broken_rule<T: Selector>(selectors: &Selectors<T>) -> Option<&'static str> {
    selectors.iter().find_map(T::broken_rule)
}

/// A selector that has a text.
pub(super) trait Selector: Sized {
    /// Reads a selector. `None` if it is unknown.
    fn read(text: &str) -> Option<Self>;

    /// Returns the rule that the selector breaks.
    fn broken_rule(&self) -> Option<&'static str> {
        None
    }
}

/// The text of a selector of all objects.
const ANY: &str = "*";

/// Reads the digits of an id.
fn id(text: &str) -> Option<u64> {
    text.parse().ok()
}

/// Projects.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ProjectScope {
    /// All projects of the team.
    Any,
    /// The project with this id.
    Id(ProjectId),
    /// The project with this slug: 3 to 64 letters, digits, hyphens and underscores.
    Slug(String),
}

impl ProjectScope {
    /// Selects the project with this slug.
    pub fn slug(slug: impl Into<String>) -> Self {
        Self::Slug(slug.into())
    }
}

impl fmt::Display for ProjectScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str(ANY),
            Self::Id(id) => write!(f, "id={id}"),
            Self::Slug(slug) => write!(f, "slug={slug}"),
        }
    }
}

impl Selector for ProjectScope {
    fn read(text: &str) -> Option<Self> {
        match text.split_once('=') {
            None if text == ANY => Some(Self::Any),
            Some(("id", text)) => id(text).map(ProjectId).map(Self::Id),
            Some(("slug", text)) => Some(Self::slug(text)),
            _ => None,
        }
    }

    fn broken_rule(&self) -> Option<&'static str> {
        let Self::Slug(slug) = self else { return None };
        (!is_slug(slug)).then_some("must have slugs of 3 to 64 ASCII letters, digits, `-` and `_`")
    }
}

/// Deployments of the selected projects.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DeploymentScope {
    /// All deployments.
    Any,
    /// The deployment with this id.
    Id(DeploymentId),
    /// The deployments of this type.
    Type(DeploymentType),
    /// The deployments that this member created.
    Creator(CreatorScope),
}

impl fmt::Display for DeploymentScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str(ANY),
            Self::Id(id) => write!(f, "id={id}"),
            // The text as it is: `Display` escapes.
            Self::Type(kind) => write!(f, "type={}", kind.as_str()),
            Self::Creator(creator) => write!(f, "creator={creator}"),
        }
    }
}

impl Selector for DeploymentScope {
    fn read(text: &str) -> Option<Self> {
        match text.split_once('=') {
            None if text == ANY => Some(Self::Any),
            Some(("id", text)) => id(text).map(DeploymentId).map(Self::Id),
            Some(("type", text)) => Some(Self::Type(text.into())),
            Some(("creator", text)) => CreatorScope::read(text).map(Self::Creator),
            _ => None,
        }
    }

    fn broken_rule(&self) -> Option<&'static str> {
        let Self::Type(kind) = self else { return None };
        let kind = kind.as_str();
        let is_one_selector = !kind.is_empty() && kind.trim() == kind && !kind.contains([':', ',']);
        (!is_one_selector).then_some("must have types of deployments without `:`, `,` and surrounding white space")
    }
}

/// Tokens of the selected team, projects or deployments. Tokens of deployments are deploy keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TokenScope {
    /// All tokens.
    Any,
    /// The tokens that this member created.
    Creator(CreatorScope),
}

impl fmt::Display for TokenScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str(ANY),
            Self::Creator(creator) => write!(f, "creator={creator}"),
        }
    }
}

impl Selector for TokenScope {
    fn read(text: &str) -> Option<Self> {
        match text.split_once('=') {
            None if text == ANY => Some(Self::Any),
            Some(("creator", text)) => CreatorScope::read(text).map(Self::Creator),
            _ => None,
        }
    }
}

macro_rules! or {
    ($($selector:ident)+) => { $(
        impl $selector {
            /// Selects what this selector or `other` selects.
            pub fn or(self, other: Self) -> Selectors<Self> {
                Selectors::from(self).or(other)
            }
        }
    )+ };
}

or! { ProjectScope DeploymentScope TokenScope }

/// The creator of the selected objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CreatorScope {
    /// The member whose permission the server checks: `self` on the wire.
    Caller,
    /// The member with this id.
    Member(MemberId),
}

impl CreatorScope {
    fn read(text: &str) -> Option<Self> {
        if text == "self" { Some(Self::Caller) } else { id(text).map(MemberId).map(Self::Member) }
    }
}

impl fmt::Display for CreatorScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Caller => f.write_str("self"),
            Self::Member(id) => id.fmt(f),
        }
    }
}
