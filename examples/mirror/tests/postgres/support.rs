//! A schema for one test, pages in a short notation, and what is stored.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};

use convex_mgmt::deployment::data_sync::{
    DataSyncPage, DataSyncStatus, DataSyncValue, Document, Snapshot, TablePath, Value,
};
use convex_mgmt::sync::{Sink, SyncBatch, SyncEngine, SyncOptions};
use convex_mgmt::{DeployKey, Endpoint, UnixMillis, UnixNanos};
use convex_mgmt_mirror::columns::Columns;
use convex_mgmt_mirror::json::fields;
use convex_mgmt_mirror::naming::quote;
use convex_mgmt_mirror::postgres::{PostgresError, PostgresSink, connect};
use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

pub(crate) const NOW: UnixMillis = UnixMillis(1_755_000_000_000);

/// Returns the URL of the server. Prints why the test is skipped if there is none.
pub(crate) fn server() -> Option<String> {
    crate::server::url("the mirror in PostgreSQL was not tested")
}

/// A schema that no other test uses, and a connection of the test.
pub(crate) struct Schema {
    pub(crate) url: String,
    pub(crate) name: String,
    pub(crate) client: Client,
}

impl Schema {
    /// Returns `None` without a server.
    pub(crate) async fn new() -> Option<Self> {
        let url = server()?;
        let name = unique("test");
        let client = connect(&url).await.unwrap();
        let schema = Self { url, name, client };
        schema.drop_contents().await;
        Some(schema)
    }

    /// A schema of a mirror.
    pub(crate) async fn of(database: &Database, name: &str) -> Self {
        let (url, name) = (database.url.clone(), name.to_owned());
        Self { client: connect(&url).await.unwrap(), url, name }
    }

    pub(crate) async fn exists(&self) -> bool {
        let exists = "SELECT to_regclass($1) IS NOT NULL";
        self.client.query_one(exists, &[&self.table("_convex_checkpoint")]).await.unwrap().get(0)
    }

    async fn drop_contents(&self) {
        self.execute(&format!("DROP SCHEMA IF EXISTS {} CASCADE", quote(&self.name))).await;
    }

    pub(crate) async fn end(self) {
        self.drop_contents().await;
    }

    pub(crate) async fn open(&self) -> Result<PostgresSink, PostgresError> {
        self.open_with(&[]).await
    }

    pub(crate) async fn open_with(&self, columns: &[&str]) -> Result<PostgresSink, PostgresError> {
        let mut extra = Columns::new();
        columns.iter().for_each(|argument| extra.add(argument).unwrap());
        PostgresSink::open(connect(&self.url).await?, &self.name, extra).await
    }

    pub(crate) async fn execute(&self, sql: &str) {
        self.client.batch_execute(sql).await.unwrap();
    }

    /// Returns the quoted name of a table of the schema.
    pub(crate) fn table(&self, name: &str) -> String {
        format!("{}.{}", quote(&self.name), quote(name))
    }

    /// Runs a query with one row and one column of text.
    pub(crate) async fn text(&self, sql: &str) -> Option<String> {
        self.client.query_one(sql, &[]).await.unwrap().get(0)
    }

    /// Returns the SQL names of the tables.
    pub(crate) async fn names(&self) -> BTreeMap<TablePath, String> {
        let names = format!("SELECT component, \"table\", name FROM {}", self.table("_convex_tables"));
        let names = self.client.query(&names, &[]).await.unwrap();
        names
            .into_iter()
            .map(|row| (TablePath::new(row.get::<_, &str>(0), row.get::<_, &str>(1)), row.get(2)))
            .collect()
    }

    /// Returns all rows with their generations and documents.
    pub(crate) async fn contents(&self) -> BTreeMap<TablePath, BTreeMap<String, (u64, BTreeMap<String, Value>)>> {
        let mut contents = BTreeMap::new();
        for (path, name) in self.names().await {
            let rows = format!("SELECT _id, _generation, _document::text FROM {}", self.table(&name));
            let rows = self.client.query(&rows, &[]).await.unwrap().into_iter().map(|row| {
                let generation = u64::try_from(row.get::<_, i64>(1)).unwrap();
                (row.get(0), (generation, fields(row.get(2)).unwrap()))
            });
            contents.insert(path, rows.collect());
        }
        contents
    }

    /// Returns the rows in the notation `table=id@generation`.
    pub(crate) async fn rows(&self) -> String {
        let contents = self.contents().await;
        let rows = contents.iter().flat_map(|(table, rows)| {
            rows.iter().map(move |(id, (generation, _))| format!("{table}={id}@{generation}"))
        });
        rows.collect::<Vec<_>>().join(" ")
    }
}

