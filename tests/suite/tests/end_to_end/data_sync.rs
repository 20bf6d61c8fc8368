//! Data sync: compares a consumer that applies all pages with the deployment's tables.

use std::collections::BTreeMap;
use std::time::Duration;

use convex_mgmt::deployment::data_sync::{
    ActiveSyncStatus, ComponentSelection, DataSyncStatus, Selection, TableSelection,
};
use convex_mgmt::deployment::data_sync::{Change, DataSyncPage, TablePath, Value};
use convex_mgmt::deployment::{DataSync, ListActiveSyncs};
use convex_mgmt::{DeploymentClient, Error, ErrorCode, ErrorKind, Operation};
use convex_mgmt_fake::{Fake, Fault, Knobs, Plan, Value as Stored};
use convex_mgmt_suite::{client_of, fake};
use serde_json::json;

use crate::{deployment, started};

type Rows = BTreeMap<String, BTreeMap<String, Value>>;

/// A copy of a deployment's tables, and its cursor.
#[derive(Default)]
struct Consumer {
    tables: BTreeMap<TablePath, Rows>,
    cursor: Option<String>,
    selection: Option<Selection>,
    pages: usize,
}

impl Consumer {
    fn request(&self) -> DataSync {
        let mut operation = self.cursor.as_ref().map_or_else(DataSync::new, DataSync::from_cursor);
        operation.selection = self.selection.clone();
        operation
    }

    async fn page(&mut self, client: &DeploymentClient) -> Result<DataSyncPage, Error> {
        let page = client.send(&self.request()).await?;
        for change in page.changes() {
            match change {
                Change::Truncate(table) => drop(self.tables.insert(table.clone(), Rows::new())),
                Change::Upsert(value) => {
                    let rows = self.tables.entry(value.table.clone()).or_default();
                    rows.insert(value.document.id().to_owned(), value.document.fields().unwrap());
                }
                Change::Delete(value) => {
                    let rows = self.tables.entry(value.table.clone()).or_default();
                    rows.remove(value.document.id());
                }
            }
        }
        self.cursor = Some(page.next_cursor.clone());
        self.pages += 1;
        Ok(page)
    }

    async fn catch_up(&mut self, client: &DeploymentClient) {
        while !self.page(client).await.unwrap().should_wait() {
            assert!(self.pages < 10_000, "the sync does not end");
        }
    }

    fn rows(&self, component: &str, table: &str) -> &Rows {
        &self.tables[&TablePath::new(component, table)]
    }
}

/// Returns the stored rows of a table, decoded from the fake's JSON.
fn stored(fake: &Fake, component: &str, table: &str) -> Rows {
    let documents = fake.commit(|tables| tables.documents(component, table));
    let row = |document: &convex_mgmt_fake::Document| -> BTreeMap<String, Value> {
        serde_json::from_str(&serde_json::to_string(document).unwrap()).unwrap()
    };
    documents.iter().map(|document| (format!("{}", Text(&document["_id"])), row(document))).collect()
}

struct Text<'a>(&'a Stored);

impl std::fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            Stored::String(text) => f.write_str(text),
            other => panic!("{other:?} is not a string"),
        }
    }
}

fn small_pages() -> Knobs {
    let mut knobs = Knobs::default();
    (knobs.data_sync_page_entries, knobs.data_sync_page_rows) = (3, 5);
    knobs
}

#[tokio::test]
async fn a_copy_equals_the_deployment_after_every_kind_of_change() {
    let (fake, _running, client) = started(fake().knobs(small_pages())).await;
    let tables = [("", "a"), ("", "b"), ("shop/cart", "a")];
    let mut consumer = Consumer::default();
    // Pseudorandom with a fixed seed: each round changes tables in another way.
    let mut seed = 7_u32;
    let mut roll = |sides: usize| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 16) as usize % sides
    };
    for round in 0..60 {
        for _ in 0..roll(6) {
            let (component, table) = tables[roll(tables.len())];
            let ids: Vec<String> = stored(&fake, component, table).into_keys().collect();
            let some = (!ids.is_empty()).then(|| ids[roll(ids.len())].clone());
            let document =
                Stored::document(json!({"n": round, "f": f64::from(round), "s": {"l": [1, 1.0, null, "x"]}}));
            fake.commit(|tables| match (roll(8), some) {
                (0, _) => tables.clear_table(component, table),
                (1, _) => drop(tables.replace_table(component, table, [document.clone(), document])),
                (2 | 3, Some(id)) => assert!(tables.delete(component, table, &id)),
                (4, Some(id)) => assert!(tables.replace(component, table, &id, document)),
                _ => drop((0..4).map(|_| tables.insert(component, table, document.clone())).collect::<Vec<_>>()),
            });
            if roll(3) == 0 {
                consumer.page(&client).await.unwrap();
            }
        }
        consumer.catch_up(&client).await;
        for (component, table) in tables {
            let rows = stored(&fake, component, table);
            let path = TablePath::new(component, table);
            assert_eq!(consumer.tables.get(&path).cloned().unwrap_or_default(), rows, "round {round}, {path}");
        }
    }
    assert!(consumer.pages > 150, "{} pages: the sync used too few pages", consumer.pages);
}

