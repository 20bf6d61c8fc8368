//! [`RoleResource`]: the resources that a statement of a custom role applies to, as a builder and a reader of the server's grammar.
//!
//! Source: convex-backend `crates/roles/src/parse.rs`.

mod path;
mod selectors;

pub use self::path::{DeploymentResource, ProjectResource, RoleResource};
pub use self::selectors::{CreatorSelector, DeploymentSelector, ProjectSelector, Selectors, TokenSelector};

#[cfg(test)]
mod tests;
