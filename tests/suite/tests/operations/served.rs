//! [`Served`]: an API as the fake serves it over a socket, with objects for the sample requests.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use convex_mgmt::deployment::{CreateLogStream, CreateUsageLimit, ListLogStreams, ListUsageLimits, PauseDeployment};
use convex_mgmt::proto::CredentialClass;
use convex_mgmt::{DeploymentApi, DeploymentClient, ManagementApi, OperationMeta};
use convex_mgmt_fake::{ConnectionReset, Plan};
use convex_mgmt_proto::samples::Sample;
use convex_mgmt_suite::operations::TestApi;
use convex_mgmt_suite::routes::{Route, TestServer};
use convex_mgmt_suite::{ADMIN_KEY, fake};
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use tower::{Service, ServiceExt};

use crate::control_plane::{Objects, PERSON, TEAM};

/// A fake behind a socket, and a client of it.
pub(crate) struct Running {
    pub(crate) server: TestServer,
    pub(crate) client: DeploymentClient,
    responses: Arc<Mutex<Vec<(StatusCode, Bytes)>>>,
}

/// An API that the fake serves.
pub(crate) trait Served: TestApi {
    /// Returns a secret that the fake accepts for an operation.
    fn secret(meta: &OperationMeta) -> &'static str;

    /// Starts a fake for the requests of one operation.
    async fn start(route: Route, meta: &'static OperationMeta) -> Running;

    /// Creates objects with an id, and returns all ids. Each of them replaces the made-up id of the samples.
    async fn ids(running: &Running) -> Vec<String>;
}

impl Running {
    /// Starts a server that changes each request before the fake handles it.
    async fn start<S>(route: Route, fake: S, change: impl Fn(&mut Request<Bytes>) + Send + Sync + 'static) -> Self
    where
        S: Service<Request<Bytes>, Response = Response<Bytes>, Error = ConnectionReset, Future: Send>,
        S: Clone + Send + Sync + 'static,
    {
        let responses = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&responses);
        let server = TestServer::start_async(route, move |mut request: Request<Bytes>| {
            change(&mut request);
            let (fake, seen) = (fake.clone(), Arc::clone(&seen));
            async move {
                let response = fake.oneshot(request).await.expect("a fake without faults");
                seen.lock().unwrap().push((response.status(), response.body().clone()));
                response.map(Full::new)
            }
        });
        let server = server.await;
        let client = server.client().build().unwrap();
        Self { server, client, responses }
    }

    /// Returns the responses so far, and forgets them.
    pub(crate) fn take_responses(&self) -> Vec<(StatusCode, Bytes)> {
        std::mem::take(&mut *self.responses.lock().unwrap())
    }
}

/// A paused cloud deployment with all plan features.
impl Served for DeploymentApi {
    fn secret(_: &OperationMeta) -> &'static str {
        ADMIN_KEY.rsplit('|').next().unwrap_or_default()
    }

    async fn start(route: Route, _: &'static OperationMeta) -> Running {
        let mut plan = Plan::default();
        plan.deployment_type = "prod".to_owned();
        let running = Running::start(route, fake().plan(plan).build(), |_| ()).await;
        running.client.send(&PauseDeployment::new()).await.unwrap();
        running.take_responses();
        running
    }

    async fn ids(Running { client, .. }: &Running) -> Vec<String> {
        // Some samples exist already, and some exceed a limit.
        for limit in CreateUsageLimit::requests() {
            drop(client.send(&limit).await);
        }
        for stream in CreateLogStream::requests() {
            drop(client.send(&stream).await);
        }
        let limits = client.send(&ListUsageLimits::new()).await.unwrap();
        let streams = client.send(&ListLogStreams::new()).await.unwrap();
        let limits = limits.iter().map(|limit| limit.id.as_str().to_owned());
        limits.chain(streams.iter().map(|stream| stream.id.as_str().to_owned())).collect()
    }
}

/// A control plane with an object for each made-up id and name of the samples, which the server replaces.
impl Served for ManagementApi {
    fn secret(meta: &OperationMeta) -> &'static str {
        // The document has no details of a personal access token.
        if meta.credentials.contains(&CredentialClass::TeamToken) { TEAM } else { PERSON }
    }

    async fn start(route: Route, meta: &'static OperationMeta) -> Running {
        let (plane, objects) = Objects::create().await;
        Running::start(route, plane, move |request| objects.replace_made_up(meta, request)).await
    }

    async fn ids(_: &Running) -> Vec<String> {
        Vec::new()
    }
}
