//! The operations of the Deployment Platform API, by topic.

pub mod environment_variables;

pub use environment_variables::{
    EnvironmentVariableChange, EnvironmentVariables, ListEnvironmentVariables, UpdateEnvironmentVariables,
};
