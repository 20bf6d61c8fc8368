//! Sample requests and responses of the operations on deployments.

use serde_json::{Value, json};

use super::*;
use crate::operation::sample::Sample;
use crate::types::{DeploymentClass, DeploymentType, MemberId, Patch, ProjectId, Region, TeamId, UnixMillis};

fn cloud() -> Value {
    json!({
        "kind": "cloud", "id": 9, "name": "happy-animal-123", "createTime": 1, "lastDeployTime": 2, "deploymentType": "preview",
        "projectId": 42, "creator": 3, "previewIdentifier": "pr-12", "region": "aws-eu-west-1", "isDefault": false,
        "reference": "preview/pr-12", "dashboardEditConfirmation": true,
        "deploymentUrl": "https://happy-animal-123.eu-west-1.convex.cloud", "expiresAt": 4, "class": "s16",
        "sendLogsToClient": false
    })
}

fn local() -> Value {
    json!({
        "kind": "local", "name": "local-acme-shop", "createTime": 1, "deploymentType": "dev", "projectId": 42, "creator": 3,
        "previewIdentifier": "p", "port": 3210, "deviceName": "d", "isActive": true
    })
}

/// The fields of a cloud deployment that may be missing or `null`. `creator` is required in a local one.
const OPTIONAL: &[&str] =
    &["lastDeployTime", "creator", "previewIdentifier", "dashboardEditConfirmation", "expiresAt", "sendLogsToClient"];

impl Sample for CreateDeployment {
    const OPTIONAL: &'static [&'static str] = OPTIONAL;

    fn requests() -> Vec<Self> {
        let whole = NewDeployment::new(DeploymentType::Prod)
            .class(DeploymentClass::D1024)
            .region(Region::AwsUsEast1)
            .reference("staging/eu-1")
            .is_default(true)
            .expires_at(UnixMillis(1));
        let never = NewDeployment::preview("p").is_default(false).expires_at(Patch::Clear);
        let types = DeploymentType::KNOWN.iter().cloned().map(NewDeployment::new);
        types.chain([whole, never]).map(|deployment| Self::new(ProjectId(42), deployment)).collect()
    }

    fn invalid() -> Vec<(Self, &'static str)> {
        let dev = || NewDeployment::new(DeploymentType::Dev);
        let all = [
            (dev().reference("a/"), "reference"),
            (dev().reference("Staging"), "reference"),
            (dev().reference("happy-animal-123"), "reference"),
            (dev().reference("local-1"), "reference"),
            (dev().reference("prod"), "reference"),
            (NewDeployment::preview("a b"), "reference"),
            (NewDeployment::new(DeploymentType::Custom).is_default(true), "isDefault"),
        ];
        all.map(|(deployment, field)| (Self::new(ProjectId(42), deployment), field)).into()
    }

    #[cfg(feature = "serde-all")]
    fn from_body(body: &str) -> Option<serde_json::Result<Self>> {
        Some(serde_json::from_str(body).map(|deployment| Self::new(ProjectId(42), deployment)))
    }

    fn responses() -> Vec<Value> {
        vec![cloud()]
    }
}

impl Sample for DeleteDeployment {
    fn requests() -> Vec<Self> {
        vec![Self::new("happy-animal-123")]
    }

    fn with_url_text(text: &str) -> Vec<Self> {
        vec![Self::new(text)]
    }
}

impl Sample for TransferDeployment {
    fn requests() -> Vec<Self> {
        vec![Self::new("happy-animal-123", ProjectId(u64::MAX))]
    }

    fn with_url_text(text: &str) -> Vec<Self> {
        vec![Self::new(text, ProjectId(43))]
    }

    #[cfg(feature = "serde-all")]
    fn from_body(body: &str) -> Option<serde_json::Result<Self>> {
        let destination = serde_json::from_str::<delete::Destination>(body);
        Some(destination.map(|body| Self::new("happy-animal-123", body.destination_project_id)))
    }
}

impl Sample for GetDeployment {
    const OPTIONAL: &'static [&'static str] = OPTIONAL;

    fn requests() -> Vec<Self> {
        vec![Self::new("happy-animal-123")]
    }

    fn with_url_text(text: &str) -> Vec<Self> {
        vec![Self::new(text)]
    }

    fn responses() -> Vec<Value> {
        vec![cloud()]
    }
}

fn selectors() -> [DeploymentSelector; 3] {
    ["preview/pr-12".into(), DeploymentSelector::DefaultProd, DeploymentSelector::DefaultDev]
}

impl Sample for GetDeploymentInProjectByProjectId {
    const OPTIONAL: &'static [&'static str] = OPTIONAL;

    fn requests() -> Vec<Self> {
        selectors().map(|selector| Self::new(ProjectId(42), selector)).into()
    }

    fn with_url_text(text: &str) -> Vec<Self> {
        vec![Self::new(ProjectId(42), text)]
    }

    fn invalid() -> Vec<(Self, &'static str)> {
        vec![(Self::new(ProjectId(42), ""), "reference")]
    }

    fn responses() -> Vec<Value> {
        vec![cloud(), local()]
    }
}

