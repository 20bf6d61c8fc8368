//! Sinks with a mistake that histories must find.

use std::cell::RefCell;
use std::rc::Rc;

use convex_mgmt::sync::{OldRows, Sink, SinkState, SyncBatch, SyncChange, SyncConflict};

use super::{Copy, Row, Store};
use crate::data::{TABLES, table_of};
use crate::wire::pause;

/// The mistake of a sink, as the number of [`Broken`].
pub(crate) const MISTAKES: [&str; 9] = [
    "none",
    "ignores truncates",
    "truncates rows of earlier generations",
    "keeps rows of earlier generations",
    "keeps the generation of a row that it replaces",
    "commits without comparing checkpoints",
    "stores rows before the checkpoint in another transaction",
    "stores the checkpoint before rows in another transaction",
    "does not store the checkpoint of a page without changes",
];

/// A sink with a mistake.
#[derive(Clone, Default)]
pub(crate) struct Broken<const MISTAKE: usize> {
    copy: Rc<RefCell<Copy>>,
    old_rows: OldRows,
}

impl<const MISTAKE: usize> Store for Broken<MISTAKE> {
    type Sink = Self;

    async fn new(old_rows: OldRows) -> Self {
        Self { old_rows, ..Self::default() }
    }

    async fn open(&self) -> Self {
        self.clone()
    }

    async fn read(&self) -> Copy {
        self.copy.borrow().clone()
    }

    async fn lose_checkpoint(&self) {
        self.copy.borrow_mut().checkpoint = None;
    }
}

impl<const MISTAKE: usize> Sink for Broken<MISTAKE> {
    type Error = SyncConflict;

    async fn state(&mut self) -> Result<SinkState, SyncConflict> {
        let copy = self.copy.borrow();
        let state = SinkState::new().checkpoint(copy.checkpoint.clone()).newest_generation(copy.newest());
        Ok(state.old_rows(self.old_rows))
    }

    async fn commit(&mut self, batch: &SyncBatch) -> Result<(), SyncConflict> {
        if MISTAKE != 5 {
            batch.follows(self.copy.borrow().checkpoint.as_deref())?;
        }
        if MISTAKE == 7 {
            self.copy.borrow_mut().checkpoint = Some(batch.checkpoint().to_string());
            pause().await;
        }
        self.rows(batch);
        if MISTAKE == 6 {
            pause().await;
        }
        if MISTAKE != 8 || batch.changes().count() > 1 {
            self.copy.borrow_mut().checkpoint = Some(batch.checkpoint().to_string());
        }
        Ok(())
    }
}

impl<const MISTAKE: usize> Broken<MISTAKE> {
    fn rows(&self, batch: &SyncBatch) {
        let rows = &mut self.copy.borrow_mut().rows;
        let number = |table: &convex_mgmt::deployment::data_sync::TablePath| {
            table_of(table.component(), table.table()).unwrap_or(TABLES.len())
        };
        let own = batch.generation();
        for change in batch.changes() {
            match change {
                SyncChange::DeleteOlder(_) if MISTAKE == 3 => {}
                SyncChange::DeleteOlder(generation) => rows.retain(|_, row| row.generation >= generation),
                SyncChange::Truncate(_) if MISTAKE == 1 => {}
                SyncChange::Truncate(table) => {
                    let table = number(table);
                    rows.retain(|(of, _), row| *of != table || (MISTAKE != 2 && row.generation != own));
                }
                SyncChange::Upsert(value) => {
                    let key = (number(&value.table), value.document.id().to_owned());
                    let old = rows.get(&key).filter(|_| MISTAKE == 4);
                    let generation = old.map_or(own, |row| row.generation);
                    rows.insert(key, Row { generation, text: value.document.as_str().to_owned() });
                }
                SyncChange::Delete(value) => {
                    rows.remove(&(number(&value.table), value.document.id().to_owned()));
                }
                SyncChange::Checkpoint(_) => {}
            }
        }
    }
}
