//! Workers that share deployments, in this process.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use convex_mgmt::deployment::data_sync::{TablePath, Value};
use convex_mgmt::management::CreateDeployment;
use convex_mgmt::management::deployments::NewDeployment;
use convex_mgmt::sync::{MemorySink, SyncDriver};
use convex_mgmt::{AccessToken, Client, DeployKey, DeploymentClient, DeploymentType, Endpoint, ProjectId, TeamId};
use convex_mgmt_fake::{Fake, FakeControlPlane, FakeServer, Fault, TokenClass};
use convex_mgmt_mirror::worker::{Deployment, DeploymentList, Worker, WorkerEvent, WorkerOptions};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::support::{Database, Schema};

type Documents = BTreeMap<TablePath, BTreeMap<String, BTreeMap<String, Value>>>;

pub(crate) const KEY: &str = "happy-animal-123|01ab";

/// A deployment with made-up data.
pub(crate) struct Source {
    pub(crate) fake: Fake,
    pub(crate) client: DeploymentClient,
    _server: FakeServer,
}

impl Source {
    pub(crate) async fn new(seed: u64) -> Self {
        let fake = Fake::builder("happy-animal-123").admin_key(KEY).build();
        fake.seed(60, seed);
        let server = fake.serve("127.0.0.1:0").await.unwrap();
        let endpoint = Endpoint::new(&server.url(), &DeployKey::parse(KEY).unwrap()).unwrap();
        Self { fake, client: Client::new(endpoint).unwrap(), _server: server }
    }

    pub(crate) async fn many(count: u64) -> Vec<Self> {
        let mut sources = Vec::new();
        for seed in 0..count {
            sources.push(Self::new(seed).await);
        }
        sources
    }

    pub(crate) fn deployment(&self) -> Deployment {
        Deployment::new(self.client.clone())
    }