/// A database that no other test uses, and a connection of the test.
pub(crate) struct Database {
    pub(crate) url: String,
    pub(crate) client: Client,
    name: String,
    server: String,
}

impl Database {
    /// Returns `None` without a server.
    pub(crate) async fn new() -> Option<Self> {
        let server = server()?;
        let name = unique("test");
        let client = connect(&server).await.unwrap();
        client.batch_execute(&format!("DROP DATABASE IF EXISTS {}", quote(&name))).await.unwrap();
        // A test that copies the template at this moment makes the others fail.
        let create = format!("CREATE DATABASE {} TEMPLATE template0", quote(&name));
        while let Err(error) = client.batch_execute(&create).await {
            assert_eq!(error.code(), Some(&SqlState::OBJECT_IN_USE), "{error}");
        }
        let url = format!("{server}{}dbname={name}", if server.contains('?') { '&' } else { '?' });
        let client = connect(&url).await.unwrap();
        Some(Self { url, client, name, server })
    }

    /// Returns the number of advisory locks.
    pub(crate) async fn locks(&self) -> i64 {
        let locks = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' \
            AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
        self.client.query_one(locks, &[]).await.unwrap().get(0)
    }

    /// Returns the workers that had the latest turns.
    pub(crate) async fn workers(&self) -> Vec<String> {
        let workers = "SELECT DISTINCT worker FROM _convex_mirror.deployments";
        self.client.query(workers, &[]).await.unwrap().into_iter().map(|row| row.get(0)).collect()
    }

    pub(crate) async fn close_other_connections(&self) {
        let close = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
            WHERE datname = current_database() AND pid <> pg_backend_pid()";
        self.client.query_one(close, &[]).await.unwrap();
    }

    pub(crate) async fn end(self) {
        drop(self.client);
        let client = connect(&self.server).await.unwrap();
        client.batch_execute(&format!("DROP DATABASE {} WITH (FORCE)", quote(&self.name))).await.unwrap();
    }
}

/// Returns a name that no other test uses.
fn unique(prefix: &str) -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("{prefix}-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

pub(crate) fn options() -> SyncOptions {
    let key = DeployKey::parse("prod:happy-animal-123|01ab").unwrap();
    SyncOptions::new(&Endpoint::new("https://happy-animal-123.convex.cloud", &key).unwrap())
}

pub(crate) async fn engine(sink: &mut PostgresSink) -> SyncEngine {
    SyncEngine::new(sink.state().await.unwrap(), options()).unwrap()
}

pub(crate) fn up_to_date() -> DataSyncStatus {
    DataSyncStatus::UpToDate(Snapshot::new(UnixNanos(NOW.0 * 1_000_000)))
}

/// A page from a short notation: `-t` truncates the table `t`, `t=a` writes the document `a`, and `t!a` deletes it.
pub(crate) fn page(status: DataSyncStatus, cursor: &str, changes: &str) -> DataSyncPage {
    let mut page = DataSyncPage::new(status, "s", cursor);
    for change in changes.split_whitespace() {
        if let Some(table) = change.strip_prefix('-') {
            page.truncates.push(TablePath::new("", table));
        } else if let Some((table, id)) = change.split_once('=') {
            page.values.push(upsert(table, &format!(r#"{{"_id":"{id}"}}"#)));
        } else {
            let (table, id) = change.split_once('!').unwrap();
            page.values.push(DataSyncValue::delete(TablePath::new("", table), UnixNanos(1), id));
        }
    }
    page
}

pub(crate) fn upsert(table: &str, document: &str) -> DataSyncValue {
    let document = Document::parse(document.to_owned()).unwrap();
    DataSyncValue::upsert(TablePath::new("", table), UnixNanos(1), document)
}

/// A page with these documents in the table `t`.
pub(crate) fn documents<'a>(documents: impl IntoIterator<Item = &'a str>) -> DataSyncPage {
    let mut page = page(up_to_date(), "c", "-t");
    page.values = documents.into_iter().map(|document| upsert("t", document)).collect();
    page
}

pub(crate) fn batch(engine: &SyncEngine, page: DataSyncPage) -> SyncBatch {
    engine.accept(page, NOW).unwrap()
}

/// Accepts, commits and confirms a page.
pub(crate) async fn step(engine: &mut SyncEngine, sink: &mut PostgresSink, page: DataSyncPage) {
    let batch = batch(engine, page);
    sink.commit(&batch).await.unwrap();
    engine.confirm(batch, 0.5).unwrap();
}
