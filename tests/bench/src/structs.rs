//! The plain structs that `floor` and `reqwest` read and write. Fields are named as in the API.
#![allow(missing_docs, reason = "the names say it")]

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A log stream to Datadog.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LogStream {
    pub log_stream_type: LogStreamType,
    pub id: String,
    pub status: Status,
    pub site_location: Site,
    pub dd_tags: Vec<String>,
    pub service: Option<String>,
    pub topics: Option<Vec<String>>,
}

/// The tag of a log stream.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum LogStreamType {
    Datadog,
    Webhook,
}

/// The status of a log stream.
#[derive(Debug, Deserialize)]
pub struct Status {
    #[serde(rename = "type")]
    pub kind: StatusType,
}

/// The tag of a status.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum StatusType {
    Active,
    Pending,
}

/// A site of Datadog.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Site {
    Us1,
    Eu,
}

/// A list of environment variables.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Variables {
    pub environment_variables: BTreeMap<String, String>,
}

/// An update of environment variables.
#[derive(Clone, Debug, Serialize)]
pub struct Update {
    pub changes: Vec<Change>,
}

/// A variable to set.
#[derive(Clone, Debug, Serialize)]
pub struct Change {
    pub name: String,
    pub value: String,
}

/// A page of a list.
#[derive(Debug, Deserialize)]
pub struct Page<T> {
    pub items: Vec<T>,
    pub pagination: Pagination,
}

/// The cursor of the next page.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Pagination {
    pub has_more: bool,
    pub next_cursor: Option<String>,
}

/// An entry of an audit log.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AuditEvent {
    pub actor: Actor,
    pub action: String,
    pub create_time: i64,
    pub metadata: Value,
    pub client_ip: Option<String>,
    pub client_user_agent: Option<String>,
}

/// The actor of an entry.
#[derive(Debug, Deserialize)]
pub struct Actor {
    pub kind: String,
    pub member_id: Option<u64>,
    pub token_id: Option<u64>,
    pub client_id: Option<String>,
}

/// A project.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Project {
    pub id: u64,
    pub name: String,
    pub slug: String,
    pub team_id: u64,
    pub team_slug: String,
    pub create_time: i64,
    pub prod_deployment_name: Option<String>,
    pub dev_deployment_name: Option<String>,
}

/// A page of a data sync.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SyncPage<T> {
    pub status: StatusOfSync,
    pub truncates: Vec<Value>,
    pub values: Vec<SyncValue<T>>,
    pub sync_id: String,
    pub pagination: Pagination,
}

/// The status of a data sync.
#[derive(Debug, Deserialize)]
pub struct StatusOfSync {
    #[serde(rename = "type")]
    pub kind: String,
}

/// A document of a page.
#[derive(Debug, Deserialize)]
pub struct SyncValue<T> {
    pub component: String,
    pub table: String,
    pub ts: i64,
    pub deleted: bool,
    pub value: T,
}

/// A document, as an application may declare it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Message {
    #[serde(rename = "_id")]
    pub id: String,
    #[serde(rename = "_creationTime")]
    pub created: f64,
    pub author: String,
    pub body: String,
    pub channel: String,
    pub edited: bool,
    pub history: Vec<f64>,
    pub likes: i64,
    pub place: Place,
    pub tags: Vec<String>,
    pub title: String,
}

/// A place.
#[derive(Debug, Deserialize)]
pub struct Place {
    pub city: String,
    pub country: Option<String>,
}
