//! Deployment classes and regions.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use serde_json::{Value, json};

use crate::api::{ApiError, PathArg};
use crate::management::api::{Caller, OP, OT, P, T};
use crate::management::state::Plane;

/// The classes, with the plan's permission to use them. Inferred: which ones a plan has.
const CLASSES: [(&str, bool); 4] = [("s16", true), ("s256", true), ("d1024", true), ("d2048", false)];

/// Fails unless the plan includes a class. Inferred: the codes.
pub(super) fn check_class(class: &str) -> Result<(), ApiError> {
    match CLASSES.iter().find(|(name, _)| *name == class) {
        Some((_, true)) => Ok(()),
        Some(_) => Err(ApiError::forbidden("DeploymentClassNotAvailable", "the plan does not include this class")),
        None => Err(ApiError::bad_request("InvalidDeploymentClass", "there is no such class")),
    }
}

#[derive(Serialize)]
struct Class {
    #[serde(rename = "type")]
    kind: &'static str,
    available: bool,
}

pub(super) async fn classes(
    State(plane): State<Plane>,
    Caller(caller): Caller<{ P | OT | T }>,
    PathArg(team): PathArg<u64>,
) -> Result<Json<Value>, ApiError> {
    caller.team(&plane.state(), team)?;
    let items: Vec<Class> = CLASSES.iter().map(|&(kind, available)| Class { kind, available }).collect();
    Ok(Json(json!({"items": items})))
}

/// The document lists no class of tokens for this operation. Inferred: it accepts every class that has access to the team.
pub(super) async fn regions(
    State(plane): State<Plane>,
    Caller(caller): Caller<{ P | OT | T | OP }>,
    PathArg(team): PathArg<u64>,
) -> Result<Json<Value>, ApiError> {
    caller.team(&plane.state(), team)?;
    Ok(Json(json!({"items": [
        {"name": "aws-us-east-1", "displayName": "US East", "available": true},
        {"name": "aws-eu-west-1", "displayName": "EU West", "available": true},
    ]})))
}
