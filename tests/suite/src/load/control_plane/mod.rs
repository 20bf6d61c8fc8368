//! A load on a control plane: creates and deletes of projects, deployments, previews, keys, tokens, roles, invitations and domains.

mod effects;
mod objects;
mod work;

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Instant;

use convex_mgmt::management::CreateDeployment;
use convex_mgmt::management::deployments::NewDeployment;
use convex_mgmt::{AccessToken, Client, DeploymentType, Endpoint, ManagementClient, ProjectId};
use convex_mgmt_fake::{Addressing, FakeControlPlane, Knobs, TokenClass};
use tokio::task::JoinSet;

pub(super) use self::effects::effect;
use self::objects::{Objects, TOKEN};
use self::work::{Kind, work};
use super::config::Load;
use super::faults::{ATTEMPT_TIMEOUT, faults};
use super::report::Log;
use super::run::Run;

impl Load {
    /// Makes all calls to a control plane over HTTP/1.1, and waits for them.
    ///
    /// # Panics
    /// If the fake cannot be reached without faults.
    pub async fn run_on_control_plane(&self) -> Run {
        let mut knobs = Knobs::default();
        (knobs.max_projects, knobs.max_deployments) = (usize::MAX, usize::MAX);
        // Without a port of their own, deployments cost little.
        let plane = FakeControlPlane::builder("acme").addressing(Addressing::Hosts).knobs(knobs);
        let plane = plane.token(TokenClass::Person, TOKEN).build();
        let running = plane.serve("127.0.0.1:0").await.expect("a free port");
        let token = AccessToken::personal(TOKEN).expect("a made-up token");
        let endpoint = Endpoint::new(&running.url(), &token).expect("the URL of an endpoint");
        let builder = Client::builder(endpoint).max_concurrency(self.connections).attempt_timeout(ATTEMPT_TIMEOUT);
        let client = builder.retry(self.retry.clone()).build().expect("a client");
        let mut kinds = Vec::new();
        for number in 0..self.connections * 2 {
            kinds.push(prepare(&plane, &client, number).await);
        }
        let (before, entries, requests) =
            (Objects::of(&plane, &kinds).await, plane.audit_log().len(), plane.requests().len());
        plane.fault_rate(self.fault_rate, self.seed, faults());

        let started = Instant::now();
        let left = Arc::new(AtomicUsize::new(self.calls));
        let mut workers = JoinSet::new();
        for (number, kind) in kinds.iter().cloned().enumerate() {
            workers.spawn(work(number, kind, client.clone(), Arc::clone(&left)));
        }
        let mut log = Log::default();
        for worked in workers.join_all().await {
            log.merge(worked);
        }
        let elapsed = started.elapsed();
        plane.fault_rate(0.0, 0, []);
        let final_state = Objects::of(&plane, &kinds).await.without(&before).into();
        let audit = plane.audit_log().into_iter().skip(entries).map(|one| one.entry).collect();
        let requests = plane.requests().split_off(requests);
        Run { load: self.clone(), log, audit, requests, final_state, opened: running.connections(), elapsed }
    }
}

/// Chooses what a worker does, and creates what its objects belong to. Each worker has a project or a deployment of its own.
async fn prepare(plane: &FakeControlPlane, client: &ManagementClient, number: usize) -> Kind {
    let project = ProjectId(plane.add_project(&format!("project-of-{number}")));
    let deployment = async || {
        let create = CreateDeployment::new(project, NewDeployment::new(DeploymentType::Prod));
        let created = client.send(&create).await.expect("a fake without faults");
        created.name().expect("the name of a cloud deployment").to_owned()
    };
    match number % 9 {
        0 => Kind::Project,
        1 => Kind::Deployment(project),
        2 => Kind::Preview(project),
        3 => Kind::Key(project, deployment().await),
        4 => Kind::PreviewKey(project),
        5 => Kind::Role,
        6 => Kind::Token,
        7 => Kind::Invitation,
        _ => Kind::Domain(deployment().await),
    }
}
