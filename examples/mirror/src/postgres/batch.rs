//! The changes of a batch as few statements, each for many rows of one table.

use std::borrow::Cow;
use std::collections::HashMap;
use std::future::poll_fn;
use std::mem;
use std::pin::Pin;
use std::task::Poll;

use convex_mgmt::deployment::data_sync::{Document, TablePath};
use convex_mgmt::sync::{SyncBatch, SyncChange};
use tokio_postgres::Transaction;
use tokio_postgres::types::Type;

use super::catalog::Table;
use super::error::PostgresError;
use crate::json::to_jsonb;

/// The bytes of documents in one statement. The server stores them while the next statement is made.
const STATEMENT: usize = 256 << 10;
/// The bytes of documents in all statements without an answer yet. They are in memory twice.
const IN_FLIGHT: usize = 4 << 20;

/// A part of a batch whose statements do not depend on each other's order.
#[derive(Debug)]
pub(super) enum Step<'a> {
    DeleteOlder(u64),
    Truncate(&'a TablePath),
    Write(Vec<Rows<'a>>),
}

/// The last change of each document of a table. `None` deletes it.
#[derive(Debug)]
pub(super) struct Rows<'a> {
    pub(super) table: &'a TablePath,
    places: HashMap<&'a str, usize>,
    changes: Vec<(&'a str, Option<&'a Document>)>,
}

impl<'a> Rows<'a> {
    fn set(&mut self, id: &'a str, document: Option<&'a Document>) {
        match self.places.get(id) {
            Some(place) => self.changes[*place].1 = document,
            None => {
                self.places.insert(id, self.changes.len());
                self.changes.push((id, document));
            }
        }
    }

    pub(super) fn has_documents(&self) -> bool {
        self.changes.iter().any(|(_, document)| document.is_some())
    }
}

/// Returns the steps of a batch in their order, without the checkpoint.
pub(super) fn steps(batch: &SyncBatch) -> Vec<Step<'_>> {
    let mut steps = Vec::new();
    let mut tables: Vec<Rows<'_>> = Vec::new();
    let mut places: HashMap<&TablePath, usize> = HashMap::new();
    for change in batch.changes() {
        let (value, document) = match change {
            SyncChange::Upsert(value) => (value, Some(&value.document)),
            SyncChange::Delete(value) => (value, None),
            SyncChange::DeleteOlder(_) | SyncChange::Truncate(_) | SyncChange::Checkpoint(_) => {
                if !tables.is_empty() {
                    places.clear();
                    steps.push(Step::Write(mem::take(&mut tables)));
                }
                match change {
                    SyncChange::DeleteOlder(generation) => steps.push(Step::DeleteOlder(generation)),
                    SyncChange::Truncate(table) => steps.push(Step::Truncate(table)),
                    _ => {}
                }
                continue;
            }
        };
        let place = *places.entry(&value.table).or_insert(tables.len());
        if place == tables.len() {
            tables.push(Rows { table: &value.table, places: HashMap::new(), changes: Vec::new() });
        }
        tables[place].set(value.document.id(), document);
    }
    steps
}

type Statement<'a> = Pin<Box<dyn Future<Output = Result<(), PostgresError>> + Send + 'a>>;

/// Statements that are sent without waiting for the answer of the one before.
pub(super) struct Pipeline<'a> {
    transaction: &'a Transaction<'a>,
    statements: Vec<Statement<'a>>,
    bytes: usize,
}

impl<'a> Pipeline<'a> {
    pub(super) fn new(transaction: &'a Transaction<'a>) -> Self {
        Self { transaction, statements: Vec::new(), bytes: 0 }
    }

