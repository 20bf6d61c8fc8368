//! Every paged list of both APIs: walked with small pages, and resumed by another client from the text of a cursor.

use std::fmt::Debug;

use bytes::Bytes;
use convex_mgmt::deployment::{DataSync, ListActiveSyncs, UpdateEnvironmentVariables};
use convex_mgmt::management::custom_roles::{CustomRoleConfig, RoleActions, RoleResource, RoleStatement};
use convex_mgmt::management::deployments::NewDeployment;
use convex_mgmt::management::projects::NewProject;
use convex_mgmt::management::{
    CreateCustomRole, CreateDeployment, CreatePersonalAccessToken, CreateProject, CreateTeamAccessToken,
    ListCustomRoles, ListDeploymentsForTeam, ListPersonalAccessTokens, ListProjects, ListTeamAccessTokens,
};
use convex_mgmt::proto::Paged;
use convex_mgmt::{
    Client, DeploymentClient, DeploymentType, ManagementApi, ManagementClient, TeamId, UnixMillis, deployment,
    management,
};
use convex_mgmt_fake::{Addressing, ConnectionReset, FakeControlPlane, Plan, TokenClass};
use convex_mgmt_suite::fake;
use convex_mgmt_suite::operations::TestApi;
use convex_mgmt_suite::routes::{Route, TestServer};
use futures_util::{StreamExt, TryStreamExt};
use http::{Request, Response};
use http_body_util::Full;
use tower::{Service, ServiceExt};

const TEAM: TeamId = TeamId(1);
const SECRET: &str = "made-up";
/// The routes without a proxy.
const DIRECT: [Route; 2] = [Route { http2: false, proxied: false }, Route { http2: true, proxied: false }];

async fn served<S>(route: Route, fake: S) -> TestServer
where
    S: Service<Request<Bytes>, Response = Response<Bytes>, Error = ConnectionReset, Future: Send>,
    S: Clone + Send + Sync + 'static,
{
    let respond = move |request: Request<Bytes>| {
        let fake = fake.clone();
        async move { fake.oneshot(request).await.expect("a fake without faults").map(Full::new) }
    };
    TestServer::start_async(route, respond).await
}

/// Walks a list in pages of two and compares it with one large page: by page, by item, with prefetch, and from each cursor.
async fn check<O>(clients: [&Client<O::Api>; 2], list: impl Fn(u32) -> O, key: impl Fn(&O::Item) -> String + Copy)
where
    O: Paged<Item: Debug>,
{
    let [client, other] = clients;
    let expected: Vec<String> = client.send(&list(100)).await.unwrap().items.iter().map(key).collect();
    assert!(expected.len() >= 5, "{} has {expected:?}", O::META);
    let mut pages = client.pages(list(2));
    let (mut seen, mut cursors) = (Vec::new(), Vec::new());
    while let Some(page) = pages.next().await {
        seen.extend(page.unwrap().iter().map(key));
        cursors.push((seen.len(), pages.cursor().map(str::to_owned)));
    }
    assert_eq!(seen, expected, "{}", O::META);
    assert!(cursors.len() > 2, "{}", O::META);
    for walk in [client.pages(list(2)), client.pages(list(2)).prefetch()] {
        let items: Vec<String> = walk.items().map_ok(|item| key(&item)).try_collect().await.unwrap();
        assert_eq!(items, expected, "{}", O::META);
    }
    // The position after the last page is the beginning of that page.
    cursors.pop();
    for (at, cursor) in cursors {
        let stored = serde_json::to_string(&cursor).unwrap();
        let mut resumed = list(2);
        if let Some(cursor) = serde_json::from_str::<Option<String>>(&stored).unwrap() {
            resumed.set_cursor(cursor);
        }
        let items: Vec<String> = other.pages(resumed).items().map_ok(|item| key(&item)).try_collect().await.unwrap();
        assert_eq!(items, expected[at..], "{} from {at}", O::META);
    }
}

/// Creates five objects of each kind.
async fn fill(client: &ManagementClient) {
    for number in 0..5 {
        let name = format!("n{number}");
        let project = client.send(&CreateProject::new(TEAM, NewProject::new(&*name))).await.unwrap().id;
        client.send(&CreateDeployment::new(project, NewDeployment::new(DeploymentType::Prod))).await.unwrap();
        client.send(&CreatePersonalAccessToken::new(&*name)).await.unwrap();
        client.send(&CreateTeamAccessToken::new(TEAM).name(&*name)).await.unwrap();
        let all = RoleStatement::allow(RoleActions::All, RoleResource::Team);
        client.send(&CreateCustomRole::new(TEAM, CustomRoleConfig::new(&*name, [all]))).await.unwrap();
    }
}

#[tokio::test]
async fn every_list_of_the_management_api_is_walked_and_resumed_over_http1_and_http2() {
    for route in DIRECT {
        let plane = FakeControlPlane::builder("acme").addressing(Addressing::Hosts).token(TokenClass::Person, SECRET);
        let server = served(route, plane.build()).await;
        let endpoint = ManagementApi::endpoint(server.url(), SECRET);
        let [client, other] = [(); 2].map(|()| server.client().build().unwrap().at(endpoint.clone()));
        fill(&client).await;
        let clients = [&client, &other];
        check(clients, |limit| ListProjects::new(TEAM).limit(limit), |one| one.id.to_string()).await;
        check(clients, |limit| ListDeploymentsForTeam::new(TEAM).limit(limit), |one| format!("{:?}", one.name())).await;
        check(clients, |limit| ListPersonalAccessTokens::new().limit(limit), |one| String::from(&one.name)).await;
        check(clients, |limit| ListTeamAccessTokens::new(TEAM).limit(limit), |one| format!("{:?}", one.name)).await;
        check(clients, |limit| ListCustomRoles::new(TEAM).limit(limit), |one| one.id.to_string()).await;
        let (from, to) = (UnixMillis(0), UnixMillis(4_000_000_000_000));
        let events = |limit| management::ListAuditLogEvents::new(TEAM, from, to).limit(limit);
        check(clients, events, |one| format!("{:?}", (one.create_time, &one.action, &one.metadata))).await;
        server.requests();
    }
}

#[tokio::test]
async fn every_list_of_the_deployment_api_is_walked_and_resumed_over_http1_and_http2() {
    for route in DIRECT {
        let server = served(route, fake().plan(Plan::default()).build()).await;
        let [client, other]: [DeploymentClient; 2] = [(); 2].map(|()| server.client().build().unwrap());
        let update = (0..5).fold(UpdateEnvironmentVariables::new(), |update, n| update.set(format!("N{n}"), "1"));
        client.send(&update).await.unwrap();
        for _ in 0..5 {
            client.send(&DataSync::new()).await.unwrap();
        }
        let clients = [&client, &other];
        let events = |limit| deployment::ListAuditLogEvents::new(UnixMillis(0)).limit(limit);
        check(clients, events, |one| format!("{:?}", (one.create_time, &one.action, &one.metadata))).await;
        check(clients, |limit| ListActiveSyncs::new().limit(limit), |one| one.sync_id.clone()).await;
        server.requests();
    }
}
