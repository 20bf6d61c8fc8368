//! The workloads by name: the body of the response, and the request of each caller.

use std::hint::black_box;
use std::process::ExitCode;

use convex_mgmt::deployment::data_sync::DataSyncPage;
use convex_mgmt::deployment::{
    DataSync, GetLogStream, ListAuditLogEvents, ListEnvironmentVariables, UpdateEnvironmentVariables,
};
use convex_mgmt::management::ListProjects;
use convex_mgmt::{AccessToken, DeployKey, Endpoint, Operation, TeamId, UnixMillis};
use http::Method;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::callers::{Caller, Floor, Ours, Reqwest, Target};
use crate::structs::{AuditEvent, Change, LogStream, Message, Page, Project, SyncPage, Update, Variables};
use crate::{bodies, server};

/// The callers.
pub const CALLERS: [&str; 3] = ["floor", "reqwest", "ours"];

/// The workloads: a name, and a size that reduces the number of calls.
pub const WORKLOADS: [(&str, Size); 10] = [
    ("small", Size::Small),
    ("list-0", Size::Small),
    ("list-100", Size::Small),
    ("list-10000", Size::Large),
    ("update", Size::Small),
    ("audit", Size::Small),
    ("projects", Size::Small),
    ("page-raw", Size::Large),
    ("page-typed", Size::Large),
    ("page-large", Size::Huge),
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
        "page-raw" | "page-typed" => bodies::documents(1000),
        "page-large" => bodies::documents(10_500),
        _ => return None,
    })
}

/// Serves the body of a workload, forever. Fails if there is no such workload.
pub fn serve(workload: &str) -> ExitCode {
    let served = body(workload).map(|body| server::serve(&body));
    ExitCode::from(if matches!(served, Some(Ok(()))) { 0 } else { 2 })
}

/// A function over the callers, which have different types.
pub trait Visit {
    /// The result.
    type Output;
    /// Calls the function.
    fn visit(self, caller: impl Caller) -> Self::Output;
}

/// Creates a caller of a workload, and passes it to `visit`. Returns `None` if one of the names is unknown.
pub fn with_caller<V: Visit>(workload: &str, caller: &str, url: &str, visit: V) -> Option<V::Output> {
    let get = |path| Target { url: url.to_owned(), method: Method::GET, path, body: None::<()> };
    let deployment = || {
        let key = DeployKey::parse("happy-animal-123|01c0ffee").expect("a made-up key");
        Endpoint::new(url, &key).expect("the URL of an endpoint")
    };
    let management = || {
        let token = AccessToken::parse("team:acme|made-up").expect("a made-up token");
        Endpoint::new(url, &token).expect("the URL of an endpoint")
    };
    let id = "jw2056e41prz073c8bdh5591x98jrz2c";
    let sync = || {
        let target =
            Target { url: url.to_owned(), method: Method::POST, path: "/api/v1/data/sync", body: Some(json!({})) };
        (target, DataSync::new())
    };
    match workload {
        "small" => {
            let target = get("/api/v1/get_log_stream/jw2056e41prz073c8bdh5591x98jrz2c");
            pick::<LogStream, _, _, _>(caller, target, || Ours::new(deployment(), GetLogStream::new(id), keep), visit)
        }
        "list-0" | "list-100" | "list-10000" => {
            let target = get("/api/v1/list_environment_variables");
            let ours = || Ours::new(deployment(), ListEnvironmentVariables::new(), keep);
            pick::<Variables, _, _, _>(caller, target, ours, visit)
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
            pick::<(), _, _, _>(caller, target, || Ours::new(deployment(), operation, keep), visit)
        }
        "audit" => {
            let target = get("/api/v1/list_audit_log_events?from=1755000000000&limit=100");
            let operation = ListAuditLogEvents::new(UnixMillis(1_755_000_000_000)).limit(100);
            pick::<Page<AuditEvent>, _, _, _>(caller, target, || Ours::new(deployment(), operation, keep), visit)
        }
        "projects" => {
            let target = get("/v1/teams/7012/projects?limit=100");
            let operation = ListProjects::new(TeamId(7012)).limit(100);
            pick::<Page<Project>, _, _, _>(caller, target, || Ours::new(management(), operation, keep), visit)
        }
        "page-raw" | "page-large" => {
            let (target, operation) = sync();
            pick::<SyncPage<Value>, _, _, _>(caller, target, || Ours::new(deployment(), operation, keep), visit)
        }
        "page-typed" => {
            let (target, operation) = sync();
            pick::<SyncPage<Message>, _, _, _>(caller, target, || Ours::new(deployment(), operation, typed), visit)
        }
        _ => None,
    }
}

/// Drops an output.
fn keep<T>(output: T) {
    drop(black_box(output));
}

/// Reads each document of a page into the application's type.
fn typed(page: DataSyncPage) {
    let read = |value: &convex_mgmt::deployment::data_sync::DataSyncValue| value.document.read::<Message>();
    let messages: Vec<Message> = page.values.iter().map(|value| read(value).expect("a message")).collect();
    drop(black_box((page, messages)));
}

fn pick<T, B, O, V>(caller: &str, target: Target<B>, ours: impl FnOnce() -> Ours<O>, visit: V) -> Option<V::Output>
where
    T: DeserializeOwned + 'static,
    B: Serialize + Clone + Send + Sync + 'static,
    O: Operation + Clone + Send + Sync + 'static,
    O::Output: Send,
    V: Visit,
{
    match caller {
        "floor" => Some(visit.visit(Floor::<T>::new(&target))),
        "reqwest" => Some(visit.visit(Reqwest::<T, B>::new(target))),
        "ours" => Some(visit.visit(ours())),
        _ => None,
    }
}
