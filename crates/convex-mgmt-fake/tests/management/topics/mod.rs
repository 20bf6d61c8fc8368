//! Teams, members, tokens, roles, domains, default variables and the audit log.

mod access_tokens;
mod audit_log;
mod control;
mod custom_domains;
mod custom_roles;
mod default_environment_variables;
mod invitations;
mod members;
mod teams;

use super::*;

/// Sends a request and returns the body of its response with the status 201.
async fn created(plane: &FakeControlPlane, token: &str, request: &str, body: Value) -> Value {
    let (status, response) = call(plane, token, request, body).await;
    assert_eq!(status, 201, "{request}: {response}");
    response
}

/// Sends a request and checks that its response has the status 200 and no body.
async fn done(plane: &FakeControlPlane, token: &str, request: &str, body: Value) {
    assert_eq!(call(plane, token, request, body).await, (200, Value::Null), "{request}");
}

/// Creates a custom role without statements and returns its id.
async fn role(plane: &FakeControlPlane, name: &str) -> u64 {
    let body = json!({"name": name, "statements": []});
    created(plane, TEAM, "POST /teams/1/create_custom_role", body).await["id"].as_u64().unwrap()
}
