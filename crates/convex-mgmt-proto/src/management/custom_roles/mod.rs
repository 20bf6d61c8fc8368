//! Custom roles of a team: creating, listing, updating and deleting them, and the grammar of the resources in their statements.
//!
//! A role is a list of statements. A statement allows or denies actions on resources. An action is permitted if a statement allows
//! it and no statement of the same role denies it. Source: convex-backend `crates/roles/src`.

mod actions;
mod config;
mod delete;
mod list;
pub mod resource;
mod save;
mod statement;

pub use self::actions::RoleAction;
pub use self::config::CustomRoleConfig;
pub use self::delete::DeleteCustomRole;
pub use self::list::{CustomRole, ListCustomRoles};
pub use self::resource::RoleResource;
pub use self::save::{CreateCustomRole, UpdateCustomRole};
pub use self::statement::{RoleActions, RoleEffect, RoleStatement};

#[cfg(feature = "samples")]
mod samples;

#[cfg(test)]
mod tests;
