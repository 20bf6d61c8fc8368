//! Default environment variables of a project: listing and updating them. A new deployment gets copies of those for its type.
//!
//! A change has no effect on deployments that exist. Inferred: names and values have the rules of
//! [`environment`](crate::environment), as the variables of a deployment have.

mod list;
mod update;

pub use self::list::{DefaultEnvironmentVariable, DefaultEnvironmentVariables, ListDefaultEnvironmentVariables};
pub use self::update::{DefaultEnvironmentVariableChange, UpdateDefaultEnvironmentVariables};

#[cfg(feature = "samples")]
mod samples;

#[cfg(test)]
mod tests;
