//! The operations on log streams.

use axum::extract::State;
use axum::{Json, Router, routing};
use http::StatusCode;
use serde::Serialize;
use serde_json::json;

use super::config::{Config, Webhook};
use super::delivery;
use super::state::{LogStreams, Status, Stream};
use super::update::Update;
use crate::api::{ApiError, Caller, Contention, JsonBody, PathArg};
use crate::state::{Deployment, Shared, encode_id, hex, random_bytes};

const VIEW: &str = "deployment:integrations:view";
const WRITE: &str = "deployment:integrations:write";

/// The number of the table of log streams, which their ids contain.
const TABLE: u32 = 535;

/// The server itself makes three attempts at these writes. Source: convex-backend `MAX_OCC_FAILURES` in
/// `crates/database/src/database.rs`, which only `crates/application/src/log_streaming.rs` uses.
const WRITES: Contention = Contention::on("log streams").attempts(3);

pub(in crate::deployment) fn routes() -> Router<Shared> {
    Router::new()
        .route("/list_log_streams", routing::get(list))
        .route("/get_log_stream/{id}", routing::get(get))
        .route("/create_log_stream", WRITES.post(create))
        .route("/update_log_stream/{id}", WRITES.post(update))
        .route("/delete_log_stream/{id}", WRITES.post(delete))
        .route("/rotate_webhook_secret/{id}", WRITES.post(rotate))
}

/// A log stream as the API returns it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LogStream {
    log_stream_type: &'static str,
    id: String,
    status: Status,
    #[serde(flatten)]
    config: Config,
}

impl LogStream {
    fn new(id: &str, stream: &Stream) -> Self {
        let Stream { config, status, .. } = stream;
        Self { log_stream_type: config.kind(), id: id.to_owned(), status: status.clone(), config: config.clone() }
    }
}

async fn list(State(state): State<Shared>, caller: Caller) -> Result<Json<Vec<LogStream>>, ApiError> {
    caller.require(VIEW)?;
    let mut deployment = state.deployment();
    let (now, removal) = (deployment.now(), deployment.knobs.log_stream_removal_delay);
    let streams = &mut deployment.topics.of::<LogStreams>().streams;
    streams.retain(|_, stream| stream.deleted_at.is_none_or(|deleted_at| now < deleted_at + removal));
    Ok(Json(streams.iter().map(|(id, stream)| LogStream::new(id, stream)).collect()))
}

async fn get(State(state): State<Shared>, caller: Caller, PathArg(id): PathArg) -> Result<Json<LogStream>, ApiError> {
    caller.require(VIEW)?;
    let mut deployment = state.deployment();
    deployment.topics.of::<LogStreams>().stream(&id).map(|stream| Json(LogStream::new(&id, stream)))
}

/// A created log stream, or a rotated secret.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Created {
    log_stream_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hmac_secret: Option<String>,
}

async fn create(
    State(state): State<Shared>,
    caller: Caller,
    JsonBody(mut config): JsonBody<Config>,
) -> Result<Json<Created>, ApiError> {
    caller.require(WRITE)?;
    let mut deployment = state.deployment();
    require_log_streaming(&deployment)?;
    let kind = config.kind();
    if deployment.topics.of::<LogStreams>().live().any(|stream| stream.config.kind() == kind) {
        return Err(ApiError::conflict("LogStreamAlreadyExists", format!("a log stream of type {kind} exists")));
    }
    validate(&mut config, &deployment)?;
    let max = deployment.knobs.max_log_streams;
    if deployment.topics.of::<LogStreams>().live().count() >= max {
        return Err(ApiError::bad_request("LogSinkQuotaExceeded", format!("at most {max} log streams are allowed")));
    }
    caller.reject_impersonation()?;
    let hmac_secret = match &mut config {
        Config::Webhook(webhook) => {
            webhook.hmac_secret = new_secret();
            Some(webhook.hmac_secret.clone())
        }
        _ => None,
    };
    let id = encode_id(TABLE, random_bytes());
    let signing_secret = hmac_secret.clone().unwrap_or_default();
    let stream = Stream { config, status: Status::Pending, signing_secret, version: 0, deleted_at: None };
    deployment.topics.of::<LogStreams>().streams.insert(id.clone(), stream);
    deployment.record(&caller.origin, "create_integration", json!({"id": id, "type": kind}));
    drop(deployment);
    delivery::start(&state, &id);
    Ok(Json(Created { log_stream_type: kind, id: Some(id), hmac_secret }))
}

