//! Environment variables: listing and updating them, the server's [`rules`], an [`EnvironmentPlan`] from what is there to what is
//! wanted, and reading `.env` text.
//!
//! Source: convex-backend `crates/local_backend/src/environment_variables.rs` and `crates/application/src/lib.rs`.

mod change;
#[cfg(feature = "dotenv")]
pub mod dotenv;
mod list;
mod plan;
pub mod rules;
mod update;
mod variables;

pub use self::change::EnvironmentVariableChange;
pub use self::list::ListEnvironmentVariables;
pub use self::plan::{Action, DeletesAll, EnvironmentPlan, Ownership, OwnershipError, PlanConflict, PlanError, Step};
pub use self::update::UpdateEnvironmentVariables;
pub use self::variables::{CLI_MANAGED, EnvironmentVariables};

#[cfg(test)]
mod tests;
