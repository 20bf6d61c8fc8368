//! [`DeploymentResponse`]: a deployment as the API returns it.

use serde::Serialize;

use crate::management::state::{CloudDeployment, ControlPlane, DeploymentType, LocalDeployment, Region};
use crate::state::millis;

/// A deployment as the API returns it. A local one has neither an id nor a URL.
#[derive(Debug, Serialize)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub(super) enum DeploymentResponse {
    Cloud {
        id: u64,
        name: String,
        create_time: u64,
        last_deploy_time: Option<u64>,
        deployment_type: DeploymentType,
        project_id: u64,
        creator: Option<u64>,
        preview_identifier: Option<String>,
        region: Region,
        is_default: bool,
        reference: String,
        dashboard_edit_confirmation: Option<bool>,
        deployment_url: String,
        expires_at: Option<u64>,
        class: String,
        send_logs_to_client: Option<bool>,
    },
    Local {
        name: String,
        create_time: u64,
        deployment_type: DeploymentType,
        project_id: u64,
        creator: u64,
        port: u16,
        device_name: String,
        is_active: bool,
    },
}

impl DeploymentResponse {
    pub(super) fn cloud(plane: &ControlPlane, deployment: &CloudDeployment) -> Self {
        let deployment_url = plane.deployment_url(deployment);
        let CloudDeployment {
            id,
            name,
            project,
            kind,
            region,
            class,
            reference,
            is_default,
            preview_identifier,
            dashboard_edit_confirmation,
            send_logs_to_client,
            creator,
            created,
            last_deploy,
            expires_at,
            ..
        } = deployment.clone();
        Self::Cloud {
            id,
            name,
            create_time: millis(created),
            last_deploy_time: last_deploy.map(millis),
            deployment_type: kind,
            project_id: project,
            creator,
            preview_identifier,
            region,
            is_default,
            reference,
            dashboard_edit_confirmation,
            deployment_url,
            expires_at,
            class,
            send_logs_to_client,
        }
    }

    pub(super) fn local(deployment: &LocalDeployment) -> Self {
        let LocalDeployment { name, project, creator, created, port, device_name, is_active } = deployment.clone();
        Self::Local {
            name,
            create_time: millis(created),
            deployment_type: DeploymentType::Dev,
            project_id: project,
            creator,
            port,
            device_name,
            is_active,
        }
    }
}
