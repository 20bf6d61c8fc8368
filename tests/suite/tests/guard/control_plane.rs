//! The destructive operations of the Management API, over the fake's control plane.

use convex_mgmt::guard::{ConfirmationError, Destructive, LossChange, Losses};
use convex_mgmt::management::access_tokens::TokenSelector;
use convex_mgmt::management::custom_roles::{CustomRoleConfig, RoleActions, RoleStatement};
use convex_mgmt::management::deployments::{DeploymentUpdate, NewDeployment};
use convex_mgmt::management::members::{Role, RoleAssignment};
use convex_mgmt::management::projects::{NewProject, ProjectUpdate};
use convex_mgmt::management::{
    CreateCustomRole, CreateDeployKey, CreateDeployment, CreatePersonalAccessToken, CreatePreviewDeployKey,
    CreateProject, CreateTeamAccessToken, DeleteCustomRole, DeleteDeployKey, DeleteDeployment,
    DeletePersonalAccessToken, DeletePreviewDeployKey, DeleteProject, DeleteTeamAccessToken, GetDeployment,
    ListDeployKeys, ListPreviewDeployKeys, TransferDeployment, UpdateCustomRole, UpdateDeployment, UpdateProject,
    UpdateTeamMemberRole,
};
use convex_mgmt::{
    AccessToken, Client, DeploymentType, Endpoint, ErrorCode, ErrorKind, ManagementApi, ManagementClient, MemberId,
    Operation, ProjectId, Sent, TeamId,
};
use convex_mgmt_fake::{FakeControlPlane, TokenClass};

/// A control plane with a project, and a client that requires confirmations.
struct Plane {
    plane: FakeControlPlane,
    client: ManagementClient<convex_mgmt::hyper::BoxService>,
    project: ProjectId,
}

impl Plane {
    async fn new() -> Self {
        let plane = FakeControlPlane::builder("acme")
            .token(TokenClass::Team, "team:acme|made-up")
            .token(TokenClass::Person, "personal")
            .build();
        let token = AccessToken::parse("team:acme|made-up").unwrap();
        let endpoint = Endpoint::<ManagementApi>::new("https://api.convex.dev", &token).unwrap();
        let client = Client::builder(endpoint).require_confirmation().build_on(plane.clone()).unwrap().boxed();
        let created = client.send(&CreateProject::new(TeamId(1), NewProject::new("Shop"))).await.unwrap();
        Self { plane, client, project: created.id }
    }

    /// The same client for the member. It requires confirmations, too.
    fn person(self) -> Self {
        let token = AccessToken::personal("personal").unwrap();
        let client = self.client.at(Endpoint::new("https://api.convex.dev", &token).unwrap());
        Self { client, ..self }
    }

    /// Creates a deployment that replaces nothing, and returns its name.
    async fn create(&self, deployment: NewDeployment) -> String {
        self.confirmed(&CreateDeployment::new(self.project, deployment)).await.name().unwrap().to_owned()
    }

    async fn prod(&self) -> String {
        self.create(NewDeployment::new(DeploymentType::Prod)).await
    }

    async fn losses<O: Destructive<Api = ManagementApi>>(&self, operation: &O) -> Losses {
        self.client.losses(operation).await.unwrap()
    }

    async fn confirmed<O: Destructive<Api = ManagementApi>>(&self, operation: &O) -> O::Output {
        let confirmation = self.losses(operation).await.confirm();
        self.client.send_confirmed(operation, &confirmation).await.unwrap()
    }

    /// Asserts that the operation is rejected without a confirmation, checked or not, and that nothing arrives.
    async fn rejects<O: Destructive<Api = ManagementApi> + Clone>(&self, operation: &O) {
        let before = self.plane.requests().len();
        for error in [
            self.client.send(operation).await.map(drop).unwrap_err(),
            self.client.send(&operation.clone().unchecked()).await.map(drop).unwrap_err(),
        ] {
            assert_eq!((error.kind(), error.sent()), (ErrorKind::NotConfirmed, Sent::No), "{error:?}");
        }
        assert_eq!(self.plane.requests().len(), before);
    }

    /// Asserts that the confirmation of losses is out of date, and that only reads arrive. Returns the changes.
    async fn stale<O: Destructive<Api = ManagementApi>>(&self, operation: &O, losses: &Losses) -> Vec<String> {
        let before = self.plane.requests().len();
        let error = self.client.send_confirmed(operation, &losses.confirm()).await.map(drop).unwrap_err();
        assert_eq!((error.kind(), error.operation()), (ErrorKind::ConfirmationStale, O::META), "{error:?}");
        assert!(self.plane.requests()[before..].iter().all(|request| request.method == "GET"));
        let Some(ConfirmationError::Stale(stale)) = error.confirmation_error() else { panic!("{error:?}") };
        assert_eq!(stale.losses, self.losses(operation).await);
        stale.changes.iter().map(LossChange::to_string).collect()
    }
}

fn lines(losses: &Losses) -> Vec<String> {
    losses.items().iter().map(ToString::to_string).collect()
}

