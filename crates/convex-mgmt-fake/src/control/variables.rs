//! The environment variables of the deployment.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};

use super::commands::Commands;
use super::fake::Fake;
use crate::deployment::EnvironmentVariables;

impl Fake {
    /// Returns the environment variables, sorted by name.
    pub fn variables(&self) -> Vec<(String, String)> {
        let variables = self.state.deployment().topics.of::<EnvironmentVariables>().values.clone();
        variables.into_iter().collect()
    }

    /// Sets an environment variable without an entry in the audit log.
    pub fn set_variable(&self, name: impl Into<String>, value: impl Into<String>) {
        self.state.deployment().topics.of::<EnvironmentVariables>().values.insert(name.into(), value.into());
    }

    /// Deletes an environment variable without an entry in the audit log. Returns `true` if it existed.
    pub fn remove_variable(&self, name: &str) -> bool {
        self.state.deployment().topics.of::<EnvironmentVariables>().values.remove(name).is_some()
    }
}

pub(super) fn routes() -> Router<Fake> {
    Router::new().route("/_fake/variables", get(variables).post(change))
}

/// Variables to set, or to delete with `null`.
type Changes = BTreeMap<String, Option<String>>;

async fn variables(State(fake): State<Fake>) -> Json<BTreeMap<String, String>> {
    Json(fake.variables().into_iter().collect())
}

async fn change(State(fake): State<Fake>, commands: Commands<Changes>) -> Json<Value> {
    commands.apply(|changes| {
        for (name, value) in changes {
            match value {
                Some(value) => fake.set_variable(name, value),
                None => drop(fake.remove_variable(&name)),
            }
        }
        json!({})
    })
}
