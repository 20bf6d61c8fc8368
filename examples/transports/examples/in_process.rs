//! Calls an axum router and a function, without a socket: the parts of a unit test.
//!
//! `cargo run -p convex-mgmt-transports --example in_process`
#![allow(clippy::print_stdout, reason = "a program prints its results")]

#[path = "support/tour.rs"]
mod tour;

use std::error::Error;
use std::sync::{Arc, Mutex};

use axum::routing::{get, post};
use axum::{Json, Router};
use convex_mgmt::bytes::Bytes;
use convex_mgmt::deployment::ListEnvironmentVariables;
use convex_mgmt::http::{Request, Response, StatusCode};
use convex_mgmt::{Client, DeployKey, DeploymentApi, Endpoint};
use convex_mgmt_transports::in_process::{over_function, over_router};
use serde_json::{Value, json};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let key = DeployKey::parse("happy-animal-123|01c0ffee")?;
    // The URL appears in the requests only.
    let endpoint: Endpoint<DeploymentApi> = Endpoint::new("https://happy-animal-123.convex.cloud", &key)?;

    let client = Client::builder(endpoint.clone()).build_on(over_router(router()))?;
    let by_router = tour::tour(&client).await?;

    let client = Client::with_service(endpoint, over_function(respond));
    let variables = client.send(&ListEnvironmentVariables::new()).await?;
    let by_function = variables.names().collect::<Vec<_>>().join(", ");
    print!("a router\n{by_router}a function\nvariables: {by_function}\n");
    Ok(())
}

/// A server of a few operations.
fn router() -> Router {
    let variables = Arc::new(Mutex::new(serde_json::Map::from_iter([("GREETING".to_owned(), json!("hi"))])));
    let read = Arc::clone(&variables);
    let list =
        async move || Json(json!({ "environmentVariables": *read.lock().unwrap_or_else(|error| error.into_inner()) }));
    let update = async move |Json(body): Json<Value>| {
        let mut variables = variables.lock().unwrap_or_else(|error| error.into_inner());
        for change in body["changes"].as_array().into_iter().flatten() {
            let name = change["name"].as_str().unwrap_or_default();
            match &change["value"] {
                Value::Null => drop(variables.remove(name)),
                value => drop(variables.insert(name.to_owned(), value.clone())),
            }
        }
        StatusCode::OK
    };
    let disabled = (StatusCode::FORBIDDEN, Json(json!({ "code": "AuditLogsDisabled", "message": "no audit log" })));
    Router::new()
        .route("/api/v1/list_environment_variables", get(list))
        .route("/api/v1/update_environment_variables", post(update))
        .route("/api/v1/list_audit_log_events", get(disabled))
}

/// A server of one operation.
fn respond(request: Request<Bytes>) -> Result<Response<Bytes>, tower::BoxError> {
    let is_known = request.uri().path() == "/api/v1/list_environment_variables";
    let status = if is_known { StatusCode::OK } else { StatusCode::NOT_FOUND };
    let body = Bytes::from_static(br#"{"environmentVariables":{"FIXED":"value"}}"#);
    Ok(Response::builder().status(status).body(body)?)
}
