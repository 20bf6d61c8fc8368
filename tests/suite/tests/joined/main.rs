//! The way from a token of the Management API to a client of a deployment, over the fake's control plane.

mod failures;
mod sharing;

use std::cell::Cell;
use std::time::Duration;

use convex_mgmt::deployment::{
    GetCanonicalUrls, GetDeploymentInfo, ListEnvironmentVariables, PauseDeployment, UpdateEnvironmentVariables,
};
use convex_mgmt::management::deploy_keys::{DeployKeyAction, KeyOrigin};
use convex_mgmt::management::deployments::{Deployment, DeploymentSelector, NewDeployment};
use convex_mgmt::management::projects::NewProject;
use convex_mgmt::management::{CreateDeployKey, CreateDeployment, CreateProject, GetDeployment};
use convex_mgmt::{
    AccessToken, Client, DeploymentAccess, DeploymentApi, DeploymentType, Endpoint, ErrorCode, ManagementApi,
    ManagementClient, ProjectId, Region, Secret, TeamId, Transport,
};
use convex_mgmt_fake::{Addressing, FakeControlPlane, FakeControlPlaneBuilder, Knobs, TokenClass};
use tower::{Service, service_fn};

const TEAM: &str = "canary-team";
const OAUTH: &str = "team:acme|canary-oauth";
const PERSON: &str = "canary-person";

fn plane() -> FakeControlPlaneBuilder {
    FakeControlPlane::builder("acme")
        .token(TokenClass::Team, TEAM)
        .token(TokenClass::OAuthTeam, OAUTH)
        .token(TokenClass::Person, PERSON)
}

fn at(url: &str, token: &str) -> Endpoint<ManagementApi> {
    Endpoint::new(url, &AccessToken::parse(token).unwrap()).unwrap()
}

/// A client in process: the control plane is the transport of both APIs.
fn in_process(plane: &FakeControlPlane, token: &str) -> ManagementClient<impl Transport<Future: Send> + use<>> {
    Client::builder(at("https://api.convex.dev", token)).build_on(plane.clone()).unwrap()
}

async fn new_project<S: Transport>(management: &ManagementClient<S>) -> ProjectId {
    management.send(&CreateProject::new(TeamId(1), NewProject::new("shop"))).await.unwrap().id
}

/// A new production deployment in Europe, whose host is not the one of its name alone.
async fn new_deployment<S: Transport>(management: &ManagementClient<S>) -> Deployment {
    let new = NewDeployment::new(DeploymentType::Prod).region(Region::AwsEuWest1);
    management.send(&CreateDeployment::new(new_project(management).await, new)).await.unwrap()
}

/// Sets a variable and reads it back.
async fn check_access<S: Transport>(client: &Client<DeploymentApi, S>, value: &str) {
    client.send(&UpdateEnvironmentVariables::new().set("A", value)).await.unwrap();
    let variables = client.send(&ListEnvironmentVariables::new()).await.unwrap();
    assert_eq!(variables.get("A").map(Secret::expose), Some(value));
}

/// Goes from a team token to a new deployment by each way, and uses it.
async fn check_each_way<S: Transport>(plane: &FakeControlPlane, management: &ManagementClient<S>) {
    let deployment = new_deployment(management).await;
    let (name, project) = (deployment.name().unwrap(), deployment.project_id().unwrap());
    let url = plane.deployment_url(name).unwrap();

    // A key with only the actions needed.
    let actions = [DeployKeyAction::ViewEnvironmentVariables, DeployKeyAction::WriteEnvironmentVariables];
    let create = CreateDeployKey::new(name, "set up").allowed_actions(actions);
    let keyed = management.deployment_with_new_key(&create).await.unwrap();
    assert_eq!(
        (keyed.client.endpoint().url(), keyed.origin, &keyed.deployment),
        (&*url, KeyOrigin::Minted, &deployment)
    );
    check_access(&keyed.client, "minted").await;
    let error = keyed.client.send(&PauseDeployment::new()).await.unwrap_err();
    assert_eq!(error.code(), Some(&ErrorCode::OperationNotPermitted));

    // The key by itself, and the same token, by value, by name and in the project.
    let key = keyed.key.credential().unwrap();
    let same = || DeploymentAccess::SameToken;
    let by_name = management.deployment_by_name(name, &key).await.unwrap();
    let clients = [
        management.deployment(&deployment, &key).unwrap(),
        management.deployment(&deployment, same()).unwrap(),
        by_name,
        management.deployment_by_name(name, same()).await.unwrap(),
        management.deployment_in_project(project, DeploymentSelector::DefaultProd, same()).await.unwrap(),
        management
            .deployment_in_project(project, deployment.as_cloud().unwrap().reference.as_str(), &key)
            .await
            .unwrap(),
    ];
    for (at, client) in clients.iter().enumerate() {
        assert_eq!(client.endpoint().url(), url);
        check_access(client, &at.to_string()).await;
    }
    // The token may do more than the key.
    clients[1].send(&GetDeploymentInfo::new()).await.unwrap();

    // The deletion ends the key's access, and not the token's.
    management.send(&keyed.deletion().unwrap()).await.unwrap();
    assert!(clients[0].send(&ListEnvironmentVariables::new()).await.unwrap_err().is_auth());
    check_access(&clients[1], "after the key").await;
    assert!(plane.deploy_keys().iter().all(|key| !key.exists()));
}

