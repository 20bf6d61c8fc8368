//! The mirror in SQLite.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use convex_mgmt::sync::OldRows;
use convex_mgmt_mirror::columns::Columns;
use convex_mgmt_mirror::naming::quote;
use convex_mgmt_mirror::sqlite::SqliteSink;
use rusqlite::{Connection, OptionalExtension};

use super::{Copy, Row, Store};
use crate::data::{TABLES, table_of};

/// A database in a file. Each sink has its own connection.
pub(crate) struct Sqlite {
    path: PathBuf,
    reader: Connection,
    old_rows: OldRows,
}

impl Store for Sqlite {
    type Sink = SqliteSink;

    async fn new(old_rows: OldRows) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let name = format!("convex-mgmt-histories-{}-{}.db", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        SqliteSink::open(&path, &Columns::new()).unwrap();
        Self { reader: Connection::open(&path).unwrap(), path, old_rows }
    }

    async fn open(&self) -> SqliteSink {
        SqliteSink::open(&self.path, &Columns::new()).unwrap().with_old_rows(self.old_rows)
    }

    async fn read(&self) -> Copy {
        let select = "SELECT checkpoint FROM _convex_checkpoint";
        let mut copy = Copy {
            checkpoint: self.reader.query_row(select, [], |row| row.get(0)).optional().unwrap(),
            ..Copy::default()
        };
        let mut tables = self.reader.prepare("SELECT component, \"table\", name FROM _convex_tables").unwrap();
        let mut tables = tables.query([]).unwrap();
        while let Some(table) = tables.next().unwrap() {
            let [component, name, sql_name] = [0, 1, 2].map(|column| table.get::<_, String>(column).unwrap());
            let number = table_of(&component, &name).unwrap_or(TABLES.len());
            let select = format!("SELECT _id, _generation, _document FROM {}", quote(&sql_name));
            let mut rows = self.reader.prepare(&select).unwrap();
            let mut rows = rows.query([]).unwrap();
            while let Some(row) = rows.next().unwrap() {
                let generation = u64::try_from(row.get::<_, i64>(1).unwrap()).unwrap();
                copy.rows.insert((number, row.get(0).unwrap()), Row { generation, text: row.get(2).unwrap() });
            }
        }
        copy
    }

    async fn lose_checkpoint(&self) {
        self.open().await.remove_checkpoint().unwrap();
    }
}

impl Drop for Sqlite {
    fn drop(&mut self) {
        for suffix in ["", "-wal", "-shm"] {
            let mut path = self.path.clone().into_os_string();
            path.push(suffix);
            let _ = std::fs::remove_file(path);
        }
    }
}