#[tokio::test]
async fn a_project_is_deleted_only_with_the_confirmation_of_its_deployments() {
    let it = Plane::new().await;
    let prod = it.prod().await;
    it.plane.record_deploy(&prod);
    let delete = DeleteProject::new(it.project);
    it.rejects(&delete).await;
    let losses = it.losses(&delete).await;
    assert_eq!(lines(&losses)[0], "project Shop");
    assert!(lines(&losses)[1].starts_with(&format!("deployment {prod} (prod, last deployed 20")), "{losses}");
    let confirmation = losses.confirm_by_name("Shop").unwrap();
    it.client.send_confirmed(&delete, &confirmation).await.unwrap();
    assert!(it.plane.projects().iter().chain(&it.plane.deployments()).all(|entry| !entry.exists()));
    // The confirmation does not outlive its objects.
    let again = it.client.send_confirmed(&delete, &confirmation).await.unwrap_err();
    assert!(again.is_not_found(), "{again}");
}

#[tokio::test]
async fn a_change_of_what_a_project_loses_makes_its_confirmation_stale() {
    let it = Plane::new().await;
    let prod = it.prod().await;
    let delete = DeleteProject::new(it.project);
    let losses = it.losses(&delete).await;

    it.plane.record_deploy(&prod);
    assert_eq!(it.stale(&delete, &losses).await, [format!("deployment {prod} was deployed to")]);
    let losses = it.losses(&delete).await;

    let dev = it.create(NewDeployment::new(DeploymentType::Dev)).await;
    assert_eq!(it.stale(&delete, &losses).await, [format!("deployment {dev} is new")]);
    let losses = it.losses(&delete).await;

    it.confirmed(&DeleteDeployment::new(&dev)).await;
    assert_eq!(it.stale(&delete, &losses).await, [format!("deployment {dev} is gone")]);
    let losses = it.losses(&delete).await;

    let renamed = UpdateProject::new(it.project, ProjectUpdate::new().name("Store"));
    it.client.send(&renamed).await.unwrap();
    assert_eq!(it.stale(&delete, &losses).await, ["project Shop has another name"]);
    it.confirmed(&delete).await;
}

#[tokio::test]
async fn a_deployment_of_another_type_needs_another_confirmation() {
    let it = Plane::new().await;
    let name = it.create(NewDeployment::new(DeploymentType::Dev).reference("env/x")).await;
    let delete = DeleteDeployment::new(&name);
    it.rejects(&delete).await;
    let losses = it.losses(&delete).await;
    let promote = DeploymentUpdate::new().deployment_type(DeploymentType::Prod);
    it.client.send(&UpdateDeployment::new(&name, promote)).await.unwrap();
    assert_eq!(it.stale(&delete, &losses).await, [format!("deployment {name} has another type")]);
    it.confirmed(&delete).await;
    assert!(it.plane.deployment(&name).is_none());
}

#[tokio::test]
async fn a_transfer_is_confirmed_for_one_destination() {
    let it = Plane::new().await;
    let name = it.prod().await;
    let [near, far] = ["near", "far"].map(|name| ProjectId(it.plane.add_project(name)));
    let transfer = TransferDeployment::new(&name, near);
    it.rejects(&transfer).await;
    let confirmation = it.losses(&transfer).await.confirm();
    let elsewhere = TransferDeployment::new(&name, far);
    let error = it.client.send_confirmed(&elsewhere, &confirmation).await.unwrap_err();
    assert_eq!((error.kind(), error.sent()), (ErrorKind::NotConfirmed, Sent::No));
    it.client.send_confirmed(&transfer, &confirmation).await.unwrap();
    let deployment = it.client.send(&GetDeployment::new(&name)).await.unwrap();
    assert_eq!(deployment.project_id(), Some(near));
}

#[tokio::test]
async fn a_preview_is_replaced_only_with_its_confirmation() {
    let it = Plane::new().await;
    // Neither can replace anything.
    for deployment in [NewDeployment::new(DeploymentType::Dev), NewDeployment::new(DeploymentType::Prod)] {
        it.client.send(&CreateDeployment::new(it.project, deployment)).await.unwrap();
    }
    let create = CreateDeployment::new(it.project, NewDeployment::preview("pr-12"));
    it.rejects(&create).await;
    let nothing = it.losses(&create).await;
    assert!(nothing.is_empty(), "{nothing}");
    let other = it.create(NewDeployment::preview("pr-13")).await;
    let first = it.client.send_confirmed(&create, &nothing.confirm()).await.unwrap();
    let first = first.name().unwrap();

    // Another program would now lose the preview that it did not see.
    assert_eq!(it.stale(&create, &nothing).await, [format!("deployment {first} is new")]);
    let losses = it.losses(&create).await;
    assert_eq!(lines(&losses), [format!("deployment {first} (preview, never deployed)")]);
    it.plane.record_deploy(first);
    assert_eq!(it.stale(&create, &losses).await, [format!("deployment {first} was deployed to")]);
    it.confirmed(&create).await;
    assert!(it.plane.deployment(first).is_none() && it.plane.deployment(&other).is_some());
}

