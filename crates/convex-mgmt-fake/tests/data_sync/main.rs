//! Data sync, with the responses of the real server. The numbers are the case numbers of the recordings of a real server.

mod active;
mod imports;
mod quirks;
mod requests;
mod sample;
mod walks;

use std::time::Duration;

use bytes::Bytes;
use convex_mgmt_fake::{Document, Fake, FakeBuilder, Knobs, Value};
use http::{Request, Response};
use serde_json::{Value as Json, json};
use tower::ServiceExt;

const KEY: &str = "Convex happy-animal-123|01c0ffee";
const SYNC: &str = "/api/v1/data/sync";
const ACTIVE: &str = "/api/v1/data/list_active_syncs";

fn builder() -> FakeBuilder {
    Fake::builder("happy-animal-123")
        .admin_key("happy-animal-123|01c0ffee")
        .read_only_key("happy-animal-123|01decade")
        .token("restricted", ["deployment:logs:view"])
}

/// Settings under which time has no effect unless a test advances the clock.
fn knobs() -> Knobs {
    let mut knobs = Knobs::default();
    knobs.data_sync_progress_interval = Duration::from_secs(3600);
    knobs.data_sync_max_snapshot_age = Duration::from_secs(3600);
    knobs
}

fn fake() -> Fake {
    builder().knobs(knobs()).build()
}

async fn send(fake: &Fake, headers: &[(&str, &str)], path: &str, body: Option<&str>) -> Response<Bytes> {
    let mut request = Request::builder().method(if body.is_some() { "POST" } else { "GET" }).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let body = Bytes::from(body.unwrap_or_default().to_owned());
    fake.clone().oneshot(request.body(body).unwrap()).await.unwrap()
}

async fn post(fake: &Fake, body: &Json) -> Json {
    let headers = [("authorization", KEY), ("content-type", "application/json")];
    let response = send(fake, &headers, SYNC, Some(&body.to_string())).await;
    serde_json::from_slice(response.body()).unwrap()
}

async fn active(fake: &Fake, query: &str) -> Json {
    let response = send(fake, &[("authorization", KEY)], &format!("{ACTIVE}{query}"), None).await;
    serde_json::from_slice(response.body()).unwrap()
}

/// A consumer of a sync.
struct Sync<'a> {
    fake: &'a Fake,
    cursor: Option<Json>,
    selection: Option<Json>,
    id: Option<Json>,
}

impl<'a> Sync<'a> {
    fn new(fake: &'a Fake) -> Self {
        Self { fake, cursor: None, selection: None, id: None }
    }

    /// Returns the next page in short form: status, truncates and values. A value is `table:key`, a deletion `-table`.
    async fn page(&mut self) -> (String, Vec<String>, Vec<String>) {
        let page = self.raw().await;
        let name = |of: &Json| match of["component"].as_str().unwrap() {
            "" => of["table"].as_str().unwrap().to_owned(),
            component => format!("{component}/{}", of["table"].as_str().unwrap()),
        };
        let value = |entry: &Json| match entry["deleted"].as_bool().unwrap() {
            true => {
                assert_eq!(entry["value"].as_object().unwrap().len(), 1, "only the id");
                format!("-{}", name(entry))
            }
            false => format!("{}:{}", name(entry), entry["value"]["key"]),
        };
        let list = |list: &Json, text: &dyn Fn(&Json) -> String| list.as_array().unwrap().iter().map(text).collect();
        (
            page["status"]["type"].as_str().unwrap().into(),
            list(&page["truncates"], &name),
            list(&page["values"], &value),
        )
    }

    async fn raw(&mut self) -> Json {
        let mut body = json!({ "cursor": self.cursor });
        if let Some(selection) = &self.selection {
            body["selection"] = selection.clone();
        }
        let page = post(self.fake, &body).await;
        assert_eq!(page["pagination"]["hasMore"], true, "{page}");
        assert_eq!(*self.id.get_or_insert(page["syncId"].clone()), page["syncId"]);
        let cursor = self.cursor.replace(page["pagination"]["nextCursor"].clone());
        assert_ne!(cursor, self.cursor, "each page has a new cursor");
        page
    }

    /// Checks the next page.
    async fn expect(&mut self, status: &str, truncates: &[&str], values: &[&str]) {
        let (got_status, got_truncates, got_values) = self.page().await;
        assert_eq!((got_status.as_str(), got_truncates, got_values), (status, owned(truncates), owned(values)));
    }
}

fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

/// Returns an id that sorts like the key.
fn id(key: u32) -> String {
    format!("id{key:04}")
}

fn row(key: u32) -> Document {
    Value::document(json!({"_id": id(key), "key": key}))
}

/// Creates a table and inserts rows with these keys, in one transaction.
fn fill(fake: &Fake, table: &str, keys: impl IntoIterator<Item = u32>) {
    fake.commit(|tables| {
        tables.create_table("", table);
        for key in keys {
            tables.insert("", table, row(key));
        }
    });
}
