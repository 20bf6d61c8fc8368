//! The settings in the control plane that a deployment itself shows.

use crate::management::state::{CloudDeployment, ControlPlane};
use crate::state::Plan;

/// Shows a deployment what the control plane knows of it: its plan and its URL.
pub(super) fn show(state: &ControlPlane, deployment: &CloudDeployment) {
    let project = state.project(deployment.project);
    let mut shown = deployment.fake.state.deployment();
    let previous = shown.plan.take().unwrap_or_default();
    shown.plan = Some(Plan {
        deployment_type: deployment.kind.to_string(),
        team_id: project.map_or(previous.team_id, |project| project.team),
        project_id: deployment.project,
        deployment_id: deployment.id,
        project_name: project.map(|project| project.name.clone()),
        project_slug: project.map(|project| project.slug.clone()),
        reference: Some(deployment.reference.clone()),
        ..previous
    });
    shown.url = Some(state.deployment_url(deployment));
}

/// Shows the deployments of a project what the control plane knows of them.
pub(crate) fn show_project(state: &ControlPlane, project: u64) {
    for deployment in state.deployments.of_project(project) {
        show(state, deployment);
    }
}
