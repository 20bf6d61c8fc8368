//! The creation of cloud deployments. Each one is a [`Fake`] of its own.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use serde_json::json;

use super::catalogue::check_class;
use super::expiry::check_expires_at;
use super::reference::{check_preview_identifier, check_reference, reference_in_use};
use super::response::DeploymentResponse;
use super::show::show;
use crate::api::{ApiError, JsonBody, PathArg};
use crate::control::Fake;
use crate::management::api::{Bearer, Caller, OP, OT, P, T, nullable};
use crate::management::state::{CloudDeployment, ControlPlane, DeploymentType, Plane, Project, Region};
use crate::server::{FakeServer, TcpListener, bind_loopback};
use crate::state::millis;

const ADJECTIVES: [&str; 8] = ["brave", "calm", "eager", "happy", "joyful", "kind", "quick", "wise"];
const ANIMALS: [&str; 8] = ["badger", "camel", "dolphin", "falcon", "ibex", "lynx", "otter", "wren"];

/// The arguments of a new deployment.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct NewDeployment {
    #[serde(rename = "type")]
    pub(crate) kind: DeploymentType,
    pub(crate) class: Option<String>,
    pub(crate) region: Option<Region>,
    /// For a preview deployment, the bare identifier.
    pub(crate) reference: Option<String>,
    pub(crate) is_default: Option<bool>,
    /// `Some(None)` for no expiry. `None` for the default.
    #[serde(default, deserialize_with = "nullable")]
    pub(crate) expires_at: Option<Option<i64>>,
}

pub(super) async fn create_in_project(
    State(plane): State<Plane>,
    Caller(caller): Caller<{ P | OT | T | OP }>,
    PathArg(project): PathArg<u64>,
    JsonBody(new): JsonBody<NewDeployment>,
) -> Result<Json<DeploymentResponse>, ApiError> {
    let listener = bind(&plane).await?;
    let mut state = plane.state();
    let project = caller.project(&state, project)?;
    let deployment = create(&plane, &mut state, &caller, &project, new, listener)?;
    Ok(Json(DeploymentResponse::cloud(&state, &deployment)))
}

/// Binds a port for a new deployment, if deployments have their own.
pub(crate) async fn bind(plane: &Plane) -> Result<Option<TcpListener>, ApiError> {
    let has_ports = plane.state().has_ports();
    if !has_ports {
        return Ok(None);
    }
    match bind_loopback().await {
        Ok(listener) => Ok(Some(listener)),
        Err(error) => Err(ApiError::internal(format!("no port for the deployment: {error}"))),
    }
}

/// Creates a deployment in a project. A preview replaces an existing one with the same identifier.
pub(crate) fn create(
    plane: &Plane,
    state: &mut ControlPlane,
    caller: &Bearer,
    project: &Project,
    new: NewDeployment,
    listener: Option<TcpListener>,
) -> Result<CloudDeployment, ApiError> {
    let NewDeployment { kind, class, region, reference, is_default, expires_at } = new;
    let (now, creator) = (state.now(), Some(caller.token.member));
    let class = class.unwrap_or_else(|| "s16".to_owned());
    check_class(&class)?;
    let id = state.next_id();
    let name = name(id);
    let can_be_default = matches!(kind, DeploymentType::Dev | DeploymentType::Prod);
    if is_default == Some(true) && !can_be_default {
        return Err(ApiError::bad_request("InvalidIsDefault", "only dev and prod deployments can be a default"));
    }
    let is_default = is_default.unwrap_or(can_be_default && reference.is_none());
    if is_default && state.deployments.default_of(project.id, kind, creator).is_some() {
        return Err(ApiError::bad_request(
            "DefaultDeploymentExists",
            "the project has a default deployment of this type",
        ));
    }
    // Observed: a preview has its bare identifier in the request and a prefix in responses.
    let (reference, preview_identifier) = match (kind, reference) {
        (DeploymentType::Preview, Some(identifier)) => {
            check_preview_identifier(&identifier)?;
            (format!("preview/{identifier}"), Some(identifier))
        }
        (_, Some(reference)) => {
            check_reference(&reference)?;
            (reference, None)
        }
        (_, None) => (format!("{kind}/{name}"), None),
    };
    let existing = state.deployments.of_project(project.id).find(|existing| existing.reference == reference);
    // Observed: a preview under an existing identifier replaces the old one.
    let replaced = match existing {
        Some(existing) if kind == DeploymentType::Preview && existing.kind == kind => Some(existing.id),
        Some(_) => return Err(reference_in_use()),
        None => None,
    };
    let expires_at = match expires_at {
        Some(expires_at) => check_expires_at(state, expires_at)?,
        None => (kind == DeploymentType::Preview).then(|| millis(now + state.knobs.preview_retention)),
    };
    let is_of_team = |deployment: &&CloudDeployment| state.team_of_project(deployment.project) == Some(project.team);
    let existing = state.deployments.cloud.iter().filter(|existing| Some(existing.id) != replaced);
    if existing.filter(is_of_team).count() >= state.knobs.max_deployments {
        return Err(ApiError::bad_request("DeploymentQuotaReached", "the team has the maximum number of deployments"));
    }
    if let Some(replaced) = replaced {
        state.delete_deployments(&caller.origin, |deployment| deployment.id == replaced);
    }
    let default_region = state.teams.by_id(project.team).and_then(|team| team.default_region);
    let fake = Fake::builder(name.as_str())
        .knobs(state.knobs.clone())
        .control_plane(Arc::new(plane.downgrade()), state.clock.clone(), now + state.knobs.new_deployment_delay)
        .build();
    let mut port = None;
    if let Some(listener) = listener {
        let server = FakeServer::start(fake.clone(), listener)
            .map_err(|error| ApiError::internal(format!("no port for the deployment: {error}")))?;
        port = Some(server.address().port());
        state.deployments.servers.insert(name.clone(), server);
    }
    let deployment = CloudDeployment {
        id,
        name,
        project: project.id,
        kind,
        region: region.or(default_region).unwrap_or(Region::UsEast1),
        class,
        reference,
        is_default,
        preview_identifier,
        dashboard_edit_confirmation: None,
        send_logs_to_client: None,
        creator,
        created: now,
        last_deploy: None,
        expires_at,
        deleted: None,
        port,
        fake,
    };
    state.deployments.cloud.push(deployment.clone());
    show(state, &deployment);
    for hook in state.on_create_deployment.clone() {
        hook(state, &deployment);
    }
    let metadata = json!({"projectId": project.id, "deploymentName": deployment.name, "deploymentType": kind});
    state.record(project.team, &caller.origin, "deployment:create", metadata);
    Ok(deployment)
}

/// Returns a name such as `happy-otter-123`. Different ids have different names.
fn name(id: u64) -> String {
    let word = |words: [&'static str; 8], at: u64| words[usize::try_from(at % 8).unwrap_or_default()];
    format!("{}-{}-{}", word(ADJECTIVES, id * 5), word(ANIMALS, id * 3 + id / 8), 100 + id)
}
