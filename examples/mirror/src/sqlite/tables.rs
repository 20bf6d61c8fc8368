//! The registry of mirrored tables and their extra columns.

use std::collections::HashMap;

use convex_mgmt::deployment::data_sync::{Document, TablePath};
use rusqlite::{Connection, params, params_from_iter};

use super::error::{Doing, SqliteError};
use super::write::sql_value;
use crate::columns::{Column, ColumnType, Columns, values};
use crate::naming::{Names, quote};

/// The number of rows that are read at once to fill a new column.
const FILL_ROWS: usize = 1000;

/// The mirrored tables of a database, as of the transaction that read them. A new table does not change the positions of others.
#[derive(Debug)]
pub(super) struct Tables {
    tables: Vec<Table>,
    by_path: HashMap<TablePath, usize>,
    /// SQLite's counter of changes to the schema, by any program.
    schema_version: i64,
}

/// A mirrored table.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) path: TablePath,
    /// The name in the database.
    pub(super) name: String,
    /// The last generation that wrote a row.
    pub(super) newest_generation: Option<u64>,
    /// The extra columns.
    pub(super) columns: Vec<Column>,
    /// The names of the extra columns in the database.
    pub(super) column_names: Vec<String>,
}

impl Table {
    fn new(path: TablePath, name: String) -> Self {
        Self { path, name, newest_generation: None, columns: Vec::new(), column_names: Vec::new() }
    }
}

impl Tables {
    /// Reads the registry.
    pub(super) fn load(connection: &Connection) -> Result<Self, SqliteError> {
        let read = || {
            let mut registry =
                Self { tables: Vec::new(), by_path: HashMap::new(), schema_version: version(connection)? };
            let mut statement = connection
                .prepare(r#"SELECT component, "table", name, newest_generation FROM _convex_tables ORDER BY rowid"#)?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                let path = TablePath::new(row.get::<_, String>(0)?, row.get::<_, String>(1)?);
                let newest = row.get::<_, Option<i64>>(3)?.and_then(|newest| u64::try_from(newest).ok());
                registry.push(Table { newest_generation: newest, ..Table::new(path, row.get(2)?) });
            }
            let mut statement = connection.prepare(
                r#"SELECT component, "table", field, type, name FROM _convex_columns WHERE name IS NOT NULL ORDER BY rowid"#,
            )?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                let path = TablePath::new(row.get::<_, String>(0)?, row.get::<_, String>(1)?);
                let kind = ColumnType::of_name(&row.get::<_, String>(3)?).unwrap_or_default();
                if let Some(table) = registry.by_path.get(&path).and_then(|at| registry.tables.get_mut(*at)) {
                    table.columns.push(Column { field: row.get(2)?, kind });
                    table.column_names.push(row.get(4)?);
                }
            }
            Ok(registry)
        };
        read().doing("read the tables of the mirror")
    }

    /// Returns `true` if no program changed the schema since the registry was read.
    pub(super) fn is_current(&self, connection: &Connection) -> Result<bool, SqliteError> {
        Ok(version(connection).doing("read the tables of the mirror")? == self.schema_version)
    }

    fn push(&mut self, table: Table) -> usize {
        let at = self.tables.len();
        self.by_path.insert(table.path.clone(), at);
        self.tables.push(table);
        at
    }

    pub(super) fn paths(&self) -> impl Iterator<Item = &TablePath> {
        self.tables.iter().map(|table| &table.path)
    }

    pub(super) fn position(&self, path: &TablePath) -> Option<usize> {
        self.by_path.get(path).copied()
    }

    pub(super) fn find(&self, path: &TablePath) -> Option<&Table> {
        self.position(path).map(|at| self.at(at))
    }

    pub(super) fn at(&self, at: usize) -> &Table {
        &self.tables[at]
    }

    /// Returns the names of all tables in the database.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.tables.iter().map(|table| table.name.as_str())
    }

    /// Returns the position of a table. Creates the table if the database does not have it.
    pub(super) fn create(&mut self, connection: &Connection, path: &TablePath) -> Result<usize, SqliteError> {
        if let Some(at) = self.position(path) {
            return Ok(at);
        }
        let create = || {
            let mut names = relations(connection)?;
            let name = names.table(path);
            connection.execute_batch(&format!(
                "CREATE TABLE {} (_id TEXT NOT NULL PRIMARY KEY, _creationTime REAL, _generation INTEGER NOT NULL, \
                 _document TEXT NOT NULL)",
                quote(&name)
            ))?;
            connection.execute(
                r#"INSERT INTO _convex_tables (component, "table", name) VALUES (?1, ?2, ?3)"#,
                params![path.component(), path.table(), name],
            )?;
            add_missing(connection, path, &name)?;
            Ok(())
        };
        create().doing("create a table")?;
        *self = Self::load(connection)?;
        self.position(path).ok_or(rusqlite::Error::QueryReturnedNoRows).doing("create a table")
    }

    /// Records that a generation writes rows of a table.
    pub(super) fn write(&mut self, connection: &Connection, at: usize, generation: i64) -> Result<(), SqliteError> {
        let generation_read = u64::try_from(generation).unwrap_or_default();
        let table = &mut self.tables[at];
        // A lower one follows a lost checkpoint of an empty copy, which begins with the first generation again.
        if table.newest_generation == Some(generation_read) {
            return Ok(());
        }
        let sql = "UPDATE _convex_tables SET newest_generation = ?1 WHERE name = ?2";
        connection.execute(sql, params![generation, table.name]).doing("store the generation of a table")?;
        table.newest_generation = Some(generation_read);
        Ok(())
    }

    /// Returns the highest generation of a stored row. It reads one row of each table.
    pub(super) fn newest_generation(&self, connection: &Connection) -> Result<Option<u64>, SqliteError> {
        let mut newest = None;
        for table in &self.tables {
            if table.newest_generation <= newest {
                continue;
            }
            let sql = format!("SELECT EXISTS (SELECT 1 FROM {})", quote(&table.name));
            let has_rows: bool = connection.query_row(&sql, [], |row| row.get(0)).doing("read a table")?;
            newest = if has_rows { table.newest_generation } else { newest };
        }
        Ok(newest)
    }
}

