//! The control routes of the control plane, which do over HTTP what the methods of [`FakeControlPlane`] do. Those of a
//! deployment are below its own URL.

use std::time::Duration;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post};
use http::Request;
use serde::Deserialize;
use serde_json::{Value, json};

use super::builder::TokenClass;
use super::events;
use super::handle::FakeControlPlane;
use super::oauth;
use crate::control::{Clocked, Commands, Rejection, clock_routes, rejection, respond_with};
use crate::state::Knobs;

/// Responds to a request to a control route.
pub(super) async fn respond(plane: &FakeControlPlane, request: Request<Body>) -> Response {
    let routes = clock_routes()
        .route("/_fake/ledger", get(ledger))
        .route("/_fake/projects", post(add_projects))
        .route("/_fake/deploys", post(record_deploys))
        .route("/_fake/domains", post(events::verify_domains))
        .route("/_fake/invitations", post(events::accept_invitations))
        .route("/_fake/tokens", post(change_tokens))
        .route("/_fake/oauth_apps", post(oauth::register_apps))
        .route("/_fake/knobs", post(change_knobs))
        .with_state(plane.clone());
    let known =
        "faults, requests, clock, ledger, projects, deploys, domains, invitations, tokens, oauth_apps and knobs";
    respond_with(&plane.state, routes, known, request).await
}

impl Clocked for FakeControlPlane {
    fn time(&self) -> Duration {
        self.state.state().now()
    }

    fn advance(&self, time: Duration) {
        self.advance_clock(time);
    }
}

/// Every project, deployment and minted key that was created.
async fn ledger(State(plane): State<FakeControlPlane>) -> Json<Value> {
    Json(json!({
        "projects": plane.projects(), "deployments": plane.deployments(), "deployKeys": plane.deploy_keys(),
    }))
}

/// Adds a project.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AddProject {
    name: String,
}

async fn add_projects(State(plane): State<FakeControlPlane>, commands: Commands<AddProject>) -> Json<Value> {
    commands.apply(|AddProject { name }| json!({"id": plane.add_project(&name)}))
}

/// Records a deploy of code to a deployment.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Deploy {
    deployment: String,
}

async fn record_deploys(State(plane): State<FakeControlPlane>, commands: Commands<Deploy>) -> Json<Value> {
    commands.apply(|Deploy { deployment }| json!({"found": plane.record_deploy(&deployment)}))
}

/// Adds or revokes a token.
#[derive(Deserialize)]
#[serde(tag = "change", rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
enum TokenChange {
    Add {
        /// `person`, `team`, `oauth-team` or `oauth-project`.
        class: String,
        token: String,
        /// The project of an `oauth-project` token.
        project_id: Option<u64>,
    },
    Revoke {
        token: String,
    },
}

async fn change_tokens(
    State(plane): State<FakeControlPlane>,
    commands: Commands<TokenChange>,
) -> Result<Json<Value>, Rejection> {
    for command in commands.iter() {
        if let TokenChange::Add { class, project_id, .. } = command {
            TokenClass::parse(class, *project_id).map_err(|error| rejection(error.to_string()))?;
        }
    }
    Ok(commands.apply(|change| match change {
        TokenChange::Add { class, token, project_id } => {
            if let Ok(class) = TokenClass::parse(&class, project_id) {
                plane.add_token(class, token);
            }
            json!({})
        }
        TokenChange::Revoke { token } => json!({"found": plane.revoke_token(&token)}),
    }))
}

/// Changes a setting.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KnobChange {
    name: String,
    value: String,
}

async fn change_knobs(
    State(plane): State<FakeControlPlane>,
    commands: Commands<KnobChange>,
) -> Result<Json<Value>, Rejection> {
    let mut checked = Knobs::default();
    for KnobChange { name, value } in commands.iter() {
        checked.set(name, value).map_err(|error| rejection(error.to_string()))?;
    }
    Ok(commands.apply(|KnobChange { name, value }| {
        plane.change_knobs(|knobs| drop(knobs.set(&name, &value)));
        json!({})
    }))
}
