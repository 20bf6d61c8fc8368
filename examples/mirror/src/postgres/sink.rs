//! [`PostgresSink`]: the sink of one deployment.

use convex_mgmt::sync::{OldRows, Sink, SinkState, SyncBatch};
use tokio_postgres::types::Type;
use tokio_postgres::{Client, GenericClient};

use super::LOCK_KEY;
use super::batch::{Pipeline, Step, steps};
use super::catalog::Catalog;
use super::error::PostgresError;
use crate::columns::Columns;
use crate::naming::MAX_NAME;

/// The mirror of one deployment in a schema of a PostgreSQL database.
///
/// It has the lock of the schema until it is closed or dropped, or its connection ends.
#[derive(Debug)]
pub struct PostgresSink {
    client: Client,
    catalog: Catalog,
    /// `true` if a transaction may have failed, so that `catalog` may differ from the database.
    is_stale: bool,
    old_rows: OldRows,
}

impl PostgresSink {
    /// Takes the lock of a schema, and creates the schema if it does not exist. [`schema_name`](super::schema_name) returns the usual
    /// schema of a deployment.
    ///
    /// # Errors
    /// [`PostgresError::SchemaName`], [`PostgresError::Locked`] at once if another session has the lock, and other errors of the database.
    pub async fn open(client: Client, schema: &str, columns: Columns) -> Result<Self, PostgresError> {
        if schema.len() > MAX_NAME {
            return Err(PostgresError::SchemaName { schema: schema.to_owned() });
        }
        let lock = format!("SELECT pg_try_advisory_lock({LOCK_KEY})");
        let lock = client.query_one(&lock, &[&schema]).await;
        if !lock.map_err(PostgresError::at(format!("lock the schema {schema}")))?.get::<_, bool>(0) {
            return Err(PostgresError::Locked { schema: schema.to_owned() });
        }
        let catalog = Catalog::open(&client, schema, columns).await?;
        Ok(Self { client, catalog, is_stale: true, old_rows: OldRows::default() })
    }

    /// Sets the handling of old rows when the sync begins a new copy.
    pub fn with_old_rows(mut self, rows: OldRows) -> Self {
        self.old_rows = rows;
        self
    }

    /// Returns the name of the schema.
    pub fn schema(&self) -> &str {
        &self.catalog.schema
    }

    /// The connection that has the lock.
    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    /// Unlocks the schema, and returns the connection for another use.
    ///
    /// # Errors
    /// The error of the database. The connection then ends, and its lock with it.
    pub async fn close(self) -> Result<Client, PostgresError> {
        let unlock = format!("SELECT pg_advisory_unlock({LOCK_KEY})");
        let unlocked = self.client.query_one(&unlock, &[&self.catalog.schema]).await;
        unlocked.map_err(PostgresError::at(format!("unlock the schema {}", self.catalog.schema)))?;
        Ok(self.client)
    }

    /// Returns the highest generation of a row. With a checkpoint, rows that were deleted since count as well, which saves a search of
    /// all tables.
    async fn newest_generation(&self, has_checkpoint: bool) -> Result<Option<u64>, PostgresError> {
        let newest = self.catalog.tables.values().map(|table| table.generation).max();
        let newest = newest.and_then(|newest| u64::try_from(newest).ok()).filter(|newest| *newest > 0);
        if has_checkpoint || newest.is_none() {
            return Ok(newest);
        }
        for table in self.catalog.tables.values() {
            let exists = format!("SELECT EXISTS (SELECT FROM {})", table.name);
            let exists = self.client.query_one(&exists, &[]).await;
            if exists.map_err(PostgresError::at("look for rows without a checkpoint"))?.get(0) {
                return Ok(newest);
            }
        }
        Ok(None)
    }
}

impl Sink for PostgresSink {
    type Error = PostgresError;

    async fn state(&mut self) -> Result<SinkState, PostgresError> {
        self.catalog.load(&self.client).await?;
        self.catalog.add_columns(&mut self.client).await?;
        self.is_stale = false;
        let checkpoint = stored_checkpoint(&self.client, &self.catalog).await?;
        let newest = self.newest_generation(checkpoint.is_some()).await?;
        Ok(SinkState::new().checkpoint(checkpoint).newest_generation(newest).old_rows(self.old_rows))
    }

