//! The deployment of these tests, and what a copy of it must contain.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use convex_mgmt::sync::{MemorySink, Pace, SyncDriver, SyncEvent, SyncOptions};
use convex_mgmt::{Client, DeploymentClient, RetryPolicy};
use convex_mgmt_fake::{Fake, Knobs, Value};
use convex_mgmt_suite::{endpoint, fake};
use serde_json::{Value as Json, json};

pub(crate) const URL: &str = "http://127.0.0.1:3210";
pub(crate) const PATH: &str = "/data/sync";

/// Documents by table and id.
pub(crate) type Documents = BTreeMap<String, BTreeMap<String, Json>>;

/// A deployment with two tables in small pages: 5 documents in `users`, and 3 in `orders` of the component `shop`.
pub(crate) fn source() -> Fake {
    let mut knobs = Knobs::default();
    knobs.data_sync_page_entries = 2;
    knobs.data_sync_progress_interval = Duration::ZERO;
    let fake = fake().knobs(knobs).build();
    (0..5).for_each(|n| insert(&fake, "", "users", n));
    (0..3).for_each(|n| insert(&fake, "shop", "orders", n));
    fake
}

/// Inserts a document with an integer and a float.
pub(crate) fn insert(fake: &Fake, component: &str, table: &str, n: i64) {
    fake.commit(|tables| {
        tables.insert(component, table, Value::document(json!({ "_id": format!("{table}{n}"), "n": n, "f": 1.0 })))
    });
}

/// The documents that the deployment has.
pub(crate) fn documents(fake: &Fake) -> Documents {
    let tables = fake.tables().into_iter().map(|table| {
        let documents = table.documents.iter().map(|document| {
            let json = serde_json::to_value(document).unwrap();
            (json["_id"].as_str().unwrap().to_owned(), json)
        });
        (format!("{}:{}", table.component, table.table), documents.collect())
    });
    tables.collect()
}

/// The documents that a copy has.
pub(crate) fn copied(sink: &MemorySink) -> Documents {
    let tables = sink.tables().map(|(table, rows)| {
        let rows = rows.iter().map(|(id, row)| (id.clone(), serde_json::from_str(row.document.as_str()).unwrap()));
        (format!("{}:{}", table.component(), table.table()), rows.collect())
    });
    tables.collect()
}

/// A client without retries.
pub(crate) fn client(fake: &Fake) -> DeploymentClient<impl convex_mgmt::Transport<Future: Send> + Send + use<>> {
    Client::builder(endpoint(URL)).retry(RetryPolicy::never()).build_on(fake.clone()).unwrap()
}

/// Options with a pause of 8 s after `upToDate`.
pub(crate) fn options() -> SyncOptions {
    SyncOptions::new(&endpoint(URL)).pace(Pace::new(Duration::from_secs(8)))
}

/// Copies a deployment until the copy is up to date.
pub(crate) async fn copy(fake: &Fake, sink: &mut MemorySink) {
    SyncDriver::new(client(fake), sink).run_until_up_to_date().await.unwrap();
}

/// An event as one line.
pub(crate) fn line(event: &SyncEvent<'_>) -> String {
    match event {
        SyncEvent::Started { checkpoint, generation } => {
            let pages = checkpoint.map_or(0, convex_mgmt::sync::Checkpoint::pages);
            format!("started at page {pages}, generation {generation}")
        }
        SyncEvent::Committed { progress, batch } => {
            format!("committed {} of {}", batch.page().values.len(), progress.written)
        }
        SyncEvent::Retrying { error, .. } => {
            format!("retrying after {}", error.status().map_or(0, |status| status.as_u16()))
        }
        SyncEvent::Expiring { age } => format!("expiring after {} days", age.as_secs() / (24 * 3600)),
        SyncEvent::Restarted { generation } => format!("restarted with generation {generation}"),
        other => panic!("{other:?}"),
    }
}

/// Polls a future once.
pub(crate) async fn poll_once<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    poll_fn(|cx| Poll::Ready(Pin::new(&mut *future).poll(cx))).await
}