async fn update(
    State(state): State<Shared>,
    caller: Caller,
    PathArg(id): PathArg,
    JsonBody(update): JsonBody<Update>,
) -> Result<StatusCode, ApiError> {
    caller.require(WRITE)?;
    let mut deployment = state.deployment();
    require_log_streaming(&deployment)?;
    let mut config = update.apply(deployment.topics.of::<LogStreams>().stream(&id)?.config.clone())?;
    validate(&mut config, &deployment)?;
    write(&mut deployment, &caller, &id, |stream| {
        if let Config::Webhook(Webhook { hmac_secret, .. }) = &config {
            stream.signing_secret.clone_from(hmac_secret);
        }
        stream.config = config;
        stream.status = Status::Pending;
        stream.version += 1;
    })?;
    drop(deployment);
    delivery::start(&state, &id);
    Ok(StatusCode::OK)
}

async fn rotate(State(state): State<Shared>, caller: Caller, PathArg(id): PathArg) -> Result<Json<Created>, ApiError> {
    caller.require(WRITE)?;
    let mut deployment = state.deployment();
    require_log_streaming(&deployment)?;
    let Config::Webhook(webhook) = &deployment.topics.of::<LogStreams>().stream(&id)?.config else {
        return Err(ApiError::bad_request("NoSecretToRotate", "only webhooks have a secret"));
    };
    let hmac_secret = new_secret();
    let webhook = Webhook { hmac_secret: hmac_secret.clone(), ..webhook.clone() };
    write(&mut deployment, &caller, &id, |stream| stream.config = Config::Webhook(webhook))?;
    Ok(Json(Created { log_stream_type: "webhook", id: None, hmac_secret: Some(hmac_secret) }))
}

async fn delete(State(state): State<Shared>, caller: Caller, PathArg(id): PathArg) -> Result<StatusCode, ApiError> {
    caller.require(WRITE)?;
    let mut deployment = state.deployment();
    require_log_streaming(&deployment)?;
    let kind = deployment.topics.of::<LogStreams>().stream(&id)?.config.kind();
    caller.reject_impersonation()?;
    let now = deployment.now();
    let log_streams: &mut LogStreams = deployment.topics.of();
    if let Some(stream) = log_streams.streams.get_mut(&id) {
        stream.status = Status::Deleting;
        stream.deleted_at = Some(now);
    }
    log_streams.changed.notify_waiters();
    deployment.record(&caller.origin, "delete_integration", json!({"id": id, "type": kind}));
    Ok(StatusCode::OK)
}

/// Changes an existing stream.
fn write(
    deployment: &mut Deployment,
    caller: &Caller,
    id: &str,
    change: impl FnOnce(&mut Stream),
) -> Result<(), ApiError> {
    caller.reject_impersonation()?;
    let Some(stream) = deployment.topics.of::<LogStreams>().streams.get_mut(id) else { return Ok(()) };
    change(stream);
    let kind = stream.config.kind();
    deployment.record(&caller.origin, "update_integration", json!({"id": id, "type": kind}));
    Ok(())
}

/// Checks that the plan includes log streams. A self-hosted deployment has no plan and includes them.
fn require_log_streaming(deployment: &Deployment) -> Result<(), ApiError> {
    if deployment.plan.as_ref().is_none_or(|plan| plan.log_streaming_enabled) {
        return Ok(());
    }
    Err(ApiError::forbidden("LogStreamingNotEnabled", "the plan does not include log streams"))
}

fn validate(config: &mut Config, deployment: &Deployment) -> Result<(), ApiError> {
    config.validate(&deployment.knobs)?;
    let allowed = deployment.plan.as_ref().is_some_and(|plan| plan.custom_audit_logs_in_log_streams_config_enabled);
    if config.has_custom_audit() && !allowed {
        let message = "the plan does not include custom audit logs in log streams";
        return Err(ApiError::forbidden("CustomAuditLogsInLogStreamsNotEnabled", message));
    }
    Ok(())
}

fn new_secret() -> String {
    hex(&random_bytes::<16>())
}