    /// Waits until the mirror has exactly the documents of the deployment.
    pub(crate) async fn wait_for_mirror(&self, database: &Database) {
        let mut memory = SyncDriver::new(self.client.clone(), MemorySink::new());
        memory.run_until_up_to_date().await.unwrap();
        let fields = |rows: &BTreeMap<String, convex_mgmt::sync::Row>| {
            rows.iter().map(|(id, row)| (id.clone(), row.document.fields().unwrap())).collect()
        };
        let expected: Documents = memory.sink().tables().map(|(path, rows)| (path.clone(), fields(rows))).collect();
        let schema = Schema::of(database, &self.deployment().schema).await;
        for _ in 0..1500 {
            if schema.exists().await {
                let contents = schema
                    .contents()
                    .await
                    .into_iter()
                    .map(|(path, rows)| (path, rows.into_iter().map(|(id, (_, fields))| (id, fields)).collect()));
                if contents.collect::<Documents>() == expected {
                    return;
                }
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("the mirror does not get the documents of {}", schema.name);
    }
}

impl Source {
    /// Waits until a turn ends that begins after this call.
    pub(crate) async fn wait_for_turn(&self, database: &Database) {
        let schema = self.deployment().schema;
        let now: std::time::SystemTime = database.client.query_one("SELECT now()", &[]).await.unwrap().get(0);
        let ended = "SELECT FROM _convex_mirror.deployments WHERE schema = $1 AND began_at > $2 AND ended_at > began_at \
            AND up_to_date";
        for _ in 0..1500 {
            if !database.client.query(ended, &[&schema, &now]).await.unwrap().is_empty() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("no turn of {schema} ends");
    }
}

/// A worker in a task, and what it reported.
struct Running {
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
    events: Arc<Mutex<Vec<String>>>,
}

impl Running {
    fn start(database: &Database, at_once: usize, sources: &[Source]) -> Self {
        Self::start_with(database, at_once, sources, Duration::from_secs(60))
    }

    fn start_with(database: &Database, at_once: usize, sources: &[Source], turn: Duration) -> Self {
        let mut options = WorkerOptions::new(&database.url);
        (options.at_once, options.poll, options.turn) = (at_once, Duration::from_millis(100), turn);
        options.look = Duration::from_millis(50);
        let list = DeploymentList::fixed(sources.iter().map(Source::deployment).collect());
        let events = Arc::new(Mutex::new(Vec::new()));
        let record = Arc::clone(&events);
        let worker = Worker::new(options, list, move |event| {
            record.lock().unwrap().push(match event {
                WorkerEvent::Listed { deployments } => format!("listed {deployments}"),
                WorkerEvent::Synced { deployment, progress } => {
                    format!("synced {deployment}, pages {}", progress.pages)
                }
                WorkerEvent::Failed { deployment, error } => format!("failed {deployment}: {error}"),
                other => format!("{other:?}"),
            });
        });
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(async move { worker.run(async { drop(stopped.await) }).await.unwrap() });
        Self { stop, task, events }
    }

    fn events(&self, kind: &str) -> Vec<String> {
        self.events.lock().unwrap().iter().filter(|event| event.starts_with(kind)).cloned().collect()
    }

    /// Waits for an event that begins with `kind`.
    async fn event(&self, kind: &str) -> String {
        for _ in 0..1500 {
            if let Some(event) = self.events(kind).pop() {
                return event;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("no event {kind}");
    }

    async fn stop(self) {
        self.stop.send(()).unwrap();
        self.task.await.unwrap();
    }
}

#[tokio::test]
async fn two_workers_share_deployments_and_never_meet_in_one() {
    let Some(database) = Database::new().await else { return };
    let sources = Source::many(6).await;
    let workers = [Running::start(&database, 2, &sources), Running::start(&database, 2, &sources)];
    for source in &sources {
        source.wait_for_mirror(&database).await;
    }
    for source in &sources {
        source.fake.commit(|tables| tables.clear_table("", "users"));
    }
    for source in &sources {
        source.wait_for_mirror(&database).await;
    }
    for worker in &workers {
        assert!(!worker.events("synced").is_empty(), "one worker had all turns");
        assert_eq!(worker.events("failed"), [""; 0]);
        assert_eq!(worker.events("listed"), ["listed 6"]);
    }
    for worker in workers {
        worker.stop().await;
    }
    // Everything is unlocked, so a worker that starts now has work at once.
    assert_eq!(database.locks().await, 0);
    database.end().await;
}

#[tokio::test]
async fn one_worker_with_one_turn_at_once_mirrors_all_deployments_in_turns() {
    let Some(database) = Database::new().await else { return };
    let sources = Source::many(4).await;
    let worker = Running::start(&database, 1, &sources);
    for _ in 0..2 {
        for source in &sources {
            source.fake.commit(|tables| tables.create_table("", "later"));
            source.wait_for_mirror(&database).await;
        }
    }
    worker.stop().await;
    database.end().await;
}

#[tokio::test]
async fn a_deployment_that_fails_does_not_delay_the_others_and_has_another_turn_later() {
    let Some(database) = Database::new().await else { return };
    let sources = Source::many(2).await;
    sources[0].fake.fault_at("/data/sync", Fault::code(403, "StreamingExportNotEnabled"));
    let worker = Running::start(&database, 1, &sources);
    sources[1].wait_for_mirror(&database).await;
    let failed = worker.event("failed").await;
    assert!(failed.contains("StreamingExportNotEnabled"), "{failed}");
    let error = "SELECT error || ' ' || failures FROM _convex_mirror.deployments WHERE NOT up_to_date";
    let error: String = database.client.query_one(error, &[]).await.unwrap().get(0);
    assert!(error.contains("StreamingExportNotEnabled") && error.ends_with(" 1"), "{error}");
    // The pause grows; a person can end it.
    database.client.batch_execute("UPDATE _convex_mirror.deployments SET next_at = now()").await.unwrap();
    sources[0].wait_for_mirror(&database).await;
    worker.stop().await;
    database.end().await;
}

#[tokio::test]
async fn a_deployment_that_another_process_mirrors_for_long_does_not_delay_the_others() {
    let Some(database) = Database::new().await else { return };
    let sources = Source::many(2).await;
    let first = Running::start(&database, 1, &sources);
    for source in &sources {
        source.wait_for_mirror(&database).await;
    }
    first.stop().await;
    let schema = Schema::of(&database, &sources[0].deployment().schema).await;
    let lock = schema.open().await.unwrap();
    // It has waited longest.
    let first = "UPDATE _convex_mirror.deployments SET next_at = '2000-01-01' WHERE schema = $1";
    database.client.execute(first, &[&schema.name]).await.unwrap();
    sources[1].fake.commit(|tables| tables.create_table("", "later"));
    let worker = Running::start(&database, 1, &sources);
    sources[1].wait_for_mirror(&database).await;
    sources[0].fake.commit(|tables| tables.create_table("", "later"));
    lock.close().await.unwrap();
    sources[0].wait_for_mirror(&database).await;
    worker.stop().await;
    database.end().await;
}

#[tokio::test]
async fn a_worker_continues_after_the_database_closed_all_its_connections() {
    let Some(database) = Database::new().await else { return };
    let sources = Source::many(3).await;
    let worker = Running::start(&database, 2, &sources);
    for source in &sources {
        source.wait_for_mirror(&database).await;
    }
    for _ in 0..3 {
        database.close_other_connections().await;
        for source in &sources {
            source.fake.commit(|tables| {
                tables.insert("", "users", [("name".to_owned(), serde_json::json!("new").into())].into())
            });
            source.wait_for_mirror(&database).await;
        }
    }
    worker.stop().await;
    database.end().await;
}

#[tokio::test]
async fn a_page_that_takes_longer_than_a_turn_is_still_stored() {
    let Some(database) = Database::new().await else { return };
    let sources = Source::many(1).await;
    for _ in 0..40 {
        sources[0].fake.fault_at("/data/sync", Fault::delay(Duration::from_millis(300)));
    }
    let worker = Running::start_with(&database, 1, &sources, Duration::from_millis(100));
    let synced = worker.event("synced").await;
    assert!(synced.ends_with(", pages 1"), "{synced}");
    worker.stop().await;
    database.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_team_is_the_list_of_its_cloud_deployments() {
    const TOKEN: &str = "eyJ2MiI6IngifQ==";
    let plane = FakeControlPlane::builder("acme").token(TokenClass::Team, TOKEN).build();
    let running = plane.serve("127.0.0.1:0").await.unwrap();
    let endpoint = Endpoint::new(&running.url(), &AccessToken::parse(TOKEN).unwrap()).unwrap();
    let management = Client::new(endpoint).unwrap();
    let project = ProjectId(plane.add_project("shop"));
    plane.add_local_deployment(project.0, 1, "local-acme-shop", 3210, true);
    let mut list = DeploymentList::team(management.clone(), TeamId(1));
    assert_eq!(list.read().await.unwrap().len(), 0);
    for reference in ["one", "two"] {
        let new = NewDeployment::new(DeploymentType::Dev).reference(reference).is_default(false);
        management.send(&CreateDeployment::new(project, new)).await.unwrap();
    }
    let listed = list.read().await.unwrap();
    assert_eq!(listed.len(), 2);
    // The token of the team reads the data, without a key for each deployment.
    for deployment in listed {
        let progress = SyncDriver::new(deployment.client, MemorySink::new()).run_until_up_to_date().await.unwrap();
        assert!(progress.is_up_to_date());
    }
    plane.revoke_token(TOKEN);
    let error = list.read().await.unwrap_err().to_string();
    assert!(error.starts_with("cannot list the deployments of the team: ") && !error.contains(TOKEN), "{error}");
}

#[tokio::test]
async fn errors_of_a_list_name_the_line_and_no_credential() {
    let path = std::env::temp_dir().join(format!("convex-mgmt-mirror-list-{}", std::process::id()));
    let mut list = DeploymentList::file(&path);
    let missing = list.read().await.unwrap_err().to_string();
    assert!(missing.contains("convex-mgmt-mirror-list"), "{missing}");
    let good = "# Shop\n\nhttps://happy-animal-123.convex.cloud prod:happy-animal-123|secret\n\
        http://127.0.0.1:3210\tcalm-otter-7|01ab\n";
    std::fs::write(&path, good).unwrap();
    let schemas: Vec<_> = list.read().await.unwrap().into_iter().map(|one| one.schema).collect();
    assert_eq!(schemas[0], "happy-animal-123");
    assert_eq!(schemas.len(), 2);
    for (line, problem) in [
        ("https://a.convex.cloud", "line 5"),
        ("https://a.convex.cloud prod:a|secret more", "line 5"),
        ("http://a.convex.cloud prod:a|secret", "line 5"),
        ("https://happy-animal-123.convex.cloud prod:happy-animal-123|secret", "same schema"),
    ] {
        std::fs::write(&path, format!("{good}{line}\n")).unwrap();
        let error = list.read().await.unwrap_err().to_string();
        assert!(error.contains(problem) && !error.contains("secret"), "{error}");
    }
    std::fs::remove_file(&path).unwrap();
}
