//! The workloads by name: the body of the response, and the request of each caller.

use std::hint::black_box;
use std::process::ExitCode;
use std::sync::Arc;

use convex_mgmt::deployment::data_sync::{DataSyncPage, DataSyncValue};
use convex_mgmt::deployment::{
    DataSync, GetLogStream, ListAuditLogEvents, ListEnvironmentVariables, UpdateEnvironmentVariables,
};
use convex_mgmt::management::ListProjects;
use convex_mgmt::sync::{SinkState, SyncEngine, SyncOptions};
use convex_mgmt::{AccessToken, DeployKey, Endpoint, Operation, TeamId, UnixMillis};
use http::Method;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::runtime::Builder;

use crate::callers::{Caller, Floor, Ours, Reqwest, Target};
use crate::structs::{AuditEvent, Change, LogStream, Message, Page, Project, SyncPage, Update, Variables};
use crate::{bodies, server};

/// The callers.
pub const CALLERS: [&str; 3] = ["floor", "reqwest", "ours"];

/// The workloads: a name, and a size that reduces the number of calls.
pub const WORKLOADS: [(&str, Size); 14] = [
    ("small", Size::Small),
    ("list-0", Size::Small),
    ("list-100", Size::Small),
    ("list-10000", Size::Large),
    ("update", Size::Small),
    ("audit", Size::Small),
    ("projects", Size::Small),
    ("page-raw", Size::Large),
    ("page-typed", Size::Large),
    ("page-one-pass", Size::Large),
    ("page-engine", Size::Large),
    ("large-raw", Size::Huge),
    ("large-typed", Size::Huge),
    ("large-each", Size::Huge),
];

/// The size of a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// Up to 100 KB.
    Small,
    /// About 1 MB.
    Large,
    /// About 10 MB. Only the memory is measured.
    Huge,
}

/// A made-up credential.
const DEPLOY_KEY: &str = "happy-animal-123|01c0ffee";

/// The number of variables of the workload `update`.
const VARIABLES: usize = 100;

/// Returns the body of the response, or `None` if there is no such workload.
pub fn body(workload: &str) -> Option<String> {
    Some(match workload {
        "small" => bodies::LOG_STREAM.to_owned(),
        "list-0" => bodies::variables(0),
        "list-100" => bodies::variables(100),
        "list-10000" => bodies::variables(10_000),
        "update" => String::new(),
        "audit" => bodies::audit_events(100),
        "projects" => bodies::projects(100),
        "page-raw" | "page-typed" | "page-one-pass" | "page-engine" => bodies::documents(1000),
        "large-raw" | "large-typed" | "large-each" => bodies::documents(10_000),
        _ => return None,
    })
}

/// Serves the body of a workload, forever. Fails if there is no such workload.
pub fn serve(workload: &str) -> ExitCode {
    let served = body(workload).map(|body| server::serve(&body));
    ExitCode::from(if matches!(served, Some(Ok(()))) { 0 } else { 2 })
}

/// A selection of workloads and callers by name. Without names it is all of them.
#[derive(Clone, Copy, Debug)]
pub struct Selected<'a>(pub &'a [&'a str]);

impl Selected<'_> {
    /// Returns `true` for a selected workload.
    pub fn has_workload(&self, name: &str) -> bool {
        let mut names = self.0.iter().filter(|name| !CALLERS.contains(name)).peekable();
        names.peek().is_none() || names.any(|one| *one == name)
    }

    /// Returns the selected callers.
    pub fn callers(&self) -> impl Iterator<Item = &'static str> {
        let any = CALLERS.iter().any(|caller| self.0.contains(caller));
        CALLERS.into_iter().filter(move |caller| !any || self.0.contains(caller))
    }
}

/// Makes a number of calls, with each of its concurrent tasks.
pub type Calls = Box<dyn FnMut(u32)>;