fn version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("PRAGMA schema_version", [], |row| row.get(0))
}

/// Returns the names of all tables, indexes and views of the database.
fn relations(connection: &Connection) -> rusqlite::Result<Names> {
    let mut names = Names::new();
    let mut statement = connection.prepare("SELECT name FROM sqlite_schema")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        names.reserve(&row.get::<_, String>(0)?);
    }
    Ok(names)
}

/// Registers extra columns. Adds them to the tables that exist, with the values of their rows.
pub(super) fn add_columns(connection: &Connection, columns: &Columns) -> Result<(), SqliteError> {
    for (path, columns) in columns.tables() {
        for Column { field, kind } in columns {
            let stored: String = connection
                .query_row(
                    r#"INSERT INTO _convex_columns (component, "table", field, type) VALUES (?1, ?2, ?3, ?4)
                    ON CONFLICT DO UPDATE SET field = field RETURNING type"#,
                    params![path.component(), path.table(), field, kind.name()],
                    |row| row.get(0),
                )
                .doing("register a column")?;
            if stored != kind.name() {
                return Err(SqliteError::ColumnType { table: path.clone(), field: field.clone(), stored });
            }
        }
        if let Some(table) = Tables::load(connection)?.find(path)
            && add_missing(connection, path, &table.name).doing("add a column")?
            && let Some(table) = Tables::load(connection)?.find(path)
        {
            fill(connection, table)?;
        }
    }
    Ok(())
}

/// Adds the registered columns that a table does not have. Returns `true` if there are any.
fn add_missing(connection: &Connection, path: &TablePath, table: &str) -> rusqlite::Result<bool> {
    let mut statement = connection.prepare(
        r#"SELECT field, type FROM _convex_columns WHERE component = ?1 AND "table" = ?2 AND name IS NULL ORDER BY rowid"#,
    )?;
    let missing = statement.query_map([path.component(), path.table()], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let missing = missing.collect::<rusqlite::Result<Vec<(String, String)>>>()?;
    if missing.is_empty() {
        return Ok(false);
    }
    let mut names = Names::of_columns();
    let mut statement = connection.prepare("SELECT name FROM pragma_table_info(?1)")?;
    let mut rows = statement.query([table])?;
    while let Some(row) = rows.next()? {
        names.reserve(&row.get::<_, String>(0)?);
    }
    for (field, kind) in &missing {
        let name = names.column(field);
        let affinity = match ColumnType::of_name(kind).unwrap_or_default() {
            ColumnType::Any => "",
            ColumnType::Text => "TEXT",
            ColumnType::Int64 | ColumnType::Boolean => "INTEGER",
            ColumnType::Float64 => "REAL",
            ColumnType::Bytes => "BLOB",
        };
        connection.execute_batch(&format!("ALTER TABLE {} ADD COLUMN {} {affinity}", quote(table), quote(&name)))?;
        connection.execute(
            r#"UPDATE _convex_columns SET name = ?1 WHERE component = ?2 AND "table" = ?3 AND field = ?4"#,
            params![name, path.component(), path.table(), field],
        )?;
    }
    Ok(true)
}

/// Writes the extra columns of all rows of a table.
fn fill(connection: &Connection, table: &Table) -> Result<(), SqliteError> {
    let (name, doing) = (quote(&table.name), "fill a column");
    let set: Vec<_> = table.column_names.iter().map(|column| format!("{} = ?", quote(column))).collect();
    let sql = format!("SELECT rowid, _id, _document FROM {name} WHERE rowid > ?1 ORDER BY rowid LIMIT {FILL_ROWS}");
    let mut select = connection.prepare(&sql).doing(doing)?;
    let mut update =
        connection.prepare(&format!("UPDATE {name} SET {} WHERE rowid = ?", set.join(", "))).doing(doing)?;
    let mut last = i64::MIN;
    loop {
        let rows = select.query_map([last], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).doing(doing)?;
        let rows = rows.collect::<rusqlite::Result<Vec<(i64, String, String)>>>().doing(doing)?;
        for (rowid, id, text) in &rows {
            let error = |source| SqliteError::Document { table: table.path.clone(), id: id.clone(), source };
            let document = Document::parse(text.clone()).map_err(|source| error(serde::de::Error::custom(source)))?;
            let values = values(&document, &table.columns).map_err(error)?;
            let values = values.into_iter().map(sql_value).chain([rusqlite::types::Value::Integer(*rowid)]);
            update.execute(params_from_iter(values)).doing(doing)?;
            last = *rowid;
        }
        if rows.len() < FILL_ROWS {
            return Ok(());
        }
    }
}
