//! [`Catalog`]: the schema of a deployment, its tables, and their names.

use std::collections::BTreeMap;

use convex_mgmt::deployment::data_sync::TablePath;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, GenericClient, Transaction};

use super::columns::{CREATION_TIME, definition};
use super::error::PostgresError;
use crate::columns::{Column, Columns};
use crate::naming::{Names, quote};

/// The format of the schema. A change that an older program would misread raises it.
const FORMAT: i32 = 1;

type Parameters<'a, const N: usize> = [&'a (dyn ToSql + Sync); N];

/// A table of the mirror.
#[derive(Clone, Debug)]
pub(super) struct Table {
    pub(super) id: i32,
    /// The quoted name, with its schema.
    pub(super) name: String,
    /// The highest generation that ever wrote a row.
    pub(super) generation: i64,
}

/// The tables of a deployment's schema.
#[derive(Debug)]
pub(super) struct Catalog {
    pub(super) schema: String,
    /// The quoted name of the schema, with a point.
    pub(super) prefix: String,
    pub(super) tables: BTreeMap<TablePath, Table>,
    columns: Columns,
    names: Names,
}

impl Catalog {
    /// Creates the schema if it does not exist. The session has its lock.
    pub(super) async fn open(client: &Client, schema: &str, columns: Columns) -> Result<Self, PostgresError> {
        let prefix = format!("{}.", quote(schema));
        let step = || PostgresError::at(format!("create the schema {schema}"));
        // A user without the right to create schemas can write to one that exists.
        let exists: bool = client
            .query_one("SELECT to_regclass($1) IS NOT NULL", &[&format!("{prefix}_convex_checkpoint")])
            .await
            .map_err(step())?
            .get(0);
        if !exists {
            client.batch_execute(&creation(schema, &prefix)).await.map_err(step())?;
        }
        let names = Names::new();
        Ok(Self { schema: schema.to_owned(), prefix, tables: BTreeMap::new(), columns, names })
    }

    /// Reads the tables again. Needed at first, and after a transaction that may have failed.
    pub(super) async fn load(&mut self, client: &impl GenericClient) -> Result<(), PostgresError> {
        let step = || PostgresError::at(format!("read the schema {}", self.schema));
        let checkpoint = format!("SELECT max(format) FROM {}_convex_checkpoint", self.prefix);
        let found: Option<i32> = client.query_one(&checkpoint, &[]).await.map_err(step())?.get(0);
        if let Some(found) = found.filter(|found| *found > FORMAT) {
            return Err(PostgresError::NewerFormat { schema: self.schema.clone(), found, supported: FORMAT });
        }
        if found.is_none() {
            // Someone deleted the checkpoint with its row.
            let insert = format!("INSERT INTO {}_convex_checkpoint (format) VALUES ({FORMAT})", self.prefix);
            client.execute(&insert, &[]).await.map_err(step())?;
        }
        self.names = Names::new();
        let used =
            "SELECT relname::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE nspname = $1";
        for row in client.query(used, &[&self.schema]).await.map_err(step())? {
            self.names.reserve(row.get(0));
        }
        let tables =
            format!("SELECT id, component, \"table\", name, newest_generation FROM {}_convex_tables", self.prefix);
        let table = |row: tokio_postgres::Row| {
            let path = TablePath::new(row.get::<_, &str>(1), row.get::<_, &str>(2));
            let name = format!("{}{}", self.prefix, quote(row.get(3)));
            (path, Table { id: row.get(0), name, generation: row.get(4) })
        };
        self.tables = client.query(&tables, &[]).await.map_err(step())?.into_iter().map(table).collect();
        Ok(())
    }

    /// Adds the extra columns that the stored tables do not have yet.
    pub(super) async fn add_columns(&self, client: &mut Client) -> Result<(), PostgresError> {
        for (path, table) in self.tables.iter().filter(|(path, _)| !self.columns.of(path).is_empty()) {
            let step = || PostgresError::at(format!("add columns to the table {path}"));
            let transaction = client.transaction().await.map_err(step())?;
            self.add_columns_to(&transaction, path, table).await?;
            transaction.commit().await.map_err(step())?;
        }
        Ok(())
    }

