//! The workers of a load on a control plane. Each creates and deletes the object in its place, and lists it when the outcome
//! is unknown.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use convex_mgmt::management::access_tokens::TokenSelector;
use convex_mgmt::management::custom_roles::{CustomRoleConfig, RoleActions, RoleResource, RoleStatement};
use convex_mgmt::management::deployments::NewDeployment;
use convex_mgmt::management::members::Role;
use convex_mgmt::management::projects::NewProject;
use convex_mgmt::management::{
    CancelTeamMemberInvite, CreateCustomDomain, CreateCustomRole, CreateDeployKey, CreateDeployment,
    CreatePreviewDeployKey, CreateProject, CreateTeamAccessToken, DeleteCustomDomain, DeleteCustomRole,
    DeleteDeployKey, DeleteDeployment, DeletePreviewDeployKey, DeleteProject, DeleteTeamAccessToken, InviteTeamMember,
    ListCustomDomains, ListCustomRoles, ListDeployKeys, ListDeployments, ListPendingTeamInvites, ListPreviewDeployKeys,
    ListProjects, ListTeamAccessTokens,
};
use convex_mgmt::{
    CustomRoleId, DeploymentType, Error, ManagementApi, ManagementClient, Operation, ProjectId, RequestDestination,
    TeamId,
};

use crate::load::report::{Change, Log, Report};
use crate::load::work::Worker;

/// The team of the fake.
pub(super) const TEAM: TeamId = TeamId(1);

/// The destination of all custom domains.
const DESTINATION: RequestDestination = RequestDestination::ConvexCloud;

/// The object that a worker creates and deletes, with what it belongs to.
#[derive(Clone)]
pub(super) enum Kind {
    Project,
    Role,
    Token,
    Invitation,
    Deployment(ProjectId),
    /// A preview that each create replaces.
    Preview(ProjectId),
    PreviewKey(ProjectId),
    Key(ProjectId, String),
    Domain(String),
}

/// The place of an object that belongs to a project: the worker of the project has one such object at a time.
pub(super) fn place_of_project(kind: &str, project: u64) -> String {
    format!("{kind} of project {project}")
}

/// The place of an object with this name, such as `load-7-12` or `load-7-12.example` for the object of the worker 7 in round 12.
pub(super) fn place_of_worker(kind: &str, name: &str) -> String {
    let name = name.split(['@', '.']).next().unwrap_or_default();
    format!("{kind} {}", name.rsplit_once('-').map_or(name, |(worker, _)| worker))
}

/// Works until no calls are left.
pub(super) async fn work(number: usize, kind: Kind, client: ManagementClient, left: Arc<AtomicUsize>) -> Log {
    let mut worker = ObjectWorker { worker: Worker::new(number, client, left), kind };
    worker.run(number).await;
    worker.worker.log
}

struct ObjectWorker {
    worker: Worker<ManagementApi>,
    kind: Kind,
}

/// The result of a write: the report, and the value in the place if the response shows it.
type Written = (Report, Option<Option<String>>);

impl ObjectWorker {
    /// Creates an object and deletes it. A preview is created three times.
    async fn run(&mut self, number: usize) {
        let mut current = None;
        let mut creates = 0;
        for round in 0_u64.. {
            if !self.worker.take_call() {
                return;
            }
            let name = format!("load-{number}-{round}");
            let may_replace = matches!(self.kind, Kind::Preview(_)) && creates < 3;
            let (report, known) = match current.take() {
                Some(value) if !may_replace => {
                    creates = 0;
                    self.delete(value).await
                }
                // The server rejects a name without a letter.
                None if matches!(self.kind, Kind::Project) && round % 4 == 3 => {
                    let change = Change::new(&self.place(&name), None, "new project");
                    self.write(change, &CreateProject::new(TEAM, NewProject::new(" ")).unchecked(), |_| None).await
                }
                _ => {
                    creates += 1;
                    self.create(&name).await
                }
            };
            current = self.state_after(report, known).await;
        }
    }

