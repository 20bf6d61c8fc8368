//! The recorded requests and the audit log.

use std::collections::BTreeMap;

use axum::extract::{Query, State};
use axum::routing::get;
use axum::{Json, Router};
use http::HeaderMap;
use serde::{Deserialize, Serialize};

use super::fake::Fake;
use crate::deployment::AuditLogItem;
use crate::state::{AuditEntry, Fault, RecordedRequest, Settings, Shared};

impl Fake {
    /// Returns the requests that the fake received, in order, including those with faults. The fake keeps the latest
    /// [`Knobs::recorded_requests`](crate::Knobs::recorded_requests).
    pub fn requests(&self) -> Vec<RecordedRequest> {
        self.state.requests().since(0).map(|(_, request)| request.clone()).collect()
    }

    /// Returns the audit log.
    pub fn audit_log(&self) -> Vec<AuditEntry> {
        self.state.deployment().audit.clone()
    }
}

pub(super) fn routes() -> Router<Fake> {
    Router::new().route("/_fake/audit_log", get(audit_log))
}

/// The route of any server.
pub(super) fn request_routes<S: Settings>() -> Router<Shared<S>> {
    Router::new().route("/_fake/requests", get(requests))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Since {
    /// The number of the first request to return.
    #[serde(default)]
    from: usize,
}

/// A recorded request as JSON.
#[derive(Serialize)]
struct RequestItem {
    /// Counts from 0.
    number: usize,
    method: String,
    uri: String,
    /// By lower-case name. Several values of one name are joined with `, `.
    headers: BTreeMap<String, String>,
    /// The body as text.
    body: String,
    fault: Option<Fault>,
    status: Option<u16>,
}

impl RequestItem {
    fn new(number: usize, request: RecordedRequest) -> Self {
        let RecordedRequest { method, uri, headers, body, fault, status } = request;
        Self {
            number,
            method: method.to_string(),
            uri,
            headers: texts(&headers),
            body: String::from_utf8_lossy(&body).into_owned(),
            fault,
            status: status.map(|status| status.as_u16()),
        }
    }
}

fn texts(headers: &HeaderMap) -> BTreeMap<String, String> {
    let joined = |name| {
        let values = headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
        values.collect::<Vec<_>>().join(", ")
    };
    headers.keys().map(|name| (name.to_string(), joined(name))).collect()
}

async fn requests<S: Settings>(
    State(server): State<Shared<S>>,
    Query(Since { from }): Query<Since>,
) -> Json<Vec<RequestItem>> {
    let requests = server.requests();
    Json(requests.since(from).map(|(number, request)| RequestItem::new(number, request.clone())).collect())
}

async fn audit_log(State(fake): State<Fake>) -> Json<Vec<AuditLogItem>> {
    Json(fake.audit_log().into_iter().map(AuditLogItem::from).collect())
}
