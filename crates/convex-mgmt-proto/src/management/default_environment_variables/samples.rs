//! Sample requests and responses of the operations on default environment variables.

use serde_json::{Value, json};

use super::*;
use crate::operation::sample::Sample;
use crate::types::{DeploymentType, ProjectId};

impl Sample for ListDefaultEnvironmentVariables {
    const OPTIONAL: &'static [&'static str] = &["nextCursor"];
    const SECRET: &'static [&'static str] = &["value"];

    fn requests() -> Vec<Self> {
        let list = Self::new(ProjectId(42));
        vec![list.clone(), list.name("A").deployment_type(DeploymentType::Preview)]
    }

    fn with_url_text(text: &str) -> Vec<Self> {
        vec![Self::new(ProjectId(42)).name(text).deployment_type(text)]
    }

    fn responses() -> Vec<Value> {
        vec![json!({
            "items": [{ "name": "A", "value": "1", "deploymentTypes": ["dev"] }],
            "pagination": { "hasMore": true, "nextCursor": "c" }
        })]
    }
}

impl Sample for UpdateDefaultEnvironmentVariables {
    fn requests() -> Vec<Self> {
        let update = Self::new(ProjectId(42));
        let types = DeploymentType::KNOWN.iter().cloned();
        let all = types.fold(update.clone(), |update, of| update.set("A", of.clone(), "1").delete("B", of));
        vec![update.clone(), update.set("A", DeploymentType::Dev, ""), all]
    }

    fn with_secret(text: &str) -> Vec<Self> {
        vec![Self::new(ProjectId(42)).set("A", DeploymentType::Dev, text)]
    }

    fn invalid() -> Vec<(Self, &'static str)> {
        let update = || Self::new(ProjectId(42));
        vec![
            (update().set("1A", DeploymentType::Dev, ""), "changes[0].name"),
            (update().set("N".repeat(257), DeploymentType::Dev, ""), "changes[0].name"),
            (update().set("A", DeploymentType::Dev, "x".repeat(8193)), "changes[0].value"),
        ]
    }

    #[cfg(feature = "serde-all")]
    fn from_body(body: &str) -> Option<serde_json::Result<Self>> {
        #[derive(serde::Deserialize)]
        struct Changes {
            changes: Vec<DefaultEnvironmentVariableChange>,
        }
        let read = serde_json::from_str(body);
        Some(read.map(|Changes { changes }| Self { project_id: ProjectId(42), changes }))
    }
}