#[tokio::test]
async fn decodes_every_value_exactly() {
    let (fake, _running, client) = deployment().await;
    let nan = f64::from_bits(0x7ff8_0000_0000_0001);
    fake.commit(|tables| {
        let document = [
            ("int", Stored::Int64(1)),
            ("min", Stored::Int64(i64::MIN)),
            ("beyond", Stored::Int64(9_007_199_254_740_993)),
            ("float", Stored::Float64(1.0)),
            ("zero", Stored::Float64(-0.0)),
            ("huge", Stored::Float64(1e21)),
            ("small", Stored::Float64(5e-324)),
            ("nan", Stored::Float64(nan)),
            ("bytes", Stored::Bytes(vec![0x00, 0x10, 0x83])),
        ];
        tables.insert("", "t", document.map(|(name, value)| (name.to_owned(), value)).into())
    });
    let mut consumer = Consumer::default();
    let page = consumer.page(&client).await.unwrap();
    let row = consumer.rows("", "t").values().next().unwrap();
    for (name, expected) in [
        ("int", Value::Int64(1)),
        ("min", Value::Int64(i64::MIN)),
        ("beyond", Value::Int64(9_007_199_254_740_993)),
        ("float", Value::Float64(1.0)),
        ("zero", Value::Float64(-0.0)),
        ("huge", Value::Float64(1e21)),
        ("small", Value::Float64(5e-324)),
        ("nan", Value::Float64(nan)),
        ("bytes", Value::Bytes(vec![0x00, 0x10, 0x83])),
    ] {
        assert_eq!(row[name], expected, "{name}");
    }
    #[derive(serde::Deserialize)]
    struct Row {
        int: i64,
        nan: f64,
        bytes: Vec<u8>,
    }
    let row: Row = page.values[0].document.read().unwrap();
    assert_eq!((row.int, row.nan.to_bits(), row.bytes), (1, nan.to_bits(), vec![0x00, 0x10, 0x83]));
    assert!(page.values[0].document.as_str().contains(r#""zero":-0.0"#));
}

#[tokio::test]
async fn syncs_only_the_selected_tables_and_columns() {
    let (fake, _running, client) = deployment().await;
    let row = || Stored::document(json!({"name": "Ada", "secret": "x"}));
    fake.commit(|tables| {
        for (component, table) in [("", "users"), ("", "logs"), ("shop", "carts"), ("mail", "queue")] {
            tables.insert(component, table, row());
        }
    });
    let selection = Selection::none()
        .table("users", TableSelection::all().without("secret").without("_creationTime"))
        .component("shop", ComponentSelection::all().table("no_such_table", TableSelection::none()));
    let mut consumer = Consumer { selection: Some(selection), ..Consumer::default() };
    consumer.catch_up(&client).await;
    assert_eq!(consumer.tables.len(), 2);
    let columns = |rows: &Rows| rows.values().next().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(columns(consumer.rows("", "users")), ["_id", "name"]);
    assert_eq!(columns(consumer.rows("shop", "carts")), ["_creationTime", "_id", "name", "secret"]);

    // Added tables are synced from their beginning. Removed tables get no more changes, and are not truncated.
    let more = Selection::none().table("logs", TableSelection::only(["name"]));
    consumer.selection = Some(more);
    consumer.catch_up(&client).await;
    fake.commit(|tables| tables.insert("", "users", row()));
    consumer.catch_up(&client).await;
    assert_eq!(columns(consumer.rows("", "logs")), ["_id", "name"]);
    assert_eq!(consumer.rows("", "users").len(), 1);
}

#[tokio::test]
async fn requests_a_lost_page_again_without_loss_or_duplicates() {
    let (fake, _running, client) = started(fake().knobs(small_pages())).await;
    fake.commit(|tables| (0..10).for_each(|n| drop(tables.insert("", "t", Stored::document(json!({"n": n}))))));
    let mut consumer = Consumer::default();
    consumer.page(&client).await.unwrap();
    fake.fault_at("/data/sync", Fault::LostResponse);
    fake.fault_at("/data/sync", Fault::code(503, "CommitterFullError"));
    consumer.catch_up(&client).await;
    assert_eq!(*consumer.rows("", "t"), stored(&fake, "", "t"));
}

#[tokio::test]
async fn names_an_expired_or_foreign_cursor() {
    let (fake, _running, client) = deployment().await;
    let mut consumer = Consumer::default();
    consumer.catch_up(&client).await;
    fake.commit(|tables| tables.insert("", "t", Stored::document(json!({}))));
    fake.advance_clock(Duration::from_secs(15 * 24 * 3600));
    fake.commit(|tables| tables.insert("", "t", Stored::document(json!({}))));
    let error = consumer.page(&client).await.unwrap_err();
    assert_eq!((error.code(), error.attempts()), (Some(&ErrorCode::DataSyncCursorExpired), 1));
    for operation in [DataSync::from_cursor("garbage é"), DataSync::from_cursor("")] {
        let error = client.send(&operation.unchecked()).await.unwrap_err();
        assert_eq!(error.code(), Some(&ErrorCode::InvalidDataSyncCursor));
    }
    let bad = DataSync::new().selection(Selection::all().table("bad-name", TableSelection::all()));
    assert_eq!(client.send(&bad).await.unwrap_err().kind(), ErrorKind::Build);
    let error = client.send(&bad.unchecked()).await.unwrap_err();
    assert_eq!(error.code(), Some(&ErrorCode::InvalidDataSyncSelection));
    let mut plan = Plan::default();
    plan.streaming_export_enabled = false;
    let (_fake, _running, client) = started(convex_mgmt_suite::fake().plan(plan)).await;
    let error = client.send(&DataSync::new()).await.unwrap_err();
    assert!(error.is_auth() && error.code() == Some(&ErrorCode::StreamingExportNotEnabled), "{error:?}");
}

#[tokio::test]
async fn a_page_may_exceed_the_response_limit_of_other_operations() {
    let (fake, running, client) = deployment().await;
    let text = "x".repeat(1 << 20);
    fake.commit(|tables| (0..9).for_each(|_| drop(tables.insert("", "t", Stored::document(json!({"text": text}))))));
    let page = client.send(&DataSync::new()).await.unwrap();
    assert_eq!(page.values.len(), 9);
    let client = client_of(&running).response_limit(9 << 20).build().unwrap();
    let error = client.send(&DataSync::new()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ResponseTooLarge);
}

#[tokio::test]
async fn lists_active_syncs_latest_first() {
    let (fake, _running, client) = started(fake().knobs(small_pages())).await;
    fake.commit(|tables| (0..10).for_each(|_| drop(tables.insert("shop", "t", Stored::document(json!({}))))));
    let mut consumers: [Consumer; 3] = Default::default();
    let mut expected = Vec::new();
    for consumer in &mut consumers {
        expected.insert(0, consumer.page(&client).await.unwrap().sync_id);
        fake.advance_clock(Duration::from_secs(6));
    }
    let mut pages = client.pages(ListActiveSyncs::new().limit(2));
    let mut syncs = Vec::new();
    while let Some(page) = pages.next_page().await.unwrap() {
        syncs.extend(page);
    }
    assert_eq!(syncs.iter().map(|sync| sync.sync_id.clone()).collect::<Vec<_>>(), expected);
    let ActiveSyncStatus::Snapshotting(progress) = &syncs[0].status else { panic!("{syncs:?}") };
    assert_eq!((progress.current_component.as_str(), progress.current_table.as_str()), ("shop", "t"));
    assert_eq!((progress.num_documents_in_current_table, progress.total_documents_in_current_table), (3, 10));

    consumers[0].catch_up(&client).await;
    let page = client.send(&ListActiveSyncs::new()).await.unwrap();
    let sync = page.items.iter().find(|sync| sync.sync_id == expected[2]).unwrap();
    let ActiveSyncStatus::UpToDate(progress) = &sync.status else { panic!("{sync:?}") };
    let last = consumers[0].page(&client).await.unwrap();
    let DataSyncStatus::UpToDate(snapshot) = last.status else { panic!("{last:?}") };
    assert_eq!(progress.num_documents_synced, 10);
    assert!(progress.synced_ts <= snapshot.snapshot_ts, "both fields contain the same time");
}