/// Creates a client, and returns the function that makes calls in `concurrent` tasks. Returns `None` if one of the names is unknown.
///
/// The function hides the types of the callers, so that their code is compiled once for all benchmarks.
pub fn calls(workload: &str, caller: &str, url: &str, concurrent: u32) -> Option<Calls> {
    let get = |path| Target { url: url.to_owned(), method: Method::GET, path, body: None::<()> };
    let deployment = || {
        let key = DeployKey::parse(DEPLOY_KEY).expect("a made-up key");
        Endpoint::new(url, &key).expect("the URL of an endpoint")
    };
    let management = || {
        let token = AccessToken::parse("team:acme|made-up").expect("a made-up token");
        Endpoint::new(url, &token).expect("the URL of an endpoint")
    };
    let id = "jw2056e41prz073c8bdh5591x98jrz2c";
    let sync = Target { url: url.to_owned(), method: Method::POST, path: "/api/v1/data/sync", body: Some(json!({})) };
    match workload {
        "small" => {
            let target = get("/api/v1/get_log_stream/jw2056e41prz073c8bdh5591x98jrz2c");
            pick::<LogStream, _, _>(caller, target, || Ours::new(deployment(), GetLogStream::new(id), keep), concurrent)
        }
        "list-0" | "list-100" | "list-10000" => {
            let target = get("/api/v1/list_environment_variables");
            let ours = || Ours::new(deployment(), ListEnvironmentVariables::new(), keep);
            pick::<Variables, _, _>(caller, target, ours, concurrent)
        }
        "update" => {
            let variables = || (0..VARIABLES).map(bodies::variable);
            let changes = variables().map(|(name, value)| Change { name, value }).collect();
            let target = Target {
                url: url.to_owned(),
                method: Method::POST,
                path: "/api/v1/update_environment_variables",
                body: Some(Update { changes }),
            };
            let operation: UpdateEnvironmentVariables = variables().collect();
            pick::<(), _, _>(caller, target, || Ours::new(deployment(), operation, keep), concurrent)
        }
        "audit" => {
            let target = get("/api/v1/list_audit_log_events?from=1755000000000&limit=100");
            let operation = ListAuditLogEvents::new(UnixMillis(1_755_000_000_000)).limit(100);
            pick::<Page<AuditEvent>, _, _>(caller, target, || Ours::new(deployment(), operation, keep), concurrent)
        }
        "projects" => {
            let target = get("/v1/teams/7012/projects?limit=100");
            let operation = ListProjects::new(TeamId(7012)).limit(100);
            pick::<Page<Project>, _, _>(caller, target, || Ours::new(management(), operation, keep), concurrent)
        }
        "page-raw" | "page-engine" | "large-raw" => {
            let read = if workload == "page-engine" { through_engine } else { keep };
            pick::<SyncPage<Value>, _, _>(caller, sync, || Ours::new(deployment(), DataSync::new(), read), concurrent)
        }
        "page-typed" | "large-typed" | "large-each" => {
            let read = if workload == "large-each" { each } else { typed };
            pick::<SyncPage<Message>, _, _>(caller, sync, || Ours::new(deployment(), DataSync::new(), read), concurrent)
        }
        "page-one-pass" => {
            let ours = || Ours::new(deployment(), DataSync::new().typed::<Message>(), keep);
            pick::<SyncPage<Message>, _, _>(caller, sync, ours, concurrent)
        }
        _ => None,
    }
}

/// Drops an output.
fn keep<T>(output: T) {
    drop(black_box(output));
}

fn message(value: &DataSyncValue) -> Message {
    value.document.read().expect("a message")
}

/// Reads all documents of a page into the application's type, and keeps them.
fn typed(page: DataSyncPage) {
    let messages: Vec<Message> = page.values.iter().map(message).collect();
    drop(black_box((page, messages)));
}

/// Reads one document after the other into the application's type, and keeps none.
fn each(page: DataSyncPage) {
    page.values.iter().map(message).for_each(|message| drop(black_box(message)));
}

/// Passes a page through the engine of a sync into a sink that does nothing.
fn through_engine(page: DataSyncPage) {
    let key = DeployKey::parse(DEPLOY_KEY).expect("a made-up key");
    let endpoint = Endpoint::new("https://happy-animal-123.convex.cloud", &key).expect("the URL of an endpoint");
    let mut engine = SyncEngine::new(SinkState::new(), SyncOptions::new(&endpoint)).expect("an engine");
    let batch = engine.accept(page, UnixMillis(1_755_000_000_000)).expect("a batch");
    batch.follows(batch.previous()).expect("a batch that follows");
    batch.changes().for_each(|change| _ = black_box(change));
    engine.confirm(batch, 0.5).expect("an engine that waits for the batch");
}

fn pick<T, B, O>(caller: &str, target: Target<B>, ours: impl FnOnce() -> Ours<O>, concurrent: u32) -> Option<Calls>
where
    T: DeserializeOwned + 'static,
    B: Serialize + Send + Sync + 'static,
    O: Operation + Send + Sync + 'static,
    O::Output: Send,
{
    match caller {
        "floor" => Some(repeated(Floor::<T>::new(&target), concurrent)),
        "reqwest" => Some(repeated(Reqwest::<T, B>::new(target), concurrent)),
        "ours" => Some(repeated(ours(), concurrent)),
        _ => None,
    }
}

/// The runtime has one thread, so that a count covers the connections' tasks too.
fn repeated(caller: impl Caller, concurrent: u32) -> Calls {
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
    let caller = Arc::new(caller);
    Box::new(move |calls| {
        let repeat = |caller: Arc<_>| async move {
            for _ in 0..calls {
                Caller::call(&*caller).await;
            }
        };
        runtime.block_on(async {
            let tasks: Vec<_> = (0..concurrent).map(|_| tokio::spawn(repeat(caller.clone()))).collect();
            for task in tasks {
                task.await.expect("a task without a panic");
            }
        });
    })
}