#[tokio::test]
async fn a_key_that_was_created_again_is_not_deleted_with_the_confirmation_of_the_old_one() {
    let it = Plane::new().await;
    let prod = it.prod().await;
    let create = CreateDeployKey::new(&prod, "ci");
    it.client.send(&create).await.unwrap();
    let delete = DeleteDeployKey::new(&prod, TokenSelector::by_name("ci"));
    it.rejects(&delete).await;
    let old = it.losses(&delete).await;
    assert_eq!(lines(&old), ["deploy key ci (never used)"]);
    it.confirmed(&delete).await;
    let key = it.client.send(&create).await.unwrap().deploy_key;
    assert_eq!(it.stale(&delete, &old).await, ["deploy key ci is gone", "deploy key ci is new"]);

    let by_secret = DeleteDeployKey::new(&prod, TokenSelector::by_secret(key.expose()));
    it.rejects(&by_secret).await;
    assert_eq!(lines(&it.losses(&by_secret).await), ["deploy key that the request selects by its secret"]);
    it.confirmed(&by_secret).await;
    assert!(it.client.send(&ListDeployKeys::new(&prod)).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_preview_deploy_key_is_deleted_only_with_its_confirmation() {
    let it = Plane::new().await;
    it.client.send(&CreatePreviewDeployKey::new(it.project, "ci")).await.unwrap();
    let delete = DeletePreviewDeployKey::new(it.project, TokenSelector::by_name("ci"));
    it.rejects(&delete).await;
    assert_eq!(lines(&it.losses(&delete).await), ["preview deploy key ci (never used)"]);
    it.confirmed(&delete).await;
    assert!(it.client.send(&ListPreviewDeployKeys::new(it.project)).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_token_is_deleted_only_with_its_confirmation() {
    let it = Plane::new().await.person();
    it.client.send(&CreatePersonalAccessToken::new("laptop")).await.unwrap();
    let delete = DeletePersonalAccessToken::new(TokenSelector::by_name("laptop"));
    it.rejects(&delete).await;
    let losses = it.losses(&delete).await;
    assert_eq!(lines(&losses), ["personal access token laptop (never used)"]);
    it.confirmed(&delete).await;
    assert_eq!(it.stale(&delete, &losses).await, ["personal access token laptop is gone"]);

    it.client.send(&CreateTeamAccessToken::new(TeamId(1)).name("ci")).await.unwrap();
    let delete = DeleteTeamAccessToken::new(TeamId(1), TokenSelector::by_name("ci"));
    it.rejects(&delete).await;
    let losses = it.losses(&delete).await;
    assert_eq!(lines(&losses), ["team access token ci (never used)"]);
    it.confirmed(&delete).await;
    assert_eq!(it.stale(&delete, &losses).await, ["team access token ci is gone"]);
}

#[tokio::test]
async fn a_role_is_deleted_only_with_its_confirmation() {
    let it = Plane::new().await.person();
    let config = |name: &str| CustomRoleConfig::new(name, [RoleStatement::allow(RoleActions::All, "project:*")]);
    let role = it.client.send(&CreateCustomRole::new(TeamId(1), config("auditor"))).await.unwrap();
    let delete = DeleteCustomRole::new(TeamId(1), role.id);
    it.rejects(&delete).await;
    let losses = it.losses(&delete).await;
    assert_eq!(lines(&losses), ["custom role auditor"]);
    it.client.send(&UpdateCustomRole::new(TeamId(1), role.id, config("reader"))).await.unwrap();
    assert_eq!(it.stale(&delete, &losses).await, ["custom role auditor has another name"]);

    // The server has the last word.
    let member = MemberId(it.plane.add_member(1, "bob@example.com"));
    let assign = |role| UpdateTeamMemberRole::new(TeamId(1), member, role);
    it.client.send(&assign(RoleAssignment::custom([role.id]))).await.unwrap();
    let confirmation = it.losses(&delete).await.confirm();
    let error = it.client.send_confirmed(&delete, &confirmation).await.unwrap_err();
    assert_eq!(error.code(), Some(&ErrorCode::CustomRoleInUse), "{error}");
    it.client.send(&assign(RoleAssignment::BuiltIn(Role::Developer))).await.unwrap();

    it.confirmed(&delete).await;
    assert_eq!(it.stale(&delete, &losses).await, ["custom role auditor is gone"]);
}

#[tokio::test]
async fn losses_of_an_object_that_does_not_exist_are_an_error() {
    let it = Plane::new().await;
    let error = it.client.losses(&DeleteDeployment::new("happy-animal-123")).await.unwrap_err();
    assert_eq!((error.is_not_found(), error.operation()), (true, GetDeployment::META));
    let error = it.client.losses(&DeleteProject::new(ProjectId(404))).await.unwrap_err();
    assert!(error.is_not_found(), "{error}");
}
