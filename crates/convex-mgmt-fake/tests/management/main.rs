//! Raw requests to the Management API of the fake, in process.

mod callers;
mod delays;
mod deploy_keys;
mod deployments;
mod document;
mod listings;
mod live;
mod oauth;
mod projects;
#[cfg(feature = "server")]
mod sockets;
mod topics;
mod updates;

use std::time::Duration;

use bytes::Bytes;
use convex_mgmt_fake::{FakeControlPlane, FakeControlPlaneBuilder, Knobs, TokenClass};
use http::Request;
use serde_json::{Value, json};
use tower::ServiceExt;

const PERSON: &str = "person";
const TEAM: &str = "team";
const OAUTH: &str = "oauth";
const MINUTE: Duration = Duration::from_secs(60);

fn builder() -> FakeControlPlaneBuilder {
    FakeControlPlane::builder("acme")
        .token(TokenClass::Person, PERSON)
        .token(TokenClass::Team, TEAM)
        .token(TokenClass::OAuthTeam, "team:acme|oauth")
}

/// A control plane, and the id of a project in it.
async fn with_project() -> (FakeControlPlane, u64) {
    let plane = plane();
    let id = project(&plane, "shop").await;
    (plane, id)
}

fn plane() -> FakeControlPlane {
    builder().build()
}

fn plane_with(change: impl FnOnce(&mut Knobs)) -> FakeControlPlane {
    let mut knobs = Knobs::default();
    change(&mut knobs);
    builder().knobs(knobs).build()
}

/// Sends a request with an `Authorization` header, if there is one. Returns the status, and the body as JSON or `null`.
async fn send(plane: &FakeControlPlane, authorization: &str, method: &str, url: &str, body: Value) -> (u16, Value) {
    let mut request = Request::builder().method(method).uri(url);
    if !authorization.is_empty() {
        request = request.header("authorization", authorization);
    }
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let request = request.header("content-type", "application/json").body(Bytes::from(body)).unwrap();
    let response = plane.clone().oneshot(request).await.unwrap();
    let json = match response.body().is_empty() {
        true => Value::Null,
        false => serde_json::from_slice(response.body()).unwrap(),
    };
    let status = response.status().as_u16();
    let uri = url.parse::<http::Uri>().unwrap();
    if let Some(path) = uri.path().strip_prefix("/v1") {
        document::check(method, path, status, &json);
    }
    (status, json)
}

/// Sends a request such as `POST /projects/1/delete` to the Management API.
async fn call(plane: &FakeControlPlane, token: &str, request: &str, body: Value) -> (u16, Value) {
    let (method, path) = request.split_once(' ').unwrap();
    let url = format!("https://api.convex.dev/v1{path}");
    send(plane, &format!("Bearer {token}"), method, &url, body).await
}

/// Sends a request and returns the body of its response with the status 200.
async fn ok(plane: &FakeControlPlane, token: &str, request: &str, body: Value) -> Value {
    let (status, response) = call(plane, token, request, body).await;
    assert_eq!(status, 200, "{request}: {response}");
    response
}

/// Sends a request and returns the status and the error code of its response.
async fn error(plane: &FakeControlPlane, token: &str, request: &str, body: Value) -> (u16, String) {
    let (status, response) = call(plane, token, request, body).await;
    (status, response["code"].as_str().unwrap_or_default().to_owned())
}

fn failure(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

/// Creates a project and returns its id.
async fn project(plane: &FakeControlPlane, name: &str) -> u64 {
    ok(plane, TEAM, "POST /teams/1/create_project", json!({"projectName": name})).await["id"].as_u64().unwrap()
}

/// Reads a field of an object as text.
fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_else(|| panic!("{field} of {value}"))
}

/// The values of a field of each object of a list.
fn column(list: &Value, field: &str) -> Vec<Value> {
    list.as_array().unwrap_or_else(|| panic!("no list: {list}")).iter().map(|item| item[field].clone()).collect()
}

/// The time of the control plane's clock after a duration, in milliseconds since the Unix epoch.
fn after(plane: &FakeControlPlane, time: Duration) -> u64 {
    let time = plane.now().duration_since(std::time::UNIX_EPOCH).unwrap() + time;
    u64::try_from(time.as_millis()).unwrap()
}

/// Creates a deployment and returns it.
async fn deployment(plane: &FakeControlPlane, project: u64, body: Value) -> Value {
    ok(plane, TEAM, &format!("POST /projects/{project}/create_deployment"), body).await
}

/// Lists the variables of a deployment with a key, and returns the status.
async fn use_key(plane: &FakeControlPlane, deployment: &Value, key: &str) -> u16 {
    let url = format!("{}/api/v1/list_environment_variables", deployment["deploymentUrl"].as_str().unwrap());
    send(plane, &format!("Convex {key}"), "GET", &url, Value::Null).await.0
}

/// Sends a request with the status 200 and an empty body.
async fn ok_empty(plane: &FakeControlPlane, request: &str) {
    assert_eq!(call(plane, TEAM, request, Value::Null).await, (200, Value::Null), "{request}");
}
