//! The library's own sink in memory.

use std::cell::RefCell;
use std::rc::Rc;

use convex_mgmt::sync::{MemorySink, OldRows, Sink, SinkState, SyncBatch, SyncConflict};

use super::{Copy, Row, Store};
use crate::data::{TABLES, table_of};

/// A [`MemorySink`] that several runs share.
#[derive(Clone, Default)]
pub(crate) struct Memory(Rc<RefCell<MemorySink>>);

impl Store for Memory {
    type Sink = Self;

    async fn new(old_rows: OldRows) -> Self {
        Self(Rc::new(RefCell::new(MemorySink::new().with_old_rows(old_rows))))
    }

    async fn open(&self) -> Self {
        self.clone()
    }

    async fn read(&self) -> Copy {
        let sink = self.0.borrow();
        let mut copy = Copy { checkpoint: sink.state().checkpoint, ..Copy::default() };
        for (table, rows) in sink.tables() {
            let number = table_of(table.component(), table.table()).unwrap_or(TABLES.len());
            for (id, row) in rows {
                let text = row.document.as_str().to_owned();
                copy.rows.insert((number, id.clone()), Row { generation: row.generation, text });
            }
        }
        copy
    }

    async fn lose_checkpoint(&self) {
        self.0.borrow_mut().remove_checkpoint();
    }
}

impl Sink for Memory {
    type Error = SyncConflict;

    async fn state(&mut self) -> Result<SinkState, SyncConflict> {
        Ok(self.0.borrow().state())
    }

    async fn commit(&mut self, batch: &SyncBatch) -> Result<(), SyncConflict> {
        self.0.borrow_mut().commit(batch)
    }
}
