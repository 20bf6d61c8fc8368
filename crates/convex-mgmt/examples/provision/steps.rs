//! The steps from an access token to a configured deployment, and back. Each step finds what exists, or creates it.

use std::error::Error as StdError;
use std::time::{Duration, SystemTime};

use convex_mgmt::deployment::environment_variables::{EnvironmentPlan, EnvironmentVariables, Ownership};
use convex_mgmt::deployment::log_streams::{LogStream, LogStreamConfig, NewWebhook, WebhookFormat, WebhookUpdate};
use convex_mgmt::deployment::{
    CreateLogStream, ListEnvironmentVariables, ListLogStreams, UpdateEnvironmentVariables, UpdateLogStream,
};
use convex_mgmt::guard::Destructive;
use convex_mgmt::management::access_tokens::{TokenDetails, TokenSelector};
use convex_mgmt::management::deploy_keys::DeployKeyAction;
use convex_mgmt::management::deployments::{CloudDeployment, Deployment, NewDeployment};
use convex_mgmt::management::projects::{NewProject, Project};
use convex_mgmt::management::{
    CreateDeployKey, CreateDeployment, CreateProject, DeleteDeployKey, DeleteDeployment, DeleteProject,
    GetDeploymentInProjectByProjectId, GetProjectById, GetTokenDetails, ListDeployKeys, ListDeployments, ListProjects,
};
use convex_mgmt::{
    DeploymentClient, DeploymentType, KeyedDeployment, ManagementApi, ManagementClient, OnConflict, Operation,
    ProjectId, TeamId, UnixMillis,
};

use super::report::Report;

type Result<T> = std::result::Result<T, Box<dyn StdError>>;

/// The name of the deploy key.
const KEY: &str = "provision";

/// The key is needed for a minute. If it is left behind, it expires.
const KEY_LIFETIME: Duration = Duration::from_secs(60 * 60);

/// The next step if nobody answers a question. `--keep` does not help against an old key, which is in the way.
const IF_REPLACED: &str = "add --yes to replace the key";
const IF_REMOVED: &str = "add --yes to delete, or --keep to remove nothing";

/// The maximum wait for a deployment that was just created.
const READY_TIMEOUT: Duration = Duration::from_secs(60);

/// The wanted state. The names identify what an earlier run created.
#[derive(Clone)]
pub(crate) struct Wanted {
    pub(crate) project: String,
    pub(crate) reference: String,
    /// The team of a personal access token.
    pub(crate) team: Option<TeamId>,
    /// The URL of the log stream.
    pub(crate) webhook: Option<String>,
    variables: EnvironmentVariables,
}

impl Wanted {
    pub(crate) fn new(project: &str, reference: &str) -> Self {
        let variables = [("GREETING", "hello"), ("API_BASE", "https://api.example.com/v2")].into_iter().collect();
        Self { project: project.to_owned(), reference: reference.to_owned(), team: None, webhook: None, variables }
    }
}

/// The result of [`provision`].
pub(crate) struct Provisioned {
    /// `true` if the token may delete the project. The token of a project may not.
    of_team: bool,
    project: ProjectId,
    /// The deployment, its new key, and a client with that key.
    keyed: KeyedDeployment,
}

/// Brings the deployment into the wanted state, whatever an earlier run has done.
pub(crate) async fn provision(
    management: &ManagementClient,
    wanted: &Wanted,
    report: &mut Report,
) -> Result<Provisioned> {
    let owner = owner(management, wanted.team, report).await?;
    let project = project(management, owner, &wanted.project, report).await?;
    let deployment = deployment(management, project, &wanted.reference, report).await?;
    let keyed = deploy_key(management, &deployment.name, report).await?;
    environment_variables(&keyed.client, &wanted.variables, report).await?;
    log_stream(&keyed.client, wanted.webhook.as_deref(), report).await?;
    read_back(&keyed.client, wanted, report).await?;
    Ok(Provisioned { of_team: matches!(owner, Owner::Team(_)), project, keyed })
}

/// The owner of a token.
#[derive(Clone, Copy)]
enum Owner {
    Team(TeamId),
    Project(ProjectId),
}

/// Reads the team or the project that the token belongs to.
async fn owner(management: &ManagementClient, team: Option<TeamId>, report: &mut Report) -> Result<Owner> {
    report.begin("token");
    let details = management.send(&GetTokenDetails::new()).await?;
    let owner = match (details, team) {
        (TokenDetails::TeamToken(token), Some(team)) if token.team_id != team => {
            return Err(format!("the token is for the team {}, not {team}: omit --team", token.team_id).into());
        }
        (TokenDetails::TeamToken(token), _) => Owner::Team(token.team_id),
        (TokenDetails::ProjectToken(token), _) => Owner::Project(token.project_id),
        // The details of a personal access token have no team.
        (_, Some(team)) => Owner::Team(team),
        (_, None) => return Err("the token is for no team or project: select a team with --team ID".into()),
    };
    match owner {
        Owner::Team(id) => report.done("found", &[("teamId", id.0.into())]),
        Owner::Project(id) => report.done("found", &[("projectId", id.0.into())]),
    }
    Ok(owner)
}

