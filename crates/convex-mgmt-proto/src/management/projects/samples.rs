//! Sample requests and responses of the operations on projects.

use serde_json::{Value, json};

use super::*;
use crate::operation::sample::Sample;
use crate::types::{DeploymentClass, DeploymentType, ProjectId, Region, TeamId};

fn project() -> Value {
    json!({
        "id": 42, "name": "n", "slug": "web-shop", "teamId": 7, "teamSlug": "acme", "createTime": 1,
        "prodDeploymentName": "p", "devDeploymentName": "d"
    })
}

/// The fields of a project that may be missing or `null`.
const OPTIONAL: &[&str] = &["prodDeploymentName", "devDeploymentName"];

impl Sample for CreateProject {
    const OPTIONAL: &'static [&'static str] = &["id", "projectId", "deploymentName", "deploymentUrl"];

    fn requests() -> Vec<Self> {
        let project = NewProject::new("Web shop, \"new\"");
        let whole = project
            .clone()
            .deployment_type(DeploymentType::Prod)
            .deployment_class(DeploymentClass::S256)
            .deployment_region(Region::AwsEuWest1);
        vec![Self::new(TeamId(7), project), Self::new(TeamId(7), whole)]
    }

    #[cfg(feature = "serde-all")]
    fn from_body(body: &str) -> Option<serde_json::Result<Self>> {
        Some(serde_json::from_str(body).map(|project| Self::new(TeamId(7), project)))
    }

    fn responses() -> Vec<Value> {
        vec![json!({
            "projectId": 42, "id": 42, "slug": "web-shop", "deploymentName": "n", "deploymentUrl": "https://n.convex.cloud"
        })]
    }
}

impl Sample for GetProjectById {
    const OPTIONAL: &'static [&'static str] = OPTIONAL;

    fn requests() -> Vec<Self> {
        vec![Self::new(ProjectId(u64::MAX))]
    }

    fn responses() -> Vec<Value> {
        vec![project()]
    }
}

impl Sample for GetProjectBySlug {
    const OPTIONAL: &'static [&'static str] = OPTIONAL;

    fn requests() -> Vec<Self> {
        vec![Self::new("acme", "web-shop"), Self::new(TeamId(7), "a_B-9")]
    }

    fn with_url_text(text: &str) -> Vec<Self> {
        vec![Self::new(text, text)]
    }

    fn invalid() -> Vec<(Self, &'static str)> {
        vec![(Self::new("ab", "web-shop"), "team_id_or_slug"), (Self::new(TeamId(7), "web/shop"), "project_slug")]
    }

    fn responses() -> Vec<Value> {
        vec![project()]
    }
}

impl Sample for ListProjects {
    const OPTIONAL: &'static [&'static str] = OPTIONAL;

    fn requests() -> Vec<Self> {
        let list = Self::new(TeamId(7));
        vec![list.clone(), list.search("a b").limit(1).cursor("c")]
    }

    fn with_url_text(text: &str) -> Vec<Self> {
        vec![Self::new(TeamId(7)).search(text).cursor(text)]
    }

    fn invalid() -> Vec<(Self, &'static str)> {
        let list = || Self::new(TeamId(7));
        vec![(list().limit(0), "limit"), (list().limit(101), "limit"), (list().cursor(""), "cursor")]
    }

    fn responses() -> Vec<Value> {
        vec![json!({ "items": [project()], "pagination": { "hasMore": true, "nextCursor": "c" } })]
    }
}

impl Sample for UpdateProject {
    const OPTIONAL: &'static [&'static str] = OPTIONAL;

    fn requests() -> Vec<Self> {
        let updates = [ProjectUpdate::new(), ProjectUpdate::new().name("Web shop").slug("web-shop")];
        updates.map(|update| Self::new(ProjectId(42), update)).into()
    }

    fn invalid() -> Vec<(Self, &'static str)> {
        vec![(Self::new(ProjectId(42), ProjectUpdate::new().slug("web shop")), "slug")]
    }

    #[cfg(feature = "serde-all")]
    fn from_body(body: &str) -> Option<serde_json::Result<Self>> {
        Some(serde_json::from_str(body).map(|update| Self::new(ProjectId(42), update)))
    }

    fn responses() -> Vec<Value> {
        vec![project()]
    }
}

impl Sample for DeleteProject {
    fn requests() -> Vec<Self> {
        vec![Self::new(ProjectId(42))]
    }
}
