//! Projects of a team: creating, reading, listing, updating and deleting them.
//!
//! Most operations address a project by its id. Some take the slugs of the team and the project, as they occur in dashboard URLs.

mod address;
mod create;
mod list;
mod project;
mod update;

pub use self::address::TeamRef;
pub(super) use self::address::{is_slug, slug_violation};
pub use self::create::{CreateProject, CreatedProject, NewProject};
pub use self::list::ListProjects;
pub use self::project::{GetProjectById, GetProjectBySlug, Project};
pub use self::update::{DeleteProject, ProjectUpdate, UpdateProject};

#[cfg(feature = "samples")]
mod samples;

#[cfg(test)]
mod tests;