/// Finds the project by its name, or creates it. A token of a project has one already.
async fn project(management: &ManagementClient, owner: Owner, name: &str, report: &mut Report) -> Result<ProjectId> {
    report.begin("project");
    let found = match owner {
        Owner::Project(id) => vec![management.send(&GetProjectById::new(id)).await?],
        Owner::Team(team) => projects_with_name(management, team, name).await?,
    };
    match (&found[..], owner) {
        ([project], _) => {
            report.done("found", &[("name", (&*project.name).into()), ("id", project.id.0.into())]);
            Ok(project.id)
        }
        ([], Owner::Team(team)) => {
            let project = management.send(&CreateProject::new(team, NewProject::new(name))).await?;
            report.created(&[("name", name.into()), ("id", project.id.0.into())]);
            Ok(project.id)
        }
        _ => {
            let ids: Vec<_> = found.iter().map(|project| project.id.to_string()).collect();
            let ids = ids.join(", ");
            Err(format!("several projects have this name (ids {ids}): rename all but one, or use another --project")
                .into())
        }
    }
}

async fn projects_with_name(management: &ManagementClient, team: TeamId, name: &str) -> Result<Vec<Project>> {
    let mut found = Vec::new();
    // The API's own search is not used, because its rules are not documented.
    let mut projects = management.pages(ListProjects::new(team)).items();
    while let Some(project) = projects.next_item().await? {
        if project.name == name {
            // A list may contain a project that was deleted a moment ago.
            match management.send(&GetProjectById::new(project.id)).await {
                Ok(project) => found.push(project),
                Err(error) if error.is_not_found() => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
    Ok(found)
}

/// Finds the deployment by its reference, which is unique in the project, or creates it.
async fn deployment(
    management: &ManagementClient,
    project: ProjectId,
    reference: &str,
    report: &mut Report,
) -> Result<CloudDeployment> {
    report.begin("deployment");
    let (deployment, is_new) = match management.send(&GetDeploymentInProjectByProjectId::new(project, reference)).await
    {
        Ok(deployment) => (deployment, false),
        Err(error) if error.is_not_found() => {
            let new = NewDeployment::new(DeploymentType::Dev).reference(reference).is_default(false);
            (management.send(&CreateDeployment::new(project, new)).await?, true)
        }
        Err(error) => return Err(error.into()),
    };
    let Deployment::Cloud(deployment) = deployment else {
        return Err("this deployment is not in the cloud: use another --reference".into());
    };
    let details = [("name", (&*deployment.name).into()), ("url", (&*deployment.deployment_url).into())];
    if is_new {
        report.created(&details)
    } else {
        report.done("found", &details)
    }
    Ok(deployment)
}

/// Creates a deploy key that allows only what this program does, and a client with it.
async fn deploy_key(management: &ManagementClient, deployment: &str, report: &mut Report) -> Result<KeyedDeployment> {
    report.begin("old deploy key");
    let keys = management.send(&ListDeployKeys::new(deployment)).await?;
    // The API returns a secret once, so the key of an earlier run is of no use. A key with a manager may be the application's own
    // token.
    if keys.iter().any(|key| key.name == KEY && key.managed_by.is_none()) {
        let delete = DeleteDeployKey::new(deployment, TokenSelector::by_name(KEY));
        if !delete_if_approved(management, &delete, IF_REPLACED, report).await? {
            return Err("a deploy key with this name exists, and its secret is lost: agree to delete it".into());
        }
        report.deleted(&[("name", KEY.into())]);
    }

    report.begin("deploy key");
    let mut actions = Vec::new();
    for operation in [
        ListEnvironmentVariables::META,
        UpdateEnvironmentVariables::META,
        ListLogStreams::META,
        <CreateLogStream>::META,
        UpdateLogStream::META,
    ] {
        actions.extend(DeployKeyAction::for_operation(operation).filter(|action| !actions.contains(action)));
    }
    let names: Vec<_> = actions.iter().map(ToString::to_string).collect();
    let details = [("name", KEY.into()), ("actions", names.into())];
    let expires_at = UnixMillis::try_from(SystemTime::now() + KEY_LIFETIME)?;
    let create = CreateDeployKey::new(deployment, KEY).allowed_actions(actions).expires_at(expires_at);
    match management.deployment_with_new_key(&create).await {
        Ok(keyed) => {
            report.created(&details);
            Ok(keyed)
        }
        Err(incomplete) => {
            if incomplete.created.is_some() {
                report.created(&details);
            }
            Err(incomplete.into())
        }
    }
}

/// Sets the variables in one transaction. Other variables stay as they are.
async fn environment_variables(
    client: &DeploymentClient,
    wanted: &EnvironmentVariables,
    report: &mut Report,
) -> Result<()> {
    report.begin("wait for the deployment");
    client.wait_until_ready(READY_TIMEOUT).await?;
    report.begin("environment variables");
    let current = client.send(&ListEnvironmentVariables::new()).await?;
    let plan = EnvironmentPlan::new(&current, wanted, Ownership::None);
    client.apply_environment_plan(&plan, OnConflict::Fail).await?;
    let names: Vec<_> = wanted.names().collect();
    report.done(if plan.is_empty() { "unchanged" } else { "changed" }, &[("names", names.into())]);
    Ok(())
}

/// Finds the webhook and changes its URL, or creates it. A deployment has at most one stream of each kind.
async fn log_stream(client: &DeploymentClient, url: Option<&str>, report: &mut Report) -> Result<()> {
    report.begin("log stream");
    let Some(url) = url else {
        report.done("skipped", &[("reason", "no --webhook".into())]);
        return Ok(());
    };
    let streams = client.send(&ListLogStreams::new()).await?;
    let details = [("kind", "webhook".into())];
    match webhook(&streams) {
        Some((_, current)) if is_same_url(current, url) => report.done("unchanged", &details),
        Some((stream, _)) => {
            client.send(&UpdateLogStream::new(stream.id.clone(), WebhookUpdate::new().url(url))).await?;
            report.done("changed", &details);
        }
        None => {
            // The response has the secret that signs the events. A receiver would store it here.
            client.send(&CreateLogStream::new(NewWebhook::new(url, WebhookFormat::Jsonl))).await?;
            report.created(&details);
        }
    }
    Ok(())
}

fn webhook(streams: &[LogStream]) -> Option<(&LogStream, &str)> {
    streams.iter().find_map(|stream| match &stream.config {
        LogStreamConfig::Webhook(webhook) => Some((stream, webhook.url.as_str())),
        _ => None,
    })
}

/// The server returns `https://example.com` with a slash at the end.
fn is_same_url(a: &str, b: &str) -> bool {
    a.trim_end_matches('/') == b.trim_end_matches('/')
}

/// Compares the deployment with the wanted state.
async fn read_back(client: &DeploymentClient, wanted: &Wanted, report: &mut Report) -> Result<()> {
    report.begin("read back");
    let variables = client.send(&ListEnvironmentVariables::new()).await?;
    let streams = client.send(&ListLogStreams::new()).await?;
    let plan = EnvironmentPlan::new(&variables, &wanted.variables, Ownership::None);
    let has_stream = wanted
        .webhook
        .as_ref()
        .is_none_or(|url| webhook(&streams).is_some_and(|(_, current)| is_same_url(current, url)));
    if !plan.is_empty() || !has_stream {
        return Err(
            "the deployment differs from what was written, so another program writes to it: stop that program".into()
        );
    }
    report.done("verified", &[("variables", variables.len().into()), ("logStreams", streams.len().into())]);
    Ok(())
}

/// Deletes the key, and the project if it has no other deployment. Otherwise it deletes the deployment only.
pub(crate) async fn remove(management: &ManagementClient, provisioned: Provisioned, report: &mut Report) -> Result<()> {
    let Provisioned { of_team, project, keyed } = provisioned;
    let name = keyed.deployment.name().unwrap_or_default();

    report.begin("deploy key");
    match keyed.deletion() {
        // The key of an OAuth application is the application's own token. Its deletion would revoke the user's grant.
        None => report.done("kept", &[("reason", "it is the token of the OAuth application".into())]),
        Some(delete) if delete_if_approved(management, &delete, IF_REMOVED, report).await? => {
            report.deleted(&[("name", KEY.into())]);
        }
        Some(_) => {
            report.done("kept", &[("name", KEY.into())]);
            return Ok(());
        }
    }

    report.begin("project");
    let deployments = management.send(&ListDeployments::new(project).include_local(true)).await?;
    let has_others = deployments.iter().any(|deployment| deployment.name() != Some(name));
    let details = [("id", project.0.into()), ("deployment", name.into())];
    if of_team && !has_others {
        if delete_if_approved(management, &DeleteProject::new(project), IF_REMOVED, report).await? {
            report.deleted(&details);
        } else {
            report.done("kept", &details);
        }
        return Ok(());
    }
    let reason = if of_team { "it has other deployments" } else { "the token is for this project" };
    report.done("kept", &[("id", project.0.into()), ("reason", reason.into())]);

    report.begin("deployment");
    if delete_if_approved(management, &DeleteDeployment::new(name), IF_REMOVED, report).await? {
        report.deleted(&[("name", name.into())]);
    } else {
        report.done("kept", &[("name", name.into())]);
    }
    Ok(())
}

/// Deletes an object if a person agrees to the losses. Returns `false` if the person does not.
async fn delete_if_approved<O>(
    management: &ManagementClient,
    delete: &O,
    unanswered: &str,
    report: &mut Report,
) -> Result<bool>
where
    O: Destructive<Api = ManagementApi>,
{
    let losses = management.losses(delete).await?;
    if !report.approves(&losses, unanswered)? {
        return Ok(false);
    }
    match management.send_confirmed(delete, &losses.confirm()).await {
        Ok(_) => Ok(true),
        // A list may contain a key that was deleted a moment ago.
        Err(error) if error.is_not_found() => Ok(true),
        Err(error) => Err(error.into()),
    }
}