    async fn commit(&mut self, batch: &SyncBatch) -> Result<(), PostgresError> {
        let steps = steps(batch);
        if steps.is_empty() && batch.previous().is_some() {
            // One statement is a transaction.
            return replace_checkpoint(&self.client, &self.catalog, batch).await;
        }
        if self.is_stale {
            self.catalog.load(&self.client).await?;
        }
        self.is_stale = true;
        let transaction = self.client.transaction().await.map_err(PostgresError::at("begin a transaction"))?;
        // First, because it locks the row: a second writer waits here, and then stores nothing.
        replace_checkpoint(&transaction, &self.catalog, batch).await?;
        let generation = generation(batch.generation())?;
        if batch.previous().is_none() {
            // An empty copy without a checkpoint begins with the first generation again. No row is of this generation or a later one.
            let reset = format!(
                "UPDATE {}_convex_tables SET newest_generation = 0 WHERE newest_generation >= $1",
                self.catalog.prefix
            );
            let result = transaction.execute(&reset, &[&generation]).await;
            result.map_err(PostgresError::at("reset the generation of tables"))?;
            let stale = self.catalog.tables.values_mut().filter(|table| table.generation >= generation);
            stale.for_each(|table| table.generation = 0);
        }
        let mut written: Vec<i32> = Vec::new();
        for step in &steps {
            match step {
                Step::DeleteOlder(before) => {
                    let before = self::generation(*before)?;
                    for (path, table) in &self.catalog.tables {
                        let delete = format!("DELETE FROM {} WHERE _generation < $1", table.name);
                        let result = transaction.execute(&delete, &[&before]).await;
                        result.map_err(PostgresError::at(format!("delete old rows of the table {path}")))?;
                    }
                }
                Step::Truncate(path) => match self.catalog.tables.get(path) {
                    // `TRUNCATE` would delete the rows of earlier generations, and make readers wait.
                    Some(table) if table.generation == generation => {
                        let delete = format!("DELETE FROM {} WHERE _generation = $1", table.name);
                        let result = transaction.execute(&delete, &[&generation]).await;
                        result.map_err(PostgresError::at(format!("empty the table {path}")))?;
                    }
                    // It has no rows of this generation yet.
                    Some(_) => {}
                    None => self.catalog.create(&transaction, path).await?,
                },
                Step::Write(tables) => {
                    for rows in tables.iter().filter(|rows| rows.has_documents()) {
                        if !self.catalog.tables.contains_key(rows.table) {
                            self.catalog.create(&transaction, rows.table).await?;
                        }
                    }
                    let mut pipeline = Pipeline::new(&transaction);
                    for rows in tables {
                        // A deletion in a table that never existed here.
                        let Some(table) = self.catalog.tables.get_mut(rows.table) else { continue };
                        pipeline.write(table, rows, generation).await?;
                        if rows.has_documents() && table.generation < generation {
                            table.generation = generation;
                            written.push(table.id);
                        }
                    }
                    pipeline.finish().await?;
                }
            }
        }
        if !written.is_empty() {
            let update =
                format!("UPDATE {}_convex_tables SET newest_generation = $1 WHERE id = ANY($2)", self.catalog.prefix);
            let result = transaction.execute(&update, &[&generation, &written]).await;
            result.map_err(PostgresError::at("store the generation of tables"))?;
        }
        transaction.commit().await.map_err(PostgresError::at("commit a page"))?;
        self.is_stale = false;
        Ok(())
    }
}

fn generation(generation: u64) -> Result<i64, PostgresError> {
    i64::try_from(generation).map_err(|_| PostgresError::Generation(generation))
}

async fn stored_checkpoint(client: &impl GenericClient, catalog: &Catalog) -> Result<Option<String>, PostgresError> {
    let select = format!("SELECT checkpoint FROM {}_convex_checkpoint", catalog.prefix);
    let row = client.query_opt(&select, &[]).await.map_err(PostgresError::at("read the checkpoint"))?;
    Ok(row.and_then(|row| row.get(0)))
}

/// Stores the checkpoint of the batch if the one before it is stored.
async fn replace_checkpoint(
    client: &impl GenericClient,
    catalog: &Catalog,
    batch: &SyncBatch,
) -> Result<(), PostgresError> {
    let checkpoint = batch.checkpoint();
    let update = format!(
        "UPDATE {}_convex_checkpoint SET checkpoint = $1, deployment = $2, generation = $3, complete = $4, snapshot_ts = $5, \
         received_at = $6 WHERE checkpoint IS NOT DISTINCT FROM $7",
        catalog.prefix
    );
    let generation = generation(checkpoint.generation())?;
    let parameters: [(&(dyn tokio_postgres::types::ToSql + Sync), Type); 7] = [
        (&checkpoint.to_string(), Type::TEXT),
        (&checkpoint.deployment(), Type::TEXT),
        (&generation, Type::INT8),
        (&checkpoint.is_complete(), Type::BOOL),
        (&checkpoint.snapshot_ts().map(|nanos| nanos.0), Type::INT8),
        (&checkpoint.received_at().0, Type::INT8),
        (&batch.previous(), Type::TEXT),
    ];
    let updated = client.execute_typed(&update, &parameters).await;
    if updated.map_err(PostgresError::at("store the checkpoint"))? == 0 {
        let stored = stored_checkpoint(client, catalog).await?;
        batch.follows(stored.as_deref())?;
        return Err(PostgresError::NoCheckpointRow { schema: catalog.schema.clone() });
    }
    Ok(())
}
