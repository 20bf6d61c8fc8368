//! [`RoleResource`]: the resources that a statement of a custom role applies to, as a builder and a reader of the server's grammar.
//!
//! Source: convex-backend `crates/roles/src/parse.rs`.

mod path;
mod scopes;

pub use self::path::{DeploymentResource, ProjectResource, RoleResource};
pub use self::scopes::{CreatorScope, DeploymentScope, ProjectScope, Selectors, TokenScope};

#[cfg(test)]
mod tests;