    fn place(&self, name: &str) -> String {
        match &self.kind {
            Kind::Project => place_of_worker("project", name),
            Kind::Role => place_of_worker("role", name),
            Kind::Token => place_of_worker("token", name),
            Kind::Invitation => place_of_worker("invitation", name),
            Kind::Domain(_) => place_of_worker("domain", name),
            Kind::Deployment(project) | Kind::Preview(project) => place_of_project("deployment", project.0),
            Kind::Key(project, _) | Kind::PreviewKey(project) => place_of_project("key", project.0),
        }
    }

    /// Sends a write. `value` returns the value in the place after it, if the response shows the value.
    async fn write<O: Operation<Api = ManagementApi>>(
        &mut self,
        change: Change,
        operation: &O,
        value: impl FnOnce(O::Output) -> Option<String>,
    ) -> Written {
        let (report, result): (_, Result<_, Error>) = self.worker.write(change, operation).await;
        let known = result.ok().map(value);
        if let Some(Some(value)) = &known {
            self.worker.log.set_last_value(value);
        }
        (report, known)
    }

    async fn create(&mut self, name: &str) -> Written {
        let change = |place: String, kind: &str| Change::new(&place, None, format!("new {kind}"));
        let place = self.place(name);
        match self.kind.clone() {
            Kind::Project => {
                let create = CreateProject::new(TEAM, NewProject::new(name));
                self.write(change(place, "project"), &create, |created| Some(created.id.to_string())).await
            }
            Kind::Role => {
                let all = RoleStatement::allow(RoleActions::All, RoleResource::Team);
                let create = CreateCustomRole::new(TEAM, CustomRoleConfig::new(name, [all]));
                self.write(change(place, "role"), &create, |role| Some(role.id.to_string())).await
            }
            Kind::Token => {
                let create = CreateTeamAccessToken::new(TEAM).name(name);
                self.write(change(place, "token"), &create, |_| Some(name.to_owned())).await
            }
            Kind::Invitation => {
                let email = format!("{name}@example.com");
                let create = InviteTeamMember::new(TEAM, &*email, Role::Developer);
                self.write(change(place, "invitation"), &create, |()| Some(email)).await
            }
            Kind::Domain(deployment) => {
                let domain = format!("{name}.example.com");
                let create = CreateCustomDomain::new(deployment, DESTINATION, &*domain);
                self.write(change(place, "domain"), &create, |()| Some(domain)).await
            }
            Kind::Deployment(project) => {
                let new = NewDeployment::new(DeploymentType::Dev).reference(name);
                let create = CreateDeployment::new(project, new);
                self.write(change(place, "deployment"), &create, |created| created.name().map(str::to_owned)).await
            }
            Kind::Preview(project) => {
                let create = CreateDeployment::new(project, NewDeployment::preview("the-preview"));
                self.write(change(place, "deployment"), &create, |created| created.name().map(str::to_owned)).await
            }
            Kind::Key(_, deployment) => {
                let create = CreateDeployKey::new(deployment, name);
                self.write(change(place, "key"), &create, |_| Some(name.to_owned())).await
            }
            Kind::PreviewKey(project) => {
                let create = CreatePreviewDeployKey::new(project, name);
                self.write(change(place, "key"), &create, |_| Some(name.to_owned())).await
            }
        }
    }