#[tokio::test]
async fn a_team_token_leads_to_a_new_deployment_by_each_way() {
    for addressing in [Addressing::Ports, Addressing::Hosts] {
        let plane = plane().addressing(addressing).build();
        let server = plane.serve("127.0.0.1:0").await.unwrap();
        let management = Client::new(at(&server.url(), TEAM)).unwrap();
        check_each_way(&plane, &management).await;
    }
}

#[tokio::test]
async fn a_transport_in_process_serves_both_apis() {
    for addressing in [Addressing::Ports, Addressing::Hosts] {
        let plane = plane().addressing(addressing).build();
        check_each_way(&plane, &in_process(&plane, TEAM)).await;
    }
}

#[tokio::test]
async fn the_host_of_another_region_comes_from_the_api() {
    let plane = plane().addressing(Addressing::Hosts).build();
    let server = plane.serve("127.0.0.1:0").await.unwrap();
    let management = Client::new(at(&server.url(), TEAM)).unwrap();
    let deployment = new_deployment(&management).await;
    let (name, port) = (deployment.name().unwrap(), server.address().port());
    let client = management.deployment_by_name(name, DeploymentAccess::SameToken).await.unwrap();
    assert_eq!(client.endpoint().url(), format!("http://{name}.eu-west-1.localhost:{port}"));
    let urls = client.send(&GetCanonicalUrls::new()).await.unwrap();
    assert_eq!(urls.convex_cloud_url, client.endpoint().url());
    // The host that the name suggests is nobody's.
    let guessed =
        Endpoint::new(&format!("http://{name}.localhost:{port}"), &AccessToken::parse(TEAM).unwrap()).unwrap();
    let error = client.at(guessed).send(&GetCanonicalUrls::new()).await.unwrap_err();
    assert_eq!(error.status().map(|status| status.as_u16()), Some(404));
}

/// An OAuth application gets its own token back as the key.
#[tokio::test]
async fn an_echoed_key_works_and_has_no_deletion() {
    let plane = plane().build();
    let management = in_process(&plane, OAUTH);
    let deployment = new_deployment(&management).await;
    let create = CreateDeployKey::new(deployment.name().unwrap(), "set up");
    let keyed = management.deployment_with_new_key(&create).await.unwrap();
    check_access(&keyed.client, "echoed").await;
    assert_eq!((keyed.origin, keyed.deletion()), (KeyOrigin::Echoed, None));
}

/// The document of the deployment's API does not list personal access tokens.
#[tokio::test]
async fn a_personal_token_needs_a_key() {
    let plane = plane().build();
    let management = in_process(&plane, PERSON);
    let deployment = new_deployment(&management).await;
    let same = management.deployment(&deployment, DeploymentAccess::SameToken).unwrap();
    assert!(same.send(&ListEnvironmentVariables::new()).await.unwrap_err().is_auth());
    let create = CreateDeployKey::new(deployment.name().unwrap(), "set up");
    check_access(&management.deployment_with_new_key(&create).await.unwrap().client, "minted").await;
}

#[tokio::test(start_paused = true)]
async fn a_fresh_deployment_is_usable_after_the_wait() {
    let mut knobs = Knobs::default();
    knobs.new_deployment_delay = Duration::from_secs(5);
    let plane = plane().knobs(knobs).build();
    let management = in_process(&plane, TEAM);
    let deployment = new_deployment(&management).await;
    let keyed =
        management.deployment_with_new_key(&CreateDeployKey::new(deployment.name().unwrap(), "k")).await.unwrap();
    let early = keyed.client.send(&ListEnvironmentVariables::new()).await.unwrap_err();
    assert_eq!(early.status().map(|status| status.as_u16()), Some(404));
    let starts = async {
        tokio::time::sleep(Duration::from_secs(3)).await;
        plane.advance_clock(Duration::from_secs(6));
    };
    let (ready, ()) = tokio::join!(keyed.client.wait_until_ready(Duration::from_secs(60)), starts);
    ready.unwrap();
    check_access(&keyed.client, "ready").await;
}

/// They can be spawned, even if the service of the client is not `Sync`.
#[tokio::test]
async fn the_futures_own_what_they_need() {
    let plane = plane().build();
    let (mut transport, not_sync) = (plane.clone(), Cell::new(0));
    let service = service_fn(move |request| {
        not_sync.set(not_sync.get() + 1);
        transport.call(request)
    });
    let management = Client::with_service(at("https://api.convex.dev", TEAM), service);
    let deployment = new_deployment(&management).await;
    let (by_name, with_key) = {
        let (name, management) = (deployment.name().unwrap().to_owned(), management.clone());
        let create = CreateDeployKey::new(&name, "set up");
        let by_name = management.deployment_by_name(&name, DeploymentAccess::SameToken);
        (tokio::spawn(by_name), tokio::spawn(management.deployment_with_new_key(&create)))
    };
    check_access(&by_name.await.unwrap().unwrap(), "by name").await;
    check_access(&with_key.await.unwrap().unwrap().client, "with a key").await;
}

#[tokio::test]
async fn a_boxed_client_leads_to_boxed_clients() {
    let plane = plane().build();
    let management = in_process(&plane, TEAM).boxed();
    let deployment = new_deployment(&management).await;
    let read = management.send(&GetDeployment::new(deployment.name().unwrap())).await.unwrap();
    let client: convex_mgmt::BoxClient<DeploymentApi> =
        management.deployment(&read, DeploymentAccess::SameToken).unwrap();
    check_access(&client, "boxed").await;
}
