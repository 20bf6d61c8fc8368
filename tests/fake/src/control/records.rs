//! What a deployment keeps of the past: the requests and the audit log.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Query, State};
use http::HeaderMap;
use serde::{Deserialize, Serialize};

use crate::audit_log::Item;
use crate::fake::{Fake, Recorded};
use crate::faults::Fault;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Since {
    /// The number of the first request to return.
    #[serde(default)]
    from: usize,
}

/// A recorded request as JSON.
#[derive(Serialize)]
pub(super) struct AsJson {
    /// Counts from 0.
    number: usize,
    method: String,
    uri: String,
    /// By lower-case name. Values of one name are joined with `, `.
    headers: BTreeMap<String, String>,
    /// The text of the body.
    body: String,
    fault: Option<Fault>,
    status: Option<u16>,
}

impl AsJson {
    fn new(number: usize, recorded: Recorded) -> Self {
        let Recorded { method, uri, headers, body, fault, status } = recorded;
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

pub(super) async fn requests(State(fake): State<Fake>, Query(Since { from }): Query<Since>) -> Json<Vec<AsJson>> {
    let requests = (0..).zip(fake.requests()).skip(from);
    Json(requests.map(|(number, recorded)| AsJson::new(number, recorded)).collect())
}

pub(super) async fn audit_log(State(fake): State<Fake>) -> Json<Vec<Item>> {
    Json(fake.audit_log().into_iter().map(Item::from).collect())
}