impl Sample for GetDeploymentInProjectByProjectSlug {
    const OPTIONAL: &'static [&'static str] = OPTIONAL;

    fn requests() -> Vec<Self> {
        let mut requests: Vec<_> = selectors().map(|selector| Self::new("acme", "web-shop", selector)).into();
        requests.push(Self::new(TeamId(7), "web-shop", DeploymentSelector::DefaultProd));
        requests
    }

    fn with_url_text(text: &str) -> Vec<Self> {
        vec![Self::new(text, text, text)]
    }

    fn invalid() -> Vec<(Self, &'static str)> {
        vec![
            (Self::new("a/b", "web-shop", DeploymentSelector::DefaultProd), "team_id_or_slug"),
            (Self::new(TeamId(7), "ws", DeploymentSelector::DefaultProd), "project_slug"),
            (Self::new("acme", "web-shop", ""), "reference"),
        ]
    }

    fn responses() -> Vec<Value> {
        vec![cloud(), local()]
    }
}

impl Sample for ListDeployments {
    const OPTIONAL: &'static [&'static str] = OPTIONAL;

    fn requests() -> Vec<Self> {
        let list = Self::new(ProjectId(42));
        vec![list.clone(), list.include_local(true).is_default(false).deployment_type(DeploymentType::Dev)]
    }

    fn with_url_text(text: &str) -> Vec<Self> {
        vec![Self::new(ProjectId(42)).deployment_type(text)]
    }

    fn responses() -> Vec<Value> {
        vec![json!([cloud(), local()])]
    }
}

impl Sample for ListDeploymentsForTeam {
    const OPTIONAL: &'static [&'static str] = OPTIONAL;

    fn requests() -> Vec<Self> {
        let list = Self::new(TeamId(7));
        let whole = list
            .clone()
            .cursor("c")
            .limit(100)
            .sort(DeploymentSort::Reference, SortOrder::Asc)
            .deployment_type(DeploymentType::Prod)
            .search("a b")
            .project_id(ProjectId(42))
            .creator(MemberId(3))
            .is_default(true);
        vec![list, whole]
    }

    fn with_url_text(text: &str) -> Vec<Self> {
        vec![Self::new(TeamId(7)).cursor(text).sort(text, text).deployment_type(text).search(text)]
    }

    fn invalid() -> Vec<(Self, &'static str)> {
        let list = || Self::new(TeamId(7));
        vec![(list().limit(0), "limit"), (list().limit(101), "limit"), (list().cursor(""), "cursor")]
    }

    fn responses() -> Vec<Value> {
        vec![json!({ "items": [cloud(), local()], "pagination": { "hasMore": true, "nextCursor": "c" } })]
    }
}

impl Sample for ListLocalDeploymentsForTeam {
    const OPTIONAL: &'static [&'static str] = &["previewIdentifier"];

    fn requests() -> Vec<Self> {
        vec![Self::new(TeamId(7))]
    }

    fn responses() -> Vec<Value> {
        vec![json!({ "items": [local()] })]
    }
}

impl Sample for ListDeploymentClasses {
    fn requests() -> Vec<Self> {
        vec![Self::new(TeamId(7))]
    }

    fn responses() -> Vec<Value> {
        vec![json!({ "items": [{ "type": "s16", "available": true }] })]
    }
}

impl Sample for ListDeploymentRegions {
    fn requests() -> Vec<Self> {
        vec![Self::new(TeamId(7))]
    }

    fn responses() -> Vec<Value> {
        vec![json!({ "items": [{ "name": "aws-eu-west-1", "displayName": "EU", "available": true }] })]
    }
}

impl Sample for UpdateDeployment {
    fn requests() -> Vec<Self> {
        let set = DeploymentUpdate::new()
            .reference("staging/eu-1")
            .dashboard_edit_confirmation(true)
            .expires_at(UnixMillis(1))
            .send_logs_to_client(false)
            .class(DeploymentClass::S256)
            .is_default(false)
            .deployment_type(DeploymentType::Custom);
        let clear = DeploymentUpdate::new()
            .dashboard_edit_confirmation(Patch::Clear)
            .expires_at(Patch::Clear)
            .send_logs_to_client(Patch::Clear);
        [DeploymentUpdate::new(), set, clear].map(|changes| Self::new("happy-animal-123", changes)).into()
    }

    fn with_url_text(text: &str) -> Vec<Self> {
        vec![Self::new(text, DeploymentUpdate::new())]
    }

    fn invalid() -> Vec<(Self, &'static str)> {
        let references = ["ab", "a_b", "happy-animal-123", "local-1", "preview"];
        references
            .map(|text| (Self::new("happy-animal-123", DeploymentUpdate::new().reference(text)), "reference"))
            .into()
    }

    #[cfg(feature = "serde-all")]
    fn from_body(body: &str) -> Option<serde_json::Result<Self>> {
        Some(serde_json::from_str(body).map(|changes| Self::new("happy-animal-123", changes)))
    }
}
