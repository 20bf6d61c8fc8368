//! [`Scope`]: a team or a project.

use std::fmt;

/// The access that an application asks for. The user selects the team or the project on Convex's page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Scope {
    /// Access to a team and all its projects.
    Team,
    /// Access to one project.
    Project,
}

impl Scope {
    /// All scopes.
    pub const ALL: &'static [Self] = &[Self::Team, Self::Project];

    /// Returns the name in lower case: `team` or `project`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Team => "team",
            Self::Project => "project",
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