    async fn delete(&mut self, value: String) -> Written {
        let change = |place: String, kind: &str| Change::new(&place, None, format!("no {kind} {value}"));
        let place = self.place_of_writes();
        match self.kind.clone() {
            Kind::Project => {
                let id = ProjectId(value.parse().expect("an id"));
                self.write(change(place, "project"), &DeleteProject::new(id), |()| None).await
            }
            Kind::Role => {
                let delete = DeleteCustomRole::new(TEAM, CustomRoleId(value.parse().expect("an id")));
                self.write(change(place, "role"), &delete, |()| None).await
            }
            Kind::Token => {
                let delete = DeleteTeamAccessToken::new(TEAM, TokenSelector::by_name(&*value));
                self.write(change(place, "token"), &delete, |()| None).await
            }
            Kind::Invitation => {
                self.write(change(place, "invitation"), &CancelTeamMemberInvite::new(TEAM, &*value), |()| None).await
            }
            Kind::Domain(deployment) => {
                let delete = DeleteCustomDomain::new(deployment, DESTINATION, &*value);
                self.write(change(place, "domain"), &delete, |()| None).await
            }
            Kind::Deployment(_) | Kind::Preview(_) => {
                self.write(change(place, "deployment"), &DeleteDeployment::new(&*value), |()| None).await
            }
            Kind::Key(_, deployment) => {
                let delete = DeleteDeployKey::new(deployment, TokenSelector::by_name(&*value));
                self.write(change(place, "key"), &delete, |()| None).await
            }
            Kind::PreviewKey(project) => {
                let delete = DeletePreviewDeployKey::new(project, TokenSelector::by_name(&*value));
                self.write(change(place, "key"), &delete, |()| None).await
            }
        }
    }

    /// The place of all writes of the worker.
    fn place_of_writes(&self) -> String {
        self.worker.log.writes.last().expect("a create before").change.place.clone()
    }

    /// Returns the value in the place, from a list.
    async fn find(&mut self) -> Option<String> {
        let place = self.place_of_writes();
        let worker = &mut self.worker;
        let is_mine = |kind: &str, name: &str| place_of_worker(kind, name) == place;
        match self.kind.clone() {
            Kind::Project => {
                let slug = place.strip_prefix("project ").expect("the place of a project");
                let page = worker.read_until_success(&ListProjects::new(TEAM).search(slug)).await;
                assert_eq!(page.next_cursor, None, "a worker has one project at a time");
                let mine = page.items.into_iter().find(|project| is_mine("project", &project.slug));
                mine.map(|project| project.id.to_string())
            }
            Kind::Role => {
                let page = worker.read_until_success(&ListCustomRoles::new(TEAM).limit(100)).await;
                assert_eq!(page.next_cursor, None, "a worker has one role at a time");
                page.items.into_iter().find(|role| is_mine("role", &role.name)).map(|role| role.id.to_string())
            }
            Kind::Token => {
                let page = worker.read_until_success(&ListTeamAccessTokens::new(TEAM).limit(100)).await;
                assert_eq!(page.next_cursor, None, "a worker has one token at a time");
                page.items.into_iter().map(|token| String::from(token.name)).find(|name| is_mine("token", name))
            }
            Kind::Invitation => {
                let list = worker.read_until_success(&ListPendingTeamInvites::new(TEAM)).await;
                list.into_iter().map(|invite| String::from(invite.email)).find(|email| is_mine("invitation", email))
            }
            Kind::Domain(deployment) => {
                let list = worker.read_until_success(&ListCustomDomains::new(deployment)).await;
                list.into_iter().map(|domain| domain.domain.into()).next()
            }
            Kind::Deployment(project) | Kind::Preview(project) => {
                let list = worker.read_until_success(&ListDeployments::new(project)).await;
                list.first().and_then(|deployment| deployment.name()).map(str::to_owned)
            }
            Kind::Key(_, deployment) => {
                let list = worker.read_until_success(&ListDeployKeys::new(deployment)).await;
                list.into_iter().next().map(|key| key.name.into())
            }
            Kind::PreviewKey(project) => {
                let list = worker.read_until_success(&ListPreviewDeployKeys::new(project)).await;
                list.into_iter().next().map(|key| key.name.into())
            }
        }
    }

    /// Returns the value after a write: from its response if that shows it, otherwise from a list.
    async fn state_after(&mut self, report: Report, known: Option<Option<String>>) -> Option<String> {
        let now = match known {
            Some(now) => now,
            None => self.find().await,
        };
        let place = self.place_of_writes();
        match report {
            Report::NotApplied => self.worker.log.saw(&place, now.as_deref()),
            Report::Applied | Report::Unknown => {
                if let Some(value) = &now {
                    self.worker.log.set_last_value(value);
                }
                self.worker.log.found(&place, now.clone());
            }
        }
        now
    }
}
