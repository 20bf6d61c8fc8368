//! The six operations on log streams.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde::Serialize;
use serde_json::json;

use crate::auth::Caller;
use crate::error::Refusal;
use crate::extract::{JsonBody, PathArg};
use crate::ids;
use crate::log_streams::config::{Config, Webhook};
use crate::log_streams::update::Update;
use crate::log_streams::{Status, Stream, TABLE, delivery};
use crate::random::{hex, random_bytes};
use crate::state::{Deployment, Shared};

const VIEW: &str = "deployment:integrations:view";
const WRITE: &str = "deployment:integrations:write";

/// A log stream as it is read.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Shown {
    log_stream_type: &'static str,
    id: String,
    status: Status,
    #[serde(flatten)]
    config: Config,
}

impl Shown {
    fn new(id: &str, stream: &Stream) -> Self {
        let Stream { config, status, .. } = stream;
        Self { log_stream_type: config.kind(), id: id.to_owned(), status: status.clone(), config: config.clone() }
    }
}

pub(super) async fn list(State(state): State<Shared>, caller: Caller) -> Result<Json<Vec<Shown>>, Refusal> {
    caller.require(VIEW)?;
    let mut deployment = state.deployment();
    let (now, removal) = (deployment.now(), deployment.knobs.log_stream_removal);
    let streams = &mut deployment.log_streams.streams;
    streams.retain(|_, stream| stream.deleted_at.is_none_or(|deleted_at| now < deleted_at + removal));
    Ok(Json(streams.iter().map(|(id, stream)| Shown::new(id, stream)).collect()))
}

pub(super) async fn get(
    State(state): State<Shared>,
    caller: Caller,
    PathArg(id): PathArg,
) -> Result<Json<Shown>, Refusal> {
    caller.require(VIEW)?;
    let deployment = state.deployment();
    deployment.log_streams.stream(&id).map(|stream| Json(Shown::new(&id, stream)))
}

/// What was created, or the secret that was rotated.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Created {
    log_stream_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hmac_secret: Option<String>,
}

pub(super) async fn create(
    State(state): State<Shared>,
    caller: Caller,
    JsonBody(mut config): JsonBody<Config>,
) -> Result<Json<Created>, Refusal> {
    caller.require(WRITE)?;
    let mut deployment = state.deployment();
    require_log_streaming(&deployment)?;
    let kind = config.kind();
    if deployment.log_streams.live().any(|stream| stream.config.kind() == kind) {
        return Err(Refusal::conflict("LogStreamAlreadyExists", format!("there is a log stream of type {kind}")));
    }
    validate(&mut config, &deployment)?;
    let most = deployment.knobs.log_streams;
    if deployment.log_streams.live().count() >= most {
        return Err(Refusal::bad_request("LogSinkQuotaExceeded", format!("at most {most} log streams are allowed")));
    }
    caller.require_plain()?;
    let hmac_secret = match &mut config {
        Config::Webhook(webhook) => {
            webhook.hmac_secret = new_secret();
            Some(webhook.hmac_secret.clone())
        }
        _ => None,
    };
    let id = ids::encode(TABLE, random_bytes());
    let signs_with = hmac_secret.clone().unwrap_or_default();
    let stream = Stream { config, status: Status::Pending, signs_with, version: 0, deleted_at: None };
    deployment.log_streams.streams.insert(id.clone(), stream);
    deployment.record(&caller, "create_integration", json!({"id": id, "type": kind}));
    drop(deployment);
    delivery::start(&state, &id);
    Ok(Json(Created { log_stream_type: kind, id: Some(id), hmac_secret }))
}

pub(super) async fn update(
    State(state): State<Shared>,
    caller: Caller,
    PathArg(id): PathArg,
    JsonBody(update): JsonBody<Update>,
) -> Result<StatusCode, Refusal> {
    caller.require(WRITE)?;
    let mut deployment = state.deployment();
    require_log_streaming(&deployment)?;
    let mut config = update.apply(deployment.log_streams.stream(&id)?.config.clone())?;
    validate(&mut config, &deployment)?;
    write(&mut deployment, &caller, &id, |stream| {
        if let Config::Webhook(Webhook { hmac_secret, .. }) = &config {
            stream.signs_with.clone_from(hmac_secret);
        }
        stream.config = config;
        stream.status = Status::Pending;
        stream.version += 1;
    })?;
    drop(deployment);
    delivery::start(&state, &id);
    Ok(StatusCode::OK)
}

pub(super) async fn rotate(
    State(state): State<Shared>,
    caller: Caller,
    PathArg(id): PathArg,
) -> Result<Json<Created>, Refusal> {
    caller.require(WRITE)?;
    let mut deployment = state.deployment();
    require_log_streaming(&deployment)?;
    let Config::Webhook(webhook) = &deployment.log_streams.stream(&id)?.config else {
        return Err(Refusal::bad_request("NoSecretToRotate", "only webhooks have a secret"));
    };
    let hmac_secret = new_secret();
    let webhook = Webhook { hmac_secret: hmac_secret.clone(), ..webhook.clone() };
    write(&mut deployment, &caller, &id, |stream| stream.config = Config::Webhook(webhook))?;
    Ok(Json(Created { log_stream_type: "webhook", id: None, hmac_secret: Some(hmac_secret) }))
}

pub(super) async fn delete(
    State(state): State<Shared>,
    caller: Caller,
    PathArg(id): PathArg,
) -> Result<StatusCode, Refusal> {
    caller.require(WRITE)?;
    let mut deployment = state.deployment();
    require_log_streaming(&deployment)?;
    let kind = deployment.log_streams.stream(&id)?.config.kind();
    caller.require_plain()?;
    let now = deployment.now();
    if let Some(stream) = deployment.log_streams.streams.get_mut(&id) {
        stream.status = Status::Deleting;
        stream.deleted_at = Some(now);
    }
    deployment.log_streams.changed.notify_waiters();
    deployment.record(&caller, "delete_integration", json!({"id": id, "type": kind}));
    Ok(StatusCode::OK)
}

/// Changes the config of a stream that is there.
fn write(
    deployment: &mut Deployment,
    caller: &Caller,
    id: &str,
    change: impl FnOnce(&mut Stream),
) -> Result<(), Refusal> {
    caller.require_plain()?;
    let Some(stream) = deployment.log_streams.streams.get_mut(id) else { return Ok(()) };
    change(stream);
    let kind = stream.config.kind();
    deployment.record(caller, "update_integration", json!({"id": id, "type": kind}));
    Ok(())
}

/// A self-hosted deployment, which has no plan, may have log streams.
fn require_log_streaming(deployment: &Deployment) -> Result<(), Refusal> {
    if deployment.plan.as_ref().is_none_or(|plan| plan.log_streaming_enabled) {
        return Ok(());
    }
    Err(Refusal::forbidden("LogStreamingNotEnabled", "the plan has no log streams"))
}

fn validate(config: &mut Config, deployment: &Deployment) -> Result<(), Refusal> {
    config.validate(&deployment.knobs)?;
    let allowed = deployment.plan.as_ref().is_some_and(|plan| plan.custom_audit_logs_in_log_streams_config_enabled);
    if config.has_custom_audit() && !allowed {
        let message = "the plan has no custom audit logs in log streams";
        return Err(Refusal::forbidden("CustomAuditLogsInLogStreamsNotEnabled", message));
    }
    Ok(())
}

fn new_secret() -> String {
    hex(&random_bytes::<16>())
}
