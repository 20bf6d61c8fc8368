//! The statements that apply a batch.

use convex_mgmt::deployment::data_sync::{DataSyncValue, TablePath, Value};
use convex_mgmt::sync::{Checkpoint, SyncBatch, SyncChange};
use rusqlite::{Connection, Statement, params};

use super::error::{Doing, SqliteError};
use super::tables::{Table, Tables};
use crate::columns::{creation_time, values};
use crate::naming::quote;

/// Applies the changes of a batch. Returns the registry after it.
pub(super) fn apply(connection: &Connection, tables: Tables, batch: &SyncBatch) -> Result<Tables, SqliteError> {
    let generation = integer(batch.generation());
    let mut writer = Writer { connection, tables, generation, statements: Vec::new(), last: None };
    for change in batch.changes() {
        match change {
            SyncChange::DeleteOlder(generation) => {
                for name in writer.tables.names() {
                    let sql = format!("DELETE FROM {} WHERE _generation < ?1", quote(name));
                    connection.execute(&sql, [integer(generation)]).doing("delete the rows of an earlier copy")?;
                }
            }
            SyncChange::Truncate(path) => {
                let at = writer.tables.create(connection, path)?;
                let sql = format!("DELETE FROM {} WHERE _generation = ?1", quote(&writer.tables.at(at).name));
                connection.execute(&sql, [generation]).doing("delete the rows of a table")?;
            }
            SyncChange::Upsert(value) => writer.upsert(value)?,
            SyncChange::Delete(value) => writer.delete(value)?,
            SyncChange::Checkpoint(checkpoint) => store(connection, checkpoint)?,
        }
    }
    Ok(writer.tables)
}

/// A transaction that writes documents.
struct Writer<'a> {
    connection: &'a Connection,
    tables: Tables,
    generation: i64,
    /// The statements for each table, by position.
    statements: Vec<Statements<'a>>,
    /// The last table. Documents of one table follow each other and share its names.
    last: Option<(TablePath, usize)>,
}

/// The prepared statements for a table.
#[derive(Default)]
struct Statements<'a> {
    upsert: Option<Statement<'a>>,
    delete: Option<Statement<'a>>,
}

impl<'a> Writer<'a> {
    /// Returns the position of a table that may be the last one again.
    fn table(&mut self, path: &TablePath) -> Result<usize, SqliteError> {
        if let Some((last, at)) = &self.last
            && last == path
        {
            return Ok(*at);
        }
        let at = self.tables.create(self.connection, path)?;
        self.last = Some((path.clone(), at));
        if self.statements.len() <= at {
            self.statements.resize_with(at + 1, Statements::default);
        }
        Ok(at)
    }

    fn upsert(&mut self, value: &DataSyncValue) -> Result<(), SqliteError> {
        let at = self.table(&value.table)?;
        let document = &value.document;
        let statement = match &mut self.statements[at].upsert {
            Some(statement) => statement,
            none => {
                self.tables.write(self.connection, at, self.generation)?;
                none.insert(prepare(self.connection, &upsert(self.tables.at(at)))?)
            }
        };
        let error = |source| {
            let (table, id) = (value.table.clone(), document.id().to_owned());
            SqliteError::Document { table, id, source }
        };
        let creation_time = creation_time(document).map_err(error)?;
        let columns = &self.tables.at(at).columns;
        let values = if columns.is_empty() { Vec::new() } else { values(document, columns).map_err(error)? };
        let write = || {
            statement.raw_bind_parameter(1, document.id())?;
            statement.raw_bind_parameter(2, self.generation)?;
            statement.raw_bind_parameter(3, document.as_str())?;
            statement.raw_bind_parameter(4, creation_time)?;
            for (value, at) in values.into_iter().zip(5..) {
                statement.raw_bind_parameter(at, sql_value(value))?;
            }
            statement.raw_execute()
        };
        write().doing("store a document").map(drop)
    }

    fn delete(&mut self, value: &DataSyncValue) -> Result<(), SqliteError> {
        if self.tables.position(&value.table).is_none() {
            return Ok(());
        }
        let at = self.table(&value.table)?;
        let statement = match &mut self.statements[at].delete {
            Some(statement) => statement,
            none => {
                let sql = format!("DELETE FROM {} WHERE _id = ?1", quote(&self.tables.at(at).name));
                none.insert(prepare(self.connection, &sql)?)
            }
        };
        statement.execute([value.document.id()]).doing("delete a document").map(drop)
    }
}

fn prepare<'a>(connection: &'a Connection, sql: &str) -> Result<Statement<'a>, SqliteError> {
    connection.prepare(sql).doing("prepare a statement")
}

/// Returns the statement that stores a document. An existing row keeps its place, so it is an update for triggers.
fn upsert(table: &Table) -> String {
    let own = ["_id", "_generation", "_document", "_creationTime"];
    let extra = table.column_names.iter().map(String::as_str);
    let columns: Vec<_> = own.into_iter().chain(extra).map(quote).collect();
    let parameters: Vec<_> = (1..=columns.len()).map(|at| format!("?{at}")).collect();
    let updates: Vec<_> = columns[1..].iter().map(|column| format!("{column} = excluded.{column}")).collect();
    format!(
        "INSERT INTO {} ({}) VALUES ({}) ON CONFLICT (_id) DO UPDATE SET {}",
        quote(&table.name),
        columns.join(", "),
        parameters.join(", "),
        updates.join(", ")
    )
}

/// Stores the checkpoint, and the parts of it that are of use in queries.
fn store(connection: &Connection, checkpoint: &Checkpoint) -> Result<(), SqliteError> {
    let write = connection.execute(
        "INSERT OR REPLACE INTO _convex_checkpoint VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6)",
        params![
            checkpoint.deployment(),
            integer(checkpoint.generation()),
            checkpoint.is_complete(),
            checkpoint.snapshot_ts().map(|ts| ts.0),
            checkpoint.received_at().0,
            checkpoint.to_string(),
        ],
    );
    write.doing("store the checkpoint").map(drop)
}

/// Generations count restarts, so they never reach the end of `i64`.
fn integer(generation: u64) -> i64 {
    i64::try_from(generation).unwrap_or(i64::MAX)
}

/// Returns the value for an extra column. SQLite has no booleans, no NaN, no arrays and no objects.
pub(super) fn sql_value(value: Option<Value>) -> rusqlite::types::Value {
    use rusqlite::types::Value as Sql;
    match value {
        None | Some(Value::Null) => Sql::Null,
        Some(Value::Boolean(value)) => Sql::Integer(value.into()),
        Some(Value::Int64(value)) => Sql::Integer(value),
        Some(Value::Float64(value)) => Sql::Real(value),
        Some(Value::String(text)) => Sql::Text(text),
        Some(Value::Bytes(bytes)) => Sql::Blob(bytes),
        Some(value @ (Value::Array(_) | Value::Object(_))) => {
            serde_json::to_string(&value).map_or(Sql::Null, Sql::Text)
        }
    }
}
