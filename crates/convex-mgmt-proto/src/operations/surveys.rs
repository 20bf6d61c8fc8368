//! The surveys of the destructive operations of the Management API.

use serde::Deserialize;

use crate::management::access_tokens::{PersonalAccessToken, TeamAccessToken, TokenSelector};
use crate::management::deploy_keys::DeployKeyInfo;
use crate::management::deployments::{CloudDeployment, Deployment};
use crate::management::{
    CreateDeployment, DeleteCustomRole, DeleteDeployKey, DeleteDeployment, DeletePersonalAccessToken,
    DeletePreviewDeployKey, DeleteProject, DeleteTeamAccessToken, GetDeployment, GetProjectById, ListCustomRoles,
    ListDeployKeys, ListDeployments, ListPersonalAccessTokens, ListPreviewDeployKeys, ListTeamAccessTokens,
    TransferDeployment,
};
use crate::metadata::{ManagementApi, OperationMeta};
use crate::operation::Operation;
use crate::operation::guard::{Destructive, Loss, LossKind, Losses, Survey};
use crate::types::json::{self, Plain};
use crate::types::{DeploymentType, UnixMillis, UnknownObject};

/// The largest page of every list here.
const PAGE: u32 = 100;

/// Reads the project and its deployments in the cloud. The server does not keep the data of local deployments.
impl Destructive for DeleteProject {
    #[inline]
    fn survey(&self) -> Survey<ManagementApi> {
        Survey::new(Self::META, format!("project {}", self.project_id))
            .read(GetProjectById::new(self.project_id), |project, losses| {
                losses.push(Loss::new(LossKind::Project, project.name).id(project.id.0));
            })
            .read(ListDeployments::new(self.project_id).include_local(false), |deployments, losses| {
                deployments.iter().for_each(|deployment| losses.push(of_deployment(deployment)));
            })
    }
}

/// Reads the deployment.
impl Destructive for DeleteDeployment {
    #[inline]
    fn survey(&self) -> Survey<ManagementApi> {
        deployment(Self::META, format!("deployment {}", self.deployment_name), &self.deployment_name)
    }
}

/// Reads the deployment. A confirmation is for one destination.
impl Destructive for TransferDeployment {
    #[inline]
    fn survey(&self) -> Survey<ManagementApi> {
        let target = format!("deployment {} to project {}", self.deployment_name, self.destination_project_id);
        deployment(Self::META, target, &self.deployment_name)
    }
}

/// Lists the previews with the same identifier. Other deployments are created without a survey.
impl Destructive for CreateDeployment {
    #[inline]
    fn survey(&self) -> Survey<ManagementApi> {
        let identifier = self.deployment.reference.clone().filter(|_| self.is_destructive());
        let Some(identifier) = identifier else {
            return Survey::new(Self::META, format!("a deployment in project {}", self.project_id));
        };
        let list = ListDeployments::new(self.project_id).include_local(false).deployment_type(DeploymentType::Preview);
        Survey::new(Self::META, format!("preview {identifier} in project {}", self.project_id)).read(
            list,
            move |deployments, losses| {
                let same = deployments.iter().filter(|deployment| may_have_identifier(deployment, &identifier));
                same.for_each(|deployment| losses.push(of_deployment(deployment)));
            },
        )
    }
}

/// Lists the keys with this name. Names may not be unique.
impl Destructive for DeleteDeployKey {
    #[inline]
    fn survey(&self) -> Survey<ManagementApi> {
        let within = format!("of deployment {}", self.deployment_name);
        let list = ListDeployKeys::new(&self.deployment_name);
        selected(Self::META, LossKind::DeployKey, &within, &self.key, |survey, name| {
            survey.read(list, move |keys, losses| push_keys(LossKind::DeployKey, &name, keys, losses))
        })
    }
}

/// Lists the keys with this name, those of applications included. Names may not be unique.
impl Destructive for DeletePreviewDeployKey {
    #[inline]
    fn survey(&self) -> Survey<ManagementApi> {
        let within = format!("of project {}", self.project_id);
        let list = ListPreviewDeployKeys::new(self.project_id).include_managed(true);
        selected(Self::META, LossKind::PreviewDeployKey, &within, &self.key, |survey, name| {
            survey.read(list, move |keys, losses| push_keys(LossKind::PreviewDeployKey, &name, keys, losses))
        })
    }
}