    async fn add_columns_to(
        &self,
        transaction: &Transaction<'_>,
        path: &TablePath,
        table: &Table,
    ) -> Result<(), PostgresError> {
        let wanted = self.columns.of(path);
        if wanted.is_empty() {
            return Ok(());
        }
        let step = || PostgresError::at(format!("add columns to the table {path}"));
        let existing =
            format!("SELECT field, type FROM {}_convex_columns WHERE component = $1 AND \"table\" = $2", self.prefix);
        let existing = transaction.query(&existing, &[&path.component(), &path.table()]).await.map_err(step())?;
        let existing: BTreeMap<String, String> = existing.into_iter().map(|row| (row.get(0), row.get(1))).collect();
        let mut names = Names::of_columns();
        // Another program may have added columns, too.
        let used = "SELECT attname::text FROM pg_attribute WHERE attrelid = $1::text::regclass AND NOT attisdropped";
        for row in transaction.query(used, &[&table.name]).await.map_err(step())? {
            names.reserve(row.get(0));
        }
        for column in wanted {
            let wanted = column.kind.name();
            match existing.get(&column.field) {
                None => {
                    let name = names.column(&column.field);
                    self.add_column(transaction, path, table, column, &name).await.map_err(step())?;
                }
                Some(stored) if stored == wanted => {}
                Some(stored) => {
                    let (table, field, stored) = (path.clone(), column.field.clone(), stored.clone());
                    return Err(PostgresError::ColumnType { table, field, stored, wanted });
                }
            }
        }
        Ok(())
    }

    async fn add_column(
        &self,
        transaction: &Transaction<'_>,
        path: &TablePath,
        table: &Table,
        column: &Column,
        name: &str,
    ) -> Result<(), tokio_postgres::Error> {
        let (kind, expression) = definition(column);
        let quoted = quote(name);
        let add =
            format!("ALTER TABLE {} ADD COLUMN {quoted} {kind} GENERATED ALWAYS AS ({expression}) STORED", table.name);
        transaction.batch_execute(&add).await?;
        let insert = format!(
            "INSERT INTO {}_convex_columns (component, \"table\", field, type, name) VALUES ($1, $2, $3, $4, $5)",
            self.prefix
        );
        let (component, convex_name) = (path.component(), path.table());
        let values: Parameters<'_, 5> = [&component, &convex_name, &column.field, &column.kind.name(), &name];
        transaction.execute(&insert, &values).await?;
        Ok(())
    }

    /// Creates a table within a transaction. [`Catalog::load`] forgets it if the transaction fails.
    pub(super) async fn create(
        &mut self,
        transaction: &Transaction<'_>,
        path: &TablePath,
    ) -> Result<(), PostgresError> {
        let step = || PostgresError::at(format!("create the table {path}"));
        let id = self.tables.values().map(|table| table.id).max().unwrap_or_default().saturating_add(1);
        let name = self.names.table(path);
        let table = Table { id, name: format!("{}{}", self.prefix, quote(&name)), generation: 0 };
        // Ids are ASCII. The name of the index cannot be that of a Convex table.
        let create = format!(
            "CREATE TABLE {} (_id text COLLATE \"C\" NOT NULL CONSTRAINT \"_convex_key_{id}\" PRIMARY KEY, \
             \"_creationTime\" double precision GENERATED ALWAYS AS ({CREATION_TIME}) STORED, \
             _generation bigint NOT NULL, _document jsonb NOT NULL)",
            table.name
        );
        transaction.batch_execute(&create).await.map_err(step())?;
        let insert = format!(
            "INSERT INTO {}_convex_tables (component, \"table\", name, id) VALUES ($1, $2, $3, $4)",
            self.prefix
        );
        let (component, convex_name) = (path.component(), path.table());
        let values: Parameters<'_, 4> = [&component, &convex_name, &name, &id];
        transaction.execute(&insert, &values).await.map_err(step())?;
        self.add_columns_to(transaction, path, &table).await?;
        self.tables.insert(path.clone(), table);
        Ok(())
    }
}

fn creation(schema: &str, prefix: &str) -> String {
    format!(
        r#"CREATE SCHEMA IF NOT EXISTS {schema};
         CREATE TABLE {prefix}_convex_tables (
             component text NOT NULL, "table" text NOT NULL, name text NOT NULL UNIQUE, id integer NOT NULL UNIQUE,
             newest_generation bigint NOT NULL DEFAULT 0, PRIMARY KEY (component, "table"));
         CREATE TABLE {prefix}_convex_columns (
             component text NOT NULL, "table" text NOT NULL, field text NOT NULL, type text NOT NULL, name text NOT NULL,
             PRIMARY KEY (component, "table", field));
         CREATE TABLE {prefix}_convex_checkpoint (
             deployment text, generation bigint, complete boolean, snapshot_ts bigint, received_at bigint, checkpoint text,
             format integer NOT NULL, only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row));
         INSERT INTO {prefix}_convex_checkpoint (format) VALUES ({FORMAT})"#,
        schema = quote(schema)
    )
}