    /// Adds the statements for the rows of a table.
    pub(super) async fn write(
        &mut self,
        table: &Table,
        rows: &'a Rows<'a>,
        generation: i64,
    ) -> Result<(), PostgresError> {
        let path = rows.table;
        let deleted = rows.changes.iter().filter(|(_, document)| document.is_none()).map(|(id, _)| *id);
        let deleted: Vec<&str> = deleted.collect();
        if !deleted.is_empty() {
            let delete = format!("DELETE FROM {} WHERE _id = ANY($1)", table.name);
            let transaction = self.transaction;
            self.add(0, async move {
                let result = transaction.execute_typed(&delete, &[(&deleted, Type::TEXT_ARRAY)]).await;
                result.map(drop).map_err(PostgresError::at(format!("delete documents of the table {path}")))
            })
            .await?;
        }
        let (mut ids, mut documents, mut bytes) = (Vec::new(), Vec::new(), 0);
        for (id, document) in &rows.changes {
            let Some(document) = document else { continue };
            let encoded = to_jsonb(document).map_err(|problem| {
                let (table, id) = (path.clone(), (*id).to_owned());
                PostgresError::Document { table, id, problem }
            })?;
            bytes += encoded.len();
            ids.push(*id);
            documents.push(encoded);
            if bytes >= STATEMENT {
                self.upsert(
                    table,
                    path,
                    mem::take(&mut ids),
                    mem::take(&mut documents),
                    generation,
                    mem::take(&mut bytes),
                )
                .await?;
            }
        }
        if !ids.is_empty() {
            self.upsert(table, path, ids, documents, generation, bytes).await?;
        }
        Ok(())
    }

    async fn upsert(
        &mut self,
        table: &Table,
        path: &'a TablePath,
        ids: Vec<&'a str>,
        documents: Vec<Cow<'a, str>>,
        generation: i64,
        bytes: usize,
    ) -> Result<(), PostgresError> {
        let upsert = format!(
            "INSERT INTO {} (_id, _generation, _document) SELECT id, $3, document::jsonb \
             FROM unnest($1, $2) AS row (id, document) \
             ON CONFLICT (_id) DO UPDATE SET _generation = excluded._generation, _document = excluded._document",
            table.name
        );
        let transaction = self.transaction;
        self.add(bytes, async move {
            let parameters: [(&(dyn tokio_postgres::types::ToSql + Sync), Type); 3] =
                [(&ids, Type::TEXT_ARRAY), (&documents, Type::TEXT_ARRAY), (&generation, Type::INT8)];
            let result = transaction.execute_typed(&upsert, &parameters).await;
            result.map(drop).map_err(PostgresError::at(format!("write documents of the table {path}")))
        })
        .await
    }

    async fn add(
        &mut self,
        bytes: usize,
        statement: impl Future<Output = Result<(), PostgresError>> + Send + 'a,
    ) -> Result<(), PostgresError> {
        // The first poll sends it. A later one returns its result.
        let mut statement: Statement<'a> = Box::pin(statement);
        let result = poll_fn(|context| {
            Poll::Ready(match statement.as_mut().poll(context) {
                Poll::Ready(result) => Some(result),
                Poll::Pending => None,
            })
        })
        .await;
        match result {
            Some(result) => result?,
            None => self.statements.push(statement),
        }
        self.bytes += bytes;
        if self.bytes >= IN_FLIGHT { self.finish().await } else { Ok(()) }
    }

    /// Waits for the answers of all statements. Returns the first error: those of the statements after it only say that the
    /// transaction failed.
    pub(super) async fn finish(&mut self) -> Result<(), PostgresError> {
        self.bytes = 0;
        let mut statements = mem::take(&mut self.statements);
        let mut results: Vec<Option<Result<(), PostgresError>>> = statements.iter().map(|_| None).collect();
        poll_fn(|context| {
            for (statement, result) in statements.iter_mut().zip(&mut results) {
                if result.is_none()
                    && let Poll::Ready(ready) = statement.as_mut().poll(context)
                {
                    *result = Some(ready);
                }
            }
            if results.iter().all(Option::is_some) { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
        results.into_iter().flatten().collect()
    }
}