/// Lists the tokens with this name.
impl Destructive for DeletePersonalAccessToken {
    #[inline]
    fn survey(&self) -> Survey<ManagementApi> {
        let kind = LossKind::PersonalAccessToken;
        selected(Self::META, kind, "of the calling member", &self.token, |survey, name| {
            let list = ListPersonalAccessTokens::new().limit(PAGE);
            survey.pages(list, move |token: PersonalAccessToken, losses| {
                if token.name == name {
                    losses.push(Loss::new(kind, token.name).id(token.id.0).last_used(token.last_used_time));
                }
            })
        })
    }
}

/// Lists the tokens with this name. The server lists the tokens that the caller has created.
impl Destructive for DeleteTeamAccessToken {
    #[inline]
    fn survey(&self) -> Survey<ManagementApi> {
        let kind = LossKind::TeamAccessToken;
        let list = ListTeamAccessTokens::new(self.team_id).limit(PAGE);
        selected(Self::META, kind, &format!("of team {}", self.team_id), &self.token, |survey, name| {
            survey.pages(list, move |token: TeamAccessToken, losses| {
                if token.name == name {
                    losses.push(Loss::new(kind, token.name).id(token.id.0).last_used(token.last_used_time));
                }
            })
        })
    }
}

/// Lists the roles, and finds the one with this id.
impl Destructive for DeleteCustomRole {
    #[inline]
    fn survey(&self) -> Survey<ManagementApi> {
        let id = self.id;
        Survey::new(Self::META, format!("custom role {id} of team {}", self.team_id)).pages(
            ListCustomRoles::new(self.team_id).limit(PAGE),
            move |role, losses| {
                if role.id == id {
                    losses.push(Loss::new(LossKind::CustomRole, role.name).id(role.id.0));
                }
            },
        )
    }
}

/// The survey of an operation on one deployment.
#[inline]
fn deployment(meta: &'static OperationMeta, target: String, name: &str) -> Survey<ManagementApi> {
    Survey::new(meta, target)
        .read(GetDeployment::new(name), |deployment, losses| losses.push(of_deployment(&deployment)))
}

/// The survey of the deletion of a key or token. `list` adds the list that has its name. No list shows a secret.
fn selected(
    meta: &'static OperationMeta,
    kind: LossKind,
    within: &str,
    selector: &TokenSelector,
    list: impl FnOnce(Survey<ManagementApi>, String) -> Survey<ManagementApi>,
) -> Survey<ManagementApi> {
    match selector.name() {
        Some(name) => list(Survey::new(meta, format!("{kind} {name} {within}")), name.to_owned()),
        None => {
            Survey::new(meta, format!("a {kind} {within}")).secret(selector.text().clone()).loss(Loss::unnamed(kind))
        }
    }
}

fn push_keys(kind: LossKind, name: &str, keys: Vec<DeployKeyInfo>, losses: &mut Losses) {
    for key in keys.into_iter().filter(|key| key.name == name) {
        losses.push(Loss::new(kind, key.name).id(key.id.0).last_used(key.last_used_time));
    }
}

/// The server accepts the identifier of a preview, and puts `preview/` in front of it for the reference. A deployment of a kind that
/// this version does not know may have it.
fn may_have_identifier(deployment: &Deployment, identifier: &str) -> bool {
    fn bare(text: &str) -> &str {
        text.strip_prefix("preview/").unwrap_or(text)
    }
    let same = |text: &str| bare(text).eq_ignore_ascii_case(bare(identifier));
    match deployment {
        Deployment::Cloud(CloudDeployment { preview_identifier, reference, .. }) => {
            preview_identifier.as_deref().is_some_and(same) || same(reference)
        }
        Deployment::Local(_) => false,
        Deployment::_Unknown(_) => true,
    }
}

fn of_deployment(deployment: &Deployment) -> Loss {
    let loss = |name: &str| Loss::new(LossKind::Deployment, name);
    match deployment {
        Deployment::Cloud(cloud) => {
            loss(&cloud.name).id(cloud.id.0).deployment(cloud.deployment_type.clone(), cloud.last_deploy_time)
        }
        Deployment::Local(local) => loss(&local.name).deployment(local.deployment_type.clone(), None),
        Deployment::_Unknown(object) => of_unknown(object),
    }
}

/// A deployment of a kind that this version does not know, with the fields that both known kinds have.
fn of_unknown(object: &UnknownObject) -> Loss {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Fields {
        name: String,
        deployment_type: DeploymentType,
        last_deploy_time: Option<UnixMillis>,
    }
    match json::read::<Plain, Fields>(object.json()) {
        Ok(fields) => {
            Loss::new(LossKind::Deployment, fields.name).deployment(fields.deployment_type, fields.last_deploy_time)
        }
        Err(_) => Loss::new(LossKind::Deployment, format!("of the unknown kind {}", object.tag())),
    }
}

#[cfg(test)]
mod tests;
