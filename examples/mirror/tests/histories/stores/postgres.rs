//! The mirror in PostgreSQL.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;

use convex_mgmt::sync::OldRows;
use convex_mgmt_mirror::columns::Columns;
use convex_mgmt_mirror::json::fields;
use convex_mgmt_mirror::naming::quote;
use convex_mgmt_mirror::postgres::{PostgresError, PostgresSink, connect};
use tokio_postgres::Client;

use super::{Copy, Row, Store};
use crate::data::{TABLES, table_of};

/// Returns the URL of the server. Prints why the test is skipped if there is none.
pub(crate) fn server() -> Option<String> {
    crate::server::url("no history of the mirror in PostgreSQL was played")
}

/// A schema. The sink that is opened last has it alone: the connections of all others end, as after a failure of the network.
pub(crate) struct Postgres {
    url: String,
    schema: String,
    reader: Client,
    old_rows: OldRows,
}

impl Store for Postgres {
    type Sink = PostgresSink;

    const IS_EXCLUSIVE: bool = true;

    async fn new(old_rows: OldRows) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let url = server().unwrap();
        let schema = format!("histories-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let reader = patient_connect(&url).await;
        let store = Self { url, schema, reader, old_rows };
        store.end().await;
        drop(store.open().await);
        store
    }

    async fn open(&self) -> PostgresSink {
        loop {
            let client = patient_connect(&self.url).await;
            match PostgresSink::open(client, &self.schema, Columns::new()).await {
                Ok(sink) => return sink.with_old_rows(self.old_rows),
                Err(PostgresError::Locked { .. }) => self.end_other_sessions().await,
                Err(error) => panic!("{error}"),
            }
        }
    }

    /// Reads all tables in one statement, which sees one state of the database. A lock would be held by a run that is not polled.
    async fn read(&self) -> Copy {
        let schema = quote(&self.schema);
        loop {
            let select = format!("SELECT component, \"table\", name FROM {schema}._convex_tables");
            let tables = self.reader.query(&select, &[]).await.unwrap();
            let select = format!("SELECT count(*) FROM {schema}._convex_tables");
            let mut all = format!("SELECT -1, (SELECT checkpoint FROM {schema}._convex_checkpoint), ({select}), NULL");
            for (at, table) in tables.iter().enumerate() {
                let name = quote(table.get(2));
                all += &format!(" UNION ALL SELECT {at}, _id, _generation, _document::text FROM {schema}.{name}");
            }
            let mut copy = Copy::default();
            let mut count = 0;
            for row in self.reader.query(&all, &[]).await.unwrap() {
                let (at, number) = (row.get::<_, i32>(0), u64::try_from(row.get::<_, i64>(2)).unwrap());
                let Some(table) = usize::try_from(at).ok().map(|at| &tables[at]) else {
                    (copy.checkpoint, count) = (row.get(1), number);
                    continue;
                };
                let table = table_of(table.get(0), table.get(1)).unwrap_or(TABLES.len());
                let row = (row.get(1), Row { generation: number, text: Self::spelling(row.get(3)) });
                copy.rows.insert((table, row.0), row.1);
            }
            // Otherwise a commit created a table between the two statements.
            if count == tables.len() as u64 {
                return copy;
            }
        }
    }

    async fn lose_checkpoint(&self) {
        self.end_other_sessions().await;
        let update = format!("UPDATE {}._convex_checkpoint SET checkpoint = NULL", quote(&self.schema));
        self.reader.batch_execute(&update).await.unwrap();
    }

    async fn end(&self) {
        let drop = format!("DROP SCHEMA IF EXISTS {} CASCADE", quote(&self.schema));
        self.end_other_sessions().await;
        self.reader.batch_execute(&drop).await.unwrap();
    }

    /// The values, because `jsonb` has another order and spelling.
    fn spelling(text: &str) -> String {
        format!("{:?}", fields(text).unwrap())
    }
}

impl Postgres {
    /// Ends the connection of the sink that has the schema.
    async fn end_other_sessions(&self) {
        let end = "SELECT count(pg_terminate_backend(pid, 10000)) FROM pg_locks WHERE locktype = 'advisory' AND \
            (classid::bigint << 32) | objid::bigint = hashtextextended('convex-mgmt-mirror ' || $1::text, 0)";
        self.reader.query_one(end, &[&self.schema]).await.unwrap();
    }
}

/// Connects while the paused clock does not advance, because a connection has a timeout.
async fn patient_connect(url: &str) -> Client {
    let (connected, waiting) = mpsc::channel::<()>();
    let waiting = tokio::task::spawn_blocking(move || waiting.recv());
    let client = connect(url).await.unwrap();
    drop(connected);
    let _ = waiting.await;
    client
}
